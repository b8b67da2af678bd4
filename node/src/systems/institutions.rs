//! Institutions 单位: who owns, uses and consumes. Local only: nothing of it ever leaves. The other systems
//! ask it by name.

use jiff::civil::Date;
use xietong_proto::wire::institutions::Institution;

use super::circle::Circle;
use super::codes::uscc;
use super::column::{Column, Form, columns};
use super::fault::{CellFault, Flag, FormFault};
use super::kind::Kind;
use super::listing::{Disclosure, Nothing};
use super::register::Register;
use super::row::{Row, Source};
use super::rows::Rows;
use super::{keys, register};

/// The register of institutions.
pub struct Institutions;

/// Classes of institutions, as the energy form counts them.
pub const CLASSES: &[(&str, &str)] = &[
    ("01", "国家机关"),
    ("021", "教育"),
    ("022", "科技"),
    ("023", "文化"),
    ("024", "卫生"),
    ("025", "体育"),
    ("026", "其他事业单位"),
    ("03", "团体组织"),
];

impl Register for Institutions {
    type Row = Institution;
    type Listing = Nothing;
    const KIND: Kind = Kind::Institutions;
    const ON_SCREEN: &[&str] =
        &["unit_name", "institution_class", "division_code", "floor_area_m2", "energy_users"];
    const EXAMPLE: &str = "\
11230000000120010Q,示例省直机关甲,2025,01,230103,20000,20000,600,520,18,16,9,1,6,,,是,2025-11,
12230103000120037X,示例小学乙,2025,教育,230103,8600,8600,640,58,1,1,1,0,0,,585,是,2025-11,
";

    fn columns() -> &'static [Column<Institution>] {
        columns! { Institution:
            text unit_uscc "统一社会信用代码" Required Form::Uscc;
            text unit_name "单位名称" Required Form::Text(200);
            int year "统计年度" Required Form::Count;
            text institution_class "机构类型" Required Form::Choice(CLASSES);
            text division_code "行政区划代码" Required Form::Division;
            number floor_area_m2 "建筑面积(平方米)" Required Form::Quantity;
            number heated_area_m2 "供热面积(平方米)" Optional Form::Quantity;
            number energy_users "用能人数(人)" Required Form::Count;
            number staff_quota "编制人数(人)" Optional Form::Count;
            number vehicle_quota "公务用车编制数(辆)" Optional Form::Count;
            number vehicles_total "车辆总数(辆)" Optional Form::Count;
            number vehicles_petrol "汽油车(辆)" Optional Form::Count;
            number vehicles_diesel "柴油车(辆)" Optional Form::Count;
            number vehicles_nev "新能源汽车(辆)" Optional Form::Count;
            number beds "床位数(张)" Optional Form::Count;
            number students "学生人数(人)" Optional Form::Count;
            flag in_register "是否纳入名录库" Required Form::YesNo;
            text form_version "报表版本" Required Form::Code(20);
            text remark "备注" Optional Form::Text(500);
        }
    }

    fn key(row: &Institution) -> String {
        format!("{}/{}", row.unit_uscc, row.year)
    }

    fn division(row: &Institution) -> Option<&str> {
        Some(&row.division_code)
    }

    fn check(row: &Institution, today: Date) -> Result<(), CellFault> {
        let is_possible = (2000..=i64::from(today.year())).contains(&row.year);
        is_possible.then_some(()).ok_or_else(|| CellFault::new("year", FormFault::YearRange))
    }

    fn flags(_: &dyn Rows, row: &Institution, _: Date, _: &Circle) -> Vec<Flag> {
        let mut flags = Vec::new();
        if !uscc::is_organisation_right(&row.unit_uscc) {
            flags.push(Flag::OrgCheckDigit { uscc: row.unit_uscc.clone() });
        }
        if let (Some(users), Some(quota)) = (row.energy_users, row.staff_quota) {
            flags.extend((users > quota * 3).then_some(Flag::UsersOverQuota));
        }
        flags
    }

    fn disclose(_: &Institution, _: Date) -> Disclosure<Nothing> {
        Disclosure::NotShared
    }
}

/// How many vehicles a unit may have.
pub struct VehicleQuota {
    /// Within the establishment.
    pub vehicles: i64,
    /// For which year it was said.
    pub year: i64,
    /// Where.
    pub source: Source,
}

/// The newest quota of vehicles that is known of a unit.
pub fn vehicle_quota(rows: &dyn Rows, unit_uscc: &str) -> Option<VehicleQuota> {
    let prefix = keys::register(Kind::Institutions.system(), format!("{unit_uscc}/").as_bytes());
    let years = register::scan_said::<Institutions>(rows, &prefix, &[]);
    let quota = |(_, said, row): (String, Row, Institution)| {
        Some(VehicleQuota { vehicles: row.vehicle_quota?, year: row.year, source: said.source })
    };
    years.filter_map(quota).last()
}

/// A unit's row for a year.
pub fn of_year(rows: &dyn Rows, unit_uscc: &str, year: i64) -> Option<Institution> {
    register::get::<Institutions>(rows, &format!("{unit_uscc}/{year}")).map(|(_, row)| row)
}
