//! P3, P10 to P14: cards, manifests, opinions.

use prost::Message;
use serde_json::{Value, json};
use xietong_proto::crypto::{SecretKey, Tag};
use xietong_proto::id::*;
use xietong_proto::object;
use xietong_proto::opinion::Stance;
use xietong_proto::stream::{Audience, Stream};
use xietong_proto::wire::agreement as wire;

use super::{bad, bad_field, good, hex, malformed, packed, too_large};
use crate::samples;

/// A field number 20 with a varint, which no message of this version has.
const UNKNOWN_FIELD: [u8; 3] = [0xa0, 1, 1];

fn not_canonical() -> Value {
    json!({ "code": "NotCanonical" })
}

fn unknown_version(version: u8) -> Value {
    json!({ "code": "UnknownVersion", "version": version })
}

/// Forms of a body, one of which begins with `version`, that mean the same and are refused.
fn second_forms(body: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let rest = &body[2..];
    vec![
        ("an unknown field", [body, &UNKNOWN_FIELD].concat()),
        ("a varint longer than it need be", [&[8, 0x81, 0], rest].concat()),
        ("the first field at the end", [rest, &body[..2]].concat()),
        ("the first field twice", [&body[..2], body].concat()),
    ]
}

pub fn canonical_cases(judge: &str, body: &[u8], input: impl Fn(Vec<u8>) -> Value) -> Vec<Value> {
    let second = second_forms(body).into_iter().map(|(what, body)| (what, body, not_canonical()));
    let newer = [&[8, 2][..], &body[2..], &UNKNOWN_FIELD].concat();
    let more = [
        ("half of it", body[..body.len() / 2].to_vec(), malformed()),
        ("no version", body[2..].to_vec(), unknown_version(0)),
        ("version 2 with a field of later", newer, unknown_version(2)),
        ("version 300", [&[8, 0xac, 2], &body[2..]].concat(), unknown_version(255)),
    ];
    let cases = second.chain(more);
    cases
        .map(|(what, body, reject)| bad("P10", &format!("{judge}: {what}"), judge, input(body), reject))
        .collect()
}

fn card_wire() -> wire::Card {
    let signed = wire::Signed::decode(samples::card(0).bytes()).expect("a signed card");
    wire::Card::decode(&signed.body[..]).expect("a card")
}

fn sealed_card(body: Vec<u8>) -> Value {
    json!({ "bytes": hex(object::sign(Tag::Card, &samples::seal_key(0), body)) })
}

fn changed_card(change: impl Fn(&mut wire::Card)) -> Value {
    let mut card = card_wire();
    change(&mut card);
    sealed_card(card.encode_to_vec())
}

pub fn card_cases() -> Vec<Value> {
    let body = card_wire().encode_to_vec();
    let accepted = vec![
        good("P11", "a card", "card", changed_card(|_| {})),
        good("P10", "a canonical card", "card", json!({ "bytes": hex(samples::card(1).bytes()) })),
        good(
            "P11",
            "without telephone and addresses",
            "card",
            changed_card(|card| {
                card.telephone.clear();
                card.addresses.clear();
            }),
        ),
        good(
            "P11",
            "the largest number, all keys and addresses",
            "card",
            changed_card(|card| {
                card.number = u32::MAX;
                card.transport_keys = vec![vec![1; 32]; 16];
                card.addresses = vec!["a".repeat(400); 16];
            }),
        ),
    ];
    let codes = ["23", "230000", "XPCC", "ABCDEFG8"]
        .map(|code| good("P11", &format!("code {code}"), "code", json!({ "code": code })));
    let bad_codes = ["", "2", "230000000", "xpcc", "23 000", "黑龙江", "23\u{0}000"]
        .map(|code| bad("P11", &format!("code {code:?}"), "code", json!({ "code": code }), super::no()));
    let forms = canonical_cases("card", &body, sealed_card);
    [accepted, codes.to_vec(), bad_codes.to_vec(), forms, bad_cards(), bad_envelopes(&body)].concat()
}

