//! One line for every refusal that has words: what its sentence says in both languages, beside its data.

mod bundle;
mod data;
mod doors;
mod fleet;
mod requests;
mod versions;

use std::io::ErrorKind;
use std::path::PathBuf;

use jiff::civil::{Date, date};

use xietong_proto::epochs::Bar;
use xietong_proto::id::*;
use xietong_proto::reject::Reject;

use super::Lang::{En, Zh};
use super::{Lang, config, failure, file, key, leaves, level, list, paper, proposal, reject, system};
use crate::calendar::working::CalendarFault;
use crate::config::{ConfigError, Wanted};
use crate::failure::{Failure, Obstacle};
use crate::files::{FileAction, FileFailure};
use crate::keys::KeyError;
use crate::papers::PaperRefusal;
use crate::papers::copy::LevelName;
use crate::papers::proposal::ProposalRefusal;
use crate::systems::Kind;
use crate::systems::vehicles::rules::RulesFault;
use crate::tables::Difference;

/// A refusal and what its sentences have to contain, in Chinese and in English.
type Line<T> = (T, &'static str, &'static str);

/// Checks a table: each sentence says its part, the Chinese one is Chinese, the English one is not.
fn holds<T: std::fmt::Debug>(say: fn(Lang, &T) -> String, table: &[Line<T>]) {
    for (refusal, zh, en) in table {
        let (in_zh, in_en) = (say(Zh, refusal), say(En, refusal));
        assert!(in_zh.contains(zh), "{refusal:?}\n{in_zh}");
        assert!(in_en.contains(en), "{refusal:?}\n{in_en}");
        assert!(in_zh.chars().any(is_chinese), "{in_zh}");
        assert!(!in_en.chars().any(is_chinese), "{in_en}");
        assert!(in_zh.ends_with(['。', '.']) && in_en.ends_with('.'), "{in_zh}\n{in_en}");
    }
}

fn is_chinese(char: char) -> bool {
    ('\u{3000}'..'\u{a000}').contains(&char) || ('\u{ff00}'..'\u{fff0}').contains(&char)
}

fn code(text: &str) -> MemberCode {
    text.parse().expect("the test uses member codes")
}

fn text(text: &str) -> String {
    text.to_owned()
}

fn path() -> PathBuf {
    "/h/x".into()
}

fn failed(action: FileAction, kind: ErrorKind) -> FileFailure {
    FileFailure { action, path: path(), source: kind.into() }
}

const DAY: Date = date(2027, 1, 2);

#[test]
fn rejects() {
    let author = code("220000");
    holds(
        reject,
        &[
            (
                Reject::TooLarge { size: 9, size_max: 8 },
                "太大：9，上限 8（协议规则 P3）",
                "Too large: 9, the limit is 8 (rule P3)",
            ),
            (Reject::Malformed, "格式不符", "layout"),
            (Reject::UnknownVersion { version: 9 }, "格式版本 9", "version 9"),
            (Reject::UnknownSuite { suite: 9 }, "密码套件 9", "suite 9"),
            (Reject::NotCanonical, "只能有一种写法", "exactly one encoding"),
            (Reject::BadField { field: text("card.name") }, "字段 card.name", "field card.name"),
            (Reject::WrongAgreement, "另一个协议", "another agreement"),
            (Reject::NotAMember { author }, "220000 不是", "220000 is no member"),
            (Reject::UnknownEpoch { epoch: Epoch(4) }, "第 4 版次", "epoch 4"),
            (Reject::OutOfScope { system: System::ENERGY }, "能耗不在", "include energy"),
            (Reject::Cut { at: Position(7) }, "到序号 7 为止", "ends at position 7"),
            (Reject::OlderEpoch { epoch: Epoch(3), before: Epoch(4) }, "属于第 3 版次", "of epoch 4 already"),
            (Reject::WrongAudience, "不是给本节点的", "not meant for this node"),
            (Reject::UnknownCard { author, card: CardNumber(3) }, "220000 的第 3 号名片", "Card 3 of 220000"),
            (Reject::BadSignature, "签名不符", "signature does not hold"),
            (Reject::BadFraming, "载荷", "does not split"),
            (Reject::BadRoot, "所签的根", "root that was signed"),
            (
                Reject::Gap { have: Position(4), got: Position(7) },
                "到序号 4，来的是序号 7",
                "Position 4 is held and 7",
            ),
            (Reject::Fork { at: Position(5) }, "序号 5 已有另一条", "position 5 (a fork)"),
        ],
    );
}

