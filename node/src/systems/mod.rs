//! The business systems: what records mean. Each has the same skeleton: rows, what is asked of it, why it
//! refuses, how it folds, what it discloses, what can be looked up. Imports only the protocol.

pub mod assets;
pub mod codes;
pub mod column;
pub mod disclosure;
pub mod doors;
pub mod drivers;
pub mod energy;
pub mod fault;
pub mod handover;
pub mod history;
pub mod institutions;
mod keys;
mod kind;
pub mod query;
pub mod reading;
pub mod register;
pub mod requests;
mod row;
pub mod rows;
pub mod rules;
pub mod sheet;
pub mod summary;
pub mod template;
#[cfg(test)]
mod tests;
pub mod text_file;
pub mod trips;
pub mod vehicles;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use xietong_proto::crypto::hash;
use xietong_proto::entry::Record;
use xietong_proto::id::*;
use xietong_proto::stream::{Audience, Stream};
use xietong_proto::wire;

use crate::calendar;

pub use self::kind::Kind;
pub use self::row::{Origin, Row, Source};
use assets::Assets;
use drivers::Drivers;
use energy::Energy;
use energy::release_act::{self, ReleaseReport};
use fault::{FileRefusal, ImportReport, Quarantined};
use institutions::Institutions;
use register::{Intake, Line, Register};
use rows::{Overlay, Rows};
use rules::Rules;
use sheet::{HeaderMap, Keys, Sheet, SheetInfo};
use text_file::File;
use vehicles::{Vehicles, scrapping};

/// Runs the same code for the register of a kind.
macro_rules! for_register {
    ($kind:expr, $register:ident => $body:expr) => {
        match $kind {
            Kind::Institutions => {
                type $register = Institutions;
                $body
            }
            Kind::Assets => {
                type $register = Assets;
                $body
            }
            Kind::Vehicles => {
                type $register = Vehicles;
                $body
            }
            Kind::Energy => {
                type $register = Energy;
                $body
            }
            Kind::Drivers => {
                type $register = Drivers;
                $body
            }
        }
    };
}
pub(crate) use for_register;

/// What an operator or platform can ask of a system.
#[derive(Debug)]
pub enum Command {
    /// Take rows in; with `dry_run` only say what would happen.
    Import { lines: Lines, dry_run: bool },
    /// Take rows back, by key or listing number.
    Withdraw { kind: Kind, ids: Vec<String>, reason: String, dry_run: bool },
    /// Release a month of energy.
    Release { period: String, dry_run: bool },
    /// Hand a listed thing to another member, or answer.
    HandOver { kind: Kind, id: String, step: handover::Step },
    /// Take a step on a vehicle's way out.
    Scrap { id: String, step: scrapping::Step },
    /// Take a driver up, or let one go.
    Driver(drivers::Command),
    /// Ask for a listed thing, or go on with a request.
    Request(requests::Command),
}

/// Rows of one register that were read from a file.
#[derive(Debug)]
pub enum Lines {
    /// 单位.
    Institutions(Vec<Line<wire::institutions::Institution>>),
    /// 资产.
    Assets(Vec<Line<wire::assets::Asset>>),
    /// 车辆.
    Vehicles(Vec<Line<wire::vehicles::Vehicle>>),
    /// 能耗.
    Energy(Vec<Line<wire::energy::EnergyMonth>>),
    /// 驾驶员.
    Drivers(Vec<Line<wire::drivers::Driver>>),
}

impl Lines {
    /// How many rows.
    pub fn count(&self) -> usize {
        match self {
            Self::Institutions(lines) => lines.len(),
            Self::Assets(lines) => lines.len(),
            Self::Vehicles(lines) => lines.len(),
            Self::Energy(lines) => lines.len(),
            Self::Drivers(lines) => lines.len(),
        }
    }
}

/// What was done, or would be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Report {
    /// Rows were taken in or back.
    Import(ImportReport),
    /// A month was released.
    Release(ReleaseReport),
    /// A request has gone on.
    Request(requests::Report),
}

impl From<requests::Report> for Report {
    fn from(report: requests::Report) -> Self {
        Self::Request(report)
    }
}

/// Characters of the reason for taking a row back.
const REASON_CHARS_MAX: usize = 500;

