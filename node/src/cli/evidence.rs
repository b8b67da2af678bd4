//! `xietong evidence`: a record, or a fork, with all that proves it, as one file; and what such a file proves.
//! Reads the data log without a lock; only a listing number or a register key needs the running node.

use std::path::{Path, PathBuf};

use serde::Serialize;
use xietong_proto::entry::Record;
use xietong_proto::evidence::{Evidence, HeldBy, Said};
use xietong_proto::id::*;
use xietong_proto::limits::EVIDENCE_BYTES_MAX;
use xietong_proto::stream::{Audience, Stream};

use super::Answer;
use super::context::Context;
use super::log::kind;
use crate::calendar;
use crate::daemon::start::NodeFailure;
use crate::failure::{EvidenceRefusal, Failure, Obstacle};
use crate::files;
use crate::replica::evidence::Sought;
use crate::store::error::StoreError;
use crate::store::evidence;
use crate::systems::Kind;
use crate::systems::query::Place;
use crate::systems::reading::Reading;
use crate::systems::records::read;
use crate::text;

/// What can be done with evidence.
#[derive(Debug, clap::Subcommand)]
pub enum EvidenceCommand {
    /// 导出一条记录的证据 · Export what proves a record
    Export {
        /// 共享编号、台账编号，或 作者/领域/序号/第几条（如 230000/vehicles/3/2）· A listing number, a register key, or author/system/position/record
        record: String,
        #[command(flatten)]
        how: How,
    },
    /// 导出一个数据流分叉的证据 · Export what proves that a stream is forked
    Fork {
        /// 作者/领域（如 230000/vehicles）· Author/system
        stream: String,
        #[command(flatten)]
        how: How,
    },
    /// 核验证据文件；不需要节点，也不需要主目录 · Check a file; needs neither a node nor a home
    Verify {
        /// 证据文件 · The file
        file: PathBuf,
    },
}

/// From which log, and where to.
#[derive(Debug, clap::Args)]
pub struct How {
    /// 协议的编号，可只写开头；本单位台账写 local · The agreement's id or its beginning; local for the own register
    #[arg(long, value_name = "ID|local")]
    agreement: Option<String>,
    /// 写入的文件，默认取记录的名称 · Write to this file, by default one named like the record
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// 不再询问 · Do not ask
    #[arg(long)]
    yes: bool,
}

impl EvidenceCommand {
    /// Only an id needs the running node, and verifying not even a home.
    pub fn run(&self, context: &Context) -> Result<Answer, Failure> {
        match self {
            Self::Export { record, how } => {
                let (stream, sought) = how.record(context, record)?;
                how.export(context, record, stream, sought)
            }
            Self::Fork { stream, how } => {
                let sought = how.stream(context, stream)?;
                how.export(context, stream, sought, Sought::Fork)
            }
            Self::Verify { file } => verify(context, file),
        }
    }
}

fn verify(context: &Context, file: &Path) -> Result<Answer, Failure> {
    let bytes = files::read_bytes(file, EVIDENCE_BYTES_MAX as u64)?;
    let refused = |reject| EvidenceRefusal::FalseEvidence { file: file.to_owned(), reject };
    let evidence = Evidence::open(&bytes).map_err(refused)?;
    Ok(Answer::new(Report::of(&evidence), text::evidence(context.lang, &evidence)))
}

impl How {
    /// Says what the file will hold and asks before it is written.
    fn export(
        &self,
        context: &Context,
        name: &str,
        stream: Stream,
        sought: Sought,
    ) -> Result<Answer, Failure> {
        let home = context.home()?.path();
        let found = evidence::evidence(home, context.cards()?, context.config()?.member(), stream, sought);
        let refused = |because| EvidenceRefusal::NoEvidence { because };
        let evidence = found.map_err(of_store)?.map_err(refused)?;
        let path = self.out.clone().unwrap_or_else(|| format!("{}.evidence", name.replace('/', "-")).into());
        let shown = text::leaves_with_evidence(context.lang, &evidence);
        if !self.yes && !context.confirms(&shown, &text::will_be_written(context.lang, &path)) {
            return Err(Obstacle::NotConfirmed.into());
        }
        files::create_bytes(&path, evidence.bytes(), 0o600)?;
        let written = text::evidence_written(context.lang, &path, evidence.bytes().len());
        let text = if self.yes { format!("{shown}\n\n{written}") } else { written };
        Ok(Answer::new(Report::of(&evidence), text))
    }

