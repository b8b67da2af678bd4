//! A member whose node was cloned while it ran: two nodes with the same keys, each going on as if it were the
//! only one. Every other node meets one of the two at a time.

use rand::RngExt;
use xietong::machine::Command;
use xietong_proto::id::*;

use super::invariants::Violation;
use super::network::Place;
use super::world::World;

/// One member, two nodes.
#[derive(Clone, Copy, Debug)]
pub struct Twins {
    pub first: Place,
    pub second: Place,
    pub code: MemberCode,
}

impl Twins {
    /// Whether a node is one of the two.
    pub fn has(&self, place: Place) -> bool {
        place == self.first || place == self.second
    }
}

impl World {
    /// The clone starts, from the disk of the first; or a node meets the other one of the two.
    pub(super) fn turn_face(&mut self, place: Place) -> Result<(), Violation> {
        let Some(twins @ Twins { first, second, .. }) = self.twins else { return Ok(()) };
        if self.nodes[second].store.is_empty() {
            self.note(&format!("{first} is cloned as {second}"));
            self.nodes[second].store = self.nodes[first].store.clone().crash();
            self.nodes[second].acknowledged = self.nodes[first].acknowledged.clone();
            self.fleets[second] = self.fleets[first].clone();
            for other in first + 1..second {
                let sees_clone = self.rng.random_bool(0.5);
                self.show_face(twins, other, sees_clone);
            }
            self.start(second)?;
            // Both go on as if nobody else knew of them.
            for place in [first, second] {
                for other in first + 1..second {
                    let member = self.nodes[other].me.code();
                    let (wishes, _) =
                        self.nodes[place].ask(self.now_ms, Command::Excuse { member, excused: true });
                    self.grant(place, wishes)?;
                }
            }
            return Ok(());
        }
        if !twins.has(place) {
            let sees_clone = self.rng.random_bool(0.5);
            self.note(&format!("{place} meets the clone: {sees_clone}"));
            self.show_face(twins, place, sees_clone);
        }
        Ok(())
    }

    fn show_face(&mut self, twins: Twins, other: Place, sees_clone: bool) {
        self.network.part(twins.first, other, true);
        self.network.part(twins.second, other, true);
        self.reconnect();
        let seen = if sees_clone { twins.second } else { twins.first };
        self.network.part(seen, other, false);
        self.reconnect();
    }

    /// Whoever has two nodes is met as one of them, or not at all any more: then nobody waits for it.
    pub(super) fn settle_twins(&mut self) -> Result<(), Violation> {
        let is_cloned = |twins: &Twins| !self.nodes[twins.second].store.is_empty();
        let Some(twins) = self.twins.filter(is_cloned) else { return Ok(()) };
        for other in twins.first + 1..twins.second {
            let sees_clone = self.rng.random_bool(0.5);
            self.show_face(twins, other, sees_clone);
        }
        self.are_off = self.rng.random_bool(0.5);
        if !self.are_off {
            return Ok(());
        }
        for place in [twins.first, twins.second] {
            self.note(&format!("{place} is switched off"));
            self.nodes[place].crash();
            let places = self.nodes.len();
            self.network.drop_node(&mut self.rng, self.now_ms, place, places);
        }
        self.reconnect();
        Ok(())
    }

    /// Nobody waits any more for who is switched off.
    pub(super) fn excuse_twins(&mut self) -> Result<(), Violation> {
        let Some(twins) = self.twins.filter(|_| self.are_off) else { return Ok(()) };
        for other in twins.first + 1..twins.second {
            let command = Command::Excuse { member: twins.code, excused: true };
            let (wishes, _) = self.nodes[other].ask(self.now_ms, command);
            self.grant(other, wishes)?;
        }
        Ok(())
    }
}
