//! Rows in redb: one file, one table, a durable commit only where rows are synced.

use std::fs::{self, File};
use std::path::Path;
use std::sync::{PoisonError, RwLock};

use redb::{Database, Durability, ReadOnlyTable, ReadableDatabase, TableDefinition};

use super::{Row, RowsError};
use crate::systems::rows::Changes;

/// What redb may hold in memory by its own count; its default is 1 GiB.
const CACHE_BYTES_MAX: usize = 64 * 1024 * 1024;
const FILE: &str = "rows.redb";
const ROWS: TableDefinition<&[u8], &[u8]> = TableDefinition::new("rows");

/// A redb in a folder.
pub struct Engine {
    db: Database,
    /// The rows as the newest commit left them: opening a table for each reading would cost more than the reading.
    rows: RwLock<ReadOnlyTable<&'static [u8], &'static [u8]>>,
}

impl<E: Into<redb::Error>> From<E> for RowsError {
    fn from(error: E) -> Self {
        Self::Failed(error.into().into())
    }
}

impl Engine {
    pub fn open(folder: &Path) -> Result<Self, RowsError> {
        fs::create_dir_all(folder).map_err(RowsError::Files)?;
        let mut db = Database::builder().set_cache_size(CACHE_BYTES_MAX).create(folder.join(FILE))?;
        // Without this a file that was closed in order is trusted whatever happened to it since.
        if !db.check_integrity()? {
            return Err(RowsError::Suspect);
        }
        let first = db.begin_write()?;
        first.open_table(ROWS)?;
        first.commit()?;
        let rows = RwLock::new(db.begin_read()?.open_table(ROWS)?);
        Ok(Self { db, rows })
    }

    pub fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, RowsError> {
        let rows = self.rows.read().unwrap_or_else(PoisonError::into_inner);
        Ok(rows.get(key)?.map(|value| value.value().to_vec()))
    }

    pub fn scan(&self, from: &[u8]) -> Result<impl Iterator<Item = Row> + use<>, RowsError> {
        let rows = self.rows.read().unwrap_or_else(PoisonError::into_inner);
        Ok(rows.range_owned(from..)?.map(|row| {
            let (key, value) = row?;
            Ok((key.value().to_vec(), value.value().to_vec()))
        }))
    }

    pub fn apply(&self, changes: &Changes) -> Result<(), RowsError> {
        self.commit(changes, Durability::None)
    }

    /// Commits nothing, durably; then syncs the folder that names the file.
    pub fn sync(&self, folder: &Path) -> Result<(), RowsError> {
        self.commit(&Changes::new(), Durability::Immediate)?;
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(RowsError::Files)
    }

    fn commit(&self, changes: &Changes, durability: Durability) -> Result<(), RowsError> {
        let mut work = self.db.begin_write()?;
        work.set_durability(durability)?;
        let mut rows = work.open_table(ROWS)?;
        for (key, value) in changes {
            match value {
                Some(value) => rows.insert(key.as_slice(), value.as_slice())?,
                None => rows.remove(key.as_slice())?,
            };
        }
        drop(rows);
        work.commit()?;
        let newest = self.db.begin_read()?.open_table(ROWS)?;
        *self.rows.write().unwrap_or_else(PoisonError::into_inner) = newest;
        Ok(())
    }
}
