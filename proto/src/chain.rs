//! The rule by which an entry extends its stream (P18). Looks only at headers, never at a clock.

use std::ops::Deref;

use crate::entry::SignedEntry;
use crate::reject::Reject;
use crate::stream::Head;

/// An entry that extends its stream's head: the only kind that is appended.
#[derive(Clone, Debug)]
pub struct LinkedEntry(SignedEntry);

impl Deref for LinkedEntry {
    type Target = SignedEntry;
    fn deref(&self) -> &SignedEntry {
        &self.0
    }
}

/// Links an entry to the head it claims to follow (P18). A gap passes later, once it is filled; another
/// entry at or before the head's position is the caller's to compare with what it holds: the same one again
/// is no fork.
pub fn follow(head: &Head, entry: SignedEntry) -> Result<LinkedEntry, Reject> {
    let (have, got) = (head.position, entry.header().position);
    if got > have.next() {
        return Err(Reject::Gap { have, got });
    }
    if got < have.next() || entry.header().previous != head.id {
        return Err(Reject::Fork { at: got.min(have) });
    }
    Ok(LinkedEntry(entry))
}
