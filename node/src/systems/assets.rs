//! Assets 资产: the card stays; of shared assets that pass the guards a listing leaves, never a unit, asset
//! code, serial number, address or price paid.

use jiff::civil::Date;
use xietong_proto::wire::assets::{Asset, AssetListing};
use xietong_proto::wire::requests::Particulars;

use super::circle::Circle;
use super::codes::{asset_class, division};
use super::column::{Column, Form, columns};
use super::fault::{CellFault, Flag, FormFault, RowFault, Stays};
use super::kind::Kind;
use super::listing::{Disclosure, Listing};
use super::register::{self, Register};
use super::requests::Lent;
use super::rows::Rows;

/// The register of assets.
pub struct Assets;

const SCHEMES: &[(&str, &str)] = &[("2022", "2022"), ("2010", "2010")];

const VALUE_TYPES: &[(&str, &str)] = &[
    ("original", "原值"),
    ("provisional", "暂估值"),
    ("appraised", "评估值"),
    ("replacement", "重置值"),
    ("nominal", "名义金额"),
];

const ACQUIRE_WAYS: &[(&str, &str)] = &[
    ("purchase", "新购"),
    ("allocation", "调拨"),
    ("donation", "接受捐赠"),
    ("self_built", "自建"),
    ("exchange", "置换"),
    ("inventory_gain", "盘盈"),
    ("other", "其他"),
];

const USAGES: &[(&str, &str)] =
    &[("own_use", "自用"), ("idle", "闲置"), ("leased", "出租"), ("lent", "出借"), ("other", "其他")];

const ACCOUNTING: &[(&str, &str)] = &[("booked", "已入账"), ("not_booked", "未入账")];

/// Conditions, by FMR 102-36.240.
pub const CONDITIONS: &[(&str, &str)] =
    &[("1", "全新"), ("4", "可用"), ("7", "可修"), ("X", "残值"), ("S", "废料")];

const WAREHOUSE_TYPES: &[(&str, &str)] = &[("physical", "实体"), ("virtual", "虚拟")];

const INTAKE_REASONS: &[(&str, &str)] = &[
    ("idle", "闲置"),
    ("inefficient", "低效"),
    ("over_standard", "超标准"),
    ("temporary_body", "临时机构"),
    ("event", "会议活动"),
    ("bulk_reserve", "批采储备"),
    ("confiscated", "罚没"),
    ("donated", "捐赠"),
    ("reform", "机构改革"),
];

const PAYERS: &[(&str, &str)] = &[("receiver", "调入方"), ("giver", "调出方"), ("half", "各半")];

/// Lower bounds in yuan of the bands in which the original value of one piece is shown.
pub const VALUE_BANDS: [i64; 6] = [0, 1_000, 5_000, 20_000, 100_000, 500_000];

impl Register for Assets {
    type Row = Asset;
    type Listing = AssetListing;
    const KIND: Kind = Kind::Assets;
    const ON_SCREEN: &[&str] =
        &["asset_name", "asset_class_code", "quantity", "usage_status", "division_code", "shared"];
    const EXAMPLE: &str = "\
11230000000120010Q,TY2021000137,台式计算机,2022,A02010105,i5-10400/16G/512G,联想,PF0A7K31,1,台,原值,4860.00,3240.00,1620.00,新购,2021-03-15,2021-03-20,闲置,2025-02-01,已入账,2021-03-31,11230000000120010Q,230103,2号楼B103,4,HLJ-01,实体,闲置,是,是,调入方,是,是,
12230103000120037X,0003862,会议桌,2022,A05010000,3.6m 实木,,,4,张,原值,11600.00,2320.00,9280.00,新购,2023-06-02,2023-06-10,自用,,已入账,2023-06-30,12230103000120037X,230102,三楼会议室,1,,,,,,,,否,
";
    const SECRET: &[&str] =
        &["owner_unit_uscc", "asset_code", "serial_no", "original_value", "location_text"];

