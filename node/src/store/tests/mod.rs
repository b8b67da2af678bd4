//! Tests of the store on disk: random histories against a model, then the same homes torn, damaged and
//! robbed of their rows.

mod damage;
mod format;
mod history;
mod purge;
mod rows;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use tempfile::TempDir;
use xietong_proto::entry::Entry;
use xietong_proto::id::*;
use xietong_proto::stream::{Audience, Stream};

use super::Store;
use super::disk::{Disk, Opened};
use super::error::StoreError;
use super::samples::*;
use crate::replica::io::{Object, SignedAppend, SignedWrites};
use crate::systems::rows::Changes;

/// Small, so that logs have several.
const SEGMENT_BYTES: u64 = 8_000;

/// A history that goes on at random, and all that a store has to know of it.
#[derive(Clone)]
struct Model {
    rng: ChaCha8Rng,
    scribe: Scribe,
    entries: BTreeMap<Stream, Vec<xietong_proto::entry::SignedEntry>>,
    written: BTreeMap<Stream, Vec<u64>>,
    objects: Vec<(AgreementId, Object)>,
    given_up: Vec<xietong_proto::entry::SignedEntry>,
    rows: BTreeMap<Vec<u8>, Vec<u8>>,
    folded: BTreeMap<Stream, Position>,
}

impl Model {
    fn new(seed: u64) -> Self {
        Self {
            rng: ChaCha8Rng::seed_from_u64(seed),
            scribe: Scribe::default(),
            entries: BTreeMap::new(),
            written: BTreeMap::new(),
            objects: Vec::new(),
            given_up: Vec::new(),
            rows: BTreeMap::new(),
            folded: BTreeMap::new(),
        }
    }

    /// One to five frames, folded at once.
    fn step(&mut self) -> SignedWrites {
        let mut writes = SignedWrites::default();
        for _ in 0..self.rng.random_range(1..=5) {
            let append = self.append();
            match &append {
                SignedAppend::Entry(entry) => fold(entry, &mut writes),
                SignedAppend::Rewind(stream, to) => self.fold_again(*stream, to.position, &mut writes),
                SignedAppend::Object(..) => {}
            }
            writes.appends.push(append);
        }
        self.take(&writes);
        writes
    }

    /// What a machine does with the rows of a stream that was rewound.
    fn fold_again(&mut self, stream: Stream, to: Position, writes: &mut SignedWrites) {
        let is_of = |key: &&Vec<u8>| key.starts_with(&stream.name());
        let keys: Vec<_> = self.rows.keys().chain(writes.rows.keys()).filter(is_of).cloned().collect();
        writes.rows.extend(keys.into_iter().map(|key| (key, None)));
        writes.folded.insert(stream, to);
        self.entries.get(&stream).into_iter().flatten().for_each(|entry| fold(entry, writes));
    }

    /// Entries of others in the agreement alone: what peers could give back.
    fn step_of_others(&mut self) -> SignedWrites {
        let mut writes = SignedWrites::default();
        for _ in 0..self.rng.random_range(1..=3) {
            let entry = self.entry(shared(other()));
            fold(&entry, &mut writes);
            writes.appends.push(SignedAppend::Entry(entry));
        }
        self.take(&writes);
        writes
    }

    fn append(&mut self) -> SignedAppend {
        let pair = Stream { audience: Audience::Pair(me()), ..shared(other()) };
        match self.rng.random_range(0..12) {
            0 => {
                self.objects.push(pause());
                SignedAppend::Object(pause().0, pause().1)
            }
            1 => {
                let object = Object::Card { card: "00ff".to_owned() };
                self.objects.push((agreement(), object.clone()));
                SignedAppend::Object(agreement(), object)
            }
            2 => {
                let entries = self.entries.entry(pair).or_default();
                let to = self.rng.random_range(0..=entries.len());
                self.given_up.extend(entries.split_off(to));
                let head = entries.last().map_or_else(|| pair.origin(), |entry| entry.head());
                self.scribe.rewind(pair, head);
                SignedAppend::Rewind(pair, head)
            }
            3..6 => SignedAppend::Entry(self.entry(local())),
            6..8 => SignedAppend::Entry(self.entry(shared(me()))),
            8..10 => SignedAppend::Entry(self.entry(pair)),
            _ => SignedAppend::Entry(self.entry(shared(other()))),
        }
    }

