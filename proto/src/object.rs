//! Objects that are judged whole: cards, manifests, approvals (P10). Decoded and encoded again they must
//! have the same bytes, so an unknown field, a default written out or another order refuses them.

use prost::Message;

use crate::crypto::{PublicKey, SUITE, SecretKey, Tag, hash};
use crate::reject::Reject;
use crate::wire::agreement::Signed;

/// Reads a message that has exactly one encoding.
pub fn canonical<M: Message + Default>(bytes: &[u8], bytes_max: usize) -> Result<M, Reject> {
    if bytes.len() > bytes_max {
        return Err(Reject::TooLarge { size: bytes.len() as u64, size_max: bytes_max as u64 });
    }
    let message = M::decode(bytes).map_err(|_| Reject::Malformed)?;
    if message.encode_to_vec() != bytes {
        return Err(Reject::NotCanonical);
    }
    Ok(message)
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
        let envelope_bytes = 128;
        let signed: Signed = canonical(bytes, bytes_max + envelope_bytes)?;
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
    first.copy_from_slice(&hash(&[b"xietong/1/fingerprint\0", id])[..16]);
    let digits = format!("{:020}", u128::from_be_bytes(first) % 10u128.pow(20));
    let group = |at: usize| &digits[at..at + 4];
    [group(0), group(4), group(8), group(12), group(16)].join(" ")
}

/// Whether a text field is present, short enough, and without control characters.
pub(crate) fn is_text(text: &str, bytes_max: usize) -> bool {
    !text.is_empty() && text.len() <= bytes_max && !text.chars().any(char::is_control)
}
