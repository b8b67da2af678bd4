//! A joined agreement: its epochs, every card of its members, and what follows from them: who may connect, whose
//! key signs, what is offered to whom, which entries stand under it.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use serde::{Deserialize, Serialize};
use xietong_proto::card::Card;
use xietong_proto::crypto::PublicKey;
use xietong_proto::epochs::{Effect, Epochs, Standing};
use xietong_proto::header::Header;
use xietong_proto::id::*;
use xietong_proto::manifest::{Manifest, Member, Scope};
use xietong_proto::opinion::{Opinion, Stance};
use xietong_proto::reject::Reject;
use xietong_proto::stream::{Audience, Stream};

use super::io::Object;

/// The one disclosure and the one version of rules that this program knows.
const PROFILE: u32 = 1;
const RULES_VERSION: u32 = 1;

/// What is known of an agreement in force, with its members' cards.
#[derive(Clone, Debug)]
pub struct Agreement {
    epochs: Epochs,
    /// Every card ever held: earlier ones opened earlier entries.
    cards: BTreeMap<(MemberCode, CardNumber), Card>,
}

/// Why a manifest is not in force here (P13), in the order of checking.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code")]
pub enum NotInForce {
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
    pub fn new(epochs: Epochs, cards: Vec<Card>) -> Result<Self, NotInForce> {
        let newest = epochs.newest().clone();
        if let (Standing::Proposed, Some(tally)) = (epochs.standing(), epochs.tally(newest.id())) {
            return Err(NotInForce::NotApproved { members: tally.missing.into_iter().collect() });
        }
        let cards = cards.into_iter().map(|card| ((card.fields.code, card.fields.number), card));
        let agreement = Self { epochs, cards: cards.collect() };
        agreement.check(&newest)?;
        Ok(agreement)
    }

    /// Whether everything that a manifest needs beside its approvals is there: cards, transport keys that tell its
    /// members apart, rules that this program knows.
    pub fn check(&self, manifest: &Manifest) -> Result<(), NotInForce> {
        for member in &manifest.fields.members {
            let card = self.cards.values().find(|card| card.id() == member.card);
            let card = card.ok_or(NotInForce::CardMissing { member: member.code })?;
            let says = (&card.fields.seal_key, &card.fields.name, &card.fields.uscc);
            if says != (&member.seal_key, &member.name, &member.uscc) {
                return Err(NotInForce::CardDiffers { member: member.code });
            }
        }
        self.check_transport_keys(manifest)?;
        check_rules(manifest)
    }

    /// Reads an agreement that was exported, and checks it anew.
    pub fn restore(manifest: &str, approvals: &[String], cards: &[String]) -> Result<Self, NotInForce> {
        let Self { epochs, cards } = Self::read(manifest, approvals, cards)?;
        Self::new(epochs, cards.into_values().collect())
    }

    /// Reads an agreement back from the log: what was checked when it was joined.
    pub fn read(manifest: &str, approvals: &[String], cards: &[String]) -> Result<Self, NotInForce> {
        let mut epochs = Epochs::new(Manifest::open(&from_hex(manifest)?)?)?;
        let open = |text: &String| epochs.open(Stance::Approves, &from_hex(text)?);
        let approvals: Vec<Opinion> = approvals.iter().map(open).collect::<Result<_, _>>()?;
        epochs.learn(Vec::new(), approvals);
        let cards: Vec<Card> =
            cards.iter().map(|text| Card::open(&from_hex(text)?)).collect::<Result<_, _>>()?;
        let cards = cards.into_iter().map(|card| ((card.fields.code, card.fields.number), card));
        Ok(Self { epochs, cards: cards.collect() })
    }

    /// As it is kept in the log: what is needed to join, then whatever came later.
    pub fn to_objects(&self) -> Vec<Object> {
        let first = ManifestId(self.id().0);
        let is_first = |opinion: &&Opinion| {
            (opinion.fields.manifest, opinion.fields.stance) == (first, Stance::Approves)
        };
        let all = || self.epochs.manifests().flat_map(|manifest| self.epochs.opinions(manifest.id()));
        let manifest = self.epochs.manifest(first).map(|manifest| hex::encode(manifest.bytes()));
        let joined = Object::Agreement {
            manifest: manifest.unwrap_or_default(),
            approvals: all().filter(is_first).map(|opinion| hex::encode(opinion.bytes())).collect(),
            cards: self.cards.values().map(|card| hex::encode(card.bytes())).collect(),
        };
        let later = self.epochs.manifests().filter(|manifest| manifest.id() != first);
        let later = later.map(|manifest| Object::Manifest { manifest: hex::encode(manifest.bytes()) });
        let said = all().filter(|opinion| !is_first(opinion)).map(|opinion| Object::Opinion {
            stance: opinion.fields.stance,
            opinion: hex::encode(opinion.bytes()),
        });
        [joined].into_iter().chain(later).chain(said).collect()
    }

