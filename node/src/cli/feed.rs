//! `xietong feed`: what changed, as JSON lines for a platform that follows. Its answer has no words.

use std::io::{self, Write};

use super::Answer;
use super::context::Context;
use crate::failure::{Failure, Obstacle};
use crate::files::{FileAction, FileFailure};
use crate::http::feed::{FeedQuery, Line};

/// From where on, and whether to stay.
#[derive(Debug, clap::Args)]
pub struct Feed {
    /// 上次输出末行的 cursor；不写则从头开始，now 则只看此后 · The cursor of the last line told; left out: from the beginning; now: what comes
    #[arg(long, default_value = "", value_name = "CURSOR")]
    since: String,
    /// 不退出，有变化即输出 · Stay, and tell what comes
    #[arg(long)]
    follow: bool,
}

/// How long a request waits while following.
const WAIT_S: u64 = 30;

impl Feed {
    /// Needs the running node. Lines go out as they come: a whole feed need not fit into memory.
    pub fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let node = context.node()?;
        let mut query = FeedQuery { since: self.since.clone(), wait_s: if self.follow { WAIT_S } else { 0 } };
        loop {
            let lines: Vec<Line> = node.get_lines("feed", &query)?;
            let is_end = !self.follow && lines.len() <= 1;
            for line in &lines {
                if let Line::End { cursor } = line {
                    query.since.clone_from(cursor);
                }
            }
            if is_end {
                let end =
                    lines.last().map(|line| serde_json::to_value(line).expect(MADE)).unwrap_or_default();
                return Ok(Answer::new(&end, end.to_string()));
            }
            print(lines.iter().filter(|line| self.follow || !matches!(line, Line::End { .. })))?;
        }
    }
}

fn print<'a>(lines: impl Iterator<Item = &'a Line>) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    let write = || {
        for line in lines {
            writeln!(out, "{}", serde_json::to_string(line).expect(MADE))?;
        }
        out.flush()
    };
    let failed = |source| FileFailure { action: FileAction::Replace, path: "-".into(), source };
    write().map_err(|source| Obstacle::File(failed(source)).into())
}

const MADE: &str = "lines are made of texts, numbers and lists";
