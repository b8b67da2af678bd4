//! What leaves and what does not, down to the bytes.

use super::*;
use crate::systems::assets::VALUE_BANDS;
use crate::systems::query::{List, Owner, list};

const SECRETS: [(Kind, &[&str]); 2] = [
    (Kind::Assets, &["11230000MB0060783J", "ZC-1", "SN-1", "6000"]),
    (Kind::Vehicles, &["11230000MB0060783J", "LSVNA418XR0000001", "黑A12345", "E-1", "120000"]),
];

#[test]
fn a_listing_has_none_of_what_tells_whose_and_which_it_is() {
    for (kind, secrets) in SECRETS {
        let mut bench = Bench::new();
        assert_eq!(bench.import(kind, file(kind)).added, 1);
        let shared = bench.disclose(kind);
        assert_eq!(shared.len(), 1, "{kind:?}");
        let bytes = String::from_utf8_lossy(&shared[0].body).into_owned();
        for secret in secrets {
            assert!(!bytes.contains(secret), "{kind:?}: {secret} leaves");
        }
    }
    for kind in [Kind::Institutions, Kind::Energy] {
        let mut bench = Bench::new();
        bench.import(kind, file(kind));
        assert_eq!(bench.disclose(kind), [], "{kind:?} says nothing of itself");
    }
}

#[test]
fn saying_it_again_says_nothing() {
    for (kind, _) in SECRETS {
        let mut bench = Bench::new();
        bench.import(kind, file(kind));
        bench.disclose(kind);
        let report = bench.import(kind, file(kind));
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
        bench.import(kind, file(kind));
        bench.disclose(kind);
        assert_eq!(bench.import(kind, &with(file(kind), &[change])).changed, 1, "{change:?}");
        assert_eq!(bench.disclose(kind).len(), said, "{change:?}");
    }
}

#[test]
fn what_is_no_longer_shared_or_kept_is_taken_back_and_keeps_its_number() {
    for (kind, _) in SECRETS {
        let mut bench = Bench::new();
        bench.import(kind, file(kind));
        bench.disclose(kind);
        let number = ids(&bench, kind);
        bench.import(kind, &with(file(kind), &[("shared", "否")]));
        assert_eq!(bench.disclose(kind).len(), 1);
        assert_eq!(ids(&bench, kind), [""; 0]);
        bench.import(kind, file(kind));
        bench.disclose(kind);
        assert_eq!(ids(&bench, kind), number, "{kind:?}");
        bench.withdraw(kind, &number[0], "sold").expect("it is there");
        assert_eq!(bench.disclose(kind).len(), 1);
        assert_eq!(ids(&bench, kind), [""; 0]);
    }
}

/// The ids that the agreement shows.
fn ids(bench: &Bench, kind: Kind) -> Vec<String> {
    let all = List { owner: Owner::All, filters: Vec::new(), after: None };
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
            let all = List { owner: Owner::All, filters: Vec::new(), after: None };
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
    let diff = disclose(&bench.rows, tomorrow, AGREEMENT, me(), Kind::Vehicles, which);
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
