//! Homes whose rows are lost or damaged: they come again from the log.

use super::super::keyspace;
use super::super::recovery::{RowsFound, Unfit};
use super::*;

fn files_of(home: &Path) -> Vec<PathBuf> {
    let mut paths = Vec::new();
    let mut folders = vec![home.join("rows")];
    while let Some(folder) = folders.pop() {
        for file in fs::read_dir(folder).expect("a folder") {
            let path = file.expect("a file").path();
            if path.is_dir() { folders.push(path) } else { paths.push(path) }
        }
    }
    paths.sort();
    paths
}

#[test]
fn rows_that_are_gone_come_again_from_the_log() {
    let mut model = Model::new(20);
    let home = closed_home(&mut model, 30);
    fs::remove_dir_all(home.path().join("rows")).expect("removes");
    let mut opened = open(home.path());
    assert_eq!(opened.recovery.rows, RowsFound::Rebuilt(Unfit::Missing));
    assert!(opened.boot.folded.is_empty());
    model.check(&mut opened);
    drop(opened);
    assert_eq!(open(home.path()).recovery.rows, RowsFound::Kept);
}

#[test]
fn rows_that_were_left_in_order_are_read_while_the_node_runs() {
    let stray = (keyspace::row(b"k"), Some(b"v".to_vec()));
    for change in [None, Some(stray), Some((Vec::new(), None))] {
        let is_wrong = change.is_some();
        let mut model = Model::new(21);
        let home = closed_home(&mut model, 30);
        if let Some((key, value)) = change {
            let tree = super::super::rows::Tree::open(&home.path().join("rows")).expect("rows");
            let (first, _) = tree.scan(&[keyspace::ROW], &[]).next().expect("a row").expect("it reads");
            let key = if key.is_empty() { first } else { key };
            let items = tree.cluster(Changes::from([(key, value)])).expect("clusters");
            tree.write(&items.into_iter().map(|item| (item.key, item.new)).collect()).expect("writes");
            tree.sync().expect("syncs");
        }
        // A copy, since the tree may keep its lock for a moment after it was dropped.
        let home = copy(home.path());
        let mut opened = open(home.path());
        assert_eq!(opened.recovery.rows, RowsFound::Kept);
        let mut checked = Ok(());
        while checked.is_ok() && opened.store.is_unchecked() {
            // What is written meanwhile counts on either side of the reading.
            opened.store.commit(model.step()).expect("commits");
            checked = opened.store.check_some();
        }
        assert_eq!(checked.is_err(), is_wrong);
        drop(opened);
        let home = copy(home.path());
        let mut opened = open(home.path());
        assert_eq!(opened.recovery.rows == RowsFound::Rebuilt(Unfit::Unusable), is_wrong);
        if is_wrong {
            model.check(&mut opened);
        }
    }
}

#[test]
fn rows_of_another_log_are_not_used() {
    let mut model = Model::new(22);
    let home = closed_home(&mut model, 5);
    let other_home = closed_home(&mut Model::new(23), 1);
    fs::remove_dir_all(home.path().join("rows")).expect("removes");
    copy_folder(&other_home.path().join("rows"), &home.path().join("rows"));
    let mut opened = open(home.path());
    assert!(matches!(opened.recovery.rows, RowsFound::Rebuilt(Unfit::OtherLog | Unfit::Ahead)));
    model.check(&mut opened);
}

#[test]
fn rows_that_failed_while_a_node_ran_are_not_used_again() {
    let mut model = Model::new(24);
    let home = closed_home(&mut model, 5);
    fs::write(home.path().join("rows.suspect"), b"").expect("writes");
    let mut opened = open(home.path());
    assert_eq!(opened.recovery.rows, RowsFound::Rebuilt(Unfit::Unusable));
    model.check(&mut opened);
    drop(opened);
    assert_eq!(open(home.path()).recovery.rows, RowsFound::Kept);
}

#[test]
fn rows_cut_short_anywhere_are_noticed() {
    let mut rng = ChaCha8Rng::seed_from_u64(25);
    let mut model = Model::new(25);
    let home = closed_home(&mut model, 60);
    for _ in 0..40 {
        let damaged = copy(home.path());
        let paths = files_of(damaged.path());
        let path = &paths[rng.random_range(0..paths.len())];
        let bytes = fs::read(path).expect("reads");
        let keep = rng.random_range(0..=bytes.len());
        fs::write(path, &bytes[..keep]).expect("writes");
        model.check(&mut open(damaged.path()));
    }
}

#[test]
fn rows_with_flipped_bytes_are_noticed() {
    let mut rng = ChaCha8Rng::seed_from_u64(26);
    let mut model = Model::new(26);
    let home = closed_home(&mut model, 60);
    for round in 0..40 {
        let damaged = copy(home.path());
        let paths = files_of(damaged.path());
        let path = &paths[round % paths.len()];
        let mut bytes = fs::read(path).expect("reads");
        if bytes.is_empty() {
            continue;
        }
        for _ in 0..=round / 10 {
            let at = rng.random_range(0..bytes.len());
            bytes[at] ^= 1 << rng.random_range(0..8);
        }
        fs::write(path, bytes).expect("writes");
        model.check(&mut open(damaged.path()));
    }
}
