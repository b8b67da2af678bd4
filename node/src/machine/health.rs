//! Whether a node is well, for probes: each reason with a code, and whether it keeps the node from its work. Worked
//! out of its status alone, so that a probe and `status` never say different things.

use serde::{Deserialize, Serialize};
use xietong_proto::id::*;

use super::{Status, Waiting};
use crate::replica::status::{AgreementStatus, PeerStatus};

/// How a node is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Health {
    /// Whether nothing keeps the node from its work.
    pub is_well: bool,
    /// What is to be known.
    pub reasons: Vec<Reason>,
}

/// Something that is not as it should be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reason {
    /// Whether it keeps the node from its work, so that somebody has to see to it.
    pub is_serious: bool,
    /// What.
    pub ailment: Ailment,
}

/// What may be wrong.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Ailment {
    /// Something does not go on.
    Waiting(Waiting),
    /// Something about peers.
    Peers(Peers),
}

/// What may be wrong with peers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "code")]
pub enum Peers {
    /// The operator took the node off the network.
    Paused,
    /// No other member of an agreement is connected.
    Alone { agreement: AgreementId, title: String },
    /// A member is not connected.
    Away { member: MemberCode },
    /// A member has entries that are not here yet.
    Behind { member: MemberCode, entries: u64 },
}

/// Entries that may be on their way without being worth a word.
const BEHIND_MIN: u64 = 1_000;

/// How the node is whose status this is.
pub fn health(status: &Status) -> Health {
    let waiting = status.waiting.iter().map(|waiting| Reason {
        is_serious: is_serious(waiting, status.member),
        ailment: Ailment::Waiting(waiting.clone()),
    });
    let mut reasons: Vec<Reason> = waiting.collect();
    if status.is_paused {
        reasons.push(Reason { is_serious: false, ailment: Ailment::Peers(Peers::Paused) });
    } else {
        status.agreements.iter().for_each(|held| reasons.extend(of_peers(held)));
    }
    Health { is_well: reasons.iter().all(|reason| !reason.is_serious), reasons }
}

/// Whether it keeps the node from its work. What others brought about, and what was decided, does not.
pub fn is_serious(waiting: &Waiting, me: MemberCode) -> bool {
    match waiting {
        Waiting::NoAgreement
        | Waiting::NotValid { .. }
        | Waiting::EndsSoon { .. }
        | Waiting::CalendarMissing { .. }
        | Waiting::AsksForOpinion { .. }
        | Waiting::SealBefore { .. }
        | Waiting::NotOpen { .. } => false,
        Waiting::CardTooOld { .. } => true,
        Waiting::CardTwice { member, .. } => *member == me,
        Waiting::Unconfirmed { .. } | Waiting::ClockDoubtful { .. } => true,
        Waiting::DiskLow { .. } | Waiting::QuotaReached { .. } => true,
        Waiting::Unfolded { author, .. } => *author == me,
        Waiting::Forked { is_own, .. } => *is_own,
    }
}

fn of_peers(held: &AgreementStatus) -> Vec<Reason> {
    let expected = || held.peers.iter().filter(|peer| !peer.is_paused);
    if expected().next().is_some() && expected().all(|peer| peer.connected.is_none()) {
        let (agreement, title) = (held.agreement, held.title.clone());
        return vec![Reason { is_serious: true, ailment: Ailment::Peers(Peers::Alone { agreement, title }) }];
    }
    let peers = expected().filter_map(of_peer);
    peers.map(|peers| Reason { is_serious: false, ailment: Ailment::Peers(peers) }).collect()
}

