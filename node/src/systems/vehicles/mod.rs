//! Official vehicles 车辆: the register stays; of shared vehicles that pass the guards a listing leaves, never a
//! plate, number, unit or odometer. Leaders', confidential, 机要通信, state-security and investigation vehicles never leave.

pub mod finding;
pub mod indicators;
pub mod ownership;
pub mod rules;
pub mod scrapping;
pub mod share;
pub mod status;
pub mod supervision;
pub mod usage;

use jiff::Unit;
use jiff::civil::Date;
use xietong_proto::wire::requests::Particulars;
use xietong_proto::wire::vehicles::{Vehicle, VehicleListing};

use self::rules::VehicleRules;
use super::circle::Circle;
use super::codes::{division, plate, vin};
use super::column::{Column, Form, columns};
use super::fault::{CellFault, Flag, FormFault, RowFault, Stays};
use super::kind::Kind;
use super::listing::{Disclosure, Listing};
use super::register::{self, Register};
use super::requests::Lent;
use super::row::Row;
use super::rows::Rows;
use crate::calendar;

/// The register of vehicles.
pub struct Vehicles;

const PLATE_KINDS: &[(&str, &str)] = &[
    ("small", "小型汽车"),
    ("large", "大型汽车"),
    ("small_nev", "小型新能源汽车"),
    ("large_nev", "大型新能源汽车"),
    ("police", "警用"),
    ("other", "其他"),
];

pub const USES: &[(&str, &str)] = &[
    ("senior_leader", "副部(省)级及以上领导用车"),
    ("leader", "主要领导干部用车"),
    ("confidential_mail", "机要通信"),
    ("emergency", "应急保障"),
    ("law_enforcement", "执法执勤"),
    ("special_technology", "特种专业技术"),
    ("retired_cadres", "离退休干部"),
    ("business", "业务"),
    ("research_reception", "调研接待"),
    ("allocated", "实物保障"),
    ("other", "其他"),
];

/// Uses whose vehicles are never listed.
const USES_THAT_STAY: &[&str] =
    &["senior_leader", "leader", "confidential_mail", "special_technology", "retired_cadres"];

/// Types of vehicles.
pub const TYPES: &[(&str, &str)] = &[
    ("sedan", "轿车"),
    ("suv", "越野"),
    ("mpv", "商务"),
    ("small_bus", "小型客车"),
    ("medium_bus", "中型客车"),
    ("large_bus", "大型客车"),
    ("special", "特种"),
];

const QUOTA_STATUSES: &[(&str, &str)] = &[("within", "在编"), ("outside", "不在编"), ("unset", "未核定")];

pub const FUELS: &[(&str, &str)] = &[
    ("petrol", "汽油"),
    ("diesel", "柴油"),
    ("natural_gas", "天然气"),
    ("electric", "纯电动"),
    ("plug_in_hybrid", "插电混动"),
    ("range_extender", "增程"),
    ("fuel_cell", "燃料电池"),
];

/// Fuels of vehicles that carry a plate of eight characters.
const NEW_ENERGY: &[&str] = &["electric", "plug_in_hybrid", "range_extender", "fuel_cell"];
/// Fuels of vehicles without an engine.
const WITHOUT_ENGINE: &[&str] = &["electric", "fuel_cell"];

const CUSTODY_MODES: &[(&str, &str)] = &[("own", "自用"), ("platform", "平台"), ("entrusted", "托管")];

impl Register for Vehicles {
    type Row = Vehicle;
    type Listing = VehicleListing;
    const KIND: Kind = Kind::Vehicles;
    const ON_SCREEN: &[&str] =
        &["plate_no", "vehicle_type", "fuel_type", "seats", "division_code", "vehicle_status", "shared"];
    const EXAMPLE: &str = "\
LSVAA2184N2100001,黑A12345,小型汽车,EA211-001,应急保障,轿车,否,在编,HLJ-BZ-0132,大众朗逸1.4T,中国,1.4,5,汽油,国六,128000.00,2022-05-18,2022-05-20,11230000000120010Q,11230000000120010Q,平台,230103,空闲,是,是,86240,2041-05-31,2041-05-17,320.00,是,,TM-200,,2025,18240,1368.00,,10670.40,4260.00,3120.00,1180.00,
LGXCE4CB3P0300003,黑AD12345,小型新能源汽车,TZ200-778,业务,轿车,否,在编,HLJ-BZ-0207,比亚迪秦PLUS EV,中国,0,5,纯电动,,139800.00,2023-04-11,2023-04-12,12230103000120037X,12230103000120037X,自用,230103,空闲,是,是,41005,2041-04-30,2041-04-10,300.00,是,,TM-200,,2025,15300,,2142.00,1285.20,980.00,3350.00,640.00,
";
    const SECRET: &[&str] =
        &["vin", "plate_no", "engine_no", "owner_unit_uscc", "purchase_price", "odometer_km"];

