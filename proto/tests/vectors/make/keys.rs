//! P2, P4, P8: keys, tags, signatures.

use serde_json::{Value, json};
use xietong_proto::crypto::{SecretKey, Tag};

use super::{bad, good, hex, no};

const SEED: [u8; 32] = [0x21; 32];
const BODY: &[u8] = b"any body";
/// The key of [`SEED`] plus a point of order 8. Made, as the signatures below, with arithmetic outside of any
/// signing library, which would not make them.
const MIXED_KEY: &str = "4961e129e3c9a9b5bf857f55f3647e29237858b11bf4165be4909b523fe1b036";
/// Over approve ‖ body by the key of [`SEED`], with the neutral point as R: s = k·a.
const SMALL_R: &str = "01000000000000000000000000000000000000000000000000000000000000002a3cff7763c04aec529b3f6140e64457a0e5f422957deddb0478cfa36dc3e300";
/// The same with a point of order 8 added to R: holds only in the equation multiplied by eight.
const MIXED_R: &str = "1e3387663cd6ed7b97bc4a82b1b5aa10e46d1539c651211e109b4cc6603e3f00891353f67e22b263d0add71d85b49bb4aa289c36ca54a642ee9a52700ed1490e";
/// An honest one whose s is not reduced: s + L.
const UNREDUCED_S: &str = "1e5f529cf9f83d71e1883ddd81811d67fed5fae679327b5d97dcb3011b989151935b7a5c7a1ca78772413bf7ed40a795bad8a7e96f6cf98b99e0819352db791c";
/// Holds under [`MIXED_KEY`] for those who take such a key, because its k is a multiple of 8.
const UNDER_MIXED_KEY: &str = "f090472cd47baab5041a30689473085f488e641a1eacf0cb83f638e1e4660152cb9d37429cd12cbf5696a13cfbd78166a5074d4e689c4a5651f6911e8edb3f0b";

pub fn cases() -> Vec<Value> {
    [tags(), keys(), signatures()].concat()
}

fn tags() -> Vec<Value> {
    let names = [
        "entry",
        "stream",
        "leaf",
        "seed",
        "manifest",
        "card",
        "approve",
        "decline",
        "withdraw",
        "receipt",
        "holdings",
        "heads",
        "fingerprint",
    ];
    let hash = |tag| good("P4", &format!("tag {tag}"), "hash", json!({ "tag": tag, "body": hex(BODY) }));
    names.map(hash).to_vec()
}

fn keys() -> Vec<Value> {
    let zeros = |first: &str, last: &str| format!("{first}{}{last}", "00".repeat(30));
    let ones = |first: &str, last: &str| format!("{first}{}{last}", "ff".repeat(30));
    let bad_keys = [
        ("31 bytes", "00".repeat(31)),
        ("33 bytes", "00".repeat(33)),
        ("no point has this y", zeros("02", "00")),
        ("the neutral point", zeros("01", "00")),
        ("the point of order 2", ones("ec", "7f")),
        ("a point of order 4", zeros("00", "00")),
        ("the other point of order 4", zeros("00", "80")),
        ("a point of order 8", "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05".into()),
        (
            "another point of order 8",
            "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a".into(),
        ),
        ("x = 0 with a sign", zeros("01", "80")),
        ("y = p: a second encoding of 0", ones("ed", "7f")),
        ("y = p + 1", ones("ee", "7f")),
        ("y = p + 3: a second encoding of a point of large order", ones("f0", "7f")),
        ("a point with a part of order 8", MIXED_KEY.into()),
    ];
    let public = hex(SecretKey::from_bytes(&SEED).public().to_bytes());
    let first = good("P2", "a key made of a seed", "key", json!({ "public": public }));
    let refused = bad_keys.map(|(name, public)| bad("P2", name, "key", json!({ "public": public }), no()));
    [vec![first], refused.to_vec()].concat()
}

fn signatures() -> Vec<Value> {
    let key = SecretKey::from_bytes(&SEED);
    let honest = key.sign(Tag::Approve, BODY);
    let input = |tag: &str, seed: [u8; 32], body: &[u8], signature: &str| json!({ "tag": tag, "key_seed": hex(seed), "body": hex(body), "signature": signature });
    let under = |public: &str, signature: &str| json!({ "tag": "approve", "public": public, "body": hex(BODY), "signature": signature });
    let (approve, text) = (|text: &str| input("approve", SEED, BODY, text), hex(honest));
    let refused = || json!({ "code": "BadSignature" });
    let neutral = format!("01{}", "00".repeat(31));
    let forged = format!("{neutral}{}", "00".repeat(32));
    let flipped = |at: usize| hex(super::patched(&honest, at, &[honest[at] ^ 1]));
    vec![
        good("P8", "over tag and body", "signature", approve(&text)),
        good(
            "P8",
            "over an empty body",
            "signature",
            input("card", SEED, b"", &hex(key.sign(Tag::Card, b""))),
        ),
        bad("P4", "of another tag", "signature", input("card", SEED, BODY, &text), refused()),
        bad(
            "P4",
            "of no tag: tag and body as one body",
            "signature",
            input("entry", SEED, &[&b"xietong/1/approve\0"[..], BODY].concat(), &text),
            refused(),
        ),
        bad("P8", "over another body", "signature", input("approve", SEED, b"any bodies", &text), refused()),
        bad("P8", "by another key", "signature", input("approve", [0x22; 32], BODY, &text), refused()),
        bad("P8", "one bit of R is flipped", "signature", approve(&flipped(0)), refused()),
        bad("P8", "one bit of s is flipped", "signature", approve(&flipped(32)), refused()),
        bad("P8", "all zero", "signature", approve(&"00".repeat(64)), refused()),
        bad("P2", "s is not reduced", "signature", approve(UNREDUCED_S), refused()),
        bad("P2", "R is of small order", "signature", approve(SMALL_R), refused()),
        bad("P2", "R has a part of small order", "signature", approve(MIXED_R), refused()),
        bad("P2", "R neutral and s = 0", "signature", approve(&forged), refused()),
        bad("P2", "R neutral and s = 0 under the neutral key", "signature", under(&neutral, &forged), no()),
        bad("P2", "under a key with a part of order 8", "signature", under(MIXED_KEY, UNDER_MIXED_KEY), no()),
    ]
}
