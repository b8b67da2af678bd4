//! How the node stands: itself, each agreement with its peers and streams, and what does not go on and why.

use std::collections::BTreeMap;

use xietong_proto::id::{Millis, System};

use super::{Lang, fields, list, say, system, table, waiting};
use crate::calendar::minute;
use crate::http::Surroundings;
use crate::http::node::NodeStatus;
use crate::machine::{CutDigest, Status};
use crate::replica::status::{AgreementStatus, PeerStatus, StreamStatus};

/// The whole answer.
pub fn status(lang: Lang, NodeStatus { status, surroundings }: &NodeStatus) -> String {
    let mut parts = vec![node(lang, status, surroundings)];
    parts.extend(status.agreements.iter().map(|held| agreement(lang, held)));
    if !status.waiting.is_empty() {
        let title = say!(lang, zh: "待办与原因", en: "What waits, and why");
        let lines = status.waiting.iter().map(|reason| format!("  {}", waiting(lang, reason)));
        parts.push(format!("{title}\n{}", lines.collect::<Vec<_>>().join("\n")));
    }
    parts.join("\n\n")
}

fn node(lang: Lang, status: &Status, around: &Surroundings) -> String {
    let state = if status.is_paused {
        say!(lang, zh: "已离开网络（维护）；用 xietong peer resume 恢复", en: "off the network (maintenance); xietong peer resume brings it back")
    } else {
        say!(lang, zh: "运行中", en: "running")
    };
    let (log, rows, free) = (size(around.log_bytes), size(around.rows_bytes), size(around.free_bytes));
    let rows = [
        (say!(lang, zh: "成员", en: "member"), format!("{} {}", status.member, status.name)),
        (say!(lang, zh: "名片", en: "card"), status.card.to_string()),
        (say!(lang, zh: "名片指纹", en: "card fingerprint"), status.card_fingerprint.clone()),
        (say!(lang, zh: "状态", en: "state"), state),
        (say!(lang, zh: "版本", en: "version"), around.version.clone()),
        (say!(lang, zh: "监听", en: "listens on"), list(lang, &around.listens)),
        (say!(lang, zh: "拒绝的陌生连接", en: "strangers turned away"), status.strangers.to_string()),
        (say!(lang, zh: "本机时间", en: "clock"), time(lang, status.time)),
        (
            say!(lang, zh: "磁盘", en: "disk"),
            say!(lang, zh: "日志 {log}，数据行 {rows}，剩余 {free}", en: "log {log}, rows {rows}, free {free}"),
        ),
    ];
    fields(&rows)
}

fn agreement(lang: Lang, held: &AgreementStatus) -> String {
    let (title, fingerprint, until) = (&held.title, &held.fingerprint, minute(held.valid_until));
    let over = say!(lang, zh: "，不在有效期", en: ", not valid now");
    let over = if held.is_valid { "" } else { over.as_str() };
    let head = say!(lang,
        zh: "协议 {title}（指纹 {fingerprint}，至北京时间 {until}{over}）",
        en: "Agreement {title} (fingerprint {fingerprint}, until {until} UTC+8{over})");
    let (peers, streams) = (peers(lang, &held.peers), streams(lang, &held.streams));
    [head, peers, streams].join("\n\n")
}

fn peers(lang: Lang, peers: &[PeerStatus]) -> String {
    let header = [
        say!(lang, zh: "成员", en: "member"),
        say!(lang, zh: "名称", en: "name"),
        say!(lang, zh: "连接", en: "connection"),
        say!(lang, zh: "始于", en: "since"),
        say!(lang, zh: "地址", en: "address"),
        say!(lang, zh: "程序", en: "program"),
        say!(lang, zh: "版次", en: "version"),
        say!(lang, zh: "持本方名片", en: "has my card"),
        say!(lang, zh: "时差", en: "skew"),
        say!(lang, zh: "对方缺本方", en: "it lacks of mine"),
        say!(lang, zh: "本方缺对方", en: "I lack of its"),
        say!(lang, zh: "拒收", en: "refused"),
    ];
    let row = |peer: &PeerStatus| {
        let (address, since) = peer.connected.clone().unzip();
        vec![
            peer.member.to_string(),
            peer.name.clone(),
            connection(lang, peer),
            since.map(minute).unwrap_or_default(),
            address.as_deref().map(place).unwrap_or_default().to_owned(),
            peer.program.clone(),
            goes_by(lang, peer),
            peer.card.map(|card| card.to_string()).unwrap_or_default(),
            peer.skew_ms.map(skew).unwrap_or_default(),
            lag(lang, peer.is_linked, &peer.behind),
            lag(lang, peer.is_linked, &peer.ahead),
            rejects(&peer.rejects),
        ]
    };
    table(&header, &peers.iter().map(row).collect::<Vec<_>>())
}

fn connection(lang: Lang, peer: &PeerStatus) -> String {
    if peer.is_shut_out {
        return say!(lang, zh: "多次违规，暂不接纳", en: "offended, not let in for now");
    }
    match (peer.is_paused, peer.connected.is_some(), peer.is_linked) {
        (true, _, _) => say!(lang, zh: "已暂停", en: "paused"),
        (false, false, _) => say!(lang, zh: "未连接", en: "not connected"),
        (false, true, false) => say!(lang, zh: "已连接，未交谈", en: "connected, not talking"),
        (false, true, true) => say!(lang, zh: "交换中", en: "exchanging"),
    }
}

