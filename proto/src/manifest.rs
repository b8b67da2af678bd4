//! Manifests (协议文本): what members agree on, version by version, in exact bytes (P12). Whether one is in force is
//! said by the opinions on it (`epochs`).

use std::collections::BTreeSet;

use prost::Message;

use crate::card::is_uscc_shaped;
use crate::crypto::{PublicKey, SUITE, Tag, tagged_hash};
use crate::id::*;
use crate::limits::{MANIFEST_BYTES_MAX, MEMBERS_MAX, SCOPE_MAX, TEXT_BYTES_MAX};
use crate::object::{self, is_text};
use crate::receipt::{self, Holdings};
use crate::reject::Reject;
use crate::stream::Audience;
use crate::wire::agreement as wire;
pub use crate::wire::agreement::Level;

/// Version of the manifest layout.
pub const VERSION: u32 = 1;

/// One version of an agreement whose fields hold. Whether it is in force is another question.
#[derive(Clone, Debug, PartialEq)]
pub struct Manifest {
    /// What it says.
    pub fields: ManifestFields,
    id: ManifestId,
    bytes: Vec<u8>,
}

/// The fields of a manifest.
#[derive(Clone, Debug, PartialEq)]
pub struct ManifestFields {
    /// From 1.
    pub epoch: Epoch,
    /// The manifest before it; none for epoch 1.
    pub predecessor: Option<ManifestId>,
    /// What people call the agreement.
    pub title: String,
    /// 省际, 城市间 or 省内.
    pub level: Level,
    /// In ascending order of code.
    pub members: Vec<Member>,
    /// In ascending order of system.
    pub scope: Vec<Scope>,
    /// How many members decide, over all members: more than half.
    pub quorum: u32,
    /// From when on members author.
    pub valid_from: Millis,
    /// Until when members author; reading and receiving never end.
    pub valid_until: Millis,
    /// Keeps two agreements of the same words apart.
    pub nonce: [u8; 16],
    /// Other successors of the same predecessor that it sets aside (P37).
    pub voids: BTreeSet<ManifestId>,
    /// Rivals of its predecessor, with which a double signature brought two into force (P37).
    pub reconciles: BTreeSet<ManifestId>,
    /// Members that stay and whose streams begin again in the next generation (P38).
    pub restarts: BTreeSet<MemberCode>,
    /// How far streams of members that leave or restart count (P38).
    pub cuts: Holdings,
}

/// One member as the manifest names it.
#[derive(Clone, Debug, PartialEq)]
pub struct Member {
    /// Its code.
    pub code: MemberCode,
    /// Its name.
    pub name: String,
    /// Its unified social credit code.
    pub uscc: String,
    /// Signs its cards and opinions.
    pub seal_key: PublicKey,
    /// The card that was shown when the manifest was made.
    pub card: CardId,
}

/// One system in scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scope {
    /// Which.
    pub system: System,
    /// What leaves in it.
    pub profile: u32,
    /// The version of the rules by which it is folded.
    pub rules_version: u32,
}

impl Manifest {
    /// Fixes the fields in bytes; refuses those that [`Manifest::open`] would refuse.
    pub fn new(fields: ManifestFields) -> Result<Self, Reject> {
        Self::open(&fields.to_wire().encode_to_vec())
    }

    /// Reads and checks a manifest.
    pub fn open(bytes: &[u8]) -> Result<Self, Reject> {
        let wire = object::canonical_of_version(bytes, MANIFEST_BYTES_MAX, VERSION)?;
        let fields = ManifestFields::from_wire(wire)?;
        let id = ManifestId(tagged_hash(Tag::Manifest, bytes));
        Ok(Self { fields, id, bytes: bytes.to_vec() })
    }

    /// H(tag ‖ body).
    pub fn id(&self) -> ManifestId {
        self.id
    }

    /// The exact bytes that members approve.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What to read out.
    pub fn fingerprint(&self) -> String {
        object::fingerprint(&self.id.0)
    }

    /// The member of that code.
    pub fn member(&self, code: MemberCode) -> Option<&Member> {
        self.fields.members.iter().find(|member| member.code == code)
    }

