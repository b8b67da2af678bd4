//! The doors: tokens, who is turned away, who did what, and how the node is.

use xietong_proto::id::Millis;

use super::{Lang, say, table, waiting};
use crate::calendar::{minute, stamp};
use crate::http::answer::TurnedAway;
use crate::http::right::Route;
use crate::http::route;
use crate::http::tokens::Deeds;
use crate::machine::health::{Ailment, Health, Peers, Reason};
use crate::systems::doors::{By, Refusal, Role, Token, Told};

/// Why a door stays shut.
pub fn turned_away(lang: Lang, reason: &TurnedAway) -> String {
    match reason {
        TurnedAway::TokenMissing => say!(lang,
            zh: "没有出示令牌（Authorization: Bearer …）。",
            en: "No token was shown (Authorization: Bearer …)."),
        TurnedAway::TokenUnknown => say!(lang, zh: "令牌不对。", en: "No such token."),
        TurnedAway::TokenOver { until } => {
            let until = minute(*until);
            say!(lang,
                zh: "令牌已于北京时间 {until} 到期。",
                en: "The token was valid until {until} UTC+8.")
        }
        TurnedAway::TokenRevoked => say!(lang, zh: "令牌已作废。", en: "The token was revoked."),
        TurnedAway::TooMany { retry_after_s } => say!(lang,
            zh: "请求过于频繁，{retry_after_s} 秒后再试。",
            en: "Too many requests; try again in {retry_after_s} seconds."),
        TurnedAway::NotAllowed { role } => {
            let role = role_name(lang, *role);
            say!(lang,
                zh: "角色“{role}”无权办理此事。",
                en: "The role {role} has no right to that.")
        }
    }
}

/// Why a token is not made or revoked.
pub fn token_refusal(lang: Lang, refusal: &Refusal) -> String {
    match refusal {
        Refusal::TokenName { name } => say!(lang,
            zh: "“{name}”不能作令牌名：应为 1 至 32 个小写字母、数字或连字符。",
            en: "\"{name}\" is no name for a token: 1 to 32 small letters, digits and hyphens."),
        Refusal::TokenNameTaken { name } => say!(lang,
            zh: "已有或曾有名为 {name} 的令牌；名称不重复使用，以便操作记录指向唯一的令牌。",
            en: "There is or was a token {name}; names are used once, so that a record of a deed names one token."),
        Refusal::TokenOverAlready { until } => {
            let until = minute(*until);
            say!(lang, zh: "北京时间 {until} 已经过去。", en: "{until} UTC+8 is already over.")
        }
        Refusal::TooManyTokens { tokens_max } => say!(lang,
            zh: "令牌已满 {tokens_max} 个（含已作废的）。",
            en: "{tokens_max} tokens were made, as many as are kept, with those revoked."),
        Refusal::NoSuchToken { name } => say!(lang,
            zh: "没有名为 {name} 的有效令牌。",
            en: "There is no token {name} that could be revoked."),
    }
}

/// A role for people.
pub fn role_name(lang: Lang, role: Role) -> String {
    match role {
        Role::Operator => say!(lang, zh: "操作员", en: "operator"),
        Role::Registrar => say!(lang, zh: "登记员", en: "registrar"),
        Role::Observer => say!(lang, zh: "查阅员", en: "observer"),
        Role::Auditor => say!(lang, zh: "审计员", en: "auditor"),
    }
}

/// What goes beside a new token.
pub fn token_made(lang: Lang, token: &Token) -> String {
    let (name, role, until) = (&token.name, role_name(lang, token.role), minute(token.until));
    say!(lang,
        zh: "令牌 {name}（{role}，至北京时间 {until}）只显示这一次，节点只存其散列值。",
        en: "The token {name} ({role}, until {until} UTC+8) is shown this once; the node keeps only its hash.")
}

/// A token opens nothing any more.
pub fn revoked(lang: Lang, name: &str) -> String {
    say!(lang, zh: "令牌 {name} 已作废。", en: "The token {name} opens nothing any more.")
}

/// All tokens as a table.
pub fn tokens(lang: Lang, tokens: &[Token], now: Millis) -> String {
    if tokens.is_empty() {
        return say!(lang, zh: "没有令牌。", en: "There are no tokens.");
    }
    let header = [
        say!(lang, zh: "名称", en: "name"),
        say!(lang, zh: "角色", en: "role"),
        say!(lang, zh: "有效期至", en: "until"),
        say!(lang, zh: "状态", en: "state"),
    ];
    let row = |token: &Token| {
        let state = match (token.is_revoked, token.until <= now) {
            (true, _) => say!(lang, zh: "已作废", en: "revoked"),
            (false, true) => say!(lang, zh: "已到期", en: "over"),
            (false, false) => say!(lang, zh: "有效", en: "valid"),
        };
        vec![token.name.clone(), role_name(lang, token.role), minute(token.until), state]
    };
    table(&header, &tokens.iter().map(row).collect::<Vec<_>>())
}

