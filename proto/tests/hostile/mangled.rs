//! Flipped bits, cut ends, random bytes and random changes, into every decoder.

use xietong_proto::card::Card;
use xietong_proto::crypto::PublicKey;
use xietong_proto::entry::{Entry, EntryHead, SignedEntry};
use xietong_proto::epochs::Epochs;
use xietong_proto::evidence::Evidence;
use xietong_proto::header::{HEADER_BYTES, Header};
use xietong_proto::id::*;
use xietong_proto::limits::*;
use xietong_proto::manifest::Manifest;
use xietong_proto::opinion::Stance;
use xietong_proto::reject::Reject;
use xietong_proto::stream::{STREAM_NAME_BYTES, Stream};
use xietong_proto::sync::{Frame, Heads, Hello, Line, Push, Range, Receipted, Start, Want};

use crate::{Random, samples};

/// All copies in which one bit is another.
fn flips(bytes: &[u8]) -> impl Iterator<Item = Vec<u8>> + '_ {
    (0..bytes.len() * 8).map(|bit| {
        let mut flipped = bytes.to_vec();
        flipped[bit / 8] ^= 1 << (bit % 8);
        flipped
    })
}

fn open_entry(bytes: &[u8]) -> Result<SignedEntry, Reject> {
    Entry::decode(bytes)?.open(&samples::entry_key(0).public())
}

#[test]
fn an_entry_with_one_flipped_bit_is_refused() {
    let entry = samples::entry(0);
    assert!(open_entry(entry.bytes()).is_ok());
    for flipped in flips(entry.bytes()) {
        assert!(open_entry(&flipped).is_err());
    }
}

#[test]
fn an_entry_cut_anywhere_or_made_longer_is_refused() {
    let entry = samples::entry(0);
    let bytes = entry.bytes();
    for length in 0..bytes.len() {
        assert_eq!(open_entry(&bytes[..length]), Err(Reject::Malformed), "{length} bytes");
    }
    assert_eq!(open_entry(&[bytes, bytes].concat()), Err(Reject::Malformed));
}

#[test]
fn the_head_of_an_entry_with_one_flipped_bit_announces_nothing() {
    let (key, entry) = (samples::entry_key(0).public(), samples::entry(0));
    let head = &entry.bytes()[..HEADER_BYTES + 64];
    let open = |bytes: &[u8]| EntryHead::decode(bytes)?.open(&key);
    assert_eq!(open(head), Ok(entry.head()));
    assert!(flips(head).all(|flipped| open(&flipped).is_err()));
    assert!((0..head.len()).all(|length| open(&head[..length]) == Err(Reject::Malformed)));
}

#[test]
fn a_card_or_opinion_with_one_flipped_bit_or_cut_anywhere_is_refused() {
    let (card, approval) = (samples::card(0), samples::approval(0));
    refuses_damage(card.bytes(), |bytes| Card::open(bytes).map(drop));
    refuses_damage(approval.bytes(), |bytes| samples::epochs().open(Stance::Approves, bytes).map(drop));
}

fn refuses_damage(bytes: &[u8], open: impl Fn(&[u8]) -> Result<(), Reject>) {
    assert_eq!(open(bytes), Ok(()));
    assert!(flips(bytes).all(|flipped| open(&flipped).is_err()));
    assert!((0..bytes.len()).all(|length| open(&bytes[..length]).is_err()));
}

#[test]
fn a_manifest_with_one_flipped_bit_is_refused_or_another_that_nobody_approved() {
    let manifest = samples::manifest();
    let approval = samples::approval(0);
    let mut others = 0;
    for other in flips(manifest.bytes()).filter_map(|flipped| Manifest::open(&flipped).ok()) {
        assert_ne!(other.id(), manifest.id());
        let epochs = Epochs::new(other).expect("a first manifest");
        assert!(epochs.open(Stance::Approves, approval.bytes()).is_err());
        others += 1;
    }
    assert!(others > 0, "a letter of the title can be another");
}

/// The evidence of the first vector, whose verdict is checked there.
fn evidence() -> Vec<u8> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/evidence.json");
    let text = std::fs::read_to_string(path).expect("the vectors are part of the source");
    let cases: Vec<serde_json::Value> = serde_json::from_str(&text).expect("a list of cases");
    hex::decode(cases[0]["input"]["bytes"].as_str().expect("bytes in hex")).expect("hexadecimal digits")
}

#[test]
fn evidence_with_one_flipped_bit_or_cut_anywhere_is_refused() {
    let evidence = evidence();
    assert!(Evidence::open(&evidence).is_ok());
    // A bit of nearly every byte, each time another one: to look at all would take a minute.
    let flipped = flips(&evidence).enumerate().filter(|(bit, _)| bit % 9 == 0);
    assert!(flipped.map(|(_, flipped)| flipped).all(|flipped| Evidence::open(&flipped).is_err()));
    assert!((0..evidence.len()).step_by(7).all(|length| Evidence::open(&evidence[..length]).is_err()));
}