fn bad_cards() -> Vec<Value> {
    type Change = fn(&mut wire::Card);
    let cases: [(&str, Change); 17] = [
        ("number", |card| card.number = 0),
        ("code", |card| card.code = "2".into()),
        ("name", |card| card.name.clear()),
        ("name", |card| card.name = "辽\u{202e}宁".into()),
        ("name", |card| card.name = "辽\u{200b}宁".into()),
        ("name", |card| card.name = "辽\n宁".into()),
        ("name", |card| card.name = "a".repeat(513)),
        ("uscc", |card| card.uscc = "1121000000000000".into()),
        ("uscc", |card| card.uscc = "11210000000000000x".into()),
        ("seal_key", |card| card.seal_key = vec![0; 32]),
        ("entry_key", |card| card.entry_key.truncate(31)),
        ("transport_keys", |card| card.transport_keys.clear()),
        ("transport_keys", |card| card.transport_keys = vec![vec![1; 32]; 17]),
        ("transport_keys", |card| card.transport_keys[0].push(0)),
        ("addresses", |card| card.addresses = vec!["a".into(); 17]),
        ("addresses", |card| card.addresses = vec![String::new()]),
        ("telephone", |card| card.telephone = "024\u{feff}".into()),
    ];
    let case = |(field, change): (&str, Change)| {
        bad(
            "P11",
            &format!("a card with a wrong {field}"),
            "card",
            changed_card(change),
            bad_field(&format!("card.{field}")),
        )
    };
    cases.map(case).to_vec()
}

fn bad_envelopes(body: &[u8]) -> Vec<Value> {
    let signed = |suite: u32, signature: &[u8]| {
        wire::Signed { suite, body: body.to_vec(), signature: signature.to_vec() }.encode_to_vec()
    };
    let by = |seed: u8| SecretKey::from_bytes(&[seed; 32]).sign(Tag::Card, body).to_vec();
    let honest = samples::card(0).bytes().to_vec();
    let unsigned = || json!({ "code": "BadSignature" });
    let large = packed(vec![0; 8_321]);
    let cases = [
        ("P11", "a card signed by its entry key", json!(hex(signed(1, &by(0x21)))), unsigned()),
        ("P8", "a signature of 63 bytes", json!(hex(signed(1, &by(0x11)[..63]))), unsigned()),
        ("P2", "suite 2", json!(hex(signed(2, &by(0x11)))), json!({ "code": "UnknownSuite", "suite": 2 })),
        (
            "P10",
            "an unknown field beside the signature",
            json!(hex([&honest[..], &UNKNOWN_FIELD].concat())),
            not_canonical(),
        ),
        ("P10", "bytes that are no message", json!(hex([0xff; 8])), malformed()),
        ("P3", "a card larger than any", large, too_large(8_321, 8_320)),
    ];
    cases
        .map(|(rule, what, bytes, reject)| bad(rule, what, "card", json!({ "bytes": bytes }), reject))
        .to_vec()
}

fn manifest_wire() -> wire::Manifest {
    wire::Manifest::decode(samples::manifest().bytes()).expect("a manifest")
}

fn changed_manifest(change: impl Fn(&mut wire::Manifest)) -> Value {
    let mut manifest = manifest_wire();
    change(&mut manifest);
    json!({ "bytes": hex(manifest.encode_to_vec()) })
}

pub fn manifest_cases() -> Vec<Value> {
    let accepted = vec![
        good("P12", "a manifest of three members", "manifest", changed_manifest(|_| {})),
        good(
            "P12",
            "a later epoch",
            "manifest",
            changed_manifest(|manifest| {
                later(manifest);
            }),
        ),
        good(
            "P12",
            "with all that a later one may hold",
            "manifest",
            changed_manifest(|manifest| {
                let manifest = later(manifest);
                (manifest.voids, manifest.reconciles) = (vec![vec![1; 32], vec![2; 32]], vec![vec![3; 32]]);
                (manifest.restarts, manifest.cuts) = (vec!["210000".into()], cut(samples::stream(0), 3));
            }),
        ),
        good("P12", "two members", "manifest", changed_manifest(|manifest| drop(manifest.members.remove(0)))),
        good(
            "P12",
            "a system of later, decided by all",
            "manifest",
            changed_manifest(|manifest| {
                manifest.scope[1].system = 65_535;
                manifest.quorum = 3;
            }),
        ),
        good("P14", "an agreement id read out", "fingerprint", json!({ "id": samples::manifest().id() })),
        good("P14", "a fingerprint with leading zeros", "fingerprint", json!({ "id": id_with_zeros() })),
    ];
    let forms =
        canonical_cases("manifest", samples::manifest().bytes(), |body| json!({ "bytes": hex(body) }));
    let large = json!({ "bytes": packed(vec![0; 262_145]) });
    let crowded =
        json!({ "bytes": hex([samples::manifest().bytes(), &UNKNOWN_FIELD.repeat(128)[..]].concat()) });
    let sizes = vec![
        bad("P3", "a manifest larger than any", "manifest", large, too_large(262_145, 262_144)),
        bad("P3", "more than 128 fields", "manifest", crowded, too_large(129, 128)),
    ];
    [accepted, forms, sizes, bad_manifests()].concat()
}