    fn columns() -> &'static [Column<Vehicle>] {
        columns! { Vehicle:
            text vin "车辆识别代号" Required Form::Vin;
            text plate_no "号牌号码" Required Form::Plate;
            text plate_kind "号牌种类" Required Form::Choice(PLATE_KINDS);
            text engine_no "发动机号" Optional Form::Code(40);
            text vehicle_use "车辆用途" Required Form::Choice(USES);
            text vehicle_type "车辆类型" Required Form::Choice(TYPES);
            flag confidential "涉密车辆" Required Form::YesNo;
            text quota_status "编制情况" Required Form::Choice(QUOTA_STATUSES);
            text quota_no "编制证号" Optional Form::Code(40);
            text make_model "品牌型号" Required Form::Text(100);
            text origin_country "产地" Optional Form::Text(40);
            number displacement_l "排量(升)" Optional Form::Quantity;
            number seats "核定载客人数" Required Form::Count;
            text fuel_type "燃料种类" Required Form::Choice(FUELS);
            text emission_std "排放标准" Optional Form::Text(20);
            number purchase_price "购置价格(元)" Required Form::Money;
            text first_registration "注册登记日期" Required Form::Date;
            text in_service_date "启用日期" Optional Form::Date;
            text owner_unit_uscc "权属单位统一社会信用代码" Required Form::Uscc;
            text custodian_uscc "使用单位统一社会信用代码" Optional Form::Uscc;
            text custody_mode "管理方式" Optional Form::Choice(CUSTODY_MODES);
            text division_code "所在行政区划代码" Required Form::Division;
            text vehicle_status "车辆状态" Required Form::Choice(status::STATUSES);
            flag marked "标识化" Optional Form::YesNo;
            flag locator_installed "已装定位终端" Optional Form::YesNo;
            number odometer_km "累计里程(公里)" Required Form::Count;
            text inspection_due "检验有效期止" Required Form::Date;
            text insurance_due "保险到期日" Required Form::Date;
            number market_rate_ref "同类租赁价(元/日)" Optional Form::Money;
            flag shared "纳入区域共享" Required Form::YesNo;
            text remark "备注" Optional Form::Text(500);
            text locator_model "定位终端型号" Optional Form::Text(60);
            text exemption_reason "未标识或未装终端的原因" Optional Form::Text(200);
            number annual_year "核算年度" Optional Form::Count;
            number annual_mileage_km "年行驶里程(公里)" Optional Form::Count;
            number annual_fuel_l "年用油量(升)" Optional Form::Quantity;
            number annual_charge_kwh "年充电量(千瓦时)" Optional Form::Quantity;
            number annual_fuel_cost "年燃料费(元)" Optional Form::Money;
            number annual_repair_cost "年维修保养费(元)" Optional Form::Money;
            number annual_insurance_cost "年保险费(元)" Optional Form::Money;
            number annual_toll_parking "年路桥停车费(元)" Optional Form::Money;
            number annual_driver_cost "年驾驶员费用(元)" Optional Form::Money;
        }
    }

    fn key(row: &Vehicle) -> String {
        row.vin.clone()
    }

    fn unique(row: &Vehicle) -> Option<&str> {
        status::is_kept(&row.vehicle_status).then_some(&row.plate_no)
    }

    fn unit(row: &Vehicle) -> Option<(&'static str, String)> {
        Some(("owner_unit_uscc", format!("{}/", row.owner_unit_uscc)))
    }

    fn division(row: &Vehicle) -> Option<&str> {
        Some(&row.division_code)
    }

    fn check(row: &Vehicle, today: Date) -> Result<(), CellFault> {
        let fuel = row.fuel_type.as_str();
        let fault = |column: &str, fault| Err(CellFault::new(column, fault));
        if plate::is_new_energy(&row.plate_no) && !NEW_ENERGY.contains(&fuel) {
            return fault("plate_no", RowFault::PlateFuelMismatch);
        }
        if WITHOUT_ENGINE.contains(&fuel) && row.displacement_l.unwrap_or(0) > 0 {
            return fault("displacement_l", RowFault::ElectricWithDisplacement);
        }
        if !(1..=60).contains(&row.seats.unwrap_or(0)) {
            return fault("seats", RowFault::SeatsRange);
        }
        if row.first_registration > today.to_string() {
            return fault("first_registration", RowFault::DateOrder { after: today.to_string() });
        }
        if !row.in_service_date.is_empty() && row.first_registration > row.in_service_date {
            return fault("first_registration", RowFault::DateOrder { after: row.in_service_date.clone() });
        }
        if row.shared == Some(true) && row.market_rate_ref.is_none() {
            return Err(CellFault::new("market_rate_ref", FormFault::Blank));
        }
        let has_custodian = !row.custodian_uscc.is_empty() && row.custodian_uscc != row.owner_unit_uscc;
        if row.custody_mode == "entrusted" && !has_custodian {
            return fault("custodian_uscc", RowFault::CustodianIsOwner);
        }
        check_accounts(row, today)
    }

    fn check_register(rows: &dyn Rows, old: Option<&Vehicle>, row: &Vehicle) -> Result<(), CellFault> {
        let holder = register::holder::<Self>(rows, row).filter(|holder| *holder != row.vin);
        if let Some(other) = holder {
            return Err(CellFault::new("plate_no", RowFault::PlateTaken { other }));
        }
        let was = old.map_or(row.vehicle_status.as_str(), |old| &old.vehicle_status);
        if !status::may_become(was, &row.vehicle_status) {
            return Err(CellFault::new("vehicle_status", RowFault::StatusStep { was: was.to_owned() }));
        }
        let have_km = old.and_then(|old| old.odometer_km).unwrap_or(0);
        if row.odometer_km.unwrap_or(0) < have_km {
            return Err(CellFault::new("odometer_km", RowFault::OdometerBackwards { have_km }));
        }
        Ok(())
    }

    fn flags(rows: &dyn Rows, row: &Vehicle, today: Date, circle: &Circle) -> Vec<Flag> {
        let mut flags = Vec::new();
        let is_imported = !row.vin.starts_with('L') && !vin::is_check_right(&row.vin);
        flags.extend(is_imported.then_some(Flag::VinCheckDigitForeign));
        let on_ordinary_plate = row.fuel_type == "electric" && !plate::is_new_energy(&row.plate_no);
        flags.extend(on_ordinary_plate.then_some(Flag::ElectricOnOrdinaryPlate));
        let is_elsewhere =
            plate::province(&row.plate_no).is_some_and(|home| !circle.me.as_str().starts_with(home));
        flags.extend(is_elsewhere.then_some(Flag::PlateOtherProvince));
        let registered = row.first_registration.get(..4).and_then(|year| year.parse().ok());
        let fits = registered.is_none_or(|year| vin::is_model_year(&row.vin, year));
        flags.extend((!fits).then_some(Flag::ModelYear));
        let exceeded = supervision::exceeded_ceiling(row, &circle.rules.vehicles);
        flags.extend(exceeded.map(|rule| Flag::OverCeiling { fen_max: rule.limit.yuan * 100 }));
        let should_be_marked = row.confidential == Some(false);
        flags.extend((should_be_marked && row.marked == Some(false)).then_some(Flag::Unmarked));
        let old = register::get::<Self>(rows, &row.vin);
        flags.extend(old.and_then(|(said, old)| jump(&said, &old, row, today, &circle.rules.vehicles)));
        flags.extend(supervision::unlikely_fuel(row, &circle.rules.vehicles));
        flags
    }

    fn disclose(row: &Vehicle, today: Date) -> Disclosure<VehicleListing> {
        if row.shared != Some(true) {
            return Disclosure::NotShared;
        }
        if let Some(stays) = guard(row, &today.to_string()) {
            return Disclosure::Stays(stays);
        }
        Disclosure::Leaves(VehicleListing {
            number: 0,
            city: division::city(&row.division_code),
            vehicle_type: row.vehicle_type.clone(),
            seats: row.seats.unwrap_or(0),
            fuel_type: row.fuel_type.clone(),
            free: row.vehicle_status == "idle",
            market_rate_ref: row.market_rate_ref.unwrap_or(0),
        })
    }
}

