//! One line for each rule of P37 and P38; [`model`] has all that honest members of small agreements can do.

mod leaving;
mod model;

use std::collections::BTreeSet;

use crate::crypto::{SecretKey, hash};
use crate::id::*;
use crate::manifest::{Level, Manifest, ManifestFields, Member, Scope};
use crate::opinion::Stance;
use crate::reject::Reject;
use crate::stream::{Head, Stream};

use super::{Bar, Effect, Epochs, Members, Stage, Standing};
use Stance::{Approves, Declines, Withdraws};

fn code(at: usize) -> MemberCode {
    format!("{}0000", 11 + at).parse().expect("a member code")
}

fn member(at: usize, key: u8) -> Member {
    let seal_key = SecretKey::from_bytes(&hash(&[&[at as u8, key]])).public();
    Member {
        code: code(at),
        name: "省".into(),
        uscc: "1".repeat(18),
        seal_key,
        card: CardId([at as u8 + 1; 32]),
    }
}

fn scope(system: System) -> Scope {
    Scope { system, profile: 1, rules_version: 1 }
}

fn first(count: usize, quorum: usize) -> ManifestFields {
    ManifestFields {
        epoch: Epoch(1),
        predecessor: None,
        title: "协议".into(),
        level: Level::Provinces,
        members: (0..count).map(|at| member(at, 0)).collect(),
        scope: vec![scope(System::VEHICLES)],
        quorum: quorum as u32,
        valid_from: Millis(0),
        valid_until: Millis(1),
        nonce: [0; 16],
        voids: BTreeSet::new(),
        reconciles: BTreeSet::new(),
        restarts: BTreeSet::new(),
        cuts: Default::default(),
    }
}

fn after(before: &Manifest, change: impl FnOnce(&mut ManifestFields)) -> Manifest {
    let mut fields = ManifestFields {
        epoch: before.fields.epoch.next(),
        predecessor: Some(before.id()),
        voids: BTreeSet::new(),
        reconciles: BTreeSet::new(),
        restarts: BTreeSet::new(),
        cuts: Default::default(),
        ..before.fields.clone()
    };
    change(&mut fields);
    Manifest::new(fields).expect("the change is in form")
}

fn titled(before: &Manifest, title: &str) -> Manifest {
    after(before, |fields| fields.title = title.into())
}

fn without(before: &Manifest, at: usize, voids: &[&Manifest]) -> Manifest {
    after(before, |fields| {
        fields.members.retain(|member| member.code != code(at));
        fields.quorum = fields.quorum.min(fields.members.len() as u32);
        fields.voids = voids.iter().map(|manifest| manifest.id()).collect();
    })
}

fn wider(before: &Manifest) -> Manifest {
    after(before, |fields| fields.scope.push(scope(System::ENERGY)))
}

fn with(before: &Manifest, at: usize) -> Manifest {
    after(before, |fields| {
        fields.members.push(member(at, 0));
        fields.quorum = fields.quorum.max(fields.members.len() as u32 / 2 + 1);
    })
}

fn rekeyed(before: &Manifest, at: usize) -> Manifest {
    after(before, |fields| fields.members[at] = member(at, 1))
}

/// An agreement in force, and manifests that follow it.
struct World {
    epochs: Epochs,
    first: Manifest,
}

impl World {
    fn new(count: usize, quorum: usize) -> Self {
        let first = Manifest::new(first(count, quorum)).expect("in form");
        let mut world =
            Self { epochs: Epochs::new(first.clone()).expect("a first one"), first: first.clone() };
        (0..count).for_each(|at| world.say(at, Approves, &first));
        world
    }

    fn put(&mut self, manifest: &Manifest) {
        self.epochs.learn(vec![manifest.clone()], Vec::new());
    }

    fn say(&mut self, at: usize, stance: Stance, manifest: &Manifest) {
        self.epochs.manifests.entry(manifest.id()).or_insert(manifest.clone());
        self.epochs.said.entry((manifest.id(), stance)).or_default().insert(code(at));
        self.epochs.settle();
    }

