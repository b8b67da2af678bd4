//! The command line: reads arguments, does one thing, says what happened. To add a command: a file with an
//! argument type and its `run`, a variant of [`Command`] and its arm; that of a register comes with it. Words come
//! from `text`; the store of a live node is never opened here.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use serde::Serialize;
use serde_json::{Value, json};

use crate::failure::{EXIT_CODES, Exit, Failure};
use crate::text;
use context::{Context, Globals};

mod agreement;
mod audit;
mod backup;
mod booking;
mod bundle;
pub mod caller;
mod config;
pub mod context;
mod csv_file;
pub mod demo;
mod disclosure;
mod doctor;
mod driver;
mod energy;
mod evidence;
mod feed;
mod fleet;
mod handover;
mod import;
mod init;
mod kinds;
mod list;
mod log;
mod member;
mod node;
mod register;
mod run;
mod seal;
#[cfg(test)]
mod tests;
mod token;

/// 协同：各省机关事务管理局之间的数据节点 · xietong: a node of a federation of government offices
#[derive(Debug, Parser)]
#[command(name = "xietong", version, after_help = EXIT_CODES)]
pub struct Cli {
    #[command(flatten)]
    globals: Globals,
    #[command(subcommand)]
    command: Command,
}

/// What an operator can ask for.
#[derive(Debug, Subcommand)]
enum Command {
    /// 演示：三个省、三个进程、十个步骤 · Three provinces on this machine, in ten steps
    Demo(demo::Demo),
    /// 建立本单位的节点 · Make this member's node
    Init(init::Init),
    /// 运行节点 · Run the node
    Run(run::Run),
    #[command(flatten)]
    Register(register::PlainRegister),
    /// 资产 · Assets
    #[command(subcommand)]
    Asset(kinds::AssetCommand),
    /// 公务用车 · Vehicles
    #[command(subcommand)]
    Vehicle(kinds::VehicleCommand),
    /// 驾驶员（只在本单位） · Drivers; they never leave
    #[command(subcommand)]
    Driver(driver::DriverCommand),
    /// 能耗 · Energy
    #[command(subcommand)]
    Energy(energy::EnergyCommand),
    /// 变化数据流（JSON 行），可从断点继续 · What changed, as JSON lines, from a cursor on
    Feed(feed::Feed),
    /// 预订：答复、确认、出车、交回、结算 · Requests for vehicles and assets, from the answer to the settlement
    #[command(subcommand)]
    Booking(booking::BookingCommand),
    /// 本单位参与的全部预订 · All requests that this member takes part in
    Bookings(booking::Bookings),
    /// 月度往来账：按成员的应付、应收、净额 · The accounts of a month: what is owed, by member
    Bill(booking::BillMonth),
    /// 节点、成员、同步、磁盘的状况 · How the node stands: peers, streams, disk, what waits
    Status,
    /// 节点是否正常，供监控使用 · Whether the node is well, for monitoring
    Health,
    /// 某成员为什么能或不能看到一条记录 · Why a member can or cannot see a record
    Explain(disclosure::ExplainArgs),
    /// 对外提供：批准前会提供什么，已提供什么 · What would leave, and what has left
    #[command(subcommand)]
    Disclosure(disclosure::DisclosureCommand),
    /// 诊断：从新节点到能用的成员，每项附处理办法 · What stands between this node and its peers, and what to do
    Doctor(doctor::Doctor),
    /// 停止节点 · Stop the node
    Stop,
    /// 平台用的令牌 · Tokens for platforms
    #[command(subcommand)]
    Token(token::TokenCommand),
    /// 操作记录 · Who did what
    #[command(subcommand)]
    Audit(audit::AuditCommand),
    /// 让成员离开或回到网络 · Take members off the network and back
    #[command(subcommand)]
    Peer(node::PeerCommand),
    /// 数据日志 · The data log
    #[command(subcommand)]
    Log(log::LogCommand),
    /// 备份本节点，加密，可在运行时执行 · Back up this node, encrypted, also while it runs
    Backup(backup::Backups),
    /// 从备份恢复到空的主目录 · Make a home of a backup
    Restore(backup::Restore),
    /// 离线包：与连不上网络的成员交换数据 · Bundles: exchange with a member that no network reaches
    #[command(subcommand)]
    Bundle(bundle::BundleCommand),
    /// 证据：一条记录或一处分叉，连同全部佐证，一个文件 · Evidence: a record or a fork with all that proves it
    #[command(subcommand)]
    Evidence(evidence::EvidenceCommand),
    /// 配置 · The configuration
    #[command(subcommand)]
    Config(config::ConfigCommand),
    /// 成员名片 · Member cards
    #[command(subcommand)]
    Member(member::MemberCommand),
    /// 合作协议 · Agreements
    #[command(subcommand)]
    Agreement(agreement::AgreementCommand),
}

