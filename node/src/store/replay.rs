//! Goes through all logs from the first frame and gathers what a machine needs to go on: heads, objects,
//! rewinds. On demand it indexes the entries behind the mark that each log has in the index. An entry that
//! does not follow the one before it in its stream stands behind damage: it is counted and not indexed, and
//! comes again from a peer.

use std::collections::BTreeMap;
use std::path::PathBuf;

use xietong_proto::header::Header;
use xietong_proto::id::{AgreementId, MemberCode, Position};
use xietong_proto::stream::{Audience, Head, Stream};

use super::error::StoreError;
use super::index::Index;
use super::keyspace;
use super::log::group::{EntryFrame, Stored};
use super::log::survey::{Survey, Visit, survey};
use super::log::{LogEnd, Place};
use super::{extend, rewind};
use crate::replica::io::Object;
use crate::systems::rows::Changes;

/// The logs of a home.
pub struct Logs {
    /// Their folder.
    pub root: PathBuf,
    /// Whose home it is.
    pub me: MemberCode,
    /// Those that there are, and those that there were.
    pub names: Vec<AgreementId>,
    /// How far each is known to have been durable.
    pub known: Marks,
}

/// An end for each log.
pub type Marks = BTreeMap<AgreementId, LogEnd>;

/// What is gathered from all logs.
pub struct Replay {
    /// The newest entry of each stream.
    pub heads: BTreeMap<Stream, Head>,
    /// Bytes of entries, by agreement and author.
    pub bytes: BTreeMap<(AgreementId, MemberCode), u64>,
    /// In the order in which they were appended to each log.
    pub objects: Vec<(AgreementId, Object)>,
    /// How far streams were rewound behind the marks.
    pub rewound: BTreeMap<Stream, Position>,
    /// How many entries stand behind a gap.
    pub unlinked: BTreeMap<Stream, u64>,
    /// What was found in each log.
    pub surveys: BTreeMap<AgreementId, Survey>,
    /// Whether something stands behind the marks.
    pub is_behind: bool,
    /// Whether each log has the group that its mark names.
    pub met_all_marks: bool,
}

impl Logs {
    /// Reads them all, and tells what stands behind the marks.
    pub fn replay(&self, marks: &Marks) -> Result<Replay, StoreError> {
        self.pass(marks, None)
    }

    /// Indexes what stands behind the marks.
    pub fn index(&self, marks: &Marks, index: &mut Index) -> Result<(), StoreError> {
        self.pass(marks, Some(index)).map(drop)
    }

    fn pass(&self, marks: &Marks, index: Option<&mut Index>) -> Result<Replay, StoreError> {
        let mut pass = Pass {
            replay: Replay {
                heads: BTreeMap::new(),
                bytes: BTreeMap::new(),
                objects: Vec::new(),
                rewound: BTreeMap::new(),
                unlinked: BTreeMap::new(),
                surveys: BTreeMap::new(),
                is_behind: false,
                met_all_marks: true,
            },
            me: self.me,
            log: AgreementId::ZERO,
            mark: None,
            is_new: true,
            index,
            changes: Changes::new(),
        };
        for log in &self.names {
            pass.log = *log;
            pass.mark = marks.get(log).copied();
            pass.is_new = pass.mark.is_none();
            let found = survey(&self.root, *log, self.me, self.known.get(log).copied(), &mut pass)?;
            pass.replay.surveys.insert(*log, found);
            pass.replay.met_all_marks &= pass.is_new;
        }
        pass.flush()?;
        Ok(pass.replay)
    }
}

struct Pass<'a> {
    replay: Replay,
    me: MemberCode,
    log: AgreementId,
    mark: Option<LogEnd>,
    /// What is read now stands behind the mark.
    is_new: bool,
    index: Option<&'a mut Index>,
    changes: Changes,
}

impl Pass<'_> {
    fn flush(&mut self) -> Result<(), StoreError> {
        let changes = std::mem::take(&mut self.changes);
        match &mut self.index {
            Some(index) => Ok(index.apply(changes)?),
            None => Ok(()),
        }
    }
}

impl Pass<'_> {
    /// Indexes entries as given up that were indexed as part of their stream.
    fn give_up(&mut self, stream: Stream, dropped: Vec<Position>) -> Result<(), StoreError> {
        self.flush()?;
        let Some(index) = &mut self.index else { return Ok(()) };
        let mut changes = Changes::new();
        for position in dropped {
            let key = keyspace::index(&stream, position);
            if let Some(place) = index.tree().get(&key)? {
                changes.insert(keyspace::given_up(&stream, position, &place), Some(place));
            }
            changes.insert(key, None);
        }
        Ok(index.apply(changes)?)
    }
}

impl Pass<'_> {
    /// An entry, or what a purge has left of one.
    fn entry(&mut self, segment: u32, header: &Header, frame: &EntryFrame) -> Result<(), StoreError> {
        if frame.stream.audience == Audience::Local && frame.stream.author != self.me {
            return Err(StoreError::ForeignLog { author: frame.stream.author });
        }
        let author = (frame.stream.agreement, frame.stream.author);
        *self.replay.bytes.entry(author).or_default() += u64::from(frame.length);
        if extend(&mut self.replay.heads, header).is_err() {
            *self.replay.unlinked.entry(frame.stream).or_default() += 1;
        } else if self.is_new && self.index.is_some() {
            let key = keyspace::index(&frame.stream, frame.position);
            self.changes.insert(key, Some(keyspace::place(&Place::new(segment, frame))));
        }
        Ok(())
    }
}

impl Visit for Pass<'_> {
    fn frame(&mut self, segment: u32, stored: Stored) -> Result<(), StoreError> {
        self.replay.is_behind |= self.is_new;
        match stored {
            Stored::Entry(entry, frame) => self.entry(segment, entry.header(), &frame)?,
            Stored::Head(head, frame) => self.entry(segment, head.header(), &frame)?,
            Stored::Rewind(stream, to) => {
                let dropped = rewind(&mut self.replay.heads, stream, to);
                if self.is_new {
                    let lowest = self.replay.rewound.entry(stream).or_insert(to.position);
                    *lowest = to.position.min(*lowest);
                    self.give_up(stream, dropped)?;
                }
            }
            Stored::Object(object) => self.replay.objects.push((self.log, object)),
        }
        Ok(())
    }

    fn reached(&mut self, end: &LogEnd, is_whole: bool) -> Result<(), StoreError> {
        self.is_new |= self.mark.is_some_and(|mark| {
            let is_here = (mark.segment, mark.offset) == (end.segment, end.offset);
            is_here && (!is_whole || (mark.group, mark.check) == (end.group, end.check))
        });
        if self.changes.len() >= CHANGES_MAX { self.flush() } else { Ok(()) }
    }
}

/// Changes that are collected before they are written.
const CHANGES_MAX: usize = 4_096;
