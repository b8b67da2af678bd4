//! The store of the simulator: the same promises as the disk's, held in memory, with crashes and failures on
//! demand. A clone is a backup. It must never keep a part of a commit that was not asked for by name.

use std::collections::BTreeMap;
use std::ops::Bound;

use xietong_proto::entry::{ENTRY_HEAD_BYTES, Entry, SignedEntry};
use xietong_proto::id::{AgreementId, MemberCode, Position};
use xietong_proto::purge::PurgeFields;
use xietong_proto::stream::{Head, Stream};

use super::{NotNext, Store, extend, log_of, rewind};
use crate::replica::io::{Boot, Object, SignedAppend, SignedWrites};
use crate::systems::rows::{RowIter, Rows};

/// A store without a disk. What [`Store::commit`] took stays through [`Memory::crash`]; what a failed commit
/// leaves behind is chosen with [`Memory::fail_next`].
#[derive(Clone, Debug, Default)]
pub struct Memory {
    boot: Boot,
    streams: BTreeMap<Stream, Vec<SignedEntry>>,
    given_up: Vec<SignedEntry>,
    purges: BTreeMap<(AgreementId, MemberCode), Option<PurgeFields>>,
    rows: MemoryRows,
    /// A rewind reached the log, and the rows do not know it.
    has_stale_rows: bool,
    next_failure: Option<Leftover>,
}

/// What a restart finds of a commit that failed, as the disk may leave it: the local log is synced before the
/// others, the rows come last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leftover {
    /// The first write failed.
    Nothing,
    /// The local log was synced, an agreement's was not.
    LocalLog,
    /// All logs were synced; the rows do not know it, and nobody was told.
    Logs,
}

/// Why memory does not commit.
#[derive(Debug, thiserror::Error)]
pub enum MemoryError {
    /// Asked for with [`Memory::fail_next`].
    #[error("the commit failed on demand")]
    OnDemand,
    /// The machine appended what does not follow.
    #[error(transparent)]
    NotNext(#[from] NotNext),
}

impl Memory {
    /// Lets the next commit fail and leave this behind.
    pub fn fail_next(&mut self, leftover: Leftover) {
        self.next_failure = Some(leftover);
    }

    /// Whether nothing was ever committed.
    pub fn is_empty(&self) -> bool {
        self.boot.heads.is_empty() && self.boot.objects.is_empty()
    }

    /// Lets commits succeed again.
    pub fn heal(&mut self) {
        self.next_failure = None;
    }

    /// What a machine needs to go on.
    pub fn boot(&self) -> Boot {
        self.boot.clone()
    }

    /// The store as the next process finds it after a kill or power cut: everything committed.
    pub fn crash(mut self) -> Self {
        self.next_failure = None;
        self.boot.was_clean = false;
        // As a home that is opened: rows of what a rewind gave up are not used.
        let head = |stream: &Stream| self.boot.heads.get(stream).map_or(Position(0), |head| head.position);
        let is_ahead = self.boot.folded.iter().any(|(stream, folded)| *folded > head(stream));
        if is_ahead || std::mem::take(&mut self.has_stale_rows) {
            self.rows.0.clear();
            self.boot.folded.clear();
        }
        self
    }

    /// The same with the rows lost: they have to be folded again from the first entry.
    pub fn crash_without_rows(self) -> Self {
        let mut after = self.crash();
        after.rows.0.clear();
        after.boot.folded.clear();
        after
    }

    /// The store as the next process finds it after an orderly stop.
    pub fn close(self) -> Self {
        let mut after = self.crash();
        after.boot.was_clean = true;
        after
    }

    fn append(&mut self, append: SignedAppend) -> Result<(), NotNext> {
        match append {
            SignedAppend::Entry(entry) => {
                extend(&mut self.boot.heads, entry.header())?;
                let author = (entry.header().stream.agreement, entry.header().stream.author);
                *self.boot.bytes.entry(author).or_default() += entry.bytes().len() as u64;
                self.streams.entry(entry.header().stream).or_default().push(entry);
            }
            SignedAppend::Rewind(stream, to) => {
                rewind(&mut self.boot.heads, stream, to);
                let entries = self.streams.entry(stream).or_default();
                let kept = entries.len().min(to.position.0 as usize);
                self.given_up.extend(entries.split_off(kept));
            }
            SignedAppend::Object(log, object) => {
                if let Object::Purged { author, .. } = &object {
                    self.purges.insert((log, *author), object.purge());
                }
                self.boot.objects.push((log, object));
            }
        }
        Ok(())
    }

    /// Whether nothing but the head is left of an entry (P50).
    fn is_purged(&self, entry: &SignedEntry) -> bool {
        let (stream, position) = (entry.header().stream, entry.header().position);
        let purge = self.purges.get(&(stream.agreement, stream.author)).and_then(Option::as_ref);
        purge.is_some_and(|purge| purge.covers(&stream, position))
    }
}

impl Store for Memory {
    type Error = MemoryError;

    fn commit(&mut self, writes: SignedWrites) -> Result<(), MemoryError> {
        let failure = self.next_failure.take();
        let is_left = |append: &SignedAppend| match failure {
            Some(Leftover::Nothing) => false,
            Some(Leftover::LocalLog) => log_of(append) == AgreementId::ZERO,
            Some(Leftover::Logs) | None => true,
        };
        let is_rewind = |append: &SignedAppend| matches!(append, SignedAppend::Rewind(..));
        let rewinds = writes.appends.iter().any(|append| is_left(append) && is_rewind(append));
        for append in writes.appends.into_iter().filter(is_left) {
            self.append(append)?;
        }
        if failure.is_some() {
            self.has_stale_rows |= rewinds;
            return Err(MemoryError::OnDemand);
        }
        for (key, value) in writes.rows {
            match value {
                Some(value) => self.rows.0.insert(key, value),
                None => self.rows.0.remove(&key),
            };
        }
        self.boot.folded.extend(writes.folded);
        Ok(())
    }

