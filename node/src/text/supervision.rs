//! What supervision found, and the fleet in figures. A ratio is shown with both its terms.

use super::{Lang, fields, kind, list, say, table, word, yuan};
use crate::calendar::minute;
use crate::http::fleet::Supervision;
use crate::systems::vehicles::TYPES;
use crate::systems::vehicles::finding::{Breach, Evidence, Finding};
use crate::systems::vehicles::indicators::Indicators;
use crate::systems::vehicles::share::Share;
use crate::systems::vehicles::usage::{Dealings, Usage};

/// Findings as a table, then the indicators.
pub fn supervision(lang: Lang, found: &Supervision) -> String {
    let (header, rows) = supervision_sheet(lang, &found.findings);
    let mut figures = figures(lang, &found.indicators);
    figures.extend(usage(lang, &found.usage));
    let figures = fields(&figures);
    if rows.is_empty() {
        let nothing = say!(lang, zh: "没有发现问题。", en: "Nothing is amiss.");
        return format!("{nothing}\n\n{figures}");
    }
    let count = rows.len();
    let count = say!(lang, zh: "共 {count} 项。", en: "{count} findings.");
    format!("{}\n\n{count}\n\n{figures}", table(&header, &rows))
}

/// Findings as cells.
pub fn supervision_sheet(lang: Lang, findings: &[Finding]) -> (Vec<String>, Vec<Vec<String>>) {
    let header = vec![
        say!(lang, zh: "项目", en: "rule"),
        say!(lang, zh: "车辆或单位", en: "vehicle or unit"),
        say!(lang, zh: "号牌", en: "plate"),
        say!(lang, zh: "情况", en: "finding"),
        say!(lang, zh: "依据", en: "basis"),
        say!(lang, zh: "证据（本单位数据流）", en: "evidence (own streams)"),
    ];
    let row = |finding: &Finding| {
        vec![
            rule(lang, &finding.breach),
            finding.id.clone(),
            finding.plate_no.clone(),
            breach(lang, &finding.breach),
            finding.basis.clone(),
            evidence(lang, &finding.evidence),
        ]
    };
    (header, findings.iter().map(row).collect())
}

fn rule(lang: Lang, breach: &Breach) -> String {
    match breach {
        Breach::OverQuota { .. } => say!(lang, zh: "超编", en: "over quota"),
        Breach::OverCeiling { .. } => say!(lang, zh: "超标准", en: "over ceiling"),
        Breach::RenewalOpen { .. } => say!(lang, zh: "可更新", en: "may be renewed"),
        Breach::MustBeScrapped { .. } => say!(lang, zh: "应报废", en: "must be scrapped"),
        Breach::FarDriven { .. } => say!(lang, zh: "引导报废", en: "scrapping advised"),
        Breach::FuelAboveNorm { .. } => say!(lang, zh: "油耗超定额", en: "fuel above norm"),
        Breach::Inspection { .. } => say!(lang, zh: "检验", en: "inspection"),
        Breach::Insurance { .. } => say!(lang, zh: "保险", en: "insurance"),
        Breach::Unmarked => say!(lang, zh: "未标识", en: "unmarked"),
        Breach::Idle { .. } => say!(lang, zh: "闲置", en: "idle"),
        Breach::OffHours { .. } => say!(lang, zh: "非工作时间用车", en: "out of hours"),
        Breach::KeptAfterHandover { .. } => say!(lang, zh: "已移交仍在账", en: "handed over, still kept"),
        Breach::TakenInVoid { .. } => say!(lang, zh: "接收已失效", en: "taken in, void"),
        Breach::TemporaryPlateOver { .. } => say!(lang, zh: "未办转入登记", en: "not registered anew"),
    }
}

