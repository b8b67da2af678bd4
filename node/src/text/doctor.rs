//! What a doctor found, and what to do about it.

use xietong_proto::id::MemberCode;

use super::{Lang, config, key, list, say, waiting};
use crate::doctor::{
    CardFinding, ClockFinding, Dialler, Finding, PortFinding, ReachFinding, VersionFinding, Weight,
};

/// All findings, the worst first, and how many need something.
pub fn findings(lang: Lang, all: &[Finding]) -> String {
    let line = |found: &Finding| format!("{}  {}", weight(lang, found.weight()), finding(lang, found));
    let faults = all.iter().filter(|found| found.weight() == Weight::Fault).count();
    let last = match faults {
        0 => say!(lang, zh: "没有需要处理的问题。", en: "Nothing needs to be done."),
        count => say!(lang, zh: "需要处理的问题：{count} 个。", en: "Things that need to be done: {count}."),
    };
    let lines: Vec<_> = all.iter().map(line).collect();
    format!("{}\n\n{last}", lines.join("\n"))
}

fn weight(lang: Lang, weight: Weight) -> String {
    match weight {
        Weight::Fault => say!(lang, zh: "[须处理]", en: "[to do]"),
        Weight::Hint => say!(lang, zh: "[提示]  ", en: "[note] "),
        Weight::Unchecked => say!(lang, zh: "[未检查]", en: "[?]    "),
        Weight::Good => say!(lang, zh: "[正常]  ", en: "[good] "),
    }
}

/// One finding, with what to do.
pub fn finding(lang: Lang, finding: &Finding) -> String {
    match finding {
        Finding::ConfigBad { error } => config(lang, error),
        Finding::KeyBad { error } => key(lang, error),
        Finding::KeysHold => say!(lang,
            zh: "节点密钥齐全，只有属主可读。",
            en: "The node's keys are there and only their owner can read them."),
        Finding::SealElsewhere { path } => {
            let path = path.display();
            say!(lang,
                zh: "印章密钥不在 {path}。若已移到离线介质，签署时用 --seal 指明；若已丢失，请从备份恢复。",
                en: "The seal key is not at {path}. On a medium, name it with --seal when you sign; if lost, restore it from the backup.")
        }
        Finding::Card(found) => card(lang, found),
        Finding::NoAddress => say!(lang,
            zh: "名片上没有地址：其他成员无法主动连接本节点，全靠本节点连出。能被连接的，请设 network.announce 后换发名片。",
            en: "The card has no address: nobody can dial this node, it has to dial out. If it can be reached, set network.announce and issue the card anew."),
        Finding::NameUnknown { member, name } => {
            let whose = whose(lang, *member);
            say!(lang,
                zh: "{whose}地址中的域名 {name} 解析不了：请检查 DNS，或改用 IP 地址（network.addresses）。",
                en: "The host name {name} in {whose} address does not resolve: look at DNS, or use an IP address (network.addresses).")
        }
        Finding::NotRunning => say!(lang,
            zh: "节点未运行：时钟、成员可达性、版本和协议都没有检查。请启动后再执行一次。",
            en: "The node does not run: clock, reach of members, versions and agreements were not looked at. Start it and run this again."),
        Finding::Port(found) => port(lang, found),
        Finding::NoAgreement => say!(lang,
            zh: "尚未加入任何协议：没有可连接的成员。请交换名片、起草并批准协议，再 xietong agreement join。",
            en: "No agreement has been joined, so there is nobody to reach. Exchange cards, draw up and approve an agreement, then xietong agreement join."),
        Finding::Clock(found) => clock(lang, found),
        Finding::Reach(found) => reach(lang, found),
        Finding::OtherVersion { member, theirs, ours } => say!(lang,
            zh: "{member} 运行的是版本 {theirs}，本节点是 {ours}：请约定时间升级到同一版本。",
            en: "{member} runs version {theirs}, this node {ours}: agree on a time to upgrade to the same."),
        Finding::Versions(found) => versions(lang, found),
        Finding::KeyTwice { title } => say!(lang,
            zh: "“{title}”：有两个进程在用本单位的密钥（克隆，或恢复后原节点仍在运行），请停掉其中之一。",
            en: "\"{title}\": two processes run with your keys (a clone, or the original of a restored node): stop one of them."),
        Finding::Waits { waiting: reason, is_serious: _ } => waiting(lang, reason),
    }
}

