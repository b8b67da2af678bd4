//! What happens when a home is opened: every log is read and judged, the rows are compared with it, and only
//! then is anything changed on disk. Torn tails are cut and kept aside, damage is named, rows that cannot be
//! trusted are thrown away and indexed again. A log that lost what nobody else holds does not open.

use std::collections::BTreeMap;
use std::path::Path;

use xietong_proto::id::{AgreementId, MemberCode, Position};
use xietong_proto::stream::Stream;

use super::error::{Damage, StoreError};
use super::home::{Home, Stopped, boot_id};
use super::index::{Contents, Index};
use super::keyspace;
use super::log::survey::Survey;
use super::log::{self, Log, Torn};
use super::purge;
use super::replay::{Logs, Marks, Replay};
use super::rows::RowsError;
use crate::replica::io::Boot;

/// What was found when a home was opened, for the operation log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovery {
    /// What became of the rows.
    pub rows: RowsFound,
    /// Ends of logs that were cut.
    pub torn: Vec<Torn>,
    /// What is damaged. None of it is ours alone, or the home would not have opened.
    pub damage: Vec<Damage>,
    /// Entries that stand behind a gap and are not served, by stream.
    pub unlinked: BTreeMap<Stream, u64>,
}

/// What became of the rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowsFound {
    /// The home is new.
    New,
    /// As the log says.
    Kept,
    /// Behind the log, as a kill leaves them; indexed up to its end.
    CaughtUp,
    /// Thrown away: everything is to be folded again.
    Rebuilt(Unfit),
}

/// Why rows cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// There are none.
    Missing,
    /// They cannot be opened, read or written.
    Unusable,
    /// Some are missing, or were not written by us.
    Incomplete,
    /// The machine was switched off while the node ran, and the rows are not synced.
    PowerLost,
    /// They were made from another log.
    OtherLog,
    /// They were folded further than the log now goes.
    Ahead,
}

/// All that an open store is made of.
pub(super) struct Recovered {
    pub index: Index,
    pub logs: BTreeMap<AgreementId, Log>,
    pub boot: Boot,
    pub recovery: Recovery,
}

/// Opens what a home holds.
pub(super) fn recover(home: &Home, me: MemberCode, segment_bytes_max: u64) -> Result<Recovered, StoreError> {
    let (boot_id, stopped) = (boot_id()?, home.stopped()?);
    let found = FoundRows::read(&home.rows(), &boot_id, stopped.as_ref());
    let marks = found.contents.as_ref().map(|contents| contents.ends.clone()).unwrap_or_default();
    let logs = find_logs(home, me, &marks, stopped.as_ref())?;

    let replay = logs.replay(&marks)?;
    let mut damage: Vec<Damage> = replay.surveys.values().flat_map(|survey| survey.damage.clone()).collect();
    if let Some(contents) = &found.contents {
        name(&mut damage, &contents.index, &logs.root)?;
    }
    refuse_irreplaceable(&replay, &damage, me)?;

    let ends: Marks = replay.surveys.iter().map(|(log, survey)| (*log, survey.end)).collect();
    let mut settled = found.settle(&home.rows(), &boot_id, &logs, &replay, &ends)?;
    purge::finish(&logs, &replay.objects, &mut settled.index)?;
    let (torn, open_logs) = open_logs(&logs, &replay, segment_bytes_max)?;
    home.forget_stopped()?;

    let was_clean = damage.is_empty() && stopped.is_some_and(|stopped| stopped.ends == ends);
    let Replay { heads, objects, bytes, unlinked, .. } = replay;
    let SettledRows { index, rows, folded } = settled;
    let boot = Boot { objects, heads, folded, bytes, was_clean };
    let recovery = Recovery { rows, torn, damage, unlinked };
    Ok(Recovered { index, logs: open_logs, boot, recovery })
}

/// The index and the mark of an orderly stop are written only after the log was synced: what they name was
/// durable.
fn find_logs(
    home: &Home,
    me: MemberCode,
    marks: &Marks,
    stopped: Option<&Stopped>,
) -> Result<Logs, StoreError> {
    let mut known = marks.clone();
    for (log, end) in stopped.into_iter().flat_map(|stopped| &stopped.ends) {
        let so_far = known.entry(*log).or_insert(*end);
        if end.group > so_far.group {
            *so_far = *end;
        }
    }
    let root = home.logs();
    let mut names = log::logs(&root)?;
    names.extend(known.keys());
    names.sort();
    names.dedup();
    Ok(Logs { root, me, names, known })
}

fn refuse_irreplaceable(replay: &Replay, damage: &[Damage], me: MemberCode) -> Result<(), StoreError> {
    let lost: Option<u64> = replay.surveys.values().map(|survey| survey.lost).sum();
    if lost == Some(0) && replay.unlinked.keys().all(|stream| stream.author != me) {
        return Ok(());
    }
    Err(StoreError::Irreplaceable { lost, damage: damage.to_vec() })
}

