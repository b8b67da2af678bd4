//! Agreements: manifests (协议文本) and their approvals (P12, P13), and whether an entry stands under one
//! (P15 to P17). The only root of trust there is.

use std::collections::BTreeSet;

use prost::Message;

use crate::card::is_uscc_shaped;
use crate::crypto::{PublicKey, SUITE, SecretKey, Tag, tagged_hash};
use crate::header::Header;
use crate::id::*;
use crate::limits::{APPROVAL_BYTES_MAX, MANIFEST_BYTES_MAX, MEMBERS_MAX, SCOPE_MAX, TEXT_BYTES_MAX};
use crate::object::{self, Unopened, is_text};
use crate::reject::Reject;
use crate::wire::agreement as wire;
pub use crate::wire::agreement::Level;

/// Version of the manifest and approval layouts.
pub const VERSION: u32 = 1;

/// One version of an agreement whose fields hold. Nobody has approved it yet, or some have.
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
    /// Signs its cards and approvals.
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

    /// Whether an entry stands under this manifest: agreement (P14; of a later epoch's manifest only its
    /// predecessors tell), author (P15), epoch (P16; a later generation needs a manifest that opens it),
    /// system (P17).
    pub fn admits(&self, header: &Header) -> Result<(), Reject> {
        let stream = header.stream;
        let is_first = self.fields.predecessor.is_none();
        if is_first && stream.agreement != self.id.into() {
            return Err(Reject::WrongAgreement);
        }
        if self.member(stream.author).is_none() {
            return Err(Reject::NotAMember { author: stream.author });
        }
        let is_of_epoch = (header.epoch, header.manifest) == (self.fields.epoch, self.id);
        if !is_of_epoch || stream.generation != Generation(1) {
            return Err(Reject::UnknownEpoch { epoch: header.epoch });
        }
        if !self.covers(stream.system) {
            return Err(Reject::OutOfScope { system: stream.system });
        }
        Ok(())
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
        Ok(Self {
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
        })
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

/// One member's approval whose signature holds (P13).
#[derive(Clone, Debug, PartialEq)]
pub struct Approval {
    /// What is approved.
    pub manifest: ManifestId,
    /// By whom.
    pub member: MemberCode,
    /// When, as the member says.
    pub time: Millis,
    bytes: Vec<u8>,
}

impl Approval {
    /// Signs an approval; refuses to sign for somebody who is no member or with another member's key.
    pub fn sign(
        manifest: &Manifest,
        member: MemberCode,
        time: Millis,
        key: &SecretKey,
    ) -> Result<Self, Reject> {
        let approval = wire::Approval {
            version: VERSION,
            manifest: manifest.id.0.to_vec(),
            member: member.to_string(),
            time_ms: time.0,
        };
        Self::open(&object::sign(Tag::Approve, key, approval.encode_to_vec()), manifest)
    }

    /// Reads and checks an approval of `manifest`.
    pub fn open(bytes: &[u8], manifest: &Manifest) -> Result<Self, Reject> {
        let unopened = Unopened::decode(bytes, APPROVAL_BYTES_MAX)?;
        let approval: wire::Approval =
            object::canonical_of_version(&unopened.body, APPROVAL_BYTES_MAX, VERSION)?;
        field("approval.manifest", approval.manifest == manifest.id.0)?;
        let code: MemberCode = approval.member.parse().map_err(|_| bad("approval.member"))?;
        let member = manifest.member(code).ok_or(Reject::NotAMember { author: code })?;
        unopened.verify(Tag::Approve, &member.seal_key)?;
        let (manifest, time) = (manifest.id, Millis(approval.time_ms));
        Ok(Self { manifest, member: code, time, bytes: bytes.to_vec() })
    }

    /// Body and signature, as signed.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// Members of a first manifest who have not approved it; it is in force when there are none (P13).
pub fn missing(manifest: &Manifest, approvals: &[Approval]) -> Vec<MemberCode> {
    let of_this = approvals.iter().filter(|approval| approval.manifest == manifest.id);
    let given: BTreeSet<MemberCode> = of_this.map(|approval| approval.member).collect();
    let codes = manifest.fields.members.iter().map(|member| member.code);
    codes.filter(|code| !given.contains(code)).collect()
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