/// What a command answers: the same for programs and for people.
#[derive(Debug)]
pub struct Answer {
    /// For `--json`; its shape is stable.
    pub json: Value,
    /// For standard output; a whole file where the command makes one.
    pub text: String,
    /// For people only, beside the answer.
    pub note: Option<String>,
    /// What the process says to its caller.
    pub exit: Exit,
}

impl Answer {
    /// An answer without a note.
    pub fn new(json: impl Serialize, text: String) -> Self {
        let json = serde_json::to_value(json).expect("answers are made of texts, numbers and lists");
        Self { json, text, note: None, exit: Exit::Done }
    }
}

impl Cli {
    /// Does what was asked.
    pub fn run(&self) -> (Context, Result<Answer, Failure>) {
        let context = Context::new(&self.globals);
        let done = self.command.run(&context);
        (context, done)
    }
}

impl Command {
    fn run(&self, context: &Context) -> Result<Answer, Failure> {
        match self {
            Self::Demo(demo) => demo.run(context),
            Self::Init(init) => init.run(context),
            Self::Run(run) => run.run(context),
            Self::Register(command) => command.run(context),
            Self::Asset(command) => command.run(context),
            Self::Vehicle(command) => command.run(context),
            Self::Driver(command) => command.run(context),
            Self::Energy(command) => command.run(context),
            Self::Feed(feed) => feed.run(context),
            Self::Booking(command) => command.run(context),
            Self::Bookings(bookings) => bookings.run(context),
            Self::Bill(month) => month.run(context),
            Self::Status => node::status(context),
            Self::Health => node::health(context),
            Self::Explain(explain) => explain.run(context),
            Self::Disclosure(command) => command.run(context),
            Self::Doctor(doctor) => doctor.run(context),
            Self::Stop => node::stop(context),
            Self::Token(command) => command.run(context),
            Self::Audit(command) => command.run(context),
            Self::Peer(command) => command.run(context),
            Self::Log(command) => command.run(context),
            Self::Backup(command) => command.run(context),
            Self::Restore(command) => command.run(context),
            Self::Bundle(command) => command.run(context),
            Self::Evidence(command) => command.run(context),
            Self::Config(command) => command.run(context),
            Self::Member(command) => command.run(context),
            Self::Agreement(command) => command.run(context),
        }
    }
}

/// Reads the process's arguments, does what they ask and says what happened: answers on standard output,
/// notes and failures on standard error. Fails only if it cannot say it.
pub fn main() -> io::Result<ExitCode> {
    let (context, done) = Cli::parse().run();
    match done {
        Ok(answer) => {
            print(&context, &answer)?;
            Ok(answer.exit.into())
        }
        Err(failure) => {
            let message = text::failure(context.lang, &failure);
            let line = if context.json {
                json!({ "error": failure, "message": message }).to_string()
            } else {
                message
            };
            writeln!(io::stderr(), "{line}")?;
            Ok(failure.exit().into())
        }
    }
}

fn print(context: &Context, answer: &Answer) -> io::Result<()> {
    if context.json {
        return writeln!(io::stdout(), "{}", answer.json);
    }
    writeln!(io::stdout(), "{}", answer.text.trim_end())?;
    match &answer.note {
        Some(note) => writeln!(io::stderr(), "{note}"),
        None => Ok(()),
    }
}