    fn approve(&mut self, who: &[usize], manifest: &Manifest) {
        who.iter().for_each(|at| self.say(*at, Approves, manifest));
    }

    fn is_newest(&self, manifest: &Manifest) -> bool {
        matches!(self.epochs.standing(), Standing::InForce(chain) if chain.last() == Some(&manifest.id()))
    }

    fn may(&self, at: usize, stance: Stance, manifest: &Manifest) -> Result<(), Bar> {
        self.epochs.may(code(at), stance, manifest.id())
    }
}

fn codes(who: &[usize]) -> Members {
    who.iter().map(|at| code(*at)).collect()
}

#[test]
fn each_change_is_in_force_once_those_have_approved_it_who_must() {
    type Change = fn(&Manifest) -> Manifest;
    type Line<'a> = (usize, usize, Change, &'a [usize], &'a [usize]);
    // Members, quorum, change, approvals that are not enough, approvals that are.
    let table: &[Line] = &[
        (3, 2, |before| titled(before, "a"), &[0], &[0, 2]),
        (3, 3, |before| titled(before, "a"), &[0, 2], &[0, 1, 2]),
        (3, 2, wider, &[0, 1], &[0, 1, 2]),
        (3, 2, |before| after(before, |fields| fields.scope[0].profile = 2), &[0, 1], &[0, 1, 2]),
        (3, 2, |before| after(before, |fields| fields.quorum = 3), &[0, 1], &[0, 1, 2]),
        (3, 2, |before| with(before, 3), &[0, 1, 2], &[0, 1, 2, 3]),
        (3, 2, |before| with(before, 3), &[0, 1, 3], &[0, 1, 2, 3]),
        (3, 2, |before| without(before, 2, &[]), &[0], &[0, 1]),
        (4, 3, |before| without(before, 3, &[]), &[0, 1], &[0, 1, 2]),
        (4, 3, |before| without(before, 3, &[]), &[0, 1], &[0, 1, 3]),
        (5, 5, |before| without(before, 4, &[]), &[0, 1, 2], &[0, 1, 2, 3]),
        // Another seal for a member: the others, and the member under its new seal.
        (3, 2, |before| rekeyed(before, 2), &[0, 1], &[0, 1, 2]),
    ];
    for (at, (count, quorum, change, few, enough)) in table.iter().enumerate() {
        let mut world = World::new(*count, *quorum);
        let next = change(&world.first);
        world.approve(few, &next);
        assert!(!world.is_newest(&next), "line {at}");
        world.approve(enough, &next);
        assert!(world.is_newest(&next), "line {at}");
    }
}