fn of_peer(peer: &PeerStatus) -> Option<Peers> {
    let (member, entries) = (peer.member, peer.ahead.values().sum());
    match peer.connected {
        None => Some(Peers::Away { member }),
        Some(_) => (entries >= BEHIND_MIN).then_some(Peers::Behind { member, entries }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::replica::room::Shortage;
    use crate::replica::status::AgreementState;

    fn member(code: &str) -> MemberCode {
        code.parse().expect("a member code")
    }

    fn peer(code: &str, is_connected: bool, ahead: u64) -> PeerStatus {
        PeerStatus {
            member: member(code),
            name: code.to_owned(),
            is_paused: false,
            is_shut_out: false,
            nodes: Default::default(),
            connected: is_connected.then(|| (String::new(), Millis(0))),
            program: String::new(),
            manifest: None,
            epoch: None,
            card: None,
            is_linked: is_connected,
            skew_ms: None,
            behind: Default::default(),
            ahead: [(System::VEHICLES, ahead)].into(),
            rejects: Default::default(),
        }
    }

    fn status(peers: Vec<PeerStatus>, waiting: Vec<Waiting>) -> Status {
        let held = AgreementStatus {
            agreement: AgreementId([1; 32]),
            title: "T".to_owned(),
            fingerprint: String::new(),
            epoch: Epoch(1),
            state: AgreementState::Open,
            valid_until: Millis(0),
            is_valid: true,
            unconfirmed: None,
            peers,
            streams: Vec::new(),
            manifests: Vec::new(),
        };
        Status {
            member: member("230000"),
            name: String::new(),
            card_fingerprint: String::new(),
            card: CardNumber(1),
            time: Millis(0),
            is_paused: false,
            strangers: 0,
            agreements: vec![held],
            waiting,
        }
    }

    /// Whether it is well, and the codes, of which a serious one has an exclamation mark.
    fn told(status: &Status) -> (bool, String) {
        let Health { is_well, reasons } = health(status);
        let code = |reason: &Reason| {
            let ailment = serde_json::to_value(&reason.ailment).expect("plain data");
            let mark = if reason.is_serious { "!" } else { "" };
            format!("{}{mark}", ailment["code"].as_str().expect("each has a code"))
        };
        (is_well, reasons.iter().map(code).collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn what_keeps_a_node_from_its_work_makes_it_unwell_and_nothing_else() {
        let shortage = Shortage { free_bytes: 1, needed_bytes: 2 };
        let forked = |is_own| Waiting::Forked {
            author: member("220000"),
            system: System::VEHICLES,
            at: Position(2),
            counts: Position(1),
            is_own,
        };
        let unfolded =
            |code| Waiting::Unfolded { author: member(code), system: System::VEHICLES, entries: 1 };
        let (agreement, title) = (AgreementId([1; 32]), "T".to_owned());
        let clock = Waiting::ClockDoubtful { agreement, title, ahead_ms: -700_000 };
        let here = || vec![peer("220000", true, 0), peer("210000", true, 0)];
        let table = [
            (here(), vec![], true, ""),
            (here(), vec![Waiting::NoAgreement], true, "NoAgreement"),
            (here(), vec![Waiting::DiskLow { shortage, is_full: false }], false, "DiskLow!"),
            (here(), vec![clock], false, "ClockDoubtful!"),
            (here(), vec![unfolded("220000")], true, "Unfolded"),
            (here(), vec![unfolded("230000")], false, "Unfolded!"),
            (here(), vec![forked(false)], true, "Forked"),
            (here(), vec![forked(true)], false, "Forked!"),
            (vec![peer("220000", true, 5_000), peer("210000", false, 0)], vec![], true, "Behind Away"),
            (vec![peer("220000", false, 0), peer("210000", false, 0)], vec![], false, "Alone!"),
        ];
        for (peers, waiting, is_well, codes) in table {
            assert_eq!(told(&status(peers, waiting)), (is_well, codes.to_owned()));
        }
    }

    #[test]
    fn a_node_that_was_taken_off_the_network_misses_nobody() {
        let paused = Status { is_paused: true, ..status(vec![peer("220000", false, 0)], vec![]) };
        assert_eq!(told(&paused), (true, "Paused".to_owned()));
    }
}
