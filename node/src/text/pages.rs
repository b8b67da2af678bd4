//! Lists and single things as people read them. A list shows the columns that tell its rows apart; CSV and
//! JSON have them all.

use super::{
    Heading, Lang, calendar, fields, kept_columns, list, listing_columns, register_columns, say, stays, table,
};
use crate::calendar::minute;
use crate::systems::group::Shelf;
use crate::systems::history::{Cell, Change, Version};
use crate::systems::listing::Listing;
use crate::systems::page::Page;
use crate::systems::query::Shown;
use crate::systems::records;
use crate::systems::register::Register;
use crate::systems::{Kind, Source, for_register};

/// Whether rows are a member's own, or what is kept beside them, or what members show.
#[derive(Clone, Copy)]
pub enum View {
    /// All columns of the register.
    Register,
    /// What is kept beside it.
    Kept(&'static Shelf),
    /// What leaves.
    Listings,
}

/// The columns of a view.
pub fn headings(kind: Kind, view: View) -> Vec<Heading> {
    match view {
        View::Register => register_columns(kind),
        View::Kept(shelf) => kept_columns(shelf),
        View::Listings => listing_columns(kind),
    }
}

/// Rows as a table, and how many there are.
pub fn page(lang: Lang, kind: Kind, view: View, page: &Page) -> String {
    let chosen = chosen(kind, view);
    let columns: Vec<_> = headings(kind, view)
        .into_iter()
        .filter(|column| chosen.is_empty() || chosen.contains(&column.name))
        .collect();
    let header = header(lang, view, &columns);
    let rows: Vec<_> = page.items.iter().map(|item| cells(lang, view, &columns, item)).collect();
    let count = rows.len();
    let count = say!(lang, zh: "共 {count} 条。", en: "{count} in all.");
    if rows.is_empty() { count } else { format!("{}\n\n{count}", table(&header, &rows)) }
}

/// That no member lists any such, which says nothing of the own register.
pub fn none_listed(lang: Lang) -> String {
    say!(lang,
        zh: "共 0 条：没有成员列出这样的。本单位台账用 --owner me 查看。",
        en: "0 in all: no member lists any such. The own register is shown with --owner me.")
}

/// The whole header of a CSV file, and its rows.
pub fn sheet(lang: Lang, kind: Kind, view: View, page: &Page) -> (Vec<String>, Vec<Vec<String>>) {
    let columns = headings(kind, view);
    let rows = page.items.iter().map(|item| cells(lang, view, &columns, item)).collect();
    (header(lang, view, &columns), rows)
}

fn header(lang: Lang, view: View, columns: &[Heading]) -> Vec<String> {
    let mut header = vec![say!(lang, zh: "编号", en: "id")];
    if matches!(view, View::Listings) {
        header.push(say!(lang, zh: "成员", en: "owner"));
    }
    header.extend(columns.iter().map(|column| column.title(lang)));
    header
}

fn cells(
    lang: Lang,
    view: View,
    columns: &[Heading],
    item: &serde_json::Map<String, serde_json::Value>,
) -> Vec<String> {
    let text = |name: &str| item.get(name).and_then(|value| value.as_str()).unwrap_or_default().to_owned();
    let mut cells = vec![text("id")];
    if matches!(view, View::Listings) {
        cells.push(text("owner"));
    }
    cells.extend(columns.iter().map(|column| column.cell(lang, item)));
    cells
}

/// The columns that tell rows apart on a screen; none stands for all.
fn chosen(kind: Kind, view: View) -> &'static [&'static str] {
    for_register!(kind, R => match view {
        View::Register => R::ON_SCREEN,
        View::Kept(_) => &[],
        View::Listings => <R as Register>::Listing::ON_SCREEN,
    })
}

/// All fields of one thing, then where it comes from and who sees it.
pub fn shown(lang: Lang, kind: Kind, shown: &Shown) -> String {
    let view = if shown.agreement.is_some() { View::Listings } else { View::Register };
    let columns = headings(kind, view).into_iter();
    let rows = columns.map(|column| (column.title(lang), column.cell(lang, &shown.row)));
    let mut rows: Vec<_> = rows.filter(|(_, cell)| !cell.is_empty()).collect();
    rows.insert(0, (say!(lang, zh: "编号", en: "id"), shown.id.clone()));
    let title = say!(lang, zh: "来源", en: "Where it comes from");
    let shown_now = format!("{}\n\n{title}\n{}", fields(&rows), fields(&origin(lang, shown)));
    let taken = say!(lang, zh: "已约时段", en: "Taken");
    let shown_now = if shown.taken.is_empty() {
        shown_now
    } else {
        format!("{shown_now}\n\n{taken}\n{}", calendar(lang, &shown.taken))
    };
    let beside: String = records::shelves(kind).map(|shelf| papers(lang, shelf, shown)).collect();
    let shown_now = shown_now + &beside;
    if shown.history.is_empty() {
        return shown_now;
    }
    let title = say!(lang, zh: "历次登记", en: "History");
    format!("{shown_now}\n\n{title}\n{}", history(lang, kind, &shown.history))
}

