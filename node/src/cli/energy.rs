//! `xietong energy`: the register, the release of a month, and the regional table of one.

use clap::{Args, Subcommand};

use super::Answer;
use super::context::Context;
use super::kinds::given;
use super::list::Filters;
use super::register::RegisterCommand;
use crate::failure::Failure;
use crate::systems::Kind;
use crate::systems::energy::release::coefficients::SetId;
use crate::systems::energy::release::report::Report;
use crate::systems::energy::release_act::{Command, ReleaseReport};
use crate::text::{self, View};

/// What can be done with energy.
#[derive(Debug, Subcommand)]
pub enum EnergyCommand {
    #[command(flatten)]
    Register(RegisterCommand<EnergyFilters>),
    /// 发布某月的汇总，提供给协议成员 · Release the totals of a month to the members
    Release {
        /// 月份，如 2025-03 · The month, such as 2025-03
        period: String,
        /// 只说明会公布什么 · Only say what would be shown
        #[arg(long)]
        dry_run: bool,
    },
    /// 区域汇总：某月各成员按机构类型的能耗指标 · The regional table of a month by member and institution class
    Report {
        /// 月份，如 2025-03 · The month, such as 2025-03
        period: String,
        /// 折标系数 · Coefficients of standard coal
        #[arg(long, value_name = "ID", default_value = "cn-equivalent-gas-1.3300", value_parser = set)]
        set: SetId,
    },
}

/// Filters of energy.
#[derive(Debug, Args)]
pub struct EnergyFilters {
    /// 统计期 · Month
    #[arg(long)]
    period: Option<String>,
    /// 统一社会信用代码 · Unified social credit code
    #[arg(long)]
    unit: Option<String>,
}

impl Filters for EnergyFilters {
    fn wanted(&self, _: View) -> Vec<(&'static str, String)> {
        given([("period", self.period.clone()), ("unit_uscc", self.unit.clone())])
    }
}

impl EnergyCommand {
    /// See [`RegisterCommand::run`].
    pub fn run(&self, context: &Context) -> Result<Answer, Failure> {
        match self {
            Self::Register(command) => command.run(context, Kind::Energy),
            Self::Release { period, dry_run } => release(context, period, *dry_run),
            Self::Report { period, set } => {
                let query = [("period", period.as_str()), ("set", set.as_str())];
                let report: Report = context.node()?.get("energy/report", &query)?;
                let text = text::energy(context.lang, &report);
                Ok(Answer::new(report, text))
            }
        }
    }
}

fn release(context: &Context, period: &str, dry_run: bool) -> Result<Answer, Failure> {
    let asked = Command { period: period.to_owned(), dry_run };
    let report: ReleaseReport = context.node()?.post("energy/release", &asked)?;
    let text = text::released(context.lang, &report, dry_run);
    Ok(Answer::new(report, text))
}

fn set(text: &str) -> Result<SetId, String> {
    text.parse().map_err(|_| SetId::ALL.map(SetId::as_str).join(" | "))
}
