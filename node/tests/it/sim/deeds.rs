//! What fate does to the world, one deed after the other: operators work, clocks turn, nodes crash, disks fill up,
//! members pry.

use rand::RngExt;
use xietong::machine::{Answer, Command};
use xietong::replica::agreement::Agreement;
use xietong::store::memory::{Leftover, Memory};
use xietong_proto::id::*;
use xietong_proto::stream::Stream;
use xietong_proto::sync::{Frame, Want};

use super::Trade;
use super::handovers::listed_by_owners;
use super::invariants::{self, Violation};
use super::network::Place;
use super::node::Acknowledged;
use super::workload::Fleet;
use super::world::World;

/// An older state of a node, to which it is put back.
pub struct Backup {
    pub place: Place,
    /// It loses everything but its keys.
    pub is_keys_alone: bool,
    pub state: Option<(Memory, Acknowledged, Fleet)>,
}

/// A bundle as it was written.
#[derive(Clone)]
pub struct Bundle {
    from: PeerId,
    to: Place,
    frames: Vec<Vec<u8>>,
}

impl World {
    pub(super) fn deed(&mut self) -> Result<(), Violation> {
        let place = match self.twins {
            Some(twins) if self.rng.random_bool(0.4) => {
                [twins.first, twins.second][self.rng.random_range(0..2)]
            }
            Some(_) | None => self.rng.random_range(0..self.nodes.len()),
        };
        if self.wants_to_part() {
            return self.part_from_one(place);
        }
        if self.trade == Trade::Bookings && self.rng.random_bool(0.8) {
            let hands_over = if self.parts { 0.4 } else { 0.15 };
            if self.rng.random_bool(hands_over) { self.hand_over(place) } else { self.book(place) }?;
            return listed_by_owners(self, place, false);
        }
        match self.rng.random_range(0..100) {
            0..40 if self.rogue.is_some() => {
                (0..self.rng.random_range(1..=4)).for_each(|_| self.mischief());
                Ok(())
            }
            0..30 if self.council.is_some() => self.deliberate(place),
            0..8 if self.restored.is_some() => self.back_up_or_restore(),
            0..10 if self.twins.is_some() => self.turn_face(place),
            0..50 => self.import(place),
            50..60 => self.join(place),
            60..72 => {
                let other = (place + self.rng.random_range(1..self.nodes.len())) % self.nodes.len();
                if self.twins.is_some_and(|twins| twins.has(place) || twins.has(other)) {
                    return Ok(());
                }
                let apart = self.rng.random_bool(if self.carried.is_some() { 0.9 } else { 0.4 });
                self.note(&format!("{place} and {other} apart: {apart}"));
                self.network.part(place, other, apart);
                self.reconnect();
                Ok(())
            }
            72..78 => self.crash(place),
            78..100 if self.carried.is_some() => self.carry(place),
            78..80 => {
                let leftover =
                    [Leftover::Nothing, Leftover::LocalLog, Leftover::Logs][self.rng.random_range(0..3)];
                self.note(&format!("the next write of {place} fails: {leftover:?}"));
                self.nodes[place].store.fail_next(leftover);
                Ok(())
            }
            80..82 => self.fill_disk(place),
            82..86 => self.pause(place),
            86..89 => self.turn_clock(place),
            _ => self.pry(place),
        }
    }

    pub(super) fn import(&mut self, place: Place) -> Result<(), Violation> {
        if self.nodes[place].machine.is_none() {
            return Ok(());
        }
        let fleet = &mut self.fleets[place];
        for command in fleet.changes(&mut self.rng) {
            self.note(&format!("{place} imports"));
            let (wishes, answer) = self.nodes[place].ask(self.now_ms, Command::Data(command));
            self.fleets[place].learn(answer, &mut self.nodes[place].acknowledged);
            self.grant(place, wishes)?;
        }
        Ok(())
    }

    pub(super) fn join(&mut self, place: Place) -> Result<(), Violation> {
        if self.nodes[place].machine.is_none() {
            return Ok(());
        }
        let me = self.nodes[place].me.code();
        let named = |held: &&Agreement| held.manifest().member(me).is_some();
        let open: Vec<Agreement> = self.agreements.iter().filter(named).cloned().collect();
        let agreement = open[self.rng.random_range(0..open.len())].clone();
        self.note(&format!("{place} joins {:?}", agreement.id()));
        let (wishes, _) = self.nodes[place].ask(self.now_ms, Command::Join(Box::new(agreement)));
        self.grant(place, wishes)
    }

    fn pause(&mut self, place: Place) -> Result<(), Violation> {
        let paused = self.rng.random_bool(0.3);
        self.note(&format!("{place} pauses: {paused}"));
        let command = Command::Pause { member: None, paused };
        let (wishes, _) = self.nodes[place].ask(self.now_ms, command);
        self.grant(place, wishes)
    }

    /// A year ahead, an hour back, or right again.
    fn turn_clock(&mut self, place: Place) -> Result<(), Violation> {
        let offset_ms = [365 * 86_400_000, -3_600_000, 0][self.rng.random_range(0..3)];
        self.note(&format!("{place} sets its clock to {offset_ms} ms"));
        self.nodes[place].clock_offset_ms = offset_ms;
        Ok(())
    }

    /// The disk fills up, or there is room again.
    fn fill_disk(&mut self, place: Place) -> Result<(), Violation> {
        let free_bytes = [0, 500, u64::MAX][self.rng.random_range(0..3)];
        self.note(&format!("{place} has {free_bytes} bytes left"));
        let wishes = self.nodes[place].room(self.now_ms, free_bytes);
        self.grant(place, wishes)
    }

