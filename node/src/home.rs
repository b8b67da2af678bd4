//! Where a node keeps its things: names of files below one folder, and how that folder is found. Opens none
//! of them.

use std::path::{Path, PathBuf};

use rustix::fs::{Access, access};

/// Where a node lives if it is installed as a service.
pub const SERVICE_HOME: &str = "/var/lib/xietong";

/// The folder of one node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Home(PathBuf);

/// What the environment says about homes.
#[derive(Clone, Debug, Default)]
pub struct Places {
    /// `$XIETONG_HOME`.
    pub xietong_home: Option<PathBuf>,
    /// `$HOME`.
    pub user_home: Option<PathBuf>,
}

impl Home {
    /// The folder given, else `$XIETONG_HOME`, else [`SERVICE_HOME`] if it is there and writable, else
    /// `~/.xietong`. None if not even the user has a home.
    pub fn find(given: Option<PathBuf>, places: &Places) -> Option<Self> {
        let service = || is_writable(Path::new(SERVICE_HOME)).then(|| SERVICE_HOME.into());
        let user = || places.user_home.as_ref().map(|home| home.join(".xietong"));
        given.or_else(|| places.xietong_home.clone()).or_else(service).or_else(user).map(Self)
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// What the operator sets.
    pub fn config(&self) -> PathBuf {
        self.0.join("config.toml")
    }

    /// The secret keys.
    pub fn keys(&self) -> PathBuf {
        self.0.join("keys")
    }

    /// The member card issued last.
    pub fn card(&self) -> PathBuf {
        self.0.join("card.toml")
    }

    /// Calendars of years that the program does not bring, or brings wrongly.
    pub fn calendars(&self) -> PathBuf {
        self.0.join("calendar")
    }

    /// The office's own rules for vehicles; the program's where there are none.
    pub fn vehicle_rules(&self) -> PathBuf {
        self.0.join("vehicle-rules.toml")
    }

    /// Member cards issued before it: what was signed under them is checked with them.
    pub fn cards(&self) -> PathBuf {
        self.0.join("cards")
    }

    /// The data log: the authority.
    pub fn log(&self) -> PathBuf {
        self.0.join("log")
    }

    /// The rows: derived from the log.
    pub fn rows(&self) -> PathBuf {
        self.0.join("rows")
    }

    /// What exists only while a node runs.
    pub fn run(&self) -> PathBuf {
        self.0.join("run")
    }

    /// Held by the one process that runs this node.
    pub fn lock(&self) -> PathBuf {
        self.run().join("lock")
    }

    /// What happened, for those who look after the node.
    pub fn operation_log(&self) -> PathBuf {
        self.0.join("operation.log")
    }
}

impl From<PathBuf> for Home {
    fn from(path: PathBuf) -> Self {
        Self(path)
    }
}

fn is_writable(folder: &Path) -> bool {
    folder.is_dir() && access(folder, Access::WRITE_OK).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_answer_wins() {
        let places = Places { xietong_home: Some("/x".into()), user_home: Some("/u".into()) };
        assert_eq!(Home::find(Some("/g".into()), &places), Some(Home("/g".into())));
        assert_eq!(Home::find(None, &places), Some(Home("/x".into())));
    }

    #[test]
    fn a_user_without_a_home_is_told_so() {
        if is_writable(Path::new(SERVICE_HOME)) {
            return;
        }
        assert_eq!(Home::find(None, &Places::default()), None);
        let places = Places { user_home: Some("/u".into()), ..Places::default() };
        assert_eq!(Home::find(None, &places), Some(Home("/u/.xietong".into())));
    }
}
