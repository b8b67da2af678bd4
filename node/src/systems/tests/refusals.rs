//! One line for each thing that keeps a row out, lets it in with a remark, keeps it at home, or refuses a
//! command.

use std::collections::BTreeSet;

use super::*;
use crate::systems::drivers::duty::{Duty, Unfit};
use crate::systems::energy::release_act;
use crate::systems::fault::{CellFault, CodeFault, Fault, Flag, FormFault, RowFault, Stays};
use crate::systems::handover::{self, NotHandedOver};
use crate::systems::page::{List, ListRefusal, Owner};
use crate::systems::query::list;
use crate::systems::vehicles::scrapping::{self, NotScrapped, Step};
use crate::systems::{drivers, keys};

/// A hundred characters.
macro_rules! hundred {
    () => {
        "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
    };
}

type Cells = &'static [(&'static str, &'static str)];

fn text(text: &str) -> String {
    text.to_owned()
}

fn faults() -> Vec<(Kind, Cells, &'static str, Fault)> {
    use Kind::{Assets, Energy, Institutions, Vehicles};
    vec![
        (Institutions, &[("unit_name", "")], "unit_name", FormFault::Blank.into()),
        (Institutions, &[("energy_users", "无数据")], "energy_users", FormFault::NotAValue.into()),
        (Institutions, &[("unit_uscc", "1.123E+17")], "unit_uscc", CodeFault::ExcelDestroyedCode.into()),
        (
            Institutions,
            &[("unit_uscc", "11230000mb0060783j")],
            "unit_uscc",
            CodeFault::CodeSpelling { suggestion: text("11230000MB0060783J") }.into(),
        ),
        (Vehicles, &[("remark", LONG)], "remark", FormFault::TooLong { chars_max: 500 }.into()),
        (Institutions, &[("unit_name", "示\u{7}例")], "unit_name", FormFault::ControlCharacter.into()),
        (Institutions, &[("unit_uscc", "11230000OB0060783J")], "unit_uscc", CodeFault::UsccForm.into()),
        (
            Institutions,
            &[("unit_uscc", "11230000MB0070783J")],
            "unit_uscc",
            CodeFault::UsccCheckDigit { expected: 'A' }.into(),
        ),
        (Vehicles, &[("vin", "LSVNA418XR000000I")], "vin", CodeFault::VinForm.into()),
        (Vehicles, &[("vin", "LSVNA4189R0000001")], "vin", CodeFault::VinCheckDigit { expected: 'X' }.into()),
        (Vehicles, &[("plate_no", "黑A1234I")], "plate_no", CodeFault::PlateForm.into()),
        (
            Institutions,
            &[("division_code", "239901")],
            "division_code",
            CodeFault::DivisionUnknown { nearest: ["230000", "230100", "230200"].map(text).to_vec() }.into(),
        ),
        (
            Energy,
            &[("data_status", "猜测")],
            "data_status",
            FormFault::NotAChoice { choices: ["实测", "估算", "缺报"].map(text).to_vec() }.into(),
        ),
        (
            Assets,
            &[("original_value", "6,000")],
            "original_value",
            FormFault::CellCount { expected: 24, found: 25 }.into(),
        ),
        (Assets, &[("original_value", "6000.001")], "original_value", FormFault::MoneyForm.into()),
        (Energy, &[("water_m3", "-1")], "water_m3", FormFault::QuantityForm.into()),
        (Institutions, &[("energy_users", "1.5")], "energy_users", FormFault::CountForm.into()),
        (Assets, &[("acquire_date", "2020-02-30")], "acquire_date", FormFault::DateForm.into()),
        (Energy, &[("period", "2025-13")], "period", FormFault::PeriodForm.into()),
        (Vehicles, &[("shared", "也许")], "shared", FormFault::YesNoForm.into()),
        (Institutions, &[("year", "1999")], "year", FormFault::YearRange.into()),
        (
            Assets,
            &[("owner_unit_uscc", "12230000MB25101276")],
            "owner_unit_uscc",
            RowFault::UnitNotInRegister.into(),
        ),
        (Assets, &[("asset_class_code", "20101")], "asset_class_code", RowFault::AssetClassForm.into()),
        (
            Assets,
            &[("net_value", "5999.00")],
            "net_value",
            RowFault::NetValueMismatch { expected_fen: 600_000 }.into(),
        ),
        (
            Assets,
            &[("in_service_date", "2020-01-01")],
            "acquire_date",
            RowFault::DateOrder { after: text("2020-01-01") }.into(),
        ),
        (Assets, &[("quantity", "0")], "quantity", RowFault::QuantityNotPositive.into()),
        (Vehicles, &[("plate_no", "黑AD12345")], "plate_no", RowFault::PlateFuelMismatch.into()),
        (Vehicles, &[("fuel_type", "纯电动")], "displacement_l", RowFault::ElectricWithDisplacement.into()),
        (Vehicles, &[("seats", "61")], "seats", RowFault::SeatsRange.into()),
        (Vehicles, &[("custody_mode", "托管")], "custodian_uscc", RowFault::CustodianIsOwner.into()),
        (Vehicles, &[("annual_fuel_l", "900")], "annual_year", FormFault::Blank.into()),
        (Vehicles, &[("annual_year", "2027")], "annual_year", FormFault::YearRange.into()),
        (
            Vehicles,
            &[("annual_year", "2025"), ("annual_mileage_km", "1001")],
            "annual_mileage_km",
            RowFault::PartAboveTotal.into(),
        ),
        (
            Vehicles,
            &[("in_service_date", "2024-03-27")],
            "first_registration",
            RowFault::DateOrder { after: text("2024-03-27") }.into(),
        ),
        (Energy, &[("period", "2026-12")], "period", RowFault::PeriodInFuture.into()),
        (Energy, &[("nonconventional_m3", "101")], "nonconventional_m3", RowFault::PartAboveTotal.into()),
        (
            Energy,
            &[("electricity_kwh", ""), ("water_m3", ""), ("nonconventional_m3", ""), ("heat_gj", "")],
            "electricity_kwh",
            RowFault::NothingReported.into(),
        ),
        (Energy, &[("period", "2024-03")], "unit_uscc", RowFault::UnitNotInRegister.into()),
    ]
}

