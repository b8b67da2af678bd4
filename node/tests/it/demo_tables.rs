//! The three regional tables of the demo, computed once more from the registers by other means: the csv crate,
//! a decimal type and the rules as the guide states them, none of the systems' code. All three nodes must say
//! the same.

use std::collections::BTreeMap;
use std::process::Command;

use rust_decimal::{Decimal, RoundingStrategy};
use serde_json::{Value, json};

const MEMBERS: [&str; 3] = ["210000", "220000", "230000"];
const PERIOD: [&str; 3] = ["2025-03", "2025/3", "2025年3月"];

type Row = BTreeMap<String, String>;

#[test]
fn all_three_nodes_show_what_the_registers_add_up_to() {
    let reports = play();
    let vehicles: Vec<_> = MEMBERS.into_iter().flat_map(vehicles).collect();
    let assets: Vec<_> = MEMBERS.into_iter().flat_map(assets).collect();
    for member in MEMBERS {
        let shown = &reports[member];
        assert_eq!(shown["vehicles"], json!(vehicles), "vehicles at {member}");
        assert_eq!(shown["assets"], json!(assets), "assets at {member}");
        assert_eq!(shown["energy"]["coefficient_set_id"], "cn-equivalent-gas-1.3300");
        let rows = shown["energy"]["rows"].as_array().expect("rows");
        let told = MEMBERS.map(|of| check_energy(of, rows.iter().filter(|row| row["member"] == of)));
        assert_eq!(told.iter().sum::<usize>(), rows.len(), "a row of energy at {member} is of no member");
    }
}

fn play() -> Value {
    let demo = Command::new(env!("CARGO_BIN_EXE_xietong")).args(["demo", "--once", "--json"]).output();
    let demo = demo.expect("the program runs");
    assert!(demo.status.success(), "{}", String::from_utf8_lossy(&demo.stderr));
    let told: Value = serde_json::from_slice(&demo.stdout).expect("JSON");
    told["reports"].clone()
}

/// By type: how many are shared, how many of them free.
fn vehicles(member: &str) -> Vec<Value> {
    let stays = ["机要通信", "副部(省)级及以上领导用车", "主要领导干部用车", "离退休干部", "特种专业技术"];
    let types = [
        ("大型客车", "large_bus"),
        ("中型客车", "medium_bus"),
        ("商务", "mpv"),
        ("轿车", "sedan"),
        ("小型客车", "small_bus"),
        ("越野", "suv"),
    ];
    let mut counts: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    for row in register(member, "vehicles") {
        if is_yes(&row["shared"]) && !is_yes(&row["confidential"]) && !stays.contains(&&*row["vehicle_use"]) {
            let code = code(&types, &row["vehicle_type"]);
            let (shared, free) = counts.entry(code).or_default();
            *shared += 1;
            *free += u64::from(row["vehicle_status"] == "空闲");
        }
    }
    let line = |(code, (shared, free))| json!({ "member": member, "vehicle_type": code, "shared": shared, "free": free });
    counts.into_iter().map(line).collect()
}

/// By top class: listings, pieces, and listings by the value of a piece.
fn assets(member: &str) -> Vec<Value> {
    let names = [("2", "设备"), ("5", "家具和用具"), ("7", "物资")];
    let bounds = [1_000, 5_000, 20_000, 100_000, 500_000].map(Decimal::from);
    let mut counts: BTreeMap<char, (u64, i64, [u64; 6])> = BTreeMap::new();
    for row in register(member, "assets") {
        let is_offered = row["usage_status"] == "闲置" || is_yes(&row["lend_ok"]);
        let is_wreck = ["X", "残值", "S", "废料"].contains(&&*row["condition_code"]);
        let is_wiped = is_yes(&row["data_wiped"]) || !holds_data(&row["asset_class_code"]);
        if is_yes(&row["shared"])
            && is_offered
            && !is_wreck
            && is_wiped
            && row["accounting_status"] == "已入账"
        {
            let quantity: i64 = row["quantity"].parse().expect("a whole number");
            let piece = number(&row["original_value"]) / Decimal::from(quantity);
            let class = row["asset_class_code"].chars().nth(2).expect("a class of 2022");
            let (listed, pieces, bands) = counts.entry(class).or_default();
            *listed += 1;
            *pieces += quantity;
            bands[bounds.iter().filter(|bound| piece >= **bound).count()] += 1;
        }
    }
    let line = |(class, (listed, quantity, bands)): (char, (u64, i64, [u64; 6]))| {
        let (top_class, name) = (format!("A0{class}000000"), code(&names, &class.to_string()));
        json!({ "member": member, "top_class": top_class, "name": name, "listed": listed, "quantity": quantity, "bands": bands })
    };
    counts.into_iter().map(line).collect()
}

