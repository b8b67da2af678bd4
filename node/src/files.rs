//! The few things that are done to small files: read, create anew, replace as a whole. A file is either the
//! old one or the new one, never half of either.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use serde::{Serialize, Serializer};

/// Bytes of a configuration, key or paper.
pub const FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// Something that the machine would not do with a file.
#[derive(Debug, thiserror::Error, Serialize)]
#[error("cannot {action:?} {}", path.display())]
pub struct FileFailure {
    /// What was tried.
    pub action: FileAction,
    /// With which file or folder.
    pub path: PathBuf,
    /// What the system said.
    #[serde(serialize_with = "as_text")]
    pub source: io::Error,
}

/// What can be tried with a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum FileAction {
    /// Read it.
    Read,
    /// Create it; it must not exist.
    Create,
    /// Put new content in its place.
    Replace,
}

impl FileAction {
    fn on(self, path: &Path) -> impl FnOnce(io::Error) -> FileFailure {
        move |source| FileFailure { action: self, path: path.to_owned(), source }
    }
}

/// The text of a file of at most [`FILE_BYTES_MAX`]. A byte order mark is dropped.
pub fn read(path: &Path) -> Result<String, FileFailure> {
    read_text(path).map_err(FileAction::Read.on(path))
}

/// What went wrong while something was read.
pub fn reading(path: &Path) -> impl FnOnce(io::Error) -> FileFailure {
    FileAction::Read.on(path)
}

/// The bytes of a file of at most `bytes_max`.
pub fn read_bytes(path: &Path, bytes_max: u64) -> Result<Vec<u8>, FileFailure> {
    read_within(path, bytes_max).map_err(FileAction::Read.on(path))
}

/// The files of a folder whose names have an ending, by name; none if there is no folder.
pub fn list(folder: &Path, ending: &str) -> Result<Vec<PathBuf>, FileFailure> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(FileAction::Read.on(folder))?,
    };
    let paths: io::Result<Vec<PathBuf>> = entries.map(|entry| Ok(entry?.path())).collect();
    let mut paths = paths.map_err(FileAction::Read.on(folder))?;
    paths.retain(|path| path.extension().is_some_and(|found| found == ending));
    paths.sort();
    Ok(paths)
}

/// The permission bits of a file.
pub fn mode(path: &Path) -> Result<u32, FileFailure> {
    let metadata = fs::metadata(path).map_err(FileAction::Read.on(path))?;
    Ok(metadata.permissions().mode() & 0o777)
}

/// Makes a folder and those above it, if missing.
pub fn create_folder(path: &Path, mode: u32) -> Result<(), FileFailure> {
    DirBuilder::new().recursive(true).mode(mode).create(path).map_err(FileAction::Create.on(path))
}

/// Puts a file in the place of another, durably.
pub fn put_in_place(from: &Path, to: &Path) -> Result<(), FileFailure> {
    let moved = fs::rename(from, to).and_then(|()| sync_folder(to));
    moved.map_err(FileAction::Replace.on(to))
}

/// Makes a file that must not exist, durably.
pub fn create(path: &Path, text: &str, mode: u32) -> Result<(), FileFailure> {
    create_bytes(path, text.as_bytes(), mode)
}

/// The same with any content.
pub fn create_bytes(path: &Path, content: &[u8], mode: u32) -> Result<(), FileFailure> {
    create_durably(path, content, mode).map_err(FileAction::Create.on(path))
}

/// Makes a file that must not exist of pieces that come one after the other, durably.
pub fn create_of_pieces<E: From<FileFailure>>(
    path: &Path,
    mode: u32,
    pieces: &mut dyn Iterator<Item = Result<Vec<u8>, E>>,
) -> Result<(), E> {
    let failed = || FileAction::Create.on(path);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path).map_err(failed())?;
    let write = || {
        for piece in pieces {
            file.write_all(&piece?).map_err(failed())?;
        }
        Ok(file.sync_all().and_then(|()| sync_folder(path)).map_err(failed())?)
    };
    // Half a file is no file; if it cannot be taken away either, its reader notices.
    write().inspect_err(|_| drop(fs::remove_file(path)))
}

/// Puts a whole new file in the place of an old one or of none, durably.
pub fn replace(path: &Path, text: &str, mode: u32) -> Result<(), FileFailure> {
    replace_bytes(path, text.as_bytes(), mode)
}

/// The same with any content.
pub fn replace_bytes(path: &Path, content: &[u8], mode: u32) -> Result<(), FileFailure> {
    replace_durably(path, content, mode).map_err(FileAction::Replace.on(path))
}

fn read_text(path: &Path) -> io::Result<String> {
    let text =
        String::from_utf8(read_within(path, FILE_BYTES_MAX)?).map_err(|_| io::ErrorKind::InvalidData)?;
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}

fn read_within(path: &Path, bytes_max: u64) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    let bytes = File::open(path)?.take(bytes_max + 1).read_to_end(&mut content)?;
    if bytes as u64 > bytes_max {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    Ok(content)
}

fn create_durably(path: &Path, content: &[u8], mode: u32) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
    file.write_all(content)?;
    file.sync_all()?;
    sync_folder(path)
}

fn replace_durably(path: &Path, content: &[u8], mode: u32) -> io::Result<()> {
    let mut file = tempfile::NamedTempFile::new_in(folder(path))?;
    file.write_all(content)?;
    file.as_file().set_permissions(Permissions::from_mode(mode))?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    sync_folder(path)
}

fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(folder(path))?.sync_all()
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn as_text<S: Serializer>(error: &io::Error, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn create_never_overwrites_and_replace_leaves_one_whole_file() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("a");
        create(&path, "one", 0o600).expect("nothing is there");
        assert_eq!(create(&path, "two", 0o600).unwrap_err().source.kind(), io::ErrorKind::AlreadyExists);
        replace(&path, "three", 0o640).expect("it may be replaced");
        assert_eq!(
            (read(&path).expect("it is there"), mode(&path).expect("it is there")),
            ("three".into(), 0o640)
        );
        assert_eq!(fs::read_dir(folder.path()).expect("it is there").count(), 1);
    }

    #[test]
    fn a_file_beyond_the_limit_is_not_read() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("large");
        File::create(&path).and_then(|file| file.set_len(FILE_BYTES_MAX + 1)).expect("it can be made");
        assert_eq!(read(&path).unwrap_err().source.kind(), io::ErrorKind::FileTooLarge);
    }
}
