//! `… list`: pages of a register or of what members show, put together.

use std::fmt::Debug;

use clap::Args;
use xietong_proto::id::MemberCode;

use super::Answer;
use super::context::Context;
use super::csv_file::{BYTE_ORDER_MARK, csv_text};
use crate::failure::Failure;
use crate::systems::page::Page;
use crate::systems::{Kind, records};
use crate::text::{self, Lang, View, headings};

/// The filters that only one kind has.
pub trait Filters {
    /// Column and wanted value, as the view names it.
    fn wanted(&self, view: View) -> Vec<(&'static str, String)>;
}

/// Which rows.
#[derive(Debug, Args)]
pub struct List<F: Args + Debug> {
    /// 谁的：成员代码、me（本单位台账，全部列）或 all · Whose: a member's code, me (the own register, all columns) or all
    /// [默认：向成员列出的台账为 all，其余为 me · default: all of what is listed to members, else me]
    #[arg(long, value_name = "CODE|me|all")]
    owner: Option<Owner>,
    /// 台账之外随物保存的一类，如车辆的 scrapping（报废手续） · Of what is kept beside the own rows, such as scrapping of vehicles
    #[arg(long, value_name = "NAME", conflicts_with = "owner")]
    of: Option<String>,
    /// 行政区划代码；以 00 结尾时包括下级 · Division code; one that ends in 00 includes what lies in it
    #[arg(long)]
    city: Option<String>,
    /// 任一列等于某值，可多个 · A column and its value; may be given often
    #[arg(long = "where", value_name = "COLUMN=VALUE", value_parser = condition)]
    conditions: Vec<(String, String)>,
    #[command(flatten)]
    filters: F,
    /// 输出 CSV，全部列 · Print CSV with all columns
    #[arg(long, conflicts_with = "json")]
    csv: bool,
}

/// Whose rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// The own register.
    Me,
    /// What all members show.
    All,
    /// What one shows.
    Member(MemberCode),
}

impl std::str::FromStr for Owner {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "me" => Ok(Self::Me),
            "all" => Ok(Self::All),
            code => code.parse().map(Self::Member).map_err(|_| "230000 | me | all".to_owned()),
        }
    }
}

/// A list without filters of its own.
impl Filters for () {
    fn wanted(&self, _: View) -> Vec<(&'static str, String)> {
        Vec::new()
    }
}

impl Owner {
    /// What people look for first.
    fn usual(kind: Kind) -> Self {
        if kind.is_listed() { Self::All } else { Self::Me }
    }

    fn view(self) -> View {
        match self {
            Self::Me => View::Register,
            Self::All | Self::Member(_) => View::Listings,
        }
    }

    fn text(self) -> String {
        match self {
            Self::Me => "me".to_owned(),
            Self::All => "all".to_owned(),
            Self::Member(code) => code.to_string(),
        }
    }
}

impl<F: Args + Debug + Filters> List<F> {
    /// Needs the running node.
    pub fn run(&self, context: &Context, kind: Kind) -> Result<Answer, Failure> {
        let view = self.view(kind);
        let page = self.pages(context, kind, view)?;
        let text = if self.csv {
            csv(context.lang, kind, view, &page)
        } else if page.items.is_empty() && self.owner(kind) == Owner::All {
            text::none_listed(context.lang)
        } else {
            text::page(context.lang, kind, view, &page)
        };
        Ok(Answer::new(page, text))
    }

    fn owner(&self, kind: Kind) -> Owner {
        let usual = if self.of.is_some() { Owner::Me } else { Owner::usual(kind) };
        self.owner.unwrap_or(usual)
    }

    /// What the node does not keep it refuses by name.
    fn view(&self, kind: Kind) -> View {
        let shelf = self.of.as_ref().and_then(|of| records::shelves(kind).find(|shelf| shelf.name == of));
        shelf.map_or_else(|| self.owner(kind).view(), View::Kept)
    }

    fn pages(&self, context: &Context, kind: Kind, view: View) -> Result<Page, Failure> {
        let (node, query) = (context.node()?, self.query(kind, view));
        let mut all = Page::default();
        loop {
            let after = all.next.take().map(|after| ("after".to_owned(), after));
            let query: Vec<_> = query.iter().cloned().chain(after).collect();
            let page: Page = node.get(kind.name(), &query)?;
            all.items.extend(page.items);
            all.next = page.next;
            if all.next.is_none() {
                return Ok(all);
            }
        }
    }

    fn query(&self, kind: Kind, view: View) -> Vec<(String, String)> {
        let mut query = vec![("owner".to_owned(), self.owner(kind).text())];
        query.extend(self.of.clone().map(|of| ("of".to_owned(), of)));
        query.extend(self.city.clone().map(|city| ("city".to_owned(), city)));
        query.extend(self.filters.wanted(view).into_iter().map(|(name, value)| (name.to_owned(), value)));
        let conditions = self.conditions.iter();
        query.extend(conditions.map(|(column, value)| (name_of(kind, view, column), value.clone())));
        query
    }
}

/// The name of a column that may be given by its Chinese header.
fn name_of(kind: Kind, view: View, column: &str) -> String {
    let found = headings(kind, view).into_iter().find(|heading| heading.zh == column);
    found.map_or_else(|| column.to_owned(), |heading| heading.name.to_owned())
}

/// A column and what it is to be.
pub fn condition(text: &str) -> Result<(String, String), String> {
    let parts = text.split_once('=').filter(|(column, _)| !column.is_empty());
    parts
        .map(|(column, value)| (column.to_owned(), value.to_owned()))
        .ok_or_else(|| "COLUMN=VALUE".to_owned())
}

fn csv(lang: Lang, kind: Kind, view: View, page: &Page) -> String {
    let (header, rows) = text::sheet(lang, kind, view, page);
    let lines = std::iter::once(&header).chain(&rows);
    match lang {
        Lang::Zh => BYTE_ORDER_MARK.to_owned() + &csv_text(lines),
        Lang::En => csv_text(lines),
    }
}
