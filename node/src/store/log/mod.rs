//! The log: the authority of a node. One log for each audience, local or an agreement's, as a folder of
//! segment files that are only ever appended to. A commit is one group ([`group`]), synced before the next
//! begins, so that a whole group proves all before it durable. A log never changes or removes what it wrote,
//! but for payloads that are given up for good ([`purge`]); the one thing cut is a torn tail, and that is kept beside it.

pub(super) mod group;
pub(super) mod purge;
pub(super) mod survey;

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use xietong_proto::entry::ENTRY_HEAD_BYTES;
use xietong_proto::id::{AgreementId, Position};
use xietong_proto::limits::ENTRY_PAYLOAD_BYTES_MAX;
use xietong_proto::stream::Stream;

use self::group::{EntryFrame, GROUP_BYTES_MAX, Group, crc};
use super::error::{StoreError, at};
use super::names::{LOCAL, folder_name, segment_name};

/// Bytes from which on a log goes on in a new segment.
pub const SEGMENT_BYTES_MAX: u64 = GROUP_BYTES_MAX as u64;
const ENTRY_BYTES_MAX: usize = ENTRY_HEAD_BYTES + ENTRY_PAYLOAD_BYTES_MAX;

/// How far a log goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogEnd {
    /// The segment that is written, from 1.
    pub segment: u32,
    /// Its bytes.
    pub offset: u64,
    /// The number of the last group; 0 before the first.
    pub group: u64,
    /// Frames up to here that no peer could give back.
    pub sole: u64,
    /// The CRC32 of the last group.
    pub check: u32,
}

impl LogEnd {
    /// Of an empty log.
    pub const START: Self = Self { segment: 1, offset: 0, group: 0, sole: 0, check: 0 };
}

/// Where an entry lies in its log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The segment.
    pub segment: u32,
    /// Where its bytes begin.
    pub offset: u64,
    /// How many they are.
    pub length: u32,
    /// Their CRC32.
    pub crc: u32,
}

impl Place {
    /// Of a frame in a segment.
    pub fn new(segment: u32, frame: &EntryFrame) -> Self {
        Self { segment, offset: frame.offset, length: frame.length, crc: frame.crc }
    }

    /// Whether nothing but an entry's head lies there: its payload was given up.
    pub fn is_head(&self) -> bool {
        self.length as usize == ENTRY_HEAD_BYTES
    }
}

/// The end of a log that was never durable and was cut.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Torn {
    /// Which log; zero is the local one.
    pub log: AgreementId,
    /// Where the bytes are kept.
    pub kept: PathBuf,
    /// How many they are.
    pub bytes: u64,
}

/// A log that is written.
#[derive(Debug)]
pub struct Log {
    log: AgreementId,
    folder: PathBuf,
    file: File,
    end: LogEnd,
    segment_bytes_max: u64,
}

impl Log {
    /// Opens a log where it ends, or begins one. What stands there is durable afterwards.
    pub fn open(
        root: &Path,
        log: AgreementId,
        end: LogEnd,
        segment_bytes_max: u64,
    ) -> Result<Self, StoreError> {
        let folder = root.join(folder_name(log));
        if !folder.exists() {
            fs::create_dir(&folder).map_err(at(&folder))?;
            sync_folder(root)?;
        }
        let file = open_segment(&folder, end.segment)?;
        Ok(Self { log, folder, file, end, segment_bytes_max })
    }

    /// How far it goes.
    pub fn end(&self) -> LogEnd {
        self.end
    }

    /// Appends a group with one write and one sync, and says where its entries lie.
    pub fn append(&mut self, group: Group) -> Result<Vec<(Stream, Position, Place)>, StoreError> {
        let is_full = self.end.offset + group.group_bytes() as u64 > self.segment_bytes_max;
        if is_full && self.end.offset > 0 {
            self.end = LogEnd { segment: self.end.segment + 1, offset: 0, ..self.end };
            self.file = open_segment(&self.folder, self.end.segment)?;
        }
        let sealed = group.seal(self.log, self.end.group + 1, self.end.sole);
        let written = self.file.write_all_at(&sealed.bytes, self.end.offset);
        let synced = written.and_then(|()| self.file.sync_data());
        synced.map_err(at(&self.folder.join(segment_name(self.end.segment))))?;
        let (segment, start) = (self.end.segment, self.end.offset);
        self.end = LogEnd {
            segment,
            offset: start + sealed.bytes.len() as u64,
            group: sealed.head.number,
            sole: sealed.head.sole,
            check: sealed.check,
        };
        let place = |frame: &EntryFrame| {
            let frame = EntryFrame { offset: start + frame.offset, ..*frame };
            (frame.stream, frame.position, Place::new(segment, &frame))
        };
        Ok(sealed.entries.iter().map(place).collect())
    }
}

/// Reads entries by their places.
#[derive(Debug)]
pub struct EntryFiles<'a> {
    root: &'a Path,
    open: Option<(PathBuf, File)>,
}

