//! One province of the demo: a home, and a process of this program that runs its node. Everything is asked of
//! it as an operator would ask, by commands that are processes too. The process ends with the value.

use std::fs;
use std::io::ErrorKind;
use std::net::{TcpListener, UdpSocket};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use serde::de::DeserializeOwned;
use serde_json::Value;
use xietong_proto::id::MemberCode;

use super::data::Member;
use crate::cli::caller::Caller;
use crate::cli::context::{Context, Globals};
use crate::failure::{DemoFailure, Expected, Failure, Obstacle};
use crate::files::{FileAction, FileFailure};
use crate::http::node::NodeStatus;
use crate::keys;
use crate::text::Lang;

/// What carries the exchange between nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// Over UDP.
    Quic,
    /// Where UDP is blocked.
    Tcp,
}

/// Where provinces are made.
#[derive(Clone, Debug)]
pub struct Stage {
    /// This program.
    pub program: PathBuf,
    /// The folder for homes and files.
    pub work: PathBuf,
    /// In which language answers are given.
    pub lang: Lang,
    /// How nodes reach each other.
    pub transport: Transport,
}

/// A province with its node.
pub struct Province {
    /// Who.
    pub member: Member,
    /// Its home folder.
    pub home: PathBuf,
    /// Where others dial it.
    pub address: String,
    stage: Stage,
    process: Option<Child>,
}

/// Of every seal key in the demo.
pub const PASSPHRASE: &str = "xietong demo";
/// Between two looks at something that is about to happen.
pub const LOOK_PAUSE: Duration = Duration::from_millis(5);
/// How long anything may take that is about to happen.
pub const PATIENCE: Duration = Duration::from_secs(60);

impl Province {
    /// Makes the home in the stage's folder; a node that is `silent` has no address on its card.
    pub fn make(member: Member, stage: &Stage, is_silent: bool) -> Result<Self, Failure> {
        let port = free_port().map_err(file(&stage.work))?;
        let province = Self {
            member,
            home: stage.work.join(member.code),
            address: match stage.transport {
                Transport::Quic => format!("/ip4/127.0.0.1/udp/{port}/quic-v1"),
                Transport::Tcp => format!("/ip4/127.0.0.1/tcp/{port}"),
            },
            stage: stage.clone(),
            process: None,
        };
        let Member { code, name, uscc, telephone, .. } = member;
        let address = province.address.as_str();
        let init = ["init", "--code", code, "--name", name, "--uscc", uscc];
        let mut init = [&init[..], &["--telephone", telephone]].concat();
        if !is_silent {
            init.extend(["--address", address]);
        }
        province.give(&init)?;
        province.listen_only_here()?;
        Ok(province)
    }

    /// Its code.
    pub fn code(&self) -> MemberCode {
        self.member.member_code()
    }

    /// Gives a command that must be done; its answer.
    pub fn give(&self, arguments: &[&str]) -> Result<Value, Failure> {
        let said = self.execute(arguments)?;
        if !said.status.success() {
            return Err(self.unexpected(arguments, &said));
        }
        serde_json::from_slice(&said.stdout).map_err(|_| self.unexpected(arguments, &said))
    }

    /// Gives a command whose answer is one of this program's own shapes.
    pub fn ask<T: DeserializeOwned>(&self, arguments: &[&str]) -> Result<T, Failure> {
        let answer = self.give(arguments)?;
        serde_json::from_value(answer).map_err(|error| {
            let (command, said) = (arguments.join(" "), error.to_string());
            DemoFailure::DemoCommand { member: self.code(), command, said }.into()
        })
    }

    /// Gives a command that must be refused; the reason.
    pub fn refused(&self, arguments: &[&str]) -> Result<String, Failure> {
        let said = self.execute(arguments)?;
        let told: Option<Value> = serde_json::from_slice(&said.stderr).ok();
        let reason = told.as_ref().and_then(|told| told["message"].as_str());
        match (said.status.success(), reason) {
            (false, Some(reason)) => Ok(reason.to_owned()),
            (true, _) | (false, None) => Err(self.unexpected(arguments, &said)),
        }
    }

    /// Starts the node and waits until it answers.
    pub fn start(&mut self) -> Result<(), Failure> {
        let log = self.stage.work.join(format!("{}.node.log", self.member.code));
        let output = fs::File::options().create(true).append(true).open(&log).map_err(file(&log))?;
        let errors = output.try_clone().map_err(file(&log))?;
        let mut command = self.command(&["run"]);
        let process = command.stdout(output).stderr(errors).spawn().map_err(file(&self.stage.program))?;
        self.process = Some(process);
        let expected = Expected::NodeAnswers { member: self.code() };
        await_it(expected, || self.has_ended() || self.status().is_ok())?;
        if self.has_ended() { Err(self.ended(&log)) } else { Ok(()) }
    }

