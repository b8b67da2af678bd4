//! P13, P16, P37 to P39: which manifests are in force, what may be said next, and where streams end.

use prost::Message;
use serde_json::{Value, json};
use xietong_proto::header::Header;
use xietong_proto::id::*;
use xietong_proto::manifest::{Manifest, ManifestFields};
use xietong_proto::opinion::Stance;
use xietong_proto::stream::{Head, Stream};
use xietong_proto::sync::{Frame, Signing};
use xietong_proto::wire::sync as wire;
use xietong_proto::wire::sync::frame::Body;

use super::{bad, bad_field, good, hex, malformed, packed, too_large};
use crate::samples;
use Stance::{Approves, Declines, Withdraws};

/// The agreement, and who has approved it.
pub fn approved(members: &[usize]) -> Value {
    let mut input = json!({ "manifests": [], "opinions": [] });
    put(&mut input, &samples::manifest());
    say(&mut input, members, Approves, &samples::manifest());
    input
}

fn put(input: &mut Value, manifest: &Manifest) {
    input["manifests"].as_array_mut().expect("a list").push(json!(hex(manifest.bytes())));
}

fn say(input: &mut Value, members: &[usize], stance: Stance, manifest: &Manifest) {
    let said = members.iter().map(|member| samples::opinion(*member, stance, manifest));
    let said = said.map(|opinion| json!({ "stance": stance, "bytes": hex(opinion.bytes()) }));
    input["opinions"].as_array_mut().expect("a list").extend(said);
}

/// The agreement in force, with successors and what was said of them.
fn with(said: &[(&Manifest, &[usize], Stance)]) -> Value {
    let mut input = approved(&[0, 1, 2]);
    for (manifest, members, stance) in said {
        if **manifest != samples::manifest()
            && !input["manifests"].to_string().contains(&hex(manifest.bytes()))
        {
            put(&mut input, manifest);
        }
        say(&mut input, members, *stance, manifest);
    }
    input
}

fn after(change: impl FnOnce(&mut ManifestFields)) -> Manifest {
    samples::successor(&samples::manifest(), change)
}

fn titled(title: &str) -> Manifest {
    after(|fields| fields.title = title.into())
}

fn without_last(voids: &[&Manifest]) -> Manifest {
    after(|fields| {
        fields.members.pop();
        fields.voids = voids.iter().map(|manifest| manifest.id()).collect();
    })
}

pub fn cases() -> Vec<Value> {
    [standing_cases(), successor_cases(), may_cases(), stream_cases()].concat()
}

fn standing_cases() -> Vec<Value> {
    let first = samples::manifest();
    let (a, b) = (titled("a"), titled("b"));
    let wider = after(|fields| {
        fields.scope.push(xietong_proto::manifest::Scope {
            system: System::ENERGY,
            profile: 1,
            rules_version: 1,
        })
    });
    let (leaves, removal) = (without_last(&[]), without_last(&[&a]));
    let mut cited = with(&[(&a, &[0, 1], Approves), (&b, &[1, 2], Approves)]);
    cited["cited"] =
        [0, 1].map(|member| json!({ "manifest": a.id(), "member": samples::code(member) })).to_vec().into();
    let (lower, higher) = if a.id() < b.id() { (&a, &b) } else { (&b, &a) };
    let third = samples::successor(lower, |fields| fields.reconciles = [higher.id()].into());
    let good = |rule: &str, name: &str, input: Value| good(rule, name, "standing", input);
    let unlawful = bad(
        "P13",
        "another manifest was approved",
        "standing",
        json!({ "manifests": [hex(a.bytes())], "opinions": approved(&[0])["opinions"] }),
        bad_field("manifest.predecessor"),
    );
    vec![
        unlawful,
        good("P13", "approved by all, in any order", approved(&[2, 0, 1])),
        good("P13", "approved by all, by one of them twice", approved(&[2, 0, 1, 0])),
        good("P13", "approved by nobody", approved(&[])),
        good("P13", "approved by as many as the quorum names", approved(&[0, 1])),
        good("P37", "a successor that the quorum has approved", with(&[(&a, &[0, 1], Approves)])),
        good("P37", "one that one member has approved", with(&[(&a, &[0], Approves)])),
        good("P37", "a wider scope, approved by the quorum", with(&[(&wider, &[0, 1], Approves)])),
        good("P37", "a wider scope, approved by all", with(&[(&wider, &[0, 1, 2], Approves)])),
        good("P37", "a removal that the others have approved", with(&[(&leaves, &[0, 1], Approves)])),
        good(
            "P37",
            "a removal that sets another successor aside",
            with(&[(&a, &[0, 2], Approves), (&removal, &[0, 1], Approves)]),
        ),
        good("P37", "a withdrawal among three changes nothing", with(&[(&first, &[2], Withdraws)])),
        good(
            "P37",
            "two successors, one member for both",
            with(&[(&a, &[0, 1], Approves), (&b, &[1, 2], Approves)]),
        ),
        good("P37", "two successors, of which more than half have cited one", cited),
        good(
            "P37",
            "two successors and one that reconciles them",
            with(&[(lower, &[0, 1], Approves), (higher, &[1, 2], Approves), (&third, &[0, 2], Approves)]),
        ),
    ]
}

