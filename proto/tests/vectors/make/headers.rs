//! P1, P2, P3, P5: stream names and headers.

use serde_json::{Value, json};
use xietong_proto::header::HEADER_BYTES;
use xietong_proto::id::*;
use xietong_proto::stream::{Audience, Stream};

use super::{bad, good, hex, malformed, patched, too_large};
use crate::samples;

/// Offsets in a stream name.
const AUDIENCE: usize = 32;
const PEER: usize = 33;
const RESERVED: usize = 41;
const AUTHOR: usize = 42;
const GENERATION: usize = 52;
/// Offset of the stream name in a header.
const NAME: usize = 2;

fn local() -> Stream {
    Stream::local(samples::code(0), System::VEHICLES)
}

fn pair() -> Stream {
    Stream { audience: Audience::Pair(samples::code(1)), ..samples::stream(0) }
}

/// A name that is no name: what was done to which good one.
fn bad_names() -> Vec<(&'static str, Vec<u8>)> {
    let (local, shared, pair) = (local().name(), samples::stream(0).name(), pair().name());
    let code = |text: &str| {
        let mut code = [0; 8];
        code[..text.len()].copy_from_slice(text.as_bytes());
        code
    };
    vec![
        ("audience 3", patched(&shared, AUDIENCE, &[3])),
        ("local with an agreement", patched(&shared, AUDIENCE, &[0])),
        ("local with a peer", patched(&local, PEER, &code("220000"))),
        ("agreement without an id", patched(&shared, 0, &[0; 32])),
        ("agreement with a peer", patched(&pair, AUDIENCE, &[1])),
        ("pair without an agreement", patched(&pair, 0, &[0; 32])),
        ("pair without a peer", patched(&pair, PEER, &[0; 8])),
        ("pair with its own author", patched(&pair, PEER, &code("210000"))),
        ("the reserved byte is not zero", patched(&shared, RESERVED, &[1])),
        ("no author", patched(&shared, AUTHOR, &[0; 8])),
        ("an author of one character", patched(&shared, AUTHOR, &code("2"))),
        ("an author in small letters", patched(&shared, AUTHOR, &code("xpcc"))),
        ("an author with a hole", patched(&shared, AUTHOR, b"21\x000000")),
        ("an author with a space", patched(&shared, AUTHOR, &code("21 000"))),
        ("generation 0", patched(&shared, GENERATION, &[0; 4])),
    ]
}

pub fn stream_cases() -> Vec<Value> {
    let longest = Stream { author: "ABCDEFGH".parse().expect("a code"), ..samples::stream(0) };
    let unknown = Stream { system: System(0xffff), generation: Generation(u32::MAX), ..samples::stream(0) };
    let names = [
        ("a local stream", local()),
        ("an agreement stream", samples::stream(0)),
        ("a pair stream", pair()),
        ("a code of eight characters", longest),
        ("a system and a generation of later", unknown),
    ];
    let accepted =
        names.map(|(what, stream)| good("P5", what, "stream", json!({ "name": hex(stream.name()) })));
    let refused = bad_names()
        .into_iter()
        .map(|(what, name)| bad("P5", what, "stream", json!({ "name": hex(name) }), malformed()));
    accepted.into_iter().chain(refused).collect()
}

pub fn header_cases() -> Vec<Value> {
    [accepted(), refused_forms(), refused_sizes()].concat()
}

fn shared() -> [u8; HEADER_BYTES] {
    samples::entry(0).header().encode()
}

/// A header of a local stream: it names no epoch and no manifest.
fn of_local() -> Vec<u8> {
    let header = xietong_proto::header::Header {
        stream: local(),
        epoch: Epoch(0),
        manifest: ManifestId::ZERO,
        previous: local().origin().id,
        ..*samples::entry(0).header()
    };
    header.encode().to_vec()
}

fn input(header: impl AsRef<[u8]>) -> Value {
    json!({ "header": hex(header) })
}

fn accepted() -> Vec<Value> {
    let last = patched(&shared(), 98, &((1u64 << 53) - 1).to_be_bytes());
    let most = patched(&patched(&shared(), 146, &4096u32.to_be_bytes()), 150, &1_048_576u32.to_be_bytes());
    vec![
        good("P1", "the first entry of an agreement stream", "header", input(shared())),
        good("P1", "the first entry of a local stream", "header", input(of_local())),
        good("P1", "the second entry", "header", input(samples::chain(0, 2)[1].header().encode())),
        good("P3", "the last position", "header", input(last)),
        good("P3", "as many records and payload bytes as there may be", "header", input(most)),
        good("P9", "the time 0", "header", input(patched(&shared(), 138, &[0; 8]))),
        good("P9", "the latest time there is", "header", input(patched(&shared(), 138, &[0xff; 8]))),
    ]
}

fn refused_forms() -> Vec<Value> {
    let names = bad_names()
        .into_iter()
        .map(|(what, name)| bad("P5", what, "header", input(patched(&shared(), NAME, &name)), malformed()));
    let version = |version: u8| json!({ "code": "UnknownVersion", "version": version });
    let suite = |suite: u8| json!({ "code": "UnknownSuite", "suite": suite });
    let (shared, local) = (shared(), of_local());
    let forms = [
        ("P1", "version 0", patched(&shared, 0, &[0]), version(0)),
        ("P1", "version 2", patched(&shared, 0, &[2]), version(2)),
        ("P1", "version 2 before suite 2", patched(&shared, 0, &[2, 2]), version(2)),
        ("P2", "suite 0", patched(&shared, 1, &[0]), suite(0)),
        ("P2", "suite 2", patched(&shared, 1, &[2]), suite(2)),
        ("P1", "epoch 0 in an agreement stream", patched(&shared, 58, &[0; 4]), malformed()),
        ("P1", "no manifest in an agreement stream", patched(&shared, 62, &[0; 32]), malformed()),
        ("P1", "an epoch in a local stream", patched(&local, 58, &[0, 0, 0, 1]), malformed()),
        ("P1", "a manifest in a local stream", patched(&local, 62, &[1; 32]), malformed()),
        ("P1", "card 0", patched(&shared, 94, &[0; 4]), malformed()),
        ("P1", "position 0", patched(&shared, 98, &[0; 8]), malformed()),
        ("P1", "no records", patched(&shared, 146, &[0; 4]), malformed()),
        ("P5", "a first entry that follows something else", patched(&shared, 106, &[1; 32]), malformed()),
        ("P5", "a first entry that follows nothing", patched(&shared, 106, &[0; 32]), malformed()),
    ];
    let forms = forms.map(|(rule, what, header, reject)| bad(rule, what, "header", input(header), reject));
    names.chain(forms).collect()
}

fn refused_sizes() -> Vec<Value> {
    let shared = shared();
    let beyond = (1u64 << 53).to_be_bytes();
    let sizes = [
        ("a position after the last", patched(&shared, 98, &beyond), malformed()),
        ("4097 records", patched(&shared, 146, &4097u32.to_be_bytes()), too_large(4097, 4096)),
        (
            "a byte too much payload",
            patched(&shared, 150, &1_048_577u32.to_be_bytes()),
            too_large(1_048_577, 1_048_576),
        ),
        (
            "all the payload a u32 can name",
            patched(&shared, 150, &[0xff; 4]),
            too_large(4_294_967_295, 1_048_576),
        ),
    ];
    sizes.map(|(what, header, reject)| bad("P3", what, "header", input(header), reject)).to_vec()
}
