//! What two nodes say to each other on `/xietong/1` (P20 to P27): frames, parsed once and within limits.
//! Who says what when is the node's policy.

use prost::Message;

use crate::crypto::{Tag, tagged_hash};
use crate::id::*;
use crate::limits::{ADDRESSES_MAX, FRAME_BYTES_MAX, HEADS_LINES_MAX, MEMBERS_MAX, RANGE_BYTES_MAX};
use crate::reject::Reject;
use crate::stream::{Head, Stream};
use crate::wire::sync as wire;

/// The one protocol name of the exchange; it tells nothing of agreements.
pub const PROTOCOL: &str = "/xietong/1";

/// One message.
#[derive(Clone, Debug, PartialEq)]
pub enum Frame {
    /// Opens the stream in each direction.
    Hello(Hello),
    /// The newest cards the sender holds, signed.
    Cards(Vec<Vec<u8>>),
    /// Whether, or what, the sender holds.
    Heads(Heads),
    /// A request with credit.
    Want(Want),
    /// Stored bytes.
    Range(Range),
    /// A new entry.
    Push(Push),
}

/// Names the agreement and introduces the sender.
#[derive(Clone, Debug, PartialEq)]
pub struct Hello {
    /// Which agreement the stream is for.
    pub agreement: AgreementId,
    /// The newest manifest the sender holds of it.
    pub manifest: ManifestId,
    /// Random for each start of a process.
    pub instance: u64,
    /// The sender's clock.
    pub time: Millis,
    /// Where it may be dialled now, as multiaddresses.
    pub addresses: Vec<String>,
}

/// What the sender holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Heads {
    /// A digest over all lines: asks for lines if it differs.
    Digest([u8; 32]),
    /// All lines there are.
    All(Vec<Line>),
    /// The lines that changed.
    Changed(Vec<Line>),
}

/// How far the sender holds one stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    /// Which.
    pub stream: Stream,
    /// Up to where; never 0.
    pub position: Position,
    /// The first bytes of the id there.
    pub prefix: [u8; 8],
}

impl Line {
    /// The line for a head.
    pub fn new(stream: Stream, head: Head) -> Self {
        Self { stream, position: head.position, prefix: head.id.prefix() }
    }
}

/// Asks for entries of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Want {
    /// Which.
    pub stream: Stream,
    /// The first position wanted.
    pub from: Position,
    /// At most so many bytes, but at least one entry.
    pub bytes_max: u32,
}

/// Entries of a stream as stored; empty if the sender has none from there on.
#[derive(Clone, Debug, PartialEq)]
pub struct Range {
    /// Which.
    pub stream: Stream,
    /// The position of the first.
    pub from: Position,
    /// One entry after the other.
    pub entries: Vec<u8>,
}

/// A new entry: with its payload, or only its head as a hint that it can be fetched.
#[derive(Clone, Debug, PartialEq)]
pub struct Push {
    /// Header and signature.
    pub head: Vec<u8>,
    /// Empty if it has to be fetched.
    pub payload: Vec<u8>,
}

/// A digest over lines in order of stream (P23): equal if two members hold the same.
pub fn digest(lines: &[Line]) -> [u8; 32] {
    let mut bytes = Vec::with_capacity(lines.len() * 72);
    for line in lines {
        bytes.extend(line.stream.name());
        bytes.extend(line.position.0.to_be_bytes());
        bytes.extend(line.prefix);
    }
    tagged_hash(Tag::Heads, &bytes)
}

impl Frame {
    /// The bytes behind the length prefix.
    pub fn encode(&self) -> Vec<u8> {
        let body = match self {
            Frame::Hello(hello) => wire::frame::Body::Hello(hello.to_wire()),
            Frame::Cards(cards) => wire::frame::Body::Cards(wire::Cards { cards: cards.clone() }),
            Frame::Heads(heads) => wire::frame::Body::Heads(heads.to_wire()),
            Frame::Want(want) => wire::frame::Body::Want(want.to_wire()),
            Frame::Range(range) => wire::frame::Body::Range(range.to_wire()),
            Frame::Push(push) => wire::frame::Body::Push(push.to_wire()),
        };
        wire::Frame { body: Some(body) }.encode_to_vec()
    }

