//! Where every stream stands: its head, how far it is folded, and where a second entry claims a place.
//! Holds positions, never entries: memory grows with streams, not with records.

use std::collections::BTreeMap;

use xietong_proto::chain::{LinkedEntry, follow};
use xietong_proto::entry::{Entry, EntryHead, SignedEntry};
use xietong_proto::id::*;
use xietong_proto::reject::Reject;
use xietong_proto::stream::{Audience, Head, Stream};
use xietong_proto::sync::Line;

/// Looks up what was stored before this step.
pub trait Past {
    /// The id of the stored entry at a position.
    fn id_at(&self, stream: Stream, position: Position) -> Option<EntryId>;

    /// Header and signature of the stored entry at a position.
    fn entry_head(&self, stream: Stream, position: Position) -> Option<EntryHead>;

    /// An entry that was part of a stream before it was rewound.
    fn given_up(&self, stream: Stream, at: Head) -> Option<Entry>;
}

/// What an entry from outside means for its stream.
pub enum Arrival {
    /// It extends the stream.
    Next(LinkedEntry),
    /// It is there already.
    Known,
    /// Another entry stands at its place.
    Second(SignedEntry),
    /// It cannot be placed.
    Refused(Reject),
}

/// The streams of this node's logs.
#[derive(Clone, Debug, Default)]
pub struct Logs {
    heads: BTreeMap<Stream, Head>,
    folded: BTreeMap<Stream, Position>,
    forked: BTreeMap<Stream, Position>,
}

impl Logs {
    /// As a store found them.
    pub fn new(heads: BTreeMap<Stream, Head>, folded: BTreeMap<Stream, Position>) -> Self {
        Self { heads, folded, forked: BTreeMap::new() }
    }

    /// The newest entry, or the stream's origin.
    pub fn head(&self, stream: &Stream) -> Head {
        self.heads.get(stream).copied().unwrap_or_else(|| stream.origin())
    }

    /// All streams that have an entry with their heads, in order.
    pub fn heads(&self) -> impl Iterator<Item = (&Stream, &Head)> {
        self.heads.iter().filter(|(_, head)| head.position > Position(0))
    }

    /// All streams that ever had an entry.
    pub fn heads_and_origins(&self) -> impl Iterator<Item = Stream> {
        self.heads.keys().copied()
    }

    /// The lowest position at which a stream is known to be forked.
    pub fn forked_at(&self, stream: &Stream) -> Option<Position> {
        self.forked.get(stream).copied()
    }

    /// Whether a position lies before every known fork of a stream.
    pub fn is_before_fork(&self, stream: &Stream, position: Position) -> bool {
        self.forked_at(stream).is_none_or(|at| position < at)
    }

    /// All streams that are known to be forked, and where first.
    pub fn forked(&self) -> impl Iterator<Item = (&Stream, Position)> {
        self.forked.iter().map(|(stream, at)| (stream, *at))
    }

    /// Places an entry (P18). Entries behind the head are compared with what is stored there.
    pub fn place(&self, past: &dyn Past, entry: SignedEntry) -> Arrival {
        let stream = entry.header().stream;
        let (head, position) = (self.head(&stream), entry.header().position);
        if position > head.position {
            return match follow(&head, entry) {
                Ok(linked) => Arrival::Next(linked),
                Err(reject) => Arrival::Refused(reject),
            };
        }
        let held = if position == head.position { Some(head.id) } else { past.id_at(stream, position) };
        match held {
            Some(id) if id == entry.id() => Arrival::Known,
            Some(_) => Arrival::Second(entry),
            None => Arrival::Known,
        }
    }

    /// Moves a stream's head on.
    pub fn extend(&mut self, stream: Stream, head: Head) {
        self.heads.insert(stream, head);
    }

    /// Moves a stream's head back.
    pub fn rewind(&mut self, stream: Stream, to: Head) {
        self.heads.insert(stream, to);
    }

    /// Remembers that two entries claim a place.
    pub fn mark_forked(&mut self, stream: Stream, at: Position) {
        let lowest = self.forked.entry(stream).or_insert(at);
        *lowest = at.min(*lowest);
    }

    /// Remembers how far a stream is folded.
    pub fn mark_folded(&mut self, stream: Stream, position: Position) {
        self.folded.insert(stream, position);
    }

    /// How far a stream is folded into the rows.
    pub fn folded(&self, stream: &Stream) -> Position {
        self.folded.get(stream).copied().unwrap_or_default()
    }

    /// A stream that is not folded to its head, and the first position to fold; `author`'s own come first.
    pub fn unfolded(&self, author: MemberCode) -> Option<(Stream, Position)> {
        let lags = |(stream, head): &(&Stream, &Head)| self.folded(stream) < head.position;
        let lagging = || self.heads.iter().filter(lags).map(|(stream, _)| *stream);
        let stream = lagging().find(|stream| stream.author == author).or_else(|| lagging().next())?;
        Some((stream, self.folded(&stream).next()))
    }

    /// The lines of an agreement that a member may see (P19, P23).
    pub fn lines(&self, agreement: AgreementId, member: MemberCode) -> Vec<Line> {
        let visible = |stream: &Stream| {
            stream.agreement == agreement && stream.audience != Audience::Local && stream.is_for(member)
        };
        let heads = self.heads().filter(|(stream, _)| visible(stream));
        heads.map(|(stream, head)| Line::new(*stream, *head)).collect()
    }
}