/// Data processing equipment: its storage has to be wiped before it is offered.
fn holds_data(class: &str) -> bool {
    class.starts_with("A0201")
}

/// What the institutions of one class used in the month.
#[derive(Default)]
struct Used {
    contributors: u64,
    estimated: u64,
    area: Decimal,
    users: Decimal,
    electricity: Decimal,
    water: Decimal,
    kgce: Decimal,
    /// Of single institutions.
    most_electricity: Decimal,
    kgce_per_m2: Vec<Decimal>,
}

/// Compares a member's rows; how many there are.
fn check_energy<'a>(member: &str, rows: impl Iterator<Item = &'a Value>) -> usize {
    let classes = energy(member);
    let mut count = 0;
    let mut told = 0;
    for row in rows {
        let of_row: Vec<_> = row["classes"].as_array().expect("classes").iter().collect();
        let of_row: Vec<_> = of_row.iter().map(|class| &classes[class.as_str().expect("a class")]).collect();
        let sum = |part: fn(&Used) -> Decimal| of_row.iter().map(|used| part(used)).sum::<Decimal>();
        let name = format!("{member} {}", row["classes"]);
        count += 1;
        told += of_row.len();
        if row["contributors"] == 0 {
            let (most, all) = (sum(|used| used.most_electricity), sum(|used| used.electricity));
            assert!(most * Decimal::TWO > all, "{name} is withheld although nobody dominates");
            assert_eq!(row["electricity_kwh_per_m2"]["code"], "withheld", "{name}");
            assert_eq!(row["energy_kgce_per_m2"]["code"], "withheld", "{name}");
            assert_eq!(row["water_m3_per_head"]["code"], "withheld", "{name}");
            continue;
        }
        assert_eq!(row["contributors"], of_row.iter().map(|used| used.contributors).sum::<u64>(), "{name}");
        assert_eq!(row["estimated"], of_row.iter().map(|used| used.estimated).sum::<u64>(), "{name}");
        let per_m2 = sum(|used| used.electricity) / sum(|used| used.area);
        assert_eq!(row["electricity_kwh_per_m2"]["value"], rounded(per_m2, 2), "{name}");
        let per_head = sum(|used| used.water) / sum(|used| used.users);
        assert_eq!(row["water_m3_per_head"]["value"], rounded(per_head, 2), "{name}");
        let energy = &row["energy_kgce_per_m2"];
        if energy["cells"] == row["cells"] {
            let kgce = sum(|used| used.kgce) / sum(|used| used.area);
            assert_eq!(energy["value"], rounded(kgce, 3), "{name}");
        } else if energy["code"] == "ratio" {
            let value = number(energy["value"].as_str().expect("a decimal"));
            let single = || of_row.iter().flat_map(|used| &used.kgce_per_m2);
            let (least, most) = (single().min().expect("some"), single().max().expect("some"));
            assert!((least..=most).contains(&&value), "{name}: no mean of its institutions");
        } else {
            assert_eq!(energy["code"], "withheld", "{name}");
        }
    }
    assert_eq!(told, classes.len(), "every class of {member} stands in one row");
    count
}

fn energy(member: &str) -> BTreeMap<String, Used> {
    let words = [
        ("国家机关", "01"),
        ("教育", "021"),
        ("科技", "022"),
        ("文化", "023"),
        ("卫生", "024"),
        ("体育", "025"),
        ("其他事业单位", "026"),
        ("团体组织", "03"),
    ];
    let units = register(member, "institutions");
    let units: BTreeMap<_, _> = units.iter().map(|unit| (&unit["unit_uscc"], unit)).collect();
    let mut classes: BTreeMap<String, Used> = BTreeMap::new();
    for row in register(member, "energy") {
        if !PERIOD.contains(&&*row["period"]) || row["data_status"] == "缺报" {
            continue;
        }
        let unit = units[&row["unit_uscc"]];
        let class = match unit["institution_class"].as_str() {
            word if word.starts_with('0') => word,
            word => code(&words, word),
        };
        let (area, electricity) = (number(&unit["floor_area_m2"]), amount(&row, "electricity_kwh"));
        let kgce: Decimal =
            COEFFICIENTS.iter().map(|(name, factor)| amount(&row, name) * number(factor)).sum();
        let used = classes.entry(class.to_owned()).or_default();
        used.contributors += 1;
        used.estimated += u64::from(row["data_status"] == "估算");
        used.area += area;
        used.users += number(&unit["energy_users"]);
        used.electricity += electricity;
        used.water += amount(&row, "water_m3") - amount(&row, "nonconventional_m3");
        used.kgce += kgce;
        used.most_electricity = used.most_electricity.max(electricity);
        used.kgce_per_m2.push(kgce / area);
    }
    classes
}