/// What is kept of one thing beside its row; blank where that is nothing.
fn papers(lang: Lang, shelf: &Shelf, shown: &Shown) -> String {
    let rows = kept_columns(shelf).into_iter();
    let rows = rows.map(|column| (column.title(lang), column.cell(lang, &shown.papers)));
    let rows: Vec<_> = rows.filter(|(_, cell)| !cell.is_empty()).collect();
    let (zh, en) = shelf.title;
    let title = say!(lang, zh: "{zh}", en: "{en}");
    if rows.is_empty() { String::new() } else { format!("\n\n{title}\n{}", fields(&rows)) }
}

/// When a row was said, where that stands, and what was new.
fn history(lang: Lang, kind: Kind, versions: &[Version]) -> String {
    let header = [
        say!(lang, zh: "时间", en: "time"),
        say!(lang, zh: "条目/记录", en: "entry/record"),
        say!(lang, zh: "变化", en: "what was new"),
    ];
    let row = |version: &Version| {
        let Source { position, index, time, .. } = version.source;
        vec![minute(time), format!("{position}/{}", index + 1), change(lang, kind, &version.change)]
    };
    table(&header, &versions.iter().map(row).collect::<Vec<_>>())
}

fn change(lang: Lang, kind: Kind, change: &Change) -> String {
    match change {
        Change::Added => say!(lang, zh: "登记", en: "registered"),
        Change::Withdrawn { reason } => say!(lang, zh: "撤回：{reason}", en: "taken back: {reason}"),
        Change::Changed { columns } => {
            let columns: Vec<_> = columns.iter().map(|cell| cell_change(lang, kind, cell)).collect();
            list(lang, &columns)
        }
    }
}

fn cell_change(lang: Lang, kind: Kind, cell: &Cell) -> String {
    let name = cell.column.strip_suffix("_fen").unwrap_or(&cell.column);
    let Some(column) = register_columns(kind).into_iter().find(|column| column.name == name) else {
        return cell.column.clone();
    };
    let blank = || say!(lang, zh: "空", en: "blank");
    let value = |value| Some(column.value(lang, value)).filter(|text| !text.is_empty()).unwrap_or_else(blank);
    format!("{} {} → {}", column.title(lang), value(&cell.was), value(&cell.is))
}

fn origin(lang: Lang, shown: &Shown) -> Vec<(String, String)> {
    let mut rows = said_at(lang, shown);
    if let Some(number) = &shown.came_as {
        rows.push((say!(lang, zh: "移交前的编号", en: "taken over as"), number.clone()));
    }
    rows
}

fn said_at(lang: Lang, shown: &Shown) -> Vec<(String, String)> {
    let source = &shown.source;
    let (position, index, time) = (source.position, source.index + 1, minute(source.time));
    let mut rows = vec![
        (say!(lang, zh: "作者", en: "author"), shown.owner.to_string()),
        (
            say!(lang, zh: "条目", en: "entry"),
            say!(lang, zh: "序号 {position}，第 {index} 条记录", en: "position {position}, record {index}"),
        ),
        (say!(lang, zh: "版次", en: "epoch"), source.epoch.to_string()),
        (
            say!(lang, zh: "作者所记时间", en: "time, as its author says"),
            say!(lang, zh: "{time}（北京时间）", en: "{time} (UTC+8)"),
        ),
        (say!(lang, zh: "第几次登记", en: "said how often"), shown.version.to_string()),
    ];
    if let Some(agreement) = shown.agreement {
        rows.push((say!(lang, zh: "协议", en: "agreement"), agreement.to_string()));
        let held = list(lang, &shown.held_by);
        let held = if held.is_empty() { say!(lang, zh: "尚无", en: "nobody yet") } else { held };
        rows.push((say!(lang, zh: "已出具收讫回执", en: "receipted by"), held));
        return rows;
    }
    let listed = list(lang, &shown.listed);
    let seen = if listed.is_empty() { say!(lang, zh: "无", en: "nobody") } else { listed };
    rows.push((say!(lang, zh: "对外列出于协议", en: "listed under"), seen));
    if let Some(number) = &shown.number {
        rows.push((say!(lang, zh: "共享编号", en: "listing number"), number.clone()));
    }
    if let Some(reason) = &shown.stays {
        rows.push((say!(lang, zh: "未共享的原因", en: "why it stays"), stays(lang, reason)));
    }
    rows
}
