//! What evidence proves, what leaves with it, and why there is none.

use std::path::Path;

use xietong_proto::entry::EntryHead;
use xietong_proto::evidence::{Evidence, Said};
use xietong_proto::id::*;

use super::{Lang, View, fields, headings, list, not_in_force, reject, say, system, table};
use crate::calendar::minute;
use crate::failure::EvidenceRefusal;
use crate::replica::evidence::NoEvidence;
use crate::systems::Kind;
use crate::systems::number::number_text;
use crate::systems::query::Place;
use crate::systems::reading::Reading;
use crate::systems::records::read;

/// Who said what, when as they say, under which epoch, and who signed for it.
pub fn evidence(lang: Lang, evidence: &Evidence) -> String {
    let (said, origin, held) = (said(lang, evidence), fields(&origin(lang, evidence)), held(lang, evidence));
    let caution = caution(lang, evidence);
    format!("{said}\n\n{origin}\n\n{held}\n\n{caution}")
}

/// What whoever gets the file will read in it.
pub fn leaves_with_evidence(lang: Lang, evidence: &Evidence) -> String {
    let said = said(lang, evidence);
    let Some(manifest) = evidence.manifest() else {
        return say!(lang,
            zh: "{said}\n\n这是本单位台账中的记录，从未出省；文件中有它的全部内容和本单位的名片。得到文件的人都能读到：不得出省的（单个单位的能耗、涉密车辆）也不得随文件出省。",
            en: "{said}\n\nThis is a record of your own register and has never left; the file holds all of it and your member card. Whoever gets the file can read it: what must not leave the province (one institution's energy, confidential vehicles) must not leave with the file either.");
    };
    let (title, members) = (&manifest.fields.title, list(lang, &codes(evidence)));
    let held = evidence.held.len();
    say!(lang,
        zh: "{said}\n\n文件中还有：协议“{title}”的文本和批准，{members} 的名片（名称、电话、地址），以及 {held} 份收讫回执及其所列各数据流的名称和序号。同一条目中的其他记录不在其中。",
        en: "{said}\n\nThe file also holds: the text of the agreement \"{title}\" and its approvals, the cards of {members} (names, telephones, addresses) and {held} receipt(s) with the names and positions of the streams listed there. No other record of the entry is in it.")
}

/// The question before a file is written.
pub fn will_be_written(lang: Lang, path: &Path) -> String {
    let path = path.display();
    say!(lang, zh: "以上内容将写入 {path}。确认请输入“是”：", en: "All of this will be written to {path}. Type yes:")
}

/// A file of evidence is there.
pub fn evidence_written(lang: Lang, path: &Path, bytes: usize) -> String {
    let path = path.display();
    say!(lang,
        zh: "已写入 {path}，{bytes} 字节。任何人都可以用 xietong evidence verify 核验，不需要节点。",
        en: "Written to {path}, {bytes} bytes. Anybody can check it with xietong evidence verify, without a node.")
}

fn codes(evidence: &Evidence) -> Vec<MemberCode> {
    let mut codes: Vec<_> = evidence.papers.cards.iter().map(|card| card.fields.code).collect();
    codes.sort_unstable();
    codes.dedup();
    codes
}

fn said(lang: Lang, evidence: &Evidence) -> String {
    match &evidence.said {
        Said::Record { record, .. } => {
            let author = evidence.head().header().stream.author;
            reading(lang, author, &read(author, record))
        }
        Said::Fork(proof) => {
            let (author, position) = (proof.stream().author, proof.at());
            let name = system(lang, proof.stream().system);
            say!(lang,
                zh: "分叉（同号异文）：{author} 在{name}的序号 {position} 签了两条不同的条目。",
                en: "A fork: {author} signed two different entries for position {position} of {name}.")
        }
    }
}

