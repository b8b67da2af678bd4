//! The start rule with real nodes: who may be older than what it published compares first, and what it lost of
//! its own comes back from those who hold it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use xietong::cli::demo::data::{HEILONGJIANG, JILIN, LIAONING};
use xietong::cli::demo::province::Transport;
use xietong::machine::Waiting;
use xietong::replica::confirm::Unconfirmed;
use xietong::systems::Kind;

use crate::nodes::{Nodes, wait_until};

const ME: usize = 0;
const OTHER: usize = 1;
const THIRD: usize = 2;

#[test]
fn a_home_rolled_back_behind_the_nodes_back_gets_its_entries_back_and_forks_nothing() {
    let (mut nodes, backup) = backed_up_before_publishing();
    nodes.provinces[ME].kill();
    restore(&nodes, &backup);
    nodes.provinces[ME].start().expect("it starts");
    wait_until("it may publish again", || missing(&nodes).is_none());
    nodes.await_equal(&[ME, OTHER]);
    let shown = nodes.provinces[OTHER].give(&["vehicle", "report"]).expect("a report");
    assert_eq!(shown, serde_json::json!([]), "the restored register knows no vehicle, so none is shown");
    nodes.import(ME, Kind::Vehicles);
    nodes.await_equal(&[ME, OTHER]);
    assert_unforked(&nodes, &[ME, OTHER]);
}

#[test]
fn an_old_home_publishes_nothing_before_the_other_has_shown_what_it_holds() {
    let (mut nodes, backup) = backed_up_before_publishing();
    let published = nodes.digest(OTHER);
    nodes.provinces[ME].kill();
    nodes.provinces[OTHER].kill();
    restore(&nodes, &backup);
    nodes.provinces[ME].start().expect("it starts");
    nodes.await_folded(ME);
    let report = nodes.import(ME, Kind::Vehicles);
    assert_eq!(report["added"], 60, "importing never waits");
    let silent = vec![nodes.provinces[OTHER].code()];
    let lacking = Unconfirmed { needed: 1, compared: Vec::new(), silent, fetching: 0, has_rival: false };
    assert_eq!(missing(&nodes), Some(lacking));
    assert_ne!(nodes.digest(ME), published, "nothing was published");
    nodes.provinces[OTHER].start().expect("it starts");
    nodes.await_equal(&[ME, OTHER]);
    assert_unforked(&nodes, &[ME, OTHER]);
}

#[test]
fn a_backup_made_during_an_import_holds_one_moment() {
    let mut nodes = two();
    let first = backup(&mut nodes);
    let during = std::thread::scope(|scope| {
        let import = scope.spawn(|| nodes.import(ME, Kind::Vehicles));
        let taken = nodes.provinces[ME].give(&["backup", text(&first)]).expect("it is backed up");
        import.join().expect("the import goes on");
        taken
    });
    let name = during["name"].as_str().expect("a name");
    nodes.provinces[ME].give(&["backup", "verify", text(&first), "--at", name]).expect("it holds");
    nodes.provinces[ME].kill();
    fs::remove_dir_all(&nodes.provinces[ME].home).expect("it was there");
    nodes.provinces[ME].give(&["restore", text(&first), "--at", name]).expect("it is restored");
    nodes.provinces[ME].give(&["log", "verify"]).expect("all of it holds");
    nodes.provinces[ME].start().expect("it starts");
    wait_until("it may publish again", || missing(&nodes).is_none());
    nodes.import(ME, Kind::Vehicles);
    nodes.await_equal(&[ME, OTHER]);
    assert_unforked(&nodes, &[ME, OTHER]);
}

#[test]
fn a_node_restored_from_nothing_but_its_keys_gets_back_every_stream_of_the_agreement() {
    let (mut nodes, _) = backed_up_before_publishing();
    nodes.provinces[ME].kill();
    for lost in ["log", "rows"] {
        fs::remove_dir_all(nodes.provinces[ME].home.join(lost)).expect("it was there");
    }
    nodes.start_and_join(ME);
    wait_until("its own stream is here again", || {
        let status = nodes.provinces[ME].status().expect("it answers").status;
        status.agreements[0].streams.iter().any(|stream| stream.author.as_str() == HEILONGJIANG.code)
    });
    wait_until("it may publish again", || missing(&nodes).is_none());
    for kind in [Kind::Institutions, Kind::Assets, Kind::Vehicles] {
        nodes.import(ME, kind);
    }
    nodes.await_equal(&[ME, OTHER]);
    assert_unforked(&nodes, &[ME, OTHER]);
}

