//! Chain first (P48): members come back after a long sleep and know nobody any more, and strangers present what proves
//! nothing.

use xietong::replica::io::NetEvent;
use xietong_proto::card::Card;
use xietong_proto::id::*;
use xietong_proto::manifest::ManifestFields;
use xietong_proto::opinion::Stance;
use xietong_proto::presentation::Presentation;
use xietong_proto::reject::Reject;
use xietong_proto::sync::{Hello, Signing};

use super::invariants::{self, Violation};
use super::members::Keys;
use super::network::Place;
use super::world::World;
use super::{Fault, Trade};

/// Who sleeps.
const SLEEPER: Place = 2;

impl World {
    /// Three members of one agreement, which two of them may change, under a quiet sky.
    pub(super) fn of_three() -> Result<Self, Violation> {
        let worlds = (0..).map(|number| Self::new(12 * number + 6, Trade::None, Fault::None, false));
        let mut is_fit =
            worlds.into_iter().filter(|world| world.nodes.len() == 3 && world.agreements.len() == 1);
        let mut world = is_fit.next().expect("some seed has one");
        world.network.heal();
        for place in 0..3 {
            world.start(place)?;
            world.import(place)?;
            world.join(place)?;
        }
        world.rest()?;
        Ok(world)
    }

    /// A member changes its keys, in two steps.
    fn rotate(&mut self, place: Place) -> Result<(), Violation> {
        for _ in 0..2 {
            self.renew_keys(place)?;
            self.pass(15_000)?;
        }
        Ok(())
    }

    /// The first two bring the next version into force.
    pub(super) fn amend(&mut self, change: impl FnOnce(&mut ManifestFields)) -> Result<Epoch, Violation> {
        let id = self.agreements[0].id();
        let newest = invariants::newest(self, id).expect("all have joined");
        let next = self.successor(&newest, change);
        self.propose(0, id, next.clone())?;
        self.pass(3_000)?;
        self.opine(1, 1, id, Stance::Approves, next.id())?;
        self.pass(6_000)?;
        assert_eq!(invariants::newest(self, id).map(|newest| newest.id()), Some(next.id()));
        Ok(next.fields.epoch)
    }

    /// By which version a member goes.
    fn epoch(&self, place: Place) -> Epoch {
        let machine = self.nodes[place].machine.as_ref().expect("it runs");
        machine.replica().agreements().next().expect("it has joined").manifest().fields.epoch
    }
}

#[test]
fn who_slept_through_three_versions_and_all_others_new_keys_finds_its_way_back() -> Result<(), Violation> {
    let mut world = World::of_three()?;
    world.stop(SLEEPER);
    for place in [0, 1] {
        world.rotate(place)?;
        world.amend(|fields| fields.title += "。")?;
    }
    let newest = world.amend(|fields| fields.title += "。")?;
    let known = world.nodes[0].me.peer;
    world.start(SLEEPER)?;
    assert!(!world.nodes[SLEEPER].roster.peers.contains_key(&known), "it knows nobody any more");
    world.rest()?;
    assert_eq!(world.epoch(SLEEPER), newest);
    world.import(0)?;
    world.import(SLEEPER)?;
    world.rest()?;
    invariants::converged(&world)
}

#[test]
fn who_changed_its_keys_while_it_was_cut_off_is_known_again_when_it_comes_back() -> Result<(), Violation> {
    let mut world = World::of_three()?;
    [0, 1].into_iter().for_each(|place| world.network.part(place, SLEEPER, true));
    world.reconnect();
    world.rotate(SLEEPER)?;
    let newest = world.amend(|fields| fields.title += "。")?;
    world.network.heal();
    world.reconnect();
    world.rest()?;
    assert_eq!(world.epoch(SLEEPER), newest);
    Ok(())
}

#[test]
fn who_was_removed_in_its_sleep_is_told_that_and_nothing_that_came_later() -> Result<(), Violation> {
    let mut world = World::of_three()?;
    world.stop(SLEEPER);
    let code = world.keys[SLEEPER].code();
    let held = world.held(0).remove(0);
    let cuts = world.cuts(0, &held, code);
    let removal = world.amend(|fields| {
        fields.members.retain(|member| member.code != code);
        (fields.quorum, fields.cuts) = (2, cuts);
    })?;
    let later = world.amend(|fields| fields.title += "。")?;
    world.start(SLEEPER)?;
    world.pass(30_000)?;
    assert_eq!(world.epoch(SLEEPER), removal);
    assert_eq!([world.epoch(0), world.epoch(1)], [later; 2]);
    assert!(world.nodes[SLEEPER].roster.peers.is_empty(), "it leaves them alone");
    Ok(())
}

