//! A parcel: bytes that only whoever holds one secret key can open, made by anybody who knows its public half. The
//! key is an Ed25519 key of a card, used for X25519; each parcel has a key of its own beside it.

use chacha20poly1305::aead::{Aead, KeyInit};
use chacha20poly1305::{ChaCha20Poly1305, Key, Nonce};
use xietong_proto::crypto::{PublicKey, SecretKey, hash};
use zeroize::Zeroizing;

use super::draw;

const KEY_BYTES: usize = 32;

/// Packs bytes for the holder of a key. `about` says what they are for: they open for nothing else.
pub fn pack(to: &PublicKey, about: &[u8], content: &[u8]) -> Vec<u8> {
    let single = SecretKey::from_bytes(&Zeroizing::new(draw()));
    let key = key(&single.public(), to, &single.agree(to), about);
    [&single.public().to_bytes()[..], &lock(&key, content)].concat()
}

/// Opens a parcel; none if it is for another key, about something else, or was altered.
pub fn unpack(key: &SecretKey, about: &[u8], parcel: &[u8]) -> Option<Vec<u8>> {
    let (single, locked) = parcel.split_first_chunk::<KEY_BYTES>()?;
    let single = PublicKey::from_bytes(single).ok()?;
    unlock(&self::key(&single, &key.public(), &key.agree(&single), about), locked)
}

/// Locks bytes with a key that locks nothing else: so the nonce can be zero.
pub fn lock(key: &[u8; KEY_BYTES], content: &[u8]) -> Vec<u8> {
    let cipher = ChaCha20Poly1305::new(Key::from_slice(key));
    cipher.encrypt(&Nonce::default(), content).expect("it is shorter than 256 GiB")
}

/// What was locked with a key; none if it was another or something was altered.
pub fn unlock(key: &[u8; KEY_BYTES], locked: &[u8]) -> Option<Vec<u8>> {
    ChaCha20Poly1305::new(Key::from_slice(key)).decrypt(&Nonce::default(), locked).ok()
}

fn key(single: &PublicKey, to: &PublicKey, shared: &[u8; 32], about: &[u8]) -> Zeroizing<[u8; KEY_BYTES]> {
    Zeroizing::new(hash(&[b"xietong/1/parcel\0", &single.to_bytes(), &to.to_bytes(), shared, about]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parcel_opens_with_its_key_and_for_its_purpose_only() {
        let (mine, other) = (SecretKey::from_bytes(&[1; 32]), SecretKey::from_bytes(&[2; 32]));
        let parcel = pack(&mine.public(), b"a", b"content");
        assert_eq!(unpack(&mine, b"a", &parcel).as_deref(), Some(&b"content"[..]));
        assert_eq!(unpack(&other, b"a", &parcel), None);
        assert_eq!(unpack(&mine, b"b", &parcel), None);
        assert_ne!(pack(&mine.public(), b"a", b"content"), parcel);
        for at in 0..parcel.len() {
            let mut flipped = parcel.clone();
            flipped[at] ^= 1;
            assert_eq!(unpack(&mine, b"a", &flipped), None, "{at}");
            assert_eq!(unpack(&mine, b"a", &parcel[..at]), None, "{at}");
        }
    }
}
