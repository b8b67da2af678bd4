//! P3, P21 to P26: frames, without the length before them.

use prost::Message;
use serde_json::{Value, json};
use xietong_proto::entry::ENTRY_HEAD_BYTES;
use xietong_proto::id::*;
use xietong_proto::stream::Stream;
use xietong_proto::sync::{Frame, Heads, Hello, LINE_BYTES, Line, Push, Range, Start, Want};
use xietong_proto::wire::sync as wire;
use xietong_proto::wire::sync::frame::Body;

use super::{bad, good, malformed, packed, patched, too_large};
use crate::samples;

fn input(bytes: impl AsRef<[u8]>) -> Value {
    json!({ "bytes": packed(bytes) })
}

fn framed(body: Body) -> Vec<u8> {
    wire::Frame { body: Some(body) }.encode_to_vec()
}

fn hello() -> wire::Hello {
    wire::Hello {
        agreement: samples::manifest().id().0.to_vec(),
        manifest: samples::manifest().id().0.to_vec(),
        instance: u64::MAX,
        time_ms: samples::TIME.0,
        addresses: vec!["/ip4/192.0.2.1/tcp/4001".into()],
        ..wire::Hello::default()
    }
}

fn lines() -> Vec<Line> {
    let line = |member: usize| Line::new(samples::stream(member), samples::entry(member).head());
    (0..3).map(line).collect()
}

fn line_bytes() -> Vec<u8> {
    let line = |line: &Line| [&line.stream.name()[..], &line.position.0.to_be_bytes(), &line.prefix].concat();
    lines().iter().flat_map(line).collect()
}

fn heads(digest: &[u8], lines: &[u8], complete: bool) -> Vec<u8> {
    framed(Body::Heads(wire::Heads { digest: digest.to_vec(), lines: lines.to_vec(), complete }))
}

fn want(from: u64, bytes_max: u32) -> Vec<u8> {
    framed(Body::Want(wire::Want { stream: samples::stream(0).name().to_vec(), from, bytes_max }))
}

fn range(stream: &[u8], from: u64, until: u64, entries: Vec<u8>) -> Vec<u8> {
    framed(Body::Range(wire::Range { stream: stream.to_vec(), from, entries, until }))
}

fn push(head: &[u8], payload: Vec<u8>) -> Vec<u8> {
    framed(Body::Push(wire::Push { head: head.to_vec(), payload }))
}

pub fn cases() -> Vec<Value> {
    [accepted(), bad_frames(), bad_hellos(), bad_heads(), bad_exchange()].concat()
}

fn accepted() -> Vec<Value> {
    let id = samples::manifest().id();
    let stream = samples::stream(0);
    let entry = samples::entry(0);
    let (head, payload) = entry.bytes().split_at(ENTRY_HEAD_BYTES);
    let greeting = Hello {
        agreement: id.into(),
        manifest: id,
        instance: 1,
        time: samples::TIME,
        addresses: vec![],
        begun: samples::TIME,
        answers: None,
    };
    let answering =
        Hello { answers: Some(Start { instance: u64::MAX, begun: Millis(1) }), ..greeting.clone() };
    let newer = framed(Body::Hello(hello()));
    let newer = [&newer[..1], &[newer[1] + 2], &newer[2..], &[0x78, 1]].concat();
    let cards = (0..3).map(|member| samples::card(member).bytes().to_vec()).collect();
    let entries: Vec<u8> = samples::chain(0, 2).iter().flat_map(|entry| entry.bytes().to_vec()).collect();
    let range_frame = |from, until, entries| {
        Frame::Range(Range { stream, from: Position(from), until: Position(until), entries })
    };
    let frame = |rule: &str, what: &str, frame: Frame| good(rule, what, "frame", input(frame.encode()));
    let (head, payload) = (head.to_vec(), payload.to_vec());
    vec![
        frame("P21", "a hello", Frame::Hello(greeting)),
        frame("P21", "a hello in a bundle that answers one", Frame::Hello(answering)),
        good("P21", "a hello with a field of later", "frame", input(newer)),
        frame("P22", "three cards", Frame::Cards(cards)),
        frame("P23", "all lines", Frame::Heads(Heads::All(lines()))),
        frame("P23", "all lines of nothing", Frame::Heads(Heads::All(vec![]))),
        frame("P23", "a line that changed", Frame::Heads(Heads::Changed(lines()[..1].to_vec()))),
        frame("P23", "a digest", Frame::Heads(Heads::Digest([9; 32]))),
        frame("P24", "a want", Frame::Want(Want { stream, from: Position(3), bytes_max: 1 << 20 })),
        frame("P24", "a want of one entry", Frame::Want(Want { stream, from: Position(1), bytes_max: 0 })),
        frame("P25", "an answer of two", range_frame(1, 2, entries.clone())),
        frame("P25", "the first part of an answer", range_frame(1, 9, entries)),
        frame("P25", "an empty range", range_frame(3, 0, vec![])),
        frame("P26", "a push with its payload", Frame::Push(Push { head: head.clone(), payload })),
        frame("P26", "a push of a head", Frame::Push(Push { head, payload: vec![] })),
    ]
}

