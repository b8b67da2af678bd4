//! Entries: a signed header and the records under its root (P1, P6, P7, P8). The arrows are
//! `Draft` → sign → `SignedEntry` for our own, bytes → `Entry` → open → `SignedEntry` for others': who
//! holds a `SignedEntry` need not check it again.

use std::ops::Deref;
use std::sync::Arc;

use crate::bytes::{Reader, within};
use crate::crypto::{PublicKey, SecretKey, Tag, hash};
use crate::header::{HEADER_BYTES, Header};
use crate::id::*;
use crate::limits::{ENTRY_PAYLOAD_BYTES_MAX, ENTRY_RECORDS_MAX, RECORD_BYTES_MAX};
use crate::merkle;
use crate::reject::Reject;
use crate::stream::{Head, Stream};

/// Bytes of the seed at the front of a payload.
pub const SEED_BYTES: usize = 32;
/// Bytes before a record's body: kind, version, length.
pub const RECORD_HEAD_BYTES: usize = 8;
/// Bytes before an entry's payload: header and signature.
pub const ENTRY_HEAD_BYTES: usize = HEADER_BYTES + 64;

/// One statement of an author. Its body is kept as written, also where its kind is unknown (P6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// What it is.
    pub kind: RecordKind,
    /// The version of the kind's body.
    pub version: u16,
    /// At most [`RECORD_BYTES_MAX`] bytes.
    pub body: Vec<u8>,
}

impl Record {
    /// Bytes in a payload.
    pub fn framed_bytes(&self) -> usize {
        RECORD_HEAD_BYTES + self.body.len()
    }

    fn frame(&self, to: &mut Vec<u8>) {
        to.extend(self.kind.0.to_be_bytes());
        to.extend(self.version.to_be_bytes());
        to.extend((self.body.len() as u32).to_be_bytes());
        to.extend(&self.body);
    }
}

/// An entry of our own before its signature. The id does not depend on the signature, so the next draft
/// can follow before this one is signed.
#[derive(Clone, Debug)]
pub struct Draft {
    header: Header,
    payload: Vec<u8>,
}

/// Under what an author writes: the epoch and the card that the header names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Authority {
    /// 0 in local streams.
    pub epoch: Epoch,
    /// Zero in local streams.
    pub manifest: ManifestId,
    /// The author's card.
    pub card: CardNumber,
}

impl Draft {
    /// The entry that follows `head` with the records. `secret` is the node's own and only ever enters the
    /// salts' seed (P7).
    ///
    /// # Panics
    /// If there are no records or [`fill`] has not measured them: such an entry would end its stream for all
    /// who check it.
    pub fn new(
        stream: Stream,
        head: Head,
        authority: Authority,
        time: Millis,
        secret: &[u8; 32],
        records: &[Record],
    ) -> Self {
        let fits = !records.is_empty() && fill(records) == records.len();
        assert!(fits, "whoever writes an entry has measured its records");
        let position = head.position.next();
        let seed = hash(&[Tag::Seed.bytes(), secret, &stream.name(), &position.0.to_be_bytes()]);
        let mut payload = seed.to_vec();
        records.iter().for_each(|record| record.frame(&mut payload));
        let frames = Frames(&payload[SEED_BYTES..]).map_while(Result::ok);
        let root = merkle::root(&leaves(&seed, frames.map(|frame| frame.bytes)));
        let header = Header {
            stream,
            epoch: authority.epoch,
            manifest: authority.manifest,
            card: authority.card,
            position,
            previous: head.id,
            time,
            records: records.len() as u32,
            payload_bytes: payload.len() as u32,
            root,
        };
        Self { header, payload }
    }

    /// What will be signed.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Where the stream stands with it.
    pub fn head(&self) -> Head {
        Head { position: self.header.position, id: self.header.id() }
    }

    /// Signs the header and makes the entry.
    pub fn sign(&self, key: &SecretKey) -> SignedEntry {
        let header = self.header.encode();
        let signature = key.sign(Tag::Entry, &header);
        let bytes = [&header[..], &signature, &self.payload].concat();
        SignedEntry(Entry { header: self.header, id: self.header.id(), bytes: bytes.into() })
    }
}

/// How many of the records, from the first, fit into one entry (P3). None if the first is too large for any.
pub fn fill(records: &[Record]) -> usize {
    let mut bytes = SEED_BYTES;
    let fits = |record: &&Record| {
        bytes += record.framed_bytes();
        record.body.len() <= RECORD_BYTES_MAX && bytes <= ENTRY_PAYLOAD_BYTES_MAX
    };
    records.iter().take(ENTRY_RECORDS_MAX).take_while(fits).count()
}

