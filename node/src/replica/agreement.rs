//! A joined agreement: one manifest in force, the newest card of each member, and what follows from them:
//! who may connect, whose key signs, which entries stand under it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use xietong_proto::card::Card;
use xietong_proto::header::Header;
use xietong_proto::id::*;
use xietong_proto::manifest::{Approval, Manifest, Scope, missing};
use xietong_proto::reject::Reject;
use xietong_proto::stream::Audience;

use super::io::Object;

/// The one disclosure and the one version of rules that this program knows.
const PROFILE: u32 = 1;
const RULES_VERSION: u32 = 1;

/// A manifest that all its members approved, with their cards.
#[derive(Clone, Debug)]
pub struct Agreement {
    manifest: Manifest,
    approvals: Vec<Approval>,
    /// Every card ever held: earlier ones opened earlier entries.
    cards: BTreeMap<(MemberCode, CardNumber), Card>,
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
    /// Two members claim one transport key: a connection could not be told apart.
    SharedTransportKey { members: [MemberCode; 2] },
    /// A system is in scope with a disclosure or rules that this program does not know.
    NewerRules { system: System, profile: u32, rules_version: u32 },
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
        let cards = cards.into_values().map(|card| ((card.fields.code, card.fields.number), card)).collect();
        let agreement = Self { manifest, approvals, cards };
        agreement.check_transport_keys()?;
        agreement.check_rules()?;
        Ok(agreement)
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
            cards: self.cards().map(|card| hex::encode(card.bytes())).collect(),
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
        let codes = self.manifest.fields.members.iter().map(|member| member.code);
        codes.filter_map(|code| self.newest(code))
    }

    /// Every card held, so that a newcomer can open entries signed under an earlier one (P22).
    pub fn all_cards(&self) -> impl Iterator<Item = &Card> {
        self.cards.values()
    }

    /// Takes a card of a member that is not held yet; says whether it did (P11). A second card of one number
    /// changes nothing: the first stays.
    pub fn renew(&mut self, card: &Card) -> Result<bool, Reject> {
        let (code, number) = (card.fields.code, card.fields.number);
        let member = self.manifest.member(code).ok_or(Reject::NotAMember { author: code })?;
        if card.fields.seal_key != member.seal_key {
            return Err(Reject::BadSignature);
        }
        let is_taken = |key: &PeerId| self.member_of(*key).is_some_and(|holder| holder != code);
        if card.fields.transport_keys.iter().any(is_taken) {
            return Err(Reject::BadField { field: "card.transport_keys".to_owned() });
        }
        let is_new = !self.cards.contains_key(&(code, number));
        if is_new {
            self.cards.insert((code, number), card.clone());
        }
        Ok(is_new)
    }

    fn newest(&self, code: MemberCode) -> Option<&Card> {
        self.cards
            .range((code, CardNumber(0))..=(code, CardNumber(u32::MAX)))
            .next_back()
            .map(|(_, card)| card)
    }

    fn check_transport_keys(&self) -> Result<(), NotInForce> {
        let mut holders: BTreeMap<PeerId, MemberCode> = BTreeMap::new();
        for fields in self.cards().map(|card| &card.fields) {
            for key in &fields.transport_keys {
                if let Some(holder) =
                    holders.insert(*key, fields.code).filter(|holder| *holder != fields.code)
                {
                    return Err(NotInForce::SharedTransportKey { members: [holder, fields.code] });
                }
            }
        }
        Ok(())
    }

    fn check_rules(&self) -> Result<(), NotInForce> {
        let newer = |scope: &&Scope| (scope.profile, scope.rules_version) != (PROFILE, RULES_VERSION);
        match self.manifest.fields.scope.iter().find(newer) {
            Some(&Scope { system, profile, rules_version }) => {
                Err(NotInForce::NewerRules { system, profile, rules_version })
            }
            None => Ok(()),
        }
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
