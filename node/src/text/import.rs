//! What an import or a withdrawal did: counts first, then what the operator has to correct, what is worth a
//! look, what stays at home, and what leaves to whom.

use std::collections::BTreeMap;
use std::mem::discriminant;
use std::path::Path;

use super::{Lang, column, fault, flag, list, say, stays, table};
use crate::systems::Kind;
use crate::systems::fault::{Flagged, ImportReport, Kept, Leaving, Quarantined, Stays};
use crate::systems::sheet::SheetInfo;

/// Quarantined rows that are shown; the others are in the file beside.
pub const QUARANTINED_SHOWN_MAX: usize = 20;
/// Examples of a remark.
const EXAMPLES_MAX: usize = 3;
/// Characters of a cell in a table.
const CELL_CHARS_MAX: usize = 120;

/// What was taken in, and how.
#[derive(Clone, Copy, Debug)]
pub struct Imported<'a> {
    /// Of which register.
    pub kind: Kind,
    /// Whether nothing was written.
    pub dry_run: bool,
    /// What was found out about the file; none for a withdrawal.
    pub sheet: Option<&'a SheetInfo>,
    /// What was done.
    pub report: &'a ImportReport,
    /// Where the quarantined rows were written, if there are any.
    pub rejected: Option<&'a Path>,
}

/// The whole answer to an import or a withdrawal.
pub fn imported(lang: Lang, imported: &Imported) -> String {
    let Imported { kind, report, rejected, .. } = *imported;
    let parts = [
        counts(lang, imported),
        imported.sheet.map(|sheet| read_as(lang, sheet)).unwrap_or_default(),
        quarantined(lang, kind, &report.quarantined, rejected),
        remarks(lang, kind, &report.flagged),
        kept(lang, &report.kept),
        unchecked(lang, report),
        leaving(lang, kind, &report.leaving, imported.dry_run),
    ];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n\n")
}

fn counts(lang: Lang, imported: &Imported) -> String {
    let name = super::kind(lang, imported.kind);
    let ImportReport { added, changed, unchanged, withdrawn, quarantined, .. } = imported.report;
    let kept_out = quarantined.len();
    let prefix = match (imported.dry_run, lang) {
        (false, _) => "",
        (true, Lang::Zh) => "仅演练，台账未变。",
        (true, Lang::En) => "Dry run, the register is unchanged. ",
    };
    say!(lang,
        zh: "{prefix}{name}：新增 {added}，变更 {changed}，未变 {unchanged}，撤回 {withdrawn}，待更正 {kept_out}。",
        en: "{prefix}{name}: {added} new, {changed} changed, {unchanged} unchanged, {withdrawn} withdrawn, {kept_out} quarantined.")
}

fn read_as(lang: Lang, sheet: &SheetInfo) -> String {
    let (encoding, unknown) = (&sheet.encoding, list(lang, &sheet.unknown));
    if unknown.is_empty() {
        return say!(lang, zh: "文件编码：{encoding}。", en: "The file was read as {encoding}.");
    }
    say!(lang,
        zh: "文件编码：{encoding}。台账没有这些列，已忽略：{unknown}。",
        en: "The file was read as {encoding}. The register has no such columns, they were ignored: {unknown}.")
}

fn quarantined(lang: Lang, kind: Kind, rows: &[Quarantined], rejected: Option<&Path>) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let header = rejected_header(lang);
    let line = |row: &Quarantined| short_rejected_row(lang, kind, row).to_vec();
    let shown = table(&header, &rows.iter().take(QUARANTINED_SHOWN_MAX).map(line).collect::<Vec<_>>());
    let (count, more) = (rows.len(), rows.len().saturating_sub(QUARANTINED_SHOWN_MAX));
    let title = say!(lang,
        zh: "待更正 {count} 行，其余各行不受影响：",
        en: "{count} rows were not taken in, the others were:");
    let end = more_rejected(lang, more, rejected);
    format!("{title}\n{shown}{end}")
}

/// Headers of what is said of a row that was not taken in.
pub fn rejected_header(lang: Lang) -> [String; 4] {
    [
        say!(lang, zh: "行号", en: "line"),
        say!(lang, zh: "列", en: "column"),
        say!(lang, zh: "原值", en: "value"),
        say!(lang, zh: "原因", en: "reason"),
    ]
}

/// What is said of a row that was not taken in: line, column in the words of the header, value, reason.
pub fn rejected_row(lang: Lang, kind: Kind, row: &Quarantined) -> [String; 4] {
    let name = column(lang, kind, &row.at.column);
    [row.line.to_string(), name, row.value.clone(), fault(lang, &row.at.fault)]
}

/// The same for a table on a terminal.
pub fn short_rejected_row(lang: Lang, kind: Kind, row: &Quarantined) -> [String; 4] {
    rejected_row(lang, kind, row).map(|cell| short(&cell))
}

