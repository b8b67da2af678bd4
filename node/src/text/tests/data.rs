//! What is said of rows, files, releases and lists: one line for each code.

use super::*;
use crate::backup::BackupRefusal;
use crate::failure::EvidenceRefusal;
use crate::machine::{Refusal as NodeRefusal, Waiting};
use crate::replica::agreement::NotInForce;
use crate::replica::confirm::Unconfirmed;
use crate::replica::epochs::Unsaid;
use crate::replica::evidence::NoEvidence;
use crate::replica::purge::NotPurged;
use crate::replica::room::Shortage;
use crate::replica::status::AgreementState;
use crate::store::error::StoreError;
use crate::systems::Refusal;
use crate::systems::drivers::duty::Unfit;
use crate::systems::fault::{CodeFault, FileRefusal, Flag, FormFault, RowFault, Stays};
use crate::systems::handover::NotHandedOver;
use crate::systems::page::ListRefusal;
use crate::systems::query::Place;
use crate::systems::tests::{FAULT, assert_each, code as code_of, fault_names, variants};
use crate::systems::vehicles::scrapping::NotScrapped;
use crate::text;
use xietong_proto::epochs::Bar;
use xietong_proto::id::CardNumber;
use xietong_proto::reject::Reject;

#[test]
fn faults() {
    let names = ["1", "2"].map(self::text).to_vec();
    let table = [
        (FormFault::Blank.into(), "必填", "Required"),
        (FormFault::NotAValue.into(), "不是数据", "no value"),
        (CodeFault::ExcelDestroyedCode.into(), "设为文本", "as text"),
        (
            CodeFault::CodeSpelling { suggestion: self::text("A1") }.into(),
            "半角大写且不含空格：A1",
            "no blanks: A1",
        ),
        (FormFault::TooLong { chars_max: 5 }.into(), "最多 5 个", "at most 5"),
        (FormFault::ControlCharacter.into(), "控制字符", "control character"),
        (CodeFault::UsccForm.into(), "18 位", "18 characters"),
        (CodeFault::UsccCheckDigit { expected: 'A' }.into(), "应为 A", "call for A"),
        (CodeFault::VinForm.into(), "17 位", "17 characters"),
        (CodeFault::VinCheckDigit { expected: 'X' }.into(), "应为 X", "call for X"),
        (CodeFault::PlateForm.into(), "号牌号码", "licence plate"),
        (CodeFault::DivisionUnknown { nearest: names.clone() }.into(), "1、2", "1, 2"),
        (FormFault::NotAChoice { choices: names.clone() }.into(), "以下之一", "one of"),
        (FormFault::MoneyForm.into(), "两位小数", "two decimals"),
        (FormFault::QuantityForm.into(), "不是数量", "Not a quantity"),
        (FormFault::CountForm.into(), "非负整数", "whole number"),
        (FormFault::DateForm.into(), "不是日期", "Not a day"),
        (FormFault::PeriodForm.into(), "不是月份", "Not a month"),
        (FormFault::YesNoForm.into(), "“是”或“否”", "yes or no"),
        (FormFault::YearRange.into(), "2000 年", "from 2000"),
        (
            FormFault::CellCount { expected: 3, found: 4 }.into(),
            "3 列，这一行有 4 格",
            "3 columns and this row 4",
        ),
        (FormFault::RowTooLong { bytes_max: 9 }.into(), "最多 9 字节", "at most 9 bytes"),
        (RowFault::KeyTwice { first_line: 7 }.into(), "第 7 行", "line 7"),
        (RowFault::UnitNotInRegister.into(), "请先导入单位", "import it first"),
        (RowFault::AssetClassForm.into(), "分类标准", "classification"),
        (RowFault::NetValueMismatch { expected_fen: 150 }.into(), "1.50 元", "1.50 yuan"),
        (
            RowFault::DateOrder { after: self::text("2025-01-01") }.into(),
            "不应晚于 2025-01-01",
            "after 2025-01-01",
        ),
        (RowFault::QuantityNotPositive.into(), "至少为 1", "at least 1"),
        (RowFault::PlateFuelMismatch.into(), "新能源", "new energy"),
        (RowFault::ElectricWithDisplacement.into(), "排量", "displacement"),
        (RowFault::SeatsRange.into(), "1 至 60", "1 to 60"),
        (RowFault::OdometerBackwards { have_km: 8 }.into(), "8 公里", "8 km"),
        (RowFault::PlateTaken { other: self::text("V1") }.into(), "车辆 V1", "vehicle V1"),
        (RowFault::StatusStep { was: self::text("recycled") }.into(), "“已回收”", "\"recycled\""),
        (RowFault::CustodianIsOwner.into(), "权属单位以外", "other than its owner"),
        (RowFault::PeriodInFuture.into(), "还没有到", "not come yet"),
        (RowFault::PartAboveTotal.into(), "分项大于合计", "larger than its total"),
        (RowFault::NothingReported.into(), "没有任何数量", "no quantity"),
    ];
    holds(text::fault, &table);
    assert_each(table.iter().map(|(fault, ..)| code_of(fault)), fault_names());
}

