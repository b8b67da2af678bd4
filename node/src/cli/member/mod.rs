//! `xietong member`: this member's card, and what another's says.

use std::path::PathBuf;

use serde_json::json;
use xietong_proto::card::{Card, CardFields};
use xietong_proto::crypto::SecretKey;
use xietong_proto::id::{CardNumber, PeerId};

use super::Answer;
use super::context::{Context, read_card};
use super::seal::{NewWords, Seal};
use crate::failure::{Failure, Obstacle};
use crate::files;
use crate::keys::{self, KeyName, NodeKeys};
use crate::papers::card::{CardFile, issue, next};
use crate::text::{self, CARD_COMMENT};

mod revoke;

/// What can be done with member cards.
#[derive(Debug, clap::Subcommand)]
pub enum MemberCommand {
    /// 输出本单位的名片；内容有变则换发新号 · Print this member's card, issued anew if it would say something else
    #[command(args_conflicts_with_subcommands = true)]
    Card {
        #[command(flatten)]
        seal: Seal,
        #[command(subcommand)]
        change: Option<CardCommand>,
    },
    /// 更换印章密钥的口令 · Lock the seal key with another passphrase
    Passphrase {
        #[command(flatten)]
        seal: Seal,
        #[command(flatten)]
        new: NewWords,
    },
    /// 印章密钥遗失或忘了口令：另制印章和新名片，由其他成员批准后生效 · The seal key or its passphrase is lost: make another with a new card, for the others to approve
    Reseal {
        #[command(flatten)]
        seal: Seal,
        /// 不再询问 · Do not ask
        #[arg(long)]
        yes: bool,
    },
    /// 查看名片及其指纹 · Show a card and its fingerprint
    Show {
        /// 名片文件 · A member card file
        file: PathBuf,
    },
}

/// What can be done with this member's card besides printing it.
#[derive(Debug, clap::Subcommand)]
pub enum CardCommand {
    /// 更换条目密钥和传输密钥：先换发列有新旧密钥的名片，各成员收到后再执行一次即完成 · Change the node's keys: once for a card with old and new, and again once members have it
    Rotate {
        #[command(flatten)]
        seal: Seal,
    },
    /// 密钥被盗：立即换用全新密钥，并向各协议提议截止本单位的数据流、另起一代（节点须在运行） · Keys were stolen: new ones at once, and to each agreement a proposal that ends what the old ones can sign (the node has to run)
    Revoke {
        #[command(flatten)]
        seal: Seal,
    },
}

impl MemberCommand {
    /// Needs no running node, except to revoke.
    pub fn run(&self, context: &Context) -> Result<Answer, Failure> {
        match self {
            Self::Card { seal, change: None } => card(context, seal),
            Self::Card { change: Some(CardCommand::Rotate { seal }), .. } => rotate(context, seal),
            Self::Card { change: Some(CardCommand::Revoke { seal }), .. } => revoke::revoke(context, seal),
            Self::Passphrase { seal, new } => {
                let path = seal.relock(context, new)?;
                Ok(Answer::new(json!({ "locked": path }), text::relocked(context.lang, &path)))
            }
            Self::Reseal { seal, yes } => reseal(context, seal, *yes),
            Self::Show { file } => {
                let card = read_card(file)?;
                Ok(Answer::new(CardFile(card.clone()).copy(), text::card(context.lang, &card)))
            }
        }
    }
}

fn card(context: &Context, seal: &Seal) -> Result<Answer, Failure> {
    let card = issue_card(context, seal, || seal.unlock(context))?;
    let is_silent = card.fields.addresses.is_empty();
    let note = is_silent.then(|| text::nobody_dials(context.lang));
    let paper = paper(card);
    Ok(Answer { note, ..Answer::new(json!({ "paper": paper }), paper) })
}

/// This member's card as its configuration and keys now say it. The seal is unlocked only for a card that says
/// something new. A new number is on disk before it is shown, so that no two cards ever have one number.
pub fn issue_card(
    context: &Context,
    seal: &Seal,
    unlock: impl FnOnce() -> Result<SecretKey, Failure>,
) -> Result<Card, Failure> {
    let fields = card_fields(context, seal, context.card()?.as_ref())?;
    issue_fields(context, fields, unlock)
}

