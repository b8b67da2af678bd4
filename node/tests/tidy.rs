//! Holds the house rules: which folder may import which, names that are not used, sizes of files, functions.

use std::fs;
use std::path::{Path, PathBuf};

/// What a module may import of this crate, besides itself: only what stands above it in this list, and shells
/// (store, net, http) never each other. Floors of node/ARCHITECTURE.md.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("tables", &[]),
    ("calendar", &["tables"]),
    ("files", &[]),
    ("home", &[]),
    ("replica", &[]),
    ("systems", &["calendar", "tables"]),
    ("clock", &["replica"]),
    ("keys", &["files"]),
    ("papers", &["calendar", "tables"]),
    ("config", &["calendar", "files", "home", "replica", "systems", "tables"]),
    ("telemetry", &["calendar", "clock", "config", "files"]),
    ("machine", &["calendar", "replica", "systems"]),
    ("store", &["replica", "systems"]),
    ("backup", &["calendar", "files", "home", "keys", "store"]),
    ("net", &["replica"]),
    ("http", &["calendar", "clock", "config", "keys", "machine", "papers", "replica", "systems"]),
    ("daemon", &["clock", "config", "home", "http", "keys", "machine", "net", "replica", "store", "systems"]),
    ("doctor", &["config", "http", "keys", "machine", "replica"]),
    (
        "failure",
        &[
            "backup", "config", "daemon", "files", "http", "keys", "machine", "papers", "replica", "store",
            "systems",
        ],
    ),
    (
        "text",
        &[
            "backup", "calendar", "config", "daemon", "doctor", "failure", "files", "http", "keys",
            "machine", "net", "papers", "replica", "store", "systems", "tables",
        ],
    ),
    (
        "cli",
        &[
            "backup",
            "calendar",
            "clock",
            "config",
            "daemon",
            "doctor",
            "failure",
            "files",
            "home",
            "http",
            "keys",
            "machine",
            "net",
            "papers",
            "replica",
            "store",
            "systems",
            "telemetry",
            "text",
        ],
    ),
    ("main", &[]),
    ("lib", &[]),
];

/// Where the clock, randomness, the disk, the network, tasks and logging have no place.
const PURE: &[&str] = &[
    "node/src/calendar.rs",
    "node/src/calendar",
    "node/src/machine",
    "node/src/papers",
    "node/src/replica",
    "node/src/systems",
    "node/src/tables.rs",
    "node/src/text",
    "proto/src",
];

/// What pure code must not name.
const IMPURE: &[&str] = &[
    "SystemTime",
    "Instant::now",
    "Timestamp::now",
    "Zoned::now",
    "std::fs",
    "std::net",
    "tokio",
    "tracing",
    "rand::",
    "getrandom",
    "HashMap",
    "HashSet",
    "async fn",
    "println!",
    "eprintln!",
];

/// Crates that only one place may name.
const NAMED_ONCE: &[(&str, &str)] = &[
    ("sled::", "node/src/store/rows/on_sled.rs"),
    ("redb::", "node/src/store/rows/on_redb.rs"),
    ("libp2p", "node/src/net/"),
];

/// Words that say nothing.
const EMPTY_NAMES: &[&str] = &["Manager", "Handler", "Util", "Helper"];

const FILE_LINES_MAX: usize = 500;

#[test]
fn modules_import_downwards_only() {
    let mut wrong = Vec::new();
    for (path, text) in sources("node/src") {
        let rule = MAY_IMPORT.iter().find(|(module, _)| module_of(&path) == *module);
        let (_, allowed) = rule.unwrap_or_else(|| panic!("{} has no floor", path.display()));
        for (number, line) in code_lines(&text) {
            let imported = line.split("crate::").skip(1).map(|rest| {
                rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default()
            });
            for name in imported {
                if name != module_of(&path) && !allowed.contains(&name) {
                    wrong.push(format!("{}:{number}: imports {name}", path.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_table_of_imports_has_no_circle() {
    for (at, (module, allowed)) in MAY_IMPORT.iter().enumerate() {
        for name in *allowed {
            let above = MAY_IMPORT[..at].iter().any(|(other, _)| other == name);
            assert!(above, "{module} may import {name}, which does not stand above it");
        }
    }
}

#[test]
fn pure_code_names_no_clock_disk_network_or_unordered_map() {
    let mut wrong = Vec::new();
    for (path, text) in PURE.iter().flat_map(|place| sources(place)) {
        for (number, line) in code_lines(&text) {
            for word in IMPURE.iter().filter(|word| line.contains(**word)) {
                wrong.push(format!("{}:{number}: {word}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_crate_that_may_be_replaced_is_named_in_one_place() {
    let mut wrong = Vec::new();
    for (path, text) in sources("node/src") {
        for (name, place) in
            NAMED_ONCE.iter().filter(|(_, place)| !path.display().to_string().contains(place))
        {
            let lines = code_lines(&text).filter(|(_, line)| mentions(line, name));
            wrong.extend(
                lines.map(|(number, _)| format!("{}:{number}: {name} outside {place}", path.display())),
            );
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_file_says_what_it_is_for_and_is_short() {
    let mut wrong = Vec::new();
    for (path, text) in
        ["node/src", "node/tests", "proto/src", "proto/tests"].iter().flat_map(|place| sources(place))
    {
        let lines = text.lines().count();
        if !text.starts_with("//!") {
            wrong.push(format!("{}: no //! header", path.display()));
        }
        if lines > FILE_LINES_MAX {
            wrong.push(format!("{}: {lines} lines", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn names_say_something() {
    let mut wrong = Vec::new();
    for (path, text) in ["node/src", "proto/src"].iter().flat_map(|place| sources(place)) {
        for (number, line) in code_lines(&text) {
            let defines =
                ["struct ", "enum ", "trait ", "fn ", "mod "].iter().any(|word| line.contains(word));
            if defines && EMPTY_NAMES.iter().any(|name| line.contains(name)) {
                wrong.push(format!("{}:{number}: {line}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Whether a line names something that begins like this, and not only ends like it.
fn mentions(line: &str, name: &str) -> bool {
    let is_inside = |at: usize| line[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
    line.match_indices(name).any(|(at, _)| !is_inside(at))
}

fn module_of(path: &Path) -> &str {
    let inside = path.strip_prefix(root().join("node/src")).unwrap_or(path);
    let first = inside.components().next().map(|part| part.as_os_str().to_str().unwrap_or_default());
    first.unwrap_or_default().trim_end_matches(".rs")
}

/// Lines before the tests, without comments.
fn code_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = text.lines().enumerate().take_while(|(_, line)| !line.starts_with("#[cfg(test)]"));
    lines.map(|(at, line)| (at + 1, line.split("//").next().unwrap_or_default()))
}

fn sources(place: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    collect(&root().join(place), &mut found);
    assert!(!found.is_empty(), "{place} has no sources");
    found
}

fn collect(place: &Path, found: &mut Vec<(PathBuf, String)>) {
    if place.is_dir() {
        let mut inside: Vec<_> = fs::read_dir(place).expect("a readable folder").flatten().collect();
        inside.sort_by_key(|entry| entry.path());
        inside.iter().for_each(|entry| collect(&entry.path(), found));
    } else if place.extension().is_some_and(|extension| extension == "rs") {
        found.push((place.to_owned(), fs::read_to_string(place).expect("a readable file")));
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").to_owned()
}
