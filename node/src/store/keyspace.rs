//! Every key and value of the store's own rows, big-endian, so that they sort as they count. One tree, one
//! byte in front for the kind of row; the machine's rows stand under a byte of their own. Nothing else may
//! make or read such a key.

use xietong_proto::id::{AgreementId, Position};
use xietong_proto::stream::{STREAM_NAME_BYTES, Stream};

use super::log::{LogEnd, Place};

/// Where an entry lies: stream, position → place.
pub const INDEX: u8 = b'I';
/// Where an entry lies that a rewind gave up: stream, position, place → place.
pub const GIVEN_UP: u8 = b'G';
/// How far a stream is folded: stream → position.
pub const FOLDED: u8 = b'F';
/// How far a log is indexed: log → end.
pub const END: u8 = b'E';
/// The sum over all rows, as an item of its own: no cluster has this key.
pub const MARK: u8 = b'M';
/// The machine's rows.
pub const ROW: u8 = b'R';

/// The key of an entry's place.
pub fn index(stream: &Stream, position: Position) -> Vec<u8> {
    [&[INDEX][..], &stream.name(), &position.0.to_be_bytes()].concat()
}

/// The keys of all entries at a position that were given up.
pub fn given_up_at(stream: &Stream, position: Position) -> Vec<u8> {
    [&[GIVEN_UP][..], &stream.name(), &position.0.to_be_bytes()].concat()
}

/// The key of an entry that was given up, by the value of its place.
pub fn given_up(stream: &Stream, position: Position, place: &[u8]) -> Vec<u8> {
    [&given_up_at(stream, position), place].concat()
}

/// Reads a key made by [`given_up`].
pub fn read_given_up(key: &[u8]) -> Option<(Stream, Position)> {
    let (name, rest) = key.strip_prefix(&[GIVEN_UP])?.split_first_chunk::<STREAM_NAME_BYTES>()?;
    Some((Stream::from_name(name).ok()?, read_position(rest.get(..size_of::<u64>())?)?))
}

/// Reads a key made by [`index`].
pub fn read_index(key: &[u8]) -> Option<(Stream, Position)> {
    let (name, position) = key.strip_prefix(&[INDEX])?.split_first_chunk::<STREAM_NAME_BYTES>()?;
    Some((Stream::from_name(name).ok()?, read_position(position)?))
}

/// The value of an entry's place.
pub fn place(place: &Place) -> Vec<u8> {
    let Place { segment, offset, length, crc } = place;
    [&segment.to_be_bytes()[..], &offset.to_be_bytes(), &length.to_be_bytes(), &crc.to_be_bytes()].concat()
}

/// Reads a value made by [`place`].
pub fn read_place(value: &[u8]) -> Option<Place> {
    let mut from = Fields(value);
    let place = Place { segment: from.u32()?, offset: from.u64()?, length: from.u32()?, crc: from.u32()? };
    from.0.is_empty().then_some(place)
}

/// The key of how far a stream is folded.
pub fn folded(stream: &Stream) -> Vec<u8> {
    [&[FOLDED][..], &stream.name()].concat()
}

/// Reads a key made by [`folded`].
pub fn read_folded(key: &[u8]) -> Option<Stream> {
    Stream::from_name(key.strip_prefix(&[FOLDED])?.try_into().ok()?).ok()
}

/// Reads the value of how far a stream is folded: eight bytes.
pub fn read_position(value: &[u8]) -> Option<Position> {
    Some(Position(u64::from_be_bytes(value.try_into().ok()?)))
}

/// The key of how far a log is indexed.
pub fn end(log: AgreementId) -> Vec<u8> {
    [&[END][..], &log.0].concat()
}

/// Reads a key made by [`end`].
pub fn read_end(key: &[u8]) -> Option<AgreementId> {
    AgreementId::from_slice(key.strip_prefix(&[END])?)
}

/// The value of how far a log is indexed.
pub fn log_end(end: &LogEnd) -> Vec<u8> {
    let LogEnd { segment, offset, group, sole, check } = end;
    let numbers = [offset.to_be_bytes(), group.to_be_bytes(), sole.to_be_bytes()].concat();
    [&segment.to_be_bytes()[..], &numbers, &check.to_be_bytes()].concat()
}

/// Reads a value made by [`log_end`].
pub fn read_log_end(value: &[u8]) -> Option<LogEnd> {
    let mut from = Fields(value);
    let end = LogEnd {
        segment: from.u32()?,
        offset: from.u64()?,
        group: from.u64()?,
        sole: from.u64()?,
        check: from.u32()?,
    };
    from.0.is_empty().then_some(end)
}

/// The key of a row of the machine.
pub fn row(key: &[u8]) -> Vec<u8> {
    [&[ROW], key].concat()
}

struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn u32(&mut self) -> Option<u32> {
        self.take().map(u32::from_be_bytes)
    }

    fn u64(&mut self) -> Option<u64> {
        self.take().map(u64::from_be_bytes)
    }

    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (field, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*field)
    }
}
