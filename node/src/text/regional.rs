//! The regional tables, and what a release of energy shows of its own province. What may not be shown is
//! said to be withheld, never left blank.

use super::{Lang, listing_columns, say, table};
use crate::systems::Kind;
use crate::systems::energy::release::coefficients::SetId;
use crate::systems::energy::release::quantity::Class;
use crate::systems::energy::release::report::{Indicator, Report, Row};
use crate::systems::energy::release_act::{ReleaseReport, class_code};
use crate::systems::summary::{AssetSummary, VehicleSummary};

/// Shared vehicles by member and type.
pub fn vehicles(lang: Lang, rows: &[VehicleSummary]) -> String {
    let header = [
        say!(lang, zh: "成员", en: "member"),
        say!(lang, zh: "车辆类型", en: "vehicle type"),
        say!(lang, zh: "共享", en: "shared"),
        say!(lang, zh: "当前空闲", en: "free now"),
    ];
    let types = listing_columns(Kind::Vehicles).into_iter().find(|column| column.name == "vehicle_type");
    let word = |code: &str| types.map_or_else(|| code.to_owned(), |column| column.word(lang, code));
    let row = |row: &VehicleSummary| {
        vec![row.member.to_string(), word(&row.vehicle_type), row.shared.to_string(), row.free.to_string()]
    };
    filled(lang, &header, rows.iter().map(row).collect())
}

/// Listed assets by member and top class, with the bands of one piece's value in yuan.
pub fn assets(lang: Lang, rows: &[AssetSummary]) -> String {
    let mut header = vec![
        say!(lang, zh: "成员", en: "member"),
        say!(lang, zh: "资产大类", en: "class"),
        say!(lang, zh: "条数", en: "listed"),
        say!(lang, zh: "件数", en: "pieces"),
    ];
    header.extend(bands(lang));
    let row = |row: &AssetSummary| {
        let class = format!("{} {}", row.top_class, row.name);
        let mut cells = vec![row.member.to_string(), class, row.listed.to_string(), row.quantity.to_string()];
        cells.extend(row.bands.iter().map(u64::to_string));
        cells
    };
    filled(lang, &header, rows.iter().map(row).collect())
}

fn bands(lang: Lang) -> Vec<String> {
    let bounds = &crate::systems::assets::VALUE_BANDS;
    let band = |(place, bound): (usize, &i64)| match bounds.get(place + 1) {
        Some(next) => say!(lang, zh: "{bound}–{next} 元", en: "¥{bound}–{next}"),
        None => say!(lang, zh: "{bound} 元以上", en: "¥{bound} and more"),
    };
    bounds.iter().enumerate().map(band).collect()
}

/// Energy of a month by member and institution class, with the coefficient set named.
pub fn energy(lang: Lang, report: &Report) -> String {
    let header = [
        say!(lang, zh: "成员", en: "member"),
        say!(lang, zh: "机构类型", en: "institution class"),
        say!(lang, zh: "单位数", en: "contributors"),
        say!(lang, zh: "其中估算", en: "by estimate"),
        say!(lang, zh: "千瓦时/平方米", en: "kWh/m²"),
        say!(lang, zh: "千克标准煤/平方米", en: "kgce/m²"),
        say!(lang, zh: "立方米/人", en: "m³ per head"),
        say!(lang, zh: "格数", en: "cells"),
        say!(lang, zh: "不予公布", en: "withheld"),
    ];
    let row = |row: &Row| {
        let classes: Vec<_> = row.classes.iter().map(|name| class(lang, *name)).collect();
        let value = |indicator: &Indicator| indicator_text(lang, indicator, row.cells);
        vec![
            row.member.clone(),
            classes.join("+"),
            row.contributors.to_string(),
            row.estimated.to_string(),
            value(&row.electricity_kwh_per_m2),
            value(&row.energy_kgce_per_m2),
            value(&row.water_m3_per_head),
            row.cells.to_string(),
            row.withheld_cells.to_string(),
        ]
    };
    let (month, set) = (report.month, coefficients(lang, report.coefficient_set_id));
    let title = say!(lang, zh: "{month} 能耗（{set}）", en: "Energy of {month} ({set})");
    let note = say!(lang,
        zh: "比值为合计之比；括号内为可用格数，少于全部时注明。",
        en: "Ratios are ratios of sums; (n) is the number of cells in one, where it is not all of them.");
    let rows = filled(lang, &header, report.rows.iter().map(row).collect());
    format!("{title}\n\n{rows}\n\n{note}")
}

