//! `… import` and `… add`: streams a file to the node, shows how it goes, writes the rows that have to be corrected
//! beside the file. The node opens no file of an operator.

use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::Answer;
use super::context::Context;
use super::csv_file::{BYTE_ORDER_MARK, csv_text};
use crate::failure::{Exit, Failure, ImportStopped, Obstacle};
use crate::files::{self, FileAction, FileFailure};
use crate::http::answer::Problem;
use crate::http::client::ClientFailure;
use crate::http::data::{ImportEvent, ImportQuery, ImportRefusal};
use crate::systems::Kind;
use crate::systems::fault::{ImportReport, Quarantined};
use crate::systems::page::ListRefusal;
use crate::systems::sheet::SheetInfo;
use crate::text::{self, Imported, Lang, View, headings};

/// Which file, and how.
#[derive(Debug, clap::Args)]
pub struct Import {
    /// CSV 文件（UTF-8 或 GB18030），- 为标准输入 · A CSV file in UTF-8 or GB18030; - reads standard input
    file: PathBuf,
    /// 只说明会改变什么、会向谁提供什么 · Only say what would change and what would leave, to whom
    #[arg(long)]
    dry_run: bool,
    /// 文件即全部台账：其中没有的行将撤回 · The file is the whole register: rows that it does not have are taken back
    #[arg(long)]
    full: bool,
    /// 表头对应表（TOML：[rename] 与 [constants]） · Maps headers: TOML with [rename] and [constants]
    #[arg(long, value_name = "FILE")]
    map: Option<PathBuf>,
}

impl Import {
    /// Needs the running node.
    pub fn run(&self, context: &Context, kind: Kind) -> Result<Answer, Failure> {
        let map = self.map.as_deref().map(files::read).transpose()?.unwrap_or_default();
        let query = ImportQuery { dry_run: self.dry_run, full: self.full, map };
        let (heard, sent) = send(context, kind, &query, self.open()?)?;
        let rejected = self.write_rejected(context.lang, kind, &heard)?;
        sent?;
        answer(context.lang, kind, self.dry_run, heard, rejected.as_deref())
    }

    fn open(&self) -> Result<Box<dyn Read + Send>, FileFailure> {
        if self.is_standard_input() {
            return Ok(Box::new(io::stdin()));
        }
        let failed = |source| FileFailure { action: FileAction::Read, path: self.file.clone(), source };
        Ok(Box::new(File::open(&self.file).map_err(failed)?))
    }

    fn is_standard_input(&self) -> bool {
        self.file == Path::new("-")
    }

    /// Rows that came through standard input stand nowhere that could be corrected.
    fn write_rejected(&self, lang: Lang, kind: Kind, heard: &Heard) -> Result<Option<PathBuf>, FileFailure> {
        let Some(sheet) = heard.sheet.as_ref().filter(|_| !heard.quarantined.is_empty()) else {
            return Ok(None);
        };
        if self.is_standard_input() {
            return Ok(None);
        }
        let mut path = self.file.clone().into_os_string();
        path.push(".rejected.csv");
        let path = PathBuf::from(path);
        files::replace(&path, &rejected(lang, kind, sheet, &heard.quarantined), 0o640)?;
        Ok(Some(path))
    }
}

/// Takes in one row, of which each cell is given with its column.
pub fn add(
    context: &Context,
    kind: Kind,
    cells: &[(String, String)],
    dry_run: bool,
) -> Result<Answer, Failure> {
    let known = headings(kind, View::Register);
    let is_known = |column: &str| known.iter().any(|known| column == known.name || column == known.zh);
    if let Some((column, _)) = cells.iter().find(|(column, _)| !is_known(column)) {
        let columns = known.iter().map(|known| known.title(context.lang)).collect();
        let refusal = ListRefusal::NoSuchColumn { column: column.clone(), columns };
        return Err(ClientFailure::Problem(Problem::List { refusal }).into());
    }
    let (columns, row): (Vec<String>, Vec<String>) = cells.iter().cloned().unzip();
    let file = io::Cursor::new(csv_text([columns, row].iter()));
    let query = ImportQuery { dry_run, ..ImportQuery::default() };
    let (heard, sent) = send(context, kind, &query, Box::new(file))?;
    sent?;
    answer(context.lang, kind, dry_run, Heard { sheet: None, ..heard }, None)
}

