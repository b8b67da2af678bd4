//! Why the store cannot go on. After any of these the node stops: a disk that cannot be trusted must not
//! speak. What is wrong with the data is named by place, never repaired in silence.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use xietong_proto::id::{AgreementId, MemberCode, Position};
use xietong_proto::stream::Stream;

use super::NotNext;
use super::names::{folder_name, segment_name};
pub use super::rows::RowsError;

/// Bytes that were durable and are not what was written. They stay where they are, are not served, and come
/// again from a peer where one has them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// Which log; zero is the local one.
    pub log: AgreementId,
    /// Which segment.
    pub segment: u32,
    /// Where it begins.
    pub offset: u64,
    /// How many bytes; 0 where whole groups are gone.
    pub bytes: u64,
    /// What stood there, by stream from the first to the last position, as far as the index knows.
    pub touched: Vec<(Stream, Position, Position)>,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { log, segment, offset, bytes, touched } = self;
        write!(f, "log/{}/{} at byte {offset}, {bytes} bytes", folder_name(*log), segment_name(*segment))?;
        for (stream, first, last) in touched {
            write!(f, ", {}-{} {} to {}", stream.author, stream.system, first, last)?;
        }
        Ok(())
    }
}

/// A failure of the store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Two processes on one home would write over each other.
    #[error("another process uses this home (it holds {})", lock.display())]
    InUse {
        /// The lock file.
        lock: PathBuf,
    },
    /// No room is left, or none that this user may have.
    #[error("no room is left for {}", path.display())]
    DiskFull {
        /// What was to be written.
        path: PathBuf,
        /// As the system says it.
        #[source]
        source: io::Error,
    },
    /// Any other failure of a file.
    #[error("{} cannot be read or written", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// As the system says it.
        #[source]
        source: io::Error,
    },
    /// The home was written by a newer program.
    #[error("the home has format {found}, and this program knows up to {known}")]
    NewerFormat {
        /// Of the home.
        found: u32,
        /// Of this program.
        known: u32,
    },
    /// The local log is another member's: the home was mixed up.
    #[error("the local log is that of {author}")]
    ForeignLog {
        /// Whose it is.
        author: MemberCode,
    },
    /// A step wrote more than one group holds.
    #[error("a commit of {bytes} bytes is larger than the {bytes_max} a group may have")]
    GroupTooLarge {
        /// Of the group.
        bytes: usize,
        /// The limit.
        bytes_max: usize,
    },
    /// The machine appended what does not follow.
    #[error(transparent)]
    NotNext(#[from] NotNext),
    /// The log has lost what nobody else holds: entries of our own or agreed objects. Going on would write
    /// a second history beside the first. The way out is a backup.
    #[error("the log has lost {} that no peer can give back: {}", count(*lost), places(damage))]
    Irreplaceable {
        /// How many frames; none = it cannot be told.
        lost: Option<u64>,
        /// Where.
        damage: Vec<Damage>,
    },
    /// A stored entry is not what was written.
    #[error("entry {position} of {stream:?} is damaged in {} at byte {offset}", path.display())]
    Rot {
        /// Of which stream.
        stream: Stream,
        /// Where in it.
        position: Position,
        /// The segment.
        path: PathBuf,
        /// Where in the segment.
        offset: u64,
    },
    /// The index does not know an entry that the log has.
    #[error("entry {position} of {stream:?} is not in the index")]
    NotIndexed {
        /// Of which stream.
        stream: Stream,
        /// Where in it.
        position: Position,
    },
    /// The rows fail.
    #[error("the rows cannot be read or written")]
    Rows(#[from] RowsError),
    /// An earlier commit failed.
    #[error("the store stopped when an earlier commit failed")]
    Stopped,
}

/// Names the file that failed.
pub(super) fn at(path: &Path) -> impl FnOnce(io::Error) -> StoreError + '_ {
    |source| {
        let path = path.to_path_buf();
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                StoreError::DiskFull { path, source }
            }
            _ => StoreError::File { path, source },
        }
    }
}

fn count(lost: Option<u64>) -> String {
    lost.map_or_else(|| "something".to_owned(), |frames| format!("{frames} frames"))
}

fn places(damage: &[Damage]) -> String {
    let places: Vec<String> = damage.iter().map(Damage::to_string).collect();
    places.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_has_its_own_name() {
        let failure = |kind: io::ErrorKind| at(Path::new("log"))(kind.into());
        for kind in [io::ErrorKind::StorageFull, io::ErrorKind::QuotaExceeded] {
            assert!(matches!(failure(kind), StoreError::DiskFull { .. }));
        }
        assert!(matches!(failure(io::ErrorKind::PermissionDenied), StoreError::File { .. }));
    }
}
