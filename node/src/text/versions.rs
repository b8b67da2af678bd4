//! Versions of an agreement for people: what one changes, what it takes, who has said what of it.

use xietong_proto::epochs::Stage;
use xietong_proto::id::*;
use xietong_proto::opinion::Stance;

use super::{Lang, agreement, agreement_state, fields, leaves, level, list, say, system, table};
use crate::calendar::minute;
use crate::papers::agreement::AgreementFile;
use crate::papers::amendment::{Amendment, Asked, Difference, Effect};
use crate::papers::standing::{Said, VersionStanding};
use crate::replica::status::AgreementState;

/// A version as it is put to somebody who has to decide: a first one whole, a later one by what it changes.
pub fn version(lang: Lang, file: &AgreementFile, now: Millis) -> String {
    let amendment = Amendment::of(&file.epochs, file.manifest(), &file.cards);
    let standing = VersionStanding::of(&file.epochs, file.manifest(), &file.cards);
    let (Some(amendment), Some(standing)) = (amendment, standing) else {
        return agreement(lang, file, now);
    };
    let (epoch, before) = (amendment.epoch, &amendment.before);
    let head = fields(&[
        (say!(lang, zh: "协议", en: "agreement"), file.manifest().fields.title.clone()),
        (
            say!(lang, zh: "版次", en: "version"),
            say!(lang, zh: "{epoch}，接在 {before} 之后", en: "{epoch}, after {before}"),
        ),
        (say!(lang, zh: "指纹", en: "fingerprint"), amendment.fingerprint.clone()),
    ]);
    let mut parts = vec![head, differences(lang, &amendment), needs(lang, &amendment)];
    parts.extend((!standing.opinions.is_empty()).then(|| opinions(lang, &standing)));
    parts.join("\n\n")
}

fn differences(lang: Lang, amendment: &Amendment) -> String {
    let header = [
        say!(lang, zh: "事项", en: "what"),
        say!(lang, zh: "现行", en: "in force"),
        say!(lang, zh: "提议", en: "proposed"),
        say!(lang, zh: "影响", en: "effect"),
    ];
    let rows: Vec<Vec<String>> = amendment
        .differences
        .iter()
        .map(|difference| {
            let (what, before, now) = difference_of(lang, difference);
            vec![what, before, now, effect(lang, difference.effect())]
        })
        .collect();
    let newly = amendment.differences.iter().filter_map(|difference| match difference {
        Difference::Shares { system: number } => {
            Some(format!("{}: {}", system(lang, *number), leaves(lang, *number)))
        }
        _ => None,
    });
    let shown = table(&header, &rows);
    [shown].into_iter().chain(newly).collect::<Vec<_>>().join("\n\n")
}

fn effect(lang: Lang, effect: Effect) -> String {
    match effect {
        Effect::Widens => say!(lang, zh: "扩大", en: "widens"),
        Effect::Narrows => say!(lang, zh: "缩小", en: "narrows"),
        Effect::Neutral => String::new(),
    }
}

/// What is changed, what is in force, what is proposed.
pub(super) fn difference_of(lang: Lang, difference: &Difference) -> (String, String, String) {
    let (before, now) = change_of(lang, difference);
    (subject_of(lang, difference), before, now)
}

/// What the difference is about.
fn subject_of(lang: Lang, difference: &Difference) -> String {
    match difference {
        Difference::Admits { member, .. }
        | Difference::Removes { member, .. }
        | Difference::OtherSeal { member, .. }
        | Difference::OtherName { member, .. }
        | Difference::OtherCard { member, .. }
        | Difference::Restarts { member } => say!(lang, zh: "成员 {member}", en: "member {member}"),
        Difference::Shares { system: number }
        | Difference::SharesNoMore { system: number }
        | Difference::SharesOtherwise { system: number, .. } => system(lang, *number),
        Difference::Quorum { .. } => say!(lang, zh: "表决数", en: "quorum"),
        Difference::Title { .. } => say!(lang, zh: "名称", en: "title"),
        Difference::Level { .. } => say!(lang, zh: "层级", en: "level"),
        Difference::From { .. } => say!(lang, zh: "有效期起", en: "valid from"),
        Difference::Until { .. } => say!(lang, zh: "有效期止", en: "valid until"),
        Difference::Cuts { member, system: number, .. } => {
            let name = system(lang, *number);
            say!(lang, zh: "{member} 的{name}", en: "{name} of {member}")
        }
        Difference::Voids { fingerprint } | Difference::Reconciles { fingerprint } => {
            say!(lang, zh: "版次 {fingerprint}", en: "version {fingerprint}")
        }
    }
}

