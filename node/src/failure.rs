//! Why a command did not do what it was asked, and the exit code that says so. Codes and data only: the
//! sentences are in `text`.

use std::io::ErrorKind;
use std::path::PathBuf;
use std::process::ExitCode;

use serde::{Serialize, Serializer};
use serde_json::json;
use xietong_proto::id::{AgreementId, MemberCode};
use xietong_proto::reject::Reject;

use crate::backup::BackupRefusal;
use crate::config::ConfigError;
use crate::daemon::start::NodeFailure;
use crate::files::FileFailure;
use crate::http::answer::Problem;
use crate::http::client::ClientFailure;
use crate::http::data::ImportRefusal;
use crate::keys::KeyError;
use crate::machine::Refusal;
use crate::papers::PaperRefusal;
use crate::papers::proposal::ProposalRefusal;
use crate::replica::evidence::NoEvidence;
use crate::store::error::StoreError;
use crate::systems::Kind;
use crate::systems::query::Place;

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
    /// A version of an agreement that the node has.
    Version(VersionRefusal),
    /// The node does not start, or did not stop in order.
    Node(NodeStopped),
    /// The running node does not give what was asked for.
    Client(#[serde(serialize_with = "client_as_code")] ClientFailure),
    /// A file is not taken in, or not to its end.
    Import(ImportStopped),
    /// There is no evidence, or it does not hold.
    Evidence(EvidenceRefusal),
    /// There is no backup, or it cannot be used.
    Backup(BackupRefusal),
    /// The demo did not go as it should.
    Demo(DemoFailure),
    /// Anything else that stood in the way.
    Obstacle(Obstacle),
}

/// A demo that came to no end.
#[derive(Debug, Serialize)]
#[serde(tag = "code")]
pub enum DemoFailure {
    /// A command answered otherwise than it should.
    DemoCommand {
        /// At which province.
        member: MemberCode,
        /// Without the program's name and the common options.
        command: String,
        /// What it said.
        said: String,
    },
    /// Something that the demo promises is not so, or did not come about in time.
    DemoBroken {
        /// What should be.
        expected: Expected,
    },
}

/// What the demo promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "promise")]
pub enum Expected {
    /// A started node answers.
    NodeAnswers {
        /// Whose.
        member: MemberCode,
    },
    /// What is shared comes to everybody.
    Arrived,
    /// A paused node exchanges nothing.
    PausedStaysAway,
    /// The import is under way when the node is killed.
    KilledInTheMiddle,
    /// What was acknowledged is there after a crash.
    NothingLost,
    /// Heads, digests and tables are the same at all nodes.
    EqualEverywhere,
    /// Who is in no agreement is cut off.
    StrangerTurnedAway,
    /// A changed entry is refused.
    FlippedBitNoticed,
    /// Codes that tell who or which stay at home.
    NothingLeft,
}

/// Why nothing is proven.
#[derive(Debug, Serialize)]
#[serde(tag = "code")]
pub enum EvidenceRefusal {
    /// Neither an id nor a place such as `230000/vehicles/3/2`.
    PlaceForm {
        /// As given.
        place: String,
    },
    /// The id means several records.
    SeveralPlaces {
        /// As given.
        id: String,
        /// Each of them.
        places: Vec<Place>,
    },
    /// More than one agreement could be meant, or none is.
    WhichAgreement {
        /// Those that are here.
        agreements: Vec<AgreementId>,
    },
    /// The log does not give what is looked for.
    NoEvidence {
        /// Why.
        because: NoEvidence,
    },
    /// A file proves nothing.
    FalseEvidence {
        /// Which.
        file: PathBuf,
        /// The rule that does not hold.
        reject: Reject,
    },
}

/// Why it is not clear which version is meant, or why nothing is said of it.
#[derive(Debug, Serialize)]
#[serde(tag = "code")]
pub enum VersionRefusal {
    /// The node has joined no agreement.
    NoneJoined,
    /// None that it has joined is called so.
    NoSuchAgreement {
        /// As given.
        name: String,
    },
    /// Several could be meant.
    WhichAgreement {
        /// What people call them.
        titles: Vec<String>,
    },
    /// No version waits for an opinion.
    NothingWaits,
    /// No version has such a fingerprint.
    VersionUnknown {
        /// As given.
        fingerprint: String,
    },
    /// Several could be meant.
    WhichVersion {
        /// What is read out of each.
        fingerprints: Vec<String>,
    },
    /// What the node has of it does not hold, or nothing more can be said of it.
    VersionRefused {
        /// Why.
        refusal: PaperRefusal,
    },
}

