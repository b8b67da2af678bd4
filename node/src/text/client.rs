//! Why the running node did not give what a command asked for.

use super::{
    Lang, bundle_fault, file_refusal, list_refusal, node_refusal, not_in_force, paper, say, turned_away,
};
use crate::http::answer::Problem;
use crate::http::client::ClientFailure;
use crate::http::data::ImportRefusal;
use crate::systems::Kind;

/// One or two sentences; the first names the reason.
pub fn client_failure(lang: Lang, failure: &ClientFailure) -> String {
    match failure {
        ClientFailure::NotRunning { socket } => {
            let socket = socket.display();
            say!(lang,
                zh: "节点未运行（{socket} 无应答）。请先启动：xietong run。",
                en: "The node is not running (nobody answers on {socket}). Start it first: xietong run.")
        }
        ClientFailure::Problem(reason) => problem(lang, reason),
        ClientFailure::Broken(error) => say!(lang,
            zh: "与节点的连接中断：{error}。请查看节点是否仍在运行（xietong status），再重做一次；重复导入不会重复登记。",
            en: "The connection to the node broke off: {error}. See whether it still runs (xietong status) and do it again; importing twice enters nothing twice."),
        ClientFailure::Unreadable(error) => say!(lang,
            zh: "看不懂节点的应答，命令与节点可能不是同一版本：{error}。",
            en: "The node's answer cannot be read; command and node may be of different versions: {error}."),
    }
}

/// Why the node does not answer with what was asked for.
pub fn problem(lang: Lang, problem: &Problem) -> String {
    match problem {
        Problem::Refused { refusal } => node_refusal(lang, refusal),
        Problem::Paper { refusal } => paper(lang, refusal),
        Problem::NotInForce { reason } => not_in_force(lang, reason),
        Problem::List { refusal } => list_refusal(lang, refusal),
        Problem::Unreadable { detail } => say!(lang,
            zh: "节点不接受“{detail}”这样的写法。",
            en: "The node cannot read \"{detail}\"."),
        Problem::TooLarge { bytes_max } => {
            let mib = bytes_max >> 20;
            say!(lang,
                zh: "文件超过 {mib} MiB（配置项 import.size_mib_max）；请分成几个文件。",
                en: "The file is larger than {mib} MiB (setting import.size_mib_max): split it.")
        }
        Problem::Bundle { admitted, reason } => bundle_fault(lang, *admitted, reason),
        Problem::TurnedAway { reason } => turned_away(lang, reason),
        Problem::LogUnreadable => say!(lang,
            zh: "数据日志读不出来；详见运行日志，并执行 xietong log verify。",
            en: "The data log cannot be read: see the operation log, and run xietong log verify."),
        Problem::NotFound { id } => say!(lang, zh: "本节点没有 {id}。", en: "Nothing here has the id {id}."),
        Problem::Stopping => say!(lang, zh: "节点正在停止。", en: "The node is stopping."),
    }
}

/// Why a file was not taken in, or not to its end.
pub fn import_refusal(lang: Lang, kind: Kind, refusal: &ImportRefusal) -> String {
    match refusal {
        ImportRefusal::File(refusal) => file_refusal(lang, kind, refusal),
        ImportRefusal::Node(refusal) => node_refusal(lang, refusal),
        ImportRefusal::Stopping => say!(lang,
            zh: "节点正在停止，其余各行没有收录；请在重新启动后再次导入。",
            en: "The node is stopping and the remaining rows were not taken in; import the file again when it runs."),
    }
}