/// 501 characters.
const LONG: &str = concat!(hundred!(), hundred!(), hundred!(), hundred!(), hundred!(), "!");

#[test]
fn each_fault_keeps_its_row_out_and_names_the_column() {
    for (kind, cells, column, fault) in faults() {
        let report = Bench::of_examples().import(kind, &with(&file(kind), cells));
        let row = only(&report);
        match fault {
            // A row of another length has no column to name.
            Fault::Form(FormFault::CellCount { .. }) => assert_eq!(row.at.fault, fault),
            fault => assert_eq!(row.at, CellFault::new(column, fault)),
        }
        assert_eq!((row.line, report.rows()), (2, 0));
    }
}

#[test]
fn faults_that_rest_on_other_rows_name_them() {
    let mut bench = Bench::new();
    let twice = format!("{VEHICLE}{}", VEHICLE.lines().nth(1).expect("a row"));
    let report = bench.import(Kind::Vehicles, &twice);
    assert_eq!(
        (only(&report).at.fault.clone(), report.added),
        (RowFault::KeyTwice { first_line: 2 }.into(), 1)
    );
    let report = bench.import(Kind::Vehicles, &with(VEHICLE, &[("odometer_km", "999")]));
    assert_eq!(only(&report).at.fault, RowFault::OdometerBackwards { have_km: 1_000 }.into());
    let long = format!("{VEHICLE}{}\n", "x".repeat(70_000));
    let report = bench.import(Kind::Vehicles, &long);
    assert_eq!(code(&only(&report).at.fault), "RowTooLong");
    let report = bench.import(Kind::Vehicles, &with(VEHICLE, &[("vin", "LSVNA4181R0000002")]));
    assert_eq!(only(&report).at.fault, RowFault::PlateTaken { other: text("LSVNA418XR0000001") }.into());
    assert_eq!(bench.import(Kind::Vehicles, &with(VEHICLE, &[("vehicle_status", "注销")])).changed, 1);
    let report = bench.import(Kind::Vehicles, &with(VEHICLE, &[("vin", "LSVNA4181R0000002")]));
    assert_eq!(report.added, 1, "the plate of a deregistered vehicle is free");
    let report = bench.import(Kind::Vehicles, VEHICLE);
    assert_eq!(only(&report).at.fault, RowFault::PlateTaken { other: text("LSVNA4181R0000002") }.into());
    let report = bench.import(Kind::Vehicles, &with(VEHICLE, &[("plate_no", "黑A54321")]));
    assert_eq!(only(&report).at.fault, RowFault::StatusStep { was: text("deregistered") }.into());
}

