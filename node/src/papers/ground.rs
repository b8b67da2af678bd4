//! The version after the one in force: what it rests on, and how a proposal becomes one. Streams of those who leave, lose
//! their seal or begin again end where they are held (P38).

use std::collections::BTreeSet;

use xietong_proto::card::Card;
use xietong_proto::epochs::{Epochs, Standing};
use xietong_proto::id::*;
use xietong_proto::manifest::{Manifest, ManifestFields, Member};
use xietong_proto::receipt::Holdings;
use xietong_proto::reject::Reject;

use super::agreement::AgreementFile;
use super::amendment::Amendment;
use super::proposal::*;

/// What a next version rests on.
#[derive(Clone, Debug)]
pub struct Ground {
    /// All that is known of the agreement.
    pub epochs: Epochs,
    /// Every card that is held.
    pub cards: Vec<Card>,
    /// How far the members' streams are held.
    pub held: Holdings,
}

impl Proposal {
    /// Makes the version that follows what is in force, or that reconciles what is split; `given` are the cards that
    /// it names by a file. Of a member that lost its seal the card given takes the place of the one in force.
    pub fn amend(
        &self,
        ground: &Ground,
        given: Vec<Card>,
        now: Millis,
        nonce: [u8; 16],
    ) -> Result<AgreementFile, ProposalRefusal> {
        let scope = scope(&self.systems)?;
        let (before, reconciles) = ground.before()?;
        let fields = &before.fields;
        let stays = |code| ground.card(before, code).ok_or(ProposalRefusal::NoMemberYet { member: code });
        for card in &given {
            let (member, seal) = (card.fields.code, card.fields.seal_key);
            if before.member(member).is_some_and(|named| named.seal_key == seal) {
                return Err(ProposalRefusal::SealInForce { member });
            }
        }
        let is_replaced = |code: &MemberCode| given.iter().any(|card| card.fields.code == *code);
        let staying = self.codes().filter(|code| !is_replaced(code)).map(stays);
        let staying: Vec<Card> = staying.collect::<Result<_, _>>()?;
        let named = by_member([staying, given].concat())?;
        let members = named.len() as u32;
        let decides = self.quorum.unwrap_or(fields.quorum.clamp(members / 2 + 1, members));
        let is_same_day = self.until == last_day(fields.valid_until) && fields.valid_until > now;
        let restarts: BTreeSet<MemberCode> = self.restarts.iter().copied().collect();
        let keeps_seal =
            |old: &Member| named.get(&old.code).is_some_and(|card| card.fields.seal_key == old.seal_key);
        let leave = fields.members.iter().filter(|old| !keeps_seal(old)).map(|old| old.code);
        let manifest = lawful(Manifest::new(ManifestFields {
            epoch: fields.epoch.next(),
            predecessor: Some(before.id()),
            title: self.title.clone(),
            level: self.level.level(),
            members: named.values().map(member).collect(),
            scope,
            quorum: quorum(decides, members)?,
            valid_from: fields.valid_from,
            valid_until: if is_same_day { fields.valid_until } else { end_of(&self.until, now)? },
            nonce,
            voids: self.voids.iter().map(|of| ground.version(of)).collect::<Result<_, _>>()?,
            reconciles,
            cuts: ground.cuts(before.id(), &leave.chain(restarts.iter().copied()).collect()),
            restarts,
        }))?;
        let stay = fields.members.iter().filter(|old| keeps_seal(old)).count();
        ground.epochs.check(&manifest).map_err(|reject| match &reject {
            // The one thing for which a change has no way (P37).
            Reject::BadField { field } if field == "manifest.members" => {
                ProposalRefusal::TooFewStay { stay, members: fields.members.len() }
            }
            _ => ProposalRefusal::UnlawfulProposal { reject },
        })?;
        let (mut epochs, id) = (ground.epochs.clone(), manifest.id());
        epochs.learn(vec![manifest], Vec::new());
        let cards = ground.cards.iter().cloned().chain(named.into_values()).collect();
        let file = AgreementFile::new(epochs, cards, id).expect(CARDS_FIT);
        let amendment = Amendment::of(&file.epochs, file.manifest(), &file.cards);
        if amendment.is_some_and(|amendment| amendment.is_empty()) {
            return Err(ProposalRefusal::NothingChanges);
        }
        Ok(file)
    }
}

impl Ground {
    /// What a next version follows, and what it reconciles with that.
    pub fn before(&self) -> Result<(&Manifest, BTreeSet<ManifestId>), ProposalRefusal> {
        match self.epochs.standing() {
            Standing::Closed { by, .. } => Err(ProposalRefusal::ClosedForGood { by: *by }),
            Standing::Split { rivals, .. } => {
                let mut rivals = rivals.clone();
                let first = rivals.pop_first().and_then(|id| self.epochs.manifest(id));
                Ok((first.unwrap_or(self.epochs.newest()), rivals))
            }
            Standing::Proposed | Standing::InForce(_) => Ok((self.epochs.newest(), BTreeSet::new())),
        }
    }

    /// The newest card of a member under the seal that it has now.
    fn card(&self, before: &Manifest, code: MemberCode) -> Option<Card> {
        let seal = before.member(code)?.seal_key;
        let its = self.cards.iter().filter(|card| (card.fields.code, card.fields.seal_key) == (code, seal));
        its.max_by_key(|card| card.fields.number).cloned()
    }

    /// Where the streams of members end, as far as they are held.
    fn cuts(&self, by: ManifestId, ended: &BTreeSet<MemberCode>) -> Holdings {
        let ends = |author| ended.contains(author);
        let held = self.held.iter().filter(|(stream, _)| {
            ends(&stream.author) && self.epochs.unended(stream.author, by).contains(&stream.generation)
        });
        held.map(|(stream, head)| (*stream, *head)).collect()
    }

    fn version(&self, fingerprint: &str) -> Result<ManifestId, ProposalRefusal> {
        let mut meant = self.epochs.manifests().filter(|manifest| is_version(manifest, fingerprint));
        match (meant.next(), meant.next()) {
            (Some(manifest), None) => Ok(manifest.id()),
            (None, _) | (Some(_), Some(_)) => {
                Err(ProposalRefusal::NoSuchVersion { fingerprint: fingerprint.to_owned() })
            }
        }
    }
}

/// Whether a text is the beginning of a version's fingerprint, blanks aside, or of its id.
pub fn is_version(manifest: &Manifest, text: &str) -> bool {
    let plain = |text: &str| text.replace([' ', '-'], "").to_lowercase();
    let text = plain(text);
    plain(&manifest.fingerprint()).starts_with(&text) || manifest.id().to_string().starts_with(&text)
}
