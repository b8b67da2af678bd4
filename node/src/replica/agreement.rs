//! A joined agreement: one manifest in force, the newest card of each member, and what follows from them:
//! who may connect, whose key signs, which entries stand under it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use xietong_proto::card::Card;
use xietong_proto::header::Header;
use xietong_proto::id::*;
use xietong_proto::manifest::{Approval, Manifest, missing};
use xietong_proto::reject::Reject;
use xietong_proto::stream::Audience;

use super::io::Object;

/// A manifest that all its members approved, with their cards.
#[derive(Clone, Debug)]
pub struct Agreement {
    manifest: Manifest,
    approvals: Vec<Approval>,
    cards: BTreeMap<MemberCode, Card>,
}

/// Why a manifest is not in force here (P13), in the order of checking.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code")]
pub enum NotInForce {
    /// Only first manifests can be joined in this version.
    LaterEpoch { epoch: Epoch },
    /// A member's card is missing or is not the one that the manifest names.
    CardMissing { member: MemberCode },
    /// A card says something else than the manifest of the same member.
    CardDiffers { member: MemberCode },
    /// Members have not approved.
    NotApproved { members: Vec<MemberCode> },
    /// An object kept in the log does not hold any more.
    Unreadable { reject: Reject },
}

impl From<Reject> for NotInForce {
    fn from(reject: Reject) -> Self {
        Self::Unreadable { reject }
    }
}

impl Agreement {
    /// The agreement, if everything that brings it into force is there.
    pub fn new(manifest: Manifest, approvals: Vec<Approval>, cards: Vec<Card>) -> Result<Self, NotInForce> {
        if manifest.fields.predecessor.is_some() {
            return Err(NotInForce::LaterEpoch { epoch: manifest.fields.epoch });
        }
        let cards: BTreeMap<_, _> = cards.into_iter().map(|card| (card.fields.code, card)).collect();
        for member in &manifest.fields.members {
            let missing = NotInForce::CardMissing { member: member.code };
            let card = cards.get(&member.code).ok_or_else(|| missing.clone())?;
            if card.id() != member.card {
                return Err(missing);
            }
            let says = (&card.fields.seal_key, &card.fields.name, &card.fields.uscc);
            if says != (&member.seal_key, &member.name, &member.uscc) {
                return Err(NotInForce::CardDiffers { member: member.code });
            }
        }
        let members = missing(&manifest, &approvals);
        if !members.is_empty() {
            return Err(NotInForce::NotApproved { members });
        }
        Ok(Self { manifest, approvals, cards })
    }

    /// Reads an agreement back from the log.
    pub fn restore(manifest: &str, approvals: &[String], cards: &[String]) -> Result<Self, NotInForce> {
        let manifest = Manifest::open(&from_hex(manifest)?)?;
        let approval = |text: &String| Approval::open(&from_hex(text)?, &manifest);
        let approvals = approvals.iter().map(approval).collect::<Result<_, _>>()?;
        let cards = cards.iter().map(|text| Card::open(&from_hex(text)?)).collect::<Result<_, _>>()?;
        Self::new(manifest, approvals, cards)
    }

    /// As it is kept in the log.
    pub fn to_object(&self) -> Object {
        Object::Agreement {
            manifest: hex::encode(self.manifest.bytes()),
            approvals: self.approvals.iter().map(|approval| hex::encode(approval.bytes())).collect(),
            cards: self.cards.values().map(|card| hex::encode(card.bytes())).collect(),
        }
    }

    /// The agreement's id: that of its first manifest.
    pub fn id(&self) -> AgreementId {
        self.manifest.id().into()
    }

    /// The manifest in force.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The newest card of each member.
    pub fn cards(&self) -> impl Iterator<Item = &Card> {
        self.cards.values()
    }

    /// Takes a card of a member that is newer than the one held; says whether it did (P11).
    pub fn renew(&mut self, card: &Card) -> Result<bool, Reject> {
        let code = card.fields.code;
        let member = self.manifest.member(code).ok_or(Reject::NotAMember { author: code })?;
        if card.fields.seal_key != member.seal_key {
            return Err(Reject::BadSignature);
        }
        let held = self.cards.get(&code);
        let is_newer = held.is_none_or(|held| held.fields.number < card.fields.number);
        if is_newer {
            self.cards.insert(code, card.clone());
        }
        Ok(is_newer)
    }

    /// The member behind a transport key.
    pub fn member_of(&self, peer: PeerId) -> Option<MemberCode> {
        let card = self.cards().find(|card| card.fields.transport_keys.contains(&peer))?;
        Some(card.fields.code)
    }

    /// Whether an entry may come from `sender` and stands under the agreement (P14 to P17, P19). Its place in
    /// the stream is another question.
    pub fn admits(&self, header: &Header, me: MemberCode, sender: MemberCode) -> Result<(), Reject> {
        let stream = header.stream;
        if stream.agreement != self.id() {
            return Err(Reject::WrongAgreement);
        }
        let offered = match stream.audience {
            Audience::Local => false,
            Audience::Agreement => true,
            Audience::Pair(_) => stream.is_for(me) && (sender == stream.author || me == stream.author),
        };
        if !offered {
            return Err(Reject::WrongAudience);
        }
        self.manifest.admits(header)
    }
}

pub(super) fn from_hex(text: &str) -> Result<Vec<u8>, Reject> {
    hex::decode(text).map_err(|_| Reject::Malformed)
}
