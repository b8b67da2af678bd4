//! Records in memory until they are hashed, signed and durable in the log, and back out of it, checked. Nothing
//! is folded: no system knows these records.

use std::path::Path;
use std::time::Instant;

use xietong::replica::io::{Append, Writes};
use xietong::store::Store;
use xietong::store::disk::Disk;
use xietong_proto::crypto::{PublicKey, SecretKey};
use xietong_proto::entry::{Authority, Draft, Entry, Record};
use xietong_proto::id::*;
use xietong_proto::stream::Stream;

use super::figure::Figure;
use super::limits::Limits;

/// Beside what others publish.
pub const PUBLISH: &str = "publish, durable in the log";
const HASHES: &str = "some four hashes of 200 bytes a record, on one core; it would take a second one";
const HEADS: &str = "the frame of a record, and the head of an entry; it would take more records in an entry";
const RECORD_BYTES: usize = 200;
/// Records in one entry.
const ENTRY_RECORDS: usize = 1_000;
/// Entries in one commit: a mebibyte.
const COMMIT_ENTRIES: usize = 5;
/// Bytes read from the log at once.
const READ_BYTES: usize = 1 << 20;

pub fn publish(folder: &Path, records: usize, limits: &Limits) -> Vec<Figure> {
    let me: MemberCode = "230000".parse().expect("a member code");
    let stream = Stream::shared(AgreementId([7; 32]), me, System::ASSETS);
    let key = SecretKey::from_bytes(&[1; 32]);
    let home = folder.join("publish");
    std::fs::create_dir(&home).expect("a folder");
    let mut store = Disk::open(&home, me).expect("a home").store;
    let begun = Instant::now();
    append(&mut store, stream, AUTHORITY, &key, records);
    let rate = |begun: Instant| records as f64 / begun.elapsed().as_secs_f64();
    let published = rate(begun);
    let begun = Instant::now();
    assert_eq!(read_back(&store, stream, &key.public()), records, "every record is there and holds");
    let read = rate(begun);
    let log_bytes = bytes_below(&home.join("log")) as f64 / records as f64;
    let payload = RECORD_BYTES as f64;
    vec![
        Figure::new(PUBLISH, published, "records/s")
            .at_least(500_000.0, HASHES)
            .limit("hashes", limits.hashes),
        Figure::new("read from the log and verified", read, "records/s").limit("hashes", limits.hashes),
        Figure::new("log, more than the record", log_bytes - payload, "bytes").at_most(12.0, HEADS),
        Figure::new("log, as a share of the records", log_bytes / payload, "").at_most(1.1, HEADS),
    ]
}

/// Appends records to a stream that has none yet; the last position.
pub fn append(
    store: &mut Disk,
    stream: Stream,
    authority: Authority,
    key: &SecretKey,
    records: usize,
) -> Position {
    let of_entry: Vec<Record> = (0..ENTRY_RECORDS as u64).map(record).collect();
    let (mut head, mut left) = (stream.origin(), records);
    while left > 0 {
        let mut appends = Vec::new();
        while left > 0 && appends.len() < COMMIT_ENTRIES {
            let some = &of_entry[..ENTRY_RECORDS.min(left)];
            let draft = Draft::new(stream, head, authority, Millis(0), &[2; 32], some);
            (head, left) = (draft.head(), left - some.len());
            appends.push(Append::Own(draft));
        }
        store.commit(Writes { appends, ..Writes::default() }.sign(key)).expect("a disk");
    }
    head.position
}

const AUTHORITY: Authority =
    Authority { epoch: Epoch(1), manifest: ManifestId([7; 32]), card: CardNumber(1) };

fn record(number: u64) -> Record {
    let mut body = vec![4; RECORD_BYTES];
    body[..8].copy_from_slice(&number.to_be_bytes());
    // A version that no program knows: kept, relayed and never folded.
    Record { kind: RecordKind(0x0211), version: u16::MAX, body }
}

/// Records that were read and hold.
fn read_back(store: &Disk, stream: Stream, key: &PublicKey) -> usize {
    let (mut records, mut position) = (0, Position(1));
    loop {
        let bytes = store.read(stream, position, READ_BYTES).expect("a disk");
        let mut rest = &bytes[..];
        if rest.is_empty() {
            return records;
        }
        while !rest.is_empty() {
            let (entry, after) = Entry::split_first(rest).expect("an entry");
            let entry = entry.open(key).expect("it holds");
            records += entry.header().records as usize;
            position = position.next();
            rest = after;
        }
    }
}

/// Bytes of all files of a folder.
fn bytes_below(folder: &Path) -> u64 {
    let files = std::fs::read_dir(folder).expect("a folder").map(|file| file.expect("a file").path());
    let bytes = |path: std::path::PathBuf| match path.is_dir() {
        true => bytes_below(&path),
        false => path.metadata().map_or(0, |file| file.len()),
    };
    files.map(bytes).sum()
}
