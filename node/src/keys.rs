//! The four secrets of a node: made once, kept in files that only their owner can read, never printed,
//! never overwritten.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;
use xietong_proto::crypto::SecretKey;
use xietong_proto::id::PeerId;

use crate::files::{self, FileFailure};

/// The secrets that a running node needs. The seal key is not among them: it may stay offline.
pub struct NodeKeys {
    /// Signs entries.
    pub entry: SecretKey,
    /// The transport key's secret half (Ed25519).
    pub transport: [u8; 32],
    /// Enters the salts of our own entries (P7).
    pub salt: [u8; 32],
}

/// Which secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyName {
    /// Signs cards and approvals: the member itself.
    Seal,
    /// Signs entries.
    Entry,
    /// Opens connections.
    Transport,
    /// Hides short records behind salts.
    Salt,
}

/// Why a key cannot be had.
#[derive(Debug, Serialize)]
#[serde(tag = "code")]
pub enum KeyError {
    /// No such file.
    KeyMissing {
        /// Where it should be.
        path: PathBuf,
    },
    /// Others than its owner may read or write it.
    KeyOpenToOthers {
        /// Where it is.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// Not 32 bytes as 64 hexadecimal digits.
    KeyForm {
        /// Where it is.
        path: PathBuf,
    },
    /// The machine would not.
    KeyFile(FileFailure),
}

impl KeyName {
    /// Every secret there is.
    pub const ALL: [Self; 4] = [Self::Seal, Self::Entry, Self::Transport, Self::Salt];

    /// Where it is kept below the folder of keys.
    pub fn path(self, folder: &Path) -> PathBuf {
        folder.join(match self {
            Self::Seal => "seal.key",
            Self::Entry => "entry.key",
            Self::Transport => "transport.key",
            Self::Salt => "salt.key",
        })
    }
}

impl NodeKeys {
    /// Reads what a running node needs.
    pub fn read(folder: &Path) -> Result<Self, KeyError> {
        Ok(Self {
            entry: SecretKey::from_bytes(&read(folder, KeyName::Entry)?),
            transport: read(folder, KeyName::Transport)?,
            salt: read(folder, KeyName::Salt)?,
        })
    }

    /// The public half of the transport key.
    pub fn peer(&self) -> PeerId {
        PeerId(SecretKey::from_bytes(&self.transport).public().to_bytes())
    }
}

/// Makes all secrets in a folder that must not exist yet.
pub fn create(folder: &Path) -> Result<(), KeyError> {
    files::create_folder(folder, 0o700).map_err(KeyError::KeyFile)?;
    KeyName::ALL.into_iter().try_for_each(|name| {
        let text = hex::encode(draw::<32>()) + "\n";
        files::create(&name.path(folder), &text, 0o600).map_err(KeyError::KeyFile)
    })
}

/// Reads the seal key.
pub fn seal(folder: &Path) -> Result<SecretKey, KeyError> {
    read(folder, KeyName::Seal).map(|secret| SecretKey::from_bytes(&secret))
}

/// So many bytes that nobody can guess.
///
/// # Panics
/// If the system has no randomness to give: nothing that needs it may go on.
pub fn draw<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the system gives randomness");
    bytes
}

fn read(folder: &Path, name: KeyName) -> Result<[u8; 32], KeyError> {
    let path = name.path(folder);
    let is_missing = |error: &io::Error| error.kind() == io::ErrorKind::NotFound;
    if fs::metadata(&path).is_err_and(|error| is_missing(&error)) {
        return Err(KeyError::KeyMissing { path });
    }
    let mode = files::mode(&path).map_err(KeyError::KeyFile)?;
    if mode & 0o077 != 0 {
        return Err(KeyError::KeyOpenToOthers { path, mode });
    }
    let text = files::read(&path).map_err(KeyError::KeyFile)?;
    let mut secret = [0; 32];
    match hex::decode_to_slice(text.trim_end(), &mut secret) {
        Ok(()) => Ok(secret),
        Err(_) => Err(KeyError::KeyForm { path }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn folder() -> (tempfile::TempDir, PathBuf) {
        let temporary = tempfile::tempdir().expect("a temporary folder");
        let folder = temporary.path().join("keys");
        (temporary, folder)
    }

    #[test]
    fn keys_are_secret_and_differ() {
        let (_temporary, folder) = folder();
        create(&folder).expect("the folder is new");
        assert_eq!(files::mode(&folder).expect("it is there"), 0o700);
        for name in KeyName::ALL {
            assert_eq!(files::mode(&name.path(&folder)).expect("it is there"), 0o600, "{name:?}");
        }
        let keys = NodeKeys::read(&folder).expect("they were just made");
        assert_ne!(keys.transport, keys.salt);
        assert_ne!(keys.entry.public(), seal(&folder).expect("it was just made").public());
    }

    #[test]
    fn a_second_create_leaves_the_first_keys() {
        let (_temporary, folder) = folder();
        create(&folder).expect("the folder is new");
        let before = seal(&folder).expect("it was just made").public();
        assert!(matches!(create(&folder), Err(KeyError::KeyFile(_))));
        assert_eq!(seal(&folder).expect("it is still there").public(), before);
    }

    #[test]
    fn each_bad_key_is_refused_by_name() {
        let (_temporary, folder) = folder();
        assert!(matches!(seal(&folder), Err(KeyError::KeyMissing { .. })));
        create(&folder).expect("the folder is new");
        let path = KeyName::Seal.path(&folder);
        let set_mode = |mode| fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("ours");
        set_mode(0o640);
        assert!(matches!(seal(&folder), Err(KeyError::KeyOpenToOthers { mode: 0o640, .. })));
        set_mode(0o600);
        fs::write(&path, "abc").expect("ours");
        assert!(matches!(seal(&folder), Err(KeyError::KeyForm { .. })));
        fs::remove_file(&path).expect("ours");
        fs::create_dir(&path).expect("ours");
        set_mode(0o700);
        assert!(matches!(seal(&folder), Err(KeyError::KeyFile(_))));
    }
}
