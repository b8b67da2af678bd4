//! What is said of requests: one line for each code.

use super::*;
use crate::systems::Kind;
use crate::systems::fault::Stays;
use crate::systems::requests::{About, Refusal, State};
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
            (Refusal::UnknownListing { listing: listing() }, "230000-V-000012", "230000-V-000012"),
            (Refusal::OwnListing { listing: listing() }, "本单位", "at home"),
            (Refusal::EndBeforeStart, "不晚于开始", "not after the start"),
            (Refusal::PeriodTooLong { days_max: 90 }, "最多 90 天", "90 days"),
            (Refusal::StartsInPast { from }, "1970-01-01 08:00", "1970-01-01 08:00"),
            (Refusal::TooFarAhead { days_max: 366 }, "366", "366"),
            (Refusal::PurposeUnknown { purposes: words.clone() }, "执法", "law_enforcement, meeting"),
            (Refusal::CountRange { max: 5 }, "1 至 5", "1 to 5"),
            (Refusal::PlaceUnknown { place: self::text("239901") }, "239901", "239901"),
            (Refusal::ApprovalMissing, "批准文号", "approved"),
            (Refusal::TextTooLong { chars_max: 200 }, "200", "200"),
            (Refusal::TelephoneForm { telephone: self::text("x") }, "姓名", "names"),
            (Refusal::NoAgreement { member: member() }, "没有协议", "without one"),
            (
                Refusal::OutOfScope { kind: Kind::Vehicles, member: member() },
                "不含车辆",
                "not cover vehicles",
            ),
            (Refusal::AgreementExpired { until }, "有效期", "not valid"),
            (Refusal::NotOpen { agreement: AgreementId([1; 32]) }, "稍后再试", "try again"),
            (Refusal::KeyReused { id: about() }, "230000-VR-000007", "230000-VR-000007"),
            (Refusal::AskedAlready { id: about() }, "尚未结束", "not over"),
            (Refusal::UnknownRequest { id: about() }, "没有申请", "no request"),
            (Refusal::NotTheOwner { owner: member() }, "所有者 230000", "owner, 230000"),
            (Refusal::NotTheRequester { requester: member() }, "申请者 230000", "asked, 230000"),
            (Refusal::AlreadyCancelled, "已经取消", "cancelled"),
            (Refusal::LateAnswer { by: from }, "答复期限", "answer was due"),
            (Refusal::LateConfirm { by: from }, "确认期限", "confirmed until"),
            (Refusal::NotBegun { from }, "才开始", "begins at"),
            (Refusal::NotShared { listing: listing() }, "不再共享", "not shared"),
            (Refusal::NotLent { stays: Stays::InsuranceExpired }, "保险", "insurance"),
            (Refusal::OutOfOrder, "维修", "repair"),
            (Refusal::Blocked { reason: self::text("x"), from, until }, "不外派", "calendar keeps"),
            (Refusal::Overlaps { with: about(), from, until }, "已给 230000-VR", "230000-VR-000007 has it"),
            (Refusal::OthersWait { id: about() }, "候补", "waiting list"),
            (Refusal::NoTariff { word: self::text("sedan") }, "价目", "tariff"),
            (Refusal::TypeUnknown { types: words }, "以下之一", "one of"),
            (Refusal::NoTrip { kind: Kind::Assets }, "资产没有出车", "trips with assets"),
            (Refusal::NotConfirmed, "尚未确认", "not confirmed"),
            (Refusal::OdometerBackwards { have_km: 8 }, "倒退", "backwards"),
            (Refusal::OdometerJumps { km_max: 8 }, "最多 8 公里", "8 km at most"),
            (Refusal::TimeOrder { after: from, before: until }, "之间", "between"),
            (Refusal::AmountRange { max: 100 }, "0 至 100", "0 to 100"),
            (Refusal::NothingToBill, "没有费用", "nothing to bill"),
            (
                Refusal::BillDiffers { billed_fen: 150, computed_fen: Some(140) },
                "1.40 元",
                "the records 1.40",
            ),
            (Refusal::ScoreRange, "1 至 5", "1 to 5"),
        ],
    );
    let states = State::ALL.map(|state| (Refusal::WrongState { state }, "不能这样做", "Not while"));
    holds(text::request_refusal, &states);
}
