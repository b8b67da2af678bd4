//! Who owns a thing: a function of the set of records that are known, and of nothing else. A thing goes from its owner to
//! the addressee of an *out* that stands, by the addressee's *in* that cites it; nothing else moves it. So there is always
//! one owner, whatever has arrived yet and in whatever order (P55).

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use xietong_proto::id::*;

/// Where a record stands in its author's stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place {
    /// Of the stream: a later one lies behind an earlier.
    pub generation: Generation,
    /// Its entry.
    pub position: Position,
    /// Its place in the entry, from 0.
    pub index: u32,
}

/// An *out*: whose, where, and what it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cite {
    /// Its author.
    pub owner: MemberCode,
    /// Where it stands.
    pub at: Place,
    /// SHA-256 of its body.
    pub body: [u8; 32],
}

/// A record about a handover.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fact {
    /// Its author.
    pub by: MemberCode,
    /// Where it stands.
    pub at: Place,
    /// Under which epoch.
    pub epoch: Epoch,
    /// What it says.
    pub what: What,
}

/// What it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// The author hands over what it lists under a number.
    Out { number: u64, to: MemberCode, body: [u8; 32] },
    /// The author has it, under a number of its own.
    In { out: Cite, number: u64 },
    /// The author does not take it.
    Decline { out: Cite },
    /// The author takes back what was declined; or, if the addressee is no member any more by the manifest under which
    /// this is said, what was not answered before.
    Reclaim { out: Cite, has_left: bool },
}

/// A thing by its owner's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Thing {
    /// Whose number.
    pub owner: MemberCode,
    /// Which.
    pub number: u64,
}

/// What an owner can do with its thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// All: it is not on its way.
    Kept,
    /// Nothing: the addressee has not answered.
    InTransfer { out: Fact },
    /// Take it back: the addressee has declined.
    Declined { out: Fact },
}

/// A thing as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Through whose hands it went: each *out*, and the thing as its addressee took it in.
    pub passed: Vec<(Cite, Thing)>,
    /// Who owns it, by its own number.
    pub owner: Thing,
    /// Whether it is on its way.
    pub state: State,
}

impl Fact {
    /// How others cite it; only an *out* is cited.
    pub fn cite(&self) -> Option<Cite> {
        match self.what {
            What::Out { body, .. } => Some(Cite { owner: self.by, at: self.at, body }),
            What::In { .. } | What::Decline { .. } | What::Reclaim { .. } => None,
        }
    }
}

/// Follows a thing from a number of its first owner, or of any later one, to whoever owns it now.
pub fn join(thing: Thing, facts: &[Fact]) -> Standing {
    let mut facts = facts.to_vec();
    facts.sort_by_key(|fact| (fact.by, fact.at));
    let (mut passed, mut owner, mut since) = (Vec::new(), thing, None);
    loop {
        let Some(out) = standing_out(owner, since, &facts) else {
            return Standing { passed, owner, state: State::Kept };
        };
        let Some(answer) = answer(&out, &facts) else {
            return Standing { passed, owner, state: State::InTransfer { out } };
        };
        let What::In { out: cited, number } = answer.what else {
            return Standing { passed, owner, state: State::Declined { out } };
        };
        owner = Thing { owner: answer.by, number };
        passed.push((cited, owner));
        since = Some(answer.at);
    }
}

/// Whether a thing is its owner's under that number, and not on its way. Under a number by which it was taken in it is nobody's
/// if the *out* behind that does not count, as when a version cuts it away (P38).
pub fn is_here(thing: Thing, facts: &[Fact]) -> bool {
    let is_kept = |first: Thing| {
        let Standing { owner, state, .. } = join(first, facts);
        (owner, state) == (thing, State::Kept)
    };
    origins(thing, facts).into_iter().any(is_kept)
}

/// Whether an *in* by which a thing has that number counts.
pub fn came_in(thing: Thing, facts: &[Fact]) -> bool {
    let is_passed = |first: Thing| join(first, facts).passed.iter().any(|(_, to)| *to == thing);
    origins(thing, facts).into_iter().any(is_passed)
}

