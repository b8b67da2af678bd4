//! Why the node does not do what is asked (不予办理), and what does not go on by itself.

use xietong_proto::id::{MemberCode, Position, System};

use super::{
    Lang, agreement_state, list, no_bundle, not_handed_over, not_purged, not_scrapped, reject, say, system,
    token_refusal, unfit, unsaid,
};
use crate::calendar::minute;
use crate::machine::{Refusal, Waiting};
use crate::replica::agreement::NotInForce;
use crate::replica::confirm::Unconfirmed;
use crate::replica::room::Shortage;
use crate::systems;
use crate::systems::page::ListRefusal;

/// Why the node refuses.
pub fn node_refusal(lang: Lang, refusal: &Refusal) -> String {
    match refusal {
        Refusal::Rebuilding { entries_left } => say!(lang,
            zh: "正在从日志重建数据，还剩 {entries_left} 条；请稍后再试。",
            en: "The rows are being rebuilt from the log, {entries_left} entries are left; try again soon."),
        Refusal::DiskFull { shortage } => {
            let (free, needed) = (mib(shortage.free_bytes), mib(shortage.needed_bytes));
            say!(lang,
                zh: "磁盘只剩 {free} MiB，至少要有 {needed} MiB 才写入；已有的数据可以照常查看。请腾出空间后重试，未丢失任何内容。",
                en: "The disk has {free} MiB left, and nothing is written below {needed} MiB; what is here can be read. Make room and try again; nothing was lost.")
        }
        Refusal::NotNamed { member } => say!(lang,
            zh: "本单位 {member} 不是这份协议的成员。",
            en: "The agreement does not name this member, {member}."),
        Refusal::NotThisNode => say!(lang,
            zh: "协议所附本单位名片上的传输密钥不是本节点的；请用本节点签发的名片重新起草。",
            en: "The card in the agreement does not have this node's transport key: draw it up with the card that this node issues."),
        Refusal::UnknownMember { member } => say!(lang,
            zh: "本节点加入的协议中没有成员 {member}。",
            en: "No agreement here names the member {member}."),
        Refusal::Token { refusal } => token_refusal(lang, refusal),
        Refusal::Unsaid { reason } => unsaid(lang, reason),
        Refusal::NotPurged { reason } => not_purged(lang, reason),
        Refusal::Bundle { reason } => no_bundle(lang, reason),
        Refusal::Data { refusal } => data_refusal(lang, refusal),
    }
}

fn mib(bytes: u64) -> u64 {
    bytes / (1024 * 1024)
}

/// Why a system refuses.
pub fn data_refusal(lang: Lang, refusal: &systems::Refusal) -> String {
    match refusal {
        systems::Refusal::NotInRegister { id } => say!(lang,
            zh: "台账中没有 {id}。",
            en: "The register has no {id}."),
        systems::Refusal::ReasonTooLong { chars_max } => say!(lang,
            zh: "原因过长，最多 {chars_max} 个字。",
            en: "The reason is too long: {chars_max} characters at most."),
        systems::Refusal::PeriodForm { period } => say!(lang,
            zh: "“{period}”不是月份，如 2025-03。",
            en: "\"{period}\" is not a month such as 2025-03."),
        systems::Refusal::PeriodNotOver { period } => say!(lang,
            zh: "{period} 还没有结束，不能发布。",
            en: "{period} is not over yet and cannot be released."),
        systems::Refusal::LedgerBehind { period } => say!(lang,
            zh: "其他成员持有本单位 {period} 的发布，而本机的发布台账没有：本机是从较早的备份恢复的，无法判断再次发布会泄露什么；请恢复较新的备份。",
            en: "Members hold our release of {period}, which this node's ledger does not have: it was restored from an older backup and cannot tell what another release would give away; restore a newer one."),
        systems::Refusal::HandOver { id, reason } => {
            let reason = not_handed_over(lang, reason);
            say!(lang, zh: "{id}：{reason}", en: "{id}: {reason}")
        }
        systems::Refusal::Scrapping { vin, reason } => {
            let reason = not_scrapped(lang, reason);
            say!(lang, zh: "车辆 {vin}：{reason}", en: "Vehicle {vin}: {reason}")
        }
        systems::Refusal::Driver { driver_no, unfit: reason } => {
            let reason = unfit(lang, reason);
            say!(lang, zh: "驾驶员 {driver_no}：{reason}", en: "Driver {driver_no}: {reason}")
        }
        systems::Refusal::NothingToRelease { period } => say!(lang,
            zh: "{period} 没有可发布的能耗数据。",
            en: "There is no energy of {period} that could be released."),
        systems::Refusal::Request { refusal } => super::request_refusal(lang, refusal),
    }
}

