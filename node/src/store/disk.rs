//! The store on disk: a commit is appended to the logs and synced there, the local log first, and then enters
//! the rows in one batch. What is durable is so by the log alone. Readers on other threads see the rows
//! between two batches, never within one.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, RwLock};

use xietong_proto::entry::Entry;
use xietong_proto::id::{AgreementId, MemberCode, Position};
use xietong_proto::stream::{Head, Stream};

use super::cut::Cut;
use super::error::StoreError;
use super::home::{Home, Stopped};
use super::index::Index;
use super::log::group::{GROUP_BYTES_MAX, Group};
use super::log::{EntryFiles, Log, LogEnd, SEGMENT_BYTES_MAX};
use super::recovery::{Recovered, Recovery, recover};
use super::rows::{RowsError, Tree};
use super::{Store, extend, keyspace, log_of, purge, rewind};
use crate::replica::io::{Boot, SignedAppend, SignedWrites};
use crate::systems::rows::{Changes, RowIter, Rows};

/// A home that is open.
pub struct Disk {
    me: MemberCode,
    index: Index,
    logs: BTreeMap<AgreementId, Log>,
    reader: Reader,
    segment_bytes_max: u64,
    has_failed: bool,
    // Last, so that the lock is given back when all else is closed.
    home: Home,
}

/// What opening a home gives.
pub struct Opened {
    /// The store.
    pub store: Disk,
    /// What a machine needs to go on.
    pub boot: Boot,
    /// What was found on the way.
    pub recovery: Recovery,
}

impl Disk {
    /// Opens or makes the home of a member. Refused if another process has it, or if its logs have lost what
    /// no peer can give back: damage in a log of ours is never worked around.
    pub fn open(home: &Path, me: MemberCode) -> Result<Opened, StoreError> {
        Self::open_with_segments(home, me, SEGMENT_BYTES_MAX)
    }

    pub(super) fn open_with_segments(
        home: &Path,
        me: MemberCode,
        segment_bytes_max: u64,
    ) -> Result<Opened, StoreError> {
        let home = Home::lock(home)?;
        home.bring_up()?;
        let Recovered { index, logs, boot, recovery } = recover(&home, me, segment_bytes_max)?;
        let reader = Reader {
            logs: home.logs().into(),
            rows: MachineRows(index.tree().clone()),
            heads: Arc::new(RwLock::new(boot.heads.clone())),
            ends: Arc::new(RwLock::new(logs.iter().map(|(log, open)| (*log, open.end())).collect())),
        };
        let store = Self { me, index, logs, reader, segment_bytes_max, has_failed: false, home };
        Ok(Opened { store, boot, recovery })
    }

    /// For other threads.
    pub fn reader(&self) -> Reader {
        self.reader.clone()
    }

    /// Stops in order: the rows are durable too, and the next start knows it.
    pub fn close(self) -> Result<(), StoreError> {
        if self.has_failed {
            return Err(StoreError::Stopped);
        }
        self.index.sync()?;
        let ends = self.logs.iter().map(|(log, open)| (*log, open.end())).collect();
        self.home.leave_stopped(&Stopped { ends, rows: self.index.sum() })
    }

    fn write(&mut self, writes: SignedWrites) -> Result<(), StoreError> {
        let heads = self.link(&writes.appends)?;
        let mut changes: Changes =
            writes.rows.into_iter().map(|(key, value)| (keyspace::row(&key), value)).collect();
        for (stream, position) in writes.folded {
            changes.insert(keyspace::folded(&stream), Some(position.0.to_be_bytes().to_vec()));
        }
        let mut places = BTreeMap::new();
        // Zero, the local log, comes first.
        for (log, group) in groups(&writes.appends, self.me)? {
            let log_file = self.log(log)?;
            places.insert(log, log_file.append(group)?.into_iter());
            changes.insert(keyspace::end(log), Some(keyspace::log_end(&log_file.end())));
        }
        for append in &writes.appends {
            match append {
                SignedAppend::Entry(_) => {
                    let placed = places.get_mut(&log_of(append)).and_then(Iterator::next);
                    let (stream, position, place) = placed.expect("each entry has a place");
                    let place = keyspace::place(&place);
                    changes.insert(keyspace::index(&stream, position), Some(place));
                }
                SignedAppend::Rewind(stream, to) => self.give_up(*stream, to.position, &mut changes)?,
                SignedAppend::Object(..) => {}
            }
        }
        let mut visible = self.reader.heads.write().expect(WRITER_LIVES);
        self.index.apply(changes)?;
        purge::purge(&writes.appends, &mut self.logs, &mut self.index)?;
        visible.extend(heads);
        let ends = self.logs.iter().map(|(log, open)| (*log, open.end()));
        self.reader.ends.write().expect(WRITER_LIVES).extend(ends);
        Ok(())
    }

