//! What an operator may know of replication: peers, heads, lag, and what was refused.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use xietong_proto::epochs::{Bar, Stage, Standing};
use xietong_proto::id::*;
use xietong_proto::manifest::Manifest;
use xietong_proto::opinion::{OpinionFields, Stance};
use xietong_proto::stream::{Audience, Stream};

use super::Replica;
use super::agreement::Agreement;
use super::confirm::Unconfirmed;
use super::io::Now;

/// One agreement as seen from here.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AgreementStatus {
    /// Its id.
    pub agreement: AgreementId,
    /// The version in force, by number.
    pub epoch: Epoch,
    /// Whether members write under it, and if not, why.
    pub state: AgreementState,
    /// What people call it.
    pub title: String,
    /// What is read out.
    pub fingerprint: String,
    /// Until when members author.
    pub valid_until: Millis,
    /// Whether they may now.
    pub is_valid: bool,
    /// What is missing before anything is authored (P28); none once it is confirmed.
    pub unconfirmed: Option<Unconfirmed>,
    /// The other members.
    pub peers: Vec<PeerStatus>,
    /// The streams held here.
    pub streams: Vec<StreamStatus>,
    /// Every version that is known, in order of epoch: in force before and now, waiting, set aside.
    pub manifests: Vec<ManifestStatus>,
}

/// Whether members write under an agreement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "code")]
pub enum AgreementState {
    /// They do.
    Open,
    /// This member has been removed: what it holds can be read.
    Left,
    /// One of two members has withdrawn.
    Closed { by: MemberCode },
    /// Somebody has signed for two versions: nobody writes before another one reconciles them.
    Split { rivals: Vec<ManifestId>, by: Vec<MemberCode> },
}

/// One version of an agreement, and what members have said of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ManifestStatus {
    /// Its id.
    pub manifest: ManifestId,
    /// Its number.
    pub epoch: Epoch,
    /// What people call it.
    pub title: String,
    /// What is read out.
    pub fingerprint: String,
    /// How far it has come.
    pub stage: Stage,
    /// What has been said of it, in the order of the times that members claim.
    pub opinions: Vec<OpinionStatus>,
    /// Who has said nothing yet, of those whose approval brings it into force soonest.
    pub missing: Vec<MemberCode>,
    /// How many of them are needed.
    pub lacking: u64,
    /// Whether this member may approve it; if not, why.
    pub bar: Option<Bar>,
}

/// What one member has said.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OpinionStatus {
    /// Who.
    pub member: MemberCode,
    /// What.
    pub stance: Stance,
    /// When, as it says.
    pub time: Millis,
    /// Why; perhaps empty.
    pub reason: String,
}

/// Another member in one agreement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PeerStatus {
    /// Its code.
    pub member: MemberCode,
    /// Its name.
    pub name: String,
    /// Whether the operator took it off the network.
    pub is_paused: bool,
    /// Whether it offended too often lately, and is not let in for a while.
    pub is_shut_out: bool,
    /// Its nodes by transport key, and where each may be found, best first.
    pub nodes: BTreeMap<PeerId, Vec<String>>,
    /// Through which address a connection stands, and since when.
    pub connected: Option<(String, Millis)>,
    /// What program it says it runs, such as `xietong/0.1.0`; empty if it has not.
    #[serde(default)]
    pub program: String,
    /// By which version it goes, as far as it has said with hello or a receipt.
    #[serde(default)]
    pub manifest: Option<ManifestId>,
    /// The number of that version; none if it is not known here.
    #[serde(default)]
    pub epoch: Option<Epoch>,
    /// Our newest card that it has shown on its link.
    #[serde(default)]
    pub card: Option<CardNumber>,
    /// Whether it speaks with us about this agreement.
    pub is_linked: bool,
    /// Its clock minus ours at hello, in milliseconds.
    pub skew_ms: Option<i64>,
    /// Entries of ours that it has not shown to hold, by system.
    pub behind: BTreeMap<System, u64>,
    /// Entries of its own that we have not got, by system.
    pub ahead: BTreeMap<System, u64>,
    /// Refusals by rule since start.
    pub rejects: BTreeMap<String, u64>,
}

/// One stream of an agreement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StreamStatus {
    /// Its author.
    pub author: MemberCode,
    /// Its system.
    pub system: System,
    /// The newest position held.
    pub position: Position,
    /// The id there.
    pub head: EntryId,
    /// How far it is folded into the rows.
    pub folded: Position,
    /// Whether it was given up: of what the rows do not need heads alone are here (P50).
    #[serde(default)]
    pub is_purged: bool,
    /// Where two entries claim one place.
    pub forked_at: Option<Position>,
    /// How far each member has signed that it holds it (P34).
    pub held_by: BTreeMap<MemberCode, Position>,
}

impl Replica {
    /// All agreements as seen from here.
    pub fn status(&self, now: Now) -> Vec<AgreementStatus> {
        self.agreements.keys().filter_map(|id| self.agreement_status(*id, now)).collect()
    }

    /// Whether the operator took the whole node off the network.
    pub fn is_paused(&self) -> bool {
        self.paused.is_all()
    }

    /// How often somebody who stands on no roster was turned away since the start.
    pub fn strangers(&self) -> u64 {
        self.strangers
    }

    /// How far a member has shown on its link that it holds a stream; none without a link.
    pub fn told(&self, stream: &Stream, member: MemberCode) -> Option<Position> {
        let link = self.links.values().find(|link| link.greeted() == Some((stream.agreement, member)))?;
        Some(link.shown(stream))
    }

