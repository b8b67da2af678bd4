//! What an operator brings – a version, cards, opinions – is taken over or refused by name, and nothing is lost.

use xietong::machine::{Answer, Command, Refusal};
use xietong::replica::agreement::NotInForce;
use xietong::replica::epochs::{Said, Unsaid};
use xietong_proto::card::{Card, CardFields};
use xietong_proto::epochs::{Bar, Stage};
use xietong_proto::id::*;
use xietong_proto::manifest::{Manifest, ManifestFields, Member};
use xietong_proto::opinion::Stance;
use xietong_proto::reject::Reject;
use xietong_proto::stream::{Head, Stream};

use super::invariants::Violation;
use super::members::Keys;
use super::world::World;

const ME: usize = 0;

/// One line for each thing that can be wrong with it; what is right stands first.
#[test]
fn each_bad_thing_that_is_said_is_refused_by_name() -> Result<(), Violation> {
    let mut world = World::of_three()?;
    let first = world.held(ME).remove(0).manifest().clone();
    world.amend(|fields| fields.title += "。")?;
    let held = world.held(ME).remove(0);
    let (id, newest) = (held.id(), held.manifest().clone());
    let after = |before: &Manifest, change: &dyn Fn(&mut ManifestFields)| {
        let mut fields = before.fields.clone();
        (fields.epoch, fields.predecessor) = (before.fields.epoch.next(), Some(before.id()));
        change(&mut fields);
        Manifest::new(fields).expect("the change is in form")
    };
    let next = |change: &dyn Fn(&mut ManifestFields)| after(&newest, change);
    let (me, other, stranger) = (&world.keys[ME], &world.keys[1], Keys::new(9));
    let (one, two) = (next(&|fields| fields.title = "一".into()), next(&|fields| fields.title = "二".into()));
    let by = |keys: &Keys, stance, manifest: &Manifest| {
        (stance, keys.opinion(stance, manifest.id()).bytes().to_vec())
    };
    let say = |manifest: Option<&Manifest>, opinions: Vec<(Stance, Vec<u8>)>| Said {
        manifest: manifest.cloned(),
        cards: Vec::new(),
        opinions,
    };
    let approve = |manifest: &Manifest| say(Some(manifest), vec![by(me, Stance::Approves, manifest)]);
    let mut forged = by(me, Stance::Approves, &one);
    let last = forged.1.len() - 1;
    forged.1[last] ^= 1;
    let stale = after(&first, &|fields| fields.title = "旧".into());
    let twice = CardFields { telephone: "0451-1".into(), ..other.card().fields.clone() };
    let twice = Card::sign(twice, &other.seal()).expect("the fields are in form");
    let of_other = Stream::shared(id, other.code(), System::VEHICLES);
    let unlawful = |reject| Some(Unsaid::Unlawful { reject });
    let field = |field: &str| unlawful(Reject::BadField { field: field.to_owned() });
    let barred = |bar| Some(Unsaid::Barred { bar });
    let far = Head { position: Position(99), id: EntryId([9; 32]) };
    let newcomer = Member {
        code: stranger.code(),
        name: stranger.card().fields.name.clone(),
        uscc: stranger.card().fields.uscc.clone(),
        seal_key: stranger.card().fields.seal_key,
        card: stranger.card().id(),
    };
    let admits = next(&|fields| {
        fields.members.push(newcomer.clone());
        fields.members.sort_by_key(|member| member.code);
        fields.quorum = 3;
    });
    let scope = next(&|fields| fields.scope[0].rules_version = 2);
    let leaves = |fields: &mut ManifestFields| fields.members.retain(|member| member.code != other.code());
    let table: Vec<(&str, Said, Option<Unsaid>)> = vec![
        ("a version that one has approved", approve(&one), None),
        ("the same again", approve(&one), None),
        ("a forged approval", say(None, vec![forged]), unlawful(Reject::BadSignature)),
        (
            "an approval by a stranger",
            say(None, vec![by(&stranger, Stance::Approves, &one)]),
            unlawful(Reject::NotAMember { author: stranger.code() }),
        ),
        (
            "an opinion on what is not known",
            say(None, vec![by(me, Stance::Approves, &two)]),
            field("opinion.manifest"),
        ),
        ("a second version beside it", approve(&two), barred(Bar::Bound { to: one.id() })),
        (
            "the opposite of what was said",
            say(None, vec![by(me, Stance::Declines, &one)]),
            barred(Bar::Spoken),
        ),
        ("a version after an old one", approve(&stale), barred(Bar::NotOpen)),
        (
            "a version after nothing",
            approve(&next(&|fields| fields.predecessor = Some(ManifestId([9; 32])))),
            unlawful(Reject::UnknownEpoch { epoch: newest.fields.epoch }),
        ),
        ("an epoch left out", approve(&next(&|fields| fields.epoch = Epoch(9))), field("manifest.epoch")),
        (
            "one goes and begins again",
            approve(&next(&|fields| {
                leaves(fields);
                (fields.quorum, fields.restarts) = (2, [other.code()].into());
            })),
            field("manifest.restarts"),
        ),
        (
            "a cut of who goes on",
            approve(&next(&|fields| fields.cuts = [(of_other, far)].into())),
            field("manifest.cuts"),
        ),
        (
            "it sets another aside and nobody leaves",
            approve(&next(&|fields| fields.voids = [one.id()].into())),
            field("manifest.voids"),
        ),
        (
            "a cut beyond what is held",
            approve(&next(&|fields| {
                (fields.restarts, fields.cuts) = ([other.code()].into(), [(of_other, far)].into());
            })),
            Some(Unsaid::CutNotHeld {
                author: other.code(),
                system: System::VEHICLES,
                have: position(&world, &of_other),
                cut: far.position,
            }),
        ),
        (
            "a newcomer without a card",
            approve(&admits),
            Some(Unsaid::NotReady { reason: NotInForce::CardMissing { member: stranger.code() } }),
        ),
        (
            "rules that this program does not know",
            approve(&scope),
            Some(Unsaid::NotReady {
                reason: NotInForce::NewerRules { system: System::VEHICLES, profile: 1, rules_version: 2 },
            }),
        ),
        (
            "a card number used twice",
            Said { cards: vec![twice], ..say(None, Vec::new()) },
            field("card.number"),
        ),
        (
            "a stranger's card",
            Said { cards: vec![stranger.card().clone()], ..say(None, Vec::new()) },
            unlawful(Reject::NotAMember { author: stranger.code() }),
        ),
    ];
    for (what, said, expected) in table {
        let before = world.nodes[ME].store.clone();
        let command = Command::Say { agreement: id, said: Box::new(said) };
        let (_, answer) = world.nodes[ME].ask(world.now_ms, command);
        let refused = match answer.expect("it answers") {
            Answer::Said { .. } => None,
            Answer::Refused(Refusal::Unsaid { reason }) => Some(reason),
            other => panic!("{what}: {other:?}"),
        };
        assert_eq!(refused, expected, "{what}");
        let objects = |store: &xietong::store::memory::Memory| store.boot().objects.len();
        assert!(expected.is_none() || objects(&before) == objects(&world.nodes[ME].store), "{what}");
        let held = world.held(ME).remove(0);
        assert_eq!(held.manifest().id(), newest.id(), "{what}");
        assert_eq!(held.epochs().tally(one.id()).map(|tally| tally.stage), Some(Stage::Open), "{what}");
    }
    Ok(())
}

fn position(world: &World, stream: &Stream) -> Position {
    let machine = world.nodes[ME].machine.as_ref().expect("it runs");
    machine.replica().logs().head(stream).position
}
