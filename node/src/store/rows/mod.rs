//! The tree that rows lie in, on sled or, with the feature `redb`, on redb. The word of either is never taken
//! alone: one that is damaged may open with a panic, empty, or with half of what was written. Whoever opens it
//! checks what it holds ([`super::index`]) and can do without it.

#[cfg(feature = "redb")]
mod on_redb;
#[cfg(not(feature = "redb"))]
mod on_sled;

use std::fs::{self, File};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

#[cfg(feature = "redb")]
use on_redb::Engine;
#[cfg(not(feature = "redb"))]
use on_sled::Engine;

use crate::systems::rows::Changes;

/// Keys and values in key order. Clones are the same tree. Once it failed it is not opened again.
#[derive(Clone)]
pub struct Tree {
    engine: Arc<Engine>,
    folder: Arc<Path>,
}

/// Why the rows cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RowsError {
    /// As the store of the rows says it.
    #[error("the store of the rows failed")]
    Failed(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// It panicked, as it may on damaged files.
    #[error("the store of the rows panicked")]
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
        let engine = guarded(|| Engine::open(folder))?;
        Ok(Self { engine: Arc::new(engine), folder: folder.into() })
    }

    /// Makes an empty tree; what was in the folder is removed.
    pub fn create(folder: &Path) -> Result<Self, RowsError> {
        remove(folder).map_err(RowsError::Files)?;
        Self::open(folder)
    }

    /// The value at a key.
    pub fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, RowsError> {
        self.watched(|| self.engine.get(key))
    }

    /// The rows whose key begins with `prefix` and is not below `from`, in key order.
    pub fn scan<'a>(&'a self, prefix: &[u8], from: &[u8]) -> impl Iterator<Item = Row> + 'a {
        let prefix = prefix.to_vec();
        let (mut rows, failed) = match self.watched(|| self.engine.scan(from.max(&prefix))) {
            Ok(rows) => (Some(rows), None),
            Err(error) => (None, Some(Err(error))),
        };
        let next = move || self.watched(|| rows.as_mut().and_then(Iterator::next).transpose()).transpose();
        failed
            .into_iter()
            .chain(std::iter::from_fn(next))
            .take_while(move |row| row.as_ref().map_or(true, |(key, _)| key.starts_with(&prefix)))
    }

    /// Makes all changes at once. Not durable before [`Tree::sync`].
    pub fn apply(&self, changes: &Changes) -> Result<(), RowsError> {
        self.watched(|| self.engine.apply(changes))
    }

    /// Makes everything durable.
    pub fn sync(&self) -> Result<(), RowsError> {
        self.watched(|| self.engine.sync(&self.folder))
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

/// Turns a panic of the store into an error.
fn guarded<T>(work: impl FnOnce() -> Result<T, RowsError>) -> Result<T, RowsError> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or(Err(RowsError::Panicked))
}

fn suspect(folder: &Path) -> PathBuf {
    folder.with_extension("suspect")
}

fn remove(folder: &Path) -> io::Result<()> {
    // Under another name first: a store that panicked may still hold its files.
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
