//! A member that has left is purged by one of the others, which is killed on the way: what it gave up does not come back from
//! the one that nobody asked, what binds stays, and once all are members again they hold the same.

use std::fs;

use serde_json::Value;
use xietong::cli::demo::data::{HEILONGJIANG, JILIN, LIAONING};
use xietong::cli::demo::province::Transport;
use xietong::systems::Kind;

use crate::nodes::{Nodes, wait_until};

const ALL: [usize; 3] = [PURGER, OTHER, LEAVER];
const PURGER: usize = 0;
const OTHER: usize = 1;
const LEAVER: usize = 2;

#[test]
fn what_was_purged_stays_away_until_its_author_is_a_member_again() {
    let mut nodes = Nodes::make(Transport::Quic, &[HEILONGJIANG, JILIN, LIAONING], &[]);
    nodes.agree();
    ALL.into_iter().for_each(|place| nodes.start_and_join(place));
    for place in [PURGER, LEAVER] {
        [Kind::Institutions, Kind::Assets, Kind::Vehicles]
            .into_iter()
            .for_each(|kind| drop(nodes.import(place, kind)));
    }
    nodes.provinces[LEAVER]
        .give(&["asset", "transfer", "out", "210000-A-000001", "--to", "230000"])
        .expect("it is handed over");
    nodes.await_equal(&ALL);

    let refused = |of: &str| nodes.provinces[PURGER].give(&["agreement", "purge", of, "--yes"]).is_err();
    assert!(refused("210000") && refused("230000") && refused("150000"));
    nodes.provinces[PURGER].give(&["agreement", "propose", "--remove", "210000", "--yes"]).expect("proposed");
    nodes.approve(OTHER);
    wait_until("it has left", || {
        let standing = nodes.provinces[LEAVER].give(&["agreement", "status"]).expect("it answers");
        standing[0]["state"]["code"] == "Left"
    });

    let purged = purge(&nodes);
    assert_eq!(purged["is_new"], true);
    let streams = purged["streams"].as_array().expect("a list").clone();
    let kept = |name: &str| streams.iter().map(|of| of[name].as_u64().expect("a number")).sum::<u64>();
    assert_eq!((kept("handovers"), kept("requests")), (1, 0));
    nodes.provinces[PURGER].kill();
    // The rows are made again, from what is left.
    fs::remove_dir_all(nodes.provinces[PURGER].home.join("rows")).expect("ours");
    nodes.provinces[PURGER].start().expect("it starts again");
    nodes.await_folded(PURGER);
    drop(nodes.import(OTHER, Kind::Institutions));
    drop(nodes.import(OTHER, Kind::Vehicles));
    wait_until("the two exchange", || shown(&nodes, PURGER, "220000") > 0);
    assert_eq!(shown(&nodes, PURGER, "210000"), 0);
    let handed = nodes.provinces[PURGER].give(&["asset", "transfer", "list"]).expect("a list");
    assert_eq!(handed.as_array().map(Vec::len), Some(1), "what the purger may have is still offered to it");
    assert!(shown(&nodes, OTHER, "210000") > 0);
    let again = purge(&nodes);
    assert_eq!((&again["is_new"], &again["time"]), (&false.into(), &purged["time"]), "the same receipt");

    // It comes back: everything is there again, for all alike.
    nodes.propose_to_admit(PURGER, &[OTHER], LEAVER);
    nodes.admit(PURGER, LEAVER);
    wait_until("all is there again", || shown(&nodes, PURGER, "210000") > 0);
    nodes.await_equal(&ALL);
}

fn purge(nodes: &Nodes) -> Value {
    nodes.provinces[PURGER].give(&["agreement", "purge", "210000", "--yes"]).expect("it is purged")
}

/// How many vehicles of an owner a node shows.
fn shown(nodes: &Nodes, place: usize, owner: &str) -> usize {
    let listed = nodes.provinces[place].give(&["vehicle", "list", "--owner", owner]).expect("a list");
    listed["items"].as_array().expect("a list").len()
}
