//! `xietong driver`: the register of drivers, who may take up a duty, and taking them up.

use clap::{Args, Subcommand};
use xietong_proto::id::Millis;

use super::Answer;
use super::context::Context;
use super::kinds::given;
use super::list::Filters;
use super::register::RegisterCommand;
use crate::calendar;
use crate::failure::Failure;
use crate::http::drivers::{Wanted, Whose};
use crate::systems::Kind;
use crate::systems::drivers::duty::Duty;
use crate::systems::drivers::{Candidate, Command};
use crate::systems::vehicles::TYPES;
use crate::text::{self, View};

/// What can be done with drivers.
#[derive(Debug, Subcommand)]
pub enum DriverCommand {
    #[command(flatten)]
    Register(RegisterCommand<DriverFilters>),
    /// 谁在这段时间能出车 · Who may drive then: on duty, licensed, free and within the hours
    Free(When),
    /// 派驾驶员 · Take a driver up
    Assign {
        /// 驾驶员编号 · The driver's number
        driver_no: String,
        #[command(flatten)]
        when: When,
        /// 事由，如用车申请编号 · What for, such as the number of a request
        #[arg(long, default_value = "")]
        reason: String,
    },
    /// 取消任务 · Let a driver go again
    Release {
        /// 驾驶员编号 · The driver's number
        driver_no: String,
        /// 任务开始时间 · When the duty begins
        #[arg(long, value_parser = time)]
        from: Millis,
    },
    /// 某驾驶员的任务 · What a driver is taken up with
    Duties {
        /// 驾驶员编号 · The driver's number
        driver_no: String,
    },
}

/// A duty.
#[derive(Debug, Args)]
pub struct When {
    /// 开始时间（北京时间），如 \"2026-12-01 08:00\" · From (UTC+8)
    #[arg(long, value_parser = time)]
    from: Millis,
    /// 结束时间 · Until
    #[arg(long, value_parser = time)]
    until: Millis,
    /// 其中驾驶多少分钟 · Minutes of it at the wheel
    #[arg(long, value_name = "MINUTES")]
    wheel: i64,
    /// 车辆类型，如 大型客车 · The type of vehicle, such as large_bus
    #[arg(long = "type", value_parser = vehicle_type)]
    vehicle_type: Option<String>,
}

/// Filters of drivers.
#[derive(Debug, Args)]
pub struct DriverFilters {
    /// 准驾车型 · Licence class
    #[arg(long)]
    licence: Option<String>,
}

impl Filters for DriverFilters {
    fn wanted(&self, _: View) -> Vec<(&'static str, String)> {
        given([("licence_class", self.licence.clone())])
    }
}

impl DriverCommand {
    /// See [`RegisterCommand::run`].
    pub fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let lang = context.lang;
        match self {
            Self::Register(command) => command.run(context, Kind::Drivers),
            Self::Free(when) => {
                let &When { from, until, wheel: wheel_min, .. } = when;
                let wanted = Wanted { from, until, wheel_min, vehicle_type: when.vehicle_type.clone() };
                let found: Vec<Candidate> = context.node()?.get("drivers/free", &wanted)?;
                let text = text::candidates(lang, &found);
                Ok(Answer::new(found, text))
            }
            Self::Assign { driver_no, when, reason } => {
                let &When { from, until, wheel: wheel_min, .. } = when;
                let duty = Duty { from, until, wheel_min, reason: reason.clone() };
                let vehicle_type = when.vehicle_type.clone();
                told(
                    context,
                    driver_no,
                    &Command::Assign { driver_no: driver_no.clone(), duty, vehicle_type },
                )
            }
            Self::Release { driver_no, from } => {
                told(context, driver_no, &Command::Release { driver_no: driver_no.clone(), from: *from })
            }
            Self::Duties { driver_no } => {
                let whose = Whose { driver_no: driver_no.clone() };
                let duties: Vec<Duty> = context.node()?.get("drivers/duties", &whose)?;
                let text = text::duties(lang, &duties);
                Ok(Answer::new(duties, text))
            }
        }
    }
}

fn told(context: &Context, driver_no: &str, command: &Command) -> Result<Answer, Failure> {
    let duties: Vec<Duty> = context.node()?.post("drivers/duty", command)?;
    let text = text::driver_done(context.lang, driver_no, &duties);
    Ok(Answer::new(duties, text))
}

fn time(text: &str) -> Result<Millis, String> {
    calendar::parse(text).ok_or_else(|| "2026-12-01 08:00".to_owned())
}

fn vehicle_type(text: &str) -> Result<String, String> {
    let found = TYPES.iter().find(|(code, word)| *code == text || *word == text);
    let known = || TYPES.iter().map(|(code, word)| format!("{code} {word}")).collect::<Vec<_>>().join(" | ");
    found.map(|(code, _)| (*code).to_owned()).ok_or_else(known)
}
