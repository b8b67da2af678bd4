//! The world: nodes, a network, a clock, and a fate drawn from the seed. It lets things happen one by one,
//! checks the invariants after each, then heals everything and waits until nothing moves any more.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use xietong::machine::Command;
use xietong::replica::Settings;
use xietong::replica::agreement::Agreement;
use xietong::replica::io::NetEvent;
use xietong::replica::room::Quota;
use xietong_proto::id::*;
use xietong_proto::presentation::Presentation;
use xietong_proto::reject::Reject;
use xietong_proto::stream::{Head, Stream};
use xietong_proto::sync::Frame;

use super::bookings;
use super::council::Council;
use super::deeds::{Backup, Bundle};
use super::handovers;
use super::invariants::{self, Violation};
use super::members::{Keys, agreement};
use super::mischief::Rogue;
use super::network::{Arrival, Network, Place, Weather};
use super::node::{Node, Wish};
use super::twins::Twins;
use super::workload::Fleet;
use super::{Fault, Figures, Trade};

/// Things that fate does in one run.
const DEEDS: u64 = 60;
/// So often everybody may do some work before time passes.
const ROUNDS_MAX: u64 = 10_000;
/// No run needs more events, whatever was lost: nodes that say more ask for the same again and again.
const STEPS_MAX: u64 = 50_000;
/// So long a stranger stays that is let in.
const STAY_MS: u64 = 30_000;
/// The world must come to rest within so many milliseconds after it was healed.
const REST_MS_MAX: u64 = 120_000;

/// Everything there is.
pub struct World {
    pub nodes: Vec<Node>,
    pub agreements: Vec<Agreement>,
    pub fleets: Vec<Fleet>,
    pub network: Network,
    pub rng: ChaCha8Rng,
    pub now_ms: u64,
    /// A member that runs twice with the same keys: its node, and from some time on a clone of it. Every other
    /// node sees one of the two at a time.
    pub twins: Option<Twins>,
    /// A member that approved and never installed a node.
    pub absent: Option<Place>,
    /// A member whose node is put back to an older state now and then.
    pub restored: Option<Backup>,
    /// Bundles that were carried between nodes, in worlds where hardly any network joins them.
    pub carried: Option<Vec<Bundle>>,
    /// A member that also does mischief.
    pub rogue: Option<Rogue>,
    /// Agreements are changed while they are lived by.
    pub council: Option<Council>,
    /// Members part from one to which a vehicle is on its way.
    pub parts: bool,
    /// The keys of every member, by place.
    pub keys: Vec<Keys>,
    /// Both were switched off in the end.
    pub are_off: bool,
    /// How far more than half of the others have signed for a stream, at any time.
    pub settled: BTreeMap<Stream, Head>,
    /// What operators do besides keeping registers.
    pub trade: Trade,
    shows_trace: bool,
    trace: DefaultHasher,
    pub tally: Figures,
}

