//! What leaves and what does not, down to the bytes.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::systems::assets::VALUE_BANDS;
use crate::systems::column::Column;
use crate::systems::disclosure::{Leaves, What, find, preview, said, source};
use crate::systems::fault::Stays;
use crate::systems::for_register;
use crate::systems::listing::Listing;
use crate::systems::page::{List, Owner};
use crate::systems::query::list;
use crate::systems::register::Register;

/// What all members may read of a record: its bytes and, in words, its values.
fn told(record: &Record) -> String {
    let row = said(me(), record).expect("it can be read").row;
    let values: Vec<_> = row.values().map(ToString::to_string).collect();
    format!("{} {}", String::from_utf8_lossy(&record.body), values.join(" "))
}

#[test]
fn a_listing_has_none_of_what_tells_whose_and_which_it_is() {
    for kind in Kind::LISTED {
        let mut bench = Bench::of_examples();
        assert_eq!(bench.import(kind, &first(kind)).added, 1);
        let shared = bench.disclose(kind);
        assert_eq!(shared.len(), 1, "{kind:?}");
        let (told, file) = (told(&shared[0]), first(kind));
        let (header, row) = file.trim_end().split_once('\n').expect("a header and a row");
        let cells: BTreeMap<_, _> = header.split(',').zip(row.split(',')).collect();
        let secret = for_register!(kind, R => R::SECRET);
        assert!(!secret.is_empty(), "{kind:?} says what is secret in what it lists");
        for column in secret {
            assert!(
                cells.get(column).is_some_and(|cell| !cell.is_empty()),
                "{kind:?}: the example has no {column}"
            );
        }
        let shown = for_register!(kind, R => names(<R as Register>::Listing::columns()));
        let stays =
            |column, cell: &str| secret.contains(column) || (!shown.contains(column) && cell.len() >= 4);
        for (column, cell) in cells.iter().filter(|(column, cell)| stays(column, cell)) {
            let in_fen = cell.replace('.', "");
            assert!(
                !told.contains(cell) && !told.contains(&in_fen),
                "{kind:?}: {column} leaves, unsaid or secret"
            );
        }
    }
}

fn names<R>(columns: &[Column<R>]) -> BTreeSet<&'static str> {
    columns.iter().map(|column| column.name).collect()
}

#[test]
fn a_kind_leaves_by_itself_if_it_is_listed_and_never_if_not() {
    for kind in Kind::ALL {
        let mut bench = Bench::of_examples();
        bench.import(kind, &example(kind));
        assert_eq!(!bench.disclose(kind).is_empty(), kind.is_listed(), "{kind:?}");
        assert!(!(kind.is_listed() && kind.system().stays_at_home()), "{kind:?}: the law keeps it at home");
    }
}

#[test]
fn saying_it_again_says_nothing() {
    for kind in Kind::LISTED {
        let mut bench = Bench::of_examples();
        bench.import(kind, &first(kind));
        bench.disclose(kind);
        let report = bench.import(kind, &first(kind));
        assert_eq!((report.added, report.changed, report.unchanged), (0, 0, 1));
        assert_eq!(bench.disclose(kind), [], "{kind:?}");
    }
}

#[test]
fn only_a_change_of_what_leaves_is_said() {
    let table: [(Kind, (&str, &str), usize); 6] = [
        (Kind::Vehicles, ("odometer_km", "2000"), 0),
        (Kind::Vehicles, ("purchase_price", "130000.00"), 0),
        (Kind::Vehicles, ("vehicle_status", "出车"), 1),
        (Kind::Vehicles, ("market_rate_ref", "310.00"), 1),
        (Kind::Assets, ("serial_no", "SN-2"), 0),
        (Kind::Assets, ("condition_code", "7"), 1),
    ];
    for (kind, change, said) in table {
        let mut bench = Bench::new();
        bench.import(kind, &file(kind));
        bench.disclose(kind);
        assert_eq!(bench.import(kind, &with(&file(kind), &[change])).changed, 1, "{change:?}");
        assert_eq!(bench.disclose(kind).len(), said, "{change:?}");
    }
}

#[test]
fn what_is_no_longer_kept_is_taken_back() {
    for kind in Kind::LISTED {
        let mut bench = Bench::of_examples();
        bench.import(kind, &first(kind));
        bench.disclose(kind);
        let number = ids(&bench, kind);
        bench.withdraw(kind, &number[0], "sold").expect("it is there");
        assert_eq!(bench.disclose(kind).len(), 1);
        assert_eq!(ids(&bench, kind), [""; 0], "{kind:?}");
    }
}

#[test]
fn what_is_no_longer_shared_is_taken_back_and_keeps_its_number() {
    for kind in [Kind::Assets, Kind::Vehicles] {
        let mut bench = Bench::new();
        bench.import(kind, &file(kind));
        bench.disclose(kind);
        let number = ids(&bench, kind);
        bench.import(kind, &with(&file(kind), &[("shared", "否")]));
        assert_eq!(bench.disclose(kind).len(), 1);
        assert_eq!(ids(&bench, kind), [""; 0]);
        bench.import(kind, &file(kind));
        bench.disclose(kind);
        assert_eq!(ids(&bench, kind), number, "{kind:?}");
    }
}

/// The ids that the agreement shows.
fn ids(bench: &Bench, kind: Kind) -> Vec<String> {
    let all = List { owner: Owner::All, of: None, filters: Vec::new(), after: None };
    let page = list(&bench.rows, kind, me(), &all).expect("a page");
    page.items.iter().map(|item| item["id"].as_str().expect("an id").to_owned()).collect()
}

