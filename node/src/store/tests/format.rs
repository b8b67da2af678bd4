//! Homes of other formats: an older one is kept as it was and opened, a newer one is left alone.

use super::*;
use crate::store::format::{self, FORMAT};
use crate::store::verify::verify;

/// A home of format 0, as the program wrote it before there was a number.
fn old_home() -> TempDir {
    let home = tempfile::tempdir().expect("a temporary folder");
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/format-0/log");
    copy(&fixture, &home.path().join("log"));
    home
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("the folder is ours");
    for file in fs::read_dir(from).expect("part of the source").flatten() {
        let target = to.join(file.file_name());
        if file.path().is_dir() {
            copy(&file.path(), &target);
        } else {
            fs::copy(file.path(), target).expect("the folder is ours");
        }
    }
}

fn number(home: &Path) -> String {
    fs::read_to_string(home.join("log/format")).unwrap_or_default()
}

/// Name and content of every file below a folder.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for file in fs::read_dir(folder).expect("a readable folder").flatten() {
        if file.path().is_dir() {
            found.extend(files(&file.path()));
        } else {
            found.insert(file.path(), fs::read(file.path()).expect("a readable file"));
        }
    }
    found
}

#[test]
fn a_home_of_an_older_format_is_set_aside_and_opens_with_all_that_it_holds() {
    let home = old_home();
    let before = files(&home.path().join("log"));
    for _ in 0..2 {
        let Opened { store, boot, .. } = Disk::open(home.path(), me()).expect("it opens");
        let heads: Vec<_> = boot.heads.iter().map(|(stream, head)| (stream.system, head.position)).collect();
        assert_eq!(heads, [(System::INSTITUTIONS, Position(1)), (System(240), Position(2))]);
        store.close().expect("it closes");
        assert_eq!(number(home.path()), FORMAT.to_string());
    }
    let aside = home.path().join("before-format-1/log");
    let kept: BTreeMap<_, _> = files(&aside)
        .into_iter()
        .map(|(path, bytes)| (home.path().join("log").join(path.strip_prefix(&aside).expect("below")), bytes))
        .collect();
    assert_eq!(kept, before);
    assert_eq!(verify(home.path(), me(), None, &mut |_, _| {}).expect("it reads").faults, []);
}

#[test]
fn what_a_stopped_migration_left_is_begun_anew() {
    let home = old_home();
    let half = home.path().join("before-format-1.new/log/local");
    fs::create_dir_all(&half).expect("the folder is ours");
    fs::write(half.join("00000001.seg"), "half").expect("the folder is ours");
    Disk::open(home.path(), me()).expect("it opens").store.close().expect("it closes");
    let kept = fs::read(home.path().join("before-format-1/log/local/00000001.seg")).expect("it was kept");
    assert!(kept.len() > 1_000, "{} bytes", kept.len());
    assert!(!home.path().join("before-format-1.new").exists());
}

#[test]
fn a_home_of_a_newer_format_is_refused_by_name_and_left_alone() {
    for newer in [(FORMAT + 1).to_string(), "?".to_owned()] {
        let home = old_home();
        fs::write(home.path().join("log/format"), &newer).expect("the folder is ours");
        let before = files(&home.path().join("log"));
        let refused = Disk::open(home.path(), me()).map(drop);
        assert!(matches!(refused, Err(StoreError::NewerFormat { known: FORMAT, .. })), "{refused:?}");
        let read = verify(home.path(), me(), None, &mut |_, _| {}).map(drop);
        assert!(matches!(read, Err(StoreError::NewerFormat { .. })), "{read:?}");
        assert_eq!(files(&home.path().join("log")), before);
    }
}

#[test]
fn a_new_home_has_the_newest_format_and_nothing_set_aside() {
    let home = tempfile::tempdir().expect("a temporary folder");
    Disk::open(home.path(), me()).expect("it opens").store.close().expect("it closes");
    assert_eq!(number(home.path()), FORMAT.to_string());
    assert_eq!(format::check(&home.path().join("log")).expect("it reads"), Some(FORMAT));
    assert!(!home.path().join("before-format-1").exists());
}