    fn columns() -> &'static [Column<Asset>] {
        columns! { Asset:
            text owner_unit_uscc "权属单位统一社会信用代码" Required Form::Uscc;
            text asset_code "资产编号" Required Form::Code(60);
            text asset_name "资产名称" Required Form::Text(200);
            text asset_class_scheme "资产分类标准" Required Form::Choice(SCHEMES);
            text asset_class_code "资产分类代码" Required Form::Capital(20);
            text specification "规格型号" Optional Form::Text(100);
            text brand "品牌" Optional Form::Text(50);
            text serial_no "机身编号" Optional Form::Code(60);
            number quantity "数量" Required Form::Count;
            text unit "计量单位" Required Form::Text(20);
            text value_type "价值类型" Required Form::Choice(VALUE_TYPES);
            number original_value "原值(元)" Required Form::Money;
            number accumulated_depreciation "累计折旧(元)" Required Form::Money;
            number net_value "净值(元)" Required Form::Money;
            text acquire_way "取得方式" Optional Form::Choice(ACQUIRE_WAYS);
            text acquire_date "取得日期" Required Form::Date;
            text in_service_date "投入使用日期" Optional Form::Date;
            text usage_status "使用状况" Required Form::Choice(USAGES);
            text idle_since "闲置起始日期" Optional Form::Date;
            text accounting_status "财务入账状态" Required Form::Choice(ACCOUNTING);
            text entry_date "入账日期" Optional Form::Date;
            text holder_unit_uscc "保管单位统一社会信用代码" Optional Form::Uscc;
            text division_code "所在行政区划代码" Required Form::Division;
            text location_text "存放地点" Optional Form::Text(200);
            text condition_code "新旧程度" Required Form::Choice(CONDITIONS);
            text warehouse_id "仓库编号" Optional Form::Code(40);
            text warehouse_type "仓库类型" Optional Form::Choice(WAREHOUSE_TYPES);
            text intake_reason "入仓原因" Optional Form::Choice(INTAKE_REASONS);
            flag lend_ok "可借用" Optional Form::YesNo;
            flag transfer_ok "可调拨" Optional Form::YesNo;
            text freight_payer "运费承担方" Optional Form::Choice(PAYERS);
            flag data_wiped "存储介质已清除" Optional Form::YesNo;
            flag shared "纳入区域共享" Required Form::YesNo;
            text remark "备注" Optional Form::Text(500);
        }
    }

    fn key(row: &Asset) -> String {
        format!("{}/{}", row.owner_unit_uscc, row.asset_code)
    }

    fn unique(row: &Asset) -> Option<&str> {
        Some(row.serial_no.as_str()).filter(|serial| !serial.is_empty())
    }

    fn unit(row: &Asset) -> Option<(&'static str, String)> {
        Some(("owner_unit_uscc", format!("{}/", row.owner_unit_uscc)))
    }

    fn division(row: &Asset) -> Option<&str> {
        Some(&row.division_code)
    }

    fn check(row: &Asset, today: Date) -> Result<(), CellFault> {
        if !asset_class::has_form(&row.asset_class_scheme, &row.asset_class_code) {
            return Err(CellFault::new("asset_class_code", RowFault::AssetClassForm));
        }
        if row.quantity.unwrap_or(0) < 1 {
            return Err(CellFault::new("quantity", RowFault::QuantityNotPositive));
        }
        let expected_fen = row.original_value.unwrap_or(0) - row.accumulated_depreciation.unwrap_or(0);
        if (row.net_value.unwrap_or(0) - expected_fen).abs() > 1 {
            return Err(CellFault::new("net_value", RowFault::NetValueMismatch { expected_fen }));
        }
        check_dates(row, &today.to_string())?;
        check_needed(row)
    }

    fn flags(rows: &dyn Rows, row: &Asset, _: Date, _: &Circle) -> Vec<Flag> {
        let mut flags = Vec::new();
        if row.asset_class_scheme == "2022" && asset_class::name(&row.asset_class_code).is_none() {
            flags.push(Flag::AssetClassUnknown);
        }
        let other = register::holder::<Assets>(rows, row).filter(|other| *other != Assets::key(row));
        flags.extend(other.map(|other| Flag::SerialTwice { other }));
        flags
    }

    fn disclose(row: &Asset, _: Date) -> Disclosure<AssetListing> {
        if row.shared != Some(true) {
            return Disclosure::NotShared;
        }
        if let Some(stays) = guard(row) {
            return Disclosure::Stays(stays);
        }
        let quantity = row.quantity.unwrap_or(1).max(1);
        Disclosure::Leaves(AssetListing {
            number: 0,
            city: division::city(&row.division_code),
            asset_class_scheme: row.asset_class_scheme.clone(),
            asset_class_code: row.asset_class_code.clone(),
            asset_name: row.asset_name.clone(),
            brand: row.brand.clone(),
            specification: row.specification.clone(),
            quantity,
            unit: row.unit.clone(),
            in_service_year: row.in_service_date.get(..4).and_then(|year| year.parse().ok()).unwrap_or(0),
            condition_code: row.condition_code.clone(),
            lend_ok: row.lend_ok == Some(true),
            transfer_ok: row.transfer_ok == Some(true),
            freight_payer: row.freight_payer.clone(),
            value_band: value_band(row.original_value.unwrap_or(0), quantity),
        })
    }
}

