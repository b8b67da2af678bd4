//! Why something is not done with a request (不予办理).

use super::{Lang, list, say, state, stays, system, yuan};
use crate::calendar::minute;
use crate::systems::requests::Refusal;

/// One sentence; it names the rule and the data.
pub fn request_refusal(lang: Lang, refusal: &Refusal) -> String {
    match refusal {
        Refusal::UnknownListing { listing } => say!(lang,
            zh: "没有共享条目 {listing}。",
            en: "Nothing is listed under {listing}."),
        Refusal::OwnListing { listing } => say!(lang,
            zh: "{listing} 是本单位自己的，请在本单位内派用。",
            en: "{listing} is one of our own: it is dispatched at home."),
        Refusal::EndBeforeStart => say!(lang,
            zh: "结束时间不晚于开始时间。",
            en: "The end is not after the start."),
        Refusal::PeriodTooLong { days_max } => say!(lang,
            zh: "时段过长，最多 {days_max} 天。",
            en: "The period is too long: {days_max} days at most."),
        Refusal::StartsInPast { from } => {
            let from = minute(*from);
            say!(lang, zh: "开始时间 {from} 已经过去。", en: "The start, {from}, has passed.")
        }
        Refusal::TooFarAhead { days_max } => say!(lang,
            zh: "最多提前 {days_max} 天申请。",
            en: "Too far ahead: {days_max} days at most."),
        Refusal::PurposeUnknown { purposes } => {
            let purposes = list(lang, purposes);
            match lang {
                Lang::Zh => format!("用途应为以下之一：{purposes}。"),
                Lang::En => format!("The purpose has to be one of: {}.", codes_of(&purposes)),
            }
        }
        Refusal::CountRange { max } => say!(lang,
            zh: "人数或件数应为 1 至 {max}。",
            en: "The number of persons or pieces has to be 1 to {max}."),
        Refusal::PlaceUnknown { place } => say!(lang,
            zh: "没有行政区划 {place}。",
            en: "There is no division {place}."),
        Refusal::ApprovalMissing => say!(lang,
            zh: "请填写本单位的批准文号。",
            en: "Give the number of the paper with which it was approved."),
        Refusal::TextTooLong { chars_max } => say!(lang,
            zh: "文字过长，最多 {chars_max} 个字。",
            en: "The text is too long: {chars_max} characters at most."),
        Refusal::TelephoneForm { telephone } => say!(lang,
            zh: "“{telephone}”不是电话号码；不要填写姓名。",
            en: "\"{telephone}\" is no telephone number; give no names."),
        Refusal::NoAgreement { member } => say!(lang,
            zh: "本节点没有与 {member} 的合作协议；没有协议不能跨省派车。",
            en: "No agreement here names {member}: nothing is lent without one."),
        Refusal::OutOfScope { kind, member } => {
            let system = system(lang, kind.system());
            say!(lang,
                zh: "与 {member} 的协议不含{system}。",
                en: "The agreement with {member} does not cover {system}.")
        }
        Refusal::AgreementExpired { until } => {
            let until = minute(*until);
            say!(lang,
                zh: "协议不在有效期内（至 {until}）。",
                en: "The agreement is not valid now (until {until}).")
        }
        Refusal::NotOpen { .. } => say!(lang,
            zh: "暂不能在该协议下发布：节点尚未与其他成员核对，或时钟有疑（见 status）；请稍后再试。",
            en: "Nothing may be said under the agreement yet: heads are not compared or the clock is doubtful (see status); try again soon."),
        Refusal::KeyReused { id } => say!(lang,
            zh: "这个防重键已用于另一份申请 {id}。",
            en: "The key was given for another request, {id}."),
        Refusal::AskedAlready { id } => say!(lang,
            zh: "已提交过同样的申请 {id}，尚未结束。",
            en: "The same has been asked for in {id}, which is not over."),
        Refusal::UnknownRequest { id } => say!(lang,
            zh: "没有申请 {id}。",
            en: "There is no request {id}."),
        Refusal::NotTheOwner { owner } => say!(lang,
            zh: "只有所有者 {owner} 可以这样做。",
            en: "Only the owner, {owner}, can do this."),
        Refusal::NotTheRequester { requester } => say!(lang,
            zh: "只有申请者 {requester} 可以这样做。",
            en: "Only who asked, {requester}, can do this."),
        Refusal::AlreadyCancelled => say!(lang,
            zh: "申请者已经取消。",
            en: "The requester has cancelled it."),
        Refusal::WrongState { state: at } => {
            let at = state(lang, *at);
            say!(lang,
                zh: "申请的状态为“{at}”，不能这样做。",
                en: "Not while the request is: {at}.")
        }
        Refusal::LateAnswer { by } => {
            let by = minute(*by);
            say!(lang, zh: "已过答复期限 {by}。", en: "Too late: an answer was due by {by}.")
        }
        Refusal::LateConfirm { by } => {
            let by = minute(*by);
            say!(lang, zh: "已过确认期限 {by}。", en: "Too late: it could be confirmed until {by}.")
        }
        Refusal::NotBegun { from } => {
            let from = minute(*from);
            say!(lang,
                zh: "{from} 才开始，不能记为未到。",
                en: "It begins at {from}: nobody has failed to come yet.")
        }
        Refusal::NotShared { listing } => say!(lang,
            zh: "{listing} 已不在台账中，或不再共享。",
            en: "{listing} is not in the register any more, or not shared."),
        Refusal::NotLent { stays: why } => {
            let why = stays(lang, why);
            say!(lang, zh: "到用完那天不能共享：{why}", en: "Not until the end of it: {why}")
        }
        Refusal::OutOfOrder => say!(lang,
            zh: "在维修或已封存。",
            en: "It is in repair or sealed."),
        Refusal::Blocked { reason, from, until } => {
            let (from, until) = (minute(*from), minute(*until));
            say!(lang,
                zh: "日历上 {from} 至 {until} 不外派（{reason}）。",
                en: "The calendar keeps it from {from} to {until} ({reason}).")
        }
        Refusal::Overlaps { with, from, until } => {
            let (from, until) = (minute(*from), minute(*until));
            say!(lang,
                zh: "{from} 至 {until} 已给 {with}。",
                en: "{with} has it from {from} to {until}.")
        }
        Refusal::OthersWait { id } => say!(lang,
            zh: "{id} 在候补名单上更早，请先答复。",
            en: "{id} has been on the waiting list for longer: answer that first."),
        Refusal::NoTariff { word } => say!(lang,
            zh: "尚未设定 {word} 的价目；请用 vehicle tariff set。",
            en: "There is no tariff for {word}; set one with vehicle tariff set."),
        Refusal::TypeUnknown { types } => {
            let types = list(lang, types);
            match lang {
                Lang::Zh => format!("车辆类型应为以下之一：{types}。"),
                Lang::En => format!("The vehicle type has to be one of: {}.", codes_of(&types)),
            }
        }
        Refusal::NoTrip { kind } => {
            let system = system(lang, kind.system());
            say!(lang, zh: "{system}没有出车和结算。", en: "There are no trips with {system}.")
        }
        Refusal::NotConfirmed => say!(lang,
            zh: "申请者尚未确认，也不是应急用车。",
            en: "The requester has not confirmed, and it is not urgent."),
        Refusal::OdometerBackwards { have_km } => say!(lang,
            zh: "里程表倒退：已有 {have_km} 公里。",
            en: "The odometer would run backwards: it stood at {have_km} km."),
        Refusal::OdometerJumps { km_max } => say!(lang,
            zh: "里程过多：这段时间最多 {km_max} 公里。",
            en: "Too far: {km_max} km at most in that time."),
        Refusal::TimeOrder { after, before } => {
            let (after, before) = (minute(*after), minute(*before));
            say!(lang,
                zh: "时间应在 {after} 与 {before} 之间。",
                en: "The time has to be between {after} and {before}.")
        }
        Refusal::AmountRange { max } => say!(lang,
            zh: "数值应为 0 至 {max}。",
            en: "The value has to be 0 to {max}."),
        Refusal::NothingToBill => say!(lang,
            zh: "没有费用，无需结算。",
            en: "It cost nothing: there is nothing to bill."),
        Refusal::BillDiffers { billed_fen, computed_fen } => {
            let billed = yuan(*billed_fen);
            let computed = computed_fen.map_or_else(|| "–".to_owned(), yuan);
            say!(lang,
                zh: "结算单 {billed} 元与按记录计算的 {computed} 元不一致；可提出异议。",
                en: "The statement says {billed} yuan, the records {computed}; dispute it.")
        }
        Refusal::ScoreRange => say!(lang,
            zh: "评分应为 1 至 5。",
            en: "A score is 1 to 5."),
    }
}

/// Of words with codes behind them the codes alone.
fn codes_of(words: &str) -> String {
    let codes = words.split(", ").map(|word| word.rsplit(' ').next().unwrap_or(word));
    codes.collect::<Vec<_>>().join(", ")
}
