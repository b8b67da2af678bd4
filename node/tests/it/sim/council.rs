//! Agreements that are changed while they are lived by: members propose, approve, decline and remove each other and
//! change their keys, also while they are apart; one of them signs for whatever it is shown, and has another's old key.

use std::collections::BTreeSet;

use rand::RngExt;
use xietong::machine::{Answer, Command};
use xietong::replica::agreement::Agreement;
use xietong::replica::epochs::Said;
use xietong_proto::epochs::{Stage, Standing};
use xietong_proto::id::*;
use xietong_proto::manifest::{Manifest, ManifestFields};
use xietong_proto::opinion::{Opinion, OpinionFields, Stance};
use xietong_proto::receipt::Holdings;
use xietong_proto::stream::Audience;

use super::invariants::{self, Violation};
use super::network::Place;
use super::thief::Stolen;
use super::world::World;
use super::{Fault, Trade};

/// How a world changes its agreements.
pub struct Council {
    /// The first member approves whatever is proposed.
    pub has_double_signer: bool,
    /// Whatever was split has been reconciled.
    pub is_concluded: bool,
    /// An entry key that its member does not use any more, with whoever signs for two.
    pub stolen: Option<Stolen>,
    proposals: u32,
}

/// Rounds in which everybody says what it can, in the end.
const ROUNDS: u64 = 6;

impl Council {
    pub fn new(has_double_signer: bool) -> Self {
        Self { has_double_signer, is_concluded: false, stolen: None, proposals: 0 }
    }
}

impl World {
    /// Somebody proposes a version, or speaks about those that are proposed.
    pub(super) fn deliberate(&mut self, place: Place) -> Result<(), Violation> {
        match self.rng.random_range(0..10) {
            0..2 => return self.change_keys(place),
            2..4 => self.misuse(),
            _ => {}
        }
        for held in self.held(place) {
            if self.rng.random_bool(0.3) {
                let next = self.draw_up(place, &held);
                self.propose(place, held.id(), next)?;
            }
            self.speak(place, held.id(), 0.7)?;
        }
        Ok(())
    }

    /// One of two steps to new keys, once the node has joined everything: an agreement is joined with its first cards. The
    /// second comes once somebody else knows the first.
    fn change_keys(&mut self, place: Place) -> Result<(), Violation> {
        let code = self.nodes[place].me.code();
        let named = self.agreements.iter().filter(|held| held.manifest().member(code).is_some()).count();
        let machine = self.nodes[place].machine.as_ref();
        if machine.is_none_or(|machine| machine.replica().agreements().count() < named) {
            return Ok(());
        }
        let number = self.keys[place].card().fields.number;
        let is_known = |of: &&Agreement| {
            let others = self
                .nodes
                .iter()
                .filter(|node| node.me.code() != code)
                .filter_map(|node| node.machine.as_ref());
            let held = others.flat_map(|machine| machine.replica().agreements());
            held.into_iter().any(|held| held.id() == of.id() && held.newest_card(code) == Some(number))
        };
        let mut named = self.agreements.iter().filter(|held| held.manifest().member(code).is_some());
        if self.keys[place].is_changing() && !named.all(|held| is_known(&held)) {
            return Ok(());
        }
        self.lose_key(place);
        self.tally.renewed += 1;
        self.renew_keys(place)
    }

    pub(super) fn held(&self, place: Place) -> Vec<Agreement> {
        let code = self.nodes[place].me.code();
        let replica = self.nodes[place].machine.as_ref().map(|machine| machine.replica());
        let held = replica.into_iter().flat_map(|replica| replica.agreements());
        held.filter(|held| held.manifest().member(code).is_some()).cloned().collect()
    }

    /// Another title, a member removed, or a member that begins again.
    fn draw_up(&mut self, place: Place, held: &Agreement) -> Manifest {
        let (newest, kind) = (held.manifest().clone(), self.rng.random_range(0..10));
        let others = newest.fields.members.iter().filter(|member| member.code != self.nodes[place].me.code());
        let others: Vec<MemberCode> = others.map(|member| member.code).collect();
        let one = others[self.rng.random_range(0..others.len())];
        let cuts = self.cuts(place, held, one);
        let is_rival = |manifest: &&Manifest| manifest.fields.predecessor == Some(newest.id());
        let rivals = held.epochs().manifests().filter(is_rival).map(Manifest::id);
        let voids: BTreeSet<ManifestId> = rivals.filter(|_| kind == 5).collect();
        self.successor(&newest, |fields| match kind {
            0..5 => {}
            5..8 if others.len() > 1 => {
                fields.members.retain(|member| member.code != one);
                fields.quorum = fields.quorum.min(fields.members.len() as u32);
                (fields.cuts, fields.voids) = (cuts, voids);
            }
            _ => (fields.restarts, fields.cuts) = ([one].into(), cuts),
        })
    }