fn reading(lang: Lang, author: MemberCode, reading: &Reading) -> String {
    match reading {
        Reading::Row { kind, id, row } => {
            let title = say!(lang, zh: "台账中的一条：{id}", en: "A row of the register: {id}");
            columns(lang, *kind, View::Register, title, row)
        }
        Reading::Listed { kind, number, row } => {
            let id = number_text(author, *kind, *number);
            let title = say!(lang, zh: "共享条目 {id}", en: "The listing {id}");
            columns(lang, *kind, View::Listings, title, row)
        }
        Reading::Withdrawn { id, reason, .. } => say!(lang,
            zh: "台账编号 {id} 撤回，原因：{reason}",
            en: "{id} is taken out of the register; reason: {reason}"),
        Reading::Unlisted { kind, number } => {
            let id = number_text(author, *kind, *number);
            say!(lang, zh: "共享条目 {id}撤回", en: "The listing {id} is taken back")
        }
        Reading::Released { period, cells, contributors } => say!(lang,
            zh: "{period} 能耗发布：{cells} 个汇总单元，{contributors} 个单位",
            en: "The release of energy of {period}: {cells} cells of {contributors} institutions"),
        Reading::Noted { kind, id, row } => {
            let kind = super::kind(lang, *kind);
            below(say!(lang, zh: "{kind} {id} 另行登记：", en: "Kept of {id} ({kind}):"), row)
        }
        Reading::Step { id, step, told, .. } => {
            let step = super::step(lang, *step);
            below(say!(lang, zh: "{id}：{step}", en: "{id}: {step}"), told)
        }
        Reading::Other => say!(lang,
            zh: "一条本程序不认识的记录，内容见 --json。",
            en: "A record that this program cannot put into words; --json has its bytes."),
    }
}

/// What is told, a line each.
fn below(title: String, told: &serde_json::Map<String, serde_json::Value>) -> String {
    told.iter().fold(title, |text, (name, value)| {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        format!("{text}\n  {name}  {value}")
    })
}

fn columns(
    lang: Lang,
    kind: Kind,
    view: View,
    title: String,
    row: &serde_json::Map<String, serde_json::Value>,
) -> String {
    let cells = headings(kind, view).into_iter().map(|column| (column.title(lang), column.cell(lang, row)));
    let cells: Vec<_> = cells.filter(|(_, cell)| !cell.is_empty()).collect();
    format!("{title}\n{}", fields(&cells))
}

fn origin(lang: Lang, evidence: &Evidence) -> Vec<(String, String)> {
    let header = evidence.head().header();
    let name = evidence.card().map_or("", |card| card.fields.name.as_str());
    let (author, card, position) = (header.stream.author, header.card, header.position);
    let mut rows = vec![
        (say!(lang, zh: "作者", en: "author"), format!("{author} {name}")),
        (
            say!(lang, zh: "签名", en: "signature"),
            say!(lang, zh: "第 {card} 号名片的条目密钥", en: "by the entry key of card {card}"),
        ),
        (say!(lang, zh: "领域", en: "system"), system(lang, header.stream.system)),
    ];
    match evidence.manifest() {
        Some(manifest) => {
            let (title, epoch) = (&manifest.fields.title, header.epoch);
            let under = say!(lang, zh: "“{title}”第 {epoch} 版次", en: "\"{title}\", epoch {epoch}");
            rows.push((say!(lang, zh: "协议", en: "agreement"), under));
        }
        None => rows.push((
            say!(lang, zh: "可见范围", en: "audience"),
            say!(lang, zh: "仅本单位", en: "its author alone"),
        )),
    }
    if let Said::Record { index, .. } = evidence.said {
        let (index, records) = (index + 1, header.records);
        rows.push((
            say!(lang, zh: "条目", en: "entry"),
            say!(lang,
                zh: "序号 {position}，{records} 条记录中的第 {index} 条",
                en: "position {position}, record {index} of {records}"),
        ));
    }
    rows.extend(evidence.said.heads().into_iter().map(|head| claimed(lang, head)));
    rows
}

fn claimed(lang: Lang, head: &EntryHead) -> (String, String) {
    let (id, time) = (head.id(), minute(head.header().time));
    let claimed = say!(lang, zh: "{time}（北京时间），条目 {id}", en: "{time} (UTC+8), entry {id}");
    (say!(lang, zh: "作者所记时间", en: "time, as its author says"), claimed)
}

fn held(lang: Lang, evidence: &Evidence) -> String {
    if evidence.held.is_empty() {
        return say!(lang, zh: "没有成员出具收讫回执。", en: "No member has signed that it holds it.");
    }
    let header = [
        say!(lang, zh: "已出具收讫回执", en: "receipted by"),
        say!(lang, zh: "该成员所记时间", en: "time, as it says"),
        say!(lang, zh: "持有至序号", en: "held up to"),
        say!(lang, zh: "条目", en: "entry"),
    ];
    let row = |held: &xietong_proto::evidence::HeldBy| {
        let time = minute(held.time);
        let time = say!(lang, zh: "{time}（北京时间）", en: "{time} (UTC+8)");
        vec![held.member.to_string(), time, held.at.position.to_string(), held.at.id.to_string()]
    };
    table(&header, &evidence.held.iter().map(row).collect::<Vec<_>>())
}

