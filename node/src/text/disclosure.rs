//! Why a member can or cannot see a record, what would leave, and what has left.

use serde_json::{Map, Value};
use xietong_proto::id::MemberCode;

use super::{Lang, View, fields, headings, kind, list, say, stays, system};
use crate::calendar::minute;
use crate::http::disclosure::{Line, Previewed, Sent};
use crate::machine::{Explanation, Held, Hold, Rule, Verdict};
use crate::systems::Kind;
use crate::systems::disclosure::{Leaves, Preview, Said, What};

/// The answer first, then agreement by agreement.
pub fn explanation(lang: Lang, told: &Explanation) -> String {
    let mut parts = vec![format!("{}\n{}", record(lang, told), answer(lang, told))];
    let part = |verdict: &Verdict| {
        let (title, rule) = (&verdict.title, rule(lang, told, &verdict.rule));
        say!(lang, zh: "协议“{title}”：{rule}", en: "Agreement \"{title}\": {rule}")
    };
    parts.extend(told.agreements.iter().map(part));
    parts.extend(even_so(lang, told));
    parts.extend(told.parties.map(|parties| aside(lang, told.peer, parties)));
    parts.join("\n\n")
}

/// Where there is no agreement: what would keep it here under one.
fn even_so(lang: Lang, told: &Explanation) -> Option<String> {
    let is_alone = told.agreements.is_empty() && told.peer != told.owner;
    let leaves = told.leaves.as_ref().filter(|_| is_alone)?;
    let rule = rule(lang, told, &Rule::at_home(leaves)?);
    Some(say!(lang,
        zh: "有了协议也不会提供：{rule}",
        en: "An agreement alone would not let it leave: {rule}"))
}

/// What of a request goes to the two alone.
fn aside(lang: Lang, peer: MemberCode, parties: [MemberCode; 2]) -> String {
    let [requester, owner] = parties;
    if parties.contains(&peer) {
        return say!(lang,
            zh: "号牌、车辆识别代号、电话、会合地点、行程和结算只在 {requester} 与 {owner} 之间，{peer} 是其中一方。",
            en: "Plate, VIN, telephone, meeting place, trip and statement stay between {requester} and {owner}; {peer} is one of the two.");
    }
    say!(lang,
        zh: "号牌、车辆识别代号、电话、会合地点、行程和结算只在 {requester} 与 {owner} 之间，{peer} 一个字节也得不到。",
        en: "Plate, VIN, telephone, meeting place, trip and statement stay between {requester} and {owner}: {peer} gets not one byte of them.")
}

fn record(lang: Lang, told: &Explanation) -> String {
    let (name, id, owner) = (kind(lang, told.kind), &told.id, told.owner);
    if told.parties.is_some() {
        return say!(lang, zh: "申请 {id}（由 {owner} 提出）", en: "{id} (a request of {owner})");
    }
    match told.number.as_ref().filter(|number| *number != id) {
        Some(number) => say!(lang,
            zh: "{name} {id}（共享编号 {number}，属 {owner}）",
            en: "{id} ({name}, listing number {number}, of {owner})"),
        None => say!(lang, zh: "{name} {id}（属 {owner}）", en: "{id} ({name}, of {owner})"),
    }
}

fn answer(lang: Lang, told: &Explanation) -> String {
    let peer = told.peer;
    if peer == told.owner {
        return say!(lang, zh: "是 {peer} 自己的记录。", en: "It is {peer}'s own record.");
    }
    let sees = told.agreements.iter().any(|verdict| matches!(verdict.rule, Rule::Shown { .. }));
    match (sees, told.agreements.is_empty()) {
        (true, _) if told.parties.is_some() => say!(lang,
            zh: "{peer} 看得到申请和答复。",
            en: "{peer} can see the request and its answers."),
        (true, _) => say!(lang, zh: "{peer} 看得到其共享条目。", en: "{peer} can see its listing."),
        (false, true) => say!(lang,
            zh: "{peer} 看不到：本节点没有加入任何协议，什么都不对外提供。",
            en: "{peer} cannot see it: this node is in no agreement, and nothing leaves."),
        (false, false) => say!(lang, zh: "{peer} 看不到。", en: "{peer} cannot see it."),
    }
}

