//! The secrets of a member: made once, kept in files that only their owner can read, never printed, never
//! overwritten. What a node needs to run lies there in plain, for it starts unattended; the seal key is locked
//! (`seal`).

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;
use xietong_proto::crypto::SecretKey;
use xietong_proto::id::PeerId;
use zeroize::Zeroizing;

use crate::files::{self, FileFailure};
use seal::{Passphrase, SealFile};

pub mod bundle;
pub mod parcel;
pub mod seal;

/// The secrets that a running node needs. The seal key is not among them: it may stay offline.
pub struct NodeKeys {
    /// Signs entries.
    pub entry: SecretKey,
    /// The transport key's secret half (Ed25519).
    pub transport: [u8; 32],
    /// Enters the salts of our own entries (P7).
    pub salt: [u8; 32],
    /// That will open connections once it is known to the others.
    pub next_transport: Option<[u8; 32]>,
    /// That will sign entries once a card names it.
    pub next_entry: Option<SecretKey>,
}

/// Which secret that a running node needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyName {
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
    /// The card does not name this key: what it signs or opens counts nowhere.
    KeyNotOnCard {
        /// Where it is.
        path: PathBuf,
    },
    /// Not a locked seal key, or one that was altered.
    SealDamaged {
        /// Where it is.
        path: PathBuf,
    },
    /// Locked in a way that this version does not know.
    SealVersion {
        /// Where it is.
        path: PathBuf,
        /// Its version.
        version: u32,
    },
    /// A seal key is to be replaced that is there and opens.
    SealNotLost {
        /// Where it is.
        path: PathBuf,
    },
    /// The seal key is whole, but another passphrase locks it.
    WrongPassphrase {
        /// Where it is.
        path: PathBuf,
    },
    /// Not fit to lock a seal key.
    PassphraseShort {
        /// How many characters it needs.
        chars_min: usize,
    },
    /// The machine would not.
    KeyFile(FileFailure),
}

impl KeyName {
    /// Every secret there is.
    pub const ALL: [Self; 3] = [Self::Entry, Self::Transport, Self::Salt];

    /// Where it is kept below the folder of keys.
    pub fn path(self, folder: &Path) -> PathBuf {
        folder.join(match self {
            Self::Entry => "entry.key",
            Self::Transport => "transport.key",
            Self::Salt => "salt.key",
        })
    }

    /// Where the key is kept that is to take its place.
    fn next_path(self, folder: &Path) -> PathBuf {
        self.path(folder).with_extension("next.key")
    }
}

impl NodeKeys {
    /// Reads what a running node needs.
    pub fn read(folder: &Path) -> Result<Self, KeyError> {
        let next = |name: KeyName| {
            let path = name.next_path(folder);
            if path.exists() { read(path).map(Some) } else { Ok(None) }
        };
        Ok(Self {
            entry: SecretKey::from_bytes(&read(KeyName::Entry.path(folder))?),
            transport: read(KeyName::Transport.path(folder))?,
            salt: read(KeyName::Salt.path(folder))?,
            next_transport: next(KeyName::Transport)?,
            next_entry: next(KeyName::Entry)?.map(|secret| SecretKey::from_bytes(&secret)),
        })
    }

    /// The public half of the transport key.
    pub fn peer(&self) -> PeerId {
        peer_of(&self.transport)
    }

    /// The public half of the one that will take its place.
    pub fn next_peer(&self) -> Option<PeerId> {
        self.next_transport.as_ref().map(peer_of)
    }
}

/// Where the seal key is kept below the folder of keys, unless it lies on a medium.
pub fn seal_path(folder: &Path) -> PathBuf {
    folder.join("seal.key")
}

/// Where the secret of this member's backups is kept.
pub fn backup_path(folder: &Path) -> PathBuf {
    folder.join("backup.key")
}

/// The secret of this member's backups, made when it is needed first.
pub fn backup(folder: &Path) -> Result<Zeroizing<[u8; 32]>, KeyError> {
    let path = backup_path(folder);
    if !path.exists() {
        let text = hex::encode(draw::<32>()) + "\n";
        files::create(&path, &text, 0o600).map_err(KeyError::KeyFile)?;
    }
    read(path).map(Zeroizing::new)
}