#[test]
fn an_institution_that_is_not_registered_is_found_between_rows_of_one_that_is() {
    let row = ENERGY.lines().nth(1).expect("a row");
    let of =
        |unit: &str, period: &str| row.replace("11230000MB0060783J", unit).replace("2025-03", period) + "\n";
    let (known, unknown) = ("11230000MB0060783J", "11230000000120010Q");
    let rows = [(unknown, "2025-04"), (known, "2025-04"), (known, "2024-04"), (known, "2025-05")];
    let file = ENERGY.to_owned() + &rows.map(|(unit, period)| of(unit, period)).concat();
    let report = Bench::new().import(Kind::Energy, &file);
    let kept_out: Vec<u64> = report.quarantined.iter().map(|row| row.line).collect();
    assert_eq!((report.added, kept_out), (3, vec![3, 5]));
}

/// Every fault there is stands in one of the tables above; the compiler asks for a line when one is added.
#[test]
fn no_fault_is_left_out() {
    let elsewhere = ["KeyTwice", "OdometerBackwards", "PlateTaken", "RowTooLong", "StatusStep"].map(text);
    let told = faults().into_iter().map(|(.., fault)| code(&fault)).chain(elsewhere);
    assert_each(told, fault_names());
}

#[test]
fn each_flag_lets_its_row_in() {
    use Kind::{Assets, Energy, Institutions, Vehicles};
    let table: Vec<(Kind, Cells, Flag)> = vec![
        (
            Institutions,
            &[("unit_uscc", "11230000MB0060784M")],
            Flag::OrgCheckDigit { uscc: text("11230000MB0060784M") },
        ),
        (Institutions, &[("energy_users", "121")], Flag::UsersOverQuota),
        (Assets, &[("asset_class_code", "A02019998")], Flag::AssetClassUnknown),
        (Vehicles, &[("vin", "JTMHV05J6N4491197")], Flag::VinCheckDigitForeign),
        (Vehicles, &[("fuel_type", "纯电动"), ("displacement_l", "")], Flag::ElectricOnOrdinaryPlate),
        (Vehicles, &[("plate_no", "吉A12345")], Flag::PlateOtherProvince),
        (Vehicles, &[("first_registration", "2019-03-28")], Flag::ModelYear),
        (Vehicles, &[("purchase_price", "180000.01")], Flag::OverCeiling { fen_max: 18_000_000 }),
        (Vehicles, &[("displacement_l", "1.81")], Flag::OverCeiling { fen_max: 18_000_000 }),
        (Vehicles, &[("marked", "否")], Flag::Unmarked),
        (
            Vehicles,
            &[("annual_year", "2025"), ("annual_mileage_km", "1000"), ("annual_fuel_l", "505")],
            Flag::FuelUnlikely { per_100km: 5_050 },
        ),
        (
            Energy,
            &[("electricity_cost", "100")],
            Flag::UnitPriceOutOfBand { column: text("electricity_kwh") },
        ),
        (Energy, &[("electricity_kwh", "400000"), ("electricity_cost", "")], Flag::PerArea),
    ];
    for (kind, cells, flag) in &table {
        let report = Bench::of_examples().import(*kind, &with(&file(*kind), cells));
        let flags: Vec<_> = report.flagged.iter().map(|row| &row.flag).collect();
        assert!(flags.contains(&flag), "{flag:?}: {flags:?} {:?}", report.quarantined);
        assert_eq!((report.rows(), report.quarantined.len()), (1, 0), "{flag:?}");
    }
    let elsewhere = ["OdometerJump", "SerialTwice", "YearOnYear", "SameValueSixMonths"].map(text);
    assert_each(table.iter().map(|(.., flag)| code(flag)).chain(elsewhere), variants(FAULT, "Flag"));
}

#[test]
fn flags_that_rest_on_other_rows() {
    let mut bench = Bench::new();
    bench.import(Kind::Assets, ASSET);
    let report = bench.import(Kind::Assets, &with(ASSET, &[("asset_code", "ZC-2")]));
    assert_eq!(code(&report.flagged[0].flag), "SerialTwice");
    bench.import(Kind::Vehicles, VEHICLE);
    let report = bench.import(Kind::Vehicles, &with(VEHICLE, &[("odometer_km", "90000000")]));
    assert_eq!(code(&report.flagged[0].flag), "OdometerJump");
    bench.import(Kind::Institutions, &with(INSTITUTION, &[("year", "2024")]));
    for month in ["2024-10", "2024-11", "2024-12", "2025-01", "2025-02"] {
        bench.import(Kind::Energy, &with(ENERGY, &[("period", month)]));
    }
    bench.import(
        Kind::Energy,
        &with(ENERGY, &[("period", "2024-03"), ("electricity_kwh", "9000"), ("electricity_cost", "")]),
    );
    let report = bench.import(Kind::Energy, ENERGY);
    let codes: BTreeSet<_> = report.flagged.iter().map(|row| code(&row.flag)).collect();
    assert!(codes.is_superset(&["SameValueSixMonths", "YearOnYear"].map(text).into()), "{codes:?}");
}