fn rule(lang: Lang, told: &Explanation, rule: &Rule) -> String {
    let peer = told.peer;
    match rule {
        Rule::NotAMember => say!(lang,
            zh: "{peer} 不是成员，此协议的内容一个字节也不会发给它。",
            en: "{peer} is no member and gets not one byte of it."),
        Rule::Shown { position, time, epoch, held } => {
            let (time, held) = (minute(*time), has_it(lang, peer, *held));
            let back = match &told.leaves {
                None | Some(Leaves::Yes) => String::new(),
                Some(Leaves::Never | Leaves::NotShared | Leaves::Stays { .. }) => say!(lang,
                    zh: "按台账现已不应列出，将撤回；已发出的条目仍在各成员的日志中。",
                    en: " By the register it should not be listed any more and will be taken back; the entry stays in the members' logs."),
            };
            say!(lang,
                zh: "已列出，见第 {epoch} 版次下的序号 {position}（北京时间 {time}）；{held}{back}",
                en: "listed at position {position} under epoch {epoch} ({time} UTC+8); {held}{back}")
        }
        Rule::NotInScope => {
            let name = kind(lang, told.kind);
            say!(lang,
                zh: "共享范围不含{name}。",
                en: "its scope does not contain this system ({name}).")
        }
        Rule::NotListed => {
            let owner = told.owner;
            say!(lang, zh: "{owner} 没有在此协议下列出它。", en: "{owner} does not list it there.")
        }
        Rule::NeverLeaves => never(lang, told.kind),
        Rule::NotShared => say!(lang,
            zh: "没有标明“纳入区域共享”，或已从台账撤回。",
            en: "it is not marked as shared, or was withdrawn from the register."),
        Rule::Stays { stays: reason } => {
            let reason = stays(lang, reason);
            say!(lang, zh: "标明了共享，但按规定留在本省：{reason}", en: "marked as shared, but it stays: {reason}")
        }
        Rule::Waits { holds } if holds.is_empty() => {
            say!(lang, zh: "应当列出，即将发布。", en: "it should be listed and is about to be.")
        }
        Rule::Waits { holds } => {
            let holds: Vec<_> = holds.iter().map(|hold| self::hold(lang, *hold)).collect();
            let holds = list(lang, &holds);
            say!(lang,
                zh: "应当列出，尚不能发布：{holds}。详见 xietong status。",
                en: "it should be listed and waits: {holds}. See xietong status.")
        }
    }
}

fn never(lang: Lang, kind: Kind) -> String {
    if kind == Kind::Energy {
        return say!(lang,
            zh: "单位的能耗从不出省；离开的只有明确发布的汇总数。",
            en: "no institution's energy ever leaves; only totals that are expressly released do.");
    }
    let name = super::kind(lang, kind);
    say!(lang, zh: "{name}台账从不出省。", en: "the register of {name} never leaves.")
}

fn has_it(lang: Lang, peer: MemberCode, held: Held) -> String {
    match held {
        Held::Receipted => say!(lang, zh: "{peer} 已签收。", en: "{peer} has signed for it."),
        Held::Told => say!(lang,
            zh: "{peer} 已持有，尚未签收。",
            en: "{peer} holds it and has not signed for it yet."),
        Held::Unknown => say!(lang,
            zh: "{peer} 可能还没有收到。",
            en: "{peer} may not have got it yet."),
    }
}

