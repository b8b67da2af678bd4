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
            NetEvent::Entries { link, stream: range.stream, entries, refused }
        }
        Frame::Push(push) => {
            let head = EntryHead::decode(&push.head)?;
            let stream = head.header().stream;
            if push.payload.is_empty() {
                let head = head.open(keyring.key(head.header())?)?;
                return Ok(NetEvent::Announced { link, stream, head });
            }
            let (entries, refused) = keyring.open_all(&[push.head, push.payload].concat());
            NetEvent::Entries { link, stream, entries, refused }
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

/// The frame for a message; `read` gives stored entries of a stream from a position on, at least one if there
/// is one and otherwise at most so many bytes. None if the entry of a push is not there.
pub fn fill<E>(
    message: Message,
    read: impl FnOnce(Stream, Position, usize) -> Result<Vec<u8>, E>,
) -> Result<Option<Frame>, E> {
    Ok(match message {
        Message::Frame(frame) => Some(frame),
        Message::Range { stream, from, bytes_max } => {
            let entries = read(stream, from, bytes_max as usize)?;
            Some(Frame::Range(Range { stream, from, entries }))
        }
        Message::Push { stream, position, with_payload } => {
            let entry = read(stream, position, 1)?;
            push(&entry, with_payload).map(Frame::Push)
        }
        Message::Traced { stream, from, until, to } => {
            let heads = heads(&read(stream, from, TRACED_BYTES)?, until);
            Some(Frame::Traced(Traced { stream, to, heads }))
        }
    })
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
