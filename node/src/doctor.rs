//! What is wrong with a node, or good to know: every finding there is, and the pure judgement that makes findings of
//! what a running node says. Looks at nothing itself; the sentences, with what to do, are in `text`.

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde::Serialize;
use xietong_proto::epochs::Stage;
use xietong_proto::id::*;
use xietong_proto::reach::{Dialled, Outcome};

use crate::config::ConfigError;
use crate::http::doctor::{Examined, Reach};
use crate::keys::KeyError;
use crate::machine::{Waiting, health};
use crate::replica::status::{AgreementStatus, PeerStatus};

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Weight {
    /// Something has to be done.
    Fault,
    /// Worth knowing; it works all the same.
    Hint,
    /// Could not be looked at.
    Unchecked,
    /// As it should be.
    Good,
}

/// One finding.
#[derive(Debug, Serialize)]
#[serde(tag = "code")]
pub enum Finding {
    /// The configuration cannot be used.
    ConfigBad { error: ConfigError },
    /// A key cannot be had.
    KeyBad { error: KeyError },
    /// The keys that a running node needs are there, and nobody else can read them.
    KeysHold,
    /// The seal key is not in the home: on a medium, or lost.
    SealElsewhere { path: PathBuf },
    /// The card has no address: nobody can dial this node.
    NoAddress,
    /// A host name that does not resolve.
    NameUnknown { member: Option<MemberCode>, name: String },
    /// The node does not run: all about peers was not looked at.
    NotRunning,
    /// No agreement has been joined.
    NoAgreement,
    /// Another version of the program runs there.
    OtherVersion { member: MemberCode, theirs: String, ours: String },
    /// Two processes run with one key.
    KeyTwice { title: String },
    /// What else does not go on, as `status` says it.
    Waits { waiting: Waiting, is_serious: bool },
    /// What of the card is wrong, or right.
    #[serde(untagged)]
    Card(CardFinding),
    /// Whether the node listens, or could.
    #[serde(untagged)]
    Port(PortFinding),
    /// How the clock stands to the members'.
    #[serde(untagged)]
    Clock(ClockFinding),
    /// Who of two members can dial the other.
    #[serde(untagged)]
    Reach(ReachFinding),
    /// By which version of an agreement, and with which card of this member, others go.
    #[serde(untagged)]
    Versions(VersionFinding),
}

/// What of the card is wrong, or right.
#[derive(Debug, Serialize)]
#[serde(tag = "code")]
pub enum CardFinding {
    /// There is no member card.
    NoCard,
    /// The card cannot be read.
    CardBad,
    /// The card says something else than configuration and keys.
    CardOutdated { fields: Vec<&'static str> },
    /// The card says what configuration and keys say.
    CardHolds,
}

/// Whether the node listens, or could.
#[derive(Debug, Serialize)]
#[serde(tag = "code")]
pub enum PortFinding {
    /// The node listens.
    Listens { addresses: Vec<String> },
    /// Another process has the port.
    PortTaken { address: String },
    /// The system does not let it listen there.
    PortRefused { address: String, detail: String },
    /// The ports are free.
    PortsFree,
}

/// How the clock stands to the members'.
#[derive(Debug, Serialize)]
#[serde(tag = "code")]
pub enum ClockFinding {
    /// The clock agrees with those of the members to whom links stand.
    ClockFits { members: usize, skew_ms_max: u64 },
    /// The clock is far from theirs.
    ClockApart { skew_ms: i64 },
    /// No member could be asked the time.
    ClockUnchecked,
}

/// Who of two members can dial the other.
#[derive(Debug, Serialize)]
#[serde(tag = "code")]
pub enum ReachFinding {
    /// Both ends can dial each other.
    BothDial { member: MemberCode },
    /// Only one end can: enough, but if it is down nobody dials.
    OneDials { member: MemberCode, who: Dialler, silent: Vec<String> },
    /// The connection stands, but nobody could dial anew.
    NobodyRedials { member: MemberCode, silent: Vec<String> },
    /// This end can dial; the other did not say whether it can.
    BackUnchecked { member: MemberCode },
    /// It answers but does not speak with us.
    NotTalking { member: MemberCode },
    /// Neither end reaches the other.
    Unreachable { member: MemberCode, silent: Vec<String> },
    /// TCP works where QUIC does not.
    UdpBlocked { member: MemberCode, who: Dialler },
    /// A node with another key answers at an address.
    WrongNode { member: MemberCode, who: Dialler, address: String },
}

/// By which version of an agreement, and with which card of this member, others go.
#[derive(Debug, Serialize)]
#[serde(tag = "code")]
pub enum VersionFinding {
    /// All members that answer go by the same version of an agreement.
    OneEpoch { title: String, epoch: Epoch, members: usize },
    /// A member goes by another version than this node; none if it is not known here.
    EpochDiffers { title: String, member: MemberCode, theirs: Option<Epoch>, ours: Epoch },
    /// A member that answers has not got this member's newest card.
    CardBehind { member: MemberCode, theirs: Option<CardNumber>, ours: CardNumber },
}

/// Which end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Dialler {
    /// This node.
    We,
    /// The member's.
    They,
}

