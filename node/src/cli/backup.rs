//! `xietong backup` and `restore`: a home into a folder of encrypted pieces, beside the running node, and back into
//! an empty home. A node that is restored decides for itself when it may speak (P28).

use std::path::{Path, PathBuf};

use serde_json::json;

use super::Answer;
use super::context::Context;
use super::import::Progress;
use super::init::refuse_occupied;
use super::seal::Seal;
use crate::backup::restore::restore;
use crate::backup::vault::Vault;
use crate::backup::{self, Backup};
use crate::daemon::start::NodeFailure;
use crate::failure::{Failure, Obstacle};
use crate::http::client::ClientFailure;
use crate::keys;
use crate::store::cut::{self, Cut};
use crate::text;

/// Makes a backup, or checks one.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct Backups {
    #[command(subcommand)]
    check: Option<Check>,
    /// 备份文件夹；其中已有的不再重复写入 · A folder; what it holds already is not written again
    #[arg(required = true, value_name = "DIR")]
    folder: Option<PathBuf>,
}

/// What can be done with a backup.
#[derive(Debug, clap::Subcommand)]
pub enum Check {
    /// 通读备份，检查是否完整、未被改动 · Read a whole backup: nothing missing, nothing altered
    Verify(Which),
}

/// Which backup, and what opens it.
#[derive(Debug, clap::Args)]
pub struct Which {
    /// 备份文件夹 · The folder
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// 哪一次，默认最近一次 · Which one, by default the newest
    #[arg(long, value_name = "NAME")]
    at: Option<String>,
    #[command(flatten)]
    seal: Seal,
}

/// Makes a home of a backup.
#[derive(Debug, clap::Args)]
pub struct Restore {
    #[command(flatten)]
    which: Which,
}

impl Backups {
    /// Beside a running node, or without one.
    pub fn run(&self, context: &Context) -> Result<Answer, Failure> {
        match (&self.check, &self.folder) {
            (Some(Check::Verify(which)), _) => which.verify(context),
            (None, Some(folder)) => take(context, folder),
            (None, None) => unreachable!("the command line asks for one of both"),
        }
    }
}

fn take(context: &Context, folder: &Path) -> Result<Answer, Failure> {
    let (home, member) = (context.home()?, context.config()?.member());
    let card = context.card()?.ok_or(Obstacle::CardMissing)?;
    let secret = keys::backup(&home.keys())?;
    let vault = Vault::for_writing(folder, member, &card.fields.seal_key, secret)?;
    vault.keep_seal(&keys::seal_path(&home.keys()))?;
    let (cut, _held) = match context.node()?.get::<Cut>("cut", &()) {
        Ok(cut) => (cut, None),
        Err(Failure::Client(ClientFailure::NotRunning { .. })) => {
            let (cut, held) = cut::at_rest(home.path(), member).map_err(NodeFailure::Store)?;
            (cut, Some(held))
        }
        Err(failure) => return Err(failure),
    };
    let taken = backup::take(home, &vault, cut, member, context.now)?;
    let text = text::backup_taken(context.lang, folder, &taken);
    Ok(Answer::new(taken, text))
}

impl Which {
    fn verify(&self, context: &Context) -> Result<Answer, Failure> {
        let (vault, name, backup) = self.find(context)?;
        shown(|progress| backup::verify(&vault, &backup, progress))?;
        let text = text::backup_holds(context.lang, &name, &backup);
        Ok(Answer::new(json!({ "name": name, "holds": true, "backup": backup }), text))
    }

    /// With the secret of this home if it is that of the folder, else with the seal.
    fn find(&self, context: &Context) -> Result<(Vault, String, Backup), Failure> {
        let keys = context.home().ok().map(|home| home.keys());
        let secret = keys.filter(|keys| keys::backup_path(keys).exists()).map(|keys| keys::backup(&keys));
        let at_hand = secret.transpose()?.and_then(|secret| Vault::with_secret(&self.folder, secret).ok());
        let vault = match at_hand {
            Some(vault) => vault,
            None => {
                Vault::check_label(&self.folder)?;
                let seal = self.seal.unlock_at(context, &Vault::seal_path(&self.folder))?;
                Vault::with_seal(&self.folder, &seal)?
            }
        };
        let (name, backup) = backup::find(&self.folder, &vault, self.at.as_deref())?;
        Ok((vault, name, backup))
    }
}

impl Restore {
    /// Into the home, which must be empty.
    pub fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let home = context.home()?;
        refuse_occupied(home)?;
        let (vault, name, backup) = self.which.find(context)?;
        shown(|progress| restore(home, &vault, &backup, progress))?;
        let text = text::restored(context.lang, home.path(), &name, &backup);
        Ok(Answer::new(json!({ "name": name, "home": home.path(), "backup": backup }), text))
    }
}

/// Does something long and shows how far it is.
fn shown<E>(work: impl FnOnce(&mut dyn FnMut(u64, u64)) -> Result<(), E>) -> Result<(), E> {
    let mut bar = Progress::new();
    let done = work(&mut |done, all| bar.reached(done * 1_000 / all.max(1)));
    bar.end();
    done
}
