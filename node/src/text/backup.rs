//! Backups: what was made, what holds, what came back, and why not.

use std::path::Path;

use xietong_proto::id::AgreementId;

use super::{Lang, file, say, store, system, table};
use crate::backup::{Backup, BackupRefusal, Taken};
use crate::store::cut::CutHead;

/// A backup is there.
pub fn backup_taken(lang: Lang, folder: &Path, taken: &Taken) -> String {
    let (name, folder, new) = (&taken.name, folder.display(), size(taken.new_bytes));
    let holds = holds(lang, &taken.backup);
    say!(lang,
        zh: "已备份：{name}，写入 {folder}，新增 {new}。\n{holds}\n\n备份已加密，恢复时需要印章密钥（{folder}/seal.key 或离线介质）及其口令：请确认都在。",
        en: "Backup {name} is in {folder}; {new} of it are new.\n{holds}\n\nIt is encrypted: to restore it takes the seal key ({folder}/seal.key, or your medium) and its passphrase. Make sure that you have both.")
}

/// A backup is whole.
pub fn backup_holds(lang: Lang, name: &str, backup: &Backup) -> String {
    let holds = holds(lang, backup);
    say!(lang,
        zh: "{name} 完整，未被改动。\n{holds}",
        en: "{name} is whole and unaltered.\n{holds}")
}

/// A home is there again.
pub fn restored(lang: Lang, home: &Path, name: &str, backup: &Backup) -> String {
    let (home, member, holds) = (home.display(), backup.member, holds(lang, backup));
    say!(lang,
        zh: "已从 {name} 恢复到 {home}。\n{holds}\n\n启动之前：{member} 原来的节点必须已永久停用。启动后，节点先与其他成员核对并取回自己的条目，再对外发布（xietong status）。备份之后导入的台账请重新导入。",
        en: "{home} is restored from {name}.\n{holds}\n\nBefore you start it: the old node of {member} is off for good. Once started, the node compares with the other members and fetches its own entries before it publishes (xietong status). Import again what came into your registers after the backup.")
}

fn holds(lang: Lang, backup: &Backup) -> String {
    let (member, taken, files, bytes) =
        (backup.member, &backup.taken, backup.files.len(), size(backup.bytes()));
    let head = say!(lang,
        zh: "{member}，{taken}，{files} 个文件，{bytes}。",
        en: "{member}, {taken}, {files} files, {bytes}.");
    let header = [
        say!(lang, zh: "作者", en: "author"),
        say!(lang, zh: "领域", en: "system"),
        say!(lang, zh: "给谁", en: "audience"),
        say!(lang, zh: "至序号", en: "up to position"),
    ];
    let row = |head: &CutHead| {
        let audience = match head.agreement {
            AgreementId::ZERO => say!(lang, zh: "仅本单位", en: "this member only"),
            AgreementId(_) => say!(lang, zh: "协议成员", en: "members"),
        };
        vec![head.author.to_string(), system(lang, head.system), audience, head.position.to_string()]
    };
    let rows: Vec<_> = backup.cut.heads.iter().map(row).collect();
    if rows.is_empty() { head } else { format!("{head}\n\n{}", table(&header, &rows)) }
}

fn size(bytes: u64) -> String {
    match bytes {
        0..1_048_576 => format!("{} KiB", bytes.div_ceil(1024)),
        _ => format!("{}.{} MiB", bytes >> 20, ((bytes & 0xf_ffff) * 10) >> 20),
    }
}

/// Why there is no backup, or why it cannot be used.
pub fn backup_refusal(lang: Lang, refusal: &BackupRefusal) -> String {
    match refusal {
        BackupRefusal::NoVault { folder } => {
            let folder = folder.display();
            say!(lang, zh: "{folder} 中没有备份。", en: "There are no backups in {folder}.")
        }
        BackupRefusal::OtherVault { folder, member } => {
            let folder = folder.display();
            say!(lang,
                zh: "{folder} 是 {member} 的另一套备份，用的不是这个主目录的备份密钥：请换一个文件夹。",
                en: "{folder} holds other backups, of {member}, made with another home's backup key: use another folder.")
        }
        BackupRefusal::EarlierSeal { folder } => {
            let folder = folder.display();
            say!(lang,
                zh: "{folder} 中的备份只有本单位原来的印章能打开：请备份到新的文件夹。",
                en: "The backups in {folder} open with the seal that this member had before: use another folder.")
        }
        BackupRefusal::OtherSeal { folder } => {
            let folder = folder.display();
            say!(lang,
                zh: "这个印章密钥打不开 {folder} 中的备份。",
                en: "This seal key does not open the backups in {folder}.")
        }
        BackupRefusal::NoBackup { folder, names } => {
            let (folder, names) = (folder.display(), names.join(", "));
            say!(lang,
                zh: "{folder} 中没有这一次备份，现有：{names}。",
                en: "{folder} has no such backup; there are: {names}.")
        }
        BackupRefusal::Missing { file } => {
            let file = file.display();
            say!(lang,
                zh: "备份不完整，缺少 {file}：请用另一次备份或另一份拷贝。",
                en: "The backup is not whole, {file} is missing: use another one, or another copy.")
        }
        BackupRefusal::Damaged { file } => {
            let file = file.display();
            say!(lang,
                zh: "{file} 被改动或截断，不能使用：请用另一次备份或另一份拷贝。",
                en: "{file} was altered or cut and cannot be used: use another backup, or another copy.")
        }
        BackupRefusal::BackupFile(failure) => file(lang, failure),
        BackupRefusal::BackupStore { error } => store(lang, error),
    }
}