impl Listing for VehicleListing {
    fn set_number(&mut self, number: u64) {
        self.number = number;
    }

    fn number(&self) -> u64 {
        self.number
    }

    fn columns() -> &'static [Column<Self>] {
        columns! { VehicleListing:
            text city "所在城市" Required Form::Division;
            text vehicle_type "车辆类型" Required Form::Choice(TYPES);
            int seats "核定载客人数" Required Form::Count;
            text fuel_type "燃料种类" Required Form::Choice(FUELS);
            bool free "是否空闲" Required Form::YesNo;
            int market_rate_ref "同类租赁价(元/日)" Required Form::Money;
        }
    }
}

impl Lent for Vehicles {
    const PURPOSES: &'static [(&'static str, &'static str)] = &[
        ("law_enforcement", "执法"),
        ("prosecution", "检察"),
        ("discipline", "监察"),
        ("market_supervision", "市场监管"),
        ("meeting", "会议"),
        ("emergency", "应急"),
    ];

    fn serves(listing: &VehicleListing) -> i64 {
        listing.seats
    }

    fn tariff(listing: &VehicleListing) -> Option<&str> {
        Some(&listing.vehicle_type)
    }

    fn is_out_of_order(row: &Vehicle) -> bool {
        ["maintenance", "sealed"].contains(&row.vehicle_status.as_str())
    }

    fn particulars(row: &Vehicle) -> Particulars {
        Particulars { plate_no: row.plate_no.clone(), vin: row.vin.clone(), ..Particulars::default() }
    }
}

