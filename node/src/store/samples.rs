//! Commits for the tests of both stores: an author that goes on from what it wrote.

use std::collections::BTreeMap;

use xietong_proto::crypto::SecretKey;
use xietong_proto::entry::{Authority, Draft, Record, SignedEntry};
use xietong_proto::id::*;
use xietong_proto::stream::{Head, Stream};

use crate::replica::io::{Object, SignedAppend, SignedWrites};

/// Writes entries into streams, each after the one before.
#[derive(Clone, Default)]
pub struct Scribe {
    /// What was written last.
    pub heads: BTreeMap<Stream, Head>,
}

impl Scribe {
    /// The next entry of a stream, with one record of this body.
    pub fn next(&mut self, stream: Stream, body: &[u8]) -> SignedEntry {
        let head = self.heads.get(&stream).copied().unwrap_or_else(|| stream.origin());
        let entry = entry_after(stream, head, body);
        self.heads.insert(stream, entry.head());
        entry
    }

    /// A commit of one entry for each body.
    pub fn commit(&mut self, stream: Stream, bodies: &[&str]) -> SignedWrites {
        let append = |body: &&str| SignedAppend::Entry(self.next(stream, body.as_bytes()));
        SignedWrites { appends: bodies.iter().map(append).collect(), ..SignedWrites::default() }
    }
}

impl Scribe {
    /// From here on the stream goes on behind this head.
    pub fn rewind(&mut self, stream: Stream, to: Head) {
        self.heads.insert(stream, to);
    }
}

/// An entry that follows any head.
pub fn entry_after(stream: Stream, head: Head, body: &[u8]) -> SignedEntry {
    let is_local = stream.agreement == AgreementId::ZERO;
    let (epoch, manifest) = if is_local { (0, ManifestId::ZERO) } else { (1, ManifestId([9; 32])) };
    let authority = Authority { epoch: Epoch(epoch), manifest, card: CardNumber(1) };
    let record = Record { kind: RecordKind(0x0301), version: 1, body: body.to_vec() };
    Draft::new(stream, head, authority, Millis(1), &[5; 32], &[record]).sign(&key(stream.author))
}

/// The key with which an author signs.
pub fn key(author: MemberCode) -> SecretKey {
    SecretKey::from_bytes(&[author.bytes()[1]; 32])
}

/// The member whose store is tested.
pub fn me() -> MemberCode {
    "230000".parse().expect("a member code")
}

/// Another member.
pub fn other() -> MemberCode {
    "220000".parse().expect("a member code")
}

/// The one agreement of the tests.
pub fn agreement() -> AgreementId {
    AgreementId([7; 32])
}

/// My register stream of vehicles.
pub fn local() -> Stream {
    Stream::local(me(), System::VEHICLES)
}

/// What a member tells the others of its vehicles.
pub fn shared(author: MemberCode) -> Stream {
    Stream::shared(agreement(), author, System::VEHICLES)
}

/// An object of the local log.
pub fn pause() -> (AgreementId, Object) {
    (AgreementId::ZERO, Object::Pause { member: None, paused: true })
}

/// A row to write.
pub fn row(key: &str, value: &str) -> (Vec<u8>, Option<Vec<u8>>) {
    (key.into(), Some(value.into()))
}
