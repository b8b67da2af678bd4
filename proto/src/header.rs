//! The header of an entry: fixed, big-endian, without options (P1). What it says is what is signed.

use crate::bytes::{Reader, within};
use crate::crypto::{SUITE, Tag, tagged_hash};
use crate::id::*;
use crate::limits::{ENTRY_PAYLOAD_BYTES_MAX, ENTRY_RECORDS_MAX};
use crate::reject::Reject;
use crate::stream::{Audience, Stream};

/// Version of the entry layout.
pub const VERSION: u8 = 1;
/// Bytes of a header.
pub const HEADER_BYTES: usize = 186;

/// What an author says of one entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Agreement, audience, author, system and generation.
    pub stream: Stream,
    /// The epoch under which it was authored; 0 in local streams.
    pub epoch: Epoch,
    /// That epoch's manifest; zero in local streams.
    pub manifest: ManifestId,
    /// The card whose entry key signs.
    pub card: CardNumber,
    /// Its place in the stream, from 1.
    pub position: Position,
    /// The entry before it; for position 1 the stream's origin (P5).
    pub previous: EntryId,
    /// The author's claim (P9).
    pub time: Millis,
    /// How many records the payload holds.
    pub records: u32,
    /// Bytes of the payload.
    pub payload_bytes: u32,
    /// The root over the records' leaves (P7).
    pub root: Root,
}

impl Header {
    /// The layout of P1.
    pub fn encode(&self) -> [u8; HEADER_BYTES] {
        let mut to = Vec::with_capacity(HEADER_BYTES);
        to.extend([VERSION, SUITE]);
        to.extend(self.stream.name());
        to.extend(self.epoch.0.to_be_bytes());
        to.extend(self.manifest.0);
        to.extend(self.card.0.to_be_bytes());
        to.extend(self.position.0.to_be_bytes());
        to.extend(self.previous.0);
        to.extend(self.time.0.to_be_bytes());
        to.extend(self.records.to_be_bytes());
        to.extend(self.payload_bytes.to_be_bytes());
        to.extend(self.root.0);
        to.try_into().expect("the parts of a header have fixed lengths that sum to HEADER_BYTES")
    }

    /// Reads a header and refuses what no honest author writes: another version or suite, a form that has
    /// two encodings, position 0, a first entry that does not begin its stream, no records, sizes beyond the
    /// limits (P1, P2, P3, P5).
    pub fn decode(bytes: &[u8; HEADER_BYTES]) -> Result<Self, Reject> {
        let mut from = Reader(bytes);
        let [version, suite] = from.take();
        if version != VERSION {
            return Err(Reject::UnknownVersion { version });
        }
        if suite != SUITE {
            return Err(Reject::UnknownSuite { suite });
        }
        let header = Self {
            stream: Stream::from_name(&from.take()).map_err(|_| Reject::Malformed)?,
            epoch: Epoch(from.u32()),
            manifest: ManifestId(from.take()),
            card: CardNumber(from.u32()),
            position: Position(from.u64()),
            previous: EntryId(from.take()),
            time: Millis(from.u64()),
            records: from.u32(),
            payload_bytes: from.u32(),
            root: Root(from.take()),
        };
        header.check_form()
    }

    /// H(tag ‖ header): the entry's id (P4).
    pub fn id(&self) -> EntryId {
        EntryId(tagged_hash(Tag::Entry, &self.encode()))
    }

    fn check_form(self) -> Result<Self, Reject> {
        let is_local = self.stream.audience == Audience::Local;
        let names_epoch = self.epoch.0 > 0 && self.manifest != ManifestId::ZERO;
        let names_nothing = self.epoch.0 == 0 && self.manifest == ManifestId::ZERO;
        let counted = self.position.is_place() && self.records > 0 && self.card.0 > 0;
        if !counted || !(if is_local { names_nothing } else { names_epoch }) {
            return Err(Reject::Malformed);
        }
        if self.position.0 == 1 && self.previous != self.stream.origin().id {
            return Err(Reject::Malformed);
        }
        within(self.payload_bytes as usize, ENTRY_PAYLOAD_BYTES_MAX)?;
        within(self.records as usize, ENTRY_RECORDS_MAX)?;
        Ok(self)
    }
}
