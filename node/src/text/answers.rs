//! What commands say when they have done what they were asked.

use std::path::Path;

use xietong_proto::card::Card;
use xietong_proto::id::{CardNumber, MemberCode};

use super::{Lang, list, say};
use crate::systems::rules::Rules;

/// After `init`: what was made, what to keep safe, what to do next.
pub fn initialised(lang: Lang, member: MemberCode, home: &Path) -> String {
    let home = home.display();
    say!(lang,
        zh: "\
节点 {member} 已建立：{home}

从第一天起备份，并确认能够恢复：
  {home}/keys          密钥，丢失后无人能补；seal.key（印章密钥，已用口令加密）可移到离线介质，签署时用 --seal 指明
  {home}/config.toml   配置
  {home}/card.toml     最近签发的成员名片
  {home}/log           数据日志：本单位的台账只有这一份
切勿让两个节点使用同一套密钥：恢复备份或迁移前，先停止原节点，并确保它不再启动。

下一步：xietong member card > {member}.member.toml，把它交给其他成员，再用电话核对指纹。",
        en: "\
Node {member} is made: {home}

Back up from the first day, and try whether it can be restored:
  {home}/keys          the keys: once lost, nobody can replace them; seal.key, locked with your passphrase,
                       may move to an offline medium and is named by --seal when you sign
  {home}/config.toml   the configuration
  {home}/card.toml     the member card issued last
  {home}/log           the data log: there is no other copy of this member's registers
Never run two nodes with one set of keys: before you restore or move a node, stop the old one for good.

Next: xietong member card > {member}.member.toml, give it to the other members, compare fingerprints by telephone.")
}

/// What is asked about a passphrase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    /// That of the seal key.
    Passphrase,
    /// One that is to lock it from now on.
    NewPassphrase,
    /// The same once more.
    PassphraseAgain,
}

/// Asked on the terminal; what is typed is not shown.
pub fn ask(lang: Lang, ask: Ask) -> String {
    match ask {
        Ask::Passphrase => say!(lang, zh: "印章密钥的口令：", en: "Passphrase of the seal key:"),
        Ask::NewPassphrase => say!(lang,
            zh: "为印章密钥设定口令（丢失后无法找回）：",
            en: "Choose a passphrase for the seal key (nobody can recover it):"),
        Ask::PassphraseAgain => say!(lang, zh: "再输入一次：", en: "Once more:"),
    }
}

/// After `member passphrase`.
pub fn relocked(lang: Lang, path: &Path) -> String {
    let path = path.display();
    say!(lang,
        zh: "{path} 已改用新口令加密。旧备份和其他介质上的副本仍用旧口令。",
        en: "{path} is locked with the new passphrase. Copies in backups and on other media keep the old one.")
}

/// After one of the two steps of `member card rotate`.
pub fn rotated(lang: Lang, number: CardNumber, is_done: bool) -> String {
    if is_done {
        return say!(lang,
            zh: "名片 {number} 号只列新的传输密钥，旧密钥已删除。请重启节点（systemctl restart xietong）。密钥已换完；请更新备份。",
            en: "Card {number} names the new transport key alone, and the old one is deleted. Restart the node (systemctl restart xietong). The keys are changed; renew the backup.");
    }
    say!(lang,
        zh: "名片 {number} 号列出新的条目密钥，以及新旧两个传输密钥。请重启节点（systemctl restart xietong），待每个成员都连上过一次、收到新名片后，再执行一次本命令完成更换。",
        en: "Card {number} names a new entry key, and the old and the new transport key. Restart the node (systemctl restart xietong); once every member was connected and so has the card, run this again to finish.")
}

/// What `member reseal` asks.
pub fn ask_reseal(lang: Lang, member: MemberCode) -> String {
    say!(lang,
        zh: "{member} 的印章密钥确实找不回来了吗？另制的印章要由每份协议的其他成员全部批准才算数。输入“是”继续：",
        en: "Is the seal key of {member} really lost? Another one counts in an agreement only once all its other members have approved it. Type yes to go on:")
}

/// After `member reseal`.
pub fn resealed(lang: Lang, card: &Card, path: &Path) -> String {
    let (number, fingerprint, path) = (card.fields.number, card.fingerprint(), path.display());
    say!(lang,
        zh: "另制的印章密钥在 {path}，名片 {number} 号由它签发，指纹 {fingerprint}。请：重启节点（systemctl restart xietong）；把新名片（xietong member card）交给每份协议的一个成员并电话核对指纹，由它执行 xietong agreement propose --admit；各成员和本单位批准后生效，此前节点照常发布。旧备份只有旧印章能打开：请备份到新的文件夹。",
        en: "The new seal key lies at {path}; it signs card {number}, fingerprint {fingerprint}. Now restart the node (systemctl restart xietong), and hand the new card (xietong member card) to one member of each agreement, comparing fingerprints by telephone: it runs xietong agreement propose --admit, and all others and this member approve. Until then the node publishes as before. Older backups open with the old seal alone: begin a new folder.")
}

/// After `member card revoke`.
pub fn keys_revoked(lang: Lang, number: CardNumber) -> String {
    say!(lang,
        zh: "名片 {number} 号只列全新的条目密钥和传输密钥，旧密钥已删除。请立即重启节点（systemctl restart xietong），并更新备份。",
        en: "Card {number} names new entry and transport keys alone, and the old ones are deleted. Restart the node now (systemctl restart xietong), and renew the backup.")
}

