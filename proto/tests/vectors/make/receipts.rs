//! P34: receipts, and frames that carry them.

use prost::Message;
use serde_json::{Value, json};
use xietong_proto::crypto::Tag;
use xietong_proto::id::*;
use xietong_proto::object;
use xietong_proto::receipt::{Holdings, Receipt, ReceiptFields, join, root};
use xietong_proto::sync::{Frame, Receipted};
use xietong_proto::wire::agreement as wire;
use xietong_proto::wire::sync::{self, frame::Body};

use super::papers::canonical_cases;
use super::{bad, bad_field, good, hex, malformed, packed, patched, too_large};
use crate::samples;

fn holdings() -> Holdings {
    (1..3).map(|member| (samples::stream(member), samples::entry(member).head())).collect()
}

fn receipt() -> Receipt {
    let fields = ReceiptFields {
        agreement: samples::manifest().id().into(),
        manifest: samples::manifest().id(),
        member: samples::code(0),
        card: CardNumber(1),
        number: 7,
        root: root(&holdings()),
        time: samples::TIME,
    };
    Receipt::sign(&fields, &samples::entry_key(0))
}

fn body() -> wire::Receipt {
    let signed = wire::Signed::decode(receipt().bytes()).expect("a signed receipt");
    wire::Receipt::decode(&signed.body[..]).expect("a receipt")
}

fn signed(tag: Tag, body: Vec<u8>) -> Value {
    let bytes = object::sign(tag, &samples::entry_key(0), body);
    json!({ "bytes": hex(bytes), "key_seed": hex(samples::entry_seed(0)) })
}

fn changed(change: impl Fn(&mut wire::Receipt)) -> Value {
    let mut receipt = body();
    change(&mut receipt);
    signed(Tag::Receipt, receipt.encode_to_vec())
}

fn frame(base: u64, lines: &[u8]) -> Value {
    let receipted = sync::Receipted { receipt: receipt().bytes().to_vec(), base, lines: lines.to_vec() };
    json!({ "bytes": packed(sync::Frame { body: Some(Body::Receipted(receipted)) }.encode_to_vec()) })
}

/// Receipts by themselves.
pub fn receipt_cases() -> Vec<Value> {
    let by_another = json!({ "bytes": hex(receipt().bytes()), "key_seed": hex(samples::entry_seed(1)) });
    let form = body().encode_to_vec();
    let cases = vec![
        good("P34", "a receipt", "receipt", signed(Tag::Receipt, form.clone())),
        bad(
            "P34",
            "of no agreement",
            "receipt",
            changed(|r| r.agreement.clear()),
            bad_field("receipt.agreement"),
        ),
        bad(
            "P34",
            "of half a manifest",
            "receipt",
            changed(|r| r.manifest.truncate(16)),
            bad_field("receipt.manifest"),
        ),
        bad("P34", "by nobody", "receipt", changed(|r| r.member.clear()), bad_field("receipt.member")),
        bad("P34", "under no card", "receipt", changed(|r| r.card = 0), bad_field("receipt.card")),
        bad("P34", "number 0", "receipt", changed(|r| r.number = 0), bad_field("receipt.number")),
        bad(
            "P34",
            "a root that is too long",
            "receipt",
            changed(|r| r.root.push(0)),
            bad_field("receipt.root"),
        ),
        bad("P34", "by another's key", "receipt", by_another, unsigned()),
        bad(
            "P4",
            "a receipt signed as an approval",
            "receipt",
            signed(Tag::Approve, form.clone()),
            unsigned(),
        ),
        bad(
            "P3",
            "a receipt longer than any",
            "receipt",
            changed(|r| r.root = vec![1; 400]),
            too_large(563, 384),
        ),
    ];
    [cases, canonical_cases("receipt", &form, |body| signed(Tag::Receipt, body))].concat()
}

/// Frames with holdings.
pub fn frame_cases() -> Vec<Value> {
    let lines = join(&holdings());
    let swapped = [&lines[96..], &lines[..96]].concat();
    let whole =
        Frame::Receipted(Receipted { receipt: receipt().bytes().to_vec(), base: 0, lines: holdings() });
    vec![
        good("P34", "a receipt with all it is over", "frame", json!({ "bytes": packed(whole.encode()) })),
        good("P34", "a receipt with what changed", "frame", frame(6, &lines[96..])),
        bad("P34", "holdings out of order", "frame", frame(0, &swapped), malformed()),
        bad("P34", "a stream twice", "frame", frame(0, &[&lines[..96], &lines[..96]].concat()), malformed()),
        bad("P34", "half a line", "frame", frame(0, &lines[..95]), malformed()),
        bad("P34", "a holding at position 0", "frame", frame(0, &patched(&lines, 56, &[0; 8])), malformed()),
    ]
}

fn unsigned() -> Value {
    json!({ "code": "BadSignature" })
}
