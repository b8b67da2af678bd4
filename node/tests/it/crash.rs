//! What a crash and a rotten disk may do to a real node: nothing that was acknowledged is lost, what can be
//! rebuilt is, a torn end is cut, and damage before the end is named and never passed over.

use std::fs;
use std::io::Cursor;
use std::path::PathBuf;
use std::time::Duration;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::Value;
use xietong::cli::demo::data::{HEILONGJIANG, LIAONING};
use xietong::cli::demo::province::Transport;
use xietong::http::data::{ImportEvent, ImportQuery};
use xietong::systems::Kind;

use crate::nodes::Nodes;

/// More with `XIETONG_CRASH_ROUNDS`.
const ROUNDS: u32 = 20;
const SEED: u64 = 7;
/// Three commits of an import.
const ROWS: u64 = 1_500;

#[test]
fn kill_9_in_mid_import_loses_nothing_acknowledged() {
    let rounds = std::env::var("XIETONG_CRASH_ROUNDS").ok().and_then(|rounds| rounds.parse().ok());
    let mut random = ChaCha8Rng::seed_from_u64(SEED);
    let mut nodes = Nodes::make(Transport::Quic, &[LIAONING, HEILONGJIANG], &[]);
    nodes.agree();
    nodes.start_and_join(0);
    nodes.start_and_join(1);
    nodes.import(0, Kind::Institutions);
    let mut in_the_middle = 0;
    for round in 0..rounds.unwrap_or(ROUNDS) {
        let text = vehicles(round);
        let commits = random.random_range(0..ROWS / 500);
        let delay = Duration::from_micros(random.random_range(0..20_000));
        let acknowledged = import_and_kill(&mut nodes, text.clone(), commits, delay);
        in_the_middle += u32::from(acknowledged > 0 && acknowledged < ROWS);
        nodes.provinces[0].start().expect("it starts again");
        nodes.await_folded(0);
        let again = nodes.import_bytes(0, Kind::Vehicles, text.as_bytes());
        let (unchanged, added) = (again["unchanged"].as_u64(), again["added"].as_u64());
        assert!(unchanged >= Some(acknowledged), "round {round}: {acknowledged} acknowledged, then {again}");
        assert_eq!(
            unchanged.zip(added).map(|(one, other)| one + other),
            Some(ROWS),
            "round {round}: {again}"
        );
    }
    assert!(in_the_middle >= 3, "only {in_the_middle} rounds were killed in mid-import");
    nodes.await_equal(&[0, 1]);
    let verified = nodes.provinces[0].give(&["log", "verify"]).expect("the log holds");
    assert_eq!(verified["holds"], true, "{verified}");
}

/// Streams a file and kills the node some time after it has acknowledged so many commits; rows acknowledged.
fn import_and_kill(nodes: &mut Nodes, text: String, commits: u64, delay: Duration) -> u64 {
    let caller = nodes.provinces[0].caller().expect("the node runs");
    let (mut acknowledged, mut seen) = (0, 0);
    let province = &mut nodes.provinces[0];
    let cut_off =
        caller.stream("vehicles/import", &ImportQuery::default(), Box::new(Cursor::new(text)), |event| {
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
    nodes.provinces[0].kill();
    acknowledged
}

/// Shared vehicles of a round, with columns as the template has them.
fn vehicles(round: u32) -> String {
    let header = "vin,plate_no,plate_kind,vehicle_use,vehicle_type,confidential,quota_status,make_model,seats,\
        fuel_type,purchase_price,first_registration,owner_unit_uscc,division_code,vehicle_status,odometer_km,\
        inspection_due,insurance_due,market_rate_ref,shared\n";
    let row = |number: u64| {
        let number = u64::from(round) * ROWS + number;
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
