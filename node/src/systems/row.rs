//! A row as it lies in the store: where it comes from, then the record's exact body (P32).

use serde::{Deserialize, Serialize};
use xietong_proto::id::*;
use xietong_proto::manifest::Member;
use xietong_proto::stream::Stream;

/// Where a record stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Origin<'a> {
    /// Its stream.
    pub stream: Stream,
    /// Its entry.
    pub position: Position,
    /// Its place in the entry, from 0.
    pub index: u32,
    /// Under which epoch it was authored.
    pub epoch: Epoch,
    /// When, as its author says (P9).
    pub time: Millis,
    /// Who is a member by the manifest that its entry names; nobody in a local stream.
    pub members: &'a [Member],
}

/// A stored row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// How often the thing has been said, from 1.
    pub version: u32,
    /// The entry that said it last.
    pub source: Source,
    /// What the record said.
    pub body: Vec<u8>,
}

/// Where a row comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// The position of the entry in its stream.
    pub position: Position,
    /// The record's place in the entry, from 0.
    pub index: u32,
    /// Under which epoch.
    pub epoch: Epoch,
    /// When, as its author says.
    pub time: Millis,
}

const HEAD_BYTES: usize = 28;

impl Origin<'_> {
    /// Without the stream, which every row knows by its key.
    pub fn source(&self) -> Source {
        let Origin { position, index, epoch, time, .. } = *self;
        Source { position, index, epoch, time }
    }
}

impl Source {
    /// Fixed and big-endian.
    pub fn encode(&self) -> Vec<u8> {
        let mut to = Vec::with_capacity(HEAD_BYTES);
        to.extend(self.position.0.to_be_bytes());
        to.extend(self.index.to_be_bytes());
        to.extend(self.epoch.0.to_be_bytes());
        to.extend(self.time.0.to_be_bytes());
        to
    }

    /// Reads one, and what follows it.
    pub fn split(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let (position, rest) = bytes.split_first_chunk()?;
        let (index, rest) = rest.split_first_chunk()?;
        let (epoch, rest) = rest.split_first_chunk()?;
        let (time, rest) = rest.split_first_chunk()?;
        let source = Self {
            position: Position(u64::from_be_bytes(*position)),
            index: u32::from_be_bytes(*index),
            epoch: Epoch(u32::from_be_bytes(*epoch)),
            time: Millis(u64::from_be_bytes(*time)),
        };
        Some((source, rest))
    }
}

impl Row {
    /// The row that a record makes over an older one.
    pub fn new(origin: &Origin, older: Option<&Row>, body: &[u8]) -> Self {
        let version = older.map_or(0, |older| older.version) + 1;
        Self { version, source: origin.source(), body: body.to_vec() }
    }

    /// A row that no record has said yet, for judging one line beside another.
    pub fn unsaid(body: &[u8]) -> Self {
        let source = Source { position: Position(0), index: 0, epoch: Epoch(0), time: Millis(0) };
        Self { version: 0, source, body: body.to_vec() }
    }

    /// Fixed big-endian head, then the body.
    pub fn encode(&self) -> Vec<u8> {
        let mut to = Vec::with_capacity(HEAD_BYTES + self.body.len());
        to.extend(self.version.to_be_bytes());
        to.extend(self.source.encode());
        to.extend(&self.body);
        to
    }

    /// Reads a stored row; none if it is too short to be one.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let (version, rest) = bytes.split_first_chunk()?;
        let (source, body) = Source::split(rest)?;
        Some(Self { version: u32::from_be_bytes(*version), source, body: body.to_vec() })
    }
}
