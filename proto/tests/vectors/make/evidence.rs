//! P46: evidence, and each way in which it can be false.

use prost::Message;
use serde_json::{Value, json};
use xietong_proto::card::{Card, CardFields};
use xietong_proto::entry::{Authority, Draft, SignedEntry};
use xietong_proto::id::*;
use xietong_proto::manifest::Manifest;
use xietong_proto::opinion::Stance;
use xietong_proto::receipt::{Holdings, Receipt, ReceiptFields, join, root};
use xietong_proto::stream::Stream;
use xietong_proto::wire::evidence::Evidence;

use super::papers::canonical_cases;
use super::{bad, bad_field, good, packed};
use crate::samples;

type Change = fn(&mut Evidence);

fn head(entry: &SignedEntry) -> Vec<u8> {
    entry.bytes()[..250].to_vec()
}

fn header(entry: &SignedEntry) -> Vec<u8> {
    entry.header().encode().to_vec()
}

/// What a member signs that holds member 0's stream up to an entry, and its own line of somebody else.
fn receipt(member: usize, held: &SignedEntry, change: impl Fn(&mut ReceiptFields)) -> (Vec<u8>, Vec<u8>) {
    let other = samples::entry(3 - member);
    let holdings: Holdings =
        [(samples::stream(0), held.head()), (samples::stream(3 - member), other.head())].into();
    let mut fields = ReceiptFields {
        agreement: samples::manifest().id().into(),
        manifest: samples::manifest().id(),
        member: samples::code(member),
        card: CardNumber(1),
        number: 4,
        root: root(&holdings),
        time: Millis(samples::TIME.0 + 5_000),
    };
    change(&mut fields);
    (Receipt::sign(&fields, &samples::entry_key(member)).bytes().to_vec(), join(&holdings))
}

fn papers() -> Evidence {
    Evidence {
        version: 1,
        manifests: vec![samples::manifest().bytes().to_vec()],
        approvals: (0..3).map(|member| samples::approval(member).bytes().to_vec()).collect(),
        cards: (0..3).map(|member| samples::card(member).bytes().to_vec()).collect(),
        ..Evidence::default()
    }
}

/// The second of three records of the second entry; one member signed for that entry, one for the fourth.
fn evidence() -> Evidence {
    let chain = chain();
    let (at, far) = (receipt(1, &chain[1], |_| {}), receipt(2, &chain[3], |_| {}));
    of_record(&chain[1], 1, chain[2..].iter().flat_map(header).collect(), [at, far].into())
}

fn chain() -> Vec<SignedEntry> {
    let first = samples::entry(0);
    let second = samples::entry_after(0, first.head(), &samples::records(3));
    let third = samples::entry_after(0, second.head(), &samples::records(1));
    let fourth = samples::entry_after(0, third.head(), &samples::records(2));
    vec![first, second, third, fourth]
}

fn of_record(entry: &SignedEntry, index: u32, links: Vec<u8>, receipts: Vec<(Vec<u8>, Vec<u8>)>) -> Evidence {
    let proof = entry.proof(index as usize).expect("a record there");
    let (receipts, holdings) = receipts.into_iter().unzip();
    Evidence {
        heads: vec![head(entry)],
        index,
        salt: proof.salt.to_vec(),
        record: proof.record,
        path: proof.path.iter().map(|sibling| sibling.to_vec()).collect(),
        links,
        receipts,
        holdings,
        ..papers()
    }
}

/// Two entries for position 2; one member signed for each.
fn fork() -> Evidence {
    let (one, other) = (chain().remove(1), samples::entry_after(0, chain()[0].head(), &samples::records(2)));
    let (receipts, holdings) = [receipt(1, &one, |_| {}), receipt(2, &other, |_| {})].into_iter().unzip();
    Evidence { heads: vec![head(&one), head(&other)], receipts, holdings, ..papers() }
}

