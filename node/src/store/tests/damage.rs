//! Homes whose logs are torn, flipped, cut short or robbed.

use super::super::recovery::{RowsFound, Unfit};
use super::super::verify::{Fault, verify};
use super::*;

/// A home before and after its last commit, which wrote one group to one log.
struct LastGroup {
    before: TempDir,
    segment: PathBuf,
    bytes: Vec<u8>,
    start: usize,
    model: Model,
}

impl LastGroup {
    fn new(seed: u64, write: impl FnOnce(&mut Model) -> SignedWrites, log: &str) -> Self {
        let mut model = Model::new(seed);
        let before = closed_home(&mut model, 8);
        let after = copy(before.path());
        let known = model.clone();
        let mut store = open(after.path()).store;
        store.commit(write(&mut model)).expect("commits");
        let path = segments_of(after.path(), log).pop().expect("a segment");
        let segment = path.strip_prefix(after.path()).expect("inside").to_path_buf();
        let start = fs::metadata(before.path().join(&segment)).map_or(0, |file| file.len() as usize);
        Self { before, bytes: fs::read(path).expect("reads"), segment, start, model: known }
    }

    /// The home as a crash leaves it: the rows know nothing of the last group, which has these bytes.
    fn crashed(&self, bytes: &[u8], was_stopped: bool) -> TempDir {
        let home = copy(self.before.path());
        fs::write(home.path().join(&self.segment), bytes).expect("writes");
        if !was_stopped {
            fs::remove_file(home.path().join("log/stopped")).expect("removes");
        }
        home
    }
}

fn commit_local(model: &mut Model) -> SignedWrites {
    let entry = model.entry(local());
    SignedWrites { appends: vec![SignedAppend::Entry(entry)], ..SignedWrites::default() }
}

#[test]
fn a_tail_torn_at_any_byte_is_cut_and_kept_aside() {
    for log in ["local".to_owned(), agreement_folder()] {
        let write = if log == "local" { commit_local } else { Model::step_of_others };
        let last = LastGroup::new(5, write, &log);
        for end in last.start + 1..last.bytes.len() {
            let home = last.crashed(&last.bytes[..end], end % 2 == 0);
            let mut opened = open(home.path());
            let torn = &opened.recovery.torn;
            assert_eq!(torn.len(), 1, "torn at {end}");
            assert_eq!(fs::read(&torn[0].kept).expect("kept"), last.bytes[last.start..end]);
            assert_eq!(fs::read(home.path().join(&last.segment)).expect("reads"), last.bytes[..last.start]);
            assert!(opened.recovery.damage.is_empty());
            if end % 16 == 0 {
                last.model.check(&mut opened);
            }
        }
    }
}

#[test]
fn a_last_group_with_zeros_or_other_bytes_is_cut_too() {
    let last = LastGroup::new(6, commit_local, "local");
    for at in (last.start..last.bytes.len()).step_by(7) {
        let mut bytes = last.bytes.clone();
        bytes[at..].fill(0);
        let home = last.crashed(&bytes, false);
        let mut opened = open(home.path());
        assert_eq!(opened.recovery.torn[0].bytes as usize, bytes.len() - last.start);
        last.model.check(&mut opened);
    }
}

#[test]
fn the_log_goes_on_where_the_tail_was_cut() {
    let last = LastGroup::new(7, commit_local, "local");
    let home = last.crashed(&last.bytes[..last.bytes.len() - 1], false);
    let (mut model, mut store) = (last.model.clone(), open(home.path()).store);
    for _ in 0..6 {
        store.commit(model.step()).expect("commits");
    }
    store.close().expect("closes");
    let mut opened = open(home.path());
    assert!(opened.boot.was_clean && opened.recovery.torn.is_empty());
    model.check(&mut opened);
}

/// What a home that lost something says.
#[derive(Debug, PartialEq)]
enum Said {
    Refused,
    Named,
}

/// Opens a damaged home again and again; it must say the same each time, change no byte of the log, and
/// serve nothing that was not written.
fn said(home: &Path, model: &Model, what: &str) -> Said {
    let log_before = log_bytes(home);
    let mut sayings = (0..2).map(|_| match try_open(home) {
        Err(StoreError::Irreplaceable { damage, .. }) => {
            assert!(!damage.is_empty(), "{what}");
            Said::Refused
        }
        Err(error) => panic!("{what}: {error:?}"),
        Ok(opened) => {
            assert!(!opened.recovery.damage.is_empty() && !opened.boot.was_clean, "{what}");
            assert!(opened.recovery.torn.is_empty(), "{what}");
            for (stream, bytes) in &model.bytes() {
                let read = opened.store.read(*stream, Position(1), usize::MAX).expect("reads");
                assert!(bytes.starts_with(&read), "{what}");
            }
            Said::Named
        }
    });
    let (first, second) = (sayings.next(), sayings.next());
    assert_eq!(first, second, "{what}");
    for (path, bytes) in log_before {
        assert_eq!(fs::read(&path).expect("reads"), bytes, "{what}: {path:?}");
    }
    first.expect("two sayings")
}