/// An import that came to no report.
#[derive(Debug, Serialize)]
#[serde(tag = "code")]
pub enum ImportStopped {
    /// The node refuses the file, or the rest of it.
    ImportRefused {
        /// Of which register.
        kind: Kind,
        /// Why.
        refusal: ImportRefusal,
    },
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
    /// The node went away before an import was done.
    CutOff,
    /// The operator was asked and did not say yes.
    NotConfirmed,
    /// Neither a file, the environment nor a terminal gives the passphrase of the seal key.
    PassphraseMissing,
    /// A new passphrase was typed twice, not alike.
    PassphrasesDiffer,
    /// The editor did not end well.
    EditorFailed {
        /// What was started.
        editor: String,
    },
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
  0  已完成（导入时可能有待更正的行）· done (an import may have rows to correct)
  1  不予办理，或没有一行可收录，原因见输出 · refused, or not one row could be taken in; the output says why
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
            Self::Obstacle(Obstacle::HomeUnknown | Obstacle::PassphraseMissing) => Exit::Usage,
            Self::Obstacle(
                Obstacle::EditorFailed { .. }
                | Obstacle::HomeOccupied { .. }
                | Obstacle::NotConfirmed
                | Obstacle::PassphrasesDiffer
                | Obstacle::CardMissing,
            ) => Exit::Refused,
            Self::Node(NodeStopped::NodeFailed { detail: NodeFailure::Store(StoreError::InUse { .. }) }) => {
                Exit::Node
            }
            Self::Node(_) => Exit::Machine,
            Self::Demo(_) => Exit::Machine,
            Self::Client(failure) => exit_of_client(failure),
            Self::Import(ImportStopped::ImportRefused { refusal, .. }) => exit_of_import(refusal),
            Self::Obstacle(Obstacle::CutOff) => Exit::Node,
            Self::Backup(BackupRefusal::BackupFile(failure)) => exit_of(failure.source.kind()),
            Self::Backup(BackupRefusal::BackupStore { error: StoreError::InUse { .. } }) => Exit::Node,
            Self::Backup(BackupRefusal::BackupStore { .. }) => Exit::Machine,
            Self::Evidence(EvidenceRefusal::PlaceForm { .. })
            | Self::Version(VersionRefusal::WhichAgreement { .. } | VersionRefusal::WhichVersion { .. }) => {
                Exit::Usage
            }
            Self::Config(_)
            | Self::Key(_)
            | Self::Paper { .. }
            | Self::Proposal(_)
            | Self::Version(_)
            | Self::Evidence(_)
            | Self::Backup(_) => Exit::Refused,
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

fn exit_of_client(failure: &ClientFailure) -> Exit {
    match failure {
        ClientFailure::NotRunning { .. } | ClientFailure::Problem(Problem::Stopping) => Exit::Node,
        ClientFailure::Problem(Problem::Refused { refusal }) => exit_of_refusal(refusal),
        ClientFailure::Problem(
            Problem::Paper { .. }
            | Problem::NotInForce { .. }
            | Problem::List { .. }
            | Problem::Unreadable { .. }
            | Problem::TooLarge { .. }
            | Problem::TurnedAway { .. }
            | Problem::Bundle { .. }
            | Problem::NotFound { .. },
        ) => Exit::Refused,
        ClientFailure::Problem(Problem::LogUnreadable)
        | ClientFailure::Broken(_)
        | ClientFailure::Unreadable(_) => Exit::Machine,
    }
}

fn exit_of_import(refusal: &ImportRefusal) -> Exit {
    match refusal {
        ImportRefusal::File(_) => Exit::Refused,
        ImportRefusal::Node(refusal) => exit_of_refusal(refusal),
        ImportRefusal::Stopping => Exit::Node,
    }
}

/// What passes by itself is no refusal of what was asked.
fn exit_of_refusal(refusal: &Refusal) -> Exit {
    match refusal {
        Refusal::Rebuilding { .. } | Refusal::DiskFull { .. } => Exit::Node,
        Refusal::NotNamed { .. }
        | Refusal::NotThisNode
        | Refusal::UnknownMember { .. }
        | Refusal::Unsaid { .. }
        | Refusal::NotPurged { .. }
        | Refusal::Token { .. }
        | Refusal::Bundle { .. }
        | Refusal::Data { .. } => Exit::Refused,
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

impl From<VersionRefusal> for Failure {
    fn from(refusal: VersionRefusal) -> Self {
        Self::Version(refusal)
    }
}

impl From<BackupRefusal> for Failure {
    fn from(refusal: BackupRefusal) -> Self {
        Self::Backup(refusal)
    }
}

impl From<EvidenceRefusal> for Failure {
    fn from(refusal: EvidenceRefusal) -> Self {
        Self::Evidence(refusal)
    }
}

impl From<FileFailure> for Failure {
    fn from(failure: FileFailure) -> Self {
        Self::Obstacle(Obstacle::File(failure))
    }
}

impl From<DemoFailure> for Failure {
    fn from(failure: DemoFailure) -> Self {
        Self::Demo(failure)
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

impl From<ClientFailure> for Failure {
    fn from(failure: ClientFailure) -> Self {
        Self::Client(failure)
    }
}

/// What the node said keeps its own shape below the code.
fn client_as_code<S: Serializer>(failure: &ClientFailure, to: S) -> Result<S::Ok, S::Error> {
    let shape = match failure {
        ClientFailure::NotRunning { socket } => json!({ "code": "NodeNotRunning", "socket": socket }),
        ClientFailure::Problem(problem) => json!({ "code": "NodeRefused", "because": problem }),
        ClientFailure::Broken(error) => json!({ "code": "NodeBrokeOff", "detail": error.to_string() }),
        ClientFailure::Unreadable(error) => json!({ "code": "NodeUnreadable", "detail": error.to_string() }),
    };
    shape.serialize(to)
}
