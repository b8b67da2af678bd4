//! Vehicles pass from member to member, while the network is cut and nodes crash. What must hold: a vehicle is never
//! owned twice nor by nobody, whoever has heard what; and nobody lists what it has handed over.

use std::collections::BTreeMap;

use rand::RngExt;
use xietong::machine::{Answer, Command};
use xietong::store::Store;
use xietong::systems::handover::join::{Fact, Standing, State, Thing, What, join};
use xietong::systems::handover::{Handover, Stage, Step, facts, list};
use xietong::systems::number::{number_text, parse_number, register_ids};
use xietong::systems::query;
use xietong::systems::shown::listings;
use xietong::systems::vehicles::Vehicles;
use xietong::systems::vehicles::rules::VehicleRules;
use xietong::systems::{self, Kind, register};
use xietong_proto::id::*;

use super::invariants::{Violation, has_left, honest, is_honest, may_fork};
use super::network::Place;
use super::node::Node;
use super::world::{World, agreements_of};

impl World {
    /// An operator hands a vehicle over, answers, or takes one back.
    pub(super) fn hand_over(&mut self, place: Place) -> Result<(), Violation> {
        if self.nodes[place].machine.is_none() {
            return Ok(());
        }
        let Some((id, step)) = self.answer(place).or_else(|| self.out(place)) else { return Ok(()) };
        if let Step::In { own } = &step {
            self.take_up(place, &own.clone())?;
        }
        self.note(&format!("{place} {id} {step:?}"));
        let taken = if let Step::In { own } = &step { Some(own.clone()) } else { None };
        // Of one that was declined nothing can tell whether its addressee has left.
        let is_silent = |of: &Handover| of.id == id && of.state == Stage::Out;
        let is_back = step == Step::Reclaim && self.open_handovers(place).iter().any(is_silent);
        let command = systems::Command::HandOver { kind: Kind::Vehicles, id, step };
        let (wishes, answer) = self.nodes[place].ask(self.now_ms, Command::Data(command));
        let is_done = matches!(answer, Some(Answer::Data(_)));
        if let Some(vin) = taken.filter(|_| is_done) {
            self.tally.passed += 1;
            self.fleets[place].keep(vin);
        }
        self.tally.taken_back += u64::from(is_back && is_done);
        self.grant(place, wishes)
    }

    /// Some listed vehicle to some member.
    fn out(&mut self, place: Place) -> Option<(String, Step)> {
        let node = &self.nodes[place];
        let me = node.me.code();
        let mut own = listings::<Vehicles>(node.store.rows(), None);
        own.retain(|(owner, _)| *owner == me);
        let (_, listing) = own.get(self.rng.random_range(0..own.len().max(1)))?;
        let to = self.keys[self.rng.random_range(0..self.keys.len())].me().code();
        let id = number_text(me, Kind::Vehicles, listing.number);
        (to != me).then_some((id, Step::Out { to, plate_surrendered: None }))
    }

    /// What may be said of one that is open, or sometimes what may not.
    fn answer(&mut self, place: Place) -> Option<(String, Step)> {
        let (me, open) = (self.nodes[place].me.code(), self.open_handovers(place));
        let handover = open.get(self.rng.random_range(0..open.len().max(1)))?.clone();
        let step = match (handover.from == me, self.rng.random_range(0..10)) {
            (true, _) => Step::Reclaim,
            (false, 0..3) => Step::Decline { reason: String::new() },
            (false, _) => Step::In { own: self.vin_of(&handover.id)? },
        };
        Some((handover.id, step))
    }

    /// What a member has handed over, or is to answer.
    pub(super) fn open_handovers(&self, place: Place) -> Vec<Handover> {
        let node = &self.nodes[place];
        let mut open = list(node.store.rows(), Kind::Vehicles, &VehicleRules::shipped().registration);
        open.retain(|handover| [handover.from, handover.to].contains(&node.me.code()));
        open.retain(|handover| [Stage::Out, Stage::Declined].contains(&handover.state));
        open
    }

    /// Which vehicle it is, as people tell each other.
    fn vin_of(&self, id: &str) -> Option<String> {
        let (owner, _) = parse_number(Kind::Vehicles, id)?;
        let holder = self.nodes.iter().find(|node| node.me.code() == owner)?;
        register_ids(holder.store.rows(), Kind::Vehicles, owner, &[id.to_owned()]).ok()?.pop()
    }

    /// The vehicle gets a row in the register of whoever takes it in.
    fn take_up(&mut self, place: Place, vin: &str) -> Result<(), Violation> {
        let rows = self.nodes[place].store.rows();
        if register::get::<Vehicles>(rows, vin).is_some() {
            return Ok(());
        }
        let command = self.fleets[place].take_up(vin);
        let (wishes, answer) = self.nodes[place].ask(self.now_ms, Command::Data(command));
        self.fleets[place].learn(answer, &mut self.nodes[place].acknowledged);
        self.grant(place, wishes)
    }
}

