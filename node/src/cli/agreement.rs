//! `xietong agreement`: draws up, shows, approves, merges and joins agreement files, and compares what comes of
//! them. Joining and comparing need the running node, the rest does not.

use std::path::{Path, PathBuf};

use serde::Serialize;
use xietong_proto::card::Card;
use xietong_proto::id::MemberCode;

use super::Answer;
use super::context::{Context, read_agreement, read_card};
use super::seal::Seal;
use crate::failure::{Failure, Obstacle};
use crate::files::{self, FileFailure};
use crate::http::node::Joined;
use crate::keys;
use crate::machine::CutDigest;
use crate::papers::agreement::AgreementFile;
use crate::papers::copy::AgreementCopy;
use crate::papers::copy::LevelName;
use crate::papers::proposal::Proposal;
use crate::text::{self, AGREEMENT_COMMENT};

/// What can be done with agreement files.
#[derive(Debug, clap::Subcommand)]
pub enum AgreementCommand {
    /// 起草协议 · Draw up an agreement
    New(New),
    /// 查看协议：成员、提供什么、谁已批准、指纹 · Show who is in it, what leaves, who has approved, the fingerprint
    Show {
        /// 协议文件 · An agreement file
        file: PathBuf,
    },
    /// 查看并批准协议 · Show an agreement and approve it
    Approve {
        /// 协议文件 · An agreement file
        file: PathBuf,
        /// 不再询问 · Do not ask
        #[arg(long)]
        yes: bool,
        #[command(flatten)]
        seal: Seal,
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
    /// 加入全体成员都已批准的协议 · Join an agreement that all members have approved
    Join {
        /// 协议文件 · The complete agreement file
        file: PathBuf,
    },
    /// 各协议所示数据的摘要，供成员间核对 · Digests of what agreements show, for members to compare
    Digest,
}

/// A proposal, in a file or in words.
#[derive(Debug, clap::Args)]
pub struct New {
    /// 按草案文件起草 · From a file like config/agreement.example.toml
    #[arg(long, value_name = "FILE", conflicts_with_all = ["title", "member", "systems", "until", "quorum", "level"])]
    from: Option<PathBuf>,
    /// 名称 · What people call it
    #[arg(long, required_unless_present = "from")]
    title: Option<String>,
    /// 成员名片文件，每个成员一份 · A member's card file, once for each member
    #[arg(long, value_name = "FILE", required_unless_present = "from", num_args = 1..)]
    member: Vec<String>,
    /// 业务领域 · Any of assets,vehicles,energy
    #[arg(long, value_delimiter = ',', required_unless_present = "from")]
    systems: Vec<String>,
    /// 有效期最后一日 · The last day on which members author, such as 2041-12-31
    #[arg(long, value_name = "DATE", required_unless_present = "from")]
    until: Option<String>,
    /// 表决数，默认过半 · How many members decide, by default just more than half
    #[arg(long)]
    quorum: Option<u32>,
    /// 层级 · Between whom
    #[arg(long, default_value = "provinces")]
    level: LevelName,
    /// 写入文件而不是输出 · Write to a file
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

impl AgreementCommand {
    /// Joining and digests need the running node.
    pub fn run(&self, context: &Context) -> Result<Answer, Failure> {
        match self {
            Self::Join { file } => join(context, file),
            Self::Digest => digest(context),
            Self::New(new) => new.run(context),
            Self::Show { file } => {
                let agreement = read_agreement(file)?;
                Ok(Answer::new(
                    Report::of(&agreement),
                    text::agreement(context.lang, &agreement, context.now),
                ))
            }
            Self::Approve { file, yes, seal } => approve(context, file, *yes, seal),
            Self::Merge { files: papers, out } => {
                deliver(context, &merge(papers)?, out.as_deref(), files::replace)
            }
        }
    }
}

impl New {
    fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let proposal = self.proposal()?;
        let folder = self.from.as_deref().and_then(Path::parent).unwrap_or(Path::new(""));
        let cards: Result<Vec<Card>, _> =
            proposal.members.iter().map(|file| read_card(&folder.join(file))).collect();
        let agreement = proposal.draw_up(cards?, context.now, keys::draw())?;
        deliver(context, &agreement, self.out.as_deref(), files::create)
    }

    fn proposal(&self) -> Result<Proposal, Failure> {
        if let Some(file) = &self.from {
            return Ok(Proposal::read(&files::read(file)?)?);
        }
        Ok(Proposal {
            title: self.title.clone().unwrap_or_default(),
            level: self.level,
            members: self.member.clone(),
            systems: self.systems.clone(),
            until: self.until.clone().unwrap_or_default(),
            quorum: self.quorum,
        })
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

/// Signs with the seal for the member that the manifest gives it to: no node and no home is needed where the
/// seal is named.
fn approve(context: &Context, path: &Path, yes: bool, seal: &Seal) -> Result<Answer, Failure> {
    let agreement = read_agreement(path)?;
    let public = seal.public_needed(context)?;
    let refused = |refusal| Failure::Paper { file: path.to_owned(), refusal };
    let me = agreement.signer(public).map_err(refused)?;
    if agreement.approvals.contains_key(&me) {
        return Ok(Answer::new(Report::of(&agreement), text::approved_before(context.lang, me)));
    }
    let shown = text::agreement(context.lang, &agreement, context.now);
    let question = text::ask_approval(context.lang, me, &agreement.manifest.fingerprint());
    if !yes && !context.confirms(&shown, &question) {
        return Err(Obstacle::NotConfirmed.into());
    }
    let mut approved = agreement.clone();
    approved.approve(&seal.unlock(context)?, context.now).map_err(refused)?;
    files::replace(path, &paper(&approved), files::mode(path)?)?;
    let done = text::approved(context.lang, me, &approved.missing());
    let text = if yes { format!("{shown}\n\n{done}") } else { done };
    Ok(Answer::new(Report::of(&approved), text))
}

/// The node judges the file again; what can be seen here is refused without asking it.
fn join(context: &Context, path: &Path) -> Result<Answer, Failure> {
    let agreement = read_agreement(path)?;
    let joined: Joined = context.node()?.post_text("agreements", files::read(path)?)?;
    let fields = &agreement.manifest.fields;
    let me = context.config()?.member();
    let others: Vec<_> = fields.members.iter().map(|member| member.code).filter(|code| *code != me).collect();
    Ok(Answer::new(joined, text::joined(context.lang, &fields.title, &others)))
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
    let shown = text::agreement(context.lang, agreement, context.now);
    Ok(Answer::new(report, format!("{shown}\n\n{}", text::written(context.lang, path))))
}

fn paper(agreement: &AgreementFile) -> String {
    AGREEMENT_COMMENT.to_owned() + &agreement.write()
}
