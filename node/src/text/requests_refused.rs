//! Why something is not done with a request (不予办理).

use super::{Lang, list, say, state, stays, system, unfit, yuan};
use crate::calendar::minute;
use crate::systems::requests::{NoGround, NotAsked, OutOfTurn, Refusal, Unlent};
use crate::systems::trips::NotDriven;

/// One sentence; it names the rule and the data.
pub fn request_refusal(lang: Lang, refusal: &Refusal) -> String {
    match refusal {
        Refusal::Ask(refusal) => not_asked(lang, refusal),
        Refusal::Agreement(refusal) => no_ground(lang, refusal),
        Refusal::Turn(refusal) => out_of_turn(lang, refusal),
        Refusal::Thing(refusal) => unlent(lang, refusal),
        Refusal::Trip(refusal) => not_driven(lang, refusal),
    }
}

/// A request as it is put.
fn not_asked(lang: Lang, refusal: &NotAsked) -> String {
    match refusal {
        NotAsked::UnknownListing { listing } => say!(lang,
            zh: "没有共享条目 {listing}。",
            en: "Nothing is listed under {listing}."),
        NotAsked::OwnListing { listing } => say!(lang,
            zh: "{listing} 是本单位自己的，请在本单位内派用。",
            en: "{listing} is one of our own: it is dispatched at home."),
        NotAsked::EndBeforeStart => say!(lang,
            zh: "结束时间不晚于开始时间。",
            en: "The end is not after the start."),
        NotAsked::PeriodTooLong { days_max } => say!(lang,
            zh: "时段过长，最多 {days_max} 天。",
            en: "The period is too long: {days_max} days at most."),
        NotAsked::StartsInPast { from } => {
            let from = minute(*from);
            say!(lang, zh: "开始时间 {from} 已经过去。", en: "The start, {from}, has passed.")
        }
        NotAsked::TooFarAhead { days_max } => say!(lang,
            zh: "最多提前 {days_max} 天申请。",
            en: "Too far ahead: {days_max} days at most."),
        NotAsked::PurposeUnknown { purposes } => {
            let purposes = list(lang, purposes);
            match lang {
                Lang::Zh => format!("用途应为以下之一：{purposes}。"),
                Lang::En => format!("The purpose has to be one of: {}.", codes_of(&purposes)),
            }
        }
        NotAsked::CountRange { max } => say!(lang,
            zh: "人数或件数应为 1 至 {max}。",
            en: "The number of persons or pieces has to be 1 to {max}."),
        NotAsked::PlaceUnknown { place } => say!(lang,
            zh: "没有行政区划 {place}。",
            en: "There is no division {place}."),
        NotAsked::ApprovalMissing => say!(lang,
            zh: "请填写本单位的批准文号。",
            en: "Give the number of the paper with which it was approved."),
        NotAsked::TextTooLong { chars_max } => say!(lang,
            zh: "文字过长，最多 {chars_max} 个字。",
            en: "The text is too long: {chars_max} characters at most."),
        NotAsked::TelephoneForm { telephone } => say!(lang,
            zh: "“{telephone}”不是电话号码；不要填写姓名。",
            en: "\"{telephone}\" is no telephone number; give no names."),
        NotAsked::KeyReused { id } => say!(lang,
            zh: "这个防重键已用于另一份申请 {id}。",
            en: "The key was given for another request, {id}."),
        NotAsked::AskedAlready { id } => say!(lang,
            zh: "已提交过同样的申请 {id}，尚未结束。",
            en: "The same has been asked for in {id}, which is not over."),
    }
}

/// What agreements do not bear.
fn no_ground(lang: Lang, refusal: &NoGround) -> String {
    match refusal {
        NoGround::NoAgreement { member } => say!(lang,
            zh: "本节点没有与 {member} 的合作协议；没有协议不能跨省派车。",
            en: "No agreement here names {member}: nothing is lent without one."),
        NoGround::OutOfScope { kind, member } => {
            let system = system(lang, kind.system());
            say!(lang,
                zh: "与 {member} 的协议不含{system}。",
                en: "The agreement with {member} does not cover {system}.")
        }
        NoGround::AgreementExpired { until } => {
            let until = minute(*until);
            say!(lang,
                zh: "协议不在有效期内（至 {until}）。",
                en: "The agreement is not valid now (until {until}).")
        }
        NoGround::NotOpen { .. } => say!(lang,
            zh: "暂不能在该协议下发布：节点尚未与其他成员核对，或时钟有疑（见 status）；请稍后再试。",
            en: "Nothing may be said under the agreement yet: heads are not compared or the clock is doubtful (see status); try again soon."),
    }
}