fn log_bytes(home: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let paths = ["local".to_owned(), agreement_folder()].map(|log| segments_of(home, &log));
    paths.into_iter().flatten().map(|path| (path.clone(), fs::read(path).expect("reads"))).collect()
}

#[test]
fn a_flipped_byte_before_the_last_group_is_named_and_never_cut_or_served() {
    let mut model = Model::new(8);
    let home = closed_home(&mut model, 30);
    for path in segments_of(home.path(), "local").iter().chain(&segments_of(home.path(), &agreement_folder()))
    {
        let bytes = fs::read(path).expect("reads");
        for at in (0..bytes.len()).step_by(97) {
            let damaged = copy(home.path());
            let mut flipped = bytes.clone();
            flipped[at] ^= 0x20;
            let inside = path.strip_prefix(home.path()).expect("inside");
            fs::write(damaged.path().join(inside), flipped).expect("writes");
            if at % 2 == 0 {
                fs::remove_file(damaged.path().join("log/stopped")).expect("removes");
            }
            let found = verify(damaged.path(), me(), None, &mut |_, _| ()).expect("verifies");
            let is_named = |fault: &Fault| matches!(fault, Fault::Damaged(_) | Fault::Torn { .. });
            assert!(found.faults.iter().any(is_named), "{at}");
            let what = format!("{} at {at}", inside.display());
            let is_local = inside.starts_with("log/local");
            let said = said(damaged.path(), &model, &what);
            assert!(!is_local || said == Said::Refused, "{what}");
        }
    }
}

#[test]
fn a_flipped_byte_before_the_last_group_is_no_torn_tail_even_if_only_the_log_is_left() {
    for (seed, log) in [(12, "local".to_owned()), (13, agreement_folder())] {
        let write = if log == "local" { commit_local } else { Model::step_of_others };
        let last = LastGroup::new(seed, write, &log);
        for at in (0..last.start).step_by(31) {
            let mut bytes = last.bytes.clone();
            bytes[at] ^= 0x04;
            let home = last.crashed(&bytes, false);
            fs::remove_dir_all(home.path().join("rows")).expect("removes");
            let mut model = last.model.clone();
            write(&mut model);
            said(home.path(), &model, &format!("{log} at {at}"));
        }
    }
}

#[test]
fn what_peers_have_is_named_and_comes_again() {
    let (mut model, home) = (Model::new(9), scratch());
    let mut store = open(home.path()).store;
    store.commit(model.step()).expect("commits");
    let held = model.scribe.heads.get(&shared(other())).map_or(0, |head| head.position.0);
    let groups: Vec<SignedWrites> = (0..12).map(|_| model.step_of_others()).collect();
    let mut ends = Vec::new();
    for group in &groups {
        store.commit(group.clone()).expect("commits");
        ends.push(segments_of(home.path(), &agreement_folder()).iter().map(size).sum::<u64>());
    }
    store.commit(model.step()).expect("commits");
    store.close().expect("closes");

    let path = segments_of(home.path(), &agreement_folder()).swap_remove(0);
    let mut bytes = fs::read(&path).expect("reads");
    // Somewhere in the third and fourth of those groups.
    bytes[ends[1] as usize + 5..ends[2] as usize + 9].fill(0);
    fs::write(&path, bytes).expect("writes");
    assert_eq!(said(home.path(), &model, "two groups"), Said::Named);

    let mut opened = open(home.path());
    let head = opened.boot.heads[&shared(other())].position;
    assert_eq!(head.0, held + groups[..2].iter().map(|group| group.appends.len() as u64).sum::<u64>());
    assert!(opened.recovery.unlinked[&shared(other())] > 0);
    assert_eq!(opened.boot.heads[&shared(me())], model.scribe.heads[&shared(me())]);

    let bytes = model.bytes();
    let mut rest = &bytes[&shared(other())][..];
    let mut again = SignedWrites::default();
    while !rest.is_empty() {
        let (entry, after) = Entry::split_first(rest).expect("an entry");
        if entry.header().position > head {
            let opened = entry.open(&key(other()).public()).expect("signed");
            again.appends.push(SignedAppend::Entry(opened));
        }
        rest = after;
    }
    opened.store.commit(again).expect("commits");
    opened.store.close().expect("closes");
    let mut healed = open(home.path());
    assert!(!healed.recovery.damage.is_empty());
    model.check(&mut healed);
}