/// How it was, and how it is to be.
fn change_of(lang: Lang, difference: &Difference) -> (String, String) {
    let card_of = |card: &Option<String>| {
        let card = card.as_deref().unwrap_or("?");
        say!(lang, zh: "名片指纹 {card}", en: "card {card}")
    };
    let shared = || say!(lang, zh: "共享", en: "shared");
    let votes = |(needed, of): &_| say!(lang, zh: "{of} 个中的 {needed} 个", en: "{needed} of {of}");
    let none = String::new();
    match difference {
        Difference::Admits { member: _, name, card } => {
            let card = card_of(card);
            (none, say!(lang, zh: "接纳：{name}，{card}", en: "admitted: {name}, {card}"))
        }
        Difference::Removes { member: _, name } => (name.clone(), say!(lang, zh: "移出", en: "removed")),
        Difference::OtherSeal { member: _, card } => {
            let card = card_of(card);
            (none, say!(lang, zh: "换用新印章，{card}", en: "another seal, {card}"))
        }
        Difference::OtherCard { member: _, card } => (none, card_of(card)),
        Difference::Shares { system: _ } => (say!(lang, zh: "不共享", en: "not shared"), shared()),
        Difference::SharesNoMore { system: _ } => (shared(), say!(lang, zh: "不再共享", en: "not shared")),
        Difference::SharesOtherwise { system: _, profile, rules_version } => (
            none,
            say!(lang, zh: "提供方式 {profile}，规则 {rules_version}", en: "disclosure {profile}, rules {rules_version}"),
        ),
        Difference::Quorum { before, now, .. } => (votes(before), votes(now)),
        Difference::OtherName { member: _, before, now } | Difference::Title { before, now } => {
            (before.clone(), now.clone())
        }
        Difference::Level { before, now } => (level(lang, *before), level(lang, *now)),
        Difference::From { before, now } | Difference::Until { before, now } => {
            (minute(*before), minute(*now))
        }
        Difference::Restarts { member: _ } => {
            (none, say!(lang, zh: "数据流截止并另起一代", en: "its streams end and begin again"))
        }
        Difference::Cuts { position, .. } => {
            (none, say!(lang, zh: "到序号 {position} 为止", en: "up to position {position}"))
        }
        Difference::Voids { .. } => (none, say!(lang, zh: "作废", en: "set aside")),
        Difference::Reconciles { .. } => (none, say!(lang, zh: "与之协调", en: "reconciled")),
    }
}

/// How many of whom it takes, and why.
fn needs(lang: Lang, amendment: &Amendment) -> String {
    let way = |Asked { of, needed }: &Asked| {
        let (count, members) = (of.len(), list(lang, of));
        if *needed == count {
            return say!(lang, zh: "{members} 全体同意", en: "all of {members}");
        }
        say!(lang, zh: "{members} 中 {needed} 个同意", en: "{needed} of {members}")
    };
    let ways: Vec<String> = amendment.ways.iter().map(way).collect();
    let ways = match lang {
        Lang::Zh => ways.join("，或 "),
        Lang::En => ways.join(", or "),
    };
    let leaves = amendment.differences.iter().any(|one| matches!(one, Difference::Removes { .. }));
    let why = match (amendment.widens, leaves) {
        (true, _) => say!(lang,
            zh: "扩大的事项须经每个成员同意",
            en: "what widens needs everybody's consent"),
        (false, true) => say!(lang,
            zh: "移出成员，由表决数或留下的全体成员决定",
            en: "that a member leaves the quorum can decide, or all who stay"),
        (false, false) => {
            say!(lang, zh: "不扩大共享，由表决数决定", en: "it does not widen, so the quorum decides")
        }
    };
    say!(lang, zh: "生效需要：{ways}（{why}）。", en: "It takes {ways}: {why}.")
}

fn opinions(lang: Lang, of: &VersionStanding) -> String {
    let header = [
        say!(lang, zh: "成员", en: "member"),
        say!(lang, zh: "意见", en: "opinion"),
        say!(lang, zh: "时间（北京时间）", en: "time (UTC+8)"),
        say!(lang, zh: "理由", en: "reason"),
    ];
    let said = of.opinions.iter().map(|said: &Said| {
        let Said { member, stance: word, time, reason } = said;
        vec![member.to_string(), stance(lang, *word), minute(*time), reason.clone()]
    });
    let since = of.opinions.first().map(|said| minute(said.time)).unwrap_or_default();
    let asked = say!(lang, zh: "{since} 起", en: "since {since}");
    let is_open = of.stage == Stage::Open;
    let silent = of.missing.iter().filter(|_| is_open);
    let silent = silent.map(|member| {
        vec![member.to_string(), say!(lang, zh: "尚未", en: "not yet"), asked.clone(), String::new()]
    });
    let rows: Vec<_> = said.chain(silent).collect();
    format!("{}\n\n{}", table(&header, &rows), outcome(lang, of))
}

