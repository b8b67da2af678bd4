//! The bytes of the log. A group is what one commit appends to one log:
//!
//! ```text
//! "xtg1" ‖ number u64 ‖ length u32 ‖ sole u64 ‖ CRC32(log ‖ all before)     28 bytes
//! frames: (kind u8 ‖ length u32 ‖ bytes)*                                   `length` bytes
//! CRC32(head ‖ frames)                                                      4 bytes
//! ```
//!
//! Numbers are big-endian. `sole` counts the frames of the log up to and with this group that no peer could
//! give back, so that what a gap swallowed is known from the group after it. Nothing here touches a file.

use crc32fast::Hasher;
use xietong_proto::entry::{ENTRY_HEAD_BYTES, Entry, EntryHead};
use xietong_proto::id::{AgreementId, EntryId, MemberCode, Position};
use xietong_proto::stream::{Head, STREAM_NAME_BYTES, Stream};

use crate::replica::io::{Object, SignedAppend};

/// Bytes of one group; also bounds what is allocated for one.
pub const GROUP_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Bytes before the frames.
pub const GROUP_HEAD_BYTES: usize = 28;
const GROUP_TAIL_BYTES: usize = 4;
const FRAME_HEAD_BYTES: usize = 5;
const MAGIC: &[u8; 4] = b"xtg1";
/// Kinds of frames.
const ENTRY: u8 = 1;
const REWIND: u8 = 2;
const OBJECT: u8 = 3;
const HEAD: u8 = 4;

/// What a group says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupHead {
    /// One more than that of the group before it, from 1.
    pub number: u64,
    /// Bytes of the frames.
    pub length: u32,
    /// Frames without a second copy, up to and with this group.
    pub sole: u64,
}

impl GroupHead {
    /// Bytes of the whole group.
    pub fn group_bytes(&self) -> usize {
        GROUP_HEAD_BYTES + self.length as usize + GROUP_TAIL_BYTES
    }

    fn encode(&self, log: AgreementId) -> [u8; GROUP_HEAD_BYTES] {
        let mut to = MAGIC.to_vec();
        to.extend(self.number.to_be_bytes());
        to.extend(self.length.to_be_bytes());
        to.extend(self.sole.to_be_bytes());
        to.extend(crc(&[&log.0, &to]).to_be_bytes());
        to.try_into().expect("the parts of a group's head have fixed lengths")
    }

    /// Reads a head; none if the bytes do not begin with one that holds in this log.
    fn decode(bytes: &[u8], log: AgreementId) -> Option<Self> {
        let (said, check) = bytes.get(..GROUP_HEAD_BYTES)?.split_last_chunk()?;
        let said = said.strip_prefix(MAGIC)?;
        let (number, rest) = said.split_first_chunk()?;
        let (length, sole) = rest.split_first_chunk()?;
        let head = Self {
            number: u64::from_be_bytes(*number),
            length: u32::from_be_bytes(*length),
            sole: u64::from_be_bytes(*sole.first_chunk()?),
        };
        let holds = crc(&[&log.0, MAGIC, said]).to_be_bytes() == *check;
        (holds && head.group_bytes() <= GROUP_BYTES_MAX).then_some(head)
    }
}

/// A group that is being filled.
#[derive(Debug)]
pub struct Group {
    bytes: Vec<u8>,
    entries: Vec<EntryFrame>,
    sole: u64,
}

/// Where an entry stands in its group, or a group's entry in its segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EntryFrame {
    /// Its stream.
    pub stream: Stream,
    /// Its place in the stream.
    pub position: Position,
    /// Where its bytes begin.
    pub offset: u64,
    /// How many they are.
    pub length: u32,
    /// Their CRC32.
    pub crc: u32,
}

/// A group ready to be written.
#[derive(Debug)]
pub struct Sealed {
    /// What is written, at once.
    pub bytes: Vec<u8>,
    /// Its entries, by offset in `bytes`.
    pub entries: Vec<EntryFrame>,
    /// The head in front of `bytes`.
    pub head: GroupHead,
    /// The CRC32 at their end.
    pub check: u32,
}

impl Default for Group {
    fn default() -> Self {
        Self { bytes: vec![0; GROUP_HEAD_BYTES], entries: Vec::new(), sole: 0 }
    }
}

impl Group {
    /// Bytes of the whole group.
    pub fn group_bytes(&self) -> usize {
        self.bytes.len() + GROUP_TAIL_BYTES
    }