fn successor_cases() -> Vec<Value> {
    let input = |next: &Manifest| {
        let mut input = approved(&[0, 1, 2]);
        input["next"] = json!(hex(next.bytes()));
        input
    };
    let cut = |generation: u32| {
        let stream = Stream { generation: Generation(generation), ..samples::stream(2) };
        (stream, Head { position: Position(3), id: EntryId([1; 32]) })
    };
    let refused = |what: &str, field: &str, next: Manifest| {
        bad("P37", what, "follows_manifest", input(&next), bad_field(field))
    };
    let unknown = after(|fields| fields.predecessor = Some(ManifestId([1; 32])));
    vec![
        good("P37", "another title", "follows_manifest", input(&titled("a"))),
        good(
            "P38",
            "a member leaves, cut at its third entry",
            "follows_manifest",
            input(&after(|fields| {
                fields.members.pop();
                fields.cuts = [cut(1)].into();
            })),
        ),
        good(
            "P38",
            "a member begins again",
            "follows_manifest",
            input(&after(|fields| fields.restarts = [samples::code(2)].into())),
        ),
        bad(
            "P37",
            "after one that is not known",
            "follows_manifest",
            input(&unknown),
            json!({ "code": "UnknownEpoch", "epoch": 1 }),
        ),
        refused("an epoch left out", "manifest.epoch", after(|fields| fields.epoch = Epoch(3))),
        refused(
            "nobody leaves, and another is set aside",
            "manifest.voids",
            after(|fields| fields.voids = [ManifestId([1; 32])].into()),
        ),
        refused(
            "it reconciles its predecessor with itself",
            "manifest.reconciles",
            after(|fields| fields.reconciles = [samples::manifest().id()].into()),
        ),
        bad(
            "P38",
            "a stranger begins again",
            "follows_manifest",
            input(&after(|fields| fields.restarts = ["XPCC".parse().expect("a code")].into())),
            bad_field("manifest.restarts"),
        ),
        bad(
            "P38",
            "a cut of who goes on",
            "follows_manifest",
            input(&after(|fields| fields.cuts = [cut(1)].into())),
            bad_field("manifest.cuts"),
        ),
        bad(
            "P38",
            "a cut of a generation that has not begun",
            "follows_manifest",
            input(&after(|fields| {
                fields.members.pop();
                fields.cuts = [cut(2)].into();
            })),
            bad_field("manifest.cuts"),
        ),
    ]
}

fn may_cases() -> Vec<Value> {
    let (a, b, first) = (titled("a"), titled("b"), samples::manifest());
    let ask = |mut input: Value, member: &str, stance: Stance, manifest: &Manifest| {
        (input["member"], input["stance"], input["manifest"]) =
            (json!(member), json!(stance), json!(manifest.id()));
        input
    };
    let said = || with(&[(&a, &[0], Approves), (&b, &[], Approves)]);
    let bound = json!({ "code": "Bound", "to": a.id() });
    let good = |name: &str, input: Value| good("P37", name, "may", input);
    let bad = |name: &str, input: Value, bar: Value| bad("P37", name, "may", input, bar);
    let dead = with(&[(&a, &[0], Approves), (&b, &[], Approves), (&a, &[1, 2], Declines)]);
    vec![
        good("approve the only successor", ask(said(), "220000", Approves, &a)),
        good("reject it", ask(said(), "220000", Declines, &a)),
        good("approve another once the first cannot come into force", ask(dead, "210000", Approves, &b)),
        good("wish to leave", ask(said(), "220000", Withdraws, &first)),
        bad("approve two", ask(said(), "210000", Approves, &b), bound.clone()),
        bad(
            "leave while a successor waits that one has approved",
            ask(said(), "210000", Withdraws, &first),
            bound,
        ),
        bad("reject what one has approved", ask(said(), "210000", Declines, &a), json!({ "code": "Spoken" })),
        bad("a stranger approves", ask(said(), "XPCC", Approves, &a), json!({ "code": "NotAsked" })),
        bad(
            "approve what is not known",
            ask(said(), "210000", Approves, &titled("c")),
            json!({ "code": "NotOpen" }),
        ),
        bad(
            "approve after the wish to leave",
            ask(with(&[(&first, &[1], Withdraws), (&a, &[0], Approves)]), "220000", Approves, &a),
            json!({ "code": "Leaving" }),
        ),
    ]
}

