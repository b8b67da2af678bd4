//! Purges: what is given up is gone from the disk, everything else is as it was, and a kill on the way changes neither.

use xietong_proto::entry::{ENTRY_HEAD_BYTES, EntryHead};
use xietong_proto::purge::{Keeps, Purge, PurgeFields};

use super::super::verify::verify;
use super::*;
use crate::replica::io::Keyring;
use crate::replica::logs::Past;

const ENTRIES: u64 = 40;
const KEPT: Position = Position(7);

/// What both members say, in turns.
fn talk(store: &mut Disk) -> Scribe {
    let mut scribe = Scribe::default();
    for round in 1..=ENTRIES {
        let filler = "x".repeat(300);
        for (stream, words) in [(shared(other()), "their words"), (shared(me()), "our words")] {
            let body = format!("{words} {round:02} {filler}");
            store.commit(scribe.commit(stream, &[&body])).expect("commits");
        }
    }
    scribe
}

fn purge(scribe: &Scribe) -> SignedWrites {
    let stream = shared(other());
    let fields = PurgeFields {
        agreement: agreement(),
        manifest: ManifestId([9; 32]),
        member: me(),
        card: CardNumber(1),
        author: other(),
        until: [(stream, scribe.heads[&stream])].into(),
        kept: [((stream, KEPT), Keeps::Request)].into(),
        time: Millis(1),
    };
    let purge = Purge::sign(fields, &key(me())).expect("a lawful purge");
    let object = Object::Purged { author: other(), purge: Some(hex::encode(purge.bytes())) };
    SignedWrites { appends: vec![SignedAppend::Object(agreement(), object)], ..SignedWrites::default() }
}

fn check(home: &Path, store: &Disk, scribe: &Scribe) {
    let (theirs, ours) = (shared(other()), shared(me()));
    let on_disk: Vec<u8> = segments_of(home, &agreement_folder())
        .into_iter()
        .flat_map(|path| fs::read(path).expect("a segment"))
        .collect();
    for round in 1..=ENTRIES {
        let has = |words: &str| {
            let words = format!("{words} {round:02}");
            on_disk.windows(words.len()).any(|bytes| bytes == words.as_bytes())
        };
        assert_eq!(has("their words"), round == KEPT.0, "{round}");
        assert!(has("our words"), "{round}");
    }
    let read = |stream, from| store.read(stream, Position(from), usize::MAX).expect("reads");
    assert_eq!(read(theirs, 1).len(), ENTRY_HEAD_BYTES);
    let kept = read(theirs, KEPT.0);
    assert_eq!(Entry::decode(&kept).expect("it alone, and whole").header().position, KEPT);
    assert_eq!(carried(&read(ours, 1)), ENTRIES as usize);
    assert_eq!(store.id_at(theirs, Position(ENTRIES)), Some(scribe.heads[&theirs].id));
    let heads: Vec<EntryHead> =
        (1..=ENTRIES).map(|at| store.entry_head(theirs, Position(at)).expect("it is left")).collect();
    for pair in heads.windows(2) {
        assert_eq!(pair[1].header().previous, pair[0].id());
    }
}

fn carried(bytes: &[u8]) -> usize {
    crate::replica::carry::entries(bytes).len()
}

#[test]
fn what_is_given_up_is_gone_and_the_rest_stays_wherever_a_kill_comes() {
    let home = scratch();
    let mut store = open(home.path()).store;
    let scribe = talk(&mut store);
    let before = copy(home.path());
    store.commit(purge(&scribe)).expect("commits");
    check(home.path(), &store, &scribe);
    drop(store);

    let after = segments_of(home.path(), &agreement_folder());
    assert!(after.len() > 3);
    for replaced in 0..=after.len() {
        // The group that says so is durable; segments from one on are still as they were, and so are the rows.
        let killed = copy(before.path());
        for (place, path) in after.iter().enumerate() {
            let mut bytes = fs::read(path).expect("a segment");
            let to = killed.path().join(path.strip_prefix(home.path()).expect("it lies there"));
            if place >= replaced && to.exists() {
                let whole = fs::read(&to).expect("a segment");
                bytes = [&whole[..], &bytes[whole.len()..]].concat();
            }
            fs::write(&to, bytes).expect("ours");
        }
        if replaced % 2 == 1 {
            fs::remove_dir_all(killed.path().join("rows")).expect("ours");
        }
        let opened = open(killed.path());
        assert!(opened.recovery.damage.is_empty() && opened.recovery.unlinked.is_empty());
        assert_eq!(opened.boot.heads, scribe.heads);
        check(killed.path(), &opened.store, &scribe);
        opened.store.close().expect("closes");
        let keys = [me(), other()].map(|author| ((agreement(), author, CardNumber(1)), key(author).public()));
        let keyring: Keyring = keys.into_iter().collect();
        let found = verify(killed.path(), me(), Some(&keyring), &mut |_, _| {}).expect("it can be read");
        assert_eq!(found.faults, []);
        check(killed.path(), &open(killed.path()).store, &scribe);
    }
}

#[test]
fn what_comes_again_after_it_was_given_up_stays() {
    let home = scratch();
    let mut store = open(home.path()).store;
    let mut scribe = talk(&mut store);
    store.commit(purge(&scribe)).expect("commits");
    let theirs = shared(other());
    let again = vec![
        SignedAppend::Object(agreement(), Object::Purged { author: other(), purge: None }),
        SignedAppend::Rewind(theirs, theirs.origin()),
    ];
    store.commit(SignedWrites { appends: again, ..SignedWrites::default() }).expect("commits");
    scribe.rewind(theirs, theirs.origin());
    store.commit(scribe.commit(theirs, &["said once more"])).expect("commits");
    drop(store);
    let opened = open(home.path());
    assert_eq!(opened.boot.heads[&theirs].position, Position(1));
    let read = opened.store.read(theirs, Position(1), usize::MAX).expect("reads");
    assert_eq!(carried(&read), 1);
}
