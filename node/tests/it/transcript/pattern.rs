//! Compares what a command said with what a guide says of it, and takes out of an answer what is different each
//! time. Widths of columns are not compared: runs of blanks are one blank, runs of dashes two.

/// A line that stands for any number of lines.
pub const ANY_LINES: &str = "...";
/// Before an exit code.
pub const EXIT: &str = "? ";
/// Stands for anything inside a line.
const ANYTHING: &str = "[..]";

/// Whether the lines are as expected.
pub fn matches(expected: &[String], said: &[String]) -> bool {
    let evened = |lines: &[String]| lines.iter().map(|line| even(line)).collect::<Vec<_>>();
    match_lines(&evened(expected), &evened(said))
}

fn match_lines(expected: &[String], said: &[String]) -> bool {
    match expected.split_first() {
        None => said.is_empty(),
        Some((line, rest)) if line == ANY_LINES => {
            (0..=said.len()).any(|skipped| match_lines(rest, &said[skipped..]))
        }
        Some((line, rest)) => match said.split_first() {
            Some((first, others)) => match_line(line, first) && match_lines(rest, others),
            None => false,
        },
    }
}

fn match_line(expected: &str, said: &str) -> bool {
    let Some((start, rest)) = expected.split_once(ANYTHING) else { return expected == said };
    let Some(said) = said.strip_prefix(start) else { return false };
    let ends = said.char_indices().map(|(at, _)| at).chain([said.len()]);
    ends.into_iter().any(|at| match_line(rest, &said[at..]))
}

/// A line without what only depends on the width of columns.
fn even(line: &str) -> String {
    let mut evened = String::new();
    for c in line.trim_end().chars() {
        let is_more = c == ' ' && evened.ends_with(' ') || c == '-' && evened.ends_with("--");
        if !is_more {
            evened.push(c);
        }
    }
    evened
}

/// A line of an answer as a guide should have it: fingerprints, keys, ids, peers' addresses, times and durations
/// are left open.
pub fn redact(line: &str) -> String {
    let mut words: Vec<String> = line.split(' ').map(str::to_owned).collect();
    for at in 0..words.len() {
        if is_fingerprint(&words[at..]) {
            words.splice(at..at + FINGERPRINT_GROUPS, [ANYTHING.to_owned()]);
            return redact(&words.join(" "));
        }
    }
    for at in 0..words.len() {
        if is_time(&words[at]) && at > 0 && is_date(&words[at - 1]) {
            words[at - 1] = ANYTHING.to_owned();
        }
        let is_duration = words.get(at + 1).is_some_and(|unit| is_unit(unit)) && is_number(&words[at]);
        if is_duration || is_time(&words[at]) || is_key(&words[at]) || words[at].starts_with("/ip4/") {
            words[at] = ANYTHING.to_owned();
        }
    }
    words.join(" ")
}

const FINGERPRINT_GROUPS: usize = 5;

fn is_fingerprint(words: &[String]) -> bool {
    let is_group = |word: &&String| word.len() == 4 && is_digits(word);
    words.iter().take(FINGERPRINT_GROUPS).filter(is_group).count() == FINGERPRINT_GROUPS
}

fn is_digits(word: &str) -> bool {
    word.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_number(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_digit()) && word.parse::<f64>().is_ok()
}

fn is_unit(word: &str) -> bool {
    matches!(word.trim_end_matches([',', ';', '.', ')', '，', '；', '。']), "ms" | "s" | "毫秒" | "秒")
}

/// `17:03` or `17:03:59`, with whatever follows.
fn is_time(word: &str) -> bool {
    let bytes = word.as_bytes();
    bytes.len() >= 5 && bytes[2] == b':' && is_digits(&word[..2]) && word.get(3..5).is_some_and(is_digits)
}

fn is_date(word: &str) -> bool {
    let parts: Vec<_> = word.split('-').collect();
    parts.len() == 3 && parts.iter().all(|part| is_digits(part)) && parts[0].len() == 4
}

/// Sixteen or more hexadecimal digits, or a peer's name in libp2p.
fn is_key(word: &str) -> bool {
    let longest = word.split(|c: char| !c.is_ascii_hexdigit()).map(str::len).max().unwrap_or_default();
    (longest >= 16 && !is_code(word)) || word.starts_with("12D3KooW")
}

/// A credit code or vehicle number: it is the same each time.
fn is_code(word: &str) -> bool {
    matches!(word.len(), 17 | 18)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn what_is_said_is_compared_line_by_line() {
        let table = [
            ("", "", true),
            ("a", "a", true),
            ("a", "b", false),
            ("a", "a\nb", false),
            ("a\nb", "a", false),
            ("...", "", true),
            ("...", "a\nb", true),
            ("...\nb", "a\nb", true),
            ("...\nb", "a\nb\nc", false),
            ("a\n...\nc", "a\nb\nb\nc", true),
            ("a\n...\nc", "b\nc", false),
            ("...\nb\n...", "a\nc", false),
            ("x[..]y", "xy", true),
            ("x[..]y", "x 1 y", true),
            ("x[..]y", "x 1 z", false),
            ("[..]ab[..]", "aab", true),
            ("[..]省[..]", "黑龙江省", true),
            ("[..]1[..]2", "1 3", false),
            ("a  b", "a     b  ", true),
            ("a b", "ab", false),
            ("--- ----", "----- --", true),
        ];
        for (expected, said, is_match) in table {
            assert_eq!(matches(&lines(expected), &lines(said)), is_match, "{expected:?} {said:?}");
        }
    }

    #[test]
    fn what_changes_each_time_is_left_open_and_the_rest_stays() {
        let table = [
            ("fingerprint  7278 3060 5870 8608 4122", "fingerprint  [..]"),
            ("a 2519 4010 5666 8052 7546   b 1111 2222 3333 4444 5555 c", "a [..]   b [..] c"),
            ("issued  2026-11-24 01:01 (UTC+8)", "issued  [..] [..] (UTC+8)"),
            ("until 2041-12-31, 60 rows", "until 2041-12-31, 60 rows"),
            ("seen after 12 ms, or 1.5 s", "seen after [..] ms, or [..] s"),
            ("entry 566c85c1fa9c8651 of 11230000MB0060783J", "entry [..] of 11230000MB0060783J"),
            ("from /ip4/127.0.0.1/tcp/4101", "from [..]"),
            ("LSYAFAAK0HH804790 230000-V-000001 2025-03", "LSYAFAAK0HH804790 230000-V-000001 2025-03"),
        ];
        for (line, redacted) in table {
            assert_eq!(redact(line), redacted);
            assert!(matches(&lines(redacted), &lines(line)), "{line}");
        }
    }
}
