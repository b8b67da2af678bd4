//! A model of small agreements: everything that members can come to say who keep to the rules, whatever each has
//! heard of the others.

use std::collections::{BTreeMap, BTreeSet};

use crate::manifest::Manifest;
use crate::opinion::Stance;

use super::super::{Epochs, Standing};
use super::{World, after, code, rekeyed, titled, wider, with, without};
use Stance::{Approves, Declines, Withdraws};

/// Every manifest that a small agreement may be asked to approve next.
fn catalogue(first: &Manifest) -> Vec<Manifest> {
    let last = first.fields.members.len() - 1;
    let (a, b, wide) = (titled(first, "a"), titled(first, "b"), wider(first));
    let mut all = vec![a.clone(), b, wide.clone(), with(first, 6)];
    if last >= 2 {
        all.extend([
            without(first, last, &[]),
            without(first, 0, &[]),
            without(first, last, &[&a, &wide]),
            without(first, 0, &[&a]),
            rekeyed(first, last),
        ]);
    }
    all
}

/// What has been said: three bits for each member and manifest.
type Said = u64;

struct Model {
    world: World,
    manifests: Vec<Manifest>,
    voters: Vec<usize>,
}

impl Model {
    fn moves(&self) -> impl Iterator<Item = (usize, usize, Stance)> {
        let manifests = 0..self.manifests.len();
        let opinions = manifests.flat_map(|on| [Approves, Declines].map(|stance| (on, stance)));
        let all: Vec<_> = opinions.chain([(self.manifests.len(), Withdraws)]).collect();
        self.voters
            .clone()
            .into_iter()
            .flat_map(move |who| all.clone().into_iter().map(move |(on, stance)| (who, on, stance)))
    }

    fn manifest(&self, on: usize) -> &Manifest {
        self.manifests.get(on).unwrap_or(&self.world.first)
    }

    fn bit(&self, who: usize, on: usize, stance: Stance) -> Said {
        let per_manifest = self.voters.len() * 2;
        let at = self.voters.iter().position(|voter| *voter == who).expect("a voter");
        1 << (on * per_manifest + at * 2 + usize::from(stance == Declines))
    }

    /// What is known to somebody that has heard of everything but others' approvals: nobody may say more than that one.
    fn heard(&self, said: Said, by: Option<usize>) -> Epochs {
        let mut epochs = self.world.epochs.clone();
        for (who, on, stance) in self.moves() {
            let is_heard = stance != Approves || by.is_none_or(|by| by == who);
            if is_heard && said & self.bit(who, on, stance) != 0 {
                epochs.said.entry((self.manifest(on).id(), stance)).or_default().insert(code(who));
            }
        }
        epochs.settle();
        epochs
    }

    /// What a member may say next, having heard what it can have heard.
    fn next(&self, by: usize, said: Said) -> Vec<Said> {
        let view = self.heard(said, Some(by));
        let of_member = self.moves().filter(|(who, ..)| *who == by);
        let may = |(who, on, stance): &(usize, usize, Stance)| {
            view.may(code(*who), *stance, self.manifest(*on).id()).is_ok()
        };
        of_member.filter(may).map(|(who, on, stance)| self.bit(who, on, stance)).collect()
    }

    /// All that others' approvals are in what was said: what a member has not heard makes no difference to it.
    fn unheard(&self, by: usize) -> Said {
        self.all(|who, stance| who != by && stance == Approves)
    }

    fn all(&self, is_meant: impl Fn(usize, Stance) -> bool) -> Said {
        let meant = self.moves().filter(|(who, _, stance)| is_meant(*who, *stance));
        meant.map(|(who, on, stance)| self.bit(who, on, stance)).sum()
    }