impl Finding {
    /// How much it matters.
    pub fn weight(&self) -> Weight {
        match self {
            Self::ConfigBad { .. }
            | Self::KeyBad { .. }
            | Self::NameUnknown { .. }
            | Self::KeyTwice { .. } => Weight::Fault,
            Self::Waits { is_serious: true, .. } => Weight::Fault,
            Self::Waits { is_serious: false, .. } => Weight::Hint,
            Self::SealElsewhere { .. } | Self::NoAddress | Self::NoAgreement | Self::OtherVersion { .. } => {
                Weight::Hint
            }
            Self::NotRunning => Weight::Unchecked,
            Self::KeysHold => Weight::Good,
            Self::Card(found) => match found {
                CardFinding::NoCard | CardFinding::CardBad | CardFinding::CardOutdated { .. } => {
                    Weight::Fault
                }
                CardFinding::CardHolds => Weight::Good,
            },
            Self::Port(found) => match found {
                PortFinding::PortTaken { .. } | PortFinding::PortRefused { .. } => Weight::Fault,
                PortFinding::Listens { .. } | PortFinding::PortsFree => Weight::Good,
            },
            Self::Clock(found) => match found {
                ClockFinding::ClockApart { .. } => Weight::Fault,
                ClockFinding::ClockUnchecked => Weight::Unchecked,
                ClockFinding::ClockFits { .. } => Weight::Good,
            },
            Self::Reach(found) => found.weight(),
            Self::Versions(found) => match found {
                VersionFinding::EpochDiffers { .. } => Weight::Fault,
                VersionFinding::CardBehind { .. } => Weight::Hint,
                VersionFinding::OneEpoch { .. } => Weight::Good,
            },
        }
    }
}

impl ReachFinding {
    fn weight(&self) -> Weight {
        match self {
            Self::NobodyRedials { .. }
            | Self::NotTalking { .. }
            | Self::Unreachable { .. }
            | Self::WrongNode { .. } => Weight::Fault,
            Self::OneDials { .. } | Self::UdpBlocked { .. } => Weight::Hint,
            Self::BackUnchecked { .. } => Weight::Unchecked,
            Self::BothDial { .. } => Weight::Good,
        }
    }
}

/// Beyond this the clock is named; entries are held back only much later (P29).
const SKEW_MS_MAX: u64 = 60_000;