/// Nobody lists what it handed over: no listing was said behind an *out* while the thing is not its author's. Looked up in
/// what the members said, as one of them knows it that has not left. What was listed because it came back may be on its way
/// again since a version cut away the answer, or the *out* by which it came (P38): in the end nobody lists that either.
pub fn listed_by_owners(world: &World, place: Place, is_end: bool) -> Result<(), Violation> {
    let node = &world.nodes[place];
    if node.machine.is_none() || node.forgets_outs() {
        return Ok(());
    }
    let rows = node.store.rows();
    let hears = |agreement: &AgreementId| !has_left(world, *agreement, node.me.code());
    for agreement in agreements_of(world, node.me.code()).into_iter().filter(hears) {
        let all = facts(rows, agreement, Kind::Vehicles);
        // Of one thing the last counts: what lies behind it.
        let outs: BTreeMap<Thing, Fact> =
            all.iter().filter_map(|fact| Some((thing_of(fact)?, *fact))).collect();
        for (thing, out) in outs.into_iter().filter(|(thing, _)| !may_fork(world, thing.owner)) {
            let standing = join(thing, &all);
            let id = number_text(thing.owner, Kind::Vehicles, thing.number);
            let is_behind = |listed: &query::Place| {
                listed.agreement == agreement
                    && (listed.position, listed.index) > (out.at.position, out.at.index)
            };
            let is_gone = standing.owner != thing || standing.state != State::Kept;
            let was_back = |fact: &Fact| match fact.what {
                What::Reclaim { out: cited, .. } => fact.by == thing.owner && out.cite() == Some(cited),
                What::In { number, .. } => (fact.by, number) == (thing.owner, thing.number),
                What::Out { .. } | What::Decline { .. } => false,
            };
            if is_gone
                && (is_end || !all.iter().any(was_back))
                && query::places(rows, node.me.code(), &id).iter().any(is_behind)
            {
                return Err(Violation::ListedWhenGone { owner: thing.owner, id });
            }
        }
    }
    Ok(())
}

/// The same in the end, by what each member knows that must hold all by then: not by what a member that runs twice has.
pub fn listed_by_owners_in_the_end(world: &World) -> Result<(), Violation> {
    let mut sound = (0..world.nodes.len()).filter(|place| is_honest(world, world.nodes[*place].me.code()));
    sound.try_for_each(|place| listed_by_owners(world, place, true))
}

fn thing_of(fact: &Fact) -> Option<Thing> {
    match fact.what {
        What::Out { number, .. } => Some(Thing { owner: fact.by, number }),
        What::In { .. } | What::Decline { .. } | What::Reclaim { .. } => None,
    }
}

/// In the end every vehicle that was ever listed has one owner, by what each member itself goes by, and nobody else lists it.
/// One that went through the hands of a member that may have said two things at one place is left out: its verdicts are
/// those of its branch. So is one that went through the hands of who has left and hears nothing any more.
pub fn owned_once(world: &World) -> Result<(), Violation> {
    let is_in = |code: MemberCode| world.agreements.iter().all(|held| !has_left(world, held.id(), code));
    let is_sound =
        |node: &&Node| node.machine.is_some() && !may_fork(world, node.me.code()) && is_in(node.me.code());
    let sound: Vec<&Node> = honest(world).filter(is_sound).collect();
    for (place, fleet) in world.fleets.iter().enumerate() {
        let first = world.nodes[place].me.code();
        let Some(node) = sound.iter().find(|node| node.me.code() == first) else { continue };
        for vin in fleet.founded() {
            let Some(first) = thing(node, &vin) else { continue };
            let mut hands = standings(world, node, first).into_iter().flat_map(|standing| standing.passed);
            if hands.any(|(_, to)| sound.iter().all(|node| node.me.code() != to.owner)) {
                continue;
            }
            let owners = sound.iter().filter(|node| owns(world, node, first, &vin));
            let owners: Vec<MemberCode> = owners.map(|node| node.me.code()).collect();
            if owners.len() != 1 {
                return Err(Violation::NotOneOwner { vin, owners });
            }
            let lists = |node: &&&Node| {
                let id = thing(node, &vin).map(|own| number_text(own.owner, Kind::Vehicles, own.number));
                id.is_some_and(|id| !query::places(node.store.rows(), node.me.code(), &id).is_empty())
            };
            let mut others = sound.iter().filter(lists).map(|node| node.me.code());
            if let Some(owner) = others.find(|code| !owners.contains(code)) {
                return Err(Violation::ListedWhenGone { owner, id: vin });
            }
        }
    }
    Ok(())
}

/// Whether a member owns a vehicle by all it knows: followed from its first owner it stands with this one.
fn owns(world: &World, node: &Node, first: Thing, vin: &str) -> bool {
    let Some(own) = thing(node, vin) else { return false };
    let standings = standings(world, node, first);
    if own == first {
        standings.iter().all(|standing| standing.owner == own)
    } else {
        standings.iter().any(|standing| standing.owner == own)
    }
}

fn standings(world: &World, node: &Node, thing: Thing) -> Vec<Standing> {
    let rows = node.store.rows();
    let under = |agreement| join(thing, &facts(rows, agreement, Kind::Vehicles));
    agreements_of(world, node.me.code()).into_iter().map(under).collect()
}

/// A vehicle by a member's own number.
fn thing(node: &Node, vin: &str) -> Option<Thing> {
    let number = register::number(node.store.rows(), System::VEHICLES, vin)?;
    Some(Thing { owner: node.me.code(), number })
}
