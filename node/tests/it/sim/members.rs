//! The members of the world: their keys and cards, and the agreements among them.

use std::sync::Arc;

use xietong::replica::agreement::Agreement;
use xietong::replica::{EntryKey, Me};
use xietong_proto::card::{Card, CardFields};
use xietong_proto::crypto::SecretKey;
use xietong_proto::epochs::Epochs;
use xietong_proto::id::*;
use xietong_proto::manifest::{Level, Manifest, ManifestFields, Member, Scope};
use xietong_proto::opinion::{Opinion, OpinionFields, Stance};

/// The keys of one member of the world.
pub struct Keys {
    card: Card,
    seal: [u8; 32],
    entry: [u8; 32],
    /// The secret half of the transport key.
    pub transport: [u8; 32],
    /// That of the one that will take its place.
    next: [u8; 32],
    peer: PeerId,
    secret: [u8; 32],
}

impl Keys {
    pub fn new(place: usize) -> Self {
        let of = |kind: u8| xietong_proto::crypto::hash(&[b"sim", &[kind], &place.to_be_bytes()]);
        let (seal, entry, transport) = (of(1), of(2), of(3));
        let peer = PeerId(SecretKey::from_bytes(&transport).public().to_bytes());
        let fields = CardFields {
            number: CardNumber(1),
            code: code(place),
            name: format!("省{place}"),
            uscc: "11230000000123457Y".to_owned(),
            seal_key: SecretKey::from_bytes(&seal).public(),
            entry_key: SecretKey::from_bytes(&entry).public(),
            transport_keys: vec![peer],
            addresses: Vec::new(),
            telephone: String::new(),
            issued: Millis(0),
        };
        let card = Card::sign(fields, &SecretKey::from_bytes(&seal)).expect("the fields are in form");
        Self { card, seal, entry, transport, next: transport, peer, secret: of(4) }
    }

    /// The next card, in the two steps in which a node changes its keys: first another entry key, and another transport
    /// key beside the one in use, then that one alone.
    pub fn renew(&mut self) {
        let number = CardNumber(self.card.fields.number.0 + 1);
        let of =
            |kind: u8| xietong_proto::crypto::hash(&[b"sim", &[kind], &number.0.to_be_bytes(), &self.secret]);
        let mut fields = CardFields { number, ..self.card.fields.clone() };
        if let [_, next] = fields.transport_keys[..] {
            (self.transport, self.peer, fields.transport_keys) = (self.next, next, vec![next]);
        } else {
            (self.entry, self.next) = (of(2), of(3));
            fields.entry_key = self.entry().public();
            fields.transport_keys.push(PeerId(SecretKey::from_bytes(&self.next).public().to_bytes()));
        }
        self.card = Card::sign(fields, &self.seal()).expect("the fields are in form");
    }

    /// Whether only the first of the two steps was taken.
    pub fn is_changing(&self) -> bool {
        self.card.fields.transport_keys.len() > 1
    }

    pub fn card(&self) -> &Card {
        &self.card
    }

    pub fn me(&self) -> Me {
        let entry_key = EntryKey(Arc::new(self.entry()));
        Me { card: self.card.clone(), peer: self.peer, entry_key, secret: self.secret, instance: 1 }
    }

    pub fn code(&self) -> MemberCode {
        self.card.fields.code
    }

    pub fn seal(&self) -> SecretKey {
        SecretKey::from_bytes(&self.seal)
    }

    /// What the member says of a manifest.
    pub fn opinion(&self, stance: Stance, manifest: ManifestId) -> Opinion {
        let (member, time, reason) = (self.code(), Millis(0), String::new());
        let fields = OpinionFields { stance, manifest, member, time, reason };
        Opinion::sign(&fields, &self.seal()).expect("the fields are in form")
    }

    pub fn entry(&self) -> SecretKey {
        SecretKey::from_bytes(&self.entry)
    }
}

/// A provincial code (GB/T 2260), or that of a city of the first province.
fn code(place: usize) -> MemberCode {
    let code =
        PROVINCES.get(place).map_or_else(|| format!("23{:04}", 101 + place), |code| (*code).to_owned());
    code.parse().expect("a member code")
}

const PROVINCES: [&str; 20] = [
    "230000", "220000", "210000", "150000", "110000", "120000", "130000", "140000", "310000", "320000",
    "330000", "340000", "350000", "360000", "370000", "410000", "420000", "430000", "440000", "450000",
];

/// One of all these members, that all have approved; so many decide what follows.
pub fn agreement(members: &[Keys], number: u8, quorum: usize) -> Agreement {
    let mut members: Vec<&Keys> = members.iter().collect();
    members.sort_by_key(|keys| keys.card.fields.code);
    let named = |keys: &&Keys| Member {
        code: keys.card.fields.code,
        name: keys.card.fields.name.clone(),
        uscc: keys.card.fields.uscc.clone(),
        seal_key: keys.card.fields.seal_key,
        card: keys.card.id(),
    };
    let manifest = Manifest::new(ManifestFields {
        epoch: Epoch(1),
        predecessor: None,
        title: format!("协议{number}"),
        level: Level::Provinces,
        members: members.iter().map(named).collect(),
        scope: vec![Scope { system: System::VEHICLES, profile: 1, rules_version: 1 }],
        quorum: quorum as u32,
        valid_from: Millis(0),
        valid_until: Millis(u64::MAX),
        nonce: [number; 16],
        voids: Default::default(),
        reconciles: Default::default(),
        restarts: Default::default(),
        cuts: Default::default(),
    })
    .expect("the fields are in form");
    let approvals = members.iter().map(|keys| keys.opinion(Stance::Approves, manifest.id())).collect();
    let cards = members.iter().map(|keys| keys.card.clone()).collect();
    let mut epochs = Epochs::new(manifest).expect("a first manifest");
    epochs.learn(Vec::new(), approvals);
    Agreement::new(epochs, cards).expect("everybody has approved")
}
