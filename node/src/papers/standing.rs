//! How a version of an agreement stands: what it changes, who has said what and when, who is missing, and since when its
//! approvals are complete. Times are those that members claim; nothing is decided by them.

use std::collections::BTreeMap;

use serde::Serialize;
use xietong_proto::card::Card;
use xietong_proto::epochs::{Epochs, Members, Stage, Tally};
use xietong_proto::id::*;
use xietong_proto::manifest::Manifest;
use xietong_proto::opinion::{OpinionFields, Stance};

use super::amendment::Amendment;

/// One version, and how it came to where it is.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct VersionStanding {
    /// Which.
    pub manifest: ManifestId,
    /// Its number.
    pub epoch: Epoch,
    /// What people call it.
    pub title: String,
    /// What is read out.
    pub fingerprint: String,
    /// How far it has come.
    pub stage: Stage,
    /// What has been said of it, in the order of the times that members claim.
    pub opinions: Vec<Said>,
    /// Who has said nothing yet, of those whose approval brings it into force soonest.
    pub missing: Vec<MemberCode>,
    /// How many of them are needed.
    pub lacking: usize,
    /// With which approval enough had approved; none before.
    pub complete_since: Option<Millis>,
    /// What it changes; none of a first version.
    pub amendment: Option<Amendment>,
}

/// What one member has said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Said {
    /// Who.
    pub member: MemberCode,
    /// What.
    pub stance: Stance,
    /// When, as it says.
    pub time: Millis,
    /// Why; perhaps empty.
    pub reason: String,
}

impl VersionStanding {
    /// Of a version that is known.
    pub fn of(epochs: &Epochs, manifest: &Manifest, cards: &[Card]) -> Option<Self> {
        let tally = epochs.tally(manifest.id())?;
        let mut opinions: Vec<Said> =
            epochs.opinions(manifest.id()).map(|opinion| Said::of(&opinion.fields)).collect();
        opinions.sort_by_key(|said| (said.time, said.member, said.stance));
        Some(Self {
            manifest: manifest.id(),
            epoch: manifest.fields.epoch,
            title: manifest.fields.title.clone(),
            fingerprint: manifest.fingerprint(),
            stage: tally.stage,
            complete_since: complete_since(&tally, &opinions),
            opinions,
            missing: tally.missing.into_iter().collect(),
            lacking: tally.lacking,
            amendment: Amendment::of(epochs, manifest, cards),
        })
    }

    /// All of an agreement, by number, then by when each was first spoken of.
    pub fn all(epochs: &Epochs, cards: &[Card]) -> Vec<Self> {
        let all = epochs.manifests().filter_map(|manifest| Self::of(epochs, manifest, cards));
        let by_time: BTreeMap<(Epoch, Option<Millis>, ManifestId), Self> =
            all.map(|of| ((of.epoch, of.opinions.first().map(|said| said.time), of.manifest), of)).collect();
        by_time.into_values().collect()
    }
}

impl Said {
    fn of(OpinionFields { stance, member, time, reason, .. }: &OpinionFields) -> Self {
        Self { member: *member, stance: *stance, time: *time, reason: reason.clone() }
    }
}

fn complete_since(tally: &Tally, opinions: &[Said]) -> Option<Millis> {
    let mut approved = Members::new();
    for said in opinions.iter().filter(|said| said.stance == Stance::Approves) {
        approved.insert(said.member);
        if tally.ways.iter().any(|way| way.among(&approved) >= way.needed) {
            return Some(said.time);
        }
    }
    None
}
