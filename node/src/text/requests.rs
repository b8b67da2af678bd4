//! Requests, trips, calendars and accounts as people read them.

use std::fmt::Write;

use super::{Heading, Lang, fields, listing_columns, say, table, yuan};
use crate::calendar::minute;
use crate::systems::Kind;
use crate::systems::reading::Step;
use crate::systems::requests::query::{Meeting, RequestView, Taken};
use crate::systems::requests::{Report, State};
use crate::systems::trips::net::Net;
use crate::systems::trips::search::{Found, Nearness};
use crate::systems::trips::{Statement, Tariff};

/// Where a request stands.
pub fn state(lang: Lang, state: State) -> String {
    match state {
        State::Submitted => say!(lang, zh: "待答复", en: "submitted"),
        State::Waiting => say!(lang, zh: "候补", en: "on the waiting list"),
        State::Offered => say!(lang, zh: "待确认", en: "offered"),
        State::Confirmed => say!(lang, zh: "已确认", en: "confirmed"),
        State::CancelAsked => say!(lang, zh: "撤销中", en: "being cancelled"),
        State::Declined => say!(lang, zh: "不同意", en: "declined"),
        State::Expired => say!(lang, zh: "逾期失效", en: "expired"),
        State::Cancelled => say!(lang, zh: "已取消", en: "cancelled"),
        State::Withdrawn => say!(lang, zh: "已收回", en: "withdrawn by the owner"),
        State::NoShow => say!(lang, zh: "未到", en: "nobody came"),
        State::Dispatched => say!(lang, zh: "出车", en: "on the way"),
        State::Returned => say!(lang, zh: "已交回", en: "returned"),
        State::Billed => say!(lang, zh: "待结算", en: "billed"),
        State::Disputed => say!(lang, zh: "有异议", en: "disputed"),
        State::Settled => say!(lang, zh: "已结算", en: "settled"),
        State::Closed => say!(lang, zh: "已评价", en: "closed"),
    }
}

/// What came of a command.
pub fn booked(lang: Lang, report: &Report) -> String {
    match report {
        Report::Stands { id, state: now, repeated, next } => {
            let now = state(lang, *now);
            let mut text = if *repeated {
                say!(lang,
                    zh: "{id} 此前已提交，未重复提交；状态：{now}。",
                    en: "{id} was asked before and is not asked again; it is: {now}.")
            } else {
                say!(lang, zh: "{id}：{now}。", en: "{id} is: {now}.")
            };
            for waiting in next {
                let line = say!(lang,
                    zh: "候补中的 {waiting} 现在可以安排。",
                    en: "{waiting} on the waiting list fits now.");
                let _ = write!(text, "\n{line}");
            }
            text
        }
        Report::Blocked => say!(lang, zh: "日历已更新。", en: "The calendar has it."),
        Report::TariffSet => say!(lang,
            zh: "价目已设定，用于此后的答复。",
            en: "The tariff is set, for what is offered from now on."),
    }
}

/// Requests in a table.
pub fn requests(lang: Lang, views: &[RequestView]) -> String {
    if views.is_empty() {
        return say!(lang, zh: "没有申请。", en: "There are no requests.");
    }
    let header = [
        say!(lang, zh: "编号", en: "id"),
        say!(lang, zh: "申请者", en: "requester"),
        say!(lang, zh: "所有者", en: "owner"),
        say!(lang, zh: "共享条目", en: "listing"),
        say!(lang, zh: "开始", en: "from"),
        say!(lang, zh: "结束", en: "until"),
        say!(lang, zh: "状态", en: "state"),
        say!(lang, zh: "金额(元)", en: "yuan"),
    ];
    let row = |view: &RequestView| {
        vec![
            view.id.to_string(),
            view.requester.to_string(),
            view.owner.to_string(),
            view.offered.clone().unwrap_or_else(|| view.asked.clone()),
            minute(view.from),
            minute(view.until),
            state(lang, view.state),
            view.bill.as_ref().map(|bill| yuan(bill.total_fen)).unwrap_or_default(),
        ]
    };
    table(&header, &views.iter().map(row).collect::<Vec<_>>())
}