    /// The agreement's id: that of its first manifest.
    pub fn id(&self) -> AgreementId {
        self.epochs.id()
    }

    /// All that is known of its epochs.
    pub fn epochs(&self) -> &Epochs {
        &self.epochs
    }

    /// Takes over manifests and opinions.
    pub fn learn(&mut self, manifests: Vec<Manifest>, opinions: Vec<Opinion>) -> Effect {
        self.epochs.learn(manifests, opinions)
    }

    /// A member has signed a receipt under a manifest (P37).
    pub fn cite(&mut self, manifest: ManifestId, member: MemberCode) -> Effect {
        self.epochs.cite(manifest, member)
    }

    /// The manifest in force.
    pub fn manifest(&self) -> &Manifest {
        self.epochs.newest()
    }

    /// Whether members write under it at all: it is neither closed nor split.
    pub fn is_open(&self) -> bool {
        matches!(self.epochs.standing(), Standing::InForce(_))
    }

    /// What a member shows of a system, if anything: the narrower of what is in force and of the newest manifest in
    /// force that it has itself approved.
    pub fn shares(&self, member: MemberCode, system: System) -> bool {
        let approved = |id: &&ManifestId| {
            let mut opinions = self.epochs.opinions(**id);
            opinions.any(|said| (said.fields.stance, said.fields.member) == (Stance::Approves, member))
        };
        let newest_approved = self.epochs.standing().chain().iter().rev().find(approved);
        let consent = newest_approved.and_then(|id| self.epochs.manifest(*id));
        let is_member = self.manifest().member(member).is_some();
        is_member && self.manifest().covers(system) && consent.is_some_and(|named| named.covers(system))
    }

    /// Whether a member's streams, in their present generation, may be signed under a card (P38).
    pub fn trusts(&self, member: MemberCode, card: CardNumber) -> bool {
        let is_newer = |id: CardId| self.number(id).is_some_and(|first| card >= first);
        self.epochs.first_cards(member).all(is_newer)
    }

    /// The newest card under which a member signs with an entry key: of those under the seal that is in force.
    pub fn card_with(&self, member: MemberCode, entry_key: &PublicKey) -> Option<CardNumber> {
        let seal = &self.manifest().member(member)?.seal_key;
        let its = self.cards.values().map(|card| &card.fields).filter(|card| card.code == member);
        let its = its.filter(|card| (&card.seal_key, &card.entry_key) == (seal, entry_key));
        its.map(|card| card.number).max()
    }

    /// Where a member's next entries of a system for all go.
    pub fn stream(&self, member: MemberCode, system: System) -> Stream {
        let generation = self.epochs.generation(member);
        Stream { generation, ..Stream::shared(self.id(), member, system) }
    }

    /// The newest card of each member.
    pub fn cards(&self) -> impl Iterator<Item = &Card> {
        self.cards_by(self.manifest())
    }

    /// A member's newest card.
    pub fn card(&self, member: MemberCode) -> Option<&Card> {
        self.newest(self.manifest().member(member)?)
    }

    /// Every card held, so that a newcomer can open entries signed under an earlier one (P22).
    pub fn all_cards(&self) -> impl Iterator<Item = &Card> {
        self.cards.values()
    }

    /// Takes a card that is not held yet of whom a manifest names with its seal; says whether it did (P11). Of two cards of
    /// one number the first stays.
    pub fn renew(&mut self, card: &Card) -> Result<bool, Reject> {
        let (code, number) = (card.fields.code, card.fields.number);
        let mut named = self.epochs.manifests().filter_map(|manifest| manifest.member(code)).peekable();
        named.peek().ok_or(Reject::NotAMember { author: code })?;
        if !named.any(|member| member.seal_key == card.fields.seal_key) {
            return Err(Reject::BadSignature);
        }
        let is_taken = |key: &PeerId| self.member_of(*key).is_some_and(|holder| holder != code);
        if card.fields.transport_keys.iter().any(is_taken) {
            return Err(Reject::BadField { field: "card.transport_keys".to_owned() });
        }
        match self.cards.entry((code, number)) {
            Entry::Occupied(held) if held.get().id() != card.id() => Err(is_twice()),
            Entry::Occupied(_) => Ok(false),
            Entry::Vacant(place) => {
                place.insert(card.clone());
                Ok(true)
            }
        }
    }

