//! What is said of vehicles on their way out or to another member, and of drivers: one line for each code.

use super::*;
use crate::systems::drivers::duty::Unfit;
use crate::systems::handover::NotHandedOver;
use crate::systems::reading::Step;
use crate::systems::vehicles::finding::Breach;
use crate::systems::vehicles::scrapping::NotScrapped;
use crate::text;

#[test]
fn handing_over() {
    let to = code("220000");
    holds(
        text::not_handed_over,
        &[
            (NotHandedOver::NoSuchKind, "不能移交", "not handed over"),
            (NotHandedOver::OutAlready, "移交中", "on its way"),
            (NotHandedOver::CameUnder { agreement: AgreementId([1; 32]) }, "（01010101）", "(01010101)"),
            (NotHandedOver::NotListedTo { to }, "与 220000 共同", "agreement with 220000"),
            (
                NotHandedOver::Promised { request: "220000-VR-000001".parse().expect("a request") },
                "申请 220000-VR-000001",
                "request 220000-VR-000001",
            ),
            (NotHandedOver::DayInFuture { on: DAY }, "2027-01-02 还没有到", "2027-01-02 has not come"),
            (NotHandedOver::NotOnItsWay, "尚待答复", "on its way"),
            (NotHandedOver::NotDeclined, "不能收回", "nothing to take back"),
            (NotHandedOver::NotNow, "目前不能发布", "nothing may be said now"),
            (NotHandedOver::NoRow { id: self::text("V1") }, "没有 V1", "has no V1"),
            (NotHandedOver::RowTaken { id: self::text("V1") }, "V1 已对应", "row V1 of"),
        ],
    );
}

#[test]
fn scrapping() {
    let day = || self::text("2026-11-01");
    holds(
        text::not_scrapped,
        &[
            (NotScrapped::DocumentForm { chars_max: 80 }, "1 至 80 个字", "1 to 80"),
            (NotScrapped::RecyclerForm, "回收企业", "recycler"),
            (NotScrapped::StepMissing { step: self::text("approved") }, "须先批准", "approved first"),
            (NotScrapped::DoneBefore { on: day() }, "2026-11-01 已办理", "done on 2026-11-01"),
            (NotScrapped::NotInOrder { after: day(), until: day() }, "2026-11-01 至", "from 2026-11-01"),
            (NotScrapped::WrongState { was: self::text("deregistered") }, "“注销”", "\"deregistered\""),
        ],
    );
}

#[test]
fn drivers() {
    let at = |hour: u64| Millis(1_796_083_200_000 + hour * 3_600_000);
    let until = self::text("2026-12-01");
    holds(
        text::unfit,
        &[
            (Unfit::Unknown, "没有这名驾驶员", "no such driver"),
            (Unfit::Inactive, "不在岗", "Not on duty"),
            (Unfit::LicenceEnds { until }, "2026-12-01 到期", "runs out on 2026-12-01"),
            (
                Unfit::Licence { has: self::text("C1"), needed: vec![self::text("A1")] },
                "C1，需要 A1",
                "C1; needed is A1",
            ),
            (Unfit::DutyForm, "起止时间", "ends before"),
            (
                Unfit::Busy { from: at(0), until: at(4) },
                "2026-12-01 08:00 至 2026-12-01 12:00",
                "until 2026-12-01 12:00",
            ),
            (
                Unfit::DayTooLong { date: DAY, minutes: 481, minutes_max: 480 },
                "2027-01-02 当日驾驶将达 481",
                "481 minutes at the wheel on 2027-01-02",
            ),
            (
                Unfit::NoBreak { minutes: 241, breaks: 1, break_min: 20 },
                "1 次、每次 20 分钟",
                "1 breaks of 20",
            ),
            (Unfit::NoSuchDuty { from: at(0) }, "2026-12-01 08:00 开始", "begins at 2026-12-01 08:00"),
        ],
    );
}

#[test]
fn what_trips_and_handovers_say_of_a_fleet() {
    let from = crate::calendar::parse("2026-12-05 08:00").expect("a time");
    let off = |until, approval: &str| Breach::OffHours { from, until, approval: self::text(approval) };
    holds(
        text::breach,
        &[
            (off(None, ""), "2026-12-05 08:00 至 未归 在外；批准文号：未记录", "until now; approval: none"),
            (off(Some(from), "JZ-1"), "批准文号：JZ-1", "approval: JZ-1"),
            (
                Breach::KeptAfterHandover { by: code("220000"), number: self::text("220000-V-000001") },
                "已由 220000 接收",
                "220000 has taken it in as 220000-V-000001",
            ),
            (Breach::TakenInVoid { from: code("230000") }, "车辆仍属 230000", "it is still 230000's"),
            (Breach::TemporaryPlateOver { until: DAY }, "2027-01-02 到期", "ran out on 2027-01-02"),
        ],
    );
}

#[test]
fn steps() {
    let all = [
        (Step::Asked, "申请", "asked"),
        (Step::Confirmed, "确认", "confirmed"),
        (Step::Cancelled, "取消", "cancelled"),
        (Step::Offered, "同意", "offered"),
        (Step::Declined, "不同意", "declined"),
        (Step::Waits, "候补", "waiting list"),
        (Step::Released, "不再保留", "released"),
        (Step::Particulars, "联系", "particulars"),
        (Step::SetOut, "出车", "set out"),
        (Step::Back, "交回", "back"),
        (Step::Billed, "结算单", "billed"),
        (Step::Settled, "结清", "settled"),
        (Step::Disputed, "异议", "disputed"),
        (Step::Evaluated, "评价", "evaluated"),
        (Step::HandedOver, "移交", "handed over"),
        (Step::TakenIn, "接收", "taken in"),
        (Step::NotTaken, "退回", "not taken"),
        (Step::TakenBack, "收回", "taken back"),
    ];
    for (step, zh, en) in all {
        assert!(text::step(Zh, step).contains(zh) && text::step(En, step).contains(en), "{step:?}");
    }
}
