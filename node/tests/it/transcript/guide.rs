//! How a guide is written. It is Markdown; only three kinds of code blocks mean something here.
//!
//! * `console`: lines that begin with `$ ` are commands (continued after a final `\`), the lines below are what
//!   they say: standard output, then standard error. `[..]` stands for anything inside a line, a line `...` for
//!   any number of lines. `? 1` at the end is the exit code, if it is not 0. In a block `console wait` each
//!   command is repeated until it says what it should.
//! * `toml FILE`: lines `key = value` that replace those with the same keys in FILE.
//! * `csv FILE`: the lines of a new FILE.
//!
//! In all, `$NAME` is a variable of the stage.

use std::ops::Range;

use super::pattern::{ANY_LINES, EXIT};
use super::stage::Answer;

/// A guide as read.
pub struct Guide {
    lines: Vec<String>,
    /// What it asks to be done, in order.
    pub parts: Vec<Part>,
}

/// One thing to do.
pub enum Part {
    /// Change a file.
    Set(Setting),
    /// Write a file.
    Write(Setting),
    /// Give a command.
    Give(Step),
}

/// Lines for a file.
pub struct Setting {
    /// Of the block in the guide.
    pub line: usize,
    /// Which file.
    pub file: String,
    /// `key = value` each, or the whole file.
    pub lines: Vec<String>,
}

/// One command.
pub struct Step {
    /// Of the `$` in the guide, from 1.
    pub line: usize,
    /// What is typed.
    pub command: String,
    /// What it says.
    pub expected: Vec<String>,
    /// Its exit code.
    pub exit: i32,
    /// Whether it is repeated until it says so.
    pub waits: bool,
    /// Where that stands in the guide.
    place: Range<usize>,
}

/// The info strings of blocks that mean something.
enum Block<'a> {
    Console { waits: bool },
    Settings { file: &'a str },
    File { file: &'a str },
    Prose,
}

impl Guide {
    /// Reads the text of a guide.
    pub fn read(text: &str) -> Self {
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let mut parts = Vec::new();
        let mut at = 0;
        while at < lines.len() {
            let Some(info) = lines[at].strip_prefix(FENCE) else {
                at += 1;
                continue;
            };
            let inside = lines[at + 1..].iter().position(|line| line == FENCE);
            let end = at + 1 + inside.unwrap_or_else(|| panic!("line {}: the block has no end", at + 1));
            match Block::named(info) {
                Block::Console { waits } => steps(&lines, at + 1..end, waits, &mut parts),
                Block::Settings { file } => parts.push(Part::Set(setting(&lines, at..end, file))),
                Block::File { file } => parts.push(Part::Write(setting(&lines, at..end, file))),
                Block::Prose => {}
            }
            at = end + 1;
        }
        assert!(!parts.is_empty(), "the guide asks for nothing");
        Self { lines, parts }
    }

    /// The text with these steps' answers in place of what it says of them.
    pub fn rewritten(&self, answers: Vec<(&Step, Answer)>) -> String {
        let mut lines = self.lines.clone();
        for (step, answer) in answers.into_iter().rev() {
            let exit = (answer.exit != 0).then(|| format!("{EXIT}{}", answer.exit));
            lines.splice(step.place.clone(), answer.lines.into_iter().chain(exit));
        }
        lines.join("\n") + "\n"
    }
}

impl<'a> Block<'a> {
    fn named(info: &'a str) -> Self {
        match info.split_whitespace().collect::<Vec<_>>()[..] {
            ["console"] => Self::Console { waits: false },
            ["console", "wait"] => Self::Console { waits: true },
            ["toml", file] => Self::Settings { file },
            ["csv", file] => Self::File { file },
            _ => Self::Prose,
        }
    }
}

fn setting(lines: &[String], block: Range<usize>, file: &str) -> Setting {
    let (line, lines) = (block.start + 1, lines[block.start + 1..block.end].to_vec());
    Setting { line, file: file.to_owned(), lines }
}

fn steps(lines: &[String], block: Range<usize>, waits: bool, parts: &mut Vec<Part>) {
    let mut at = block.start;
    while at < block.end {
        let start = at;
        let Some(typed) = lines[at].strip_prefix(PROMPT) else {
            assert!(lines[at].is_empty(), "line {}: a block begins with a command", at + 1);
            at += 1;
            continue;
        };
        let mut command = typed.to_owned();
        while let Some(begun) = command.strip_suffix('\\') {
            at += 1;
            command = format!("{begun}{}", lines[at].trim_start());
        }
        let rest = lines[at + 1..block.end].iter().position(|line| line.starts_with(PROMPT));
        let next = rest.map_or(block.end, |rest| at + 1 + rest);
        let blank = lines[at + 1..next].iter().rev().take_while(|line| line.is_empty()).count();
        let place = at + 1..next - blank;
        let (expected, exit) = expected(&lines[place.clone()]);
        parts.push(Part::Give(Step { line: start + 1, command, expected, exit, waits, place }));
        at = next;
    }
}

fn expected(lines: &[String]) -> (Vec<String>, i32) {
    match lines.split_last() {
        Some((last, said)) if last.starts_with(EXIT) => {
            let exit = last[EXIT.len()..].parse();
            (said.to_vec(), exit.unwrap_or_else(|_| panic!("`{last}` is no exit code")))
        }
        _ => (lines.to_vec(), 0),
    }
}

const FENCE: &str = "```";
const PROMPT: &str = "$ ";

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "Prose.\n```sh\n$ not this\n```\n```console\n$ one \\\n    more\nsaid\n\n$ two\n? 3\n```\n\
        ```toml FILE\nkey = 1\n```\n```csv CSV\na,b\n```\n```console wait\n$ three\n...\n```\n";

    fn given(guide: &Guide) -> Vec<&Step> {
        let steps = guide.parts.iter().filter_map(|part| match part {
            Part::Give(step) => Some(step),
            Part::Set(_) | Part::Write(_) => None,
        });
        steps.collect()
    }

    #[test]
    fn a_guide_is_commands_with_what_they_say_and_settings() {
        let guide = Guide::read(TEXT);
        let steps: Vec<_> = given(&guide)
            .into_iter()
            .map(|step| (step.line, step.command.as_str(), step.expected.join("|"), step.exit, step.waits))
            .collect();
        let expected = [
            (6, "one more", "said".to_owned(), 0, false),
            (10, "two", String::new(), 3, false),
            (20, "three", ANY_LINES.to_owned(), 0, true),
        ];
        assert_eq!(steps, expected);
        let Part::Set(setting) = &guide.parts[2] else { panic!("the settings come third") };
        assert_eq!((setting.file.as_str(), &setting.lines[..]), ("FILE", &["key = 1".to_owned()][..]));
        let Part::Write(file) = &guide.parts[3] else { panic!("the file comes fourth") };
        assert_eq!((file.file.as_str(), &file.lines[..]), ("CSV", &["a,b".to_owned()][..]));
    }

    #[test]
    fn answers_take_the_place_of_what_the_guide_says() {
        let guide = Guide::read(TEXT);
        let answer =
            |lines: &[&str], exit| Answer { lines: lines.iter().map(ToString::to_string).collect(), exit };
        let steps = given(&guide);
        let answers = vec![(steps[0], answer(&["new", "lines"], 1)), (steps[1], answer(&[], 0))];
        let rewritten = guide.rewritten(answers);
        assert_eq!(rewritten, TEXT.replace("said", "new\nlines\n? 1").replace("two\n? 3", "two"));
        assert_eq!(guide.rewritten(Vec::new()), TEXT);
    }
}
