//! Members part from one to which a vehicle is on its way: it has not answered, and cannot any more (P38). What must hold:
//! the vehicle goes back to whoever had it, in the end at the latest, and has one owner then.

use rand::RngExt;
use xietong::machine::{Answer, Command};
use xietong::replica::agreement::Agreement;
use xietong::systems::handover::{Handover, Stage, Step};
use xietong::systems::{self, Kind};
use xietong_proto::epochs;
use xietong_proto::id::*;
use xietong_proto::opinion::Stance;

use super::invariants::{Violation, has_left};
use super::network::Place;
use super::world::World;
use super::{Failure, Fault, Figures, Trade, run_with};

/// How often somebody thinks of parting from a member, in worlds where that happens.
const PARTS: f64 = 0.2;

impl World {
    /// Whether it is time for that; nothing is drawn in other worlds.
    pub(super) fn wants_to_part(&mut self) -> bool {
        self.parts && self.rng.random_bool(PARTS)
    }

    /// Somebody agrees to the parting that is proposed, or proposes one from who has not answered what it handed over.
    pub(super) fn part_from_one(&mut self, place: Place) -> Result<(), Violation> {
        for held in self.held(place) {
            let waits = |id: &ManifestId| {
                held.epochs().tally(*id).is_some_and(|tally| tally.stage == epochs::Stage::Open)
            };
            let proposed = held.epochs().manifests().map(|manifest| manifest.id()).find(waits);
            if let Some(proposed) = proposed {
                self.opine(place, place, held.id(), Stance::Approves, proposed)?;
            } else if let Some(member) = self.silent(place, &held) {
                let cuts = self.cuts(place, &held, member);
                let next = self.successor(held.manifest(), |fields| {
                    fields.members.retain(|named| named.code != member);
                    fields.quorum = fields.quorum.min(fields.members.len() as u32);
                    fields.cuts = cuts;
                });
                self.propose(place, held.id(), next)?;
            }
        }
        Ok(())
    }

    /// Once everybody can speak with everybody, whoever handed something to who has left takes it back, and may.
    pub(super) fn take_all_back(&mut self) -> Result<(), Violation> {
        if !self.parts {
            return Ok(());
        }
        for place in 0..self.nodes.len() {
            let owner = self.nodes[place].me.code();
            for Handover { id, from, to, state, agreement, .. } in self.open_handovers(place) {
                let is_in = !has_left(self, agreement, owner) && has_left(self, agreement, to);
                if !is_in || (from, state) != (owner, Stage::Out) {
                    continue;
                }
                self.note(&format!("{place} takes {id} back in the end"));
                let step =
                    systems::Command::HandOver { kind: Kind::Vehicles, id: id.clone(), step: Step::Reclaim };
                let (wishes, answer) = self.nodes[place].ask(self.now_ms, Command::Data(step));
                self.grant(place, wishes)?;
                if !matches!(answer, Some(Answer::Data(_))) {
                    return Err(Violation::Stranded { owner, id });
                }
                self.tally.taken_back += 1;
            }
        }
        self.rest()
    }

    /// A member that has not answered, in an agreement that goes on without it.
    fn silent(&self, place: Place, held: &Agreement) -> Option<MemberCode> {
        let me = self.nodes[place].me.code();
        let is_silent = |of: &Handover| (of.agreement, of.from, of.state) == (held.id(), me, Stage::Out);
        let mut silent = self.open_handovers(place).into_iter().filter(is_silent).map(|of| of.to);
        silent.find(|to| held.manifest().member(*to).is_some() && held.manifest().fields.members.len() > 2)
    }
}

#[test]
fn what_was_on_its_way_to_who_is_parted_with_comes_back() {
    let ended = (0..8).map(|number| run_with(Trade::Bookings, 6 * number, Fault::None, false));
    let (good, bad): (Vec<_>, Vec<_>) = ended.partition(Result::is_ok);
    let failures: Vec<String> =
        bad.iter().filter_map(|ended| ended.as_ref().err()).map(Failure::to_string).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    let back = good.iter().flatten().map(|figures: &Figures| figures.taken_back).sum::<u64>();
    assert!(back > 0, "{back} vehicles came back");
}
