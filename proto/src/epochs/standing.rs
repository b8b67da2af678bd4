//! From who has said what to what is in force, who is still missing, and what a member may say next (P37).

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::id::*;
use crate::manifest::Manifest;
use crate::opinion::Stance;
use crate::reject::Reject;
use crate::stream::Stream;

use super::change::{Change, Members, Way, bad};
use super::{Effect, Epochs};

/// Where an agreement stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Standing {
    /// Not all members of the first manifest have approved it.
    #[default]
    Proposed,
    /// The last of these is in force; the others were, one after the other.
    InForce(Vec<ManifestId>),
    /// Of two members one has withdrawn: nothing more is said under it. What was said can be read.
    Closed {
        /// The manifests in force, one after the other.
        chain: Vec<ManifestId>,
        /// Who has withdrawn.
        by: MemberCode,
    },
    /// Several successors of the newest of the chain have all the approvals they need, so somebody has signed for
    /// two. None is in force and nobody writes, until a manifest reconciles them.
    Split {
        /// The manifests in force, one after the other.
        chain: Vec<ManifestId>,
        /// Those that would be next.
        rivals: BTreeSet<ManifestId>,
        /// Who has signed for two of them.
        by: Members,
    },
}

impl Standing {
    /// The manifests that are, or were, in force, from the first on.
    pub fn chain(&self) -> &[ManifestId] {
        match self {
            Self::Proposed => &[],
            Self::InForce(chain) | Self::Closed { chain, .. } | Self::Split { chain, .. } => chain,
        }
    }

    /// The newest of them.
    pub fn newest(&self) -> Option<ManifestId> {
        self.chain().last().copied()
    }
}

/// How far a manifest has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// It waits for approvals.
    Open,
    /// So many have declined it that it cannot come into force.
    Declined,
    /// Its approvals are complete, but another manifest stands in its place.
    SetAside,
    /// It is in force, or was before its successor.
    InForce,
}

/// Who has said what of a manifest, and who is still asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tally {
    /// How far it has come.
    pub stage: Stage,
    /// Any one of these is enough.
    pub ways: Vec<Way>,
    /// Who has approved it.
    pub approved: Members,
    /// Who has declined it.
    pub declined: Members,
    /// Along the way that lacks least: who has said nothing yet.
    pub missing: Members,
    /// How many of those are needed.
    pub lacking: usize,
}

/// Why a member may not say something now (P37), in the order of checking.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code")]
pub enum Bar {
    /// The manifest is not known here, or does not follow what is in force now.
    NotOpen,
    /// The member is not asked about it.
    NotAsked,
    /// It has said the opposite of the same manifest.
    Spoken,
    /// It wishes to leave, and has no say any more but for its own removal.
    Leaving,
    /// It has declined its own removal, which its wish to leave could still bring into force.
    Stays {
        /// The removal.
        against: ManifestId,
    },
    /// It has approved another successor that may still come into force.
    Bound {
        /// Which.
        to: ManifestId,
    },
}

impl Epochs {
    /// Where the agreement stands.
    pub fn standing(&self) -> &Standing {
        &self.found.standing
    }

    /// The newest manifest of the chain in force; the first before there is one.
    pub fn newest(&self) -> &Manifest {
        let newest = self.found.standing.newest().unwrap_or(self.first);
        &self.manifests[&newest]
    }

    /// What a manifest changes in those before it.
    pub fn change(&self, manifest: &Manifest) -> Result<Change, Reject> {
        Ok(Change::between(&self.before(manifest)?, manifest))
    }

    /// Who has approved a manifest, who has not, and what that comes to.
    pub fn tally(&self, id: ManifestId) -> Option<Tally> {
        let ways = self.ways(self.manifests.get(&id)?).ok()?;
        let (approved, declined) = (self.who(id, Stance::Approves), self.who(id, Stance::Declines));
        let stage = if self.found.standing.chain().contains(&id) {
            Stage::InForce
        } else if self.found.valid.contains(&id) {
            Stage::SetAside
        } else if self.is_dead(id) {
            Stage::Declined
        } else {
            Stage::Open
        };
        let lacking = |way: &Way| way.needed.saturating_sub(way.among(&approved));
        let next = ways.iter().min_by_key(|way| lacking(way));
        let silent = |way: &Way| &(&way.of - &approved) - &self.against(id);
        let (missing, lacking) = (next.map(silent).unwrap_or_default(), next.map_or(0, lacking));
        Some(Tally { stage, ways, approved, declined, missing, lacking })
    }

