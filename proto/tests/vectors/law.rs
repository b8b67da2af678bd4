//! Reads the tables of PROTOCOL.md and compares them with the code.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use xietong_proto::crypto::Tag;
use xietong_proto::id::*;
use xietong_proto::limits;
use xietong_proto::reject::Reject;

/// A line of the table of rules.
pub struct Rule {
    pub number: String,
    pub is_in_force: bool,
    /// Where it is judged: `proto`, or a folder of the workspace.
    pub place: String,
    pub has_vectors: bool,
}

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").to_owned()
}

/// The rows of the table under the header line that begins with these cells.
fn table(first_cells: &str) -> Vec<Vec<String>> {
    let law = fs::read_to_string(workspace().join("proto/PROTOCOL.md")).expect("the law");
    let after = law.split_once(&format!("\n| {first_cells} |")).expect("a table of that name").1;
    let rows = after.lines().skip(2).take_while(|line| line.starts_with('|'));
    let cell = |text: &str| text.trim().trim_matches('`').to_owned();
    rows.map(|line| line.trim_matches('|').split('|').map(cell).collect()).collect()
}

/// All rules.
pub fn rules() -> Vec<Rule> {
    let rule = |row: Vec<String>| Rule {
        number: row[0].clone(),
        is_in_force: row[2] == "yes",
        place: row[3].clone(),
        has_vectors: row[4] == "yes",
    };
    table("rule | subject").into_iter().map(rule).collect()
}

/// Under which rules each code is given.
pub fn refusals() -> BTreeMap<String, Vec<String>> {
    let rules = |row: &Vec<String>| row[1].split_whitespace().map(str::to_owned).collect();
    table("code | rules").iter().map(|row| (row[0].clone(), rules(row))).collect()
}

#[test]
fn the_limits_of_the_law_are_those_of_the_code() {
    let written: BTreeMap<String, u64> = table("name | value")
        .into_iter()
        .map(|row| (row[0].clone(), row[1].parse().expect("a number")))
        .collect();
    let source = fs::read_to_string(workspace().join("proto/src/limits.rs")).expect("the limits");
    let names = source.lines().filter_map(|line| line.strip_prefix("pub const ")?.split(':').next());
    assert_eq!(names.count(), written.len(), "a limit is missing in PROTOCOL.md, or there");
    macro_rules! compare {
        ($($name:ident)*) => {$(
            assert_eq!(written.get(stringify!($name)), Some(&(limits::$name as u64)), stringify!($name));
        )*};
    }
    compare! {
        RECORD_BYTES_MAX ENTRY_RECORDS_MAX ENTRY_PAYLOAD_BYTES_MAX PUSH_PAYLOAD_BYTES_MAX RANGE_BYTES_MAX
        FRAME_BYTES_MAX FIELDS_MAX POSITION_MAX MEMBERS_MAX SCOPE_MAX MANIFEST_BYTES_MAX CARD_BYTES_MAX
        OPINION_BYTES_MAX RECEIPT_BYTES_MAX PURGE_BYTES_MAX ENVELOPE_BYTES_MAX CARDS_MAX OPINIONS_MAX TEXT_BYTES_MAX ADDRESSES_MAX HEADS_LINES_MAX
        EVIDENCE_BYTES_MAX EVIDENCE_FIELDS_MAX
        REACH_ADDRESSES_MAX REACH_BYTES_MAX CHAIN_BYTES_MAX
    }
}

#[test]
fn the_tags_of_the_law_are_those_of_the_code() {
    let tags = [
        ("entry", Tag::Entry),
        ("stream", Tag::Stream),
        ("leaf", Tag::Leaf),
        ("seed", Tag::Seed),
        ("manifest", Tag::Manifest),
        ("card", Tag::Card),
        ("approve", Tag::Approve),
        ("decline", Tag::Decline),
        ("withdraw", Tag::Withdraw),
        ("receipt", Tag::Receipt),
        ("holdings", Tag::Holdings),
        ("purge", Tag::Purge),
        ("heads", Tag::Heads),
        ("fingerprint", Tag::Fingerprint),
    ];
    let written = table("tag | exact bytes (`\\0` is one zero byte)");
    assert_eq!(written.len(), tags.len());
    for ((name, tag), row) in tags.into_iter().zip(written) {
        assert_eq!((row[0].as_str(), row[1].replace("\\0", "\0").as_bytes()), (name, tag.bytes()));
    }
}

#[test]
fn every_refusal_stands_in_the_law_under_its_rule_and_says_whether_it_passes_later() {
    let (author, card) = (MemberCode::NONE, CardNumber(1));
    let field = |text: &str| Reject::BadField { field: text.into() };
    let all = [
        Reject::TooLarge { size: 2, size_max: 1 },
        Reject::Malformed,
        Reject::UnknownVersion { version: 2 },
        Reject::UnknownSuite { suite: 2 },
        Reject::NotCanonical,
        field("card.code"),
        field("manifest.title"),
        field("opinion.member"),
        field("receipt.number"),
        field("fork.id"),
        field("evidence.links"),
        field("purge.lines"),
        Reject::WrongAgreement,
        Reject::NotAMember { author },
        Reject::UnknownEpoch { epoch: Epoch(2) },
        Reject::OutOfScope { system: System(9) },
        Reject::Cut { at: Position(1) },
        Reject::OlderEpoch { epoch: Epoch(1), before: Epoch(2) },
        Reject::WrongAudience,
        Reject::UnknownCard { author, card },
        Reject::BadSignature,
        Reject::BadFraming,
        Reject::BadRoot,
        Reject::Gap { have: Position(1), got: Position(3) },
        Reject::Fork { at: Position(1) },
    ];
    let written = refusals();
    for reject in &all {
        let code =
            serde_json::to_value(reject).expect("a JSON form")["code"].as_str().expect("a code").to_owned();
        assert!(written[&code].iter().any(|rule| rule == reject.rule()), "{code} under {}", reject.rule());
        assert_eq!(reject.passes_later(), ["Gap", "UnknownEpoch", "UnknownCard"].contains(&code.as_str()));
    }
    // Seven of them are one code.
    assert_eq!(written.len(), all.len() - 6);
}

#[test]
fn every_rule_in_force_is_cited_in_the_code_that_judges_it() {
    let node = workspace().join("node/src");
    let mut sources = String::new();
    for folder in [workspace().join("proto/src"), workspace().join("proto/schema"), node] {
        collect(&folder, &mut sources);
    }
    let cited = citations(&sources);
    for rule in rules().iter().filter(|rule| rule.is_in_force && workspace().join(&rule.place).exists()) {
        let number: u32 = rule.number[1..].parse().expect("P and a number");
        assert!(cited.contains(&number), "no code cites {}", rule.number);
    }
}

fn collect(folder: &Path, text: &mut String) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        match entry.path() {
            path if path.is_dir() => collect(&path, text),
            path => text.push_str(&fs::read_to_string(&path).unwrap_or_default()),
        }
    }
}

/// Numbers behind a capital P that stands alone, and all between in `P21 to P26`.
fn citations(text: &str) -> Vec<u32> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let mut cited: Vec<u32> = Vec::new();
    let (mut last, mut is_span) = (None, false);
    for word in words {
        let number = word.strip_prefix('P').and_then(|digits| digits.parse().ok());
        match (number, last) {
            (Some(number), Some(from)) if is_span => cited.extend(from..=number),
            (Some(number), _) => cited.push(number),
            (None, _) => {}
        }
        is_span = word == "to" && last.is_some();
        last = if is_span { last } else { number };
    }
    cited
}
