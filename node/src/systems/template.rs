//! Empty files to fill in, from the same column tables that read them.

use super::column::{Column, Need};
use super::kind::Kind;
use super::register::Register;
use super::registers::for_register;

/// A file with headers only, or with two example rows.
pub fn template(kind: Kind, in_chinese: bool, with_example: bool) -> String {
    let headers = for_register!(kind, R => headers(R::columns(), in_chinese));
    let example = if with_example { example(kind, in_chinese) } else { String::new() };
    format!("{headers}\n{example}")
}

/// The columns that a file must have.
pub fn required(kind: Kind) -> Vec<&'static str> {
    for_register!(kind, R => {
        let required = R::columns().iter().filter(|column| column.need == Need::Required);
        required.map(|column| column.name).collect()
    })
}

fn headers<R>(columns: &[Column<R>], in_chinese: bool) -> String {
    let header = |column: &Column<R>| if in_chinese { column.zh } else { column.name };
    columns.iter().map(header).collect::<Vec<_>>().join(",")
}

/// Words of the examples are Chinese; the English file has the codes.
fn example(kind: Kind, in_chinese: bool) -> String {
    let text = match kind {
        Kind::Institutions => INSTITUTIONS,
        Kind::Assets => ASSETS,
        Kind::Vehicles => VEHICLES,
        Kind::Energy => ENERGY,
        Kind::Drivers => DRIVERS,
    };
    if in_chinese { text.to_owned() } else { for_register!(kind, R => translated::<R>(text)) }
}

fn translated<R: Register>(text: &str) -> String {
    let line = |line: &str| {
        let cells = line.split(',').zip(R::columns()).map(|(cell, column)| {
            let value = if cell.is_empty() { None } else { column.form.read(cell).ok() };
            value.map(|value| column.form.write(&value, false)).unwrap_or_default()
        });
        cells.collect::<Vec<_>>().join(",") + "\n"
    };
    text.lines().map(line).collect()
}

const INSTITUTIONS: &str = "\
11230000000120010Q,示例省直机关甲,2025,01,230103,20000,20000,600,520,18,16,9,1,6,,,是,2025-11,
12230103000120037X,示例小学乙,2025,教育,230103,8600,8600,640,58,1,1,1,0,0,,585,是,2025-11,
";

const ASSETS: &str = "\
11230000000120010Q,TY2021000137,台式计算机,2022,A02010105,i5-10400/16G/512G,联想,PF0A7K31,1,台,原值,4860.00,3240.00,1620.00,新购,2021-03-15,2021-03-20,闲置,2025-02-01,已入账,2021-03-31,11230000000120010Q,230103,2号楼B103,4,HLJ-01,实体,闲置,是,是,调入方,是,是,
12230100000120029P,0003862,会议桌,2022,A05010000,3.6m 实木,,,4,张,原值,11600.00,2320.00,9280.00,新购,2023-06-02,2023-06-10,自用,,已入账,2023-06-30,12230100000120029P,230102,三楼会议室,1,,,,,,,,否,
";

const VEHICLES: &str = "\
LSVAA2184N2100001,黑A12345,小型汽车,EA211-001,应急保障,轿车,否,在编,HLJ-BZ-0132,大众朗逸1.4T,中国,1.4,5,汽油,国六,128000.00,2022-05-18,2022-05-20,11230000000120010Q,11230000000120010Q,平台,230103,空闲,是,是,86240,2041-05-31,2041-05-17,320.00,是,,TM-200,,2025,18240,1368.00,,10670.40,4260.00,3120.00,1180.00,
LGXCE4CB3P0300003,黑AD12345,小型新能源汽车,TZ200-778,业务,轿车,否,在编,HLJ-BZ-0207,比亚迪秦PLUS EV,中国,0,5,纯电动,,139800.00,2023-04-11,2023-04-12,12230103000120037X,12230103000120037X,自用,230103,空闲,是,是,41005,2041-04-30,2041-04-10,300.00,是,,TM-200,,2025,15300,,2142.00,1285.20,980.00,3350.00,640.00,
";

const ENERGY: &str = "\
11230000000120010Q,2025-03,102350.00,71645.00,3120.00,0,,,6666.67,26000.00,,,980.00,0,240.00,0,,850.00,,51000.00,,1502.00,0,7510.00,实测,2025-11,
12230103000120037X,2025-03,14820.00,8447.40,,,,,,,,,62.00,,,,,,8600,27520.00,,410.00,,2050.00,估算,2025-11,抄表缺一周
";

const DRIVERS: &str = "\
J001,示例驾驶员甲,11230000000120010Q,A1,2041-06-30,0451-5550101,在岗,
J002,示例驾驶员乙,12230103000120037X,C1,2041-09-30,,在岗,
";