#[test]
fn what_contradicts_the_manifest_before_it_is_refused_by_name() {
    let field = |field: &str| Err(Reject::BadField { field: field.to_owned() });
    let world = World::new(4, 3);
    let (first, id) = (&world.first, AgreementId::from(world.first.id()));
    let cut = |stream: Stream| (stream, Head { position: Position(3), id: EntryId([1; 32]) });
    let of = |at: usize| Stream::shared(id, code(at), System::VEHICLES);
    let other = AgreementId([9; 32]);
    type Change<'a> = &'a dyn Fn(&mut ManifestFields);
    let leaves = |fields: &mut ManifestFields| drop(fields.members.pop());
    let table: &[(Change, Result<(), Reject>)] = &[
        (&|fields| fields.epoch = Epoch(3), field("manifest.epoch")),
        (
            &|fields| fields.predecessor = Some(ManifestId([1; 32])),
            Err(Reject::UnknownEpoch { epoch: Epoch(1) }),
        ),
        (&|fields| fields.restarts = [code(7)].into(), field("manifest.restarts")),
        (&|fields| fields.restarts = [code(1)].into(), Ok(())),
        (&|fields| fields.cuts = [cut(of(1))].into(), field("manifest.cuts")),
        (&|fields| (fields.restarts, fields.cuts) = ([code(1)].into(), [cut(of(1))].into()), Ok(())),
        (
            &|fields| {
                let later = Stream { generation: Generation(2), ..of(1) };
                (fields.restarts, fields.cuts) = ([code(1)].into(), [cut(later)].into());
            },
            field("manifest.cuts"),
        ),
        (
            &|fields| {
                let foreign = Stream { agreement: other, ..of(1) };
                (fields.restarts, fields.cuts) = ([code(1)].into(), [cut(foreign)].into());
            },
            field("manifest.cuts"),
        ),
        (&|fields| fields.voids = [ManifestId([1; 32])].into(), field("manifest.voids")),
        (
            &|fields| {
                leaves(fields);
                fields.cuts = [cut(of(3))].into()
            },
            Ok(()),
        ),
        (
            &|fields| {
                leaves(fields);
                fields.voids = [ManifestId([1; 32])].into()
            },
            Ok(()),
        ),
        // Two of four are not more than half, so they cannot do without the others' quorum.
        (
            &|fields| {
                fields.members.truncate(2);
                fields.quorum = 2;
                fields.voids = [ManifestId([1; 32])].into();
            },
            field("manifest.members"),
        ),
        (
            &|fields| fields.reconciles = [ManifestId([1; 32])].into(),
            Err(Reject::UnknownEpoch { epoch: Epoch(1) }),
        ),
        (&|fields| fields.reconciles = [first.id()].into(), field("manifest.reconciles")),
    ];
    for (at, (change, expected)) in table.iter().enumerate() {
        assert_eq!(world.epochs.check(&after(first, change)), *expected, "line {at}");
    }
    assert_eq!(Epochs::new(titled(first, "a")).map(drop), field("manifest.predecessor"));
}

#[test]
fn what_a_member_has_said_bars_what_would_contradict_it() {
    let mut world = World::new(3, 2);
    let (a, b) = (titled(&world.first, "a"), titled(&world.first, "b"));
    let removal = without(&world.first, 2, &[&a]);
    [&a, &b, &removal].into_iter().for_each(|manifest| world.put(manifest));
    assert_eq!(world.may(7, Approves, &a), Err(Bar::NotAsked));
    assert_eq!(world.may(0, Approves, &titled(&a, "c")), Err(Bar::NotOpen));
    world.say(0, Approves, &a);
    assert_eq!(world.may(0, Declines, &a), Err(Bar::Spoken));
    assert_eq!(world.may(0, Approves, &b), Err(Bar::Bound { to: a.id() }));
    assert_eq!(world.may(0, Withdraws, &world.first), Err(Bar::Bound { to: a.id() }));
    assert_eq!(world.may(0, Declines, &b), Ok(()));
    // It sets aside what has not come into force.
    assert_eq!(world.may(0, Approves, &removal), Ok(()));
    // What enough have declined binds nobody.
    world.say(1, Declines, &a);
    assert_eq!(world.may(1, Approves, &a), Err(Bar::Spoken));
    assert_eq!(world.may(0, Approves, &b), Err(Bar::Bound { to: a.id() }));
    world.say(2, Declines, &a);
    assert_eq!(world.epochs.tally(a.id()).map(|tally| tally.stage), Some(Stage::Declined));
    assert_eq!(world.may(0, Approves, &b), Ok(()));
    // Who leaves has a say in its own removal alone.
    world.say(2, Withdraws, &world.first.clone());
    assert_eq!(world.may(2, Approves, &b), Err(Bar::Leaving));
    assert_eq!(world.may(2, Approves, &without(&world.first, 2, &[])), Err(Bar::NotOpen));
    assert_eq!(world.may(2, Withdraws, &a), Err(Bar::NotOpen));
}

#[test]
fn who_has_seen_a_manifest_in_force_does_not_set_it_aside() {
    let mut world = World::new(3, 2);
    let a = titled(&world.first, "a");
    let removal = without(&world.first, 2, &[&a]);
    world.put(&removal);
    world.approve(&[0, 2], &a);
    assert_eq!(world.may(0, Approves, &removal), Err(Bar::NotOpen));
    // Approved before by who had not seen it: the removal holds, and stands in its place.
    world.approve(&[0, 1], &removal);
    assert!(world.is_newest(&removal));
    assert_eq!(world.epochs.tally(a.id()).map(|tally| tally.stage), Some(Stage::SetAside));
}