/// Makes all secrets in a folder that must not exist yet.
pub fn create(folder: &Path, passphrase: &Passphrase) -> Result<(), KeyError> {
    files::create_folder(folder, 0o700).map_err(KeyError::KeyFile)?;
    let seal = SealFile::lock(&Zeroizing::new(draw()), passphrase).write();
    files::create(&seal_path(folder), &seal, 0o600).map_err(KeyError::KeyFile)?;
    KeyName::ALL.into_iter().try_for_each(|name| {
        let text = hex::encode(draw::<32>()) + "\n";
        files::create(&name.path(folder), &text, 0o600).map_err(KeyError::KeyFile)
    })
}

/// Makes a key that is to take the place of another; one that was made before stays.
pub fn create_next(folder: &Path, name: KeyName) -> Result<(), KeyError> {
    let path = name.next_path(folder);
    if path.exists() {
        return Ok(());
    }
    files::create(
        &path,
        &(hex::encode(draw::<32>())
            + "
"),
        0o600,
    )
    .map_err(KeyError::KeyFile)
}

/// Puts it in that place: the key before it is gone.
pub fn take_next(folder: &Path, name: KeyName) -> Result<(), KeyError> {
    files::put_in_place(&name.next_path(folder), &name.path(folder)).map_err(KeyError::KeyFile)
}

/// Makes another seal key in the place of one that is lost; whatever lies there stays beside it.
pub fn replace_seal(path: &Path, passphrase: &Passphrase) -> Result<SecretKey, KeyError> {
    if path.exists() {
        let beside = (1_u32..).map(|count| path.with_extension(format!("lost-{count}.key")));
        let free = beside.into_iter().find(|beside| !beside.exists()).expect("numbers do not end");
        files::put_in_place(path, &free).map_err(KeyError::KeyFile)?;
    }
    let secret = Zeroizing::new(draw());
    files::create(path, &SealFile::lock(&secret, passphrase).write(), 0o600).map_err(KeyError::KeyFile)?;
    Ok(SecretKey::from_bytes(&secret))
}

/// Locks the seal key in a file with another passphrase.
pub fn relock(path: &Path, old: &Passphrase, new: &Passphrase) -> Result<(), KeyError> {
    let secret = unlock(path, old)?;
    let mode = files::mode(path).map_err(KeyError::KeyFile)?;
    files::replace(path, &SealFile::lock(&secret, new).write(), mode).map_err(KeyError::KeyFile)
}

/// The seal key in a file.
pub fn seal(path: &Path, passphrase: &Passphrase) -> Result<SecretKey, KeyError> {
    unlock(path, passphrase).map(|secret| SecretKey::from_bytes(&secret))
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

fn unlock(path: &Path, passphrase: &Passphrase) -> Result<Zeroizing<[u8; 32]>, KeyError> {
    let wrong = || KeyError::WrongPassphrase { path: path.to_owned() };
    SealFile::read(path)?.unlock(passphrase).ok_or_else(wrong)
}

fn peer_of(transport: &[u8; 32]) -> PeerId {
    PeerId(SecretKey::from_bytes(transport).public().to_bytes())
}

fn read(path: PathBuf) -> Result<[u8; 32], KeyError> {
    refuse_missing(&path)?;
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

fn refuse_missing(path: &Path) -> Result<(), KeyError> {
    let is_missing = |error: &io::Error| error.kind() == io::ErrorKind::NotFound;
    match fs::metadata(path).is_err_and(|error| is_missing(&error)) {
        true => Err(KeyError::KeyMissing { path: path.to_owned() }),
        false => Ok(()),
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

    fn passphrase(text: &str) -> Passphrase {
        Passphrase::new(text.to_owned()).expect("it is long enough")
    }

    fn public(folder: &Path, text: &str) -> Result<[u8; 32], KeyError> {
        seal(&seal_path(folder), &passphrase(text)).map(|seal| seal.public().to_bytes())
    }

    #[test]
    fn keys_are_secret_and_differ() {
        let (_temporary, folder) = folder();
        create(&folder, &passphrase("correct horse")).expect("the folder is new");
        assert_eq!(files::mode(&folder).expect("it is there"), 0o700);
        for path in KeyName::ALL.map(|name| name.path(&folder)).iter().chain([&seal_path(&folder)]) {
            assert_eq!(files::mode(path).expect("it is there"), 0o600, "{path:?}");
        }
        let keys = NodeKeys::read(&folder).expect("they were just made");
        assert_ne!(keys.transport, keys.salt);
        let seal = public(&folder, "correct horse").expect("it was just made");
        assert_ne!(keys.entry.public().to_bytes(), seal);
    }

    #[test]
    fn a_second_create_leaves_the_first_keys() {
        let (_temporary, folder) = folder();
        create(&folder, &passphrase("correct horse")).expect("the folder is new");
        let before = public(&folder, "correct horse").expect("it was just made");
        assert!(matches!(create(&folder, &passphrase("battery staple")), Err(KeyError::KeyFile(_))));
        assert_eq!(public(&folder, "correct horse").expect("it is still there"), before);
    }

    #[test]
    fn a_new_passphrase_locks_the_same_seal() {
        let (_temporary, folder) = folder();
        let (old, new) = (passphrase("correct horse"), passphrase("battery staple"));
        create(&folder, &old).expect("the folder is new");
        let before = public(&folder, "correct horse").expect("it was just made");
        let path = seal_path(&folder);
        assert!(matches!(relock(&path, &new, &old), Err(KeyError::WrongPassphrase { .. })));
        relock(&path, &old, &new).expect("the passphrase is right");
        assert_eq!(public(&folder, "battery staple").expect("it was just locked"), before);
        assert!(matches!(public(&folder, "correct horse"), Err(KeyError::WrongPassphrase { .. })));
        assert_eq!(files::mode(&path).expect("it is there"), 0o600);
    }

    #[test]
    fn another_seal_takes_the_place_of_a_lost_one_which_stays_beside_it() {
        let (_temporary, folder) = folder();
        let (old, new) = (passphrase("correct horse"), passphrase("battery staple"));
        create(&folder, &old).expect("the folder is new");
        let (path, before) =
            (seal_path(&folder), public(&folder, "correct horse").expect("it was just made"));
        let made = replace_seal(&path, &new).expect("the folder is ours");
        assert_ne!(made.public().to_bytes(), before);
        assert_eq!(public(&folder, "battery staple").expect("it was just made"), made.public().to_bytes());
        assert_eq!(files::mode(&path).expect("it is there"), 0o600);
        let beside = seal(&folder.join("seal.lost-1.key"), &old).expect("it still opens");
        assert_eq!(beside.public().to_bytes(), before);
        replace_seal(&path, &new).expect("lost once more");
        assert!(folder.join("seal.lost-2.key").exists());
    }

    #[test]
    fn each_bad_key_is_refused_by_name() {
        let (_temporary, folder) = folder();
        let refused = || NodeKeys::read(&folder).err().expect("it is refused");
        assert!(matches!(refused(), KeyError::KeyMissing { .. }));
        assert!(matches!(public(&folder, "correct horse"), Err(KeyError::KeyMissing { .. })));
        create(&folder, &passphrase("correct horse")).expect("the folder is new");
        let path = KeyName::Entry.path(&folder);
        let set_mode = |mode| fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("ours");
        set_mode(0o640);
        assert!(matches!(refused(), KeyError::KeyOpenToOthers { mode: 0o640, .. }));
        set_mode(0o600);
        fs::write(&path, "abc").expect("ours");
        assert!(matches!(refused(), KeyError::KeyForm { .. }));
        fs::remove_file(&path).expect("ours");
        fs::create_dir(&path).expect("ours");
        set_mode(0o700);
        assert!(matches!(refused(), KeyError::KeyFile(_)));
    }
}
