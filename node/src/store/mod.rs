//! Where a node keeps things: the log, which is the authority, and the rows, which are derived from it.

pub mod cut;
pub mod disk;
pub mod error;
pub mod evidence;
pub mod export;
mod format;
mod home;
mod index;
mod keyspace;
pub mod log;
pub mod memory;
mod names;
mod purge;
pub mod recovery;
mod replay;
pub mod rows;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;
pub mod verify;

use std::collections::BTreeMap;

use xietong_proto::entry::{Entry, EntryHead};
use xietong_proto::header::Header;
use xietong_proto::id::{AgreementId, EntryId, Position};
use xietong_proto::stream::{Head, Stream};

use crate::replica::io::{SignedAppend, SignedWrites};
use crate::replica::logs::Past;
use crate::systems::rows::Rows;

/// What a machine's shell needs of a store. Implemented on disk and in memory.
pub trait Store {
    /// Why the store cannot go on.
    type Error: std::error::Error + Send + Sync + 'static;

    /// Makes all of it durable, or fails; after a failure the store is not used again.
    fn commit(&mut self, writes: SignedWrites) -> Result<(), Self::Error>;

    /// The rows as of the last commit.
    fn rows(&self) -> &dyn Rows;

    /// Stored entries of a stream from a position on, one after the other as they came: at least one if there
    /// is one, at most `bytes_max` bytes. Where a purge has left a head alone, that head and nothing else, or what is
    /// before it.
    fn read(&self, stream: Stream, from: Position, bytes_max: usize) -> Result<Vec<u8>, Self::Error>;

    /// An entry that a rewind gave up.
    fn given_up(&self, stream: Stream, at: Head) -> Result<Option<Entry>, Self::Error>;

    /// Whether something that was taken on trust is still to be checked, when nothing else is to do.
    fn is_unchecked(&self) -> bool {
        false
    }

    /// Checks some of it, or fails: what was answered from it may have been wrong.
    fn check_some(&mut self) -> Result<(), Self::Error> {
        Ok(())
    }
}

/// What was stored before, for a machine that may not read a store itself.
impl<S: Store> Past for S {
    fn id_at(&self, stream: Stream, position: Position) -> Option<EntryId> {
        Some(self.entry_head(stream, position)?.id())
    }

    fn entry_head(&self, stream: Stream, position: Position) -> Option<EntryHead> {
        let stored = EntryHead::first(&self.read(stream, position, 1).ok()?).ok()?;
        (stored.header().position == position).then_some(stored)
    }

    fn given_up(&self, stream: Stream, at: Head) -> Option<Entry> {
        Store::given_up(self, stream, at).ok()?
    }
}

/// An append that does not follow the newest entry of its stream. Whoever appends has linked it before, so
/// this is a defect of ours, never a peer's doing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("position {got} of {stream:?} does not follow position {have}")]
pub struct NotNext {
    /// Which stream.
    pub stream: Stream,
    /// Its newest position.
    pub have: Position,
    /// The position offered.
    pub got: Position,
}

/// Moves a stream's head on to an entry that follows it.
fn extend(heads: &mut BTreeMap<Stream, Head>, header: &Header) -> Result<(), NotNext> {
    let stream = header.stream;
    let head = heads.get(&stream).copied().unwrap_or_else(|| stream.origin());
    if header.position != head.position.next() || header.previous != head.id {
        return Err(NotNext { stream, have: head.position, got: header.position });
    }
    heads.insert(stream, Head { position: header.position, id: header.id() });
    Ok(())
}

/// Moves a stream's head back, and says which positions are no part of it any more.
fn rewind(heads: &mut BTreeMap<Stream, Head>, stream: Stream, to: Head) -> Vec<Position> {
    let from = heads.get(&stream).map_or(Position(0), |head| head.position);
    // Behind damage less is held than was: it comes again from a peer.
    if from >= to.position {
        heads.insert(stream, to);
    }
    (to.position.0 + 1..=from.0).map(Position).collect()
}

/// The log that an append goes to; zero is the local one.
fn log_of(append: &SignedAppend) -> AgreementId {
    match append {
        SignedAppend::Entry(entry) => entry.header().stream.agreement,
        SignedAppend::Rewind(stream, _) => stream.agreement,
        SignedAppend::Object(log, _) => *log,
    }
}
