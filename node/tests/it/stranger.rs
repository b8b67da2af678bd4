//! A stranger's program, written from the protocol's text alone, checks what a node exports.

use std::path::Path;
use std::process::Command;

use xietong::cli::demo::data::{HEILONGJIANG, JILIN};
use xietong::cli::demo::province::Transport;
use xietong::systems::Kind;

use crate::nodes::Nodes;

#[test]
fn a_program_that_shares_no_code_accepts_an_exported_stream_and_notices_every_flipped_byte() {
    if Command::new("python3").arg("--version").output().is_err() {
        eprintln!("not run: there is no python3");
        return;
    }
    let mut nodes = Nodes::make(Transport::Tcp, &[HEILONGJIANG, JILIN], &[]);
    nodes.agree();
    nodes.start_and_join(0);
    nodes.start_and_join(1);
    for kind in [Kind::Institutions, Kind::Vehicles] {
        nodes.import(0, kind);
    }
    nodes.await_equal(&[0, 1]);
    nodes.provinces[0]
        .give(&["vehicle", "withdraw", "230000-V-000001", "--reason", "sold"])
        .expect("withdrawn");
    nodes.await_equal(&[0, 1]);
    let home = nodes.provinces[1].home.display().to_string();
    let export = ["log", "export", "--author", "230000", "--system", "vehicles", "--home", &home];
    let export = Command::new(env!("CARGO_BIN_EXE_xietong")).args(export).output().expect("it runs");
    let file = nodes.folder.path().join("stream.json");
    std::fs::write(&file, &export.stdout).expect("a file");
    let said = stranger(&[path(&file), "--flips", "1000"]);
    assert!(said.contains("positions 1 to 2") && said.contains("1000 flipped bytes"), "{said}");

    let file = nodes.folder.path().join("one.evidence");
    let export =
        ["evidence", "export", "230000/vehicles/1/2", "--yes", "--out", path(&file), "--home", &home];
    let export = Command::new(env!("CARGO_BIN_EXE_xietong")).args(export).output().expect("it runs");
    assert!(export.status.success(), "{}", String::from_utf8_lossy(&export.stderr));
    let said = stranger(&[path(&file), "--flips", "300"]);
    assert!(said.contains("record 2 of") && said.contains("held by 220000"), "{said}");
}

#[test]
fn a_program_that_shares_no_code_judges_the_vectors_of_evidence_alike() {
    if Command::new("python3").arg("--version").output().is_err() {
        eprintln!("not run: there is no python3");
        return;
    }
    let vectors = Path::new(env!("CARGO_MANIFEST_DIR")).join("../proto/tests/vectors/evidence.json");
    let said = stranger(&["--vectors", path(&vectors)]);
    assert!(said.contains("judged alike"), "{said}");
}

fn path(file: &Path) -> &str {
    file.to_str().expect("temporary folders have plain names")
}

/// What the stranger's program says.
fn stranger(arguments: &[&str]) -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/verify-stream.py");
    let told = Command::new("python3").arg(script).args(arguments).output().expect("it runs");
    let said = String::from_utf8_lossy(&told.stdout).into_owned();
    assert!(told.status.success(), "{said}{}", String::from_utf8_lossy(&told.stderr));
    said
}