/// One line for each thing that a stranger may bring.
#[test]
fn what_a_stranger_presents_counts_only_if_it_proves_that_it_is_a_member() -> Result<(), Violation> {
    let mut world = World::of_three()?;
    let held = world.held(0).remove(0);
    let id = held.id();
    let (member, stranger) = (&world.keys[1], Keys::new(9));
    let next_of_member = {
        let mut keys = Keys::new(1);
        keys.renew();
        keys
    };
    let hello = |agreement| Hello {
        agreement,
        manifest: held.manifest().id(),
        instance: 7,
        time: Millis(0),
        addresses: Vec::new(),
        begun: Millis(0),
        answers: None,
    };
    let chain = held.signings(held.manifest().id());
    let show = |signings: &[Signing], cards: &[&Card]| Presentation {
        hello: hello(id),
        signings: signings.to_vec(),
        cards: cards.iter().map(|card| card.bytes().to_vec()).collect(),
    };
    let manifest = |change: fn(&mut ManifestFields)| {
        let mut fields = held.manifest().fields.clone();
        (fields.epoch, fields.predecessor) = (fields.epoch.next(), Some(held.manifest().id()));
        change(&mut fields);
        xietong_proto::manifest::Manifest::new(fields).expect("in form")
    };
    let said = |manifest: &xietong_proto::manifest::Manifest, by: &Keys| Signing {
        manifest: manifest.bytes().to_vec(),
        opinions: vec![(Stance::Approves, by.opinion(Stance::Approves, manifest.id()).bytes().to_vec())],
    };
    let plain = manifest(|_| {});
    let unknown =
        manifest(|fields| (fields.epoch, fields.predecessor) = (Epoch(9), Some(ManifestId([9; 32]))));
    let forged = Signing { opinions: said(&plain, member).opinions, ..said(&unknown, member) };
    let mut altered = chain.clone();
    altered[0].opinions[0].1.reverse();
    let (own, next) = (stranger.card(), next_of_member.card());
    let next_peer = *next.fields.transport_keys.last().expect("two");
    let nobody = stranger.me().peer;
    let not_a_member = |author| Some(Reject::NotAMember { author });
    let table = [
        ("nothing", nobody, show(&[], &[]), not_a_member(MemberCode::NONE)),
        ("what is known", nobody, show(&chain, &[]), not_a_member(MemberCode::NONE)),
        ("a card of its own making", nobody, show(&chain, &[own]), not_a_member(own.fields.code)),
        ("another's card", nobody, show(&chain, &[next]), not_a_member(MemberCode::NONE)),
        (
            "a version that few have approved",
            nobody,
            show(&[said(&plain, member)], &[own]),
            not_a_member(own.fields.code),
        ),
        (
            "a version behind nothing",
            nobody,
            show(&[said(&unknown, member)], &[]),
            Some(Reject::UnknownEpoch { epoch: Epoch(8) }),
        ),
        (
            "an approval of another version",
            nobody,
            show(&[said(&plain, member), forged], &[]),
            Some(Reject::UnknownEpoch { epoch: Epoch(8) }),
        ),
        ("bytes that are no approval", nobody, show(&altered, &[]), Some(Reject::Malformed)),
        (
            "an approval by nobody",
            nobody,
            show(&[said(&plain, &stranger)], &[own]),
            not_a_member(stranger.code()),
        ),
        (
            "another agreement",
            nobody,
            Presentation { hello: hello(AgreementId([3; 32])), ..show(&chain, &[own]) },
            None,
        ),
        ("the next card of a member", next_peer, show(&[], &[next]), None),
    ];
    for (what, peer, shown, expected) in table {
        let (roster, reported) = (world.nodes[0].roster.clone(), world.nodes[0].reported.len());
        let event = NetEvent::Presented { peer, shown: Box::new(shown) };
        world.nodes[0].event(world.now_ms, event);
        let node = &world.nodes[0];
        assert_eq!(node.reported[reported..].first(), expected.as_ref(), "{what}");
        assert_eq!(node.roster != roster, peer == next_peer, "{what}");
        let known =
            node.machine.as_ref().expect("it runs").replica().agreements().next().expect("it has joined");
        assert_eq!(known.epochs().manifests().count(), 1, "{what}");
    }
    Ok(())
}