#[test]
fn each_guard_keeps_a_shared_row_at_home() {
    use Kind::{Assets, Vehicles};
    let table: Vec<(Kind, Cells, Stays)> = vec![
        (Vehicles, &[("confidential", "是")], Stays::Confidential),
        (Vehicles, &[("vehicle_use", "机要通信")], Stays::UseNotShareable),
        (Vehicles, &[("vehicle_use", "主要领导干部用车")], Stays::UseNotShareable),
        (Vehicles, &[("vehicle_use", "副部(省)级及以上领导用车")], Stays::UseNotShareable),
        (Vehicles, &[("vehicle_use", "离退休干部")], Stays::UseNotShareable),
        (Vehicles, &[("inspection_due", "2026-11-23")], Stays::InspectionExpired),
        (Vehicles, &[("insurance_due", "2026-11-23")], Stays::InsuranceExpired),
        (Vehicles, &[("vehicle_status", "待处置")], Stays::StatusNotShareable),
        (
            Assets,
            &[("usage_status", "自用"), ("idle_since", ""), ("lend_ok", "否")],
            Stays::NotIdleNorLendable,
        ),
        (Assets, &[("accounting_status", "未入账")], Stays::NotBooked),
        (Assets, &[("data_wiped", "否")], Stays::StorageNotWiped),
        (Assets, &[("condition_code", "X")], Stays::ConditionNotListable),
    ];
    for (kind, cells, stays) in &table {
        let mut bench = Bench::of_examples();
        let report = bench.import(*kind, &with(&file(*kind), cells));
        assert_eq!(report.kept.first().map(|kept| &kept.stays), Some(stays), "{:?}", report.quarantined);
        assert_eq!((report.added, report.leaving.listed), (1, 0), "{stays:?}");
        assert_eq!(bench.disclose(*kind), [], "{stays:?}");
    }
    assert_each(table.iter().map(|(.., stays)| code(stays)), variants(FAULT, "Stays"));
}

#[test]
fn each_command_that_cannot_be_done_is_refused_by_name() {
    let mut bench = Bench::new();
    let release = |bench: &mut Bench, period: &str| {
        let period = text(period);
        bench.command(Command::Release(release_act::Command { period, dry_run: false })).expect_err("refused")
    };
    let driver = |driver_no: &str| {
        let duty = Duty { from: Millis(0), until: Millis(3_600_000), wheel_min: 60, reason: String::new() };
        Command::Driver(drivers::Command::Assign { driver_no: text(driver_no), duty, vehicle_type: None })
    };
    let scrap = |on: Date| {
        let step = Step::Deregistered { on };
        Command::Scrap(scrapping::Command { id: text("LSVNA418XR0000001"), step })
    };
    let hand_over = || {
        let step = handover::Step::Decline { reason: String::new() };
        Command::HandOver { kind: Kind::Vehicles, id: text("V9"), step }
    };
    let behind = {
        let mut restored = Bench::new();
        let key = keys::listing(AGREEMENT, System::ENERGY, me(), 202_502);
        restored.rows.put(key, Vec::new());
        release(&mut restored, "2025-03")
    };
    let refused = [
        bench.withdraw(Kind::Vehicles, "230000-V-000009", "r").expect_err("refused"),
        bench.withdraw(Kind::Vehicles, "x", LONG).expect_err("refused"),
        release(&mut bench, "2025-3x"),
        release(&mut bench, "2026-11"),
        release(&mut bench, "2025-03"),
        bench.command(driver("J009")).expect_err("refused"),
        {
            bench.import(Kind::Vehicles, VEHICLE);
            bench.command(scrap(TODAY)).expect_err("refused")
        },
        bench.command(hand_over()).expect_err("refused"),
        behind,
    ];
    let expected = [
        Refusal::NotInRegister { id: text("230000-V-000009") },
        Refusal::ReasonTooLong { chars_max: 500 },
        Refusal::PeriodForm { period: text("2025-3x") },
        Refusal::PeriodNotOver { period: text("2026-11") },
        Refusal::NothingToRelease { period: text("2025-03") },
        Refusal::Driver { driver_no: text("J009"), unfit: Unfit::Unknown },
        Refusal::Scrapping {
            vin: text("LSVNA418XR0000001"),
            reason: NotScrapped::StepMissing { step: text("recycled") },
        },
        Refusal::HandOver { id: text("V9"), reason: NotHandedOver::NotOnItsWay },
        Refusal::LedgerBehind { period: text("2025-02") },
    ];
    assert_eq!(refused, expected);
    // What requests are refused for has a table of its own.
    let told = refused.iter().map(code).chain([text("Request")]);
    assert_each(told, variants(include_str!("../mod.rs"), "Refusal"));
}

