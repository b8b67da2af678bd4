//! What two members owe each other for a month: every settled statement of the trips that ended in it, by pair. Both
//! sides come to the same figures, since all of it rests on what both hold.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use xietong_proto::id::*;

use crate::calendar;
use crate::systems::requests::State;
use crate::systems::requests::query::list;
use crate::systems::rows::Rows;

/// The account between this member and another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Net {
    /// The month, such as `2026-12`; or the day since which it counts.
    pub month: String,
    /// With whom.
    pub peer: MemberCode,
    /// Statements that are settled.
    pub settled: u64,
    /// Statements that are not, or are disputed: not in the sums.
    pub open: u64,
    /// What this member owes.
    pub payable_fen: i64,
    /// What it is owed.
    pub receivable_fen: i64,
    /// What remains for it: negative if it pays.
    pub net_fen: i64,
}

/// The accounts of a month, by the other member's code.
pub fn of_month(rows: &dyn Rows, me: MemberCode, month: &str) -> Vec<Net> {
    net(rows, me, month, |ended| calendar::date(ended).strftime("%Y-%m").to_string() == month)
}

/// The accounts of all that ended then.
pub fn net(rows: &dyn Rows, me: MemberCode, name: &str, is_then: impl Fn(Millis) -> bool) -> Vec<Net> {
    let mut accounts: BTreeMap<MemberCode, Net> = BTreeMap::new();
    for view in list(rows, me, Millis(0)) {
        let Some(bill) = view.bill else { continue };
        let ended = view.trip.as_ref().and_then(|trip| trip.back).unwrap_or(view.from);
        if !is_then(ended) {
            continue;
        }
        let peer = if view.owner == me { view.requester } else { view.owner };
        let account = accounts.entry(peer).or_insert_with(|| Net {
            month: name.to_owned(),
            peer,
            settled: 0,
            open: 0,
            payable_fen: 0,
            receivable_fen: 0,
            net_fen: 0,
        });
        if ![State::Settled, State::Closed].contains(&view.state) {
            account.open += 1;
            continue;
        }
        account.settled += 1;
        let side = if view.owner == me { &mut account.receivable_fen } else { &mut account.payable_fen };
        *side = side.saturating_add(bill.total_fen);
        account.net_fen = account.receivable_fen.saturating_sub(account.payable_fen);
    }
    accounts.into_values().collect()
}
