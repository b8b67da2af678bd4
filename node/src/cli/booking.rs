//! `xietong booking` and what belongs to it: search, ask, answer, confirm, dispatch, settle. Times are UTC+8 unless they
//! say otherwise, money is in yuan.

use std::str::FromStr;

use clap::{Args, Subcommand};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use xietong_proto::id::{AgreementId, Millis};

use super::Answer;
use super::context::Context;
use super::csv_file::{BYTE_ORDER_MARK, csv_text};
use crate::calendar;
use crate::clock;
use crate::failure::Failure;
use crate::http::requests::{Action, Month, One, Since, While};
use crate::systems::requests::query::{RequestView, Taken};
use crate::systems::requests::{About, Act, Ask, Block, Report, State};
use crate::systems::trips::Tariff;
use crate::systems::trips::net::Net;
use crate::systems::trips::search::{Found, Wish};
use crate::text::{self, Lang};

/// A while: from, and until before.
#[derive(Clone, Copy, Debug, Args)]
pub struct Span {
    /// 开始，如 2026-12-01T08:00（北京时间）、now、+8h、+3d · From, such as 2026-12-01T08:00 at UTC+8, now, +8h, +3d
    #[arg(long, value_parser = time)]
    from: Millis,
    /// 结束（不含） · Until, not included
    #[arg(long, value_parser = time)]
    until: Millis,
}

/// `vehicle search`.
#[derive(Debug, Args)]
pub struct Search {
    /// 人数 · Persons
    #[arg(long, default_value_t = 1)]
    seats: i64,
    /// 靠近哪里：行政区划代码 · Near which division
    #[arg(long, value_name = "CODE")]
    near: String,
    #[command(flatten)]
    span: Span,
    /// 车辆类型 · Vehicle type
    #[arg(long = "type")]
    vehicle_type: Option<String>,
}

/// `vehicle book`, `asset reserve`.
#[derive(Debug, Args)]
pub struct Reserve {
    /// 共享编号 · The listing number
    listing: String,
    #[command(flatten)]
    span: Span,
    /// 用途 · Purpose
    #[arg(long)]
    purpose: String,
    /// 人数或件数 · Persons or pieces
    #[arg(long, default_value_t = 1)]
    count: i64,
    /// 目的地：行政区划代码 · Where to: a division code
    #[arg(long, value_name = "CODE")]
    place: String,
    /// 本单位的批准文号 · The number of the paper with which it was approved
    #[arg(long, value_name = "NUMBER")]
    approval: String,
    /// 应急：可在 24 小时内补办确认 · Urgent: may be confirmed within 24 hours afterwards
    #[arg(long)]
    urgent: bool,
    /// 联系电话，只告知所有者 · Whom to call; told to the owner alone
    #[arg(long, default_value = "")]
    telephone: String,
    /// 会合地点，只告知所有者 · Where exactly; told to the owner alone
    #[arg(long, default_value = "")]
    meet_at: String,
    /// 防重键：同一键只提交一次 · A key against doubles
    #[arg(long, default_value = "")]
    key: String,
    /// 在哪份协议下；缺省为第一份适用的 · Under which agreement
    #[arg(long, value_name = "ID")]
    agreement: Option<AgreementId>,
}

/// `vehicle calendar`, `asset calendar`.
#[derive(Debug, Args)]
pub struct Calendar {
    /// 共享编号 · The listing number
    listing: String,
    #[command(flatten)]
    span: Span,
}

/// `vehicle block`.
#[derive(Debug, Args)]
pub struct BlockTime {
    /// 台账键或共享编号 · A register key or listing number
    id: String,
    #[command(flatten)]
    span: Span,
    /// 原因；不填则取消该时段 · Why; without it the while is taken back
    #[arg(long, default_value = "")]
    reason: String,
}

/// `vehicle tariff`.
#[derive(Debug, Subcommand)]
pub enum TariffCommand {
    /// 列出 · List them
    List,
    /// 设定一种车辆的价目，单位元 · Set what vehicles of a type cost, in yuan
    Set(TariffArgs),
}

