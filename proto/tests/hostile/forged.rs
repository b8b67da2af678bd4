//! Forged signatures, keys, proofs and chains.

use xietong_proto::chain::follow;
use xietong_proto::crypto::{PublicKey, SecretKey, Tag, hash};
use xietong_proto::entry::{Entry, LeafProof, Record, SignedEntry};
use xietong_proto::header::{HEADER_BYTES, Header};
use xietong_proto::id::*;
use xietong_proto::reject::Reject;
use xietong_proto::stream::Head;

use crate::{Random, samples};

const TAGS: [Tag; 9] = [
    Tag::Entry,
    Tag::Stream,
    Tag::Leaf,
    Tag::Seed,
    Tag::Manifest,
    Tag::Card,
    Tag::Approve,
    Tag::Heads,
    Tag::Fingerprint,
];

/// The order of the group of points that keys come from, least byte first.
const ORDER: &str = "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010";

/// The eight points of small order, and their second encodings.
fn small_points() -> Vec<[u8; 32]> {
    let of_eight = [
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    ];
    let of_eight = of_eight.map(|text| hex::decode(text).expect("hex").try_into().expect("32 bytes"));
    let spread = |first: u8, middle: u8, last: u8| {
        let mut point = [middle; 32];
        (point[0], point[31]) = (first, last);
        point
    };
    let others = [
        spread(0, 0, 0),
        spread(1, 0, 0),
        spread(0xec, 0xff, 0x7f),
        spread(0xed, 0xff, 0x7f),
        spread(0xee, 0xff, 0x7f),
    ];
    let both_signs = |point: [u8; 32]| {
        let mut other = point;
        other[31] ^= 0x80;
        [point, other]
    };
    of_eight.into_iter().chain(others).flat_map(both_signs).collect()
}

#[test]
fn no_point_of_small_order_is_a_key() {
    assert!(small_points().iter().all(|point| PublicKey::from_bytes(point).is_err()));
}

#[test]
fn no_signature_made_of_small_points_and_plain_numbers_holds() {
    let key = samples::entry_key(0).public();
    let order: [u8; 32] = hex::decode(ORDER).expect("hex").try_into().expect("32 bytes");
    let one = std::array::from_fn(|at| u8::from(at == 0));
    for r in small_points().into_iter().chain([key.to_bytes()]) {
        for s in [[0; 32], one, order, [0xff; 32]] {
            let signature = [r, s].concat().try_into().expect("64 bytes");
            for body in [&b""[..], b"any", &[0; 64]] {
                assert!(!key.verifies(Tag::Entry, body, &signature));
            }
        }
    }
}

#[test]
fn a_signature_with_the_group_order_added_is_refused() {
    let key = samples::entry_key(0);
    let order = hex::decode(ORDER).expect("hex");
    for body in 0..32u8 {
        let mut signature = key.sign(Tag::Entry, &[body]);
        assert!(key.public().verifies(Tag::Entry, &[body], &signature));
        let mut carry = 0;
        for (byte, add) in signature[32..].iter_mut().zip(&order) {
            let sum = u16::from(*byte) + u16::from(*add) + carry;
            (*byte, carry) = (sum as u8, sum >> 8);
        }
        assert!(!key.public().verifies(Tag::Entry, &[body], &signature));
    }
}

#[test]
fn a_signature_of_one_tag_holds_for_no_other() {
    let key = samples::entry_key(0);
    for made in TAGS {
        let signature = key.sign(made, b"body");
        for asked in TAGS {
            assert_eq!(key.public().verifies(asked, b"body", &signature), made == asked);
        }
    }
}

#[test]
fn no_tag_begins_another() {
    for (tag, other) in TAGS.iter().flat_map(|tag| TAGS.map(|other| (*tag, other))) {
        assert_eq!(other.bytes().starts_with(tag.bytes()), tag == other);
    }
}

#[test]
fn an_entry_signed_under_another_tag_or_key_is_refused() {
    let entry = samples::entry(0);
    let seal = |key: &SecretKey, tag| {
        let mut bytes = entry.bytes().to_vec();
        let signature = key.sign(tag, &bytes[..HEADER_BYTES]);
        bytes[HEADER_BYTES..HEADER_BYTES + 64].copy_from_slice(&signature);
        Entry::decode(&bytes)?.open(&samples::entry_key(0).public())
    };
    assert!(seal(&samples::entry_key(0), Tag::Entry).is_ok());
    for tag in TAGS.into_iter().filter(|tag| *tag != Tag::Entry) {
        assert_eq!(seal(&samples::entry_key(0), tag).err(), Some(Reject::BadSignature));
    }
    assert_eq!(seal(&samples::entry_key(1), Tag::Entry).err(), Some(Reject::BadSignature));
    assert_eq!(seal(&samples::seal_key(0), Tag::Entry).err(), Some(Reject::BadSignature));
}

fn of_records(count: usize) -> SignedEntry {
    samples::entry_after(0, samples::stream(0).origin(), &samples::records(count))
}

#[test]
fn a_proof_holds_in_its_place_and_nowhere_else() {
    for count in 1..=9 {
        let entry = of_records(count);
        for index in 0..count {
            let proof = entry.proof(index).expect("a record there");
            for claimed in 0..12 {
                assert_eq!(proof.holds(entry.header(), claimed), claimed as usize == index);
            }
            assert!(!proof.holds(of_records(count + 1).header(), index as u32));
        }
        assert_eq!(entry.proof(count), None);
    }
}

