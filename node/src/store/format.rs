//! The number of the format in which a home is stored. A newer one is refused and left alone; an older one is set
//! aside as it stands, and then brought up step by step. The log's own bytes say nothing of it: they are checked
//! group by group whatever the number.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::error::{StoreError, at};
use super::log::sync_folder;

/// The format that this program writes.
pub const FORMAT: u32 = STEPS.len() as u32;

/// From each format to the next, the first from 0. A step must bear to be done again: a machine may stop in it.
const STEPS: [Step; 1] = [number_it];

type Step = fn(&Path) -> Result<(), StoreError>;

/// Homes before there was a number lack nothing else.
fn number_it(_logs: &Path) -> Result<(), StoreError> {
    Ok(())
}

/// Brings the logs of a home to this program's format, and says from which, if that was another.
pub fn bring_up(home: &Path, logs: &Path) -> Result<Option<u32>, StoreError> {
    let found = check(logs)?;
    if found == Some(FORMAT) {
        return Ok(None);
    }
    if let Some(found) = found {
        set_aside(logs, &home.join(format!("before-format-{}", found + 1)))?;
        STEPS[found as usize..].iter().try_for_each(|step| step(logs))?;
    }
    let (path, new) = (logs.join(NUMBER), logs.join("format.new"));
    fs::write(&new, FORMAT.to_string()).map_err(at(&new))?;
    File::open(&new).and_then(|file| file.sync_all()).map_err(at(&new))?;
    fs::rename(&new, &path).map_err(at(&path))?;
    sync_folder(logs)?;
    Ok(found)
}

/// The format of logs, none where there are none yet. Refuses one that this program does not know.
pub fn check(logs: &Path) -> Result<Option<u32>, StoreError> {
    let path = logs.join(NUMBER);
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Ok(folders(logs)?.first().map(|_| 0));
        }
        Err(error) => return Err(at(&path)(error)),
    };
    // A number that cannot be read is none of ours.
    match text.trim().parse().unwrap_or(u32::MAX) {
        found if found > FORMAT => Err(StoreError::NewerFormat { found, known: FORMAT }),
        found => Ok(Some(found)),
    }
}

/// Copies the logs to a folder that is whole or not there. Segments that are full never change, so they are linked
/// and cost no room; the last of each log is copied.
fn set_aside(logs: &Path, aside: &Path) -> Result<(), StoreError> {
    if aside.exists() {
        return Ok(());
    }
    let new = aside.with_extension("new");
    if new.exists() {
        fs::remove_dir_all(&new).map_err(at(&new))?;
    }
    copy(logs, &new.join("log"))?;
    fs::rename(&new, aside).map_err(at(aside))?;
    sync_folder(aside.parent().unwrap_or(aside))
}

fn copy(from: &Path, to: &Path) -> Result<(), StoreError> {
    fs::create_dir_all(to).map_err(at(to))?;
    let files = names(from)?;
    let last_segment = files.iter().rev().find(|path| is_segment(path));
    for path in &files {
        let target = to.join(path.file_name().unwrap_or_default());
        if path.is_dir() {
            copy(path, &target)?;
        } else if is_segment(path) && Some(path) != last_segment && fs::hard_link(path, &target).is_ok() {
            // Linked.
        } else {
            fs::copy(path, &target).map_err(at(&target))?;
            File::open(&target).and_then(|file| file.sync_all()).map_err(at(&target))?;
        }
    }
    sync_folder(to)
}

fn is_segment(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "seg")
}

fn folders(logs: &Path) -> Result<Vec<PathBuf>, StoreError> {
    Ok(names(logs)?.into_iter().filter(|path| path.is_dir()).collect())
}

fn names(folder: &Path) -> Result<Vec<PathBuf>, StoreError> {
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let names = fs::read_dir(folder).and_then(|names| names.collect::<Result<Vec<_>, _>>());
    let mut names: Vec<_> = names.map_err(at(folder))?.into_iter().map(|name| name.path()).collect();
    names.sort();
    Ok(names)
}

const NUMBER: &str = "format";