fn bad_frames() -> Vec<Value> {
    let hello = framed(Body::Hello(hello()));
    let mut crowded = vec![0x1a, 0x82, 2];
    crowded.extend([0x78, 1].repeat(129));
    let large = input(vec![0; 2_098_177]);
    let cases = [
        ("P21", "nothing", input([]), malformed()),
        ("P21", "a message of later", input([0x4a, 0]), malformed()),
        ("P21", "field 0", input([0x02, 0]), malformed()),
        ("P21", "a varint where a message stands", input([0x08, 0]), malformed()),
        ("P21", "half a frame", input(&hello[..hello.len() / 2]), malformed()),
        ("P21", "two messages in one frame", input([&hello[..], &want(1, 1)].concat()), malformed()),
        ("P21", "a byte after the message", input([&hello[..], &[0]].concat()), malformed()),
        ("P21", "a message longer than the frame", input([0x0a, 0xff, 0xff, 0xff, 0x7f]), malformed()),
        ("P3", "a frame larger than any", large, too_large(2_098_177, 2_098_176)),
        ("P3", "more than 128 fields", input(crowded), too_large(129, 128)),
        ("P3", "more than 128 cards, all empty", input(cards(129, &[])), too_large(129, 128)),
    ];
    cases.map(|(rule, what, input, reject)| bad(rule, what, "frame", input, reject)).to_vec()
}

fn cards(count: usize, card: &[u8]) -> Vec<u8> {
    framed(Body::Cards(wire::Cards { cards: vec![card.to_vec(); count] }))
}

fn bad_hellos() -> Vec<Value> {
    let changed = |change: fn(&mut wire::Hello)| {
        let mut hello = hello();
        change(&mut hello);
        input(framed(Body::Hello(hello)))
    };
    let cases = [
        ("P21", "no agreement", changed(|hello| hello.agreement.clear()), malformed()),
        ("P21", "a manifest id of 31 bytes", changed(|hello| hello.manifest.truncate(31)), malformed()),
        ("P21", "an empty address", changed(|hello| hello.addresses = vec![String::new()]), malformed()),
        ("P21", "an address that is no text", changed(|hello| hello.addresses[0].push('\n')), malformed()),
        (
            "P21",
            "an address of 513 bytes",
            changed(|hello| hello.addresses = vec!["a".repeat(513)]),
            malformed(),
        ),
        ("P3", "17 addresses", changed(|hello| hello.addresses = vec!["a".into(); 17]), too_large(17, 16)),
        ("P22", "a card larger than any", input(cards(1, &[0; 8_321])), too_large(8_321, 8_320)),
        ("P22", "what is no list of cards", input([0x12, 2, 0x08, 1]), malformed()),
    ];
    let case = |(rule, what, input, reject): (&str, &str, Value, Value)| {
        let rule = if reject["code"] == "TooLarge" { "P3" } else { rule };
        bad(rule, what, "frame", input, reject)
    };
    cases.map(case).to_vec()
}

fn bad_heads() -> Vec<Value> {
    let lines = line_bytes();
    let doubled = [&lines[..LINE_BYTES], &lines[..LINE_BYTES]].concat();
    let turned = [&lines[LINE_BYTES..2 * LINE_BYTES], &lines[..LINE_BYTES]].concat();
    let crowd = heads(&[], &[0; LINE_BYTES].repeat(4_097), false);
    let cases = [
        ("P23", "a digest of 31 bytes", heads(&[9; 31], &[], false), malformed()),
        ("P23", "a digest beside lines", heads(&[9; 32], &lines, false), malformed()),
        ("P23", "a digest that is complete", heads(&[9; 32], &[], true), malformed()),
        ("P23", "half a line", heads(&[], &lines[..LINE_BYTES / 2], true), malformed()),
        ("P23", "a line twice", heads(&[], &doubled, true), malformed()),
        ("P23", "lines in another order", heads(&[], &turned, true), malformed()),
        ("P23", "position 0", heads(&[], &patched(&lines, 56, &[0; 8]), true), malformed()),
        ("P23", "a position after the last", heads(&[], &patched(&lines, 56, &[0xff; 8]), true), malformed()),
        ("P23", "a line of no stream", heads(&[], &patched(&lines, 32, &[9]), true), malformed()),
        ("P3", "4097 lines", crowd, too_large(4_097, 4_096)),
    ];
    cases.map(|(rule, what, frame, reject)| bad(rule, what, "frame", input(frame), reject)).to_vec()
}

fn bad_exchange() -> Vec<Value> {
    let name = Stream::name(&samples::stream(0));
    let long = input(range(&name, 1, 1, vec![0; 2_097_153]));
    let entry = samples::entry(0);
    let (head, payload) = entry.bytes().split_at(ENTRY_HEAD_BYTES);
    let cases = [
        ("P24", "a want from position 0", input(want(0, 1)), malformed()),
        ("P24", "a want from after the last position", input(want(1 << 53, 1)), malformed()),
        ("P24", "a want of no stream", input([0x22, 2, 0x10, 1]), malformed()),
        ("P3", "credit beyond the limit", input(want(1, 2_097_153)), too_large(2_097_153, 2_097_152)),
        ("P25", "a range from position 0", input(range(&name, 0, 0, vec![])), malformed()),
        ("P25", "a range of what is no stream", input(range(&name[1..], 1, 0, vec![])), malformed()),
        ("P25", "a range that does not say how far it goes", input(range(&name, 1, 0, vec![0])), malformed()),
        ("P25", "a range that ends before it begins", input(range(&name, 2, 1, vec![0])), malformed()),
        ("P25", "an empty range that goes on", input(range(&name, 1, 1, vec![])), malformed()),
        ("P3", "a range longer than any", long, too_large(2_097_153, 2_097_152)),
        ("P26", "a head of 249 bytes", input(push(&head[1..], payload.to_vec())), malformed()),
        ("P26", "a push of nothing", input(push(&[], vec![])), malformed()),
        (
            "P3",
            "a payload that has to be fetched",
            input(push(head, vec![0; 8_193])),
            too_large(8_193, 8_192),
        ),
    ];
    cases.map(|(rule, what, input, reject)| bad(rule, what, "frame", input, reject)).to_vec()
}