    /// A record by its id, which the node knows, or by its place.
    fn record(&self, context: &Context, record: &str) -> Result<(Stream, Sought), Failure> {
        if let Some((stream, position, index)) = split_place(record) {
            let sought = Sought::Record { position, index };
            return Ok((self.stream(context, &stream)?, sought));
        }
        if record.contains('/') {
            return Err(EvidenceRefusal::PlaceForm { place: record.to_owned() }.into());
        }
        let mut places: Vec<Place> = context.node()?.get("places", &[("id", record)])?;
        if let Some(wanted) = &self.agreement {
            places.retain(|place| is_of(place.agreement, wanted));
        }
        match &places[..] {
            [place] => {
                let sought = Sought::Record { position: place.position, index: place.index };
                Ok((stream_of(place.agreement, place.author, place.kind), sought))
            }
            [] | [..] => Err(EvidenceRefusal::SeveralPlaces { id: record.to_owned(), places }.into()),
        }
    }

    fn stream(&self, context: &Context, stream: &str) -> Result<Stream, Failure> {
        let form = || EvidenceRefusal::PlaceForm { place: stream.to_owned() };
        let (author, system) = stream.split_once('/').ok_or_else(form)?;
        let (author, kind) = (author.parse().map_err(|_| form())?, kind(system).map_err(|_| form())?);
        let mut logs = evidence::agreements(context.home()?.path()).map_err(of_store)?;
        if let Some(wanted) = &self.agreement {
            logs.push(AgreementId::ZERO);
            logs.retain(|log| is_of(*log, wanted));
        }
        match logs[..] {
            [log] => Ok(stream_of(log, author, kind)),
            [] | [..] => Err(EvidenceRefusal::WhichAgreement { agreements: logs }.into()),
        }
    }
}

fn of_store(error: StoreError) -> Failure {
    NodeFailure::Store(error).into()
}

fn stream_of(agreement: AgreementId, author: MemberCode, kind: Kind) -> Stream {
    match agreement {
        AgreementId::ZERO => Stream::local(author, kind.system()),
        agreement => Stream::shared(agreement, author, kind.system()),
    }
}

fn is_of(agreement: AgreementId, wanted: &str) -> bool {
    match agreement {
        AgreementId::ZERO => wanted == "local",
        agreement => agreement.to_string().starts_with(wanted),
    }
}

/// Stream, position and record of a place as people write it: records count from 1.
fn split_place(place: &str) -> Option<(String, Position, u32)> {
    let parts: Vec<&str> = place.split('/').collect();
    let [author, system, position, record] = parts[..] else { return None };
    let (position, record) = (position.parse().ok()?, record.parse::<u32>().ok()?);
    Some((format!("{author}/{system}"), Position(position), record.checked_sub(1)?))
}

/// The stable shape of evidence for programs. Times in RFC 3339.
#[derive(Serialize)]
struct Report {
    author: MemberCode,
    name: Option<String>,
    /// None in a local stream.
    agreement: Option<AgreementId>,
    epoch: Epoch,
    /// Of the manifest, or of the author's card in a local stream: what to compare.
    fingerprint: Option<String>,
    system: System,
    position: Position,
    /// One entry, or the two that fork.
    entries: Vec<EntryId>,
    claimed: Vec<String>,
    #[serde(flatten)]
    record: Option<RecordReport>,
    held_by: Vec<HeldReport>,
}

#[derive(Serialize)]
struct RecordReport {
    /// From 1.
    record: u32,
    kind: RecordKind,
    version: u16,
    body: String,
    reading: Reading,
}

#[derive(Serialize)]
struct HeldReport {
    member: MemberCode,
    position: Position,
    entry: EntryId,
    claimed: String,
}

impl Report {
    fn of(evidence: &Evidence) -> Self {
        let header = evidence.head().header();
        let heads = evidence.said.heads();
        let of_manifest = evidence.manifest().map(|manifest| manifest.fingerprint());
        let is_local = header.stream.audience == Audience::Local;
        Self {
            author: header.stream.author,
            name: evidence.card().map(|card| card.fields.name.clone()),
            agreement: Some(header.stream.agreement).filter(|_| !is_local),
            epoch: header.epoch,
            fingerprint: of_manifest.or_else(|| evidence.card().map(|card| card.fingerprint())),
            system: header.stream.system,
            position: header.position,
            entries: heads.iter().map(|head| head.id()).collect(),
            claimed: heads.iter().map(|head| calendar::stamp(head.header().time)).collect(),
            record: match &evidence.said {
                Said::Record { index, record, .. } => {
                    Some(RecordReport::of(header.stream.author, *index, record))
                }
                Said::Fork(_) => None,
            },
            held_by: evidence.held.iter().map(HeldReport::of).collect(),
        }
    }
}

impl RecordReport {
    fn of(author: MemberCode, index: u32, record: &Record) -> Self {
        let (kind, version, body) = (record.kind, record.version, hex::encode(&record.body));
        Self { record: index + 1, kind, version, body, reading: read(author, record) }
    }
}

impl HeldReport {
    fn of(held: &HeldBy) -> Self {
        let (member, at) = (held.member, held.at);
        Self { member, position: at.position, entry: at.id, claimed: calendar::stamp(held.time) }
    }
}
