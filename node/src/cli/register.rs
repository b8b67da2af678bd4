//! What all registers offer: templates, imports, lists, single things, withdrawals. A kind may add filters of its
//! list and commands of its own; one that does not has its command line from its [`Kind`] alone.

use std::fmt::Debug;

use clap::error::ErrorKind;
use clap::{ArgMatches, Args, FromArgMatches, Subcommand};
use serde::Serialize;
use serde_json::json;

use super::Answer;
use super::context::Context;
use super::csv_file::BYTE_ORDER_MARK;
use super::import::{Import, add};
use super::list::{Filters, List, condition};
use crate::failure::Failure;
use crate::http::data::Withdrawal;
use crate::systems::Kind;
use crate::systems::fault::ImportReport;
use crate::systems::query::Shown;
use crate::systems::template::template;
use crate::text::{self, Imported, Lang};

/// What can be done with any register.
#[derive(Debug, Subcommand)]
pub enum RegisterCommand<F: Args + Debug> {
    /// 输出样表（CSV） · Print an empty file to fill in
    Template {
        /// 附两行示例 · With two example rows
        #[arg(long)]
        example: bool,
    },
    /// 导入 CSV；有误的行另存待更正，其余照常收录 · Take in a CSV file; rows with faults are put aside
    Import(Import),
    /// 登记一条：逐列写出；同一编号已有的整条改写 · Take in one row, column by column; one of the same key is replaced
    Add {
        /// 列=值，表头用中英文均可 · Columns by their headers, Chinese or English, and their values
        #[arg(required = true, value_name = "COLUMN=VALUE", value_parser = condition)]
        cells: Vec<(String, String)>,
        /// 只说明会发生什么 · Only say what would happen
        #[arg(long)]
        dry_run: bool,
    },
    /// 查询列表 · List rows
    List(List<F>),
    /// 查看一条及其来源 · Show one thing and where it comes from
    Show {
        /// 台账编号或共享编号 · Its id in the register or its listing number
        id: String,
    },
    /// 撤回 · Take rows back
    Withdraw {
        /// 台账编号或共享编号 · Ids in the register or listing numbers
        #[arg(required = true)]
        ids: Vec<String>,
        /// 原因，随记录保存 · Why; kept in the record
        #[arg(long)]
        reason: String,
        /// 只说明会发生什么 · Only say what would happen
        #[arg(long)]
        dry_run: bool,
    },
}

impl<F: Args + Debug + Filters> RegisterCommand<F> {
    /// All but the template need the running node.
    pub fn run(&self, context: &Context, kind: Kind) -> Result<Answer, Failure> {
        match self {
            Self::Template { example } => Ok(empty_file(context.lang, kind, *example)),
            Self::Import(import) => import.run(context, kind),
            Self::Add { cells, dry_run } => add(context, kind, cells, *dry_run),
            Self::List(list) => list.run(context, kind),
            Self::Show { id } => show(context, kind, id),
            Self::Withdraw { ids, reason, dry_run } => {
                let asked = Withdrawal { ids: ids.clone(), reason: reason.clone(), dry_run: *dry_run };
                change(context, kind, &format!("{}/withdraw", kind.name()), &asked, *dry_run)
            }
        }
    }
}

/// The registers that have nothing but what all have.
#[derive(Debug)]
pub struct PlainRegister {
    kind: Kind,
    command: RegisterCommand<()>,
}

impl PlainRegister {
    /// The other ones, each with a variant of [`super::Command`].
    const NOT_PLAIN: [Kind; 4] = [Kind::Assets, Kind::Vehicles, Kind::Energy, Kind::Drivers];

    /// See [`RegisterCommand::run`].
    pub fn run(&self, context: &Context) -> Result<Answer, Failure> {
        self.command.run(context, self.kind)
    }

    fn kinds() -> impl Iterator<Item = Kind> {
        Kind::ALL.into_iter().filter(|kind| !Self::NOT_PLAIN.contains(kind))
    }

    fn of(word: &str) -> Option<Kind> {
        Self::kinds().find(|kind| kind.noun() == word)
    }
}

impl Subcommand for PlainRegister {
    fn augment_subcommands(cli: clap::Command) -> clap::Command {
        cli.subcommands(Self::kinds().map(|kind| {
            let about = format!("{}台账 · The register of {}", kind.zh(), kind.name());
            let command = RegisterCommand::<()>::augment_subcommands(clap::Command::new(kind.noun()));
            command.about(about).subcommand_required(true).arg_required_else_help(true)
        }))
    }

    fn augment_subcommands_for_update(cli: clap::Command) -> clap::Command {
        Self::augment_subcommands(cli)
    }

    fn has_subcommand(word: &str) -> bool {
        Self::of(word).is_some()
    }
}

impl FromArgMatches for PlainRegister {
    fn from_arg_matches(given: &ArgMatches) -> Result<Self, clap::Error> {
        let found = given.subcommand().and_then(|(word, rest)| Some((Self::of(word)?, rest)));
        let (kind, rest) = found.ok_or_else(|| clap::Error::new(ErrorKind::MissingSubcommand))?;
        Ok(Self { kind, command: RegisterCommand::from_arg_matches(rest)? })
    }

    fn update_from_arg_matches(&mut self, given: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(given)?;
        Ok(())
    }
}

fn empty_file(lang: Lang, kind: Kind, example: bool) -> Answer {
    let text = match lang {
        Lang::Zh => BYTE_ORDER_MARK.to_owned() + &template(kind, true, example),
        Lang::En => template(kind, false, example),
    };
    Answer::new(json!({ "template": text }), text)
}

fn show(context: &Context, kind: Kind, id: &str) -> Result<Answer, Failure> {
    let shown: Shown = context.node()?.get(&format!("{}/one", kind.name()), &[("id", id)])?;
    let text = text::shown(context.lang, kind, &shown);
    Ok(Answer::new(shown, text))
}

/// Asks for something that changes a register, and says what it did to its rows and to what leaves.
pub fn change(
    context: &Context,
    kind: Kind,
    path: &str,
    asked: &impl Serialize,
    dry_run: bool,
) -> Result<Answer, Failure> {
    let report: ImportReport = context.node()?.post(path, asked)?;
    let done = Imported { kind, dry_run, sheet: None, report: &report, rejected: None };
    let text = text::imported(context.lang, &done);
    Ok(Answer::new(report, text))
}
