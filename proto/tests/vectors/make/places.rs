//! P14 to P20: whether an entry stands under a manifest, and where in its stream.

use serde_json::{Value, json};
use xietong_proto::entry::SignedEntry;
use xietong_proto::header::Header;
use xietong_proto::id::*;
use xietong_proto::stream::{Audience, Head, Stream};

use super::{bad, good, hex, no};
use crate::samples;

fn admits(change: impl Fn(&mut Header)) -> Value {
    let mut header = *samples::entry(0).header();
    change(&mut header);
    if header.position.0 == 1 {
        header.previous = header.stream.origin().id;
    }
    let mut input = super::epochs::approved(&[0, 1, 2]);
    input["header"] = json!(hex(header.encode()));
    input
}

fn authoring(time_ms: u64) -> Value {
    json!({ "manifest": hex(samples::manifest().bytes()), "time_ms": time_ms })
}

pub fn admission_cases() -> Vec<Value> {
    let stranger: MemberCode = "XPCC".parse().expect("a code");
    let epoch = |epoch: u32| json!({ "code": "UnknownEpoch", "epoch": epoch });
    let scope = |system: u16| json!({ "code": "OutOfScope", "system": system });
    let other = AgreementId([1; 32]);
    let (from, until) = (samples::manifest_fields().valid_from.0, samples::manifest_fields().valid_until.0);
    let partly = {
        let mut input = admits(|_| {});
        input["opinions"] = super::epochs::approved(&[0, 2])["opinions"].clone();
        input
    };
    vec![
        good("P14", "of this agreement", "stands", admits(|_| {})),
        good("P15", "by another member", "stands", admits(|header| header.stream.author = samples::code(2))),
        good(
            "P16",
            "of this epoch, later in the stream",
            "stands",
            admits(|header| header.position = Position(9)),
        ),
        good(
            "P17",
            "of another system in scope",
            "stands",
            admits(|header| header.stream.system = System::ASSETS),
        ),
        good("P20", "after the validity", "stands", admits(|header| header.time = Millis(u64::MAX))),
        bad(
            "P14",
            "of another agreement",
            "stands",
            admits(|header| header.stream.agreement = other),
            json!({ "code": "WrongAgreement" }),
        ),
        bad(
            "P15",
            "by a stranger",
            "stands",
            admits(|header| header.stream.author = stranger),
            json!({ "code": "NotAMember", "author": "XPCC" }),
        ),
        bad("P16", "of a manifest that not all have approved", "stands", partly, epoch(1)),
        bad("P16", "of epoch 2", "stands", admits(|header| header.epoch = Epoch(2)), epoch(2)),
        bad(
            "P16",
            "of another manifest",
            "stands",
            admits(|header| header.manifest = ManifestId([1; 32])),
            epoch(1),
        ),
        bad(
            "P16",
            "of a generation that no manifest opened",
            "stands",
            admits(|header| header.stream.generation = Generation(2)),
            epoch(1),
        ),
        bad(
            "P17",
            "energy, which is not in scope",
            "stands",
            admits(|header| header.stream.system = System::ENERGY),
            scope(4),
        ),
        bad(
            "P17",
            "a system of later",
            "stands",
            admits(|header| header.stream.system = System(0x0103)),
            scope(259),
        ),
        good("P20", "the first moment", "authoring", authoring(from)),
        good("P20", "the last moment", "authoring", authoring(until - 1)),
        bad("P20", "too early", "authoring", authoring(from - 1), no()),
        bad("P20", "too late", "authoring", authoring(until), no()),
    ]
}

fn follow(head: Head, entry: &SignedEntry) -> Value {
    let head = json!({ "position": head.position, "id": head.id });
    json!({ "head": head, "key_seed": hex(samples::entry_seed(0)), "bytes": hex(entry.bytes()) })
}

pub fn chain_cases() -> Vec<Value> {
    let chain = samples::chain(0, 4);
    let origin = samples::stream(0).origin();
    let other = samples::entry_after(0, chain[0].head(), &samples::records(9));
    let after_other = samples::entry_after(0, other.head(), &samples::records(1));
    let gap = |have: u64, got: u64| json!({ "code": "Gap", "have": have, "got": got });
    let fork = |at: u64| json!({ "code": "Fork", "at": at });
    let follows = vec![
        good("P18", "the first entry", "follow", follow(origin, &chain[0])),
        good("P18", "the next entry", "follow", follow(chain[2].head(), &chain[3])),
        bad("P18", "the first is missing", "follow", follow(origin, &chain[1]), gap(0, 2)),
        bad("P18", "two are missing", "follow", follow(chain[0].head(), &chain[3]), gap(1, 4)),
        bad(
            "P18",
            "a gap before a wrong predecessor",
            "follow",
            follow(chain[0].head(), &after_other),
            gap(1, 3),
        ),
        bad(
            "P18",
            "the next entry of another second one",
            "follow",
            follow(chain[1].head(), &after_other),
            fork(2),
        ),
        bad("P18", "another second entry, at the head", "follow", follow(chain[1].head(), &other), fork(2)),
        bad(
            "P18",
            "another second entry, behind the head",
            "follow",
            follow(chain[3].head(), &other),
            fork(2),
        ),
    ];
    [follows, audience_cases()].concat()
}

fn audience_cases() -> Vec<Value> {
    let local = Stream::local(samples::code(0), System::VEHICLES);
    let shared = samples::stream(0);
    let pair = Stream { audience: Audience::Pair(samples::code(1)), ..shared };
    let input = |stream: Stream, member: usize| json!({ "stream": hex(stream.name()), "member": samples::code(member) });
    vec![
        good("P19", "a local stream for its author", "audience", input(local, 0)),
        good("P19", "an agreement stream for another member", "audience", input(shared, 2)),
        good("P19", "a pair stream for its author", "audience", input(pair, 0)),
        good("P19", "a pair stream for its peer", "audience", input(pair, 1)),
        bad("P19", "a local stream for another", "audience", input(local, 1), no()),
        bad("P19", "a pair stream for a third", "audience", input(pair, 2), no()),
    ]
}
