//! What a shell does with messages, as pure functions: bytes of a frame → an event, and a message that names
//! stored entries → the frame that carries them. The network's shell and the simulator use the same.

use xietong_proto::entry::{ENTRY_HEAD_BYTES, Entry, EntryHead};
use xietong_proto::fork::ForkProof;
use xietong_proto::id::*;
use xietong_proto::limits::PUSH_PAYLOAD_BYTES_MAX;
use xietong_proto::reject::Reject;
use xietong_proto::stream::Stream;
use xietong_proto::sync::{Frame, Push, Range, Traced};

use super::forks::TRACED_BYTES;
use super::io::{Keyring, LinkId, Message, NetEvent};

/// What the bytes of one frame mean. Entries are opened here, so it may take a while: one signature and the
/// hash of all records for each.
pub fn receive(keyring: &Keyring, link: LinkId, bytes: &[u8]) -> NetEvent {
    match open(keyring, link, bytes) {
        Ok(event) => event,
        Err(reject) => NetEvent::Refused { link, reject },
    }
}

/// Stored entries that stand one after the other.
pub fn entries(mut bytes: &[u8]) -> Vec<Entry> {
    let mut entries = Vec::new();
    while let Ok((entry, rest)) = Entry::split_first(bytes) {
        entries.push(entry);
        bytes = rest;
    }
    entries
}

fn open(keyring: &Keyring, link: LinkId, bytes: &[u8]) -> Result<NetEvent, Reject> {
    Ok(match Frame::decode(bytes)? {
        Frame::Range(range) if !range.entries.is_empty() => {
            let (entries, refused) = keyring.open_all(&range.entries);
            NetEvent::Entries { link, stream: range.stream, until: Some(range.until), entries, refused }
        }
        Frame::Push(push) => {
            let head = EntryHead::decode(&push.head)?;
            let stream = head.header().stream;
            if push.payload.is_empty() {
                let head = head.open(keyring.key(head.header())?)?;
                return Ok(NetEvent::Announced { link, stream, head });
            }
            let (entries, refused) = keyring.open_all(&[push.head, push.payload].concat());
            NetEvent::Entries { link, stream, until: None, entries, refused }
        }
        Frame::Fork(pair) => {
            let proof = ForkProof::open(*pair, |header| keyring.key(header))?;
            NetEvent::Forked { link, proof: Box::new(proof) }
        }
        Frame::Traced(Traced { stream, to, heads }) => {
            let open = |head: &EntryHead| head.open(keyring.key(head.header())?).map(drop);
            heads.iter().try_for_each(open)?;
            NetEvent::Traced { link, stream, to, heads }
        }
        frame => NetEvent::Frame { link, frame },
    })
}

/// The frames for a message: one, several for a range, none if the entry of a push is not there. `read` gives
/// stored entries of a stream from a position on, at least one if there is one and otherwise at most so many bytes.
pub fn fill<E>(
    message: Message,
    read: impl FnOnce(Stream, Position, usize) -> Result<Vec<u8>, E>,
) -> Result<Vec<Frame>, E> {
    Ok(match message {
        Message::Frame(frame) => vec![frame],
        Message::Range { stream, from, bytes_max } => {
            let bytes_max = bytes_max as usize;
            answer(stream, from, &read(stream, from, bytes_max)?, bytes_max / PARTS)
        }
        Message::Push { stream, position, with_payload } => {
            let entry = read(stream, position, 1)?;
            push(&entry, with_payload).map(Frame::Push).into_iter().collect()
        }
        Message::Traced { stream, from, until, to } => {
            let heads = heads(&read(stream, from, TRACED_BYTES)?, until);
            vec![Frame::Traced(Traced { stream, to, heads })]
        }
    })
}

/// In how many ranges a full answer goes out: the other end opens one while it writes another.
const PARTS: usize = 4;

