//! An agreement (协议) as a file that goes round among its members: the manifest's exact bytes, the card of
//! each member, and the approvals given so far. It can be joined only when it is complete.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use xietong_proto::card::Card;
use xietong_proto::crypto::{PublicKey, SecretKey};
use xietong_proto::epochs::Epochs;
use xietong_proto::id::*;
use xietong_proto::manifest::Manifest;
use xietong_proto::opinion::{Opinion, OpinionFields, Stance};
use xietong_proto::reject::Reject;

use super::copy::AgreementCopy;
use super::{PaperRefusal, bytes, compare, lawful, parse};

/// An agreement that holds together: each member's card is the one that the manifest names, and each
/// approval is one of this manifest by a member.
#[derive(Clone, Debug, PartialEq)]
pub struct AgreementFile {
    /// What is agreed.
    pub manifest: Manifest,
    /// One for each member.
    pub cards: BTreeMap<MemberCode, Card>,
    /// Those given so far.
    pub approvals: BTreeMap<MemberCode, Opinion>,
}

/// A complete agreement: what a node needs to take part.
#[derive(Clone, Debug, PartialEq)]
pub struct Joined {
    /// What is agreed, and by whom.
    pub epochs: Epochs,
    /// One of each member, in order of code.
    pub cards: Vec<Card>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Exact {
    manifest: String,
    cards: Vec<String>,
    approvals: Vec<String>,
}

impl AgreementFile {
    /// Reads and checks an agreement file, complete or not.
    pub fn read(text: &str) -> Result<Self, PaperRefusal> {
        let (exact, copy): (Exact, _) = parse(text)?;
        let part = "exact.manifest";
        let manifest = lawful(part, Manifest::open(&bytes(part, &exact.manifest)?))?;
        if let Some(system) = System::AT_HOME.into_iter().find(|system| manifest.covers(*system)) {
            return Err(PaperRefusal::StaysAtHome { system });
        }
        let cards = each("exact.cards", &exact.cards, |part, bytes| lawful(part, Card::open(bytes)))?;
        let cards = named(&manifest, cards)?;
        let open = |part: &str, bytes: &[u8]| lawful(part, opinion(&manifest, bytes));
        let approvals = each("exact.approvals", &exact.approvals, open)?;
        let approvals = approvals.into_iter().map(|approval| (approval.fields.member, approval)).collect();
        let file = Self { manifest, cards, approvals };
        compare(&copy, &file.copy())?;
        Ok(file)
    }

    /// The file's text.
    pub fn write(&self) -> String {
        #[derive(Serialize)]
        struct Whole {
            #[serde(flatten)]
            copy: AgreementCopy,
            exact: Exact,
        }
        let exact = Exact {
            manifest: hex::encode(self.manifest.bytes()),
            cards: self.cards.values().map(|card| hex::encode(card.bytes())).collect(),
            approvals: self.approvals.values().map(|approval| hex::encode(approval.bytes())).collect(),
        };
        let whole = Whole { copy: self.copy(), exact };
        toml::to_string(&whole).expect("an agreement is made of texts, numbers and lists")
    }

    /// What it says, for people and programs.
    pub fn copy(&self) -> AgreementCopy {
        AgreementCopy::of(&self.manifest, self.approvals.values())
    }

    /// Who has not approved it yet.
    pub fn missing(&self) -> Vec<MemberCode> {
        let members = self.manifest.fields.members.iter().map(|member| member.code);
        members.filter(|code| !self.approvals.contains_key(code)).collect()
    }

    /// The member that signs with this seal key.
    pub fn signer(&self, seal: PublicKey) -> Result<MemberCode, PaperRefusal> {
        let mut members = self.manifest.fields.members.iter();
        let signer = members.find(|member| member.seal_key == seal);
        signer.map(|member| member.code).ok_or(PaperRefusal::SealNotNamed)
    }

