//! Backups of a home and the way back: which files, up to where the logs go, and in which pieces. Reads log files
//! beside a running node, since what is durable in them never changes. Never decides whether a restored node may
//! speak: that is the start rule (P28).

pub mod restore;
pub mod vault;

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize, Serializer};
use xietong_proto::id::{MemberCode, Millis};

use crate::calendar;
use crate::files::{self, FileFailure};
use crate::home::Home;
use crate::store::cut::{self, Cut};
use crate::store::error::StoreError;
use vault::Vault;

/// What one backup holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Backup {
    version: u32,
    /// Whose home.
    pub member: MemberCode,
    /// When it was made, in RFC 3339.
    pub taken: String,
    /// How far the logs go, and where streams stand.
    pub cut: Cut,
    /// Every file.
    pub files: Vec<Kept>,
}

/// One file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Kept {
    /// Below the home.
    pub path: PathBuf,
    /// Its permission bits.
    pub mode: u32,
    /// One after the other.
    pub pieces: Vec<Piece>,
}

/// A part of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Piece {
    /// In the vault.
    pub name: String,
    /// How many there are.
    pub bytes: u64,
}

/// A backup that was made.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Taken {
    /// Its name.
    pub name: String,
    /// Bytes that the vault did not hold before.
    pub new_bytes: u64,
    /// What it holds.
    #[serde(flatten)]
    pub backup: Backup,
}

/// Why there is no backup, or why it cannot be used.
#[derive(Debug, Serialize)]
#[serde(tag = "code")]
pub enum BackupRefusal {
    /// The folder is none of backups.
    NoVault { folder: PathBuf },
    /// Another node's backups lie there, or those of earlier keys.
    OtherVault { folder: PathBuf, member: MemberCode },
    /// The backups there open with the seal that this member had before.
    EarlierSeal { folder: PathBuf },
    /// The seal key opens other backups.
    OtherSeal { folder: PathBuf },
    /// There is no backup, or none of that name.
    NoBackup { folder: PathBuf, names: Vec<String> },
    /// A piece is not there.
    Missing { file: PathBuf },
    /// What lies there was altered or cut.
    Damaged { file: PathBuf },
    /// The machine would not.
    BackupFile(FileFailure),
    /// The log cannot be read, or the home is in use.
    BackupStore {
        /// Why.
        #[serde(serialize_with = "as_text")]
        error: StoreError,
    },
}

impl From<StoreError> for BackupRefusal {
    fn from(error: StoreError) -> Self {
        Self::BackupStore { error }
    }
}

impl From<FileFailure> for BackupRefusal {
    fn from(failure: FileFailure) -> Self {
        Self::BackupFile(failure)
    }
}

fn as_text<S: Serializer>(error: &StoreError, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(error)
}

const VERSION: u32 = 1;
/// A log is cut into pieces of so many bytes: only the last one of a growing file is another each time.
const PIECE_BYTES: u64 = 4 * 1024 * 1024;

impl Backup {
    /// Reads an index; none if it is of another program.
    pub fn parse(index: &[u8]) -> Option<Self> {
        let read: Option<Self> = serde_json::from_slice(index).ok();
        read.filter(|backup| backup.version == VERSION)
    }

    /// The bytes of all files.
    pub fn bytes(&self) -> u64 {
        self.files.iter().flat_map(|file| &file.pieces).map(|piece| piece.bytes).sum()
    }
}

/// Makes a backup of a home up to a cut. A stream is in it as far as the cut says, whatever is written meanwhile.
pub fn take(
    home: &Home,
    vault: &Vault,
    cut: Cut,
    member: MemberCode,
    now: Millis,
) -> Result<Taken, BackupRefusal> {
    let mut taking = Taking { home: home.path(), vault, files: Vec::new(), new_bytes: 0 };
    for (path, bytes) in cut::segments(home.path(), &cut)? {
        taking.file(&path, Some(bytes))?;
    }
    for path in other_files(home)? {
        taking.file(&path, None)?;
    }
    let taken = calendar::stamp(now);
    let name = format!("{member}-{}", taken[..23].replace(':', ""));
    let backup = Backup { version: VERSION, member, taken, cut, files: taking.files };
    let content = serde_json::to_vec(&backup).expect("names and numbers are plain data");
    vault.put_index(&name, &content)?;
    Ok(Taken { name, new_bytes: taking.new_bytes, backup })
}

