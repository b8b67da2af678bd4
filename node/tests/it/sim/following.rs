//! What is in force may change by papers that come late or by hand, by a receipt, while a disk is full, and right before a
//! process ends, and a clock that was wrong is set right: each time a node follows, so that what it says and what counts is
//! what the law finds.

use xietong::replica::epochs::Said;
use xietong::replica::io::{Append, Object, Writes};
use xietong::store::Store;
use xietong_proto::id::*;
use xietong_proto::manifest::{Manifest, ManifestFields};
use xietong_proto::opinion::Stance;
use xietong_proto::receipt::Holdings;
use xietong_proto::stream::Stream;

use super::invariants::{Violation, converged};
use super::network::Place;
use super::world::World;

/// Who hears of it late.
const LATE: Place = 2;

impl World {
    /// A manifest with the approvals of some, as an operator brings them.
    fn approved_by(&self, manifest: &Manifest, by: &[Place]) -> Said {
        let approval = |place: &Place| self.keys[*place].opinion(Stance::Approves, manifest.id());
        let opinions = by.iter().map(|place| (Stance::Approves, approval(place).bytes().to_vec()));
        Said { manifest: Some(manifest.clone()), cards: Vec::new(), opinions: opinions.collect() }
    }

    /// The next version, by which a member begins again, and nothing that it has said so far counts.
    fn restart(&mut self, place: Place) -> Result<Manifest, Violation> {
        while self.held_to(place, &self.stream_of(place, 1)) == Position(0) {
            self.import(place)?;
            self.pass(1_000)?;
        }
        let (newest, code) = (self.agreements[0].manifest().clone(), self.keys[place].code());
        let next =
            |fields: &mut ManifestFields| (fields.restarts, fields.cuts) = ([code].into(), Holdings::new());
        Ok(self.successor(&newest, next))
    }

    fn cut_off(&mut self, place: Place, is_apart: bool) {
        (0..self.nodes.len()).filter(|other| *other != place).for_each(|other| {
            self.network.part(place, other, is_apart);
        });
        self.reconnect();
    }

    fn stream_of(&self, place: Place, generation: u32) -> Stream {
        let stream = Stream::shared(self.agreements[0].id(), self.keys[place].code(), System::VEHICLES);
        Stream { generation: Generation(generation), ..stream }
    }

    /// How far somebody holds a stream.
    fn held_to(&self, at: Place, stream: &Stream) -> Position {
        let machine = self.nodes[at].machine.as_ref().expect("it runs");
        machine.replica().logs().head(stream).position
    }

    /// The same ends and beginnings with everybody: nothing of the first generation counts, the second goes on.
    fn assert_begun_again(&self, author: Place) {
        for at in 0..self.nodes.len() {
            assert_eq!(self.held_to(at, &self.stream_of(author, 1)), Position(0), "first with {at}");
            assert!(self.held_to(at, &self.stream_of(author, 2)) > Position(0), "second with {at}");
        }
    }
}

/// Each of two has approved another version, and one both: who has signed under it decides.
#[test]
fn a_version_that_receipts_decide_for_is_followed() -> Result<(), Violation> {
    let mut world = World::of_three()?;
    let (id, first) = (world.agreements[0].id(), world.agreements[0].manifest().clone());
    world.cut_off(LATE, true);
    let [one, other] = ["一", "二"].map(|title| world.successor(&first, |of| of.title = title.into()));
    assert!(world.say(0, id, world.approved_by(&one, &[0, 1]))?);
    assert!(world.say(LATE, id, world.approved_by(&other, &[0, LATE]))?);
    world.pass(6_000)?;
    assert!(world.say(LATE, id, world.approved_by(&one, &[0, 1]))?);
    assert!(!world.held(LATE)[0].is_open(), "it cannot tell which holds");
    (0..3).try_for_each(|_| world.import(LATE))?;
    world.cut_off(LATE, false);
    world.rest()?;
    assert_eq!(world.held(LATE)[0].manifest().id(), one.id());
    converged(&world)
}