fn hold(lang: Lang, hold: Hold) -> String {
    match hold {
        Hold::NotOpen => say!(lang,
            zh: "协议现行版次不许本单位提供",
            en: "the version in force does not let this member say it"),
        Hold::NotValid => say!(lang, zh: "不在协议有效期内", en: "the agreement is not valid now"),
        Hold::Unconfirmed => say!(lang,
            zh: "启动后尚未与其他成员核对",
            en: "heads were not compared with the others since the start"),
        Hold::ClockDoubtful => say!(lang, zh: "时钟偏差过大", en: "the clock is too far from the others'"),
        Hold::Forked => say!(lang, zh: "本单位的数据流已分叉", en: "the own stream is forked"),
        Hold::DiskFull => say!(lang, zh: "磁盘已满", en: "the disk is full"),
    }
}

/// What would leave, system by system.
pub fn preview(lang: Lang, told: &Previewed) -> String {
    let (title, fingerprint, to) = (&told.title, &told.fingerprint, list(lang, &told.to));
    let head = if told.is_member {
        say!(lang,
            zh: "若“{title}”（指纹 {fingerprint}）生效，今天会向 {to} 提供：",
            en: "If \"{title}\" (fingerprint {fingerprint}) came into force, this would leave today, to {to}:")
    } else {
        say!(lang,
            zh: "本单位不是“{title}”（指纹 {fingerprint}）的成员，不会提供任何数据。若是成员，会提供：",
            en: "This member is not in \"{title}\" (fingerprint {fingerprint}): nothing would leave. As a member it would be:")
    };
    let parts = std::iter::once(head).chain(told.systems.iter().map(|preview| previewed(lang, preview)));
    parts.collect::<Vec<_>>().join("\n\n")
}

fn previewed(lang: Lang, preview: &Preview) -> String {
    let (name, leaving, rest) = (kind(lang, preview.kind), preview.leaving, preview.not_shared);
    let head = if preview.kind == Kind::Energy {
        say!(lang,
            zh: "{name}：已发布的 {leaving} 期汇总；{rest} 行单位数据从不出省",
            en: "{name}: {leaving} released months of totals; {rest} rows of institutions never leave")
    } else {
        say!(lang,
            zh: "{name}：{leaving} 条；{rest} 行未标明共享",
            en: "{name}: {leaving} listings; {rest} rows are not marked as shared")
    };
    let mut lines = vec![head];
    lines.extend(preview.staying.iter().map(|staying| {
        let (rows, reason) = (staying.rows, stays(lang, &staying.reason));
        say!(lang, zh: "  留在本省 {rows} 行：{reason}", en: "  kept here {rows}: {reason}")
    }));
    lines.extend(preview.examples.iter().map(|seen| {
        let seen = example(lang, preview.kind, seen);
        say!(lang, zh: "  例：{seen}", en: "  such as: {seen}")
    }));
    lines.join("\n")
}

fn example(lang: Lang, kind: Kind, seen: &Map<String, Value>) -> String {
    let mut cells: Vec<String> =
        seen.get("id").and_then(Value::as_str).map(str::to_owned).into_iter().collect();
    if kind == Kind::Energy {
        cells.extend(seen.get("period").and_then(Value::as_str).map(str::to_owned));
    }
    cells.extend(headings(kind, View::Listings).iter().map(|column| column.cell(lang, seen)));
    cells.retain(|cell| !cell.is_empty());
    cells.join(" · ")
}

/// What has left, one line for each agreement and system.
pub fn disclosed(lang: Lang, sent: &[Sent]) -> String {
    if sent.is_empty() {
        return say!(lang, zh: "没有对外提供过任何数据。", en: "Nothing has left.");
    }
    let part = |sent: &Sent| {
        let (since, last) = (minute(sent.since), minute(sent.last));
        let (entries, shown) = (sent.entries, sent.shown);
        let rows = [
            (say!(lang, zh: "协议", en: "agreement"), sent.title.clone()),
            (say!(lang, zh: "业务领域", en: "system"), system(lang, sent.system)),
            (
                say!(lang, zh: "条目", en: "entries"),
                say!(lang, zh: "{entries} 个，现列出 {shown} 条", en: "{entries}; {shown} records are shown now"),
            ),
            (
                say!(lang, zh: "时间", en: "when"),
                say!(lang, zh: "北京时间 {since} 至 {last}", en: "{since} to {last} (UTC+8)"),
            ),
            (say!(lang, zh: "给谁、签收到", en: "to, signed up to"), to(lang, sent)),
        ];
        fields(&rows)
    };
    let hint = say!(lang,
        zh: "逐条见 xietong disclosure log --csv。已发出的条目无法收回，撤回只是不再列出。",
        en: "Record by record: xietong disclosure log --csv. What has left cannot be called back; a withdrawal ends the listing.");
    let parts = sent.iter().map(part).chain([hint]);
    parts.collect::<Vec<_>>().join("\n\n")
}

