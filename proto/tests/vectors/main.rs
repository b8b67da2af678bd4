//! Runs the vectors beside this file, and holds PROTOCOL.md to them and to the code. The checked-in bytes are
//! the law; `XIETONG_WRITE_VECTORS=1` writes them anew after a change of the law.

mod judge;
mod law;
mod make;
#[path = "../samples/mod.rs"]
mod samples;

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::Once;

use serde_json::{Value, json};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/vectors")
}

static WRITTEN: Once = Once::new();

/// The checked-in cases, by file.
fn checked_in() -> BTreeMap<String, Vec<Value>> {
    WRITTEN.call_once(|| {
        if std::env::var_os("XIETONG_WRITE_VECTORS").is_some() {
            write(&make::all());
        }
    });
    let files =
        fs::read_dir(folder()).expect("the folder of vectors").map(|file| file.expect("a file").path());
    let json = files.filter(|path| path.extension().is_some_and(|extension| extension == "json"));
    json.map(|path| {
        let text = fs::read_to_string(&path).expect("a readable file");
        let cases = serde_json::from_str(&text).expect("a list of cases");
        (path.file_stem().expect("a name").to_string_lossy().into_owned(), cases)
    })
    .collect()
}

fn write(cases: &[(&str, Vec<Value>)]) {
    for (name, cases) in cases {
        let lines: Vec<String> = cases.iter().map(Value::to_string).collect();
        let text = format!("[\n{}\n]\n", lines.join(",\n"));
        fs::write(folder().join(format!("{name}.json")), text).expect("a file that can be written");
    }
}

fn text<'a>(case: &'a Value, field: &str) -> &'a str {
    case[field].as_str().unwrap_or_else(|| panic!("{case} has a text {field}"))
}

#[test]
fn every_vector_is_judged_as_it_says() {
    for (file, cases) in checked_in() {
        for case in cases {
            let found = match judge::judge(text(&case, "judge"), &case["input"]) {
                Ok(output) => json!({ "verdict": "ok", "output": output }),
                Err(reject) => json!({ "verdict": "refused", "reject": reject }),
            };
            for field in ["verdict", "output", "reject"] {
                assert_eq!(found[field], case[field], "{file}: {} ({field})", text(&case, "name"));
            }
        }
    }
}

#[test]
fn the_checked_in_vectors_are_those_that_are_made() {
    let made: BTreeMap<String, Vec<Value>> =
        make::all().into_iter().map(|(name, cases)| (name.to_owned(), cases)).collect();
    assert_eq!(made.keys().collect::<Vec<_>>(), checked_in().keys().collect::<Vec<_>>());
    for (file, cases) in checked_in() {
        assert_eq!(made[&file].len(), cases.len(), "{file}");
        for (made, case) in made[&file].iter().zip(&cases) {
            assert_eq!(made, case, "{file}");
        }
    }
}

#[test]
fn every_rule_with_vectors_has_good_and_bad_ones() {
    let mut counts: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    for case in checked_in().into_values().flatten() {
        let (good, bad) = counts.entry(text(&case, "rule").to_owned()).or_default();
        *(if case["verdict"] == "ok" { good } else { bad }) += 1;
    }
    println!("rule: good, bad\n{counts:#?}");
    for rule in law::rules() {
        let (good, bad) = counts.remove(&rule.number).unwrap_or_default();
        assert_eq!(
            (good > 0, bad > 0),
            (rule.has_vectors, rule.has_vectors),
            "{}: {good}, {bad}",
            rule.number
        );
    }
    assert!(counts.is_empty(), "PROTOCOL.md has no rules {:?}", counts.keys());
}

#[test]
fn every_refusal_is_given_under_a_rule_that_names_it() {
    let allowed = law::refusals();
    // What bars a member from saying something refuses no bytes.
    let of_bytes = checked_in().into_values().flatten().filter(|case| text(case, "judge") != "may");
    for case in of_bytes {
        let Some(code) = case["reject"]["code"].as_str() else { continue };
        let rule = text(&case, "rule");
        let is_named = allowed.get(code).is_some_and(|rules| rules.iter().any(|named| named == rule));
        assert!(is_named, "PROTOCOL.md does not name {code} under {rule}: {}", text(&case, "name"));
    }
}
