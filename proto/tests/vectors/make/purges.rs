//! P50: purges.

use prost::Message;
use serde_json::{Value, json};
use xietong_proto::crypto::Tag;
use xietong_proto::id::*;
use xietong_proto::object;
use xietong_proto::purge::{Keeps, Purge, PurgeFields};
use xietong_proto::receipt::{Holdings, join};
use xietong_proto::stream::Stream;
use xietong_proto::wire::agreement as wire;

use super::papers::canonical_cases;
use super::{bad, bad_field, good, hex, patched};
use crate::samples;

/// Two systems of member 1.
fn until() -> Holdings {
    let head = samples::entry(1).head();
    let assets = Stream { system: System::ASSETS, ..samples::stream(1) };
    let far = Position(head.position.0 + 300);
    [(assets, head), (samples::stream(1), xietong_proto::stream::Head { position: far, ..head })].into()
}

fn purge() -> Purge {
    let vehicles = samples::stream(1);
    let fields = PurgeFields {
        agreement: samples::manifest().id().into(),
        manifest: samples::manifest().id(),
        member: samples::code(0),
        card: CardNumber(1),
        author: samples::code(1),
        until: until(),
        kept: [((vehicles, Position(2)), Keeps::Request), ((vehicles, Position(300)), Keeps::Handover)]
            .into(),
        time: samples::TIME,
    };
    Purge::sign(fields, &samples::entry_key(0)).expect("a lawful purge")
}

fn body() -> wire::Purge {
    let signed = wire::Signed::decode(purge().bytes()).expect("a signed purge");
    wire::Purge::decode(&signed.body[..]).expect("a purge")
}

fn signed(tag: Tag, body: Vec<u8>) -> Value {
    let bytes = object::sign(tag, &samples::entry_key(0), body);
    json!({ "bytes": hex(bytes), "key_seed": hex(samples::entry_seed(0)) })
}

fn changed(change: impl Fn(&mut wire::Purge)) -> Value {
    let mut purge = body();
    change(&mut purge);
    signed(Tag::Purge, purge.encode_to_vec())
}

fn refused(name: &str, change: impl Fn(&mut wire::Purge), field: &str) -> Value {
    bad("P50", name, "purge", changed(change), bad_field(field))
}

fn of_others(author: usize) -> Vec<u8> {
    join(&[(samples::stream(author), samples::entry(1).head())].into())
}

/// All cases.
pub fn cases() -> Vec<Value> {
    let by_another = json!({ "bytes": hex(purge().bytes()), "key_seed": hex(samples::entry_seed(1)) });
    let (form, unsigned) = (body().encode_to_vec(), json!({ "code": "BadSignature" }));
    let lines = join(&until());
    let kept = body().kept;
    let swapped = [&lines[96..], &lines[..96]].concat();
    let kept_swapped = [&kept[11..], &kept[..11]].concat();
    let pair =
        Stream::pair(samples::stream(1).agreement, samples::code(1), samples::code(0), System::VEHICLES);
    let aside = join(&[(pair, samples::entry(1).head())].into());
    let cases = vec![
        good("P50", "a purge that keeps two entries", "purge", signed(Tag::Purge, form.clone())),
        good("P50", "a purge that keeps nothing", "purge", changed(|p| p.kept.clear())),
        refused("of no agreement", |p| p.agreement.clear(), "purge.agreement"),
        refused("by half a manifest", |p| p.manifest.truncate(16), "purge.manifest"),
        refused("by nobody", |p| p.member.clear(), "purge.member"),
        refused("under no card", |p| p.card = 0, "purge.card"),
        refused("of nobody's streams", |p| p.author.clear(), "purge.author"),
        refused("of one's own streams", |p| p.author = p.member.clone(), "purge.author"),
        refused("of no stream", |p| p.lines.clear(), "purge.lines"),
        refused("streams out of order", |p| p.lines = swapped.clone(), "purge.lines"),
        refused("half a line", |p| p.lines.truncate(95), "purge.lines"),
        refused("a stream of somebody else", |p| p.lines = of_others(2), "purge.lines"),
        refused("a stream for two", |p| p.lines = aside.clone(), "purge.lines"),
        refused("a stream of another agreement", |p| p.agreement = vec![9; 32], "purge.lines"),
        refused("kept out of order", |p| p.kept = kept_swapped.clone(), "purge.kept"),
        refused("kept twice", |p| p.kept = [&kept[..11], &kept[..11]].concat(), "purge.kept"),
        refused("half of what is kept", |p| p.kept.truncate(10), "purge.kept"),
        refused("kept of a third stream", |p| p.kept = patched(&kept, 11, &[0, 2]), "purge.kept"),
        refused("kept behind the end", |p| p.kept = patched(&kept, 11 + 8, &[2, 0]), "purge.kept"),
        refused("kept at position 0", |p| p.kept = patched(&kept, 2, &[0; 8]), "purge.kept"),
        refused("kept for no reason", |p| p.kept = patched(&kept, 10, &[3]), "purge.kept"),
        bad("P50", "by another's key", "purge", by_another, unsigned.clone()),
        bad("P4", "a purge signed as a receipt", "purge", signed(Tag::Receipt, form.clone()), unsigned),
    ];
    [cases, canonical_cases("purge", &form, |body| signed(Tag::Purge, body))].concat()
}
