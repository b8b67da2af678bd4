//! A node that starts, stops, or fails.

use std::path::Path;

use xietong_proto::id::MemberCode;

use super::{Lang, say};
use crate::daemon::start::NodeFailure;
use crate::net::NetError;
use crate::store::error::StoreError;

/// The node is there.
pub fn running(lang: Lang, member: MemberCode, socket: &Path, listens: &[String]) -> String {
    let (socket, listens) = (socket.display(), listens.join("\n  "));
    say!(lang,
        zh: "{member} 的节点已运行。\n  {listens}\n本机接口：{socket}",
        en: "The node of {member} is running.\n  {listens}\nSocket: {socket}")
}

/// The node has gone.
pub fn stopped(lang: Lang, member: MemberCode) -> String {
    say!(lang, zh: "{member} 的节点已停止，数据完好。", en: "The node of {member} has stopped in order.")
}

/// Why a node does not run, and what to do.
pub fn node_failure(lang: Lang, failure: &NodeFailure) -> String {
    match failure {
        NodeFailure::Store(error) => store(lang, error),
        NodeFailure::Agreement(reason) => say!(lang,
            zh: "数据日志中的一份协议不再成立：{reason:?}。请从备份恢复。",
            en: "An agreement in the data log does not hold any more: {reason:?}. Restore from the backup."),
        NodeFailure::Net(NetError::Address { address }) => say!(lang,
            zh: "{address} 不是可监听的地址，请检查 network.listen。",
            en: "{address} is no address to listen on; look at network.listen."),
        NodeFailure::Net(NetError::Listen { address, source }) => say!(lang,
            zh: "无法监听 {address}：{source}。请检查端口是否被占用。",
            en: "Cannot listen on {address}: {source}. Is the port taken?"),
        NodeFailure::Net(NetError::Setup(source)) => {
            say!(lang, zh: "无法使用网络：{source}。", en: "The network cannot be used: {source}.")
        }
        NodeFailure::Socket(socket) => {
            let (path, source) = (socket.path.display(), &socket.source);
            say!(lang, zh: "无法打开 {path}：{source}。", en: "Cannot open {path}: {source}.")
        }
        NodeFailure::Tcp { address, source } => say!(lang,
            zh: "无法监听 {address}：{source}。请检查 tcp.address。",
            en: "Cannot listen on {address}: {source}. Look at tcp.address."),
        NodeFailure::NoSuchGroup { group } => say!(lang,
            zh: "系统中没有用户组 {group}，请检查 socket.group。",
            en: "There is no group {group}; look at socket.group."),
        NodeFailure::System(source) => {
            say!(lang, zh: "系统拒绝：{source}。", en: "The system refuses: {source}.")
        }
    }
}

/// Why the store cannot go on, and what to do.
pub fn store(lang: Lang, error: &StoreError) -> String {
    match error {
        StoreError::InUse { lock } => {
            let lock = lock.display();
            say!(lang,
                zh: "另一个进程正在使用这个主目录（{lock}）。一个节点只能运行一次。",
                en: "Another process uses this home ({lock}). A node runs once.")
        }
        StoreError::DiskFull { path, .. } => {
            let path = path.display();
            say!(lang,
                zh: "磁盘已满，无法写入 {path}。已停止：腾出空间后再启动，已答复的数据不会丢失。",
                en: "The disk is full: {path} cannot be written. The node has stopped; make room and start again. Nothing acknowledged is lost.")
        }
        StoreError::Irreplaceable { damage, .. } => {
            let places: Vec<String> = damage.iter().map(ToString::to_string).collect();
            let places = places.join("; ");
            say!(lang,
                zh: "数据日志已损坏，损失的内容没有第二份：{places}。请从备份恢复整个主目录。",
                en: "The data log is damaged, and what is lost has no second copy: {places}. Restore the whole home from the backup.")
        }
        StoreError::NewerFormat { found, known } => say!(lang,
            zh: "主目录是格式 {found}，由较新版本的程序写成；本程序只认识到格式 {known}。请使用较新的程序；主目录未作任何改动。",
            en: "The home has format {found}, written by a newer program; this one knows formats up to {known}. Use the newer program; nothing was changed."),
        StoreError::ForeignLog { author } => say!(lang,
            zh: "本地数据日志属于 {author}，不是本单位的：主目录弄混了，请换回本单位自己的主目录或备份。",
            en: "The local log is that of {author}, not of this member: homes were mixed up; use this member's own home or backup."),
        StoreError::File { .. }
        | StoreError::GroupTooLarge { .. }
        | StoreError::NotNext(_)
        | StoreError::Rot { .. }
        | StoreError::NotIndexed { .. }
        | StoreError::Rows(_)
        | StoreError::Stopped => {
            let detail = chain(error);
            say!(lang,
                zh: "存储不可信，已停止：{detail}。请检查磁盘，再启动；行数据会由数据日志重建。",
                en: "The store cannot be trusted and the node has stopped: {detail}. Check the disk and start again; rows are rebuilt from the data log.")
        }
    }
}

/// What each layer says, from the outside in.
fn chain(error: &dyn std::error::Error) -> String {
    let mut sentence = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        sentence = format!("{sentence}: {inner}");
        source = inner.source();
    }
    sentence
}
