//! What two nodes say to each other on `/xietong/1` (P21 to P26): frames, parsed once and within limits.
//! Who says what when is the node's policy.

use prost::Message;
use prost::encoding::{WireType, decode_key, decode_varint};

use crate::bytes::{Reader, within};
use crate::crypto::{Tag, tagged_hash};
use crate::entry::{ENTRY_HEAD_BYTES, EntryHead};
use crate::fork::{ForkProof, split_heads};
use crate::id::*;
use crate::limits::*;
use crate::object::{bounded, is_text};
use crate::opinion::Stance;
use crate::receipt::{self, Holdings};
use crate::reject::Reject;
use crate::stream::{Head, STREAM_NAME_BYTES, Stream};
use crate::wire::sync as wire;

/// The one protocol name of the exchange; it tells nothing of agreements.
pub const PROTOCOL: &str = "/xietong/1";
/// Bytes of a [`Line`].
pub const LINE_BYTES: usize = STREAM_NAME_BYTES + 16;

/// One message.
#[derive(Clone, Debug, PartialEq)]
pub enum Frame {
    /// Opens the stream in each direction.
    Hello(Hello),
    /// Every card of the agreement's members that the sender holds, signed.
    Cards(Vec<Vec<u8>>),
    /// Whether, or what, the sender holds.
    Heads(Heads),
    /// A request with credit.
    Want(Want),
    /// Stored bytes: an answer, or a part of one.
    Range(Range),
    /// A new entry.
    Push(Push),
    /// What a member holds, over its signature.
    Receipted(Receipted),
    /// A stream is forked: header and signature of the two entries, still to be opened.
    Fork(Box<[EntryHead; 2]>),
    /// Asks what leads to an entry of a forked stream.
    Trace(Trace),
    /// What leads to it.
    Traced(Traced),
    /// Another process with the receiver's key lives: its instance (P28).
    Rival(u64),
    /// A manifest with opinions on it; still to be opened.
    Signing(Signing),
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
    /// When its present start began.
    pub begun: Millis,
    /// In a bundle: the receiver's start, if the sender knows it.
    pub answers: Option<Start>,
}

/// Since when a node compares what it holds with the others (P28): a snapshot of a machine keeps the process, but
/// begins to compare at another time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Start {
    /// The process.
    pub instance: u64,
    /// By its wall clock.
    pub begun: Millis,
}

/// What the sender holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Heads {
    /// A digest over all lines: asks for lines if it differs.
    Digest([u8; 32]),
    /// All lines there are, in order of stream.
    All(Vec<Line>),
    /// The lines that changed, in order of stream.
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

/// Entries of a stream as stored, part of an answer; empty if the sender has none from there on.
#[derive(Clone, Debug, PartialEq)]
pub struct Range {
    /// Which.
    pub stream: Stream,
    /// The position of the first.
    pub from: Position,
    /// The last position of the answer, which may take more ranges; 0 if it is empty.
    pub until: Position,
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

/// A receipt and the holdings it is over (P34).
#[derive(Clone, Debug, PartialEq)]
pub struct Receipted {
    /// Body and signature.
    pub receipt: Vec<u8>,
    /// The receipt since which the lines changed; 0: they are all.
    pub base: u64,
    /// What is held.
    pub lines: Holdings,
}

/// Asks for the signed heads that lead to an entry of a forked stream (P36).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trace {
    /// Which stream.
    pub stream: Stream,
    /// The first position asked for.
    pub from: Position,
    /// The entry that is led to.
    pub to: Head,
}

/// Signed heads, one after the other; still to be opened. None if the sender does not know them.
#[derive(Clone, Debug, PartialEq)]
pub struct Traced {
    /// Which stream.
    pub stream: Stream,
    /// The entry that was asked for.
    pub to: EntryId,
    /// What leads to it, from the first position asked for on, as many as fit.
    pub heads: Vec<EntryHead>,
}

