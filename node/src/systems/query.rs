//! Looking things up: pages of a register or of what members show, and one thing with where it comes from.
//! Pure functions of rows.

use jiff::civil::Date;
use prost::Message;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use xietong_proto::id::*;

use super::column;
use super::history::Version;
use super::kind::{Kind, for_register};
use super::listing::{Disclosure, Listing};
use super::number::{key_of_number, number_text, parse_number};
use super::page::{List, ListRefusal, Owner, Page, check_columns, item, matches, page};
use super::register::Register;
use super::requests::{self, query::Taken};
use super::row::{Row, Source};
use super::rows::Rows;
use super::sheet::Keys;
use super::shown::{agreements, listings};
use super::{handover, keys, records};
use crate::calendar;

/// One thing and where it comes from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Shown {
    /// Its key or listing number.
    pub id: String,
    /// Whose it is.
    pub owner: MemberCode,
    /// Its columns.
    pub row: Map<String, Json>,
    /// How often it has been said.
    pub version: u32,
    /// The entry that said it last.
    pub source: Source,
    /// Under which agreement; none for the register.
    pub agreement: Option<AgreementId>,
    /// Of a register row: how members see it, by agreement.
    pub listed: Vec<AgreementId>,
    /// Of a register row: its listing number, if it ever had one.
    pub number: Option<String>,
    /// Of a register row that should be shared: why it stays.
    pub stays: Option<super::fault::Stays>,
    /// Of a register row: where it was said before, oldest first. Whoever has the log tells what.
    pub before: Vec<Source>,
    /// Of a register row: what was new each time, oldest first. Whoever has the log fills it in.
    pub history: Vec<Version>,
    /// Of a register row: what is kept of the thing beside it.
    pub papers: Map<String, Json>,
    /// Of what can be lent: when it is not free from today on, as far as is known here.
    pub taken: Vec<Taken>,
    /// Of a thing that was taken in from another member: its number there.
    pub came_as: Option<String>,
    /// Of a listing: members who have signed that they hold the entry that said it. Whoever knows fills it in.
    pub held_by: Vec<MemberCode>,
}

/// Where a record stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Place {
    /// In which agreement; zero in a local stream.
    pub agreement: AgreementId,
    /// Whose stream.
    pub author: MemberCode,
    /// Of which system.
    pub kind: Kind,
    /// Its entry.
    pub position: Position,
    /// Its place in the entry, from 0.
    pub index: u32,
}

/// Where a thing was said last: by its listing number under each agreement that shows it, by its key at home.
pub fn places(rows: &dyn Rows, me: MemberCode, id: &str) -> Vec<Place> {
    let place = |agreement, author, kind: Kind, key: Vec<u8>| {
        let Source { position, index, .. } = Row::decode(&rows.get(&key)?)?.source;
        Some(Place { agreement, author, kind, position, index })
    };
    let of_kind = |kind: Kind| -> Vec<Place> {
        let system = kind.system();
        let Some((owner, number)) = parse_number(kind, id) else {
            let row = place(AgreementId::ZERO, me, kind, keys::register(system, id.as_bytes()));
            return row.into_iter().collect();
        };
        let listing = |id| place(id, owner, kind, keys::listing(id, system, owner, number));
        agreements(rows).into_iter().filter_map(listing).collect()
    };
    Kind::ALL.into_iter().flat_map(of_kind).collect()
}

/// A page of a list.
pub fn list(rows: &dyn Rows, kind: Kind, me: MemberCode, list: &List) -> Result<Page, ListRefusal> {
    let Some(of) = &list.of else { return for_register!(kind, R => list_of::<R>(rows, me, list)) };
    let known = || records::shelves(kind).map(|shelf| shelf.name.to_owned()).collect();
    let shelf = records::shelves(kind).find(|shelf| shelf.name == of);
    let shelf = shelf.ok_or_else(|| ListRefusal::NothingKept { of: of.clone(), known: known() })?;
    (shelf.list)(rows, me, list)
}

/// One thing, by register key or listing number.
pub fn show(rows: &dyn Rows, kind: Kind, me: MemberCode, today: Date, id: &str) -> Option<Shown> {
    for_register!(kind, R => show_row::<R>(rows, me, today, id).or_else(|| show_listing::<R>(rows, today, id)))
}