#[test]
fn a_log_that_lost_its_end_is_not_taken_for_whole() {
    let mut model = Model::new(10);
    let home = closed_home(&mut model, 30);
    let log = agreement_folder();
    type Cut<'a> = (&'a str, &'a dyn Fn(&Path));
    let cuts: [Cut<'_>; 5] = [
        ("the last segment", &|home| {
            fs::remove_file(segments_of(home, "local").pop().expect("one")).expect("removes")
        }),
        ("the first segment", &|home| {
            fs::remove_file(segments_of(home, "local").swap_remove(0)).expect("removes")
        }),
        ("half a segment", &|home| {
            let path = segments_of(home, "local").pop().expect("one");
            let bytes = fs::read(&path).expect("reads");
            fs::write(path, &bytes[..bytes.len() / 2]).expect("writes");
        }),
        ("a whole log", &|home| fs::remove_dir_all(home.join("log").join(&log)).expect("removes")),
        ("two segments swapped", &|home| {
            let paths = segments_of(home, "local");
            let (first, second) = (fs::read(&paths[0]).expect("reads"), fs::read(&paths[1]).expect("reads"));
            fs::write(&paths[0], second).expect("writes");
            fs::write(&paths[1], first).expect("writes");
        }),
    ];
    for (what, cut) in cuts {
        // The mark of the stop, or the rows, each know by themselves.
        for forgotten in ["log/stopped", "rows"] {
            let damaged = copy(home.path());
            cut(damaged.path());
            let path = damaged.path().join(forgotten);
            if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) }.expect("removes");
            assert!(matches!(try_open(damaged.path()), Err(StoreError::Irreplaceable { .. })), "{what}");
        }
    }
}

#[test]
fn a_lost_end_that_peers_have_is_named_and_the_log_goes_on_behind_it() {
    let mut model = Model::new(11);
    let home = closed_home(&mut model, 8);
    let before = copy(home.path());
    let known = model.clone();
    let mut store = open(home.path()).store;
    store.commit(model.step_of_others()).expect("commits");
    store.close().expect("closes");
    // The log is older than the rows.
    let log = Path::new("log").join(agreement_folder());
    fs::remove_dir_all(home.path().join(&log)).expect("removes");
    copy_folder(&before.path().join(&log), &home.path().join(&log));

    let mut opened = open(home.path());
    assert_eq!(opened.recovery.rows, RowsFound::Rebuilt(Unfit::Ahead));
    let [damage] = &opened.recovery.damage[..] else { panic!("one damage") };
    let lost = known.scribe.heads.get(&shared(other())).map_or(1, |head| head.position.0 + 1);
    assert_eq!(damage.touched[0].1, Position(lost));
    known.check(&mut opened);
    let mut model = known;
    for _ in 0..10 {
        opened.store.commit(model.step()).expect("commits");
    }
    opened.store.close().expect("closes");
    model.check(&mut open(home.path()));
}

#[test]
fn the_log_of_another_member_is_named_and_not_opened() {
    let home = closed_home(&mut Model::new(21), 5);
    let opened = Disk::open(home.path(), other());
    assert!(matches!(opened, Err(StoreError::ForeignLog { author }) if author == me()));
}

#[test]
fn an_entry_that_rots_while_the_node_runs_is_not_served() {
    let (home, mut scribe) = (scratch(), Scribe::default());
    let mut store = open(home.path()).store;
    store.commit(scribe.commit(local(), &["a", "b"])).expect("commits");
    let path = segments_of(home.path(), "local").swap_remove(0);
    let mut bytes = fs::read(&path).expect("reads");
    let at = bytes.len() - 10;
    bytes[at] ^= 1;
    fs::write(&path, bytes).expect("writes");
    assert!(store.read(local(), Position(1), 1).is_ok());
    let refused = store.read(local(), Position(1), usize::MAX);
    assert!(matches!(refused, Err(StoreError::Rot { position: Position(2), .. })));
}

fn size(path: &PathBuf) -> u64 {
    fs::metadata(path).expect("a file").len()
}
