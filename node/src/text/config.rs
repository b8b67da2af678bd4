//! What is wrong with a configuration.

use super::{Lang, file, say};
use crate::calendar::working::CalendarFault;
use crate::config::{ConfigError, SOCKET_PATH_BYTES_MAX, Wanted};
use crate::systems::vehicles::rules::RulesFault;
use xietong_proto::limits::{ADDRESSES_MAX, TEXT_BYTES_MAX};

/// One sentence about a configuration.
pub fn config(lang: Lang, error: &ConfigError) -> String {
    match error {
        ConfigError::NoConfig { path } => {
            let path = path.display();
            say!(lang,
                zh: "没有 {path}，这里不是节点的主目录。请用 --home 指明，或用 xietong init 建立。",
                en: "There is no {path}: this is not a node's home. Name it with --home, or make one with xietong init.")
        }
        ConfigError::ConfigFile(failure) => file(lang, failure),
        ConfigError::ConfigForm { line, detail } => say!(lang,
            zh: "配置文件第 {line} 行不符合 TOML 格式：{detail}。",
            en: "Line {line} of the configuration is not TOML: {detail}."),
        ConfigError::UnknownKey { key } => say!(lang,
            zh: "没有 {key} 这一配置项。全部配置项见 xietong config default。",
            en: "There is no setting {key}. xietong config default lists them all."),
        ConfigError::BadType { key, found, wanted } => {
            let (found, wanted) = (toml_type(lang, found), toml_type(lang, wanted));
            say!(lang,
                zh: "配置项 {key} 应为{wanted}，而不是{found}。",
                en: "The setting {key} has to be {wanted}, not {found}.")
        }
        ConfigError::BadWord { detail } => say!(lang,
            zh: "有一个配置项的值不可用：{detail}。",
            en: "A setting has a value that cannot be used: {detail}."),
        ConfigError::Missing { key } => say!(lang,
            zh: "必须填写配置项 {key}。",
            en: "The setting {key} is required."),
        ConfigError::BadValue { key, value, wanted } => {
            let wanted = form(lang, *wanted);
            say!(lang,
                zh: "{key} 的值“{value}”不可用：{wanted}。",
                en: "The value \"{value}\" of {key} cannot be used: {wanted}.")
        }
        ConfigError::SocketPathTooLong { path, bytes, proposal } => {
            let (path, proposal) = (path.display(), proposal.display());
            say!(lang,
                zh: "套接字路径 {path} 有 {bytes} 字节，超过 {SOCKET_PATH_BYTES_MAX} 字节，系统打不开。建议在 [socket] 中设 path = \"{proposal}\"。",
                en: "The socket path {path} has {bytes} bytes, more than the {SOCKET_PATH_BYTES_MAX} that are safe. Set path = \"{proposal}\" in [socket].")
        }
        ConfigError::CalendarFile { path, fault } => {
            let (path, fault) = (path.display(), calendar_fault(lang, fault));
            say!(lang, zh: "日历 {path} 不可用：{fault}", en: "The calendar {path} cannot be used: {fault}")
        }
        ConfigError::RulesFile { path, fault } => {
            let (path, fault) = (path.display(), rules_fault(lang, fault));
            say!(lang, zh: "车辆规则 {path} 不可用：{fault}", en: "The vehicle rules {path} cannot be used: {fault}")
        }
    }
}

fn calendar_fault(lang: Lang, fault: &CalendarFault) -> String {
    match fault {
        CalendarFault::CalendarForm { line, detail } => say!(lang,
            zh: "第 {line} 行：{detail}。",
            en: "line {line}: {detail}."),
        CalendarFault::OtherYear { date } => say!(lang,
            zh: "{date} 不在所写的年份内。",
            en: "{date} is not of the year that the file names."),
        CalendarFault::EndBeforeStart { name } => say!(lang,
            zh: "“{name}”的截止日期早于起始日期。",
            en: "\"{name}\" ends before it begins."),
        CalendarFault::NotAWeekend { date } => say!(lang,
            zh: "{date} 不是周六或周日，无须列为调休上班日。",
            en: "{date} is no Saturday or Sunday: it is worked anyway."),
        CalendarFault::DayTwice { date } => say!(lang,
            zh: "{date} 写了两次。",
            en: "{date} stands there twice."),
    }
}

fn rules_fault(lang: Lang, fault: &RulesFault) -> String {
    match fault {
        RulesFault::RulesForm { line, detail } => say!(lang,
            zh: "第 {line} 行：{detail}。",
            en: "line {line}: {detail}."),
        RulesFault::UnknownCode { word } => say!(lang,
            zh: "车辆台账中没有“{word}”这一用途、类型或燃料。",
            en: "the register of vehicles has no use, type or fuel \"{word}\"."),
        RulesFault::RuleEndsFirst { source } => say!(lang,
            zh: "“{source}”的截止日期早于起始日期。",
            en: "the rule by \"{source}\" ends before it begins."),
    }
}

fn form(lang: Lang, wanted: Wanted) -> String {
    match wanted {
        Wanted::MemberCode => say!(lang,
            zh: "应为 2 至 8 位数字或大写字母，如 230000",
            en: "it has to be 2 to 8 digits or capitals, such as 230000"),
        Wanted::Line => say!(lang,
            zh: "应为一行，不超过 {TEXT_BYTES_MAX} 字节",
            en: "it has to be one line of at most {TEXT_BYTES_MAX} bytes"),
        Wanted::Uscc => say!(lang,
            zh: "应为 18 位统一社会信用代码，且校验码正确",
            en: "it has to be a unified social credit code of 18 characters whose check digit holds"),
        Wanted::Address => say!(lang,
            zh: "应如 /ip4/203.0.113.23/udp/4101/quic-v1 或 /dns/node.example.cn/tcp/4101",
            en: "it has to be like /ip4/203.0.113.23/udp/4101/quic-v1 or /dns/node.example.cn/tcp/4101"),
        Wanted::Dialable => say!(lang,
            zh: "别人连不到这里：应写本机对外的 IP 或域名，端口不能是 0",
            en: "nobody can dial that: it has to be the IP or host name by which others reach it, with a port that is not 0"),
        Wanted::SomeAddress => say!(lang, zh: "至少要有一个地址", en: "at least one address is needed"),
        Wanted::FewAddresses => say!(lang,
            zh: "地址不能超过 {ADDRESSES_MAX} 个",
            en: "there may be at most {ADDRESSES_MAX} addresses"),
        Wanted::Loopback => say!(lang,
            zh: "应为空，或本机回环地址和端口，如 127.0.0.1:4180；跨机访问请在前面加 TLS 代理",
            en: "it has to be empty or a loopback address with a port, such as 127.0.0.1:4180; for other machines put a proxy with TLS in front"),
        Wanted::Positive => say!(lang, zh: "至少为 1", en: "it has to be at least 1"),
    }
}

fn toml_type(lang: Lang, name: &str) -> String {
    match name {
        "string" => say!(lang, zh: "文字", en: "text"),
        "integer" => say!(lang, zh: "整数", en: "a whole number"),
        "array" => say!(lang, zh: "列表", en: "a list"),
        "table" => say!(lang, zh: "一节", en: "a section"),
        // The rest of TOML's types occur in no setting of ours, only in what somebody typed.
        other => say!(lang, zh: " {other}", en: "{other}"),
    }
}