/// A backup by its name; the newest without one.
pub fn find(folder: &Path, vault: &Vault, name: Option<&str>) -> Result<(String, Backup), BackupRefusal> {
    let names = vault.indexes()?;
    let found = match name {
        Some(wanted) => names.iter().find(|name| *name == wanted),
        None => names.last(),
    };
    let Some(name) = found.cloned() else {
        return Err(BackupRefusal::NoBackup { folder: folder.to_owned(), names });
    };
    let damaged = || BackupRefusal::Damaged { file: folder.join(&name) };
    let backup = Backup::parse(&vault.get_index(&name)?).ok_or_else(damaged)?;
    Ok((name, backup))
}

/// Opens every piece of a backup. `progress` hears of bytes, of how many.
pub fn verify(
    vault: &Vault,
    backup: &Backup,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<(), BackupRefusal> {
    let (mut done, all) = (0, backup.bytes());
    for piece in backup.files.iter().flat_map(|file| &file.pieces) {
        vault.get(&piece.name, piece.bytes)?;
        done += piece.bytes;
        progress(done, all);
    }
    Ok(())
}

struct Taking<'a> {
    home: &'a Path,
    vault: &'a Vault,
    files: Vec<Kept>,
    new_bytes: u64,
}

impl Taking<'_> {
    /// Keeps a file, or the first bytes of one.
    fn file(&mut self, path: &Path, bytes: Option<u64>) -> Result<(), BackupRefusal> {
        let mode = files::mode(path)?;
        let read = || -> io::Result<(File, u64)> {
            let file = File::open(path)?;
            let length = file.metadata()?.len();
            Ok((file, bytes.unwrap_or(length)))
        };
        let (file, length) = read().map_err(files::reading(path))?;
        let mut pieces = Vec::new();
        for from in (0..length).step_by(PIECE_BYTES as usize) {
            let mut content = vec![0; PIECE_BYTES.min(length - from) as usize];
            file.read_exact_at(&mut content, from).map_err(files::reading(path))?;
            let (name, is_new) = self.vault.put(&content)?;
            self.new_bytes += if is_new { content.len() as u64 } else { 0 };
            pieces.push(Piece { name, bytes: content.len() as u64 });
        }
        let path = path.strip_prefix(self.home).expect("it lies in the home").to_owned();
        self.files.push(Kept { path, mode, pieces });
        Ok(())
    }
}

/// Everything else in a home that cannot be made again, in order of name; of the logs the number of their format.
fn other_files(home: &Home) -> Result<Vec<PathBuf>, BackupRefusal> {
    let mut found = vec![home.log().join("format")];
    collect(home.path(), home, &mut found)?;
    found.retain(|path| path.is_file());
    found.sort();
    Ok(found)
}

fn collect(folder: &Path, home: &Home, found: &mut Vec<PathBuf>) -> Result<(), BackupRefusal> {
    let listed = fs::read_dir(folder).map_err(files::reading(folder))?;
    for path in listed.flatten().map(|entry| entry.path()).filter(|path| !is_left_out(path, home)) {
        if path.is_dir() {
            collect(&path, home, found)?;
        } else {
            found.push(path);
        }
    }
    Ok(())
}

/// The logs are taken up to the cut; rows are made again; what happened, and backups themselves, stay behind.
fn is_left_out(path: &Path, home: &Home) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let is_past = name.starts_with("operation.log") || name.starts_with("before-format-");
    [home.log(), home.rows(), home.run()].iter().any(|own| own == path) || is_past || Vault::is_at(path)
}
