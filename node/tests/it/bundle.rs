//! Bundles between real nodes that no network joins: what is cut short or altered on the way is named, what came whole
//! before stays, and a node that was rolled back gets its own entries back and confirms by a bundle alone.

use std::fs;

use serde_json::Value;
use xietong::cli::demo::data::{HEILONGJIANG, JILIN};
use xietong::cli::demo::province::Transport;
use xietong::systems::Kind;

use crate::nodes::{Nodes, wait_until};

const ME: usize = 0;
const OTHER: usize = 1;
/// In how many places a bundle is cut, and altered.
const PLACES: usize = 12;

#[test]
fn whatever_breaks_on_the_way_is_named_and_a_whole_copy_repairs_it() {
    let nodes = apart();
    let file = export(&nodes, ME, "whole", &["--from-start"]);
    let path = nodes.folder.path().join(&file);
    let whole = fs::read(&path).expect("it is there");
    for at in (1..PLACES).map(|place| whole.len() * place / PLACES) {
        fs::write(&path, &whole[..at]).expect("ours");
        let reason = refused(&nodes, OTHER, &file);
        assert!(reason.contains(&format!("cut short at byte {at}")), "{reason}");
        let mut altered = whole.clone();
        altered[at] ^= 1;
        fs::write(&path, &altered).expect("ours");
        let reason = refused(&nodes, OTHER, &file);
        // An altered length may ask for more than there is.
        let names = ["altered from byte", "cut short", "for another node"];
        assert!(names.iter().any(|name| reason.contains(name)), "{reason}");
        assert_eq!(unconfirmed(&nodes, OTHER), 1, "what is not whole confirms nothing");
    }
    fs::write(&path, &whole).expect("ours");
    let taken = import(&nodes, OTHER, &file);
    assert_eq!((&taken["lacking"], &taken["is_confirmed"]), (&Value::Array(Vec::new()), &Value::Bool(true)));
    nodes.await_folded(OTHER);
    nodes.await_equal(&[ME, OTHER]);
}

#[test]
fn a_home_that_was_rolled_back_is_confirmed_and_made_whole_by_a_bundle() {
    let mut nodes = apart();
    let backup = nodes.folder.path().join("backup");
    let backup = backup.to_str().expect("a text").to_owned();
    nodes.provinces[ME].give(&["backup", &backup]).expect("it is backed up");
    nodes.import(ME, Kind::Assets);
    carry(&nodes, ME, OTHER, "later", &[]);
    nodes.await_folded(OTHER);
    let published = nodes.digest(OTHER);
    nodes.provinces[ME].kill();
    fs::remove_dir_all(&nodes.provinces[ME].home).expect("it was there");
    nodes.provinces[ME].give(&["restore", &backup]).expect("it is restored");
    nodes.provinces[ME].start().expect("it starts");
    nodes.await_folded(ME);

    // A bundle that answers the node as it was before brings what was lost, but does not let it speak.
    let old = carry(&nodes, OTHER, ME, "old", &["--from-start"]);
    assert_eq!((&old["answers"], &old["is_confirmed"]), (&"OlderStart".into(), &Value::Bool(false)));
    assert!(old["admitted"].as_u64().is_some_and(|entries| entries > 0), "{old}");
    carry(&nodes, ME, OTHER, "here", &[]);
    let answer = carry(&nodes, OTHER, ME, "answer", &[]);
    assert_eq!((&answer["answers"], &answer["is_confirmed"]), (&"ThisStart".into(), &Value::Bool(true)));
    // The restored register knows no asset, so those that were listed since are taken back: in new entries.
    wait_until("it has taken back what it does not know", || nodes.digest(ME) != published);
    carry(&nodes, ME, OTHER, "end", &[]);
    wait_until("both show the same", || nodes.digest(ME) == nodes.digest(OTHER));
    for place in [ME, OTHER] {
        let status = nodes.provinces[place].status().expect("it answers").status;
        assert!(status.agreements[0].streams.iter().all(|stream| stream.forked_at.is_none()));
    }
}

/// Two nodes that share an agreement and cannot reach each other; the first has published, the second has not heard.
fn apart() -> Nodes {
    let members = [HEILONGJIANG, JILIN];
    let mut nodes = Nodes::make(Transport::Quic, &members, &members.map(|member| member.code));
    nodes.agree();
    [ME, OTHER].into_iter().for_each(|place| nodes.start_and_join(place));
    [Kind::Institutions, Kind::Vehicles].into_iter().for_each(|kind| drop(nodes.import(ME, kind)));
    carry(&nodes, ME, OTHER, "one", &[]);
    let answer = carry(&nodes, OTHER, ME, "two", &[]);
    assert_eq!(answer["is_confirmed"], true, "{answer}");
    wait_until("it has published", || {
        let status = nodes.provinces[ME].status().expect("it answers").status;
        !status.agreements[0].streams.is_empty()
    });
    nodes
}

fn carry(nodes: &Nodes, from: usize, to: usize, name: &str, how: &[&str]) -> Value {
    let file = export(nodes, from, name, how);
    import(nodes, to, &file)
}

fn export(nodes: &Nodes, from: usize, name: &str, how: &[&str]) -> String {
    let file = format!("{name}.bundle");
    let to = nodes.provinces[1 - from].member.code;
    let command = [&["bundle", "export", "--for", to, &file], how].concat();
    nodes.provinces[from].give(&command).expect("it is exported");
    file
}

fn import(nodes: &Nodes, to: usize, file: &str) -> Value {
    nodes.provinces[to].give(&["bundle", "import", file]).expect("it is taken in")
}

fn refused(nodes: &Nodes, to: usize, file: &str) -> String {
    nodes.provinces[to].refused(&["bundle", "import", file]).expect("it is refused")
}

/// Under how many agreements a node may not publish.
fn unconfirmed(nodes: &Nodes, place: usize) -> usize {
    let status = nodes.provinces[place].status().expect("it answers").status;
    status.agreements.iter().filter(|agreement| agreement.unconfirmed.is_some()).count()
}
