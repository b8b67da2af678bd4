//! Epochs (版次): which manifests of an agreement are in force, and where members' streams end and begin again
//! (P37, P38). Everything here is a function of the *set* of manifests and opinions that is known: never of the
//! order in which they came, and never of a clock.

mod change;
mod standing;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use crate::crypto::PublicKey;
use crate::header::Header;
use crate::id::*;
use crate::manifest::{Manifest, Member};
use crate::opinion::{Opinion, Stance};
use crate::reject::Reject;
use crate::stream::{Audience, Head, Stream};

pub use change::{Change, Members, Way};
pub use standing::{Bar, Stage, Standing, Tally};

use change::bad;

/// All that is known of the epochs of one agreement.
#[derive(Clone, Debug, PartialEq)]
pub struct Epochs {
    first: ManifestId,
    manifests: BTreeMap<ManifestId, Manifest>,
    opinions: BTreeMap<(ManifestId, Stance, MemberCode), Opinion>,
    /// Who has said what of which.
    said: BTreeMap<(ManifestId, Stance), Members>,
    /// Members that have signed anything under a manifest.
    cited: BTreeMap<ManifestId, Members>,
    found: Found,
}

/// What came of taking something over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It was known.
    None,
    /// It is news from which nothing else follows.
    Noted,
    /// Something else is valid or in force now: streams may end elsewhere too.
    Turned,
}

/// What follows from all that.
#[derive(Clone, Debug, Default, PartialEq)]
struct Found {
    /// Whose approvals are complete, after a predecessor for which the same holds.
    valid: BTreeSet<ManifestId>,
    standing: Standing,
    /// Which valid manifests end a generation of a member's streams.
    closings: BTreeMap<(MemberCode, Generation), BTreeSet<ManifestId>>,
}

impl Epochs {
    /// An agreement of which only the first manifest is known.
    pub fn new(first: Manifest) -> Result<Self, Reject> {
        if first.fields.predecessor.is_some() {
            return Err(bad("manifest.predecessor"));
        }
        let mut epochs = Self {
            first: first.id(),
            manifests: BTreeMap::from([(first.id(), first)]),
            opinions: BTreeMap::new(),
            said: BTreeMap::new(),
            cited: BTreeMap::new(),
            found: Found::default(),
        };
        epochs.settle();
        Ok(epochs)
    }

    /// The agreement's id: that of its first manifest (P14).
    pub fn id(&self) -> AgreementId {
        self.first.into()
    }

    /// A manifest that is known.
    pub fn manifest(&self, id: ManifestId) -> Option<&Manifest> {
        self.manifests.get(&id)
    }

    /// All manifests that are known, each after its predecessor.
    pub fn manifests(&self) -> impl Iterator<Item = &Manifest> {
        let mut all: Vec<&Manifest> = self.manifests.values().collect();
        all.sort_by_key(|manifest| manifest.fields.epoch);
        all.into_iter()
    }

    /// The opinions on a manifest that are known.
    pub fn opinions(&self, id: ManifestId) -> impl Iterator<Item = &Opinion> {
        let from = (id, Stance::Approves, MemberCode::NONE);
        self.opinions.range(from..).take_while(move |((of, ..), _)| *of == id).map(|(_, opinion)| opinion)
    }

    /// Whether a manifest may be kept: it belongs here and its change is one that can be approved (P37). One whose
    /// predecessor is not known passes later.
    pub fn check(&self, manifest: &Manifest) -> Result<(), Reject> {
        let before = self.before(manifest)?;
        if let Some(unknown) = before.iter().find(|before| !self.found.valid.contains(&before.id())) {
            return Err(Reject::UnknownEpoch { epoch: unknown.fields.epoch });
        }
        self.ways(manifest).map(|_| ())
    }

