//! What a version of an agreement changes in the one before it, read from the exact bytes of both: for people who have to
//! decide, and for programs. What a change takes to come into force is the law's to say (P37).

use std::collections::BTreeMap;

use serde::Serialize;
use xietong_proto::card::Card;
use xietong_proto::epochs::{Epochs, Way};
use xietong_proto::id::*;
use xietong_proto::manifest::{Manifest, Member, Scope};

use super::copy::LevelName;

/// A version and what it changes.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Amendment {
    /// Which version.
    pub manifest: ManifestId,
    /// Its number.
    pub epoch: Epoch,
    /// What is read out.
    pub fingerprint: String,
    /// What is read out of the version before it.
    pub before: String,
    /// Each change, in the order in which people should read them.
    pub differences: Vec<Difference>,
    /// Whether it admits, shares more or otherwise than before, or decides by other numbers.
    pub widens: bool,
    /// In which ways it comes into force: any one is enough.
    pub ways: Vec<Asked>,
}

/// So many of these approve it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Asked {
    /// Who is asked.
    pub of: Vec<MemberCode>,
    /// How many are needed.
    pub needed: usize,
}

/// One change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "code")]
pub enum Difference {
    /// Somebody becomes a member.
    Admits { member: MemberCode, name: String, card: Option<String> },
    /// Somebody is no member any more.
    Removes { member: MemberCode, name: String },
    /// A member goes on under another seal.
    OtherSeal { member: MemberCode, card: Option<String> },
    /// A member has another name or credit code.
    OtherName { member: MemberCode, before: String, now: String },
    /// The card that is shown of a member is another one.
    OtherCard { member: MemberCode, card: Option<String> },
    /// A system is shared.
    Shares { system: System },
    /// A system is shared no more.
    SharesNoMore { system: System },
    /// Something else of a system leaves, or it is read by other rules.
    SharesOtherwise { system: System, profile: u32, rules_version: u32 },
    /// It is decided by other numbers: how many, of how many.
    Quorum { before: (u32, u32), now: (u32, u32), widens: bool },
    /// People call it otherwise.
    Title { before: String, now: String },
    /// It is one between others.
    Level { before: LevelName, now: LevelName },
    /// Members write from another time on.
    From { before: Millis, now: Millis },
    /// Members write until another time.
    Until { before: Millis, now: Millis },
    /// A member's streams end and begin again.
    Restarts { member: MemberCode },
    /// A stream ends at an entry.
    Cuts { member: MemberCode, system: System, position: Position },
    /// Another version is set aside.
    Voids { fingerprint: String },
    /// Another version is reconciled with the one before.
    Reconciles { fingerprint: String },
}

/// What a change means to those who are members already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// More is shared, with more, or decided otherwise: everybody has to consent.
    Widens,
    /// Less is shared, or with fewer.
    Narrows,
    /// Neither.
    Neutral,
}

impl Difference {
    /// What it means to those who are members already.
    pub fn effect(&self) -> Effect {
        match self {
            Self::Admits { .. }
            | Self::OtherSeal { .. }
            | Self::Shares { .. }
            | Self::SharesOtherwise { .. }
            | Self::Quorum { widens: true, .. } => Effect::Widens,
            Self::Removes { .. } | Self::SharesNoMore { .. } | Self::Cuts { .. } => Effect::Narrows,
            Self::OtherName { .. }
            | Self::OtherCard { .. }
            | Self::Quorum { widens: false, .. }
            | Self::Title { .. }
            | Self::Level { .. }
            | Self::From { .. }
            | Self::Until { .. }
            | Self::Restarts { .. }
            | Self::Voids { .. }
            | Self::Reconciles { .. } => Effect::Neutral,
        }
    }
}

impl Amendment {
    /// What a version changes; none of a first one, which changes nothing.
    pub fn of(epochs: &Epochs, manifest: &Manifest, cards: &[Card]) -> Option<Self> {
        let before = epochs.manifest(manifest.fields.predecessor?)?;
        let mut ways: Vec<Asked> = epochs.tally(manifest.id())?.ways.iter().map(Asked::of).collect();
        ways.dedup();
        Some(Self {
            manifest: manifest.id(),
            epoch: manifest.fields.epoch,
            fingerprint: manifest.fingerprint(),
            before: before.fingerprint(),
            differences: differences(epochs, before, manifest, cards),
            widens: epochs.change(manifest).ok()?.widens,
            ways,
        })
    }