/// The first owners from whom a thing may have come: nobody says of them that they took it in before they handed it over.
fn origins(thing: Thing, facts: &[Fact]) -> BTreeSet<Thing> {
    let (mut known, mut open) = (BTreeSet::from([thing]), vec![thing]);
    while let Some(of) = open.pop() {
        let before = facts.iter().filter_map(|fact| came_from(of, fact, facts));
        open.extend(before.filter(|from| known.insert(*from)));
    }
    known.retain(|of| is_first(*of, facts));
    known
}

/// From whose hand a thing came by one record.
fn came_from(thing: Thing, taken: &Fact, facts: &[Fact]) -> Option<Thing> {
    let What::In { out, number } = taken.what else { return None };
    if thing != (Thing { owner: taken.by, number }) {
        return None;
    }
    let handed = facts.iter().find(|fact| fact.cite() == Some(out))?;
    let What::Out { number, .. } = handed.what else { return None };
    Some(Thing { owner: handed.by, number })
}

fn is_first(thing: Thing, facts: &[Fact]) -> bool {
    let own = facts.iter().filter(|fact| fact.by == thing.owner);
    let of_it = own.filter(|fact| match fact.what {
        What::Out { number, .. } | What::In { number, .. } => number == thing.number,
        What::Decline { .. } | What::Reclaim { .. } => false,
    });
    of_it.min_by_key(|fact| fact.at).is_none_or(|first| matches!(first.what, What::Out { .. }))
}

/// The *out* of an owner that stands: the first since it came to have the thing that it could not take back. What the
/// owner says behind it is void.
fn standing_out(thing: Thing, since: Option<Place>, facts: &[Fact]) -> Option<Fact> {
    let mut open: Option<Fact> = None;
    for fact in facts.iter().filter(|fact| fact.by == thing.owner && Some(fact.at) > since) {
        match (fact.what, &open) {
            (What::Out { number, .. }, None) if number == thing.number => open = Some(*fact),
            (What::Reclaim { out, has_left }, Some(standing)) if standing.cite() == Some(out) => {
                let is_back = match answer(standing, facts).map(|answer| answer.what) {
                    Some(What::Decline { .. }) => true,
                    Some(_) => false,
                    None => has_left,
                };
                open = open.filter(|_| !is_back);
            }
            _ => {}
        }
    }
    open
}

