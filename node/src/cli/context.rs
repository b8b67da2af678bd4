//! What every command starts from: the node's home, the language, the time, and a way to ask the operator.
//! No command looks at the environment by another way.

use std::env;
use std::ffi::OsString;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use xietong_proto::card::Card;
use xietong_proto::id::Millis;

use super::caller::Caller;
use crate::clock;
use crate::config::{Config, LangSetting};
use crate::failure::{Failure, Obstacle};
use crate::files;
use crate::home::{Home, Places};
use crate::papers::PaperRefusal;
use crate::papers::agreement::AgreementFile;
use crate::papers::card::CardFile;
use crate::text::Lang;

/// Options that every command takes.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Globals {
    /// 节点主目录 · The node's home folder [$XIETONG_HOME, /var/lib/xietong, ~/.xietong]
    #[arg(long, global = true, value_name = "DIR")]
    pub home: Option<PathBuf>,
    /// 输出 JSON · Answer in JSON
    #[arg(long, global = true)]
    pub json: bool,
    /// 语言 · Language of answers
    #[arg(long, global = true)]
    pub lang: Option<Lang>,
}

/// What a command starts from.
#[derive(Clone, Debug)]
pub struct Context {
    /// In which language to answer.
    pub lang: Lang,
    /// Whether to answer in JSON.
    pub json: bool,
    /// When the command was given.
    pub now: Millis,
    home: Option<Home>,
}

impl Context {
    /// From the command line, then the environment, then the configuration.
    pub fn new(globals: &Globals) -> Self {
        let places = Places {
            xietong_home: variable("XIETONG_HOME").map(PathBuf::from),
            user_home: variable("HOME").map(PathBuf::from),
        };
        let locale = variable("LC_ALL").or_else(|| variable("LANG"));
        let home = Home::find(globals.home.clone(), &places);
        let set =
            || home.as_ref().and_then(|home| Config::load(home).ok()).and_then(|config| chosen(config.lang));
        let local = || locale.as_ref().and_then(|locale| Lang::from_locale(&locale.to_string_lossy()));
        let lang = globals.lang.or_else(set).or_else(local).unwrap_or(Lang::Zh);
        Self { lang, json: globals.json, now: clock::wall(), home }
    }

    /// The node's home, which need not exist.
    pub fn home(&self) -> Result<&Home, Obstacle> {
        self.home.as_ref().ok_or(Obstacle::HomeUnknown)
    }

    /// The node's configuration.
    pub fn config(&self) -> Result<Config, Failure> {
        Ok(Config::load(self.home()?)?)
    }

    /// To the running node.
    pub fn node(&self) -> Result<Caller, Failure> {
        let socket = self.config()?.socket_path(self.home()?)?;
        Caller::new(&socket)
    }

    /// The member card issued last by this node; none if there never was one.
    pub fn card(&self) -> Result<Option<Card>, Failure> {
        let path = self.home()?.card();
        if !path.exists() {
            return Ok(None);
        }
        Ok(Some(read_card(&path)?))
    }

    /// All member cards that this node ever issued.
    pub fn cards(&self) -> Result<Vec<Card>, Failure> {
        let folder = self.home()?.cards();
        let earlier = files::list(&folder, "toml")?.into_iter().map(|path| read_card(&path));
        earlier.chain(self.card().transpose()).collect()
    }

    /// Shows a text and asks; only a plain yes counts.
    pub fn confirms(&self, shown: &str, question: &str) -> bool {
        let mut screen = io::stderr();
        let mut answer = String::new();
        let asked = write!(screen, "{shown}\n\n{question} ").and_then(|()| screen.flush());
        let answered = asked.and_then(|()| io::stdin().read_line(&mut answer));
        answered.is_ok() && matches!(answer.trim(), "yes" | "是")
    }
}

/// A variable of the environment that is set to something.
pub fn variable(name: &str) -> Option<OsString> {
    env::var_os(name).filter(|value| !value.is_empty())
}

/// Reads a member card file.
pub fn read_card(path: &Path) -> Result<Card, Failure> {
    read_paper(path, CardFile::read).map(|file| file.0)
}

/// Reads an agreement file.
pub fn read_agreement(path: &Path) -> Result<AgreementFile, Failure> {
    read_paper(path, AgreementFile::read)
}

/// Reads a paper of any kind.
pub fn read_paper<T>(path: &Path, read: fn(&str) -> Result<T, PaperRefusal>) -> Result<T, Failure> {
    let text = files::read(path)?;
    read(&text).map_err(|refusal| Failure::Paper { file: path.to_owned(), refusal })
}

fn chosen(setting: LangSetting) -> Option<Lang> {
    match setting {
        LangSetting::Auto => None,
        LangSetting::Zh => Some(Lang::Zh),
        LangSetting::En => Some(Lang::En),
    }
}