fn versions(lang: Lang, found: &VersionFinding) -> String {
    match found {
        VersionFinding::EpochDiffers { title, member, theirs: None, ours } => say!(lang,
            zh: "“{title}”：{member} 已按本节点不知道的版次办理，本节点是第 {ours} 版：等它自行传来；迟迟不到的，请检查本节点的磁盘配额（status），或向对方索取文件。",
            en: "\"{title}\": {member} goes by a version that is not known here, this node by {ours}: it comes by itself; if it does not, look at the room on this disk (status), or ask for the file."),
        VersionFinding::EpochDiffers { title, member, theirs: Some(theirs), ours } if theirs < ours => {
            say!(lang,
            zh: "“{title}”：{member} 仍按第 {theirs} 版办理，本节点是第 {ours} 版：它还缺文本或意见，会自行传到；一直不变的，请对方查看 doctor 和程序版本。",
            en: "\"{title}\": {member} still goes by version {theirs}, this node by {ours}: it lacks the text or opinions, which come by themselves; if that stays so, let it look at doctor and upgrade its program.")
        }
        VersionFinding::EpochDiffers { title, member, theirs: Some(theirs), ours } => say!(lang,
            zh: "“{title}”：{member} 按第 {theirs} 版办理，本节点是第 {ours} 版，两者不是同一文本：请用 status 查看缺谁的意见；有人对两个版次都签了同意的，须另立一版共同协调。",
            en: "\"{title}\": {member} goes by version {theirs}, this node by {ours}, and they are not the same text: status says whose opinion is missing; if somebody signed for two versions, another one has to reconcile them."),
        VersionFinding::CardBehind { member, theirs, ours } => {
            let theirs = theirs.map_or_else(|| say!(lang, zh: "没有", en: "none"), |card| card.to_string());
            say!(lang,
                zh: "{member} 持有的本单位名片：{theirs}，最新是第 {ours} 号：它到达之前不要换下一把密钥（member card rotate 第二步）。",
                en: "Of your cards {member} has {theirs}, the newest is {ours}: do not go on to the next key (second member card rotate) before it has arrived.")
        }
        VersionFinding::OneEpoch { title, epoch, members } => say!(lang,
            zh: "“{title}”：本节点与连上的 {members} 个成员都按第 {epoch} 版办理。",
            en: "\"{title}\": this node and all members that answer ({members}) go by version {epoch}."),
    }
}

fn card(lang: Lang, found: &CardFinding) -> String {
    match found {
        CardFinding::NoCard => say!(lang,
            zh: "主目录中没有名片：请执行 xietong member card。",
            en: "There is no card in the home: run xietong member card."),
        CardFinding::CardBad => say!(lang,
            zh: "主目录中的名片 card.toml 读不了或被改动过：请从备份恢复。",
            en: "The card in the home, card.toml, cannot be read or was altered: restore it from the backup."),
        CardFinding::CardOutdated { fields } => {
            let fields = list(lang, fields);
            say!(lang,
                zh: "名片与配置或密钥不符（{fields}）：请执行 xietong member card 换发，重启节点，各成员会自动收到新名片。",
                en: "The card differs from configuration or keys ({fields}): run xietong member card and restart; members get the new card by themselves.")
        }
        CardFinding::CardHolds => {
            say!(lang, zh: "名片与配置、密钥一致。", en: "The card agrees with configuration and keys.")
        }
    }
}