    /// Adds a frame.
    pub fn push(&mut self, append: &SignedAppend, me: MemberCode) {
        match append {
            SignedAppend::Entry(entry) => {
                let header = entry.header();
                let offset = self.frame(ENTRY, entry.bytes());
                self.entries.push(EntryFrame {
                    stream: header.stream,
                    position: header.position,
                    offset,
                    length: entry.bytes().len() as u32,
                    crc: crc(&[entry.bytes()]),
                });
                self.sole += u64::from(header.stream.author == me);
            }
            SignedAppend::Rewind(stream, to) => {
                self.frame(REWIND, &rewind(stream, to));
            }
            SignedAppend::Object(_, object) => {
                self.frame(OBJECT, &serde_json::to_vec(object).expect("an object is plain data"));
                self.sole += u64::from(object.is_sole(me));
            }
        }
    }

    /// Sets the head and the checksums.
    pub fn seal(mut self, log: AgreementId, number: u64, sole_before: u64) -> Sealed {
        let length = (self.bytes.len() - GROUP_HEAD_BYTES) as u32;
        let head = GroupHead { number, length, sole: sole_before + self.sole };
        self.bytes[..GROUP_HEAD_BYTES].copy_from_slice(&head.encode(log));
        let check = crc(&[&self.bytes]);
        self.bytes.extend(check.to_be_bytes());
        Sealed { bytes: self.bytes, entries: self.entries, head, check }
    }

    fn frame(&mut self, kind: u8, bytes: &[u8]) -> u64 {
        self.bytes.push(kind);
        self.bytes.extend((bytes.len() as u32).to_be_bytes());
        let offset = self.bytes.len() as u64;
        self.bytes.extend(bytes);
        offset
    }
}

/// What a frame holds.
#[derive(Clone, Debug)]
#[allow(clippy::large_enum_variant, reason = "nearly all frames are entries")]
pub enum Stored {
    /// Next in its stream when it was written.
    Entry(Entry, EntryFrame),
    /// What is left of such an entry after a purge (P50).
    Head(EntryHead, EntryFrame),
    /// From here on the stream goes on behind this entry; what followed it before is no part of it any more.
    Rewind(Stream, Head),
    /// Anything else.
    Object(Object),
}

impl Stored {
    /// Whether no peer could give it back.
    pub fn is_sole(&self, me: MemberCode) -> bool {
        match self {
            Stored::Entry(entry, _) => entry.header().stream.author == me,
            Stored::Rewind(..) | Stored::Head(..) => false,
            Stored::Object(object) => object.is_sole(me),
        }
    }

    fn decode(log: AgreementId, kind: u8, offset: u64, bytes: &[u8]) -> Option<Self> {
        match kind {
            ENTRY => Self::entry(log, offset, bytes),
            REWIND => read_rewind(bytes)
                .filter(|(stream, _)| stream.agreement == log)
                .map(|(stream, to)| Stored::Rewind(stream, to)),
            OBJECT => serde_json::from_slice(bytes).ok().map(Stored::Object),
            HEAD => Self::head(log, offset, bytes),
            _ => None,
        }
    }

    fn entry(log: AgreementId, offset: u64, bytes: &[u8]) -> Option<Self> {
        let entry = Entry::decode(bytes).ok()?;
        let stream = entry.header().stream;
        let (position, length) = (entry.header().position, bytes.len() as u32);
        let frame = EntryFrame { stream, position, offset, length, crc: crc(&[bytes]) };
        (stream.agreement == log).then_some(Stored::Entry(entry, frame))
    }

    /// The rest of the frame is zeros.
    fn head(log: AgreementId, offset: u64, bytes: &[u8]) -> Option<Self> {
        let head = EntryHead::first(bytes).ok()?;
        let (stream, position) = (head.header().stream, head.header().position);
        let (bytes, rest) = bytes.split_at(ENTRY_HEAD_BYTES);
        let length = ENTRY_HEAD_BYTES as u32;
        let frame = EntryFrame { stream, position, offset, length, crc: crc(&[bytes]) };
        let is_empty = rest.iter().all(|byte| *byte == 0);
        (stream.agreement == log && is_empty).then_some(Stored::Head(head, frame))
    }
}

/// What stands at a place of a segment.
#[derive(Debug)]
pub enum Piece {
    /// A whole group.
    Group {
        /// As read.
        head: GroupHead,
        /// The CRC32 at its end.
        check: u32,
        /// In order.
        frames: Vec<Stored>,
    },
    /// Bytes that are no group, up to the next one or to the end.
    Rot {
        /// How many.
        length: usize,
        /// The group's head, where that much is left of it.
        head: Option<GroupHead>,
    },
}

