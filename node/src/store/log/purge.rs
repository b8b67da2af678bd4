//! Takes payloads out of a log that is otherwise only appended to (P50). What is left of an entry keeps its place, and a
//! segment is replaced at once by one of the same length: a kill leaves the one or the other, and doing it again changes
//! nothing. Must never touch an entry that is not named.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use xietong_proto::id::{AgreementId, Position};
use xietong_proto::stream::Stream;

use super::group::{Piece, empty};
use super::{Log, Place, open_segment, segments, sync_folder};
use crate::store::error::{StoreError, at};
use crate::store::names::{folder_name, segment_name};

/// Where the heads of emptied entries lie.
pub type Emptied = Vec<(Stream, Position, Place)>;

impl Log {
    /// Empties entries in all segments.
    pub fn purge(&mut self, is_purged: &dyn Fn(&Stream, Position) -> bool) -> Result<Emptied, StoreError> {
        let emptied = purge_folder(&self.folder, self.log, is_purged)?;
        // The segment that is written may be another file now.
        self.file = open_segment(&self.folder, self.end.segment)?;
        Ok(emptied)
    }
}

/// The same of a log that is not open.
pub fn purge(
    root: &Path,
    log: AgreementId,
    is_purged: &dyn Fn(&Stream, Position) -> bool,
) -> Result<Emptied, StoreError> {
    purge_folder(&root.join(folder_name(log)), log, is_purged)
}

fn purge_folder(
    folder: &Path,
    log: AgreementId,
    is_purged: &dyn Fn(&Stream, Position) -> bool,
) -> Result<Emptied, StoreError> {
    let mut emptied = Vec::new();
    for segment in segments(folder)? {
        let path = folder.join(segment_name(segment));
        let before = fs::read(&path).map_err(at(&path))?;
        let (mut bytes, mut offset) = (before.clone(), 0);
        while offset < bytes.len() {
            offset += match Piece::read(log, &bytes, offset, 0) {
                Piece::Rot { length, .. } => length,
                Piece::Group { head, .. } => {
                    let group = &mut bytes[offset..offset + head.group_bytes()];
                    let frames = empty(group, offset as u64, is_purged);
                    emptied.extend(
                        frames.iter().map(|frame| (frame.stream, frame.position, Place::new(segment, frame))),
                    );
                    head.group_bytes()
                }
            };
        }
        if bytes != before {
            replace(folder, &path, &bytes)?;
        }
    }
    Ok(emptied)
}

fn replace(folder: &Path, path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let new = path.with_extension("seg-new");
    let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new);
    let mut file: File = file.map_err(at(&new))?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(at(&new))?;
    fs::rename(&new, path).map_err(at(path))?;
    sync_folder(folder)
}