#[test]
fn what_is_missing_cut_or_altered_in_a_backup_is_named_and_nothing_is_restored() {
    let mut nodes = two();
    let folder = backup(&mut nodes);
    let verify = ["backup", "verify", text(&folder)];
    let whole = nodes.provinces[ME].give(&verify).expect("it holds");
    let piece = whole["backup"]["files"][0]["pieces"][0]["name"].as_str().expect("a name");
    let piece = folder.join("pieces").join(piece);
    let good = fs::read(&piece).expect("it is there");
    let mut flipped = good.clone();
    flipped[good.len() / 2] ^= 1;
    for (bad, said) in [(&flipped[..], "was altered or cut"), (&good[..good.len() - 1], "was altered or cut")]
    {
        fs::write(&piece, bad).expect("ours");
        let reason = nodes.provinces[ME].refused(&verify).expect("refused");
        assert!(reason.contains(said), "{reason}");
    }
    fs::remove_file(&piece).expect("ours");
    let reason = nodes.provinces[ME].refused(&verify).expect("refused");
    assert!(reason.contains("is missing"), "{reason}");
    nodes.provinces[ME].kill();
    fs::remove_dir_all(&nodes.provinces[ME].home).expect("it was there");
    nodes.provinces[ME].refused(&["restore", text(&folder)]).expect("refused");
    assert!(!nodes.provinces[ME].home.join("config.toml").exists(), "no node starts there");
}

#[test]
fn members_that_were_never_installed_are_not_waited_for_and_dead_ones_can_be_excused() {
    let mut nodes = Nodes::make(Transport::Quic, &[HEILONGJIANG, JILIN, LIAONING], &[]);
    nodes.agree();
    nodes.start_and_join(ME);
    nodes.start_and_join(OTHER);
    nodes.import(ME, Kind::Institutions);
    nodes.import(ME, Kind::Assets);
    nodes.await_equal(&[ME, OTHER]);
    assert_eq!(missing(&nodes), None, "the third was never installed");
    nodes.start_and_join(THIRD);
    nodes.await_equal(&[ME, OTHER, THIRD]);
    let is_linked = || {
        nodes.provinces[ME].status().expect("it answers").status.agreements[0]
            .peers
            .iter()
            .all(|peer| peer.is_linked)
    };
    wait_until("the third is heard of", is_linked);
    nodes.provinces[THIRD].kill();
    nodes.provinces[ME].give(&["stop"]).expect("it stops");
    nodes.provinces[ME].start().expect("it starts");
    nodes.import(ME, Kind::Vehicles);
    let other = nodes.provinces[OTHER].code();
    wait_until("the second has compared", || {
        missing(&nodes).is_some_and(|missing| missing.compared == [other])
    });
    let dead = nodes.provinces[THIRD].code();
    assert_eq!(missing(&nodes).map(|missing| (missing.needed, missing.silent)), Some((2, vec![dead])));
    nodes.provinces[ME].give(&["peer", "excuse", LIAONING.code]).expect("excused");
    wait_until("it publishes", || missing(&nodes).is_none());
    nodes.await_equal(&[ME, OTHER]);
    nodes.provinces[THIRD].start().expect("it comes back");
    nodes.await_equal(&[ME, OTHER, THIRD]);
    assert_unforked(&nodes, &[ME, OTHER, THIRD]);
}

#[test]
fn a_clone_beside_the_running_original_is_reported_until_it_is_gone() {
    let nodes = two();
    let home = nodes.folder.path().join("clone");
    copy_folder(&nodes.provinces[ME].home, &home);
    let clone = Clone::start(&home);
    let is_told = || nodes_say(&nodes) || clone.says("another process runs with your keys");
    wait_until("one of the two is told of the other", is_told);
    drop(clone);
    wait_until("the original publishes again", || missing(&nodes).is_none());
    nodes.import(ME, Kind::Vehicles);
    nodes.await_equal(&[ME, OTHER]);
    assert_unforked(&nodes, &[ME, OTHER]);
}

fn nodes_say(nodes: &Nodes) -> bool {
    missing(nodes).is_some_and(|missing| missing.has_rival)
}

/// A second process with the keys of a node.
struct Clone {
    home: std::path::PathBuf,
    process: std::process::Child,
}

