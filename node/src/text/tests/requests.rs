//! What is said of requests: one line for each code.

use super::*;
use crate::systems::Kind;
use crate::systems::drivers::duty::Unfit;
use crate::systems::fault::Stays;
use crate::systems::requests::{About, NoGround, NotAsked, OutOfTurn, State, Unlent};
use crate::systems::trips::NotDriven;
use crate::text;
use xietong_proto::id::*;

fn member() -> MemberCode {
    "230000".parse().expect("a code")
}

fn about() -> About {
    About { system: System::VEHICLES, requester: member(), number: 7 }
}

#[test]
fn refusals_of_requests() {
    let listing = || self::text("230000-V-000012");
    let (from, until) = (Millis(0), Millis(3_600_000));
    let words = vec!["执法 law_enforcement".to_owned(), "会议 meeting".to_owned()];
    holds(
        text::request_refusal,
        &[
            (NotAsked::UnknownListing { listing: listing() }.into(), "230000-V-000012", "230000-V-000012"),
            (NotAsked::OwnListing { listing: listing() }.into(), "本单位", "at home"),
            (NotAsked::EndBeforeStart.into(), "不晚于开始", "not after the start"),
            (NotAsked::PeriodTooLong { days_max: 90 }.into(), "最多 90 天", "90 days"),
            (NotAsked::StartsInPast { from }.into(), "1970-01-01 08:00", "1970-01-01 08:00"),
            (NotAsked::TooFarAhead { days_max: 366 }.into(), "366", "366"),
            (NotAsked::PurposeUnknown { purposes: words.clone() }.into(), "执法", "law_enforcement, meeting"),
            (NotAsked::CountRange { max: 5 }.into(), "1 至 5", "1 to 5"),
            (NotAsked::PlaceUnknown { place: self::text("239901") }.into(), "239901", "239901"),
            (NotAsked::ApprovalMissing.into(), "批准文号", "approved"),
            (NotAsked::TextTooLong { chars_max: 200 }.into(), "200", "200"),
            (NotAsked::TelephoneForm { telephone: self::text("x") }.into(), "姓名", "names"),
            (NoGround::NoAgreement { member: member() }.into(), "没有协议", "without one"),
            (
                NoGround::OutOfScope { kind: Kind::Vehicles, member: member() }.into(),
                "不含车辆",
                "not cover vehicles",
            ),
            (NoGround::AgreementExpired { until }.into(), "有效期", "not valid"),
            (NoGround::NotOpen { agreement: AgreementId([1; 32]) }.into(), "稍后再试", "try again"),
            (NotAsked::KeyReused { id: about() }.into(), "230000-VR-000007", "230000-VR-000007"),
            (NotAsked::AskedAlready { id: about() }.into(), "尚未结束", "not over"),
            (OutOfTurn::UnknownRequest { id: about() }.into(), "没有申请", "no request"),
            (OutOfTurn::NotTheOwner { owner: member() }.into(), "所有者 230000", "owner, 230000"),
            (OutOfTurn::NotTheRequester { requester: member() }.into(), "申请者 230000", "asked, 230000"),
            (OutOfTurn::AlreadyCancelled.into(), "已经取消", "cancelled"),
            (OutOfTurn::LateAnswer { by: from }.into(), "答复期限", "answer was due"),
            (OutOfTurn::LateConfirm { by: from }.into(), "确认期限", "confirmed until"),
            (OutOfTurn::NotBegun { from }.into(), "才开始", "begins at"),
            (Unlent::NotShared { listing: listing() }.into(), "不再共享", "not shared"),
            (Unlent::NotLent { stays: Stays::InsuranceExpired }.into(), "保险", "insurance"),
            (Unlent::OutOfOrder.into(), "维修", "repair"),
            (Unlent::Blocked { reason: self::text("x"), from, until }.into(), "不外派", "calendar keeps"),
            (
                Unlent::Overlaps { with: about(), from, until }.into(),
                "已给 230000-VR",
                "230000-VR-000007 has it",
            ),
            (Unlent::OthersWait { id: about() }.into(), "候补", "waiting list"),
            (Unlent::NoTariff { word: self::text("sedan") }.into(), "价目", "tariff"),
            (NotDriven::TypeUnknown { types: words }.into(), "以下之一", "one of"),
            (NotDriven::NoTrip { kind: Kind::Assets }.into(), "资产没有出车", "trips with assets"),
            (NotDriven::NotConfirmed.into(), "尚未确认", "not confirmed"),
            (
                NotDriven::Driver { driver_no: self::text("J1"), unfit: Unfit::Inactive }.into(),
                "驾驶员 J1：不在岗",
                "J1: Not on duty",
            ),
            (NotDriven::OdometerBackwards { have_km: 8 }.into(), "倒退", "backwards"),
            (NotDriven::OdometerJumps { km_max: 8 }.into(), "最多 8 公里", "8 km at most"),
            (NotDriven::TimeOrder { after: from, before: until }.into(), "之间", "between"),
            (NotDriven::AmountRange { max: 100 }.into(), "0 至 100", "0 to 100"),
            (NotDriven::NothingToBill.into(), "没有费用", "nothing to bill"),
            (
                NotDriven::BillDiffers { billed_fen: 150, computed_fen: Some(140) }.into(),
                "1.40 元",
                "the records 1.40",
            ),
            (NotDriven::ScoreRange.into(), "1 至 5", "1 to 5"),
        ],
    );
    let states = State::ALL.map(|state| (OutOfTurn::WrongState { state }.into(), "不能这样做", "Not while"));
    holds(text::request_refusal, &states);
}
