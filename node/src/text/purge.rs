//! What is said of purges: what is given up, what stays, and why nothing is.

use xietong_proto::id::MemberCode;

use super::{Lang, fields, reject, say, system, table};
use crate::calendar::minute;
use crate::papers::purge::{PurgeFile, StreamCopy};
use crate::replica::purge::NotPurged;

/// Stands in front of a receipt.
pub const PURGE_COMMENT: &str = "\
# 协同：清除回执，由执行清除的成员签名；用 xietong agreement purged 查验。
# xietong: receipt for a purge, signed by the member that did it; xietong agreement purged checks it.
";

/// One or two sentences about why nothing is given up.
pub fn not_purged(lang: Lang, reason: &NotPurged) -> String {
    match reason {
        NotPurged::NotJoined => say!(lang,
            zh: "本节点没有加入这份协议。",
            en: "This node has not joined that agreement."),
        NotPurged::OwnRecords => say!(lang,
            zh: "本单位自己所说的不清除：由本单位负责，其他成员还要据以核对。",
            en: "What this member said itself is not purged: it answers for it, and others check by it."),
        NotPurged::NeverTogether { member } => say!(lang,
            zh: "{member} 从未与本单位同为这份协议的成员。",
            en: "{member} was never a member of that agreement together with this one."),
        NotPurged::StillTogether { member } => say!(lang,
            zh: "{member} 与本单位仍同为成员：双方约定相互保存。一方退出或被移出、或协议终止之后才能清除。",
            en: "{member} and this member are both in that agreement, by which each holds what the other says: purge after one has left, or the agreement has ended."),
        NotPurged::NothingHeld { member } => say!(lang,
            zh: "本节点没有 {member} 在这份协议中所说的内容。",
            en: "Nothing that {member} said in that agreement is here."),
        NotPurged::Unsayable { reject: reason } => reject(lang, reason),
    }
}

/// What `agreement purge` shows before it asks.
pub fn purge_leaves(lang: Lang) -> String {
    say!(lang,
        zh: "清除的：该成员在这份协议中所说的全部记录，从数据日志和各表中删去，不能恢复，也不会从第三方再收来。\n\
             保留的：每条的条目头和签名（谁、何时、多少，不含内容）；本单位参与的申请和移交所依据的条目；只对本单位说的（派车、结算）；协议文本、意见、名片、回执。\n\
             够不着的：已有的备份和导出的文件，请另行删除。",
        en: "Given up: all records that the member said in that agreement, out of the data log and the tables. Nothing brings them back, and no third member's node does.\n\
             Kept: of each entry header and signature (who, when, how much, nothing of what); the entries on which requests that this member takes part in and handovers rest; what was said to this member alone (trips, statements); versions, opinions, cards, receipts.\n\
             Not reached: backups that exist, and exported files. Delete those yourself.")
}

/// What `agreement purge` asks.
pub fn ask_purge(lang: Lang, author: MemberCode) -> String {
    say!(lang,
        zh: "清除 {author} 的记录吗？输入“是”继续：",
        en: "Purge the records of {author}? Type yes to go on:")
}

/// What a receipt says.
pub fn purge(lang: Lang, file: &PurgeFile) -> String {
    let (said, copy) = (&file.purge.fields, file.copy());
    let (member, name) = (said.member, &file.card.fields.name);
    let head = fields(&[
        (say!(lang, zh: "执行清除的成员", en: "purged by"), format!("{member} {name}")),
        (say!(lang, zh: "其名片指纹", en: "its card"), file.card.fingerprint()),
        (say!(lang, zh: "谁的记录", en: "records of"), said.author.to_string()),
        (say!(lang, zh: "协议", en: "agreement"), said.agreement.to_string()[..12].to_owned()),
        (say!(lang, zh: "时间（北京时间）", en: "time (UTC+8)"), minute(said.time)),
    ]);
    let header = [
        say!(lang, zh: "业务领域", en: "system"),
        say!(lang, zh: "代", en: "generation"),
        say!(lang, zh: "截至序号", en: "up to position"),
        say!(lang, zh: "该处条目", en: "entry there"),
        say!(lang, zh: "为申请保留", en: "kept for requests"),
        say!(lang, zh: "为移交保留", en: "kept for handovers"),
    ];
    let row = |of: &StreamCopy| {
        let (requests, handovers) = (of.requests.to_string(), of.handovers.to_string());
        let entry = of.entry.to_string()[..12].to_owned();
        let place = [of.generation.to_string(), of.until.to_string()];
        [vec![system(lang, of.system)], place.to_vec(), vec![entry, requests, handovers]].concat()
    };
    let rows: Vec<Vec<String>> = copy.streams.iter().map(row).collect();
    let rest = say!(lang,
        zh: "签名有效。未保留的各条只留条目头和签名，不含内容。名片是否确属该成员，请用其指纹电话核对。",
        en: "The signature holds. Of what is not kept header and signature are left, and nothing of what it said. Whether the card is that member's own, its fingerprint on the telephone tells.");
    format!("{head}\n\n{}\n\n{rest}", table(&header, &rows))
}
