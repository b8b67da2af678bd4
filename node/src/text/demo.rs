//! The demo, told step by step: what happens and why it matters.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Serialize;
use xietong_proto::id::{MemberCode, Position, System};

use super::import::{rejected_header, short_rejected_row};
use super::{Lang, assets, energy, kind, list, say, system, table, vehicles};
use crate::systems::Kind;
use crate::systems::energy::release::report::Report;
use crate::systems::fault::Quarantined;
use crate::systems::summary::{AssetSummary, VehicleSummary};

/// The steps, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Keys, cards, one agreement.
    Agree,
    /// Registers come in.
    Import,
    /// Records travel.
    Exchange,
    /// One is off the network.
    Pause,
    /// One is killed.
    Kill,
    /// All are back.
    Resume,
    /// What nobody takes.
    Refuse,
    /// What never left.
    Search,
    /// Regional tables.
    Compare,
    /// What to try next.
    Commands,
}

/// What was seen on the stage.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Scene {
    /// A step begins.
    Step(Step),
    /// Everybody's fingerprint, as another member sees it.
    Cards { folder: PathBuf, cards: Vec<(MemberCode, String)> },
    /// All have approved.
    Agreement { title: String, fingerprint: String },
    /// An altered copy is refused.
    Altered { reason: String },
    /// A province's registers: rows by kind; how many bad rows were put aside, and some of them.
    Imported {
        member: MemberCode,
        process: Option<u32>,
        rows: BTreeMap<Kind, u64>,
        bad: usize,
        examples: Vec<(Kind, Quarantined)>,
    },
    /// Who holds what.
    Arrived(Vec<Seen>),
    /// One member is off the network; energy released meanwhile: cells and institutions.
    Away { member: MemberCode, released: Vec<(MemberCode, u64, u32)>, seen: Vec<Seen> },
    /// A node was killed in mid-import: rows acknowledged before, found after.
    Killed { member: MemberCode, total: u64, acknowledged: u64, found: u64 },
    /// All hold the same.
    Equal { streams: u64, digests: Vec<(MemberCode, String)> },
    /// Connections of strangers that were turned away.
    Stranger { member: MemberCode, before: u64, after: u64 },
    /// One bit of an entry is another.
    Flipped { author: MemberCode, bit: u64, reason: String },
    /// How many of the owner's codes stand in whose data log of how many bytes.
    Searched { owner: MemberCode, codes: u64, logs: Vec<(MemberCode, u64, u64)> },
    /// The regional tables, equal at all nodes.
    Tables { vehicles: Vec<VehicleSummary>, assets: Vec<AssetSummary>, energy: Box<Report> },
    /// Commands to paste.
    Commands(Vec<String>),
}

/// How far each member holds one stream.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Seen {
    /// Whose words.
    pub author: MemberCode,
    /// About what.
    pub system: System,
    /// The newest position in each member's rows.
    pub positions: Vec<(MemberCode, Position)>,
    /// From durable at the author to seen at the last of the others, in milliseconds.
    pub delay_ms: Option<u64>,
}

impl Seen {
    /// How far a member holds it.
    pub fn at(&self, member: MemberCode) -> Position {
        let held = self.positions.iter().find(|(code, _)| *code == member);
        held.map_or(Position(0), |(_, position)| *position)
    }
}

/// The title of the demo's agreement.
pub fn demo_title(lang: Lang) -> String {
    say!(lang, zh: "东北三省机关事务协同（演示）", en: "Three provinces of the north-east (demo)")
}

/// At the end.
pub fn demo_done(lang: Lang, seconds: f64) -> String {
    say!(lang,
        zh: "演示完成，用时 {seconds:.1} 秒；三个节点已停止，临时文件夹已删除。",
        en: "Done in {seconds:.1} s; the three nodes are stopped and their folder is gone.")
}

/// While the nodes stay.
pub fn demo_waits(lang: Lang) -> String {
    say!(lang,
        zh: "三个节点仍在运行，可在另一个终端粘贴上面的命令；按回车键结束并删除临时文件夹。",
        en: "The three nodes keep running: paste the commands above into another terminal. Enter ends the demo and removes the folder.")
}