    /// Entries behind a position are no part of their stream any more, but can still be asked for by id.
    fn give_up(&self, stream: Stream, to: Position, changes: &mut Changes) -> Result<(), StoreError> {
        for position in (to.0 + 1..).map(Position) {
            let key = keyspace::index(&stream, position);
            let place = match changes.get(&key) {
                Some(changed) => changed.clone(),
                None => self.index.tree().get(&key)?,
            };
            let Some(place) = place else { break };
            changes.insert(keyspace::given_up(&stream, position, &place), Some(place));
            changes.insert(key, None);
        }
        Ok(())
    }

    /// The new heads of the streams that are appended to or rewound.
    fn link(&self, appends: &[SignedAppend]) -> Result<BTreeMap<Stream, Head>, StoreError> {
        let now = self.reader.heads.read().expect(WRITER_LIVES);
        let mut heads = BTreeMap::new();
        for append in appends {
            let stream = match append {
                SignedAppend::Entry(entry) => entry.header().stream,
                SignedAppend::Rewind(stream, _) => *stream,
                SignedAppend::Object(..) => continue,
            };
            if let (false, Some(head)) = (heads.contains_key(&stream), now.get(&stream)) {
                heads.insert(stream, *head);
            }
            match append {
                SignedAppend::Entry(entry) => extend(&mut heads, entry.header())?,
                SignedAppend::Rewind(_, to) => drop(rewind(&mut heads, stream, *to)),
                SignedAppend::Object(..) => {}
            }
        }
        Ok(heads)
    }

    fn log(&mut self, log: AgreementId) -> Result<&mut Log, StoreError> {
        if !self.logs.contains_key(&log) {
            let new = Log::open(&self.reader.logs, log, LogEnd::START, self.segment_bytes_max)?;
            self.logs.insert(log, new);
        }
        Ok(self.logs.get_mut(&log).expect("it was just put there"))
    }
}

impl Store for Disk {
    type Error = StoreError;

    fn commit(&mut self, writes: SignedWrites) -> Result<(), StoreError> {
        if self.has_failed {
            return Err(StoreError::Stopped);
        }
        let written = self.write(writes);
        self.has_failed = written.is_err();
        written
    }

    fn rows(&self) -> &dyn Rows {
        &self.reader.rows
    }

    fn read(&self, stream: Stream, from: Position, bytes_max: usize) -> Result<Vec<u8>, StoreError> {
        self.reader.entries(stream, from, bytes_max)
    }

    fn is_unchecked(&self) -> bool {
        self.index.is_unread()
    }

    fn check_some(&mut self) -> Result<(), StoreError> {
        Ok(self.index.read_on()?)
    }

    fn given_up(&self, stream: Stream, at: Head) -> Result<Option<Entry>, StoreError> {
        let (mut files, prefix) =
            (EntryFiles::new(&self.reader.logs), keyspace::given_up_at(&stream, at.position));
        for row in self.reader.rows.0.scan(&prefix, &prefix) {
            let Some(place) = keyspace::read_place(&row?.1) else { continue };
            let mut bytes = Vec::new();
            files.read((stream, at.position), &place, &mut bytes)?;
            let entry = Entry::decode(&bytes).ok().filter(|entry| entry.id() == at.id);
            if entry.is_some() {
                return Ok(entry);
            }
        }
        Ok(None)
    }
}

