//! What leaves of the registers, told without doing it: how one record stands, what a system would show, and
//! what entries have said already. Pure functions of rows and records; the rules themselves are each register's.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use xietong_proto::entry::Record;
use xietong_proto::id::*;

use super::column;
use super::energy::release::cell::Release;
use super::energy::release_act;
use super::fault::Stays;
use super::keys;
use super::kind::{Kind, for_register};
use super::listing::{Disclosure, Listing};
use super::number::{key_of_number, number_text, parse_number};
use super::reading::{Reading, Step};
use super::records::read;
use super::register::{self, Register};
use super::requests::{self, About};
use super::row::{Row, Source};
use super::rows::Rows;

/// Whether a record of the own registers may leave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code")]
pub enum Leaves {
    /// No row of its register ever does.
    Never,
    /// It is not marked as shared, or no longer in the register.
    NotShared,
    /// It is marked as shared, and a guard keeps it.
    Stays { stays: Stays },
    /// It does.
    Yes,
}

/// One record, wherever it was said.
#[derive(Clone, Debug, PartialEq)]
pub struct Standing {
    /// Of which register.
    pub kind: Kind,
    /// Its key, or its listing number if it is another member's.
    pub id: String,
    /// Whose it is.
    pub owner: MemberCode,
    /// The number under which it is listed, if it ever was.
    pub number: Option<u64>,
    /// Whether it may leave; none if it is another member's.
    pub leaves: Option<Leaves>,
    /// Of a request: which, and whose thing it is about.
    pub request: Option<(About, MemberCode)>,
}

/// What a system would show to the members of an agreement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Preview {
    /// Which.
    pub kind: Kind,
    /// Records that would leave: listings, or releases of energy.
    pub leaving: u64,
    /// Rows that are not marked as shared, or of which none ever leaves.
    pub not_shared: u64,
    /// Rows that are marked as shared and stay, by reason.
    pub staying: Vec<Staying>,
    /// The first of those that would leave, as members would see them.
    pub examples: Vec<Map<String, Json>>,
}

/// Rows that a guard keeps at home.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Staying {
    /// Why.
    pub reason: Stays,
    /// How many.
    pub rows: u64,
}

/// What one record told the members of an agreement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Said {
    /// The listing number.
    pub id: String,
    /// What happened to it.
    pub what: What,
    /// What was shown, in the columns of a listing; empty for withdrawals and releases.
    pub row: Map<String, Json>,
}

/// What can be said of a listing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum What {
    /// It is shown, for the first time or anew.
    Listed,
    /// It is taken back.
    Withdrawn,
    /// A month of energy.
    Released,
    /// A step of a request, a trip or a handover.
    #[serde(untagged)]
    Step(Step),
}

/// Of a preview.
const EXAMPLES_MAX: usize = 3;

/// A record by its key or listing number, in whatever register.
pub fn find(rows: &dyn Rows, me: MemberCode, today: Date, id: &str) -> Option<Standing> {
    let own = |kind| for_register!(kind, R => own_row::<R>(rows, me, today, id));
    Kind::ALL.into_iter().find_map(own).or_else(|| listed(rows, me, id)).or_else(|| requested(rows, me, id))
}

/// A request by its number.
fn requested(rows: &dyn Rows, me: MemberCode, id: &str) -> Option<Standing> {
    let about: About = id.parse().ok()?;
    let agreement = requests::query::find(rows, &about)?;
    let owner = requests::query::talk(rows, me, agreement, &about)?.owner;
    let (kind, id) = (Kind::of(about.system)?, id.to_owned());
    let request = Some((about, owner));
    Some(Standing { kind, id, owner: about.requester, number: None, leaves: None, request })
}

/// Where an agreement shows a record.
pub fn source(rows: &dyn Rows, agreement: AgreementId, standing: &Standing) -> Option<Source> {
    let key = match standing.request {
        Some((about, _)) => keys::said(agreement, &about, about.requester, requests::record::REQUEST),
        None => keys::listing(agreement, standing.kind.system(), standing.owner, standing.number?),
    };
    Some(Row::decode(&rows.get(&key)?)?.source)
}

/// How many records of a member an agreement shows.
pub fn count(rows: &dyn Rows, agreement: AgreementId, system: System, owner: MemberCode) -> u64 {
    rows.scan(&keys::listing_prefix(agreement, system, Some(owner)), &[]).count() as u64
}

/// How much a member was told alone of requests under an agreement.
pub fn count_aside(
    rows: &dyn Rows,
    agreement: AgreementId,
    system: System,
    me: MemberCode,
    peer: MemberCode,
) -> u64 {
    let all = rows.scan(&keys::aside_prefix(agreement, None), &[]);
    let is_to = |(about, author, _): (About, MemberCode, u16)| {
        let owner = || requests::query::talk(rows, me, agreement, &about).map(|talk| talk.owner);
        about.system == system
            && author == me
            && (about.requester == peer || (about.requester == me && owner() == Some(peer)))
    };
    all.filter(|(key, _)| keys::of_said(key).is_some_and(is_to)).count() as u64
}

/// What would leave of a register today.
pub fn preview(rows: &dyn Rows, me: MemberCode, today: Date, kind: Kind) -> Preview {
    if kind == Kind::Energy {
        return preview_of_releases(rows, me);
    }
    for_register!(kind, R => preview_of::<R>(rows, me, today))
}

