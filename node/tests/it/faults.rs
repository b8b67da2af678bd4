//! What kills and rotten disks may do to a real node, in rounds drawn from a seed: it is killed at random points of
//! an import, of catching up, of taking in a bundle, of being restored and of being brought up to a newer format; bits of
//! its log and rows are flipped. After each round everything that was acknowledged is there, or what is missing was named.
//! `scripts/faults ROUNDS [SEED]` runs more.

use std::fs;
use std::io::Cursor;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::Value;
use xietong::cli::demo::data::{HEILONGJIANG, LIAONING};
use xietong::cli::demo::province::{PASSPHRASE, Transport};
use xietong::http::data::{ImportEvent, ImportQuery};
use xietong::systems::Kind;

use crate::nodes::Nodes;

/// The node to which it happens, and the member that holds what it shares.
const ME: usize = 0;
const OTHER: usize = 1;
/// Every deed twice; more with `XIETONG_FAULTS="ROUNDS [SEED]"`.
const ROUNDS: u64 = 2 * Deed::ALL.len() as u64;
const SEED: u64 = 7;
/// Three commits of an import.
const ROWS: u64 = 1_500;

/// What can happen in a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Deed {
    KillInImport,
    KillInSync,
    KillInBundle,
    KillInRestore,
    KillInMigration,
    FlipRows,
    FlipLog,
}

impl Deed {
    const ALL: [Self; 7] = [
        Self::KillInImport,
        Self::KillInSync,
        Self::KillInBundle,
        Self::KillInRestore,
        Self::KillInMigration,
        Self::FlipRows,
        Self::FlipLog,
    ];
}

/// What came of all rounds.
#[derive(Debug, Default)]
struct Figures {
    kills: u64,
    /// Of them those that hit work under way.
    in_the_middle: u64,
    flips: u64,
    /// Of them those after which a node did not start before the bytes were put back, and said why.
    refused: u64,
}

/// A node that has a hard time.
struct Ordeal {
    nodes: Nodes,
    random: ChaCha8Rng,
    /// Files of vehicles that were imported to their end.
    files: u64,
    figures: Figures,
}

#[test]
fn killed_at_any_point_and_with_flipped_bits_a_node_loses_nothing_or_names_it() {
    let asked = std::env::var("XIETONG_FAULTS").unwrap_or_default();
    let mut numbers = asked.split_whitespace().map(|word| word.parse().expect("numbers"));
    let (rounds, seed) = (numbers.next().unwrap_or(ROUNDS), numbers.next().unwrap_or(SEED));
    let mut ordeal = Ordeal::begin(seed);
    for round in 0..rounds {
        let deed = match Deed::ALL.get(round as usize) {
            Some(deed) => *deed,
            None => Deed::ALL[ordeal.random.random_range(0..Deed::ALL.len())],
        };
        println!("round {round}: {deed:?}");
        ordeal.suffer(deed);
        ordeal.check(round, deed);
    }
    let Ordeal { nodes, files, figures, .. } = ordeal;
    let vehicles = files * ROWS;
    let own = nodes.provinces[ME].give(&["vehicle", "list", "--owner", "me"]).expect("a list");
    assert_eq!(own["items"].as_array().map(|rows| rows.len() as u64), Some(vehicles));
    let verified = nodes.provinces[ME].give(&["log", "verify"]).expect("the log holds");
    assert_eq!(verified["holds"], true, "{verified}");
    let Figures { kills, in_the_middle, flips, refused } = figures;
    assert!(
        kills > 0 && in_the_middle > 0 && flips > 0,
        "{kills} kills, {in_the_middle} in the middle, {flips} flips"
    );
    println!(
        "faults: {rounds} rounds (seed {seed}): {kills} kills, {in_the_middle} in the middle of work; {flips} bits \
         flipped, {refused} of them named before a start; {vehicles} vehicles acknowledged, none lost"
    );
}

impl Ordeal {
    fn begin(seed: u64) -> Self {
        let mut nodes = Nodes::make(Transport::Quic, &[LIAONING, HEILONGJIANG], &[]);
        nodes.agree();
        nodes.start_and_join(ME);
        nodes.start_and_join(OTHER);
        nodes.import(ME, Kind::Institutions);
        let (random, figures) = (ChaCha8Rng::seed_from_u64(seed), Figures::default());
        Self { nodes, random, files: 0, figures }
    }

    fn suffer(&mut self, deed: Deed) {
        match deed {
            Deed::KillInImport => self.kill_in_import(),
            Deed::KillInSync => self.kill_in_sync(),
            Deed::KillInBundle => self.kill_in_bundle(),
            Deed::KillInRestore => self.kill_in_restore(),
            Deed::KillInMigration => self.kill_in_migration(),
            Deed::FlipRows => self.flip_rows(),
            Deed::FlipLog => self.flip_log(),
        }
    }

    /// What was acknowledged is in the register – one file of it is looked at – and with the other member.
    fn check(&mut self, round: u64, deed: Deed) {
        self.nodes.await_folded(ME);
        self.nodes.await_equal(&[ME, OTHER]);
        let file = vehicles(self.random.random_range(0..self.files));
        let again = self.nodes.import_bytes(ME, Kind::Vehicles, file.as_bytes());
        assert_eq!(again["unchanged"], ROWS, "round {round}, {deed:?}: {again}");
    }