/// A row of a register: its author's card alone vouches.
fn at_home() -> Evidence {
    let stream = Stream::local(samples::code(0), System::VEHICLES);
    let under = Authority { epoch: Epoch(0), manifest: ManifestId::ZERO, card: CardNumber(1) };
    let records = samples::records(1);
    let draft = Draft::new(stream, stream.origin(), under, samples::TIME, &samples::secret(0), &records);
    let entry = draft.sign(&samples::entry_key(0));
    let cards = vec![samples::card(0).bytes().to_vec()];
    let of_record = of_record(&entry, 0, Vec::new(), Vec::new());
    Evidence { manifests: Vec::new(), approvals: Vec::new(), cards, ..of_record }
}

fn input(evidence: &Evidence) -> Value {
    json!({ "bytes": packed(evidence.encode_to_vec()) })
}

fn changed(evidence: Evidence, change: Change) -> Value {
    let mut evidence = evidence;
    change(&mut evidence);
    input(&evidence)
}

/// A card of member 0 that says something else.
fn other_card(change: impl Fn(&mut CardFields), seal: usize) -> Vec<u8> {
    let mut fields = samples::card_fields(0);
    change(&mut fields);
    Card::sign(fields, &samples::seal_key(seal)).expect("a lawful card").bytes().to_vec()
}

fn of_another_agreement() -> Evidence {
    let mut fields = samples::manifest_fields();
    fields.nonce = [0x52; 16];
    let manifest = Manifest::new(fields).expect("a lawful manifest");
    let approve = |member| samples::opinion(member, Stance::Approves, &manifest);
    let approvals = (0..3).map(|member| approve(member).bytes().to_vec()).collect();
    Evidence { manifests: vec![manifest.bytes().to_vec()], approvals, ..evidence() }
}

/// Every case.
pub fn cases() -> Vec<Value> {
    let accepted = [
        ("a record that two members hold", evidence()),
        ("a record that nobody has signed for", of_record(&chain()[0], 2, Vec::new(), Vec::new())),
        ("the only record of an entry", of_record(&chain()[2], 0, Vec::new(), Vec::new())),
        ("a fork, and who signed for which branch", fork()),
        ("a row of a register, under its author's card", at_home()),
        ("a later card beside those shown", Evidence { cards: with_later_card(), ..evidence() }),
    ];
    let accepted = accepted.map(|(name, of)| good("P46", name, "evidence", input(&of)));
    let form =
        canonical_cases("evidence", &evidence().encode_to_vec(), |bytes| json!({ "bytes": packed(bytes) }));
    [accepted.to_vec(), form, papers_cases(), said_cases(), held_cases()].concat()
}

fn with_later_card() -> Vec<Vec<u8>> {
    let mut cards = papers().cards;
    cards.push(other_card(|fields| fields.number = CardNumber(2), 0));
    cards
}

fn refused(name: &str, of: Evidence, change: Change, reject: Value) -> Value {
    bad("P46", name, "evidence", changed(of, change), reject)
}

fn code(code: &str) -> Value {
    json!({ "code": code })
}

