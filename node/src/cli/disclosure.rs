//! `xietong explain` and `xietong disclosure`: why a member can or cannot see a record, what would leave under an
//! agreement before it is approved, and what has left. Changes nothing.

use std::path::{Path, PathBuf};

use serde::Serialize;
use xietong_proto::id::{MemberCode, Position};

use super::Answer;
use super::caller::Caller;
use super::context::{Context, read_agreement};
use super::csv_file::{BYTE_ORDER_MARK, csv_text};
use crate::failure::Failure;
use crate::files;
use crate::http::disclosure::{Explain, Line, Previewed, Read, Sent, Spoken};
use crate::machine::Explanation;
use crate::text::{self, Lang};

/// A member and a record.
#[derive(Debug, clap::Args)]
pub struct ExplainArgs {
    /// 成员代码 · The member that wants to see it
    peer: MemberCode,
    /// 台账编号或共享编号 · A record's id in the register, or its listing number
    record: String,
}

/// What can be asked about what leaves.
#[derive(Debug, clap::Subcommand)]
pub enum DisclosureCommand {
    /// 批准前预览：按领域和原因计数，附示例 · What would leave under an agreement, before it is approved
    Preview {
        /// 协议文件，批准与否均可 · An agreement file, approved or not
        file: PathBuf,
    },
    /// 已对外提供：什么、给谁、何时起、谁已签收 · What has left, to whom, since when, who has signed for it
    Log {
        /// 只看给这个成员的 · Only what went to this member
        #[arg(long, value_name = "CODE")]
        peer: Option<MemberCode>,
        /// 逐条输出 CSV · Every record, as CSV
        #[arg(long, conflicts_with = "json")]
        csv: bool,
    },
}

impl ExplainArgs {
    /// Needs the running node.
    pub fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let asked = Explain { peer: self.peer, record: self.record.clone() };
        let explanation: Explanation = context.node()?.get("explain", &asked)?;
        let text = text::explanation(context.lang, &explanation);
        Ok(Answer::new(explanation, text))
    }
}

impl DisclosureCommand {
    /// Needs the running node.
    pub fn run(&self, context: &Context) -> Result<Answer, Failure> {
        match self {
            Self::Preview { file } => preview(context, file),
            Self::Log { peer, csv } => log(context, *peer, *csv),
        }
    }
}

/// What has left in one system under one agreement, record by record: the stable shape for programs.
#[derive(Serialize)]
struct Told {
    #[serde(flatten)]
    sent: Sent,
    lines: Vec<Line>,
}

/// The node judges the file again; what can be seen here is refused without asking it.
fn preview(context: &Context, path: &Path) -> Result<Answer, Failure> {
    read_agreement(path)?;
    let previewed: Previewed = context.node()?.post_text("disclosure/preview", files::read(path)?)?;
    let text = text::preview(context.lang, &previewed);
    Ok(Answer::new(previewed, text))
}

fn log(context: &Context, peer: Option<MemberCode>, csv: bool) -> Result<Answer, Failure> {
    let node = context.node()?;
    let mut sent: Vec<Sent> = node.get("disclosure/log", &())?;
    sent.retain(|sent| peer.is_none_or(|peer| sent.to.contains(&peer)));
    if !csv && !context.json {
        return Ok(Answer::new((), text::disclosed(context.lang, &sent)));
    }
    let told = |sent: Sent| Ok(Told { lines: lines(&node, &sent)?, sent });
    let told: Vec<Told> = sent.into_iter().map(told).collect::<Result<_, Failure>>()?;
    let text = if csv { sheet(context.lang, &told) } else { String::new() };
    Ok(Answer::new(told, text))
}

/// Piece by piece, so that no answer of the node is large.
fn lines(node: &Caller, sent: &Sent) -> Result<Vec<Line>, Failure> {
    let (mut lines, mut from) = (Vec::new(), Some(Position(1)));
    while let Some(position) = from {
        let peer = sent.to.first().copied().filter(|_| sent.alone);
        let asked = Read { agreement: sent.agreement, system: sent.system, peer, from: position };
        let spoken: Spoken = node.get("disclosure/entries", &asked)?;
        lines.extend(spoken.lines);
        from = spoken.next;
    }
    Ok(lines)
}

fn sheet(lang: Lang, told: &[Told]) -> String {
    let rows = told.iter().flat_map(|told| told.lines.iter().map(|line| text::told(lang, &told.sent, line)));
    let all: Vec<_> = std::iter::once(text::told_header(lang)).chain(rows).collect();
    match lang {
        Lang::Zh => BYTE_ORDER_MARK.to_owned() + &csv_text(all.iter()),
        Lang::En => csv_text(all.iter()),
    }
}
