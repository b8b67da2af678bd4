//! Who may drive, and why not.

use super::{Lang, list, say, table};
use crate::calendar::minute;
use crate::systems::drivers::Candidate;
use crate::systems::drivers::duty::{Duty, Unfit};

/// Why a driver may not take up a duty.
pub fn unfit(lang: Lang, unfit: &Unfit) -> String {
    match unfit {
        Unfit::Unknown => say!(lang, zh: "台账中没有这名驾驶员。", en: "The register has no such driver."),
        Unfit::Inactive => say!(lang, zh: "不在岗。", en: "Not on duty."),
        Unfit::LicenceEnds { until } => {
            say!(lang, zh: "驾驶证 {until} 到期。", en: "The licence runs out on {until}.")
        }
        Unfit::Licence { has, needed } => {
            let needed = list(lang, needed);
            say!(lang,
                zh: "准驾车型为 {has}，需要 {needed}。",
                en: "The licence is {has}; needed is {needed}.")
        }
        Unfit::DutyForm => say!(lang,
            zh: "起止时间不对，或驾驶时间不在 1 分钟至全程之间。",
            en: "It ends before it begins, or the time at the wheel is not between a minute and all of it."),
        Unfit::Busy { from, until } => {
            let (from, until) = (minute(*from), minute(*until));
            say!(lang, zh: "{from} 至 {until} 已有任务。", en: "Taken up from {from} until {until}.")
        }
        Unfit::DayTooLong { date, minutes, minutes_max } => say!(lang,
            zh: "{date} 当日驾驶将达 {minutes} 分钟，上限 {minutes_max} 分钟。",
            en: "{minutes} minutes at the wheel on {date}, the limit is {minutes_max}."),
        Unfit::NoBreak { minutes, breaks, break_min } => say!(lang,
            zh: "连续任务共驾驶 {minutes} 分钟，须留出 {breaks} 次、每次 {break_min} 分钟的休息。",
            en: "{minutes} minutes at the wheel in one stretch need {breaks} breaks of {break_min} minutes; there is no room."),
        Unfit::NoSuchDuty { from } => {
            let from = minute(*from);
            say!(lang, zh: "没有 {from} 开始的任务。", en: "There is no duty that begins at {from}.")
        }
    }
}

/// Who may take up a duty, and what stands against the others.
pub fn candidates(lang: Lang, candidates: &[Candidate]) -> String {
    let header = [
        say!(lang, zh: "驾驶员编号", en: "driver"),
        say!(lang, zh: "姓名", en: "name"),
        say!(lang, zh: "能否出车", en: "may drive"),
    ];
    let row = |driver: &Candidate| {
        let may = driver.unfit.as_ref().map(|reason| unfit(lang, reason));
        let may = may.unwrap_or_else(|| say!(lang, zh: "可以", en: "yes"));
        vec![driver.driver_no.clone(), driver.driver_name.clone(), may]
    };
    if candidates.is_empty() {
        return say!(lang, zh: "没有在岗的驾驶员。", en: "There is no driver on duty.");
    }
    table(&header, &candidates.iter().map(row).collect::<Vec<_>>())
}

/// What a driver is taken up with.
pub fn duties(lang: Lang, duties: &[Duty]) -> String {
    let header = [
        say!(lang, zh: "起", en: "from"),
        say!(lang, zh: "止", en: "until"),
        say!(lang, zh: "驾驶（分钟）", en: "minutes at the wheel"),
        say!(lang, zh: "事由", en: "reason"),
    ];
    let row = |duty: &Duty| {
        vec![minute(duty.from), minute(duty.until), duty.wheel_min.to_string(), duty.reason.clone()]
    };
    if duties.is_empty() {
        return say!(lang, zh: "没有任务。", en: "No duties.");
    }
    table(&header, &duties.iter().map(row).collect::<Vec<_>>())
}

/// After a driver was taken up or let go.
pub fn driver_done(lang: Lang, driver_no: &str, duties_left: &[Duty]) -> String {
    let left = duties(lang, duties_left);
    say!(lang, zh: "驾驶员 {driver_no}：\n{left}", en: "Driver {driver_no}:\n{left}")
}
