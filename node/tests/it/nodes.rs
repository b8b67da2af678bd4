//! Real nodes for the tests: processes with homes in a folder of their own, ended when the value goes.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;
use xietong::cli::demo::data::Member;
use xietong::cli::demo::province::{Province, Stage, Transport};
use xietong::machine::Waiting;
use xietong::systems::Kind;
use xietong::text::Lang;

/// How long anything may take that is about to happen; a failing test should not wait much longer.
const PATIENCE: Duration = Duration::from_secs(60);
const LOOK_PAUSE: Duration = Duration::from_millis(20);

/// A folder with nodes in it.
pub struct Nodes {
    /// Also holds cards, agreements and files.
    pub folder: TempDir,
    /// In the order in which they were made.
    pub provinces: Vec<Province>,
}

impl Nodes {
    /// Homes, and cards beside them; no node runs yet. Members in `silent` have no address on their cards.
    pub fn make(transport: Transport, members: &[Member], silent: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let program = env!("CARGO_BIN_EXE_xietong").into();
        let stage = Stage { program, work: folder.path().to_owned(), lang: Lang::En, transport };
        let make = |member: &Member| {
            let province = Province::make(*member, &stage, silent.contains(&member.code)).expect("a home");
            let card = province.give(&["member", "card"]).expect("a card");
            let file = folder.path().join(format!("{}.member.toml", member.code));
            fs::write(file, card["paper"].as_str().expect("a paper")).expect("a file");
            province
        };
        let provinces = members.iter().map(make).collect();
        Self { folder, provinces }
    }

    /// One agreement of all that all have approved, in `agreement.toml`.
    pub fn agree(&self) {
        let all: Vec<usize> = (0..self.provinces.len()).collect();
        self.agree_on(AGREEMENT, "Test", &all, "assets,vehicles,energy");
    }

    /// An agreement of some that these have approved, in a file.
    pub fn agree_on(&self, file: &str, title: &str, places: &[usize], systems: &str) {
        let members = || places.iter().map(|place| &self.provinces[*place]);
        let cards: Vec<_> =
            members().map(|province| format!("{}.member.toml", province.member.code)).collect();
        let cards: Vec<_> = cards.iter().map(String::as_str).collect();
        let terms = ["--systems", systems, "--until", "2045-12-31", "--out", file];
        let new = [&["agreement", "new", "--title", title, "--member"], &cards[..], &terms].concat();
        members().next().expect("a member").give(&new).expect("an agreement");
        for province in members() {
            province.give(&["agreement", "approve", file, "--yes"]).expect("an approval");
        }
    }

    /// Starts a node and joins the agreement.
    pub fn start_and_join(&mut self, place: usize) {
        self.provinces[place].start().expect("it starts");
        self.provinces[place].give(&["agreement", "join", AGREEMENT]).expect("it joins");
    }

    /// Proposes to admit somebody, and lets the others approve it: nothing is missing but the newcomer.
    pub fn propose_to_admit(&self, by: usize, others: &[usize], newcomer: usize) {
        let card = format!("{}.member.toml", self.provinces[newcomer].member.code);
        self.provinces[by].give(&["agreement", "propose", "--admit", &card, "--yes"]).expect("a proposal");
        for place in others {
            self.approve(*place);
        }
        wait_until("the newcomer alone is missing", || {
            let _ = fs::remove_file(self.folder.path().join(NEXT));
            let paper = self.provinces[by].give(&["agreement", "paper", "--out", NEXT]).expect("a file");
            paper["missing"].as_array().is_some_and(|missing| missing.len() == 1)
        });
    }

    /// The newcomer approves what came as a file, joins, and one of the others passes that on.
    pub fn admit(&self, by: usize, newcomer: usize) {
        self.provinces[newcomer].give(&["agreement", "approve", NEXT, "--yes"]).expect("an approval");
        for place in [newcomer, by] {
            self.provinces[place].give(&["agreement", "join", NEXT]).expect("it joins");
        }
    }

    /// Approves what waits, as soon as it has come.
    pub fn approve(&self, place: usize) {
        let approve = ["agreement", "approve", "--yes"];
        wait_until("it is approved", || self.provinces[place].give(&approve).is_ok());
    }

    /// Imports a register of the demo; the report.
    pub fn import(&self, place: usize, kind: Kind) -> Value {
        let bytes = self.provinces[place].member.register(kind);
        self.import_bytes(place, kind, bytes)
    }

    /// Imports these bytes; the report.
    pub fn import_bytes(&self, place: usize, kind: Kind, bytes: &[u8]) -> Value {
        let file = format!("{}-{}.csv", self.provinces[place].member.code, kind.noun());
        fs::write(self.folder.path().join(&file), bytes).expect("a file");
        self.provinces[place].give(&[kind.noun(), "import", &file]).expect("an import")
    }

    /// What the node's agreement shows, as a digest, with the cut.
    pub fn digest(&self, place: usize) -> Value {
        self.provinces[place].give(&["agreement", "digest"]).expect("digests")
    }

    /// Waits until all these nodes show the same.
    pub fn await_equal(&self, places: &[usize]) {
        let digests = || places.iter().map(|place| self.digest(*place)).collect::<Vec<_>>();
        wait_until("the nodes show the same", || digests().windows(2).all(|pair| pair[0] == pair[1]));
    }

    /// Waits until everything in the node's log is in its rows.
    pub fn await_folded(&self, place: usize) {
        wait_until("the rows are rebuilt", || {
            let status = self.provinces[place].status().expect("it answers");
            !status.status.waiting.iter().any(|waits| matches!(waits, Waiting::Unfolded { .. }))
        });
    }

    /// The files of a folder in a home, deepest last.
    pub fn files(&self, place: usize, folder: &str) -> Vec<std::path::PathBuf> {
        let mut found = Vec::new();
        collect(&self.provinces[place].home.join(folder), &mut found);
        found.sort();
        assert!(!found.is_empty(), "{folder} is empty");
        found
    }
}

const AGREEMENT: &str = "agreement.toml";
/// Its next version.
const NEXT: &str = "next.toml";

/// Looks again and again until something is so.
pub fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < PATIENCE, "not in {PATIENCE:?}: {what}");
        std::thread::sleep(LOOK_PAUSE);
    }
}

fn collect(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
    for place in fs::read_dir(folder).expect("a readable folder") {
        let path = place.expect("a readable place").path();
        if path.is_dir() { collect(&path, found) } else { found.push(path) }
    }
}
