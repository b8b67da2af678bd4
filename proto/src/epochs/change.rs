//! What a manifest changes in those before it, whether it may, and who has to approve that (P37).

use std::collections::{BTreeMap, BTreeSet};

use crate::crypto::PublicKey;
use crate::id::*;
use crate::manifest::{Manifest, Scope};
use crate::reject::Reject;

/// Members by code.
pub type Members = BTreeSet<MemberCode>;

/// One way in which a manifest comes into force: so many of these approve it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Way {
    /// Who is asked.
    pub of: Members,
    /// How many of them are needed.
    pub needed: usize,
}

impl Way {
    fn all(of: Members) -> Self {
        Self { needed: of.len(), of }
    }

    /// Who of those asked is among `some`.
    pub fn among(&self, some: &Members) -> usize {
        self.of.intersection(some).count()
    }
}

/// What a manifest changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// Members before it that are none by it, or stay under another seal.
    pub removed: Members,
    /// Members before it that stay.
    pub remaining: Members,
    /// Members by it that were none before it, or come back under another seal.
    pub newcomers: Members,
    /// Whether it admits, shares more or otherwise than before, or decides by other numbers.
    pub widens: bool,
}

impl Change {
    /// Compares a manifest with the one before it, or with those that it reconciles.
    pub fn between(before: &[&Manifest], next: &Manifest) -> Self {
        let seals = |manifest: &Manifest| -> BTreeMap<MemberCode, [u8; 32]> {
            let seal = |key: &PublicKey| key.to_bytes();
            manifest.fields.members.iter().map(|member| (member.code, seal(&member.seal_key))).collect()
        };
        let (old, new) = (before.iter().flat_map(|manifest| seals(manifest)), seals(next));
        let (remaining, removed): (Vec<_>, Vec<_>) =
            old.partition(|(code, seal)| new.get(code) == Some(seal));
        let codes =
            |members: Vec<(MemberCode, [u8; 32])>| members.into_iter().map(|(code, _)| code).collect();
        let (remaining, removed): (Members, Members) = (codes(remaining), codes(removed));
        let newcomers: Members = new.into_keys().filter(|code| !remaining.contains(code)).collect();
        let quorum = before.iter().map(|manifest| manifest.fields.quorum).min().unwrap_or_default();
        let decides_alike = next.fields.quorum == quorum.min(next.fields.members.len() as u32);
        let had = |scope: &Scope| before.iter().all(|manifest| manifest.fields.scope.contains(scope));
        let widens = !newcomers.is_empty() || !decides_alike || !next.fields.scope.iter().all(had);
        Self { removed, remaining, newcomers, widens }
    }

    /// In which ways a successor comes into force; `leaving` are the members who have withdrawn. Any one is enough.
    /// Two ways of two successors always have somebody in common who was a member before: that is why no two come
    /// into force among the honest.
    pub fn ways(&self, before: &Manifest, next: &Manifest, leaving: &Members) -> Result<Vec<Way>, Reject> {
        let all: Members = before.fields.members.iter().map(|member| member.code).collect();
        let quorum = before.fields.quorum as usize;
        if self.removed.is_empty() {
            if !next.fields.voids.is_empty() {
                return Err(bad("manifest.voids"));
            }
            let everybody = Way::all(&all | &self.newcomers);
            let way = if self.widens { everybody } else { Way { of: all, needed: quorum } };
            return Ok(vec![way]);
        }
        let mut ways = Vec::new();
        let majority = self.remaining.len() / 2 + 1;
        if self.remaining.len() > all.len() / 2 {
            ways.push(Way::all(&self.remaining | &self.newcomers));
        }
        if !self.widens && next.fields.voids.is_empty() {
            if self.removed.is_subset(leaving) {
                let needed = quorum.saturating_sub(self.removed.len()).max(majority);
                ways.push(Way { of: self.remaining.clone(), needed });
            }
            ways.push(Way { of: all, needed: quorum });
        }
        if ways.is_empty() { Err(bad("manifest.members")) } else { Ok(ways) }
    }
}

pub(super) fn bad(name: &str) -> Reject {
    Reject::BadField { field: name.to_owned() }
}