#[test]
fn remarks() {
    let flag = |lang, flag: &Flag| text::flag(lang, Kind::Energy, flag);
    let lines = [
        (Flag::OrgCheckDigit { uscc: self::text("X1") }, "X1", "X1"),
        (Flag::UsersOverQuota, "三倍", "three energy users"),
        (Flag::SerialTwice { other: self::text("Z9") }, "与 Z9 相同", "on Z9 too"),
        (Flag::AssetClassUnknown, "分类代码", "asset class"),
        (Flag::VinCheckDigitForeign, "进口车", "imported"),
        (Flag::ElectricOnOrdinaryPlate, "普通号牌", "ordinary plate"),
        (Flag::PlateOtherProvince, "外省", "another province"),
        (Flag::ModelYear, "注册登记日期", "first registration"),
        (Flag::OdometerJump { km: 9000, days: 2 }, "2 天行驶 9000 公里", "9000 km in 2 days"),
        (Flag::FuelUnlikely { per_100km: 5050 }, "50.50 升", "50.50 litres"),
        (Flag::OverCeiling { fen_max: 18_000_000 }, "180000.00 元", "180000.00 yuan"),
        (Flag::Unmarked, "标识化", "mark of an official"),
        (Flag::UnitPriceOutOfBand { column: self::text("water_m3") }, "用水量", "water_m3"),
        (Flag::YearOnYear { column: self::text("water_m3") }, "30%", "30 %"),
        (Flag::PerArea, "每年 5 至 300", "5 to 300"),
        (Flag::SameValueSixMonths { column: self::text("water_m3") }, "六个月", "six months"),
    ];
    assert_each(lines.iter().map(|(flag, ..)| code_of(flag)), variants(FAULT, "Flag"));
    for (said, zh, en) in lines {
        let (in_zh, in_en) = (flag(Zh, &said), flag(En, &said));
        assert!(in_zh.contains(zh) && in_en.contains(en), "{in_zh}\n{in_en}");
        assert!(in_zh.chars().any(is_chinese) && !in_en.chars().any(is_chinese), "{in_zh}\n{in_en}");
    }
    let table = [
        (Stays::Confidential, "涉密", "confidential"),
        (Stays::UseNotShareable, "不共享", "never leave"),
        (Stays::InspectionExpired, "检验", "inspection"),
        (Stays::InsuranceExpired, "保险", "insurance"),
        (Stays::StatusNotShareable, "待处置", "disposal"),
        (Stays::NotIdleNorLendable, "未闲置", "Neither idle"),
        (Stays::NotBooked, "未入账", "accounts"),
        (Stays::StorageNotWiped, "未清除", "wiped"),
        (Stays::ConditionNotListable, "报废", "Scrap"),
    ];
    holds(text::stays, &table);
    assert_each(table.iter().map(|(stays, ..)| code_of(stays)), variants(FAULT, "Stays"));
}

#[test]
fn backups_that_cannot_be_used() {
    use BackupRefusal::*;
    let in_use = BackupStore { error: StoreError::InUse { lock: path() } };
    holds(
        text::backup_refusal,
        &[
            (NoVault { folder: path() }, "没有备份", "no backups in /h/x"),
            (
                OtherVault { folder: path(), member: code("220000") },
                "220000 的另一套",
                "other backups, of 220000",
            ),
            (EarlierSeal { folder: path() }, "原来的印章", "had before"),
            (OtherSeal { folder: path() }, "打不开", "does not open"),
            (NoBackup { folder: path(), names: vec![self::text("a")] }, "现有：a", "there are: a"),
            (Missing { file: path() }, "缺少 /h/x", "/h/x is missing"),
            (Damaged { file: path() }, "/h/x 被改动或截断", "/h/x was altered or cut"),
            (BackupFile(failed(FileAction::Create, ErrorKind::StorageFull)), "磁盘已满", "the disk is full"),
            (in_use, "另一个进程", "Another process"),
        ],
    );
}