/// An entry whose layout holds. From a peer that is all that is known of it; in our own log only entries
/// stand that were signed or opened before. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    header: Header,
    id: EntryId,
    bytes: Arc<[u8]>,
}

impl Entry {
    /// Takes one entry off the front of `bytes` and returns what follows it (P1, P3).
    pub fn split_first(bytes: &[u8]) -> Result<(Self, &[u8]), Reject> {
        let head: &[u8; HEADER_BYTES] = bytes.first_chunk().ok_or(Reject::Malformed)?;
        let header = Header::decode(head)?;
        let length = ENTRY_HEAD_BYTES + header.payload_bytes as usize;
        let (entry, rest) = bytes.split_at_checked(length).ok_or(Reject::Malformed)?;
        Ok((Self { header, id: header.id(), bytes: entry.into() }, rest))
    }

    /// Exactly one entry.
    pub fn decode(bytes: &[u8]) -> Result<Self, Reject> {
        match Self::split_first(bytes)? {
            (entry, []) => Ok(entry),
            (_, [..]) => Err(Reject::Malformed),
        }
    }

    /// Checks signature, framing and root (P6, P7, P8); `key` is that of the card which the header names.
    pub fn open(self, key: &PublicKey) -> Result<SignedEntry, Reject> {
        let (head, payload) = self.bytes.split_at(ENTRY_HEAD_BYTES);
        let (header, signature) = head.split_at(HEADER_BYTES);
        let signature: &[u8; 64] = signature.first_chunk().ok_or(Reject::Malformed)?;
        if !key.verifies(Tag::Entry, header, signature) {
            return Err(Reject::BadSignature);
        }
        check_payload(&self.header, payload)?;
        Ok(SignedEntry(self))
    }

    /// What its author says.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Its id (P4).
    pub fn id(&self) -> EntryId {
        self.id
    }

    /// Where its stream stands with it.
    pub fn head(&self) -> Head {
        Head { position: self.header.position, id: self.id }
    }

    /// Header, signature and payload: exactly what is stored, relayed and sent.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The records, in order; ends early where framing breaks, which it does in no opened entry.
    pub fn records(&self) -> impl Iterator<Item = Record> + '_ {
        let records = self.bytes.get(ENTRY_HEAD_BYTES + SEED_BYTES..).unwrap_or_default();
        Frames(records).map_while(Result::ok).map(|frame| frame.record())
    }

    /// The path from record `index` up to the root, for a proof to somebody who holds only the header.
    pub fn proof(&self, index: usize) -> Option<LeafProof> {
        let payload = &self.bytes[ENTRY_HEAD_BYTES..];
        let seed: &[u8; SEED_BYTES] = payload.first_chunk()?;
        let frames: Vec<&[u8]> =
            Frames(&payload[SEED_BYTES..]).map_while(Result::ok).map(|frame| frame.bytes).collect();
        let record = frames.get(index)?.to_vec();
        let leaves = leaves(seed, frames.into_iter());
        Some(LeafProof { salt: salt(seed, index as u32), record, path: merkle::path(&leaves, index) })
    }
}

/// An entry whose signature, framing and root hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedEntry(Entry);

impl Deref for SignedEntry {
    type Target = Entry;
    fn deref(&self) -> &Entry {
        &self.0
    }
}

/// Header and signature of an entry, without its payload: a hint that it can be fetched (P26), and what is
/// needed to show that it was said (P35).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EntryHead {
    header: Header,
    signature: [u8; 64],
}

impl EntryHead {
    /// Reads exactly one.
    pub fn decode(bytes: &[u8]) -> Result<Self, Reject> {
        let (header, signature) = bytes.split_first_chunk::<HEADER_BYTES>().ok_or(Reject::Malformed)?;
        let signature = signature.try_into().map_err(|_| Reject::Malformed)?;
        Ok(Self { header: Header::decode(header)?, signature })
    }

    /// Reads the one at the beginning of an entry.
    pub fn first(bytes: &[u8]) -> Result<Self, Reject> {
        let head = bytes.first_chunk::<ENTRY_HEAD_BYTES>().ok_or(Reject::Malformed)?;
        Self::decode(head)
    }

