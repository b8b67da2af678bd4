//! Registers on the command line: what each offers beyond what all of them do.

use clap::{Args, Subcommand};

use super::Answer;
use super::booking;
use super::context::Context;
use super::fleet::{Scrap, Supervise};
use super::handover::Transfer;
use super::list::Filters;
use super::register::RegisterCommand;
use crate::failure::Failure;
use crate::systems::Kind;
use crate::systems::summary::{AssetSummary, VehicleSummary};
use crate::text::{self, View};

/// What can be done with assets.
#[derive(Debug, Subcommand)]
pub enum AssetCommand {
    #[command(flatten)]
    Register(RegisterCommand<AssetFilters>),
    /// 预订一项共享资产 · Ask a member for an asset that it lists
    Reserve(booking::Reserve),
    /// 一项资产在一段时间内的占用 · When a listed asset is not free
    Calendar(booking::Calendar),
    /// 移交给其他成员，或接收 · Hand an asset to another member, or take one in
    #[command(subcommand)]
    Transfer(Transfer),
    /// 区域汇总：按成员和资产大类 · The regional table by member and top class
    Report,
}

/// What can be done with vehicles.
#[derive(Debug, Subcommand)]
pub enum VehicleCommand {
    #[command(flatten)]
    Register(RegisterCommand<VehicleFilters>),
    /// 查找某地某时可用的车辆 · Look for vehicles that are free, near first, then cheap
    Search(booking::Search),
    /// 预订一辆共享车辆 · Ask a member for a vehicle that it lists
    Book(booking::Reserve),
    /// 一辆车在一段时间内的占用 · When a listed vehicle is not free
    Calendar(booking::Calendar),
    /// 一段时间不外派（维修、自用），或取消 · Keep one's own vehicle or asset at home for a while
    Block(booking::BlockTime),
    /// 价目 · What vehicles cost
    #[command(subcommand)]
    Tariff(booking::TariffCommand),
    /// 跨省移交（调出、调入、退回、收回） · Hand a vehicle to another member, or take one in
    #[command(subcommand)]
    Transfer(Transfer),
    /// 区域汇总：按成员和车辆类型 · The regional table by member and type
    Report,
    /// 监督：超编、超标、超龄、油耗、检验保险、标识、闲置，附依据 · Which vehicles break which rule, with the evidence
    Supervision(Supervise),
    /// 报废：批准、回收证明、注销登记 · Scrapping: approval, the recycler's certificate, deregistration
    #[command(subcommand)]
    Scrap(Scrap),
}

/// Filters of assets.
#[derive(Debug, Args)]
pub struct AssetFilters {
    /// 资产分类代码，可只写前几位 · Asset class code, or the beginning of one
    #[arg(long)]
    class: Option<String>,
    /// 新旧程度 · Condition
    #[arg(long)]
    condition: Option<String>,
}

/// Filters of vehicles.
#[derive(Debug, Args)]
pub struct VehicleFilters {
    /// 车辆类型 · Vehicle type
    #[arg(long = "type")]
    vehicle_type: Option<String>,
    /// 燃料种类 · Fuel
    #[arg(long)]
    fuel: Option<String>,
    /// 仅当前空闲的 · Only those that are free now
    #[arg(long)]
    free: bool,
}

impl Filters for AssetFilters {
    fn wanted(&self, _: View) -> Vec<(&'static str, String)> {
        given([("asset_class_code", self.class.clone()), ("condition_code", self.condition.clone())])
    }
}

impl Filters for VehicleFilters {
    fn wanted(&self, view: View) -> Vec<(&'static str, String)> {
        // A listing says whether the vehicle is free; the register says what it does instead.
        let (column, free) = match view {
            View::Register | View::Kept(_) => ("vehicle_status", "idle"),
            View::Listings => ("free", "yes"),
        };
        given([
            ("vehicle_type", self.vehicle_type.clone()),
            ("fuel_type", self.fuel.clone()),
            (column, self.free.then(|| free.to_owned())),
        ])
    }
}

/// The filters that were given.
pub fn given<const N: usize>(filters: [(&'static str, Option<String>); N]) -> Vec<(&'static str, String)> {
    filters.into_iter().filter_map(|(column, value)| Some((column, value?))).collect()
}

impl AssetCommand {
    /// See [`RegisterCommand::run`].
    pub fn run(&self, context: &Context) -> Result<Answer, Failure> {
        match self {
            Self::Register(command) => command.run(context, Kind::Assets),
            Self::Transfer(transfer) => transfer.run(context, Kind::Assets),
            Self::Reserve(ask) => ask.run(context),
            Self::Calendar(calendar) => calendar.run(context),
            Self::Report => {
                let rows: Vec<AssetSummary> = context.node()?.get("assets/report", &NONE)?;
                let text = text::assets(context.lang, &rows);
                Ok(Answer::new(rows, text))
            }
        }
    }
}

impl VehicleCommand {
    /// See [`RegisterCommand::run`].
    pub fn run(&self, context: &Context) -> Result<Answer, Failure> {
        match self {
            Self::Register(command) => command.run(context, Kind::Vehicles),
            Self::Transfer(transfer) => transfer.run(context, Kind::Vehicles),
            Self::Search(search) => search.run(context),
            Self::Book(ask) => ask.run(context),
            Self::Calendar(calendar) => calendar.run(context),
            Self::Block(block) => block.run(context),
            Self::Tariff(command) => command.run(context),
            Self::Report => {
                let rows: Vec<VehicleSummary> = context.node()?.get("vehicles/report", &NONE)?;
                let text = text::vehicles(context.lang, &rows);
                Ok(Answer::new(rows, text))
            }
            Self::Supervision(supervise) => supervise.run(context),
            Self::Scrap(scrap) => scrap.run(context),
        }
    }
}

/// A request without a query.
const NONE: [(&str, &str); 0] = [];