/// What is not as it should be, in one sentence.
pub fn breach(lang: Lang, breach: &Breach) -> String {
    match breach {
        Breach::OverQuota { have, quota, year } => say!(lang,
            zh: "在编 {have} 辆，{year} 年编制 {quota} 辆。",
            en: "{have} within the establishment, the quota of {year} is {quota}."),
        Breach::OverCeiling { price_fen, ceiling_fen } => {
            let (price, ceiling) = (yuan(*price_fen), yuan(*ceiling_fen));
            say!(lang,
                zh: "购置价 {price} 元，标准 {ceiling} 元（或排量超标）。",
                en: "Bought for {price} yuan, the ceiling is {ceiling} (or it is too large).")
        }
        Breach::RenewalOpen { years, since } => say!(lang,
            zh: "{since} 注册，超过 {years} 年，可以更新；能用的应继续使用。",
            en: "Registered {since}, more than {years} years ago: it may be renewed; while it serves it goes on."),
        Breach::MustBeScrapped { years, since } => say!(lang,
            zh: "{since} 注册，已满 {years} 年，应当报废。",
            en: "Registered {since}, {years} years ago: it must be scrapped."),
        Breach::FarDriven { km, km_max } => say!(lang,
            zh: "已行驶 {km} 公里，达到引导报废里程 {km_max} 公里。",
            en: "Driven {km} km; from {km_max} on scrapping is advised."),
        Breach::FuelAboveNorm { per_100km, norm, year } => {
            let (litres, norm) = (yuan(*per_100km), yuan(*norm));
            say!(lang,
                zh: "{year} 年百公里油耗 {litres} 升，定额 {norm} 升。",
                en: "{litres} litres for 100 km in {year}, the norm is {norm}.")
        }
        Breach::Inspection { due, is_over: true } => {
            say!(lang, zh: "检验已于 {due} 到期。", en: "The inspection ran out on {due}.")
        }
        Breach::Inspection { due, is_over: false } => {
            say!(lang, zh: "检验将于 {due} 到期。", en: "The inspection runs out on {due}.")
        }
        Breach::Insurance { due, is_over: true } => {
            say!(lang, zh: "保险已于 {due} 到期。", en: "The insurance ran out on {due}.")
        }
        Breach::Insurance { due, is_over: false } => {
            say!(lang, zh: "保险将于 {due} 到期。", en: "The insurance runs out on {due}.")
        }
        Breach::Unmarked => say!(lang, zh: "未标识，也未说明原因。", en: "Not marked, and no reason given."),
        Breach::Idle { km, km_min, year } => say!(lang,
            zh: "{year} 年只行驶 {km} 公里，不足 {km_min} 公里。",
            en: "Only {km} km in {year}, less than {km_min}."),
        Breach::OffHours { from, until, approval } => {
            let from = minute(*from);
            let until = until.map_or_else(|| say!(lang, zh: "未归", en: "now"), minute);
            let approval = if approval.is_empty() {
                say!(lang, zh: "未记录", en: "none on record")
            } else {
                approval.clone()
            };
            say!(lang,
                zh: "{from} 至 {until} 在外；批准文号：{approval}。",
                en: "Out from {from} until {until}; approval: {approval}.")
        }
        Breach::KeptAfterHandover { by, number } => say!(lang,
            zh: "已由 {by} 接收（{number}），本单位台账应改为已调出。",
            en: "{by} has taken it in as {number}; in this register it should be transferred."),
        Breach::TakenInVoid { from } => say!(lang,
            zh: "{from} 的移交记录已被协议新版本截去，车辆仍属 {from}；请双方重新办理移交，或将本单位台账改为已调出。",
            en: "A version of the agreement has cut away what {from} handed it over by, so it is still {from}'s: hand it over anew, or show it as transferred in this register."),
        Breach::TemporaryPlateOver { until } => say!(lang,
            zh: "接收后仍用外省号牌，临时号牌已于 {until} 到期。",
            en: "Taken over and still under another province's plate; the temporary one ran out on {until}."),
    }
}

/// The first record, and how many more there are.
fn evidence(lang: Lang, evidence: &[Evidence]) -> String {
    let one = |record: &Evidence| {
        let (name, position, index) =
            (kind(lang, record.kind), record.source.position, record.source.index + 1);
        say!(lang, zh: "{name} {position}/{index}", en: "{name} {position}/{index}")
    };
    let shown = list(lang, &evidence.iter().take(EVIDENCE_SHOWN).map(one).collect::<Vec<_>>());
    match evidence.len().saturating_sub(EVIDENCE_SHOWN) {
        0 => shown,
        more => say!(lang, zh: "{shown} 等，另 {more} 条", en: "{shown} and {more} more"),
    }
}

/// Records named in a table; `--json` names all.
const EVIDENCE_SHOWN: usize = 2;

