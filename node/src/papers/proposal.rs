//! What is put to members before there is an agreement: a title, their cards, the systems, a date. Turned
//! into a manifest here, or refused by name.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use xietong_proto::card::Card;
use xietong_proto::id::*;
use xietong_proto::limits::MEMBERS_MAX;
use xietong_proto::manifest::{Manifest, ManifestFields, Member, Scope};
use xietong_proto::reject::Reject;

use super::agreement::AgreementFile;
use super::copy::LevelName;
use crate::calendar;

/// What an operator proposes, as `config/agreement.example.toml` explains it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proposal {
    /// What people call it.
    pub title: String,
    /// Between whom.
    #[serde(default)]
    pub level: LevelName,
    /// Files of member cards.
    pub members: Vec<String>,
    /// Names of systems.
    pub systems: Vec<String>,
    /// The last day on which members author.
    pub until: String,
    /// How many members decide; if none is given, just more than half.
    pub quorum: Option<u32>,
}

/// Why a proposal is refused, in the order in which the checks run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "code")]
pub enum ProposalRefusal {
    /// Not of the form of TOML, or not with the keys of a proposal.
    ProposalForm {
        /// From 1.
        line: usize,
        /// What the parser says.
        detail: String,
    },
    /// No system of that name can be shared.
    UnknownSystem {
        /// As read.
        name: String,
    },
    /// Nothing of it ever leaves its province.
    StaysAtHome {
        /// Which.
        system: System,
    },
    /// One system twice.
    SystemTwice {
        /// As read.
        name: String,
    },
    /// None at all.
    NoSystem,
    /// Fewer than two, or more than the protocol allows.
    MemberCount {
        /// How many cards.
        count: usize,
        /// How many at most.
        count_max: usize,
    },
    /// Two cards of one member.
    MemberTwice {
        /// Whose.
        member: MemberCode,
    },
    /// Two members with one seal key: one could sign for the other.
    SealKeyTwice {
        /// The one.
        first: MemberCode,
        /// The other.
        second: MemberCode,
    },
    /// Not more than half of the members, or more than there are.
    QuorumOutOfRange {
        /// As read.
        quorum: u32,
        /// At least.
        quorum_min: u32,
        /// At most.
        quorum_max: u32,
    },
    /// No date of the form 2030-12-31.
    DateForm {
        /// As read.
        text: String,
    },
    /// The last day is over.
    OverAlready {
        /// As read.
        until: String,
    },
    /// The protocol refuses the title.
    UnlawfulProposal {
        /// Why.
        reject: Reject,
    },
}

impl Proposal {
    /// Reads a proposal.
    pub fn read(text: &str) -> Result<Self, ProposalRefusal> {
        toml::from_str(text).map_err(|error| ProposalRefusal::ProposalForm {
            line: crate::tables::line(text, &error),
            detail: error.message().to_owned(),
        })
    }

    /// Makes an agreement that nobody has approved yet, valid from `now` on.
    pub fn draw_up(
        &self,
        cards: Vec<Card>,
        now: Millis,
        nonce: [u8; 16],
    ) -> Result<AgreementFile, ProposalRefusal> {
        let scope = scope(&self.systems)?;
        let cards = by_member(cards)?;
        let quorum = quorum(self.quorum, cards.len() as u32)?;
        let fields = ManifestFields {
            epoch: Epoch(1),
            predecessor: None,
            title: self.title.clone(),
            level: self.level.level(),
            members: cards.values().map(member).collect(),
            scope,
            quorum,
            valid_from: now,
            valid_until: end_of(&self.until, now)?,
            nonce,
            voids: BTreeSet::new(),
            reconciles: BTreeSet::new(),
            restarts: BTreeSet::new(),
            cuts: BTreeMap::new(),
        };
        let manifest =
            Manifest::new(fields).map_err(|reject| ProposalRefusal::UnlawfulProposal { reject })?;
        Ok(AgreementFile { manifest, cards, approvals: BTreeMap::new() })
    }
}

fn scope(names: &[String]) -> Result<Vec<Scope>, ProposalRefusal> {
    let mut systems = BTreeSet::new();
    for name in names {
        if !systems.insert(system(name)?) {
            return Err(ProposalRefusal::SystemTwice { name: name.clone() });
        }
    }
    if systems.is_empty() {
        return Err(ProposalRefusal::NoSystem);
    }
    Ok(systems.into_iter().map(|system| Scope { system, profile: 1, rules_version: 1 }).collect())
}

fn system(name: &str) -> Result<System, ProposalRefusal> {
    match name {
        "assets" => Ok(System::ASSETS),
        "vehicles" => Ok(System::VEHICLES),
        "energy" => Ok(System::ENERGY),
        "institutions" => Err(ProposalRefusal::StaysAtHome { system: System::INSTITUTIONS }),
        "drivers" => Err(ProposalRefusal::StaysAtHome { system: System::DRIVERS }),
        name => Err(ProposalRefusal::UnknownSystem { name: name.to_owned() }),
    }
}

fn by_member(cards: Vec<Card>) -> Result<BTreeMap<MemberCode, Card>, ProposalRefusal> {
    let (count, count_max) = (cards.len(), MEMBERS_MAX);
    if !(2..=count_max).contains(&count) {
        return Err(ProposalRefusal::MemberCount { count, count_max });
    }
    let mut by_seal = BTreeMap::new();
    let mut by_member = BTreeMap::new();
    for card in cards {
        let (member, seal) = (card.fields.code, card.fields.seal_key.to_bytes());
        if by_member.insert(member, card).is_some() {
            return Err(ProposalRefusal::MemberTwice { member });
        }
        if let Some(first) = by_seal.insert(seal, member) {
            return Err(ProposalRefusal::SealKeyTwice { first, second: member });
        }
    }
    Ok(by_member)
}

fn quorum(asked: Option<u32>, members: u32) -> Result<u32, ProposalRefusal> {
    let (quorum_min, quorum_max) = (members / 2 + 1, members);
    let quorum = asked.unwrap_or(quorum_min);
    if !(quorum_min..=quorum_max).contains(&quorum) {
        return Err(ProposalRefusal::QuorumOutOfRange { quorum, quorum_min, quorum_max });
    }
    Ok(quorum)
}

/// The end of a day that is not over.
fn end_of(day: &str, now: Millis) -> Result<Millis, ProposalRefusal> {
    let refusal = || ProposalRefusal::DateForm { text: day.to_owned() };
    let is_plain = day.len() == "2030-12-31".len();
    let date: Date = day.parse().ok().filter(|_| is_plain).ok_or_else(refusal)?;
    let end = calendar::end_of(date).ok_or_else(refusal)?;
    if end <= now {
        return Err(ProposalRefusal::OverAlready { until: day.to_owned() });
    }
    Ok(end)
}

fn member(card: &Card) -> Member {
    let fields = &card.fields;
    Member {
        code: fields.code,
        name: fields.name.clone(),
        uscc: fields.uscc.clone(),
        seal_key: fields.seal_key,
        card: card.id(),
    }
}