    /// Whether a member may say something of a manifest, as far as is known here. What it may say never brings a
    /// second epoch into force, if everybody keeps to it.
    pub fn may(&self, member: MemberCode, stance: Stance, id: ManifestId) -> Result<(), Bar> {
        let manifest = self.manifests.get(&id).ok_or(Bar::NotOpen)?;
        if stance == Stance::Withdraws {
            return self.may_withdraw(member, manifest);
        }
        let opposite = if stance == Stance::Approves { Stance::Declines } else { Stance::Approves };
        let ways = self.ways(manifest).ok().filter(|_| self.is_open(manifest)).ok_or(Bar::NotOpen)?;
        if !ways.iter().any(|way| way.of.contains(&member)) {
            return Err(Bar::NotAsked);
        }
        if self.has_said(member, opposite, id) {
            return Err(Bar::Spoken);
        }
        let is_leaving = self.leaving_before(manifest).contains(&member);
        if is_leaving && (stance == Stance::Declines || manifest.member(member).is_some()) {
            return Err(Bar::Leaving);
        }
        let parents = parents(manifest);
        let sets_aside =
            |other: &ManifestId| manifest.fields.voids.contains(other) && !self.found.valid.contains(other);
        let mut bonds = self.bonds(member, &parents).filter(|other| *other != id && !sets_aside(other));
        let bond = bonds.next().filter(|_| stance == Stance::Approves);
        bond.map_or(Ok(()), |to| Err(Bar::Bound { to }))
    }

    fn may_withdraw(&self, member: MemberCode, manifest: &Manifest) -> Result<(), Bar> {
        let Standing::InForce(chain) = &self.found.standing else { return Err(Bar::NotOpen) };
        if chain.last() != Some(&manifest.id()) {
            return Err(Bar::NotOpen);
        }
        manifest.member(member).ok_or(Bar::NotAsked)?;
        if let Some(to) = self.bonds(member, &BTreeSet::from([manifest.id()])).next() {
            return Err(Bar::Bound { to });
        }
        let after = self.manifests.values().filter(|other| other.fields.predecessor == Some(manifest.id()));
        let declined = |id: &ManifestId| {
            self.has_said(member, Stance::Declines, *id) && self.removed(*id).contains(&member)
        };
        let mut declined = after.map(Manifest::id).filter(declined);
        let against = declined.find(|id| !self.is_dead_if(*id, self.removed(*id)));
        against.map_or(Ok(()), |against| Err(Bar::Stays { against }))
    }

    /// What a member has approved after this manifest and may still come into force; after several, what reconciles any two
    /// of them.
    fn bonds(&self, member: MemberCode, after: &BTreeSet<ManifestId>) -> impl Iterator<Item = ManifestId> {
        let shared = |manifest: &Manifest| parents(manifest).intersection(after).count();
        let follows = move |manifest: &&Manifest| shared(manifest) >= after.len().min(2);
        let followers = self.manifests.values().filter(follows).map(Manifest::id);
        followers.filter(move |id| self.has_said(member, Stance::Approves, *id) && !self.is_dead(*id))
    }

    /// Whether a manifest follows what is in force now, is in force itself, or reconciles what is split.
    fn is_open(&self, manifest: &Manifest) -> bool {
        let (id, parents) = (manifest.id(), parents(manifest));
        match &self.found.standing {
            Standing::Proposed => id == self.first,
            Standing::InForce(chain) => {
                chain.last().is_some_and(|newest| *newest == id || parents == BTreeSet::from([*newest]))
            }
            Standing::Closed { .. } => false,
            Standing::Split { rivals, .. } => parents == *rivals,
        }
    }

    /// In which ways a manifest comes into force; refused if it contradicts those before it.
    pub(super) fn ways(&self, manifest: &Manifest) -> Result<Vec<Way>, Reject> {
        self.ways_with(manifest, &self.leaving_before(manifest))
    }

    fn ways_with(&self, manifest: &Manifest, leaving: &Members) -> Result<Vec<Way>, Reject> {
        let codes = |manifest: &Manifest| -> Members {
            manifest.fields.members.iter().map(|member| member.code).collect()
        };
        let Some(predecessor) = manifest.fields.predecessor else {
            let of = codes(manifest);
            return if manifest.id() == self.first {
                Ok(vec![Way { needed: of.len(), of }])
            } else {
                Err(Reject::WrongAgreement)
            };
        };
        let before = self.before(manifest)?;
        if before.iter().any(|before| manifest.fields.epoch != before.fields.epoch.next()) {
            return Err(bad("manifest.epoch"));
        }
        let change = Change::between(&before, manifest);
        if !manifest.fields.restarts.is_subset(&change.remaining) {
            return Err(bad("manifest.restarts"));
        }
        let closed = &change.removed | &manifest.fields.restarts;
        let is_cut = |stream: &Stream| {
            stream.agreement == self.id()
                && closed.contains(&stream.author)
                && stream.generation >= self.generation_at(predecessor, stream.author)
                && stream.generation.0 < manifest.fields.epoch.0
        };
        if !manifest.fields.cuts.keys().all(is_cut) {
            return Err(bad("manifest.cuts"));
        }
        if let [before] = before[..] {
            return change.ways(before, manifest, leaving);
        }
        // Those who signed for two are not asked.
        let rivals = parents(manifest);
        let are_valid = rivals.iter().all(|id| self.found.valid.contains(id));
        if !are_valid || rivals.len() < before.len() || !manifest.fields.voids.is_empty() {
            return Err(bad("manifest.reconciles"));
        }
        let members = before.iter().fold(codes(manifest), |all, before| &all | &codes(before));
        let of = &members - &self.double_signers(&rivals);
        Ok(vec![Way { needed: of.len(), of }])
    }