/// What a running node says of itself and its peers, as findings.
pub fn judge(examined: &Examined) -> Vec<Finding> {
    let mut findings = Vec::new();
    let (status, around) = (&examined.node.status, &examined.node.surroundings);
    findings.push(Finding::Port(PortFinding::Listens { addresses: around.listens.clone() }));
    if status.agreements.is_empty() {
        findings.push(Finding::NoAgreement);
        return findings;
    }
    findings.push(Finding::Clock(clock(examined)));
    let linked: BTreeSet<MemberCode> =
        examined.reach.iter().filter(|reach| reach.is_linked).map(|reach| reach.member).collect();
    // A member that changes its keys has two; the one that is not in use is not missed.
    let looked_for = |reach: &&Reach| reach.is_linked || !linked.contains(&reach.member);
    for reach in examined.reach.iter().filter(looked_for) {
        findings.extend(judge_reach(reach).into_iter().map(Finding::Reach));
        findings.extend(version(reach, &around.version));
    }
    findings
        .extend(status.agreements.iter().flat_map(|held| versions(held, status.card)).map(Finding::Versions));
    findings.extend(status.waiting.iter().filter_map(|waiting| match waiting {
        Waiting::Unconfirmed { title, missing, .. } if missing.has_rival => {
            Some(Finding::KeyTwice { title: title.clone() })
        }
        // Said above, and by what is said above.
        Waiting::NoAgreement | Waiting::ClockDoubtful { .. } => None,
        Waiting::NotValid { .. }
        | Waiting::CalendarMissing { .. }
        | Waiting::AsksForOpinion { .. }
        | Waiting::NotOpen { .. }
        | Waiting::CardTooOld { .. }
        | Waiting::SealBefore { .. }
        | Waiting::CardTwice { .. }
        | Waiting::EndsSoon { .. }
        | Waiting::Unconfirmed { .. }
        | Waiting::DiskLow { .. }
        | Waiting::QuotaReached { .. }
        | Waiting::Unfolded { .. }
        | Waiting::Forked { .. } => {
            let is_serious = health::is_serious(waiting, status.member);
            Some(Finding::Waits { waiting: waiting.clone(), is_serious })
        }
    }));
    findings
}

fn clock(examined: &Examined) -> ClockFinding {
    let peers = examined.node.status.agreements.iter().flat_map(|held| &held.peers);
    let mut skews: Vec<i64> = peers.filter_map(|peer| peer.skew_ms).collect();
    skews.sort_unstable();
    // The median: one member whose clock is wrong says nothing about ours.
    let Some(median) = skews.get(skews.len() / 2).copied() else { return ClockFinding::ClockUnchecked };
    if median.unsigned_abs() > SKEW_MS_MAX {
        return ClockFinding::ClockApart { skew_ms: median };
    }
    let skew_ms_max = skews.iter().map(|skew| skew.unsigned_abs()).max().unwrap_or_default();
    ClockFinding::ClockFits { members: skews.len(), skew_ms_max }
}

/// By which version, and with which card of ours, the members go that answer.
fn versions(held: &AgreementStatus, card: CardNumber) -> Vec<VersionFinding> {
    let (title, ours) = (held.title.clone(), held.epoch);
    let in_force = held.manifests.iter().rfind(|of| of.stage == Stage::InForce).map(|of| of.manifest);
    let answering: Vec<&PeerStatus> =
        held.peers.iter().filter(|peer| peer.is_linked && peer.manifest.is_some()).collect();
    let apart: Vec<&PeerStatus> =
        answering.iter().copied().filter(|peer| peer.manifest != in_force).collect();
    let differs = |peer: &&PeerStatus| VersionFinding::EpochDiffers {
        title: title.clone(),
        member: peer.member,
        theirs: peer.epoch,
        ours,
    };
    let mut findings: Vec<VersionFinding> = apart.iter().map(differs).collect();
    if apart.is_empty() && !answering.is_empty() {
        findings.push(VersionFinding::OneEpoch { title, epoch: ours, members: answering.len() });
    }
    let behind = answering.into_iter().filter(|peer| peer.card < Some(card));
    let lacks =
        |peer: &PeerStatus| VersionFinding::CardBehind { member: peer.member, theirs: peer.card, ours: card };
    findings.extend(behind.map(lacks));
    findings
}

fn judge_reach(reach: &Reach) -> Vec<ReachFinding> {
    let (member, back) = (reach.member, reach.back.as_deref().unwrap_or_default());
    let mut findings = Vec::new();
    for (who, dialled) in [(Dialler::We, &reach.out[..]), (Dialler::They, back)] {
        let wrong = dialled.iter().filter(|dialled| dialled.outcome == Outcome::Stranger);
        findings.extend(wrong.map(|dialled| ReachFinding::WrongNode {
            member,
            who,
            address: dialled.address.clone(),
        }));
        if is_udp_blocked(dialled) {
            findings.push(ReachFinding::UdpBlocked { member, who });
        }
    }
    let (out_reaches, back_reaches) = (is_reached(&reach.out), is_reached(back));
    let (silent_out, silent_back) = (silent(&reach.out), silent(back));
    findings.push(match (reach.is_linked, out_reaches, back_reaches, reach.back.is_some()) {
        (true, true, true, _) => ReachFinding::BothDial { member },
        (true, true, false, true) => ReachFinding::OneDials { member, who: Dialler::We, silent: silent_back },
        (true, true, false, false) => ReachFinding::BackUnchecked { member },
        (true, false, true, _) => ReachFinding::OneDials { member, who: Dialler::They, silent: silent_out },
        (true, false, false, _) => {
            ReachFinding::NobodyRedials { member, silent: [silent_out, silent_back].concat() }
        }
        (false, true, _, _) | (false, _, true, _) => ReachFinding::NotTalking { member },
        (false, false, false, _) => ReachFinding::Unreachable { member, silent: silent_out },
    });
    findings
}