/// Standard coal in kilograms by unit of the form, electricity by its own heat, gas at 1.3300 (GB/T 2589-2020);
/// litres by densities of 0.73, 0.84 and 0.80.
const COEFFICIENTS: [(&str, &str); 12] = [
    ("electricity_kwh", "0.1229"),
    ("coal_t", "714.3"),
    ("natural_gas_m3", "1.3300"),
    ("lpg_kg", "1.7143"),
    ("town_gas_m3", "0.5714"),
    ("petrol_vehicle_l", "1.074122"),
    ("petrol_other_l", "1.074122"),
    ("diesel_vehicle_l", "1.223964"),
    ("diesel_other_l", "1.223964"),
    ("kerosene_l", "1.17712"),
    ("heat_gj", "34.12"),
    ("other_tce", "1000"),
];

/// A register as the province wrote it, with English column names.
fn register(member: &str, name: &str) -> Vec<Row> {
    let path = format!("{}/../config/demo/{member}/{name}.csv", env!("CARGO_MANIFEST_DIR"));
    let bytes = std::fs::read(path).expect("the file is part of the source");
    let text = match String::from_utf8(bytes) {
        Ok(text) => text.trim_start_matches('\u{feff}').to_owned(),
        Err(error) => encoding_rs::GB18030.decode(error.as_bytes()).0.into_owned(),
    };
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let header: Vec<String> = reader.headers().expect("a header").iter().map(english).collect();
    let row = |row: csv::StringRecord| header.iter().cloned().zip(row.iter().map(str::to_owned)).collect();
    reader.records().map(|record| row(record.expect("a row"))).collect()
}

/// The name of a column without its unit, in English where it is needed here.
fn english(name: &str) -> String {
    let bare = name.split(['(', '（']).next().unwrap_or(name);
    COLUMNS.iter().find(|(chinese, _)| *chinese == bare).map_or(name, |(_, english)| english).to_owned()
}

const COLUMNS: [(&str, &str); 38] = [
    ("统一社会信用代码", "unit_uscc"),
    ("机构类型", "institution_class"),
    ("建筑面积", "floor_area_m2"),
    ("用能人数", "energy_users"),
    ("统计期", "period"),
    ("数据状态", "data_status"),
    ("电力", "electricity_kwh"),
    ("煤炭", "coal_t"),
    ("天然气", "natural_gas_m3"),
    ("液化石油气", "lpg_kg"),
    ("人工煤气", "town_gas_m3"),
    ("车辆用汽油", "petrol_vehicle_l"),
    ("其他用汽油", "petrol_other_l"),
    ("车辆用柴油", "diesel_vehicle_l"),
    ("其他用柴油", "diesel_other_l"),
    ("煤油", "kerosene_l"),
    ("热力消费量", "heat_gj"),
    ("其他能源", "other_tce"),
    ("用水量", "water_m3"),
    ("其中:非常规水", "nonconventional_m3"),
    ("资产分类代码", "asset_class_code"),
    ("数量", "quantity"),
    ("原值", "original_value"),
    ("使用状况", "usage_status"),
    ("财务入账状态", "accounting_status"),
    ("新旧程度", "condition_code"),
    ("可借用", "lend_ok"),
    ("存储介质已清除", "data_wiped"),
    ("纳入区域共享", "shared"),
    ("车辆用途", "vehicle_use"),
    ("车辆类型", "vehicle_type"),
    ("涉密车辆", "confidential"),
    ("车辆状态", "vehicle_status"),
    ("检验有效期止", "inspection_due"),
    ("保险到期日", "insurance_due"),
    ("权属单位统一社会信用代码", "owner_unit_uscc"),
    ("行政区划代码", "division_code"),
    ("所在行政区划代码", "division_code"),
];

fn is_yes(word: &str) -> bool {
    ["是", "yes"].contains(&word)
}

fn code<'a>(words: &[(&str, &'a str)], word: &str) -> &'a str {
    let found = words.iter().find(|(written, _)| *written == word);
    found.unwrap_or_else(|| panic!("{word} is not in the guide's list")).1
}

fn amount(row: &Row, name: &str) -> Decimal {
    row.get(name).map_or(Decimal::ZERO, |text| number(text))
}

fn number(text: &str) -> Decimal {
    if text.is_empty() { Decimal::ZERO } else { text.parse().expect("a decimal number") }
}

fn rounded(value: Decimal, digits: u32) -> String {
    let value = value.round_dp_with_strategy(digits, RoundingStrategy::MidpointAwayFromZero);
    format!("{value:.0$}", digits as usize)
}