/// What vehicles of a type cost.
#[derive(Debug, Args)]
pub struct TariffArgs {
    /// 车辆类型；* 为其余全部 · Vehicle type; * for all others
    #[arg(long = "type")]
    vehicle_type: String,
    /// 每日（24 小时）车费 · For each begun 24 hours
    #[arg(long, value_parser = fen)]
    day: Fen,
    /// 每日驾驶员费 · For the driver, each begun 24 hours
    #[arg(long, value_parser = fen, default_value = "0")]
    driver_day: Fen,
    /// 每日含公里 · Kilometres that a day includes
    #[arg(long, default_value_t = 0)]
    included_km: i64,
    /// 超出部分每公里 · For each further kilometre
    #[arg(long, value_parser = fen, default_value = "0")]
    km: Fen,
    /// 开始前多少小时取消免费 · Cancelling is free until so many hours before
    #[arg(long, default_value_t = 24)]
    cancel_free_h: i64,
    /// 迟取消收计划车费的百分之几 · Cancelled later, percent of the planned days
    #[arg(long, default_value_t = 0)]
    cancel_percent: i64,
    /// 未到收计划车费的百分之几 · Not come, percent of the planned days
    #[arg(long, default_value_t = 0)]
    no_show_percent: i64,
}

/// `bookings`.
#[derive(Debug, Args)]
pub struct Bookings {
    /// 仅某一状态，如 submitted · Only those in a state, such as submitted
    #[arg(long, value_parser = state)]
    state: Option<State>,
    /// 仅此后用车的，如 2026-12-01 · Only those that ask for a time from then on
    #[arg(long, value_parser = time)]
    since: Option<Millis>,
    /// 仅本单位申请的 · Only those that this member made
    #[arg(long, conflicts_with = "theirs")]
    ours: bool,
    /// 仅向本单位申请的 · Only those that others made
    #[arg(long)]
    theirs: bool,
}

/// `bill`.
#[derive(Debug, Args)]
pub struct BillMonth {
    /// 月份，如 2026-12；缺省为本月 · The month, such as 2026-12; this one if not given
    month: Option<String>,
    /// 输出 CSV · Print CSV
    #[arg(long, conflicts_with = "json")]
    csv: bool,
}

/// What can be done with a request.
#[derive(Debug, Subcommand)]
pub enum BookingCommand {
    /// 一份预订的全部内容 · One request with all that is known of it
    Show { id: About },
    /// 所有者：同意 · Owner: hold what was asked for
    Accept {
        id: About,
        /// 保留多少小时待确认 · For so many hours it may be confirmed
        #[arg(long)]
        hold_h: Option<u32>,
        /// 驾驶员电话，只告知申请者；不填姓名 · The driver's telephone, told to the requester alone; no names
        #[arg(long, default_value = "")]
        telephone: String,
    },
    /// 所有者：换一辆或一件 · Owner: hold another thing instead
    Offer {
        id: About,
        /// 本单位的另一共享编号 · Another listing number of ours
        #[arg(long)]
        listing: String,
        /// 保留多少小时待确认 · For so many hours it may be confirmed
        #[arg(long)]
        hold_h: Option<u32>,
        /// 驾驶员电话，只告知申请者 · The driver's telephone
        #[arg(long, default_value = "")]
        telephone: String,
    },
    /// 所有者：不同意 · Owner: no
    Decline {
        id: About,
        #[arg(long)]
        reason: String,
    },
    /// 所有者：列入候补 · Owner: put it on the waiting list
    Wait { id: About },
    /// 所有者：收回 · Owner: take back what was held
    Release {
        id: About,
        #[arg(long)]
        reason: String,
    },
    /// 所有者：更换驾驶员电话 · Owner: another telephone of the driver
    Telephone { id: About, telephone: String },
    /// 所有者：无人前来 · Owner: nobody came
    NoShow { id: About },
    /// 申请者：确认 · Requester: take what is held
    Confirm { id: About },
    /// 申请者：取消 · Requester: it is not needed any more
    Cancel {
        id: About,
        #[arg(long)]
        reason: String,
    },
    /// 所有者：出车 · Owner: the vehicle sets out
    Dispatch {
        id: About,
        /// 里程表读数（公里） · What the odometer shows
        #[arg(long, value_name = "KM")]
        odometer: i64,
        /// 何时；缺省为现在 · When; now if not given
        #[arg(long, value_parser = time)]
        at: Option<Millis>,
        /// 驾驶员编号；按证照、任务和驾驶时限核对，不外传 · Who drives: checked for licence, duties and hours; it stays here
        #[arg(long, value_name = "NUMBER", default_value = "")]
        driver: String,
        /// 其中驾驶多少分钟；已用 driver assign 派给本申请的不必再填 · Minutes at the wheel, unless planned with driver assign
        #[arg(long, value_name = "MINUTES", requires = "driver")]
        wheel: Option<i64>,
    },
    /// 所有者：交回 · Owner: the vehicle is back
    Return {
        id: About,
        /// 里程表读数（公里） · What the odometer shows
        #[arg(long, value_name = "KM")]
        odometer: i64,
        /// 通行费、停车费（元） · Tolls and parking in yuan
        #[arg(long, value_parser = fen, default_value = "0")]
        tolls: Fen,
        /// 何时；缺省为现在 · When; now if not given
        #[arg(long, value_parser = time)]
        at: Option<Millis>,
        /// 驾驶员实际驾驶多少分钟 · Minutes that the driver was at the wheel
        #[arg(long, value_name = "MINUTES")]
        wheel: Option<i64>,
    },
    /// 所有者：出结算单 · Owner: make the statement
    Bill { id: About },
    /// 申请者：同意结算单 · Requester: agree to the statement
    Settle { id: About },
    /// 申请者：对结算单有异议 · Requester: do not agree to it
    Dispute {
        id: About,
        #[arg(long)]
        reason: String,
    },
    /// 申请者：评价 1 至 5 · Requester: how it was, 1 to 5
    Evaluate {
        id: About,
        #[arg(long)]
        score: i64,
        #[arg(long, default_value = "")]
        comment: String,
    },
}

