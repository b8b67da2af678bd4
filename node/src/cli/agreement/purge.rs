//! `xietong agreement purge` and `purged`: gives up what a member said from whom this one is parted, and checks what another
//! says that it has given up.

use std::path::{Path, PathBuf};

use serde::Serialize;
use xietong_proto::id::MemberCode;

use super::super::Answer;
use super::super::context::{Context, read_paper};
use super::chosen::Which;
use crate::failure::{Failure, Obstacle, VersionRefusal};
use crate::files;
use crate::http::epochs::{GivenUp, GivingUp};
use crate::papers::purge::{PurgeCopy, PurgeFile};
use crate::text::{self, PURGE_COMMENT};

/// Of whom what is given up.
#[derive(Debug, clap::Args)]
pub struct Purge {
    /// 成员代码 · The member whose records are given up
    author: MemberCode,
    #[command(flatten)]
    which: Which,
    /// 清除回执写入文件而不是输出 · Write the receipt to a file
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// 不再询问 · Do not ask
    #[arg(long)]
    yes: bool,
}

/// The stable shape of a purge for programs.
#[derive(Serialize)]
struct Report {
    #[serde(flatten)]
    copy: PurgeCopy,
    is_new: bool,
    /// The whole file, where it is written nowhere else.
    #[serde(skip_serializing_if = "Option::is_none")]
    paper: Option<String>,
}

impl Purge {
    /// Asks, for nothing brings it back, and hands over the receipt.
    pub fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let status = self.which.one(context)?.status;
        let question = text::ask_purge(context.lang, self.author);
        let leaves = text::purge_leaves(context.lang);
        if !self.yes && !context.confirms(&leaves, &question) {
            return Err(Obstacle::NotConfirmed.into());
        }
        let asked = format!("agreements/{}/purge", status.agreement);
        let GivenUp { exact, is_new } = context.node()?.post(&asked, &GivingUp { author: self.author })?;
        let file = exact.open().map_err(|refusal| VersionRefusal::VersionRefused { refusal })?;
        let paper = PURGE_COMMENT.to_owned() + &file.write();
        let report = Report { copy: file.copy(), is_new, paper: None };
        let Some(path) = &self.out else {
            return Ok(Answer::new(Report { paper: Some(paper.clone()), ..report }, paper));
        };
        files::create(path, &paper, 0o644)?;
        let done = [text::purge(context.lang, &file), text::written(context.lang, path)];
        let shown = self.yes.then_some(leaves).into_iter();
        Ok(Answer::new(report, shown.chain(done).collect::<Vec<_>>().join("\n\n")))
    }
}

/// What a file says, if it holds.
pub fn show(context: &Context, path: &Path) -> Result<Answer, Failure> {
    let file = read_paper(path, PurgeFile::read)?;
    Ok(Answer::new(file.copy(), text::purge(context.lang, &file)))
}