/// Who did what, one line a request.
pub fn deeds(lang: Lang, page: &Deeds) -> String {
    if page.deeds.is_empty() {
        return say!(lang, zh: "没有操作记录。", en: "Nothing is recorded.");
    }
    let header = [
        say!(lang, zh: "序号", en: "position"),
        say!(lang, zh: "时间", en: "time"),
        say!(lang, zh: "何人", en: "who"),
        say!(lang, zh: "操作", en: "deed"),
        say!(lang, zh: "对象", en: "subject"),
        say!(lang, zh: "结果", en: "outcome"),
    ];
    let of_one_request = |one: &Told, next: &Told| {
        let key = |told: &Told| (told.deed.request, told.deed.by.clone(), told.deed.refused.clone());
        one.deed.request > 0 && key(one) == key(next)
    };
    let rows = page.deeds.chunk_by(of_one_request).map(|told| row(lang, told));
    table(&header, &rows.collect::<Vec<_>>())
}

/// Where the rest is.
pub fn deeds_go_on(lang: Lang, page: &Deeds) -> Option<String> {
    let (next, last) = (page.next?, page.last);
    Some(say!(lang,
        zh: "未完，至序号 {last}：xietong audit list --from {next}",
        en: "There is more, up to position {last}: xietong audit list --from {next}"))
}

fn row(lang: Lang, told: &[Told]) -> Vec<String> {
    let (first, count) = (&told[0], told.len());
    let outcome = match &first.deed.refused {
        None if count == 1 => say!(lang, zh: "已办", en: "done"),
        None => say!(lang, zh: "已办，分 {count} 步", en: "done in {count} steps"),
        Some(code) => say!(lang, zh: "不予办理：{code}", en: "refused: {code}"),
    };
    let deed = &first.deed;
    vec![
        first.position.to_string(),
        stamp(first.time),
        who(lang, &deed.by),
        act(lang, &deed.act),
        deed.subject.clone(),
        outcome,
    ]
}

fn who(lang: Lang, by: &By) -> String {
    match by {
        By::User { uid } => say!(lang, zh: "本机用户 {uid}", en: "user {uid}"),
        By::Token { name } => say!(lang, zh: "令牌 {name}", en: "token {name}"),
        By::Stranger { address } => say!(lang, zh: "无令牌，{address}", en: "no token, {address}"),
    }
}

fn act(lang: Lang, name: &str) -> String {
    match route::named(name) {
        Some(Route { zh, en, .. }) => say!(lang, zh: "{zh}", en: "{en}"),
        // Also a stranger's, who came to no route, and a later version's.
        None if name == "enter" => say!(lang, zh: "进入", en: "enter"),
        None => name.to_owned(),
    }
}

/// How the node is, reason by reason.
pub fn health(lang: Lang, health: &Health) -> String {
    let head = if health.is_well {
        say!(lang, zh: "节点正常。", en: "The node is well.")
    } else {
        say!(lang, zh: "节点不能正常工作：", en: "The node cannot do its work:")
    };
    let lines = health.reasons.iter().map(|reason| {
        let mark = if reason.is_serious { '!' } else { '-' };
        format!("  {mark} {}", ailment(lang, reason))
    });
    [head].into_iter().chain(lines).collect::<Vec<_>>().join("\n")
}

fn ailment(lang: Lang, reason: &Reason) -> String {
    match &reason.ailment {
        Ailment::Waiting(reason) => waiting(lang, reason),
        Ailment::Peers(Peers::Paused) => say!(lang,
            zh: "已离开网络（维护）。",
            en: "It was taken off the network for maintenance."),
        Ailment::Peers(Peers::Alone { title, .. }) => say!(lang,
            zh: "协议“{title}”：没有连上任何其他成员。",
            en: "\"{title}\": no other member is connected."),
        Ailment::Peers(Peers::Away { member }) => {
            say!(lang, zh: "没有连上 {member}。", en: "{member} is not connected.")
        }
        Ailment::Peers(Peers::Behind { member, entries }) => say!(lang,
            zh: "{member} 还有 {entries} 条没有取到。",
            en: "{entries} entries of {member} are not here yet."),
    }
}
