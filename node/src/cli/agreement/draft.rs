//! Draws up versions of an agreement: the first from cards and words, a next one from what is in force and what shall
//! change, in words, in a file, or in the editor.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use xietong_proto::card::Card;
use xietong_proto::id::MemberCode;
use xietong_proto::opinion::Stance;

use super::super::Answer;
use super::super::context::{Context, read_card, variable};
use super::super::seal::Seal;
use super::chosen::{Agreed, Which};
use super::{Report, deliver, opinion};
use crate::failure::{Failure, Obstacle, VersionRefusal};
use crate::files;
use crate::keys;
use crate::papers::copy::LevelName;
use crate::papers::ground::Ground;
use crate::papers::proposal::Proposal;
use crate::text::{self, PROPOSAL_COMMENT};

/// A proposal for a first version, in a file or in words.
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

/// A proposal for the next version. What is not named stays as it is in force.
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("what").required(true).multiple(true))]
pub struct Propose {
    /// 按草案文件 · From a file as --edit shows it
    #[arg(group = "what", conflicts_with_all = ["edit", "admit", "remove", "restart", "title", "systems", "until", "quorum", "void"])]
    file: Option<PathBuf>,
    /// 在编辑器（$EDITOR）中修改现行内容 · Change what is in force in the editor ($EDITOR)
    #[arg(long, group = "what")]
    edit: bool,
    /// 新成员的名片文件，或已有成员换了印章后的新名片 · A newcomer's card, or the card of a member that lost its seal
    #[arg(long, value_name = "CARD", group = "what")]
    admit: Vec<String>,
    /// 移出成员 · A member that is to leave
    #[arg(long, value_name = "CODE", group = "what")]
    remove: Vec<MemberCode>,
    /// 成员的数据流就此截止、另起一代（密钥被盗、分叉之后） · End a member's streams where they stand and begin them again
    #[arg(long, value_name = "CODE", group = "what")]
    restart: Vec<MemberCode>,
    /// 名称 · What people call it
    #[arg(long, group = "what")]
    title: Option<String>,
    /// 业务领域，全部写出 · All systems that are to be shared
    #[arg(long, value_delimiter = ',', group = "what")]
    systems: Vec<String>,
    /// 有效期最后一日 · The last day on which members author
    #[arg(long, value_name = "DATE", group = "what")]
    until: Option<String>,
    /// 表决数 · How many members decide
    #[arg(long, group = "what")]
    quorum: Option<u32>,
    /// 与移出同时作废的另一提案：指纹的开头 · With a removal: another proposal that it sets aside
    #[arg(long, value_name = "FINGERPRINT", group = "what")]
    void: Vec<String>,
    #[command(flatten)]
    which: Which,
    /// 只写文件，不签署、不发出：用于离线签署 · Only write a file, to be signed elsewhere
    #[arg(long, value_name = "FILE", conflicts_with = "yes")]
    out: Option<PathBuf>,
    /// 不再询问 · Do not ask
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    seal: Seal,
}

impl New {
    /// Makes an agreement that nobody has approved.
    pub fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let proposal = self.proposal()?;
        let cards = cards(&proposal, self.from.as_deref())?;
        let agreement = proposal.draw_up(cards, context.now, keys::draw())?;
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
            restarts: Vec::new(),
            voids: Vec::new(),
        })
    }
}

impl Propose {
    /// Draws it up, shows what it changes, asks, approves it for this member, and tells the others; or writes it.
    pub fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let Agreed { status, ground } = self.which.one(context)?;
        let proposal = self.proposal(&ground)?;
        let cards = cards(&proposal, self.file.as_deref())?;
        let mut file = proposal.amend(&ground, cards, context.now, keys::draw())?;
        if let Some(path) = &self.out {
            return deliver(context, &file, Some(path), files::create);
        }
        let unreadable = |refusal| Failure::from(VersionRefusal::VersionRefused { refusal });
        let me = file.signer(self.seal.public_needed(context)?).map_err(unreadable)?;
        let shown = text::version(context.lang, &file, context.now);
        let question = text::ask_opinion(context.lang, me, Stance::Approves, &file.manifest().fingerprint());
        if !self.yes && !context.confirms(&shown, &question) {
            return Err(Obstacle::NotConfirmed.into());
        }
        let approves = file.say(Stance::Approves, "", &self.seal.unlock(context)?, context.now);
        opinion::propose(context, status.agreement, &file, &[approves.map_err(unreadable)?])?;
        let done = text::proposed(context.lang, &file);
        let text = if self.yes { format!("{shown}\n\n{done}") } else { done };
        Ok(Answer::new(Report::of(&file), text))
    }

    fn proposal(&self, ground: &Ground) -> Result<Proposal, Failure> {
        if let Some(file) = &self.file {
            return Ok(Proposal::read(&files::read(file)?)?);
        }
        let (before, _) = ground.before()?;
        let proposal = self.changed(Proposal::of(before));
        if !self.edit {
            return Ok(proposal);
        }
        let names = before.fields.members.iter().map(|member| (member.code, member.name.clone()));
        let text = PROPOSAL_COMMENT.to_owned() + &proposal.write(&names.collect());
        let editor = variable("VISUAL").or_else(|| variable("EDITOR")).unwrap_or("vi".into());
        Ok(Proposal::read(&edited(&text, &editor)?)?)
    }

    /// With what the command line names.
    fn changed(&self, now: Proposal) -> Proposal {
        let mut next = self.remove.iter().fold(now, |now, member| now.without(*member));
        if !self.admit.is_empty() {
            next.quorum = None;
            next.members.extend(self.admit.iter().cloned());
        }
        if !self.systems.is_empty() {
            next.systems = self.systems.clone();
        }
        Proposal {
            title: self.title.clone().unwrap_or(next.title),
            until: self.until.clone().unwrap_or(next.until),
            quorum: self.quorum.or(next.quorum),
            restarts: self.restart.clone(),
            voids: self.void.clone(),
            ..next
        }
    }
}

/// The cards that a proposal names by files, as seen from the file that it stands in.
fn cards(proposal: &Proposal, file: Option<&Path>) -> Result<Vec<Card>, Failure> {
    let folder = file.and_then(Path::parent).unwrap_or(Path::new(""));
    proposal.files().map(|named| read_card(&folder.join(named))).collect()
}

/// What the operator makes of a text in an editor.
fn edited(text: &str, editor: &OsStr) -> Result<String, Failure> {
    let path = env::temp_dir().join(format!("xietong-{}.toml", hex::encode(keys::draw::<8>())));
    files::create(&path, text, 0o600)?;
    // Through the shell, since an editor may come with options.
    let run = Command::new("sh").arg("-c").arg("$0 \"$1\"").arg(editor).arg(&path).status();
    let text = files::read(&path);
    // Whatever became of it, nobody looks at it again.
    let _ = fs::remove_file(&path);
    match run {
        Ok(status) if status.success() => Ok(text?),
        Ok(_) | Err(_) => {
            Err(Obstacle::EditorFailed { editor: editor.to_string_lossy().into_owned() }.into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_editor_may_come_with_options_and_what_it_leaves_is_read() {
        assert_eq!(edited("a = 1\n", "sed -i s/1/2/".as_ref()).expect("it ends well"), "a = 2\n");
        let failed = edited("a = 1\n", "false".as_ref());
        assert!(matches!(failed, Err(Failure::Obstacle(Obstacle::EditorFailed { .. }))), "{failed:?}");
    }
}