    /// Reads an opinion on a manifest that is known, under the seal that the manifest names for its member, or the
    /// one before it if it names none (P13).
    pub fn open(&self, stance: Stance, bytes: &[u8]) -> Result<Opinion, Reject> {
        Opinion::open(stance, bytes, |manifest, member| self.seal(manifest, member))
    }

    /// Takes over what has come to be known.
    pub fn learn(&mut self, manifests: Vec<Manifest>, opinions: Vec<Opinion>) -> Effect {
        let before = (self.manifests.len(), self.opinions.len());
        for manifest in manifests {
            self.manifests.entry(manifest.id()).or_insert(manifest);
        }
        for opinion in opinions {
            let (manifest, stance, member) =
                (opinion.fields.manifest, opinion.fields.stance, opinion.fields.member);
            self.said.entry((manifest, stance)).or_default().insert(member);
            self.opinions.entry((manifest, stance, member)).or_insert(opinion);
        }
        if before == (self.manifests.len(), self.opinions.len()) { Effect::None } else { self.settle() }
    }

    /// A member has signed something under a manifest, and so cites it.
    pub fn cite(&mut self, manifest: ManifestId, member: MemberCode) -> Effect {
        let is_news = self.cited.entry(manifest).or_default().insert(member);
        if is_news { self.settle() } else { Effect::None }
    }

