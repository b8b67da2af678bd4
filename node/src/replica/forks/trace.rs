//! What leads to an entry of a forked stream that a member has signed for: asked for, answered, kept (P36).

use xietong_proto::entry::{ENTRY_HEAD_BYTES, EntryHead};
use xietong_proto::id::*;
use xietong_proto::limits::RANGE_BYTES_MAX;
use xietong_proto::stream::{Head, Stream};
use xietong_proto::sync::{Frame, Trace, Traced};

use super::TRACED_MAX;
use crate::replica::io::{Append, LinkId, Message, NetAction, Object};
use crate::replica::link::Link;
use crate::replica::{Replica, Turn};

/// Signed heads in one frame of the log.
const TRACED_AT_ONCE: usize = 1_000;
/// Bytes of signed heads that are sent, and of entries that are read for them, at once.
pub const TRACED_BYTES: usize = RANGE_BYTES_MAX;

impl Replica {
    /// Answers from the log or from what is known of the fork.
    pub(in crate::replica) fn serve_trace(
        &self,
        turn: &mut Turn,
        link: LinkId,
        to: MemberCode,
        trace: Trace,
    ) {
        let Trace { stream, from, to: target } = trace;
        let may_hold = self.offers(&stream, to);
        let head = self.logs.head(&stream);
        let (mut heads, mut next) = (Vec::new(), target);
        let fork = self.forks.streams.get(&stream).filter(|_| may_hold);
        while let Some(known) =
            fork.and_then(|fork| fork.heads.get(&next.id)).filter(|_| next.position >= from)
        {
            heads.push(*known);
            next = Head { position: Position(next.position.0 - 1), id: known.header().previous };
        }
        let is_held =
            |at: Head| at.position <= head.position && self.id_at(turn.past, stream, at.position) == at.id;
        let message = if may_hold && next.position >= from && is_held(next) {
            Message::Traced { stream, from, until: next.position, to: target.id }
        } else {
            heads.reverse();
            heads.truncate(TRACED_BYTES / ENTRY_HEAD_BYTES);
            let leads = next.position < from;
            Message::Frame(Frame::Traced(Traced {
                stream,
                to: target.id,
                heads: if leads { heads } else { Vec::new() },
            }))
        };
        turn.actions.push(NetAction::Send { link, message });
    }

    /// Signed heads that were asked for: kept once they lead all the way.
    pub(in crate::replica) fn traced(
        &mut self,
        turn: &mut Turn,
        stream: Stream,
        to: EntryId,
        heads: Vec<EntryHead>,
    ) {
        let Some(fork) = self.forks.streams.get_mut(&stream) else { return };
        let before = fork.before();
        let Some(trail) = fork.traces.get_mut(&to) else { return };
        for head in heads {
            let last = trail
                .heads
                .last()
                .map_or(before, |last| Head { position: last.header().position, id: last.id() });
            let header = head.header();
            let follows =
                (header.stream, header.position, header.previous) == (stream, last.position.next(), last.id);
            if !follows || trail.heads.len() == TRACED_MAX {
                return trail.heads.clear();
            }
            trail.heads.push(head);
            trail.due_ms = turn.now.mono_ms;
        }
        if trail.heads.last().is_some_and(|last| last.id() == to) {
            let heads = fork.traces.remove(&to).map(|trail| trail.heads).unwrap_or_default();
            self.keep_traced(turn, stream, heads);
            self.forks.stale.insert(stream);
        }
    }

    pub(super) fn keep_traced(&mut self, turn: &mut Turn, stream: Stream, heads: Vec<EntryHead>) {
        let Some(fork) = self.forks.streams.get_mut(&stream) else { return };
        let new: Vec<EntryHead> =
            heads.into_iter().filter(|head| !fork.heads.contains_key(&head.id())).collect();
        for some in new.chunks(TRACED_AT_ONCE) {
            let bytes: Vec<u8> = some.iter().flat_map(EntryHead::bytes).collect();
            let object = Object::Traced { heads: hex::encode(bytes) };
            turn.appends.push(Append::Object(stream.agreement, object));
        }
        new.into_iter().for_each(|head| fork.learn(head));
    }

    /// One link after the other is asked: whoever signed for an entry, or anybody who knows what leads to it.
    pub(super) fn ask_traces(&mut self, turn: &mut Turn) {
        let mut asks = Vec::new();
        for (stream, fork) in &mut self.forks.streams {
            let about = |link: &&Link| {
                let held = self.agreements.get(&stream.agreement);
                let may_hold = |member| held.is_some_and(|held| held.offers(stream, member));
                link.greeted().is_some_and(|(id, member)| id == stream.agreement && may_hold(member))
            };
            let links: Vec<LinkId> =
                self.links.iter().filter(|(_, link)| about(link)).map(|(id, _)| *id).collect();
            let at = fork.lowest().at();
            for (id, trail) in fork.traces.iter_mut().filter(|(_, t)| t.due_ms <= turn.now.mono_ms) {
                trail.due_ms = turn.now.mono_ms + self.settings.want_timeout_ms;
                let Some(link) = links.get(trail.asked % links.len().max(1)) else { continue };
                trail.asked += 1;
                let from = Position(at.0 + trail.heads.len() as u64);
                let to = Head { position: trail.to, id: *id };
                asks.push((*link, Frame::Trace(Trace { stream: *stream, from, to })));
            }
        }
        asks.into_iter().for_each(|(link, frame)| self.send(turn, link, frame));
    }
}
