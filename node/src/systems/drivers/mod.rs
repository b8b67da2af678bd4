//! Drivers 驾驶员: who may drive what, and whether one is free and within the hours. Local only: nothing of it ever
//! leaves, not even how many there are.

pub mod duty;

use jiff::civil::Date;
use prost::Message;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use xietong_proto::entry::Record;
use xietong_proto::id::{Millis, System};
use xietong_proto::wire::drivers::{Driver, Duty as DutySaid};

use super::Refusal;
use super::circle::Circle;
use super::column::{Column, Form, columns};
use super::fault::{CellFault, Flag, ImportReport};
use super::group::{Group, Home, record};
use super::keys::{self, Table};
use super::kind::Kind;
use super::listing::{Disclosure, Nothing};
use super::reading::Reading;
use super::register::{self, Intake, Register};
use super::row::{Row, Source};
use super::rows::Rows;
use super::vehicles::rules::Driving;
use crate::calendar;
use duty::{Duty, Unfit, unfit};

/// The register of drivers.
pub struct Drivers;

/// Classes of driving licences.
const LICENCES: &[(&str, &str)] =
    &[("A1", "A1"), ("A2", "A2"), ("A3", "A3"), ("B1", "B1"), ("B2", "B2"), ("C1", "C1"), ("C2", "C2")];

const STATUSES: &[(&str, &str)] = &[(ACTIVE, "在岗"), ("inactive", "停用")];

const ACTIVE: &str = "active";

/// Which licences a bus needs (机动车驾驶证申领和使用规定, 准驾车型及代号); all drive what is smaller.
const BUS_LICENCES: &[(&str, &[&str])] = &[("large_bus", &["A1"]), ("medium_bus", &["A1", "B1"])];

impl Register for Drivers {
    type Row = Driver;
    type Listing = Nothing;
    const KIND: Kind = Kind::Drivers;
    const ON_SCREEN: &[&str] =
        &["driver_name", "licence_class", "licence_until", "telephone", "driver_status"];
    const EXAMPLE: &str = "\
J001,示例驾驶员甲,11230000000120010Q,A1,2041-06-30,0451-5550101,在岗,
J002,示例驾驶员乙,12230103000120037X,C1,2041-09-30,,在岗,
";

    fn columns() -> &'static [Column<Driver>] {
        columns! { Driver:
            text driver_no "驾驶员编号" Required Form::Code(40);
            text driver_name "姓名" Required Form::Text(40);
            text unit_uscc "所在单位统一社会信用代码" Required Form::Uscc;
            text licence_class "准驾车型" Required Form::Choice(LICENCES);
            text licence_until "驾驶证有效期止" Required Form::Date;
            text telephone "联系电话" Optional Form::Code(20);
            text driver_status "在岗情况" Required Form::Choice(STATUSES);
            text remark "备注" Optional Form::Text(500);
        }
    }

    fn key(row: &Driver) -> String {
        row.driver_no.clone()
    }

    fn unit(row: &Driver) -> Option<(&'static str, String)> {
        Some(("unit_uscc", format!("{}/", row.unit_uscc)))
    }

    fn division(_: &Driver) -> Option<&str> {
        None
    }

    fn check(_: &Driver, _: Date) -> Result<(), CellFault> {
        Ok(())
    }

    fn flags(_: &dyn Rows, _: &Driver, _: Date, _: &Circle) -> Vec<Flag> {
        Vec::new()
    }

    fn disclose(_: &Driver, _: Date) -> Disclosure<Nothing> {
        Disclosure::NotShared
    }
}

/// What an operator or platform asks of drivers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Command {
    /// Take a driver up.
    Assign {
        /// By number.
        driver_no: String,
        /// From when, until when, how long at the wheel.
        duty: Duty,
        /// What is driven; none: anything small.
        vehicle_type: Option<String>,
    },
    /// Let a driver go again.
    Release {
        /// By number.
        driver_no: String,
        /// When the duty begins.
        #[serde(with = "calendar::rfc3339")]
        from: Millis,
    },
}

/// Decides a command; what it comes to is counted like a row that changes.
pub fn decide(rows: &dyn Rows, circle: &Circle, command: Command) -> Result<Intake, Refusal> {
    let record = match command {
        Command::Assign { driver_no, duty, vehicle_type } => {
            check(rows, &circle.rules.vehicles.driving, &driver_no, vehicle_type.as_deref(), &duty)
                .map_err(|unfit| Refusal::Driver { driver_no: driver_no.clone(), unfit })?;
            said(&driver_no, &duty)
        }
        Command::Release { driver_no, from } => {
            let key = keys::duty(&driver_no, from);
            if rows.get(&key).is_none() {
                return Err(Refusal::Driver { driver_no, unfit: Unfit::NoSuchDuty { from } });
            }
            given_back(&driver_no, from)
        }
    };
    let report = ImportReport { changed: 1, ..ImportReport::default() };
    Ok(Intake { records: vec![record], keys: Vec::new(), report })
}

/// Takes a driver up for what is driven, in the place of a duty that was planned for it.
pub fn take_up(
    rows: &dyn Rows,
    limits: &Driving,
    driver_no: &str,
    vehicle_type: &str,
    (planned, duty): (Option<&Duty>, &Duty),
) -> Result<Vec<Record>, Unfit> {
    let others = duties(rows, driver_no).into_iter().filter(|other| Some(other) != planned);
    check_beside(rows, limits, driver_no, Some(vehicle_type), duty, &others.collect::<Vec<_>>())?;
    let given_back = planned.map(|planned| given_back(driver_no, planned.from));
    Ok(given_back.into_iter().chain([said(driver_no, duty)]).collect())
}

