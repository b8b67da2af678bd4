//! The rows with a sum over all of them, kept by every change and compared by one full reading when they
//! are opened: the only way to notice that sled lost some without a word. Rows that a node left in order are
//! known by their sum, and read while the node runs. They are derived, so whatever is wrong with them is cured
//! by throwing them away.

use std::collections::BTreeMap;
use std::path::Path;

use xietong_proto::crypto::hash;
use xietong_proto::id::{AgreementId, Position};
use xietong_proto::stream::Stream;

use super::keyspace;
use super::log::{LogEnd, Place};
use super::rows::{Reclustered, RowsError, Tree};
use crate::systems::rows::Changes;

/// The rows of one home, its index among them.
pub struct Index {
    tree: Tree,
    mark: Mark,
    audit: Option<Audit>,
}

/// A reading of all rows beside the work, from the first on.
struct Audit {
    /// Rows below have been read.
    next: Vec<u8>,
    /// The sum over them, as they are now.
    sum: Sum,
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
    items: u64,
    total: u128,
}

impl Sum {
    fn add(&mut self, key: &[u8], value: &[u8]) {
        self.items += 1;
        self.total = self.total.wrapping_add(digest(key, value));
    }

    fn take(&mut self, key: &[u8], value: &[u8]) {
        self.items -= 1;
        self.total = self.total.wrapping_sub(digest(key, value));
    }
}

impl Index {
    /// Begins anew, without a row. What was there is removed.
    pub fn create(folder: &Path, boot_id: &str) -> Result<Self, RowsError> {
        let tree = Tree::create(folder)?;
        Ok(Self { tree, mark: Mark { boot_id: boot_id.to_owned(), sum: Sum::default() }, audit: None })
    }

    /// Opens what is there and reads every row, unless the rows were left in order with this sum over them and
    /// still have it.
    pub fn read(folder: &Path, left: Option<&str>) -> Result<Contents, RowsError> {
        let tree = Tree::open(folder)?;
        match tree.item(&[keyspace::MARK])? {
            Some(mark) if left == Some(hex::encode(&mark).as_str()) => Contents::read(tree, true),
            Some(_) | None => Contents::read(tree, false),
        }
    }

    /// The sum over all rows as it stands in the tree, in hexadecimal digits.
    pub fn sum(&self) -> String {
        hex::encode(self.mark.encode())
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
    pub fn apply(&mut self, changes: Changes) -> Result<(), RowsError> {
        let mut items = Changes::new();
        for Reclustered { key, old, new } in self.tree.cluster(changes)? {
            let read = self.audit.as_mut().filter(|audit| key < audit.next).map(|audit| &mut audit.sum);
            for sum in [&mut self.mark.sum].into_iter().chain(read) {
                if let Some(old) = &old {
                    sum.take(&key, old);
                }
                if let Some(new) = &new {
                    sum.add(&key, new);
                }
            }
            items.insert(key, new);
        }
        items.insert(vec![keyspace::MARK], Some(self.mark.encode()));
        self.tree.write(&items)
    }

    /// Whether rows that were known by their sum are still to be read.
    pub fn is_unread(&self) -> bool {
        self.audit.is_some()
    }

    /// Reads some of them on; fails at the end if they do not have the sum.
    pub fn read_on(&mut self) -> Result<(), RowsError> {
        let Some(audit) = &mut self.audit else { return Ok(()) };
        let mut rows = self.tree.items(&audit.next);
        for row in rows.by_ref().take(READ_AT_ONCE) {
            let (key, value) = row?;
            if key.first() != Some(&keyspace::MARK) {
                audit.sum.add(&key, &value);
            }
            audit.next = [&key[..], &[0]].concat();
        }
        if rows.next().transpose()?.is_some() {
            return Ok(());
        }
        let is_whole = audit.sum == self.mark.sum;
        drop(rows);
        self.audit = None;
        if is_whole { Ok(()) } else { self.tree.distrust() }
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
    /// Reads every row, or of rows that are trusted only how far they go.
    fn read(tree: Tree, is_trusted: bool) -> Result<Self, RowsError> {
        let (mut ends, mut folded) = (BTreeMap::new(), BTreeMap::new());
        for row in tree.scan(&[keyspace::END], &[]) {
            let (key, value) = row?;
            ends.extend(keyspace::read_end(&key).zip(keyspace::read_log_end(&value)));
        }
        for row in tree.scan(&[keyspace::FOLDED], &[]) {
            let (key, value) = row?;
            folded.extend(keyspace::read_folded(&key).zip(keyspace::read_position(&value)));
        }
        let mark = tree.item(&[keyspace::MARK])?.and_then(|value| Mark::decode(&value));
        let is_whole = match &mark {
            Some(mark) => is_trusted || mark.sum == sum_of(&tree)?,
            None => false,
        };
        let mark = mark.unwrap_or(Mark { boot_id: String::new(), sum: Sum::default() });
        let audit = is_trusted.then(|| Audit { next: Vec::new(), sum: Sum::default() });
        Ok(Self { index: Index { tree, mark, audit }, is_whole, ends, folded })
    }
}

/// Rows that are read beside the work in one step; in tests so few that much is written meanwhile.
const READ_AT_ONCE: usize = if cfg!(test) { 7 } else { 2_000 };

/// Reads every row but the sum itself.
fn sum_of(tree: &Tree) -> Result<Sum, RowsError> {
    let mut sum = Sum::default();
    for row in tree.items(&[]) {
        let (key, value) = row?;
        if key.first() != Some(&keyspace::MARK) {
            sum.add(&key, &value);
        }
    }
    Ok(sum)
}

impl Mark {
    fn encode(&self) -> Vec<u8> {
        let Sum { items, total } = self.sum;
        [&items.to_be_bytes()[..], &total.to_be_bytes(), self.boot_id.as_bytes()].concat()
    }

    fn decode(value: &[u8]) -> Option<Self> {
        let (items, rest) = value.split_first_chunk()?;
        let (total, boot_id) = rest.split_first_chunk()?;
        let sum = Sum { items: u64::from_be_bytes(*items), total: u128::from_be_bytes(*total) };
        Some(Self { boot_id: String::from_utf8(boot_id.to_vec()).ok()?, sum })
    }
}

fn digest(key: &[u8], value: &[u8]) -> u128 {
    let full = hash(&[&(key.len() as u64).to_be_bytes(), key, value]);
    u128::from_be_bytes(*full.first_chunk().expect("a hash is longer than sixteen bytes"))
}
