//! An agreement (协议) as a file that goes round among its members: one version in exact bytes with all before it, the
//! cards of those whom they name, and what has been said of them so far. A first version is founded with it; a later one
//! reaches with it a machine without a network, and who is not a member yet.

use serde::{Deserialize, Serialize};
use xietong_proto::card::Card;
use xietong_proto::crypto::{PublicKey, SecretKey};
use xietong_proto::epochs::{Epochs, Stage, Standing, Tally};
use xietong_proto::id::*;
use xietong_proto::manifest::{Manifest, Member};
use xietong_proto::opinion::{Opinion, OpinionFields, Stance};

use super::copy::AgreementCopy;
use super::exact::{Exact, Known};
use super::{PaperRefusal, compare, lawful, parse};

/// An agreement that holds together: each version follows one before it, every opinion is one on it by who is asked,
/// and each member's card is there.
#[derive(Clone, Debug, PartialEq)]
pub struct AgreementFile {
    /// All versions in it, and what is said of them.
    pub epochs: Epochs,
    /// Those that the versions name, and perhaps later ones, in order of member and number.
    pub cards: Vec<Card>,
    /// The version that is put to members; it is in `epochs`.
    about: ManifestId,
}

impl AgreementFile {
    /// What is put to members, with what is known beside it. Refused if a card is missing, or one is there that
    /// nobody names.
    pub fn new(epochs: Epochs, cards: Vec<Card>, about: ManifestId) -> Result<Self, PaperRefusal> {
        let mut file = Self { epochs, cards, about };
        file.cards.sort_by_key(|card| (card.fields.code, card.fields.number, card.id()));
        file.cards.dedup();
        let mut systems = file.manifest().fields.scope.iter().map(|scope| scope.system);
        if let Some(system) = systems.find(|system| system.stays_at_home()) {
            return Err(PaperRefusal::StaysAtHome { system });
        }
        file.check_cards()?;
        Ok(file)
    }

    /// Reads and checks an agreement file, complete or not.
    pub fn read(text: &str) -> Result<Self, PaperRefusal> {
        let (exact, copy): (Exact, _) = parse(text)?;
        let Known { epochs, cards, last } = exact.open()?;
        let file = Self::new(epochs, cards, last)?;
        compare(&copy, &file.copy())?;
        Ok(file)
    }

    /// The file's text: what is put to members stands last.
    pub fn write(&self) -> String {
        #[derive(Serialize, Deserialize)]
        struct Whole<Copy> {
            #[serde(flatten)]
            copy: Copy,
            exact: Exact,
        }
        let epoch = self.manifest().fields.epoch;
        let others = self.epochs.manifests().filter(|of| of.fields.epoch <= epoch && of.id() != self.about);
        let exact = Exact::of(&self.epochs, others.chain([self.manifest()]), self.cards.iter());
        toml::to_string(&Whole { copy: self.copy(), exact })
            .expect("an agreement is made of texts, numbers and lists")
    }

    /// What it says, for people and programs.
    pub fn copy(&self) -> AgreementCopy {
        AgreementCopy::of(self.manifest(), self.epochs.opinions(self.about))
    }

    /// The version that is put to members.
    pub fn manifest(&self) -> &Manifest {
        self.epochs.manifest(self.about).expect("it is among those that were read")
    }

    /// The version before it; none of a first.
    pub fn before(&self) -> Option<&Manifest> {
        self.manifest().fields.predecessor.and_then(|id| self.epochs.manifest(id))
    }

    /// What has been said of it, and what it lacks.
    pub fn tally(&self) -> Tally {
        self.epochs.tally(self.about).expect("it is among those that were read")
    }

    /// Who has not said anything, while approvals are lacking.
    pub fn missing(&self) -> Vec<MemberCode> {
        let tally = self.tally();
        if tally.lacking == 0 { Vec::new() } else { tally.missing.into_iter().collect() }
    }

    /// The card that a version names of a member.
    pub fn card(&self, member: &Member) -> Option<&Card> {
        self.cards.iter().find(|card| card.id() == member.card)
    }