/// What a record of an agreement's stream says; none if this program cannot read it.
pub fn said(author: MemberCode, told: &Record) -> Option<Said> {
    let said = |kind, number, what, row| Said { id: number_text(author, kind, number), what, row };
    match read(author, told) {
        Reading::Listed { kind, number, row } => Some(said(kind, number, What::Listed, row)),
        Reading::Unlisted { kind, number } => Some(said(kind, number, What::Withdrawn, Map::new())),
        Reading::Released { period, .. } => {
            let number = release_act::number_of(&period)?;
            Some(said(Kind::Energy, number, What::Released, Map::new()))
        }
        Reading::Noted { id, row, .. } => Some(Said { id, what: What::Listed, row }),
        Reading::Step { id, step, told, .. } => Some(Said { id, what: What::Step(step), row: told }),
        Reading::Row { .. } | Reading::Withdrawn { .. } | Reading::Other => None,
    }
}

fn own_row<R: Register>(rows: &dyn Rows, me: MemberCode, today: Date, id: &str) -> Option<Standing> {
    let system = R::KIND.system();
    let id = key_of_number(rows, R::KIND, me, id).unwrap_or_else(|| id.to_owned());
    let (_, row) = register::get::<R>(rows, &id)?;
    let number = register::number(rows, system, &id);
    let leaves = Some(leaves::<R>(&row, today));
    Some(Standing { kind: R::KIND, id, owner: me, number, leaves, request: None })
}

fn leaves<R: Register>(row: &R::Row, today: Date) -> Leaves {
    match R::disclose(row, today) {
        _ if !R::KIND.is_listed() => Leaves::Never,
        Disclosure::NotShared => Leaves::NotShared,
        Disclosure::Stays(stays) => Leaves::Stays { stays },
        Disclosure::Leaves(_) => Leaves::Yes,
    }
}

/// What stands behind a listing number without a row of the own registers: another member's listing, an own
/// release, or an own listing whose row is gone.
fn listed(rows: &dyn Rows, me: MemberCode, id: &str) -> Option<Standing> {
    let place = |kind| Some((kind, parse_number(kind, id)?));
    let (kind, (owner, number)) = Kind::ALL.into_iter().find_map(place)?;
    let leaves = match (owner == me, is_released(rows, kind, number)) {
        (false, _) => None,
        (true, true) => Some(Leaves::Yes),
        (true, false) => Some(Leaves::NotShared),
    };
    let id = id.to_owned();
    let standing = Standing { kind, id, owner, number: Some(number), leaves, request: None };
    let is_shown = super::shown::agreements(rows).iter().any(|id| source(rows, *id, &standing).is_some());
    (is_shown || standing.leaves == Some(Leaves::Yes)).then_some(standing)
}

fn is_released(rows: &dyn Rows, kind: Kind, number: u64) -> bool {
    kind == Kind::Energy && rows.get(&keys::release(&release_act::period(number))).is_some()
}

fn preview_of<R: Register>(rows: &dyn Rows, me: MemberCode, today: Date) -> Preview {
    let mut preview = Preview::of(R::KIND);
    let mut staying: BTreeMap<Stays, u64> = BTreeMap::new();
    for (id, row) in register::scan::<R>(rows, &keys::register_prefix(R::KIND.system())) {
        match R::disclose(&row, today) {
            Disclosure::NotShared => preview.not_shared += 1,
            Disclosure::Stays(reason) => *staying.entry(reason).or_default() += 1,
            Disclosure::Leaves(listing) => {
                preview.leaving += 1;
                preview.example(|| {
                    let number = register::number(rows, R::KIND.system(), &id);
                    let name = number.map(|number| number_text(me, R::KIND, number));
                    let mut seen = column::json(R::Listing::columns(), &listing);
                    seen.insert("id".to_owned(), name.into());
                    seen
                });
            }
        }
    }
    preview.staying = staying.into_iter().map(|(reason, rows)| Staying { reason, rows }).collect();
    preview
}

fn preview_of_releases(rows: &dyn Rows, me: MemberCode) -> Preview {
    let mut preview = Preview::of(Kind::Energy);
    preview.not_shared = rows.scan(&keys::register_prefix(System::ENERGY), &[]).count() as u64;
    for (_, value) in rows.scan(&keys::release(""), &[]) {
        let Some(release) = Row::decode(&value).and_then(|row| Release::decode(&row.body)) else { continue };
        preview.leaving += 1;
        let name = number_text(me, Kind::Energy, release_act::number(release.month));
        let (period, cells) = (release.month.to_string(), release.cells.len());
        preview.example(|| {
            let seen = [("id", name.into()), ("period", period.into()), ("cells", cells.into())];
            seen.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
        });
    }
    preview
}

impl Preview {
    fn of(kind: Kind) -> Self {
        Self { kind, leaving: 0, not_shared: 0, staying: Vec::new(), examples: Vec::new() }
    }

    fn example(&mut self, seen: impl FnOnce() -> Map<String, Json>) {
        if self.examples.len() < EXAMPLES_MAX {
            self.examples.push(seen());
        }
    }
}