/// All register keys of a kind that a full file does not have.
pub fn absent(rows: &dyn Rows, kind: Kind, present: &Keys) -> Vec<String> {
    let prefix = keys::register_prefix(kind.system());
    let keys =
        rows.scan(&prefix, &[]).filter_map(|(key, _)| String::from_utf8(key[prefix.len()..].to_vec()).ok());
    keys.filter(|key| present.line(key).is_none()).collect()
}

fn list_of<R: Register>(rows: &dyn Rows, me: MemberCode, list: &List) -> Result<Page, ListRefusal> {
    let after = list.after.as_deref().unwrap_or_default();
    match list.owner {
        Owner::Me => {
            check_columns(R::columns(), &list.filters)?;
            let from = keys::register(R::KIND.system(), after.as_bytes());
            let all = super::register::scan_from::<R>(rows, &from);
            let matching =
                all.filter(|(id, row)| id.as_str() > after && matches(R::columns(), row, &list.filters));
            Ok(page(matching.map(|(id, row)| item(id, me, R::columns(), &row))))
        }
        Owner::Member(_) | Owner::All => {
            let columns = R::Listing::columns();
            check_columns(columns, &list.filters)?;
            let owner = if let Owner::Member(owner) = list.owner { Some(owner) } else { None };
            let all = listings::<R>(rows, owner).into_iter();
            let named =
                all.map(|(owner, listing)| (number_text(owner, R::KIND, listing.number()), owner, listing));
            let matching = named
                .filter(|(id, _, listing)| id.as_str() > after && matches(columns, listing, &list.filters));
            Ok(page(matching.map(|(id, owner, listing)| item(id, owner, columns, &listing))))
        }
    }
}

fn show_row<R: Register>(rows: &dyn Rows, me: MemberCode, today: Date, id: &str) -> Option<Shown> {
    let system = R::KIND.system();
    let id = key_of_number(rows, R::KIND, me, id).unwrap_or_else(|| id.to_owned());
    let (stored, row) = super::register::get::<R>(rows, &id)?;
    let number = super::register::number(rows, system, &id);
    let is_listed = |agreement: &AgreementId| {
        number.is_some_and(|number| rows.get(&keys::listing(*agreement, system, me, number)).is_some())
    };
    let stays = match R::disclose(&row, today) {
        Disclosure::Stays(stays) => Some(stays),
        Disclosure::NotShared | Disclosure::Leaves(_) => None,
    };
    let before = super::register::history(rows, system, &id);
    let papers = records::beside(rows, R::KIND, &id);
    let number = number.map(|number| number_text(me, R::KIND, number));
    Some(Shown {
        taken: number.as_ref().map(|number| taken(rows, me, today, number)).unwrap_or_default(),
        came_as: number.as_ref().and_then(|number| handover::came_as(rows, R::KIND, number)),
        id,
        owner: me,
        row: column::json(R::columns(), &row),
        version: stored.version,
        source: stored.source,
        agreement: None,
        listed: agreements(rows).into_iter().filter(is_listed).collect(),
        number,
        stays,
        papers,
        before,
        history: Vec::new(),
        held_by: Vec::new(),
    })
}

/// When a thing is not free from today on; nothing of what cannot be lent.
fn taken(rows: &dyn Rows, me: MemberCode, today: Date, number: &str) -> Vec<Taken> {
    let from = calendar::midnight(today).unwrap_or_default();
    requests::query::calendar(rows, me, number, (from, Millis(u64::MAX))).unwrap_or_default()
}

fn show_listing<R: Register>(rows: &dyn Rows, today: Date, id: &str) -> Option<Shown> {
    let (owner, number) = parse_number(R::KIND, id)?;
    let key = |agreement: AgreementId| keys::listing(agreement, R::KIND.system(), owner, number);
    let found = agreements(rows).into_iter().find_map(|id| Some((id, Row::decode(&rows.get(&key(id))?)?)));
    let (agreement, stored) = found?;
    let listing = R::Listing::decode(&stored.body[..]).ok()?;
    Some(Shown {
        taken: taken(rows, owner, today, id),
        came_as: handover::came_as(rows, R::KIND, id),
        id: id.to_owned(),
        owner,
        row: column::json(R::Listing::columns(), &listing),
        version: stored.version,
        source: stored.source,
        agreement: Some(agreement),
        listed: Vec::new(),
        number: None,
        stays: None,
        papers: Map::new(),
        before: Vec::new(),
        history: Vec::new(),
        held_by: Vec::new(),
    })
}
