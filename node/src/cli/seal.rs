//! The seal key as commands use it: which file, and the passphrase that opens it – from a file, the environment
//! or the terminal, never from the command line, where others could read it.

use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};

use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
use xietong_proto::crypto::{PublicKey, SecretKey};

use super::context::{Context, variable};
use crate::failure::{Failure, Obstacle};
use crate::files::{self, FileAction, FileFailure};
use crate::keys::seal::{Passphrase, SealFile};
use crate::keys::{self, KeyError};
use crate::text::{self, Ask};

/// With which seal key to sign.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Seal {
    /// 印章密钥文件，默认在主目录内 · The seal key's file, if it lies on a medium and not in the home
    #[arg(long, value_name = "FILE")]
    seal: Option<PathBuf>,
    #[command(flatten)]
    words: Words,
}

/// What locks a seal key.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Words {
    /// 存有印章密钥口令的文件 · A file with the seal key's passphrase [$XIETONG_PASSPHRASE, or asked for]
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
}

/// What is to lock it from now on.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct NewWords {
    /// 存有新口令的文件 · A file with the new passphrase [$XIETONG_NEW_PASSPHRASE, or asked for]
    #[arg(long, value_name = "FILE")]
    new_passphrase_file: Option<PathBuf>,
}

impl Seal {
    /// Where the seal key lies.
    pub fn path(&self, context: &Context) -> Result<PathBuf, Failure> {
        match &self.seal {
            Some(path) => Ok(path.clone()),
            None => Ok(keys::seal_path(&context.home()?.keys())),
        }
    }

    /// Its public half; none if it is not there and nobody said where it is.
    pub fn public(&self, context: &Context) -> Result<Option<PublicKey>, Failure> {
        match SealFile::read(&self.path(context)?) {
            Ok(file) => Ok(Some(file.public)),
            Err(KeyError::KeyMissing { .. }) if self.seal.is_none() => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Its public half, which has to be there.
    pub fn public_needed(&self, context: &Context) -> Result<PublicKey, Failure> {
        Ok(SealFile::read(&self.path(context)?)?.public)
    }

    /// The seal key itself.
    pub fn unlock(&self, context: &Context) -> Result<SecretKey, Failure> {
        self.unlock_at(context, &self.path(context)?)
    }

    /// The seal key that was named, else the one in a file.
    pub fn unlock_at(&self, context: &Context, path: &Path) -> Result<SecretKey, Failure> {
        let path = self.seal.as_deref().unwrap_or(path);
        SealFile::read(path)?;
        Ok(keys::seal(path, &self.words.get(context)?)?)
    }

    /// Another seal key in the place of a lost one. Refused if the passphrase opens the one that `last` names. One that is
    /// there already and that no card names was made by a call that was cut short, and is taken.
    pub fn replace(&self, context: &Context, last: PublicKey) -> Result<SecretKey, Failure> {
        let path = self.path(context)?;
        let held = match SealFile::read(&path) {
            Ok(file) => Some(file),
            Err(KeyError::KeyMissing { .. } | KeyError::SealDamaged { .. }) => None,
            Err(error) => return Err(error.into()),
        };
        let passphrase = self.words.choose(context)?;
        match held {
            Some(file) if file.public != last => Ok(keys::seal(&path, &passphrase)?),
            Some(file) if file.unlock(&passphrase).is_some() => Err(KeyError::SealNotLost { path }.into()),
            Some(_) | None => Ok(keys::replace_seal(&path, &passphrase)?),
        }
    }

    /// Locks it with another passphrase.
    pub fn relock(&self, context: &Context, new: &NewWords) -> Result<PathBuf, Failure> {
        let path = self.path(context)?;
        SealFile::read(&path)?;
        let old = self.words.get(context)?;
        keys::seal(&path, &old)?;
        let new = new_words(context, new.new_passphrase_file.as_deref(), "XIETONG_NEW_PASSPHRASE")?;
        keys::relock(&path, &old, &new)?;
        Ok(path)
    }
}

impl Words {
    fn get(&self, context: &Context) -> Result<Passphrase, Failure> {
        match given(self.passphrase_file.as_deref(), "XIETONG_PASSPHRASE")? {
            Some(passphrase) => Ok(passphrase),
            None => ask(context, Ask::Passphrase),
        }
    }

    /// For a seal key that is about to be made: asked twice.
    pub fn choose(&self, context: &Context) -> Result<Passphrase, Failure> {
        new_words(context, self.passphrase_file.as_deref(), "XIETONG_PASSPHRASE")
    }
}

fn new_words(context: &Context, file: Option<&Path>, name: &str) -> Result<Passphrase, Failure> {
    if let Some(passphrase) = given(file, name)? {
        return Ok(passphrase);
    }
    let first = ask(context, Ask::NewPassphrase)?;
    match ask(context, Ask::PassphraseAgain)? == first {
        true => Ok(first),
        false => Err(Obstacle::PassphrasesDiffer.into()),
    }
}

fn given(file: Option<&Path>, name: &str) -> Result<Option<Passphrase>, Failure> {
    let text = match file {
        Some(path) => Some(files::read(path)?),
        None => variable(name).map(|value| value.to_string_lossy().into_owned()),
    };
    Ok(text.map(Passphrase::new).transpose()?)
}

/// Asks on the terminal, without showing what is typed.
fn ask(context: &Context, ask: Ask) -> Result<Passphrase, Failure> {
    if !io::stdin().is_terminal() {
        return Err(Obstacle::PassphraseMissing.into());
    }
    let typed = read_hidden(&text::ask(context.lang, ask)).map_err(|source| {
        Obstacle::File(FileFailure { action: FileAction::Read, path: "/dev/stdin".into(), source })
    })?;
    Ok(Passphrase::new(typed)?)
}

fn read_hidden(question: &str) -> io::Result<String> {
    let (input, mut screen, mut typed) = (io::stdin(), io::stderr(), String::new());
    write!(screen, "{question} ")?;
    screen.flush()?;
    let shown = tcgetattr(&input)?;
    let mut hidden = shown.clone();
    hidden.local_modes.remove(LocalModes::ECHO);
    tcsetattr(&input, OptionalActions::Flush, &hidden)?;
    let read = input.read_line(&mut typed);
    tcsetattr(&input, OptionalActions::Flush, &shown)?;
    writeln!(screen)?;
    read.map(|_| typed)
}
