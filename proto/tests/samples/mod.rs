//! Three members, their keys, cards, agreement and entries, from which good bytes are made and bad ones
//! derived. Everything follows from small numbers: nothing is random.
#![allow(dead_code, reason = "each test binary uses its own part")]

use xietong_proto::card::{Card, CardFields};
use xietong_proto::crypto::SecretKey;
use xietong_proto::entry::{Authority, Draft, Record, SignedEntry};
use xietong_proto::epochs::Epochs;
use xietong_proto::id::*;
use xietong_proto::manifest::{Level, Manifest, ManifestFields, Member, Scope};
use xietong_proto::opinion::{Opinion, OpinionFields, Stance};
use xietong_proto::stream::{Head, Stream};

/// The members' codes, ascending. A member is named by its index here.
pub const CODES: [&str; 3] = ["210000", "220000", "230000"];
/// 2025-01-01T00:00:00Z.
pub const TIME: Millis = Millis(1_735_689_600_000);

pub fn code(member: usize) -> MemberCode {
    CODES[member].parse().expect("a member code")
}

pub fn seal_seed(member: usize) -> [u8; 32] {
    [0x11 + member as u8; 32]
}

pub fn entry_seed(member: usize) -> [u8; 32] {
    [0x21 + member as u8; 32]
}

pub fn secret(member: usize) -> [u8; 32] {
    [0x41 + member as u8; 32]
}

pub fn seal_key(member: usize) -> SecretKey {
    SecretKey::from_bytes(&seal_seed(member))
}

pub fn entry_key(member: usize) -> SecretKey {
    SecretKey::from_bytes(&entry_seed(member))
}

pub fn card_fields(member: usize) -> CardFields {
    CardFields {
        number: CardNumber(1),
        code: code(member),
        name: ["辽宁", "吉林", "黑龙江"][member].into(),
        uscc: format!("11{}00000000000{member}", &CODES[member][..4]),
        seal_key: seal_key(member).public(),
        entry_key: entry_key(member).public(),
        transport_keys: vec![PeerId(SecretKey::from_bytes(&[0x31 + member as u8; 32]).public().to_bytes())],
        addresses: vec![format!("/ip4/192.0.2.{member}/udp/4001/quic-v1")],
        telephone: "024-00000000".into(),
        issued: TIME,
    }
}

pub fn card(member: usize) -> Card {
    Card::sign(card_fields(member), &seal_key(member)).expect("a lawful card")
}

pub fn manifest_fields() -> ManifestFields {
    let member = |index: usize| Member {
        code: code(index),
        name: card_fields(index).name,
        uscc: card_fields(index).uscc,
        seal_key: seal_key(index).public(),
        card: card(index).id(),
    };
    let scope = |system| Scope { system, profile: 1, rules_version: 1 };
    ManifestFields {
        epoch: Epoch(1),
        predecessor: None,
        title: "东北三省公共机构协同".into(),
        level: Level::Provinces,
        members: (0..3).map(member).collect(),
        scope: [System::ASSETS, System::VEHICLES].map(scope).to_vec(),
        quorum: 2,
        valid_from: TIME,
        valid_until: Millis(TIME.0 + 365 * 86_400_000),
        nonce: [0x51; 16],
        voids: Default::default(),
        reconciles: Default::default(),
        restarts: Default::default(),
        cuts: Default::default(),
    }
}

pub fn manifest() -> Manifest {
    Manifest::new(manifest_fields()).expect("a lawful manifest")
}

/// The agreement before anybody has said anything.
pub fn epochs() -> Epochs {
    Epochs::new(manifest()).expect("a first manifest")
}

pub fn opinion(member: usize, stance: Stance, manifest: &Manifest) -> Opinion {
    let (manifest, member_code, reason) = (manifest.id(), code(member), String::new());
    let fields = OpinionFields { stance, manifest, member: member_code, time: TIME, reason };
    Opinion::sign(&fields, &seal_key(member)).expect("a lawful opinion")
}

pub fn approval(member: usize) -> Opinion {
    opinion(member, Stance::Approves, &manifest())
}

/// What changes the manifest before it.
pub fn successor(before: &Manifest, change: impl FnOnce(&mut ManifestFields)) -> Manifest {
    let mut fields = before.fields.clone();
    (fields.epoch, fields.predecessor) = (before.fields.epoch.next(), Some(before.id()));
    change(&mut fields);
    Manifest::new(fields).expect("a lawful manifest")
}

/// What a member shows all others of its vehicles.
pub fn stream(member: usize) -> Stream {
    Stream::shared(manifest().id().into(), code(member), System::VEHICLES)
}

pub fn authority() -> Authority {
    Authority { epoch: Epoch(1), manifest: manifest().id(), card: CardNumber(1) }
}

/// So many short records, with bodies that anybody could guess.
pub fn records(count: usize) -> Vec<Record> {
    let record = |index: usize| Record {
        kind: RecordKind(0x0311),
        version: 1,
        body: format!("free: {}", index % 2).into_bytes(),
    };
    (0..count).map(record).collect()
}

pub fn draft(member: usize, head: Head, time: Millis, records: &[Record]) -> Draft {
    Draft::new(stream(member), head, authority(), time, &secret(member), records)
}

/// The entry of a member that follows a head in its stream.
pub fn entry_after(member: usize, head: Head, records: &[Record]) -> SignedEntry {
    draft(member, head, TIME, records).sign(&entry_key(member))
}

/// The first entry of a member's stream, with three records.
pub fn entry(member: usize) -> SignedEntry {
    entry_after(member, stream(member).origin(), &records(3))
}

/// The first entries of a member's stream, one after the other.
pub fn chain(member: usize, count: usize) -> Vec<SignedEntry> {
    let mut head = stream(member).origin();
    let next = |index: usize| {
        let entry = entry_after(member, head, &records(index + 1));
        head = entry.head();
        entry
    };
    (0..count).map(next).collect()
}
