//! Reads a whole log and judges it: what stands, what was torn by a crash, what rotted. A group proves all
//! groups before it durable, because it was begun after they were synced; so only what stands last can be
//! torn, and it is not if anybody knows that it was durable. Changes nothing on disk.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use xietong_proto::id::{AgreementId, MemberCode};

use super::group::{GroupHead, Piece, Stored};
use super::{LogEnd, SEGMENT_BYTES_MAX, segments};
use crate::store::error::Damage;
use crate::store::error::{StoreError, at};
use crate::store::names::{folder_name, segment_name};

/// What a log holds.
#[derive(Debug)]
pub struct Survey {
    /// Where the next group goes.
    pub end: LogEnd,
    /// What was durable and is damaged, in order.
    pub damage: Vec<Damage>,
    /// How many frames are lost that no peer can give back; none = it cannot be told.
    pub lost: Option<u64>,
    /// Bytes after `end` that were never durable.
    pub torn_bytes: u64,
}

/// Sees a log in order.
pub trait Visit {
    /// A frame of a whole group, in this segment.
    fn frame(&mut self, segment: u32, stored: Stored) -> Result<(), StoreError>;

    /// The log goes at least to here. If `is_whole`, a whole group ends here; else damage ends or a segment
    /// begins.
    fn reached(&mut self, end: &LogEnd, is_whole: bool) -> Result<(), StoreError>;
}

/// Reads a log, from the first segment to the last. `known` is how far it is known to have been durable.
pub fn survey(
    root: &Path,
    log: AgreementId,
    me: MemberCode,
    known: Option<LogEnd>,
    visit: &mut dyn Visit,
) -> Result<Survey, StoreError> {
    let folder = root.join(folder_name(log));
    let mut pass = Pass {
        log,
        me,
        known,
        visit,
        end: LogEnd::START,
        damage: Vec::new(),
        lost: 0,
        is_gap: false,
        is_unclear: false,
        doubtful: None,
        bytes: Vec::with_capacity(SEGMENT_BYTES_MAX as usize),
    };
    for segment in segments(&folder)? {
        pass.segment(segment, &folder.join(segment_name(segment)))?;
    }
    Ok(pass.finish())
}

struct Pass<'a> {
    log: AgreementId,
    me: MemberCode,
    known: Option<LogEnd>,
    visit: &'a mut dyn Visit,
    end: LogEnd,
    damage: Vec<Damage>,
    lost: u64,
    /// No whole group since the last damage, so numbers may jump.
    is_gap: bool,
    /// Nobody has said yet what the last damage swallowed.
    is_unclear: bool,
    /// Torn if nothing follows, else damage.
    doubtful: Option<Rot>,
    /// Of one segment after the other: fresh memory for each would take longer than reading it.
    bytes: Vec<u8>,
}

struct Rot {
    bytes: u64,
    head: Option<GroupHead>,
}

impl Pass<'_> {
    fn segment(&mut self, segment: u32, path: &Path) -> Result<(), StoreError> {
        // A segment is begun only after everything before it was synced.
        self.settle()?;
        self.end = LogEnd { segment, offset: 0, ..self.end };
        self.reached(false)?;
        let file = File::open(path).map_err(at(path))?;
        let file_bytes = file.metadata().map_err(at(path))?.len();
        let mut bytes = std::mem::take(&mut self.bytes);
        bytes.clear();
        file.take(SEGMENT_BYTES_MAX).read_to_end(&mut bytes).map_err(at(path))?;
        let mut offset = 0;
        while offset < bytes.len() {
            self.settle()?;
            match Piece::read(self.log, &bytes, offset, self.end.group + 1) {
                Piece::Group { head, check, frames } => {
                    offset += head.group_bytes();
                    self.group(head, check, frames)?;
                }
                Piece::Rot { length, head } => {
                    offset += length;
                    self.doubtful = Some(Rot { bytes: length as u64, head });
                }
            }
        }
        if file_bytes > SEGMENT_BYTES_MAX {
            self.settle()?;
            self.doubtful = Some(Rot { bytes: file_bytes - SEGMENT_BYTES_MAX, head: None });
        }
        self.bytes = bytes;
        Ok(())
    }

    fn group(&mut self, head: GroupHead, check: u32, frames: Vec<Stored>) -> Result<(), StoreError> {
        if head.number != self.end.group + 1 && !self.is_gap {
            self.damaged(0);
        }
        let sole = frames.iter().filter(|stored| stored.is_sole(self.me)).count() as u64;
        self.told(head.number, head.sole.saturating_sub(sole));
        self.is_gap = false;
        for stored in frames {
            self.visit.frame(self.end.segment, stored)?;
        }
        let offset = self.end.offset + head.group_bytes() as u64;
        self.end = LogEnd { offset, sole: head.sole, check, ..self.end };
        self.reached(true)
    }

    /// What was doubtful was durable, for something follows it.
    fn settle(&mut self) -> Result<(), StoreError> {
        let Some(rot) = self.doubtful.take() else { return Ok(()) };
        self.damaged(rot.bytes);
        self.end.offset += rot.bytes;
        match rot.head {
            Some(head) => self.told(head.number, head.sole),
            None => self.is_unclear = true,
        }
        self.reached(false)
    }

    fn damaged(&mut self, bytes: u64) {
        let LogEnd { segment, offset, .. } = self.end;
        self.damage.push(Damage { log: self.log, segment, offset, bytes, touched: Vec::new() });
        self.is_gap = true;
    }

    /// Somebody knows how many frames without a second copy there were by now.
    fn told(&mut self, group: u64, sole: u64) {
        self.lost += sole.saturating_sub(self.end.sole);
        self.end = LogEnd { group, sole: sole.max(self.end.sole), ..self.end };
        self.is_unclear = false;
    }

    fn reached(&mut self, is_whole: bool) -> Result<(), StoreError> {
        if let Some(known) = self.known
            && !is_whole
            && (known.segment, known.offset) == (self.end.segment, self.end.offset)
            && known.group >= self.end.group
        {
            self.told(known.group, known.sole);
        }
        self.visit.reached(&self.end, is_whole)
    }

    fn finish(mut self) -> Survey {
        let mut torn_bytes = self.doubtful.as_ref().map_or(0, |rot| rot.bytes);
        if let Some(known) = self.known.filter(|known| known.group > self.end.group) {
            self.damaged(torn_bytes);
            self.told(known.group, known.sole);
            // What is damaged stays as it is; the log goes on behind it.
            self.end = LogEnd { segment: self.end.segment + 1, offset: 0, check: 0, ..self.end };
            torn_bytes = 0;
        }
        let lost = (!self.is_unclear).then_some(self.lost);
        Survey { end: self.end, damage: self.damage, lost, torn_bytes }
    }
}