/// A manifest and opinions on it, as they travel (P39). Nothing of it has been opened.
#[derive(Clone, Debug, PartialEq)]
pub struct Signing {
    /// The manifest's bytes.
    pub manifest: Vec<u8>,
    /// Opinions: what each says by its tag, then body and signature.
    pub opinions: Vec<(Stance, Vec<u8>)>,
}

/// A digest over lines in order of stream (P23): equal if two members hold the same.
pub fn digest(lines: &[Line]) -> [u8; 32] {
    tagged_hash(Tag::Heads, &Line::join(lines))
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
            Frame::Receipted(receipted) => wire::frame::Body::Receipted(receipted.to_wire()),
            Frame::Fork(pair) => {
                let heads = pair.iter().flat_map(EntryHead::bytes).collect();
                wire::frame::Body::Fork(wire::Fork { heads })
            }
            Frame::Trace(trace) => wire::frame::Body::Trace(trace.to_wire()),
            Frame::Traced(traced) => wire::frame::Body::Traced(traced.to_wire()),
            Frame::Rival(instance) => wire::frame::Body::Rival(wire::Rival { instance: *instance }),
            Frame::Signing(signing) => wire::frame::Body::Signing(signing.to_wire()),
        };
        wire::Frame { body: Some(body) }.encode_to_vec()
    }

    /// Reads a frame; every list is held against its limit before it is made (P3).
    pub fn decode(bytes: &[u8]) -> Result<Self, Reject> {
        within(bytes.len(), FRAME_BYTES_MAX)?;
        let (number, body) = only_field(bytes).ok_or(Reject::Malformed)?;
        Ok(match number {
            1 => Frame::Hello(Hello::from_wire(read(body)?)?),
            2 => Frame::Cards(cards(read(body)?)?),
            3 => Frame::Heads(Heads::from_wire(read(body)?)?),
            4 => Frame::Want(Want::from_wire(read(body)?)?),
            5 => Frame::Range(Range::from_wire(read(body)?)?),
            6 => Frame::Push(Push::from_wire(read(body)?)?),
            7 => Frame::Receipted(Receipted::from_wire(read(body)?)?),
            8 => {
                let fork: wire::Fork = read(body)?;
                Frame::Fork(Box::new(ForkProof::split(&fork.heads)?))
            }
            9 => Frame::Trace(Trace::from_wire(&read(body)?)?),
            10 => Frame::Traced(Traced::from_wire(&read(body)?)?),
            11 => Frame::Rival(read::<wire::Rival>(body)?.instance),
            12 => Frame::Signing(Signing::from_wire(read(body)?)?),
            _ => return Err(Reject::Malformed),
        })
    }
}

/// A frame is one field that fills it: its number says which message it holds.
fn only_field(mut bytes: &[u8]) -> Option<(u32, &[u8])> {
    let (number, form) = decode_key(&mut bytes).ok()?;
    let length = decode_varint(&mut bytes).ok()?;
    let fills = form == WireType::LengthDelimited && length == bytes.len() as u64;
    fills.then_some((number, bytes))
}

fn read<M: Message + Default>(body: &[u8]) -> Result<M, Reject> {
    bounded(body, FRAME_BYTES_MAX)
}

fn cards(wire: wire::Cards) -> Result<Vec<Vec<u8>>, Reject> {
    within(wire.cards.len(), CARDS_MAX)?;
    wire.cards.iter().try_for_each(|card| within(card.len(), CARD_BYTES_MAX + ENVELOPE_BYTES_MAX))?;
    Ok(wire.cards)
}

impl Hello {
    fn to_wire(&self) -> wire::Hello {
        wire::Hello {
            agreement: self.agreement.0.to_vec(),
            manifest: self.manifest.0.to_vec(),
            instance: self.instance,
            time_ms: self.time.0,
            addresses: self.addresses.clone(),
            begun_ms: self.begun.0,
            answers: self.answers.map(Start::to_wire),
        }
    }