/// What was seen, in one or a few lines or a table.
pub fn scene(lang: Lang, scene: &Scene) -> String {
    match scene {
        Scene::Step(step) => heading(lang, *step),
        Scene::Cards { folder, cards } => {
            let folder = folder.display();
            let lines: Vec<_> = cards.iter().map(|(code, print)| format!("  {code}  {print}")).collect();
            let lines = lines.join("\n");
            say!(lang,
                zh: "文件夹 {folder}\n各单位在电话里念出并核对的名片指纹：\n{lines}",
                en: "Folder {folder}\nFingerprints of the cards, read out and compared by telephone:\n{lines}")
        }
        Scene::Agreement { title, fingerprint } => say!(lang,
            zh: "协议“{title}”三方均已批准，指纹 {fingerprint}",
            en: "All three have approved \"{title}\", fingerprint {fingerprint}"),
        Scene::Altered { reason } => {
            say!(lang, zh: "改动过的副本：{reason}", en: "An altered copy: {reason}")
        }
        Scene::Imported { member, process, rows, bad, examples } => {
            let counted = took_in(lang, *member, *process, rows, *bad);
            format!("{counted}\n{}", examples_of_bad(lang, examples))
        }
        Scene::Arrived(seen) => arrivals(lang, seen),
        Scene::Away { member, released, seen } => away(lang, *member, released, seen),
        Scene::Killed { member, total, acknowledged, found } => say!(lang,
            zh: "{member} 正在导入当年其余月份的能耗 {total} 行，答复 {acknowledged} 行后被 kill -9；重新启动后台账里有其中 {found} 行，其余再次导入补齐。",
            en: "{member} was killed with kill -9 while it took in {total} rows of energy of the later months, {acknowledged} of them acknowledged; after the restart {found} are there, and importing the file again adds the rest."),
        Scene::Equal { streams, digests } => equal(lang, *streams, digests),
        Scene::Stranger { member, before, after } => say!(lang,
            zh: "陌生节点连接 {member}，未收到任何数据即被断开（拒绝次数 {before} → {after}）。",
            en: "A stranger dialled {member} and was cut off before it got one byte of data (turned away: {before} → {after})."),
        Scene::Flipped { author, bit, reason } => say!(lang,
            zh: "{author} 的一个条目被翻转了第 {bit} 位：{reason}",
            en: "An entry of {author} with bit {bit} flipped: {reason}"),
        Scene::Searched { owner, codes, logs } => searched(lang, *owner, *codes, logs),
        Scene::Tables { vehicles: v, assets: a, energy: e } => {
            let (v, a, e) = (vehicles(lang, v), assets(lang, a), energy(lang, e));
            say!(lang,
                zh: "共享车辆，按成员和车型：\n{v}\n\n可调剂资产，按成员和大类，单件价值分档：\n{a}\n\n{e}",
                en: "Shared vehicles by member and type:\n{v}\n\nListed assets by member and class, by the value of a piece:\n{a}\n\n{e}")
        }
        Scene::Commands(commands) => {
            commands.iter().map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n")
        }
    }
}

fn heading(lang: Lang, step: Step) -> String {
    match step {
        Step::Agree => say!(lang,
            zh: "【1/10】三个省各自生成密钥和名片，共同批准一份协议：谁能看到什么，只由这份签名文件决定，没有中心服务器。",
            en: "[1/10] Three provinces make keys and cards and approve one agreement: this signed file alone says who sees what; there is no server in the middle."),
        Step::Import => say!(lang,
            zh: "【2/10】各省导入自己的台账，编码和表头各不相同；有错的行指名挑出，其余照收，数据仍在本省。",
            en: "[2/10] Each imports its registers, in different encodings and headers; bad rows are named and put aside, the good ones go in, and nothing leaves yet."),
        Step::Exchange => say!(lang,
            zh: "【3/10】加入协议，可共享的记录签名后直接发往另外两省；表中是各节点已入表的序号。",
            en: "[3/10] They join the agreement, and what may be shared goes, signed, straight to the other two; the table shows the positions in each node's rows."),
        Step::Pause => say!(lang,
            zh: "【4/10】吉林暂停联网（日常维护命令），本省照常办理，另外两省互不受影响。",
            en: "[4/10] Jilin goes off the network, an ordinary command for maintenance: it works on at home, and the others work on without it."),
        Step::Kill => say!(lang,
            zh: "【5/10】辽宁的节点在导入途中被强行杀死再启动：凡已答复的，一行不少。",
            en: "[5/10] Liaoning's node is killed in mid-import and started again: nothing that was acknowledged is missing."),
        Step::Resume => say!(lang,
            zh: "【6/10】吉林恢复联网，自动补齐：各节点链头相同、摘要相同，不需要谁来裁定。",
            en: "[6/10] Jilin comes back and catches up by itself: equal heads, equal digests, and nobody had to decide who is right."),
        Step::Refuse => say!(lang,
            zh: "【7/10】不受理的：协议以外的连接，以及被改动哪怕一位的条目。",
            en: "[7/10] What is refused: a connection from outside the agreement, and an entry of which one bit was changed."),
        Step::Search => say!(lang,
            zh: "【8/10】没有离开的：在另外两省的数据日志中逐一搜索辽宁的单位代码、车架号、车牌号、资产编号。",
            en: "[8/10] What never left: the other two data logs are searched for every institution code, VIN, plate and asset code of Liaoning."),
        Step::Compare => say!(lang,
            zh: "【9/10】三张区域汇总表，由各节点各自计算，三省结果完全一致。",
            en: "[9/10] Three regional tables, computed by each node for itself, and the same at all three."),
        Step::Commands => say!(lang, zh: "【10/10】可以接着试：", en: "[10/10] To try next:"),
    }
}