/// An id whose fingerprint begins with 0, found by trying.
fn id_with_zeros() -> ManifestId {
    let ids = (0..=255u8).map(|byte| [byte; 32]);
    let mut zeros = ids.filter(|id| object::fingerprint(id).starts_with("00"));
    ManifestId(zeros.next().expect("one of a hundred begins with 00"))
}

fn later(manifest: &mut wire::Manifest) -> &mut wire::Manifest {
    (manifest.epoch, manifest.predecessor) = (2, vec![1; 32]);
    manifest
}

fn cut(stream: Stream, position: u64) -> Vec<u8> {
    [&stream.name()[..], &position.to_be_bytes(), &[1; 32]].concat()
}

fn pair() -> Stream {
    Stream { audience: Audience::Pair(samples::code(1)), ..samples::stream(0) }
}

fn bad_manifests() -> Vec<Value> {
    type Change = fn(&mut wire::Manifest);
    let cases: [(&str, Change); 39] = [
        ("suite", |manifest| manifest.suite = 2),
        ("epoch", |manifest| manifest.epoch = 0),
        ("predecessor", |manifest| manifest.predecessor = vec![1; 32]),
        ("predecessor", |manifest| manifest.epoch = 2),
        ("predecessor", |manifest| (manifest.epoch, manifest.predecessor) = (2, vec![1; 31])),
        ("title", |manifest| manifest.title.clear()),
        ("title", |manifest| manifest.title = "a\u{7f}".into()),
        ("level", |manifest| manifest.level = 0),
        ("level", |manifest| manifest.level = 4),
        ("level", |manifest| manifest.level = -1),
        ("members", |manifest| manifest.members.truncate(1)),
        ("members", |manifest| manifest.members.swap(0, 1)),
        ("members", |manifest| manifest.members[1] = manifest.members[0].clone()),
        ("members", |manifest| manifest.members[1].seal_key = manifest.members[0].seal_key.clone()),
        ("members.code", |manifest| manifest.members[0].code = "a".into()),
        ("members.name", |manifest| manifest.members[0].name = "\u{2066}辽宁".into()),
        ("members.uscc", |manifest| manifest.members[0].uscc.clear()),
        ("members.seal_key", |manifest| manifest.members[0].seal_key = vec![0; 32]),
        ("members.card", |manifest| manifest.members[0].card.clear()),
        ("scope", |manifest| manifest.scope.clear()),
        ("scope", |manifest| manifest.scope.swap(0, 1)),
        ("scope.system", |manifest| manifest.scope[1].system = 65_536),
        ("scope.profile", |manifest| manifest.scope[0].profile = 0),
        ("scope.rules_version", |manifest| manifest.scope[0].rules_version = 0),
        ("quorum", |manifest| manifest.quorum = 1),
        ("quorum", |manifest| manifest.quorum = 4),
        ("valid_until_ms", |manifest| manifest.valid_until_ms = manifest.valid_from_ms),
        ("voids", |manifest| manifest.voids = vec![vec![1; 32]]),
        ("voids", |manifest| later(manifest).voids = vec![vec![1; 31]]),
        ("voids", |manifest| later(manifest).voids = vec![vec![1; 32]; 2]),
        ("reconciles", |manifest| manifest.reconciles = vec![vec![1; 32]]),
        ("reconciles", |manifest| later(manifest).reconciles = vec![vec![2; 32], vec![1; 32]]),
        ("restarts", |manifest| manifest.restarts = vec!["210000".into()]),
        ("restarts", |manifest| later(manifest).restarts = vec!["a".into()]),
        ("restarts", |manifest| later(manifest).restarts = vec!["220000".into(), "210000".into()]),
        ("cuts", |manifest| manifest.cuts = cut(samples::stream(0), 3)),
        ("cuts", |manifest| later(manifest).cuts = cut(samples::stream(0), 0)),
        ("cuts", |manifest| later(manifest).cuts = cut(pair(), 3)),
        ("cuts", |manifest| later(manifest).cuts = vec![1; 95]),
    ];
    let case = |(field, change): (&str, Change)| {
        bad(
            "P12",
            &format!("a manifest with wrong {field}"),
            "manifest",
            changed_manifest(change),
            bad_field(&format!("manifest.{field}")),
        )
    };
    let nonce = changed_manifest(|manifest| manifest.nonce.truncate(15));
    let nonce = bad("P12", "a nonce of 15 bytes", "manifest", nonce, bad_field("manifest.nonce"));
    cases.map(case).into_iter().chain([nonce]).collect()
}