    /// Adds the approval of the member whose seal it is; an earlier one by it stays.
    pub fn approve(&mut self, seal: &SecretKey, time: Millis) -> Result<(), PaperRefusal> {
        let me = self.signer(seal.public())?;
        let (stance, manifest, reason) = (Stance::Approves, self.manifest.id(), String::new());
        let fields = OpinionFields { stance, manifest, member: me, time, reason };
        let approval = lawful("approval", Opinion::sign(&fields, seal))?;
        self.approvals.entry(me).or_insert(approval);
        Ok(())
    }

    /// Takes over the approvals of another copy of the same agreement; where both have one, ours stays.
    pub fn merge(&mut self, other: Self) -> Result<(), PaperRefusal> {
        if other.manifest != self.manifest {
            let (first, other) = (self.manifest.fingerprint(), other.manifest.fingerprint());
            return Err(PaperRefusal::OtherAgreement { first, other });
        }
        for (member, approval) in other.approvals {
            self.approvals.entry(member).or_insert(approval);
        }
        Ok(())
    }

    /// Turns a complete agreement into what a node takes part by; `me` is this member's own card. Refused if
    /// this member is not in it, or if anybody's approval is missing.
    pub fn complete(self, me: &Card) -> Result<Joined, PaperRefusal> {
        let code = me.fields.code;
        let member = self.manifest.member(code).ok_or(PaperRefusal::NotAMember { member: code })?;
        if member.seal_key != me.fields.seal_key {
            return Err(PaperRefusal::OtherSealKey { member: code });
        }
        let epoch = self.manifest.fields.epoch;
        if epoch != Epoch(1) {
            return Err(PaperRefusal::NotTheFirst { epoch });
        }
        if self.approvals.is_empty() {
            return Err(PaperRefusal::Unapproved);
        }
        let missing = self.missing();
        if !missing.is_empty() {
            return Err(PaperRefusal::PartlyApproved { missing });
        }
        let mut epochs = lawful("exact.manifest", Epochs::new(self.manifest))?;
        epochs.learn(Vec::new(), self.approvals.into_values().collect());
        Ok(Joined { epochs, cards: self.cards.into_values().collect() })
    }
}

/// An approval of this manifest by one of its members.
fn opinion(manifest: &Manifest, bytes: &[u8]) -> Result<Opinion, Reject> {
    Opinion::open(Stance::Approves, bytes, |id, code| {
        let field = || Reject::BadField { field: "opinion.manifest".to_owned() };
        let named = Some(manifest).filter(|manifest| manifest.id() == id).ok_or_else(field)?;
        let member = named.member(code).ok_or(Reject::NotAMember { author: code })?;
        Ok(&member.seal_key)
    })
}

fn each<T>(
    part: &str,
    texts: &[String],
    open: impl Fn(&str, &[u8]) -> Result<T, PaperRefusal>,
) -> Result<Vec<T>, PaperRefusal> {
    let open_one = |(at, text): (usize, &String)| {
        let part = format!("{part}[{at}]");
        open(&part, &bytes(&part, text)?)
    };
    texts.iter().enumerate().map(open_one).collect()
}

/// Checks that the cards are those which the manifest names, and that both say the same of each member.
fn named(manifest: &Manifest, cards: Vec<Card>) -> Result<BTreeMap<MemberCode, Card>, PaperRefusal> {
    let mut named = BTreeMap::new();
    for card in cards {
        let code = card.fields.code;
        let member = manifest.member(code).filter(|member| member.card == card.id());
        let member = member.ok_or(PaperRefusal::CardNotNamed { member: code })?;
        let fields = &card.fields;
        let on_card = (&fields.name, &fields.uscc, fields.seal_key);
        if on_card != (&member.name, &member.uscc, member.seal_key) {
            return Err(PaperRefusal::CardContradicts { member: code });
        }
        named.insert(code, card);
    }
    match manifest.fields.members.iter().find(|member| !named.contains_key(&member.code)) {
        Some(member) => Err(PaperRefusal::CardMissing { member: member.code }),
        None => Ok(named),
    }
}
