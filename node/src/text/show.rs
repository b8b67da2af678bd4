//! Cards and agreements as people read them before they trust them.

use xietong_proto::card::Card;
use xietong_proto::epochs::Stage;
use xietong_proto::id::Millis;
use xietong_proto::manifest::{Manifest, Member};
use xietong_proto::opinion::Stance;

use super::{Lang, fields, leaves, level, list, say, system, table};
use crate::calendar::minute;
use crate::papers::agreement::AgreementFile;
use crate::papers::copy::LevelName;

/// All fields of a card, the fingerprint first.
pub fn card(lang: Lang, card: &Card) -> String {
    let said = &card.fields;
    let key = |bytes: [u8; 32]| hex::encode(bytes);
    let rows = [
        (say!(lang, zh: "指纹", en: "fingerprint"), card.fingerprint()),
        (say!(lang, zh: "成员代码", en: "code"), said.code.to_string()),
        (say!(lang, zh: "名称", en: "name"), said.name.clone()),
        (say!(lang, zh: "统一社会信用代码", en: "USCC"), said.uscc.clone()),
        (say!(lang, zh: "电话", en: "telephone"), said.telephone.clone()),
        (say!(lang, zh: "地址", en: "addresses"), list(lang, &said.addresses)),
        (say!(lang, zh: "名片号", en: "card number"), said.number.to_string()),
        (say!(lang, zh: "签发时间", en: "issued"), time(lang, said.issued)),
        (say!(lang, zh: "印章密钥", en: "seal key"), key(said.seal_key.to_bytes())),
        (say!(lang, zh: "条目密钥", en: "entry key"), key(said.entry_key.to_bytes())),
        (say!(lang, zh: "传输密钥", en: "transport keys"), list(lang, &said.transport_keys)),
    ];
    fields(&rows)
}

/// What an operator has to know before he approves: who is in it, what leaves, how long, who has approved.
pub fn agreement(lang: Lang, file: &AgreementFile, now: Millis) -> String {
    let (what, who) = (say!(lang, zh: "提供什么", en: "What leaves"), say!(lang, zh: "成员", en: "Members"));
    let (scope, members) = (scope(lang, file.manifest()), members(lang, file));
    let (head, state) = (head(lang, file.manifest(), now), state(lang, file));
    format!("{head}\n\n{what}\n{scope}\n\n{who}\n{members}\n\n{state}")
}

fn head(lang: Lang, manifest: &Manifest, now: Millis) -> String {
    let said = &manifest.fields;
    let (quorum, count) = (said.quorum, said.members.len());
    let (from, until) = (minute(said.valid_from), minute(said.valid_until));
    let over = say!(lang, zh: "，已过期：可查阅，不再新增", en: ", over: readable, nothing new is authored");
    let over = if now < said.valid_until { "" } else { over.as_str() };
    let rows = [
        (say!(lang, zh: "协议", en: "agreement"), said.title.clone()),
        (say!(lang, zh: "指纹", en: "fingerprint"), manifest.fingerprint()),
        (say!(lang, zh: "层级", en: "level"), level(lang, LevelName::of(said.level))),
        (say!(lang, zh: "版次", en: "epoch"), said.epoch.to_string()),
        (
            say!(lang, zh: "有效期", en: "valid"),
            say!(lang, zh: "北京时间 {from} 起，{until} 止{over}", en: "from {from} until {until} (UTC+8){over}"),
        ),
        (
            say!(lang, zh: "下一版次", en: "next epoch"),
            say!(lang, zh: "由 {count} 个成员中的 {quorum} 个决定", en: "decided by {quorum} of {count} members"),
        ),
    ];
    fields(&rows)
}

fn scope(lang: Lang, manifest: &Manifest) -> String {
    let line = |name: String, what: String| match lang {
        Lang::Zh => format!("  {name}：{what}"),
        Lang::En => format!("  {name}: {what}"),
    };
    let lines = manifest
        .fields
        .scope
        .iter()
        .map(|scope| line(system(lang, scope.system), leaves(lang, scope.system)));
    lines.collect::<Vec<_>>().join("\n")
}

fn members(lang: Lang, file: &AgreementFile) -> String {
    let header = [
        say!(lang, zh: "代码", en: "code"),
        say!(lang, zh: "名称", en: "name"),
        say!(lang, zh: "统一社会信用代码", en: "USCC"),
        say!(lang, zh: "名片指纹", en: "card fingerprint"),
        say!(lang, zh: "电话", en: "telephone"),
        say!(lang, zh: "批准", en: "approved"),
    ];
    let row = |member: &Member| {
        let card = file.card(member);
        let mut opinions = file.epochs.opinions(file.manifest().id()).map(|opinion| &opinion.fields);
        let approval = opinions.find(|said| (said.member, said.stance) == (member.code, Stance::Approves));
        let approved = approval.map(|said| time(lang, said.time));
        vec![
            member.code.to_string(),
            member.name.clone(),
            member.uscc.clone(),
            card.map(Card::fingerprint).unwrap_or_default(),
            card.map(|card| card.fields.telephone.clone()).unwrap_or_default(),
            approved.unwrap_or_else(|| say!(lang, zh: "尚未", en: "not yet")),
        ]
    };
    let rows: Vec<_> = file.manifest().fields.members.iter().map(row).collect();
    table(&header, &rows)
}

fn state(lang: Lang, file: &AgreementFile) -> String {
    let missing = list(lang, &file.missing());
    match (file.tally().stage, file.before()) {
        (Stage::InForce, None) => say!(lang,
            zh: "全体成员都已批准，可以加入。",
            en: "All members have approved: it can be joined."),
        (Stage::InForce, Some(_)) => say!(lang,
            zh: "生效中，可以加入。",
            en: "It is in force and can be joined."),
        (Stage::Open, _) => say!(lang, zh: "尚未批准：{missing}。", en: "Not yet approved by: {missing}."),
        (Stage::Declined | Stage::SetAside, _) => {
            say!(lang, zh: "不会生效。", en: "It does not come into force.")
        }
    }
}

/// A time to the minute, with its zone.
fn time(lang: Lang, time: Millis) -> String {
    let minute = minute(time);
    say!(lang, zh: "{minute}（北京时间）", en: "{minute} (UTC+8)")
}
