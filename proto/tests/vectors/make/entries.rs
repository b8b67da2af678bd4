//! P3, P4, P6 to P9: entries, their payloads, trees and proofs.

use serde_json::{Value, json};
use xietong_proto::crypto::{Tag, hash};
use xietong_proto::entry::{ENTRY_HEAD_BYTES, LeafProof};
use xietong_proto::header::{HEADER_BYTES, Header};
use xietong_proto::id::*;
use xietong_proto::merkle;

use super::{bad, good, hex, malformed, no, packed, patched, too_large};
use crate::samples;

const SEED: [u8; 32] = [7; 32];

fn frame(kind: u16, version: u16, length: u32, body: &[u8]) -> Vec<u8> {
    [&kind.to_be_bytes()[..], &version.to_be_bytes(), &length.to_be_bytes(), body].concat()
}

fn whole(kind: u16, body: &[u8]) -> Vec<u8> {
    frame(kind, 1, body.len() as u32, body)
}

/// The root as P7 writes it, made here once more.
fn root(frames: &[Vec<u8>]) -> Root {
    let leaf = |(index, frame): (u32, &Vec<u8>)| {
        let salt = hash(&[b"xietong/1/leaf\0", &SEED, &index.to_be_bytes()]);
        hash(&[&[0], &salt[..16], frame])
    };
    merkle::root(&(0..).zip(frames).map(leaf).collect::<Vec<_>>())
}

/// A first entry with any payload, honestly signed.
fn sealed(records: u32, payload: &[u8], root: Root) -> Vec<u8> {
    let payload_bytes = payload.len() as u32;
    let header = Header { records, payload_bytes, root, ..*samples::entry(0).header() }.encode();
    let signature = samples::entry_key(0).sign(Tag::Entry, &header);
    [&header[..], &signature, payload].concat()
}

/// The same with frames that the root is made of.
fn of_frames(records: u32, frames: &[Vec<u8>]) -> Vec<u8> {
    sealed(records, &[&SEED[..], &frames.concat()].concat(), root(frames))
}

fn by(member: usize, bytes: impl AsRef<[u8]>) -> Value {
    json!({ "key_seed": hex(samples::entry_seed(member)), "bytes": packed(bytes) })
}

fn input(bytes: impl AsRef<[u8]>) -> Value {
    by(0, bytes)
}

pub fn entry_cases() -> Vec<Value> {
    [accepted(), refused_whole(), refused_payloads()].concat()
}

fn accepted() -> Vec<Value> {
    let chain = samples::chain(0, 2);
    let earlier = Millis(samples::TIME.0 - 86_400_000);
    let backwards = samples::draft(0, chain[0].head(), earlier, &samples::records(1));
    let unknown = of_frames(2, &[whole(0xff07, b"of later"), frame(0x0311, 9, 0, b"")]);
    vec![
        good("P6", "three records", "entry", input(chain[0].bytes())),
        good("P6", "an unknown kind, an unknown version, an empty body", "entry", input(unknown)),
        good("P6", "the longest record", "entry", input(of_frames(1, &[whole(0x0311, &[0; 65_536])]))),
        good("P8", "the second entry", "entry", input(chain[1].bytes())),
        good(
            "P9",
            "earlier than the entry before it",
            "entry",
            input(backwards.sign(&samples::entry_key(0)).bytes()),
        ),
        good("P7", "an entry made from secret, head and records", "author", authored()),
    ]
}

fn authored() -> Value {
    let head = samples::chain(0, 1)[0].head();
    json!({
        "stream": hex(samples::stream(0).name()), "head": { "position": head.position, "id": head.id },
        "epoch": 1, "manifest": samples::manifest().id(), "card": 1, "time_ms": samples::TIME,
        "secret": hex(samples::secret(0)), "key_seed": hex(samples::entry_seed(0)),
        "records": [{ "kind": 0x0311, "version": 1, "body": hex(b"free: 0") },
                    { "kind": 0x0312, "version": 1, "body": hex(b"free: 1") }],
    })
}

fn refused_whole() -> Vec<Value> {
    let entry = samples::entry(0);
    let bytes = entry.bytes();
    let unsigned = || json!({ "code": "BadSignature" });
    let time = patched(bytes, 138, &(samples::TIME.0 + 1).to_be_bytes());
    let signature = patched(bytes, HEADER_BYTES, &[bytes[HEADER_BYTES] ^ 1]);
    let cases = [
        ("P1", "nothing", input([]), malformed()),
        ("P1", "a header cut short", input(&bytes[..HEADER_BYTES - 1]), malformed()),
        ("P1", "a header without a signature", input(&bytes[..HEADER_BYTES]), malformed()),
        ("P1", "no payload", input(&bytes[..ENTRY_HEAD_BYTES]), malformed()),
        ("P1", "the last byte is missing", input(&bytes[..bytes.len() - 1]), malformed()),
        ("P1", "a byte too many", input([bytes, &[0]].concat()), malformed()),
        ("P8", "one bit of the signature is flipped", input(signature), unsigned()),
        ("P8", "signed by another member", by(1, bytes), unsigned()),
        ("P9", "the time was changed by another hand", input(time), unsigned()),
        ("P4", "signed without a tag", input(untagged(bytes)), unsigned()),
    ];
    cases.map(|(rule, what, input, reject)| bad(rule, what, "entry", input, reject)).to_vec()
}