    /// Whether the system is in scope.
    pub fn covers(&self, system: System) -> bool {
        self.fields.scope.iter().any(|scope| scope.system == system)
    }

    /// Whether members may author now (P20). Never a reason to refuse what another authored.
    pub fn is_valid_at(&self, now: Millis) -> bool {
        (self.fields.valid_from..self.fields.valid_until).contains(&now)
    }
}

impl ManifestFields {
    fn to_wire(&self) -> wire::Manifest {
        wire::Manifest {
            version: VERSION,
            suite: SUITE.into(),
            epoch: self.epoch.0,
            predecessor: self.predecessor.map(|id| id.0.to_vec()).unwrap_or_default(),
            title: self.title.clone(),
            level: self.level.into(),
            members: self.members.iter().map(Member::to_wire).collect(),
            scope: self.scope.iter().copied().map(Scope::to_wire).collect(),
            quorum: self.quorum,
            valid_from_ms: self.valid_from.0,
            valid_until_ms: self.valid_until.0,
            nonce: self.nonce.to_vec(),
            voids: ids_to_wire(&self.voids),
            reconciles: ids_to_wire(&self.reconciles),
            restarts: self.restarts.iter().map(MemberCode::to_string).collect(),
            cuts: receipt::join(&self.cuts),
        }
    }

    /// In the order of the schema, of a list first its elements, so that the first field that is wrong is the
    /// one named.
    fn from_wire(manifest: wire::Manifest) -> Result<Self, Reject> {
        field("manifest.suite", manifest.suite == u32::from(SUITE))?;
        field("manifest.epoch", manifest.epoch > 0)?;
        let predecessor = predecessor(manifest.epoch, &manifest.predecessor)?;
        field("manifest.title", is_text(&manifest.title, TEXT_BYTES_MAX))?;
        let level = level(manifest.level)?;
        let members = members(manifest.members)?;
        let scope = scope(&manifest.scope)?;
        let quorums = members.len() / 2 + 1..=members.len();
        field("manifest.quorum", quorums.contains(&(manifest.quorum as usize)))?;
        field("manifest.valid_until_ms", manifest.valid_from_ms < manifest.valid_until_ms)?;
        let fields = Self {
            epoch: Epoch(manifest.epoch),
            predecessor,
            title: manifest.title,
            level,
            members,
            scope,
            quorum: manifest.quorum,
            valid_from: Millis(manifest.valid_from_ms),
            valid_until: Millis(manifest.valid_until_ms),
            nonce: manifest.nonce.try_into().map_err(|_| bad("manifest.nonce"))?,
            voids: ids("manifest.voids", &manifest.voids)?,
            reconciles: ids("manifest.reconciles", &manifest.reconciles)?,
            restarts: restarts(&manifest.restarts)?,
            cuts: cuts(&manifest.cuts)?,
        };
        fields.check_first()?;
        Ok(fields)
    }

    /// Before a first manifest there is nothing that it could set aside or cut.
    fn check_first(&self) -> Result<(), Reject> {
        let is_later = self.predecessor.is_some();
        field("manifest.voids", is_later || self.voids.is_empty())?;
        field("manifest.reconciles", is_later || self.reconciles.is_empty())?;
        field("manifest.restarts", is_later || self.restarts.is_empty())?;
        field("manifest.cuts", is_later || self.cuts.is_empty())
    }
}

impl Member {
    fn to_wire(&self) -> wire::Member {
        wire::Member {
            code: self.code.to_string(),
            name: self.name.clone(),
            uscc: self.uscc.clone(),
            seal_key: self.seal_key.to_bytes().to_vec(),
            card: self.card.0.to_vec(),
        }
    }

    fn from_wire(member: wire::Member) -> Result<Self, Reject> {
        let code = member.code.parse().map_err(|_| bad("manifest.members.code"))?;
        field("manifest.members.name", is_text(&member.name, TEXT_BYTES_MAX))?;
        field("manifest.members.uscc", is_uscc_shaped(&member.uscc))?;
        let seal_key =
            PublicKey::from_bytes(&member.seal_key).map_err(|_| bad("manifest.members.seal_key"))?;
        let card = CardId::from_slice(&member.card).ok_or_else(|| bad("manifest.members.card"))?;
        Ok(Self { code, name: member.name, uscc: member.uscc, seal_key, card })
    }
}