#[test]
fn evidence_that_there_is_not() {
    let place = |agreement| Place {
        agreement,
        author: code("230000"),
        kind: Kind::Vehicles,
        position: Position(3),
        index: 1,
    };
    let id = AgreementId([0xab; 32]);
    let places = vec![place(AgreementId::ZERO), place(id)];
    let none = |because| EvidenceRefusal::NoEvidence { because };
    holds(
        text::evidence_refusal,
        &[
            (EvidenceRefusal::PlaceForm { place: self::text("x/y") }, "“x/y”不是", "\"x/y\" is no place"),
            (
                EvidenceRefusal::SeveralPlaces { id: self::text("X1"), places },
                "230000/vehicles/3/2 --agreement local",
                "230000/vehicles/3/2 --agreement abab",
            ),
            (EvidenceRefusal::WhichAgreement { agreements: vec![id] }, "abab", "abab"),
            (none(NoEvidence::NotHeld { position: Position(9) }), "序号 9", "position 9"),
            (none(NoEvidence::NoSuchRecord { position: Position(9), records: 2 }), "只有 2 条", "only 2"),
            (none(NoEvidence::NotForked), "分叉", "No fork"),
            (
                none(NoEvidence::Broken { reason: NotInForce::CardMissing { member: code("220000") } }),
                "缺少协议所指的 220000",
                "card of 220000",
            ),
            (none(NoEvidence::NotProven { reject: Reject::BadRoot }), "不足以证明", "does not prove it"),
            (
                EvidenceRefusal::FalseEvidence { file: path(), reject: Reject::BadSignature },
                "/h/x 不能证明任何事：签名不符",
                "/h/x proves nothing: The signature",
            ),
        ],
    );
}

#[test]
fn files_that_are_not_taken_in() {
    let refused = |lang, refusal: &FileRefusal| text::file_refusal(lang, Kind::Vehicles, refusal);
    let lines = [
        (FileRefusal::EncodingUnknown { line: 2 }, "第 2 行", "line 2"),
        (FileRefusal::NoHeader, "没有表头", "no header"),
        (FileRefusal::ColumnsMissing { columns: vec![self::text("vin")] }, "车辆识别代号", "vin"),
        (FileRefusal::ColumnTwice { column: self::text("vin") }, "两次", "twice"),
        (
            FileRefusal::WrongUnitInHeader { header: self::text("x(t)"), wanted: self::text("x(kg)") },
            "应为“x(kg)”",
            "than ours, x(kg)",
        ),
        (FileRefusal::TooManyColumns { columns_max: 5 }, "超过 5", "more than 5"),
        (FileRefusal::TooManyRows { rows_max: 6 }, "超过 6", "more than 6"),
        (FileRefusal::Unreadable { line: 3 }, "第 3 行", "Line 3"),
        (FileRefusal::MapForm { detail: self::text("d") }, "[rename]", "[rename]"),
        (FileRefusal::MapColumn { column: self::text("c") }, "“c”", "names c"),
    ];
    assert_each(lines.iter().map(|(refusal, ..)| code_of(refusal)), variants(FAULT, "FileRefusal"));
    for (said, zh, en) in lines {
        let (in_zh, in_en) = (refused(Zh, &said), refused(En, &said));
        assert!(in_zh.contains(zh) && in_en.contains(en), "{in_zh}\n{in_en}");
        assert!(in_zh.chars().any(is_chinese) && !in_en.chars().any(is_chinese), "{in_zh}\n{in_en}");
    }
}