impl<'a> EntryFiles<'a> {
    /// Of the logs in `root`.
    pub fn new(root: &'a Path) -> Self {
        Self { root, open: None }
    }

    /// Appends the bytes of an entry to `to`, if they are those that were written.
    pub fn read(
        &mut self,
        (stream, position): (Stream, Position),
        place: &Place,
        to: &mut Vec<u8>,
    ) -> Result<(), StoreError> {
        let path = self.root.join(folder_name(stream.agreement)).join(segment_name(place.segment));
        let file = match self.open.take() {
            Some((open, file)) if open == path => file,
            Some(_) | None => File::open(&path).map_err(at(&path))?,
        };
        let (start, length) = (to.len(), place.length as usize);
        let is_read = length <= ENTRY_BYTES_MAX && {
            to.resize(start + length, 0);
            file.read_exact_at(&mut to[start..], place.offset).map_err(at(&path))?;
            crc(&[&to[start..]]) == place.crc
        };
        if !is_read {
            to.truncate(start);
            return Err(StoreError::Rot { stream, position, path, offset: place.offset });
        }
        self.open = Some((path, file));
        Ok(())
    }
}

/// The logs that there are, by their folders.
pub fn logs(root: &Path) -> Result<Vec<AgreementId>, StoreError> {
    let names = names_in(root)?;
    let log = |name: &String| match name.as_str() {
        LOCAL => Some(AgreementId::ZERO),
        name => name.parse().ok(),
    };
    Ok(names.iter().filter_map(log).collect())
}

/// The segments of a log, in order.
pub fn segments_of(root: &Path, log: AgreementId) -> Result<Vec<u32>, StoreError> {
    segments(&root.join(folder_name(log)))
}

/// Bytes of all segments of a log.
pub fn bytes(root: &Path, log: AgreementId) -> Result<u64, StoreError> {
    let segments = segments(&root.join(folder_name(log)))?;
    segments.into_iter().map(|segment| segment_bytes(root, log, segment)).sum()
}

/// Bytes of a segment; 0 if it is gone.
pub fn segment_bytes(root: &Path, log: AgreementId, segment: u32) -> Result<u64, StoreError> {
    let path = root.join(folder_name(log)).join(segment_name(segment));
    if !path.exists() {
        return Ok(0);
    }
    Ok(fs::metadata(&path).map_err(at(&path))?.len())
}

/// Sets the tail of a log aside in a file of its own, then cuts it.
pub fn cut(root: &Path, log: AgreementId, segment: u32, offset: u64) -> Result<Torn, StoreError> {
    let folder = root.join(folder_name(log));
    let path = folder.join(segment_name(segment));
    let bytes = fs::read(&path).map_err(at(&path))?;
    let tail = bytes.get(offset as usize..).unwrap_or_default();
    let kept = unused(&folder, &format!("{segment:08}.{offset}"));
    fs::write(&kept, tail).map_err(at(&kept))?;
    File::open(&kept).and_then(|file| file.sync_all()).map_err(at(&kept))?;
    sync_folder(&folder)?;
    let file = OpenOptions::new().write(true).open(&path).map_err(at(&path))?;
    file.set_len(offset).and_then(|()| file.sync_all()).map_err(at(&path))?;
    Ok(Torn { log, kept, bytes: tail.len() as u64 })
}

/// Makes the names in a folder durable.
pub fn sync_folder(folder: &Path) -> Result<(), StoreError> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(at(folder))
}

/// The segments of a log, in order.
fn segments(folder: &Path) -> Result<Vec<u32>, StoreError> {
    let names = if folder.exists() { names_in(folder)? } else { Vec::new() };
    Ok(names.iter().filter_map(|name| name.strip_suffix(".seg")?.parse().ok()).collect())
}

fn names_in(folder: &Path) -> Result<Vec<String>, StoreError> {
    let files = fs::read_dir(folder).and_then(|files| files.collect::<Result<Vec<_>, _>>());
    let files = files.map_err(at(folder))?;
    let mut names: Vec<String> =
        files.iter().filter_map(|file| file.file_name().into_string().ok()).collect();
    names.sort();
    Ok(names)
}

fn unused(folder: &Path, stem: &str) -> PathBuf {
    let plain = folder.join(format!("{stem}.torn"));
    let numbered = (2u64..).map(|number| folder.join(format!("{stem}-{number}.torn")));
    [plain].into_iter().chain(numbered).find(|path| !path.exists()).expect("numbers do not run out")
}

fn open_segment(folder: &Path, segment: u32) -> Result<File, StoreError> {
    let path = folder.join(segment_name(segment));
    let is_new = !path.exists();
    let file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&path);
    let file = file.map_err(at(&path))?;
    file.sync_all().map_err(at(&path))?;
    if is_new {
        sync_folder(folder)?;
    }
    Ok(file)
}