fn took_in(
    lang: Lang,
    member: MemberCode,
    process: Option<u32>,
    rows: &BTreeMap<Kind, u64>,
    bad: usize,
) -> String {
    let counts: Vec<_> = rows.iter().map(|(of, count)| format!("{} {count}", kind(lang, *of))).collect();
    let (counts, process) = (list(lang, &counts), process.unwrap_or_default());
    say!(lang,
        zh: "{member}（进程 {process}）收录：{counts}。再试导入含错的文件，挑出 {bad} 行，例如：",
        en: "{member} (process {process}) took in: {counts}. Of files with faults {bad} rows were put aside, such as:")
}

fn examples_of_bad(lang: Lang, examples: &[(Kind, Quarantined)]) -> String {
    let mut header = vec![say!(lang, zh: "台账", en: "register")];
    header.extend(rejected_header(lang));
    let row = |(of, row): &(Kind, Quarantined)| {
        let mut cells = vec![kind(lang, *of)];
        cells.extend(short_rejected_row(lang, *of, row));
        cells
    };
    table(&header, &examples.iter().map(row).collect::<Vec<_>>())
}

/// Who holds what, by member and stream.
pub fn arrivals(lang: Lang, seen: &[Seen]) -> String {
    let Some(first) = seen.first() else { return String::new() };
    let mut header = vec![say!(lang, zh: "作者", en: "author"), say!(lang, zh: "领域", en: "system")];
    header.extend(first.positions.iter().map(|(member, _)| say!(lang, zh: "在 {member}", en: "at {member}")));
    header.push(say!(lang, zh: "从落盘到可见", en: "durable to seen"));
    let row = |seen: &Seen| {
        let mut cells = vec![seen.author.to_string(), system(lang, seen.system)];
        cells.extend(seen.positions.iter().map(|(_, position)| position.to_string()));
        cells.push(seen.delay_ms.map(|delay| format!("{delay} ms")).unwrap_or_default());
        cells
    };
    table(&header, &seen.iter().map(row).collect::<Vec<_>>())
}

fn away(lang: Lang, member: MemberCode, released: &[(MemberCode, u64, u32)], seen: &[Seen]) -> String {
    let line = |(code, cells, institutions): &(MemberCode, u64, u32)| {
        say!(lang,
            zh: "{code} 发布 2025-03 能耗：{institutions} 个单位合成 {cells} 格",
            en: "{code} releases energy of 2025-03: {institutions} institutions in {cells} cells")
    };
    let lines = released.iter().map(line).collect::<Vec<_>>().join("\n");
    let table = arrivals(lang, seen);
    say!(lang,
        zh: "{member} 不在网上。\n{lines}\n{table}",
        en: "{member} is off the network.\n{lines}\n{table}")
}

fn equal(lang: Lang, streams: u64, digests: &[(MemberCode, String)]) -> String {
    let line = |(member, digest): &(MemberCode, String)| format!("  {member}  {digest}");
    let lines = digests.iter().map(line).collect::<Vec<_>>().join("\n");
    say!(lang,
        zh: "{streams} 个数据流链头全部相同，所示数据的摘要：\n{lines}",
        en: "The heads of all {streams} streams are equal, and so are the digests of what is shown:\n{lines}")
}

fn searched(lang: Lang, owner: MemberCode, codes: u64, logs: &[(MemberCode, u64, u64)]) -> String {
    let header = [
        say!(lang, zh: "数据日志", en: "data log of"),
        say!(lang, zh: "字节", en: "bytes"),
        say!(lang, zh: "找到", en: "found"),
    ];
    let row = |(member, bytes, found): &(MemberCode, u64, u64)| {
        vec![member.to_string(), bytes.to_string(), format!("{found}/{codes}")]
    };
    let table = table(&header, &logs.iter().map(row).collect::<Vec<_>>());
    say!(lang,
        zh: "{owner} 的 {codes} 个代码（本单位自己的代码在名片上，不计）；自家日志里都有，说明搜索有效：\n{table}",
        en: "{codes} codes of {owner} (without the bureau's own, which stands in its card); its own log has them all, so the search works:\n{table}")
}