/// Stored entries as the ranges of one answer (P25), each of at least one entry and otherwise at most so many
/// bytes.
fn answer(stream: Stream, from: Position, mut entries: &[u8], part_bytes: usize) -> Vec<Frame> {
    let (mut next, mut parts) = (from, Vec::new());
    while let Some((count, bytes)) = first_part(entries, part_bytes) {
        let (part, rest) = entries.split_at(bytes);
        parts.push((next, part.to_vec()));
        (next, entries) = (Position(next.0 + count), rest);
    }
    let until = Position(if parts.is_empty() { 0 } else { next.0 - 1 });
    if parts.is_empty() {
        parts.push((from, Vec::new()));
    }
    let range = |(from, entries)| Frame::Range(Range { stream, from, until, entries });
    parts.into_iter().map(range).collect()
}

/// How many entries at the beginning of `entries` make one part, and their bytes.
fn first_part(entries: &[u8], bytes_max: usize) -> Option<(u64, usize)> {
    let (mut count, mut bytes) = (0, 0);
    while let Ok(head) = EntryHead::first(&entries[bytes..]) {
        let with_next = bytes + head.entry_bytes();
        if with_next > entries.len() || (count > 0 && with_next > bytes_max) {
            break;
        }
        (count, bytes) = (count + 1, with_next);
    }
    (count > 0).then_some((count, bytes))
}

fn heads(mut entries: &[u8], until: Position) -> Vec<EntryHead> {
    let mut heads = Vec::new();
    while let Ok((entry, rest)) = Entry::split_first(entries) {
        entries = rest;
        heads.extend(EntryHead::first(entry.bytes()).ok().filter(|head| head.header().position <= until));
    }
    heads
}

fn push(entry: &[u8], with_payload: bool) -> Option<Push> {
    let (head, payload) = entry.split_at_checked(ENTRY_HEAD_BYTES)?;
    let is_small = payload.len() <= PUSH_PAYLOAD_BYTES_MAX;
    let payload = if with_payload && is_small { payload.to_vec() } else { Vec::new() };
    Some(Push { head: head.to_vec(), payload })
}

#[cfg(test)]
mod tests {
    use xietong_proto::crypto::SecretKey;
    use xietong_proto::entry::{Authority, Draft, Record};

    use super::*;

    fn entries(stream: Stream, count: usize) -> Vec<Vec<u8>> {
        let authority =
            Authority { epoch: Epoch(1), manifest: ManifestId(stream.agreement.0), card: CardNumber(1) };
        let record = Record { kind: RecordKind(0x0311), version: 1, body: vec![7; 300] };
        let mut head = stream.origin();
        let next = |_| {
            let draft =
                Draft::new(stream, head, authority, Millis(0), &[1; 32], std::slice::from_ref(&record));
            head = draft.head();
            draft.sign(&SecretKey::from_bytes(&[2; 32])).bytes().to_vec()
        };
        (0..count).map(next).collect()
    }

    #[test]
    fn an_answer_goes_out_in_parts_of_whole_entries_that_all_tell_its_end() {
        let stream =
            Stream::shared(AgreementId([3; 32]), "230000".parse().expect("a code"), System::VEHICLES);
        let entries = entries(stream, 5);
        let two = (2 * entries[0].len()) as u32;
        // Credit, and how many entries each part holds.
        let cases: [(u32, &[usize]); 4] =
            [(0, &[1, 1, 1, 1, 1]), (4 * two - 1, &[1, 1, 1, 1, 1]), (4 * two, &[2, 2, 1]), (20 * two, &[5])];
        for (bytes_max, parts) in cases {
            let range = Message::Range { stream, from: Position(11), bytes_max };
            let frames = fill(range, |_, _, _| Ok::<_, ()>(entries.concat())).expect("no failure");
            let mut rest = &entries[..];
            let mut expected = Vec::new();
            for part in parts {
                let from = Position(16 - rest.len() as u64);
                let (some, after) = rest.split_at(*part);
                expected.push(Frame::Range(Range {
                    stream,
                    from,
                    until: Position(15),
                    entries: some.concat(),
                }));
                rest = after;
            }
            assert_eq!(frames, expected, "credit of {bytes_max} bytes");
        }
        let nothing = Message::Range { stream, from: Position(11), bytes_max: two };
        let empty = Range { stream, from: Position(11), until: Position(0), entries: Vec::new() };
        assert_eq!(fill(nothing, |_, _, _| Ok::<_, ()>(Vec::new())), Ok(vec![Frame::Range(empty)]));
    }
}