#[test]
fn commands_that_are_not_done() {
    let period = self::text("2025-03");
    let table = [
        (Refusal::NotInRegister { id: self::text("x") }, "没有 x", "no x"),
        (Refusal::ReasonTooLong { chars_max: 5 }, "最多 5", "5 characters"),
        (Refusal::PeriodForm { period: period.clone() }, "不是月份", "not a month"),
        (Refusal::PeriodNotOver { period: period.clone() }, "还没有结束", "not over"),
        (Refusal::LedgerBehind { period: period.clone() }, "较早的备份", "older backup"),
        (Refusal::NothingToRelease { period }, "没有可发布", "no energy"),
        (
            Refusal::HandOver { id: self::text("V9"), reason: NotHandedOver::NotOnItsWay },
            "V9：没有移交给",
            "V9: Nothing of that number",
        ),
        (
            Refusal::Scrapping { vin: self::text("V1"), reason: NotScrapped::RecyclerForm },
            "车辆 V1：回收企业",
            "Vehicle V1: The recycler",
        ),
        (
            Refusal::Driver { driver_no: self::text("J001"), unfit: Unfit::Inactive },
            "J001：不在岗",
            "J001: Not on duty",
        ),
    ];
    holds(text::data_refusal, &table);
    let told = table.iter().map(|(refusal, ..)| code_of(refusal)).chain([self::text("Request")]);
    assert_each(told, variants(include_str!("../../systems/mod.rs"), "Refusal"));
    holds(
        text::node_refusal,
        &[
            (NodeRefusal::Rebuilding { entries_left: 4 }, "4 条", "4 entries"),
            (NodeRefusal::DiskFull { shortage: SHORT }, "只剩 3 MiB", "has 3 MiB left"),
            (NodeRefusal::NotNamed { member: code("220000") }, "220000", "220000"),
            (NodeRefusal::NotThisNode, "传输密钥", "transport key"),
            (NodeRefusal::UnknownMember { member: code("220000") }, "220000", "220000"),
            (NodeRefusal::Unsaid { reason: Unsaid::NotJoined }, "没有加入", "not joined"),
            (NodeRefusal::NotPurged { reason: NotPurged::OwnRecords }, "自己所说的", "said itself"),
            (NodeRefusal::Data { refusal: Refusal::NotInRegister { id: self::text("y") } }, "没有 y", "no y"),
        ],
    );
    let columns = vec![self::text("a"), self::text("b")];
    let refused = ListRefusal::NoSuchColumn { column: self::text("c"), columns };
    let of = || self::text("c");
    holds(
        text::list_refusal,
        &[
            (refused, "a、b", "a, b"),
            (ListRefusal::NothingKept { of: of(), known: vec![self::text("a")] }, "有：a", "there is: a"),
            (ListRefusal::NothingKept { of: of(), known: Vec::new() }, "不另存", "nothing is kept"),
        ],
    );
}

#[test]
fn agreements_and_what_waits() {
    let member = code("220000");
    holds(
        text::not_in_force,
        &[
            (NotInForce::CardMissing { member }, "缺少", "missing"),
            (NotInForce::CardDiffers { member }, "不一致", "something else"),
            (NotInForce::NotApproved { members: vec![member] }, "220000", "220000"),
            (
                NotInForce::SharedTransportKey { members: [member, code("210000")] },
                "同一个传输密钥",
                "same transport key",
            ),
            (
                NotInForce::NewerRules { system: System::ENERGY, profile: 2, rules_version: 3 },
                "请先升级",
                "upgrade first",
            ),
            (NotInForce::Unreadable { reject: Reject::BadSignature }, "签名", "signature"),
        ],
    );
    let (author, system, at) = (member, System::VEHICLES, Position(5));
    let agreement = AgreementId([1; 32]);
    holds(
        text::waiting,
        &[
            (Waiting::NoAgreement, "agreement join", "agreement join"),
            (
                Waiting::AsksForOpinion {
                    agreement,
                    title: self::text("T"),
                    manifest: ManifestId([2; 32]),
                    epoch: Epoch(3),
                },
                "第 3 版次（02020202）",
                "version 3 (02020202)",
            ),
            (
                Waiting::NotOpen { agreement, title: self::text("T"), state: AgreementState::Left },
                "已不是“T”的成员",
                "has left \"T\"",
            ),
            (
                Waiting::CardTwice {
                    agreement,
                    title: self::text("T"),
                    member: "220000".parse().expect("a code"),
                    number: CardNumber(2),
                },
                "两张不同的第 2 号名片",
                "two different cards of number 2",
            ),
            (Waiting::CardTooOld { agreement, title: self::text("T") }, "更新的名片", "newer card"),
            (
                Waiting::SealBefore { agreement, title: self::text("T") },
                "原来的印章",
                "the seal that this member had",
            ),
            (
                Waiting::NotValid {
                    agreement,
                    title: self::text("T"),
                    valid_from: Millis(0),
                    valid_until: Millis(0),
                },
                "不在有效期",
                "not valid now",
            ),
            (
                Waiting::EndsSoon {
                    agreement,
                    title: self::text("T"),
                    valid_until: Millis(0),
                    days_left: 30,
                },
                "还有 30 天到期",
                "ends in 30 days",
            ),
            (
                Waiting::Unconfirmed {
                    agreement,
                    title: self::text("T"),
                    missing: Unconfirmed {
                        needed: 2,
                        compared: vec![author],
                        silent: vec![code("210000")],
                        fetching: 0,
                        has_rival: false,
                    },
                },
                "已核对 1 家，需 2 家）才发布；尚未联系上：210000",
                "compared with 2 other members (1 so far); not heard yet: 210000",
            ),
            (
                Waiting::Unconfirmed {
                    agreement,
                    title: self::text("T"),
                    missing: Unconfirmed { fetching: 3, ..alone() },
                },
                "3 条",
                "3 entries of ours",
            ),
            (
                Waiting::Unconfirmed {
                    agreement,
                    title: self::text("T"),
                    missing: Unconfirmed { has_rival: true, ..alone() },
                },
                "另有一个进程",
                "another process runs with your keys",
            ),
            (
                Waiting::ClockDoubtful { agreement, title: self::text("T"), ahead_ms: -660_000 },
                "慢 11 分钟",
                "11 minutes behind",
            ),
            (Waiting::Unfolded { author, system, entries: 3 }, "3 条", "3 entries"),
            (Waiting::DiskLow { shortage: SHORT, is_full: false }, "预留的 64 MiB", "64 MiB kept in reserve"),
            (Waiting::DiskLow { shortage: SHORT, is_full: true }, "只供查看", "can be read"),
            (
                Waiting::QuotaReached {
                    agreement,
                    title: self::text("T"),
                    member: author,
                    bytes: 5 * MIB,
                    day_bytes: MIB,
                },
                "已占 5 MiB（今日 1 MiB）",
                "takes up 5 MiB under \"T\" (1 MiB of it today)",
            ),
            (
                Waiting::Forked { author, system, at, counts: Position(4), is_own: false },
                "计至序号 4",
                "counts up to 4",
            ),
            (
                Waiting::Forked { author, system, at, counts: Position(4), is_own: true },
                "本单位的密钥",
                "with your keys",
            ),
            (Waiting::CalendarMissing { year: 2027 }, "2027.toml", "calendar for 2027"),
        ],
    );
}

