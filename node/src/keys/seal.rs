//! The seal key (印章密钥) as a file: it speaks for the member, so it lies encrypted under a passphrase and may lie
//! anywhere, also on a medium that is only brought out to sign. The public half stands beside it in plain, so
//! that nobody needs the passphrase to see whose seal it is.

use std::fmt;
use std::path::Path;

use argon2::{Algorithm, Argon2, Block, Params, Version};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{ChaCha20Poly1305, Key, Nonce};
use serde::{Deserialize, Serialize};
use xietong_proto::crypto::{PublicKey, SecretKey, hash};
use zeroize::Zeroizing;

use super::{KeyError, draw};
use crate::files;

/// What a seal key is locked with. Never printed.
#[derive(Clone)]
pub struct Passphrase(Zeroizing<String>);

/// A locked seal key.
#[derive(Clone, Debug, PartialEq)]
pub struct SealFile {
    /// Its public half.
    pub public: PublicKey,
    salt: [u8; SALT_BYTES],
    sealed: Vec<u8>,
}

/// The file's fields, in order. `check` tells damage from a wrong passphrase.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    version: u32,
    seal_key: String,
    salt: String,
    sealed: String,
    check: String,
}

/// Shorter ones can be tried out.
pub const PASSPHRASE_CHARS_MIN: usize = 8;

const VERSION: u32 = 1;
const SALT_BYTES: usize = 16;
const SEALED_BYTES: usize = 32 + 16;
/// Version 1: Argon2id, 64 MiB, 3 passes, one lane (RFC 9106, the second recommendation with one lane).
const MEMORY_KIB: u32 = 64 * 1024;
const PASSES: u32 = 3;
const COMMENT: &str = "\
# 协同：印章密钥，已用口令加密；可移到离线介质，签署时用 --seal 指明。口令丢失则无法使用。
# xietong: seal key, encrypted with a passphrase; may lie on an offline medium, named by --seal when signing.
";

impl Passphrase {
    /// Refused if it is too short. A line's end is not part of it.
    pub fn new(text: String) -> Result<Self, KeyError> {
        let text = Zeroizing::new(text);
        let text = Zeroizing::new(text.trim_end_matches(['\r', '\n']).to_owned());
        if text.chars().count() < PASSPHRASE_CHARS_MIN {
            return Err(KeyError::PassphraseShort { chars_min: PASSPHRASE_CHARS_MIN });
        }
        Ok(Self(text))
    }
}

impl PartialEq for Passphrase {
    fn eq(&self, other: &Self) -> bool {
        *self.0 == *other.0
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("Passphrase")
    }
}

impl SealFile {
    /// Locks a secret. Each file has a salt of its own.
    pub fn lock(secret: &[u8; 32], passphrase: &Passphrase) -> Self {
        let (public, salt) = (SecretKey::from_bytes(secret).public(), draw());
        let associated = associated(&public);
        let payload = Payload { msg: secret, aad: &associated };
        let sealed = cipher(passphrase, &salt).encrypt(&Nonce::default(), payload);
        Self { public, salt, sealed: sealed.expect("32 bytes can be encrypted") }
    }

    /// Reads a seal key's file, wherever it lies.
    pub fn read(path: &Path) -> Result<Self, KeyError> {
        super::refuse_missing(path)?;
        let text = files::read(path).map_err(KeyError::KeyFile)?;
        let damaged = || KeyError::SealDamaged { path: path.to_owned() };
        let fields: Fields = toml::from_str(&text).map_err(|_| damaged())?;
        if fields.version != VERSION {
            return Err(KeyError::SealVersion { path: path.to_owned(), version: fields.version });
        }
        fields.open().ok_or_else(damaged)
    }

    /// The file's text.
    pub fn write(&self) -> String {
        let mut fields = Fields {
            version: VERSION,
            seal_key: hex::encode(self.public.to_bytes()),
            salt: hex::encode(self.salt),
            sealed: hex::encode(&self.sealed),
            check: String::new(),
        };
        fields.check = fields.checked();
        COMMENT.to_owned() + &toml::to_string(&fields).expect("a seal key's file is made of texts")
    }

    /// The secret itself; none if the passphrase is another.
    pub fn unlock(&self, passphrase: &Passphrase) -> Option<Zeroizing<[u8; 32]>> {
        let associated = associated(&self.public);
        let payload = Payload { msg: &self.sealed, aad: &associated };
        let secret = cipher(passphrase, &self.salt).decrypt(&Nonce::default(), payload).ok()?;
        let mut bytes = Zeroizing::new([0; 32]);
        bytes.copy_from_slice(&Zeroizing::new(secret));
        Some(bytes)
    }
}