/// Why a list cannot be made.
pub fn list_refusal(lang: Lang, refusal: &ListRefusal) -> String {
    match refusal {
        ListRefusal::NoSuchColumn { column, columns } => {
            let columns = list(lang, columns);
            say!(lang,
                zh: "没有 {column} 这一列；可用的列：{columns}。",
                en: "There is no column {column}; there are: {columns}.")
        }
        ListRefusal::NothingKept { of, known } if known.is_empty() => say!(lang,
            zh: "没有“{of}”：台账之外不另存什么。",
            en: "There is no {of}: nothing is kept beside these rows."),
        ListRefusal::NothingKept { of, known } => {
            let known = list(lang, known);
            say!(lang, zh: "没有“{of}”；可列出的有：{known}。", en: "There is no {of}; there is: {known}.")
        }
    }
}

/// Why an agreement is not in force here.
pub fn not_in_force(lang: Lang, reason: &NotInForce) -> String {
    match reason {
        NotInForce::CardMissing { member } => say!(lang,
            zh: "缺少协议所指的 {member} 的名片。",
            en: "The card of {member} that the agreement names is missing."),
        NotInForce::CardDiffers { member } => say!(lang,
            zh: "{member} 的名片与协议所写不一致。",
            en: "The card of {member} says something else than the agreement."),
        NotInForce::NotApproved { members } => {
            let members = list(lang, members);
            say!(lang,
                zh: "尚未批准的成员：{members}。",
                en: "These members have not approved yet: {members}.")
        }
        NotInForce::SharedTransportKey { members: [one, other] } => say!(lang,
            zh: "{one} 和 {other} 的名片使用了同一个传输密钥；每个节点必须有自己的密钥。",
            en: "The cards of {one} and {other} name the same transport key: every node needs keys of its own."),
        NotInForce::NewerRules { system: number, profile, rules_version } => {
            let name = system(lang, *number);
            say!(lang,
                zh: "{name}采用提供规则 {profile}、计算规则 {rules_version}，本程序不认识；请先升级程序。",
                en: "For {name} it uses disclosure profile {profile} and rules {rules_version}, which this program does not know: upgrade first.")
        }
        NotInForce::Unreadable { reject: reason } => reject(lang, reason),
    }
}

fn unconfirmed(lang: Lang, title: &str, missing: &Unconfirmed) -> String {
    let Unconfirmed { needed, compared, silent, fetching, has_rival } = missing;
    let (have, silent) = (compared.len(), list(lang, silent));
    if *has_rival {
        return say!(lang,
            zh: "“{title}”：其他成员报告另有一个进程在用本单位的密钥（克隆或恢复后原节点仍在运行），请停掉其中之一；对方停止半分钟后才继续发布。",
            en: "\"{title}\": a member says that another process runs with your keys (a clone, or the original of a restored node): stop one of the two. Nothing is published before the other has been gone for half a minute.");
    }
    if *fetching > 0 {
        return say!(lang,
            zh: "“{title}”：其他成员持有本单位 {fetching} 条本机没有的条目，正在取回；取回之前不发布。",
            en: "\"{title}\": others hold {fetching} entries of ours that are not here; they are fetched before anything is published.");
    }
    let hint = match (silent.is_empty(), lang) {
        (true, _) => String::new(),
        (false, Lang::Zh) => format!("；尚未联系上：{silent}（长期失联的可用 xietong peer excuse 免等）"),
        (false, Lang::En) => {
            format!("; not heard yet: {silent} (xietong peer excuse for one that stays away)")
        }
    };
    say!(lang,
        zh: "“{title}”：启动后须先与其他成员核对（已核对 {have} 家，需 {needed} 家）才发布{hint}。",
        en: "\"{title}\": after a start nothing is published before heads were compared with {needed} other members ({have} so far){hint}.")
}