/// By which version a member goes, as far as is known.
fn goes_by(lang: Lang, peer: &PeerStatus) -> String {
    match (peer.manifest, peer.epoch) {
        (_, Some(epoch)) => epoch.to_string(),
        (Some(_), None) => say!(lang, zh: "较新", en: "newer"),
        (None, None) => String::new(),
    }
}

/// A multiaddress without the transport key at its end, which the card tells.
fn place(address: &str) -> &str {
    address.split("/p2p/").next().unwrap_or(address)
}

/// Seconds with a sign, such as `+0.3 s`: the peer's clock minus ours.
fn skew(skew_ms: i64) -> String {
    let tenths = (skew_ms.unsigned_abs() + 50) / 100;
    let sign = if skew_ms < 0 && tenths > 0 { '-' } else { '+' };
    format!("{sign}{}.{} s", tenths / 10, tenths % 10)
}

/// Entries that one of two lacks, by system; without a link nobody knows.
fn lag(lang: Lang, is_known: bool, entries: &BTreeMap<System, u64>) -> String {
    if !is_known {
        return say!(lang, zh: "未知", en: "unknown");
    }
    let behind: Vec<_> = entries
        .iter()
        .filter(|(_, count)| **count > 0)
        .map(|(number, count)| format!("{} {count}", system(lang, *number)))
        .collect();
    if behind.is_empty() { "0".to_owned() } else { list(lang, &behind) }
}

fn rejects(rejects: &BTreeMap<String, u64>) -> String {
    let counts: Vec<_> = rejects.iter().map(|(rule, count)| format!("{rule} ×{count}")).collect();
    if counts.is_empty() { "0".to_owned() } else { counts.join(" ") }
}

fn streams(lang: Lang, streams: &[StreamStatus]) -> String {
    if streams.is_empty() {
        return say!(lang, zh: "还没有任何条目。", en: "There are no entries yet.");
    }
    let header = [
        say!(lang, zh: "作者", en: "author"),
        say!(lang, zh: "领域", en: "system"),
        say!(lang, zh: "序号", en: "position"),
        say!(lang, zh: "已入表", en: "in the rows"),
        say!(lang, zh: "链头", en: "head"),
        say!(lang, zh: "收讫回执", en: "receipted by"),
        say!(lang, zh: "同号异文", en: "fork"),
    ];
    let row = |stream: &StreamStatus| {
        let held = stream.held_by.iter().map(|(member, position)| format!("{member}:{position}"));
        let head: String = stream.head.to_string().chars().take(HEAD_CHARS).collect();
        vec![
            stream.author.to_string(),
            system(lang, stream.system),
            stream.position.to_string(),
            match stream.is_purged {
                true => say!(lang, zh: "已清除", en: "purged"),
                false => stream.folded.to_string(),
            },
            head,
            held.collect::<Vec<_>>().join(" "),
            stream.forked_at.map(|at| at.to_string()).unwrap_or_default(),
        ]
    };
    table(&header, &streams.iter().map(row).collect::<Vec<_>>())
}

/// What each agreement shows, to be read out or compared by eye.
pub fn digests(lang: Lang, digests: &[CutDigest]) -> String {
    if digests.is_empty() {
        return say!(lang, zh: "尚未加入任何协议。", en: "No agreement has been joined.");
    }
    let part = |held: &CutDigest| {
        let (title, digest) = (&held.title, grouped(&held.digest));
        let cut =
            held.cut.iter().map(|at| format!("{}-{}:{}", at.author, system(lang, at.system), at.position));
        let cut = list(lang, &cut.collect::<Vec<_>>());
        say!(lang,
            zh: "协议 {title}\n摘要  {digest}\n截至  {cut}\n截至的序号相同，摘要就必须相同；序号不同时无法比较。",
            en: "Agreement {title}\ndigest  {digest}\nat      {cut}\nWhere the positions are equal the digests must be; otherwise they say nothing.")
    };
    digests.iter().map(part).collect::<Vec<_>>().join("\n\n")
}

/// In groups of eight.
fn grouped(digits: &str) -> String {
    let digits: Vec<_> = digits.chars().collect();
    digits.chunks(8).map(String::from_iter).collect::<Vec<_>>().join(" ")
}

/// Enough of a head to compare by eye.
const HEAD_CHARS: usize = 12;

/// Bytes as people say them, such as `12.3 MiB`.
fn size(bytes: u64) -> String {
    let (unit, name) = match bytes {
        0..KIB => return format!("{bytes} B"),
        KIB..MIB => (KIB, "KiB"),
        MIB..GIB => (MIB, "MiB"),
        GIB.. => (GIB, "GiB"),
    };
    let tenths = bytes / (unit / 10);
    format!("{}.{} {name}", tenths / 10, tenths % 10)
}

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

fn time(lang: Lang, time: Millis) -> String {
    let minute = minute(time);
    say!(lang, zh: "{minute}（北京时间）", en: "{minute} (UTC+8)")
}