impl BookingCommand {
    /// Needs the running node.
    pub fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let (id, act) = match self.act() {
            (id, Some(act)) => (id, act),
            (id, None) => {
                let view: RequestView = context.node()?.get("requests/one", &One { id })?;
                let text = text::request(context.lang, &view);
                return Ok(Answer::new(view, text));
            }
        };
        said(context, context.node()?.post("requests/act", &Action { id, act })?)
    }

    fn act(&self) -> (About, Option<Act>) {
        let (id, act) = match self {
            Self::Show { id } => return (*id, None),
            Self::Accept { id, hold_h, telephone } => {
                (id, Act::Offer { listing: None, hold_h: *hold_h, telephone: telephone.clone() })
            }
            Self::Offer { id, listing, hold_h, telephone } => {
                let (listing, telephone) = (Some(listing.clone()), telephone.clone());
                (id, Act::Offer { listing, hold_h: *hold_h, telephone })
            }
            Self::Decline { id, reason } => (id, Act::Decline { reason: reason.clone() }),
            Self::Wait { id } => (id, Act::Wait),
            Self::Release { id, reason } => (id, Act::Release { reason: reason.clone() }),
            Self::Telephone { id, telephone } => (id, Act::Telephone { telephone: telephone.clone() }),
            Self::NoShow { id } => (id, Act::NoShow),
            Self::Confirm { id } => (id, Act::Confirm),
            Self::Cancel { id, reason } => (id, Act::Cancel { reason: reason.clone() }),
            Self::Dispatch { id, odometer, at, driver, wheel } => {
                let (driver_no, wheel_min) = (driver.clone(), *wheel);
                (id, Act::Dispatch { at: *at, odometer_km: *odometer, driver_no, wheel_min })
            }
            Self::Return { id, odometer, tolls, at, wheel } => {
                let (odometer_km, tolls_fen, wheel_min) = (*odometer, tolls.0, *wheel);
                (id, Act::Return { at: *at, odometer_km, tolls_fen, wheel_min })
            }
            Self::Bill { id } => (id, Act::Bill),
            Self::Settle { id } => (id, Act::Settle),
            Self::Dispute { id, reason } => (id, Act::Dispute { reason: reason.clone() }),
            Self::Evaluate { id, score, comment } => {
                (id, Act::Evaluate { score: *score, comment: comment.clone() })
            }
        };
        (*id, Some(act))
    }
}

fn said(context: &Context, report: Report) -> Result<Answer, Failure> {
    let text = text::booked(context.lang, &report);
    Ok(Answer::new(report, text))
}

impl Search {
    /// Needs the running node.
    pub fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let (near, Span { from, until }) = (self.near.clone(), self.span);
        let wish = Wish { seats: self.seats, near, from, until, vehicle_type: self.vehicle_type.clone() };
        let found: Vec<Found> = context.node()?.get("vehicles/search", &wish)?;
        let text = text::found(context.lang, &found);
        Ok(Answer::new(found, text))
    }
}

impl Reserve {
    /// Needs the running node.
    pub fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let ask = Ask {
            listing: self.listing.clone(),
            from: self.span.from,
            until: self.span.until,
            urgent: self.urgent,
            purpose: self.purpose.clone(),
            count: self.count,
            place: self.place.clone(),
            approval_no: self.approval.clone(),
            key: self.key.clone(),
            agreement: self.agreement,
            telephone: self.telephone.clone(),
            meet_at: self.meet_at.clone(),
        };
        said(context, context.node()?.post("requests", &ask)?)
    }
}