/// In which agreement which version ends what the old keys sign, and for whom it waits.
pub fn restarts(lang: Lang, title: &str, fingerprint: &str, missing: &[MemberCode]) -> String {
    let missing = list(lang, missing);
    say!(lang,
        zh: "“{title}”：版次 {fingerprint} 截止本单位的数据流、另起一代，等候 {missing} 批准；生效之前旧密钥所签的仍然算数，请电话催办。",
        en: "\"{title}\": version {fingerprint} ends this member's streams and begins them again; it waits for {missing}. Until it is in force what the old key signs counts: ring them up.")
}

/// Why such a version is not proposed yet.
pub fn not_restarted(lang: Lang, title: &str, reason: &str, member: MemberCode) -> String {
    say!(lang,
        zh: "“{title}”：还不能提议截止本单位的数据流：{reason}然后执行 xietong agreement propose --restart {member}。",
        en: "\"{title}\": that this member's streams end could not be proposed yet. {reason} Then run xietong agreement propose --restart {member}.")
}

/// After `config check`.
pub fn config_holds(lang: Lang, path: &Path, rules: &Rules) -> String {
    let (path, years) =
        (path.display(), list(lang, &rules.days.years().map(|(year, _)| year).collect::<Vec<_>>()));
    say!(lang,
        zh: "{path} 可用。\n已知工作日历：{years}。",
        en: "{path} holds.\nWorking days are known of {years}.")
}

/// Beside a card without addresses.
pub fn nobody_dials(lang: Lang) -> String {
    say!(lang,
        zh: "提示：配置中 network.announce 为空，名片上没有地址，其他成员无法主动连接本节点；只要本节点能连上对方即可。",
        en: "Note: network.announce is empty, so the card has no address and nobody can dial this node; it is enough that it can dial the others.")
}

/// After `agreement join`.
pub fn joined(lang: Lang, title: &str, others: &[MemberCode]) -> String {
    let others = list(lang, others);
    say!(lang,
        zh: "已加入协议“{title}”，与 {others} 开始交换。",
        en: "The agreement \"{title}\" is joined; exchange with {others} begins.")
}

/// After `agreement join` of an agreement that was joined before.
pub fn taken_over(lang: Lang, title: &str) -> String {
    say!(lang,
        zh: "协议“{title}”早已加入：文件中的新内容已收下，并转告其他成员。",
        en: "The agreement \"{title}\" was joined before: what is new in the file is taken over and passed on to the others.")
}

/// After `peer excuse` and `peer expect`.
pub fn excused(lang: Lang, member: MemberCode, excused: bool) -> String {
    if excused {
        say!(lang,
            zh: "不再等候 {member} 即可发布，已记录在案。它若留有本单位较新的条目，可能造成分叉。",
            en: "{member} is no longer waited for before publishing; this is recorded. If it holds newer entries of ours, the stream may fork.")
    } else {
        say!(lang, zh: "恢复等候 {member}。", en: "{member} is waited for again.")
    }
}

/// After `peer pause` and `peer resume`; no member stands for all.
pub fn paused(lang: Lang, member: Option<MemberCode>, paused: bool) -> String {
    let who = member.map_or_else(|| say!(lang, zh: "本节点", en: "This node"), |code| code.to_string());
    match paused {
        true => say!(lang,
            zh: "{who}已离开网络；本地照常办理，恢复后自动补齐。",
            en: "{who} is off the network; work at home goes on, and what was missed comes after resume."),
        false => say!(lang, zh: "{who}已回到网络。", en: "{who} is back on the network."),
    }
}

/// After `stop`; the home may still be in use if nobody could wait for its end.
pub fn stopping(lang: Lang, has_stopped: bool) -> String {
    match has_stopped {
        true => say!(lang, zh: "节点已停止。", en: "The node has stopped."),
        false => say!(lang, zh: "节点正在停止。", en: "The node is stopping."),
    }
}

/// After a file was written.
pub fn written(lang: Lang, path: &Path) -> String {
    let path = path.display();
    say!(lang, zh: "已写入 {path}", en: "Written to {path}")
}

/// The first lines of a card file, for whoever opens it in an editor.
pub const CARD_COMMENT: &str = "\
# xietong 协同 · 成员名片 member card
# 核对：xietong member show 本文件，并用电话核对指纹。改动任何一处，文件即作废。
# To check: xietong member show FILE, then compare the fingerprint by telephone. Any change voids it.

";

/// The first lines of an agreement file.
pub const AGREEMENT_COMMENT: &str = "\
# xietong 协同 · 合作协议 agreement
# 查看 agreement show，批准 agreement approve，合并各方批准 agreement merge。改动任何一处，文件即作废。
# Read it with agreement show, then agreement approve, agreement merge. Any change voids it.

";

/// The first lines of a proposal that is changed in an editor.
pub const PROPOSAL_COMMENT: &str = "\
# xietong 协同 · 协议的下一版次 the next version of an agreement
# 以下是现行内容。修改后保存并退出；不作修改则不提出任何内容。
# members：已有成员写代码；新成员（或换了印章的成员）写名片文件。删去一行即移出该成员。
# systems：assets、vehicles、energy。restarts：数据流就此截止、另起一代的成员。voids：移出成员时一并作废的提案（指纹）。
# This is what is in force. Change it, save and leave; without a change nothing is proposed.
# members: the code of who is a member, the card file of who is not (or has lost its seal); without its line a member leaves.
# restarts: members whose streams end where they stand and begin again. voids: with a removal, fingerprints of proposals to set aside.

";
