//! Words for things that appear in many sentences.

use std::fmt::Display;

use xietong_proto::id::*;

use super::{Heading, Lang, listing_columns, say};
use crate::papers::copy::LevelName;
use crate::systems::{Kind, doors};

/// The word of a code in a list of choices; the code itself where it is none of them, and in English.
pub fn word(lang: Lang, choices: &[(&str, &str)], code: &str) -> String {
    let found = choices.iter().find(|(known, _)| *known == code).filter(|_| lang == Lang::Zh);
    found.map_or(code, |(_, word)| word).to_owned()
}

/// The name of a business system.
pub fn system(lang: Lang, system: System) -> String {
    match (Kind::of(system), system) {
        (Some(known), _) => kind(lang, known),
        (None, doors::SYSTEM) => say!(lang, zh: "门禁与操作", en: "doors"),
        (None, System(number)) => say!(lang, zh: "第 {number} 号业务领域", en: "system {number}"),
    }
}

/// The name of one that this program knows.
pub fn kind(lang: Lang, kind: Kind) -> String {
    let (zh, en) = (kind.zh(), kind.name());
    say!(lang, zh: "{zh}", en: "{en}")
}

/// What leaves the province in a system, and what stays.
pub fn leaves(lang: Lang, system: System) -> String {
    let Some(kind) = Kind::of(system) else {
        return say!(lang,
            zh: "本版本的程序不认识这一领域，不从本单位提供任何数据。",
            en: "This version of the program does not know the system and discloses nothing in it.");
    };
    match kind {
        Kind::Assets => say!(lang,
            zh: "仅标明“纳入区域共享”且符合条件的资产：共享编号、所在市、资产分类、名称、品牌、规格型号、数量、计量单位、投入使用年份、新旧程度、可否借用和调拨、运费承担方、价值区间。预订与答复提供给全体成员；机身编号和存放地点只在答应借用之后告知对方。不含单位、资产编号、原值。",
            en: "Only assets marked as shared that pass the checks: listing number, city, asset class, name, brand, specification, quantity, unit of measure, year of service, condition, whether it may be lent or transferred, who pays freight, value band. Requests and answers go to all members; serial number and place only to the member to whom the asset was promised. Never the institution, asset code or price."),
        Kind::Vehicles => say!(lang,
            zh: "仅标明“纳入区域共享”且符合条件的车辆：共享编号、所在市、车辆类型、座位数、燃料种类、是否空闲、参考价格。预订与答复提供给全体成员；号牌、车辆识别代号、驾驶员电话、行程里程和费用只在答应派车之后告知对方。不含单位、购置价格；领导用车、涉密车辆和机要通信用车一律不提供。",
            en: "Only vehicles marked as shared that pass the checks: listing number, city, vehicle type, seats, fuel, free or not, reference price. Requests and answers go to all members; plate, VIN, the driver's telephone, and odometer and cost of a trip only to the member to whom the vehicle was promised. Never the institution or price paid; never a leader's, confidential or classified-courier vehicle."),
        Kind::Energy => say!(lang,
            zh: "仅在明确发布某一期时提供：按市和机构类型汇总、至少五个单位且无一独大的能耗、用水、面积和人数合计。不含任何单位的数据；不足条件的合并或不予公布。",
            en: "Only when a period is expressly released: totals of energy, water, area and users by city and institution class, of at least five institutions of which none dominates. Never one institution's figures; what does not qualify is merged or withheld."),
        _ => columns_leave(lang, &listing_columns(kind)),
    }
}

/// What leaves of a register is what its listings have columns for.
fn columns_leave(lang: Lang, columns: &[Heading]) -> String {
    if columns.is_empty() {
        return say!(lang, zh: "不对外提供。", en: "Nothing leaves.");
    }
    let columns: Vec<_> = columns.iter().map(|column| column.title(lang)).collect();
    let columns = list(lang, &columns);
    say!(lang,
        zh: "仅应予共享且符合条件的各条：共享编号、{columns}。此外不提供。",
        en: "Only what is to be shared and passes the checks: listing number, {columns}. Nothing else of it.")
}

/// The name of a level.
pub fn level(lang: Lang, level: LevelName) -> String {
    match level {
        LevelName::Provinces => say!(lang, zh: "省际", en: "between provinces"),
        LevelName::Cities => say!(lang, zh: "城市间", en: "between cities"),
        LevelName::WithinProvince => say!(lang, zh: "省内", en: "within a province"),
    }
}

/// Things one after the other.
pub fn list<T: Display>(lang: Lang, things: &[T]) -> String {
    let texts: Vec<_> = things.iter().map(T::to_string).collect();
    match lang {
        Lang::Zh => texts.join("、"),
        Lang::En => texts.join(", "),
    }
}