/// What does not go on, why, and who can help.
pub fn waiting(lang: Lang, waiting: &Waiting) -> String {
    match waiting {
        Waiting::NoAgreement => say!(lang,
            zh: "尚未加入任何协议：不向外提供，也收不到数据。请用 xietong agreement join 加入。",
            en: "No agreement has been joined: nothing leaves and nothing comes. Use xietong agreement join."),
        Waiting::NotValid { title, valid_from, valid_until, agreement: _ } => {
            let (from, until) = (minute(*valid_from), minute(*valid_until));
            say!(lang,
                zh: "协议“{title}”不在有效期内（北京时间 {from} 至 {until}）：可查阅，不再新增。",
                en: "The agreement \"{title}\" is not valid now ({from} to {until}, UTC+8): readable, nothing new is authored.")
        }
        Waiting::EndsSoon { title, valid_until, days_left, agreement: _ } => {
            let until = minute(*valid_until);
            say!(lang,
                zh: "协议“{title}”还有 {days_left} 天到期（北京时间 {until}）：到期后仍可查阅，但不再新增；请各成员及早商定下一版。",
                en: "The agreement \"{title}\" ends in {days_left} days ({until}, UTC+8): it stays readable, but nothing new is authored; agree on the next version in time.")
        }
        Waiting::AsksForOpinion { title, manifest, epoch, agreement: _ } => {
            let id = &manifest.to_string()[..8];
            say!(lang,
                zh: "“{title}”第 {epoch} 版次（{id}）等待本单位表态：先看 xietong agreement diff，再 approve 或 reject。",
                en: "\"{title}\", version {epoch} ({id}), waits for this member: see xietong agreement diff, then approve or reject it.")
        }
        Waiting::NotOpen { title, state, agreement: _ } => agreement_state(lang, title, state),
        Waiting::CardTooOld { title, agreement: _ } => say!(lang,
            zh: "“{title}”要求本单位换用更新的名片和密钥：换用之前不发布。",
            en: "\"{title}\" asks this member to sign under a newer card: nothing is published before this node has it."),
        Waiting::SealBefore { title, agreement: _ } => say!(lang,
            zh: "“{title}”写的还是本单位原来的印章：请另一成员用本单位的新名片提议（xietong agreement propose --admit），各成员批准后生效；在此之前照常发布，但本单位不能表态。",
            en: "\"{title}\" still names the seal that this member had before: another member has to propose its new card (xietong agreement propose --admit), and all approve; until then this node publishes as before, but approves nothing."),
        Waiting::CardTwice { title, member, number, agreement: _ } => say!(lang,
            zh: "“{title}”：{member} 签发过两张不同的第 {number} 号名片，各节点以先到的为准，看法可能不同。请由它签发下一号名片；密钥被盗的，另在下一版次写明新名片并让其数据流重新开始。",
            en: "\"{title}\": {member} has signed two different cards of number {number}; each node keeps the one that came first, so they may differ. It has to issue the next card; if a key was stolen, the next version names that card and lets its streams begin again."),
        Waiting::Unconfirmed { title, missing, agreement: _ } => unconfirmed(lang, title, missing),
        Waiting::ClockDoubtful { title, ahead_ms, agreement: _ } => {
            let minutes = ahead_ms.abs() / 60_000;
            let (zh, en) = if *ahead_ms > 0 { ("快", "ahead of") } else { ("慢", "behind") };
            say!(lang,
                zh: "本机时钟比“{title}”其他成员的中位数{zh} {minutes} 分钟：暂不发布；请校准时间服务。",
                en: "This clock is {minutes} minutes {en} the median of the members of \"{title}\": nothing is published; set the time service right.")
        }
        Waiting::DiskLow { shortage, is_full } => disk_low(lang, shortage, *is_full),
        Waiting::QuotaReached { title, member, bytes, day_bytes, agreement: _ } => {
            let (held, today) = (mib(*bytes), mib(*day_bytes));
            say!(lang,
                zh: "{member} 在“{title}”下已占 {held} MiB（今日 {today} MiB），达到额度，不再接收其数据；如属正常，请调高 room.member_mib 或 room.member_day_mib 后重启。",
                en: "{member} takes up {held} MiB under \"{title}\" ({today} MiB of it today) and has reached its quota: nothing more of it is taken; if that is as it should be, raise room.member_mib or room.member_day_mib and restart.")
        }
        Waiting::Unfolded { author, system: number, entries } => {
            let name = system(lang, *number);
            say!(lang,
                zh: "{author} 的{name}有 {entries} 条已收到、正在入表。",
                en: "{entries} entries of {author} ({name}) are in the log and on their way into the rows.")
        }
        Waiting::Forked { author, system, at, counts, is_own } => {
            forked(lang, *author, *system, [*at, *counts], *is_own)
        }
        Waiting::CalendarMissing { year } => say!(lang,
            zh: "没有 {year} 年的工作日历：期限暂按周一至周五计算。国务院办公厅的放假通知公布后，请把 {year}.toml 放入主目录的 calendar 文件夹并重启（格式见 config/calendar）。",
            en: "There is no calendar for {year}: deadlines count Monday to Friday. Once the State Council's notice is out put {year}.toml into the folder calendar of the home and restart (config/calendar shows the form)."),
    }
}

