//! Objects that are judged whole: cards, manifests, opinions (P10). Decoded and encoded again they must
//! have the same bytes, so an unknown field, a default written out or another order refuses them.

use prost::Message;
use prost::encoding::{DecodeContext, decode_key, skip_field};

use crate::bytes::within;
use crate::crypto::{PublicKey, SUITE, SecretKey, Tag, tagged_hash};
use crate::limits::{ENVELOPE_BYTES_MAX, FIELDS_MAX};
use crate::reject::Reject;
use crate::wire::agreement::{Signed, Versioned};

/// Reads a message whose bytes and fields are counted before anything is allocated for them (P3).
pub(crate) fn bounded<M: Message + Default>(bytes: &[u8], bytes_max: usize) -> Result<M, Reject> {
    bounded_by(bytes, bytes_max, FIELDS_MAX)
}

fn bounded_by<M: Message + Default>(bytes: &[u8], bytes_max: usize, fields_max: usize) -> Result<M, Reject> {
    within(bytes.len(), bytes_max)?;
    let (mut rest, mut fields) = (bytes, 0);
    while !rest.is_empty() {
        let (number, form) = decode_key(&mut rest).map_err(|_| Reject::Malformed)?;
        skip_field(form, number, &mut rest, DecodeContext::default()).map_err(|_| Reject::Malformed)?;
        fields += 1;
        within(fields, fields_max)?;
    }
    M::decode(bytes).map_err(|_| Reject::Malformed)
}

/// Reads a message that has exactly one encoding.
pub fn canonical<M: Message + Default>(bytes: &[u8], bytes_max: usize) -> Result<M, Reject> {
    canonical_by(bytes, bytes_max, FIELDS_MAX)
}

fn canonical_by<M: Message + Default>(
    bytes: &[u8],
    bytes_max: usize,
    fields_max: usize,
) -> Result<M, Reject> {
    let message: M = bounded_by(bytes, bytes_max, fields_max)?;
    if message.encode_to_vec() != bytes {
        return Err(Reject::NotCanonical);
    }
    Ok(message)
}

/// Reads a message that begins with its version. Another version is refused as such, whatever follows it.
pub(crate) fn canonical_of_version<M: Message + Default>(
    bytes: &[u8],
    bytes_max: usize,
    version: u32,
) -> Result<M, Reject> {
    canonical_of_version_by(bytes, bytes_max, FIELDS_MAX, version)
}

/// The same for what may have more fields than other messages.
pub(crate) fn canonical_of_version_by<M: Message + Default>(
    bytes: &[u8],
    bytes_max: usize,
    fields_max: usize,
    version: u32,
) -> Result<M, Reject> {
    let Versioned { version: found } = bounded_by(bytes, bytes_max, fields_max)?;
    if found != version {
        return Err(Reject::UnknownVersion { version: u8::try_from(found).unwrap_or(u8::MAX) });
    }
    canonical_by(bytes, bytes_max, fields_max)
}

/// Puts a signature beside a body.
pub fn sign(tag: Tag, key: &SecretKey, body: Vec<u8>) -> Vec<u8> {
    let signature = key.sign(tag, &body).to_vec();
    Signed { suite: SUITE.into(), body, signature }.encode_to_vec()
}

/// A signed object whose form holds and whose signature has not been checked.
pub(crate) struct Unopened {
    pub(crate) body: Vec<u8>,
    signature: [u8; 64],
}

impl Unopened {
    pub(crate) fn decode(bytes: &[u8], bytes_max: usize) -> Result<Self, Reject> {
        let signed: Signed = canonical(bytes, bytes_max + ENVELOPE_BYTES_MAX)?;
        if signed.suite != u32::from(SUITE) {
            return Err(Reject::UnknownSuite { suite: u8::try_from(signed.suite).unwrap_or(u8::MAX) });
        }
        let signature = signed.signature.try_into().map_err(|_| Reject::BadSignature)?;
        Ok(Self { body: signed.body, signature })
    }

    pub(crate) fn verify(&self, tag: Tag, key: &PublicKey) -> Result<(), Reject> {
        key.verifies(tag, &self.body, &self.signature).then_some(()).ok_or(Reject::BadSignature)
    }
}

/// Twenty decimal digits in five groups of four, made to be read out over the telephone (P14): 66 bits of
/// a card's or manifest's id.
pub fn fingerprint(id: &[u8; 32]) -> String {
    let mut first = [0; 16];
    first.copy_from_slice(&tagged_hash(Tag::Fingerprint, id)[..16]);
    let digits = format!("{:020}", u128::from_be_bytes(first) % 10u128.pow(20));
    let group = |at: usize| &digits[at..at + 4];
    [group(0), group(4), group(8), group(12), group(16)].join(" ")
}

/// Whether a text field is present, short enough, and made of characters that show: people approve what they
/// see, so two texts that look the same must not differ by marks without shape or by writing direction.
pub(crate) fn is_text(text: &str, bytes_max: usize) -> bool {
    !text.is_empty() && text.len() <= bytes_max && !text.chars().any(is_invisible)
}

fn is_invisible(c: char) -> bool {
    let is_mark = matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}');
    c.is_control() || is_mark || matches!(c, '\u{2060}'..='\u{206f}' | '\u{feff}')
}
