//! Monthly energy 月度能耗: the register, of which no row ever leaves, and the release, which is all that does.

pub mod release;
pub mod release_act;

use jiff::civil::Date;
use xietong_proto::wire::energy::EnergyMonth;

use super::circle::Circle;
use super::column::{Column, Form, Need, Value, columns};
use super::fault::{CellFault, Flag, RowFault};
use super::institutions;
use super::keys;
use super::kind::Kind;
use super::listing::{Disclosure, Nothing};
use super::register::{self, Register};
use super::rows::Rows;

/// The register of monthly energy.
pub struct Energy;

/// Whether a month was metered, estimated, or is missing.
pub const DATA_STATUSES: &[(&str, &str)] = &[("metered", "实测"), ("estimated", "估算"), ("missing", "缺报")];

impl Register for Energy {
    type Row = EnergyMonth;
    type Listing = Nothing;
    const KIND: Kind = Kind::Energy;
    const ON_SCREEN: &[&str] = &["electricity_kwh", "natural_gas_m3", "heat_gj", "water_m3", "data_status"];
    const EXAMPLE: &str = "\
11230000000120010Q,2025-03,102350.00,71645.00,3120.00,0,,,6666.67,26000.00,,,980.00,0,240.00,0,,850.00,,51000.00,,1502.00,0,7510.00,实测,2025-11,
12230103000120037X,2025-03,14820.00,8447.40,,,,,,,,,62.00,,,,,,8600,27520.00,,410.00,,2050.00,估算,2025-11,抄表缺一周
";

    fn columns() -> &'static [Column<EnergyMonth>] {
        columns! { EnergyMonth:
            text unit_uscc "统一社会信用代码" Required Form::Uscc;
            text period "统计期" Required Form::Period;
            number electricity_kwh "电力(千瓦时)" Optional Form::Quantity;
            number electricity_cost "电费(元)" Optional Form::Money;
            number pv_self_use_kwh "光伏自用电量(千瓦时)" Optional Form::Quantity;
            number pv_export_kwh "光伏上网电量(千瓦时)" Optional Form::Quantity;
            number coal_t "煤炭(吨)" Optional Form::Quantity;
            number coal_cost "煤炭费用(元)" Optional Form::Money;
            number natural_gas_m3 "天然气(立方米)" Optional Form::Quantity;
            number natural_gas_cost "天然气费用(元)" Optional Form::Money;
            number lpg_kg "液化石油气(千克)" Optional Form::Quantity;
            number town_gas_m3 "人工煤气(立方米)" Optional Form::Quantity;
            number petrol_vehicle_l "车辆用汽油(升)" Optional Form::Quantity;
            number petrol_other_l "其他用汽油(升)" Optional Form::Quantity;
            number diesel_vehicle_l "车辆用柴油(升)" Optional Form::Quantity;
            number diesel_other_l "其他用柴油(升)" Optional Form::Quantity;
            number kerosene_l "煤油(升)" Optional Form::Quantity;
            number heat_gj "热力消费量(吉焦)" Optional Form::Quantity;
            number heat_area_m2 "按面积收费供热面积(平方米)" Optional Form::Quantity;
            number heat_cost "供热费用(元)" Optional Form::Money;
            number other_tce "其他能源(吨标准煤)" Optional Form::Quantity;
            number water_m3 "用水量(立方米)" Optional Form::Quantity;
            number nonconventional_m3 "其中:非常规水(立方米)" Optional Form::Quantity;
            number water_cost "水费(元)" Optional Form::Money;
            text data_status "数据状态" Required Form::Choice(DATA_STATUSES);
            text form_version "报表版本" Required Form::Code(20);
            text remark "备注" Optional Form::Text(500);
        }
    }

    /// A million kilojoules are a gigajoule.
    fn aliases() -> &'static [(&'static str, &'static str)] {
        &[("热力(百万千焦)", "heat_gj"), ("热力(吉焦)", "heat_gj"), ("热力消费量(百万千焦)", "heat_gj")]
    }

    fn key(row: &EnergyMonth) -> String {
        format!("{}/{}", row.unit_uscc, row.period)
    }

    fn unit(row: &EnergyMonth) -> Option<(&'static str, String)> {
        Some(("unit_uscc", format!("{}/{}", row.unit_uscc, year_of(row))))
    }

    fn division(_: &EnergyMonth) -> Option<&str> {
        None
    }

    fn check(row: &EnergyMonth, today: Date) -> Result<(), CellFault> {
        if row.period.as_str() > &today.to_string()[..7] {
            return Err(CellFault::new("period", RowFault::PeriodInFuture));
        }
        let is_part = |column: &&Column<EnergyMonth>| column.name == "nonconventional_m3";
        let mut totals = quantities().filter(|column| !is_part(column));
        if row.data_status != "missing" && !totals.any(|column| (column.get)(row).is_some()) {
            return Err(CellFault::new("electricity_kwh", RowFault::NothingReported));
        }
        if row.nonconventional_m3.unwrap_or(0) > row.water_m3.unwrap_or(0) {
            return Err(CellFault::new("nonconventional_m3", RowFault::PartAboveTotal));
        }
        Ok(())
    }

    fn flags(rows: &dyn Rows, row: &EnergyMonth, _: Date, _: &Circle) -> Vec<Flag> {
        let mut flags = Vec::new();
        flags.extend(PRICES.iter().filter_map(|band| unit_price(row, band)));
        flags.extend(year_on_year(rows, row));
        flags.extend(per_area(rows, row));
        flags.extend(same_value(rows, row));
        flags
    }

    fn disclose(_: &EnergyMonth, _: Date) -> Disclosure<Nothing> {
        Disclosure::NotShared
    }
}