impl Fields {
    /// What the texts say, if they are whole.
    fn open(&self) -> Option<SealFile> {
        let public = PublicKey::from_bytes(&hex::decode(&self.seal_key).ok()?).ok()?;
        let salt = hex::decode(&self.salt).ok()?.try_into().ok()?;
        let sealed = hex::decode(&self.sealed).ok().filter(|sealed| sealed.len() == SEALED_BYTES)?;
        (self.check == self.checked()).then_some(SealFile { public, salt, sealed })
    }

    /// Says nothing of the passphrase: it is made of what stands in the file.
    fn checked(&self) -> String {
        let texts = [&self.seal_key, &self.salt, &self.sealed].map(String::as_bytes);
        hex::encode(&hash(&texts)[..8])
    }
}

/// The nonce is zero: a key made of a fresh salt encrypts one secret and nothing else.
fn cipher(passphrase: &Passphrase, salt: &[u8; SALT_BYTES]) -> ChaCha20Poly1305 {
    let params = Params::new(MEMORY_KIB, PASSES, 1, Some(32)).expect("the parameters are in range");
    let mut memory = vec![Block::default(); params.block_count()];
    let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let mut key = Zeroizing::new([0; 32]);
    let made = argon.hash_password_into_with_memory(passphrase.0.as_bytes(), salt, &mut *key, &mut memory);
    made.expect("a passphrase is shorter than 4 GiB");
    ChaCha20Poly1305::new(Key::from_slice(&*key))
}

/// Binds the version and the public half to what is encrypted.
fn associated(public: &PublicKey) -> Vec<u8> {
    [b"xietong/seal/1\0".as_slice(), &public.to_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passphrase(text: &str) -> Passphrase {
        Passphrase::new(text.to_owned()).expect("it is long enough")
    }

    #[test]
    fn a_seal_opens_with_its_passphrase_only() {
        let file = SealFile::lock(&[7; 32], &passphrase("哈尔滨的冬天很长啊"));
        assert_eq!(file.unlock(&passphrase("哈尔滨的冬天很长啊\r\n")).as_deref(), Some(&[7; 32]));
        assert_eq!(file.unlock(&passphrase("哈尔滨的冬天不长啊")), None);
        assert!(!file.write().contains(&hex::encode([7; 32])));
        let again = SealFile::lock(&[7; 32], &passphrase("哈尔滨的冬天很长啊"));
        assert_eq!(again.public, file.public);
        assert_ne!((again.salt, &again.sealed), (file.salt, &file.sealed));
    }

    #[test]
    fn a_seal_of_somebody_else_does_not_pass_as_this_one() {
        let (mine, other) = ([7; 32], [8; 32]);
        let passphrase = passphrase("correct horse");
        let other = SealFile::lock(&other, &passphrase);
        let swapped = SealFile { public: SecretKey::from_bytes(&mine).public(), ..other };
        assert_eq!(swapped.unlock(&passphrase), None);
    }

    #[test]
    fn a_short_passphrase_is_refused() {
        for text in ["", "1234567", "七个字的口令吧", "1234567\n"] {
            let refused = Passphrase::new(text.to_owned());
            assert!(matches!(refused, Err(KeyError::PassphraseShort { chars_min: 8 })), "{text}");
        }
    }

    #[test]
    fn every_altered_value_is_damage_and_not_a_wrong_passphrase() {
        let temporary = tempfile::tempdir().expect("a temporary folder");
        let path = temporary.path().join("seal.key");
        let text = SealFile::lock(&[7; 32], &passphrase("correct horse")).write();
        let read = |text: &str| {
            std::fs::write(&path, text).expect("ours");
            SealFile::read(&path)
        };
        assert!(read(&text).is_ok());
        for name in ["seal_key", "salt", "sealed", "check"] {
            let at = text.find(&format!("\n{name} = \"")).expect("the value is there") + name.len() + 6;
            let digit = if &text[at..=at] == "0" { "1" } else { "0" };
            let altered = format!("{}{digit}{}", &text[..at], &text[at + 1..]);
            assert!(matches!(read(&altered), Err(KeyError::SealDamaged { .. })), "{name}");
        }
        for altered in ["", &text[..text.len() / 2], &(text.clone() + "more = 1\n")] {
            assert!(matches!(read(altered), Err(KeyError::SealDamaged { .. })), "{altered}");
        }
        let newer = text.replacen("version = 1", "version = 2", 1);
        assert!(matches!(read(&newer), Err(KeyError::SealVersion { version: 2, .. })));
    }
}