#[test]
fn a_scrapped_vehicle_is_unlisted_and_cannot_come_back() {
    let mut bench = Bench::new();
    bench.import(Kind::Vehicles, VEHICLE);
    assert_eq!(bench.disclose(Kind::Vehicles).len(), 1);
    let mut take = |step| {
        let command = Command::Scrap(scrapping::Command { id: text("230000-V-000001"), step });
        let Ok(Report::Import(report)) = bench.command(command) else { panic!("it is the next step") };
        report.leaving.withdrawn
    };
    assert_eq!(take(Step::Approved { document: text("黑管资〔2026〕1号"), on: TODAY }), 1);
    let (recycler_uscc, certificate) = (text("91110000600037341L"), text("HS-1"));
    assert_eq!(take(Step::Recycled { recycler_uscc, certificate, on: TODAY }), 0);
    assert_eq!(take(Step::Deregistered { on: TODAY }), 0);
    assert_eq!(bench.disclose(Kind::Vehicles).len(), 1, "the listing is taken back");
    let report = bench.import(Kind::Vehicles, VEHICLE);
    assert_eq!(only(&report).at.fault, RowFault::StatusStep { was: text("deregistered") }.into());
    let kept = |of: &str, filters: &[(String, String)]| {
        let asked = List { owner: Owner::Me, of: Some(text(of)), filters: filters.to_vec(), after: None };
        list(&bench.rows, Kind::Vehicles, me(), &asked)
    };
    let papers = kept("scrapping", &[(text("certificate_no"), text("HS-1"))]).expect("a list").items;
    assert_eq!(papers.len(), 1);
    assert_eq!(
        (&papers[0]["id"], &papers[0]["recycled_on"]),
        (&"LSVNA418XR0000001".into(), &"2026-11-24".into())
    );
    assert_eq!(kept("scrapping", &[(text("certificate_no"), text("HS-2"))]).expect("a list").items, []);
    let Err(ListRefusal::NothingKept { of, known }) = kept("x", &[]) else { panic!("it is not kept") };
    assert!(of == "x" && known.contains(&text("scrapping")), "{known:?}");
}

#[test]
fn a_driver_is_taken_up_once_and_let_go() {
    let mut bench = Bench::new();
    assert_eq!(bench.import(Kind::Drivers, DRIVER).added, 1);
    let assign = |vehicle_type: Option<&str>| {
        let duty = Duty { from: Millis(0), until: Millis(3_600_000), wheel_min: 60, reason: text("R1") };
        let (driver_no, vehicle_type) = (text("J001"), vehicle_type.map(text));
        Command::Driver(drivers::Command::Assign { driver_no, duty, vehicle_type })
    };
    let refused = |bench: &mut Bench, command| match bench.command(command) {
        Err(Refusal::Driver { unfit, .. }) => code(&unfit),
        other => panic!("{other:?}"),
    };
    assert_eq!(refused(&mut bench, assign(Some("large_bus"))), "Licence");
    assert!(bench.command(assign(Some("sedan"))).is_ok());
    assert_eq!(refused(&mut bench, assign(None)), "Busy");
    let release = || Command::Driver(drivers::Command::Release { driver_no: text("J001"), from: Millis(0) });
    assert!(bench.command(release()).is_ok());
    assert_eq!(refused(&mut bench, release()), "NoSuchDuty");
    assert!(bench.command(assign(None)).is_ok());
    for (cells, unfit) in
        [(&[("driver_status", "停用")], "Inactive"), (&[("licence_until", "1969-12-31")], "LicenceEnds")]
    {
        bench.import(Kind::Drivers, &with(DRIVER, cells));
        assert_eq!(refused(&mut bench, assign(None)), unfit);
    }
    assert_eq!(bench.disclose(Kind::Drivers), []);
}

#[test]
fn a_list_by_a_column_that_is_not_there_names_those_that_are() {
    let filters = vec![(text("colour"), text("red"))];
    let asked = List { owner: Owner::All, of: None, filters, after: None };
    let Err(ListRefusal::NoSuchColumn { column, columns }) =
        list(&Bench::new().rows, Kind::Vehicles, me(), &asked)
    else {
        panic!("there is no such column");
    };
    assert_eq!(column, "colour");
    assert!(columns.contains(&text("vehicle_type")) && !columns.contains(&text("vin")), "{columns:?}");
}
