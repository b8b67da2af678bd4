//! The rows with a sum over all of them, kept by every change and compared by one full reading when they
//! are opened: the only way to notice that sled lost some without a word. They are derived, so whatever is
//! wrong with them is cured by throwing them away.

use std::collections::BTreeMap;
use std::path::Path;

use xietong_proto::crypto::hash;
use xietong_proto::id::{AgreementId, Position};
use xietong_proto::stream::Stream;

use super::keyspace;
use super::log::{LogEnd, Place};
use super::rows::{RowsError, Tree};
use crate::systems::rows::Changes;

/// The rows of one home, its index among them.
pub struct Index {
    tree: Tree,
    mark: Mark,
}

/// What a reading of all rows found.
pub struct Contents {
    /// The rows.
    pub index: Index,
    /// Whether nothing is missing and nothing stands there that was not written.
    pub is_whole: bool,
    /// How far each log is indexed, and so was durable.
    pub ends: BTreeMap<AgreementId, LogEnd>,
    /// How far each stream is folded.
    pub folded: BTreeMap<Stream, Position>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Mark {
    boot_id: String,
    sum: Sum,
}

/// Does not depend on the order of rows, and one row is exchanged without looking at the others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Sum {
    rows: u64,
    total: u128,
}

impl Sum {
    fn add(&mut self, key: &[u8], value: &[u8]) {
        self.rows += 1;
        self.total = self.total.wrapping_add(digest(key, value));
    }

    fn take(&mut self, key: &[u8], value: &[u8]) {
        self.rows -= 1;
        self.total = self.total.wrapping_sub(digest(key, value));
    }
}

impl Index {
    /// Begins anew, without a row. What was there is removed.
    pub fn create(folder: &Path, boot_id: &str) -> Result<Self, RowsError> {
        let tree = Tree::create(folder)?;
        Ok(Self { tree, mark: Mark { boot_id: boot_id.to_owned(), sum: Sum::default() } })
    }

    /// Opens what is there and reads every row.
    pub fn read_all(folder: &Path) -> Result<Contents, RowsError> {
        Contents::read(Tree::open(folder)?)
    }

    /// The rows, to read.
    pub fn tree(&self) -> &Tree {
        &self.tree
    }

    /// When the rows were last written: since this machine was switched on, or before.
    pub fn boot_id(&self) -> &str {
        &self.mark.boot_id
    }

    /// From now on the rows are written in this time.
    pub fn set_boot_id(&mut self, boot_id: &str) {
        boot_id.clone_into(&mut self.mark.boot_id);
    }

    /// Makes all changes at once, and the sum with them.
    pub fn apply(&mut self, mut changes: Changes) -> Result<(), RowsError> {
        for (key, value) in &changes {
            if let Some(old) = self.tree.get(key)? {
                self.mark.sum.take(key, &old);
            }
            if let Some(value) = value {
                self.mark.sum.add(key, value);
            }
        }
        changes.insert(vec![keyspace::MARK], Some(self.mark.encode()));
        self.tree.apply(&changes)
    }

    /// Makes everything applied so far durable.
    pub fn sync(&self) -> Result<(), RowsError> {
        self.tree.sync()
    }

    /// Every place of the index.
    pub fn places(&self) -> impl Iterator<Item = Result<(Stream, Position, Place), RowsError>> + '_ {
        self.tree.scan(&[keyspace::INDEX], &[]).filter_map(|row| match row {
            Ok((key, value)) => {
                let (stream, position) = keyspace::read_index(&key)?;
                Some(Ok((stream, position, keyspace::read_place(&value)?)))
            }
            Err(error) => Some(Err(error)),
        })
    }
}

impl Contents {
    fn read(tree: Tree) -> Result<Self, RowsError> {
        let (mut sum, mut ends, mut folded) = (Sum::default(), BTreeMap::new(), BTreeMap::new());
        let mut mark = None;
        for row in tree.scan(&[], &[]) {
            let (key, value) = row?;
            match key.first() {
                Some(&keyspace::MARK) => {
                    mark = Mark::decode(&value);
                    continue;
                }
                Some(&keyspace::END) => {
                    ends.extend(keyspace::read_end(&key).zip(keyspace::read_log_end(&value)));
                }
                Some(&keyspace::FOLDED) => {
                    folded.extend(keyspace::read_folded(&key).zip(keyspace::read_position(&value)));
                }
                Some(_) | None => {}
            }
            sum.add(&key, &value);
        }
        let is_whole = mark.as_ref().is_some_and(|mark| mark.sum == sum);
        let mark = mark.unwrap_or(Mark { boot_id: String::new(), sum });
        Ok(Self { index: Index { tree, mark }, is_whole, ends, folded })
    }
}

impl Mark {
    fn encode(&self) -> Vec<u8> {
        let Sum { rows, total } = self.sum;
        [&rows.to_be_bytes()[..], &total.to_be_bytes(), self.boot_id.as_bytes()].concat()
    }

    fn decode(value: &[u8]) -> Option<Self> {
        let (rows, rest) = value.split_first_chunk()?;
        let (total, boot_id) = rest.split_first_chunk()?;
        let sum = Sum { rows: u64::from_be_bytes(*rows), total: u128::from_be_bytes(*total) };
        Some(Self { boot_id: String::from_utf8(boot_id.to_vec()).ok()?, sum })
    }
}

fn digest(key: &[u8], value: &[u8]) -> u128 {
    let full = hash(&[&(key.len() as u64).to_be_bytes(), key, value]);
    u128::from_be_bytes(*full.first_chunk().expect("a hash is longer than sixteen bytes"))
}
