//! What the machine would not do with files and keys, and what to do about it.

use std::io::ErrorKind;

use super::{Lang, say};
use crate::files::{FileAction, FileFailure};
use crate::keys::KeyError;

/// One sentence about a file.
pub fn file(lang: Lang, failure: &FileFailure) -> String {
    let (path, why) = (failure.path.display(), why(lang, failure));
    match failure.action {
        FileAction::Read => say!(lang, zh: "无法读取 {path}：{why}。", en: "Cannot read {path}: {why}."),
        FileAction::Create => say!(lang, zh: "无法新建 {path}：{why}。", en: "Cannot create {path}: {why}."),
        FileAction::Replace => say!(lang, zh: "无法写入 {path}：{why}。", en: "Cannot write {path}: {why}."),
    }
}

fn why(lang: Lang, failure: &FileFailure) -> String {
    match failure.source.kind() {
        ErrorKind::NotFound => say!(lang, zh: "不存在", en: "it does not exist"),
        ErrorKind::PermissionDenied => say!(lang, zh: "没有权限", en: "no permission"),
        ErrorKind::AlreadyExists => say!(lang, zh: "已经存在", en: "it exists already"),
        ErrorKind::StorageFull => say!(lang, zh: "磁盘已满", en: "the disk is full"),
        ErrorKind::InvalidData => say!(lang, zh: "不是 UTF-8 文本", en: "it is not UTF-8 text"),
        ErrorKind::FileTooLarge => say!(lang, zh: "文件太大", en: "it is too large"),
        ErrorKind::IsADirectory => say!(lang, zh: "是一个文件夹", en: "it is a folder"),
        // Open by nature: the system has more answers than we have words.
        _ => failure.source.to_string(),
    }
}

/// One sentence about a key.
pub fn key(lang: Lang, error: &KeyError) -> String {
    match error {
        KeyError::KeyMissing { path } => {
            let path = path.display();
            say!(lang,
                zh: "没有密钥 {path}。请从备份恢复；放在离线介质上的印章密钥用 --seal 指明；新节点请用 xietong init 建立。",
                en: "The key {path} is missing. Restore it from the backup; a seal key on a medium is named by --seal; a new node is made by xietong init.")
        }
        KeyError::KeyOpenToOthers { path, mode } => {
            let path = path.display();
            say!(lang,
                zh: "密钥 {path} 可被他人读写（权限 {mode:o}）。请执行 chmod 600 {path}，并考虑密钥是否已泄露。",
                en: "Others may read or write the key {path} (mode {mode:o}). Run chmod 600 {path}, and consider whether it has leaked.")
        }
        KeyError::KeyForm { path } => {
            let path = path.display();
            say!(lang,
                zh: "密钥 {path} 已损坏：应为 64 位十六进制数字。请从备份恢复。",
                en: "The key {path} is damaged: it should be 64 hexadecimal digits. Restore it from the backup.")
        }
        KeyError::KeyNotOnCard { path } => {
            let path = path.display();
            say!(lang,
                zh: "名片（card.toml）没有列出密钥 {path}，其他成员不会承认它：密钥与名片不是同一时刻的。若更换密钥时中断，请再执行 xietong member card rotate；否则请从同一份备份恢复 keys 和 card.toml。",
                en: "The card (card.toml) does not name the key {path}, so no member would accept it: keys and card are of different times. If a change of keys was cut short, run xietong member card rotate again; else restore keys and card.toml from one backup.")
        }
        KeyError::SealDamaged { path } => {
            let path = path.display();
            say!(lang,
                zh: "印章密钥文件 {path} 已损坏，与口令无关。请从备份或另一份介质恢复。",
                en: "The seal key's file {path} is damaged, whatever the passphrase. Restore it from the backup or another medium.")
        }
        KeyError::SealVersion { path, version } => {
            let path = path.display();
            say!(lang,
                zh: "印章密钥文件 {path} 是第 {version} 种格式，需要更新的程序才能打开。",
                en: "The seal key's file {path} is of version {version}: a newer program is needed to open it.")
        }
        KeyError::SealNotLost { path } => {
            let path = path.display();
            say!(lang,
                zh: "印章密钥 {path} 没有遗失，这个口令就能打开它。没有执行任何操作。要换口令：xietong member passphrase；要换节点的密钥：xietong member card rotate。",
                en: "The seal key {path} is not lost: this passphrase opens it. Nothing was done. Another passphrase: xietong member passphrase; other keys for the node: xietong member card rotate.")
        }
        KeyError::WrongPassphrase { path } => {
            let path = path.display();
            say!(lang,
                zh: "口令不对，无法打开印章密钥 {path}（文件完好）。没有执行任何操作。",
                en: "The passphrase does not open the seal key {path} (the file is whole). Nothing was done.")
        }
        KeyError::PassphraseShort { chars_min } => say!(lang,
            zh: "口令太短：至少 {chars_min} 个字符。",
            en: "The passphrase is too short: it needs at least {chars_min} characters."),
        KeyError::KeyFile(failure) => file(lang, failure),
    }
}
