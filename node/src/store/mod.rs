//! Where a node keeps things: the log, which is the authority, and the rows, which are derived from it.

use xietong_proto::entry::Entry;
use xietong_proto::id::{EntryId, Position};
use xietong_proto::stream::Stream;

use crate::replica::io::SignedWrites;
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
    /// is one, at most `bytes_max` bytes.
    fn read(&self, stream: Stream, from: Position, bytes_max: usize) -> Result<Vec<u8>, Self::Error>;
}

/// What was stored before, for a machine that may not read a store itself.
impl<S: Store> Past for S {
    fn id_at(&self, stream: Stream, position: Position) -> Option<EntryId> {
        let entry = Entry::decode(&self.read(stream, position, 1).ok()?).ok()?;
        (entry.header().position == position).then(|| entry.id())
    }
}
