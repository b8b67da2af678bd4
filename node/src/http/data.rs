//! Requests about records: lists and single things are read from the rows; what changes them goes to the
//! machine. An import is streamed back line by line while it runs.

use std::collections::BTreeMap;
use std::io::{self, Seek, Write};

use axum::body::{Body, Bytes};
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use futures::StreamExt;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use tempfile::{SpooledTempFile, spooled_tempfile_in};
use tokio::sync::mpsc;
use xietong_proto::id::MemberCode;
use xietong_proto::stream::Stream;

use super::Desk;
use super::answer::{self, Problem};
use super::door::Asked;
use super::node::{spelled, unexpected};
use crate::machine::{Answer, Command, Refusal};
use crate::replica::room::Shortage;
use crate::systems::energy::release::coefficients::SetId;
use crate::systems::energy::release::report::Report as EnergyReport;
use crate::systems::energy::release_act;
use crate::systems::fault::{FileRefusal, ImportReport, Quarantined};
use crate::systems::history::{Version, versions};
use crate::systems::page::{List, Owner, Page};
use crate::systems::query::{self, Shown};
use crate::systems::records::read as read_record;
use crate::systems::registers::{AnySheet, NextLines, open_sheet};
use crate::systems::sheet::{HeaderMap, Keys, SheetInfo};
use crate::systems::summary::{self, AssetSummary, VehicleSummary};
use crate::systems::{self, Kind, Report, Source};

/// One line of the answer to an import.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ImportEvent {
    /// The headers were understood.
    Opened(SheetInfo),
    /// How much of the file is done, and how many rows are durable; of a dry run, how many would be.
    Progress { thousandths: u64, rows: u64 },
    /// A row that was not taken in.
    Quarantined(Quarantined),
    /// The file is done. The quarantined rows have been told before and are not in it.
    Done(ImportReport),
    /// The file, or the rest of it, is refused; what was done before stays done.
    Refused(ImportRefusal),
}

/// Why a file is not taken in, or not to its end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ImportRefusal {
    /// Because of what it is.
    File(FileRefusal),
    /// Because of how the node stands.
    Node(Refusal),
    /// The node stops.
    Stopping,
}

/// How a file is to be taken in.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ImportQuery {
    /// Only say what would happen.
    pub dry_run: bool,
    /// The file is the whole register: what it does not have is taken back.
    pub full: bool,
    /// The text of a map file; may be empty.
    pub map: String,
}

/// `POST /v1/{kind}/withdraw`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Withdrawal {
    /// Register keys or listing numbers.
    pub ids: Vec<String>,
    /// Why; kept in the record.
    pub reason: String,
    /// Only say what would happen.
    #[serde(default)]
    pub dry_run: bool,
}

/// Rows judged and decided in one step: they are one entry, with one sync for each log.
const CHUNK_ROWS: usize = 1_000;
/// Bytes of a file that is kept in memory while it is taken in.
const SMALL_BYTES_MAX: usize = 64 * 1024;
/// Times of which is told what was new.
const VERSIONS_MAX: usize = 100;
/// The reason kept for rows that a full file does not have.
const ABSENT: &str = "absent from full import";

pub(super) async fn list(
    State(desk): State<Desk>,
    Path(kind): Path<Kind>,
    Query(mut query): Query<BTreeMap<String, String>>,
) -> Result<Json<Page>, Problem> {
    let owner = match query.remove("owner").as_deref() {
        None if kind.is_listed() => Owner::All,
        None | Some("me") => Owner::Me,
        Some("all") => Owner::All,
        Some(code) => Owner::Member(code.parse().map_err(|_| unreadable(code))?),
    };
    let (of, after, me) = (query.remove("of"), query.remove("after"), desk.me());
    let list = List { owner, of, filters: query.into_iter().collect(), after };
    let page = desk.look(move |rows| query::list(rows, kind, me, &list)).await.ok_or(Problem::Stopping)?;
    page.map(Json).map_err(|refusal| Problem::List { refusal })
}

/// Which one.
#[derive(Deserialize)]
pub(super) struct One {
    id: String,
}

