//! Why a command did not do what it was asked, and the exit code that says so. Codes and data only: the
//! sentences are in `text`.

use std::io::ErrorKind;
use std::path::PathBuf;
use std::process::ExitCode;

use serde::{Serialize, Serializer};

use crate::config::ConfigError;
use crate::daemon::start::NodeFailure;
use crate::files::FileFailure;
use crate::keys::KeyError;
use crate::papers::PaperRefusal;
use crate::papers::proposal::ProposalRefusal;
use crate::store::error::StoreError;

/// One variant a source; each carries its own `code`.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Failure {
    /// The configuration.
    Config(ConfigError),
    /// A key.
    Key(KeyError),
    /// A member card or agreement file.
    Paper {
        /// Which.
        file: PathBuf,
        /// Why.
        #[serde(flatten)]
        refusal: PaperRefusal,
    },
    /// A proposal for an agreement.
    Proposal(ProposalRefusal),
    /// The node does not start, or did not stop in order.
    Node(NodeStopped),
    /// Anything else that stood in the way.
    Obstacle(Obstacle),
}

/// A node that does not run.
#[derive(Debug, Serialize)]
#[serde(tag = "code")]
pub enum NodeStopped {
    /// Why, as the layers of the failure say it.
    NodeFailed {
        /// The failure.
        #[serde(serialize_with = "as_text")]
        detail: NodeFailure,
    },
}

/// What stands in the way of a command.
#[derive(Debug, Serialize)]
#[serde(tag = "code")]
pub enum Obstacle {
    /// Neither the command line nor the environment names a home.
    HomeUnknown,
    /// There is a node already.
    HomeOccupied {
        /// What was found.
        path: PathBuf,
    },
    /// There is no member card in the home.
    CardMissing,
    /// The operator was asked and did not say yes.
    NotConfirmed,
    /// The machine would not.
    File(FileFailure),
}

/// Every exit code there is; [`EXIT_CODES`] explains them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// 0
    Done,
    /// 1
    Refused,
    /// 2
    Usage,
    /// 3
    Node,
    /// 4
    Machine,
}

/// The table of exit codes, as `--help` shows it.
pub const EXIT_CODES: &str = "\
退出码 · Exit codes:
  0  已完成 · done
  1  不予办理，原因见输出 · refused, the output says why
  2  命令用法有误 · wrong usage
  3  节点未运行，或正在运行而不能执行 · the node is not running, or is in the way
  4  本机故障：文件、磁盘、网络 · the machine failed: file, disk, network";

impl Failure {
    /// The exit code.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Config(ConfigError::ConfigFile(_)) => Exit::Machine,
            Self::Key(KeyError::KeyFile(_)) => Exit::Machine,
            Self::Obstacle(Obstacle::File(failure)) => exit_of(failure.source.kind()),
            Self::Obstacle(Obstacle::HomeUnknown) => Exit::Usage,
            Self::Obstacle(
                Obstacle::HomeOccupied { .. } | Obstacle::NotConfirmed | Obstacle::CardMissing,
            ) => Exit::Refused,
            Self::Node(NodeStopped::NodeFailed { detail: NodeFailure::Store(StoreError::InUse { .. }) }) => {
                Exit::Node
            }
            Self::Node(_) => Exit::Machine,
            Self::Config(_) | Self::Key(_) | Self::Paper { .. } | Self::Proposal(_) => Exit::Refused,
        }
    }
}

/// A file that the operator named wrongly is no failure of the machine.
fn exit_of(kind: ErrorKind) -> Exit {
    match kind {
        ErrorKind::NotFound | ErrorKind::AlreadyExists | ErrorKind::InvalidData => Exit::Refused,
        _ => Exit::Machine,
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::Refused => 1,
            Exit::Usage => 2,
            Exit::Node => 3,
            Exit::Machine => 4,
        })
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::Config(error)
    }
}

impl From<KeyError> for Failure {
    fn from(error: KeyError) -> Self {
        Self::Key(error)
    }
}

impl From<ProposalRefusal> for Failure {
    fn from(refusal: ProposalRefusal) -> Self {
        Self::Proposal(refusal)
    }
}

impl From<FileFailure> for Failure {
    fn from(failure: FileFailure) -> Self {
        Self::Obstacle(Obstacle::File(failure))
    }
}

impl From<Obstacle> for Failure {
    fn from(obstacle: Obstacle) -> Self {
        Self::Obstacle(obstacle)
    }
}

impl From<NodeFailure> for Failure {
    fn from(failure: NodeFailure) -> Self {
        Self::Node(NodeStopped::NodeFailed { detail: failure })
    }
}

fn as_text<S: Serializer>(failure: &NodeFailure, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&format!("{failure}"))
}
