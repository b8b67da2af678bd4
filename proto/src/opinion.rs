//! Opinions (意见): what a member says of a manifest, over its seal – it approves (同意), declines (不同意) or, of the
//! one in force, wishes to leave (退出) (P13). Which of them may be given when is for `epochs` to say.

use prost::Message;
use serde::{Deserialize, Serialize};

use crate::crypto::{PublicKey, SecretKey, Tag};
use crate::id::*;
use crate::limits::{OPINION_BYTES_MAX, TEXT_BYTES_MAX};
use crate::object::{self, Unopened, is_text};
use crate::reject::Reject;
use crate::wire::agreement as wire;

/// Version of the layout.
pub const VERSION: u32 = 1;

/// What a member thinks of a manifest. The signature's tag tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stance {
    /// 同意: it shall be in force.
    Approves,
    /// 不同意: it shall not.
    Declines,
    /// 退出: the member wishes to leave the agreement of which this is the newest manifest.
    Withdraws,
}

impl Stance {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Approves, Self::Declines, Self::Withdraws];

    fn tag(self) -> Tag {
        match self {
            Self::Approves => Tag::Approve,
            Self::Declines => Tag::Decline,
            Self::Withdraws => Tag::Withdraw,
        }
    }
}

/// What an opinion says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpinionFields {
    /// What the member thinks.
    pub stance: Stance,
    /// Of which manifest.
    pub manifest: ManifestId,
    /// Who.
    pub member: MemberCode,
    /// When, as the member says.
    pub time: Millis,
    /// Why, for people; empty with an approval.
    pub reason: String,
}

/// An opinion whose signature holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opinion {
    /// What it says.
    pub fields: OpinionFields,
    bytes: Vec<u8>,
}

impl Opinion {
    /// Signs an opinion; refuses fields that [`Opinion::open`] would refuse.
    pub fn sign(fields: &OpinionFields, seal: &SecretKey) -> Result<Self, Reject> {
        let body = fields.to_wire().encode_to_vec();
        let public = seal.public();
        Self::open(fields.stance, &object::sign(fields.stance.tag(), seal, body), |_, _| Ok(&public))
    }

    /// Reads and checks an opinion; `seal` knows the members' seals under a manifest.
    pub fn open<'a>(
        stance: Stance,
        bytes: &[u8],
        seal: impl FnOnce(ManifestId, MemberCode) -> Result<&'a PublicKey, Reject>,
    ) -> Result<Self, Reject> {
        let unopened = Unopened::decode(bytes, OPINION_BYTES_MAX)?;
        let wire = object::canonical_of_version(&unopened.body, OPINION_BYTES_MAX, VERSION)?;
        let fields = OpinionFields::from_wire(stance, wire)?;
        unopened.verify(stance.tag(), seal(fields.manifest, fields.member)?)?;
        Ok(Self { fields, bytes: bytes.to_vec() })
    }

    /// Body and signature, as signed.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl OpinionFields {
    fn to_wire(&self) -> wire::Opinion {
        wire::Opinion {
            version: VERSION,
            manifest: self.manifest.0.to_vec(),
            member: self.member.to_string(),
            time_ms: self.time.0,
            reason: self.reason.clone(),
        }
    }

    fn from_wire(stance: Stance, opinion: wire::Opinion) -> Result<Self, Reject> {
        let manifest = ManifestId::from_slice(&opinion.manifest).ok_or_else(|| bad("opinion.manifest"))?;
        let member = opinion.member.parse().map_err(|_| bad("opinion.member"))?;
        let may_have_reason = stance != Stance::Approves && is_text(&opinion.reason, TEXT_BYTES_MAX);
        if !opinion.reason.is_empty() && !may_have_reason {
            return Err(bad("opinion.reason"));
        }
        Ok(Self { stance, manifest, member, time: Millis(opinion.time_ms), reason: opinion.reason })
    }
}

fn bad(name: &str) -> Reject {
    Reject::BadField { field: name.to_owned() }
}