#[test]
fn the_value_of_a_piece_leaves_as_a_band_from_its_lower_bound_on() {
    for (band, bound) in VALUE_BANDS.into_iter().enumerate() {
        let fen = |fen: i64| format!("{}.{:02}", fen / 100, fen % 100);
        let below = fen((bound * 100 - 1).max(0) * 2);
        let at = fen(bound * 100 * 2);
        for (value, expected) in [(at, bound), (below, VALUE_BANDS[band.saturating_sub(1)])] {
            let mut bench = Bench::new();
            let cells =
                [("quantity", "2"), ("original_value", value.as_str()), ("net_value", value.as_str())];
            bench.import(Kind::Assets, &with(ASSET, &cells));
            bench.disclose(Kind::Assets);
            let all = List { owner: Owner::All, of: None, filters: Vec::new(), after: None };
            let page = list(&bench.rows, Kind::Assets, me(), &all).expect("a page");
            assert_eq!(page.items[0]["value_band"], expected, "two pieces for {value}");
        }
    }
}

#[test]
fn a_guard_that_looks_at_dates_takes_the_listing_back_when_its_day_comes() {
    let mut bench = Bench::new();
    bench.import(Kind::Vehicles, &with(VEHICLE, &[("inspection_due", "2026-11-24")]));
    assert_eq!(bench.disclose(Kind::Vehicles).len(), 1, "good on its last day");
    let which = Which::From { key: "", rows_max: 100 };
    let tomorrow = TODAY.tomorrow().expect("a day");
    let stream = Stream::shared(AGREEMENT, me(), System::VEHICLES);
    let diff = disclose(&bench.rows, tomorrow, &stream, which);
    assert_eq!(diff.shared.len(), 1);
}

#[test]
fn a_register_that_is_older_than_what_it_published_takes_the_rest_back_and_reuses_no_number() {
    let other = VEHICLE.replace("LSVNA418XR0000001", "LSVNA4181R0000002").replace("黑A12345", "黑A12346");
    let mut published = Bench::new();
    published.import(Kind::Vehicles, VEHICLE);
    published.import(Kind::Vehicles, &other);
    let shared = published.disclose(Kind::Vehicles);
    assert_eq!(shared.len(), 2);
    let mut restored = Bench::new();
    restored.import(Kind::Vehicles, VEHICLE);
    restored.fold(Stream::shared(AGREEMENT, me(), System::VEHICLES), &shared);
    restored.disclose(Kind::Vehicles);
    assert_eq!(ids(&restored, Kind::Vehicles), ["230000-V-000003"], "a new number, the old ones are gone");
    restored.import(Kind::Vehicles, &other);
    restored.disclose(Kind::Vehicles);
    assert_eq!(ids(&restored, Kind::Vehicles), ["230000-V-000003", "230000-V-000004"]);
    assert_eq!(restored.disclose(Kind::Vehicles), []);
}

#[test]
fn each_row_stands_as_its_register_says_and_a_preview_counts_it_so() {
    let stays = |stays| Leaves::Stays { stays };
    type Case<'a> = (&'a [(&'a str, &'a str)], Leaves, (u64, u64, u64));
    let table: [Case; 3] = [
        (&[], Leaves::Yes, (1, 0, 0)),
        (&[("shared", "否")], Leaves::NotShared, (0, 1, 0)),
        (&[("confidential", "是")], stays(Stays::Confidential), (0, 0, 1)),
    ];
    for (changes, leaves, counts) in table {
        let mut bench = Bench::new();
        bench.import(Kind::Vehicles, &with(VEHICLE, changes));
        let found = find(&bench.rows, me(), TODAY, "LSVNA418XR0000001").expect("it is there");
        assert_eq!((found.kind, found.leaves), (Kind::Vehicles, Some(leaves)));
        let told = preview(&bench.rows, me(), TODAY, Kind::Vehicles);
        let staying = told.staying.iter().map(|staying| staying.rows).sum();
        assert_eq!((told.leaving, told.not_shared, staying), counts, "{changes:?}");
    }
    for (kind, id) in
        [(Kind::Institutions, "11230000MB0060783J/2025"), (Kind::Energy, "11230000MB0060783J/2025-03")]
    {
        let mut bench = Bench::new();
        bench.import(kind, &file(kind));
        let found = find(&bench.rows, me(), TODAY, id).unwrap_or_else(|| panic!("{id}"));
        assert_eq!((found.kind, found.leaves), (kind, Some(Leaves::Never)));
        assert_eq!(preview(&bench.rows, me(), TODAY, kind).leaving, 0);
    }
}

#[test]
fn what_is_previewed_is_what_then_leaves_and_what_the_log_says_has_left() {
    for kind in Kind::LISTED {
        let mut bench = Bench::of_examples();
        bench.import(kind, &first(kind));
        let mut example = preview(&bench.rows, me(), TODAY, kind).examples.remove(0);
        assert_eq!(example.remove("id"), Some(serde_json::Value::Null), "it has no number yet");
        let shared = bench.disclose(kind);
        let told = said(me(), &shared[0]).expect("it can be read");
        assert_eq!((told.what, &told.row), (What::Listed, &example));
        let found = find(&bench.rows, me(), TODAY, &told.id).expect("by its number");
        assert_eq!((found.owner, found.number), (me(), Some(1)));
        assert!(source(&bench.rows, AGREEMENT, &found).is_some());
        assert!(source(&bench.rows, AgreementId([8; 32]), &found).is_none());

        bench.withdraw(kind, &told.id, "sold").expect("it is there");
        let back = bench.disclose(kind);
        let told = said(me(), &back[0]).expect("it can be read");
        assert_eq!((told.what, told.row.is_empty()), (What::Withdrawn, true));
        assert_eq!(find(&bench.rows, me(), TODAY, &told.id), None, "nothing here is called so any more");
    }
}