    /// Streams a file and kills the node some time after it has acknowledged some commits; then imports it again.
    fn kill_in_import(&mut self) {
        let commits = self.random.random_range(0..ROWS / 500);
        let delay = Duration::from_micros(self.random.random_range(0..20_000));
        let text = vehicles(self.files);
        let acknowledged = self.import_and_kill(text.clone(), commits, delay);
        self.killed(acknowledged > 0 && acknowledged < ROWS);
        self.start();
        let again = self.nodes.import_bytes(ME, Kind::Vehicles, text.as_bytes());
        let (unchanged, added) = (again["unchanged"].as_u64(), again["added"].as_u64());
        assert!(unchanged >= Some(acknowledged), "{acknowledged} acknowledged, then {again}");
        assert_eq!(unchanged.zip(added).map(|(one, other)| one + other), Some(ROWS), "{again}");
        self.files += 1;
    }

    /// The other member is killed again and again while entries arrive there.
    fn kill_in_sync(&mut self) {
        self.nodes.provinces[OTHER].kill();
        self.import();
        for _ in 0..3 {
            self.nodes.provinces[OTHER].start().expect("it starts");
            self.pause(150_000);
            let is_behind = self.nodes.digest(ME) != self.nodes.digest(OTHER);
            self.nodes.provinces[OTHER].kill();
            self.killed(is_behind);
        }
        self.nodes.provinces[OTHER].start().expect("it starts");
    }

    /// The other member is killed while it takes in a bundle of everything.
    fn kill_in_bundle(&mut self) {
        let other = self.nodes.provinces[OTHER].member.code;
        let file = self.nodes.folder.path().join("ordeal.bundle");
        // There may be one of an earlier round.
        let _ = fs::remove_file(&file);
        let name = file.to_str().expect("a text");
        let export = ["bundle", "export", "--for", other, "--from-start", name];
        self.nodes.provinces[ME].give(&export).expect("it is exported");
        let mut import = self.run(OTHER, &["bundle", "import", name]);
        self.pause(60_000);
        self.nodes.provinces[OTHER].kill();
        let has_ended = import.wait().expect("it was started").success();
        self.killed(!has_ended);
        self.nodes.provinces[OTHER].start().expect("it starts");
        self.nodes.provinces[OTHER].give(&["bundle", "import", name]).expect("it is taken in");
    }

    /// The home is gone; a restore is killed, which leaves nothing that starts, and done again.
    fn kill_in_restore(&mut self) {
        let folder = self.nodes.folder.path().join("backup");
        let folder = folder.to_str().expect("a text");
        self.nodes.provinces[ME].give(&["backup", folder]).expect("it is backed up");
        self.nodes.provinces[ME].kill();
        let home = self.nodes.provinces[ME].home.clone();
        fs::remove_dir_all(&home).expect("it was there");
        let mut restore = self.run(ME, &["restore", folder]);
        // Opening the seal takes most of it.
        self.pause(400_000);
        // It may have ended.
        let _ = restore.kill();
        let has_ended = restore.wait().expect("it was started").success();
        // Its settings come last: with them a home is whole, though the process may have been killed before it said so.
        let is_whole = home.join("config.toml").exists();
        self.killed(!is_whole && home.exists());
        assert!(is_whole || !has_ended, "a restore that has ended leaves a home that starts");
        if !is_whole {
            // A restore that was killed early has left nothing.
            let _ = fs::remove_dir_all(&home);
            self.nodes.provinces[ME].give(&["restore", folder]).expect("it is restored");
        }
        self.start();
    }

    /// The home is as a program of before the format had a number left it; the start that brings it up is killed.
    fn kill_in_migration(&mut self) {
        self.nodes.provinces[ME].give(&["stop"]).expect("it stops");
        let home = self.nodes.provinces[ME].home.clone();
        fs::remove_file(home.join("log/format")).expect("it was there");
        let aside = home.join("before-format-1");
        // Left by an earlier round.
        let _ = fs::remove_dir_all(&aside);
        let mut start = self.run(ME, &["run"]);
        self.pause(60_000);
        // It may have failed by itself.
        let _ = start.kill();
        start.wait().expect("it was started");
        self.killed(
            !home.join("log/format").exists() && (aside.exists() || aside.with_extension("new").exists()),
        );
        self.start();
        assert!(aside.join("log").exists(), "the home of before is kept");
    }

    fn flip_rows(&mut self) {
        self.nodes.provinces[ME].give(&["stop"]).expect("it stops");
        for file in self.nodes.files(ME, "rows") {
            self.flip(&file);
        }
        self.start();
    }