    fn agreement_status(&self, id: AgreementId, now: Now) -> Option<AgreementStatus> {
        let held = self.agreements.get(&id)?;
        let manifest = held.manifest();
        let others = manifest.fields.members.iter().filter(|member| member.code != self.me.code());
        Some(AgreementStatus {
            agreement: id,
            title: manifest.fields.title.clone(),
            fingerprint: manifest.fingerprint(),
            epoch: manifest.fields.epoch,
            state: self.state(held),
            valid_until: manifest.fields.valid_until,
            is_valid: manifest.is_valid_at(now.wall),
            unconfirmed: self.unconfirmed(id),
            peers: others.map(|member| self.peer_status(id, member.code, &member.name, now)).collect(),
            streams: self.stream_statuses(id),
            manifests: held.epochs().manifests().filter_map(|of| self.manifest_status(held, of)).collect(),
        })
    }

    fn state(&self, held: &Agreement) -> AgreementState {
        match held.epochs().standing() {
            Standing::Closed { by, .. } => AgreementState::Closed { by: *by },
            Standing::Split { rivals, by, .. } => AgreementState::Split {
                rivals: rivals.iter().copied().collect(),
                by: by.iter().copied().collect(),
            },
            Standing::Proposed | Standing::InForce(_) => {
                let is_member = held.manifest().member(self.me.code()).is_some();
                if is_member { AgreementState::Open } else { AgreementState::Left }
            }
        }
    }

    fn manifest_status(&self, held: &Agreement, manifest: &Manifest) -> Option<ManifestStatus> {
        let (epochs, id) = (held.epochs(), manifest.id());
        let tally = epochs.tally(id)?;
        let opinion = |OpinionFields { stance, member, time, reason, .. }: &OpinionFields| OpinionStatus {
            member: *member,
            stance: *stance,
            time: *time,
            reason: reason.clone(),
        };
        let mut opinions: Vec<_> = epochs.opinions(id).map(|said| opinion(&said.fields)).collect();
        opinions.sort_by_key(|said| (said.time, said.member, said.stance));
        Some(ManifestStatus {
            manifest: id,
            epoch: manifest.fields.epoch,
            title: manifest.fields.title.clone(),
            fingerprint: manifest.fingerprint(),
            stage: tally.stage,
            opinions,
            missing: tally.missing.into_iter().collect(),
            lacking: tally.lacking as u64,
            bar: epochs.may(self.me.code(), Stance::Approves, id).err(),
        })
    }

    fn peer_status(&self, id: AgreementId, member: MemberCode, name: &str, now: Now) -> PeerStatus {
        let card = self.agreements.get(&id).and_then(|held| held.card(member));
        let peers = card.map(|card| card.fields.transport_keys.clone()).unwrap_or_default();
        let addresses = |peer: &PeerId| Some((*peer, self.addresses_of(&card?.fields, *peer)));
        let connection = peers.iter().find_map(|peer| self.connections.to(*peer));
        let link = self.links.values().find(|link| link.greeted() == Some((id, member)));
        let is_own = |stream: &Stream, author| stream.agreement == id && stream.author == author;
        let epoch = |of: ManifestId| Some(self.agreements.get(&id)?.epochs().manifest(of)?.fields.epoch);
        // What it has said on its link may be newer than its receipt, or older; what is not known here is newer.
        let said = [link.and_then(|link| link.manifest), self.cited_by(id, member)].into_iter().flatten();
        let manifest = said.max_by_key(|of| epoch(*of).map_or((true, Epoch(0)), |epoch| (false, epoch)));
        let mut status = PeerStatus {
            member,
            name: name.to_owned(),
            is_paused: self.paused.has(member),
            is_shut_out: peers.iter().any(|peer| self.offences.shuts_out(*peer)),
            nodes: peers.iter().filter_map(addresses).collect(),
            connected: connection.map(|connection| (connection.address.clone(), connection.since)),
            program: connection.map(|connection| connection.program.clone()).unwrap_or_default(),
            manifest,
            epoch: manifest.and_then(epoch),
            card: link.and_then(|link| link.card),
            is_linked: link.is_some(),
            skew_ms: link.map(|link| link.skew_ms(now)),
            behind: BTreeMap::new(),
            ahead: BTreeMap::new(),
            rejects: BTreeMap::new(),
        };
        for (rule, count) in peers.iter().flat_map(|peer| self.offences.refused(*peer)) {
            *status.rejects.entry(rule.to_owned()).or_default() += count;
        }
        let Some(link) = link else { return status };
        let own = self.logs.heads().filter(|(stream, _)| is_own(stream, self.me.code()));
        for (stream, head) in own.filter(|(stream, _)| stream.is_for(member)) {
            let lag = head.position.0.saturating_sub(link.shown(stream).0);
            *status.behind.entry(stream.system).or_default() += lag;
        }
        for (stream, shown) in link.shown.iter().filter(|(stream, _)| is_own(stream, member)) {
            let lag = shown.0.saturating_sub(self.logs.head(stream).position.0);
            *status.ahead.entry(stream.system).or_default() += lag;
        }
        status
    }

    fn stream_statuses(&self, id: AgreementId) -> Vec<StreamStatus> {
        let streams = self.logs.heads();
        let of_agreement =
            streams.filter(|(stream, _)| stream.agreement == id && stream.audience == Audience::Agreement);
        of_agreement
            .map(|(stream, head)| StreamStatus {
                author: stream.author,
                system: stream.system,
                position: head.position,
                head: head.id,
                folded: self.logs.folded(stream),
                is_purged: self.is_purged(stream),
                forked_at: self.logs.forked_at(stream),
                held_by: self.receipted(stream),
            })
            .collect()
    }
}