#[test]
fn papers() {
    let member = code("230000");
    let difference = |copy: Option<&str>, exact: Option<&str>| {
        PaperRefusal::CopyDiffers(Difference {
            field: text("card.name"),
            copy: copy.map(text),
            exact: exact.map(text),
        })
    };
    let unlawful = PaperRefusal::Unlawful { part: text("exact.card"), reject: Reject::BadSignature };
    holds(
        paper,
        &[
            (PaperRefusal::PaperForm { line: 3, detail: text("x") }, "第 3 行，x", "line 3, x"),
            (
                PaperRefusal::NotHex { part: text("exact.card") },
                "exact.card 不是十六进制",
                "exact.card is not hexadecimal",
            ),
            (unlawful, "exact.card 不予接受：签名不符", "exact.card is refused: The signature"),
            (
                PaperRefusal::StaysAtHome { system: System::INSTITUTIONS },
                "单位台账从不出省",
                "never leave their province",
            ),
            (PaperRefusal::CardMissing { member }, "缺少成员 230000", "230000 is missing"),
            (PaperRefusal::CardNotNamed { member }, "230000 的这张名片", "card of 230000"),
            (PaperRefusal::CardContradicts { member }, "230000 的名称", "gives 230000 another name"),
            (
                difference(Some("a"), Some("b")),
                "card.name 写的是“a”，而所签内容是“b”",
                "card.name reads \"a\", but what is signed says \"b\"",
            ),
            (difference(Some("a"), None), "没有 card.name（“a”）", "no card.name (\"a\")"),
            (
                difference(None, Some("b")),
                "缺少 card.name，所签内容是“b”",
                "card.name is missing; what is signed says \"b\"",
            ),
            (PaperRefusal::NotAMember { member }, "230000 不是这份协议的成员", "230000, is not named"),
            (PaperRefusal::OtherSealKey { member }, "230000 的印章密钥", "another seal key for 230000"),
            (PaperRefusal::SealNotNamed, "没有任何成员使用这把印章密钥", "No member in the agreement"),
            (PaperRefusal::NoManifest, "没有协议文本", "no version"),
            (PaperRefusal::NotToCome, "不会生效", "does not come into force"),
            (PaperRefusal::Barred { bar: Bar::NotAsked }, "不需要本单位表态", "is not asked"),
            (
                PaperRefusal::OtherAgreement { first: text("1 2"), other: text("3 4") },
                "1 2 和 3 4",
                "1 2 and 3 4",
            ),
            (PaperRefusal::Unapproved, "还没有任何成员批准", "No member has approved"),
            (
                PaperRefusal::PartlyApproved { missing: vec![member, code("XPCC")] },
                "230000、XPCC",
                "230000, XPCC",
            ),
        ],
    );
}

#[test]
fn proposals() {
    use ProposalRefusal::*;
    let (first, second) = (code("210000"), code("220000"));
    let untitled = Reject::BadField { field: text("manifest.title") };
    holds(
        proposal,
        &[
            (ProposalForm { line: 2, detail: text("x") }, "第 2 行：x", "Line 2 of the proposal: x"),
            (UnknownSystem { name: text("cars") }, "“cars”", "\"cars\""),
            (StaysAtHome { system: System::DRIVERS }, "驾驶员不能共享", "cannot be shared"),
            (SystemTwice { name: text("assets") }, "assets 写了两次", "assets is named twice"),
            (NoSystem, "至少要有一个业务领域", "At least one system"),
            (
                MemberCount { count: 1, count_max: 64 },
                "2 至 64 个成员，这里有 1 个",
                "2 to 64 members; here are 1",
            ),
            (MemberTwice { member: first }, "210000 有两张名片", "two cards of member 210000"),
            (SealInForce { member: first }, "现行的印章", "the seal that is in force"),
            (SealKeyTwice { first, second }, "210000 和 220000", "210000 and 220000"),
            (TooFewStay { stay: 1, members: 2 }, "2 个成员中只有 1 个", "Of 2 members only 1"),
            (
                QuorumOutOfRange { quorum: 1, quorum_min: 2, quorum_max: 3 },
                "表决数 1 不可用：应为 2 至 3",
                "quorum 1 cannot be used: it has to be 2 to 3",
            ),
            (DateForm { text: text("x") }, "“x”不是日期", "\"x\" is no date"),
            (OverAlready { until: text("2020-01-01") }, "2020-01-01 已经过去", "2020-01-01 is already over"),
            (NoMemberYet { member: first }, "210000 还不是成员", "210000 is no member yet"),
            (NoSuchVersion { fingerprint: text("12") }, "以 12 开头", "begins with 12"),
            (ClosedForGood { by: first }, "210000 已退出", "210000 has withdrawn"),
            (NothingChanges, "与现行版次相同", "what is in force"),
            (UnlawfulProposal { reject: untitled }, "manifest.title", "manifest.title"),
        ],
    );
}