/// What nobody but the reader can know.
fn caution(lang: Lang, evidence: &Evidence) -> String {
    match (evidence.manifest(), evidence.card()) {
        (Some(manifest), _) => {
            let fingerprint = manifest.fingerprint();
            say!(lang,
                zh: "签名全部成立。协议指纹 {fingerprint}：请与成员当面或电话核对，印章是否属实只能由您确认；时间是各方自述。",
                en: "All signatures hold. Fingerprint of the agreement {fingerprint}: compare it with the members; that the seals are theirs only you can know. Times are what each of them claims.")
        }
        (None, card) => {
            let fingerprint = card.map(|card| card.fingerprint()).unwrap_or_default();
            say!(lang,
                zh: "签名成立，仅凭作者自己的名片。名片指纹 {fingerprint}：请与作者核对；时间是其自述。",
                en: "The signature holds, by its author's own card alone. Fingerprint of the card {fingerprint}: compare it with the author. The time is what it claims.")
        }
    }
}

/// Why there is no evidence, or why it proves nothing.
pub fn evidence_refusal(lang: Lang, refusal: &EvidenceRefusal) -> String {
    match refusal {
        EvidenceRefusal::PlaceForm { place } => say!(lang,
            zh: "“{place}”不是记录的位置：应如 230000/vehicles/3/2，即作者、领域、序号、第几条；分叉只写 230000/vehicles。",
            en: "\"{place}\" is no place of a record: write 230000/vehicles/3/2 for author, system, position and record; of a fork only 230000/vehicles."),
        EvidenceRefusal::SeveralPlaces { id, places } => {
            let places = list(lang, &places.iter().map(place).collect::<Vec<_>>());
            say!(lang,
                zh: "{id} 指的不是唯一一条记录（{places}）：请用 --agreement 指明，或写出作者、领域、序号、第几条。",
                en: "{id} does not mean exactly one record ({places}): name the agreement with --agreement, or write author, system, position and record.")
        }
        EvidenceRefusal::WhichAgreement { agreements } => {
            let agreements = list(lang, agreements);
            say!(lang,
                zh: "无法确定是哪个协议（{agreements}）：请用 --agreement 指明；本单位台账写 --agreement local。",
                en: "Which agreement is meant ({agreements})? Name it with --agreement; for the own register write --agreement local.")
        }
        EvidenceRefusal::NoEvidence { because } => no_evidence(lang, because),
        EvidenceRefusal::FalseEvidence { file, reject: reason } => {
            let (file, reason) = (file.display(), reject(lang, reason));
            say!(lang, zh: "{file} 不能证明任何事：{reason}", en: "{file} proves nothing: {reason}")
        }
    }
}

fn no_evidence(lang: Lang, because: &NoEvidence) -> String {
    match because {
        NoEvidence::NotHeld { position } => say!(lang,
            zh: "数据日志中没有这个数据流的序号 {position}。",
            en: "The data log has no position {position} of that stream."),
        NoEvidence::NoSuchRecord { position, records } => say!(lang,
            zh: "序号 {position} 只有 {records} 条记录。",
            en: "Position {position} has only {records} records."),
        NoEvidence::NotForked => say!(lang,
            zh: "没有这个数据流分叉的证明。",
            en: "No fork of that stream is known here."),
        NoEvidence::Broken { reason } => {
            let reason = not_in_force(lang, reason);
            say!(lang,
                zh: "数据日志中的协议不能使用：{reason}",
                en: "The agreement in the data log cannot be used: {reason}")
        }
        NoEvidence::NotProven { reject: reason } => {
            let reason = reject(lang, reason);
            say!(lang,
                zh: "数据日志所存不足以证明：{reason}",
                en: "What the data log holds does not prove it: {reason}")
        }
    }
}

/// A place as it can be given to the command.
fn place(place: &Place) -> String {
    let Place { agreement, author, kind, position, index } = place;
    let (kind, record) = (kind.name(), index + 1);
    let log = if *agreement == AgreementId::ZERO { "local".to_owned() } else { agreement.to_string() };
    format!("{author}/{kind}/{position}/{record} --agreement {log}")
}