impl Piece {
    /// Reads what stands at `at`, which is before the end of the segment. Groups have numbers from
    /// `number_min` on: a lower one is a leftover, not a group.
    pub fn read(log: AgreementId, segment: &[u8], at: usize, number_min: u64) -> Self {
        let head_at =
            |at: usize| GroupHead::decode(&segment[at..], log).filter(|head| head.number >= number_min);
        let head = head_at(at);
        if let Some(head) = head
            && let Some(group) = segment[at..].get(..head.group_bytes())
        {
            return Self::open(log, group, at as u64, head)
                .unwrap_or(Piece::Rot { length: group.len(), head: Some(head) });
        }
        let next = magics(segment, at + 1).find(|at| head_at(*at).is_some());
        Piece::Rot { length: next.unwrap_or(segment.len()) - at, head }
    }

    fn open(log: AgreementId, group: &[u8], at: u64, head: GroupHead) -> Option<Self> {
        let (checked, check) = group.split_last_chunk()?;
        let check = u32::from_be_bytes(*check);
        if crc(&[checked]) != check {
            return None;
        }
        let (mut frames, mut rest) = (Vec::new(), &checked[GROUP_HEAD_BYTES..]);
        while let Some((frame_head, bytes)) = rest.split_first_chunk::<FRAME_HEAD_BYTES>() {
            let [kind, length @ ..] = *frame_head;
            let offset = at + (checked.len() - bytes.len()) as u64;
            let (bytes, after) = bytes.split_at_checked(u32::from_be_bytes(length) as usize)?;
            frames.push(Stored::decode(log, kind, offset, bytes)?);
            rest = after;
        }
        rest.is_empty().then_some(Piece::Group { head, check, frames })
    }
}

/// Leaves of the entries of a whole group that are named nothing but their heads, in their place: so everything else
/// stays where it is. Says where these heads lie.
pub fn empty(group: &mut [u8], at: u64, is_purged: &dyn Fn(&Stream, Position) -> bool) -> Vec<EntryFrame> {
    let (mut place, mut emptied) = (GROUP_HEAD_BYTES, Vec::new());
    let end = group.len() - GROUP_TAIL_BYTES;
    while place < end {
        let (frame, rest) = group[place..end].split_at_mut(FRAME_HEAD_BYTES);
        let length = u32::from_be_bytes(*frame.last_chunk().expect("a frame's head ends in its length"));
        let bytes = &mut rest[..length as usize];
        let is_entry = [ENTRY, HEAD].contains(&frame[0]);
        let header = EntryHead::first(bytes).ok().filter(|_| is_entry).map(|head| *head.header());
        if let Some(header) = header.filter(|of| is_purged(&of.stream, of.position)) {
            frame[0] = HEAD;
            let (head, payload) = bytes.split_at_mut(ENTRY_HEAD_BYTES);
            payload.fill(0);
            emptied.push(EntryFrame {
                stream: header.stream,
                position: header.position,
                offset: at + (place + FRAME_HEAD_BYTES) as u64,
                length: ENTRY_HEAD_BYTES as u32,
                crc: crc(&[head]),
            });
        }
        place += FRAME_HEAD_BYTES + length as usize;
    }
    let check = crc(&[&group[..end]]);
    group[end..].copy_from_slice(&check.to_be_bytes());
    emptied
}

fn rewind(stream: &Stream, to: &Head) -> Vec<u8> {
    [&stream.name()[..], &to.position.0.to_be_bytes(), &to.id.0].concat()
}

fn read_rewind(bytes: &[u8]) -> Option<(Stream, Head)> {
    let (name, rest) = bytes.split_first_chunk::<STREAM_NAME_BYTES>()?;
    let (position, id) = rest.split_first_chunk()?;
    let head = Head { position: Position(u64::from_be_bytes(*position)), id: EntryId::from_slice(id)? };
    Some((Stream::from_name(name).ok()?, head))
}

/// CRC32 over the parts, one after the other.
pub fn crc(parts: &[&[u8]]) -> u32 {
    let mut hasher = Hasher::new();
    parts.iter().for_each(|part| hasher.update(part));
    hasher.finalize()
}

fn magics(segment: &[u8], from: usize) -> impl Iterator<Item = usize> + '_ {
    let starts = segment.get(from..).unwrap_or_default().windows(MAGIC.len());
    starts.enumerate().filter(|(_, bytes)| bytes == MAGIC).map(move |(at, _)| from + at)
}
