//! Purges (P50) in a store on disk: payloads leave the log, and the index says that heads are left. Done in the commit that
//! says so, and at the next start if that was cut short.

use std::collections::BTreeMap;

use xietong_proto::id::{AgreementId, MemberCode, Position};
use xietong_proto::purge::PurgeFields;
use xietong_proto::stream::Stream;

use super::error::StoreError;
use super::index::Index;
use super::keyspace;
use super::log::purge::Emptied;
use super::log::{self, Log};
use super::replay::Logs;
use super::rows::{RowsError, Tree};
use crate::replica::io::{Object, SignedAppend};
use crate::systems::rows::Changes;

/// Does what a commit says that is durable by now.
pub fn purge(
    appends: &[SignedAppend],
    logs: &mut BTreeMap<AgreementId, Log>,
    found: &mut Index,
) -> Result<(), StoreError> {
    for append in appends {
        let SignedAppend::Object(log, object) = append else { continue };
        if let (Some(fields), Some(log)) = (object.purge(), logs.get_mut(log)) {
            index(log.purge(&|stream, position| fields.covers(stream, position))?, found)?;
        }
    }
    Ok(())
}

/// Finishes purges that a kill has cut short.
pub fn finish(logs: &Logs, objects: &[(AgreementId, Object)], found: &mut Index) -> Result<(), StoreError> {
    for ((log, _), fields) in in_force(objects) {
        if !is_whole(&fields, found.tree())? {
            let is_purged = |stream: &Stream, position| fields.covers(stream, position);
            index(log::purge::purge(&logs.root, log, &is_purged)?, found)?;
        }
    }
    Ok(())
}

/// Says in the index of which entries heads are left. Those that were given up as no part of their stream are not found
/// any more.
fn index(emptied: Emptied, found: &mut Index) -> Result<(), RowsError> {
    let (mut changes, tree) = (Changes::new(), found.tree());
    for (stream, position, place) in emptied {
        let is_here = |value: &[u8]| {
            let known = keyspace::read_place(value);
            known.is_some_and(|known| (known.segment, known.offset) == (place.segment, place.offset))
        };
        let key = keyspace::index(&stream, position);
        if tree.get(&key)?.is_some_and(|value| is_here(&value)) {
            changes.insert(key, Some(keyspace::place(&place)));
        }
        let prefix = keyspace::given_up_at(&stream, position);
        for row in tree.scan(&prefix, &prefix) {
            let (key, value) = row?;
            if is_here(&value) {
                changes.insert(key, None);
            }
        }
    }
    found.apply(changes)
}

/// The purges that were not followed by a taking in again.
fn in_force(objects: &[(AgreementId, Object)]) -> BTreeMap<(AgreementId, MemberCode), PurgeFields> {
    let mut purges = BTreeMap::new();
    for (log, object) in objects {
        if let Object::Purged { author, .. } = object {
            match object.purge() {
                Some(fields) => drop(purges.insert((*log, *author), fields)),
                None => drop(purges.remove(&(*log, *author))),
            }
        }
    }
    purges
}

/// Whether of each entry that a purge covers nothing but the head is left.
fn is_whole(fields: &PurgeFields, tree: &Tree) -> Result<bool, RowsError> {
    for stream in fields.until.keys() {
        for first in [keyspace::index(stream, Position(0)), keyspace::given_up_at(stream, Position(0))] {
            for row in tree.scan(&first[..first.len() - size_of::<u64>()], &first) {
                let (key, value) = row?;
                let found = keyspace::read_index(&key).or_else(|| keyspace::read_given_up(&key));
                let covered = found.filter(|(of, at)| fields.covers(of, *at));
                let place = covered.and_then(|_| keyspace::read_place(&value));
                if place.is_some_and(|place| !place.is_head()) {
                    return Ok(false);
                }
            }
        }
    }
    Ok(true)
}
