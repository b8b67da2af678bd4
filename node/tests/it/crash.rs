//! What a rotten disk may do to a real node: what can be rebuilt is, a torn end is cut, and damage before the end is
//! named and never passed over. `faults` does the same at random, and kills besides.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;
use xietong::cli::demo::data::{HEILONGJIANG, LIAONING};
use xietong::cli::demo::province::Transport;
use xietong::systems::Kind;

use crate::nodes::Nodes;

type Damage = fn(&[PathBuf]);

#[test]
fn rows_that_are_lost_or_damaged_are_rebuilt_the_same() {
    let damages: [(&str, Damage); 3] = [
        ("deleted", |files| files.iter().for_each(|file| fs::remove_file(file).expect("it is there"))),
        ("truncated", |files| {
            for file in files {
                let length = fs::metadata(file).expect("it is there").len();
                fs::File::options()
                    .write(true)
                    .open(file)
                    .and_then(|file| file.set_len(length / 2))
                    .expect("cut");
            }
        }),
        ("flipped", |files| files.iter().for_each(|file| flip(file, &[1, 2, 3]))),
    ];
    let mut nodes = filled();
    let before = shown(&nodes);
    for (name, damage) in damages {
        nodes.provinces[0].give(&["stop"]).expect("it stops");
        damage(&nodes.files(0, "rows"));
        nodes.provinces[0].start().unwrap_or_else(|failure| panic!("rows {name}: {failure:?}"));
        nodes.await_folded(0);
        assert_eq!(shown(&nodes), before, "rows {name}");
    }
}

#[test]
fn a_torn_end_is_cut_and_what_was_acknowledged_before_it_stays() {
    let mut nodes = filled();
    nodes.provinces[0].kill();
    // Rows that had time to learn of the last group would prove that it was durable, and not torn.
    fs::remove_dir_all(nodes.provinces[0].home.join("rows")).expect("rows");
    let institutions = local_segments(&nodes);
    let last = institutions.last().expect("a segment");
    let length = fs::metadata(last).expect("it is there").len();
    fs::File::options().write(true).open(last).and_then(|file| file.set_len(length - 7)).expect("torn");
    let verified = nodes.provinces[0].give(&["log", "verify"]).expect("a torn end is no damage");
    assert_eq!(verified["faults"].as_array().map(Vec::len), Some(1), "{verified}");
    nodes.provinces[0].start().expect("it starts");
    nodes.await_folded(0);
    let again = nodes.import(0, Kind::Institutions);
    assert_eq!(again["unchanged"], 240, "the first import stands: {again}");
    assert_eq!(
        nodes.provinces[0].give(&["log", "verify"]).expect("it holds")["faults"],
        Value::Array(Vec::new())
    );
}

#[test]
fn a_flipped_byte_before_the_end_of_the_own_log_is_named_and_not_cut() {
    let mut nodes = filled();
    nodes.provinces[0].give(&["stop"]).expect("it stops");
    let segment = local_segments(&nodes).remove(0);
    let length = fs::metadata(&segment).expect("it is there").len();
    flip(&segment, &[3]);
    let verified = nodes.provinces[0].refused(&["log", "verify"]);
    assert!(verified.is_err(), "a verification says what it found on standard output");
    nodes.provinces[0].start().expect_err("it does not start on a register of which a part is lost");
    nodes.provinces[0].kill();
    let told = fs::read_to_string(nodes.folder.path().join("210000.node.log")).expect("what the node said");
    assert!(told.contains("irreplaceable") || told.contains("backup"), "{told}");
    assert_eq!(fs::metadata(&segment).expect("it is there").len(), length, "nothing is cut");
}

/// A node with registers and a release, and a member that holds what it shares.
fn filled() -> Nodes {
    let mut nodes = Nodes::make(Transport::Quic, &[LIAONING, HEILONGJIANG], &[]);
    nodes.agree();
    nodes.start_and_join(0);
    nodes.start_and_join(1);
    for kind in [Kind::Institutions, Kind::Assets, Kind::Vehicles, Kind::Energy] {
        nodes.import(0, kind);
    }
    nodes.provinces[0].give(&["energy", "release", "2025-03"]).expect("a release");
    nodes.await_equal(&[0, 1]);
    nodes
}

/// Everything that an operator can see of the first node's data.
fn shown(nodes: &Nodes) -> Vec<Value> {
    let commands: [&[&str]; 8] = [
        &["institution", "list"],
        &["asset", "list", "--owner", "me"],
        &["asset", "list", "--owner", "210000"],
        &["vehicle", "list", "--owner", "me"],
        &["vehicle", "report"],
        &["energy", "list"],
        &["energy", "report", "2025-03"],
        &["agreement", "digest"],
    ];
    commands.map(|command| nodes.provinces[0].give(command).expect("an answer")).to_vec()
}

/// The segments of the first node's own log.
fn local_segments(nodes: &Nodes) -> Vec<PathBuf> {
    let mut logs = nodes.files(0, "log");
    logs.retain(|path| path.to_string_lossy().contains("/local/"));
    assert!(!logs.is_empty(), "no local log among {:?}", nodes.files(0, "log"));
    logs
}

/// Flips one bit at these quarters of a file.
fn flip(file: &PathBuf, quarters: &[usize]) {
    let mut bytes = fs::read(file).expect("it is there");
    let length = bytes.len();
    for at in quarters.iter().map(|quarter| length * quarter / 4).filter(|at| *at < length) {
        bytes[at] ^= 0x10;
    }
    fs::write(file, bytes).expect("it can be written");
}