fn stance(lang: Lang, stance: Stance) -> String {
    match stance {
        Stance::Approves => say!(lang, zh: "同意", en: "approves"),
        Stance::Declines => say!(lang, zh: "不同意", en: "declines"),
        Stance::Withdraws => say!(lang, zh: "退出", en: "withdraws"),
    }
}

fn outcome(lang: Lang, of: &VersionStanding) -> String {
    let lacking = of.lacking;
    let since = of.complete_since.map(minute).unwrap_or_default();
    match of.stage {
        Stage::Open => say!(lang,
            zh: "待决，还需要的同意：{lacking}。",
            en: "It waits; approvals still needed: {lacking}."),
        Stage::Declined => say!(lang,
            zh: "不会生效：不同意的成员已足够多。",
            en: "It does not come into force: enough have declined."),
        Stage::SetAside => say!(lang,
            zh: "作废：另一版次取代了它。",
            en: "Void: another version stands in its place."),
        Stage::InForce => say!(lang, zh: "{since} 起生效。", en: "In force since {since}."),
    }
}

/// What is in force, and what waits or was given up after it.
pub fn standing(lang: Lang, title: &str, state: &AgreementState, versions: &[VersionStanding]) -> String {
    let mut parts = vec![agreement_state(lang, title, state)];
    for of in versions {
        let head = say!(lang,
            zh: "第 {} 版次，指纹 {}", en: "Version {}, fingerprint {}", of.epoch, of.fingerprint);
        parts.push(head);
        if of.stage != Stage::InForce {
            parts.extend(of.amendment.iter().map(|amendment| differences(lang, amendment)));
            parts.extend(of.amendment.iter().map(|amendment| needs(lang, amendment)));
        }
        parts.push(opinions(lang, of));
    }
    parts.join("\n\n")
}

/// All versions, one a line.
pub fn history(lang: Lang, title: &str, versions: &[VersionStanding]) -> String {
    let header = [
        say!(lang, zh: "版次", en: "version"),
        say!(lang, zh: "指纹", en: "fingerprint"),
        say!(lang, zh: "结果", en: "outcome"),
        say!(lang, zh: "签署", en: "signed by"),
        say!(lang, zh: "改变", en: "changes"),
    ];
    let row = |of: &VersionStanding| {
        let signed = of.opinions.iter().filter(|said| said.stance == Stance::Approves);
        let signed: Vec<_> = signed.map(|said| said.member).collect();
        let changes = of.amendment.iter().flat_map(|amendment| &amendment.differences);
        let changes: Vec<_> = changes.map(|difference| in_short(lang, difference)).collect();
        vec![
            of.epoch.to_string(),
            of.fingerprint.clone(),
            outcome(lang, of),
            list(lang, &signed),
            list(lang, &changes),
        ]
    };
    let rows: Vec<_> = versions.iter().map(row).collect();
    let head = say!(lang, zh: "协议“{title}”", en: "Agreement \"{title}\"");
    format!("{head}\n\n{}", table(&header, &rows))
}

fn in_short(lang: Lang, difference: &Difference) -> String {
    let (what, before, now) = difference_of(lang, difference);
    match difference {
        Difference::Admits { member, .. } => say!(lang, zh: "接纳 {member}", en: "{member} admitted"),
        _ if before.is_empty() => format!("{what} {now}"),
        Difference::Removes { .. } | Difference::Shares { .. } | Difference::SharesNoMore { .. } => {
            format!("{what} {now}")
        }
        _ => format!("{what} {before} → {now}"),
    }
}

/// Asked before a member says something of a version.
pub fn ask_opinion(lang: Lang, member: MemberCode, said: Stance, fingerprint: &str) -> String {
    match said {
        Stance::Declines => say!(lang,
            zh: "由 {member} 对 {fingerprint} 表示不同意？不能收回。输入 yes：",
            en: "Does {member} decline {fingerprint}? It cannot be taken back. Type yes:"),
        Stance::Approves | Stance::Withdraws => say!(lang,
            zh: "已与各成员用电话核对指纹 {fingerprint}，并由 {member} 批准？输入 yes 批准：",
            en: "Has the fingerprint {fingerprint} been compared with the members by telephone, and does {member} approve? Type yes:"),
    }
}