#[test]
fn a_changed_proof_does_not_hold() {
    let entry = of_records(6);
    let mut random = Random::new(6);
    for index in 0..6u32 {
        let proof = entry.proof(index as usize).expect("a record there");
        for _ in 0..100 {
            let mut changed = proof.clone();
            let bit = 1 << random.below(8);
            match random.below(3) {
                0 => changed.salt[random.below(16)] ^= bit,
                1 => {
                    let at = random.below(changed.record.len());
                    changed.record[at] ^= bit;
                }
                _ => {
                    let step = random.below(changed.path.len());
                    changed.path[step][random.below(32)] ^= bit;
                }
            }
            assert!(!changed.holds(entry.header(), index));
        }
    }
}

#[test]
fn an_inner_node_does_not_pass_for_a_record() {
    let entry = of_records(4);
    let [first, third] = [0, 2].map(|index| entry.proof(index).expect("a record there"));
    // The left half of the tree: the third record's last sibling. Its two parts, as if salt and record.
    let parts: Vec<u8> = [leaf_of(&first.salt, &first.record), first.path[0]].concat();
    assert_eq!(hash(&[&[1], &parts]), third.path[1]);
    let (salt, record) = parts.split_first_chunk::<16>().expect("64 bytes");
    let forged = LeafProof { salt: *salt, record: record.to_vec(), path: vec![first.path[1]] };
    let half = Header { records: 2, ..*entry.header() };
    assert!(!forged.holds(&half, 0));
}

fn leaf_of(salt: &[u8; 16], record: &[u8]) -> [u8; 32] {
    hash(&[&[0], salt, record])
}

#[test]
fn a_record_that_can_be_guessed_is_not_found_from_its_neighbours_proof() {
    let entry = of_records(2);
    let [shown, hidden] = [0, 1].map(|index| entry.proof(index).expect("a record there"));
    let sibling = shown.path[0];
    let guesses = (0..=99).map(|number| {
        let body = format!("free: {number}").into_bytes();
        [&[3, 0x11, 0, 1][..], &(body.len() as u32).to_be_bytes(), &body].concat()
    });
    let known_salts = [shown.salt, [0; 16]];
    let finds = |salt: &[u8; 16]| guesses.clone().any(|guess| leaf_of(salt, &guess) == sibling);
    assert!(!known_salts.iter().any(finds));
    assert!(!guesses.clone().any(|guess| hash(&[&guess]) == sibling || hash(&[&[0], &guess]) == sibling));
    assert!(finds(&hidden.salt), "the guess is among them: only its salt keeps it hidden");
}

#[test]
fn salts_differ_between_records_positions_streams_and_nodes() {
    let records = samples::records(2);
    let origin = samples::stream(0).origin();
    let second = Head { position: Position(1), ..origin };
    let drafts = [
        samples::draft(0, origin, samples::TIME, &records),
        samples::draft(0, second, samples::TIME, &records),
        samples::draft(1, samples::stream(1).origin(), samples::TIME, &records),
    ];
    let entries = drafts.map(|draft| draft.sign(&samples::entry_key(0)));
    let salts =
        entries.iter().flat_map(|entry| (0..2).map(|index| entry.proof(index).expect("a record").salt));
    let mut salts: Vec<_> = salts.collect();
    salts.sort_unstable();
    salts.dedup();
    assert_eq!(salts.len(), 6);
}

#[test]
fn an_entry_extends_its_head_or_tells_why_not() {
    let chain = samples::chain(0, 5);
    let third = chain[2].head();
    let at = |position: u64, previous: EntryId| {
        let head = Head { position: Position(position - 1), id: previous };
        samples::entry_after(0, head, &samples::records(1))
    };
    let (gap, fork) = (
        |got: u64| Some(Reject::Gap { have: Position(3), got: Position(got) }),
        |at: u64| Some(Reject::Fork { at: Position(at) }),
    );
    let wrong = EntryId([9; 32]);
    let cases = [
        ("the next one", chain[3].clone(), None),
        ("another next one", at(4, third.id), None),
        ("the next one after something else", at(4, wrong), fork(3)),
        ("the next one after the entry before the head", at(4, chain[1].id()), fork(3)),
        ("one is missing", chain[4].clone(), gap(5)),
        ("one is missing, after something else", at(5, wrong), gap(5)),
        ("far ahead", at(1 << 50, wrong), gap(1 << 50)),
        ("another one at the head", at(3, chain[1].id()), fork(3)),
        ("another one behind the head", at(2, chain[0].id()), fork(2)),
        (
            "another first one",
            samples::entry_after(0, samples::stream(0).origin(), &samples::records(9)),
            fork(1),
        ),
    ];
    for (what, entry, reject) in cases {
        assert_eq!(follow(&third, entry).err(), reject, "{what}");
    }
}

#[test]
#[should_panic(expected = "whoever writes an entry has measured its records")]
fn an_entry_that_all_others_would_refuse_is_not_drafted() {
    let record = Record { kind: RecordKind(0x0311), version: 1, body: vec![0; 65_537] };
    samples::entry_after(0, samples::stream(0).origin(), &[record]);
}
