//! The tree that rows lie in, clustered ([`cluster`]), on sled or, with the feature `redb`, on redb. The word of either
//! is never taken alone: one that is damaged may open with a panic, empty, or with half of what was written. Whoever
//! opens it checks what it holds ([`super::index`]) and can do without it.

mod cluster;
#[cfg(feature = "redb")]
mod on_redb;
#[cfg(not(feature = "redb"))]
mod on_sled;

use std::collections::BTreeMap;
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
    /// An item of it is no cluster of rows.
    #[error("the rows are damaged")]
    Garbled,
    /// They failed while a node ran.
    #[error("the rows failed before")]
    Suspect,
    /// A file of the tree cannot be made, synced or removed.
    #[error("the files of the rows cannot be written")]
    Files(#[source] io::Error),
}

/// A row or an item of the engine, or why not.
pub type Row = Result<(Vec<u8>, Vec<u8>), RowsError>;

/// A cluster, as it is and as it shall be.
pub struct Reclustered {
    /// Its key.
    pub key: Vec<u8>,
    /// What stands there.
    pub old: Option<Vec<u8>>,
    /// What shall.
    pub new: Option<Vec<u8>>,
}

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

    /// The row at a key.
    pub fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, RowsError> {
        self.watched(|| match self.engine.get(&cluster::key_of(key))? {
            Some(bytes) => cluster::get(&bytes, key).ok_or(RowsError::Garbled),
            None => Ok(None),
        })
    }

    /// The rows whose key begins with `prefix` and is not below `from`, in key order.
    pub fn scan<'a>(&'a self, prefix: &[u8], from: &[u8]) -> impl Iterator<Item = Row> + 'a {
        let (prefix, from) = (prefix.to_vec(), from.max(prefix).to_vec());
        let mut clusters = self.clusters(prefix.clone(), &from).peekable();
        // Of clusters that were opened. No row is below the key of its cluster, so what is below the next may go.
        let mut opened = BTreeMap::new();
        std::iter::from_fn(move || {
            loop {
                match (opened.first_key_value(), clusters.peek()) {
                    (Some(_), None) => return opened.pop_first().map(Ok),
                    (Some((row, _)), Some(Ok((cluster, _)))) if row < cluster => {
                        return opened.pop_first().map(Ok);
                    }
                    (Some(_) | None, _) => {}
                }
                let open =
                    |(key, bytes): (Vec<u8>, Vec<u8>)| cluster::open(&key, &bytes).ok_or(RowsError::Garbled);
                match self.watched(|| clusters.next().map(|item| item.and_then(open)).transpose()) {
                    Ok(rows) => {
                        let is_meant = |(key, _): &(Vec<u8>, _)| *key >= from && key.starts_with(&prefix);
                        opened.extend(rows?.into_iter().filter(is_meant));
                    }
                    Err(error) => return Some(Err(error)),
                }
            }
        })
    }

    /// The clusters that may hold rows whose key begins with `prefix` and is not below `from`, which begins so too.
    fn clusters<'a>(&'a self, prefix: Vec<u8>, from: &[u8]) -> impl Iterator<Item = Row> + use<'a> {
        // The key of one that is below `from` begins as `from` does.
        let below = (prefix.len().max(1)..=from.len()).map(|length| cluster::key_of(&from[..length]));
        let below: Vec<_> = below.filter(|key| key.as_slice() < from).collect();
        let below = below.into_iter().filter_map(|key| {
            let bytes = self.item(&key).transpose()?;
            Some(bytes.map(|bytes| (key, bytes)))
        });
        let begins = move |item: &Row| item.as_ref().map_or(true, |(key, _)| key.starts_with(&prefix));
        below.chain(self.items(from).take_while(begins))
    }

    /// What changes of rows come to in the engine.
    pub fn cluster(&self, changes: Changes) -> Result<Vec<Reclustered>, RowsError> {
        let mut clusters: BTreeMap<Vec<u8>, Vec<_>> = BTreeMap::new();
        for (key, value) in changes {
            let last = key.last().copied().unwrap_or_default();
            clusters.entry(cluster::key_of(&key)).or_default().push((last, value));
        }
        let change = |(key, changes): (Vec<u8>, Vec<_>)| {
            let old = self.item(&key)?;
            let new = cluster::change(old.as_deref(), &changes).ok_or(RowsError::Garbled);
            Ok(Reclustered { new: self.watched(|| new)?, key, old })
        };
        clusters.into_iter().map(change).collect()
    }

    /// What the engine holds at a key.
    pub fn item(&self, key: &[u8]) -> Result<Option<Vec<u8>>, RowsError> {
        self.watched(|| self.engine.get(key))
    }

    /// What the engine holds from a key on, in key order.
    pub fn items<'a>(&'a self, from: &[u8]) -> impl Iterator<Item = Row> + use<'a> {
        let (mut items, failed) = match self.watched(|| self.engine.scan(from)) {
            Ok(items) => (Some(items), None),
            Err(error) => (None, Some(Err(error))),
        };
        let next = move || self.watched(|| items.as_mut().and_then(Iterator::next).transpose()).transpose();
        failed.into_iter().chain(std::iter::from_fn(next))
    }

    /// Makes all changes of items at once. Not durable before [`Tree::sync`].
    pub fn write(&self, items: &Changes) -> Result<(), RowsError> {
        self.watched(|| self.engine.apply(items))
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

#[cfg(test)]
mod tests {
    use rand::RngExt;
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::SeedableRng;

    use super::*;

    #[test]
    fn a_tree_holds_what_an_ordered_map_does() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let tree = Tree::create(&folder.path().join("rows")).expect("a tree");
        let mut rng = ChaCha8Rng::seed_from_u64(40);
        // Keys that begin with each other, and lie at both ends of a cluster.
        let mut key = move |shortest: usize| -> Vec<u8> {
            let length = rng.random_range(shortest..=4);
            (0..length).map(|_| [0x00, 0x0f, 0x30, 0x31, 0xff][rng.random_range(0..5)]).collect()
        };
        let mut map: BTreeMap<Vec<u8>, Vec<u8>> = BTreeMap::new();
        for round in 0..60u8 {
            let value = |key: &[u8]| (key.len() as u8 % 3 != round % 3).then(|| vec![round; 7 * key.len()]);
            let changes: Changes = (0..40).map(|_| key(1)).map(|key| (key.clone(), value(&key))).collect();
            for (key, value) in &changes {
                match value {
                    Some(value) => map.insert(key.clone(), value.clone()),
                    None => map.remove(key),
                };
            }
            let items = tree.cluster(changes).expect("clusters");
            tree.write(&items.into_iter().map(|item| (item.key, item.new)).collect()).expect("writes");
            for _ in 0..40 {
                let (prefix, from) = (key(0), key(0));
                let rows: Vec<_> = tree.scan(&prefix, &from).map(|row| row.expect("it reads")).collect();
                let meant = map.iter().filter(|(key, _)| **key >= from && key.starts_with(&prefix));
                let meant: Vec<_> = meant.map(|(key, value)| (key.clone(), value.clone())).collect();
                assert_eq!(rows, meant, "below {prefix:?} from {from:?}");
            }
            for key in map.keys().cloned().chain((0..40).map(|_| key(1))) {
                assert_eq!(tree.get(&key).expect("it reads").as_ref(), map.get(&key), "{key:?}");
            }
        }
    }
}