/// What the node says of a file, and whether it has said it to the end.
fn send(
    context: &Context,
    kind: Kind,
    query: &ImportQuery,
    file: Box<dyn Read + Send>,
) -> Result<(Heard, Result<(), Failure>), Failure> {
    let (node, mut heard, mut progress) = (context.node()?, Heard::default(), Progress::new());
    let sent = node.stream(&format!("{}/import", kind.name()), query, file, |event| {
        if let ImportEvent::Progress { thousandths, .. } = event {
            progress.reached(thousandths);
        }
        heard.take(event);
    });
    progress.end();
    Ok((heard, sent))
}

fn answer(
    lang: Lang,
    kind: Kind,
    dry_run: bool,
    heard: Heard,
    rejected: Option<&Path>,
) -> Result<Answer, Failure> {
    let (sheet, report) = heard.outcome(kind)?;
    let imported = Imported { kind, dry_run, sheet: sheet.as_ref(), report: &report, rejected };
    let text = text::imported(lang, &imported);
    let exit = exit(&report);
    Ok(Answer { exit, ..Answer::new(report, text) })
}

/// Done also with rows to correct, but not if they were all.
fn exit(report: &ImportReport) -> Exit {
    if report.rows() == 0 && !report.quarantined.is_empty() { Exit::Refused } else { Exit::Done }
}

/// The columns of the file as written, then the line, the column, the value and the reason.
fn rejected(lang: Lang, kind: Kind, sheet: &SheetInfo, rows: &[Quarantined]) -> String {
    let header = [sheet.headers.clone(), text::rejected_header(lang).to_vec()].concat();
    let line = |row: &Quarantined| {
        let mut cells = row.cells.clone();
        // A row of another length than the header must not move the columns that follow.
        cells.resize(sheet.headers.len(), String::new());
        cells.extend(text::rejected_row(lang, kind, row));
        cells
    };
    let lines: Vec<_> = std::iter::once(header).chain(rows.iter().map(line)).collect();
    BYTE_ORDER_MARK.to_owned() + &csv_text(lines.iter())
}

/// What the node has said so far.
#[derive(Debug, Default)]
struct Heard {
    sheet: Option<SheetInfo>,
    quarantined: Vec<Quarantined>,
    done: Option<Result<ImportReport, ImportRefusal>>,
}

impl Heard {
    fn take(&mut self, event: ImportEvent) {
        match event {
            ImportEvent::Opened(sheet) => self.sheet = Some(sheet),
            ImportEvent::Progress { .. } => {}
            ImportEvent::Quarantined(row) => self.quarantined.push(row),
            ImportEvent::Done(report) => self.done = Some(Ok(report)),
            ImportEvent::Refused(refusal) => self.done = Some(Err(refusal)),
        }
    }

    /// The whole report, with the rows that were told before it.
    fn outcome(self, kind: Kind) -> Result<(Option<SheetInfo>, ImportReport), Failure> {
        match self.done {
            Some(Ok(report)) => {
                let mut quarantined = self.quarantined;
                quarantined.sort_by_key(|row| row.line);
                Ok((self.sheet, ImportReport { quarantined, ..report }))
            }
            Some(Err(refusal)) => Err(Failure::Import(ImportStopped::ImportRefused { kind, refusal })),
            None => Err(Obstacle::CutOff.into()),
        }
    }
}

/// A bar on a terminal for what takes over a second.
pub struct Progress {
    bar: ProgressBar,
    begun: Instant,
}

impl Progress {
    /// Shows nothing yet.
    pub fn new() -> Self {
        let style = ProgressStyle::with_template("{wide_bar} {percent} %").expect("the template is in order");
        let bar = ProgressBar::with_draw_target(Some(1_000), ProgressDrawTarget::hidden());
        Self { bar: bar.with_style(style), begun: Instant::now() }
    }

    /// So much is done.
    pub fn reached(&mut self, thousandths: u64) {
        if self.bar.is_hidden() && self.begun.elapsed() > PATIENCE && io::stderr().is_terminal() {
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        self.bar.set_position(thousandths);
    }

    /// Takes the bar away.
    pub fn end(&self) {
        self.bar.finish_and_clear();
    }
}

const PATIENCE: Duration = Duration::from_secs(1);