impl Listing for AssetListing {
    const ON_SCREEN: &[&str] = &[
        "city",
        "asset_class_code",
        "asset_name",
        "quantity",
        "unit",
        "condition_code",
        "lend_ok",
        "transfer_ok",
        "value_band",
    ];

    fn set_number(&mut self, number: u64) {
        self.number = number;
    }

    fn number(&self) -> u64 {
        self.number
    }

    fn columns() -> &'static [Column<Self>] {
        columns! { AssetListing:
            text city "所在城市" Required Form::Division;
            text asset_class_scheme "资产分类标准" Required Form::Choice(SCHEMES);
            text asset_class_code "资产分类代码" Required Form::Code(20);
            text asset_name "资产名称" Required Form::Text(200);
            text brand "品牌" Optional Form::Text(50);
            text specification "规格型号" Optional Form::Text(100);
            int quantity "数量" Required Form::Count;
            text unit "计量单位" Required Form::Text(20);
            int in_service_year "投入使用年份" Required Form::Count;
            text condition_code "新旧程度" Required Form::Choice(CONDITIONS);
            bool lend_ok "可借用" Required Form::YesNo;
            bool transfer_ok "可调拨" Required Form::YesNo;
            text freight_payer "运费承担方" Optional Form::Choice(PAYERS);
            int value_band "价值区间下限(元)" Required Form::Count;
        }
    }
}

impl Lent for Assets {
    const PURPOSES: &'static [(&'static str, &'static str)] = &[
        ("event", "会议活动"),
        ("temporary_body", "临时机构"),
        ("emergency", "应急"),
        ("shortage", "办公缺口"),
    ];

    fn serves(listing: &AssetListing) -> i64 {
        listing.quantity
    }

    fn tariff(_: &AssetListing) -> Option<&str> {
        None
    }

    fn is_out_of_order(row: &Asset) -> bool {
        row.condition_code == "7"
    }

    fn particulars(row: &Asset) -> Particulars {
        let (serial_no, place) = (row.serial_no.clone(), row.location_text.clone());
        Particulars { serial_no, place, ..Particulars::default() }
    }
}

/// The lower bound of the band of one piece's original value.
fn value_band(original_fen: i64, quantity: i64) -> i64 {
    let reached = |bound: &&i64| original_fen >= **bound * 100 * quantity;
    VALUE_BANDS.iter().rev().find(reached).copied().unwrap_or(0)
}

/// Acquired, then in service, then today; idle and booked not in the future.
fn check_dates(row: &Asset, today: &str) -> Result<(), CellFault> {
    let order = [
        ("acquire_date", row.acquire_date.as_str(), today),
        ("in_service_date", row.in_service_date.as_str(), today),
        ("idle_since", row.idle_since.as_str(), today),
        ("entry_date", row.entry_date.as_str(), today),
    ];
    if let Some((column, _, after)) = order.into_iter().find(|(_, date, limit)| date > limit) {
        return Err(CellFault::new(column, RowFault::DateOrder { after: after.to_owned() }));
    }
    let starts_early = !row.in_service_date.is_empty() && row.in_service_date < row.acquire_date;
    if starts_early {
        let after = row.in_service_date.clone();
        return Err(CellFault::new("acquire_date", RowFault::DateOrder { after }));
    }
    Ok(())
}

/// Columns that one answer makes necessary.
fn check_needed(row: &Asset) -> Result<(), CellFault> {
    let is_shared = row.shared == Some(true);
    let holds_data = asset_class::holds_data(&row.asset_class_scheme, &row.asset_class_code);
    let needed = [
        ("idle_since", row.usage_status == "idle" && row.idle_since.is_empty()),
        ("lend_ok", is_shared && row.lend_ok.is_none()),
        ("transfer_ok", is_shared && row.transfer_ok.is_none()),
        ("data_wiped", is_shared && holds_data && row.data_wiped.is_none()),
    ];
    match needed.into_iter().find(|(_, is_missing)| *is_missing) {
        Some((column, _)) => Err(CellFault::new(column, FormFault::Blank)),
        None => Ok(()),
    }
}

/// Why an asset that should be shared stays, in the order of checking.
fn guard(row: &Asset) -> Option<Stays> {
    let is_offered = row.usage_status == "idle" || row.lend_ok == Some(true);
    let holds_data = asset_class::holds_data(&row.asset_class_scheme, &row.asset_class_code);
    let stays = [
        (!is_offered, Stays::NotIdleNorLendable),
        (row.accounting_status != "booked", Stays::NotBooked),
        (holds_data && row.data_wiped != Some(true), Stays::StorageNotWiped),
        (["X", "S"].contains(&row.condition_code.as_str()), Stays::ConditionNotListable),
    ];
    stays.into_iter().find(|(holds, _)| *holds).map(|(_, stays)| stays)
}