    /// The member that signs with this seal key: by this version, or by the one before it if it is to leave.
    pub fn signer(&self, seal: PublicKey) -> Result<MemberCode, PaperRefusal> {
        let members = [Some(self.manifest()), self.before()].into_iter().flatten();
        let mut members = members.flat_map(|manifest| &manifest.fields.members);
        let signer = members.find(|member| member.seal_key == seal);
        signer.map(|member| member.code).ok_or(PaperRefusal::SealNotNamed)
    }

    /// Whether a member has said that of this version.
    pub fn has_said(&self, member: MemberCode, stance: Stance) -> bool {
        let mut opinions = self.epochs.opinions(self.about);
        opinions.any(|opinion| (opinion.fields.member, opinion.fields.stance) == (member, stance))
    }

    /// Adds what the member whose seal it is says of this version, if it may; the same said before stays.
    pub fn say(
        &mut self,
        stance: Stance,
        reason: &str,
        seal: &SecretKey,
        time: Millis,
    ) -> Result<Opinion, PaperRefusal> {
        let (member, manifest) = (self.signer(seal.public())?, self.about);
        self.epochs.may(member, stance, manifest).map_err(|bar| PaperRefusal::Barred { bar })?;
        let fields = OpinionFields { stance, manifest, member, time, reason: reason.to_owned() };
        let opinion = lawful("opinion", Opinion::sign(&fields, seal))?;
        self.epochs.learn(Vec::new(), vec![opinion.clone()]);
        Ok(opinion)
    }

    /// Takes over what another copy of the same version says; where both have one opinion, ours stays.
    pub fn merge(&mut self, other: Self) -> Result<(), PaperRefusal> {
        if other.about != self.about {
            let (first, other) = (self.manifest().fingerprint(), other.manifest().fingerprint());
            return Err(PaperRefusal::OtherAgreement { first, other });
        }
        let manifests: Vec<Manifest> = other.epochs.manifests().cloned().collect();
        let opinions = manifests.iter().flat_map(|of| other.epochs.opinions(of.id())).cloned().collect();
        self.epochs.learn(manifests, opinions);
        let (epochs, cards) = (self.epochs.clone(), [self.cards.as_slice(), &other.cards].concat());
        *self = Self::new(epochs, cards, self.about)?;
        Ok(())
    }

    /// Whether a node can take part with it; `me` is its member's own card. Refused if this member is not in it, or
    /// if approvals are lacking that it depends on.
    pub fn check_complete(&self, me: &Card) -> Result<(), PaperRefusal> {
        let (code, seal) = (me.fields.code, me.fields.seal_key);
        let in_force = self.epochs.newest();
        let is_founded = *self.epochs.standing() != Standing::Proposed;
        let names = |manifest: &Manifest| manifest.member(code).is_some_and(|member| member.seal_key == seal);
        if is_founded && names(in_force) {
            return Ok(());
        }
        let member = self.manifest().member(code).ok_or(PaperRefusal::NotAMember { member: code })?;
        if member.seal_key != seal {
            return Err(PaperRefusal::OtherSealKey { member: code });
        }
        let Tally { stage, approved, .. } = self.tally();
        match (stage, approved.is_empty()) {
            (Stage::InForce, _) => Err(PaperRefusal::NotAMember { member: code }),
            (Stage::Open, true) => Err(PaperRefusal::Unapproved),
            (Stage::Open, false) => Err(PaperRefusal::PartlyApproved { missing: self.missing() }),
            (Stage::Declined | Stage::SetAside, _) => Err(PaperRefusal::NotToCome),
        }
    }

    /// Each card is of a member under a seal that a version names; of this version every card is there and says what
    /// the version says.
    fn check_cards(&self) -> Result<(), PaperRefusal> {
        for card in &self.cards {
            let (member, seal) = (card.fields.code, card.fields.seal_key);
            let named = self.epochs.manifests().filter_map(|manifest| manifest.member(member));
            if !named.into_iter().any(|named| named.seal_key == seal) {
                return Err(PaperRefusal::CardNotNamed { member });
            }
        }
        for member in &self.manifest().fields.members {
            let card = self.card(member).ok_or(PaperRefusal::CardMissing { member: member.code })?;
            let on_card = (card.fields.code, &card.fields.name, &card.fields.uscc, card.fields.seal_key);
            if on_card != (member.code, &member.name, &member.uscc, member.seal_key) {
                return Err(PaperRefusal::CardContradicts { member: member.code });
            }
        }
        Ok(())
    }
}