    /// Whether an entry stands under the epoch that it names (P15 to P17), and no manifest ended its stream before
    /// it (P38). `number` knows the numbers of cards.
    pub fn stands(
        &self,
        header: &Header,
        number: impl Fn(CardId) -> Option<CardNumber>,
    ) -> Result<(), Reject> {
        let stream = header.stream;
        if stream.agreement != self.id() {
            return Err(Reject::WrongAgreement);
        }
        let unknown = Reject::UnknownEpoch { epoch: header.epoch };
        let named = self.manifests.get(&header.manifest).filter(|named| {
            self.found.valid.contains(&header.manifest) && named.fields.epoch == header.epoch
        });
        let named = named.ok_or_else(|| unknown.clone())?;
        if named.member(stream.author).is_none() {
            return Err(Reject::NotAMember { author: stream.author });
        }
        if !self.is_generation_open(header, number) {
            return Err(unknown);
        }
        if !named.covers(stream.system) {
            return Err(Reject::OutOfScope { system: stream.system });
        }
        match self.cut(&stream) {
            Some(cut) if header.position > cut.position => Err(Reject::Cut { at: cut.position }),
            Some(cut) if header.position == cut.position && header.id() != cut.id => {
                Err(Reject::Cut { at: cut.position })
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Whether an entry may follow another in a stream: along the epochs in force it names none older (P16).
    pub fn follows(&self, before: &Header, header: &Header) -> Result<(), Reject> {
        let in_force = |header: &Header| self.found.standing.chain().contains(&header.manifest);
        if header.epoch < before.epoch && in_force(before) && in_force(header) {
            return Err(Reject::OlderEpoch { epoch: header.epoch, before: before.epoch });
        }
        Ok(())
    }

    /// Where a stream ends: the last entry that counts; none while nobody has ended it (P38). If several manifests
    /// did, the lowest place holds.
    pub fn cut(&self, stream: &Stream) -> Option<Head> {
        let closings = self.found.closings.get(&(stream.author, stream.generation));
        let closings = closings.filter(|_| stream.audience == Audience::Agreement)?;
        let cut = |id: &ManifestId| {
            let cuts = self.manifests.get(id).map(|manifest| &manifest.fields.cuts);
            cuts.and_then(|cuts| cuts.get(stream)).copied().unwrap_or_else(|| stream.origin())
        };
        closings.iter().map(cut).min_by_key(|head| (head.position, head.id))
    }

    /// In which generation a member's streams for all go on.
    pub fn generation(&self, member: MemberCode) -> Generation {
        let closed = self.found.closings.keys().filter(|(of, _)| *of == member);
        closed.map(|(_, generation)| generation.next()).max().unwrap_or(Generation(1))
    }

    /// Which generations of a member's streams a manifest after this one ends: all that none up to it has ended, though one
    /// that was set aside may have.
    pub fn unended(&self, member: MemberCode, by: ManifestId) -> RangeInclusive<Generation> {
        self.generation_at(by, member)..=self.generation(member)
    }

    /// The cards that a later generation of a member's streams begins with, as what ended the one before it names them.
    pub fn first_cards(&self, member: MemberCode) -> impl Iterator<Item = CardId> {
        let newest = self.found.closings.iter().rfind(|((of, _), _)| *of == member);
        let ended_by = newest.into_iter().flat_map(|(_, closings)| closings);
        ended_by.filter_map(move |id| Some(self.manifests.get(id)?.member(member)?.card))
    }

    /// The stream behind which a generation begins: it is held up to its cut first. None for a first generation.
    pub fn stream_before(&self, stream: &Stream) -> Option<(Stream, Head)> {
        let generation = Generation(stream.generation.0.checked_sub(1)?);
        let before = Stream { generation, ..*stream };
        Some((before, self.cut(&before)?))
    }

    /// Whether two members were ever members at once: who came later may not have what was said before by one who
    /// was gone then (P38).
    pub fn were_together(&self, one: MemberCode, other: MemberCode) -> bool {
        let valid = self.found.valid.iter().filter_map(|id| self.manifests.get(id));
        valid.into_iter().any(|manifest| manifest.member(one).is_some() && manifest.member(other).is_some())
    }

    /// A later generation is open if the one before it was ended, for epochs that do not come before that; its
    /// entries are signed under the card that the end named, or a later one. What ended both says by its cuts how far the
    /// later one is to be believed.
    fn is_generation_open(&self, header: &Header, number: impl Fn(CardId) -> Option<CardNumber>) -> bool {
        let Stream { author, audience, generation, .. } = header.stream;
        if generation == Generation(1) || audience != Audience::Agreement {
            return generation == Generation(1);
        }
        let Some(closings) = self.found.closings.get(&(author, Generation(generation.0 - 1))) else {
            return false;
        };
        let ended = self.found.closings.get(&(author, generation));
        let mut opened = closings.iter().filter(|closing| ended.is_none_or(|ended| !ended.contains(closing)));
        opened.all(|closing| {
            let comes_before = self.ancestors(*closing).skip(1).any(|id| id == header.manifest);
            let member = self.manifests.get(closing).and_then(|manifest| manifest.member(author));
            let is_newer = |member: &Member| number(member.card).is_some_and(|first| header.card >= first);
            !comes_before && member.is_none_or(is_newer)
        })
    }

    /// A manifest and all before it, the newest first.
    fn ancestors(&self, id: ManifestId) -> impl Iterator<Item = ManifestId> {
        let before = |id: &ManifestId| self.manifests.get(id)?.fields.predecessor;
        std::iter::successors(Some(id), before)
    }

    fn seal(&self, id: ManifestId, member: MemberCode) -> Result<&PublicKey, Reject> {
        let manifest = self.manifests.get(&id).ok_or_else(|| bad("opinion.manifest"))?;
        let before = self.before(manifest).unwrap_or_default();
        let mut named =
            std::iter::once(manifest).chain(before).filter_map(|manifest| manifest.member(member));
        named.next().map(|member| &member.seal_key).ok_or(Reject::NotAMember { author: member })
    }

    /// The manifest before this one, and those that it reconciles with it.
    fn before(&self, manifest: &Manifest) -> Result<Vec<&Manifest>, Reject> {
        let unknown = || Reject::UnknownEpoch { epoch: Epoch(manifest.fields.epoch.0.saturating_sub(1)) };
        let ids = manifest.fields.predecessor.iter().chain(&manifest.fields.reconciles);
        ids.map(|id| self.manifests.get(id).ok_or_else(unknown)).collect()
    }
}
