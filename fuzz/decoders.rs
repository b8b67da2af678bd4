//! Every decoder that faces bytes from outside, by name, with what it promises of any bytes at all: it neither
//! panics nor hangs, and what it accepts is exactly what it was given. `scripts/fuzz` looks for bytes that break a
//! promise; the tests of the node feed each all that was ever found, and all vectors of the protocol.

mod records;
mod visitors;

use std::io::Cursor;

use serde_json::from_slice;
use xietong::backup::Backup;
use xietong::backup::vault::Label;
use xietong::calendar::working::WorkingDays;
use xietong::config::Config;
use xietong::keys::bundle::{Bundler, Opened};
use xietong::papers::agreement::AgreementFile;
use xietong::papers::card::CardFile;
use xietong::papers::proposal::Proposal;
use xietong::papers::purge::PurgeFile;
use xietong::replica::carry;
use xietong::replica::io::{Keyring, LinkId, Object};
use xietong::systems::Kind;
use xietong::systems::doors::Deed;
use xietong::systems::registers::open_sheet;
use xietong::systems::sheet::HeaderMap;
use xietong::systems::vehicles::rules::VehicleRules;
use xietong_proto::card::Card;
use xietong_proto::crypto::SecretKey;
use xietong_proto::entry::{Entry, EntryHead};
use xietong_proto::epochs::Epochs;
use xietong_proto::evidence::Evidence;
use xietong_proto::header::{HEADER_BYTES, Header};
use xietong_proto::id::{Millis, Position};
use xietong_proto::manifest::Manifest;
use xietong_proto::opinion::Stance;
use xietong_proto::presentation::Presentation;
use xietong_proto::purge::Purge;
use xietong_proto::reach::Dialled;
use xietong_proto::receipt::{self, Receipt};
use xietong_proto::sync::Frame;

use records::record;
use visitors::{json, query};

/// What is done with bytes; panics if a promise is broken.
pub type Decoder = fn(&[u8]);

/// All of them.
pub const DECODERS: [(&str, Decoder); 22] = [
    ("frame", frame),
    ("presentation", presentation),
    ("reach", reach),
    ("bundle", bundle),
    ("sealed", sealed),
    ("entry", entry),
    ("record", record),
    ("head", head),
    ("header", header),
    ("card", card),
    ("manifest", manifest),
    ("opinion", opinion),
    ("receipt", receipt),
    ("purge", purge),
    ("evidence", evidence),
    ("paper", paper),
    ("settings", settings),
    ("sheet", sheet),
    ("json", json),
    ("query", query),
    ("backup", backup),
    ("object", object),
];

/// A frame from a peer, and all that the network's shell opens in it.
fn frame(bytes: &[u8]) {
    if let Ok(frame) = Frame::decode(bytes) {
        assert_eq!(Frame::decode(&frame.encode()), Ok(frame));
    }
    carry::receive(&Keyring::default(), LinkId(1), bytes);
}

/// What a stranger presents: frames of the exchange.
fn presentation(bytes: &[u8]) {
    if let Ok(shown) = Presentation::decode(bytes) {
        assert_eq!(Presentation::decode(&shown.encode()), Ok(shown));
    }
}

/// What a peer says of dialling this node.
fn reach(bytes: &[u8]) {
    if let Ok(dialled) = Dialled::decode(bytes) {
        assert_eq!(Dialled::decode(&Dialled::encode(&dialled)), Ok(dialled));
    }
}

/// A bundle gives the same frames and the same end however it comes.
fn bundle(bytes: &[u8]) {
    let read = |pieces: std::slice::Chunks<u8>| {
        let (mut unpacker, mut frames) = (Bundler::new([1; 32]).unpack(), Vec::new());
        let end = pieces.map(|piece| unpacker.feed(piece)).find(Result::is_err);
        while let Ok(Some(frame)) = unpacker.frame() {
            frames.push(frame);
        }
        (frames, end.unwrap_or_else(|| unpacker.end()))
    };
    let piece_bytes = (bytes.len() / 3).max(1);
    assert_eq!(read(bytes.chunks(bytes.len().max(1))), read(bytes.chunks(piece_bytes)));
}

/// What a member has sealed in a bundle, once it is opened: frames that are heard as over a link.
fn sealed(bytes: &[u8]) {
    let mut opened = Opened::default();
    for part in bytes.chunks(PART_BYTES) {
        opened.add(part);
        while let Ok(Some(frame)) = opened.frame() {
            carry::receive(&Keyring::default(), LinkId(0), &frame);
        }
    }
}

