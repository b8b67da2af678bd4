//! What comes in: each entry is placed in its stream or refused by name, and where the other end's stream leaves
//! ours the first difference is found (P18).

use xietong_proto::entry::{EntryHead, SignedEntry};
use xietong_proto::fork::ForkProof;
use xietong_proto::header::Header;
use xietong_proto::id::*;
use xietong_proto::reject::Reject;
use xietong_proto::stream::{Head, Stream};
use xietong_proto::sync::{Frame, Line, Want};

use super::io::{Append, LinkId};
use super::link::Link;
use super::logs::Arrival;
use super::{Replica, Turn};

impl Replica {
    /// Entries that opened: each is placed in its stream or refused by name. After a refusal the stream is
    /// not asked for on this link until the other end shows it again.
    pub(super) fn entries(
        &mut self,
        turn: &mut Turn,
        id: LinkId,
        stream: Stream,
        until: Option<Position>,
        entries: Vec<SignedEntry>,
        refused: Option<Reject>,
    ) {
        let Some((agreement, sender)) = self.links.get(&id).and_then(Link::greeted) else { return };
        if let (Some(until), [first, ..], [.., last]) = (until, &entries[..], &entries[..]) {
            let [first, last] = [first, last].map(|entry| entry.header().position);
            self.got_part(turn, id, stream, [first, last, until]);
        }
        for entry in entries {
            match self.admit(turn, id, agreement, sender, entry) {
                Ok(true) => {}
                Ok(false) => return self.nothing_there(id, stream),
                Err(reject) => return self.refuse_entries(turn, id, stream, reject),
            }
        }
        if let Some(reject) = refused {
            self.refuse_entries(turn, id, stream, reject);
        }
    }

    /// Part of an answer has come. If it leaves a gap, what was to come before it is lost or late: all that was asked for
    /// is given up, so that the next request fills the gap instead of asking for what lies behind it.
    fn got_part(&mut self, turn: &Turn, id: LinkId, stream: Stream, part: [Position; 3]) {
        let expires_ms = turn.now.mono_ms + self.settings.want_timeout_ms;
        let Some(link) = self.links.get_mut(&id) else { return };
        let [first, ..] = part;
        if link.got(stream, part, expires_ms) && first > self.logs.head(&stream).position.next() {
            self.links.values_mut().for_each(|link| link.give_up(stream));
        }
    }

    fn refuse_entries(&mut self, turn: &mut Turn, id: LinkId, stream: Stream, reject: Reject) {
        self.nothing_there(id, stream);
        // Whoever passes on what its author signed under another card of the same number has done nothing wrong.
        if reject == Reject::BadSignature && self.twice.contains_key(&(stream.agreement, stream.author)) {
            return;
        }
        self.refuse(turn, id, reject);
    }

    /// Says whether the other end's stream goes on as ours does.
    fn admit(
        &mut self,
        turn: &mut Turn,
        id: LinkId,
        agreement: AgreementId,
        sender: MemberCode,
        entry: SignedEntry,
    ) -> Result<bool, Reject> {
        let held = self.agreements.get(&agreement).ok_or(Reject::WrongAgreement)?;
        held.admits(entry.header(), self.me.code(), sender)?;
        let (stream, head) = (entry.header().stream, entry.head());
        self.link_mut(id, |link| link.show(stream, head.position));
        match self.logs.place(turn.past, entry) {
            Arrival::Next(linked) => {
                self.follows(turn, linked.header())?;
                let is_too_early = !self.begins(&stream);
                if is_too_early
                    || self.is_purged(&stream)
                    || !self.forks.lets(&stream, head.position, head.id)
                    || !self.has_room(&stream)
                {
                    return Ok(false);
                }
                self.room.take(stream.agreement, stream.author, linked.bytes().len());
                self.logs.extend(stream, linked.head());
                self.moved.insert(stream);
                self.placed.insert(stream, *linked.header());
                turn.appends.push(Append::Entry(linked));
                self.heed_own(turn, &stream);
                Ok(true)
            }
            Arrival::Known => {
                self.narrow(turn, id, stream, head.position, false);
                Ok(true)
            }
            Arrival::Second(second) => self.second(turn, id, &second).map(|()| false),
            // A gap is filled by the next request.
            Arrival::Refused(Reject::Gap { .. }) => Ok(true),
            // Another predecessor: the other end holds another entry where our head is.
            Arrival::Refused(Reject::Fork { at }) if at.0 > 0 => {
                if self.logs.is_before_fork(&stream, at) {
                    self.narrow(turn, id, stream, at, true);
                }
                Ok(false)
            }
            Arrival::Refused(reject) => Err(reject),
        }
    }

