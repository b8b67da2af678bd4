//! A backup becomes a home again. The home must be empty: nothing is overwritten.

use std::path::{Component, Path};

use super::vault::Vault;
use super::{Backup, BackupRefusal, Kept};
use crate::files;
use crate::home::Home;
use crate::store::cut;

/// Writes all files of a backup, each whole and durable, the configuration last: without it no node starts there.
/// `progress` hears of bytes, of how many.
pub fn restore(
    home: &Home,
    vault: &Vault,
    backup: &Backup,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<(), BackupRefusal> {
    let (mut done, all) = (0, backup.bytes());
    files::create_folder(home.path(), 0o750)?;
    let is_config = |file: &&Kept| home.path().join(&file.path) == home.config();
    let (last, first): (Vec<&Kept>, Vec<&Kept>) = backup.files.iter().partition(is_config);
    for file in first {
        write(home.path(), vault, file)?;
        done += file.pieces.iter().map(|piece| piece.bytes).sum::<u64>();
        progress(done, all);
    }
    cut::leave_mark(home.path(), &backup.cut)?;
    last.into_iter().try_for_each(|file| write(home.path(), vault, file))
}

fn write(home: &Path, vault: &Vault, file: &Kept) -> Result<(), BackupRefusal> {
    let is_inside = file.path.components().all(|part| matches!(part, Component::Normal(_)));
    if !is_inside {
        return Err(BackupRefusal::Damaged { file: file.path.clone() });
    }
    let path = home.join(&file.path);
    let folder = path.parent().expect("it lies below the home");
    let mode = if file.path.starts_with("keys") { 0o700 } else { 0o750 };
    files::create_folder(folder, mode)?;
    let mut contents = file.pieces.iter().map(|piece| vault.get(&piece.name, piece.bytes));
    files::create_of_pieces(&path, file.mode, &mut contents)
}