impl World {
    /// Two to four nodes; all of them in one agreement, and often two or three in a second one.
    pub fn new(seed: u64, trade: Trade, fault: Fault, shows_trace: bool) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let has_twins = seed % 3 == 1;
        let parts = seed.is_multiple_of(6) && trade == Trade::Bookings;
        let count =
            if has_twins { rng.random_range(2..=5) } else { rng.random_range(2 + usize::from(parts)..=4) };
        let members: Vec<Keys> = (0..count).map(Keys::new).collect();
        let lives = seed.is_multiple_of(6) && trade == Trade::None;
        let quorum = |count: usize| if lives { count / 2 + 1 } else { count };
        let mut agreements = vec![agreement(&members, 1, quorum(count))];
        if count > 2 && rng.random_bool(0.7) {
            let some = rng.random_range(2..count);
            agreements.push(agreement(&members[..some], 2, quorum(some)));
        }
        let weather = Weather {
            loses: rng.random_range(0..100),
            repeats: rng.random_range(0..100),
            delay_ms_max: rng.random_range(5..500),
        };
        let offset_ms = |rng: &mut ChaCha8Rng| rng.random_range(-30_000..30_000);
        let mut node =
            |keys: &Keys| Node::new(keys.me(), keys.entry(), settings(), offset_ms(&mut rng), fault);
        let mut nodes: Vec<Node> = members.iter().map(&mut node).collect();
        let twins = has_twins.then(|| Twins { first: 0, second: count, code: members[0].me().code() });
        nodes.extend(twins.map(|_| node(&members[0])));
        Self {
            fleets: (0..nodes.len()).map(|place| Fleet::new(place % count)).collect(),
            nodes,
            agreements,
            twins,
            absent: (seed % 7 == 3 && !has_twins && !lives && count > 2).then_some(count - 1),
            restored: (seed % 6 == 3).then_some(Backup {
                place: 1,
                is_keys_alone: seed % 12 == 9 && trade == Trade::None,
                state: None,
            }),
            carried: (seed % 5 == 4 && !has_twins && trade == Trade::None).then(Vec::new),
            rogue: (seed % 3 == 2).then(|| Rogue::new(0)),
            are_off: false,
            parts,
            council: lives.then(|| Council::new(seed.is_multiple_of(12))),
            keys: members,
            settled: BTreeMap::new(),
            network: Network::new(weather),
            rng,
            now_ms: 0,
            trade,
            shows_trace,
            trace: DefaultHasher::new(),
            tally: Figures::default(),
        }
    }

    /// What has happened so far.
    pub fn figures(&self) -> Figures {
        let entries = self.nodes.iter().flat_map(|node| node.store.boot().heads.into_values());
        let entries = entries.map(|head| head.position.0).sum();
        let reported = self.nodes.iter().flat_map(|node| &node.reported);
        let unwritten = reported.filter(|reject| matches!(reject, Reject::Gap { .. })).count() as u64;
        Figures { entries, unwritten, lost: self.network.lost, trace: self.trace.finish(), ..self.tally }
    }

    /// Deeds of fate, then peace.
    pub fn run(&mut self) -> Result<Figures, Violation> {
        if self.carried.is_some() {
            let pairs = (0..self.nodes.len()).flat_map(|one| (0..one).map(move |other| (one, other)));
            pairs.for_each(|(one, other)| self.network.part(one, other, true));
        }
        for place in 0..self.members() {
            self.start(place)?;
            self.import(place)?;
            if self.rng.random_bool(0.7) || self.twins.is_some() {
                self.join(place)?;
            }
        }
        let deeds = match self.trade {
            Trade::None => DEEDS,
            // Vehicles first: the world is about who gets them.
            Trade::Bookings => {
                (0..self.members()).try_for_each(|place| self.import(place))?;
                3 * DEEDS
            }
        };
        for _ in 0..deeds {
            self.deed()?;
            invariants::settle(self);
            let pause_ms = self.rng.random_range(0..1_500);
            self.pass(pause_ms)?;
        }
        self.heal()?;
        self.rest()?;
        self.conclude()?;
        self.take_all_back()?;
        invariants::converged(self)?;
        bookings::settled_alike(self)?;
        handovers::listed_by_owners_in_the_end(self)?;
        handovers::owned_once(self)?;
        Ok(self.figures())
    }

    pub(super) fn start(&mut self, place: Place) -> Result<(), Violation> {
        if self.absent == Some(place) {
            return Ok(());
        }
        if self.twins.is_some_and(|twins| place == twins.second && self.nodes[place].store.is_empty()) {
            return Ok(());
        }
        self.note(&format!("{place} starts"));
        let wishes = self.nodes[place].start(self.now_ms);
        self.grant(place, wishes)
    }

    fn heal(&mut self) -> Result<(), Violation> {
        self.note("everything heals");
        self.network.heal();
        self.settle_twins()?;
        self.heal_nodes()?;
        self.excuse_twins()
    }

    fn heal_nodes(&mut self) -> Result<(), Violation> {
        self.rogue.iter_mut().for_each(|rogue| rogue.withholds = false);
        for place in 0..self.nodes.len() {
            if self.are_off && self.twins.is_some_and(|twins| twins.has(place)) {
                continue;
            }
            self.nodes[place].store.heal();
            if self.nodes[place].machine.is_none() {
                self.start(place)?;
            }
            self.nodes[place].clock_offset_ms = 0;
            let wishes = self.nodes[place].room(self.now_ms, u64::MAX);
            self.grant(place, wishes)?;
            let me = self.nodes[place].me.code();
            let command = Command::Pause { member: None, paused: false };
            let (wishes, _) = self.nodes[place].ask(self.now_ms, command);
            self.grant(place, wishes)?;
            let named = self.agreements.clone().into_iter();
            for agreement in named.filter(|held| held.manifest().member(me).is_some()) {
                let (wishes, _) = self.nodes[place].ask(self.now_ms, Command::Join(Box::new(agreement)));
                self.grant(place, wishes)?;
            }
        }
        Ok(())
    }

    /// Until all nodes hold the same, and still do a while later: who could say nothing before it was confirmed
    /// may move the world again. A world that never comes to rest is a violation.
    pub(super) fn rest(&mut self) -> Result<(), Violation> {
        let end_ms = self.now_ms + REST_MS_MAX;
        while self.now_ms < end_ms {
            self.pass(3_000)?;
            if !self.is_at_rest() {
                continue;
            }
            self.pass(6_000)?;
            if self.is_at_rest() {
                return Ok(());
            }
        }
        invariants::converged(self)
    }

    fn is_at_rest(&self) -> bool {
        let settled = self.nodes.iter().filter(|node| node.machine.is_some()).all(Node::is_settled);
        settled && invariants::converged(self).is_ok()
    }

    /// Lets time pass: arrivals, deadlines and idle work in order.
    pub(super) fn pass(&mut self, span_ms: u64) -> Result<(), Violation> {
        let until_ms = self.now_ms + span_ms;
        let mut rounds = 0;
        loop {
            let due = self.nodes.iter().filter_map(Node::due_ms).min();
            let work = self.nodes.iter().any(|node| node.machine.is_some() && !node.is_settled());
            let next_ms = [due, self.network.due_ms(), work.then_some(self.now_ms)];
            let next_ms = next_ms.into_iter().flatten().min().unwrap_or(until_ms).max(self.now_ms);
            if next_ms > until_ms || (next_ms == until_ms && !work) {
                self.now_ms = until_ms;
                return Ok(());
            }
            rounds = if next_ms == self.now_ms { rounds + 1 } else { 0 };
            if rounds > ROUNDS_MAX {
                return Err(invariants::busy(self, self.now_ms));
            }
            if self.tally.steps > STEPS_MAX {
                return Err(Violation::Chatter { steps: self.tally.steps });
            }
            self.now_ms = next_ms;
            while let Some((_, place, arrival)) = self.network.next(self.now_ms) {
                self.deliver(place, arrival)?;
            }
            for place in 0..self.nodes.len() {
                let wishes = self.nodes[place].idle(self.now_ms);
                self.grant(place, wishes)?;
            }
        }
    }

    fn deliver(&mut self, place: Place, arrival: Arrival) -> Result<(), Violation> {
        if self.nodes[place].machine.is_none() {
            return Ok(());
        }
        self.tally.steps += 1;
        let peer_of = |from: Place| self.nodes[from].me.peer;
        let event = match arrival {
            Arrival::Connected { from } => {
                NetEvent::Connected { peer: peer_of(from), address: format!("/memory/{from}") }
            }
            Arrival::Knock { from } => {
                NetEvent::Stranger { peer: peer_of(from), address: format!("/memory/{from}") }
            }
            Arrival::Guest { from } => NetEvent::Guest { peer: peer_of(from) },
            Arrival::Presented { from, bytes } => {
                let shown = Presentation::decode(&bytes).expect("it was made from one");
                NetEvent::Presented { peer: peer_of(from), shown: Box::new(shown) }
            }
            Arrival::Disconnected { from } => NetEvent::Disconnected { peer: peer_of(from) },
            Arrival::Opened { link, .. } => NetEvent::Opened { link },
            Arrival::Accepted { link, from } => NetEvent::Accepted { link, peer: peer_of(from) },
            Arrival::Closed { link } => NetEvent::Closed { link },
            Arrival::Bytes { link, bytes, .. } => self.nodes[place].receive(link, &bytes),
        };
        if let (NetEvent::Frame { frame: Frame::Want(_), .. }, Some(rogue)) = (&event, &self.rogue)
            && rogue.place == place
            && rogue.withholds
        {
            return Ok(());
        }
        let event = match event {
            NetEvent::Frame { link, frame: Frame::Want(want) } if self.nodes[place].serves_anything() => {
                let wishes = self.nodes[place].serve(link, want);
                return self.grant(place, wishes);
            }
            event => event,
        };
        self.note(&format!("{place} {}", invariants::name(&event)));
        let wishes = self.nodes[place].event(self.now_ms, event);
        self.grant(place, wishes)
    }

    /// Does in the world what a node wants, and checks what must hold after each of its steps.
    pub(super) fn grant(&mut self, place: Place, wishes: Vec<Wish>) -> Result<(), Violation> {
        for wish in wishes {
            match wish {
                Wish::Open { link, to } => {
                    let places = (0..self.nodes.len()).filter(|at| self.nodes[*at].me.peer == to);
                    let standing = places.max_by_key(|at| self.network.is_connected(place, *at));
                    if let Some(to) = standing {
                        self.network.open(&mut self.rng, self.now_ms, place, link, to);
                    }
                }
                Wish::Send { link, frame } => {
                    if let Some(to) = self.network.other_end(place, link) {
                        invariants::audience(self, place, to, &frame)?;
                        if let Some(rogue) = self.rogue.as_mut().filter(|rogue| rogue.place == place) {
                            rogue.capture(&frame);
                        }
                    }
                    self.network.send(&mut self.rng, self.now_ms, place, link, &frame);
                }
                Wish::Invite { peer } => {
                    self.nodes[place].invited.insert(peer, self.now_ms + STAY_MS);
                }
                Wish::Present { peer, shown } => {
                    for to in
                        (0..self.nodes.len()).filter(|at| self.nodes[*at].me.peer == peer).collect::<Vec<_>>()
                    {
                        invariants::presented(self, place, to, &shown)?;
                        self.network.present(&mut self.rng, self.now_ms, place, to, shown.encode());
                    }
                }
                Wish::ShutOut { peer } => {
                    self.tally.shut_out += 1;
                    invariants::shut_out(self, place, peer)?;
                }
                Wish::Close { link } => self.network.close(&mut self.rng, self.now_ms, place, link),
            }
        }
        if self.nodes[place].machine.is_none() {
            let places = self.nodes.len();
            self.network.drop_node(&mut self.rng, self.now_ms, place, places);
        }
        self.reconnect();
        invariants::durable(&self.nodes[place])?;
        invariants::unforked(self, place)?;
        invariants::receipted(self, place)?;
        invariants::disclosed(&self.nodes[place], self.now_ms)
    }

    /// How many members there are.
    fn members(&self) -> usize {
        self.twins.map_or(self.nodes.len(), |twins| twins.second)
    }

    pub(super) fn reconnect(&mut self) {
        let (nodes, now_ms) = (&self.nodes, self.now_ms);
        let door = |a: Place, b: Place| nodes[a].door(nodes[b].me.peer, now_ms);
        self.network.connect(&mut self.rng, now_ms, nodes.len(), door);
    }

    pub(super) fn note(&mut self, what: &str) {
        (self.now_ms, what).hash(&mut self.trace);
        if self.shows_trace {
            println!("{:>9} ms  {what}", self.now_ms);
        }
    }
}

fn settings() -> Settings {
    Settings {
        heads_interval_ms: 5_000,
        want_timeout_ms: 4_000,
        // Small, so that what is missing takes several requests, each answered in several parts.
        want_bytes: 2_000,
        shut_out_ms: 20_000,
        quota: Quota { member_bytes: u64::MAX, member_day_bytes: u64::MAX, reserve_bytes: 1_000 },
        addresses: Vec::new(),
        address_overrides: Default::default(),
    }
}

/// The agreements that name a member.
pub fn agreements_of(world: &World, member: MemberCode) -> BTreeSet<AgreementId> {
    let named = |held: &&Agreement| held.manifest().member(member).is_some();
    world.agreements.iter().filter(named).map(Agreement::id).collect()
}
