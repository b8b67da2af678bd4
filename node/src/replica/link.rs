//! One link: a stream of frames to one peer about one agreement, and what the other end has shown on it.

use std::collections::{BTreeMap, BTreeSet};

use xietong_proto::id::*;
use xietong_proto::stream::Stream;
use xietong_proto::sync::Line;

use super::io::{LinkId, Now};

/// A link and what is known of its other end.
#[derive(Clone, Debug)]
pub struct Link {
    /// The transport key at the other end.
    pub peer: PeerId,
    /// Known once the agreement is.
    pub about: Option<About>,
    /// Whether this node opened it.
    pub is_ours: bool,
    /// How far the other end holds each stream, as it showed or as we saw it send.
    pub shown: BTreeMap<Stream, Position>,
    /// How far we pushed each stream, so that a burst of pushes does not wait for acknowledgements.
    pub pushed: BTreeMap<Stream, Position>,
    /// What we asked for and have not got all of, by the first position.
    pub wanted: BTreeMap<(Stream, Position), Wanted>,
    /// Between which positions the other end's stream leaves ours: the same entry, another entry.
    pub differs: BTreeMap<Stream, (Position, Position)>,
    /// When heads go out next, on the monotonic clock.
    pub heads_due_ms: u64,
    /// Of which manifests the other end was shown what it lacks since heads went out last: two that each hold what the
    /// other cannot take do not answer each other for ever.
    pub answered: BTreeSet<ManifestId>,
    /// Whose opinions it showed while there was no room for them.
    pub unheard: BTreeSet<MemberCode>,
    /// By which manifest the other end went when it said hello.
    pub manifest: Option<ManifestId>,
    /// The newest of our own cards that it has shown.
    pub card: Option<CardNumber>,
    /// Which process is at the other end, as its hello said.
    pub instance: u64,
    /// When something came last, on the monotonic clock.
    pub heard_ms: u64,
    /// Whether what it shows is of now; a bundle may be older than our start (P49).
    pub is_of_now: bool,
    /// The other wall clock minus our monotonic one when it said hello.
    pub clock_offset_ms: i64,
}

/// Which agreement a link is about, and who is at the other end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct About {
    /// The agreement.
    pub agreement: AgreementId,
    /// The member at the other end.
    pub member: MemberCode,
    /// Whether its hello has come; before that nothing but ours is sent.
    pub is_greeted: bool,
}

/// A request under way.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    /// How far its answer goes, once the first part of it has come.
    pub until: Option<Position>,
    /// When it is given up, on the monotonic clock.
    pub expires_ms: u64,
}

impl Link {
    /// A new link about which nothing is known yet.
    pub fn new(peer: PeerId, is_ours: bool) -> Self {
        Self {
            peer,
            about: None,
            is_ours,
            shown: BTreeMap::new(),
            pushed: BTreeMap::new(),
            wanted: BTreeMap::new(),
            differs: BTreeMap::new(),
            heads_due_ms: 0,
            answered: BTreeSet::new(),
            unheard: BTreeSet::new(),
            manifest: None,
            card: None,
            instance: 0,
            heard_ms: 0,
            is_of_now: true,
            clock_offset_ms: 0,
        }
    }

    /// The agreement and member, once both ends have said hello.
    pub fn greeted(&self) -> Option<(AgreementId, MemberCode)> {
        let about = self.about.filter(|about| about.is_greeted)?;
        Some((about.agreement, about.member))
    }

    /// The other clock minus ours, in milliseconds, as far as its hello told.
    pub fn skew_ms(&self, now: Now) -> i64 {
        self.clock_offset_ms.saturating_sub(offset_ms(now.wall, now.mono_ms))
    }

    /// How far the other end is known to hold a stream.
    pub fn shown(&self, stream: &Stream) -> Position {
        self.shown.get(stream).copied().unwrap_or_default()
    }

    /// How far the other end holds a stream or will when our pushes arrive.
    pub fn reached(&self, stream: &Stream) -> Position {
        self.shown(stream).max(self.pushed.get(stream).copied().unwrap_or_default())
    }

    /// The requests for a stream that are under way.
    pub fn wanted(&self, stream: Stream) -> impl Iterator<Item = (Position, Wanted)> {
        let of_stream = (stream, Position(0))..=(stream, Position(u64::MAX));
        self.wanted.range(of_stream).map(|((_, from), wanted)| (*from, *wanted))
    }

    /// Part of an answer has come, entries from `first` to `last`: the rest of it has until `expires_ms`. Says whether
    /// it was asked for and still waited for.
    pub fn got(&mut self, stream: Stream, [first, last, until]: [Position; 3], expires_ms: u64) -> bool {
        let of_stream = (stream, Position(0))..=(stream, first);
        let asked = self.wanted.range_mut(of_stream).next_back();
        let asked = asked.filter(|((_, from), wanted)| *from == first || wanted.until == Some(until));
        let Some((_, wanted)) = asked else { return false };
        *wanted = Wanted { until: Some(until), expires_ms };
        let is_open = |wanted: &Wanted| wanted.until.is_none_or(|until| until > last);
        self.wanted.retain(|(other, _), wanted| *other != stream || is_open(wanted));
        true
    }

    /// Gives up what was asked for of a stream.
    pub fn give_up(&mut self, stream: Stream) {
        self.wanted.retain(|(other, _), _| *other != stream);
    }

    /// Remembers that the other end holds a stream at least so far.
    pub fn show(&mut self, stream: Stream, position: Position) {
        let shown = self.shown.entry(stream).or_default();
        *shown = position.max(*shown);
    }

    /// Replaces all that is known of the other end by what it says now.
    pub fn show_all(&mut self, lines: &[Line]) {
        self.shown = lines.iter().map(|line| (line.stream, line.position)).collect();
    }
}

/// A wall clock minus a monotonic one.
pub fn offset_ms(wall: Millis, mono_ms: u64) -> i64 {
    let ms = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
    ms(wall.0).saturating_sub(ms(mono_ms))
}

/// Which of two links between the same two nodes about the same agreement stays: the one opened by the node
/// with the lower transport key, so both ends choose alike; of one opener the newer.
pub fn survivor(me: PeerId, old: (LinkId, &Link), new: (LinkId, &Link)) -> LinkId {
    if old.1.is_ours == new.1.is_ours {
        return new.0;
    }
    let ours_stays = me < new.1.peer;
    if new.1.is_ours == ours_stays { new.0 } else { old.0 }
}
