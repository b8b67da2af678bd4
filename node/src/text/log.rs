//! What holds in the data log and what does not.

use xietong_proto::stream::{Audience, Stream};

use super::{Lang, reject, say, system, table};
use crate::store::verify::{Fault, Verification};

/// The whole answer to `log verify`.
pub fn verified(lang: Lang, found: &Verification) -> String {
    let header = [
        say!(lang, zh: "作者", en: "author"),
        say!(lang, zh: "领域", en: "system"),
        say!(lang, zh: "给谁", en: "audience"),
        say!(lang, zh: "条目", en: "entries"),
        say!(lang, zh: "记录", en: "records"),
        say!(lang, zh: "字节", en: "bytes"),
    ];
    let streams = found.streams.iter().map(|(stream, tally)| {
        vec![
            stream.author.to_string(),
            system(lang, stream.system),
            audience(lang, stream),
            tally.entries.to_string(),
            tally.records.to_string(),
            tally.bytes.to_string(),
        ]
    });
    let streams = table(&header, &streams.collect::<Vec<_>>());
    let (groups, dropped, faults) = (found.groups, found.dropped, found.faults.len());
    let count = say!(lang,
        zh: "{groups} 组完整；因分叉不再计入的条目 {dropped} 条。",
        en: "{groups} whole groups; {dropped} entries no longer count after a fork.");
    if faults == 0 {
        let sound = say!(lang,
            zh: "校验和、链、签名全部成立。",
            en: "All checksums, chains and signatures hold.");
        return format!("{streams}\n\n{count}\n{sound}");
    }
    let title = say!(lang, zh: "{faults} 处需要注意：", en: "{faults} places need attention:");
    let lines: Vec<_> = found.faults.iter().map(|fault| format!("  {}", log_fault(lang, fault))).collect();
    format!("{streams}\n\n{count}\n{title}\n{}", lines.join("\n"))
}

fn audience(lang: Lang, stream: &Stream) -> String {
    match stream.audience {
        Audience::Local => say!(lang, zh: "仅本单位", en: "this member only"),
        Audience::Agreement => say!(lang, zh: "协议成员", en: "members"),
        Audience::Pair(other) => say!(lang, zh: "双方：{other}", en: "the pair with {other}"),
    }
}

/// What does not hold, and what to do.
pub fn log_fault(lang: Lang, fault: &Fault) -> String {
    match fault {
        Fault::Damaged(damage) => say!(lang,
            zh: "已损坏：{damage}。他人的条目会再次取回；本单位的请从备份恢复。",
            en: "Damaged: {damage}. Entries of others are fetched again; restore your own from the backup."),
        Fault::Torn { bytes, .. } => say!(lang,
            zh: "末尾有 {bytes} 字节没有写完：节点正在写，或断电所致，下次启动时截去，不影响已答复的数据。",
            en: "The last {bytes} bytes are not whole: the node is writing them, or a crash tore them and the next start cuts them; nothing acknowledged is lost."),
        Fault::Unlinked { stream, position } => {
            let name = stream_name(lang, stream);
            say!(lang,
                zh: "{name}序号 {position} 与前一条不相接。",
                en: "{name}: position {position} does not follow the one before it.")
        }
        Fault::Refused { stream, position, reject: reason } => {
            let (name, reason) = (stream_name(lang, stream), reject(lang, reason));
            say!(lang,
                zh: "{name}序号 {position} 不成立：{reason}",
                en: "{name}: position {position} does not hold: {reason}")
        }
    }
}

fn stream_name(lang: Lang, stream: &Stream) -> String {
    let (author, name) = (stream.author, system(lang, stream.system));
    say!(lang, zh: "{author} 的{name}", en: "{author}, {name}")
}