    fn from_wire(hello: wire::Hello) -> Result<Self, Reject> {
        within(hello.addresses.len(), ADDRESSES_MAX)?;
        if !hello.addresses.iter().all(|address| is_text(address, TEXT_BYTES_MAX)) {
            return Err(Reject::Malformed);
        }
        Ok(Self {
            agreement: AgreementId::from_slice(&hello.agreement).ok_or(Reject::Malformed)?,
            manifest: ManifestId::from_slice(&hello.manifest).ok_or(Reject::Malformed)?,
            instance: hello.instance,
            time: Millis(hello.time_ms),
            addresses: hello.addresses,
            begun: Millis(hello.begun_ms),
            answers: hello.answers.map(Start::from_wire),
        })
    }

    /// The start that it speaks of.
    pub fn start(&self) -> Start {
        Start { instance: self.instance, begun: self.begun }
    }
}

impl Start {
    fn to_wire(self) -> wire::Start {
        wire::Start { instance: self.instance, begun_ms: self.begun.0 }
    }

    fn from_wire(start: wire::Start) -> Self {
        Self { instance: start.instance, begun: Millis(start.begun_ms) }
    }
}

impl Heads {
    fn to_wire(&self) -> wire::Heads {
        let (digest, lines, complete) = match self {
            Heads::Digest(digest) => (digest.to_vec(), &[][..], false),
            Heads::All(lines) => (Vec::new(), &lines[..], true),
            Heads::Changed(lines) => (Vec::new(), &lines[..], false),
        };
        wire::Heads { digest, lines: Line::join(lines), complete }
    }

    fn from_wire(heads: wire::Heads) -> Result<Self, Reject> {
        if !heads.digest.is_empty() {
            let alone = heads.lines.is_empty() && !heads.complete;
            let digest = heads.digest.try_into().map_err(|_| Reject::Malformed)?;
            return alone.then_some(Heads::Digest(digest)).ok_or(Reject::Malformed);
        }
        let lines = Line::split(&heads.lines)?;
        Ok(if heads.complete { Heads::All(lines) } else { Heads::Changed(lines) })
    }
}

impl Line {
    fn join(lines: &[Self]) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(lines.len() * LINE_BYTES);
        for line in lines {
            bytes.extend(line.stream.name());
            bytes.extend(line.position.0.to_be_bytes());
            bytes.extend(line.prefix);
        }
        bytes
    }

    /// Each stream once, in order of stream, which is the order of their names' bytes.
    fn split(bytes: &[u8]) -> Result<Vec<Self>, Reject> {
        let (lines, rest) = bytes.as_chunks::<LINE_BYTES>();
        within(lines.len(), HEADS_LINES_MAX)?;
        let lines: Vec<Self> = lines.iter().map(Self::decode).collect::<Result<_, _>>()?;
        let is_ordered = lines.is_sorted_by(|a, b| a.stream < b.stream);
        (is_ordered && rest.is_empty()).then_some(lines).ok_or(Reject::Malformed)
    }

    fn decode(bytes: &[u8; LINE_BYTES]) -> Result<Self, Reject> {
        let mut from = Reader(bytes);
        let stream = stream(&from.take::<STREAM_NAME_BYTES>())?;
        Ok(Self { stream, position: place(from.u64())?, prefix: from.take() })
    }
}

impl Want {
    fn to_wire(self) -> wire::Want {
        wire::Want { stream: self.stream.name().to_vec(), from: self.from.0, bytes_max: self.bytes_max }
    }

    fn from_wire(want: wire::Want) -> Result<Self, Reject> {
        within(want.bytes_max as usize, RANGE_BYTES_MAX)?;
        let from = place(want.from)?;
        Ok(Self { stream: stream(&want.stream)?, from, bytes_max: want.bytes_max })
    }
}

impl Range {
    fn to_wire(&self) -> wire::Range {
        let stream = self.stream.name().to_vec();
        wire::Range { stream, from: self.from.0, entries: self.entries.clone(), until: self.until.0 }
    }

    fn from_wire(range: wire::Range) -> Result<Self, Reject> {
        let from = place(range.from)?;
        within(range.entries.len(), RANGE_BYTES_MAX)?;
        let until = match range.entries.is_empty() {
            true => Some(Position(range.until)).filter(|until| *until == Position(0)),
            false => Some(place(range.until)?).filter(|until| *until >= from),
        };
        let until = until.ok_or(Reject::Malformed)?;
        Ok(Self { stream: stream(&range.stream)?, from, until, entries: range.entries })
    }
}