/// Why a system does not do what is asked (不予办理).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code")]
pub enum Refusal {
    /// No such row in the register.
    NotInRegister { id: String },
    /// The reason is longer than a record should carry.
    ReasonTooLong { chars_max: usize },
    /// Not a month such as 2025-03.
    PeriodForm { period: String },
    /// A month that is not over yet.
    PeriodNotOver { period: String },
    /// Members hold a release of ours that this node's ledger does not have: it was restored from before it,
    /// and cannot tell what a further release would give away.
    LedgerBehind { period: String },
    /// There is no row of that month that could be released.
    NothingToRelease { period: String },
    /// A thing is not handed over, or not taken in.
    HandOver { id: String, reason: handover::NotHandedOver },
    /// A step on a vehicle's way out is not the next.
    Scrapping { vin: String, reason: scrapping::NotScrapped },
    /// A driver may not take up a duty.
    Driver { driver_no: String, unfit: drivers::duty::Unfit },
    /// Of a request: it says why itself.
    Request { refusal: requests::Refusal },
}

impl From<requests::Refusal> for Refusal {
    fn from(refusal: requests::Refusal) -> Self {
        Self::Request { refusal }
    }
}

/// Who this node is, by which rules it works, and to whom each system's disclosures go at the moment.
#[derive(Clone, Debug)]
pub struct Circle {
    /// This member.
    pub me: MemberCode,
    /// Of its office.
    pub rules: Arc<Rules>,
    /// The other members of the agreements in force.
    pub members: BTreeMap<Kind, BTreeSet<MemberCode>>,
    /// The agreements that were joined here.
    pub agreements: Vec<Standing>,
}

impl Circle {
    /// The agreements under which this node may say something now that a member hears.
    pub fn open_with(&self, kind: Kind, member: MemberCode) -> Vec<AgreementId> {
        let hears =
            |standing: &&Standing| standing.open.contains(&kind) && standing.members.contains(&member);
        self.agreements.iter().filter(hears).map(|standing| standing.agreement).collect()
    }

    /// How one of them stands.
    pub fn standing(&self, agreement: AgreementId) -> Option<&Standing> {
        self.agreements.iter().find(|standing| standing.agreement == agreement)
    }
}

/// An agreement as those see it who would say something under it.
#[derive(Clone, Debug)]
pub struct Standing {
    /// Which.
    pub agreement: AgreementId,
    /// All its members.
    pub members: BTreeSet<MemberCode>,
    /// What it speaks of.
    pub scope: BTreeSet<Kind>,
    /// Members author from this moment on.
    pub valid_from: Millis,
    /// And before this one.
    pub valid_until: Millis,
    /// In which systems this node may say something now.
    pub open: BTreeSet<Kind>,
}

/// What a command comes to.
pub struct Decision {
    /// Of which system.
    pub kind: Kind,
    /// For its local stream.
    pub local: Vec<Record>,
    /// For the streams of agreements: what binds is said there first.
    pub said: Vec<(AgreementId, Record)>,
    /// Members who are to be told something alone, in which agreements.
    pub told: BTreeSet<(AgreementId, MemberCode)>,
    /// Keys of the register, or requests, whose disclosure may change.
    pub keys: Vec<String>,
    /// For whoever asked.
    pub report: Report,
}

/// Which rows' disclosure to compare.
#[derive(Clone, Copy, Debug)]
pub enum Which<'a> {
    /// These.
    Keys(&'a [String]),
    /// All from a key on, at most so many.
    From { key: &'a str, rows_max: usize },
}

impl Which<'_> {
    /// How many at most.
    pub fn rows_max(&self) -> usize {
        match self {
            Self::Keys(_) => usize::MAX,
            Self::From { rows_max, .. } => *rows_max,
        }
    }
}

/// Takes back all rows that were folded from a stream: it is folded again from its first entry.
pub fn forget(rows: &mut Overlay, stream: &Stream) {
    let prefix = keys::listing_prefix(stream.agreement, stream.system, Some(stream.author));
    if stream.audience == Audience::Agreement {
        let folded: Vec<Vec<u8>> = rows.scan(&prefix, &[]).map(|(key, _)| key).collect();
        folded.into_iter().for_each(|key| rows.remove(key));
    }
    requests::forget(rows, stream);
    handover::forget(rows, stream);
}