fn indicator_text(lang: Lang, indicator: &Indicator, of: u32) -> String {
    match indicator {
        Indicator::Withheld => withheld(lang),
        Indicator::Ratio { value, cells } if *cells == of => value.to_string(),
        Indicator::Ratio { value, cells } => format!("{value} ({cells})"),
    }
}

/// What stands where nothing may be shown.
pub fn withheld(lang: Lang) -> String {
    say!(lang, zh: "不予公布", en: "withheld")
}

/// A coefficient set with its id.
fn coefficients(lang: Lang, set: SetId) -> String {
    let id = set.as_str();
    match set {
        SetId::NationalGasUpper => say!(lang,
            zh: "折标系数 {id}：电力当量值，天然气 1.3300",
            en: "coefficients {id}: electricity by its own heat, gas 1.3300"),
        SetId::NationalGasLower => say!(lang,
            zh: "折标系数 {id}：电力当量值，天然气 1.2143",
            en: "coefficients {id}: electricity by its own heat, gas 1.2143"),
        SetId::Shandong2019 => say!(lang,
            zh: "折标系数 {id}：电力等价值（山东 DB37/T 2672-2019）",
            en: "coefficients {id}: electricity by the coal burnt for it (Shandong DB37/T 2672-2019)"),
    }
}

/// The name of an institution class.
pub fn class(lang: Lang, class: Class) -> String {
    match class {
        Class::StateOrgan => say!(lang, zh: "国家机关", en: "state organs"),
        Class::Education => say!(lang, zh: "教育", en: "education"),
        Class::Science => say!(lang, zh: "科技", en: "science"),
        Class::Culture => say!(lang, zh: "文化", en: "culture"),
        Class::Health => say!(lang, zh: "卫生", en: "health"),
        Class::Sport => say!(lang, zh: "体育", en: "sport"),
        Class::OtherInstitution => say!(lang, zh: "其他事业单位", en: "other institutions"),
        Class::Association => say!(lang, zh: "团体组织", en: "associations"),
    }
}

/// What a release did, or with a dry run would do.
pub fn released(lang: Lang, report: &ReleaseReport, dry_run: bool) -> String {
    let ReleaseReport { period, is_new, cells, contributors, estimated, withheld, waiting } = report;
    let state = match (is_new, dry_run) {
        (false, _) => say!(lang,
            zh: "{period} 与上次发布相同，未重复发布。",
            en: "{period} is the same as released before; nothing was published again."),
        (true, false) => say!(lang, zh: "{period} 已发布。", en: "{period} is released."),
        (true, true) => say!(lang,
            zh: "仅演练，未发布。{period} 将发布：",
            en: "Dry run, nothing was released. Of {period} this would be:"),
    };
    let hidden = withheld.len();
    let shown = say!(lang,
        zh: "公布 {cells} 格，来自 {contributors} 个单位（其中估算 {estimated} 个）；不予公布 {hidden} 格。",
        en: "Cells shown: {cells}, of {contributors} institutions ({estimated} by estimate). Cells withheld: {hidden}.");
    let mut parts = vec![format!("{state}\n{shown}")];
    if !withheld.is_empty() {
        let title = say!(lang,
            zh: "不予公布（单位不足五个、一家独大，或由差额可推出）：",
            en: "Withheld (fewer than five institutions, one dominates, or a difference would tell):");
        parts.push(format!("{title}\n{}", names(lang, withheld)));
    }
    if !waiting.is_empty() {
        let title = say!(lang,
            zh: "仍按上次公布（台账已变，但变动的单位太少，公布会泄露个体）：",
            en: "Shown as before (the register has changed, but by so few that the change would tell on them):");
        parts.push(format!("{title}\n{}", names(lang, waiting)));
    }
    parts.join("\n\n")
}

/// Cells by the names of their classes, such as `education+science, 230100`.
fn names(lang: Lang, cells: &[String]) -> String {
    let line = |cell: &String| {
        let (codes, city) = cell.split_once('/').unwrap_or((cell, "*"));
        let known = |code: &str| Class::ALL.into_iter().find(|name| class_code(*name) == code);
        let word = |code: &str| known(code).map_or_else(|| code.to_owned(), |name| class(lang, name));
        let classes: Vec<_> = codes.split('+').map(word).collect();
        let city =
            if city == "*" { say!(lang, zh: "其他各市", en: "other cities") } else { city.to_owned() };
        format!("  {}  {city}", classes.join("+"))
    };
    cells.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn filled(lang: Lang, header: &[String], rows: Vec<Vec<String>>) -> String {
    if rows.is_empty() {
        return say!(lang, zh: "尚无数据。", en: "There is nothing yet.");
    }
    table(header, &rows)
}
