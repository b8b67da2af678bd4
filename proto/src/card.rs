//! Member cards (成员名片): who a member is, which keys speak for it and where its node may be dialled
//! (P11). Signed by the member's seal key, which may stay offline.

use prost::Message;

use crate::crypto::{PublicKey, SecretKey, Tag, tagged_hash};
use crate::id::*;
use crate::limits::{ADDRESSES_MAX, CARD_BYTES_MAX, TEXT_BYTES_MAX};
use crate::object::{self, Unopened, is_text};
use crate::reject::Reject;
use crate::wire::agreement as wire;

/// Version of the card layout.
pub const VERSION: u32 = 1;

/// A card whose signature and fields hold.
#[derive(Clone, Debug, PartialEq)]
pub struct Card {
    /// What it says.
    pub fields: CardFields,
    id: CardId,
    bytes: Vec<u8>,
}

/// The fields of a card.
#[derive(Clone, Debug, PartialEq)]
pub struct CardFields {
    /// From 1; a later card replaces an earlier one.
    pub number: CardNumber,
    /// The member's code, such as `230000`.
    pub code: MemberCode,
    /// Its name.
    pub name: String,
    /// Its unified social credit code.
    pub uscc: String,
    /// signs cards and opinions.
    pub seal_key: PublicKey,
    /// Signs entries.
    pub entry_key: PublicKey,
    /// The transport keys of its nodes; at least one.
    pub transport_keys: Vec<PeerId>,
    /// First hints where to dial, as multiaddresses.
    pub addresses: Vec<String>,
    /// Where fingerprints are compared by voice.
    pub telephone: String,
    /// When it was made.
    pub issued: Millis,
}

impl Card {
    /// Signs the fields; refuses those that [`Card::open`] would refuse.
    pub fn sign(fields: CardFields, key: &SecretKey) -> Result<Self, Reject> {
        Self::open(&object::sign(Tag::Card, key, fields.to_wire().encode_to_vec()))
    }

    /// Reads and checks a signed card: form, fields, then the signature under its own seal key.
    pub fn open(bytes: &[u8]) -> Result<Self, Reject> {
        let unopened = Unopened::decode(bytes, CARD_BYTES_MAX)?;
        let wire = object::canonical_of_version(&unopened.body, CARD_BYTES_MAX, VERSION)?;
        let fields = CardFields::from_wire(wire)?;
        unopened.verify(Tag::Card, &fields.seal_key)?;
        let id = CardId(tagged_hash(Tag::Card, &unopened.body));
        Ok(Self { fields, id, bytes: bytes.to_vec() })
    }

    /// H(tag ‖ body).
    pub fn id(&self) -> CardId {
        self.id
    }

    /// Body and signature, as signed.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What to read out.
    pub fn fingerprint(&self) -> String {
        object::fingerprint(&self.id.0)
    }
}

impl CardFields {
    fn to_wire(&self) -> wire::Card {
        wire::Card {
            version: VERSION,
            number: self.number.0,
            code: self.code.to_string(),
            name: self.name.clone(),
            uscc: self.uscc.clone(),
            seal_key: self.seal_key.to_bytes().to_vec(),
            entry_key: self.entry_key.to_bytes().to_vec(),
            transport_keys: self.transport_keys.iter().map(|key| key.0.to_vec()).collect(),
            addresses: self.addresses.clone(),
            telephone: self.telephone.clone(),
            issued_ms: self.issued.0,
        }
    }

    /// In the order of the schema, so that the first field that is wrong is the one named.
    fn from_wire(card: wire::Card) -> Result<Self, Reject> {
        field("card.number", card.number > 0)?;
        let code = card.code.parse().map_err(|_| bad("card.code"))?;
        field("card.name", is_text(&card.name, TEXT_BYTES_MAX))?;
        field("card.uscc", is_uscc_shaped(&card.uscc))?;
        let seal_key = PublicKey::from_bytes(&card.seal_key).map_err(|_| bad("card.seal_key"))?;
        let entry_key = PublicKey::from_bytes(&card.entry_key).map_err(|_| bad("card.entry_key"))?;
        let transport_keys = peers(&card.transport_keys).ok_or_else(|| bad("card.transport_keys"))?;
        field("card.addresses", are_addresses(&card.addresses))?;
        field("card.telephone", card.telephone.is_empty() || is_text(&card.telephone, TEXT_BYTES_MAX))?;
        Ok(Self {
            number: CardNumber(card.number),
            code,
            name: card.name,
            uscc: card.uscc,
            seal_key,
            entry_key,
            transport_keys,
            addresses: card.addresses,
            telephone: card.telephone,
            issued: Millis(card.issued_ms),
        })
    }
}

/// Eighteen characters of digits and capitals: a card's law; whether the check digit holds is for the
/// people who make and compare cards.
pub(crate) fn is_uscc_shaped(text: &str) -> bool {
    text.len() == 18 && text.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase())
}

fn are_addresses(addresses: &[String]) -> bool {
    addresses.len() <= ADDRESSES_MAX && addresses.iter().all(|address| is_text(address, TEXT_BYTES_MAX))
}

fn peers(keys: &[Vec<u8>]) -> Option<Vec<PeerId>> {
    let peers: Option<Vec<PeerId>> = keys.iter().map(|key| PeerId::from_slice(key)).collect();
    peers.filter(|peers| (1..=ADDRESSES_MAX).contains(&peers.len()))
}

fn field(name: &str, holds: bool) -> Result<(), Reject> {
    holds.then_some(()).ok_or_else(|| bad(name))
}

fn bad(name: &str) -> Reject {
    Reject::BadField { field: name.to_owned() }
}