    /// Finds again what follows from all that is known.
    pub(super) fn settle(&mut self) -> Effect {
        let before = std::mem::take(&mut self.found);
        let mut by_epoch: Vec<(Epoch, ManifestId)> =
            self.manifests.iter().map(|(id, manifest)| (manifest.fields.epoch, *id)).collect();
        by_epoch.sort_unstable();
        for (_, id) in by_epoch {
            let manifest = &self.manifests[&id];
            let stands = parents(manifest).iter().all(|before| self.found.valid.contains(before));
            if stands && self.is_complete(id) {
                self.found.valid.insert(id);
                self.close(id);
            }
        }
        self.found.standing = self.find_standing();
        if self.found == before { Effect::Noted } else { Effect::Turned }
    }

    fn close(&mut self, id: ManifestId) {
        let manifest = &self.manifests[&id];
        let (Some(before), Ok(change)) = (manifest.fields.predecessor, self.change(manifest)) else { return };
        let cuts: Vec<Stream> = manifest.fields.cuts.keys().copied().collect();
        for member in &change.removed | &manifest.fields.restarts {
            let first = self.generation_at(before, member);
            let named = cuts.iter().filter(|stream| stream.author == member).map(|stream| stream.generation);
            let last = named.max().unwrap_or(first).max(first);
            for generation in (first.0..=last.0).map(Generation) {
                self.found.closings.entry((member, generation)).or_default().insert(id);
            }
        }
    }

    /// In which generation a member's streams were under a manifest.
    pub(super) fn generation_at(&self, id: ManifestId, member: MemberCode) -> Generation {
        let before: BTreeSet<ManifestId> = self.ancestors(id).collect();
        let closings = self.found.closings.iter().filter(|((of, _), _)| *of == member);
        let closed = closings.filter(|(_, closings)| !closings.is_disjoint(&before));
        closed.map(|((_, generation), _)| generation.next()).max().unwrap_or(Generation(1))
    }

    fn find_standing(&self) -> Standing {
        if !self.found.valid.contains(&self.first) {
            return Standing::Proposed;
        }
        let mut chain = vec![self.first];
        loop {
            let newest = &self.manifests[chain.last().expect("it begins with the first")];
            let rivals = self.successors(newest.id());
            match self.undisputed(&rivals) {
                Some(path) => chain.extend(path),
                None if rivals.is_empty() => {
                    let leaver = self.leaving(newest).into_iter().next();
                    let leaver = leaver.filter(|_| newest.fields.members.len() == 2);
                    return match leaver {
                        Some(by) => Standing::Closed { chain, by },
                        None => Standing::InForce(chain),
                    };
                }
                None => {
                    let by = self.double_signers(&rivals);
                    return Standing::Split { chain, rivals, by };
                }
            }
        }
    }

    /// The one of several that stands: it is alone, or the only one that more than half of its members have cited, or
    /// another manifest reconciles them.
    fn undisputed(&self, rivals: &BTreeSet<ManifestId>) -> Option<Vec<ManifestId>> {
        if rivals.is_empty() {
            return None;
        }
        let only = |ids: &BTreeSet<ManifestId>| ids.first().copied().filter(|_| ids.len() == 1);
        let finals: BTreeSet<ManifestId> = rivals.iter().copied().filter(|id| self.is_final(*id)).collect();
        if let Some(one) = only(rivals).or_else(|| only(&finals)) {
            return Some(vec![one]);
        }
        let cites = |id: &ManifestId| parents(&self.manifests[id]).intersection(rivals).count() > 1;
        let reconciling: BTreeSet<ManifestId> = self.found.valid.iter().copied().filter(cites).collect();
        let path = self.undisputed(&reconciling)?;
        let before = path.first().and_then(|id| self.manifests[id].fields.predecessor);
        Some(before.into_iter().chain(path).collect())
    }