    fn rows(&self) -> &dyn Rows {
        &self.rows
    }

    fn read(&self, stream: Stream, from: Position, bytes_max: usize) -> Result<Vec<u8>, MemoryError> {
        let entries = self.streams.get(&stream).map_or(&[][..], Vec::as_slice);
        let first = usize::try_from(from.0.saturating_sub(1)).unwrap_or(usize::MAX);
        let mut read = Vec::new();
        for entry in entries.iter().skip(first) {
            let is_full = read.len() + entry.bytes().len() > bytes_max;
            let is_head = self.is_purged(entry);
            if !read.is_empty() && (is_full || is_head) {
                break;
            }
            if is_head {
                read.extend(&entry.bytes()[..ENTRY_HEAD_BYTES]);
                break;
            }
            read.extend(entry.bytes());
        }
        Ok(read)
    }

    fn given_up(&self, stream: Stream, at: Head) -> Result<Option<Entry>, MemoryError> {
        let is_asked = |entry: &&SignedEntry| entry.header().stream == stream && entry.id() == at.id;
        Ok(self.given_up.iter().find(is_asked).map(|entry| (**entry).clone()))
    }
}

/// Rows in key order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct MemoryRows(BTreeMap<Vec<u8>, Vec<u8>>);

impl Rows for MemoryRows {
    fn get(&self, key: &[u8]) -> Option<Vec<u8>> {
        self.0.get(key).cloned()
    }

    fn scan<'a>(&'a self, prefix: &[u8], from: &[u8]) -> RowIter<'a> {
        let from = from.max(prefix);
        let prefix = prefix.to_vec();
        let rows = self.0.range::<[u8], _>((Bound::Included(from), Bound::Unbounded));
        let rows = rows.take_while(move |(key, _)| key.starts_with(&prefix));
        Box::new(rows.map(|(key, value)| (key.clone(), value.clone())))
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::*;
    use super::*;

    fn bytes_of(memory: &Memory, stream: Stream, from: u64, bytes_max: usize) -> usize {
        memory.read(stream, Position(from), bytes_max).expect("memory reads").len()
    }

    #[test]
    fn what_was_committed_survives_a_crash_and_the_rows_may_be_lost() {
        let (mut memory, mut scribe) = (Memory::default(), Scribe::default());
        let mut writes = scribe.commit(local(), &["a", "b"]);
        writes.appends.push(SignedAppend::Object(pause().0, pause().1));
        writes.rows.extend([row("k1", "v"), row("k2", "v"), row("l", "v")]);
        writes.folded.insert(local(), Position(2));
        memory.commit(writes).expect("commits");

        let crashed = memory.clone().crash();
        let boot = crashed.boot();
        assert_eq!(boot.heads, scribe.heads);
        assert_eq!(boot.objects, [pause()]);
        assert_eq!(boot.folded[&local()], Position(2));
        assert!(!boot.was_clean && memory.clone().close().boot().was_clean);
        assert_eq!(crashed.rows().scan(b"k", b"k2").count(), 1);

        let bare = memory.crash_without_rows();
        assert_eq!((bare.rows().get(b"k1"), bare.boot().folded.len()), (None, 0));
        assert_eq!(bare.boot().heads, scribe.heads);
    }

    #[test]
    fn a_failed_commit_leaves_behind_what_it_is_told_to() {
        let table = [(Leftover::Nothing, 0, 0), (Leftover::LocalLog, 1, 0), (Leftover::Logs, 1, 1)];
        for (leftover, local_entries, shared_entries) in table {
            let (mut memory, mut scribe) = (Memory::default(), Scribe::default());
            let mut writes = scribe.commit(local(), &["a"]);
            writes.appends.extend(scribe.commit(shared(me()), &["a"]).appends);
            writes.rows.extend([row("k", "v")]);
            memory.fail_next(leftover);
            assert!(matches!(memory.commit(writes), Err(MemoryError::OnDemand)));
            let boot = memory.crash().boot();
            let entries = |stream| boot.heads.get(&stream).map_or(0, |head: &Head| head.position.0);
            assert_eq!((entries(local()), entries(shared(me()))), (local_entries, shared_entries));
            assert!(boot.folded.is_empty());
        }
    }

    #[test]
    fn a_read_gives_at_least_one_entry_and_no_more_than_asked() {
        let (mut memory, mut scribe) = (Memory::default(), Scribe::default());
        memory.commit(scribe.commit(local(), &["a", "b", "c"])).expect("commits");
        let one = bytes_of(&memory, local(), 3, 0);
        assert_eq!(bytes_of(&memory, local(), 1, 0), one);
        assert_eq!(bytes_of(&memory, local(), 1, 2 * one), 2 * one);
        assert_eq!(bytes_of(&memory, local(), 0, usize::MAX), 3 * one);
        assert_eq!(bytes_of(&memory, local(), 4, usize::MAX), 0);
        assert_eq!(bytes_of(&memory, shared(me()), 1, usize::MAX), 0);
    }

    #[test]
    fn an_entry_that_does_not_follow_is_refused() {
        let (mut memory, mut scribe) = (Memory::default(), Scribe::default());
        scribe.next(local(), b"never committed");
        let refused = memory.commit(scribe.commit(local(), &["a"]));
        let not_next = NotNext { stream: local(), have: Position(0), got: Position(2) };
        assert!(matches!(refused, Err(MemoryError::NotNext(found)) if found == not_next));
    }
}
