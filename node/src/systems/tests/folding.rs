//! Folding: one row, one writer; what cannot be read changes nothing; what others say does not touch the
//! register.

use super::*;
use crate::systems::{Row, group};

fn other() -> MemberCode {
    "220000".parse().expect("a member code")
}

#[test]
fn dry_runs_of_all_examples_change_no_row_and_say_what_the_real_run_does() {
    for kind in Kind::ALL {
        let (mut bench, example) = (Bench::of_examples(), example(kind));
        let before = bench.dump();
        let told = bench.take(kind, example.as_bytes(), true).expect("a file in order");
        assert_eq!((told.rows(), &told.quarantined[..]), (2, &[][..]), "{kind:?}");
        assert_eq!(bench.dump(), before, "{kind:?}");
        assert_eq!(bench.take(kind, example.as_bytes(), false).expect("a file in order"), told, "{kind:?}");
    }
}

#[test]
fn a_record_of_an_unknown_version_or_kind_changes_nothing() {
    let mut bench = Bench::new();
    bench.import(Kind::Vehicles, VEHICLE);
    let mut shared = bench.disclose(Kind::Vehicles);
    let before = bench.dump();
    let stream = Stream::shared(AGREEMENT, other(), System::VEHICLES);
    shared[0].version += 1;
    bench.fold(stream, &shared);
    shared[0] = Record { kind: RecordKind(shared[0].kind.0 | 0xf0), version: 1, ..shared[0].clone() };
    bench.fold(stream, &shared);
    shared[0] = Record { kind: RecordKind(0x7f11), ..shared[0].clone() };
    bench.fold(stream, &shared);
    assert_eq!(bench.dump(), before);
}

#[test]
fn a_record_of_another_system_than_its_stream_changes_nothing() {
    let mut bench = Bench::new();
    bench.import(Kind::Vehicles, VEHICLE);
    let shared = bench.disclose(Kind::Vehicles);
    let before = bench.dump();
    bench.fold(Stream::shared(AGREEMENT, other(), System::ASSETS), &shared);
    assert_eq!(bench.dump(), before);
}

#[test]
fn a_record_counts_in_the_streams_of_its_home_alone() {
    let mut bench = Bench::new();
    bench.import(Kind::Vehicles, VEHICLE);
    let listed = bench.disclose(Kind::Vehicles);
    let (_, vehicle) = bench.rows.scan(b"R\x00\x03", &[]).next().expect("the register's row");
    let kept = [group::record(System::VEHICLES, 0x01, Row::decode(&vehicle).expect("a row").body)];
    let of_energy: Vec<Record> = listed
        .iter()
        .map(|said| Record { kind: RecordKind::of(System::ENERGY, said.kind.low()), ..said.clone() })
        .collect();
    let before = bench.dump();
    let (local, pair) =
        (Stream::local(me(), System::VEHICLES), Stream::pair(AGREEMENT, other(), me(), System::VEHICLES));
    let shared = |system| Stream::shared(AGREEMENT, other(), system);
    bench.fold(local, &listed);
    bench.fold(pair, &listed);
    bench.fold(pair, &kept);
    bench.fold(shared(System::VEHICLES), &kept);
    bench.fold(shared(System::ENERGY), &of_energy);
    assert_eq!(bench.dump(), before);
    bench.fold(local, &kept);
    assert_ne!(bench.dump(), before, "at home it counts");
}

#[test]
fn what_another_member_says_stands_beside_and_never_in_place_of_ours() {
    let mut bench = Bench::new();
    bench.import(Kind::Vehicles, VEHICLE);
    let shared = bench.disclose(Kind::Vehicles);
    let before = bench.dump();
    bench.fold(Stream::shared(AGREEMENT, other(), System::VEHICLES), &shared);
    let after = bench.dump();
    assert_eq!(after.len(), before.len() + 2, "a row of its own, and its highest number");
    assert!(before.iter().all(|row| after.contains(row)), "none of ours is another");
}

#[test]
fn streams_fold_to_the_same_in_any_order() {
    let mut source = Bench::new();
    source.import(Kind::Vehicles, VEHICLE);
    source.import(Kind::Assets, ASSET);
    let said = [
        (Stream::shared(AGREEMENT, me(), System::VEHICLES), source.disclose(Kind::Vehicles)),
        (Stream::shared(AGREEMENT, other(), System::VEHICLES), source.disclose(Kind::Vehicles)),
        (Stream::shared(AGREEMENT, other(), System::ASSETS), source.disclose(Kind::Assets)),
    ];
    let folded = |order: [usize; 3]| {
        let mut reader = Bench { rows: Overlay::new(&Nothing), positions: 0 };
        for at in order {
            let (stream, records) = &said[at];
            reader.positions = 0;
            reader.fold(*stream, records);
        }
        reader.dump()
    };
    let first = folded([0, 1, 2]);
    assert!(!first.is_empty());
    for order in [[0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        assert_eq!(folded(order), first, "{order:?}");
    }
}
