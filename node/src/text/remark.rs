//! Remarks on rows that were taken in: what is worth a look, and why a thing that should be shared stays.

use super::{Lang, column, say, yuan};
use crate::systems::Kind;
use crate::systems::fault::{Flag, Stays};

/// What is worth a look.
pub fn flag(lang: Lang, kind: Kind, flag: &Flag) -> String {
    match flag {
        Flag::OrgCheckDigit { uscc } => say!(lang,
            zh: "{uscc} 中组织机构代码的校验码不符。",
            en: "The check character of the organisation code inside {uscc} does not hold."),
        Flag::UsersOverQuota => say!(lang,
            zh: "用能人数超过编制人数的三倍。",
            en: "More than three energy users for each post."),
        Flag::SerialTwice { other } => say!(lang,
            zh: "机身编号与 {other} 相同，可能一物两卡。",
            en: "The serial number stands on {other} too: perhaps one thing has two cards."),
        Flag::AssetClassUnknown => say!(lang,
            zh: "资产分类代码不在已知名录中。",
            en: "No name is known here for the asset class."),
        Flag::VinCheckDigitForeign => say!(lang,
            zh: "进口车车辆识别代号的校验码不符。",
            en: "The check character of an imported vehicle's number does not hold."),
        Flag::ElectricOnOrdinaryPlate => say!(lang,
            zh: "纯电动车使用普通号牌。",
            en: "A pure electric vehicle on an ordinary plate."),
        Flag::PlateOtherProvince => say!(lang, zh: "外省号牌。", en: "A plate of another province."),
        Flag::ModelYear => say!(lang,
            zh: "车辆识别代号中的年份与注册登记日期不符。",
            en: "The model year in the VIN does not fit the first registration."),
        Flag::OverCeiling { fen_max } => {
            let yuan = yuan(*fen_max);
            say!(lang,
                zh: "超过该用途的配备标准（{yuan} 元，或排量上限）。",
                en: "Dearer or larger than allowed for its use (at most {yuan} yuan).")
        }
        Flag::Unmarked => {
            say!(lang, zh: "未作公务用车标识化。", en: "Without the mark of an official vehicle.")
        }
        Flag::OdometerJump { km, days } => say!(lang,
            zh: "{days} 天行驶 {km} 公里，请核对里程。",
            en: "{km} km in {days} days: look at the odometer again."),
        Flag::FuelUnlikely { per_100km } => {
            let litres = yuan(*per_100km);
            say!(lang,
                zh: "百公里油耗 {litres} 升，请核对年用油量和年里程。",
                en: "{litres} litres for 100 km: look at the year's fuel and distance again.")
        }
        Flag::UnitPriceOutOfBand { column: name } => {
            let name = column(lang, kind, name);
            say!(lang,
                zh: "{name}：单价超出通常范围，计量单位可能有误。",
                en: "{name}: the price of a unit is outside the usual band; perhaps another unit was used.")
        }
        Flag::YearOnYear { column: name } => {
            let name = column(lang, kind, name);
            say!(lang,
                zh: "{name}：与上年同月相差超过 30%。",
                en: "{name}: more than 30 % away from the same month of the year before.")
        }
        Flag::PerArea => say!(lang,
            zh: "单位面积电耗不在每年 5 至 300 千瓦时/平方米之间。",
            en: "Electricity per area is outside 5 to 300 kWh/m² a year."),
        Flag::SameValueSixMonths { column: name } => {
            let name = column(lang, kind, name);
            say!(lang,
                zh: "{name}：连续六个月数值相同。",
                en: "{name}: the same value for six months.")
        }
    }
}

/// Why a row that should be shared stays at home.
pub fn stays(lang: Lang, stays: &Stays) -> String {
    match stays {
        Stays::Confidential => say!(lang, zh: "涉密车辆。", en: "A confidential vehicle."),
        Stays::UseNotShareable => say!(lang,
            zh: "领导、机要通信、特种专业技术、离退休干部用车不共享。",
            en: "Vehicles of leaders, classified couriers, special technology and retired cadres never leave."),
        Stays::InspectionExpired => say!(lang, zh: "检验已过期。", en: "The inspection has run out."),
        Stays::InsuranceExpired => say!(lang, zh: "保险已到期。", en: "The insurance has run out."),
        Stays::StatusNotShareable => say!(lang,
            zh: "待处置或已注销。",
            en: "Up for disposal or deregistered."),
        Stays::NotIdleNorLendable => say!(lang,
            zh: "既未闲置，也不可借用或调拨。",
            en: "Neither idle nor to be lent or transferred."),
        Stays::NotBooked => say!(lang, zh: "未入账。", en: "Not entered in the accounts."),
        Stays::StorageNotWiped => say!(lang,
            zh: "存储介质未清除。",
            en: "Storage media have not been wiped."),
        Stays::ConditionNotListable => say!(lang,
            zh: "仅余残值或已报废。",
            en: "Scrap, or of residual value only."),
    }
}