    /// A copy of the running node's home is made; later the node is put back to it, or to its keys alone.
    fn back_up_or_restore(&mut self) -> Result<(), Violation> {
        let Some(backup) = &mut self.restored else { return Ok(()) };
        let place = backup.place;
        let Some((store, acknowledged, fleet)) = backup.state.take() else {
            let node = &self.nodes[place];
            backup.state = Some(match backup.is_keys_alone {
                true => (Memory::default(), Acknowledged::default(), Fleet::new(place)),
                false => (node.store.clone().crash(), node.acknowledged.clone(), self.fleets[place].clone()),
            });
            return Ok(());
        };
        self.note(&format!("{place} is restored from a backup"));
        self.stop(place);
        (self.nodes[place].store, self.nodes[place].acknowledged, self.fleets[place]) =
            (store, acknowledged, fleet);
        self.start(place)
    }

    /// Somebody goes to and fro between two nodes with bundles.
    fn carry(&mut self, place: Place) -> Result<(), Violation> {
        let other = (place + self.rng.random_range(1..self.nodes.len())) % self.nodes.len();
        for trip in 0..self.rng.random_range(1..=5) {
            let [from, to] = if trip % 2 == 0 { [place, other] } else { [other, place] };
            self.carry_one(from, to)?;
            self.pass(100)?;
        }
        Ok(())
    }

    fn carry_one(&mut self, from: Place, to: Place) -> Result<(), Violation> {
        let agreement = self.agreements[self.rng.random_range(0..self.agreements.len())].id().to_string();
        let (member, from_start) = (self.nodes[to].me.code(), self.rng.random_bool(0.2));
        let command = Command::Pack { member, agreement, from_start };
        let (wishes, packed) = self.nodes[from].ask(self.now_ms, command);
        self.grant(from, wishes)?;
        let Some(Answer::Packed(contents)) = packed else { return Ok(()) };
        // Nobody else can open it.
        if contents.to != self.nodes[to].me.peer {
            return Ok(());
        }
        let frames = self.nodes[from].written(*contents);
        frames.iter().try_for_each(|frame| invariants::audience(self, from, to, frame))?;
        let (peer, frames) = (self.nodes[from].me.peer, frames.iter().map(Frame::encode).collect());
        self.carried.get_or_insert_default().push(Bundle { from: peer, to, frames });
        self.bring()
    }

    /// One of the bundles that were ever carried arrives, mostly the newest, in parts or cut short.
    fn bring(&mut self) -> Result<(), Violation> {
        let carried = self.carried.as_deref().unwrap_or_default();
        let newest = carried.len() - 1;
        let which = if self.rng.random_bool(0.7) { newest } else { self.rng.random_range(0..=newest) };
        let Bundle { from, to, frames } = carried[which].clone();
        let length =
            if self.rng.random_bool(0.7) { frames.len() } else { self.rng.random_range(1..=frames.len()) };
        let half = self.rng.random_range(1..=length);
        self.note(&format!("{to} takes in {length} of {} frames of a bundle", frames.len()));
        for (part, is_end) in [(1..half, false), (half..length, length == frames.len())] {
            let (hello, frames) = (frames[0].clone(), frames[part].to_vec());
            let command = Command::Play { from, hello, frames, is_last: is_end };
            let (wishes, played) = self.nodes[to].ask(self.now_ms, command);
            if let Some(Answer::Played(played)) = played {
                self.tally.carried += played.admitted;
            }
            self.grant(to, wishes)?;
        }
        Ok(())
    }

    fn crash(&mut self, place: Place) -> Result<(), Violation> {
        if self.nodes[place].machine.is_none() {
            return self.start(place);
        }
        self.note(&format!("{place} crashes"));
        self.tally.crashes += 1;
        self.stop(place);
        if self.rng.random_bool(0.3) {
            self.nodes[place].lose_rows();
        }
        if self.rng.random_bool(0.8) { self.start(place) } else { Ok(()) }
    }

    /// The process ends at once.
    pub(super) fn stop(&mut self, place: Place) {
        self.nodes[place].crash();
        let places = self.nodes.len();
        self.network.drop_node(&mut self.rng, self.now_ms, place, places);
        self.reconnect();
    }

    /// A member takes one of the two steps to new keys, and its node starts again with them.
    pub(super) fn renew_keys(&mut self, place: Place) -> Result<(), Violation> {
        self.note(&format!("{place} changes its keys"));
        self.stop(place);
        self.keys[place].renew();
        let keys = &self.keys[place];
        let (me, entry_key) = (keys.me(), keys.entry());
        self.nodes[place].take_keys(me, entry_key);
        self.start(place)
    }

    /// A curious member asks over a standing link for what is not its own: a register, or a stream of an
    /// agreement that it is not in.
    fn pry(&mut self, place: Place) -> Result<(), Violation> {
        let Some((link, target)) = self.network.links_of(place).first().copied() else { return Ok(()) };
        let author = self.nodes[target].me.code();
        let agreement = self.agreements[self.rng.random_range(0..self.agreements.len())].id();
        let other = self.nodes[self.rng.random_range(0..self.nodes.len())].me.code();
        let stream = match self.rng.random_range(0..3) {
            0 if other != author => Stream::pair(agreement, author, other, System::VEHICLES),
            1 => Stream::shared(agreement, author, System::VEHICLES),
            _ => Stream::local(author, System::VEHICLES),
        };
        self.note(&format!("{place} pries into {stream:?}"));
        let want = Frame::Want(Want { stream, from: Position(1), bytes_max: 100_000 });
        self.network.send(&mut self.rng, self.now_ms, place, link, &want);
        Ok(())
    }
}