    fn entry(&mut self, stream: Stream) -> xietong_proto::entry::SignedEntry {
        let length = self.rng.random_range(1..200);
        let body: Vec<u8> = (0..length).map(|_| self.rng.random()).collect();
        let entry = self.scribe.next(stream, &body);
        self.entries.entry(stream).or_default().push(entry.clone());
        self.written.entry(stream).or_default().push(entry.bytes().len() as u64);
        entry
    }

    fn take(&mut self, writes: &SignedWrites) {
        for (key, value) in &writes.rows {
            match value {
                Some(value) => self.rows.insert(key.clone(), value.clone()),
                None => self.rows.remove(key),
            };
        }
        self.folded.extend(writes.folded.clone());
    }

    /// Whether an opened store knows exactly this; rows that lag are folded first.
    fn check(&self, opened: &mut Opened) {
        let Opened { store, boot, .. } = opened;
        assert_eq!(boot.heads, self.scribe.heads);
        for log in [AgreementId::ZERO, agreement()] {
            let of_log = |objects: &[(AgreementId, Object)]| -> Vec<_> {
                objects.iter().filter(|(of, _)| *of == log).cloned().collect()
            };
            assert_eq!(of_log(&boot.objects), of_log(&self.objects));
        }
        fold_rest(store, boot.folded.clone(), &self.folded);
        assert_eq!(store.rows().scan(b"", b"").collect::<BTreeMap<_, _>>(), self.rows);
        for entry in &self.given_up {
            let found = store.given_up(entry.header().stream, entry.head()).expect("reads");
            assert_eq!(found.as_ref(), Some(&**entry));
        }
        for (stream, bytes) in self.bytes() {
            assert_eq!(store.read(stream, Position(1), usize::MAX).expect("reads"), bytes);
        }
    }

    /// What each stream holds.
    fn bytes(&self) -> BTreeMap<Stream, Vec<u8>> {
        let bytes = |entries: &Vec<xietong_proto::entry::SignedEntry>| {
            entries.iter().flat_map(|entry| entry.bytes().to_vec()).collect()
        };
        self.entries.iter().map(|(stream, entries)| (*stream, bytes(entries))).collect()
    }
}

/// One row for each stream and first byte of a record; some records remove it.
fn fold(entry: &Entry, writes: &mut SignedWrites) {
    let header = entry.header();
    for record in entry.records() {
        let key = [&header.stream.name()[..], &record.body[..1]].concat();
        let value = [&header.position.0.to_be_bytes()[..], &record.body].concat();
        writes.rows.insert(key, (record.body.len() % 7 > 0).then_some(value));
    }
    writes.folded.insert(header.stream, header.position);
}

fn fold_rest(store: &mut Disk, from: BTreeMap<Stream, Position>, to: &BTreeMap<Stream, Position>) {
    for (stream, last) in to {
        let first = from.get(stream).copied().unwrap_or_default().next();
        if first > *last {
            continue;
        }
        let bytes = store.read(*stream, first, usize::MAX).expect("reads");
        let (mut writes, mut rest) = (SignedWrites::default(), &bytes[..]);
        while !rest.is_empty() {
            let (entry, after) = Entry::split_first(rest).expect("stored entries are whole");
            fold(&entry, &mut writes);
            rest = after;
        }
        assert_eq!(writes.folded.get(stream), Some(last));
        store.commit(writes).expect("commits");
    }
}

fn open(home: &Path) -> Opened {
    try_open(home).expect("the home opens")
}

fn try_open(home: &Path) -> Result<Opened, StoreError> {
    Disk::open_with_segments(home, me(), SEGMENT_BYTES)
}

fn scratch() -> TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

/// A home with this many commits, stopped in order.
fn closed_home(model: &mut Model, commits: usize) -> TempDir {
    let home = scratch();
    let mut store = open(home.path()).store;
    for _ in 0..commits {
        store.commit(model.step()).expect("commits");
    }
    store.close().expect("closes");
    home
}

fn copy(from: &Path) -> TempDir {
    let to = scratch();
    copy_folder(from, to.path());
    to
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for file in fs::read_dir(from).expect("a folder") {
        let file = file.expect("a file");
        let (path, name) = (file.path(), to.join(file.file_name()));
        if path.is_dir() {
            copy_folder(&path, &name);
        } else {
            fs::copy(path, name).expect("copies");
        }
    }
}

/// The segments of a log, in order.
fn segments_of(home: &Path, log: &str) -> Vec<PathBuf> {
    let folder = home.join("log").join(log);
    let mut paths: Vec<PathBuf> =
        fs::read_dir(folder).expect("a log").map(|file| file.expect("a file").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "seg"));
    paths.sort();
    paths
}

fn agreement_folder() -> String {
    agreement().to_string()
}
