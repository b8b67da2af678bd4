//! `xietong agreement`: draws up, shows, approves, merges and joins agreement files, and changes an agreement that is in
//! force. What is about a file needs no node, except joining; the rest asks the running node.

use std::path::{Path, PathBuf};

use serde::Serialize;
use xietong_proto::id::MemberCode;
use xietong_proto::opinion::Stance;

use super::Answer;
use super::context::{Context, read_agreement};
use crate::failure::Failure;
use crate::files::{self, FileFailure};
use crate::http::node::Joined;
use crate::machine::CutDigest;
use crate::papers::agreement::AgreementFile;
use crate::papers::copy::AgreementCopy;
use crate::text::{self, AGREEMENT_COMMENT};
use chosen::{Chosen, Which};

pub mod chosen;
mod draft;
pub mod opinion;
mod purge;
mod standing;

/// What can be done with agreements.
#[derive(Debug, clap::Subcommand)]
pub enum AgreementCommand {
    /// 起草协议 · Draw up an agreement
    New(draft::New),
    /// 提出下一版次：接纳、移出、扩大或缩小范围、延期 · Propose the next version: admit, remove, share more or less, prolong
    Propose(Box<draft::Propose>),
    /// 查看协议：成员、提供什么、谁已批准、指纹 · Show who is in it, what leaves, who has approved, the fingerprint
    Show(Chosen),
    /// 一个版次改了什么、由谁决定 · What a version changes, and who decides
    Diff(Chosen),
    /// 查看并批准 · Show a version and approve it
    Approve(opinion::Opine),
    /// 不同意，并说明理由 · Decline a version, and say why
    Reject {
        #[command(flatten)]
        opine: opinion::Opine,
        /// 理由，告知全体成员 · Why, for the other members
        #[arg(long)]
        reason: String,
    },
    /// 退出协议 · Leave an agreement
    Withdraw(opinion::Withdraw),
    /// 清除已不同为成员的一方所说的记录，出具签名的回执 · Purge what a member said that is no partner any more, with a signed receipt
    Purge(purge::Purge),
    /// 查验清除回执 · Check what a receipt for a purge says
    Purged {
        /// 清除回执 · The receipt
        file: PathBuf,
    },
    /// 现行版次与待决版次：谁已表态、还缺谁、需要多少、为什么 · What is in force and what waits: who has said what, who is missing, what it needs and why
    Status(Which),
    /// 历次版次：何时生效、谁签的、改了什么 · All versions: since when, who signed, what changed
    History(Which),
    /// 协议文件：给离线签署的机器，或给新成员 · The agreement as a file, for a machine without a network or a newcomer
    Paper {
        #[command(flatten)]
        chosen: Chosen,
        /// 写入文件而不是输出 · Write to a file
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// 合并各方的批准 · Join approvals given in parallel
    Merge {
        /// 同一协议的文件 · Files of one agreement
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// 写入文件而不是输出 · Write to a file
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// 加入已批准的协议；已加入的，收下文件中的新内容 · Join an approved agreement; of one that is joined, take over what is new in the file
    Join {
        /// 协议文件 · The agreement file
        file: PathBuf,
    },
    /// 各协议所示数据的摘要，供成员间核对 · Digests of what agreements show, for members to compare
    Digest,
}

impl AgreementCommand {
    /// Does what was asked.
    pub fn run(&self, context: &Context) -> Result<Answer, Failure> {
        match self {
            Self::New(new) => new.run(context),
            Self::Propose(propose) => propose.run(context),
            Self::Show(chosen) => {
                let file = chosen.in_force(context)?.file;
                let text = text::agreement(context.lang, &file, context.now);
                Ok(Answer::new(Report::of(&file), text))
            }
            Self::Diff(chosen) => standing::diff(context, chosen),
            Self::Approve(opine) => opine.run(context, Stance::Approves, ""),
            Self::Reject { opine, reason } => opine.run(context, Stance::Declines, reason),
            Self::Withdraw(withdraw) => withdraw.run(context),
            Self::Purge(purge) => purge.run(context),
            Self::Purged { file } => purge::show(context, file),
            Self::Status(which) => standing::status(context, which),
            Self::History(which) => standing::history(context, which),
            Self::Paper { chosen, out } => {
                let file = chosen.newest(context)?.file;
                deliver(context, &file, out.as_deref(), files::create)
            }
            Self::Merge { files: papers, out } => {
                deliver(context, &merge(papers)?, out.as_deref(), files::replace)
            }
            Self::Join { file } => join(context, file),
            Self::Digest => digest(context),
        }
    }
}

/// The stable shape of an agreement for programs.
#[derive(Serialize)]
struct Report {
    #[serde(flatten)]
    copy: AgreementCopy,
    missing: Vec<MemberCode>,
    is_complete: bool,
    /// The whole file, where the command makes one and writes it nowhere else.
    #[serde(skip_serializing_if = "Option::is_none")]
    paper: Option<String>,
}

impl Report {
    fn of(agreement: &AgreementFile) -> Self {
        let missing = agreement.missing();
        Self { copy: agreement.copy(), is_complete: missing.is_empty(), missing, paper: None }
    }
}

/// The node judges the file again; what can be seen here is refused without asking it.
fn join(context: &Context, path: &Path) -> Result<Answer, Failure> {
    let agreement = read_agreement(path)?;
    let joined: Joined = context.node()?.post_text("agreements", files::read(path)?)?;
    let fields = &agreement.epochs.newest().fields;
    let me = context.config()?.member();
    let others: Vec<_> = fields.members.iter().map(|member| member.code).filter(|code| *code != me).collect();
    let text = match joined.is_new {
        true => text::joined(context.lang, &fields.title, &others),
        false => text::taken_over(context.lang, &fields.title),
    };
    Ok(Answer::new(joined, text))
}

fn digest(context: &Context) -> Result<Answer, Failure> {
    let digests: Vec<CutDigest> = context.node()?.get("digests", &())?;
    let text = text::digests(context.lang, &digests);
    Ok(Answer::new(digests, text))
}

fn merge(paths: &[PathBuf]) -> Result<AgreementFile, Failure> {
    let (first, others) = paths.split_first().expect("the command line asks for at least one file");
    let mut merged = read_agreement(first)?;
    for path in others {
        let refused = |refusal| Failure::Paper { file: path.clone(), refusal };
        merged.merge(read_agreement(path)?).map_err(refused)?;
    }
    Ok(merged)
}

/// Writes an agreement where it was asked for, or answers with the whole file.
fn deliver(
    context: &Context,
    agreement: &AgreementFile,
    out: Option<&Path>,
    write: fn(&Path, &str, u32) -> Result<(), FileFailure>,
) -> Result<Answer, Failure> {
    let (report, paper) = (Report::of(agreement), paper(agreement));
    let Some(path) = out else {
        return Ok(Answer::new(Report { paper: Some(paper.clone()), ..report }, paper));
    };
    write(path, &paper, 0o644)?;
    let shown = text::version(context.lang, agreement, context.now);
    Ok(Answer::new(report, format!("{shown}\n\n{}", text::written(context.lang, path))))
}

fn paper(agreement: &AgreementFile) -> String {
    AGREEMENT_COMMENT.to_owned() + &agreement.write()
}