/// Asked before a member leaves; it may be one of the last two.
pub fn ask_withdrawal(lang: Lang, member: MemberCode, title: &str, is_last: bool) -> String {
    if is_last {
        return say!(lang,
            zh: "由 {member} 退出“{title}”？只有两个成员，协议随即终止，不能收回。输入 yes：",
            en: "Does {member} leave \"{title}\"? There are two members, so this ends it at once and cannot be taken back. Type yes:");
    }
    say!(lang,
        zh: "由 {member} 退出“{title}”？不能收回；其余成员同意移出后不再交换。输入 yes：",
        en: "Does {member} leave \"{title}\"? It cannot be taken back; exchange ends once the others have approved the version without it. Type yes:")
}

/// After a member has said something of a version.
pub fn said(lang: Lang, member: MemberCode, said: Stance, file: &AgreementFile) -> String {
    let tally = file.tally();
    let word = match said {
        Stance::Approves => say!(lang, zh: "{member} 已批准", en: "{member} has approved"),
        Stance::Declines => say!(lang, zh: "{member} 已表示不同意", en: "{member} has declined"),
        Stance::Withdraws => say!(lang, zh: "{member} 已提出退出", en: "{member} has withdrawn"),
    };
    let (lacking, missing) = (tally.lacking, list(lang, &file.missing()));
    match (tally.stage, file.before()) {
        (Stage::InForce, None) => say!(lang,
            zh: "{word}；全体成员都已批准，可以加入。",
            en: "{word}; so have all members: it can be joined."),
        (Stage::InForce, Some(_)) => {
            say!(lang, zh: "{word}；该版次生效。", en: "{word}; that brings it into force.")
        }
        (Stage::Open, None) => {
            say!(lang, zh: "{word}；尚未批准：{missing}。", en: "{word}; not yet approved by: {missing}.")
        }
        (Stage::Open, Some(_)) => say!(lang,
            zh: "{word}；还需要的同意：{lacking}，尚未表态：{missing}。",
            en: "{word}; approvals still needed: {lacking}, nothing yet from: {missing}."),
        (Stage::Declined | Stage::SetAside, _) => say!(lang,
            zh: "{word}；该版次不会生效。",
            en: "{word}; that version does not come into force."),
    }
}

/// When a member had said the same before.
pub fn said_before(lang: Lang, member: MemberCode, said: Stance) -> String {
    let word = stance(lang, said);
    say!(lang,
        zh: "{member} 早已表态（{word}），没有改动。",
        en: "{member} had said so before ({word}); nothing is changed.")
}

/// After `agreement propose`.
pub fn proposed(lang: Lang, file: &AgreementFile) -> String {
    let (fingerprint, missing) = (file.manifest().fingerprint(), list(lang, &file.missing()));
    if file.tally().stage == Stage::InForce {
        return say!(lang, zh: "{fingerprint} 已提出并生效。", en: "{fingerprint} is proposed and in force.");
    }
    let amendment = Amendment::of(&file.epochs, file.manifest(), &file.cards);
    let admits = |one: &Difference| matches!(one, Difference::Admits { .. });
    let hint = match amendment.is_some_and(|amendment| amendment.differences.iter().any(admits)) {
        true => say!(lang,
            zh: "新成员收不到：请用 xietong agreement paper 把文件交给它。",
            en: " Who is admitted is not reached by it: give it the file that xietong agreement paper writes."),
        false => String::new(),
    };
    say!(lang,
        zh: "{fingerprint} 已提出，自行送达各成员。等候表态：{missing}。{hint}",
        en: "{fingerprint} is proposed and travels to the members by itself. It waits for {missing}.{hint}")
}

/// After `agreement withdraw`; none if that ended the agreement.
pub fn withdrawn(lang: Lang, member: MemberCode, title: &str, removal: Option<&AgreementFile>) -> String {
    let Some(removal) = removal else {
        return say!(lang,
            zh: "{member} 已退出“{title}”，协议终止：已有的数据可查阅，不再新增。",
            en: "{member} has withdrawn from \"{title}\", which ends it: what is here can be read, nothing new is authored.");
    };
    let (fingerprint, missing) = (removal.manifest().fingerprint(), list(lang, &removal.missing()));
    say!(lang,
        zh: "{member} 已提出退出“{title}”。移出版次 {fingerprint} 等候 {missing} 表态；生效前照常交换。",
        en: "{member} has withdrawn from \"{title}\". The version without it, {fingerprint}, waits for {missing}; until then exchange goes on.")
}