    /// Whether something new can be agreed on where nothing that waits came into force; of several leavers it is not asked.
    fn can_go_on(&self, said: Said) -> bool {
        let mut epochs = self.heard(said, None);
        let first = &self.world.first;
        if *epochs.standing() != Standing::InForce(vec![first.id()]) {
            return true;
        }
        let withdrew = |who: &&usize| said & self.bit(**who, self.manifests.len(), Withdraws) != 0;
        let leavers: Vec<usize> = self.voters.iter().filter(withdrew).copied().collect();
        let next = match leavers[..] {
            [] => titled(first, "z"),
            [one] => after(first, |fields| {
                fields.title = "z".into();
                fields.members.retain(|member| member.code != code(one));
                fields.quorum = fields.quorum.min(fields.members.len() as u32);
            }),
            _ => return true,
        };
        epochs.learn(vec![next.clone()], Vec::new());
        for who in &self.voters {
            if epochs.may(code(*who), Approves, next.id()).is_ok() {
                epochs.said.entry((next.id(), Approves)).or_default().insert(code(*who));
                epochs.settle();
            }
        }
        epochs.newest().id() == next.id()
    }

    fn tell(&self, said: Said) -> String {
        let told = self.moves().filter(|(who, on, stance)| said & self.bit(*who, *on, *stance) != 0);
        format!("{:?}", told.collect::<Vec<_>>())
    }

    /// Everything that members who keep to the rules can come to say, in whatever order.
    fn explore(&self) -> usize {
        let (mut seen, mut open) = (BTreeSet::from([0]), vec![0]);
        let mut judged = BTreeSet::new();
        let withdrawals = self.all(|_, stance| stance == Withdraws);
        let mut known: BTreeMap<(usize, Said), Vec<Said>> = BTreeMap::new();
        while let Some(said) = open.pop() {
            // Who has declined what makes no difference to what is in force.
            if judged.insert(said & !self.all(|_, stance| stance == Declines)) {
                let standing = self.heard(said, None).standing().clone();
                let is_split = matches!(standing, Standing::Split { .. });
                assert!(!is_split, "two epochs in force: {said:b}, {standing:?}");
            }
            let mut can_speak = false;
            for by in &self.voters {
                let heard = said & !self.unheard(*by);
                let next = known.entry((*by, heard)).or_insert_with(|| self.next(*by, heard));
                can_speak |= next.iter().any(|bit| bit & (said | withdrawals) == 0);
                open.extend(next.iter().map(|bit| said | bit).filter(|next| seen.insert(*next)));
            }
            assert!(can_speak || self.can_go_on(said), "nothing can be agreed on: {}", self.tell(said));
        }
        seen.len()
    }
}

#[test]
fn whatever_honest_members_say_brings_no_two_epochs_into_force_and_lets_a_next_one_come() {
    let mut states = 0;
    let mut explore = |count, quorum, chosen: &[usize]| {
        let all = catalogue(&World::new(count, quorum).first);
        states += model(count, quorum, chosen.iter().map(|at| all[*at].clone()).collect()).explore();
    };
    for (count, quorum, choices) in [(2, 2, 4), (3, 2, 9), (3, 3, 9)] {
        for one in 0..choices {
            (one + 1..choices).for_each(|other| explore(count, quorum, &[one, other]));
        }
    }
    // Another title or a removal, and a removal or a new seal.
    for chosen in [[0, 4], [6, 8]] {
        explore(4, 3, &chosen);
    }
    assert!(states > 10_000, "{states}");
}

fn model(count: usize, quorum: usize, manifests: Vec<Manifest>) -> Model {
    let mut world = World::new(count, quorum);
    manifests.iter().for_each(|manifest| world.put(manifest));
    let newcomer = manifests.iter().any(|manifest| manifest.member(code(6)).is_some());
    Model { world, manifests, voters: (0..count).chain(newcomer.then_some(6)).collect() }
}

/// A rule that lets members approve whatever they like does bring two into force: the model can tell.
#[test]
fn the_model_finds_two_epochs_where_somebody_signs_for_both() {
    let all = catalogue(&World::new(3, 2).first);
    let model = model(3, 2, all[..2].to_vec());
    let both = [(0, 0), (1, 0), (1, 1), (2, 1)].map(|(who, on)| model.bit(who, on, Approves));
    let standing = model.heard(both.into_iter().sum(), None).standing().clone();
    assert!(matches!(standing, Standing::Split { .. }), "{standing:?}");
}