/// A generation that a manifest has ended which was set aside: the next one ends it where it is held, and the one after
/// it, in which its author went on in good faith.
#[test]
fn a_manifest_ends_what_one_that_was_set_aside_has_begun() {
    let mut world = World::new(4, 3);
    let id = world.epochs.id();
    let vehicles = Stream::shared(id, code(2), System::VEHICLES);
    let later = Stream { generation: Generation(2), ..vehicles };
    let end = |at: u64| Head { position: Position(at), id: EntryId([at as u8; 32]) };
    let restart = |before: &Manifest, cuts: &[(Stream, Head)]| {
        after(before, |fields| {
            (fields.restarts, fields.cuts) = ([code(2)].into(), cuts.iter().copied().collect());
        })
    };
    let aside = restart(&world.first, &[(vehicles, end(3))]);
    let removal = without(&world.first, 3, &[&aside]);
    world.approve(&[0, 1, 2], &aside);
    world.approve(&[0, 1, 2], &removal);
    assert!(world.is_newest(&removal));
    let unended = world.epochs.unended(code(2), removal.id());
    assert_eq!(unended, Generation(1)..=Generation(2));
    let next = restart(&removal, &[(vehicles, end(3)), (later, end(5))]);
    assert_eq!(world.epochs.check(&next), Ok(()));
    let too_late = Stream { generation: Generation(3), ..vehicles };
    let refused = Err(Reject::BadField { field: "manifest.cuts".to_owned() });
    assert_eq!(world.epochs.check(&restart(&removal, &[(too_late, end(5))])), refused);
    world.approve(&[0, 1, 2], &next);
    assert!(world.is_newest(&next));
    assert_eq!((world.epochs.cut(&vehicles), world.epochs.cut(&later)), (Some(end(3)), Some(end(5))));
    assert_eq!(world.epochs.generation(code(2)), Generation(3));
}

#[test]
fn two_successors_name_who_signed_for_both_and_a_third_goes_on() {
    let mut world = World::new(3, 2);
    let (a, b) = (titled(&world.first, "a"), titled(&world.first, "b"));
    world.approve(&[0, 1], &a);
    world.approve(&[1, 2], &b);
    let rivals: BTreeSet<ManifestId> = [a.id(), b.id()].into();
    let split = Standing::Split { chain: vec![world.first.id()], rivals: rivals.clone(), by: codes(&[1]) };
    assert_eq!(*world.epochs.standing(), split);
    let third = after(&a, |fields| fields.reconciles = [b.id()].into());
    world.put(&third);
    assert_eq!(world.epochs.check(&third), Ok(()));
    assert_eq!(world.may(0, Approves, &titled(&a, "c")), Err(Bar::NotOpen));
    assert_eq!(world.may(0, Approves, &third), Ok(()));
    assert_eq!(world.may(1, Approves, &third), Err(Bar::NotAsked));
    world.say(0, Approves, &third);
    assert_eq!(*world.epochs.standing(), split);
    world.say(2, Approves, &third);
    assert!(world.is_newest(&third));
    assert_eq!(world.epochs.standing().chain(), [world.first.id(), a.id(), third.id()]);
}

#[test]
fn the_citation_that_ends_a_split_says_that_something_else_follows() {
    let mut world = World::new(3, 2);
    let (a, b) = (titled(&world.first, "a"), titled(&world.first, "b"));
    world.approve(&[0, 1], &a);
    world.approve(&[1, 2], &b);
    let effects = [0, 0, 1].map(|at| world.epochs.cite(a.id(), code(at)));
    assert_eq!(effects, [Effect::Noted, Effect::None, Effect::Turned]);
    assert!(world.is_newest(&a));
}

