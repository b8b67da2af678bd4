//! Where a node stands among others, as far as systems have to know it: who it is, by which rules it works, who hears
//! it under which agreement. Made by the machine for each command; nothing of it is kept.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use xietong_proto::id::*;

use super::kind::Kind;
use super::rules::Rules;

/// Who this node is, by which rules it works, and to whom each system's disclosures go at the moment.
#[derive(Clone, Debug)]
pub struct Circle {
    /// This member.
    pub me: MemberCode,
    /// Of its office.
    pub rules: Arc<Rules>,
    /// The other members of the agreements in force.
    pub members: BTreeMap<Kind, BTreeSet<MemberCode>>,
    /// The agreements that were joined here.
    pub agreements: Vec<Standing>,
}

impl Circle {
    /// The agreements under which this node may say something now that a member hears.
    pub fn open_with(&self, kind: Kind, member: MemberCode) -> Vec<AgreementId> {
        let hears =
            |standing: &&Standing| standing.open.contains(&kind) && standing.members.contains(&member);
        self.agreements.iter().filter(hears).map(|standing| standing.agreement).collect()
    }

    /// How one of them stands.
    pub fn standing(&self, agreement: AgreementId) -> Option<&Standing> {
        self.agreements.iter().find(|standing| standing.agreement == agreement)
    }
}

/// An agreement as those see it who would say something under it.
#[derive(Clone, Debug)]
pub struct Standing {
    /// Which.
    pub agreement: AgreementId,
    /// All its members.
    pub members: BTreeSet<MemberCode>,
    /// What it speaks of.
    pub scope: BTreeSet<Kind>,
    /// Members author from this moment on.
    pub valid_from: Millis,
    /// And before this one.
    pub valid_until: Millis,
    /// In which systems this node may say something now.
    pub open: BTreeSet<Kind>,
    /// Former members of whom everything is here that counts: they say nothing more.
    pub left: BTreeSet<MemberCode>,
}