/// A version that was set aside ends streams nevertheless (P38), also where it comes last.
#[test]
fn a_version_that_comes_late_and_is_set_aside_ends_what_it_ends() -> Result<(), Violation> {
    let mut world = World::of_three()?;
    let (id, first) = (world.agreements[0].id(), world.agreements[0].manifest().clone());
    let one = world.successor(&first, |fields| fields.title = "一".into());
    let other = world.restart(1)?;
    world.cut_off(LATE, true);
    assert!(world.say(0, id, world.approved_by(&one, &[0, 1]))?);
    assert!(world.say(LATE, id, world.approved_by(&other, &[0, LATE]))?);
    world.pass(6_000)?;
    world.cut_off(LATE, false);
    world.rest()?;
    assert_eq!(world.held(1)[0].manifest().id(), one.id());
    world.assert_begun_again(1);
    Ok(())
}

/// What waits to be compared with what should be shown may be of a generation that ends before its turn comes.
#[test]
fn nothing_goes_on_in_a_generation_that_has_ended_while_the_disk_was_full() -> Result<(), Violation> {
    let mut world = World::of_three()?;
    let id = world.agreements[0].id();
    let next = world.restart(LATE)?;
    world.stop(LATE);
    world.start(LATE)?;
    let set_room = |world: &mut World, free_bytes| {
        let wishes = world.nodes[LATE].room(world.now_ms, free_bytes);
        world.grant(LATE, wishes)
    };
    set_room(&mut world, 0)?;
    world.pass(6_000)?;
    set_room(&mut world, u64::MAX)?;
    assert!(world.say(LATE, id, world.approved_by(&next, &[0, 1]))?);
    world.rest()?;
    world.assert_begun_again(LATE);
    Ok(())
}

#[test]
fn who_had_no_room_for_a_version_goes_by_it_once_there_is() -> Result<(), Violation> {
    let mut world = World::of_three()?;
    let first = world.agreements[0].manifest().id();
    let wishes = world.nodes[LATE].room(world.now_ms, 0);
    world.grant(LATE, wishes)?;
    world.amend(|fields| fields.title += "。")?;
    world.pass(20_000)?;
    assert_eq!(world.held(LATE)[0].manifest().id(), first);
    let wishes = world.nodes[LATE].room(world.now_ms, u64::MAX);
    world.grant(LATE, wishes)?;
    world.rest()
}

#[test]
fn clocks_that_are_set_right_are_not_held_against_anybody_any_more() -> Result<(), Violation> {
    let mut world = World::of_three()?;
    let id = world.agreements[0].id();
    let set = |world: &mut World, offset_ms| {
        [0, 1].into_iter().for_each(|place| world.nodes[place].clock_offset_ms = offset_ms);
    };
    let doubt = |world: &World| {
        let node = &world.nodes[LATE];
        node.machine.as_ref().and_then(|machine| machine.replica().clock_doubt(id, node.now(world.now_ms)))
    };
    world.cut_off(LATE, true);
    set(&mut world, 365 * 86_400_000);
    world.cut_off(LATE, false);
    world.pass(6_000)?;
    assert!(doubt(&world).is_some(), "most are a year ahead");
    set(&mut world, 0);
    world.pass(6_000)?;
    assert_eq!(doubt(&world), None);
    Ok(())
}

/// The process ends between the commit that brings a version and the turn that gives up what it ends.
#[test]
fn what_a_version_has_ended_is_given_up_by_the_next_start() -> Result<(), Violation> {
    let mut world = World::of_three()?;
    let id = world.agreements[0].id();
    let next = world.restart(1)?;
    let (manifest, said) = (hex::encode(next.bytes()), world.approved_by(&next, &[0, 1]));
    let opinion = |(stance, bytes): (_, Vec<u8>)| Object::Opinion { stance, opinion: hex::encode(bytes) };
    let objects = [Object::Manifest { manifest }].into_iter().chain(said.opinions.into_iter().map(opinion));
    let appends = objects.map(|object| Append::Object(id, object)).collect();
    world.stop(LATE);
    let writes = Writes { appends, ..Writes::default() }.sign(&world.keys[LATE].entry());
    world.nodes[LATE].store.commit(writes).expect("memory does not fail");
    world.start(LATE)?;
    world.rest()?;
    world.assert_begun_again(1);
    Ok(())
}
