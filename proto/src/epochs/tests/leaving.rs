//! Who withdraws, and who declines its own removal (P37).

use super::super::{Bar, Stage, Standing};
use super::{World, code, codes, titled, without};
use crate::opinion::Stance::{Approves, Declines, Withdraws};

#[test]
fn a_withdrawal_stands_for_the_approval_of_the_one_who_leaves() {
    let mut world = World::new(5, 4);
    let removal = without(&world.first, 4, &[]);
    world.approve(&[0, 1, 2], &removal);
    assert!(!world.is_newest(&removal));
    world.say(4, Withdraws, &world.first.clone());
    assert!(world.is_newest(&removal));
}

#[test]
fn who_declines_its_own_removal_stays_and_who_withdraws_does_not_decline_it() {
    let mut world = World::new(4, 3);
    let (removal, other) = (without(&world.first, 3, &[]), titled(&world.first, "a"));
    [&removal, &other].into_iter().for_each(|manifest| world.put(manifest));
    world.approve(&[0, 1], &removal);
    world.say(2, Declines, &removal);
    assert_eq!(world.may(0, Approves, &other), Err(Bar::Bound { to: removal.id() }));
    let mut leaving = World { epochs: world.epochs.clone(), first: world.first.clone() };
    // It stays: the removal binds nobody any more, and its wish to leave does not bring it back.
    world.say(3, Declines, &removal);
    assert_eq!(world.epochs.tally(removal.id()).map(|tally| tally.stage), Some(Stage::Declined));
    assert_eq!(world.may(0, Approves, &other), Ok(()));
    let first = world.first.clone();
    assert_eq!(world.may(3, Withdraws, &first), Err(Bar::Stays { against: removal.id() }));
    world.say(1, Declines, &removal);
    assert_eq!(world.may(3, Withdraws, &first), Ok(()), "nothing could bring it about any more");
    // It leaves.
    leaving.say(3, Withdraws, &first);
    assert!(leaving.is_newest(&removal));
}

#[test]
fn who_withdraws_says_no_to_all_by_which_it_would_stay() {
    let mut world = World::new(3, 2);
    let (a, b, removal) =
        (titled(&world.first, "a"), titled(&world.first, "b"), without(&world.first, 2, &[]));
    [&a, &b, &removal].into_iter().for_each(|manifest| world.put(manifest));
    world.say(0, Approves, &a);
    world.say(1, Declines, &a);
    world.say(2, Withdraws, &world.first.clone());
    assert_eq!(world.may(2, Declines, &removal), Err(Bar::Leaving));
    assert_eq!(world.may(2, Approves, &removal), Ok(()));
    assert_eq!(world.epochs.tally(a.id()).map(|tally| tally.stage), Some(Stage::Declined));
    assert_eq!(world.may(0, Approves, &b), Ok(()));
}

#[test]
fn who_both_withdrew_and_declined_its_own_removal_has_signed_for_two() {
    let mut world = World::new(4, 3);
    let (removal, other) = (without(&world.first, 3, &[]), titled(&world.first, "a"));
    world.approve(&[0, 1], &removal);
    [2, 3].into_iter().for_each(|at| world.say(at, Declines, &removal));
    world.approve(&[0, 1, 2], &other);
    assert!(world.is_newest(&other));
    world.say(3, Withdraws, &world.first.clone());
    let Standing::Split { by, .. } = world.epochs.standing() else { panic!("it brought the removal back") };
    assert_eq!(*by, codes(&[3]));
}

#[test]
fn either_of_two_members_closes_their_agreement() {
    let mut world = World::new(2, 2);
    let next = titled(&world.first, "a");
    world.say(1, Withdraws, &world.first.clone());
    let closed = Standing::Closed { chain: vec![world.first.id()], by: code(1) };
    assert_eq!(*world.epochs.standing(), closed);
    world.put(&next);
    assert_eq!(world.may(0, Approves, &next), Err(Bar::NotOpen));
}