fn port(lang: Lang, found: &PortFinding) -> String {
    match found {
        PortFinding::PortTaken { address } => say!(lang,
            zh: "{address} 已被其他进程占用：请停掉它，或改 network.listen。",
            en: "Another process has {address}: stop it, or change network.listen."),
        PortFinding::PortRefused { address, detail } => say!(lang,
            zh: "系统不允许监听 {address}（{detail}）：请检查 network.listen 和权限。",
            en: "The system does not let it listen on {address} ({detail}): look at network.listen and permissions."),
        PortFinding::Listens { addresses } => {
            let addresses = list(lang, addresses);
            say!(lang, zh: "正在监听 {addresses}。", en: "It listens on {addresses}.")
        }
        PortFinding::PortsFree => {
            say!(lang, zh: "要监听的端口空闲。", en: "The ports to listen on are free.")
        }
    }
}

fn clock(lang: Lang, found: &ClockFinding) -> String {
    match found {
        ClockFinding::ClockApart { skew_ms } => {
            let seconds = skew_ms.unsigned_abs() / 1_000;
            let (zh, en) = if *skew_ms < 0 { ("快", "ahead of") } else { ("慢", "behind") };
            say!(lang,
                zh: "本机时钟比其他成员{zh} {seconds} 秒：请校准时间服务（timedatectl）。相差超过十分钟就不再发布。",
                en: "This clock is {seconds} seconds {en} the members': set the time service right (timedatectl). Beyond ten minutes nothing is published.")
        }
        ClockFinding::ClockFits { members, skew_ms_max } => {
            let seconds = skew_ms_max.div_ceil(1_000);
            say!(lang,
                zh: "时钟与 {members} 个成员相差不超过 {seconds} 秒。",
                en: "The clock is within {seconds} seconds of those of {members} members.")
        }
        ClockFinding::ClockUnchecked => say!(lang,
            zh: "没有连上任何成员，时钟无从核对。",
            en: "No member is connected, so the clock could not be compared."),
    }
}

fn reach(lang: Lang, found: &ReachFinding) -> String {
    match found {
        ReachFinding::BothDial { member } => say!(lang,
            zh: "与 {member} 交换正常，双方都能连接对方。",
            en: "Exchange with {member} works, and either can dial the other."),
        ReachFinding::OneDials { member, who, silent } => {
            let (silent, dialler) = (list(lang, silent), dialler(lang, *who, *member));
            say!(lang,
                zh: "与 {member} 交换正常，但只有{dialler}能连接对方；另一方向不通：{silent}。够用；要双向可连，请检查防火墙、端口映射和名片上的地址。",
                en: "Exchange with {member} works, but only {dialler} can dial; the other way is silent: {silent}. It is enough; for both ways look at firewalls, port forwarding and the addresses on the card.")
        }
        ReachFinding::NobodyRedials { member, silent } => {
            let silent = list(lang, silent);
            say!(lang,
                zh: "与 {member} 的现有连接还在，但此刻双方都无法重新连接（{silent}）：一旦断开就连不回来。请检查防火墙和地址。",
                en: "The connection to {member} stands, but neither end can dial anew now ({silent}): once it breaks it stays broken. Look at firewalls and addresses.")
        }
        ReachFinding::BackUnchecked { member } => say!(lang,
            zh: "与 {member} 交换正常，本节点能连接对方；对方没有回答能否连接本节点（刚问过，或版本较旧）。",
            en: "Exchange with {member} works and this node can dial it; it did not say whether it can dial back (asked a moment ago, or an older version)."),
        ReachFinding::NotTalking { member } => say!(lang,
            zh: "能连到 {member} 的节点，但没有在交换：对方可能尚未加入协议、停用了本单位（peer pause），或任一方的名片已换发而对方未收到。请与对方电话核对。",
            en: "The node of {member} can be reached but does not exchange: it may not have joined the agreement, has paused you (peer pause), or a new card of either has not arrived. Ring it up."),
        ReachFinding::Unreachable { member, silent } if silent.is_empty() => say!(lang,
            zh: "不知道 {member} 的地址，它也没有连过来：请向对方索取地址，写入 network.addresses。",
            en: "No address of {member} is known, and it has not dialled: ask it for one and set network.addresses."),
        ReachFinding::Unreachable { member, silent } => {
            let silent = list(lang, silent);
            say!(lang,
                zh: "连不到 {member}（{silent}），它也没有连过来：请检查对方节点是否运行、两边防火墙是否放行 UDP 和 TCP、地址是否正确。",
                en: "{member} cannot be reached ({silent}) and has not dialled: look whether its node runs, both firewalls let UDP and TCP through, and the addresses are right.")
        }
        ReachFinding::UdpBlocked { member, who } => {
            let dialler = dialler(lang, *who, *member);
            say!(lang,
                zh: "{dialler}连接对方（{member}）时 UDP 不通，只能用 TCP：放行 UDP 端口会更快、更稳。",
                en: "UDP does not get through when {dialler} dials ({member}), only TCP: let the UDP port through for a faster and steadier link.")
        }
        ReachFinding::WrongNode { member, who, address } => {
            let dialler = dialler(lang, *who, *member);
            say!(lang,
                zh: "{dialler}在 {address} 连到的是另一个密钥的节点（{member}）：地址写错了，或该处已换了节点而名片没有换发。",
                en: "At {address} {dialler} met a node with another key ({member}): the address is wrong, or a node was replaced there and its card was not issued anew.")
        }
    }
}