fn open_logs(
    logs: &Logs,
    replay: &Replay,
    segment_bytes_max: u64,
) -> Result<(Vec<Torn>, BTreeMap<AgreementId, Log>), StoreError> {
    let (mut torn, mut open) = (Vec::new(), BTreeMap::new());
    for (log, Survey { end, torn_bytes, .. }) in &replay.surveys {
        if *torn_bytes > 0 {
            torn.push(log::cut(&logs.root, *log, end.segment, end.offset)?);
        }
        open.insert(*log, Log::open(&logs.root, *log, *end, segment_bytes_max)?);
    }
    Ok((torn, open))
}

/// The rows as they lie there.
struct FoundRows {
    contents: Option<Contents>,
    unfit: Option<Unfit>,
}

/// Rows that are indexed to the end of every log.
struct SettledRows {
    index: Index,
    rows: RowsFound,
    folded: BTreeMap<Stream, Position>,
}

impl FoundRows {
    fn read(folder: &Path, boot_id: &str, stopped: Option<&Stopped>) -> Self {
        if !folder.exists() {
            return Self { contents: None, unfit: Some(Unfit::Missing) };
        }
        let Ok(contents) = Index::read(folder, stopped.map(|stopped| stopped.rows.as_str())) else {
            return Self { contents: None, unfit: Some(Unfit::Unusable) };
        };
        let is_other_time = contents.index.boot_id() != boot_id;
        let unfit = match (contents.is_whole, is_other_time && stopped.is_none()) {
            (false, _) => Some(Unfit::Incomplete),
            (true, true) => Some(Unfit::PowerLost),
            (true, false) => None,
        };
        Self { contents: Some(contents), unfit }
    }

    fn settle(
        self,
        folder: &Path,
        boot_id: &str,
        logs: &Logs,
        replay: &Replay,
        ends: &Marks,
    ) -> Result<SettledRows, StoreError> {
        let unfit = self.unfit.or_else(|| replay.finds_unfit(self.contents.as_ref()?));
        let bring_up = |index: &mut Index, marks: &Marks| -> Result<(), StoreError> {
            if replay.is_behind || marks.is_empty() {
                logs.index(marks, index)?;
            }
            index.set_boot_id(boot_id);
            let changes = ends.iter().map(|(log, end)| (keyspace::end(*log), Some(keyspace::log_end(end))));
            Ok(index.apply(changes.collect())?)
        };
        let why = match (self.contents, unfit) {
            (Some(Contents { mut index, ends, folded, .. }), None) => match bring_up(&mut index, &ends) {
                Ok(()) => {
                    let rows = if replay.is_behind { RowsFound::CaughtUp } else { RowsFound::Kept };
                    return Ok(SettledRows { index, rows, folded });
                }
                Err(StoreError::Rows(_)) => Unfit::Unusable,
                Err(error) => return Err(error),
            },
            (_, unfit) => unfit.unwrap_or(Unfit::Missing),
        };
        let mut index = Index::create(folder, boot_id)?;
        bring_up(&mut index, &Marks::new())?;
        let is_new = logs.names.is_empty() && why == Unfit::Missing;
        let rows = if is_new { RowsFound::New } else { RowsFound::Rebuilt(why) };
        Ok(SettledRows { index, rows, folded: BTreeMap::new() })
    }
}

impl Replay {
    fn finds_unfit(&self, contents: &Contents) -> Option<Unfit> {
        // What was rewound behind the marks was folded as it stood before.
        let head = |stream| match self.rewound.get(stream) {
            Some(to) => *to,
            None => self.heads.get(stream).map_or(Position(0), |head| head.position),
        };
        let is_ahead = contents.folded.iter().any(|(stream, position)| *position > head(stream));
        match (is_ahead, self.met_all_marks) {
            (true, _) => Some(Unfit::Ahead),
            (false, false) => Some(Unfit::OtherLog),
            (false, true) => None,
        }
    }
}

/// Says what stood where damage is now, as far as the index knows.
fn name(damage: &mut [Damage], index: &Index, root: &Path) -> Result<(), StoreError> {
    if damage.is_empty() {
        return Ok(());
    }
    // Rows that fail here say no more, and are thrown away at the next start.
    for (stream, position, place) in index.places().map_while(Result::<_, RowsError>::ok) {
        let is_gone = place.offset >= log::segment_bytes(root, stream.agreement, place.segment)?;
        let is_held = |damage: &&mut Damage| {
            let end = damage.offset + damage.bytes;
            let is_inside = place.segment == damage.segment && (damage.offset..end).contains(&place.offset);
            damage.log == stream.agreement && (is_inside || is_gone && damage.bytes == 0)
        };
        if let Some(damage) = damage.iter_mut().find(is_held) {
            touch(&mut damage.touched, stream, position);
        }
    }
    Ok(())
}

fn touch(touched: &mut Vec<(Stream, Position, Position)>, stream: Stream, position: Position) {
    match touched.iter_mut().find(|(known, ..)| *known == stream) {
        Some((_, first, last)) => (*first, *last) = ((*first).min(position), (*last).max(position)),
        None => touched.push((stream, position, position)),
    }
}