const MIB: u64 = 1024 * 1024;
const SHORT: Shortage = Shortage { free_bytes: 3 * MIB, needed_bytes: 64 * MIB };

fn alone() -> Unconfirmed {
    Unconfirmed { needed: 1, compared: Vec::new(), silent: Vec::new(), fetching: 0, has_rival: false }
}

#[test]
fn what_is_not_given_up() {
    let member = code("220000");
    holds(
        text::not_purged,
        &[
            (NotPurged::NotJoined, "没有加入", "not joined"),
            (NotPurged::OwnRecords, "自己所说的", "said itself"),
            (NotPurged::NeverTogether { member }, "220000 从未", "220000 was never"),
            (
                NotPurged::StillTogether { member },
                "220000 与本单位仍同为成员",
                "220000 and this member are both",
            ),
            (NotPurged::NothingHeld { member }, "没有 220000", "Nothing that 220000"),
            (NotPurged::Unsayable { reject: Reject::Malformed }, "格式", "layout"),
        ],
    );
}

#[test]
fn what_cannot_be_said_of_a_version_and_why_nobody_writes() {
    let (author, system) = (code("220000"), System::VEHICLES);
    let barred = |bar| Unsaid::Barred { bar };
    holds(
        text::unsaid,
        &[
            (Unsaid::NotJoined, "没有加入", "not joined"),
            (Unsaid::Unlawful { reject: Reject::BadSignature }, "签名", "signature"),
            (Unsaid::NotReady { reason: NotInForce::CardMissing { member: author } }, "缺少", "missing"),
            (
                Unsaid::CutNotHeld { author, system, have: Position(3), cut: Position(5) },
                "截止在序号 5",
                "at position 5",
            ),
            (barred(Bar::NotOpen), "现行版次", "does not follow"),
            (barred(Bar::NotAsked), "不需要", "not asked"),
            (barred(Bar::Spoken), "相反的表态", "opposite"),
            (barred(Bar::Leaving), "提出退出", "withdrawn"),
            (barred(Bar::Stays { against: ManifestId([2; 32]) }), "02020202", "declined its own removal"),
            (barred(Bar::Bound { to: ManifestId([2; 32]) }), "02020202", "02020202"),
        ],
    );
    holds(
        |lang, state| text::agreement_state(lang, "T", state),
        &[
            (AgreementState::Open, "生效中", "in force"),
            (AgreementState::Left, "不再交换", "has left"),
            (AgreementState::Closed { by: author }, "220000 已退出", "220000 has withdrawn"),
            (
                AgreementState::Split { rivals: vec![ManifestId([1; 32]); 2], by: vec![author] },
                "2 个互相矛盾",
                "2 next versions",
            ),
        ],
    );
}