/// A frame of each kind.
fn frames() -> Vec<Frame> {
    let (id, stream, entry) = (samples::manifest().id(), samples::stream(0), samples::entry(0));
    let line = |member: usize| Line::new(samples::stream(member), samples::entry(member).head());
    let (head, payload) = entry.bytes().split_at(HEADER_BYTES + 64);
    let addresses = vec!["/ip4/192.0.2.1/tcp/4001".to_owned()];
    let start = Start { instance: 7, begun: samples::TIME };
    vec![
        Frame::Hello(Hello {
            agreement: id.into(),
            manifest: id,
            instance: start.instance,
            time: samples::TIME,
            addresses,
            begun: start.begun,
            answers: Some(start),
        }),
        Frame::Cards((0..3).map(|member| samples::card(member).bytes().to_vec()).collect()),
        Frame::Heads(Heads::All((0..3).map(line).collect())),
        Frame::Heads(Heads::Changed(vec![line(1)])),
        Frame::Heads(Heads::Digest([3; 32])),
        Frame::Want(Want { stream, from: Position(3), bytes_max: 1000 }),
        Frame::Range(Range {
            stream,
            from: Position(1),
            until: Position(1),
            entries: entry.bytes().to_vec(),
        }),
        Frame::Push(Push { head: head.to_vec(), payload: payload.to_vec() }),
        Frame::Receipted(Receipted {
            receipt: vec![7; 150],
            base: 1,
            lines: [(stream, entry.head())].into(),
        }),
    ]
}

#[test]
fn frames_are_read_as_they_were_written() {
    for frame in frames() {
        assert_eq!(Frame::decode(&frame.encode()), Ok(frame));
    }
}

/// Bytes changed as a fuzzer would: some set at random, some cut out, some doubled.
fn changed(random: &mut Random, bytes: &[u8]) -> Vec<u8> {
    let mut changed = bytes.to_vec();
    for _ in 0..=random.below(4) {
        let (at, count) = (random.below(changed.len() + 1), random.below(9));
        let end = changed.len().min(at + count);
        match random.below(4) {
            0 => changed[at..end].fill_with(|| random.number() as u8),
            1 => drop(changed.drain(at..end)),
            2 => changed.splice(at..at, bytes[..count.min(bytes.len())].to_vec()).for_each(drop),
            _ => changed[at..end].fill([0, 0x7f, 0x80, 0xff][random.below(4)]),
        }
    }
    changed
}

/// Puts bytes into every decoder. Whatever is accepted must be what the bytes say.
fn decode_all(bytes: &[u8], epochs: &Epochs) {
    if let Ok(frame) = Frame::decode(bytes) {
        assert_eq!(Frame::decode(&frame.encode()), Ok(frame));
    }
    if let Ok((entry, rest)) = Entry::split_first(bytes) {
        assert_eq!([entry.bytes(), rest].concat(), bytes);
        assert!(entry.records().count() <= bytes.len());
        assert!(entry.header().position.next() > entry.header().position);
        let _ = entry.proof(entry.header().records as usize - 1);
    }
    if let Some(header) = bytes.first_chunk::<HEADER_BYTES>()
        && let Ok(decoded) = Header::decode(header)
    {
        assert_eq!(decoded.encode(), *header);
    }
    if let Some(name) = bytes.first_chunk::<STREAM_NAME_BYTES>()
        && let Ok(stream) = Stream::from_name(name)
    {
        assert_eq!(stream.name(), *name);
    }
    if let Ok(other) = Manifest::open(bytes) {
        assert_eq!(Manifest::new(other.fields.clone()), Ok(other));
    }
    let _ = (EntryHead::decode(bytes).map(drop), PublicKey::from_bytes(bytes));
    let _ = (Card::open(bytes).map(drop), epochs.open(Stance::Declines, bytes).map(drop));
}

#[test]
fn random_bytes_never_panic_and_never_pass_for_something_else() {
    let epochs = samples::epochs();
    for seed in 1..=20_000 {
        let mut random = Random::new(seed);
        let count = random.below(400);
        decode_all(&random.bytes(count), &epochs);
    }
}

#[test]
fn changed_bytes_never_panic_and_never_pass_for_something_else() {
    let (manifest, epochs) = (samples::manifest(), samples::epochs());
    let mut good: Vec<Vec<u8>> = frames().iter().map(Frame::encode).collect();
    good.extend([samples::entry(0).bytes().to_vec(), samples::card(0).bytes().to_vec()]);
    good.extend([manifest.bytes().to_vec(), samples::approval(0).bytes().to_vec()]);
    for seed in 1..=3_000 {
        let mut random = Random::new(seed);
        for bytes in &good {
            decode_all(&changed(&mut random, bytes), &epochs);
        }
    }
}

/// A field with a length that lies, before so many bytes.
fn lying(number: u8, length: u64, behind: usize) -> Vec<u8> {
    let mut field = vec![number << 3 | 2];
    let mut rest = length;
    while rest >= 0x80 {
        field.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    field.push(rest as u8);
    field.extend(vec![0; behind]);
    field
}

#[test]
fn a_length_that_lies_is_refused_before_anything_is_made_of_it() {
    let epochs = samples::epochs();
    for length in [1 << 20, 1 << 31, 1 << 40, 1 << 62, u64::MAX] {
        for number in 1..=12 {
            let inner = lying(number, length, 8);
            let whole = lying(2, inner.len() as u64, 0);
            for bytes in [inner.clone(), [whole, inner].concat()] {
                assert_eq!(Frame::decode(&bytes), Err(Reject::Malformed));
                assert!(Card::open(&bytes).is_err() && Manifest::open(&bytes).is_err());
                assert!(epochs.open(Stance::Approves, &bytes).is_err());
            }
        }
    }
}

#[test]
fn a_crowd_of_empty_elements_is_counted_before_it_is_read() {
    for (kind, element) in [(1u8, [0x2a, 0]), (2, [0x0a, 0]), (3, [0x12, 0]), (5, [0x1a, 0])] {
        let body = element.repeat(RANGE_BYTES_MAX / 2);
        let frame = [lying(kind, body.len() as u64, 0), body].concat();
        let crowded = Reject::TooLarge { size: FIELDS_MAX as u64 + 1, size_max: FIELDS_MAX as u64 };
        assert_eq!(Frame::decode(&frame), Err(crowded), "kind {kind}");
    }
}