    /// Whether there is anything to decide: another card alone is none.
    pub fn is_empty(&self) -> bool {
        self.differences.iter().all(|one| matches!(one, Difference::OtherCard { .. }))
    }
}

impl Asked {
    fn of(Way { of, needed }: &Way) -> Self {
        Self { of: of.iter().copied().collect(), needed: *needed }
    }
}

fn differences(epochs: &Epochs, before: &Manifest, now: &Manifest, cards: &[Card]) -> Vec<Difference> {
    let mut differences = members(before, now, cards);
    differences.extend(scope(before, now));
    differences.extend(terms(before, now));
    let new = &now.fields;
    differences.extend(new.restarts.iter().map(|member| Difference::Restarts { member: *member }));
    differences.extend(new.cuts.iter().map(|(stream, end)| Difference::Cuts {
        member: stream.author,
        system: stream.system,
        position: end.position,
    }));
    let named = |id: &ManifestId| epochs.manifest(*id).map_or_else(|| id.to_string(), Manifest::fingerprint);
    differences.extend(new.voids.iter().map(|id| Difference::Voids { fingerprint: named(id) }));
    differences.extend(new.reconciles.iter().map(|id| Difference::Reconciles { fingerprint: named(id) }));
    differences
}

fn members(before: &Manifest, now: &Manifest, cards: &[Card]) -> Vec<Difference> {
    let fingerprint = |of: &Member| cards.iter().find(|card| card.id() == of.card).map(Card::fingerprint);
    let gone = before.fields.members.iter().filter(|old| now.member(old.code).is_none());
    let gone = gone.map(|old| Difference::Removes { member: old.code, name: old.name.clone() });
    let mut differences: Vec<Difference> = gone.collect();
    for new in &now.fields.members {
        let (member, card) = (new.code, fingerprint(new));
        let Some(old) = before.member(member) else {
            differences.push(Difference::Admits { member, name: new.name.clone(), card });
            continue;
        };
        let called = |of: &Member| format!("{} {}", of.name, of.uscc);
        if old.seal_key != new.seal_key {
            differences.push(Difference::OtherSeal { member, card });
        } else if old.card != new.card {
            differences.push(Difference::OtherCard { member, card });
        }
        if called(old) != called(new) {
            differences.push(Difference::OtherName { member, before: called(old), now: called(new) });
        }
    }
    differences
}

fn scope(before: &Manifest, now: &Manifest) -> Vec<Difference> {
    let by_system = |of: &Manifest| -> BTreeMap<System, Scope> {
        of.fields.scope.iter().map(|scope| (scope.system, *scope)).collect()
    };
    let (old, new) = (by_system(before), by_system(now));
    let added = new.values().filter_map(|scope| match old.get(&scope.system) {
        None => Some(Difference::Shares { system: scope.system }),
        Some(same) if same == scope => None,
        Some(_) => {
            let Scope { system, profile, rules_version } = *scope;
            Some(Difference::SharesOtherwise { system, profile, rules_version })
        }
    });
    let gone = old.keys().filter(|system| !new.contains_key(system));
    added.chain(gone.map(|system| Difference::SharesNoMore { system: *system })).collect()
}

fn terms(before: &Manifest, now: &Manifest) -> Vec<Difference> {
    let (old, new) = (&before.fields, &now.fields);
    let of = |manifest: &Manifest| (manifest.fields.quorum, manifest.fields.members.len() as u32);
    let (decided, decides) = (of(before), of(now));
    let widens = decides.0 != decided.0.min(decides.1);
    let quorum = Difference::Quorum { before: decided, now: decides, widens };
    let (title, next) = (old.title.clone(), new.title.clone());
    let (level, next_level) = (LevelName::of(old.level), LevelName::of(new.level));
    let differences = [
        (decided != decides).then_some(quorum),
        (title != next).then_some(Difference::Title { before: title, now: next }),
        (level != next_level).then_some(Difference::Level { before: level, now: next_level }),
        (old.valid_from != new.valid_from)
            .then_some(Difference::From { before: old.valid_from, now: new.valid_from }),
        (old.valid_until != new.valid_until)
            .then_some(Difference::Until { before: old.valid_until, now: new.valid_until }),
    ];
    differences.into_iter().flatten().collect()
}