fn more_rejected(lang: Lang, more: usize, rejected: Option<&Path>) -> String {
    let file = rejected.map(|path| path.display().to_string());
    match (more, file) {
        (0, None) => String::new(),
        (0, Some(file)) => say!(lang,
            zh: "\n更正 {file} 中的这些行后可再次导入。",
            en: "\nThese rows are in {file}: correct them there and import that file."),
        (more, None) => say!(lang, zh: "\n……另有 {more} 行。", en: "\n… and {more} more."),
        (more, Some(file)) => say!(lang,
            zh: "\n……另有 {more} 行，见 {file}；更正后可再次导入。",
            en: "\n… and {more} more, see {file}: correct them there and import that file."),
    }
}

/// Each kind of remark with how often it holds and a few examples.
fn remarks(lang: Lang, kind: Kind, flagged: &[Flagged]) -> String {
    let mut groups: Vec<Vec<&Flagged>> = Vec::new();
    for remark in flagged {
        let is_alike =
            |group: &&mut Vec<&Flagged>| discriminant(&group[0].flag) == discriminant(&remark.flag);
        match groups.iter_mut().find(is_alike) {
            Some(group) => group.push(remark),
            None => groups.push(vec![remark]),
        }
    }
    if groups.is_empty() {
        return String::new();
    }
    let header = [
        say!(lang, zh: "次数", en: "count"),
        say!(lang, zh: "行", en: "row"),
        say!(lang, zh: "编号", en: "id"),
        say!(lang, zh: "提示", en: "remark"),
    ];
    let mut rows = Vec::new();
    for group in &groups {
        for (place, remark) in group.iter().take(EXAMPLES_MAX).enumerate() {
            let count = if place == 0 { group.len().to_string() } else { String::new() };
            let sentence = flag(lang, kind, &remark.flag);
            rows.push(vec![count, remark.line.to_string(), remark.id.clone(), sentence]);
        }
    }
    let title = say!(lang, zh: "已收录但值得核对：", en: "Taken in, and worth a look:");
    format!("{title}\n{}", table(&header, &rows))
}

fn kept(lang: Lang, kept: &[Kept]) -> String {
    let mut reasons: BTreeMap<&Stays, Vec<&str>> = BTreeMap::new();
    for row in kept {
        reasons.entry(&row.stays).or_default().push(&row.id);
    }
    if reasons.is_empty() {
        return String::new();
    }
    let header = [
        say!(lang, zh: "行数", en: "rows"),
        say!(lang, zh: "原因", en: "reason"),
        say!(lang, zh: "例如", en: "such as"),
    ];
    let row = |(reason, ids): (&Stays, Vec<&str>)| {
        let examples = &ids[..ids.len().min(EXAMPLES_MAX)];
        vec![ids.len().to_string(), stays(lang, reason), list(lang, examples)]
    };
    let rows: Vec<_> = reasons.into_iter().map(row).collect();
    let title = say!(lang, zh: "标明共享而留在本单位的：", en: "Marked as shared, and kept at home:");
    format!("{title}\n{}", table(&header, &rows))
}

fn unchecked(lang: Lang, report: &ImportReport) -> String {
    let codes: Vec<_> = report.unchecked_divisions.iter().take(CODES_SHOWN_MAX).collect();
    let (count, codes) = (report.unchecked_divisions.len(), list(lang, &codes));
    if count == 0 {
        return String::new();
    }
    say!(lang,
        zh: "{count} 个县级区划代码只校验到地市：{codes}。",
        en: "{count} county codes were checked down to their prefecture only: {codes}.")
}

const CODES_SHOWN_MAX: usize = 10;

/// What leaves, and to whom: the last thing said, so that it is the last thing read.
fn leaving(lang: Lang, kind: Kind, leaving: &Leaving, dry_run: bool) -> String {
    let Leaving { listed, changed, withdrawn, to } = leaving;
    if kind == Kind::Energy {
        return say!(lang,
            zh: "对外提供：无。能耗只在 xietong energy release 发布某月时以汇总提供。",
            en: "What leaves: nothing. Energy leaves as totals when xietong energy release says so.");
    }
    if !kind.is_listed() {
        let name = super::kind(lang, kind);
        return say!(lang,
            zh: "对外提供：无。{name}台账从不出省。",
            en: "What leaves: nothing; {name} never leave their province.");
    }
    if to.is_empty() {
        return say!(lang,
            zh: "对外提供：无，本领域没有有效的协议。一旦加入，可列出 {listed} 条。",
            en: "What leaves: nothing, there is no valid agreement on this. Once there is, {listed} could be listed.");
    }
    let to = list(lang, to);
    let verb = match (dry_run, lang) {
        (false, Lang::Zh) => "对外提供",
        (true, Lang::Zh) => "将对外提供",
        (false, Lang::En) => "What leaves",
        (true, Lang::En) => "What would leave",
    };
    say!(lang,
        zh: "{verb}（给 {to}）：新列出 {listed}，变更 {changed}，撤下 {withdrawn}。",
        en: "{verb} (to {to}): {listed} listed, {changed} changed, {withdrawn} taken back.")
}

fn short(cell: &str) -> String {
    let mut shown: String = cell.chars().map(|char| if char.is_control() { ' ' } else { char }).collect();
    if let Some((end, _)) = shown.char_indices().nth(CELL_CHARS_MAX) {
        shown.truncate(end);
        shown.push('…');
    }
    shown
}
