//! Sentences about doors and health.

use xietong_proto::id::*;

use super::{code, holds};
use crate::http::answer::TurnedAway;
use crate::http::route;
use crate::http::tokens::Deeds;
use crate::machine::health::{Ailment, Health, Peers, Reason};
use crate::systems::doors::{By, Deed, Refusal, Role, Told};
use crate::text::{self, Lang};

#[test]
fn who_is_turned_away_and_which_token_is_not_made() {
    let until = Millis(0);
    holds(
        text::turned_away,
        &[
            (TurnedAway::TokenMissing, "没有出示令牌", "No token was shown"),
            (TurnedAway::TokenUnknown, "令牌不对", "No such token"),
            (TurnedAway::TokenOver { until }, "1970-01-01 08:00 到期", "until 1970-01-01 08:00"),
            (TurnedAway::TokenRevoked, "已作废", "revoked"),
            (TurnedAway::TooMany { retry_after_s: 7 }, "7 秒后", "in 7 seconds"),
            (TurnedAway::NotAllowed { role: Role::Observer }, "查阅员", "observer"),
        ],
    );
    let name = || "oa".to_owned();
    holds(
        text::token_refusal,
        &[
            (Refusal::TokenName { name: name() }, "“oa”不能", "\"oa\" is no name"),
            (Refusal::TokenNameTaken { name: name() }, "不重复使用", "used once"),
            (Refusal::TokenOverAlready { until }, "已经过去", "already over"),
            (Refusal::TooManyTokens { tokens_max: 9 }, "9 个", "9 tokens"),
            (Refusal::NoSuchToken { name: name() }, "没有名为 oa", "no token oa"),
        ],
    );
}

#[test]
fn each_ailment_of_peers_has_a_sentence() {
    let member = code("220000");
    let told = |lang: Lang, peers: &Peers| {
        let reason = Reason { is_serious: true, ailment: Ailment::Peers(peers.clone()) };
        text::health(lang, &Health { is_well: false, reasons: vec![reason] })
    };
    let (agreement, title) = (AgreementId([1; 32]), "T".to_owned());
    holds(
        told,
        &[
            (Peers::Paused, "离开网络", "off the network"),
            (Peers::Alone { agreement, title }, "没有连上任何其他成员", "no other member"),
            (Peers::Away { member }, "没有连上 220000", "220000 is not connected"),
            (Peers::Behind { member, entries: 3 }, "还有 3 条", "3 entries of 220000"),
        ],
    );
}

#[test]
fn a_request_is_one_line_however_many_steps_it_took() {
    let told = |request, act: &str, refused: Option<&str>| Told {
        position: Position(request),
        time: Millis(0),
        deed: Deed {
            by: By::Token { name: "oa".to_owned() },
            act: act.to_owned(),
            subject: "s".to_owned(),
            request,
            refused: refused.map(str::to_owned),
        },
    };
    let mut deeds: Vec<_> = (0..3).map(|_| told(1, "import", None)).collect();
    deeds.extend((2..).zip(route::ALL).map(|(request, route)| told(request, route.name, Some("NotAllowed"))));
    let shown = text::deeds(Lang::En, &Deeds { deeds, next: None, last: 9 });
    let lines: Vec<_> = shown.lines().collect();
    assert_eq!(lines.len(), 2 + 1 + route::ALL.len(), "{shown}");
    assert!(lines[2].contains("token oa") && lines[2].contains("done in 3 steps"), "{shown}");
    assert!(lines[3..].iter().all(|line| line.contains("refused: NotAllowed")), "{shown}");
}
