//! What is said of versions of an agreement.

use xietong_proto::opinion::Stance;

use super::*;
use crate::failure::VersionRefusal;
use crate::papers::amendment::Difference;
use crate::text::{self, Lang};

#[test]
fn why_it_is_not_clear_which_version_is_meant() {
    use VersionRefusal::*;
    let title = || self::text("T");
    holds(
        text::version_refusal,
        &[
            (NoneJoined, "没有加入任何协议", "joined no agreement"),
            (NoSuchAgreement { name: title() }, "“T”", "\"T\""),
            (WhichAgreement { titles: vec![title(), self::text("U")] }, "T、U", "T, U"),
            (NothingWaits, "没有等候表态的版次", "No version waits"),
            (VersionUnknown { fingerprint: self::text("12") }, "以 12 开头", "begins with 12"),
            (
                WhichVersion { fingerprints: vec![self::text("1 2"), self::text("3 4")] },
                "1 2、3 4",
                "1 2, 3 4",
            ),
            (
                VersionRefused { refusal: PaperRefusal::SealNotNamed },
                "没有任何成员使用这把印章密钥",
                "No member in the agreement",
            ),
        ],
    );
}

#[test]
fn what_is_asked_before_something_is_said_of_a_version() {
    let member = code("230000");
    for stance in [Stance::Approves, Stance::Declines] {
        for lang in [Lang::Zh, Lang::En] {
            let asked = text::ask_opinion(lang, member, stance, "1234");
            assert!(asked.contains("230000") && asked.contains("1234"), "{asked}");
        }
    }
    for is_last in [true, false] {
        assert!(text::ask_withdrawal(Lang::Zh, member, "T", is_last).contains("不能收回"));
        assert!(text::ask_withdrawal(Lang::En, member, "T", is_last).contains("cannot be taken back"));
    }
}

/// What one line of a table says of each change.
#[test]
fn each_change_has_its_line() {
    use Difference::*;
    let (member, system, name) = (code("230000"), System::ENERGY, self::text("N"));
    let now = Millis(1_795_536_000_000);
    let table = [
        (
            Admits { member, name: name.clone(), card: Some(self::text("1 2")) },
            "接纳：N",
            "admitted: N, card 1 2",
        ),
        (Removes { member, name: name.clone() }, "移出", "removed"),
        (OtherSeal { member, card: None }, "换用新印章", "another seal"),
        (OtherName { member, before: self::text("B"), now: name.clone() }, "N", "N"),
        (OtherCard { member, card: Some(self::text("3 4")) }, "名片指纹 3 4", "card 3 4"),
        (Shares { system }, "共享", "shared"),
        (SharesNoMore { system }, "不再共享", "not shared"),
        (SharesOtherwise { system, profile: 2, rules_version: 3 }, "规则 3", "rules 3"),
        (Quorum { before: (2, 3), now: (3, 4), widens: true }, "4 个中的 3 个", "3 of 4"),
        (Title { before: self::text("B"), now: name }, "N", "N"),
        (Level { before: LevelName::Provinces, now: LevelName::Cities }, "城市间", "between cities"),
        (From { before: Millis(0), now }, "2026-11-25", "2026-11-25"),
        (Until { before: Millis(0), now }, "2026-11-25", "2026-11-25"),
        (Restarts { member }, "另起一代", "begin again"),
        (Cuts { member, system, position: Position(7) }, "到序号 7", "up to position 7"),
        (Voids { fingerprint: self::text("5 6") }, "作废", "set aside"),
        (Reconciles { fingerprint: self::text("5 6") }, "与之协调", "reconciled"),
    ];
    for (difference, zh, en) in table {
        let said = |lang| {
            let (what, _, now) = text::versions::difference_of(lang, &difference);
            format!("{what}: {now}")
        };
        assert!(said(Lang::Zh).contains(zh), "{difference:?}: {}", said(Lang::Zh));
        assert!(said(Lang::En).contains(en), "{difference:?}: {}", said(Lang::En));
    }
}
