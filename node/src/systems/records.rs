//! All groups of records that mean something. A record that stands in none changes no row (P32). A kind more is a group
//! in its system's file and its line in [`ALL`].

use serde_json::{Map, Value as Json};
use xietong_proto::entry::Record;
use xietong_proto::id::MemberCode;
use xietong_proto::stream::Stream;
use xietong_proto::wire::vehicles::Scrapping;

use super::energy::release_act;
use super::group::{Group, Shelf};
use super::kept::Kept;
use super::kind::Kind;
use super::reading::Reading;
use super::rows::Rows;
use super::{doors, drivers, handover, registers, requests};

/// All groups: what is not here means nothing.
pub const ALL: [&Group; 11] = [
    &registers::KEPT,
    &registers::LISTED,
    &release_act::DECIDED,
    &release_act::RELEASED,
    &requests::SAID,
    &requests::SAID_ASIDE,
    &requests::KEPT,
    &handover::SAID,
    &Scrapping::RECORDS,
    &drivers::DUTIES,
    &doors::RECORDED,
];

/// The group by which a record of a stream is folded.
pub fn of(stream: &Stream, record: &Record) -> Option<&'static Group> {
    at(stream).find(|group| group.has(record)).filter(|_| record.kind.system() == stream.system)
}

/// The groups that have their home in a stream.
pub fn at(stream: &Stream) -> impl Iterator<Item = &'static Group> + '_ {
    ALL.into_iter().filter(|group| group.is_at(stream))
}

/// What a record of an author says.
pub fn read(author: MemberCode, record: &Record) -> Reading {
    let group = ALL.into_iter().find(|group| group.has(record));
    group.and_then(|group| (group.read)(author, record)).unwrap_or(Reading::Other)
}

/// All that is kept of a register's things beside their rows.
pub fn shelves(kind: Kind) -> impl Iterator<Item = &'static Shelf> {
    ALL.into_iter().filter_map(Group::shelf).filter(move |shelf| shelf.kind == kind)
}

/// What is kept of one thing beside its row, all of it together.
pub fn beside(rows: &dyn Rows, kind: Kind, id: &str) -> Map<String, Json> {
    let told = shelves(kind).filter_map(|shelf| (shelf.row)(rows, id)).flatten();
    told.filter(|(_, value)| !value.is_null()).collect()
}

const fn are_apart(groups: &[&Group]) -> bool {
    let mut at = 0;
    while at < groups.len() * groups.len() {
        let (one, other) = (at / groups.len(), at % groups.len());
        if one < other && groups[one].meets(groups[other]) {
            return false;
        }
        at += 1;
    }
    true
}

const _: () = assert!(are_apart(&ALL), "two groups of records have a number in common");

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn what_is_kept_of_one_thing_together_has_each_name_once() {
        for kind in Kind::ALL {
            let names: BTreeSet<_> = shelves(kind).map(|shelf| shelf.name).collect();
            assert_eq!(names.len(), shelves(kind).count(), "{kind:?}");
            let columns = || shelves(kind).flat_map(|shelf| (shelf.columns)());
            let columns_named: BTreeSet<_> = columns().map(|(name, ..)| name).collect();
            assert_eq!(columns_named.len(), columns().count(), "{kind:?}");
        }
    }
}
