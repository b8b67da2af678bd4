//! Offences: what peers sent and this node refuses, what each costs, and for how long who has sent too much is
//! not let in. The one place where that is decided.

use std::collections::BTreeMap;

use xietong_proto::id::PeerId;
use xietong_proto::reject::Reject;

use super::io::{LinkId, NetAction};
use super::{Replica, Turn};

/// Offences within [`MEMORY_MS`] after which a peer is not let in for a while.
const OFFENCES_MAX: u32 = 5;
/// For so long an offence is held against a peer.
const MEMORY_MS: u64 = 600_000;

/// What a refusal means for whoever sent what was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Penalty {
    /// It happens among the honest: counted and reported.
    None,
    /// The link ends. Too many in a short time, and the peer is not let in for a while.
    Offence,
}

fn penalty(reject: &Reject) -> Penalty {
    match reject {
        later if later.passes_later() => Penalty::None,
        // Somebody has not heard yet that the stream ended.
        Reject::Cut { .. } => Penalty::None,
        // A node that runs twice, or was restored, contradicts itself until its operator has seen to it.
        Reject::BadField { field } if field == "receipt.number" || field == "receipt.lines" => Penalty::None,
        _ => Penalty::Offence,
    }
}

/// What is held against whom since the start.
#[derive(Clone, Debug, Default)]
pub struct Offences {
    refused: BTreeMap<(PeerId, &'static str), u64>,
    /// How many, and since when.
    recent: BTreeMap<PeerId, (u32, u64)>,
    /// Who is not let in, until when on the monotonic clock.
    shut_out: BTreeMap<PeerId, u64>,
}

impl Offences {
    /// How often something of a peer was refused, by rule.
    pub fn refused(&self, peer: PeerId) -> impl Iterator<Item = (&'static str, u64)> {
        let of_peer = self.refused.iter().filter(move |((of, _), _)| *of == peer);
        of_peer.map(|((_, rule), count)| (*rule, *count))
    }

    /// Whether a peer is not let in now.
    pub fn shuts_out(&self, peer: PeerId) -> bool {
        self.shut_out.contains_key(&peer)
    }

    /// When somebody is let in again.
    pub fn due_ms(&self) -> Option<u64> {
        self.shut_out.values().min().copied()
    }

    /// Holds an offence against a peer; says whether it was one too many.
    fn note(&mut self, peer: PeerId, now_ms: u64, shut_out_ms: u64) -> bool {
        let (count, since_ms) = self.recent.entry(peer).or_insert((0, now_ms));
        if *since_ms + MEMORY_MS <= now_ms {
            (*count, *since_ms) = (0, now_ms);
        }
        *count += 1;
        let is_too_much = *count >= OFFENCES_MAX;
        if is_too_much {
            self.recent.remove(&peer);
            self.shut_out.insert(peer, now_ms + shut_out_ms);
        }
        is_too_much
    }
}

impl Replica {
    /// Counts and reports what a peer sent and we refuse, and lets it have what it deserves.
    pub(super) fn refuse(&mut self, turn: &mut Turn, id: LinkId, reject: Reject) {
        let Some(link) = self.links.get(&id) else { return };
        let peer = link.peer;
        *self.offences.refused.entry((peer, reject.rule())).or_default() += 1;
        if penalty(&reject) == Penalty::Offence {
            self.close(turn, id);
            let shut_out_ms = self.settings.shut_out_ms;
            if self.offences.note(peer, turn.now.mono_ms, shut_out_ms) {
                turn.actions.push(NetAction::ShutOut { peer, for_ms: shut_out_ms });
                self.publish_trust(turn);
            }
        }
        turn.actions.push(NetAction::Report { peer, reject });
    }

    /// Lets in again whose time is over.
    pub(super) fn forgive(&mut self, turn: &mut Turn) {
        let before = self.offences.shut_out.len();
        self.offences.shut_out.retain(|_, until_ms| *until_ms > turn.now.mono_ms);
        if self.offences.shut_out.len() < before {
            self.publish_trust(turn);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_happens_among_the_honest_is_no_offence() {
        let field = |field: &str| Reject::BadField { field: field.to_owned() };
        let table = [
            (Reject::Malformed, Penalty::Offence),
            (Reject::BadSignature, Penalty::Offence),
            (Reject::TooLarge { size: 2, size_max: 1 }, Penalty::Offence),
            (field("receipt.root"), Penalty::Offence),
            (field("receipt.number"), Penalty::None),
            (field("receipt.lines"), Penalty::None),
            (Reject::Gap { have: Default::default(), got: Default::default() }, Penalty::None),
        ];
        for (reject, expected) in table {
            assert_eq!(penalty(&reject), expected, "{reject:?}");
        }
    }

    #[test]
    fn one_too_many_in_a_short_time_shuts_out() {
        let (peer, mut offences) = (PeerId([1; 32]), Offences::default());
        // Four, a long pause, and four again are not too many.
        let times = (0..4).chain(MEMORY_MS..MEMORY_MS + 4);
        assert!(times.into_iter().all(|now_ms| !offences.note(peer, now_ms, 1_000)));
        assert!(!offences.shuts_out(peer));
        assert!(offences.note(peer, MEMORY_MS + 4, 1_000));
        assert!(offences.shuts_out(peer) && !offences.shuts_out(PeerId([2; 32])));
        assert_eq!(offences.due_ms(), Some(MEMORY_MS + 1_004));
    }
}
