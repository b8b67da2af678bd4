//! Why a command did not do what it was asked.

use super::{
    Lang, backup_refusal, client_failure, config, evidence_refusal, file, import_refusal, key, node_failure,
    paper, proposal, say, version_refusal,
};
use crate::failure::{DemoFailure, Expected, Failure, ImportStopped, NodeStopped, Obstacle};

/// One or two sentences; the first names the reason.
pub fn failure(lang: Lang, failure: &Failure) -> String {
    match failure {
        Failure::Config(error) => config(lang, error),
        Failure::Key(error) => key(lang, error),
        Failure::Paper { file, refusal } => {
            let (file, reason) = (file.display(), paper(lang, refusal));
            say!(lang, zh: "{file}：{reason}", en: "{file}: {reason}")
        }
        Failure::Proposal(refusal) => proposal(lang, refusal),
        Failure::Version(refusal) => version_refusal(lang, refusal),
        Failure::Node(NodeStopped::NodeFailed { detail }) => node_failure(lang, detail),
        Failure::Client(reason) => client_failure(lang, reason),
        Failure::Import(ImportStopped::ImportRefused { kind, refusal }) => {
            import_refusal(lang, *kind, refusal)
        }
        Failure::Evidence(refusal) => evidence_refusal(lang, refusal),
        Failure::Backup(refusal) => backup_refusal(lang, refusal),
        Failure::Demo(failure) => demo(lang, failure),
        Failure::Obstacle(obstacle) => self::obstacle(lang, obstacle),
    }
}

fn demo(lang: Lang, failure: &DemoFailure) -> String {
    match failure {
        DemoFailure::DemoCommand { member, command, said } => say!(lang,
            zh: "演示中断：{member} 的命令 {command} 没有得到应有的答复：{said}",
            en: "The demo broke off: the command {command} of {member} did not answer as it should: {said}"),
        DemoFailure::DemoBroken { expected } => {
            let promise = promise(lang, *expected);
            say!(lang, zh: "演示中断，未能实现：{promise}", en: "The demo broke off; this did not hold: {promise}")
        }
    }
}

fn promise(lang: Lang, expected: Expected) -> String {
    match expected {
        Expected::NodeAnswers { member } => say!(lang,
            zh: "{member} 的节点启动后应答。",
            en: "the node of {member} answers once it is started."),
        Expected::Arrived => {
            say!(lang, zh: "共享的记录到达各成员。", en: "shared records arrive at every member.")
        }
        Expected::PausedStaysAway => say!(lang,
            zh: "暂停联网的节点不交换任何数据。",
            en: "a node off the network exchanges nothing."),
        Expected::KilledInTheMiddle => say!(lang,
            zh: "节点在导入途中被杀死。",
            en: "the node is killed in mid-import."),
        Expected::NothingLost => {
            say!(lang, zh: "已答复的数据一行不少。", en: "nothing acknowledged is lost.")
        }
        Expected::EqualEverywhere => say!(lang, zh: "各节点结果相同。", en: "all nodes come to the same."),
        Expected::StrangerTurnedAway => say!(lang, zh: "陌生连接被断开。", en: "a stranger is cut off."),
        Expected::FlippedBitNoticed => {
            say!(lang, zh: "被改动的条目不予接收。", en: "a changed entry is refused.")
        }
        Expected::NothingLeft => say!(lang,
            zh: "单位代码、车架号、车牌号、资产编号不出省。",
            en: "institution codes, VINs, plates and asset codes stay at home."),
    }
}

fn obstacle(lang: Lang, obstacle: &Obstacle) -> String {
    match obstacle {
        Obstacle::HomeUnknown => say!(lang,
            zh: "不知道节点的主目录在哪里：请用 --home 或环境变量 XIETONG_HOME 指明。",
            en: "Where is the node's home? Name it with --home or the environment variable XIETONG_HOME."),
        Obstacle::HomeOccupied { path } => {
            let path = path.display();
            say!(lang,
                zh: "{path} 已经存在：这里已有一个节点，不予覆盖。",
                en: "{path} exists: there is a node here already, and nothing is overwritten.")
        }
        Obstacle::CardMissing => say!(lang,
            zh: "主目录中没有成员名片：请先执行 xietong member card。",
            en: "There is no member card in the home: run xietong member card first."),
        Obstacle::CutOff => say!(lang,
            zh: "节点在导入完成前断开了。已答复的行不会丢失；请再次导入同一文件。",
            en: "The node went away before the import was done. Nothing acknowledged is lost; import the same file again."),
        Obstacle::NotConfirmed => say!(lang,
            zh: "没有批准，没有写入任何文件。",
            en: "Not approved; nothing was written."),
        Obstacle::PassphraseMissing => say!(lang,
            zh: "需要印章密钥的口令：在终端执行本命令，或用 --passphrase-file 指明文件，或设环境变量 XIETONG_PASSPHRASE（新口令：--new-passphrase-file、XIETONG_NEW_PASSPHRASE）。",
            en: "The seal key's passphrase is needed: run this on a terminal, name a file with --passphrase-file, or set XIETONG_PASSPHRASE (a new one: --new-passphrase-file, XIETONG_NEW_PASSPHRASE)."),
        Obstacle::PassphrasesDiffer => say!(lang,
            zh: "两次输入的口令不同。没有执行任何操作。",
            en: "The two passphrases typed are not alike. Nothing was done."),
        Obstacle::EditorFailed { editor } => say!(lang,
            zh: "编辑器 {editor} 没有正常结束；可用环境变量 EDITOR 指定。没有提出任何内容。",
            en: "The editor {editor} did not end well; name another in EDITOR. Nothing was proposed."),
        Obstacle::File(failure) => file(lang, failure),
    }
}
