//! Where a guide is played: a folder with the demo data, free ports, variables, and the nodes that were started.
//! Everything is gone when it is dropped.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep, timeout};
use xietong::cli::demo::province::free_port;

use super::guide::{Setting, Step};
use super::pattern::{matches, redact};
use super::words::{CommandLine, Variables, expand};

/// What carries the exchange between nodes.
#[derive(Clone, Copy)]
pub enum Transport {
    /// Over UDP.
    Quic,
    /// Where UDP is blocked.
    Tcp,
}

/// What a command said.
pub struct Answer {
    /// Standard output, then standard error.
    pub lines: Vec<String>,
    /// Its exit code.
    pub exit: i32,
}

/// The stage.
pub struct Stage {
    folder: TempDir,
    locale: String,
    variables: Variables,
    nodes: Vec<Node>,
}

/// A process in the background.
struct Node {
    line: usize,
    process: Child,
    output: PathBuf,
}

/// Whose homes and addresses are variables.
const MEMBERS: [&str; 4] = ["HLJ", "JL", "LN", "BJ"];
/// A command that takes longer hangs.
const COMMAND_TIME_MAX: Duration = Duration::from_secs(60);
/// How long a command is repeated, a node may take to answer, and to end.
const WAIT_MAX: Duration = Duration::from_secs(20);
/// Between two attempts.
const PAUSE: Duration = Duration::from_millis(100);
/// Of what a node said, when something went wrong.
const NODE_LINES_SHOWN: usize = 20;

impl Stage {
    /// An empty stage.
    pub fn build(transport: Transport, locale: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config");
        copy_folder(&config, &folder.path().join("config"));
        let mut variables = Variables::new();
        for member in MEMBERS {
            let port = free_port().expect("a free port");
            let home = folder.path().join(member.to_lowercase());
            variables.insert(member.to_owned(), home.display().to_string());
            variables.insert(format!("{member}_ADDRESS"), transport.address(port));
        }
        Self { folder, locale: locale.to_owned(), variables, nodes: Vec::new() }
    }

    /// Puts lines into a file.
    pub fn set(&self, setting: &Setting) -> Result<(), String> {
        let failed = |reason: String| format!("{}: {reason}", setting.line);
        let path = self.folder.path().join(expand(&setting.file, &self.variables).map_err(failed)?);
        let mut text = fs::read_to_string(&path).map_err(|error| failed(error.to_string()))?;
        for line in &setting.lines {
            let line = expand(line, &self.variables).map_err(failed)?;
            text = replace_setting(&text, &line).map_err(failed)?;
        }
        fs::write(&path, text).map_err(|error| failed(error.to_string()))
    }

    /// Writes a file.
    pub fn write(&self, file: &Setting) -> Result<(), String> {
        let failed = |reason: String| format!("{}: {reason}", file.line);
        let path = self.folder.path().join(expand(&file.file, &self.variables).map_err(failed)?);
        let text: String = file.lines.iter().map(|line| format!("{line}\n")).collect();
        fs::write(&path, text).map_err(|error| failed(error.to_string()))
    }

    /// Gives a command, again and again if it waits for something. The answer, and whether it differs from what
    /// the guide says.
    pub async fn give(&mut self, step: &Step) -> Result<(Answer, bool), String> {
        let failed = |reason: String| format!("{}: $ {}\n{reason}", step.line, step.command);
        let line = CommandLine::read(&step.command, &self.variables).map_err(failed)?;
        if line.is_background {
            self.start(step, &line).await.map_err(failed)?;
            return Ok((Answer { lines: Vec::new(), exit: 0 }, false));
        }
        let expand = |line: &String| expand(line, &self.variables);
        let expected: Vec<_> = step.expected.iter().map(expand).collect::<Result<_, _>>().map_err(failed)?;
        let end = Instant::now() + if step.waits { WAIT_MAX } else { Duration::ZERO };
        loop {
            let answer = self.execute(&line).await.map_err(failed)?;
            let differs = answer.exit != step.exit || !matches(&expected, &answer.lines);
            if !differs || Instant::now() >= end {
                return Ok((answer, differs));
            }
            sleep(PAUSE).await;
        }
    }

    /// An answer without what is different on each stage and each time.
    pub fn redact(&self, answer: Answer) -> Answer {
        let mut values: Vec<_> = self.variables.iter().collect();
        values.sort_by_key(|(_, value)| std::cmp::Reverse(value.len()));
        let named = |line: String| {
            values.iter().fold(line, |line, (name, value)| line.replace(*value, &format!("${name}")))
        };
        Answer { lines: answer.lines.into_iter().map(|line| redact(&named(line))).collect(), ..answer }
    }

    /// Waits until every node has ended, and in order.
    pub async fn nodes_have_stopped(&mut self) -> Result<(), String> {
        for node in &mut self.nodes {
            let ended = timeout(WAIT_MAX, node.process.wait()).await;
            match ended {
                Ok(Ok(status)) if status.success() => {}
                Ok(Ok(status)) => return Err(format!("{}: the node ended with {status}", node.line)),
                Ok(Err(error)) => return Err(format!("{}: {error}", node.line)),
                Err(_) => return Err(format!("{}: the node has not ended", node.line)),
            }
        }
        Ok(())
    }

    /// The last lines of every node.
    pub fn told_by_nodes(&self) -> String {
        let told = |node: &Node| {
            let text = fs::read_to_string(&node.output).unwrap_or_default();
            let lines: Vec<_> = text.lines().collect();
            let last = lines[lines.len().saturating_sub(NODE_LINES_SHOWN)..].join("\n");
            format!("-- the node of line {}:\n{last}\n", node.line)
        };
        self.nodes.iter().map(told).collect()
    }

