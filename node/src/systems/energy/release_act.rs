//! The act of releasing a month: joins the register, the ledger and the release algorithm. A release is kept
//! in the local stream like a register row; what each agreement shows is compared with it like any other
//! disclosure, so an agreement that is joined later shows the same releases.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use xietong_proto::entry::Record;
use xietong_proto::id::*;
use xietong_proto::stream::Stream;
use xietong_proto::wire::energy::EnergyMonth;
use xietong_proto::wire::institutions::Institution;

use super::of_period;
use super::release::cell::{CellName, Leaf, Release};
use super::release::coefficients::SetId;
use super::release::ledger::{Ledger, LedgerLine};
use super::release::quantity::{Amounts, City, Class, Month, Quantity};
use super::release::report::{Report as RegionalReport, report};
use super::release::safety::Rule;
use super::release::tree::Size;
use super::release::{Contribution, release};
use crate::systems::diff::{Diff, Which};
use crate::systems::group::{self, Group, Home, Shared};
use crate::systems::keys::{self, Table};
use crate::systems::kind::Kind;
use crate::systems::reading::Reading;
use crate::systems::register::{self, put, record};
use crate::systems::row::Row;
use crate::systems::rows::Rows;
use crate::systems::{Decision, Refusal, Report, codes, institutions, shown};

/// What to release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Command {
    /// A month such as `2025-03`.
    pub period: String,
    /// Only say what would leave.
    #[serde(default)]
    pub dry_run: bool,
}

/// What a release did, or would do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleaseReport {
    /// The month.
    pub period: String,
    /// Whether anything differs from what was released before.
    pub is_new: bool,
    /// Cells shown.
    pub cells: u64,
    /// Institutions behind them, and how many of these by estimate.
    pub contributors: u32,
    /// See `contributors`.
    pub estimated: u32,
    /// Cells of which nothing may be shown.
    pub withheld: Vec<String>,
    /// Cells shown as before although the register has changed.
    pub waiting: Vec<String>,
}

/// Decides the release of a month.
pub fn decide(rows: &dyn Rows, today: Date, me: MemberCode, command: &Command) -> Result<Decision, Refusal> {
    let (month, dry_run) = (parse(&command.period)?, command.dry_run);
    let period = month.to_string();
    if period.as_str() >= &today.to_string()[..7] {
        return Err(Refusal::PeriodNotOver { period });
    }
    check_ledger(rows, me)?;
    let contributions: Vec<Contribution> =
        of_period(rows, &period).filter_map(|row| contribution(rows, &row)).collect();
    if contributions.is_empty() {
        return Err(Refusal::NothingToRelease { period });
    }
    let (release, lines) = release(&Rule::LAW, month, &contributions, &ledger(rows));
    let body = release.encode();
    let before = rows.get(&keys::release(&period)).and_then(|row| Row::decode(&row));
    let is_new = before.is_none_or(|before| before.body != body);
    let mut local: Vec<Record> = Vec::new();
    if is_new && !dry_run {
        let line = |line: LedgerLine| group::record(System::ENERGY, record::LEDGER, line.encode());
        local.extend(lines.into_iter().map(line));
        local.push(group::record(System::ENERGY, record::RELEASE, body));
    }
    let keys = if local.is_empty() { Vec::new() } else { vec![period.clone()] };
    let (estimated, contributors) = release.estimated_of_rows();
    let report = ReleaseReport {
        period,
        is_new,
        cells: release.cells.len() as u64,
        contributors,
        estimated,
        withheld: release.withheld.iter().map(name).collect(),
        waiting: release.waiting.iter().map(name).collect(),
    };
    Ok(Decision { local, keys, ..Decision::of(Kind::Energy, Report::Release(report)) })
}

/// What was decided here: releases, and lines of the ledger.
pub const DECIDED: Group = Group {
    systems: &[System::ENERGY],
    low: record::LEDGER..=record::RELEASE,
    home: Home::Local,
    apply: |rows, origin, folded| {
        if folded.kind.low() == record::LEDGER {
            rows.put(keys::ledger(origin), folded.body.clone());
        } else if let Some(release) = Release::decode(&folded.body) {
            put(rows, keys::release(&release.month.to_string()), origin, &folded.body);
        }
    },
    read,
};

/// What members see of it.
pub const RELEASED: Group = Group {
    systems: &[System::ENERGY],
    low: record::RELEASE..=record::RELEASE,
    home: Home::Agreement(Table::Listing, Shared { forget: register::forget, disclose: Some(disclose) }),
    apply: |rows, origin, folded| {
        let Some(release) = Release::decode(&folded.body) else { return };
        let Stream { agreement, system, author, .. } = origin.stream;
        put(rows, keys::listing(agreement, system, author, number(release.month)), origin, &folded.body);
    },
    read,
};

fn read(_: MemberCode, said: &Record) -> Option<Reading> {
    let release = Release::decode(&said.body).filter(|_| said.kind.low() == record::RELEASE)?;
    let (_, contributors) = release.estimated_of_rows();
    let (period, cells) = (release.month.to_string(), release.cells.len() as u64);
    Some(Reading::Released { period, cells, contributors })
}

/// What has to be said so that a stream shows every release.
fn disclose(rows: &dyn Rows, _: Date, stream: &Stream, which: Which) -> Diff {
    let Stream { agreement, author: me, .. } = *stream;
    let periods: Vec<String> = match which {
        Which::Keys(periods) => periods.to_vec(),
        Which::From { .. } => {
            let all = rows.scan(&keys::release(""), &[]);
            all.filter_map(|(key, _)| String::from_utf8(key[1..].to_vec()).ok()).collect()
        }
    };
    let differs = |period: &String| {
        let body = Row::decode(&rows.get(&keys::release(period))?)?.body;
        let month = parse(period).ok()?;
        let shown = rows.get(&keys::listing(agreement, System::ENERGY, me, number(month)));
        let is_shown = shown.and_then(|row| Row::decode(&row)).is_some_and(|shown| shown.body == body);
        (!is_shown).then(|| group::record(System::ENERGY, record::RELEASE, body))
    };
    Diff { shared: periods.iter().filter_map(differs).collect(), ..Diff::default() }
}