/// What has to be said so that a stream shows what it should.
#[derive(Debug, Default)]
pub struct Diff {
    /// For the local stream.
    pub local: Vec<Record>,
    /// For the stream that was compared.
    pub shared: Vec<Record>,
    /// The key to go on from.
    pub next: Option<String>,
}

/// Decides a command on rows that are folded to all own heads.
pub fn decide(rows: &dyn Rows, now: Millis, circle: &Circle, command: Command) -> Result<Decision, Refusal> {
    let today = calendar::date(now);
    match command {
        Command::Import { lines, dry_run } => {
            let (kind, intake) = match lines {
                Lines::Institutions(lines) => take_in::<Institutions>(rows, today, circle, &lines),
                Lines::Assets(lines) => take_in::<Assets>(rows, today, circle, &lines),
                Lines::Vehicles(lines) => take_in::<Vehicles>(rows, today, circle, &lines),
                Lines::Energy(lines) => take_in::<Energy>(rows, today, circle, &lines),
                Lines::Drivers(lines) => take_in::<Drivers>(rows, today, circle, &lines),
            };
            Ok(Decision::of_intake(kind, intake, circle, dry_run))
        }
        Command::Withdraw { reason, .. } if reason.chars().count() > REASON_CHARS_MAX => {
            Err(Refusal::ReasonTooLong { chars_max: REASON_CHARS_MAX })
        }
        Command::Withdraw { kind, ids, reason, dry_run } => {
            let ids = query::register_ids(rows, kind, circle.me, &ids)?;
            let intake = for_register!(kind, R => register::take_back::<R>(rows, today, &ids, &reason));
            Ok(Decision::of_intake(kind, intake, circle, dry_run))
        }
        Command::HandOver { kind, id, step } => {
            let decided = handover::decide(rows, now, circle, kind, &id, step);
            let said = decided.map_err(|reason| Refusal::HandOver { id, reason })?;
            Ok(Decision::of_handover(kind, said))
        }
        Command::Scrap { id, step } => {
            let intake = scrapping::decide(rows, today, circle, &id, &step)?;
            Ok(Decision::of_intake(Kind::Vehicles, intake, circle, false))
        }
        Command::Driver(command) => {
            let intake = drivers::decide(rows, circle, command)?;
            Ok(Decision::of_intake(Kind::Drivers, intake, circle, false))
        }
        Command::Release { period, dry_run } => release_act::decide(rows, today, circle.me, &period, dry_run),
        Command::Request(command) => Ok(requests::decide(&requests::Here { rows, now, circle }, command)?),
    }
}

/// Folds one record of one stream; what cannot be read changes nothing.
pub fn apply(rows: &mut Overlay, origin: &Origin, record: &Record) {
    if origin.stream.system == doors::SYSTEM && origin.stream.audience == Audience::Local {
        return doors::apply(rows, record);
    }
    let Some(kind) = Kind::of(System(record.kind.0 >> 8)) else { return };
    if kind.system() != origin.stream.system {
        return;
    }
    match (kind, record.kind.0 & 0xff) {
        (Kind::Energy, register::record::LEDGER | register::record::RELEASE) => {
            release_act::apply(rows, origin, record);
        }
        (_, low) if handover::is_ours(low) => handover::apply(rows, origin, record),
        (Kind::Vehicles, scrapping::SCRAPPING) => scrapping::apply(rows, origin, record),
        (Kind::Drivers, drivers::DUTY) => drivers::apply(rows, origin, record),
        (_, _) if is_of_requests(record) => requests::apply(rows, origin, record),
        (kind, _) => for_register!(kind, R => register::apply::<R>(rows, origin, record)),
    }
}

/// Whether a record speaks of a request.
pub fn is_of_requests(record: &Record) -> bool {
    let kind = Kind::of(System(record.kind.0 >> 8));
    kind.is_some_and(|kind| requests::LENT.contains(&kind)) && requests::is_ours(record.kind.0 & 0xff)
}

