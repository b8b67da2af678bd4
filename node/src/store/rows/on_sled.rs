//! Rows in sled. It opens a damaged file with a panic, empty, or with half a batch, its flush is no sync, and its
//! threads may hold its lock for a moment after it was dropped.

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::time::Duration;

use super::RowsError;
use crate::systems::rows::Changes;

/// What sled may hold in memory by its own count; its default is 1 GiB. With four times as much a node imports no
/// faster and takes 65 to 95 MiB more (`PERFORMANCE.md`).
const CACHE_BYTES_MAX: u64 = 16 * 1024 * 1024;
const LOCKED_TRIES: usize = 40;
const LOCKED_PAUSE: Duration = Duration::from_millis(50);

/// A sled in a folder.
pub struct Engine(sled::Db);

impl From<sled::Error> for RowsError {
    fn from(error: sled::Error) -> Self {
        Self::Failed(error.into())
    }
}

impl Engine {
    pub fn open(folder: &Path) -> Result<Self, RowsError> {
        let config = sled::Config::new().path(folder).cache_capacity(CACHE_BYTES_MAX);
        // Another process has no way here past the lock of the home.
        for _ in 0..LOCKED_TRIES {
            match config.open() {
                Err(sled::Error::Io(error)) if error.to_string().contains("lock") => {
                    std::thread::sleep(LOCKED_PAUSE);
                }
                opened => return Ok(Self(opened?)),
            }
        }
        Ok(Self(config.open()?))
    }

    pub fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, RowsError> {
        Ok(self.0.get(key)?.map(|value| value.to_vec()))
    }

    pub fn scan(&self, from: &[u8]) -> Result<impl Iterator<Item = super::Row> + use<>, RowsError> {
        Ok(self.0.range(from..).map(|row| {
            let (key, value) = row?;
            Ok((key.to_vec(), value.to_vec()))
        }))
    }

    pub fn apply(&self, changes: &Changes) -> Result<(), RowsError> {
        let mut batch = sled::Batch::default();
        for (key, value) in changes {
            match value {
                Some(value) => batch.insert(key.as_slice(), value.as_slice()),
                None => batch.remove(key.as_slice()),
            }
        }
        Ok(self.0.apply_batch(batch)?)
    }

    /// Flushes, then syncs each file, because sled's flush does not.
    pub fn sync(&self, folder: &Path) -> Result<(), RowsError> {
        self.0.flush()?;
        sync_files(folder).map_err(RowsError::Files)
    }
}

fn sync_files(folder: &Path) -> io::Result<()> {
    let files = fs::read_dir(folder)?.collect::<Result<Vec<_>, _>>()?;
    let paths = files.into_iter().map(|file| file.path());
    paths.chain([folder.to_path_buf()]).try_for_each(|path| File::open(path)?.sync_all())
}
