//! What fuzzing ever found, and all vectors of the protocol, into every decoder that faces bytes from outside.

#[path = "../../../fuzz/decoders.rs"]
mod decoders;

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use decoders::DECODERS;

#[test]
fn no_bytes_that_were_ever_found_break_a_promise() {
    let found: Vec<Vec<u8>> = DECODERS.iter().flat_map(|(name, _)| corpus(name)).collect();
    assert!(found.len() >= DECODERS.len(), "{} files", found.len());
    for bytes in found.iter().chain(&vectors()) {
        DECODERS.iter().for_each(|(_, decoder)| decoder(bytes));
    }
}

/// The files of one decoder; there is at least one for each.
fn corpus(name: &str) -> Vec<Vec<u8>> {
    let folder = root().join("fuzz/corpus").join(name);
    let files = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let files: Vec<_> = files.flatten().map(|file| fs::read(file.path()).expect("a readable file")).collect();
    assert!(!files.is_empty(), "{} is empty", folder.display());
    files
}

/// All bytes that the vectors give to a judge.
fn vectors() -> Vec<Vec<u8>> {
    let files = fs::read_dir(root().join("proto/tests/vectors")).expect("part of the source").flatten();
    let files = files.filter(|file| file.path().extension().is_some_and(|extension| extension == "json"));
    let mut found = Vec::new();
    for file in files {
        let text = fs::read_to_string(file.path()).expect("a readable file");
        collect(&serde_json::from_str(&text).expect("vectors are JSON"), &mut found);
    }
    assert!(found.len() > 100, "{} vectors", found.len());
    found
}

fn collect(value: &Value, found: &mut Vec<Vec<u8>>) {
    match value {
        Value::String(text) => found.extend(hex::decode(text).ok().filter(|bytes| !bytes.is_empty())),
        Value::Array(values) => values.iter().for_each(|value| collect(value, found)),
        Value::Object(values) => values.values().for_each(|value| collect(value, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}
