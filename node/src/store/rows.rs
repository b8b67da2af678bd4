//! The tree that rows lie in. The only file that names sled, whose word is never taken alone: it opens a
//! damaged file with a panic, empty, or with half a batch, and its flush is no sync. Whoever opens it checks
//! what it holds ([`super::index`]) and can do without it.

use std::fs::{self, File};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::systems::rows::Changes;

/// What sled may hold in memory by its own count; its default is 1 GiB. With four times as much a node imports no
/// faster and takes 65 to 95 MiB more (`PERFORMANCE.md`).
const CACHE_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// Keys and values in key order. Clones are the same tree. Once it failed it is not opened again.
#[derive(Clone)]
pub struct Tree {
    db: sled::Db,
    folder: Arc<Path>,
}

/// Why the rows cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RowsError {
    /// As sled says it.
    #[error("sled failed")]
    Failed(#[from] sled::Error),
    /// sled panicked, as it does on damaged files.
    #[error("sled panicked")]
    Panicked,
    /// They failed while a node ran.
    #[error("the rows failed before")]
    Suspect,
    /// A file of the tree cannot be made, synced or removed.
    #[error("the files of the rows cannot be written")]
    Files(#[source] io::Error),
}

/// A row, or why not.
pub type Row = Result<(Vec<u8>, Vec<u8>), RowsError>;

impl Tree {
    /// Opens the tree in a folder, unless it failed before.
    pub fn open(folder: &Path) -> Result<Self, RowsError> {
        if suspect(folder).exists() {
            return Err(RowsError::Suspect);
        }
        let config = sled::Config::new().path(folder).cache_capacity(CACHE_BYTES_MAX);
        let mut opened = guarded(|| Ok(config.open()?));
        // The threads of a tree that was just dropped in this process may hold its lock for a moment; another
        // process has no way here past the lock of the home.
        for _ in 0..LOCKED_TRIES {
            if !opened.as_ref().is_err_and(is_locked) {
                break;
            }
            std::thread::sleep(LOCKED_PAUSE);
            opened = guarded(|| Ok(config.open()?));
        }
        Ok(Self { db: opened?, folder: folder.into() })
    }

    /// Makes an empty tree; what was in the folder is removed.
    pub fn create(folder: &Path) -> Result<Self, RowsError> {
        remove(folder).map_err(RowsError::Files)?;
        Self::open(folder)
    }

    /// The value at a key.
    pub fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, RowsError> {
        self.watched(|| Ok(self.db.get(key)?.map(|value| value.to_vec())))
    }

    /// The rows whose key begins with `prefix` and is not below `from`, in key order.
    pub fn scan<'a>(&'a self, prefix: &[u8], from: &[u8]) -> impl Iterator<Item = Row> + 'a {
        let prefix = prefix.to_vec();
        let mut rows = self.db.range(from.max(&prefix)..);
        let next = move || self.watched(|| Ok(rows.next().transpose()?)).transpose();
        std::iter::from_fn(next)
            .map(|row| row.map(|(key, value)| (key.to_vec(), value.to_vec())))
            .take_while(move |row| row.as_ref().map_or(true, |(key, _)| key.starts_with(&prefix)))
    }

    /// Makes all changes at once. Not durable before [`Tree::sync`].
    pub fn apply(&self, changes: &Changes) -> Result<(), RowsError> {
        let mut batch = sled::Batch::default();
        for (key, value) in changes {
            match value {
                Some(value) => batch.insert(key.as_slice(), value.as_slice()),
                None => batch.remove(key.as_slice()),
            }
        }
        self.watched(|| Ok(self.db.apply_batch(batch)?))
    }

    /// Makes everything durable: flushes, then syncs each file, because sled's flush does not.
    pub fn sync(&self) -> Result<(), RowsError> {
        self.watched(|| Ok(self.db.flush()?))?;
        sync_files(&self.folder).map_err(RowsError::Files)
    }

    /// The rows are not those that were written: the next start does without them.
    pub fn distrust(&self) -> Result<(), RowsError> {
        self.watched(|| Err(RowsError::Suspect))
    }

    /// Notes a failure beside the rows, so that the next start does without them.
    fn watched<T>(&self, work: impl FnOnce() -> Result<T, RowsError>) -> Result<T, RowsError> {
        guarded(work).inspect_err(|_| {
            // Nothing more can be done where this fails too: every row is read at the next start anyway.
            let _ = File::create(suspect(&self.folder));
        })
    }
}

const LOCKED_TRIES: usize = 40;
const LOCKED_PAUSE: Duration = Duration::from_millis(50);

fn is_locked(error: &RowsError) -> bool {
    matches!(error, RowsError::Failed(sled::Error::Io(error)) if error.to_string().contains("lock"))
}

/// Turns a panic of sled into an error.
fn guarded<T>(work: impl FnOnce() -> Result<T, RowsError>) -> Result<T, RowsError> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or(Err(RowsError::Panicked))
}

fn suspect(folder: &Path) -> PathBuf {
    folder.with_extension("suspect")
}

fn remove(folder: &Path) -> io::Result<()> {
    // Under another name first: a sled that panicked may still hold its files.
    let away = folder.with_extension("discarded");
    if away.exists() {
        fs::remove_dir_all(&away)?;
    }
    if folder.exists() {
        fs::rename(folder, &away)?;
        fs::remove_dir_all(&away)?;
    }
    if suspect(folder).exists() {
        fs::remove_file(suspect(folder))?;
    }
    Ok(())
}

fn sync_files(folder: &Path) -> io::Result<()> {
    let files = fs::read_dir(folder)?.collect::<Result<Vec<_>, _>>()?;
    let paths = files.into_iter().map(|file| file.path());
    paths.chain([folder.to_path_buf()]).try_for_each(|path| File::open(path)?.sync_all())
}
