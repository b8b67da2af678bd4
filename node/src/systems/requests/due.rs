//! What an owner's node does by itself when its time has come: it lets go of what was not confirmed in time, and of
//! what the requester has cancelled. Only for requests of which it holds something; whose clock counts is its own.

use xietong_proto::entry::Record;
use xietong_proto::id::*;

use super::case::HOUR_MS;
use super::talk::{CANCELLED, EXPIRED};
use super::{LENT, State, decide, query};
use crate::systems::keys;
use crate::systems::kind::Kind;
use crate::systems::rows::Rows;

/// What is due.
#[derive(Debug, Default)]
pub struct Due {
    /// To be said now, in these agreements.
    pub now: Vec<(AgreementId, Kind, Record)>,
    /// When to look again.
    pub next: Option<Millis>,
}

/// What was over for so long is left as it stands.
const LOOKED_BACK_MS: u64 = 90 * 24 * HOUR_MS;

/// What an owner has to say now, and when it has to look again.
pub fn due(rows: &dyn Rows, now: Millis, me: MemberCode) -> Due {
    let mut due = Due::default();
    for kind in LENT {
        let since = Millis(now.0.saturating_sub(LOOKED_BACK_MS));
        let from = keys::open_until(kind.system(), me, since);
        let open = rows.scan(&keys::open_prefix(kind.system(), me), &from);
        for (agreement, about) in open.filter_map(|(key, _)| keys::of_open(&key)) {
            let Some(talk) = query::talk(rows, me, agreement, &about) else { continue };
            let deadline = talk.standing().map(|offer| Millis(offer.says.confirm_by_ms));
            let reason = match (talk.state(), deadline) {
                (State::CancelAsked, _) => CANCELLED,
                (State::Offered, Some(by)) if by <= now => EXPIRED,
                (State::Offered, Some(by)) => {
                    due.next = Some(due.next.map_or(by, |next| next.min(by)));
                    continue;
                }
                _ => continue,
            };
            let step = decide::release(&about, &talk, reason);
            due.now.push((agreement, kind, step));
        }
    }
    due
}