/// One request with all that is known of it.
pub fn request(lang: Lang, view: &RequestView) -> String {
    let mut lines = vec![
        (say!(lang, zh: "编号", en: "id"), view.id.to_string()),
        (say!(lang, zh: "状态", en: "state"), state(lang, view.state)),
        (say!(lang, zh: "申请者", en: "requester"), view.requester.to_string()),
        (say!(lang, zh: "所有者", en: "owner"), view.owner.to_string()),
        (say!(lang, zh: "申请条目", en: "asked for"), view.asked.clone()),
        (say!(lang, zh: "答复条目", en: "offered"), view.offered.clone().unwrap_or_default()),
        (say!(lang, zh: "时间", en: "time"), format!("{} – {}", minute(view.from), minute(view.until))),
        (say!(lang, zh: "应急", en: "urgent"), yes(lang, view.urgent)),
        (say!(lang, zh: "用途", en: "purpose"), purpose(lang, view)),
        (say!(lang, zh: "人数或件数", en: "persons or pieces"), view.count.to_string()),
        (say!(lang, zh: "目的地", en: "place"), view.place.clone()),
        (say!(lang, zh: "批准文号", en: "approval"), view.approval_no.clone()),
        (say!(lang, zh: "答复期限", en: "answer by"), minute(view.answer_by)),
        (say!(lang, zh: "确认期限", en: "confirm by"), view.confirm_by.map(minute).unwrap_or_default()),
        (say!(lang, zh: "原因", en: "reason"), view.reason.clone()),
        (say!(lang, zh: "异议", en: "dispute"), view.dispute.clone().unwrap_or_default()),
        (say!(lang, zh: "评分", en: "score"), view.score.map(|score| score.to_string()).unwrap_or_default()),
    ];
    lines.extend(
        view.thing.as_ref().map(|told| (say!(lang, zh: "车辆或资产", en: "the thing"), meeting(told))),
    );
    lines.extend(
        view.contact.as_ref().map(|told| (say!(lang, zh: "申请者联系", en: "the requester"), meeting(told))),
    );
    if let Some(trip) = &view.trip {
        let times = format!("{} – {}", minute(trip.out), trip.back.map(minute).unwrap_or_default());
        lines.push((say!(lang, zh: "行程", en: "trip"), times));
        lines.extend(trip.km.map(|km| (say!(lang, zh: "里程(公里)", en: "km"), km.to_string())));
    }
    lines.retain(|(_, value)| !value.is_empty());
    let mut text = fields(&lines);
    if let Some(bill) = view.bill.as_ref().or(view.computed.as_ref()) {
        let title = if view.bill.is_some() {
            say!(lang, zh: "结算单（一车一结）", en: "Statement")
        } else {
            say!(lang, zh: "按记录计算，尚未出单", en: "As the records have it, not billed yet")
        };
        let _ = write!(text, "\n\n{title}\n{}", statement(lang, bill));
        if view.bill.is_some() {
            let check = if view.computed == view.bill {
                say!(lang, zh: "与本节点按记录计算的一致。", en: "The same as this node computes from the records.")
            } else {
                say!(lang, zh: "与本节点按记录计算的不一致！", en: "NOT what this node computes from the records!")
            };
            let _ = write!(text, "\n{check}");
        }
    }
    text
}

fn yes(lang: Lang, is_so: bool) -> String {
    if is_so { say!(lang, zh: "是", en: "yes") } else { String::new() }
}

fn purpose(lang: Lang, view: &RequestView) -> String {
    use crate::systems::requests::{Lent, for_lent};
    let words = for_lent!(view.kind, R => <R as Lent>::PURPOSES, &[][..]);
    let word = words.iter().find(|(code, _)| *code == view.purpose);
    match (lang, word) {
        (Lang::Zh, Some((_, word))) => (*word).to_owned(),
        (_, _) => view.purpose.clone(),
    }
}

fn meeting(told: &Meeting) -> String {
    let Meeting { plate_no, vin, serial_no, place, telephone } = told;
    let parts = [plate_no, vin, serial_no, place, telephone].map(String::as_str);
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("  ")
}

fn statement(lang: Lang, bill: &Statement) -> String {
    let lines = [
        (say!(lang, zh: "天数", en: "days"), bill.days.to_string()),
        (say!(lang, zh: "里程(公里)", en: "km"), bill.km.to_string()),
        (say!(lang, zh: "车费(元)", en: "for the days"), yuan(bill.days_fen)),
        (say!(lang, zh: "驾驶员(元)", en: "for the driver"), yuan(bill.driver_fen)),
        (say!(lang, zh: "超里程(元)", en: "for further km"), yuan(bill.km_fen)),
        (say!(lang, zh: "通行费(元)", en: "tolls"), yuan(bill.tolls_fen)),
        (say!(lang, zh: "取消或未到(元)", en: "cancelled or not come"), yuan(bill.fee_fen)),
        (say!(lang, zh: "合计(元)", en: "total (yuan)"), yuan(bill.total_fen)),
        (say!(lang, zh: "价目", en: "tariff"), bill.tariff.get(..16).unwrap_or_default().to_owned()),
    ];
    fields(&lines)
}

/// Vehicles that would serve, the best first.
pub fn found(lang: Lang, vehicles: &[Found]) -> String {
    if vehicles.is_empty() {
        return say!(lang, zh: "没有合适且空闲的车辆。", en: "No vehicle that serves is free then.");
    }
    let header = [
        say!(lang, zh: "共享编号", en: "id"),
        say!(lang, zh: "所在城市", en: "city"),
        say!(lang, zh: "远近", en: "nearness"),
        say!(lang, zh: "车辆类型", en: "vehicle type"),
        say!(lang, zh: "座位", en: "seats"),
        say!(lang, zh: "燃料", en: "fuel"),
        say!(lang, zh: "参考价(元/日)", en: "yuan a day elsewhere"),
    ];
    let columns = listing_columns(Kind::Vehicles);
    let word = |name: &str, code: &str| {
        let column: Option<&Heading> = columns.iter().find(|column| column.name == name);
        column.map_or_else(|| code.to_owned(), |column| column.word(lang, code))
    };
    let row = |found: &Found| {
        vec![
            found.id.clone(),
            found.city.clone(),
            nearness(lang, found.nearness),
            word("vehicle_type", &found.vehicle_type),
            found.seats.to_string(),
            word("fuel_type", &found.fuel_type),
            yuan(found.day_fen),
        ]
    };
    table(&header, &vehicles.iter().map(row).collect::<Vec<_>>())
}

