//! Reads every group of every log and says what holds: checksums, layout, chains, and with a keyring also
//! signatures and roots. Needs neither rows nor lock and changes nothing; beside a running node it may find
//! the last group half written.

use std::collections::BTreeMap;
use std::path::Path;

use xietong_proto::crypto::PublicKey;
use xietong_proto::header::Header;
use xietong_proto::id::{AgreementId, MemberCode, Position};
use xietong_proto::reject::Reject;
use xietong_proto::stream::{Head, Stream};

use super::error::{Damage, StoreError};
use super::format;
use super::home;
use super::log::group::{EntryFrame, Stored};
use super::log::survey::{Visit, survey};
use super::log::{self, LogEnd};
use super::{extend, rewind};
use crate::replica::io::{Keyring, Object};

/// What the logs of a home hold.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Verification {
    /// What each stream holds, in its order.
    pub streams: BTreeMap<Stream, Tally>,
    /// Entries that are no part of their stream any more, because it was found forked.
    pub dropped: u64,
    /// Everything else that was kept, in order.
    pub objects: Vec<(AgreementId, Object)>,
    /// Whole groups.
    pub groups: u64,
    /// What does not hold.
    pub faults: Vec<Fault>,
}

/// What one stream holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Entries, each next to the one before.
    pub entries: u64,
    /// Records that their headers count.
    pub records: u64,
    /// Bytes of the entries.
    pub bytes: u64,
}

/// What does not hold.
#[derive(Clone, Debug, PartialEq)]
pub enum Fault {
    /// It was durable and is not what was written.
    Damaged(Damage),
    /// The end of a log is not whole: a crash tore it and the next start cuts it, or it is being written.
    Torn {
        /// Which log; zero is the local one.
        log: AgreementId,
        /// Where the whole groups end.
        end: LogEnd,
        /// What stands behind.
        bytes: u64,
    },
    /// An entry does not follow the one before it.
    Unlinked {
        /// In which stream.
        stream: Stream,
        /// The entry.
        position: Position,
    },
    /// An entry is not what its author signed, or the card is not known.
    Refused {
        /// In which stream.
        stream: Stream,
        /// The entry.
        position: Position,
        /// Why.
        reject: Reject,
    },
}

/// Reads all logs of a member's home. `progress` hears of bytes read, of how many.
pub fn verify(
    home: &Path,
    me: MemberCode,
    keyring: Option<&Keyring>,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Verification, StoreError> {
    let root = home::logs(home);
    format::check(&root)?;
    let stopped = home::stopped(home)?.map(|stopped| stopped.ends).unwrap_or_default();
    let mut logs = log::logs(&root)?;
    logs.extend(stopped.keys());
    logs.sort();
    logs.dedup();
    let bytes_total = logs.iter().map(|log| log::bytes(&root, *log)).sum::<Result<u64, _>>()?;
    let mut check = Check {
        keyring,
        progress,
        bytes_total,
        bytes_before: 0,
        offset: 0,
        log: AgreementId::ZERO,
        heads: BTreeMap::new(),
        found: Verification::default(),
    };
    for log in logs {
        check.log = log;
        let survey = survey(&root, log, me, stopped.get(&log).copied(), &mut check)?;
        check.found.faults.extend(survey.damage.into_iter().map(Fault::Damaged));
        if survey.torn_bytes > 0 {
            check.found.faults.push(Fault::Torn { log, end: survey.end, bytes: survey.torn_bytes });
        }
    }
    (check.progress)(bytes_total, bytes_total);
    Ok(check.found)
}

struct Check<'a> {
    keyring: Option<&'a Keyring>,
    progress: &'a mut dyn FnMut(u64, u64),
    bytes_total: u64,
    bytes_before: u64,
    offset: u64,
    log: AgreementId,
    heads: BTreeMap<Stream, Head>,
    found: Verification,
}

impl Check<'_> {
    /// An entry, or what a purge has left of one; `open` looks at its signature, and at all else that is there.
    fn entry(
        &mut self,
        header: &Header,
        frame: &EntryFrame,
        open: impl FnOnce(&PublicKey) -> Result<(), Reject>,
    ) {
        let (stream, position) = (frame.stream, frame.position);
        if extend(&mut self.heads, header).is_err() {
            self.found.faults.push(Fault::Unlinked { stream, position });
        } else {
            let tally = self.found.streams.entry(stream).or_default();
            tally.entries += 1;
            tally.records += u64::from(header.records);
            tally.bytes += u64::from(frame.length);
        }
        let opened = self.keyring.map_or(Ok(()), |keyring| open(keyring.key(header)?));
        if let Err(reject) = opened {
            self.found.faults.push(Fault::Refused { stream, position, reject });
        }
    }
}

impl Visit for Check<'_> {
    fn frame(&mut self, _segment: u32, stored: Stored) -> Result<(), StoreError> {
        match stored {
            Stored::Entry(entry, frame) => {
                let header = *entry.header();
                self.entry(&header, &frame, |key| entry.open(key).map(drop));
            }
            Stored::Head(head, frame) => self.entry(head.header(), &frame, |key| head.open(key).map(drop)),
            Stored::Rewind(stream, to) => {
                self.found.dropped += rewind(&mut self.heads, stream, to).len() as u64;
            }
            Stored::Object(object) => self.found.objects.push((self.log, object)),
        }
        Ok(())
    }

    fn reached(&mut self, end: &LogEnd, is_whole: bool) -> Result<(), StoreError> {
        self.found.groups += u64::from(is_whole);
        if end.offset < self.offset {
            self.bytes_before += self.offset;
        }
        self.offset = end.offset;
        (self.progress)(self.bytes_before + self.offset, self.bytes_total);
        Ok(())
    }
}
