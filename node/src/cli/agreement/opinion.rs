//! What this member says of a version over its seal: it approves, declines or withdraws. Into the file in which the version
//! lies, or to the running node, which tells the others.

use serde::Serialize;
use xietong_proto::epochs::{Epochs, Stage};
use xietong_proto::id::*;
use xietong_proto::manifest::Manifest;
use xietong_proto::opinion::{Opinion, Stance};

use super::super::Answer;
use super::super::context::Context;
use super::super::seal::Seal;
use super::chosen::{Agreed, Chosen, Source, Version, Which};
use super::{Report, paper};
use crate::failure::{Failure, Obstacle, VersionRefusal};
use crate::files;
use crate::http::epochs::{Newest, Said};
use crate::keys;
use crate::papers::agreement::AgreementFile;
use crate::papers::exact::Stated;
use crate::papers::ground::Ground;
use crate::papers::proposal::Proposal;
use crate::text;

/// A version, and with which seal something is said of it.
#[derive(Clone, Debug, clap::Args)]
pub struct Opine {
    #[command(flatten)]
    chosen: Chosen,
    /// 不再询问 · Do not ask
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    seal: Seal,
}

/// Leaving an agreement.
#[derive(Clone, Debug, clap::Args)]
pub struct Withdraw {
    #[command(flatten)]
    which: Which,
    /// 理由，告知全体成员 · Why, for the other members
    #[arg(long, default_value = "")]
    reason: String,
    /// 不再询问 · Do not ask
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    seal: Seal,
}

impl Opine {
    /// Shows the version, asks, and says it. No node and no home is needed where a file and the seal are named.
    pub fn run(&self, context: &Context, stance: Stance, reason: &str) -> Result<Answer, Failure> {
        let public = self.seal.public_needed(context)?;
        let me = context.config().ok().map(|config| config.member());
        let mut version = self.chosen.waiting(context, me)?;
        let me = version.file.signer(public).map_err(|refusal| version.refused(refusal))?;
        if version.file.has_said(me, stance) {
            let said = text::said_before(context.lang, me, stance);
            return Ok(Answer::new(Report::of(&version.file), said));
        }
        let shown = text::version(context.lang, &version.file, context.now);
        let question = text::ask_opinion(context.lang, me, stance, &version.file.manifest().fingerprint());
        if !self.yes && !context.confirms(&shown, &question) {
            return Err(Obstacle::NotConfirmed.into());
        }
        let seal = self.seal.unlock(context)?;
        let said = version.file.say(stance, reason, &seal, context.now);
        let said = said.map_err(|refusal| version.refused(refusal))?;
        version.tell(context, &[said])?;
        let done = text::said(context.lang, me, stance, &version.file);
        let text = if self.yes { format!("{shown}\n\n{done}") } else { done };
        Ok(Answer::new(Report::of(&version.file), text))
    }
}

impl Version {
    /// Back to where it came from.
    fn tell(&self, context: &Context, opinions: &[Opinion]) -> Result<(), Failure> {
        match &self.source {
            Source::File(path) => Ok(files::replace(path, &paper(&self.file), files::mode(path)?)?),
            Source::Node(agreement) => {
                let said = Said { opinions: opinions.iter().map(Stated::of).collect(), ..Said::default() };
                say(context, *agreement, &said).map(drop)
            }
        }
    }
}

/// Tells the running node a version that it does not know yet, and what is said of it.
pub fn propose(
    context: &Context,
    agreement: AgreementId,
    file: &AgreementFile,
    opinions: &[Opinion],
) -> Result<(), Failure> {
    let named = file.manifest().fields.members.iter().filter_map(|member| file.card(member));
    let said = Said {
        manifest: Some(hex::encode(file.manifest().bytes())),
        cards: named.map(|card| hex::encode(card.bytes())).collect(),
        opinions: opinions.iter().map(Stated::of).collect(),
    };
    say(context, agreement, &said).map(drop)
}

fn say(context: &Context, agreement: AgreementId, said: &Said) -> Result<Newest, Failure> {
    context.node()?.post(&format!("agreements/{agreement}/say"), said)
}

impl Withdraw {
    /// Says so to the others and proposes the version without this member: they only have to approve it. Of two members
    /// one ends the agreement.
    pub fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let Agreed { status, ground } = self.which.one(context)?;
        let public = self.seal.public_needed(context)?;
        let (title, agreement) = (&status.title, status.agreement);
        let newest = ground.epochs.newest().clone();
        let unreadable = |refusal| Failure::from(VersionRefusal::VersionRefused { refusal });
        let mut now = AgreementFile::new(ground.epochs, ground.cards, newest.id()).map_err(unreadable)?;
        let me = now.signer(public).map_err(unreadable)?;
        let is_last = newest.fields.members.len() == 2;
        let is_said = now.has_said(me, Stance::Withdraws);
        if is_said && (is_last || is_removed(&now.epochs, me)) {
            let said = text::said_before(context.lang, me, Stance::Withdraws);
            return Ok(Answer::new(Withdrawn::of(agreement, me, None), said));
        }
        let question = text::ask_withdrawal(context.lang, me, title, is_last);
        if !self.yes && !context.confirms(&text::version(context.lang, &now, context.now), &question) {
            return Err(Obstacle::NotConfirmed.into());
        }
        let seal = self.seal.unlock(context)?;
        let mut opinions = Vec::new();
        if !is_said {
            let said = now.say(Stance::Withdraws, &self.reason, &seal, context.now);
            opinions.push(Stated::of(&said.map_err(unreadable)?));
        }
        let mut removal = None;
        if !is_last {
            let ground = Ground { epochs: now.epochs, cards: now.cards, held: ground.held };
            let without = Proposal::of(&newest).without(me);
            let mut file = without.amend(&ground, Vec::new(), context.now, keys::draw())?;
            let approves = file.say(Stance::Approves, "", &seal, context.now).map_err(unreadable)?;
            removal = Some((file, approves));
        }
        say(context, agreement, &Said { opinions, ..Said::default() })?;
        if let Some((file, approves)) = &removal {
            propose(context, agreement, file, std::slice::from_ref(approves))?;
        }
        let removal = removal.as_ref().map(|(file, _)| file);
        let done = text::withdrawn(context.lang, me, title, removal);
        Ok(Answer::new(Withdrawn::of(agreement, me, removal), done))
    }
}

/// Whether a version without a member waits already.
fn is_removed(epochs: &Epochs, member: MemberCode) -> bool {
    let waits = |of: &Manifest| epochs.tally(of.id()).is_some_and(|tally| tally.stage == Stage::Open);
    epochs.manifests().any(|of| of.member(member).is_none() && waits(of))
}

/// The stable shape of a withdrawal for programs.
#[derive(Serialize)]
struct Withdrawn {
    agreement: AgreementId,
    member: MemberCode,
    /// The version without this member, which waits for the others; none if the agreement has ended.
    removal: Option<Report>,
}

impl Withdrawn {
    fn of(agreement: AgreementId, member: MemberCode, removal: Option<&AgreementFile>) -> Self {
        Self { agreement, member, removal: removal.map(Report::of) }
    }
}