impl Clone {
    fn start(home: &Path) -> Self {
        let config = home.join("config.toml");
        let text = fs::read_to_string(&config).expect("a configuration");
        let line = |line: &str| match line.starts_with("listen = ") {
            true => "listen = [\"/ip4/127.0.0.1/udp/0/quic-v1\"]\n".to_owned(),
            false => format!("{line}\n"),
        };
        fs::write(&config, text.lines().map(line).collect::<String>()).expect("written");
        let mut run = program();
        run.arg("run").arg("--home").arg(home).stdout(Stdio::null()).stderr(Stdio::null());
        Self { home: home.to_owned(), process: run.spawn().expect("it starts") }
    }

    fn says(&self, words: &str) -> bool {
        let said = program().args(["status", "--lang", "en", "--home"]).arg(&self.home).output();
        String::from_utf8_lossy(&said.expect("it runs").stdout).contains(words)
    }
}

impl Drop for Clone {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn program() -> Command {
    Command::new(env!("CARGO_BIN_EXE_xietong"))
}

/// Two nodes that agree, and a copy of the home of the first from before it published its vehicles.
fn backed_up_before_publishing() -> (Nodes, PathBuf) {
    let mut nodes = two();
    let backup = backup(&mut nodes);
    nodes.import(ME, Kind::Vehicles);
    nodes.await_equal(&[ME, OTHER]);
    (nodes, backup)
}

fn two() -> Nodes {
    let mut nodes = Nodes::make(Transport::Quic, &[HEILONGJIANG, JILIN], &[]);
    nodes.agree();
    nodes.start_and_join(ME);
    nodes.start_and_join(OTHER);
    nodes.import(ME, Kind::Institutions);
    nodes.import(ME, Kind::Assets);
    nodes.await_equal(&[ME, OTHER]);
    nodes
}

/// A backup made beside the running node, as the README says.
fn backup(nodes: &mut Nodes) -> PathBuf {
    let folder = nodes.folder.path().join("backup");
    let taken = nodes.provinces[ME].give(&["backup", text(&folder)]).expect("it is backed up");
    assert!(taken["new_bytes"].as_u64().is_some_and(|bytes| bytes > 0), "{taken}");
    folder
}

fn restore(nodes: &Nodes, backup: &Path) {
    fs::remove_dir_all(&nodes.provinces[ME].home).expect("it was there");
    nodes.provinces[ME].give(&["restore", text(backup)]).expect("it is restored");
}

fn text(path: &Path) -> &str {
    path.to_str().expect("temporary folders have plain names")
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for place in fs::read_dir(from).expect("a readable folder") {
        let path = place.expect("a readable place").path();
        let target = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            copy_folder(&path, &target);
        } else if path.extension().is_none_or(|kind| kind != "sock") {
            fs::copy(&path, &target).expect("it can be copied");
        }
    }
}

/// What the first node lacks before it publishes.
fn missing(nodes: &Nodes) -> Option<Unconfirmed> {
    let waiting = nodes.provinces[ME].status().expect("it answers").status.waiting;
    waiting.into_iter().find_map(|waits| match waits {
        Waiting::Unconfirmed { missing, .. } => Some(missing),
        Waiting::NoAgreement
        | Waiting::NotValid { .. }
        | Waiting::EndsSoon { .. }
        | Waiting::AsksForOpinion { .. }
        | Waiting::NotOpen { .. }
        | Waiting::CardTooOld { .. }
        | Waiting::SealBefore { .. }
        | Waiting::ClockDoubtful { .. }
        | Waiting::Unfolded { .. }
        | Waiting::DiskLow { .. }
        | Waiting::QuotaReached { .. }
        | Waiting::CalendarMissing { .. }
        | Waiting::CardTwice { .. }
        | Waiting::Forked { .. } => None,
    })
}

/// Nobody has two entries of one place, and nobody had to refuse anything.
fn assert_unforked(nodes: &Nodes, places: &[usize]) {
    for place in places {
        let status = nodes.provinces[*place].status().expect("it answers").status;
        let waiting = &status.waiting;
        assert!(!waiting.iter().any(|waits| matches!(waits, Waiting::Forked { .. })), "{waiting:?}");
        let peers = status.agreements.iter().flat_map(|held| &held.peers);
        let refused: Vec<_> = peers.map(|peer| &peer.rejects).filter(|rejects| !rejects.is_empty()).collect();
        assert!(refused.is_empty(), "nothing was refused, no receipt either: {refused:?}");
    }
}