fn to(lang: Lang, sent: &Sent) -> String {
    if sent.alone {
        let peer = list(lang, &sent.to);
        return say!(lang, zh: "仅 {peer}（不出具回执）", en: "{peer} alone (no receipts are signed)");
    }
    let signed = |member: &MemberCode| {
        let position = sent.receipted.get(member).copied().unwrap_or_default();
        format!("{member}:{position}/{}", sent.entries)
    };
    list(lang, &sent.to.iter().map(signed).collect::<Vec<_>>())
}

/// The header of the records that have left.
pub fn told_header(lang: Lang) -> Vec<String> {
    vec![
        say!(lang, zh: "协议", en: "agreement"),
        say!(lang, zh: "版次", en: "epoch"),
        say!(lang, zh: "业务领域", en: "system"),
        say!(lang, zh: "序号", en: "position"),
        say!(lang, zh: "时间（北京时间）", en: "time (UTC+8)"),
        say!(lang, zh: "编号", en: "id"),
        say!(lang, zh: "何事", en: "what"),
        say!(lang, zh: "已签收", en: "receipted by"),
        say!(lang, zh: "所示内容", en: "what was shown"),
    ]
}

/// One record that has left.
pub fn told(lang: Lang, sent: &Sent, line: &Line) -> Vec<String> {
    let signed = sent.receipted.iter().filter(|(_, held)| **held >= line.position);
    let signed: Vec<_> = signed.map(|(member, _)| member.to_string()).collect();
    let (id, what, row) = match &line.said {
        Some(said) => (said.id.clone(), happened(lang, said.what), shown(lang, sent, said)),
        None => (String::new(), say!(lang, zh: "本程序不认识", en: "unknown here"), String::new()),
    };
    vec![
        sent.title.clone(),
        line.epoch.to_string(),
        system(lang, sent.system),
        line.position.to_string(),
        minute(line.time),
        id,
        what,
        signed.join(" "),
        row,
    ]
}

fn shown(lang: Lang, sent: &Sent, said: &Said) -> String {
    let cells = |(name, value): (&String, &Value)| {
        format!("{name} {}", value.as_str().map_or_else(|| value.to_string(), str::to_owned))
    };
    match said.what {
        What::Step(_) => said.row.iter().map(cells).collect::<Vec<_>>().join(" · "),
        What::Listed | What::Withdrawn | What::Released => {
            Kind::of(sent.system).map(|kind| example(lang, kind, &said.row)).unwrap_or_default()
        }
    }
}