#[test]
fn who_went_on_after_one_of_two_successors_reconciles_them_all_the_same() {
    let mut world = World::new(3, 2);
    let (a, b) = (titled(&world.first, "a"), titled(&world.first, "b"));
    world.approve(&[0, 1], &a);
    world.approve(&[1, 2], &b);
    world.approve(&[0, 1], &titled(&a, "c"));
    world.approve(&[1, 2], &titled(&b, "d"));
    assert!(matches!(world.epochs.standing(), Standing::Split { .. }), "each was cited by more than half");
    let [third, other] = ["e", "f"]
        .map(|title| after(&a, |fields| (fields.title, fields.reconciles) = (title.into(), [b.id()].into())));
    [&third, &other].into_iter().for_each(|manifest| world.put(manifest));
    assert_eq!(world.may(2, Approves, &third), Ok(()));
    world.approve(&[0, 2], &third);
    assert!(world.is_newest(&third));
    assert_eq!(world.may(2, Approves, &other), Err(Bar::NotOpen));
}

#[test]
fn what_more_than_half_of_its_members_have_cited_stays_whatever_is_signed_later() {
    let mut world = World::new(3, 2);
    let (a, b) = (titled(&world.first, "a"), titled(&world.first, "b"));
    world.approve(&[0, 1], &a);
    assert_eq!([0, 1].map(|at| world.epochs.cite(a.id(), code(at))), [Effect::Noted; 2]);
    world.approve(&[1, 2], &b);
    assert!(world.is_newest(&a));
    // An opinion on a successor cites too.
    let mut world = World::new(3, 2);
    world.approve(&[0, 1], &a);
    world.approve(&[0, 1], &titled(&a, "c"));
    world.approve(&[1, 2], &b);
    assert!(world.is_newest(&titled(&a, "c")));
}

#[test]
fn streams_of_who_leaves_or_restarts_end_at_their_cuts() {
    let mut world = World::new(3, 2);
    let id = world.epochs.id();
    let [vehicles, energy] =
        [System::VEHICLES, System::ENERGY].map(|system| Stream::shared(id, code(2), system));
    let end = Head { position: Position(3), id: EntryId([1; 32]) };
    assert_eq!((world.epochs.cut(&vehicles), world.epochs.generation(code(2))), (None, Generation(1)));
    let restart = after(&world.first, |fields| {
        (fields.restarts, fields.cuts) = ([code(2)].into(), [(vehicles, end)].into());
    });
    world.approve(&[0, 1], &restart);
    assert_eq!(world.epochs.cut(&vehicles), Some(end));
    assert_eq!(
        world.epochs.cut(&energy),
        Some(energy.origin()),
        "what no cut names ends before its first entry"
    );
    assert_eq!(world.epochs.generation(code(2)), Generation(2));
    let again = Stream { generation: Generation(2), ..vehicles };
    assert_eq!((world.epochs.cut(&again), world.epochs.stream_before(&again)), (None, Some((vehicles, end))));
    let leaves = after(&restart, |fields| {
        fields.members.pop();
        fields.cuts = [(again, end)].into();
    });
    world.approve(&[0, 1], &leaves);
    assert_eq!((world.epochs.cut(&again), world.epochs.generation(code(2))), (Some(end), Generation(3)));
    assert!(world.epochs.were_together(code(0), code(2)) && !world.epochs.were_together(code(0), code(3)));
}

#[test]
fn the_order_in_which_opinions_come_does_not_matter() {
    let world = World::new(3, 2);
    let (a, removal) = (titled(&world.first, "a"), without(&world.first, 2, &[]));
    let said = [
        (0, Approves, &a),
        (1, Approves, &a),
        (1, Declines, &removal),
        (0, Approves, &removal),
        (2, Approves, &removal),
    ];
    let mut found = BTreeSet::new();
    for start in 0..said.len() {
        for step in 1..said.len() {
            let mut world = World::new(3, 2);
            for at in 0..said.len() {
                let (who, stance, manifest) = said[(start + at * step) % said.len()];
                world.say(who, stance, manifest);
            }
            found.insert(format!("{:?}", world.epochs.standing()));
        }
    }
    assert_eq!(found.len(), 1, "{found:?}");
}