fn nearness(lang: Lang, nearness: Nearness) -> String {
    match nearness {
        Nearness::City => say!(lang, zh: "同城", en: "same city"),
        Nearness::Province => say!(lang, zh: "同省", en: "same province"),
        Nearness::Neighbour => say!(lang, zh: "邻省", en: "neighbouring province"),
        Nearness::Elsewhere => say!(lang, zh: "其他", en: "elsewhere"),
    }
}

/// When a thing is not free.
pub fn calendar(lang: Lang, taken: &[Taken]) -> String {
    if taken.is_empty() {
        return say!(lang, zh: "这段时间空闲。", en: "It is free all that time.");
    }
    let header = [
        say!(lang, zh: "开始", en: "from"),
        say!(lang, zh: "结束", en: "until"),
        say!(lang, zh: "占用", en: "for"),
    ];
    let row = |taken: &Taken| {
        let request = taken.request.map(|request| request.to_string());
        vec![minute(taken.from), minute(taken.until), request.or(taken.reason.clone()).unwrap_or_default()]
    };
    table(&header, &taken.iter().map(row).collect::<Vec<_>>())
}

/// What vehicles cost.
pub fn tariffs(lang: Lang, tariffs: &[Tariff]) -> String {
    if tariffs.is_empty() {
        return say!(lang, zh: "尚未设定价目。", en: "No tariff is set.");
    }
    let header = [
        say!(lang, zh: "车辆类型", en: "vehicle type"),
        say!(lang, zh: "元/日", en: "yuan a day"),
        say!(lang, zh: "驾驶员 元/日", en: "driver a day"),
        say!(lang, zh: "含公里/日", en: "km a day included"),
        say!(lang, zh: "超出 元/公里", en: "yuan a further km"),
        say!(lang, zh: "免费取消(小时前)", en: "free until h before"),
        say!(lang, zh: "迟取消 %", en: "cancelled later %"),
        say!(lang, zh: "未到 %", en: "not come %"),
    ];
    let row = |tariff: &Tariff| {
        vec![
            tariff.vehicle_type.clone(),
            yuan(tariff.day_fen),
            yuan(tariff.driver_day_fen),
            tariff.included_km.to_string(),
            yuan(tariff.km_fen),
            tariff.cancel_free_h.to_string(),
            tariff.cancel_percent.to_string(),
            tariff.no_show_percent.to_string(),
        ]
    };
    table(&header, &tariffs.iter().map(row).collect::<Vec<_>>())
}

/// The header and rows of the accounts of a month, for tables and CSV alike.
pub fn accounts(lang: Lang, accounts: &[Net]) -> (Vec<String>, Vec<Vec<String>>) {
    let header = vec![
        say!(lang, zh: "月份", en: "month"),
        say!(lang, zh: "成员", en: "member"),
        say!(lang, zh: "已结算(单)", en: "settled"),
        say!(lang, zh: "未结算(单)", en: "open"),
        say!(lang, zh: "应付(元)", en: "payable_yuan"),
        say!(lang, zh: "应收(元)", en: "receivable_yuan"),
        say!(lang, zh: "净额(元)", en: "net_yuan"),
    ];
    let row = |account: &Net| {
        vec![
            account.month.clone(),
            account.peer.to_string(),
            account.settled.to_string(),
            account.open.to_string(),
            yuan(account.payable_fen),
            yuan(account.receivable_fen),
            yuan(account.net_fen),
        ]
    };
    (header, accounts.iter().map(row).collect())
}

/// What was said of a request, a trip or a handover.
pub fn step(lang: Lang, step: Step) -> String {
    let (zh, en) = match step {
        Step::Asked => ("申请", "asked"),
        Step::Confirmed => ("确认", "confirmed"),
        Step::Cancelled => ("申请者取消", "cancelled by the requester"),
        Step::Offered => ("同意", "offered"),
        Step::Declined => ("不同意", "declined"),
        Step::Waits => ("列入候补", "put on the waiting list"),
        Step::Released => ("不再保留", "released"),
        Step::Particulars => ("联系信息", "particulars"),
        Step::SetOut => ("出车", "set out"),
        Step::Back => ("交回", "back"),
        Step::Billed => ("结算单", "billed"),
        Step::Settled => ("结清", "settled"),
        Step::Disputed => ("异议", "disputed"),
        Step::Evaluated => ("评价", "evaluated"),
        Step::HandedOver => ("移交", "handed over"),
        Step::TakenIn => ("接收", "taken in"),
        Step::NotTaken => ("退回", "not taken"),
        Step::TakenBack => ("收回", "taken back"),
    };
    if lang == Lang::Zh { zh } else { en }.to_owned()
}