/// The regional table of a month: what every member released.
pub fn regional(rows: &dyn Rows, period: &str, set: SetId) -> Result<RegionalReport, Refusal> {
    let month = parse(period)?;
    let mut releases = std::collections::BTreeMap::new();
    for agreement in shown::agreements(rows) {
        for (key, value) in rows.scan(&keys::listing_prefix(agreement, System::ENERGY, None), &[]) {
            let release = Row::decode(&value).and_then(|row| Release::decode(&row.body));
            let is_of_month = keys::number_of_listing(&key) == Some(number(month));
            if let (Some(owner), Some(release), true) = (keys::owner_of_listing(&key), release, is_of_month) {
                releases.entry(owner).or_insert(release);
            }
        }
    }
    let releases: Vec<(String, Release)> =
        releases.into_iter().map(|(owner, release)| (owner.to_string(), release)).collect();
    Ok(report(month, set, &releases))
}

/// Refuses if an agreement shows a release of ours that is not in the register: the ledger lacks it too.
fn check_ledger(rows: &dyn Rows, me: MemberCode) -> Result<(), Refusal> {
    for agreement in shown::agreements(rows) {
        for (key, _) in rows.scan(&keys::listing_prefix(agreement, System::ENERGY, Some(me)), &[]) {
            let number = keys::number_of_listing(&key).unwrap_or_default();
            let period = period(number);
            if rows.get(&keys::release(&period)).is_none() {
                return Err(Refusal::LedgerBehind { period });
            }
        }
    }
    Ok(())
}

/// Every figure ever disclosed.
fn ledger(rows: &dyn Rows) -> Ledger {
    let lines = rows.scan(&keys::ledger_prefix(), &[]);
    lines.filter_map(|(_, body)| LedgerLine::decode(&body)).collect()
}

fn contribution(rows: &dyn Rows, row: &EnergyMonth) -> Option<Contribution> {
    let is_reported = row.data_status == "metered" || row.data_status == "estimated";
    let year = row.period.get(..4)?.parse().ok()?;
    let unit: Institution = institutions::of_year(rows, &row.unit_uscc, year).filter(|_| is_reported)?;
    let class = Class::of_number(unit.institution_class.parse().ok()?)?;
    let city = City::of_division(unit.division_code.parse().ok()?);
    let area_m2 = (unit.floor_area_m2? + 50) / 100;
    Some(Contribution {
        unit: row.unit_uscc.clone(),
        leaf: Leaf { class, city },
        size: Size { area_m2, users: unit.energy_users? },
        amounts: amounts(row),
        estimated: row.data_status == "estimated",
        public: false,
    })
}

fn amounts(row: &EnergyMonth) -> Amounts {
    let conventional = row.water_m3.map(|water| water - row.nonconventional_m3.unwrap_or(0));
    let all = [
        (Quantity::Electricity, row.electricity_kwh),
        (Quantity::PvSelfUse, row.pv_self_use_kwh),
        (Quantity::PvExport, row.pv_export_kwh),
        (Quantity::Coal, row.coal_t),
        (Quantity::NaturalGas, row.natural_gas_m3),
        (Quantity::Lpg, row.lpg_kg),
        (Quantity::TownGas, row.town_gas_m3),
        (Quantity::PetrolVehicle, row.petrol_vehicle_l),
        (Quantity::PetrolOther, row.petrol_other_l),
        (Quantity::DieselVehicle, row.diesel_vehicle_l),
        (Quantity::DieselOther, row.diesel_other_l),
        (Quantity::Kerosene, row.kerosene_l),
        (Quantity::Heat, row.heat_gj),
        (Quantity::OtherEnergy, row.other_tce),
        (Quantity::ConventionalWater, conventional),
        (Quantity::NonconventionalWater, row.nonconventional_m3),
    ];
    all.into_iter().filter_map(|(quantity, amount)| Some((quantity, amount?))).collect()
}

fn parse(period: &str) -> Result<Month, Refusal> {
    let refused = || Refusal::PeriodForm { period: period.to_owned() };
    let written = codes::period(period).ok_or_else(refused)?;
    let (year, month) = written.split_once('-').ok_or_else(refused)?;
    Ok(Month { year: year.parse().map_err(|_| refused())?, month: month.parse().map_err(|_| refused())? })
}

/// The month that is listed under a number.
pub fn period(number: u64) -> String {
    format!("{:04}-{:02}", number / 100, number % 100)
}

/// The number under which the release of a month such as `2025-03` is listed.
pub fn number_of(period: &str) -> Option<u64> {
    parse(period).ok().map(number)
}

/// The number under which a month's release is listed, such as 202503.
pub fn number(month: Month) -> u64 {
    u64::from(month.year) * 100 + u64::from(month.month)
}

/// Such as `021+022/230100`; `*` stands for the other cities.
fn name(cell: &CellName) -> String {
    let classes: Vec<String> = cell.classes.iter().map(|class| class_code(*class)).collect();
    let city = cell.city.map_or("*".to_owned(), |city| city.code().to_string());
    format!("{}/{city}", classes.join("+"))
}

/// As the form writes it: `01`, `021`, `03`.
pub fn class_code(class: Class) -> String {
    format!("0{}", class.number())
}