pub(super) async fn show(
    State(desk): State<Desk>,
    Extension(asked): Extension<Asked>,
    Path(kind): Path<Kind>,
    Query(One { id }): Query<One>,
) -> Result<Json<Shown>, Problem> {
    let (me, today) = (desk.me(), desk.today());
    let wanted = id.clone();
    let shown = desk.look(move |rows| query::show(rows, kind, me, today, &wanted)).await;
    let mut shown = shown.ok_or(Problem::Stopping)?.ok_or(Problem::NotFound { id })?;
    shown.held_by = holders(&desk, &asked, kind, &shown).await?;
    shown.history = history(&desk, kind, &shown).await.ok_or(Problem::Stopping)?;
    Ok(Json(shown))
}

pub(super) async fn places(
    State(desk): State<Desk>,
    Query(One { id }): Query<One>,
) -> Result<Json<Vec<query::Place>>, Problem> {
    let (me, wanted) = (desk.me(), id.clone());
    let found = desk.look(move |rows| query::places(rows, me, &wanted)).await.ok_or(Problem::Stopping)?;
    if found.is_empty() { Err(Problem::NotFound { id }) } else { Ok(Json(found)) }
}

/// Members who have signed that they hold the entry from which a listing comes.
async fn holders(desk: &Desk, asked: &Asked, kind: Kind, shown: &Shown) -> Result<Vec<MemberCode>, Problem> {
    let Some(agreement) = shown.agreement else { return Ok(Vec::new()) };
    let (author, system, position) = (shown.owner, kind.system(), shown.source.position);
    let command = Command::Holders { agreement, author, system, position };
    match desk.ask(asked, command).await.ok_or(Problem::Stopping)? {
        Answer::Holders(members) => Ok(members),
        other => Err(unexpected(other)),
    }
}

/// What was new each time that a register row was said; of very many times the newest.
async fn history(desk: &Desk, kind: Kind, shown: &Shown) -> Option<Vec<Version>> {
    if shown.agreement.is_some() {
        return Some(Vec::new());
    }
    let stream = Stream::local(shown.owner, kind.system());
    let places = shown.before.iter().copied().chain([shown.source]).rev().take(VERSIONS_MAX);
    let places: Vec<Source> = places.collect();
    desk.read(move |stored| {
        let read = |at: Source| {
            let entry = stored.entries(stream, at.position, 1)?.into_iter().next()?;
            let record = entry.records().nth(at.index as usize)?;
            Some((at, read_record(stream.author, &record)))
        };
        versions(places.into_iter().rev().filter_map(read))
    })
    .await
}

pub(super) async fn withdraw(
    State(desk): State<Desk>,
    Extension(asked): Extension<Asked>,
    Path(kind): Path<Kind>,
    Json(withdrawal): Json<Withdrawal>,
) -> Result<Json<Report>, Problem> {
    let asked = asked.about(spelled(&withdrawal));
    let Withdrawal { ids, reason, dry_run } = withdrawal;
    let command = systems::Command::Withdraw { kind, ids, reason, dry_run };
    desk.data(&asked, command).await.map(Json)
}

/// Does what the body says, and answers with what came of it: all that most commands need.
pub(super) async fn done<T>(
    State(desk): State<Desk>,
    Extension(asked): Extension<Asked>,
    Json(command): Json<T>,
) -> Result<Json<Report>, Problem>
where
    T: Into<systems::Command> + Serialize,
{
    let asked = asked.about(spelled(&command));
    desk.data(&asked, command.into()).await.map(Json)
}

pub(super) async fn vehicle_report(State(desk): State<Desk>) -> Result<Json<Vec<VehicleSummary>>, Problem> {
    desk.look(summary::vehicles).await.map(Json).ok_or(Problem::Stopping)
}

pub(super) async fn asset_report(State(desk): State<Desk>) -> Result<Json<Vec<AssetSummary>>, Problem> {
    desk.look(summary::assets).await.map(Json).ok_or(Problem::Stopping)
}

/// `GET /v1/energy/report`.
#[derive(Deserialize)]
pub struct EnergyQuery {
    /// Of which month.
    pub period: String,
    /// With which coefficients.
    pub set: Option<String>,
}