/// Columns that carry a physical quantity.
pub fn quantities() -> impl Iterator<Item = &'static Column<EnergyMonth>> {
    Energy::columns().iter().filter(|column| column.form == Form::Quantity && column.need == Need::Optional)
}

/// The unit's months of one period.
pub fn of_period<'a>(rows: &'a dyn Rows, period: &'a str) -> impl Iterator<Item = EnergyMonth> + 'a {
    let all = register::scan::<Energy>(rows, &keys::register_prefix(Kind::Energy.system()));
    all.map(|(_, row)| row).filter(move |row| row.period == period)
}

fn year_of(row: &EnergyMonth) -> i64 {
    row.period.get(..4).and_then(|year| year.parse().ok()).unwrap_or(0)
}

fn of_month(rows: &dyn Rows, row: &EnergyMonth, back: u32) -> Option<EnergyMonth> {
    let month: u32 = row.period.get(5..7)?.parse().ok()?;
    let count = u32::try_from(year_of(row)).ok()? * 12 + month - 1;
    let then = count.checked_sub(back)?;
    let key = format!("{}/{:04}-{:02}", row.unit_uscc, then / 12, then % 12 + 1);
    register::get::<Energy>(rows, &key).map(|(_, row)| row)
}

/// What a unit costs, in hundredths of a fen per unit: outside it perhaps another unit was meant. Starting values.
struct PriceBand {
    column: &'static str,
    cost: fn(&EnergyMonth) -> Option<i64>,
    quantity: fn(&EnergyMonth) -> Option<i64>,
    yuan_min: i64,
    yuan_max: i64,
}

/// Bands in hundredths of a yuan per unit.
const PRICES: &[PriceBand] = &[
    PriceBand {
        column: "electricity_kwh",
        cost: |r| r.electricity_cost,
        quantity: |r| r.electricity_kwh,
        yuan_min: 20,
        yuan_max: 200,
    },
    PriceBand {
        column: "coal_t",
        cost: |r| r.coal_cost,
        quantity: |r| r.coal_t,
        yuan_min: 20_000,
        yuan_max: 300_000,
    },
    PriceBand {
        column: "natural_gas_m3",
        cost: |r| r.natural_gas_cost,
        quantity: |r| r.natural_gas_m3,
        yuan_min: 150,
        yuan_max: 800,
    },
    PriceBand {
        column: "heat_gj",
        cost: |r| r.heat_cost,
        quantity: |r| r.heat_gj,
        yuan_min: 1_500,
        yuan_max: 20_000,
    },
    PriceBand {
        column: "water_m3",
        cost: |r| r.water_cost,
        quantity: |r| r.water_m3,
        yuan_min: 100,
        yuan_max: 3_000,
    },
];

fn unit_price(row: &EnergyMonth, band: &PriceBand) -> Option<Flag> {
    let (cost, quantity) = ((band.cost)(row)?, (band.quantity)(row)?);
    if cost == 0 || quantity == 0 {
        return None;
    }
    let is_usual = (band.yuan_min * quantity..=band.yuan_max * quantity).contains(&(cost * 100));
    (!is_usual).then(|| Flag::UnitPriceOutOfBand { column: band.column.to_owned() })
}

fn number(column: &Column<EnergyMonth>, row: &EnergyMonth) -> Option<i64> {
    match (column.get)(row)? {
        Value::Number(number) => Some(number),
        Value::Text(_) | Value::Flag(_) => None,
    }
}

/// More than 30 % away from the same month of the year before.
fn year_on_year(rows: &dyn Rows, row: &EnergyMonth) -> Option<Flag> {
    let before = of_month(rows, row, 12)?;
    let is_far = |column: &&Column<EnergyMonth>| match (number(column, row), number(column, &before)) {
        (Some(now), Some(then)) if then > 0 => (now - then).abs() * 100 > then * 30,
        (_, _) => false,
    };
    quantities().find(is_far).map(|column| Flag::YearOnYear { column: column.name.to_owned() })
}

/// Electricity outside 5 to 300 kWh/m² a year; a month counts as a twelfth.
fn per_area(rows: &dyn Rows, row: &EnergyMonth) -> Option<Flag> {
    let area =
        institutions::of_year(rows, &row.unit_uscc, year_of(row))?.floor_area_m2.filter(|area| *area > 0)?;
    let electricity = row.electricity_kwh.filter(|kwh| *kwh > 0)?;
    let is_usual = (5 * area..=300 * area).contains(&(electricity * 12));
    (!is_usual).then_some(Flag::PerArea)
}

/// The same electricity, gas, heat or water in this and the five months before.
fn same_value(rows: &dyn Rows, row: &EnergyMonth) -> Option<Flag> {
    let months: Option<Vec<EnergyMonth>> = (1..6).map(|back| of_month(rows, row, back)).collect();
    let months = months?;
    let is_same = |column: &&Column<EnergyMonth>| {
        let now = number(column, row).filter(|now| *now > 0);
        now.is_some() && months.iter().all(|month| number(column, month) == now)
    };
    quantities().find(is_same).map(|column| Flag::SameValueSixMonths { column: column.name.to_owned() })
}
