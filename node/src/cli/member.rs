//! `xietong member`: this member's card, and what another's says.

use std::path::PathBuf;

use serde_json::json;
use xietong_proto::card::{Card, CardFields};
use xietong_proto::crypto::SecretKey;
use xietong_proto::id::CardNumber;

use super::Answer;
use super::context::{Context, read_card};
use super::seal::{NewWords, Seal};
use crate::failure::Failure;
use crate::files;
use crate::keys::NodeKeys;
use crate::papers::card::{CardFile, issue, next};
use crate::text::{self, CARD_COMMENT};

/// What can be done with member cards.
#[derive(Debug, clap::Subcommand)]
pub enum MemberCommand {
    /// 输出本单位的名片；内容有变则换发新号 · Print this member's card, issued anew if it would say something else
    Card {
        #[command(flatten)]
        seal: Seal,
    },
    /// 更换印章密钥的口令 · Lock the seal key with another passphrase
    Passphrase {
        #[command(flatten)]
        seal: Seal,
        #[command(flatten)]
        new: NewWords,
    },
    /// 查看名片及其指纹 · Show a card and its fingerprint
    Show {
        /// 名片文件 · A member card file
        file: PathBuf,
    },
}

impl MemberCommand {
    /// Needs no running node.
    pub fn run(&self, context: &Context) -> Result<Answer, Failure> {
        match self {
            Self::Card { seal } => card(context, seal),
            Self::Passphrase { seal, new } => {
                let path = seal.relock(context, new)?;
                Ok(Answer::new(json!({ "locked": path }), text::relocked(context.lang, &path)))
            }
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
    let (home, last) = (context.home()?, context.card()?);
    let fields = card_fields(context, seal, last.as_ref())?;
    let fields = match (next(last.as_ref(), fields), last) {
        (Some(fields), _) => fields,
        (None, last) => return Ok(last.expect("only an earlier card says it already")),
    };
    let refused = |refusal| Failure::Paper { file: home.card(), refusal };
    let card = issue(fields, &unlock()?).map_err(refused)?;
    files::replace(&home.card(), &paper(card.clone()), 0o640)?;
    Ok(card)
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
        transport_keys: vec![node.peer()],
        addresses: config.network.announce,
        telephone: config.telephone,
        issued: context.now,
    })
}

fn paper(card: Card) -> String {
    CARD_COMMENT.to_owned() + &CardFile(card).write()
}