fn is_reached(dialled: &[Dialled]) -> bool {
    dialled.iter().any(|dialled| dialled.outcome == Outcome::Reached)
}

fn silent(dialled: &[Dialled]) -> Vec<String> {
    let silent = dialled.iter().filter(|dialled| dialled.outcome == Outcome::Silent);
    silent.map(|dialled| dialled.address.clone()).collect()
}

/// Every QUIC address is silent and a TCP one is not.
fn is_udp_blocked(dialled: &[Dialled]) -> bool {
    let (quic, tcp): (Vec<&Dialled>, Vec<&Dialled>) =
        dialled.iter().partition(|dialled| dialled.address.contains("/quic"));
    let is_reached = |dialled: &&Dialled| dialled.outcome == Outcome::Reached;
    !quic.is_empty() && !quic.iter().any(is_reached) && tcp.iter().any(is_reached)
}

/// Programs call themselves `xietong/` and their version.
fn version(reach: &Reach, ours: &str) -> Option<Finding> {
    let theirs = reach.program.strip_prefix("xietong/")?;
    let (member, theirs, ours) = (reach.member, theirs.to_owned(), ours.to_owned());
    (theirs != ours).then_some(Finding::OtherVersion { member, theirs, ours })
}

/// The addresses of members, each once, for whoever looks whether their names resolve.
pub fn addresses(examined: &Examined) -> BTreeSet<(MemberCode, String)> {
    let peers = examined.node.status.agreements.iter().flat_map(|held| &held.peers);
    let of_peer = |peer: &'_ crate::replica::status::PeerStatus| {
        let member = peer.member;
        let all: Vec<String> = peer.nodes.values().flatten().cloned().collect();
        all.into_iter().map(move |address| (member, address))
    };
    peers.flat_map(of_peer).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::replica::status::{AgreementState, ManifestStatus};

    const QUIC: &str = "/ip4/10.0.0.1/udp/4101/quic-v1";
    const TCP: &str = "/ip4/10.0.0.1/tcp/4101";

    fn dialled(outcomes: &[(&str, Outcome)]) -> Vec<Dialled> {
        let one = |(address, outcome): &(&str, Outcome)| Dialled {
            address: (*address).to_owned(),
            outcome: *outcome,
        };
        outcomes.iter().map(one).collect()
    }

    /// The codes of what is found.
    fn codes(findings: &[impl Serialize]) -> Vec<String> {
        let code = |finding| serde_json::to_value(finding).expect("codes and data")["code"].clone();
        findings.iter().map(|finding| code(finding).as_str().expect("a code").to_owned()).collect()
    }

    fn reach(is_linked: bool, out: &[(&str, Outcome)], back: Option<&[(&str, Outcome)]>) -> Reach {
        let member = "220000".parse().expect("a member code");
        let (out, back) = (dialled(out), back.map(dialled));
        Reach { member, peer: PeerId([1; 32]), is_linked, out, back, program: String::new() }
    }

    /// One line for each verdict about two nodes.
    #[test]
    fn each_way_in_which_two_nodes_reach_each_other_has_its_name() {
        use Outcome::*;
        let (up, down): (&[_], &[_]) = (&[(TCP, Reached)], &[(TCP, Silent)]);
        let (blocked, stolen): (&[_], &[_]) = (&[(QUIC, Silent), (TCP, Reached)], &[(TCP, Stranger)]);
        let table = [
            (reach(true, up, Some(up)), vec!["BothDial"]),
            (reach(true, up, Some(down)), vec!["OneDials"]),
            (reach(true, up, None), vec!["BackUnchecked"]),
            (reach(true, down, Some(up)), vec!["OneDials"]),
            (reach(true, &[], Some(up)), vec!["OneDials"]),
            (reach(true, down, Some(down)), vec!["NobodyRedials"]),
            (reach(false, up, None), vec!["NotTalking"]),
            (reach(false, down, None), vec!["Unreachable"]),
            (reach(false, &[], None), vec!["Unreachable"]),
            (reach(true, blocked, Some(up)), vec!["UdpBlocked", "BothDial"]),
            (reach(true, up, Some(blocked)), vec!["UdpBlocked", "BothDial"]),
            (reach(false, stolen, None), vec!["WrongNode", "Unreachable"]),
        ];
        for (reach, expected) in table {
            assert_eq!(codes(&judge_reach(&reach)), expected, "{reach:?}");
        }
    }

    /// One line for each way in which a member stands: what it goes by, its epoch, its card of ours, what is found.
    #[test]
    fn a_member_that_goes_by_another_version_or_lacks_the_newest_card_is_named() {
        let [ours, other] = [ManifestId([1; 32]), ManifestId([2; 32])];
        let table = [
            (Some(ours), Some(Epoch(3)), Some(CardNumber(2)), vec!["OneEpoch"]),
            (Some(other), Some(Epoch(2)), Some(CardNumber(2)), vec!["EpochDiffers"]),
            (Some(other), Some(Epoch(3)), Some(CardNumber(2)), vec!["EpochDiffers"]),
            (Some(other), None, Some(CardNumber(2)), vec!["EpochDiffers"]),
            (Some(ours), Some(Epoch(3)), Some(CardNumber(1)), vec!["OneEpoch", "CardBehind"]),
            (Some(ours), Some(Epoch(3)), None, vec!["OneEpoch", "CardBehind"]),
            (None, None, None, vec![]),
        ];
        for (manifest, epoch, card, expected) in table {
            let held = held(ours, PeerStatus { manifest, epoch, card, ..peer() });
            assert_eq!(codes(&versions(&held, CardNumber(2))), expected, "{manifest:?} {epoch:?} {card:?}");
        }
        let silent = PeerStatus { is_linked: false, manifest: Some(other), ..peer() };
        assert!(
            versions(&held(ours, silent), CardNumber(2)).is_empty(),
            "who does not answer may have moved on"
        );
    }

    fn peer() -> PeerStatus {
        PeerStatus {
            member: "220000".parse().expect("a member code"),
            name: String::new(),
            is_paused: false,
            is_shut_out: false,
            nodes: Default::default(),
            connected: None,
            program: String::new(),
            manifest: None,
            epoch: None,
            card: None,
            is_linked: true,
            skew_ms: None,
            behind: Default::default(),
            ahead: Default::default(),
            rejects: Default::default(),
        }
    }

    /// An agreement whose third version is in force.
    fn held(manifest: ManifestId, peer: PeerStatus) -> AgreementStatus {
        let in_force = ManifestStatus {
            manifest,
            epoch: Epoch(3),
            title: "T".to_owned(),
            fingerprint: String::new(),
            stage: Stage::InForce,
            opinions: Vec::new(),
            missing: Vec::new(),
            lacking: 0,
            bar: None,
        };
        AgreementStatus {
            agreement: AgreementId([7; 32]),
            epoch: Epoch(3),
            state: AgreementState::Open,
            title: "T".to_owned(),
            fingerprint: String::new(),
            valid_until: Millis(0),
            is_valid: true,
            unconfirmed: None,
            peers: vec![peer],
            streams: Vec::new(),
            manifests: vec![in_force],
        }
    }

    #[test]
    fn another_version_is_named_and_another_program_is_not_judged() {
        let with = |program: &str| {
            let reach = Reach { program: program.to_owned(), ..reach(true, &[], None) };
            version(&reach, "0.1.0").is_some()
        };
        let table = [("xietong/0.2.0", true), ("xietong/0.1.0", false), ("other/1", false)];
        assert!(table.iter().all(|(program, expected)| with(program) == *expected));
        assert!(!with(""));
    }
}