    /// Along the epochs in force no entry names an older one than the entry before it (P16).
    fn follows(&self, turn: &Turn, header: &Header) -> Result<(), Reject> {
        let held = self.agreements.get(&header.stream.agreement).ok_or(Reject::WrongAgreement)?;
        if held.epochs().standing().chain().len() < 2 {
            return Ok(());
        }
        let stored = || {
            let position = Position(header.position.0 - 1);
            turn.past.entry_head(header.stream, position).map(|head| *head.header())
        };
        let before = self.placed.get(&header.stream).copied().or_else(stored);
        before.map_or(Ok(()), |before| held.epochs().follows(&before, header))
    }

    /// Two entries claim one place. If both follow the same one, the pair is the proof (P35); else the stream
    /// forked before.
    fn second(&mut self, turn: &mut Turn, id: LinkId, second: &SignedEntry) -> Result<(), Reject> {
        let (stream, at) = (second.header().stream, second.header().position);
        let ours = turn.past.entry_head(stream, at);
        let Some(ours) = ours.filter(|_| self.logs.is_before_fork(&stream, at)) else { return Ok(()) };
        if ours.header().previous != second.header().previous {
            self.narrow(turn, id, stream, at, true);
            return Ok(());
        }
        self.link_mut(id, |link| {
            link.differs.remove(&stream);
        });
        let theirs = EntryHead::first(second.bytes())?;
        let proof = ForkProof::open([ours, theirs], |header| self.keyring.key(header))?;
        self.learn_fork(turn, stream.agreement, &proof)
    }

    pub(super) fn announced(&mut self, turn: &mut Turn, id: LinkId, stream: Stream, head: Head) {
        let Some((agreement, _)) = self.links.get(&id).and_then(Link::greeted) else { return };
        let line = Line::new(stream, head);
        self.heed(id, &[line], false);
        self.link_mut(id, |link| link.show(stream, head.position));
        self.compare(turn, id, agreement, &[line]);
    }

    /// Where the other end holds another entry than we do, its entry is fetched: it leads to the proof. Behind
    /// a known fork that is no news.
    pub(super) fn compare(&mut self, turn: &mut Turn, id: LinkId, agreement: AgreementId, lines: &[Line]) {
        for line in lines {
            let (stream, position) = (line.stream, line.position);
            let head = self.logs.head(&stream);
            let is_known = stream.agreement == agreement && self.offers(&stream, self.me.code());
            if !is_known || position > head.position || !self.logs.is_before_fork(&stream, position) {
                continue;
            }
            let held =
                if position == head.position { Some(head.id) } else { turn.past.id_at(stream, position) };
            if held.is_some_and(|held| held.prefix() != line.prefix) {
                self.send(turn, id, Frame::Want(Want { stream, from: position, bytes_max: 1 }));
            }
        }
    }

    /// The other end holds another entry at a place than we do, or the same: halves what lies between, down to
    /// the first difference, which is the proof (P18).
    pub(super) fn narrow(
        &mut self,
        turn: &mut Turn,
        id: LinkId,
        stream: Stream,
        at: Position,
        differs: bool,
    ) {
        let Some(link) = self.links.get_mut(&id) else { return };
        let known = link.differs.remove(&stream);
        if known.is_none() && !differs {
            return;
        }
        let (mut same, mut other) = known.unwrap_or((Position(0), at));
        let was_last = differs && at == other && known.is_some() && same.next() == other;
        if was_last {
            return;
        }
        if differs {
            other = at.min(other);
        } else {
            same = at.max(same);
        }
        if same < other {
            link.differs.insert(stream, (same, other));
            let middle = Position(same.0 + (other.0 - same.0) / 2);
            let from = if middle == same { other } else { middle };
            self.send(turn, id, Frame::Want(Want { stream, from, bytes_max: 1 }));
        }
    }
}
