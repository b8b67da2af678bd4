//! What is said of bundles: what came of one, and why there is none or one is not taken in.

use std::path::Path;

use xietong_proto::id::MemberCode;

use super::{Lang, list, reject, say, system, table};
use crate::keys::bundle::BundleFault;
use crate::replica::bundle::{Answers, Lacking, NoBundle, Played};

/// A bundle is written.
pub fn bundle_written(lang: Lang, path: &Path, member: MemberCode, bytes: u64) -> String {
    let path = path.display();
    say!(lang,
        zh: "已写入 {path}，{bytes} 字节，只有 {member} 的节点能读。对方执行：xietong bundle import {path}",
        en: "Written to {path}, {bytes} bytes; only the node of {member} can read it. There: xietong bundle import {path}")
}

/// What came of a bundle, what is still missing, and whether this node may publish.
pub fn bundle_taken(lang: Lang, played: &Played) -> String {
    let Played { member, admitted, others, .. } = played;
    let taken = say!(lang,
        zh: "{member} 的离线包已读完：新条目 {admitted} 条，已有或未收 {others} 条。",
        en: "The bundle of {member} is read: {admitted} new entries, {others} that were here or not taken.");
    let parts = [Some(taken), lacking(lang, played), Some(standing(lang, played))];
    parts.into_iter().flatten().collect::<Vec<_>>().join("\n\n")
}

fn lacking(lang: Lang, played: &Played) -> Option<String> {
    let row = |lacking: &Lacking| {
        let (have, shown) = (lacking.have.to_string(), lacking.shown.to_string());
        vec![lacking.author.to_string(), system(lang, lacking.system), have, shown]
    };
    let rows: Vec<_> = played.lacking.iter().map(row).collect();
    if rows.is_empty() {
        return None;
    }
    let header = [
        say!(lang, zh: "作者", en: "author"),
        say!(lang, zh: "领域", en: "system"),
        say!(lang, zh: "本节点至序号", en: "here up to"),
        say!(lang, zh: "对方至序号", en: "there up to"),
    ];
    let member = played.member;
    let head = say!(lang,
        zh: "对方持有而这里仍缺：把本节点的离线包交给 {member}，再取回一份；或请对方用 --from-start 导出。",
        en: "Held there and still missing here: give {member} a bundle of this node and fetch its answer, or let it export with --from-start.");
    Some(format!("{head}\n\n{}", table(&header, &rows)))
}

fn standing(lang: Lang, played: &Played) -> String {
    let member = played.member;
    match (played.is_confirmed, played.answers) {
        (true, _) => say!(lang,
            zh: "本节点已核对，可以发布；xietong bundle export --for {member} 导出答复。",
            en: "This node is confirmed and publishes; answer with xietong bundle export --for {member}."),
        (false, Answers::ThisStart) => say!(lang,
            zh: "已与 {member} 核对；发布前还在等其他成员，见 xietong status。",
            en: "Heads were compared with {member}; before it publishes this node waits for others, see xietong status."),
        (false, Answers::Nothing) => say!(lang,
            zh: "对方还没有本节点这次启动后的离线包，不能据此核对：请执行 xietong bundle export --for {member}，交给对方，再导入其答复。",
            en: "Its writer had no bundle of this node, so nothing was compared: xietong bundle export --for {member}, have it imported there, and import the answer."),
        (false, Answers::OlderStart) => say!(lang,
            zh: "它答复的是本节点较早的一次启动，不能据此核对：请重新执行 xietong bundle export --for {member}，交给对方，再导入其答复。",
            en: "It answers an older start of this node, so nothing was compared: xietong bundle export --for {member} again, have it imported there, and import the answer."),
    }
}

/// Why a file is not read, or not to its end.
pub fn bundle_fault(lang: Lang, admitted: u64, fault: &BundleFault) -> String {
    match fault {
        BundleFault::NoBundle => say!(lang, zh: "这不是离线包。", en: "This is no bundle."),
        BundleFault::NotForThisNode { to } => {
            let key = hex::encode(&to.0[..8]);
            say!(lang,
                zh: "这个离线包不是给本节点的（收件节点的传输密钥 {key}…）：请对方以本节点现行名片重新导出。",
                en: "This bundle is for another node (transport key {key}…): have it exported for this node's present card.")
        }
        BundleFault::Altered { at } => say!(lang,
            zh: "离线包从第 {at} 字节起被改动，之后的内容不收；之前的 {admitted} 条新条目已收录。请重新拷贝后再次导入。",
            en: "The bundle was altered from byte {at} on and nothing behind that is taken; {admitted} new entries before it are. Copy it again and import it again."),
        BundleFault::CutShort { at } => say!(lang,
            zh: "离线包在第 {at} 字节处截断，尚未读完；已收录 {admitted} 条新条目。请重新拷贝后再次导入，不会重复收录。",
            en: "The bundle is cut short at byte {at}; {admitted} new entries were taken in. Copy it again and import it again: nothing is entered twice."),
    }
}

/// Why there is no bundle, or why one is not taken in.
pub fn no_bundle(lang: Lang, reason: &NoBundle) -> String {
    match reason {
        NoBundle::NothingShared { member } => say!(lang,
            zh: "本节点与 {member} 没有这样的共同协议。",
            en: "This node shares no such agreement with {member}."),
        NoBundle::SeveralShared { member, agreements } => {
            let ids: Vec<String> = agreements.iter().map(|id| id.to_string()[..8].to_owned()).collect();
            let ids = list(lang, &ids);
            say!(lang,
                zh: "与 {member} 有几份共同协议，请用 --agreement 指明一份：{ids}。",
                en: "Several agreements are shared with {member}; name one with --agreement: {ids}.")
        }
        NoBundle::OtherAgreement { agreement } => {
            let id = &agreement.to_string()[..8];
            say!(lang,
                zh: "这个离线包属于协议 {id}，本节点没有加入，或其作者在其中不是成员。",
                en: "This bundle is about the agreement {id}, which this node has not joined or in which its writer is no member.")
        }
        NoBundle::Paused { member } => say!(lang,
            zh: "{member} 已被暂停往来：xietong peer resume {member} 后再试。",
            en: "{member} is paused: xietong peer resume {member} first."),
        NoBundle::ShutOut { member } => say!(lang,
            zh: "{member} 违规过多，暂不接收；见 xietong status。",
            en: "{member} offended too often and is not heard for a while; see xietong status."),
        NoBundle::Unlawful { reject: reason } => {
            let reason = reject(lang, reason);
            say!(lang,
                zh: "离线包中有不合协议的内容，其后不收：{reason}",
                en: "What the bundle holds breaks the protocol, and nothing behind it is taken: {reason}")
        }
    }
}