impl Scope {
    fn to_wire(self) -> wire::Scope {
        let (profile, rules_version) = (self.profile, self.rules_version);
        wire::Scope { system: self.system.0.into(), profile, rules_version }
    }

    fn from_wire(scope: &wire::Scope) -> Result<Self, Reject> {
        let system = u16::try_from(scope.system).map_err(|_| bad("manifest.scope.system"))?;
        field("manifest.scope.profile", scope.profile > 0)?;
        field("manifest.scope.rules_version", scope.rules_version > 0)?;
        let (profile, rules_version) = (scope.profile, scope.rules_version);
        Ok(Self { system: System(system), profile, rules_version })
    }
}

fn predecessor(epoch: u32, bytes: &[u8]) -> Result<Option<ManifestId>, Reject> {
    let id = ManifestId::from_slice(bytes);
    let holds = if epoch == 1 { bytes.is_empty() } else { id.is_some() };
    holds.then_some(id).ok_or_else(|| bad("manifest.predecessor"))
}

/// By ascending code, each with a seal of its own.
fn members(wire: Vec<wire::Member>) -> Result<Vec<Member>, Reject> {
    let members: Vec<Member> = wire.into_iter().map(Member::from_wire).collect::<Result<_, _>>()?;
    let seals: BTreeSet<_> = members.iter().map(|member| member.seal_key.to_bytes()).collect();
    let is_ordered = members.is_sorted_by(|a, b| a.code < b.code);
    let is_whole = (2..=MEMBERS_MAX).contains(&members.len()) && seals.len() == members.len();
    (is_ordered && is_whole).then_some(members).ok_or_else(|| bad("manifest.members"))
}

/// By ascending system.
fn scope(wire: &[wire::Scope]) -> Result<Vec<Scope>, Reject> {
    let scope: Vec<Scope> = wire.iter().map(Scope::from_wire).collect::<Result<_, _>>()?;
    let is_ordered = scope.is_sorted_by(|a, b| a.system < b.system);
    let is_whole = (1..=SCOPE_MAX).contains(&scope.len());
    (is_ordered && is_whole).then_some(scope).ok_or_else(|| bad("manifest.scope"))
}

/// By ascending id.
fn ids(name: &str, wire: &[Vec<u8>]) -> Result<BTreeSet<ManifestId>, Reject> {
    let ids: Option<Vec<_>> = wire.iter().map(|id| ManifestId::from_slice(id)).collect();
    let ids = ids.filter(|ids| ids.is_sorted_by(|a, b| a < b)).ok_or_else(|| bad(name))?;
    Ok(ids.into_iter().collect())
}

fn ids_to_wire(ids: &BTreeSet<ManifestId>) -> Vec<Vec<u8>> {
    ids.iter().map(|id| id.0.to_vec()).collect()
}

/// By ascending code.
fn restarts(wire: &[String]) -> Result<BTreeSet<MemberCode>, Reject> {
    let codes: Result<Vec<MemberCode>, _> = wire.iter().map(|code| code.parse()).collect();
    let codes = codes.ok().filter(|codes| codes.is_sorted_by(|a, b| a < b));
    Ok(codes.ok_or_else(|| bad("manifest.restarts"))?.into_iter().collect())
}

/// Of streams for all members of one agreement.
fn cuts(wire: &[u8]) -> Result<Holdings, Reject> {
    let cuts = receipt::split(wire).map_err(|_| bad("manifest.cuts"))?;
    let are_shared = cuts.keys().all(|stream| stream.audience == Audience::Agreement);
    are_shared.then_some(cuts).ok_or_else(|| bad("manifest.cuts"))
}

fn level(number: i32) -> Result<Level, Reject> {
    let level = Level::try_from(number).map_err(|_| bad("manifest.level"))?;
    (level != Level::Unspecified).then_some(level).ok_or_else(|| bad("manifest.level"))
}

fn field(name: &str, holds: bool) -> Result<(), Reject> {
    holds.then_some(()).ok_or_else(|| bad(name))
}

fn bad(name: &str) -> Reject {
    Reject::BadField { field: name.to_owned() }
}