fn happened(lang: Lang, what: What) -> String {
    match what {
        What::Listed => say!(lang, zh: "列出", en: "listed"),
        What::Withdrawn => say!(lang, zh: "撤回", en: "withdrawn"),
        What::Released => say!(lang, zh: "发布", en: "released"),
        What::Step(step) => super::step(lang, step),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::systems::fault::Stays;
    use Lang::{En, Zh};
    use xietong_proto::id::*;

    fn code(text: &str) -> MemberCode {
        text.parse().expect("a member code")
    }

    fn told(kind: Kind, leaves: Option<Leaves>, rule: Rule) -> Explanation {
        let verdict = Verdict { agreement: AgreementId([1; 32]), title: "T".to_owned(), rule };
        Explanation {
            peer: code("220000"),
            kind,
            id: "K".to_owned(),
            owner: code("230000"),
            number: Some("230000-V-000001".to_owned()),
            leaves,
            parties: None,
            agreements: vec![verdict],
        }
    }

    /// One line for each rule: what is said in Chinese and English.
    #[test]
    fn each_rule_says_what_keeps_a_record_or_where_it_went() {
        let shown = |held| Rule::Shown { position: Position(3), time: Millis(0), epoch: Epoch(2), held };
        let waits = |holds: &[Hold]| Rule::Waits { holds: holds.to_vec() };
        let stay = Leaves::Stays { stays: Stays::Confidential };
        let (car, energy, yes) = (Kind::Vehicles, Kind::Energy, Some(Leaves::Yes));
        let table = [
            (told(car, yes.clone(), Rule::NotAMember), "220000 不是成员", "gets not one byte"),
            (told(car, yes.clone(), shown(Held::Receipted)), "220000 已签收", "220000 has signed for it"),
            (told(car, yes.clone(), shown(Held::Told)), "尚未签收", "has not signed for it yet"),
            (told(car, None, shown(Held::Unknown)), "还没有收到", "may not have got it"),
            (told(car, Some(stay.clone()), shown(Held::Told)), "将撤回", "will be taken back"),
            (told(car, yes.clone(), Rule::NotInScope), "共享范围不含", "does not contain this system"),
            (told(car, None, Rule::NotListed), "230000 没有", "230000 does not list it"),
            (
                told(Kind::Institutions, Some(Leaves::Never), Rule::NeverLeaves),
                "单位台账从不",
                "never leaves",
            ),
            (
                told(energy, Some(Leaves::Never), Rule::NeverLeaves),
                "单位的能耗从不",
                "no institution's energy",
            ),
            (told(car, Some(Leaves::NotShared), Rule::NotShared), "没有标明", "not marked as shared"),
            (told(car, Some(stay), Rule::Stays { stays: Stays::Confidential }), "涉密车辆", "confidential"),
            (told(car, yes.clone(), waits(&[])), "即将发布", "about to be"),
            (told(car, yes.clone(), waits(&[Hold::NotOpen])), "现行版次", "version in force"),
            (told(car, yes.clone(), waits(&[Hold::NotValid])), "有效期", "not valid now"),
            (told(car, yes.clone(), waits(&[Hold::Unconfirmed])), "尚未与其他成员核对", "were not compared"),
            (told(car, yes.clone(), waits(&[Hold::ClockDoubtful])), "时钟偏差", "the clock"),
            (told(car, yes.clone(), waits(&[Hold::Forked])), "已分叉", "is forked"),
            (told(car, yes, waits(&[Hold::DiskFull])), "磁盘已满", "the disk is full"),
        ];
        for (told, zh, en) in table {
            let (said_zh, said_en) = (explanation(Zh, &told), explanation(En, &told));
            assert!(said_zh.contains(zh), "{said_zh}\nlacks {zh}");
            assert!(said_en.contains(en), "{said_en}\nlacks {en}");
        }
    }

    #[test]
    fn without_an_agreement_both_are_said_that_and_what_would_stay_anyway() {
        let stay = Leaves::Stays { stays: Stays::Confidential };
        let table = [
            (stay.clone(), "220000", true),
            (Leaves::NotShared, "220000", true),
            (Leaves::Never, "220000", true),
            (Leaves::Yes, "220000", false),
            (stay, "230000", false),
        ];
        for (leaves, peer, stays_anyway) in table {
            let told = told(Kind::Vehicles, Some(leaves), Rule::NotAMember);
            let told = Explanation { peer: code(peer), agreements: Vec::new(), ..told };
            let (zh, en) = (explanation(Zh, &told), explanation(En, &told));
            assert_eq!(zh.contains("没有加入任何协议"), told.peer != told.owner, "{zh}");
            assert_eq!(zh.contains("有了协议也不会提供"), stays_anyway, "{zh}");
            assert_eq!(en.contains("An agreement alone would not let it leave"), stays_anyway, "{en}");
        }
    }
}