/// Reads beside the loop. While one reads, commits wait: what it does with the rows has to be short.
#[derive(Clone)]
pub struct Reader {
    logs: Arc<Path>,
    rows: MachineRows,
    /// The newest entry of each stream. Written only together with the rows: who holds it sees both as of
    /// one commit.
    heads: Arc<RwLock<BTreeMap<Stream, Head>>>,
    /// How far each log goes; written with the heads.
    ends: Arc<RwLock<BTreeMap<AgreementId, LogEnd>>>,
}

impl Reader {
    /// How far the logs go, as of one commit.
    pub fn cut(&self) -> Cut {
        let heads = self.heads.read().expect(WRITER_LIVES);
        Cut::new(self.ends.read().expect(WRITER_LIVES).clone(), &heads)
    }

    /// Looks at the rows as of one commit.
    pub fn read<T>(&self, look: impl FnOnce(&dyn Rows) -> T) -> T {
        let _heads = self.heads.read().expect(WRITER_LIVES);
        look(&self.rows)
    }

    /// The newest position of a stream.
    pub fn last(&self, stream: &Stream) -> Position {
        self.heads.read().expect(WRITER_LIVES).get(stream).map_or(Position(0), |head| head.position)
    }

    /// Where every stream stands.
    pub fn heads(&self) -> Vec<(Stream, Position)> {
        let heads = self.heads.read().expect(WRITER_LIVES);
        heads.iter().map(|(stream, head)| (*stream, head.position)).collect()
    }

    /// As [`Store::read`].
    pub fn entries(&self, stream: Stream, from: Position, bytes_max: usize) -> Result<Vec<u8>, StoreError> {
        let heads = self.heads.read().expect(WRITER_LIVES);
        // Behind a head that damage pushed back, the index may still know places: they are not served.
        let last = heads.get(&stream).map_or(Position(0), |head| head.position);
        let mut position = from.max(Position(1));
        let (mut files, mut entries) = (EntryFiles::new(&self.logs), Vec::new());
        let first = keyspace::index(&stream, position);
        let prefix = &first[..first.len() - size_of::<u64>()];
        let mut rows = self.rows.0.scan(prefix, &first);
        while position <= last {
            let (key, value) = rows.next().transpose()?.unwrap_or_default();
            let found = keyspace::read_index(&key).filter(|found| *found == (stream, position));
            let place = found.and_then(|_| keyspace::read_place(&value));
            let place = place.ok_or(StoreError::NotIndexed { stream, position })?;
            let is_full = entries.len() + place.length as usize > bytes_max;
            if !entries.is_empty() && (is_full || place.is_head()) {
                break;
            }
            files.read((stream, position), &place, &mut entries)?;
            if place.is_head() {
                break;
            }
            position = position.next();
        }
        Ok(entries)
    }
}

/// The machine's rows in the tree. A row that cannot be read ends the process: what would be said without it
/// is not true. The next start does without these rows.
#[derive(Clone)]
struct MachineRows(Tree);

impl Rows for MachineRows {
    fn get(&self, key: &[u8]) -> Option<Vec<u8>> {
        self.0.get(&keyspace::row(key)).unwrap_or_else(|error| unreadable(&error))
    }

    fn scan<'a>(&'a self, prefix: &[u8], from: &[u8]) -> RowIter<'a> {
        let rows = self.0.scan(&keyspace::row(prefix), &keyspace::row(from));
        Box::new(rows.map(|row| {
            let (mut key, value) = row.unwrap_or_else(|error| unreadable(&error));
            key.remove(0);
            (key, value)
        }))
    }
}

fn unreadable(error: &RowsError) -> ! {
    panic!("a row cannot be read, so nothing can be answered: {error:?}")
}

/// One group for each log that is written.
fn groups(appends: &[SignedAppend], me: MemberCode) -> Result<BTreeMap<AgreementId, Group>, StoreError> {
    let mut groups: BTreeMap<AgreementId, Group> = BTreeMap::new();
    for append in appends {
        groups.entry(log_of(append)).or_default().push(append, me);
    }
    match groups.values().map(Group::group_bytes).max() {
        Some(bytes) if bytes > GROUP_BYTES_MAX => {
            Err(StoreError::GroupTooLarge { bytes, bytes_max: GROUP_BYTES_MAX })
        }
        Some(_) | None => Ok(groups),
    }
}

const WRITER_LIVES: &str = "the loop ends the process when writing rows panics";