    /// Starts a node and waits until it answers.
    async fn start(&mut self, step: &Step, line: &CommandLine) -> Result<(), String> {
        let output = self.folder.path().join(format!("node-{}.txt", step.line));
        let file =
            || File::options().create(true).append(true).open(&output).map_err(|error| error.to_string());
        let mut command = self.command(&line.words)?;
        let process = command.stdout(file()?).stderr(file()?).spawn().map_err(|error| error.to_string())?;
        self.nodes.push(Node { line: step.line, process, output });
        let words = line.words.iter().map(|word| if word == "run" { "status" } else { word });
        let words = words.map(str::to_owned).collect();
        let question = CommandLine { words, output: None, is_background: false };
        let end = Instant::now() + WAIT_MAX;
        while self.execute(&question).await?.exit != 0 {
            if let Some(status) = self.last_node_ended() {
                return Err(format!("the node ended with {status}"));
            }
            if Instant::now() >= end {
                return Err("the node does not answer".to_owned());
            }
            sleep(PAUSE).await;
        }
        Ok(())
    }

    fn last_node_ended(&mut self) -> Option<ExitStatus> {
        self.nodes.last_mut().and_then(|node| node.process.try_wait().ok().flatten())
    }

    async fn execute(&self, line: &CommandLine) -> Result<Answer, String> {
        if let [program, from, to] = &line.words[..]
            && ["cp", "mv"].contains(&program.as_str())
        {
            let inside = |name: &String| self.folder.path().join(name);
            let moved = match program.as_str() {
                "mv" => fs::rename(inside(from), inside(to)),
                _ => fs::copy(inside(from), inside(to)).map(drop),
            };
            moved.map_err(|error| error.to_string())?;
            return Ok(Answer { lines: Vec::new(), exit: 0 });
        }
        let run = self.command(&line.words)?.output();
        let run = timeout(COMMAND_TIME_MAX, run).await;
        let run = run.map_err(|_| "it does not end".to_owned())?.map_err(|error| error.to_string())?;
        let mut said = String::new();
        match &line.output {
            Some(file) => {
                let path = self.folder.path().join(file);
                fs::write(path, &run.stdout).map_err(|error| error.to_string())?;
            }
            None => said += &String::from_utf8_lossy(&run.stdout),
        }
        said += &String::from_utf8_lossy(&run.stderr);
        let lines = said.trim_end().lines().map(|line| line.trim_end().to_owned()).collect();
        Ok(Answer { lines, exit: run.status.code().unwrap_or(EXIT_BY_SIGNAL) })
    }

    /// Ready to be started; it ends when it is no longer held.
    fn command(&self, words: &[String]) -> Result<Command, String> {
        let Some(arguments) = words.strip_prefix(&["xietong".to_owned()]) else {
            return Err(format!("a guide cannot use {}", words[0]));
        };
        let mut command = Command::new(env!("CARGO_BIN_EXE_xietong"));
        command.args(arguments).current_dir(self.folder.path()).stdin(Stdio::null()).kill_on_drop(true);
        command.env("LC_ALL", &self.locale).env("HOME", self.folder.path()).env_remove("XIETONG_HOME");
        command.env("XIETONG_PASSPHRASE", PASSPHRASE);
        Ok(command)
    }
}

/// Of every seal key on a stage.
const PASSPHRASE: &str = "four plain words";
/// What the answer of a process has that a signal ended.
const EXIT_BY_SIGNAL: i32 = -1;

impl Answer {
    /// What was said and what should have been, for whoever looks for the reason.
    pub fn against(&self, step: &Step) -> String {
        let shown = |lines: &[String]| lines.iter().map(|line| format!("    {line}\n")).collect::<String>();
        let (line, command) = (step.line, &step.command);
        let (expected, said) = (shown(&step.expected), shown(&self.lines));
        let (wanted, exit) = (step.exit, self.exit);
        format!(
            "{line}: $ {command}\nexpected, with exit code {wanted}:\n{expected}said, with {exit}:\n{said}"
        )
    }
}

impl Transport {
    fn address(self, port: u16) -> String {
        match self {
            Self::Quic => format!("/ip4/127.0.0.1/udp/{port}/quic-v1"),
            Self::Tcp => format!("/ip4/127.0.0.1/tcp/{port}"),
        }
    }
}

/// The text with `key = value` in place of the one line that sets that key.
fn replace_setting(text: &str, setting: &str) -> Result<String, String> {
    let key = setting.split('=').next().unwrap_or_default().trim();
    let sets = |line: &&str| line.split_once('=').is_some_and(|(name, _)| name.trim() == key);
    match text.lines().filter(sets).count() {
        1 => {
            Ok(text.lines().map(|line| if sets(&line) { setting } else { line }.to_owned() + "\n").collect())
        }
        count => Err(format!("{count} lines set {key}")),
    }
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("the stage is ours");
    for entry in fs::read_dir(from).expect("part of the source").flatten() {
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() {
            copy_folder(&from, &to);
        } else {
            fs::copy(from, to).expect("the stage is ours");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_replaces_the_one_line_that_has_its_key() {
        assert_eq!(replace_setting("a = 1\nb = 2\n", "b = 3"), Ok("a = 1\nb = 3\n".to_owned()));
        assert_eq!(replace_setting("a = 1\n", "b = 3"), Err("0 lines set b".to_owned()));
        assert_eq!(replace_setting("a = 1\na = 2\n", "a = 3"), Err("2 lines set a".to_owned()));
    }
}
