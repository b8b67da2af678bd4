//! P35 and P36: forks, and how far a forked stream counts.

use prost::Message;
use serde_json::{Value, json};
use xietong_proto::entry::{EntryHead, SignedEntry};
use xietong_proto::id::*;
use xietong_proto::stream::Head;
use xietong_proto::sync::{Frame, Trace, Traced};
use xietong_proto::wire::sync::{self, frame::Body};

use super::{bad, bad_field, good, hex, malformed, no, packed};
use crate::samples;

fn head(entry: &SignedEntry) -> EntryHead {
    EntryHead::first(entry.bytes()).expect("an entry begins with its head")
}

/// Two entries that follow the same one.
fn pair() -> [EntryHead; 2] {
    let first = samples::chain(0, 2);
    let other = samples::entry_after(0, first[0].head(), &samples::records(3));
    [head(&first[1]), head(&other)]
}

fn fork(first: &EntryHead, second: &EntryHead) -> Value {
    let bytes = [first.bytes(), second.bytes()].concat();
    json!({ "bytes": hex(bytes), "key_seed": hex(samples::entry_seed(0)) })
}

fn frame(body: Body) -> Value {
    json!({ "bytes": packed(sync::Frame { body: Some(body) }.encode_to_vec()) })
}

fn id(of: u8) -> EntryId {
    EntryId([of; 32])
}

/// Proofs, and what counts.
pub fn cases() -> Vec<Value> {
    let [first, second] = pair();
    let chain = samples::chain(0, 3);
    let of_another = head(&samples::chain(1, 2)[1]);
    let after_another = {
        let before = samples::entry_after(0, samples::stream(0).origin(), &samples::records(3));
        head(&samples::entry_after(0, before.head(), &samples::records(2)))
    };
    let by_another =
        json!({ "bytes": fork(&first, &second)["bytes"], "key_seed": hex(samples::entry_seed(1)) });
    let proofs = vec![
        good("P35", "two entries that follow the same one", "fork", fork(&first, &second)),
        good("P35", "the other way round", "fork", fork(&second, &first)),
        bad("P35", "of two streams", "fork", fork(&first, &of_another), bad_field("fork.stream")),
        bad("P35", "at two positions", "fork", fork(&first, &head(&chain[2])), bad_field("fork.position")),
        bad(
            "P35",
            "that follow two entries",
            "fork",
            fork(&first, &after_another),
            bad_field("fork.previous"),
        ),
        bad("P35", "the same twice", "fork", fork(&first, &first), bad_field("fork.id")),
        bad("P35", "by another's key", "fork", by_another, json!({ "code": "BadSignature" })),
    ];
    [proofs, counting_cases()].concat()
}

/// The branches are written as letters: an id is its letter, thirty-two times.
fn counting_cases() -> Vec<Value> {
    let counts = |others: u64, signed: &[&str], entry: &str| {
        let path = |letters: &&str| letters.bytes().map(|of| hex(id(of).0)).collect::<Vec<_>>();
        let signed: Vec<Vec<String>> = signed.iter().map(path).collect();
        json!({ "others": others, "at": 5, "signed": signed, "entry": path(&entry) })
    };
    let table = [
        (true, "held by the only other", counts(1, &["ab"], "ab")),
        (true, "held by two of three", counts(3, &["ab", "ac", "x"], "a")),
        (true, "held by two of two, further by one", counts(2, &["abc", "ab"], "ab")),
        (true, "held by three of four, on two branches behind it", counts(4, &["ab", "ac", "acd", "x"], "a")),
        (false, "held by nobody", counts(1, &[], "a")),
        (false, "held by one of two", counts(2, &["ab"], "a")),
        (false, "held by half", counts(4, &["ab", "ab", "x", "y"], "a")),
        (false, "another one than most hold", counts(3, &["ab", "ab", "x"], "x")),
        (false, "further than most hold", counts(2, &["abc", "ab"], "abc")),
        (false, "one of two branches behind what counts", counts(4, &["ab", "ac", "acd", "x"], "ac")),
    ];
    let case = |(is_counted, name, input)| match is_counted {
        true => good("P36", name, "counts", input),
        false => bad("P36", name, "counts", input, no()),
    };
    table.into_iter().map(case).collect()
}

/// Frames about forks.
pub fn frame_cases() -> Vec<Value> {
    let [first, second] = pair();
    let both = [first.bytes(), second.bytes()].concat();
    let stream = samples::stream(0);
    let to = Head { position: first.header().position, id: first.id() };
    let trace = Frame::Trace(Trace { stream, from: Position(1), to });
    let traced = |heads| Frame::Traced(Traced { stream, to: to.id, heads });
    let name = stream.name().to_vec();
    let wire_trace = sync::Trace { stream: name.clone(), from: 1, position: 2, id: to.id.0.to_vec() };
    let wire_traced = sync::Traced { stream: name, id: to.id.0.to_vec(), heads: both.clone() };
    vec![
        good("P35", "a proof", "frame", json!({ "bytes": packed(Frame::Fork(Box::new(pair())).encode()) })),
        bad(
            "P35",
            "half a proof",
            "frame",
            frame(Body::Fork(sync::Fork { heads: both[..250].to_vec() })),
            malformed(),
        ),
        bad(
            "P35",
            "a proof and more",
            "frame",
            frame(Body::Fork(sync::Fork { heads: [&both[..], &[0]].concat() })),
            malformed(),
        ),
        good(
            "P28",
            "another process with the receiver's key",
            "frame",
            json!({ "bytes": packed(Frame::Rival(7).encode()) }),
        ),
        bad("P28", "another process that is no number", "frame", json!({ "bytes": "5a020a00" }), malformed()),
        good("P36", "a trace", "frame", json!({ "bytes": packed(trace.encode()) })),
        bad(
            "P36",
            "a trace from position 0",
            "frame",
            frame(Body::Trace(sync::Trace { from: 0, ..wire_trace.clone() })),
            malformed(),
        ),
        bad(
            "P36",
            "a trace to half an id",
            "frame",
            frame(Body::Trace(sync::Trace { id: vec![1; 16], ..wire_trace })),
            malformed(),
        ),
        good(
            "P36",
            "what leads to an entry",
            "frame",
            json!({ "bytes": packed(traced(vec![first]).encode()) }),
        ),
        good("P36", "nothing leads there", "frame", json!({ "bytes": packed(traced(Vec::new()).encode()) })),
        bad(
            "P36",
            "half a head",
            "frame",
            frame(Body::Traced(sync::Traced { heads: both[..300].to_vec(), ..wire_traced })),
            malformed(),
        ),
    ]
}
