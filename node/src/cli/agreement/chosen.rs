//! Which agreement and which of its versions a command is about: one in a file, or one that the running node has.

use std::path::PathBuf;

use xietong_proto::epochs::{Stage, Tally};
use xietong_proto::id::*;
use xietong_proto::manifest::Manifest;
use xietong_proto::receipt::Holdings;

use super::super::context::{Context, read_agreement};
use crate::failure::{Failure, VersionRefusal};
use crate::http::epochs::Papers;
use crate::http::node::NodeStatus;
use crate::papers::PaperRefusal;
use crate::papers::agreement::AgreementFile;
use crate::papers::exact::Known;
use crate::papers::ground::{Ground, is_version};
use crate::replica::status::AgreementStatus;

/// Which of the agreements that the node has joined.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Which {
    /// 哪份协议：名称或编号的开头，只加入一份时可省 · The agreement, by the beginning of its title or id
    #[arg(long, value_name = "AGREEMENT")]
    agreement: Option<String>,
}

/// A version in a file, or of those that the node has.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Chosen {
    /// 协议文件；不写则问本节点 · An agreement file; without one the running node is asked
    file: Option<PathBuf>,
    /// 哪一版次：指纹的开头 · The version, by the beginning of its fingerprint
    #[arg(long, value_name = "FINGERPRINT", conflicts_with = "file")]
    version: Option<String>,
    #[command(flatten)]
    which: Which,
}

/// An agreement as the node has it.
pub struct Agreed {
    /// How it stands.
    pub status: AgreementStatus,
    /// All that is known of it.
    pub ground: Ground,
}

/// The version that a command is about.
pub struct Version {
    /// With all that is known beside it.
    pub file: AgreementFile,
    /// Where it came from, and what is said of it goes back.
    pub source: Source,
}

/// Where a version lies.
pub enum Source {
    /// In a file.
    File(PathBuf),
    /// At the node, in this agreement.
    Node(AgreementId),
}

impl Which {
    /// All that are meant.
    pub fn all(&self, context: &Context) -> Result<Vec<Agreed>, Failure> {
        let node = context.node()?;
        let status: NodeStatus = node.get("status", &())?;
        let meant = |of: &AgreementStatus| {
            let wanted = self.agreement.as_ref();
            wanted.is_none_or(|wanted| {
                of.title.starts_with(wanted) || of.agreement.to_string().starts_with(wanted)
            })
        };
        let mut agreed = Vec::new();
        for status in status.status.agreements.into_iter().filter(meant) {
            let id = status.agreement;
            let papers: Papers = node.get(&format!("agreements/{id}/papers"), &())?;
            let held: Holdings = papers.held.iter().map(|held| held.end(id)).collect();
            let Known { epochs, cards, .. } =
                papers.exact.open().map_err(|refusal| VersionRefusal::VersionRefused { refusal })?;
            agreed.push(Agreed { status, ground: Ground { epochs, cards, held } });
        }
        match (agreed.is_empty(), &self.agreement) {
            (false, _) => Ok(agreed),
            (true, None) => Err(VersionRefusal::NoneJoined.into()),
            (true, Some(name)) => Err(VersionRefusal::NoSuchAgreement { name: name.clone() }.into()),
        }
    }

    /// The only one that is meant.
    pub fn one(&self, context: &Context) -> Result<Agreed, Failure> {
        let mut all = self.all(context)?;
        let titles = all.iter().map(|agreed| agreed.status.title.clone()).collect();
        match all.pop() {
            Some(one) if all.is_empty() => Ok(one),
            Some(_) | None => Err(VersionRefusal::WhichAgreement { titles }.into()),
        }
    }
}

impl Chosen {
    /// The version that is meant; where none is named, the one that waits and that `member` has not yet spoken of.
    pub fn waiting(&self, context: &Context, member: Option<MemberCode>) -> Result<Version, Failure> {
        let waits = |agreed: &Agreed, of: &Manifest| {
            let tally = agreed.ground.epochs.tally(of.id());
            let silent = |Tally { approved, declined, .. }: &Tally| {
                member.is_none_or(|code| !approved.contains(&code) && !declined.contains(&code))
            };
            tally.is_some_and(|tally| tally.stage == Stage::Open && silent(&tally))
        };
        self.version(context, waits)
    }

    /// The version that is meant; where none is named, the one in force.
    pub fn in_force(&self, context: &Context) -> Result<Version, Failure> {
        self.version(context, |agreed, of| agreed.ground.epochs.newest().id() == of.id())
    }

    /// The version that is meant; where none is named, the one that waits, else the one in force.
    pub fn newest(&self, context: &Context) -> Result<Version, Failure> {
        match self.waiting(context, None) {
            Err(Failure::Version(VersionRefusal::NothingWaits)) => self.in_force(context),
            found => found,
        }
    }

    fn version(
        &self,
        context: &Context,
        is_meant: impl Fn(&Agreed, &Manifest) -> bool,
    ) -> Result<Version, Failure> {
        if let Some(path) = &self.file {
            return Ok(Version { file: read_agreement(path)?, source: Source::File(path.clone()) });
        }
        let all = self.which.all(context)?;
        let is_one = |agreed: &Agreed, of: &Manifest| match &self.version {
            Some(text) => is_version(of, text),
            None => is_meant(agreed, of),
        };
        let mut meant = Vec::new();
        for agreed in &all {
            let versions = agreed.ground.epochs.manifests().filter(|of| is_one(agreed, of));
            meant.extend(versions.map(|of| (agreed, of)));
        }
        match meant[..] {
            [(agreed, manifest)] => {
                let Ground { epochs, cards, .. } = agreed.ground.clone();
                let file = AgreementFile::new(epochs, cards, manifest.id());
                let file = file.map_err(|refusal| VersionRefusal::VersionRefused { refusal })?;
                Ok(Version { file, source: Source::Node(agreed.status.agreement) })
            }
            [] => Err(match &self.version {
                Some(text) => VersionRefusal::VersionUnknown { fingerprint: text.clone() }.into(),
                None => VersionRefusal::NothingWaits.into(),
            }),
            [..] => {
                let fingerprints = meant.iter().map(|(_, manifest)| manifest.fingerprint()).collect();
                Err(VersionRefusal::WhichVersion { fingerprints }.into())
            }
        }
    }
}

impl Version {
    /// A refusal about it, which names the file that it lies in.
    pub fn refused(&self, refusal: PaperRefusal) -> Failure {
        match &self.source {
            Source::File(file) => Failure::Paper { file: file.clone(), refusal },
            Source::Node(_) => VersionRefusal::VersionRefused { refusal }.into(),
        }
    }
}
