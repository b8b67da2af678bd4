//! What is put to members, as people write it: a title, the members, the systems, a date. Turned into a first version of
//! an agreement or into the next one here, or refused by name.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use xietong_proto::card::Card;
use xietong_proto::epochs::Epochs;
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
    /// Files of member cards; codes of those who are members before.
    pub members: Vec<String>,
    /// Names of systems.
    pub systems: Vec<String>,
    /// The last day on which members author.
    pub until: String,
    /// How many members decide; if none is given, as many as before, or just more than half.
    pub quorum: Option<u32>,
    /// Members whose streams end where they stand and begin again.
    #[serde(default)]
    pub restarts: Vec<MemberCode>,
    /// Fingerprints, or their beginnings, of other proposals that it sets aside.
    #[serde(default)]
    pub voids: Vec<String>,
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
    /// The card given of a member is under the seal that is in force: nothing has to be agreed on.
    SealInForce {
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
    /// A code where a card is needed: it is no member yet.
    NoMemberYet {
        /// Whose.
        member: MemberCode,
    },
    /// No version has such a fingerprint, or several have.
    NoSuchVersion {
        /// As read.
        fingerprint: String,
    },
    /// Not more than half of the members stay as they are: there is no way to approve that.
    TooFewStay {
        /// Under the same seal.
        stay: usize,
        /// In force.
        members: usize,
    },
    /// The agreement is closed: nothing follows.
    ClosedForGood {
        /// By whom.
        by: MemberCode,
    },
    /// It says what the version in force says.
    NothingChanges,
    /// The protocol refuses it.
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

    /// As the version in force has it.
    pub fn of(manifest: &Manifest) -> Self {
        let fields = &manifest.fields;
        Self {
            title: fields.title.clone(),
            level: LevelName::of(fields.level),
            members: fields.members.iter().map(|member| member.code.to_string()).collect(),
            systems: fields.scope.iter().map(|scope| scope.system.to_string()).collect(),
            until: last_day(fields.valid_until),
            quorum: Some(fields.quorum),
            restarts: Vec::new(),
            voids: Vec::new(),
        }
    }

    /// The same without a member, decided by as many as then can.
    pub fn without(mut self, member: MemberCode) -> Self {
        self.members.retain(|named| *named != member.to_string());
        self.quorum = None;
        self
    }

    /// As text, to be changed; `names` stand beside the codes.
    pub fn write(&self, names: &BTreeMap<MemberCode, String>) -> String {
        let quoted = |text: &str| toml::Value::from(text).to_string();
        let list = |texts: &[String]| texts.iter().map(|text| quoted(text)).collect::<Vec<_>>().join(", ");
        let member = |named: &String| {
            let name = named.parse().ok().and_then(|code: MemberCode| names.get(&code));
            let name = name.map(|name| format!("  # {name}")).unwrap_or_default();
            format!("    {},{name}\n", quoted(named))
        };
        let codes: Vec<String> = self.restarts.iter().map(MemberCode::to_string).collect();
        let quorum = self.quorum.map(|quorum| format!("quorum = {quorum}\n")).unwrap_or_default();
        format!(
            "title = {}\nlevel = {}\nmembers = [\n{}]\nsystems = [{}]\nuntil = {}\n{quorum}restarts = [{}]\nvoids = [{}]\n",
            quoted(&self.title),
            toml::Value::try_from(self.level).expect("a level is a word"),
            self.members.iter().map(member).collect::<String>(),
            list(&self.systems),
            quoted(&self.until),
            list(&codes),
            list(&self.voids),
        )
    }

    /// Which of its members are named by a file.
    pub fn files(&self) -> impl Iterator<Item = &String> {
        self.members.iter().filter(|named| named.parse::<MemberCode>().is_err())
    }

    pub(super) fn codes(&self) -> impl Iterator<Item = MemberCode> {
        self.members.iter().filter_map(|named| named.parse().ok())
    }

    /// Makes an agreement that nobody has approved yet, valid from `now` on.
    pub fn draw_up(
        &self,
        cards: Vec<Card>,
        now: Millis,
        nonce: [u8; 16],
    ) -> Result<AgreementFile, ProposalRefusal> {
        let scope = scope(&self.systems)?;
        if let Some(member) = self.codes().next() {
            return Err(ProposalRefusal::NoMemberYet { member });
        }
        let cards = by_member(cards)?;
        let members = cards.len() as u32;
        let manifest = lawful(Manifest::new(ManifestFields {
            epoch: Epoch(1),
            predecessor: None,
            title: self.title.clone(),
            level: self.level.level(),
            members: cards.values().map(member).collect(),
            scope,
            quorum: quorum(self.quorum.unwrap_or(members / 2 + 1), members)?,
            valid_from: now,
            valid_until: end_of(&self.until, now)?,
            nonce,
            voids: BTreeSet::new(),
            reconciles: BTreeSet::new(),
            restarts: self.restarts.iter().copied().collect(),
            cuts: BTreeMap::new(),
        }))?;
        let id = manifest.id();
        let epochs = lawful(Epochs::new(manifest))?;
        Ok(AgreementFile::new(epochs, cards.into_values().collect(), id).expect(CARDS_FIT))
    }
}

/// The last day on which members author.
pub(super) fn last_day(until: Millis) -> String {
    calendar::date(Millis(until.0.saturating_sub(1))).to_string()
}

pub(super) fn lawful<T>(made: Result<T, Reject>) -> Result<T, ProposalRefusal> {
    made.map_err(|reject| ProposalRefusal::UnlawfulProposal { reject })
}

pub(super) const CARDS_FIT: &str = "it was made of these cards";

pub(super) fn scope(names: &[String]) -> Result<Vec<Scope>, ProposalRefusal> {
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
    match System::named(name) {
        Some(system) if system.stays_at_home() => Err(ProposalRefusal::StaysAtHome { system }),
        Some(system) => Ok(system),
        None => Err(ProposalRefusal::UnknownSystem { name: name.to_owned() }),
    }
}

pub(super) fn by_member(cards: Vec<Card>) -> Result<BTreeMap<MemberCode, Card>, ProposalRefusal> {
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

pub(super) fn quorum(quorum: u32, members: u32) -> Result<u32, ProposalRefusal> {
    let (quorum_min, quorum_max) = (members / 2 + 1, members);
    if !(quorum_min..=quorum_max).contains(&quorum) {
        return Err(ProposalRefusal::QuorumOutOfRange { quorum, quorum_min, quorum_max });
    }
    Ok(quorum)
}

/// The end of a day that is not over.
pub(super) fn end_of(day: &str, now: Millis) -> Result<Millis, ProposalRefusal> {
    let refusal = || ProposalRefusal::DateForm { text: day.to_owned() };
    let is_plain = day.len() == "2030-12-31".len();
    let date: Date = day.parse().ok().filter(|_| is_plain).ok_or_else(refusal)?;
    let end = calendar::end_of(date).ok_or_else(refusal)?;
    if end <= now {
        return Err(ProposalRefusal::OverAlready { until: day.to_owned() });
    }
    Ok(end)
}

pub(super) fn member(card: &Card) -> Member {
    let fields = &card.fields;
    Member {
        code: fields.code,
        name: fields.name.clone(),
        uscc: fields.uscc.clone(),
        seal_key: fields.seal_key,
        card: card.id(),
    }
}