fn issue_fields(
    context: &Context,
    fields: CardFields,
    unlock: impl FnOnce() -> Result<SecretKey, Failure>,
) -> Result<Card, Failure> {
    let last = context.card()?;
    match next(last.as_ref(), fields) {
        Some(fields) => sign(context, last, fields, &unlock()?),
        None => Ok(last.expect("only an earlier card says it already")),
    }
}

/// A card that says something new takes the place of the last.
fn sign(
    context: &Context,
    last: Option<Card>,
    fields: CardFields,
    seal: &SecretKey,
) -> Result<Card, Failure> {
    let home = context.home()?;
    let refused = |refusal| Failure::Paper { file: home.card(), refusal };
    let card = issue(fields, seal).map_err(refused)?;
    if let Some(last) = last {
        files::create_folder(&home.cards(), 0o750)?;
        let earlier = home.cards().join(format!("{:04}.member.toml", last.fields.number.0));
        files::replace(&earlier, &paper(last), 0o640)?;
    }
    files::replace(&home.card(), &paper(card.clone()), 0o640)?;
    Ok(card)
}

/// The next of two steps towards new keys. First a card names a new entry key, and the transport key that will open
/// connections beside the one that does; once members have it, a card names the new one alone. A step that was cut
/// short goes on where it stopped: what a card says is never taken back.
fn rotate(context: &Context, seal: &Seal) -> Result<Answer, Failure> {
    let folder = context.home()?.keys();
    let last = context.card()?.ok_or(Obstacle::CardMissing)?;
    let is_named = |peer: PeerId| last.fields.transport_keys.contains(&peer);
    let has_begun = NodeKeys::read(&folder)?.next_peer().is_some_and(is_named);
    if !has_begun {
        keys::create_next(&folder, KeyName::Entry)?;
        keys::create_next(&folder, KeyName::Transport)?;
    }
    let keys = NodeKeys::read(&folder)?;
    let mut fields = card_fields(context, seal, Some(&last))?;
    let is_last = has_begun && keys.next_entry.is_none();
    if let Some(entry) = &keys.next_entry {
        fields.entry_key = entry.public();
    }
    if is_last {
        fields.transport_keys = keys.next_peer().into_iter().collect();
    }
    let card = issue_fields(context, fields, || seal.unlock(context))?;
    let changed = if is_last { KeyName::Transport } else { KeyName::Entry };
    keys::take_next(&folder, changed)?;
    let json = json!({ "number": card.fields.number, "is_done": is_last, "paper": paper(card.clone()) });
    Ok(Answer::new(json, text::rotated(context.lang, card.fields.number, is_last)))
}

/// Another seal key, and a card under it with the keys that the node has. Nobody takes it for this member's before the
/// members of an agreement have approved it; until then the node goes on under the card before.
fn reseal(context: &Context, seal: &Seal, yes: bool) -> Result<Answer, Failure> {
    let last = context.card()?.ok_or(Obstacle::CardMissing)?;
    let path = seal.path(context)?;
    let question = text::ask_reseal(context.lang, last.fields.code);
    if !yes && !context.confirms(&text::card(context.lang, &last), &question) {
        return Err(Obstacle::NotConfirmed.into());
    }
    let secret = seal.replace(context, last.fields.seal_key)?;
    let fields = CardFields { seal_key: secret.public(), ..card_fields(context, seal, Some(&last))? };
    let card = issue_fields(context, fields, || Ok(secret))?;
    let text = text::resealed(context.lang, &card, &path);
    Ok(Answer::new(json!({ "number": card.fields.number, "seal": path, "paper": paper(card) }), text))
}

/// What the card has to say now. Where the seal lies elsewhere, its public half is that of the last card.
pub fn card_fields(context: &Context, seal: &Seal, last: Option<&Card>) -> Result<CardFields, Failure> {
    let (home, config) = (context.home()?, context.config()?);
    let node = NodeKeys::read(&home.keys())?;
    let seal_key = match (seal.public(context)?, last) {
        (Some(public), _) => public,
        (None, Some(last)) => last.fields.seal_key,
        (None, None) => seal.public_needed(context)?,
    };
    Ok(CardFields {
        number: CardNumber(1),
        code: config.member(),
        name: config.name,
        uscc: config.uscc,
        seal_key,
        entry_key: node.entry.public(),
        transport_keys: [node.peer()].into_iter().chain(node.next_peer()).collect(),
        addresses: config.network.announce,
        telephone: config.telephone,
        issued: context.now,
    })
}

fn paper(card: Card) -> String {
    CARD_COMMENT.to_owned() + &CardFile(card).write()
}