/// Entries of the third member, whose streams ended at the second entry and began again.
fn stream_cases() -> Vec<Value> {
    let chain = samples::chain(2, 3);
    let end = chain[1].head();
    let restart = after(|fields| {
        (fields.restarts, fields.cuts) = ([samples::code(2)].into(), [(samples::stream(2), end)].into());
    });
    let stands = |header: &Header, before: Option<&Header>| {
        let mut input = with(&[(&restart, &[0, 1], Approves)]);
        input["header"] = json!(hex(header.encode()));
        input["cards"] = json!({ samples::card(2).id().to_string(): 1 });
        if let Some(before) = before {
            input["before"] = json!(hex(before.encode()));
        }
        input
    };
    let again = |epoch: u32, manifest: ManifestId| {
        let stream = Stream { generation: Generation(2), ..samples::stream(2) };
        let previous = stream.origin().id;
        Header {
            stream,
            epoch: Epoch(epoch),
            manifest,
            previous,
            position: Position(1),
            ..*chain[0].header()
        }
    };
    let in_energy = Stream { system: System::ASSETS, ..samples::stream(2) };
    let unnamed = Header { stream: in_energy, previous: in_energy.origin().id, ..*chain[0].header() };
    let new = |at: usize| {
        let epoch = (Epoch(2), restart.id());
        Header {
            stream: samples::stream(0),
            epoch: epoch.0,
            manifest: epoch.1,
            ..*samples::chain(0, 3)[at].header()
        }
    };
    let old = *samples::chain(0, 3)[2].header();
    let mut second = *chain[1].header();
    second.time = Millis(1);
    let cut = |at: u64| json!({ "code": "Cut", "at": at });
    vec![
        good("P38", "an entry before the cut", "stands", stands(chain[0].header(), None)),
        good("P38", "the entry at the cut", "stands", stands(chain[1].header(), None)),
        good(
            "P38",
            "the first entry of the next generation",
            "stands",
            stands(&again(2, restart.id()), None),
        ),
        bad("P38", "an entry behind the cut", "stands", stands(chain[2].header(), None), cut(2)),
        bad("P38", "another entry at the cut", "stands", stands(&second, None), cut(2)),
        bad("P38", "an entry of a stream that no cut names", "stands", stands(&unnamed, None), cut(0)),
        bad(
            "P38",
            "the next generation under an epoch before the cut",
            "stands",
            stands(&again(1, samples::manifest().id()), None),
            json!({ "code": "UnknownEpoch", "epoch": 1 }),
        ),
        good(
            "P16",
            "a newer epoch than the entry before",
            "stands",
            stands(&new(1), Some(samples::chain(0, 3)[0].header())),
        ),
        bad(
            "P16",
            "an older epoch than the entry before",
            "stands",
            stands(&old, Some(&new(1))),
            json!({ "code": "OlderEpoch", "epoch": 1, "before": 2 }),
        ),
    ]
}

pub fn frame_cases() -> Vec<Value> {
    let input = |bytes: Vec<u8>| json!({ "bytes": packed(bytes) });
    let opinions = [0, 1].map(|member| (Approves, samples::approval(member).bytes().to_vec())).to_vec();
    let whole = Frame::Signing(Signing { manifest: samples::manifest().bytes().to_vec(), opinions });
    let framed =
        |signing: wire::Signing| input(wire::Frame { body: Some(Body::Signing(signing)) }.encode_to_vec());
    let stated = |stance: u32, opinion: Vec<u8>| wire::Stated { stance, opinion };
    let with = |opinions: Vec<wire::Stated>| framed(wire::Signing { manifest: vec![1], opinions });
    vec![
        good("P39", "a manifest with two approvals", "frame", input(whole.encode())),
        good("P39", "a manifest without opinions", "frame", with(Vec::new())),
        bad("P39", "an opinion of no kind", "frame", with(vec![stated(0, vec![1])]), malformed()),
        bad("P39", "an opinion of a later kind", "frame", with(vec![stated(4, vec![1])]), malformed()),
        bad(
            "P3",
            "more than 100 opinions",
            "frame",
            with(vec![stated(1, vec![1]); 101]),
            too_large(101, 100),
        ),
        bad(
            "P3",
            "an opinion larger than any",
            "frame",
            with(vec![stated(1, vec![0; 1_153])]),
            too_large(1_153, 1_152),
        ),
        bad(
            "P3",
            "a manifest in a frame, larger than any",
            "frame",
            framed(wire::Signing { manifest: vec![0; 262_145], opinions: Vec::new() }),
            too_large(262_145, 262_144),
        ),
    ]
}
