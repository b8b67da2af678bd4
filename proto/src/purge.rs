//! Purges (P50): what a member has given up of what another said, and what it keeps, over its signature.

use std::collections::BTreeMap;

use prost::Message;
use serde::{Deserialize, Serialize};

use crate::bytes::Reader;
use crate::crypto::{PublicKey, SecretKey, Tag};
use crate::id::*;
use crate::limits::PURGE_BYTES_MAX;
use crate::object::{self, Unopened};
use crate::receipt::{Holdings, join, split};
use crate::reject::Reject;
use crate::stream::{Audience, Stream};
use crate::wire::agreement as wire;

/// The newest version of the layout.
const VERSION: u32 = 1;
/// Bytes of one entry that is kept: its stream among the lines, the position, why.
const KEPT_BYTES: usize = 2 + 8 + 1;

/// Why an entry is kept whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Keeps {
    /// It speaks of a request in which who keeps it takes part: what was promised, and what a trip costs.
    Request,
    /// It speaks of a handover: who owns a thing rests on it.
    Handover,
}

/// Entries that are kept whole.
pub type Kept = BTreeMap<(Stream, Position), Keeps>;

/// What a purge says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PurgeFields {
    /// Under which agreement.
    pub agreement: AgreementId,
    /// By the manifest that was in force.
    pub manifest: ManifestId,
    /// Who has given something up.
    pub member: MemberCode,
    /// Whose entry key signs.
    pub card: CardNumber,
    /// Whose entries they were.
    pub author: MemberCode,
    /// How far its streams were held.
    pub until: Holdings,
    /// What of them is kept.
    pub kept: Kept,
    /// When, as the member says.
    pub time: Millis,
}

/// A purge whose form holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Purge {
    /// What it says.
    pub fields: PurgeFields,
    bytes: Vec<u8>,
}

impl Purge {
    /// Signs a purge with the entry key of the card that it names. Refused if there is more to say than one can hold.
    pub fn sign(fields: PurgeFields, key: &SecretKey) -> Result<Self, Reject> {
        let body = wire::Purge {
            version: VERSION,
            agreement: fields.agreement.0.to_vec(),
            manifest: fields.manifest.0.to_vec(),
            member: fields.member.to_string(),
            card: fields.card.0,
            author: fields.author.to_string(),
            lines: join(&fields.until),
            kept: join_kept(&fields.until, &fields.kept),
            time_ms: fields.time.0,
        };
        Self::read(&object::sign(Tag::Purge, key, body.encode_to_vec()))
    }

    /// Reads and checks a purge; `key` knows the entry keys of cards.
    pub fn open<'a>(
        bytes: &[u8],
        key: impl FnOnce(&PurgeFields) -> Result<&'a PublicKey, Reject>,
    ) -> Result<Self, Reject> {
        let purge = Self::read(bytes)?;
        Unopened::decode(bytes, PURGE_BYTES_MAX)?.verify(Tag::Purge, key(&purge.fields)?)?;
        Ok(purge)
    }

    /// Reads a purge without looking at its signature: one's own.
    pub fn read(bytes: &[u8]) -> Result<Self, Reject> {
        let unopened = Unopened::decode(bytes, PURGE_BYTES_MAX)?;
        let purge = object::canonical_of_version(&unopened.body, PURGE_BYTES_MAX, VERSION)?;
        Ok(Self { fields: PurgeFields::from_wire(purge)?, bytes: bytes.to_vec() })
    }

    /// Body and signature, as signed.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl PurgeFields {
    /// Whether nothing but the head of an entry is left.
    pub fn covers(&self, stream: &Stream, position: Position) -> bool {
        let is_within = self.until.get(stream).is_some_and(|end| position <= end.position);
        is_within && !self.kept.contains_key(&(*stream, position))
    }

    /// The last position behind one that needs not be looked at: of all up to the next that is kept only heads are left.
    pub fn skip(&self, stream: &Stream, position: Position) -> Position {
        let Some(end) = self.until.get(stream).filter(|end| position < end.position) else { return position };
        let next = self.kept.range((*stream, position.next())..).next().map(|(place, _)| *place);
        let next = next.filter(|(of, _)| of == stream);
        next.map_or(end.position, |(_, next)| Position(next.0 - 1))
    }

    fn from_wire(purge: wire::Purge) -> Result<Self, Reject> {
        let agreement = AgreementId::from_slice(&purge.agreement).ok_or_else(|| bad("purge.agreement"))?;
        let manifest = ManifestId::from_slice(&purge.manifest).ok_or_else(|| bad("purge.manifest"))?;
        let member = purge.member.parse().map_err(|_| bad("purge.member"))?;
        let card = Some(CardNumber(purge.card)).filter(|card| card.0 > 0).ok_or_else(|| bad("purge.card"))?;
        let author = purge.author.parse().ok().filter(|author: &MemberCode| *author != member);
        let author = author.ok_or_else(|| bad("purge.author"))?;
        let is_its = |stream: &Stream| {
            (stream.agreement, stream.audience, stream.author) == (agreement, Audience::Agreement, author)
        };
        let until = split(&purge.lines).ok().filter(|until| !until.is_empty());
        let until = until.filter(|until| until.keys().all(is_its)).ok_or_else(|| bad("purge.lines"))?;
        let kept = split_kept(&until, &purge.kept).ok_or_else(|| bad("purge.kept"))?;
        Ok(Self { agreement, manifest, member, card, author, until, kept, time: Millis(purge.time_ms) })
    }
}

impl Keeps {
    fn byte(self) -> u8 {
        match self {
            Self::Request => 1,
            Self::Handover => 2,
        }
    }

    fn of(byte: u8) -> Option<Self> {
        [Self::Request, Self::Handover].into_iter().find(|keeps| keeps.byte() == byte)
    }
}

fn join_kept(until: &Holdings, kept: &Kept) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(kept.len() * KEPT_BYTES);
    for ((stream, position), keeps) in kept {
        let place = until.range(..stream).count() as u16;
        bytes.extend(place.to_be_bytes());
        bytes.extend(position.0.to_be_bytes());
        bytes.push(keeps.byte());
    }
    bytes
}

/// Each entry once, in order, and within what was held.
fn split_kept(until: &Holdings, bytes: &[u8]) -> Option<Kept> {
    let (lines, rest) = bytes.as_chunks::<KEPT_BYTES>();
    let ends: Vec<_> = until.iter().collect();
    let line = |line: &[u8; KEPT_BYTES]| {
        let mut from = Reader(line);
        let (stream, end) = ends.get(usize::from(from.u16()))?;
        let position = Some(Position(from.u64())).filter(|at| at.is_place() && *at <= end.position)?;
        let [keeps] = from.take();
        Some(((**stream, position), Keeps::of(keeps)?))
    };
    let kept: Vec<_> = lines.iter().map(line).collect::<Option<_>>()?;
    let is_ordered = kept.is_sorted_by(|a, b| a.0 < b.0);
    (is_ordered && rest.is_empty()).then(|| kept.into_iter().collect())
}

fn bad(name: &str) -> Reject {
    Reject::BadField { field: name.to_owned() }
}
