//! Reads a log for evidence. Needs neither rows nor lock and changes nothing.

use std::path::Path;

use xietong_proto::card::Card;
use xietong_proto::evidence::Evidence;
use xietong_proto::id::{AgreementId, MemberCode};
use xietong_proto::stream::{Audience, Stream};

use super::error::StoreError;
use super::home;
use super::log::group::Stored;
use super::log::survey::{Visit, survey};
use super::log::{self, LogEnd};
use crate::replica::agreement::NotInForce;
use crate::replica::evidence::{Gathering, NoEvidence, Sought};
use crate::replica::io::Object;

/// What proves something of a stream, from the log of its agreement; `own` are this member's cards.
pub fn evidence(
    home: &Path,
    own: impl IntoIterator<Item = Card>,
    me: MemberCode,
    stream: Stream,
    sought: Sought,
) -> Result<Result<Evidence, NoEvidence>, StoreError> {
    let cards = own.into_iter().filter(|card| card.fields.code == stream.author);
    let mut reading = Reading { gathering: Gathering::new(stream, sought, cards), broken: None };
    let with_cards = if stream.audience == Audience::Local { agreements(home)? } else { Vec::new() };
    for log in with_cards.into_iter().chain([stream.agreement]) {
        survey(&home::logs(home), log, me, None, &mut reading)?;
    }
    Ok(match reading.broken {
        Some(reason) => Err(NoEvidence::Broken { reason }),
        None => reading.gathering.evidence(),
    })
}

/// The agreements whose logs are here.
pub fn agreements(home: &Path) -> Result<Vec<AgreementId>, StoreError> {
    let logs = log::logs(&home::logs(home))?;
    Ok(logs.into_iter().filter(|log| *log != AgreementId::ZERO).collect())
}

struct Reading {
    gathering: Gathering,
    /// Why an object cannot be used.
    broken: Option<NotInForce>,
}

impl Reading {
    fn object(&mut self, object: Object) {
        if let Err(reason) = self.gathering.object(object) {
            self.broken.get_or_insert(reason);
        }
    }
}

impl Visit for Reading {
    fn frame(&mut self, _segment: u32, stored: Stored) -> Result<(), StoreError> {
        match stored {
            Stored::Entry(entry, _) => self.gathering.entry(entry),
            Stored::Head(head, _) => self.gathering.head(&head),
            Stored::Object(object) => self.object(object),
            Stored::Rewind(stream, to) => self.gathering.rewind(stream, to),
        }
        Ok(())
    }

    fn reached(&mut self, _end: &LogEnd, _is_whole: bool) -> Result<(), StoreError> {
        Ok(())
    }
}