fn entry(bytes: &[u8]) {
    let Ok(entry) = Entry::decode(bytes) else { return };
    assert_eq!(entry.bytes(), bytes);
    assert!(entry.records().count() <= bytes.len());
    assert!(entry.open(&SecretKey::from_bytes(&[1; 32]).public()).is_err());
}

fn head(bytes: &[u8]) {
    if let Ok(head) = EntryHead::decode(bytes) {
        assert_eq!(head.bytes(), bytes);
    }
}

fn header(bytes: &[u8]) {
    let Some(bytes) = bytes.first_chunk::<HEADER_BYTES>() else { return };
    if let Ok(header) = Header::decode(bytes) {
        assert_eq!(&header.encode(), bytes);
    }
}

fn card(bytes: &[u8]) {
    if let Ok(card) = Card::open(bytes) {
        assert_eq!(card.bytes(), bytes);
    }
}

fn manifest(bytes: &[u8]) {
    if let Ok(manifest) = Manifest::open(bytes) {
        assert_eq!(manifest.bytes(), bytes);
        // It is put into words before anybody signs it.
        manifest.fingerprint();
    }
}

/// The length of a manifest, the manifest, and an opinion on it.
fn opinion(bytes: &[u8]) {
    let Some((length, rest)) = bytes.split_first_chunk() else { return };
    let Some((manifest, opinion)) = rest.split_at_checked(u16::from_be_bytes(*length).into()) else {
        return;
    };
    let Ok(manifest) = Manifest::open(manifest) else { return };
    let Ok(mut epochs) = Epochs::new(manifest) else { return };
    for stance in Stance::ALL {
        if let Ok(opened) = epochs.open(stance, opinion) {
            assert_eq!(opened.bytes(), opinion);
            epochs.learn(Vec::new(), vec![opened]);
        }
    }
}

fn receipt(bytes: &[u8]) {
    let key = SecretKey::from_bytes(&[1; 32]).public();
    if let Ok(receipt) = Receipt::open(bytes, |_| Ok(&key)) {
        assert_eq!(receipt.bytes(), bytes);
    }
    if let Ok(holdings) = receipt::split(bytes) {
        assert_eq!(receipt::join(&holdings), bytes);
    }
}

fn purge(bytes: &[u8]) {
    let Ok(purge) = Purge::read(bytes) else { return };
    assert_eq!(purge.bytes(), bytes);
    for (stream, end) in &purge.fields.until {
        let reached = purge.fields.skip(stream, Position(0));
        assert!(reached <= end.position && !purge.fields.covers(stream, reached.next()));
    }
}

fn evidence(bytes: &[u8]) {
    if let Ok(evidence) = Evidence::open(bytes) {
        assert_eq!(evidence.bytes(), bytes);
    }
}

/// Cards, agreements, receipts of a purge and proposals as files.
fn paper(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(file) = CardFile::read(text) {
        assert_eq!(CardFile::read(&file.write()).map(|again| again.0), Ok(file.0));
    }
    if let Ok(file) = AgreementFile::read(text) {
        assert_eq!(AgreementFile::read(&file.write()), Ok(file));
    }
    if let Ok(file) = PurgeFile::read(text) {
        assert_eq!(PurgeFile::read(&file.write()), Ok(file));
    }
    let _ = Proposal::read(text).map(|proposal| proposal.draw_up(Vec::new(), Millis(0), [0; 16]));
}

/// What an office lays beside its node.
fn settings(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let _ = (Config::read(text), HeaderMap::read(text));
    let _ = (VehicleRules::read(text), WorkingDays::default().add(text));
}

/// A file of each register.
fn sheet(bytes: &[u8]) {
    let today = xietong::calendar::date(Millis(1_735_689_600_000));
    for kind in Kind::ALL {
        let file = Box::new(Cursor::new(bytes.to_vec()));
        let Ok(mut sheet) = open_sheet(kind, file, &HeaderMap::default(), ROWS_MAX, today) else { continue };
        while let Ok(Some((lines, quarantined))) = sheet.next_lines(100) {
            assert!(lines.count() + quarantined.len() > 0, "it goes on for ever");
        }
    }
}

/// The label of a folder of backups, which lies in plain, and an index when it has been opened.
fn backup(bytes: &[u8]) {
    let label = std::str::from_utf8(bytes).ok().and_then(Label::parse);
    let _ = label.map(|label| label.open(&SecretKey::from_bytes(&[1; 32])));
    let _ = Backup::parse(bytes).map(|backup| backup.bytes());
}

/// What the log keeps beside entries.
fn object(bytes: &[u8]) {
    let _ = (from_slice::<Object>(bytes), from_slice::<Deed>(bytes));
}

const ROWS_MAX: u64 = 1_000;
/// Small, so that frames lie in several parts.
const PART_BYTES: usize = 100;
