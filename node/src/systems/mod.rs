//! The business systems: what records mean. Each has the same skeleton: rows, what is asked of it, why it
//! refuses, how it folds, what it discloses, what can be looked up. Here is what is asked of all of them and who
//! answers; what they share lies below them (`kind`, `row`, `line`, `number`, `circle`, `diff`, `keys`).

pub mod assets;
mod circle;
pub mod codes;
pub mod column;
mod diff;
pub mod disclosure;
pub mod doors;
pub mod drivers;
pub mod energy;
pub mod fault;
pub mod group;
pub mod handover;
pub mod history;
pub mod institutions;
pub mod kept;
mod keys;
mod kind;
mod line;
pub mod listing;
pub mod number;
pub mod page;
pub mod purging;
pub mod query;
pub mod reading;
pub mod records;
pub mod register;
pub mod registers;
pub mod requests;
mod row;
pub mod rows;
pub mod rules;
pub mod sheet;
pub mod shown;
pub mod summary;
pub mod template;
#[cfg(test)]
pub(crate) mod tests;
pub mod text_file;
pub mod trips;
pub mod vehicles;

use std::collections::BTreeSet;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use xietong_proto::crypto::hash;
use xietong_proto::entry::Record;
use xietong_proto::id::*;
use xietong_proto::stream::Stream;

use crate::calendar;

pub use self::circle::{Circle, Standing};
pub use self::diff::{Diff, Which};
pub use self::kind::Kind;
pub(crate) use self::kind::for_register;
pub use self::line::Line;
pub use self::row::{Origin, Row, Source};
use energy::release_act::{self, ReleaseReport};
use fault::ImportReport;
use group::{Disclose, Group};
use keys::Table;
use register::Intake;
use registers::AnyLines;
use rows::{Overlay, Rows};
use vehicles::scrapping;

/// The registers, one a line: its kind, its system in the law, its name in Chinese, its word on the command line, and
/// what it is. What has to know all of them is made from this table.
macro_rules! each_register {
    ($made:ident! $($with:tt)*) => {
        $made! { $($with)*
            Institutions = INSTITUTIONS "单位" "institution" institutions::Institutions,
            Assets = ASSETS "资产" "asset" assets::Assets,
            Vehicles = VEHICLES "车辆" "vehicle" vehicles::Vehicles,
            Energy = ENERGY "能耗" "energy" energy::Energy,
            Drivers = DRIVERS "驾驶员" "driver" drivers::Drivers,
        }
    };
}
pub(crate) use each_register;

/// What an operator or platform can ask of a system.
#[derive(Debug)]
pub enum Command {
    /// Take rows in; with `dry_run` only say what would happen.
    Import { lines: Box<dyn AnyLines>, dry_run: bool },
    /// Take rows back, by key or listing number.
    Withdraw { kind: Kind, ids: Vec<String>, reason: String, dry_run: bool },
    /// Release a month of energy.
    Release(release_act::Command),
    /// Hand a listed thing to another member, or answer.
    HandOver { kind: Kind, id: String, step: handover::Step },
    /// Take a step on a vehicle's way out.
    Scrap(scrapping::Command),
    /// Take a driver up, or let one go.
    Driver(drivers::Command),
    /// Ask for a listed thing, or go on with a request.
    Request(requests::Command),
}

/// What was done, or would be; on the wire only what it is of.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Report {
    /// Rows were taken in or back.
    Import(ImportReport),
    /// A month was released.
    Release(ReleaseReport),
    /// A request has gone on.
    Request(requests::Report),
}

impl From<release_act::Command> for Command {
    fn from(command: release_act::Command) -> Self {
        Self::Release(command)
    }
}

