//! What an operator may know of replication: peers, heads, lag, and what was refused.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use xietong_proto::id::*;
use xietong_proto::stream::{Audience, Stream};

use super::Replica;
use super::confirm::Unconfirmed;
use super::io::Now;

/// One agreement as seen from here.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AgreementStatus {
    /// Its id.
    pub agreement: AgreementId,
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
        let manifest = self.agreements.get(&id)?.manifest();
        let others = manifest.fields.members.iter().filter(|member| member.code != self.me.code());
        Some(AgreementStatus {
            agreement: id,
            title: manifest.fields.title.clone(),
            fingerprint: manifest.fingerprint(),
            valid_until: manifest.fields.valid_until,
            is_valid: manifest.is_valid_at(now.wall),
            unconfirmed: self.unconfirmed(id),
            peers: others.map(|member| self.peer_status(id, member.code, &member.name, now)).collect(),
            streams: self.stream_statuses(id),
        })
    }

    fn peer_status(&self, id: AgreementId, member: MemberCode, name: &str, now: Now) -> PeerStatus {
        let cards = self.agreements.get(&id).into_iter().flat_map(|agreement| agreement.cards());
        let card = cards.into_iter().find(|card| card.fields.code == member);
        let peers = card.map(|card| card.fields.transport_keys.clone()).unwrap_or_default();
        let addresses = |peer: &PeerId| Some((*peer, self.addresses_of(&card?.fields, *peer)));
        let connection = peers.iter().find_map(|peer| self.connections.to(*peer));
        let link = self.links.values().find(|link| link.greeted() == Some((id, member)));
        let is_own = |stream: &Stream, author| stream.agreement == id && stream.author == author;
        let mut status = PeerStatus {
            member,
            name: name.to_owned(),
            is_paused: self.paused.has(member),
            is_shut_out: peers.iter().any(|peer| self.offences.shuts_out(*peer)),
            nodes: peers.iter().filter_map(addresses).collect(),
            connected: connection.map(|connection| (connection.address.clone(), connection.since)),
            program: connection.map(|connection| connection.program.clone()).unwrap_or_default(),
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
                forked_at: self.logs.forked_at(stream),
                held_by: self.receipted(stream),
            })
            .collect()
    }
}
