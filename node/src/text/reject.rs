//! Why bytes from elsewhere are refused (拒收).

use xietong_proto::reject::Reject;

use super::{Lang, say, system};

/// One sentence, ending with the rule of the protocol.
pub fn reject(lang: Lang, reject: &Reject) -> String {
    let rule = reject.rule();
    match reason(lang, reject) {
        reason if lang == Lang::Zh => format!("{reason}（协议规则 {rule}）。"),
        reason => format!("{reason} (rule {rule})."),
    }
}

fn reason(lang: Lang, reject: &Reject) -> String {
    match reject {
        Reject::TooLarge { size, size_max } => say!(lang,
            zh: "太大：{size}，上限 {size_max}",
            en: "Too large: {size}, the limit is {size_max}"),
        Reject::Malformed => say!(lang, zh: "格式不符", en: "Not of the required layout"),
        Reject::UnknownVersion { version } => say!(lang,
            zh: "格式版本 {version} 本程序不认识，请升级程序",
            en: "Layout version {version} is not known to this program; a newer one may know it"),
        Reject::UnknownSuite { suite } => say!(lang,
            zh: "密码套件 {suite} 本程序不认识",
            en: "Cipher suite {suite} is not known to this program"),
        Reject::NotCanonical => say!(lang,
            zh: "同样内容只能有一种写法，而这里是另一种",
            en: "The same content has exactly one encoding, and this is another"),
        Reject::BadField { field } => say!(lang,
            zh: "字段 {field} 不符合规则",
            en: "The field {field} breaks the rules"),
        Reject::WrongAgreement => say!(lang, zh: "属于另一个协议", en: "It belongs to another agreement"),
        Reject::NotAMember { author } => say!(lang,
            zh: "{author} 不是这一版次的成员",
            en: "{author} is no member in that epoch"),
        Reject::UnknownEpoch { epoch } => say!(lang,
            zh: "第 {epoch} 版次的协议文本本节点还没有，收到后再接收",
            en: "The manifest of epoch {epoch} is not here yet; it may pass once that has come"),
        Reject::OutOfScope { system: number } => {
            let name = system(lang, *number);
            say!(lang, zh: "{name}不在协议的共享范围内", en: "The agreement's scope does not include {name}")
        }
        Reject::Cut { at } => say!(lang,
            zh: "成员已商定该数据流到序号 {at} 为止",
            en: "The members have agreed that the stream ends at position {at}"),
        Reject::OlderEpoch { epoch, before } => say!(lang,
            zh: "属于第 {epoch} 版次，而前一条已属于第 {before} 版次",
            en: "It is of epoch {epoch}, and the entry before it is of epoch {before} already"),
        Reject::WrongAudience => say!(lang, zh: "不是给本节点的", en: "It is not meant for this node"),
        Reject::UnknownCard { author, card } => say!(lang,
            zh: "{author} 的第 {card} 号名片本节点还没有，收到后再接收",
            en: "Card {card} of {author} is not here yet; it may pass once that has come"),
        Reject::BadSignature => say!(lang,
            zh: "签名不符：内容被改动过，或不是本人所签",
            en: "The signature does not hold: the content was altered or somebody else signed"),
        Reject::BadFraming => say!(lang,
            zh: "载荷不能分成所声明的各条记录",
            en: "The payload does not split into the records that it claims"),
        Reject::BadRoot => say!(lang,
            zh: "记录与所签的根不符",
            en: "The records do not have the root that was signed"),
        Reject::Gap { have, got } => say!(lang,
            zh: "本节点到序号 {have}，来的是序号 {got}，补齐中间的再接收",
            en: "Position {have} is held and {got} was offered; it may pass once the gap is filled"),
        Reject::Fork { at } => say!(lang,
            zh: "序号 {at} 已有另一条（同号异文），两条都保留，作者已标记",
            en: "Another entry stands at position {at} (a fork): both are kept, the author is flagged"),
    }
}
