//! Homes that nothing happens to but stops and kills.

use super::super::recovery::{RowsFound, Unfit};
use super::super::verify::verify;
use super::*;
use crate::replica::io::Keyring;

#[test]
fn a_random_history_is_the_same_after_every_stop() {
    for seed in 0..6 {
        let (mut model, home) = (Model::new(seed), scratch());
        assert_eq!(open(home.path()).recovery.rows, RowsFound::New);
        for round in 0..5 {
            let mut opened = open(home.path());
            assert_eq!(opened.boot.was_clean, round > 0);
            assert_eq!(opened.boot.folded, model.folded);
            assert_eq!(opened.recovery.rows, RowsFound::Kept);
            model.check(&mut opened);
            for _ in 0..12 {
                opened.store.commit(model.step()).expect("commits");
            }
            opened.store.close().expect("closes");
        }
        assert!(segments_of(home.path(), "local").len() > 2);
    }
}

#[test]
fn a_copy_of_a_running_home_opens_as_after_a_kill() {
    for seed in 0..6 {
        let (mut model, home) = (Model::new(seed), scratch());
        let mut opened = open(home.path());
        for _ in 0..4 {
            for _ in 0..6 {
                opened.store.commit(model.step()).expect("commits");
            }
            let killed = copy(home.path());
            let mut again = open(killed.path());
            assert!(!again.boot.was_clean);
            assert!(again.recovery.torn.is_empty() && again.recovery.damage.is_empty());
            model.check(&mut again);
        }
    }
}

#[test]
fn a_switched_off_machine_loses_the_rows_and_nothing_else() {
    let mut model = Model::new(1);
    let home = closed_home(&mut model, 10);
    let before = super::super::index::Index::read(&home.path().join("rows"), None).expect("rows");
    let mut index = before.index;
    index.set_boot_id("another time");
    index.apply(Changes::new()).expect("applies");
    index.sync().expect("syncs");
    drop(index);

    let clean = copy(home.path());
    assert_eq!(open(clean.path()).recovery.rows, RowsFound::Kept);
    fs::remove_file(home.path().join("log/stopped")).expect("removes");
    let mut opened = open(home.path());
    assert_eq!(opened.recovery.rows, RowsFound::Rebuilt(Unfit::PowerLost));
    assert!(opened.boot.folded.is_empty());
    model.check(&mut opened);
}

#[test]
fn a_home_opens_once_at_a_time() {
    let home = scratch();
    let first = open(home.path());
    assert!(matches!(try_open(home.path()), Err(StoreError::InUse { .. })));
    drop(first);
    open(home.path());
}

#[test]
fn a_step_that_cannot_be_written_stops_the_store() {
    let home = scratch();
    let mut store = open(home.path()).store;
    let mut scribe = Scribe::default();
    scribe.next(local(), b"never committed");
    let refused = store.commit(scribe.commit(local(), &["a"]));
    assert!(matches!(refused, Err(StoreError::NotNext(_))));
    let refused = store.commit(Scribe::default().commit(local(), &["a"]));
    assert!(matches!(refused, Err(StoreError::Stopped)));
    assert!(matches!(store.close(), Err(StoreError::Stopped)));
    assert!(open(home.path()).boot.heads.is_empty());
}

#[test]
fn a_commit_larger_than_a_group_is_refused_by_name() {
    let (home, mut scribe) = (scratch(), Scribe::default());
    let object = Object::Card { card: "0".repeat(16 * 1024 * 1024) };
    let mut writes = scribe.commit(local(), &["a"]);
    writes.appends.extend((0..5).map(|_| SignedAppend::Object(agreement(), object.clone())));
    let refused = open(home.path()).store.commit(writes);
    assert!(matches!(refused, Err(StoreError::GroupTooLarge { .. })));
    assert!(open(home.path()).boot.heads.is_empty());
}

#[test]
fn a_reader_sees_rows_and_entries_as_of_one_commit() {
    let home = scratch();
    let Opened { mut store, .. } = open(home.path());
    let reader = store.reader();
    let commits = 60;
    let watch = std::thread::spawn(move || {
        let mut seen = 0;
        while seen < commits {
            let rows = |rows: &dyn crate::systems::rows::Rows| [rows.get(b"a"), rows.get(b"b")];
            let [a, b] = reader.read(rows);
            assert_eq!(a, b);
            let count = a.map_or(0, |value| u64::from_be_bytes(value.try_into().expect("eight bytes")));
            assert!(count >= seen);
            seen = count;
            let entries = reader.entries(local(), Position(seen), 1).expect("reads");
            assert!(seen == 0 || !entries.is_empty());
        }
    });
    let mut scribe = Scribe::default();
    for count in 1..=commits {
        let mut writes = scribe.commit(local(), &["x"]);
        for key in ["a", "b"] {
            writes.rows.insert(key.into(), Some(count.to_be_bytes().to_vec()));
        }
        store.commit(writes).expect("commits");
    }
    watch.join().expect("the reader agrees");
}

#[test]
fn a_read_gives_at_least_one_entry_and_no_more_than_asked() {
    let home = scratch();
    let mut store = open(home.path()).store;
    store.commit(Scribe::default().commit(local(), &["a", "b", "c"])).expect("commits");
    let bytes = |from, bytes_max| store.read(local(), Position(from), bytes_max).expect("reads").len();
    let one = bytes(3, 0);
    let table = [(1, 0, one), (1, 2 * one, 2 * one), (0, usize::MAX, 3 * one), (4, usize::MAX, 0)];
    for (from, bytes_max, expected) in table {
        assert_eq!(bytes(from, bytes_max), expected);
    }
    assert!(store.read(shared(me()), Position(1), usize::MAX).expect("reads").is_empty());
}

#[test]
fn verify_counts_everything_and_checks_signatures() {
    let mut model = Model::new(3);
    let home = closed_home(&mut model, 40);
    let of = |member, signer| {
        let place = move |log| (log, member, CardNumber(1));
        [AgreementId::ZERO, agreement()].map(|log| (place(log), key(signer).public()))
    };
    let keyring: Keyring = [me(), other()].into_iter().flat_map(|member| of(member, member)).collect();
    let mut shares = Vec::new();
    let mut progress = |done: u64, total: u64| shares.push((done, total));
    let found = verify(home.path(), me(), Some(&keyring), &mut progress).expect("verifies");
    assert_eq!(found.faults, []);
    let given_up = model.given_up.len() as u64;
    assert!(given_up > 0);
    assert_eq!((found.dropped, found.objects.len()), (given_up, model.objects.len()));
    for (stream, written) in &model.written {
        let (tally, entries) = (found.streams[stream], written.len() as u64);
        assert_eq!((tally.entries, tally.records, tally.bytes), (entries, entries, written.iter().sum()));
    }
    assert!(shares.is_sorted() && shares.iter().all(|(done, total)| done <= total));
    assert!(matches!(shares.last(), Some((done, total)) if done == total));

    let stranger: Keyring = of(me(), other()).into_iter().collect();
    let found = verify(home.path(), me(), Some(&stranger), &mut |_, _| ()).expect("verifies");
    assert_eq!(found.faults.len(), model.written.values().map(Vec::len).sum::<usize>());
}