    /// Valid successors that no other one sets aside.
    fn successors(&self, id: ManifestId) -> BTreeSet<ManifestId> {
        let follows = |other: &&ManifestId| self.manifests[*other].fields.predecessor == Some(id);
        let all: BTreeSet<ManifestId> = self.found.valid.iter().filter(follows).copied().collect();
        let voided: BTreeSet<ManifestId> =
            all.iter().flat_map(|id| &self.manifests[id].fields.voids).copied().collect();
        &all - &voided
    }

    /// More than half of its own members have signed something under it, or said something of its successors.
    fn is_final(&self, id: ManifestId) -> bool {
        let after = self.manifests.values().filter(|manifest| parents(manifest).contains(&id));
        let spoke = after.flat_map(|manifest| Stance::ALL.map(|stance| self.who(manifest.id(), stance)));
        let cited = self.cited.get(&id).cloned().into_iter().chain(spoke);
        let cited: Members = cited.flatten().collect();
        let manifest = &self.manifests[&id];
        let own = manifest.fields.members.iter().filter(|member| cited.contains(&member.code)).count();
        2 * own > manifest.fields.members.len()
    }

    /// Who has approved two of these of which neither is dead, approved one and declined it or withdrawn, or withdrawn
    /// and declined its own removal.
    fn double_signers(&self, rivals: &BTreeSet<ManifestId>) -> Members {
        let mut signed: BTreeMap<MemberCode, usize> = BTreeMap::new();
        let mut double = Members::new();
        for id in rivals {
            let (approved, declined) = (self.who(*id, Stance::Approves), self.who(*id, Stance::Declines));
            let leaves = &self.leaving_before(&self.manifests[id]) & &self.removed(*id);
            double.extend(&(&approved & &self.against(*id)) | &(&declined & &leaves));
            let may_stand = !self.is_dead(*id);
            approved.into_iter().filter(|_| may_stand).for_each(|who| *signed.entry(who).or_default() += 1);
        }
        double.extend(signed.into_iter().filter(|(_, count)| *count > 1).map(|(who, _)| who));
        double
    }

    /// Members by a manifest that have withdrawn under it, or under one before it and been members ever since.
    fn leaving(&self, manifest: &Manifest) -> Members {
        let mut stayed: Members = manifest.fields.members.iter().map(|member| member.code).collect();
        let mut leaving = Members::new();
        for before in self.ancestors(manifest.id()).filter_map(|id| self.manifests.get(&id)) {
            stayed.retain(|code| before.member(*code).is_some());
            leaving.extend(&self.who(before.id(), Stance::Withdraws) & &stayed);
        }
        leaving
    }

    fn is_complete(&self, id: ManifestId) -> bool {
        let approved = self.who(id, Stance::Approves);
        let ways = self.ways(&self.manifests[&id]).unwrap_or_default();
        ways.iter().any(|way| way.among(&approved) >= way.needed)
    }

    /// So many will not approve it that no way is left, whoever may still withdraw: those may whom it removes and who have
    /// not declined that.
    fn is_dead(&self, id: ManifestId) -> bool {
        self.is_dead_if(id, &self.removed(id) - &self.who(id, Stance::Declines))
    }

    fn is_dead_if(&self, id: ManifestId, leaving: Members) -> bool {
        let (against, ways) = (self.against(id), self.ways_with(&self.manifests[&id], &leaving));
        ways.unwrap_or_default().iter().all(|way| way.of.len() - way.among(&against) < way.needed)
    }

    /// Who has declined a manifest, or has withdrawn and would stay by it.
    fn against(&self, id: ManifestId) -> Members {
        let manifest = &self.manifests[&id];
        let stays = |code: &MemberCode| manifest.member(*code).is_some();
        let leaving = self.leaving_before(manifest).into_iter().filter(stays);
        self.who(id, Stance::Declines).into_iter().chain(leaving).collect()
    }

    /// Who has withdrawn under what a manifest follows.
    fn leaving_before(&self, manifest: &Manifest) -> Members {
        let before = manifest.fields.predecessor.and_then(|before| self.manifests.get(&before));
        before.map(|before| self.leaving(before)).unwrap_or_default()
    }

    fn removed(&self, id: ManifestId) -> Members {
        self.change(&self.manifests[&id]).map(|change| change.removed).unwrap_or_default()
    }

    fn has_said(&self, member: MemberCode, stance: Stance, id: ManifestId) -> bool {
        self.said.get(&(id, stance)).is_some_and(|who| who.contains(&member))
    }

    fn who(&self, id: ManifestId, stance: Stance) -> Members {
        self.said.get(&(id, stance)).cloned().unwrap_or_default()
    }
}

/// What a manifest follows: its predecessor, and those it reconciles with that.
fn parents(manifest: &Manifest) -> BTreeSet<ManifestId> {
    manifest.fields.predecessor.iter().chain(&manifest.fields.reconciles).copied().collect()
}
