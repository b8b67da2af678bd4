//! The folder in which backups lie: pieces, and for each backup an index. A piece is named by what is in it and
//! locked with a key made of the folder's secret and that name, so no key locks two contents and equal content lies
//! there once. The secret is packed for the member's seal: whoever has the seal key can open everything.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use xietong_proto::crypto::{PublicKey, SecretKey, hash};
use xietong_proto::id::MemberCode;
use zeroize::Zeroizing;

use super::BackupRefusal;
use crate::files;
use crate::keys::parcel;

/// What opens all pieces of one member's backups.
pub type Secret = Zeroizing<[u8; 32]>;

/// A folder whose secret is known.
pub struct Vault {
    folder: PathBuf,
    secret: Secret,
}

/// `vault.toml`: whose backups these are, and the secret, packed.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Label {
    version: u32,
    member: MemberCode,
    /// The seal for which it is packed.
    seal_key: String,
    secret: String,
    /// Tells whether a secret is the one of this folder; says nothing of it.
    check: String,
}

const VERSION: u32 = 1;
const LABEL: &str = "vault.toml";
const SEAL: &str = "seal.key";
const PIECES: &str = "pieces";
/// Bytes that locking adds.
const LOCK_BYTES: usize = 16;
/// Bytes of an index: a log of a terabyte has one of less.
const INDEX_BYTES_MAX: u64 = 64 * 1024 * 1024;
const INDEX: &str = "backup";
const COMMENT: &str = "\
# 协同：节点的备份，已加密；用 xietong restore 恢复，需要印章密钥及其口令。
# xietong: backups of a node, encrypted; xietong restore needs the seal key and its passphrase.
";

impl Vault {
    /// The folder of a member's backups, made if it is not there; its secret is packed for the member's seal.
    pub fn for_writing(
        folder: &Path,
        member: MemberCode,
        seal: &PublicKey,
        secret: Secret,
    ) -> Result<Self, BackupRefusal> {
        files::create_folder(&folder.join(PIECES), 0o700)?;
        let vault = Self { folder: folder.to_owned(), secret };
        let seal_key = hex::encode(seal.to_bytes());
        if folder.join(LABEL).exists() {
            let label = Label::read(folder)?;
            let vault = vault.checked(&label)?;
            let earlier = BackupRefusal::EarlierSeal { folder: folder.to_owned() };
            return if label.seal_key == seal_key { Ok(vault) } else { Err(earlier) };
        }
        let packed = hex::encode(parcel::pack(seal, &about(member), &*vault.secret));
        let label = Label { version: VERSION, member, seal_key, secret: packed, check: vault.check() };
        let text = toml::to_string(&label).expect("a label is made of texts");
        files::create(&folder.join(LABEL), &(COMMENT.to_owned() + &text), 0o600)?;
        Ok(vault)
    }

    /// A folder whose secret is at hand.
    pub fn with_secret(folder: &Path, secret: Secret) -> Result<Self, BackupRefusal> {
        let vault = Self { folder: folder.to_owned(), secret };
        vault.checked(&Label::read(folder)?)
    }

    /// A folder for whose seal its secret was packed.
    pub fn with_seal(folder: &Path, seal: &SecretKey) -> Result<Self, BackupRefusal> {
        let label = Label::read(folder)?;
        let other = || BackupRefusal::OtherSeal { folder: folder.to_owned() };
        Self { folder: folder.to_owned(), secret: label.open(seal).ok_or_else(other)? }.checked(&label)
    }

    /// Whether a folder is one of backups.
    pub fn is_at(folder: &Path) -> bool {
        folder.join(LABEL).exists()
    }

    /// Refuses a folder that is none of backups.
    pub fn check_label(folder: &Path) -> Result<(), BackupRefusal> {
        Label::read(folder).map(drop)
    }

    /// Keeps a copy of the locked seal key beside what it opens, if the home has one and there is none yet.
    pub fn keep_seal(&self, seal: &Path) -> Result<(), BackupRefusal> {
        let copy = Self::seal_path(&self.folder);
        if seal.exists() && !copy.exists() {
            files::create(&copy, &files::read(seal)?, 0o600)?;
        }
        Ok(())
    }

    /// Where that copy lies.
    pub fn seal_path(folder: &Path) -> PathBuf {
        folder.join(SEAL)
    }

    /// Keeps a content; its name, and whether it is new here.
    pub fn put(&self, content: &[u8]) -> Result<(String, bool), BackupRefusal> {
        let name = self.name(content);
        let path = self.piece(&name);
        let length = (content.len() + LOCK_BYTES) as u64;
        // One that a crash left short is made again: the name says what belongs there.
        if fs::metadata(&path).is_ok_and(|metadata| metadata.len() == length) {
            return Ok((name, false));
        }
        files::replace_bytes(&path, &parcel::lock(&self.key(&name), content), 0o600)?;
        Ok((name, true))
    }

    /// A content by its name.
    pub fn get(&self, name: &str, bytes: u64) -> Result<Vec<u8>, BackupRefusal> {
        let path = self.piece(name);
        if !path.exists() {
            return Err(BackupRefusal::Missing { file: path });
        }
        let found = self.open(&path, name, bytes)?;
        let holds = found.len() as u64 == bytes && self.name(&found) == name;
        if holds { Ok(found) } else { Err(BackupRefusal::Damaged { file: path }) }
    }

    /// Keeps an index that must not exist yet.
    pub fn put_index(&self, name: &str, content: &[u8]) -> Result<(), BackupRefusal> {
        Ok(files::create_bytes(&self.index(name), &parcel::lock(&self.key(name), content), 0o600)?)
    }