impl Push {
    fn to_wire(&self) -> wire::Push {
        wire::Push { head: self.head.clone(), payload: self.payload.clone() }
    }

    fn from_wire(push: wire::Push) -> Result<Self, Reject> {
        within(push.payload.len(), PUSH_PAYLOAD_BYTES_MAX)?;
        let has_head = push.head.len() == ENTRY_HEAD_BYTES;
        has_head.then_some(Self { head: push.head, payload: push.payload }).ok_or(Reject::Malformed)
    }
}

impl Receipted {
    fn to_wire(&self) -> wire::Receipted {
        let (receipt, lines) = (self.receipt.clone(), receipt::join(&self.lines));
        wire::Receipted { receipt, base: self.base, lines }
    }

    fn from_wire(receipted: wire::Receipted) -> Result<Self, Reject> {
        within(receipted.receipt.len(), RECEIPT_BYTES_MAX + ENVELOPE_BYTES_MAX)?;
        let lines = receipt::split(&receipted.lines)?;
        Ok(Self { receipt: receipted.receipt, base: receipted.base, lines })
    }
}

impl Trace {
    fn to_wire(self) -> wire::Trace {
        wire::Trace {
            stream: self.stream.name().to_vec(),
            from: self.from.0,
            position: self.to.position.0,
            id: self.to.id.0.to_vec(),
        }
    }

    fn from_wire(trace: &wire::Trace) -> Result<Self, Reject> {
        let (from, position) = (place(trace.from)?, place(trace.position)?);
        let to = Head { position, id: EntryId::from_slice(&trace.id).ok_or(Reject::Malformed)? };
        Ok(Self { stream: stream(&trace.stream)?, from, to })
    }
}

impl Traced {
    fn to_wire(&self) -> wire::Traced {
        let heads = self.heads.iter().flat_map(EntryHead::bytes).collect();
        wire::Traced { stream: self.stream.name().to_vec(), id: self.to.0.to_vec(), heads }
    }

    fn from_wire(traced: &wire::Traced) -> Result<Self, Reject> {
        let heads = split_heads(&traced.heads, RANGE_BYTES_MAX)?;
        let to = EntryId::from_slice(&traced.id).ok_or(Reject::Malformed)?;
        Ok(Self { stream: stream(&traced.stream)?, to, heads })
    }
}

impl Signing {
    fn to_wire(&self) -> wire::Signing {
        let stated = |(stance, opinion): &(Stance, Vec<u8>)| {
            let stance = Stance::ALL.iter().position(|of| of == stance).map_or(0, |at| at as u32 + 1);
            wire::Stated { stance, opinion: opinion.clone() }
        };
        wire::Signing {
            manifest: self.manifest.clone(),
            opinions: self.opinions.iter().map(stated).collect(),
        }
    }

    fn from_wire(signing: wire::Signing) -> Result<Self, Reject> {
        within(signing.manifest.len(), MANIFEST_BYTES_MAX)?;
        within(signing.opinions.len(), OPINIONS_MAX)?;
        let stated = |wire::Stated { stance, opinion }: wire::Stated| {
            within(opinion.len(), OPINION_BYTES_MAX + ENVELOPE_BYTES_MAX)?;
            let stance = (stance as usize).checked_sub(1).and_then(|at| Stance::ALL.get(at));
            Ok((*stance.ok_or(Reject::Malformed)?, opinion))
        };
        let opinions = signing.opinions.into_iter().map(stated).collect::<Result<_, _>>()?;
        Ok(Self { manifest: signing.manifest, opinions })
    }
}

fn stream(name: &[u8]) -> Result<Stream, Reject> {
    let name = name.try_into().map_err(|_| Reject::Malformed)?;
    Stream::from_name(name).map_err(|_| Reject::Malformed)
}

fn place(number: u64) -> Result<Position, Reject> {
    Some(Position(number)).filter(|position| position.is_place()).ok_or(Reject::Malformed)
}