    pub(super) fn successor(
        &mut self,
        before: &Manifest,
        change: impl FnOnce(&mut ManifestFields),
    ) -> Manifest {
        let proposals = self.council.as_mut().map_or(0, |council| {
            council.proposals += 1;
            council.proposals
        });
        let mut fields = ManifestFields {
            epoch: before.fields.epoch.next(),
            predecessor: Some(before.id()),
            title: format!("协议 {proposals}"),
            voids: BTreeSet::new(),
            reconciles: BTreeSet::new(),
            restarts: BTreeSet::new(),
            cuts: Holdings::new(),
            ..before.fields.clone()
        };
        change(&mut fields);
        Manifest::new(fields).expect("the change is in form")
    }

    pub(super) fn cuts(&self, place: Place, held: &Agreement, of: MemberCode) -> Holdings {
        let replica = self.nodes[place].machine.as_ref().map(|machine| machine.replica());
        let heads = replica.into_iter().flat_map(|replica| replica.logs().heads());
        let unended = held.epochs().unended(of, held.manifest().id());
        let is_theirs = |stream: &xietong_proto::stream::Stream| {
            let named = (stream.agreement, stream.author, stream.audience);
            named == (held.id(), of, Audience::Agreement) && unended.contains(&stream.generation)
        };
        heads.filter(|(stream, _)| is_theirs(stream)).map(|(stream, head)| (*stream, *head)).collect()
    }

    pub(super) fn propose(&mut self, place: Place, id: AgreementId, next: Manifest) -> Result<(), Violation> {
        self.note(&format!("{place} proposes {:?}", next.id()));
        let approval = self.keys[place].opinion(Stance::Approves, next.id());
        let opinions = vec![(Stance::Approves, approval.bytes().to_vec())];
        self.say(place, id, Said { manifest: Some(next), cards: Vec::new(), opinions }).map(drop)
    }

    /// Says something of all that waits: mostly yes. Whoever signs for everything has its opinions taken to another
    /// member, since its own node would not take them.
    fn speak(&mut self, place: Place, id: AgreementId, approves: f64) -> Result<(), Violation> {
        let Some(held) = self.held(place).into_iter().find(|held| held.id() == id) else { return Ok(()) };
        let is_double = place == 0 && self.council.as_ref().is_some_and(|council| council.has_double_signer);
        let waits = |manifest: &&Manifest| {
            held.epochs().tally(manifest.id()).is_some_and(|tally| tally.stage == Stage::Open)
        };
        let open: Vec<ManifestId> = held.epochs().manifests().filter(waits).map(Manifest::id).collect();
        for manifest in open {
            let yes = is_double || self.rng.random_bool(approves);
            let stance = if yes { Stance::Approves } else { Stance::Declines };
            let is_done = self.opine(place, place, id, stance, manifest)?;
            if is_double && !is_done && self.nodes.len() > 1 {
                self.opine(1, place, id, stance, manifest)?;
            } else if yes && !is_done && approves == 1.0 {
                self.opine(place, place, id, Stance::Declines, manifest)?;
            }
        }
        Ok(())
    }

    pub(super) fn opine(
        &mut self,
        at: Place,
        by: Place,
        id: AgreementId,
        stance: Stance,
        manifest: ManifestId,
    ) -> Result<bool, Violation> {
        self.note(&format!("{by} {stance:?} {manifest:?} at {at}"));
        let opinion = self.keys[by].opinion(stance, manifest);
        let opinions = vec![(stance, opinion.bytes().to_vec())];
        self.say(at, id, Said { manifest: None, cards: Vec::new(), opinions })
    }

    pub(super) fn say(
        &mut self,
        place: Place,
        agreement: AgreementId,
        said: Said,
    ) -> Result<bool, Violation> {
        if self.nodes[place].machine.is_none() {
            return Ok(false);
        }
        let command = Command::Say { agreement, said: Box::new(said) };
        let (wishes, answer) = self.nodes[place].ask(self.now_ms, command);
        self.grant(place, wishes)?;
        if let Some(Answer::Refused(refusal)) = &answer {
            self.note(&format!("{place} does not say it: {refusal:?}"));
        }
        Ok(matches!(answer, Some(Answer::Said { .. })))
    }

    /// Once everybody can speak with everybody, whatever waits is decided, what is split is reconciled, and one more
    /// version that all approve comes into force: nothing that was said before wedges an agreement.
    pub(super) fn conclude(&mut self) -> Result<(), Violation> {
        if self.council.is_none() {
            return Ok(());
        }
        for _ in 0..ROUNDS {
            self.decide_what_waits()?;
        }
        self.council.iter_mut().for_each(|council| council.is_concluded = true);
        for id in self.agreements.iter().map(Agreement::id).collect::<Vec<_>>() {
            self.agree_once_more(id)?;
        }
        self.rest()
    }