    /// A bit of the log: what the other member holds is fetched again; what nobody else has is named, and no node
    /// starts without it.
    fn flip_log(&mut self) {
        self.nodes.provinces[ME].give(&["stop"]).expect("it stops");
        let mut files = self.nodes.files(ME, "log");
        files.retain(|file| file.extension().is_some_and(|extension| extension == "seg"));
        let file = files.swap_remove(self.random.random_range(0..files.len()));
        let before = fs::read(&file).expect("it is there");
        self.flip(&file);
        let verified = self.run(ME, &["log", "verify"]).wait_with_output().expect("it was started");
        let told: Value = serde_json::from_slice(&verified.stdout).expect("what it found");
        assert!(
            told["faults"].as_array().is_some_and(|faults| !faults.is_empty()),
            "{}: {told}",
            file.display()
        );
        if self.nodes.provinces[ME].start().is_err() {
            self.nodes.provinces[ME].kill();
            let log = self.nodes.folder.path().join(format!("{}.node.log", LIAONING.code));
            let told = fs::read_to_string(log).expect("what the node said");
            assert!(told.contains("irreplaceable") || told.contains("backup"), "{told}");
            fs::write(&file, before).expect("ours");
            self.figures.refused += 1;
            self.start();
        }
    }

    fn import(&mut self) {
        let added = self.nodes.import_bytes(ME, Kind::Vehicles, vehicles(self.files).as_bytes());
        assert_eq!(added["added"], ROWS, "{added}");
        self.files += 1;
    }

    fn import_and_kill(&mut self, text: String, commits: u64, delay: Duration) -> u64 {
        let caller = self.nodes.provinces[ME].caller().expect("the node runs");
        let (mut acknowledged, mut seen) = (0, 0);
        let province = &mut self.nodes.provinces[ME];
        let text = Box::new(Cursor::new(text));
        let cut_off = caller.stream("vehicles/import", &ImportQuery::default(), text, |event| {
            if let ImportEvent::Progress { rows, .. } = event {
                (acknowledged, seen) = (rows, seen + 1);
            }
            if seen >= commits && province.process_id().is_some() {
                std::thread::sleep(delay);
                province.kill();
            }
        });
        // The node may have been quicker than the kill.
        drop(cut_off);
        self.nodes.provinces[ME].kill();
        acknowledged
    }

    /// A command that goes on in the background.
    fn run(&self, place: usize, arguments: &[&str]) -> Child {
        let mut command = Command::new(env!("CARGO_BIN_EXE_xietong"));
        command.args(arguments).arg("--json").arg("--home").arg(&self.nodes.provinces[place].home);
        command.env("XIETONG_PASSPHRASE", PASSPHRASE).stdin(Stdio::null());
        command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("the program is there")
    }

    fn start(&mut self) {
        self.nodes.provinces[ME].start().expect("it starts");
        self.nodes.await_folded(ME);
    }

    fn killed(&mut self, in_the_middle: bool) {
        self.figures.kills += 1;
        self.figures.in_the_middle += u64::from(in_the_middle);
    }

    fn pause(&mut self, micros_max: u64) {
        std::thread::sleep(Duration::from_micros(self.random.random_range(0..micros_max)));
    }

    /// One bit at a random place.
    fn flip(&mut self, file: &Path) {
        let mut bytes = fs::read(file).expect("it is there");
        if bytes.is_empty() {
            return;
        }
        let at = self.random.random_range(0..bytes.len());
        bytes[at] ^= 1 << self.random.random_range(0..8);
        fs::write(file, bytes).expect("it can be written");
        self.figures.flips += 1;
    }
}

/// Shared vehicles of a round, with columns as the template has them.
fn vehicles(round: u64) -> String {
    let header = "vin,plate_no,plate_kind,vehicle_use,vehicle_type,confidential,quota_status,make_model,seats,\
        fuel_type,purchase_price,first_registration,owner_unit_uscc,division_code,vehicle_status,odometer_km,\
        inspection_due,insurance_due,market_rate_ref,shared\n";
    let row = |number: u64| {
        let number = round * ROWS + number;
        let (vin, plate) = (
            vin(number),
            format!("辽{}{:05}", b"ABCDEFGH"[(number / 100_000) as usize] as char, number % 100_000),
        );
        format!(
            "{vin},{plate},小型汽车,业务,轿车,no,在编,示例,5,汽油,120000.00,2024-03-28,11210000MB28921376,\
             210102,空闲,1000,2043-02-25,2043-02-25,300.00,yes\n"
        )
    };
    (0..ROWS).map(row).fold(header.to_owned(), |text, row| text + &row)
}

/// A vehicle identification number with its check character (GB 16735).
fn vin(number: u64) -> String {
    const WEIGHTS: [u32; 17] = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2];
    let value = |c: char| match c {
        '0'..='9' => u32::from(c) - u32::from('0'),
        'A'..='H' => u32::from(c) - u32::from('A') + 1,
        'J'..='R' => u32::from(c) - u32::from('J') + 1,
        _ => u32::from(c) - u32::from('S') + 2,
    };
    let bare = format!("LSVNA4180R{number:07}");
    let sum: u32 = bare.chars().zip(WEIGHTS).map(|(c, weight)| value(c) * weight).sum();
    let check = char::from_digit(sum % 11, 10).unwrap_or('X');
    format!("LSVNA418{check}R{number:07}")
}
