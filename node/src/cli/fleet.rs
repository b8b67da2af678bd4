//! `xietong vehicle supervision` and `scrap`: a province's own vehicles as a fleet.

use clap::Subcommand;
use clap::builder::PossibleValuesParser;
use jiff::civil::Date;

use super::Answer;
use super::context::Context;
use super::csv_file::{BYTE_ORDER_MARK, csv_text};
use super::register::change;
use crate::failure::Failure;
use crate::http::fleet::{Supervision, Which};
use crate::systems::Kind;
use crate::systems::vehicles::finding::Breach;
use crate::systems::vehicles::scrapping::{Command, Step};
use crate::text::{self, Lang};

/// Which findings, and how.
#[derive(Debug, clap::Args)]
pub struct Supervise {
    /// 只看一项 · Only one rule
    #[arg(long, value_parser = PossibleValuesParser::new(Breach::RULES))]
    rule: Option<String>,
    /// 出车情况自哪天起统计；缺省为今年 1 月 1 日 · Trips and duties from this day on; left out: of this year
    #[arg(long, value_name = "DATE")]
    since: Option<Date>,
    /// 输出 CSV · Print CSV
    #[arg(long, conflicts_with = "json")]
    csv: bool,
}

impl Supervise {
    /// Needs the running node.
    pub fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let which = Which { rule: self.rule.clone(), since: self.since };
        let found: Supervision = context.node()?.get("vehicles/supervision", &which)?;
        let lang = context.lang;
        let text = if self.csv { csv(lang, &found) } else { text::supervision(lang, &found) };
        Ok(Answer::new(found, text))
    }
}

fn csv(lang: Lang, found: &Supervision) -> String {
    let (header, rows) = text::supervision_sheet(lang, &found.findings);
    let text = csv_text(std::iter::once(&header).chain(&rows));
    if lang == Lang::Zh { BYTE_ORDER_MARK.to_owned() + &text } else { text }
}

/// The next step on a vehicle's way out.
#[derive(Debug, Subcommand)]
pub enum Scrap {
    /// 已批准报废 · It is approved
    Approve {
        /// 车辆识别代号或共享编号 · The VIN or listing number
        id: String,
        /// 批准文号 · The number of the approval
        #[arg(long)]
        document: String,
        /// 批准日期 · When
        #[arg(long)]
        on: Date,
    },
    /// 已交有资质的回收企业，取得回收证明 · A licensed recycler has it and has certified that
    Recycle {
        /// 车辆识别代号或共享编号 · The VIN or listing number
        id: String,
        /// 回收企业统一社会信用代码 · The recycler's credit code
        #[arg(long)]
        recycler: String,
        /// 报废机动车回收证明编号 · The number of the certificate
        #[arg(long)]
        certificate: String,
        /// 回收日期 · When
        #[arg(long)]
        on: Date,
    },
    /// 已办理注销登记 · The registration has ended
    Deregister {
        /// 车辆识别代号或共享编号 · The VIN or listing number
        id: String,
        /// 注销登记日期 · When
        #[arg(long)]
        on: Date,
    },
}

impl Scrap {
    /// Needs the running node.
    pub fn run(&self, context: &Context) -> Result<Answer, Failure> {
        change(context, Kind::Vehicles, "vehicles/scrap", &self.asked(), false)
    }

    fn asked(&self) -> Command {
        let (id, step) = match self {
            Self::Approve { id, document, on } => {
                (id, Step::Approved { document: document.clone(), on: *on })
            }
            Self::Recycle { id, recycler, certificate, on } => {
                let (recycler_uscc, certificate) = (recycler.clone(), certificate.clone());
                (id, Step::Recycled { recycler_uscc, certificate, on: *on })
            }
            Self::Deregister { id, on } => (id, Step::Deregistered { on: *on }),
        };
        Command { id: id.clone(), step }
    }
}