    /// The newest card of each member by a manifest, under the seal that it names.
    fn cards_by<'a>(&'a self, manifest: &'a Manifest) -> impl Iterator<Item = &'a Card> {
        manifest.fields.members.iter().filter_map(|member| self.newest(member))
    }

    /// The newest card of a member as a manifest names it.
    fn newest(&self, member: &Member) -> Option<&Card> {
        let all = (member.code, CardNumber(0))..=(member.code, CardNumber(u32::MAX));
        let mut newest_first = self.cards.range(all).rev().map(|(_, card)| card);
        newest_first.find(|card| card.fields.seal_key == member.seal_key)
    }

    fn check_transport_keys(&self, manifest: &Manifest) -> Result<(), NotInForce> {
        let mut holders: BTreeMap<PeerId, MemberCode> = BTreeMap::new();
        for fields in self.cards_by(manifest).map(|card| &card.fields) {
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

    /// Whether two are members at once by what is in force, and it is not closed.
    pub fn are_together(&self, one: MemberCode, other: MemberCode) -> bool {
        let is_member = |code| self.manifest().member(code).is_some();
        let is_closed = matches!(self.epochs.standing(), Standing::Closed { .. });
        !is_closed && is_member(one) && is_member(other)
    }

    /// The member behind a transport key.
    pub fn member_of(&self, peer: PeerId) -> Option<MemberCode> {
        let card = self.cards().find(|card| card.fields.transport_keys.contains(&peer))?;
        Some(card.fields.code)
    }

    /// The member, now or before, of whom any card lists a transport key.
    pub fn was_member(&self, peer: PeerId) -> Option<MemberCode> {
        let lists = |card: &&Card| card.fields.transport_keys.contains(&peer);
        let codes = self.cards.values().filter(lists).map(|card| card.fields.code);
        codes.into_iter().find(|code| self.epochs.were_together(*code, *code))
    }

    /// Whether a member may hold a stream (P19, P38): as a member now, of one with whom it ever was a member at once.
    pub fn offers(&self, stream: &Stream, to: MemberCode) -> bool {
        stream.audience != Audience::Local
            && self.manifest().member(to).is_some()
            && stream.is_for(to)
            && self.epochs.were_together(stream.author, to)
    }

    /// Whether an entry may come from `sender` and stands under the agreement (P14 to P17, P19, P38). Its place in
    /// the stream is another question.
    pub fn admits(&self, header: &Header, me: MemberCode, sender: MemberCode) -> Result<(), Reject> {
        let stream = header.stream;
        if stream.agreement != self.id() {
            return Err(Reject::WrongAgreement);
        }
        let is_passed_on = stream.audience == Audience::Agreement;
        let is_direct = sender == stream.author || me == stream.author;
        let is_local = stream.audience == Audience::Local;
        if is_local || !stream.is_for(me) || !(is_passed_on || is_direct) {
            return Err(Reject::WrongAudience);
        }
        self.stands(header)?;
        if self.offers(&stream, me) { Ok(()) } else { Err(Reject::WrongAudience) }
    }

    /// Whether an entry stands under the manifest that it names (P15 to P17, P38).
    pub fn stands(&self, header: &Header) -> Result<(), Reject> {
        self.epochs.stands(header, |id| self.number(id))
    }

    /// The number of a member's newest card.
    pub fn newest_card(&self, member: MemberCode) -> Option<CardNumber> {
        self.card(member).map(|card| card.fields.number)
    }

    fn number(&self, id: CardId) -> Option<CardNumber> {
        self.cards.values().find(|card| card.id() == id).map(|card| card.fields.number)
    }
}

fn check_rules(manifest: &Manifest) -> Result<(), NotInForce> {
    let newer = |scope: &&Scope| (scope.profile, scope.rules_version) != (PROFILE, RULES_VERSION);
    match manifest.fields.scope.iter().find(newer) {
        Some(&Scope { system, profile, rules_version }) => {
            Err(NotInForce::NewerRules { system, profile, rules_version })
        }
        None => Ok(()),
    }
}

/// Why a second card of one number is not taken (P11).
pub(super) fn is_twice() -> Reject {
    Reject::BadField { field: "card.number".to_owned() }
}

pub(super) fn from_hex(text: &str) -> Result<Vec<u8>, Reject> {
    hex::decode(text).map_err(|_| Reject::Malformed)
}
