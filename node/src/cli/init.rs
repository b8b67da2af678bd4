//! `xietong init`: makes a node's home. Everything is checked before anything is written, and nothing that
//! exists is overwritten.

use serde_json::json;

use super::Answer;
use super::context::Context;
use super::member::issue_card;
use super::seal::{Seal, Words};
use crate::config::{Config, Identity, filled};
use crate::failure::{Failure, Obstacle};
use crate::files;
use crate::home::Home;
use crate::keys;
use crate::text;

/// Who the member is.
#[derive(Debug, clap::Args)]
pub struct Init {
    /// 成员代码，如 230000 · The member's code, such as 230000
    #[arg(long)]
    code: String,
    /// 单位全称 · Its full name
    #[arg(long)]
    name: String,
    /// 统一社会信用代码 · Its unified social credit code
    #[arg(long)]
    uscc: String,
    /// 核对指纹的电话 · Where fingerprints are compared by voice
    #[arg(long, default_value = "")]
    telephone: String,
    /// 其他成员可连接的地址，可多个 · Where other members can dial this node
    #[arg(long, value_name = "MULTIADDR", num_args = 1..)]
    address: Vec<String>,
    #[command(flatten)]
    words: Words,
}

impl Init {
    /// Makes the home, keys, configuration and first card.
    pub fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let home = context.home()?;
        let text = filled(&self.identity());
        let config = Config::read(&text)?;
        config.socket_path(home)?;
        refuse_occupied(home)?;
        let passphrase = self.words.choose(context)?;
        files::create_folder(home.path(), 0o750)?;
        keys::create(&home.keys(), &passphrase)?;
        files::create(&home.config(), &text, 0o640)?;
        let seal = keys::seal_path(&home.keys());
        let card = issue_card(context, &Seal::default(), || Ok(keys::seal(&seal, &passphrase)?))?;
        let member = config.member();
        let json = json!({ "member": member, "home": home.path(), "fingerprint": card.fingerprint() });
        Ok(Answer::new(json, text::initialised(context.lang, member, home.path())))
    }

    fn identity(&self) -> Identity {
        Identity {
            code: self.code.clone(),
            name: self.name.clone(),
            uscc: self.uscc.clone(),
            telephone: self.telephone.clone(),
            announce: self.address.clone(),
        }
    }
}

/// Where a home of any kind is, none is made.
pub(super) fn refuse_occupied(home: &Home) -> Result<(), Obstacle> {
    let precious = [home.config(), home.keys(), home.card(), home.log()];
    match precious.into_iter().find(|path| path.exists()) {
        Some(path) => Err(Obstacle::HomeOccupied { path }),
        None => Ok(()),
    }
}