fn disk_low(lang: Lang, shortage: &Shortage, is_full: bool) -> String {
    let (free, needed) = (mib(shortage.free_bytes), mib(shortage.needed_bytes));
    if is_full {
        return say!(lang,
            zh: "磁盘只剩 {free} MiB，不足 {needed} MiB：不接收也不写入任何内容，只供查看；请腾出空间。",
            en: "The disk has {free} MiB left of the {needed} MiB that are needed: nothing is taken or written, what is here can be read; make room.");
    }
    say!(lang,
        zh: "磁盘只剩 {free} MiB，低于预留的 {needed} MiB（room.reserve_mib）：暂不接收其他成员的数据，本单位照常；请腾出空间。",
        en: "The disk has {free} MiB left of the {needed} MiB kept in reserve (room.reserve_mib): nothing of other members is taken, your own work goes on; make room.")
}

fn forked(lang: Lang, author: MemberCode, of: System, [at, counts]: [Position; 2], is_own: bool) -> String {
    let name = system(lang, of);
    if is_own {
        return say!(lang,
            zh: "本单位的{name}在序号 {at} 有两个版本（分叉，同号异文）：有另一个节点在用本单位的密钥，请立即停掉。计至序号 {counts}，{name}在此协议下不再对外提供。",
            en: "Your own {name} stream has two entries at position {at} (a fork): another node runs, or ran, with your keys; stop it. The stream counts up to {counts}; nothing more of {name} is published under this agreement.");
    }
    say!(lang,
        zh: "{author} 的{name}在序号 {at} 有两个版本（分叉，同号异文）：计至序号 {counts}，此后不再接收，请与对方电话核实。",
        en: "{author} signed two entries at position {at} ({name}, a fork): the stream counts up to {counts}, nothing more of it is taken; call them.")
}
