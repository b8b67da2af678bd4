//! What is said of vehicles on their way out or to another member, and of drivers: one line for each code.

use super::*;
use crate::systems::drivers::duty::Unfit;
use crate::systems::handover::NotHandedOver;
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