/// The same entry with a signature over the header alone, as a card's tag and a wrong body would make it.
fn untagged(bytes: &[u8]) -> Vec<u8> {
    let signature = samples::entry_key(0).sign(Tag::Card, &bytes[..HEADER_BYTES]);
    patched(bytes, HEADER_BYTES, &signature)
}

fn refused_payloads() -> Vec<Value> {
    let (framing, wrong) = (|| json!({ "code": "BadFraming" }), || json!({ "code": "BadRoot" }));
    let one = whole(0x0311, b"free: 1");
    let two = [one.clone(), whole(0x0311, b"free: 0")];
    let entry = samples::entry(0);
    let bytes = entry.bytes();
    let last = bytes.len() - 1;
    let swapped = sealed(2, &[&SEED[..], &two[1], &two[0]].concat(), root(&two));
    let cases = [
        ("P6", "a payload shorter than its seed", sealed(1, &SEED[..31], Root([1; 32])), framing()),
        ("P6", "a seed and no record", sealed(1, &SEED, Root::ZERO), framing()),
        ("P6", "fewer records than counted", of_frames(2, std::slice::from_ref(&one)), framing()),
        ("P6", "more records than counted", of_frames(1, &two), framing()),
        ("P6", "a head of a record cut short", of_frames(1, &[one[..7].to_vec()]), framing()),
        ("P6", "a body cut short", of_frames(1, &[one[..one.len() - 1].to_vec()]), framing()),
        ("P6", "a byte after the last record", of_frames(1, &[[&one[..], &[0]].concat()]), framing()),
        (
            "P6",
            "a length of 4 GiB",
            of_frames(1, &[frame(0x0311, 1, u32::MAX, b"")]),
            too_large(4_294_967_295, 65_536),
        ),
        (
            "P3",
            "a record one byte too long",
            of_frames(1, &[frame(0x0311, 1, 65_537, b"")]),
            too_large(65_537, 65_536),
        ),
        ("P7", "a record was changed", patched(bytes, last, &[bytes[last] ^ 1]), wrong()),
        (
            "P7",
            "the seed was changed",
            patched(bytes, ENTRY_HEAD_BYTES, &[bytes[ENTRY_HEAD_BYTES] ^ 1]),
            wrong(),
        ),
        ("P7", "two records changed places", swapped, wrong()),
        ("P7", "the root is zero", sealed(1, &[&SEED[..], &one].concat(), Root::ZERO), wrong()),
    ];
    let case = |(rule, what, bytes, reject): (&str, &str, Vec<u8>, Value)| {
        let rule = if reject["code"] == "TooLarge" { "P3" } else { rule };
        bad(rule, what, "entry", input(bytes), reject)
    };
    cases.map(case).to_vec()
}

pub fn tree_cases() -> Vec<Value> {
    let leaf = |index: u8| hex(hash(&[&[index]]));
    let tree = |count: u8| {
        let leaves: Vec<_> = (0..count).map(leaf).collect();
        good("P7", &format!("a tree of {count}"), "tree", json!({ "leaves": leaves }))
    };
    let trees = [1, 2, 3, 4, 5, 7, 8].map(tree);
    [trees.to_vec(), proof_cases()].concat()
}

/// What is shown of record `index`, as if it were at `claimed`.
fn proof(header: &Header, claimed: usize, proof: &LeafProof) -> Value {
    json!({ "header": hex(header.encode()), "index": claimed, "salt": hex(proof.salt),
            "record": hex(&proof.record), "path": proof.path.iter().map(hex).collect::<Vec<_>>() })
}

fn proof_cases() -> Vec<Value> {
    let entry = samples::entry_after(0, samples::stream(0).origin(), &samples::records(5));
    let header = entry.header();
    let [first, second, last] = [0, 1, 4].map(|index| entry.proof(index).expect("a record there"));
    let changed = |change: &dyn Fn(&mut LeafProof)| {
        let mut proof = first.clone();
        change(&mut proof);
        proof
    };
    let two_frames = [&first.record[..], &second.record].concat();
    let odd = Header { root: odd_root(&two_frames, &first), records: 1, ..*header };
    let accepted = [("the first of five", 0, &first), ("the last of five, whose path is short", 4, &last)];
    let refused = [
        ("at its neighbour's place", 1, first.clone()),
        ("at a place that there is not", 5, last.clone()),
        ("with its neighbour's salt", 0, changed(&|proof| proof.salt = second.salt)),
        ("of its neighbour's record", 0, changed(&|proof| proof.record = second.record.clone())),
        ("with a path too short", 0, changed(&|proof| proof.path.truncate(1))),
        ("with a path too long", 0, changed(&|proof| proof.path.push([0; 32]))),
        ("with a path in another order", 0, changed(&|proof| proof.path.reverse())),
        ("of a record cut short", 0, changed(&|proof| proof.record.truncate(14))),
    ];
    let accepted = accepted.map(|(what, at, shown)| good("P7", what, "proof", proof(header, at, shown)));
    let refused = refused.map(|(what, at, shown)| bad("P7", what, "proof", proof(header, at, &shown), no()));
    let joined = LeafProof { salt: first.salt, record: two_frames, path: Vec::new() };
    let joined = bad("P7", "of two records as one leaf", "proof", proof(&odd, 0, &joined), no());
    [accepted.to_vec(), refused.to_vec(), vec![joined]].concat()
}

/// A root that an author who breaks framing may sign.
fn odd_root(frames: &[u8], proof: &LeafProof) -> Root {
    Root(hash(&[&[0], &proof.salt, frames]))
}