pub(super) async fn energy_report(
    State(desk): State<Desk>,
    Query(EnergyQuery { period, set }): Query<EnergyQuery>,
) -> Result<Json<EnergyReport>, Problem> {
    let set = match set {
        Some(set) => set.parse().map_err(|_| unreadable(&set))?,
        None => SetId::NationalGasUpper,
    };
    let report = desk.look(move |rows| release_act::regional(rows, &period, set)).await;
    let refused = |refusal| Problem::from(Refusal::Data { refusal });
    report.ok_or(Problem::Stopping)?.map(Json).map_err(refused)
}

pub(super) async fn import(
    State(desk): State<Desk>,
    Extension(asked): Extension<Asked>,
    Path(kind): Path<Kind>,
    Query(query): Query<ImportQuery>,
    file: Body,
) -> Result<Response, Problem> {
    let file = spool(&desk, file).await?;
    let (events, received) = mpsc::channel(64);
    tokio::spawn(async move {
        let importer = Importer { desk, asked, kind, query, events, report: ImportReport::default() };
        importer.run(file).await;
    });
    let lines = futures::stream::unfold(received, |mut received| async move {
        let event: ImportEvent = received.recv().await?;
        let line = serde_json::to_vec(&event).map(|mut line| {
            line.push(b'\n');
            Bytes::from(line)
        });
        Some((line, received))
    });
    Ok(([("content-type", "application/x-ndjson")], Body::from_stream(lines)).into_response())
}

/// Keeps a file until it is taken in: a small one in memory, any other on the disk, so that none has to fit into memory.
/// It is gone with its last user.
async fn spool(desk: &Desk, body: Body) -> Result<SpooledTempFile, Problem> {
    let bytes_max = desk.import.size_mib_max << 20;
    let full = |_: io::Error| {
        let shortage = Shortage { free_bytes: (desk.surroundings)().free_bytes, needed_bytes: bytes_max };
        Problem::Refused { refusal: Refusal::DiskFull { shortage } }
    };
    let mut spooled = spooled_tempfile_in(SMALL_BYTES_MAX, &desk.spool);
    let (mut pieces, mut bytes) = (body.into_data_stream(), 0);
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(|error| unreadable(&error.to_string()))?;
        bytes += piece.len() as u64;
        if bytes > bytes_max {
            return Err(Problem::TooLarge { bytes_max });
        }
        let write = move || spooled.write_all(&piece).map(|()| spooled);
        let written = if bytes > SMALL_BYTES_MAX as u64 { away(write).await } else { Ok(write()) };
        spooled = written.map_err(|_| Problem::Stopping)?.map_err(full)?;
    }
    spooled.rewind().map_err(full)?;
    Ok(spooled)
}

/// One file on its way in: parsed away from the loop, decided by the machine chunk by chunk. When the client
/// goes away the import ends after the chunk under way.
struct Importer {
    desk: Desk,
    asked: Asked,
    kind: Kind,
    query: ImportQuery,
    events: mpsc::Sender<ImportEvent>,
    report: ImportReport,
}

impl Importer {
    async fn run(mut self, file: SpooledTempFile) {
        let last = match self.take(file).await {
            Ok(()) => ImportEvent::Done(std::mem::take(&mut self.report)),
            Err(refusal) => {
                self.desk.record_refusal(&self.asked, code_of(&refusal)).await;
                ImportEvent::Refused(refusal)
            }
        };
        // Whoever asked may have gone.
        let _ = self.events.send(last).await;
    }

