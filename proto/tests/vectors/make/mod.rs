//! Makes the vectors: good bytes by the library, bad ones by changing them. Every verdict is written here by
//! hand; what the library finds is compared with it in `main.rs`.

mod entries;
mod epochs;
mod evidence;
mod forks;
mod frames;
mod headers;
mod keys;
mod papers;
mod places;
mod purges;
mod receipts;

use serde_json::{Value, json};

/// Every file with its cases.
pub fn all() -> Vec<(&'static str, Vec<Value>)> {
    vec![
        ("keys", keys::cases()),
        ("streams", headers::stream_cases()),
        ("headers", headers::header_cases()),
        ("entries", entries::entry_cases()),
        ("trees", entries::tree_cases()),
        ("cards", papers::card_cases()),
        ("manifests", papers::manifest_cases()),
        ("opinions", papers::opinion_cases()),
        ("epochs", epochs::cases()),
        ("admission", places::admission_cases()),
        ("chains", places::chain_cases()),
        (
            "frames",
            [frames::cases(), receipts::frame_cases(), forks::frame_cases(), epochs::frame_cases()].concat(),
        ),
        ("receipts", receipts::receipt_cases()),
        ("purges", purges::cases()),
        ("forks", forks::cases()),
        ("evidence", evidence::cases()),
    ]
}

/// Accepted, with what must be found.
fn good(rule: &str, name: &str, judge: &str, input: Value) -> Value {
    let output = crate::judge::judge(judge, &input).unwrap_or_else(|no| panic!("{name}: {no}"));
    json!({ "rule": rule, "name": name, "judge": judge, "input": input, "verdict": "ok", "output": output })
}

/// Refused, with what must be said.
fn bad(rule: &str, name: &str, judge: &str, input: Value, reject: Value) -> Value {
    json!({ "rule": rule, "name": name, "judge": judge, "input": input, "verdict": "refused", "reject": reject })
}

fn malformed() -> Value {
    json!({ "code": "Malformed" })
}

fn bad_field(field: &str) -> Value {
    json!({ "code": "BadField", "field": field })
}

fn too_large(size: u64, size_max: u64) -> Value {
    json!({ "code": "TooLarge", "size": size, "size_max": size_max })
}

fn no() -> Value {
    Value::Null
}

fn hex(bytes: impl AsRef<[u8]>) -> String {
    crate::judge::hex(bytes)
}

fn packed(bytes: impl AsRef<[u8]>) -> Value {
    crate::judge::packed(bytes)
}

/// The bytes with others written over them from `at` on.
fn patched(bytes: &[u8], at: usize, with: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes[at..at + with.len()].copy_from_slice(with);
    bytes
}