/// The record by which a driver is taken up; one from the same moment on takes the place of the one before.
pub fn said(driver_no: &str, duty: &Duty) -> Record {
    let Duty { from, until, wheel_min, reason } = duty.clone();
    let driver_no = driver_no.to_owned();
    recorded(&DutySaid { driver_no, from_ms: from.0, until_ms: until.0, wheel_min, reason })
}

fn given_back(driver_no: &str, from: Millis) -> Record {
    recorded(&DutySaid { driver_no: driver_no.to_owned(), from_ms: from.0, ..DutySaid::default() })
}

fn recorded(duty: &DutySaid) -> Record {
    record(Kind::Drivers.system(), DUTY, duty.encode_to_vec())
}

/// Whether a driver may take up a duty: known, licensed, free and within the hours.
pub fn check(
    rows: &dyn Rows,
    limits: &Driving,
    driver_no: &str,
    vehicle_type: Option<&str>,
    duty: &Duty,
) -> Result<(), Unfit> {
    check_beside(rows, limits, driver_no, vehicle_type, duty, &duties(rows, driver_no))
}

fn check_beside(
    rows: &dyn Rows,
    limits: &Driving,
    driver_no: &str,
    vehicle_type: Option<&str>,
    duty: &Duty,
    others: &[Duty],
) -> Result<(), Unfit> {
    let (_, driver) = register::get::<Drivers>(rows, driver_no).ok_or(Unfit::Unknown)?;
    if driver.driver_status != ACTIVE {
        return Err(Unfit::Inactive);
    }
    if driver.licence_until < calendar::date(duty.until).to_string() {
        return Err(Unfit::LicenceEnds { until: driver.licence_until });
    }
    let needed = BUS_LICENCES.iter().find(|(bus, _)| vehicle_type == Some(bus)).map(|(_, needed)| *needed);
    if let Some(needed) = needed.filter(|needed| !needed.contains(&driver.licence_class.as_str())) {
        let needed = needed.iter().map(|class| (*class).to_owned()).collect();
        return Err(Unfit::Licence { has: driver.licence_class, needed });
    }
    unfit(duty, others, limits).map_or(Ok(()), Err)
}

/// What a driver is taken up with, in order of time.
pub fn duties(rows: &dyn Rows, driver_no: &str) -> Vec<Duty> {
    let all = rows.scan(&keys::duties(driver_no), &[]);
    all.filter_map(|(_, value)| Some(read(&value)?.1)).collect()
}

/// All duties: whose, which, and where it was said.
pub fn all_duties(rows: &dyn Rows) -> impl Iterator<Item = (String, Duty, Source)> + '_ {
    rows.scan(&Table::Duty.key(&[]), &[]).filter_map(|(_, value)| read(&value))
}

/// Who is taken up for a reason, such as a request.
pub fn of_reason(rows: &dyn Rows, reason: &str) -> Option<(String, Duty)> {
    let found = all_duties(rows).find(|(_, duty, _)| duty.reason == reason);
    found.map(|(driver_no, duty, _)| (driver_no, duty))
}

fn read(stored: &[u8]) -> Option<(String, Duty, Source)> {
    let Row { source, body, .. } = Row::decode(stored)?;
    let DutySaid { driver_no, from_ms, until_ms, wheel_min, reason } = DutySaid::decode(&body[..]).ok()?;
    Some((driver_no, Duty { from: Millis(from_ms), until: Millis(until_ms), wheel_min, reason }, source))
}

/// A driver and what stands against a duty, if anything.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    /// By number.
    pub driver_no: String,
    /// By name.
    pub driver_name: String,
    /// None: may take it up.
    pub unfit: Option<Unfit>,
}

/// All drivers on duty, and whether each may take up a duty.
pub fn candidates(
    rows: &dyn Rows,
    limits: &Driving,
    vehicle_type: Option<&str>,
    duty: &Duty,
) -> Vec<Candidate> {
    let all = register::scan::<Drivers>(rows, &keys::register_prefix(Kind::Drivers.system()));
    let candidate = |(driver_no, driver): (String, Driver)| {
        let unfit = check(rows, limits, &driver_no, vehicle_type, duty).err();
        Candidate { driver_no, driver_name: driver.driver_name, unfit }
    };
    all.filter(|(_, driver)| driver.driver_status == ACTIVE).map(candidate).collect()
}

/// A duty is taken up or given back (local).
const DUTY: u16 = 0x72;

/// What drivers are taken up with.
pub const DUTIES: Group = Group {
    systems: &[System::DRIVERS],
    low: DUTY..=DUTY,
    home: Home::Local,
    apply: |rows, origin, record| {
        let Ok(duty) = DutySaid::decode(&record.body[..]) else { return };
        let key = keys::duty(&duty.driver_no, Millis(duty.from_ms));
        if duty.wheel_min == 0 { rows.remove(key) } else { register::put(rows, key, origin, &record.body) }
    },
    read: |_, record| {
        let DutySaid { driver_no, from_ms, until_ms, wheel_min, reason } =
            DutySaid::decode(&record.body[..]).ok()?;
        let duty = Duty { from: Millis(from_ms), until: Millis(until_ms), wheel_min, reason };
        let mut told = json!(duty);
        if wheel_min == 0 {
            told["until"] = Json::Null;
        }
        Some(Reading::noted(Kind::Drivers, driver_no, told))
    },
};
