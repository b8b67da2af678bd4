//! Real nodes that reach each other in unusual ways: only one can dial, the author is gone, somebody comes in
//! late, the network is cut.

use xietong::cli::demo::data::{HEILONGJIANG, JILIN, LIAONING};
use xietong::cli::demo::province::Transport;
use xietong::systems::Kind;

use crate::nodes::{Nodes, wait_until};

const AUTHOR: usize = 0;
const RELAY: usize = 1;
const LATE: usize = 2;

#[test]
fn a_latecomer_gets_everything_from_a_third_member_while_the_author_is_down() {
    for transport in [Transport::Quic, Transport::Tcp] {
        let mut nodes = Nodes::make(transport, &[HEILONGJIANG, JILIN, LIAONING], &[]);
        nodes.agree();
        nodes.start_and_join(AUTHOR);
        nodes.start_and_join(RELAY);
        fill(&nodes);
        nodes.await_equal(&[AUTHOR, RELAY]);
        let shown = nodes.digest(AUTHOR);
        nodes.provinces[AUTHOR].kill();
        nodes.start_and_join(LATE);
        wait_until("the latecomer has it all", || nodes.digest(LATE) == shown);
        nodes.provinces[AUTHOR].start().expect("it starts again");
        nodes.await_equal(&[AUTHOR, RELAY, LATE]);
    }
}

#[test]
fn it_is_enough_that_one_of_two_can_dial_the_other() {
    for (transport, silent) in [(Transport::Quic, HEILONGJIANG.code), (Transport::Tcp, JILIN.code)] {
        let mut nodes = Nodes::make(transport, &[HEILONGJIANG, JILIN], &[silent]);
        nodes.agree();
        nodes.start_and_join(AUTHOR);
        nodes.start_and_join(RELAY);
        fill(&nodes);
        nodes.await_equal(&[AUTHOR, RELAY]);
    }
}

#[test]
fn what_was_said_while_the_network_was_cut_arrives_once_it_heals() {
    let mut nodes = Nodes::make(Transport::Quic, &[HEILONGJIANG, JILIN, LIAONING], &[]);
    nodes.agree();
    for place in [AUTHOR, RELAY, LATE] {
        nodes.start_and_join(place);
    }
    nodes.provinces[LATE].give(&["peer", "pause"]).expect("paused");
    fill(&nodes);
    nodes.await_equal(&[AUTHOR, RELAY]);
    for kind in [Kind::Institutions, Kind::Vehicles] {
        nodes.import(LATE, kind);
    }
    assert_ne!(nodes.digest(AUTHOR)[0]["cut"], nodes.digest(LATE)[0]["cut"], "nothing crossed the cut");
    let paused = nodes.provinces[LATE].status().expect("it answers").status;
    assert!(paused.is_paused);
    assert!(paused.agreements[0].peers.iter().all(|peer| peer.connected.is_none()), "{paused:?}");
    nodes.provinces[LATE].give(&["peer", "resume"]).expect("resumed");
    nodes.await_equal(&[AUTHOR, RELAY, LATE]);
    let streams = &nodes.digest(LATE)[0]["cut"];
    assert_eq!(streams.as_array().map(Vec::len), Some(3), "{streams}");
}

#[test]
fn two_who_joined_different_agreements_exchange_nothing() {
    let mut nodes = Nodes::make(Transport::Quic, &[HEILONGJIANG, JILIN], &[]);
    nodes.agree();
    nodes.start_and_join(AUTHOR);
    nodes.provinces[RELAY].start().expect("it starts");
    fill(&nodes);
    wait_until("the other is turned away", || {
        nodes.provinces[RELAY].status().expect("it answers").status.strangers > 0
    });
    assert_eq!(nodes.digest(RELAY), serde_json::json!([]));
    nodes.provinces[RELAY].give(&["agreement", "join", "agreement.toml"]).expect("it joins");
    nodes.await_equal(&[AUTHOR, RELAY]);
}

/// The author's registers, of which vehicles and assets leave.
fn fill(nodes: &Nodes) {
    for kind in [Kind::Institutions, Kind::Assets, Kind::Vehicles] {
        nodes.import(AUTHOR, kind);
    }
}