#[test]
fn configurations() {
    let bad = |wanted| ConfigError::BadValue { key: text("k"), value: text("v"), wanted };
    let mistyped =
        |found| ConfigError::BadType { key: text("k"), found: text(found), wanted: text("integer") };
    let long = ConfigError::SocketPathTooLong { path: path(), bytes: 101, proposal: "/p".into() };
    let calendar = |fault| ConfigError::CalendarFile { path: path(), fault };
    let rules = |fault| ConfigError::RulesFile { path: path(), fault };
    holds(
        config,
        &[
            (ConfigError::NoConfig { path: path() }, "没有 /h/x", "There is no /h/x"),
            (
                ConfigError::ConfigFile(failed(FileAction::Read, ErrorKind::PermissionDenied)),
                "没有权限",
                "no permission",
            ),
            (ConfigError::ConfigForm { line: 3, detail: text("x") }, "第 3 行不符合 TOML 格式：x", "Line 3"),
            (ConfigError::UnknownKey { key: text("a.b") }, "没有 a.b 这一配置项", "no setting a.b"),
            (mistyped("string"), "k 应为整数，而不是文字", "k has to be a whole number, not text"),
            (mistyped("array"), "而不是列表", "not a list"),
            (mistyped("table"), "而不是一节", "not a section"),
            (mistyped("float"), "而不是 float", "not float"),
            (ConfigError::BadWord { detail: text("x") }, "值不可用：x", "cannot be used: x"),
            (
                ConfigError::Missing { key: text("code") },
                "必须填写配置项 code",
                "The setting code is required",
            ),
            (
                bad(Wanted::MemberCode),
                "k 的值“v”不可用：应为 2 至 8 位",
                "\"v\" of k cannot be used: it has to be 2 to 8",
            ),
            (bad(Wanted::Line), "不超过 512 字节", "at most 512 bytes"),
            (bad(Wanted::Uscc), "校验码", "check digit"),
            (bad(Wanted::Dialable), "别人连不到这里", "nobody can dial that"),
            (bad(Wanted::Address), "/ip4/203.0.113.23/udp/4101/quic-v1", "/dns/node.example.cn/tcp/4101"),
            (bad(Wanted::SomeAddress), "至少要有一个地址", "at least one address"),
            (bad(Wanted::FewAddresses), "不能超过 16 个", "at most 16 addresses"),
            (bad(Wanted::Loopback), "回环地址", "loopback"),
            (bad(Wanted::Positive), "至少为 1", "at least 1"),
            (
                calendar(CalendarFault::CalendarForm { line: 3, detail: text("x") }),
                "日历 /h/x 不可用：第 3 行：x",
                "/h/x cannot be used: line 3: x",
            ),
            (
                calendar(CalendarFault::OtherYear { date: DAY }),
                "2027-01-02 不在",
                "2027-01-02 is not of the year",
            ),
            (
                calendar(CalendarFault::EndBeforeStart { name: text("a") }),
                "“a”的截止日期",
                "\"a\" ends before",
            ),
            (calendar(CalendarFault::NotAWeekend { date: DAY }), "不是周六或周日", "no Saturday"),
            (calendar(CalendarFault::DayTwice { date: DAY }), "写了两次", "twice"),
            (
                rules(RulesFault::RulesForm { line: 3, detail: text("x") }),
                "车辆规则 /h/x 不可用：第 3 行：x",
                "rules /h/x cannot be used: line 3: x",
            ),
            (rules(RulesFault::UnknownCode { word: text("sedna") }), "“sedna”", "\"sedna\""),
            (
                rules(RulesFault::RuleEndsFirst { source: text("a") }),
                "“a”的截止日期",
                "ends before it begins",
            ),
            (long, "101 字节，超过 100 字节", "Set path = \"/p\""),
        ],
    );
}