    /// What all agree on in the end; whose key was stolen begins again under its newest card.
    fn last(&mut self, place: Place, newest: &Manifest) -> Manifest {
        let victim = self.victim().filter(|victim| newest.member(self.keys[*victim].code()).is_some());
        let held = self.held(place).into_iter().find(|held| held.manifest().id() == newest.id());
        let (Some(victim), Some(held)) = (victim, held) else { return self.successor(newest, |_| {}) };
        let (code, card) = (self.keys[victim].code(), self.keys[victim].card().id());
        let cuts = self.cuts(place, &held, code);
        self.successor(newest, |fields| {
            (fields.restarts, fields.cuts) = ([code].into(), cuts);
            let named = fields.members.iter_mut().filter(|member| member.code == code);
            named.for_each(|member| member.card = card);
        })
    }

    fn decide_what_waits(&mut self) -> Result<(), Violation> {
        for place in 0..self.nodes.len() {
            for held in self.held(place) {
                if let Standing::Split { rivals, .. } = held.epochs().standing() {
                    let mut rivals = rivals.clone();
                    let first = rivals.pop_first().and_then(|first| held.epochs().manifest(first).cloned());
                    let has_one = held.epochs().manifests().any(|of| of.fields.reconciles == rivals);
                    if let Some(first) = first.filter(|_| !has_one) {
                        let third = self.successor(&first, |fields| fields.reconciles = rivals);
                        self.propose(place, held.id(), third)?;
                    }
                }
                self.speak(place, held.id(), 1.0)?;
            }
            self.pass(500)?;
        }
        self.pass(6_000)
    }

    fn note_epochs(&mut self, place: Place) {
        for held in self.held(place) {
            self.note(&format!("{place} goes by {:?}", held.epochs().standing()));
            for of in held.epochs().manifests() {
                let tally = held.epochs().tally(of.id());
                self.note(&format!("  {:?} after {:?} {tally:?}", of.id(), of.fields.predecessor));
            }
        }
    }

    fn agree_once_more(&mut self, id: AgreementId) -> Result<(), Violation> {
        let Some(newest) = invariants::newest(self, id) else { return Ok(()) };
        let is_named = |place: &Place| newest.member(self.nodes[*place].me.code()).is_some();
        let members: Vec<Place> = (0..self.nodes.len()).filter(is_named).collect();
        let last = self.last(members[0], &newest);
        self.propose(members[0], id, last.clone())?;
        for _ in 0..2 {
            self.pass(6_000)?;
            for place in &members {
                self.opine(*place, *place, id, Stance::Approves, last.id())?;
            }
        }
        self.pass(6_000)?;
        if invariants::newest(self, id).map(|newest| newest.id()) != Some(last.id()) {
            members.iter().for_each(|place| self.note_epochs(*place));
            let held = members.iter().flat_map(|place| self.held(*place)).find(|held| held.id() == id);
            let tally = Box::new(held.and_then(|held| held.epochs().tally(last.id())));
            return Err(Violation::Wedged { agreement: id, manifest: last.id(), tally });
        }
        self.tally.epochs += u64::from(last.fields.epoch.0) - 1;
        self.misuse_for_the_last_time(id)
    }
}

/// A member that has said one thing twice, in different words: each of two others holds what the other does not take.
#[test]
fn two_that_cannot_take_each_others_opinions_do_not_answer_each_other_for_ever() -> Result<(), Box<Violation>>
{
    let mut world = World::new(0, Trade::None, Fault::None, false);
    world.network.heal();
    let id = world.agreements[0].id();
    (0..world.nodes.len()).try_for_each(|place| world.start(place))?;
    (0..world.nodes.len()).try_for_each(|place| world.join(place))?;
    world.pass(20_000)?;
    let next = world.successor(&world.agreements[0].manifest().clone(), |_| {});
    world.propose(0, id, next.clone())?;
    world.pass(20_000)?;
    world.network.part(0, 1, true);
    world.reconnect();
    for (place, reason) in [(0, "一"), (1, "二")] {
        let fields = OpinionFields {
            stance: Stance::Declines,
            manifest: next.id(),
            member: world.keys[1].code(),
            time: Millis(0),
            reason: reason.to_owned(),
        };
        let opinion = Opinion::sign(&fields, &world.keys[1].seal()).expect("the fields are in form");
        let opinions = vec![(Stance::Declines, opinion.bytes().to_vec())];
        world.say(place, id, Said { manifest: None, cards: Vec::new(), opinions })?;
    }
    world.network.part(0, 1, false);
    world.reconnect();
    let before = world.figures().steps;
    world.pass(20_000)?;
    let frames = world.figures().steps - before;
    assert!(frames < 400, "{frames} frames");
    Ok(())
}
