//! Copies out of the data log what somebody else needs to check a stream without this program: its entries and
//! the agreement that says whose keys they are. Needs neither rows nor lock and changes nothing.

use std::path::Path;

use xietong_proto::entry::Entry;
use xietong_proto::id::{AgreementId, MemberCode, System};
use xietong_proto::stream::{Audience, Stream};

use super::error::StoreError;
use super::format;
use super::home;
use super::log::group::Stored;
use super::log::survey::{Visit, survey};
use super::log::{self, LogEnd};
use crate::replica::io::Object;

/// A stream with the log's objects, each in the order in which they were stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Export {
    /// In which agreement; zero for a local stream.
    pub agreement: AgreementId,
    /// Agreements and later cards.
    pub objects: Vec<Object>,
    /// The entries, position 1 first.
    pub entries: Vec<Entry>,
}

/// What an author says in a system, in every agreement that has it, and at home if the author is `me`.
pub fn export(
    home: &Path,
    me: MemberCode,
    author: MemberCode,
    system: System,
) -> Result<Vec<Export>, StoreError> {
    let root = home::logs(home);
    format::check(&root)?;
    let mut exports = Vec::new();
    for agreement in log::logs(&root)? {
        let export = Export { agreement, objects: Vec::new(), entries: Vec::new() };
        let mut copy = Copy { author, system, export };
        survey(&root, agreement, me, None, &mut copy)?;
        exports.extend(Some(copy.export).filter(|export| !export.entries.is_empty()));
    }
    Ok(exports)
}

struct Copy {
    author: MemberCode,
    system: System,
    export: Export,
}

impl Copy {
    /// What was told to one member alone is no evidence for others.
    fn is_wanted(&self, stream: &Stream) -> bool {
        let is_alone = matches!(stream.audience, Audience::Pair(_));
        (stream.author, stream.system) == (self.author, self.system) && !is_alone
    }
}

impl Visit for Copy {
    fn frame(&mut self, _segment: u32, stored: Stored) -> Result<(), StoreError> {
        match stored {
            Stored::Entry(entry, frame) => {
                if self.is_wanted(&frame.stream) {
                    self.export.entries.push(entry);
                }
            }
            // Nobody can check what is left of it: what was purged is not exported.
            Stored::Head(..) => {}
            Stored::Object(object) => self.export.objects.push(object),
            Stored::Rewind(stream, to) => {
                if self.is_wanted(&stream) {
                    self.export.entries.retain(|entry| {
                        entry.header().stream != stream || entry.header().position <= to.position
                    });
                }
            }
        }
        Ok(())
    }

    fn reached(&mut self, _end: &LogEnd, _is_whole: bool) -> Result<(), StoreError> {
        Ok(())
    }
}