fn input(stance: Stance, bytes: impl AsRef<[u8]>) -> Value {
    json!({ "manifests": [hex(samples::manifest().bytes())], "stance": stance, "bytes": hex(bytes) })
}

fn opinion_wire() -> wire::Opinion {
    let signed = wire::Signed::decode(samples::approval(0).bytes()).expect("a signed opinion");
    wire::Opinion::decode(&signed.body[..]).expect("an opinion")
}

pub fn opinion_cases() -> Vec<Value> {
    let body = opinion_wire().encode_to_vec();
    let changed = |change: fn(&mut wire::Opinion)| {
        let mut opinion = opinion_wire();
        change(&mut opinion);
        opinion.encode_to_vec()
    };
    let sealed = |stance, tag, member: usize, body: Vec<u8>| {
        input(stance, object::sign(tag, &samples::seal_key(member), body))
    };
    let of = |member, body| sealed(Stance::Approves, Tag::Approve, member, body);
    let reasoned = changed(|opinion| opinion.reason = "第三条".into());
    let unsigned = || json!({ "code": "BadSignature" });
    let stranger = json!({ "code": "NotAMember", "author": "XPCC" });
    let good = |name: &str, input: Value| good("P13", name, "opinion", input);
    let bad = |rule: &str, name: &str, input: Value, reject: Value| bad(rule, name, "opinion", input, reject);
    let cases = vec![
        good("an approval", input(Stance::Approves, samples::approval(0).bytes())),
        good("a refusal", sealed(Stance::Declines, Tag::Decline, 0, body.clone())),
        good("a refusal with its reason", sealed(Stance::Declines, Tag::Decline, 0, reasoned.clone())),
        good("a withdrawal with its reason", sealed(Stance::Withdraws, Tag::Withdraw, 0, reasoned.clone())),
        bad("P13", "an approval with a reason", of(0, reasoned), bad_field("opinion.reason")),
        bad(
            "P13",
            "a reason that does not show",
            sealed(Stance::Declines, Tag::Decline, 0, changed(|opinion| opinion.reason = "\u{200b}".into())),
            bad_field("opinion.reason"),
        ),
        bad(
            "P13",
            "of a manifest that is not known",
            of(0, changed(|opinion| opinion.manifest = vec![1; 32])),
            bad_field("opinion.manifest"),
        ),
        bad(
            "P13",
            "by what is no code",
            of(0, changed(|opinion| opinion.member.clear())),
            bad_field("opinion.member"),
        ),
        bad("P13", "by a stranger", of(0, changed(|opinion| opinion.member = "XPCC".into())), stranger),
        bad(
            "P13",
            "in another's name",
            of(0, changed(|opinion| opinion.member = "220000".into())),
            unsigned(),
        ),
        bad("P13", "by another's seal", of(1, body.clone()), unsigned()),
        bad(
            "P4",
            "a refusal that passes for an approval",
            sealed(Stance::Approves, Tag::Decline, 0, body.clone()),
            unsigned(),
        ),
        bad("P4", "signed as a card", sealed(Stance::Approves, Tag::Card, 0, body.clone()), unsigned()),
        bad(
            "P3",
            "longer than any",
            of(0, changed(|opinion| opinion.member = "A".repeat(1_200))),
            too_large(1_317, 1_152),
        ),
    ];
    [cases, canonical_cases("opinion", &body, |body| of(0, body))].concat()
}