    /// An index.
    pub fn get_index(&self, name: &str) -> Result<Vec<u8>, BackupRefusal> {
        self.open(&self.index(name), name, INDEX_BYTES_MAX)
    }

    /// The names of all indexes, the oldest first.
    pub fn indexes(&self) -> Result<Vec<String>, BackupRefusal> {
        let listed = fs::read_dir(&self.folder).map_err(files::reading(&self.folder))?;
        let name = |path: PathBuf| {
            let is_index = path.extension().is_some_and(|extension| extension == INDEX);
            path.file_stem().filter(|_| is_index)?.to_str().map(str::to_owned)
        };
        let mut names: Vec<String> = listed.flatten().filter_map(|entry| name(entry.path())).collect();
        names.sort();
        Ok(names)
    }

    fn open(&self, path: &Path, name: &str, bytes_max: u64) -> Result<Vec<u8>, BackupRefusal> {
        let locked = files::read_bytes(path, bytes_max + LOCK_BYTES as u64)?;
        let damaged = || BackupRefusal::Damaged { file: path.to_owned() };
        parcel::unlock(&self.key(name), &locked).ok_or_else(damaged)
    }

    fn checked(self, label: &Label) -> Result<Self, BackupRefusal> {
        let is_same = label.check == self.check();
        let other = BackupRefusal::OtherVault { folder: self.folder.clone(), member: label.member };
        if is_same { Ok(self) } else { Err(other) }
    }

    fn check(&self) -> String {
        hex::encode(&hash(&[b"xietong/1/vault\0", &*self.secret])[..8])
    }

    fn name(&self, content: &[u8]) -> String {
        hex::encode(&hash(&[b"xietong/1/piece\0", &*self.secret, content])[..16])
    }

    fn key(&self, name: &str) -> Secret {
        Zeroizing::new(hash(&[b"xietong/1/piece-key\0", &*self.secret, name.as_bytes()]))
    }

    fn piece(&self, name: &str) -> PathBuf {
        self.folder.join(PIECES).join(name)
    }

    fn index(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.{INDEX}"))
    }
}

impl Label {
    fn read(folder: &Path) -> Result<Self, BackupRefusal> {
        let path = folder.join(LABEL);
        if !path.exists() {
            return Err(BackupRefusal::NoVault { folder: folder.to_owned() });
        }
        Self::parse(&files::read(&path)?).ok_or(BackupRefusal::Damaged { file: path })
    }

    /// Reads what the file says; none if it is no label, or of another program.
    pub fn parse(text: &str) -> Option<Self> {
        let label: Option<Self> = toml::from_str(text).ok();
        label.filter(|label| label.version == VERSION)
    }

    /// The secret, with the seal for which it is packed.
    pub fn open(&self, seal: &SecretKey) -> Option<Secret> {
        let packed = hex::decode(&self.secret).ok()?;
        let secret = parcel::unpack(seal, &about(self.member), &packed)?;
        Some(Zeroizing::new(secret.try_into().ok()?))
    }
}

fn about(member: MemberCode) -> Vec<u8> {
    format!("backup of {member}").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vault(folder: &Path, secret: u8) -> Result<Vault, BackupRefusal> {
        let member = "230000".parse().expect("a member code");
        Vault::for_writing(folder, member, &seal().public(), Zeroizing::new([secret; 32]))
    }

    fn seal() -> SecretKey {
        SecretKey::from_bytes(&[7; 32])
    }

    #[test]
    fn equal_content_lies_there_once_and_only_the_secret_or_the_seal_opens_it() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mine = vault(folder.path(), 1).expect("the folder is new");
        let (name, is_new) = mine.put(b"content").expect("kept");
        assert!(is_new && !mine.put(b"content").expect("kept").1);
        mine.put_index("a", b"index").expect("kept");
        assert!(
            matches!(mine.put_index("a", b"other"), Err(BackupRefusal::BackupFile(_))),
            "never overwritten"
        );
        let again = Vault::with_seal(folder.path(), &seal()).expect("the seal opens it");
        assert_eq!(again.get(&name, 7).expect("it is there"), b"content");
        assert_eq!(again.get_index("a").expect("it is there"), b"index");
        assert!(matches!(vault(folder.path(), 2), Err(BackupRefusal::OtherVault { .. })));
        let (member, new) =
            ("230000".parse().expect("a member code"), SecretKey::from_bytes(&[8; 32]).public());
        let resealed = Vault::for_writing(folder.path(), member, &new, Zeroizing::new([1; 32]));
        assert!(matches!(resealed, Err(BackupRefusal::EarlierSeal { .. })));
        let other = SecretKey::from_bytes(&[8; 32]);
        assert!(matches!(Vault::with_seal(folder.path(), &other), Err(BackupRefusal::OtherSeal { .. })));
    }

    #[test]
    fn a_piece_that_a_crash_left_short_is_made_again_and_one_under_another_name_is_noticed() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mine = vault(folder.path(), 1).expect("the folder is new");
        let (name, _) = mine.put(b"content").expect("kept");
        let (other, _) = mine.put(b"another").expect("kept");
        fs::write(mine.piece(&name), b"cut").expect("ours");
        assert!(matches!(mine.get(&name, 7), Err(BackupRefusal::Damaged { .. })));
        assert!(mine.put(b"content").expect("kept").1);
        assert_eq!(mine.get(&name, 7).expect("whole again"), b"content");
        fs::copy(mine.piece(&other), mine.piece(&name)).expect("ours");
        assert!(matches!(mine.get(&name, 7), Err(BackupRefusal::Damaged { .. })));
    }
}