fn papers_cases() -> Vec<Value> {
    let unknown = |author: &str, card| json!({ "code": "UnknownCard", "author": author, "card": card });
    let stranger = other_card(|fields| fields.code = "310000".parse().expect("a code"), 0);
    let other_seal = other_card(
        |fields| {
            fields.number = CardNumber(2);
            fields.seal_key = samples::seal_key(1).public();
        },
        1,
    );
    let with = |card: Vec<u8>| Evidence { cards: [papers().cards, vec![card]].concat(), ..evidence() };
    vec![
        refused("under no manifest", evidence(), |of| of.manifests.clear(), bad_field("evidence.approvals")),
        refused(
            "under no manifest and no approvals",
            evidence(),
            |of| {
                of.manifests.clear();
                of.approvals.clear();
            },
            json!({ "code": "UnknownEpoch", "epoch": 1 }),
        ),
        refused(
            "a manifest twice",
            evidence(),
            |of| of.manifests.push(of.manifests[0].clone()),
            bad_field("evidence.manifests"),
        ),
        refused("of another agreement", of_another_agreement(), |_| {}, code("WrongAgreement")),
        refused(
            "an approval is missing",
            evidence(),
            |of| drop(of.approvals.pop()),
            json!({ "code": "UnknownEpoch", "epoch": 1 }),
        ),
        refused(
            "an approval that its member has not signed",
            evidence(),
            |of| *last(&mut of.approvals[0]) ^= 1,
            code("BadSignature"),
        ),
        refused(
            "the card of a receipt's signer is missing",
            evidence(),
            |of| drop(of.cards.remove(1)),
            unknown("220000", 1),
        ),
        refused("the author's card is missing", at_home(), |of| of.cards.clear(), unknown("210000", 1)),
        bad("P46", "a card of a stranger", "evidence", input(&with(stranger)), not_a_member("310000")),
        bad(
            "P46",
            "a later card under another seal",
            "evidence",
            input(&with(other_seal)),
            bad_field("evidence.cards"),
        ),
        refused(
            "a row of a register under an agreement",
            Evidence {
                manifests: papers().manifests,
                approvals: papers().approvals,
                cards: papers().cards,
                ..at_home()
            },
            |_| {},
            bad_field("evidence.manifests"),
        ),
    ]
}

fn not_a_member(author: &str) -> Value {
    json!({ "code": "NotAMember", "author": author })
}

fn said_cases() -> Vec<Value> {
    vec![
        refused("nothing is proven", evidence(), |of| of.heads.clear(), bad_field("evidence.heads")),
        refused("three heads", fork(), |of| of.heads.push(of.heads[0].clone()), bad_field("evidence.heads")),
        refused("half a head", evidence(), |of| of.heads[0].truncate(186), code("Malformed")),
        refused(
            "another time than the author's",
            evidence(),
            |of| of.heads[0][145] ^= 1,
            code("BadSignature"),
        ),
        refused("another signature", evidence(), |of| of.heads[0][200] ^= 1, code("BadSignature")),
        refused("by another author", evidence(), |of| of.heads[0][45] = b'2', code("BadSignature")),
        refused(
            "by nobody's card",
            evidence(),
            |of| of.heads[0][97] = 9,
            json!({ "code": "UnknownCard", "author": "210000", "card": 9 }),
        ),
        refused("of a stranger", evidence(), |of| of.heads[0][45] = b'9', not_a_member("290000")),
        refused(
            "in another system",
            evidence(),
            |of| of.heads[0][53] = 4,
            json!({ "code": "OutOfScope", "system": 4 }),
        ),
        refused(
            "under a later epoch",
            evidence(),
            |of| of.heads[0][61] = 2,
            json!({ "code": "UnknownEpoch", "epoch": 2 }),
        ),
        refused("another record", evidence(), |of| *last(&mut of.record) ^= 1, code("BadRoot")),
        refused("another kind of record", evidence(), |of| of.record[1] ^= 1, code("BadRoot")),
        refused("at its neighbour's place", evidence(), |of| of.index = 2, code("BadRoot")),
        refused("another salt", evidence(), |of| of.salt[0] ^= 1, code("BadRoot")),
        refused("a salt too short", evidence(), |of| of.salt.truncate(15), bad_field("evidence.salt")),
        refused("a path too short", evidence(), |of| drop(of.path.pop()), code("BadRoot")),
        refused("another path", evidence(), |of| of.path[0][0] ^= 1, code("BadRoot")),
        refused("half a sibling", evidence(), |of| of.path[0].truncate(16), bad_field("evidence.path")),
        refused("a fork of one entry", fork(), |of| of.heads[1] = of.heads[0].clone(), bad_field("fork.id")),
        refused("a fork with a record", fork(), |of| of.record = vec![1], bad_field("evidence.record")),
        refused(
            "a fork that the author did not sign",
            fork(),
            |of| of.heads[1][140] ^= 1,
            code("BadSignature"),
        ),
    ]
}