    /// What the node said last.
    fn ended(&self, log: &Path) -> Failure {
        let said = fs::read_to_string(log).unwrap_or_default();
        let said = said.lines().last().unwrap_or_default().to_owned();
        DemoFailure::DemoCommand { member: self.code(), command: "run".to_owned(), said }.into()
    }

    fn has_ended(&mut self) -> bool {
        self.process.as_mut().is_none_or(|process| !matches!(process.try_wait(), Ok(None)))
    }

    /// The number of the node's process, as `ps` shows it.
    pub fn process_id(&self) -> Option<u32> {
        self.process.as_ref().map(Child::id)
    }

    /// Ends the node without a word, as `kill -9` does.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            // It may have ended by itself.
            let _ = process.kill();
            let _ = process.wait();
        }
    }

    /// To the running node.
    pub fn caller(&self) -> Result<Caller, Failure> {
        let globals = Globals { home: Some(self.home.clone()), json: true, lang: Some(self.stage.lang) };
        Context::new(&globals).node()
    }

    /// How the node stands.
    pub fn status(&self) -> Result<NodeStatus, Failure> {
        self.caller()?.get("status", &())
    }

    fn execute(&self, arguments: &[&str]) -> Result<Output, Failure> {
        self.command(arguments)
            .arg("--json")
            .output()
            .map_err(|source| file(&self.stage.program)(source).into())
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.stage.program);
        command.current_dir(&self.stage.work).stdin(Stdio::null()).args(arguments);
        command.env("XIETONG_PASSPHRASE", PASSPHRASE);
        command.arg("--home").arg(&self.home).arg("--lang").arg(match self.stage.lang {
            Lang::Zh => "zh",
            Lang::En => "en",
        });
        command
    }

    fn unexpected(&self, arguments: &[&str], said: &Output) -> Failure {
        let said = [&said.stdout[..], &said.stderr[..]].concat();
        DemoFailure::DemoCommand {
            member: self.code(),
            command: arguments.join(" "),
            said: String::from_utf8_lossy(&said).trim().to_owned(),
        }
        .into()
    }

    /// The demo is nobody's business outside this machine, and needs little room on it.
    fn listen_only_here(&self) -> Result<(), Failure> {
        let path = self.home.join("config.toml");
        let text = fs::read_to_string(&path).map_err(file(&path))?;
        let line = |line: &str| match line.split_once(" = ") {
            Some(("listen", _)) => format!("listen = [\"{}\"]\n", self.address),
            Some(("reserve_mib", _)) => "reserve_mib = 16\n".to_owned(),
            Some(_) | None => format!("{line}\n"),
        };
        fs::write(&path, text.lines().map(line).collect::<String>()).map_err(file(&path))?;
        Ok(())
    }
}

impl Drop for Province {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Looks again and again until something has come about.
pub fn await_it(expected: Expected, mut is_so: impl FnMut() -> bool) -> Result<(), Failure> {
    let begun = Instant::now();
    while !is_so() {
        if begun.elapsed() > PATIENCE {
            return Err(DemoFailure::DemoBroken { expected }.into());
        }
        std::thread::sleep(LOOK_PAUSE);
    }
    Ok(())
}

/// A machine failure with a file of the demo.
pub fn file(path: &Path) -> impl FnOnce(std::io::Error) -> Obstacle {
    let path = path.to_owned();
    move |source| Obstacle::File(FileFailure { action: FileAction::Create, path, source })
}

/// A port that nobody uses now, for UDP and TCP, and that is given to nobody else here. Below those from which Linux gives
/// to whoever dials: one of these could be taken again before a node listens, or while one that was killed is away.
pub fn free_port() -> std::io::Result<u16> {
    static NEXT: LazyLock<AtomicU16> = LazyLock::new(|| u16::from_be_bytes(keys::draw()).into());
    loop {
        let port = PORTS.start + NEXT.fetch_add(1, Ordering::Relaxed) % PORTS.end.abs_diff(PORTS.start);
        let free = UdpSocket::bind(("127.0.0.1", port)).and(TcpListener::bind(("127.0.0.1", port)));
        match free {
            Err(error) if error.kind() == ErrorKind::AddrInUse => {}
            free => return free.map(|_| port),
        }
    }
}

const PORTS: Range<u16> = 16_384..32_768;
