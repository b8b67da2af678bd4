//! A cut: how far all logs went after one commit. What lies before it never changes, so it can be copied while a
//! node goes on; a home that is made of such a copy is as after that commit.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use xietong_proto::id::{AgreementId, EntryId, MemberCode, Position, System};
use xietong_proto::stream::{Head, Stream};

use super::error::StoreError;
use super::home::{self, Home, Stopped};
use super::log::group::Stored;
use super::log::survey::{Visit, survey};
use super::log::{self, LogEnd};
use super::names::{folder_name, segment_name};
use super::{extend, rewind};

/// How far all logs go, and where streams stand.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Cut {
    /// By log; zero is the local one.
    pub ends: BTreeMap<AgreementId, LogEnd>,
    /// In order of stream.
    pub heads: Vec<CutHead>,
}

/// Where a stream stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CutHead {
    /// Zero for a local stream.
    pub agreement: AgreementId,
    /// Whose.
    pub author: MemberCode,
    /// Of which system.
    pub system: System,
    /// Its newest entry.
    pub position: Position,
    /// The entry's id.
    pub id: EntryId,
}

impl Cut {
    /// Of these ends and heads.
    pub fn new(ends: BTreeMap<AgreementId, LogEnd>, heads: &BTreeMap<Stream, Head>) -> Self {
        let head = |(stream, head): (&Stream, &Head)| CutHead {
            agreement: stream.agreement,
            author: stream.author,
            system: stream.system,
            position: head.position,
            id: head.id,
        };
        Self { ends, heads: heads.iter().map(head).collect() }
    }
}

/// The cut of a home in which no node runs; none may start while the home is held.
pub fn at_rest(home: &Path, me: MemberCode) -> Result<(Cut, Home), StoreError> {
    let held = Home::lock(home)?;
    let (mut ends, mut heads) = (BTreeMap::new(), Heads::default());
    for log in log::logs(&held.logs())? {
        ends.insert(log, survey(&held.logs(), log, me, None, &mut heads)?.end);
    }
    Ok((Cut::new(ends, &heads.0), held))
}

/// The segments before a cut, and how many bytes of each lie before it.
pub fn segments(home: &Path, cut: &Cut) -> Result<Vec<(PathBuf, u64)>, StoreError> {
    let root = home::logs(home);
    let mut found = Vec::new();
    for (log, end) in &cut.ends {
        for segment in log::segments_of(&root, *log)?.into_iter().filter(|segment| *segment <= end.segment) {
            let is_last = segment == end.segment;
            let bytes = if is_last { end.offset } else { log::segment_bytes(&root, *log, segment)? };
            found.push((root.join(folder_name(*log)).join(segment_name(segment)), bytes));
        }
    }
    Ok(found)
}

/// Marks a home whose logs were copied up to a cut: the first start knows how far they were durable, and makes the
/// rows anew.
pub fn leave_mark(home: &Path, cut: &Cut) -> Result<(), StoreError> {
    Home::lock(home)?.leave_stopped(&Stopped { ends: cut.ends.clone(), rows: String::new() })
}

#[derive(Default)]
struct Heads(BTreeMap<Stream, Head>);

impl Visit for Heads {
    fn frame(&mut self, _segment: u32, stored: Stored) -> Result<(), StoreError> {
        match stored {
            // An entry behind damage follows nothing and is no head.
            Stored::Entry(entry, _) => drop(extend(&mut self.0, entry.header())),
            Stored::Head(head, _) => drop(extend(&mut self.0, head.header())),
            Stored::Rewind(stream, to) => drop(rewind(&mut self.0, stream, to)),
            Stored::Object(_) => {}
        }
        Ok(())
    }

    fn reached(&mut self, _end: &LogEnd, _is_whole: bool) -> Result<(), StoreError> {
        Ok(())
    }
}