/// What has to be said so that a stream of our own shows what it should (P30): an agreement's what the registers say,
/// a pair stream what the member is to be told.
pub fn disclose(rows: &dyn Rows, today: Date, stream: &Stream, which: Which) -> Diff {
    let Some(kind) = Kind::of(stream.system) else { return Diff::default() };
    let (agreement, me) = (stream.agreement, stream.author);
    match (stream.audience, kind) {
        (Audience::Pair(peer), _) => requests::disclose(rows, stream, peer, which),
        (Audience::Local, _) | (_, Kind::Institutions | Kind::Drivers) => Diff::default(),
        (Audience::Agreement, Kind::Energy) => release_act::disclose(rows, agreement, me, which),
        (Audience::Agreement, Kind::Assets) => {
            register::disclose::<Assets>(rows, today, agreement, me, which)
        }
        (Audience::Agreement, Kind::Vehicles) => {
            register::disclose::<Vehicles>(rows, today, agreement, me, which)
        }
    }
}

/// A digest of everything an agreement shows and all that was said in it of requests, in key order, lengths first (P32).
pub fn digest(rows: &dyn Rows, agreement: AgreementId) -> [u8; 32] {
    let mut bytes = Vec::new();
    let shown = rows.scan(&keys::agreement_prefix(agreement), &[]);
    let said = rows.scan(&keys::said_prefix(agreement, None), &[]);
    let handed = rows.scan(&keys::handovers(agreement, None), &[]);
    for part in shown.chain(said).chain(handed).flat_map(|(key, value)| [key, value]) {
        bytes.extend((part.len() as u32).to_be_bytes());
        bytes.extend(part);
    }
    hash(&[&bytes])
}

/// A file whose headers were understood, whatever its register.
pub trait AnySheet: Send {
    /// What was found out before the first row.
    fn info(&self) -> &SheetInfo;
    /// How much has been read, in thousandths.
    fn progress(&self) -> u64;
    /// Keys of all rows read so far.
    fn keys(&self) -> &Keys;
    /// The next rows, and those that cannot be taken in; none at the end.
    fn next_lines(&mut self, rows_max: usize) -> Result<Option<(Lines, Vec<Quarantined>)>, FileRefusal>;
}

impl<R: Register> AnySheet for Sheet<R> {
    fn info(&self) -> &SheetInfo {
        Sheet::info(self)
    }

    fn progress(&self) -> u64 {
        Sheet::progress(self)
    }

    fn keys(&self) -> &Keys {
        Sheet::keys(self)
    }

    fn next_lines(&mut self, rows_max: usize) -> Result<Option<(Lines, Vec<Quarantined>)>, FileRefusal> {
        let chunk = self.next_chunk(rows_max)?;
        Ok(chunk.map(|chunk| (R::lines(chunk.lines), chunk.quarantined)))
    }
}

/// Opens a file of a register.
pub fn open_sheet(
    kind: Kind,
    file: Box<dyn File>,
    map: &HeaderMap,
    rows_max: u64,
    today: Date,
) -> Result<Box<dyn AnySheet>, FileRefusal> {
    Ok(for_register!(kind, R => Box::new(Sheet::<R>::open(file, map, rows_max, today)?)))
}

fn take_in<R: Register>(
    rows: &dyn Rows,
    today: Date,
    circle: &Circle,
    lines: &[Line<R::Row>],
) -> (Kind, Intake) {
    (R::KIND, register::take_in::<R>(rows, today, circle, lines))
}

impl Decision {
    fn of_handover(kind: Kind, said: handover::Said) -> Self {
        let handover::Said { said, local, keys } = said;
        let report = Report::Import(ImportReport::default());
        Self { kind, local, said: vec![said], told: BTreeSet::new(), keys, report }
    }

    fn of_intake(kind: Kind, intake: Intake, circle: &Circle, dry_run: bool) -> Self {
        let Intake { records, keys, mut report } = intake;
        report.leaving.to = circle.members.get(&kind).into_iter().flatten().copied().collect();
        let (local, keys) = if dry_run { (Vec::new(), Vec::new()) } else { (records, keys) };
        Self { local, keys, ..Self::of(kind, Report::Import(report)) }
    }

    /// Nothing to say yet but the report.
    pub fn of(kind: Kind, report: impl Into<Report>) -> Self {
        let (local, said, keys) = (Vec::new(), Vec::new(), Vec::new());
        Self { kind, local, said, told: BTreeSet::new(), keys, report: report.into() }
    }
}