    /// Reads a frame; every list is held against its limit (P3).
    pub fn decode(bytes: &[u8]) -> Result<Self, Reject> {
        within(bytes.len(), FRAME_BYTES_MAX)?;
        let frame = wire::Frame::decode(bytes).map_err(|_| Reject::Malformed)?;
        Ok(match frame.body.ok_or(Reject::Malformed)? {
            wire::frame::Body::Hello(hello) => Frame::Hello(Hello::from_wire(hello)?),
            wire::frame::Body::Cards(cards) => {
                within(cards.cards.len(), MEMBERS_MAX)?;
                Frame::Cards(cards.cards)
            }
            wire::frame::Body::Heads(heads) => Frame::Heads(Heads::from_wire(heads)?),
            wire::frame::Body::Want(want) => Frame::Want(Want::from_wire(want)?),
            wire::frame::Body::Range(range) => Frame::Range(Range::from_wire(range)?),
            wire::frame::Body::Push(push) => Frame::Push(Push { head: push.head, payload: push.payload }),
        })
    }
}

impl Hello {
    fn to_wire(&self) -> wire::Hello {
        wire::Hello {
            agreement: self.agreement.0.to_vec(),
            manifest: self.manifest.0.to_vec(),
            instance: self.instance,
            time_ms: self.time.0,
            addresses: self.addresses.clone(),
        }
    }

    fn from_wire(hello: wire::Hello) -> Result<Self, Reject> {
        within(hello.addresses.len(), ADDRESSES_MAX)?;
        Ok(Self {
            agreement: AgreementId::from_slice(&hello.agreement).ok_or(Reject::Malformed)?,
            manifest: ManifestId::from_slice(&hello.manifest).ok_or(Reject::Malformed)?,
            instance: hello.instance,
            time: Millis(hello.time_ms),
            addresses: hello.addresses,
        })
    }
}

impl Heads {
    fn to_wire(&self) -> wire::Heads {
        let (digest, lines, complete) = match self {
            Heads::Digest(digest) => (digest.to_vec(), &[][..], false),
            Heads::All(lines) => (Vec::new(), &lines[..], true),
            Heads::Changed(lines) => (Vec::new(), &lines[..], false),
        };
        wire::Heads { digest, lines: lines.iter().copied().map(Line::to_wire).collect(), complete }
    }

    fn from_wire(heads: wire::Heads) -> Result<Self, Reject> {
        within(heads.lines.len(), HEADS_LINES_MAX)?;
        if !heads.digest.is_empty() {
            let alone = heads.lines.is_empty() && !heads.complete;
            let digest = heads.digest.try_into().map_err(|_| Reject::Malformed)?;
            return alone.then_some(Heads::Digest(digest)).ok_or(Reject::Malformed);
        }
        let lines = heads.lines.iter().map(Line::from_wire).collect::<Result<_, _>>()?;
        Ok(if heads.complete { Heads::All(lines) } else { Heads::Changed(lines) })
    }
}

impl Line {
    fn to_wire(self) -> wire::Line {
        wire::Line {
            stream: self.stream.name().to_vec(),
            position: self.position.0,
            prefix: u64::from_be_bytes(self.prefix),
        }
    }

    fn from_wire(line: &wire::Line) -> Result<Self, Reject> {
        if line.position == 0 {
            return Err(Reject::Malformed);
        }
        let prefix = line.prefix.to_be_bytes();
        Ok(Self { stream: stream(&line.stream)?, position: Position(line.position), prefix })
    }
}

impl Want {
    fn to_wire(self) -> wire::Want {
        wire::Want { stream: self.stream.name().to_vec(), from: self.from.0, bytes_max: self.bytes_max }
    }

    fn from_wire(want: wire::Want) -> Result<Self, Reject> {
        within(want.bytes_max as usize, RANGE_BYTES_MAX)?;
        let from = first_position(want.from)?;
        Ok(Self { stream: stream(&want.stream)?, from, bytes_max: want.bytes_max })
    }
}

impl Range {
    fn to_wire(&self) -> wire::Range {
        let stream = self.stream.name().to_vec();
        wire::Range { stream, from: self.from.0, entries: self.entries.clone() }
    }

    fn from_wire(range: wire::Range) -> Result<Self, Reject> {
        let from = first_position(range.from)?;
        Ok(Self { stream: stream(&range.stream)?, from, entries: range.entries })
    }
}

impl Push {
    fn to_wire(&self) -> wire::Push {
        wire::Push { head: self.head.clone(), payload: self.payload.clone() }
    }
}

fn stream(name: &[u8]) -> Result<Stream, Reject> {
    let name = name.try_into().map_err(|_| Reject::Malformed)?;
    Stream::from_name(name).map_err(|_| Reject::Malformed)
}

fn first_position(number: u64) -> Result<Position, Reject> {
    (number > 0).then_some(Position(number)).ok_or(Reject::Malformed)
}

fn within(size: usize, size_max: usize) -> Result<(), Reject> {
    if size > size_max {
        return Err(Reject::TooLarge { size: size as u64, size_max: size_max as u64 });
    }
    Ok(())
}