#[test]
fn keys_and_files() {
    holds(
        key,
        &[
            (KeyError::KeyMissing { path: path() }, "没有密钥 /h/x", "key /h/x is missing"),
            (KeyError::KeyOpenToOthers { path: path(), mode: 0o640 }, "权限 640", "mode 640"),
            (KeyError::KeyForm { path: path() }, "已损坏", "is damaged"),
            (KeyError::KeyNotOnCard { path: path() }, "没有列出密钥 /h/x", "does not name the key /h/x"),
            (KeyError::SealDamaged { path: path() }, "与口令无关", "whatever the passphrase"),
            (KeyError::SealVersion { path: path(), version: 2 }, "第 2 种格式", "is of version 2"),
            (KeyError::SealNotLost { path: path() }, "没有遗失", "is not lost"),
            (KeyError::WrongPassphrase { path: path() }, "口令不对", "does not open the seal key /h/x"),
            (KeyError::PassphraseShort { chars_min: 8 }, "至少 8 个字符", "at least 8 characters"),
            (
                KeyError::KeyFile(failed(FileAction::Create, ErrorKind::StorageFull)),
                "磁盘已满",
                "the disk is full",
            ),
        ],
    );
    let create = FileAction::Create;
    holds(
        file,
        &[
            (
                failed(FileAction::Read, ErrorKind::NotFound),
                "无法读取 /h/x：不存在",
                "Cannot read /h/x: it does not exist",
            ),
            (
                failed(create, ErrorKind::AlreadyExists),
                "无法新建 /h/x：已经存在",
                "Cannot create /h/x: it exists already",
            ),
            (
                failed(FileAction::Replace, ErrorKind::PermissionDenied),
                "无法写入 /h/x：没有权限",
                "Cannot write /h/x: no permission",
            ),
            (failed(create, ErrorKind::InvalidData), "不是 UTF-8 文本", "not UTF-8 text"),
            (failed(create, ErrorKind::FileTooLarge), "文件太大", "too large"),
            (failed(create, ErrorKind::IsADirectory), "文件夹", "a folder"),
            (failed(create, ErrorKind::TimedOut), "timed out", "timed out"),
        ],
    );
}

#[test]
fn failures_of_commands() {
    let paper = Failure::Paper { file: "a.toml".into(), refusal: PaperRefusal::Unapproved };
    holds(
        failure,
        &[
            (ConfigError::Missing { key: text("code") }.into(), "必须填写配置项 code", "is required"),
            (KeyError::KeyForm { path: path() }.into(), "已损坏", "is damaged"),
            (paper, "a.toml：还没有任何成员批准", "a.toml: No member has approved"),
            (ProposalRefusal::NoSystem.into(), "至少要有一个业务领域", "At least one system"),
            (Obstacle::HomeUnknown.into(), "XIETONG_HOME", "XIETONG_HOME"),
            (Obstacle::HomeOccupied { path: path() }.into(), "/h/x 已经存在", "/h/x exists"),
            (Obstacle::NotConfirmed.into(), "没有批准", "Not approved"),
            (Obstacle::PassphraseMissing.into(), "--passphrase-file", "--passphrase-file"),
            (Obstacle::PassphrasesDiffer.into(), "两次输入的口令不同", "not alike"),
            (failed(FileAction::Read, ErrorKind::NotFound).into(), "不存在", "does not exist"),
        ],
    );
}

#[test]
fn words() {
    let systems =
        [System::INSTITUTIONS, System::ASSETS, System::VEHICLES, System::ENERGY, System::DRIVERS, System(99)];
    let names = |lang| list(lang, &systems.map(|number| system(lang, number)));
    assert_eq!(names(Zh), "单位、资产、车辆、能耗、驾驶员、第 99 号业务领域");
    assert_eq!(names(En), "institutions, assets, vehicles, energy, drivers, system 99");
    holds(|lang, number| leaves(lang, *number), &systems.map(|system| (system, "", "")));
    for system in Kind::ALL.map(Kind::system) {
        let stays = leaves(En, system) == "Nothing leaves.";
        assert_eq!(stays, system.stays_at_home(), "{system}: what leaves is said, and no more");
    }
    let levels = [LevelName::Provinces, LevelName::Cities, LevelName::WithinProvince];
    assert_eq!(levels.map(|name| level(Zh, name)), ["省际", "城市间", "省内"]);
    assert_eq!(
        levels.map(|name| level(En, name)),
        ["between provinces", "between cities", "within a province"]
    );
}

#[test]
fn a_language_is_read_from_the_locale() {
    let locales =
        [("zh_CN.UTF-8", Some(Zh)), ("en_US", Some(En)), ("C.UTF-8", None), ("C", None), ("", None)];
    for (locale, lang) in locales {
        assert_eq!(Lang::from_locale(locale), lang, "{locale}");
    }
}