fn dialler(lang: Lang, who: Dialler, member: MemberCode) -> String {
    match who {
        Dialler::We => say!(lang, zh: "本节点", en: "this node"),
        Dialler::They => member.to_string(),
    }
}

fn whose(lang: Lang, member: Option<MemberCode>) -> String {
    match member {
        Some(member) => say!(lang, zh: "{member} 的", en: "{member}'s"),
        None => say!(lang, zh: "本节点名片", en: "this node's own"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::KeyError;
    use crate::machine::Waiting;
    use Lang::{En, Zh};
    use xietong_proto::id::{CardNumber, Epoch};

    /// One line for each finding: what is said in Chinese and English.
    #[test]
    fn each_finding_says_what_to_do() {
        let member: MemberCode = "220000".parse().expect("a member code");
        let (we, they) = (Dialler::We, Dialler::They);
        let text = |text: &str| text.to_owned();
        let silent = || vec![text("/ip4/10.0.0.1/tcp/4101")];
        let differs = |theirs| {
            Finding::Versions(VersionFinding::EpochDiffers {
                title: text("T"),
                member,
                theirs,
                ours: Epoch(3),
            })
        };
        let missing = KeyError::KeyMissing { path: "/h/x".into() };
        let table = [
            (Finding::KeyBad { error: missing }, "没有密钥 /h/x", "key /h/x is missing"),
            (Finding::KeysHold, "只有属主可读", "only their owner"),
            (Finding::SealElsewhere { path: "/h/x".into() }, "--seal", "--seal"),
            (Finding::Card(CardFinding::NoCard), "xietong member card", "xietong member card"),
            (Finding::Card(CardFinding::CardBad), "被改动过", "was altered"),
            (
                Finding::Card(CardFinding::CardOutdated { fields: vec!["addresses"] }),
                "（addresses）",
                "(addresses)",
            ),
            (Finding::Card(CardFinding::CardHolds), "一致", "agrees"),
            (Finding::NoAddress, "network.announce", "network.announce"),
            (
                Finding::NameUnknown { member: Some(member), name: text("n.cn") },
                "220000 的地址",
                "in 220000's address",
            ),
            (Finding::NameUnknown { member: None, name: text("n.cn") }, "n.cn 解析不了", "host name n.cn"),
            (Finding::NotRunning, "未运行", "does not run"),
            (Finding::Port(PortFinding::Listens { addresses: silent() }), "正在监听 /ip4", "listens on /ip4"),
            (
                Finding::Port(PortFinding::PortTaken { address: text("/a") }),
                "/a 已被其他进程",
                "Another process has /a",
            ),
            (
                Finding::Port(PortFinding::PortRefused { address: text("/a"), detail: text("no") }),
                "（no）",
                "(no)",
            ),
            (Finding::Port(PortFinding::PortsFree), "空闲", "are free"),
            (Finding::NoAgreement, "agreement join", "agreement join"),
            (
                Finding::Clock(ClockFinding::ClockFits { members: 2, skew_ms_max: 900 }),
                "不超过 1 秒",
                "within 1 seconds",
            ),
            (
                Finding::Clock(ClockFinding::ClockApart { skew_ms: -61_000 }),
                "快 61 秒",
                "61 seconds ahead of",
            ),
            (Finding::Clock(ClockFinding::ClockApart { skew_ms: 61_000 }), "慢 61 秒", "61 seconds behind"),
            (Finding::Clock(ClockFinding::ClockUnchecked), "无从核对", "could not be compared"),
            (Finding::Reach(ReachFinding::BothDial { member }), "双方都能", "either can dial"),
            (
                Finding::Reach(ReachFinding::OneDials { member, who: we, silent: silent() }),
                "只有本节点",
                "only this node",
            ),
            (
                Finding::Reach(ReachFinding::OneDials { member, who: they, silent: silent() }),
                "只有220000",
                "only 220000",
            ),
            (
                Finding::Reach(ReachFinding::NobodyRedials { member, silent: silent() }),
                "连不回来",
                "stays broken",
            ),
            (Finding::Reach(ReachFinding::BackUnchecked { member }), "没有回答", "did not say"),
            (Finding::Reach(ReachFinding::NotTalking { member }), "没有在交换", "does not exchange"),
            (
                Finding::Reach(ReachFinding::Unreachable { member, silent: vec![] }),
                "不知道 220000 的地址",
                "No address of 220000",
            ),
            (
                Finding::Reach(ReachFinding::Unreachable { member, silent: silent() }),
                "连不到 220000",
                "220000 cannot be reached",
            ),
            (
                Finding::Reach(ReachFinding::UdpBlocked { member, who: we }),
                "UDP 不通",
                "UDP does not get through",
            ),
            (
                Finding::Reach(ReachFinding::WrongNode { member, who: they, address: text("/a") }),
                "另一个密钥",
                "another key",
            ),
            (
                Finding::OtherVersion { member, theirs: text("2"), ours: text("1") },
                "版本 2，本节点是 1",
                "version 2, this node 1",
            ),
            (
                Finding::Versions(VersionFinding::OneEpoch { title: text("T"), epoch: Epoch(3), members: 2 }),
                "都按第 3 版",
                "go by version 3",
            ),
            (differs(None), "不知道的版次", "not known here"),
            (differs(Some(Epoch(2))), "仍按第 2 版", "still goes by version 2"),
            (differs(Some(Epoch(3))), "不是同一文本", "not the same text"),
            (
                Finding::Versions(VersionFinding::CardBehind { member, theirs: None, ours: CardNumber(2) }),
                "名片：没有，最新是第 2 号",
                "has none, the newest is 2",
            ),
            (Finding::KeyTwice { title: text("T") }, "停掉其中之一", "stop one of them"),
            (
                Finding::Waits { waiting: Waiting::NoAgreement, is_serious: false },
                "agreement join",
                "agreement join",
            ),
        ];
        for (found, zh, en) in table {
            let (said_zh, said_en) = (finding(Zh, &found), finding(En, &found));
            assert!(said_zh.contains(zh), "{said_zh}\nlacks {zh}");
            assert!(said_en.contains(en), "{said_en}\nlacks {en}");
        }
    }
}
