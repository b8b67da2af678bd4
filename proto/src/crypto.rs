//! Suite 1: Ed25519, checked strictly, and SHA-256 (P2). The only file that names the primitives.

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use sha2::{Digest, Sha256};

use crate::id::BadForm;

/// The number of the one suite there is.
pub const SUITE: u8 = 1;

/// What a hash or signature is about. Its text goes before everything hashed or signed, so that bytes of
/// one meaning never pass for another (P4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tag {
    /// The header of an entry.
    Entry,
    /// The name of a stream, before its first entry.
    Stream,
    /// The salt of a leaf.
    Leaf,
    /// The seed of an entry's salts, from a secret that never leaves the node.
    Seed,
    /// A manifest.
    Manifest,
    /// A member card.
    Card,
    /// A member's approval of a manifest.
    Approve,
    /// A member's refusal of a manifest.
    Decline,
    /// A member's wish to leave the agreement.
    Withdraw,
    /// A receipt.
    Receipt,
    /// All that a receipt speaks of.
    Holdings,
    /// A purge.
    Purge,
    /// A digest over heads.
    Heads,
    /// The digits by which people compare a card or a manifest.
    Fingerprint,
}

impl Tag {
    /// The bytes that go first.
    pub fn bytes(self) -> &'static [u8] {
        match self {
            Tag::Entry => b"xietong/1/entry\0",
            Tag::Stream => b"xietong/1/stream\0",
            Tag::Leaf => b"xietong/1/leaf\0",
            Tag::Seed => b"xietong/1/seed\0",
            Tag::Manifest => b"xietong/1/manifest\0",
            Tag::Card => b"xietong/1/card\0",
            Tag::Approve => b"xietong/1/approve\0",
            Tag::Decline => b"xietong/1/decline\0",
            Tag::Withdraw => b"xietong/1/withdraw\0",
            Tag::Receipt => b"xietong/1/receipt\0",
            Tag::Holdings => b"xietong/1/holdings\0",
            Tag::Purge => b"xietong/1/purge\0",
            Tag::Heads => b"xietong/1/heads\0",
            Tag::Fingerprint => b"xietong/1/fingerprint\0",
        }
    }
}

/// SHA-256 over the parts, one after the other.
pub fn hash(parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize().into()
}

/// SHA-256(tag ‖ body).
pub fn tagged_hash(tag: Tag, body: &[u8]) -> [u8; 32] {
    hash(&[tag.bytes(), body])
}

/// A public key that is fit to check with: a point of prime order in its one encoding (P2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

impl PublicKey {
    /// Refuses bytes that are no point, points of small order, under which anybody could sign, and points with
    /// a part of small order, on which libraries disagree. Only such points have a second encoding.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, BadForm> {
        let bytes: [u8; 32] = bytes.try_into().map_err(|_| BadForm)?;
        let key = VerifyingKey::from_bytes(&bytes).map_err(|_| BadForm)?;
        let is_of_prime_order = key.to_edwards().is_torsion_free() && !key.is_weak();
        is_of_prime_order.then_some(Self(key)).ok_or(BadForm)
    }

    /// The 32 bytes of the key.
    pub fn to_bytes(&self) -> [u8; 32] {
        self.0.to_bytes()
    }

    /// The same key for X25519 (RFC 7748).
    pub fn x25519(&self) -> [u8; 32] {
        self.0.to_montgomery().to_bytes()
    }

    /// Whether `signature` over tag ‖ body holds, by strict rules: every node finds the same.
    pub fn verifies(&self, tag: Tag, body: &[u8], signature: &[u8; 64]) -> bool {
        let message = [tag.bytes(), body].concat();
        self.0.verify_strict(&message, &Signature::from_bytes(signature)).is_ok()
    }
}

/// A key that signs.
pub struct SecretKey(SigningKey);

impl SecretKey {
    /// From 32 secret bytes.
    pub fn from_bytes(bytes: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(bytes))
    }

    /// The public half.
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key())
    }

    /// What only the holders of this key and of the other can compute (X25519 on the same two keys).
    pub fn agree(&self, other: &PublicKey) -> [u8; 32] {
        (self.0.to_scalar() * other.0.to_montgomery()).to_bytes()
    }

    /// The same secret for X25519 (RFC 7748).
    pub fn x25519(&self) -> [u8; 32] {
        self.0.to_scalar_bytes()
    }

    /// Signs tag ‖ body.
    pub fn sign(&self, tag: Tag, body: &[u8]) -> [u8; 64] {
        self.0.sign(&[tag.bytes(), body].concat()).to_bytes()
    }
}