/// Whose turn it is.
fn out_of_turn(lang: Lang, refusal: &OutOfTurn) -> String {
    match refusal {
        OutOfTurn::UnknownRequest { id } => say!(lang,
            zh: "没有申请 {id}。",
            en: "There is no request {id}."),
        OutOfTurn::NotTheOwner { owner } => say!(lang,
            zh: "只有所有者 {owner} 可以这样做。",
            en: "Only the owner, {owner}, can do this."),
        OutOfTurn::NotTheRequester { requester } => say!(lang,
            zh: "只有申请者 {requester} 可以这样做。",
            en: "Only who asked, {requester}, can do this."),
        OutOfTurn::AlreadyCancelled => say!(lang,
            zh: "申请者已经取消。",
            en: "The requester has cancelled it."),
        OutOfTurn::WrongState { state: at } => {
            let at = state(lang, *at);
            say!(lang,
                zh: "申请的状态为“{at}”，不能这样做。",
                en: "Not while the request is: {at}.")
        }
        OutOfTurn::LateAnswer { by } => {
            let by = minute(*by);
            say!(lang, zh: "已过答复期限 {by}。", en: "Too late: an answer was due by {by}.")
        }
        OutOfTurn::LateConfirm { by } => {
            let by = minute(*by);
            say!(lang, zh: "已过确认期限 {by}。", en: "Too late: it could be confirmed until {by}.")
        }
        OutOfTurn::NotBegun { from } => {
            let from = minute(*from);
            say!(lang,
                zh: "{from} 才开始，不能记为未到。",
                en: "It begins at {from}: nobody has failed to come yet.")
        }
    }
}

/// What the owner cannot promise.
fn unlent(lang: Lang, refusal: &Unlent) -> String {
    match refusal {
        Unlent::NotShared { listing } => say!(lang,
            zh: "{listing} 已不在台账中，或不再共享。",
            en: "{listing} is not in the register any more, or not shared."),
        Unlent::NotLent { stays: why } => {
            let why = stays(lang, why);
            say!(lang, zh: "到用完那天不能共享：{why}", en: "Not until the end of it: {why}")
        }
        Unlent::OutOfOrder => say!(lang,
            zh: "在维修或已封存。",
            en: "It is in repair or sealed."),
        Unlent::Blocked { reason, from, until } => {
            let (from, until) = (minute(*from), minute(*until));
            say!(lang,
                zh: "日历上 {from} 至 {until} 不外派（{reason}）。",
                en: "The calendar keeps it from {from} to {until} ({reason}).")
        }
        Unlent::Overlaps { with, from, until } => {
            let (from, until) = (minute(*from), minute(*until));
            say!(lang,
                zh: "{from} 至 {until} 已给 {with}。",
                en: "{with} has it from {from} to {until}.")
        }
        Unlent::OthersWait { id } => say!(lang,
            zh: "{id} 在候补名单上更早，请先答复。",
            en: "{id} has been on the waiting list for longer: answer that first."),
        Unlent::NoTariff { word } => say!(lang,
            zh: "尚未设定 {word} 的价目；请用 vehicle tariff set。",
            en: "There is no tariff for {word}; set one with vehicle tariff set."),
    }
}

/// A step of a trip, or a tariff.
fn not_driven(lang: Lang, refusal: &NotDriven) -> String {
    match refusal {
        NotDriven::TypeUnknown { types } => {
            let types = list(lang, types);
            match lang {
                Lang::Zh => format!("车辆类型应为以下之一：{types}。"),
                Lang::En => format!("The vehicle type has to be one of: {}.", codes_of(&types)),
            }
        }
        NotDriven::NoTrip { kind } => {
            let system = system(lang, kind.system());
            say!(lang, zh: "{system}没有出车和结算。", en: "There are no trips with {system}.")
        }
        NotDriven::NotConfirmed => say!(lang,
            zh: "申请者尚未确认，也不是应急用车。",
            en: "The requester has not confirmed, and it is not urgent."),
        NotDriven::Driver { driver_no, unfit: reason } => {
            let reason = unfit(lang, reason);
            say!(lang, zh: "驾驶员 {driver_no}：{reason}", en: "Driver {driver_no}: {reason}")
        }
        NotDriven::OdometerBackwards { have_km } => say!(lang,
            zh: "里程表倒退：已有 {have_km} 公里。",
            en: "The odometer would run backwards: it stood at {have_km} km."),
        NotDriven::OdometerJumps { km_max } => say!(lang,
            zh: "里程过多：这段时间最多 {km_max} 公里。",
            en: "Too far: {km_max} km at most in that time."),
        NotDriven::TimeOrder { after, before } => {
            let (after, before) = (minute(*after), minute(*before));
            say!(lang,
                zh: "时间应在 {after} 与 {before} 之间。",
                en: "The time has to be between {after} and {before}.")
        }
        NotDriven::AmountRange { max } => say!(lang,
            zh: "数值应为 0 至 {max}。",
            en: "The value has to be 0 to {max}."),
        NotDriven::NothingToBill => say!(lang,
            zh: "没有费用，无需结算。",
            en: "It cost nothing: there is nothing to bill."),
        NotDriven::BillDiffers { billed_fen, computed_fen } => {
            let billed = yuan(*billed_fen);
            let computed = computed_fen.map_or_else(|| "–".to_owned(), yuan);
            say!(lang,
                zh: "结算单 {billed} 元与按记录计算的 {computed} 元不一致；可提出异议。",
                en: "The statement says {billed} yuan, the records {computed}; dispute it.")
        }
        NotDriven::ScoreRange => say!(lang,
            zh: "评分应为 1 至 5。",
            en: "A score is 1 to 5."),
    }
}

/// Of words with codes behind them the codes alone.
fn codes_of(words: &str) -> String {
    let codes = words.split(", ").map(|word| word.rsplit(' ').next().unwrap_or(word));
    codes.collect::<Vec<_>>().join(", ")
}