fn figures(lang: Lang, all: &Indicators) -> Vec<(String, String)> {
    let over = all.over_quota;
    let mut rows = vec![
        (say!(lang, zh: "车辆数", en: "vehicles"), all.vehicles.to_string()),
        (say!(lang, zh: "编制使用率", en: "quota use"), percent(lang, all.quota_use)),
        (say!(lang, zh: "超编数", en: "over quota"), over.to_string()),
        (say!(lang, zh: "标识化率", en: "marked"), percent(lang, all.marked)),
        (say!(lang, zh: "定位安装率", en: "with a locator"), percent(lang, all.located)),
        (say!(lang, zh: "超龄率", en: "over age"), percent(lang, all.over_age)),
        (say!(lang, zh: "新能源占比", en: "new energy"), percent(lang, all.new_energy)),
        (say!(lang, zh: "单车年行驶里程（公里）", en: "km a year each"), ratio(lang, all.annual_km, 1, 0)),
        (
            say!(lang, zh: "单车年运行费（元）", en: "running cost a year each, yuan"),
            ratio(lang, all.running_cost_fen, 1, 2),
        ),
    ];
    rows.extend(all.fuel.iter().map(|fuel| {
        let name = word(lang, TYPES, &fuel.vehicle_type);
        let title = say!(lang, zh: "百公里油耗（升）：{name}", en: "litres for 100 km: {name}");
        (title, ratio(lang, fuel.fuel, 100, 2))
    }));
    rows
}

/// What trips come to.
fn usage(lang: Lang, usage: &Usage) -> Vec<(String, String)> {
    let since = usage.since;
    let mut rows = vec![(
        say!(lang, zh: "跨省出车率（自 {since}）", en: "days out for others since {since}"),
        percent(lang, usage.used_days),
    )];
    let given = say!(lang, zh: "为外省保障", en: "for other members");
    let received = say!(lang, zh: "由外省保障", en: "from other members");
    rows.extend(
        [(given, &usage.given), (received, &usage.received)].map(|(side, of)| (side, dealings(lang, of))),
    );
    rows.extend(usage.accounts.iter().map(|account| {
        let (peer, net) = (account.peer, yuan(account.net_fen));
        (say!(lang, zh: "与 {peer} 净结算（元）", en: "net with {peer}, yuan"), net)
    }));
    rows
}

fn dealings(lang: Lang, of: &Dealings) -> String {
    let Dealings { requests, trips, km, .. } = of;
    if *requests == 0 {
        return nothing(lang);
    }
    let accepted = percent(lang, of.accepted);
    let minutes = of.answer_min.map_or_else(|| nothing(lang), |minutes| minutes.to_string());
    let Share { part: settled, of: market } = of.settled_fen;
    let saved = Share { part: market - settled, of: market };
    let saving =
        if market == 0 { nothing(lang) } else { format!("{} ({})", yuan(saved.part), rate(lang, saved)) };
    say!(lang,
        zh: "申请 {requests} 件，同意率 {accepted}，答复中位数 {minutes} 分钟；出车 {trips} 次、{km} 公里；比市场价节约 {saving} 元",
        en: "{requests} requests, accepted {accepted}, answered within {minutes} minutes (median); {trips} trips, {km} km; saved {saving} yuan against market prices")
}

fn rate(lang: Lang, share: Share) -> String {
    quotient(share, 1_000, 1).map_or_else(|| nothing(lang), |value| format!("{value} %"))
}

/// A share such as `93.3 % (56 of 60)`.
fn percent(lang: Lang, share: Share) -> String {
    let Share { part, of } = share;
    let value = quotient(share, 1_000, 1);
    match value {
        None => nothing(lang),
        Some(value) => say!(lang, zh: "{value} %（{part}/{of}）", en: "{value} % ({part} of {of})"),
    }
}

/// A sum by a number; its upper term is in units of which `10^decimals` make one.
fn ratio(lang: Lang, share: Share, factor: i64, decimals: u32) -> String {
    quotient(share, factor, decimals).unwrap_or_else(|| nothing(lang))
}

fn quotient(share: Share, factor: i64, decimals: u32) -> Option<String> {
    let of = (share.of > 0).then_some(i128::from(share.of))?;
    let value = i128::from(share.part) * i128::from(factor) / of;
    Some(rust_decimal::Decimal::from_i128_with_scale(value, decimals).to_string())
}

fn nothing(lang: Lang) -> String {
    say!(lang, zh: "无数据", en: "no data")
}