impl From<scrapping::Command> for Command {
    fn from(command: scrapping::Command) -> Self {
        Self::Scrap(command)
    }
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

/// What a command comes to.
pub struct Decision {
    /// Of which system.
    pub kind: Kind,
    /// For local streams, each for that of its own system.
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

/// Decides a command on rows that are folded to all own heads.
pub fn decide(rows: &dyn Rows, now: Millis, circle: &Circle, command: Command) -> Result<Decision, Refusal> {
    let today = calendar::date(now);
    match command {
        Command::Import { lines, dry_run } => {
            let (kind, intake) = lines.take_in(rows, today, circle);
            Ok(Decision::of_intake(kind, intake, circle, dry_run))
        }
        Command::Withdraw { reason, .. } if reason.chars().count() > REASON_CHARS_MAX => {
            Err(Refusal::ReasonTooLong { chars_max: REASON_CHARS_MAX })
        }
        Command::Withdraw { kind, ids, reason, dry_run } => {
            let ids = number::register_ids(rows, kind, circle.me, &ids)?;
            let intake = for_register!(kind, R => register::take_back::<R>(rows, today, &ids, &reason));
            Ok(Decision::of_intake(kind, intake, circle, dry_run))
        }
        Command::HandOver { kind, id, step } => {
            let decided = handover::decide(rows, now, circle, kind, &id, step);
            let said = decided.map_err(|reason| Refusal::HandOver { id, reason })?;
            Ok(Decision::of_handover(kind, said))
        }
        Command::Scrap(command) => {
            let intake = scrapping::decide(rows, today, circle, &command)?;
            Ok(Decision::of_intake(Kind::Vehicles, intake, circle, false))
        }
        Command::Driver(command) => {
            let intake = drivers::decide(rows, circle, command)?;
            Ok(Decision::of_intake(Kind::Drivers, intake, circle, false))
        }
        Command::Release(command) => release_act::decide(rows, today, circle.me, &command),
        Command::Request(command) => Ok(requests::decide(&requests::Here { rows, now, circle }, command)?),
    }
}

/// Folds one record of one stream; what cannot be read changes nothing.
pub fn apply(rows: &mut Overlay, origin: &Origin, record: &Record) {
    if let Some(group) = records::of(&origin.stream, record) {
        (group.apply)(rows, origin, record);
    }
}

/// Takes back all rows that were folded from a stream: it is folded again from its first entry.
pub fn forget(rows: &mut Overlay, stream: &Stream) {
    records::at(stream).filter_map(Group::shared).for_each(|shared| (shared.forget)(rows, stream));
}

/// What has to be said so that a stream of our own shows what it should (P30): an agreement's what the registers say,
/// a pair stream what the member is to be told. Where several groups of records compare, all of them do for given keys,
/// and one after the other from a key on: which of them goes on stands before the key.
pub fn disclose(rows: &dyn Rows, today: Date, stream: &Stream, which: Which) -> Diff {
    let all: Vec<Disclose> = records::at(stream).filter_map(|group| group.shared()?.disclose).collect();
    let Which::From { key, rows_max } = which else {
        return all.iter().map(|disclose| disclose(rows, today, stream, which)).collect();
    };
    let (at, key) = key.split_once('/').unwrap_or(("0", key));
    let at: usize = at.parse().unwrap_or_default();
    let Some(disclose) = all.get(at) else { return Diff::default() };
    let diff = disclose(rows, today, stream, Which::From { key, rows_max });
    let next = diff.next.map(|key| format!("{at}/{key}"));
    Diff { next: next.or((at + 1 < all.len()).then(|| format!("{}/", at + 1))), ..diff }
}

/// A digest of everything an agreement shows and all that was said in it, in key order, lengths first (P32).
pub fn digest(rows: &dyn Rows, agreement: AgreementId) -> [u8; 32] {
    let tables: BTreeSet<Table> = records::ALL.into_iter().filter_map(Group::shown).collect();
    let prefixes: Vec<Vec<u8>> = tables.into_iter().map(|table| table.key(&[&agreement.0])).collect();
    let shown = prefixes.iter().flat_map(|prefix| rows.scan(prefix, &[]));
    let mut bytes = Vec::new();
    for part in shown.flat_map(|(key, value)| [key, value]) {
        bytes.extend((part.len() as u32).to_be_bytes());
        bytes.extend(part);
    }
    hash(&[&bytes])
}

impl Decision {
    /// What stays, by the stream to which it goes.
    pub fn at_home(&self, me: MemberCode) -> impl Iterator<Item = (Stream, Vec<Record>)> + '_ {
        let system = |record: &Record| record.kind.system();
        let of_one = self.local.chunk_by(move |one, other| system(one) == system(other));
        of_one.map(move |records| (Stream::local(me, system(&records[0])), records.to_vec()))
    }

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
