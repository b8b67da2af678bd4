//! The readable copies: what the exact bytes of a card or an agreement say, in fields for people. Made from
//! the bytes and compared with what a paper claims; never read for its content.

use serde::{Deserialize, Serialize};
use xietong_proto::card::Card;
use xietong_proto::id::*;
use xietong_proto::manifest::{Level, Manifest, Member, Scope};
use xietong_proto::opinion::{Opinion, OpinionFields, Stance};
use xietong_proto::stream::{Head, Stream};

use crate::calendar::stamp;

/// The name of a level (协同层级) in files and on the command line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum LevelName {
    /// 省际.
    #[default]
    Provinces,
    /// 城市间.
    Cities,
    /// 省内.
    WithinProvince,
}

impl LevelName {
    /// The name of a manifest's level.
    pub fn of(level: Level) -> Self {
        match level {
            Level::Provinces => Self::Provinces,
            Level::Cities => Self::Cities,
            Level::WithinProvince => Self::WithinProvince,
            Level::Unspecified => unreachable!("a manifest without a level does not open"),
        }
    }

    /// As a manifest has it.
    pub fn level(self) -> Level {
        match self {
            Self::Provinces => Level::Provinces,
            Self::Cities => Level::Cities,
            Self::WithinProvince => Level::WithinProvince,
        }
    }
}

/// A member card's readable copy.
#[derive(Clone, Debug, Serialize)]
pub struct CardCopy {
    fingerprint: String,
    card: CardFieldsCopy,
}

#[derive(Clone, Debug, Serialize)]
struct CardFieldsCopy {
    number: CardNumber,
    code: MemberCode,
    name: String,
    uscc: String,
    seal_key: String,
    entry_key: String,
    transport_keys: Vec<PeerId>,
    addresses: Vec<String>,
    telephone: String,
    issued: String,
}

impl CardCopy {
    /// What the card says.
    pub fn of(card: &Card) -> Self {
        let fields = card.fields.clone();
        let card_fields = CardFieldsCopy {
            number: fields.number,
            code: fields.code,
            name: fields.name,
            uscc: fields.uscc,
            seal_key: hex::encode(fields.seal_key.to_bytes()),
            entry_key: hex::encode(fields.entry_key.to_bytes()),
            transport_keys: fields.transport_keys,
            addresses: fields.addresses,
            telephone: fields.telephone,
            issued: stamp(fields.issued),
        };
        Self { fingerprint: card.fingerprint(), card: card_fields }
    }
}

/// An agreement's readable copy.
#[derive(Clone, Debug, Serialize)]
pub struct AgreementCopy {
    fingerprint: String,
    agreement: ManifestCopy,
    approvals: Vec<OpinionCopy>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    declines: Vec<OpinionCopy>,
}

#[derive(Clone, Debug, Serialize)]
struct ManifestCopy {
    title: String,
    level: LevelName,
    epoch: Epoch,
    #[serde(skip_serializing_if = "Option::is_none")]
    predecessor: Option<ManifestId>,
    quorum: u32,
    valid_from: String,
    valid_until: String,
    nonce: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    voids: Vec<ManifestId>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    reconciles: Vec<ManifestId>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    restarts: Vec<MemberCode>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    cuts: Vec<CutCopy>,
    scope: Vec<ScopeCopy>,
    members: Vec<MemberCopy>,
}

#[derive(Clone, Debug, Serialize)]
struct CutCopy {
    author: MemberCode,
    system: String,
    generation: Generation,
    position: Position,
    entry: EntryId,
}

#[derive(Clone, Debug, Serialize)]
struct MemberCopy {
    code: MemberCode,
    name: String,
    uscc: String,
    seal_key: String,
    card: CardId,
}

#[derive(Clone, Debug, Serialize)]
struct ScopeCopy {
    system: String,
    profile: u32,
    rules_version: u32,
}

#[derive(Clone, Debug, Serialize)]
struct OpinionCopy {
    member: MemberCode,
    time: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    reason: String,
}

impl AgreementCopy {
    /// What the manifest and the opinions on it say.
    pub fn of<'a>(manifest: &Manifest, opinions: impl Iterator<Item = &'a Opinion>) -> Self {
        let opinions: Vec<&Opinion> = opinions.collect();
        let saying = |stance: Stance| {
            let those = opinions.iter().filter(move |opinion| opinion.fields.stance == stance);
            those.map(|opinion| OpinionCopy::of(opinion)).collect()
        };
        Self {
            fingerprint: manifest.fingerprint(),
            agreement: ManifestCopy::of(manifest),
            approvals: saying(Stance::Approves),
            declines: saying(Stance::Declines),
        }
    }
}

impl ManifestCopy {
    fn of(manifest: &Manifest) -> Self {
        let fields = &manifest.fields;
        Self {
            title: fields.title.clone(),
            level: LevelName::of(fields.level),
            epoch: fields.epoch,
            predecessor: fields.predecessor,
            quorum: fields.quorum,
            valid_from: stamp(fields.valid_from),
            valid_until: stamp(fields.valid_until),
            nonce: hex::encode(fields.nonce),
            voids: fields.voids.iter().copied().collect(),
            reconciles: fields.reconciles.iter().copied().collect(),
            restarts: fields.restarts.iter().copied().collect(),
            cuts: fields.cuts.iter().map(CutCopy::of).collect(),
            scope: fields.scope.iter().map(ScopeCopy::of).collect(),
            members: fields.members.iter().map(MemberCopy::of).collect(),
        }
    }
}

impl CutCopy {
    fn of((stream, end): (&Stream, &Head)) -> Self {
        let (author, system, generation) = (stream.author, stream.system.to_string(), stream.generation);
        Self { author, system, generation, position: end.position, entry: end.id }
    }
}

impl MemberCopy {
    fn of(member: &Member) -> Self {
        Self {
            code: member.code,
            name: member.name.clone(),
            uscc: member.uscc.clone(),
            seal_key: hex::encode(member.seal_key.to_bytes()),
            card: member.card,
        }
    }
}

impl ScopeCopy {
    fn of(scope: &Scope) -> Self {
        let (profile, rules_version) = (scope.profile, scope.rules_version);
        Self { system: scope.system.to_string(), profile, rules_version }
    }
}

impl OpinionCopy {
    fn of(opinion: &Opinion) -> Self {
        let OpinionFields { member, time, reason, .. } = &opinion.fields;
        Self { member: *member, time: stamp(*time), reason: reason.clone() }
    }
}
