//! The files of a home that are not data: the lock that keeps two processes apart, and the mark that a node
//! leaves when it stops in order. Decides nothing about logs and rows.

use std::collections::BTreeMap;
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use xietong_proto::id::AgreementId;

use super::error::{StoreError, at};
use super::format;
use super::log::{LogEnd, sync_folder};

/// A home that this process alone uses, as long as this lives.
#[derive(Debug)]
pub struct Home {
    folder: PathBuf,
    _lock: File,
}

/// Written when a node stops in order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stopped {
    /// How far each log went.
    pub ends: BTreeMap<AgreementId, LogEnd>,
    /// The sum over all rows, which are as durable as the logs: hexadecimal.
    #[serde(default)]
    pub rows: String,
}

impl Home {
    /// Takes the home for this process.
    pub fn lock(folder: &Path) -> Result<Self, StoreError> {
        for part in [LOGS, RUN] {
            let part = folder.join(part);
            fs::create_dir_all(&part).map_err(at(&part))?;
        }
        sync_folder(folder)?;
        let path = folder.join(RUN).join("lock");
        let lock = File::options().write(true).create(true).truncate(false).open(&path).map_err(at(&path))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { folder: folder.to_path_buf(), _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(StoreError::InUse { lock: path }),
            Err(TryLockError::Error(source)) => Err(at(&path)(source)),
        }
    }

    /// Brings an older home to the format of this program; refuses a newer one.
    pub fn bring_up(&self) -> Result<(), StoreError> {
        if let Some(from) = format::bring_up(&self.folder, &self.logs())? {
            tracing::warn!(
                from,
                to = format::FORMAT,
                "the home was brought to a newer format; before-format-… keeps it"
            );
        }
        Ok(())
    }

    /// Where the logs are.
    pub fn logs(&self) -> PathBuf {
        logs(&self.folder)
    }

    /// Where the rows are.
    pub fn rows(&self) -> PathBuf {
        self.folder.join("rows")
    }

    /// What the last node that stopped in order left.
    pub fn stopped(&self) -> Result<Option<Stopped>, StoreError> {
        stopped(&self.folder)
    }

    /// From now on the node runs.
    pub fn forget_stopped(&self) -> Result<(), StoreError> {
        let path = self.logs().join(STOPPED);
        if path.exists() {
            fs::remove_file(&path).map_err(at(&path))?;
            sync_folder(&self.logs())?;
        }
        Ok(())
    }

    /// The node stops in order, with its logs going this far.
    pub fn leave_stopped(&self, stopped: &Stopped) -> Result<(), StoreError> {
        let (path, new) = (self.logs().join(STOPPED), self.logs().join("stopped.new"));
        let text = serde_json::to_vec(stopped).expect("numbers by name are plain data");
        fs::write(&new, text).map_err(at(&new))?;
        File::open(&new).and_then(|file| file.sync_all()).map_err(at(&new))?;
        fs::rename(&new, &path).map_err(at(&path))?;
        sync_folder(&self.logs())
    }
}

/// Where the logs of a home are.
pub fn logs(home: &Path) -> PathBuf {
    home.join(LOGS)
}

/// What the last node that stopped in order left; a mark that cannot be read says nothing.
pub fn stopped(home: &Path) -> Result<Option<Stopped>, StoreError> {
    let path = logs(home).join(STOPPED);
    if !path.exists() {
        return Ok(None);
    }
    let text = fs::read(&path).map_err(at(&path))?;
    Ok(serde_json::from_slice(&text).ok())
}

/// A name for the time since this machine was switched on.
pub fn boot_id() -> Result<String, StoreError> {
    let path = Path::new("/proc/sys/kernel/random/boot_id");
    let text = fs::read_to_string(path).map_err(at(path))?;
    Ok(text.trim().to_owned())
}

const LOGS: &str = "log";
const RUN: &str = "run";
const STOPPED: &str = "stopped";