fn last(bytes: &mut [u8]) -> &mut u8 {
    bytes.last_mut().expect("a record has bytes")
}

fn held_cases() -> Vec<Value> {
    let [_, second, _, _]: [SignedEntry; 4] = chain().try_into().expect("four entries");
    let with = |one: (Vec<u8>, Vec<u8>)| of_record(&second, 1, Vec::new(), vec![one]);
    let other = samples::entry_after(0, chain()[0].head(), &samples::records(1));
    vec![
        refused(
            "a link is left out",
            evidence(),
            |of| drop(of.links.drain(..186)),
            bad_field("evidence.links"),
        ),
        refused("half a link", evidence(), |of| of.links.truncate(371), bad_field("evidence.links")),
        refused("a link to another entry", evidence(), |of| of.links[140] ^= 1, bad_field("evidence.links")),
        refused(
            "links that nobody signed for",
            evidence(),
            |of| {
                of.receipts.pop();
                of.holdings.pop();
            },
            bad_field("evidence.links"),
        ),
        refused("a fork with links", fork(), |of| of.links = evidence().links, bad_field("evidence.links")),
        refused(
            "a receipt without holdings",
            evidence(),
            |of| drop(of.holdings.pop()),
            bad_field("evidence.holdings"),
        ),
        refused(
            "receipts out of order",
            evidence(),
            |of| {
                of.receipts.swap(0, 1);
                of.holdings.swap(0, 1);
            },
            bad_field("evidence.receipts"),
        ),
        refused(
            "a receipt for less",
            evidence(),
            |of| drop(of.links.drain(186..)),
            bad_field("evidence.receipts"),
        ),
        refused(
            "other holdings than signed",
            evidence(),
            |of| *last(&mut of.holdings[0]) ^= 1,
            bad_field("receipt.root"),
        ),
        refused("half a line of holdings", evidence(), |of| of.holdings[0].truncate(191), code("Malformed")),
        bad(
            "P46",
            "a receipt for another entry",
            "evidence",
            input(&with(receipt(1, &other, |_| {}))),
            bad_field("evidence.receipts"),
        ),
        bad(
            "P46",
            "a receipt of another agreement",
            "evidence",
            input(&with(receipt(1, &second, |of| of.agreement = AgreementId([9; 32])))),
            code("WrongAgreement"),
        ),
        bad(
            "P46",
            "a receipt under a card that is not here",
            "evidence",
            input(&with(receipt(1, &second, |of| of.card = CardNumber(2)))),
            json!({ "code": "UnknownCard", "author": "220000", "card": 2 }),
        ),
        bad(
            "P46",
            "a receipt under another's name",
            "evidence",
            input(&with(receipt(1, &second, |of| of.member = samples::code(2)))),
            code("BadSignature"),
        ),
        bad(
            "P46",
            "the author's own receipt",
            "evidence",
            input(&with(own_receipt(&second))),
            code("WrongAudience"),
        ),
        refused(
            "a row of a register that another signed for",
            at_home(),
            |of| {
                of.receipts = evidence().receipts;
                of.holdings = evidence().holdings;
            },
            json!({ "code": "UnknownCard", "author": "220000", "card": 1 }),
        ),
    ]
}

fn own_receipt(held: &SignedEntry) -> (Vec<u8>, Vec<u8>) {
    let holdings: Holdings = [(samples::stream(0), held.head())].into();
    let fields = ReceiptFields {
        agreement: samples::manifest().id().into(),
        manifest: samples::manifest().id(),
        member: samples::code(0),
        card: CardNumber(1),
        number: 1,
        root: root(&holdings),
        time: samples::TIME,
    };
    (Receipt::sign(&fields, &samples::entry_key(0)).bytes().to_vec(), join(&holdings))
}