/// Why a vehicle that should be shared stays, in the order of checking. Confidentiality goes first.
fn guard(row: &Vehicle, today: &str) -> Option<Stays> {
    let stays = [
        (row.confidential != Some(false), Stays::Confidential),
        (USES_THAT_STAY.contains(&row.vehicle_use.as_str()), Stays::UseNotShareable),
        (row.inspection_due.as_str() < today, Stays::InspectionExpired),
        (row.insurance_due.as_str() < today, Stays::InsuranceExpired),
        (!status::is_in_service(&row.vehicle_status), Stays::StatusNotShareable),
    ];
    stays.into_iter().find(|(holds, _)| *holds).map(|(_, stays)| stays)
}

/// The accounts of a year need the year, and are part of what the vehicle has done in all.
fn check_accounts(row: &Vehicle, today: Date) -> Result<(), CellFault> {
    let has_accounts = accounts(row).iter().any(Option::is_some);
    match row.annual_year {
        None if has_accounts => Err(CellFault::new("annual_year", FormFault::Blank)),
        Some(year) if !(2000..=i64::from(today.year())).contains(&year) => {
            Err(CellFault::new("annual_year", FormFault::YearRange))
        }
        _ if row.annual_mileage_km > row.odometer_km => {
            Err(CellFault::new("annual_mileage_km", RowFault::PartAboveTotal))
        }
        _ => Ok(()),
    }
}

/// What is counted of a year.
fn accounts(row: &Vehicle) -> [Option<i64>; 8] {
    [
        row.annual_mileage_km,
        row.annual_fuel_l,
        row.annual_charge_kwh,
        row.annual_fuel_cost,
        row.annual_repair_cost,
        row.annual_insurance_cost,
        row.annual_toll_parking,
        row.annual_driver_cost,
    ]
}

/// More kilometres since the register was last told than a vehicle can do.
fn jump(said: &Row, old: &Vehicle, row: &Vehicle, today: Date, rules: &VehicleRules) -> Option<Flag> {
    let km = row.odometer_km? - old.odometer_km?;
    let since = calendar::date(said.source.time);
    let days = i64::from(since.until((Unit::Day, today)).ok()?.get_days()).max(1);
    (km > days * rules.plausible.km_per_day_max).then_some(Flag::OdometerJump { km, days })
}