/// The addressee's answer: its first, for what it says twice it says once. One who left, and was taken back from, has no
/// say in it when it comes again.
fn answer(out: &Fact, facts: &[Fact]) -> Option<Fact> {
    let What::Out { to, .. } = out.what else { return None };
    let cited = out.cite()?;
    let takes_back =
        |fact: &&Fact| fact.by == out.by && fact.what == What::Reclaim { out: cited, has_left: true };
    let too_late = facts.iter().filter(takes_back).map(|fact| fact.epoch).min();
    let answers = |fact: &&Fact| {
        let (What::In { out, .. } | What::Decline { out }) = fact.what else { return false };
        fact.by == to && out == cited && too_late.is_none_or(|late| fact.epoch < late)
    };
    facts.iter().find(answers).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(place: usize) -> MemberCode {
        ["210000", "220000", "230000"][place].parse().expect("a member code")
    }

    fn at(position: u64) -> Place {
        Place { generation: Generation(1), position: Position(position), index: 0 }
    }

    fn out(by: usize, position: u64, number: u64, to: usize) -> Fact {
        let what = What::Out { number, to: member(to), body: [position as u8; 32] };
        Fact { by: member(by), at: at(position), epoch: Epoch(1), what }
    }

    fn said(by: usize, position: u64, what: impl FnOnce(Cite) -> What, of: &Fact) -> Fact {
        Fact { by: member(by), at: at(position), epoch: Epoch(1), what: what(of.cite().expect("an out")) }
    }

    fn takes(by: usize, position: u64, of: &Fact, number: u64) -> Fact {
        said(by, position, |out| What::In { out, number }, of)
    }

    fn declines(by: usize, position: u64, of: &Fact) -> Fact {
        said(by, position, |out| What::Decline { out }, of)
    }

    fn reclaims(by: usize, position: u64, of: &Fact) -> Fact {
        said(by, position, |out| What::Reclaim { out, has_left: false }, of)
    }

    /// Under the next epoch, by which the addressee is no member.
    fn reclaims_of_left(by: usize, position: u64, of: &Fact) -> Fact {
        let what = |out| What::Reclaim { out, has_left: true };
        Fact { epoch: Epoch(2), ..said(by, position, what, of) }
    }

    const FIRST: u64 = 7;

    fn stands(facts: &[Fact]) -> Standing {
        join(Thing { owner: member(0), number: FIRST }, facts)
    }

    #[test]
    fn a_thing_moves_by_matched_pairs_alone() {
        let to_b = out(0, 1, FIRST, 1);
        let other = out(0, 1, 8, 1);
        let forged = takes(1, 1, &Fact { at: at(9), ..to_b }, 4);
        let back = out(1, 5, 4, 0);
        let onwards = out(0, 9, FIRST, 2);
        let table: Vec<(&str, Vec<Fact>, usize, &str)> = vec![
            ("nothing was said", vec![], 0, "Kept"),
            ("an out", vec![to_b], 0, "InTransfer"),
            ("an out of another thing", vec![other, takes(1, 1, &other, 4)], 0, "Kept"),
            ("a claim without its out", vec![takes(1, 1, &to_b, 4)], 0, "Kept"),
            ("a claim that cites another place", vec![to_b, forged], 0, "InTransfer"),
            ("a claim of who is not addressed", vec![to_b, takes(2, 1, &to_b, 4)], 0, "InTransfer"),
            ("a pair", vec![to_b, takes(1, 1, &to_b, 4)], 1, "Kept"),
            ("declined", vec![to_b, declines(1, 1, &to_b)], 0, "Declined"),
            ("declined, then taken", vec![to_b, declines(1, 1, &to_b), takes(1, 2, &to_b, 4)], 0, "Declined"),
            ("taken, then declined", vec![to_b, takes(1, 1, &to_b, 4), declines(1, 2, &to_b)], 1, "Kept"),
            ("reclaimed", vec![to_b, declines(1, 1, &to_b), reclaims(0, 2, &to_b)], 0, "Kept"),
            ("reclaimed too early", vec![to_b, reclaims(0, 2, &to_b)], 0, "InTransfer"),
            ("reclaimed and taken", vec![to_b, reclaims(0, 2, &to_b), takes(1, 1, &to_b, 4)], 1, "Kept"),
            ("left and reclaimed", vec![to_b, reclaims_of_left(0, 2, &to_b)], 0, "Kept"),
            (
                "taken before it left",
                vec![to_b, takes(1, 1, &to_b, 4), reclaims_of_left(0, 2, &to_b)],
                1,
                "Kept",
            ),
            (
                "taken when it came again",
                vec![to_b, reclaims_of_left(0, 2, &to_b), Fact { epoch: Epoch(3), ..takes(1, 1, &to_b, 4) }],
                0,
                "Kept",
            ),
            (
                "handed to a second after the first left",
                vec![to_b, reclaims_of_left(0, 2, &to_b), onwards, takes(2, 1, &onwards, 3)],
                2,
                "Kept",
            ),
            (
                "handed to a second while it stands",
                vec![to_b, out(0, 2, FIRST, 2), takes(2, 1, &out(0, 2, FIRST, 2), 3)],
                0,
                "InTransfer",
            ),
            (
                "there, back and onwards",
                vec![
                    to_b,
                    takes(1, 1, &to_b, 4),
                    back,
                    takes(0, 6, &back, FIRST),
                    onwards,
                    takes(2, 1, &onwards, 3),
                ],
                2,
                "Kept",
            ),
        ];
        for (name, facts, owner, state) in table {
            let standing = stands(&facts);
            assert_eq!(standing.owner.owner, member(owner), "{name}");
            assert!(format!("{:?}", standing.state).starts_with(state), "{name}: {:?}", standing.state);
        }
    }

    #[test]
    fn what_was_taken_in_by_an_out_that_was_cut_away_is_nobodys_by_that_number() {
        let (to_b, b_to_c, c_to_a) = (out(0, 1, FIRST, 1), out(1, 2, 4, 2), out(2, 2, 5, 0));
        let (by_b, by_c, by_a) =
            (takes(1, 1, &to_b, 4), takes(2, 1, &b_to_c, 5), takes(0, 2, &c_to_a, FIRST));
        let again = out(0, 4, FIRST, 2);
        let table: Vec<(&str, Vec<Fact>, [bool; 3])> = vec![
            ("nothing was said", vec![], [true, true, true]),
            ("on its way", vec![to_b], [false, true, true]),
            ("one hand on", vec![to_b, by_b], [false, true, true]),
            ("two hands on", vec![to_b, by_b, b_to_c, by_c], [false, false, true]),
            ("all that the second said is cut", vec![to_b, by_c], [false, true, false]),
            ("the out is cut", vec![to_b, by_b, by_c], [false, true, false]),
            ("there and back", vec![to_b, by_b, b_to_c, by_c, c_to_a, by_a], [true, false, false]),
            ("there and back, and cut", vec![to_b, by_c, c_to_a, by_a], [false, true, false]),
            (
                "taken back, and handed over anew",
                vec![to_b, by_c, reclaims_of_left(0, 3, &to_b), again, takes(2, 3, &again, 5)],
                [false, true, true],
            ),
        ];
        for (name, facts, here) in table {
            for (place, number) in [FIRST, 4, 5].into_iter().enumerate() {
                assert_eq!(
                    is_here(Thing { owner: member(place), number }, &facts),
                    here[place],
                    "{name}: {place}"
                );
            }
        }
    }

    /// Everything that three members can say about one thing in up to three records each, cut off anywhere and known in
    /// any order: one owner, which only the addressee's own word can change.
    #[test]
    fn over_all_interleavings_there_is_one_owner_and_only_an_addressee_moves_it() {
        let (to_b, to_c) = (out(0, 1, FIRST, 1), out(0, 3, FIRST, 2));
        let b_to_c = out(1, 2, 4, 2);
        let streams: [Vec<Vec<Fact>>; 3] = [
            vec![
                vec![to_b, reclaims(0, 2, &to_b), to_c],
                vec![to_b, to_c, reclaims(0, 4, &to_b)],
                vec![to_b, takes(0, 2, &b_to_c, FIRST), to_c],
            ],
            vec![
                vec![takes(1, 1, &to_b, 4), b_to_c, declines(1, 3, &to_b)],
                vec![declines(1, 1, &to_b), takes(1, 2, &to_b, 4), b_to_c],
                vec![takes(1, 1, &to_c, 4), b_to_c],
            ],
            vec![
                vec![takes(2, 1, &to_b, 3), takes(2, 2, &to_c, 3), takes(2, 3, &b_to_c, 5)],
                vec![declines(2, 1, &b_to_c), declines(2, 2, &to_c)],
                vec![takes(2, 1, &b_to_c, 5), declines(2, 2, &to_c)],
            ],
        ];
        let mut seen = 0;
        for a in &streams[0] {
            for b in &streams[1] {
                for c in &streams[2] {
                    let stories = [a, b, c];
                    let lengths = stories.map(|story| 0..=story.len());
                    for i in lengths[0].clone() {
                        for j in lengths[1].clone() {
                            for k in lengths[2].clone() {
                                let known = [&a[..i], &b[..j], &c[..k]];
                                check_next(&stories, known);
                                seen += 1;
                            }
                        }
                    }
                }
            }
        }
        assert!(seen > 1_000, "{seen}");
    }

    fn check_next(stories: &[&Vec<Fact>; 3], known: [&[Fact]; 3]) {
        let facts = known.concat();
        let now = stands(&facts);
        let mut turned = facts.clone();
        for _ in 0..facts.len() {
            turned.rotate_left(1);
            assert_eq!(stands(&turned), now, "the order of arrival matters: {turned:?}");
        }
        for (place, story) in stories.iter().enumerate() {
            let Some(next) = story.get(known[place].len()) else { continue };
            let after = stands(&[&facts[..], &[*next]].concat());
            let is_addressed = matches!(
                now.state,
                State::InTransfer { out: Fact { what: What::Out { to, .. }, .. } } if to == next.by
            );
            let has_moved = after.owner != now.owner;
            // An in that came before its out waits for it: then it is the owner's own out that completes the pair.
            let completes =
                matches!(next.what, What::Out { .. } | What::Reclaim { .. }) && next.by == now.owner.owner;
            assert!(!has_moved || is_addressed || completes, "{next:?} moved it: {now:?} → {after:?}");
        }
    }
}
