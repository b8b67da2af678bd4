//! Receipts (P34): what a member durably holds of the others' streams, over its signature.

use std::collections::BTreeMap;

use prost::Message;

use crate::bytes::{Reader, within};
use crate::crypto::{PublicKey, SecretKey, Tag, tagged_hash};
use crate::id::*;
use crate::limits::{HEADS_LINES_MAX, RECEIPT_BYTES_MAX};
use crate::object::{self, Unopened};
use crate::reject::Reject;
use crate::stream::{Audience, Head, STREAM_NAME_BYTES, Stream};
use crate::wire::agreement as wire;

/// The newest version of the layout.
const VERSION: u32 = 1;
/// Bytes of one line of holdings: a stream's name, the position, the id there.
pub const HOLDING_BYTES: usize = STREAM_NAME_BYTES + 8 + 32;

/// How far a member holds streams.
pub type Holdings = BTreeMap<Stream, Head>;

/// What a receipt says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceiptFields {
    /// Under which agreement.
    pub agreement: AgreementId,
    /// By the manifest that the member went by.
    pub manifest: ManifestId,
    /// Who holds.
    pub member: MemberCode,
    /// Whose entry key signs.
    pub card: CardNumber,
    /// Counts up from 1; a member gives no number twice.
    pub number: u64,
    /// Over all holdings ([`root`]).
    pub root: [u8; 32],
    /// When, as the member says.
    pub time: Millis,
}

/// A receipt whose signature holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Receipt {
    /// What it says.
    pub fields: ReceiptFields,
    bytes: Vec<u8>,
}

impl Receipt {
    /// Signs a receipt with the entry key of the card that it names.
    pub fn sign(fields: &ReceiptFields, key: &SecretKey) -> Self {
        let body = wire::Receipt {
            version: VERSION,
            agreement: fields.agreement.0.to_vec(),
            manifest: fields.manifest.0.to_vec(),
            member: fields.member.to_string(),
            card: fields.card.0,
            number: fields.number,
            root: fields.root.to_vec(),
            time_ms: fields.time.0,
        };
        let bytes = object::sign(Tag::Receipt, key, body.encode_to_vec());
        Self { fields: fields.clone(), bytes }
    }

    /// Reads and checks a receipt; `key` knows the entry keys of cards.
    pub fn open<'a>(
        bytes: &[u8],
        key: impl FnOnce(&ReceiptFields) -> Result<&'a PublicKey, Reject>,
    ) -> Result<Self, Reject> {
        let unopened = Unopened::decode(bytes, RECEIPT_BYTES_MAX)?;
        let fields = ReceiptFields::from_wire(object::canonical_of_version(
            &unopened.body,
            RECEIPT_BYTES_MAX,
            VERSION,
        )?)?;
        unopened.verify(Tag::Receipt, key(&fields)?)?;
        Ok(Self { fields, bytes: bytes.to_vec() })
    }

    /// Body and signature, as signed.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl ReceiptFields {
    /// Whether the receipt is over these holdings, and may be: others' streams, for all members of its agreement.
    pub fn is_over(&self, holdings: &Holdings) -> Result<(), Reject> {
        let may = |stream: &Stream| {
            stream.agreement == self.agreement
                && stream.audience == Audience::Agreement
                && stream.author != self.member
        };
        if !holdings.keys().all(may) {
            return Err(Reject::WrongAudience);
        }
        if root(holdings) != self.root {
            return Err(bad("receipt.root"));
        }
        Ok(())
    }

    fn from_wire(receipt: wire::Receipt) -> Result<Self, Reject> {
        Ok(Self {
            agreement: AgreementId::from_slice(&receipt.agreement).ok_or_else(|| bad("receipt.agreement"))?,
            manifest: ManifestId::from_slice(&receipt.manifest).ok_or_else(|| bad("receipt.manifest"))?,
            member: receipt.member.parse().map_err(|_| bad("receipt.member"))?,
            card: Some(CardNumber(receipt.card))
                .filter(|card| card.0 > 0)
                .ok_or_else(|| bad("receipt.card"))?,
            number: Some(receipt.number).filter(|number| *number > 0).ok_or_else(|| bad("receipt.number"))?,
            root: receipt.root.try_into().map_err(|_| bad("receipt.root"))?,
            time: Millis(receipt.time_ms),
        })
    }
}

/// What a receipt signs of all holdings together.
pub fn root(holdings: &Holdings) -> [u8; 32] {
    tagged_hash(Tag::Holdings, &join(holdings))
}

/// Holdings as bytes, in order of stream.
pub fn join(holdings: &Holdings) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(holdings.len() * HOLDING_BYTES);
    for (stream, head) in holdings {
        bytes.extend(stream.name());
        bytes.extend(head.position.0.to_be_bytes());
        bytes.extend(head.id.0);
    }
    bytes
}

/// Reads holdings: each stream once, in order.
pub fn split(bytes: &[u8]) -> Result<Holdings, Reject> {
    let (lines, rest) = bytes.as_chunks::<HOLDING_BYTES>();
    within(lines.len(), HEADS_LINES_MAX)?;
    let lines: Vec<(Stream, Head)> = lines.iter().map(line).collect::<Result<_, _>>()?;
    let is_ordered = lines.is_sorted_by(|a, b| a.0 < b.0);
    if !is_ordered || !rest.is_empty() {
        return Err(Reject::Malformed);
    }
    Ok(lines.into_iter().collect())
}

fn line(bytes: &[u8; HOLDING_BYTES]) -> Result<(Stream, Head), Reject> {
    let mut from = Reader(bytes);
    let stream = Stream::from_name(&from.take()).map_err(|_| Reject::Malformed)?;
    let position =
        Some(Position(from.u64())).filter(|position| position.is_place()).ok_or(Reject::Malformed)?;
    Ok((stream, Head { position, id: EntryId(from.take()) }))
}

fn bad(name: &str) -> Reject {
    Reject::BadField { field: name.to_owned() }
}