    /// What it claims.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The entry's id: it does not depend on the signature.
    pub fn id(&self) -> EntryId {
        self.header.id()
    }

    /// Bytes of the entry with its payload.
    pub fn entry_bytes(&self) -> usize {
        ENTRY_HEAD_BYTES + self.header.payload_bytes as usize
    }

    /// Header, then signature.
    pub fn bytes(&self) -> Vec<u8> {
        [&self.header.encode()[..], &self.signature].concat()
    }

    /// Checks the signature and gives the place that was signed (P8).
    pub fn open(&self, key: &PublicKey) -> Result<Head, Reject> {
        let holds = key.verifies(Tag::Entry, &self.header.encode(), &self.signature);
        let head = Head { position: self.header.position, id: self.header.id() };
        holds.then_some(head).ok_or(Reject::BadSignature)
    }
}

/// Shows that a record stands in an entry, without its neighbours (P7).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeafProof {
    /// The leaf's own salt.
    pub salt: [u8; 16],
    /// Kind, version, length and body.
    pub record: Vec<u8>,
    /// Sibling hashes from the leaf upwards.
    pub path: Vec<[u8; 32]>,
}

impl LeafProof {
    /// What is proven, if it is one whole frame.
    pub fn record(&self) -> Result<Record, Reject> {
        let frame = Frames(&self.record).split_first()?;
        (frame.bytes == self.record).then(|| frame.record()).ok_or(Reject::BadFraming)
    }

    /// Whether the record is the one at `index` under the header's root.
    pub fn holds(&self, header: &Header, index: u32) -> bool {
        if self.record().is_err() {
            return false;
        }
        let leaf = leaf(&self.salt, &self.record);
        merkle::climb(leaf, index as usize, header.records as usize, &self.path) == Some(header.root.0)
    }
}

fn check_payload(header: &Header, payload: &[u8]) -> Result<(), Reject> {
    let seed: &[u8; SEED_BYTES] = payload.first_chunk().ok_or(Reject::BadFraming)?;
    let frames: Vec<Frame<'_>> = Frames(&payload[SEED_BYTES..]).collect::<Result<_, _>>()?;
    if frames.len() != header.records as usize {
        return Err(Reject::BadFraming);
    }
    let leaves = leaves(seed, frames.into_iter().map(|frame| frame.bytes));
    if merkle::root(&leaves) != header.root {
        return Err(Reject::BadRoot);
    }
    Ok(())
}

fn salt(seed: &[u8; SEED_BYTES], index: u32) -> [u8; 16] {
    let full = hash(&[Tag::Leaf.bytes(), seed, &index.to_be_bytes()]);
    *full.first_chunk().expect("a hash is longer than a salt")
}

fn leaf(salt: &[u8; 16], record: &[u8]) -> [u8; 32] {
    hash(&[&[0], salt, record])
}

fn leaves<'a>(seed: &[u8; SEED_BYTES], records: impl Iterator<Item = &'a [u8]>) -> Vec<[u8; 32]> {
    (0..).zip(records).map(|(index, record)| leaf(&salt(seed, index), record)).collect()
}

struct Frame<'a> {
    kind: u16,
    version: u16,
    /// With its head.
    bytes: &'a [u8],
}

impl Frame<'_> {
    fn record(&self) -> Record {
        let body = self.bytes[RECORD_HEAD_BYTES..].to_vec();
        Record { kind: RecordKind(self.kind), version: self.version, body }
    }
}

/// The framed records of a payload, one after the other; ends with an error where framing breaks (P6).
struct Frames<'a>(&'a [u8]);

impl<'a> Iterator for Frames<'a> {
    type Item = Result<Frame<'a>, Reject>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let frame = self.split_first();
        if frame.is_err() {
            self.0 = &[];
        }
        Some(frame)
    }
}

impl<'a> Frames<'a> {
    fn split_first(&mut self) -> Result<Frame<'a>, Reject> {
        let head: &[u8; RECORD_HEAD_BYTES] = self.0.first_chunk().ok_or(Reject::BadFraming)?;
        let mut from = Reader(head);
        let (kind, version, length) = (from.u16(), from.u16(), from.u32() as usize);
        within(length, RECORD_BYTES_MAX)?;
        let end = RECORD_HEAD_BYTES + length;
        let (bytes, rest) = self.0.split_at_checked(end).ok_or(Reject::BadFraming)?;
        self.0 = rest;
        Ok(Frame { kind, version, bytes })
    }
}
