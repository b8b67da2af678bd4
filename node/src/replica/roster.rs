//! Who may connect and where to find them: the members' cards, what they said of themselves since, and what
//! the operator says (P27).

use std::collections::{BTreeMap, BTreeSet};

use xietong_proto::card::CardFields;
use xietong_proto::id::*;

use super::Replica;
use super::agreement::Agreement;
use super::io::Roster;
use super::link::Link;

/// Processes of one peer that are remembered.
const INSTANCES_MAX: usize = 8;

/// The connections that stand, and what peers said about themselves.
#[derive(Clone, Debug, Default)]
pub struct Connections {
    standing: BTreeMap<PeerId, Connection>,
    /// Addresses from hellos, newer than those on cards.
    told: BTreeMap<PeerId, Vec<String>>,
    /// Processes that said hello with one key, and when each did first, on the monotonic clock.
    instances: BTreeMap<PeerId, BTreeMap<u64, u64>>,
}

/// One peer to whom a connection stands.
#[derive(Clone, Debug)]
pub struct Connection {
    /// Through which address.
    pub address: String,
    /// Since when.
    pub since: Millis,
    /// What program the peer says it runs; empty until it has.
    pub program: String,
}

impl Connections {
    /// A connection stands.
    pub fn add(&mut self, peer: PeerId, connection: Connection) {
        self.standing.insert(peer, connection);
    }

    /// A peer says what program it runs.
    pub fn note_program(&mut self, peer: PeerId, program: String) {
        if let Some(connection) = self.standing.get_mut(&peer) {
            connection.program = program;
        }
    }

    /// None stands any more.
    pub fn remove(&mut self, peer: PeerId) {
        self.standing.remove(&peer);
    }

    /// To whom connections stand.
    pub fn peers(&self) -> impl Iterator<Item = PeerId> {
        self.standing.keys().copied()
    }

    /// The connection to a peer.
    pub fn to(&self, peer: PeerId) -> Option<&Connection> {
        self.standing.get(&peer)
    }

    /// A process of a peer says hello: when it did first.
    pub fn greet(&mut self, peer: PeerId, instance: u64, now_ms: u64) -> u64 {
        let seen = self.instances.entry(peer).or_default();
        if seen.len() >= INSTANCES_MAX && !seen.contains_key(&instance) {
            seen.clear();
        }
        *seen.entry(instance).or_insert(now_ms)
    }

    /// Remembers where a peer says it can be dialled; says whether that is news.
    pub fn tell(&mut self, peer: PeerId, addresses: Vec<String>) -> bool {
        if addresses.is_empty() || self.told.get(&peer) == Some(&addresses) {
            return false;
        }
        self.told.insert(peer, addresses);
        true
    }
}

/// Whom the operator has taken off the network.
#[derive(Clone, Debug, Default)]
pub struct Paused {
    all: bool,
    members: BTreeSet<MemberCode>,
}

impl Paused {
    /// Pauses or resumes one member, or all.
    pub fn set(&mut self, member: Option<MemberCode>, paused: bool) {
        match (member, paused) {
            (Some(member), true) => drop(self.members.insert(member)),
            (Some(member), false) => drop(self.members.remove(&member)),
            (None, true) => self.all = true,
            (None, false) => *self = Self::default(),
        }
    }

    /// Whether nothing is exchanged with a member.
    pub fn has(&self, member: MemberCode) -> bool {
        self.all || self.members.contains(&member)
    }

    /// Whether the whole node is off the network.
    pub fn is_all(&self) -> bool {
        self.all
    }
}

impl Replica {
    /// Peers of links that stay for a moment although they are no members any more.
    fn lingering(&self) -> impl Iterator<Item = PeerId> {
        let is_over = |link: &&Link| {
            let about = link.greeted().filter(|(_, member)| !self.paused.has(*member));
            about.is_some_and(|(id, member)| self.partner(id, link.peer) != Some(member))
        };
        self.links.values().filter(is_over).map(|link| link.peer)
    }

    /// All peers that an agreement names, the operator has not paused and who behave; of ours only other members'
    /// nodes.
    pub(super) fn roster(&self) -> Roster {
        let mut roster = Roster { peers: self.lingering().map(|peer| (peer, Vec::new())).collect() };
        let is_in = |held: &&Agreement| held.manifest().member(self.me.code()).is_some();
        let cards = self.agreements.values().filter(is_in).flat_map(|agreement| agreement.cards());
        for fields in cards.map(|card| &card.fields) {
            if fields.code == self.me.code() || self.paused.has(fields.code) {
                continue;
            }
            for peer in fields.transport_keys.iter().filter(|peer| !self.offences.shuts_out(**peer)) {
                roster.peers.insert(*peer, self.addresses_of(fields, *peer));
            }
        }
        roster
    }

    /// Where a node of a member may be found: what the operator says, then what it told itself, then its card.
    pub(super) fn addresses_of(&self, fields: &CardFields, peer: PeerId) -> Vec<String> {
        let overrides = self.settings.address_overrides.get(&fields.code);
        let told = self.connections.told.get(&peer);
        let mut addresses: Vec<String> = Vec::new();
        for address in [overrides, told, Some(&fields.addresses)].into_iter().flatten().flatten() {
            if !addresses.contains(address) {
                addresses.push(address.clone());
            }
        }
        addresses
    }
}
