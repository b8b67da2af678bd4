//! Whatever a node holds it can prove to somebody who has nothing: the newest entry of every stream of an
//! agreement, and every fork.

use xietong::replica::evidence::{Gathering, Sought};
use xietong::replica::io::Object;
use xietong::store::Store;
use xietong_proto::entry::Entry;
use xietong_proto::id::*;
use xietong_proto::stream::Stream;

use super::invariants::Violation;
use super::node::Node;

/// All of it, under one agreement.
pub fn proven(node: &Node, id: AgreementId) -> Result<(), Violation> {
    let Some(machine) = &node.machine else { return Ok(()) };
    let (logs, objects) = (machine.replica().logs(), node.store.boot().objects);
    let held = machine.replica().agreements().find(|held| held.id() == id);
    let of_agreement: Vec<Object> =
        objects.into_iter().filter(|(log, _)| *log == id).map(|(_, object)| object).collect();
    let streams = logs.heads().filter(|(stream, head)| stream.agreement == id && head.position.0 > 0);
    for (stream, head) in streams {
        let newest = Sought::Record { position: head.position, index: 0 };
        // From where a version ends a stream on, its author is not held to what was signed twice: a thief may have (P38).
        let cut = held.and_then(|held| held.epochs().cut(stream));
        let counts = |at: &Position| cut.is_none_or(|cut| *at < cut.position);
        let fork = logs.forked_at(stream).filter(counts).map(|_| Sought::Fork);
        for sought in [Some(newest), fork].into_iter().flatten() {
            prove(node, *stream, sought, &of_agreement)?;
        }
    }
    Ok(())
}

fn prove(node: &Node, stream: Stream, sought: Sought, objects: &[Object]) -> Result<(), Violation> {
    let mut gathering = Gathering::new(stream, sought, None);
    if let Sought::Record { position, .. } = sought {
        let bytes = node.store.read(stream, position, 1).expect("the log can be read");
        gathering.entry(Entry::decode(&bytes).expect("a stored entry"));
    }
    for object in objects {
        gathering.object(object.clone()).expect("a stored object");
    }
    let member = node.me.code();
    gathering.evidence().map(drop).map_err(|because| Violation::Unproven { member, stream, because })
}