impl Calendar {
    /// Needs the running node.
    pub fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let Span { from, until } = self.span;
        let asked = While { id: self.listing.clone(), from, until };
        let taken: Vec<Taken> = context.node()?.get("requests/calendar", &asked)?;
        let text = text::calendar(context.lang, &taken);
        Ok(Answer::new(taken, text))
    }
}

impl BlockTime {
    /// Needs the running node.
    pub fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let Span { from, until } = self.span;
        let block = Block { id: self.id.clone(), from, until, reason: self.reason.clone() };
        said(context, context.node()?.post("requests/block", &block)?)
    }
}

impl TariffCommand {
    /// Needs the running node.
    pub fn run(&self, context: &Context) -> Result<Answer, Failure> {
        match self {
            Self::List => {
                let tariffs: Vec<Tariff> = context.node()?.get("vehicles/tariffs", &NONE)?;
                let text = text::tariffs(context.lang, &tariffs);
                Ok(Answer::new(tariffs, text))
            }
            Self::Set(set) => {
                let tariff = Tariff {
                    vehicle_type: set.vehicle_type.clone(),
                    day_fen: set.day.0,
                    driver_day_fen: set.driver_day.0,
                    km_fen: set.km.0,
                    included_km: set.included_km,
                    cancel_free_h: set.cancel_free_h,
                    cancel_percent: set.cancel_percent,
                    no_show_percent: set.no_show_percent,
                };
                said(context, context.node()?.post("vehicles/tariffs", &tariff)?)
            }
        }
    }
}

impl Bookings {
    /// Needs the running node.
    pub fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let mut views: Vec<RequestView> = context.node()?.get("requests", &Since { since: self.since })?;
        let me = context.config()?.code;
        views.retain(|view| {
            let is_ours = view.requester.as_str() == me.as_str();
            self.state.is_none_or(|state| view.state == state)
                && (is_ours || !self.ours)
                && !(is_ours && self.theirs)
        });
        let text = text::requests(context.lang, &views);
        Ok(Answer::new(views, text))
    }
}

impl BillMonth {
    /// Needs the running node.
    pub fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let this_month = || calendar::date(context.now).strftime("%Y-%m").to_string();
        let month = self.month.clone().unwrap_or_else(this_month);
        let accounts: Vec<Net> = context.node()?.get("requests/net", &Month { month })?;
        let (header, rows) = text::accounts(context.lang, &accounts);
        let text = match (self.csv, context.lang) {
            (false, _) => text::table(&header, &rows),
            (true, Lang::Zh) => BYTE_ORDER_MARK.to_owned() + &csv_text(std::iter::once(&header).chain(&rows)),
            (true, Lang::En) => csv_text(std::iter::once(&header).chain(&rows)),
        };
        Ok(Answer::new(accounts, text))
    }
}

/// An amount of money that was written in yuan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fen(i64);

fn fen(yuan: &str) -> Result<Fen, String> {
    let amount = Decimal::from_str(yuan).ok().filter(|amount| amount.scale() <= 2);
    let fen = amount.and_then(|amount| (amount * Decimal::ONE_HUNDRED).to_i64());
    fen.map(Fen).ok_or_else(|| "12.34".to_owned())
}

/// A time as people write it, or counted from now: `now`, `+8h`, `+3d`.
fn time(text: &str) -> Result<Millis, String> {
    let hours = |count: &str, each: u64| count.parse::<u64>().ok()?.checked_mul(each);
    let later = match text.strip_prefix('+') {
        Some(span) => {
            let days = span.strip_suffix('d').and_then(|days| hours(days, 24));
            days.or_else(|| hours(span.strip_suffix('h')?, 1))
        }
        None => (text == "now").then_some(0),
    };
    let from_now =
        later.and_then(|hours| clock::wall().0.checked_add(hours.checked_mul(3_600_000)?)).map(Millis);
    from_now.or_else(|| calendar::parse(text)).ok_or_else(|| "2026-12-01T08:00 | now | +8h | +3d".to_owned())
}

fn state(text: &str) -> Result<State, String> {
    let name = |state: &State| {
        let json = serde_json::to_value(state).unwrap_or_default();
        json.as_str().unwrap_or_default().to_owned()
    };
    let found = State::ALL.into_iter().find(|state| name(state) == text);
    found.ok_or_else(|| State::ALL.iter().map(name).collect::<Vec<_>>().join(" | "))
}

/// A request without a query.
const NONE: [(&str, &str); 0] = [];