    async fn take(&mut self, file: SpooledTempFile) -> Result<(), ImportRefusal> {
        let map = HeaderMap::read(&self.query.map).map_err(ImportRefusal::File)?;
        let (kind, rows_max, today) = (self.kind, self.desk.import.rows_max, self.desk.today());
        let open = move || open_sheet(kind, Box::new(file), &map, rows_max, today).map(read_on);
        let (mut sheet, mut read) = away(open).await?.map_err(ImportRefusal::File)?;
        self.tell(ImportEvent::Opened(sheet.info().clone())).await?;
        while let Some((lines, quarantined)) = read.map_err(ImportRefusal::File)? {
            let thousandths = sheet.progress();
            // While the machine decides on some rows, the next are read and checked.
            let reading = tokio::task::spawn_blocking(move || read_on(sheet));
            for row in quarantined {
                self.tell(ImportEvent::Quarantined(row)).await?;
            }
            let dry_run = self.query.dry_run;
            let rows = lines.count();
            self.decide(rows, systems::Command::Import { lines, dry_run }).await?;
            self.tell(ImportEvent::Progress { thousandths, rows: self.report.rows() }).await?;
            (sheet, read) = reading.await.map_err(|_| ImportRefusal::Stopping)?;
        }
        if self.query.full { self.take_back_absent(sheet.keys().clone()).await } else { Ok(()) }
    }

    async fn take_back_absent(&mut self, present: Keys) -> Result<(), ImportRefusal> {
        let kind = self.kind;
        let absent = self.desk.look(move |rows| query::absent(rows, kind, &present)).await;
        for ids in absent.ok_or(ImportRefusal::Stopping)?.chunks(CHUNK_ROWS) {
            let (ids, reason, dry_run) = (ids.to_vec(), ABSENT.to_owned(), self.query.dry_run);
            self.decide(ids.len(), systems::Command::Withdraw { kind, ids, reason, dry_run }).await?;
        }
        Ok(())
    }

    async fn decide(&mut self, rows: usize, command: systems::Command) -> Result<(), ImportRefusal> {
        let asked = self.asked.about(format!("({rows})"));
        match self.desk.ask(&asked, Command::Data(command)).await.ok_or(ImportRefusal::Stopping)? {
            Answer::Data(Report::Import(mut report)) => {
                for row in std::mem::take(&mut report.quarantined) {
                    self.tell(ImportEvent::Quarantined(row)).await?;
                }
                self.report.add(report);
                Ok(())
            }
            Answer::Refused(refusal) => Err(ImportRefusal::Node(refusal)),
            Answer::Data(Report::Release(_) | Report::Request(_))
            | Answer::Joined { .. }
            | Answer::Said { .. }
            | Answer::Papers(_)
            | Answer::GivenUp { .. }
            | Answer::Paused
            | Answer::Excused
            | Answer::Recorded
            | Answer::Status(_)
            | Answer::Digests(_)
            | Answer::Explained(_)
            | Answer::Packed(_)
            | Answer::Played(_)
            | Answer::Holders(_) => {
                unreachable!("an import is answered with its report")
            }
        }
    }

    async fn tell(&self, event: ImportEvent) -> Result<(), ImportRefusal> {
        self.events.send(event).await.map_err(|_| ImportRefusal::Stopping)
    }
}

/// The next rows of a file.
fn read_on(mut sheet: Box<dyn AnySheet>) -> (Box<dyn AnySheet>, Result<Option<NextLines>, FileRefusal>) {
    let read = sheet.next_lines(CHUNK_ROWS);
    (sheet, read)
}

/// The name of the refusal that lies in it.
fn code_of(refusal: &ImportRefusal) -> String {
    match refusal {
        ImportRefusal::File(refusal) => answer::code(refusal),
        ImportRefusal::Node(refusal) => answer::code(refusal),
        ImportRefusal::Stopping => "Stopping".to_owned(),
    }
}

/// Runs what takes long away from the tasks that carry requests.
async fn away<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, ImportRefusal> {
    tokio::task::spawn_blocking(work).await.map_err(|_| ImportRefusal::Stopping)
}

impl Desk {
    pub(super) async fn data(&self, asked: &Asked, command: systems::Command) -> Result<Report, Problem> {
        match self.ask(asked, Command::Data(command)).await.ok_or(Problem::Stopping)? {
            Answer::Data(report) => Ok(report),
            other => Err(unexpected(other)),
        }
    }

    pub(super) fn me(&self) -> MemberCode {
        self.card.fields.code
    }

    pub(super) fn today(&self) -> Date {
        crate::calendar::date(crate::clock::wall())
    }
}

fn unreadable(text: &str) -> Problem {
    Problem::Unreadable { detail: text.to_owned() }
}
