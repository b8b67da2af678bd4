//! What members show: the agreements that show anything, and each listing once.

use std::collections::BTreeMap;

use prost::Message;
use xietong_proto::id::*;

use super::keys::{self, Table};
use super::register::Register;
use super::row::Row;
use super::rows::Rows;

/// The agreements that show anything.
pub fn agreements(rows: &dyn Rows) -> Vec<AgreementId> {
    agreements_in(rows, Table::Listing)
}

/// The agreements that have rows in a table in which they come first.
pub fn agreements_in(rows: &dyn Rows, table: Table) -> Vec<AgreementId> {
    let (mut found, all) = (Vec::new(), table.key(&[]));
    let mut from = all.clone();
    while let Some((key, _)) = rows.scan(&all, &from).next() {
        let Some(id) = keys::agreement_of(&key) else { break };
        found.push(id);
        from = table.key(&[&id.0, &[0xff; 32]]);
    }
    found
}

/// What members show in a system: once each, also where two agreements show it.
pub fn listings<R: Register>(rows: &dyn Rows, owner: Option<MemberCode>) -> Vec<(MemberCode, R::Listing)> {
    let mut found = BTreeMap::new();
    for agreement in agreements(rows) {
        let prefix = keys::listing_prefix(agreement, R::KIND.system(), owner);
        for (key, value) in rows.scan(&prefix, &[]) {
            let listing = Row::decode(&value).and_then(|row| R::Listing::decode(&row.body[..]).ok());
            let place = keys::owner_of_listing(&key).zip(keys::number_of_listing(&key));
            if let (Some((owner, number)), Some(listing)) = (place, listing) {
                found.entry((owner, number)).or_insert(listing);
            }
        }
    }
    found.into_iter().map(|((owner, _), listing)| (owner, listing)).collect()
}
