//! Takes a command line apart the way a shell would, as far as guides need it: blanks, quotes, variables, a
//! file for standard output, and a command that goes on in the background.

use std::collections::BTreeMap;

/// A command line.
#[derive(Debug, PartialEq, Eq)]
pub struct CommandLine {
    /// Program and arguments.
    pub words: Vec<String>,
    /// Where standard output goes, if not to the operator.
    pub output: Option<String>,
    /// Whether the next command does not wait for it.
    pub is_background: bool,
}

/// Names without `$`, and what they stand for.
pub type Variables = BTreeMap<String, String>;

impl CommandLine {
    /// Takes a line apart. Fails with what is wrong.
    pub fn read(line: &str, variables: &Variables) -> Result<Self, String> {
        let mut words = split(line, variables)?;
        let is_background = words.pop_if(|word| word == "&").is_some();
        let output = match &words[..] {
            [.., arrow, file] if arrow == ">" => Some(file.clone()),
            _ => None,
        };
        words.truncate(words.len() - if output.is_some() { 2 } else { 0 });
        if words.is_empty() {
            Err("no command".to_owned())
        } else {
            Ok(Self { words, output, is_background })
        }
    }
}

fn split(line: &str, variables: &Variables) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut rest = line.trim_start();
    while !rest.is_empty() {
        let (word, after) = word(rest, variables)?;
        words.push(word);
        rest = after.trim_start();
    }
    Ok(words)
}

/// The first word, and what comes after it.
fn word<'a>(line: &'a str, variables: &Variables) -> Result<(String, &'a str), String> {
    let (mut word, mut rest) = (String::new(), line);
    while let Some(c) = rest.chars().next().filter(|c| !c.is_whitespace()) {
        let (part, after) = match c {
            '"' | '\'' => rest[1..].split_once(c).ok_or("a quote is open")?,
            _ => rest
                .split_at(rest.find(|c: char| c.is_whitespace() || "'\"".contains(c)).unwrap_or(rest.len())),
        };
        word += &if c == '\'' { part.to_owned() } else { expand(part, variables)? };
        rest = after;
    }
    Ok((word, rest))
}

/// A text with what its variables stand for.
pub fn expand(text: &str, variables: &Variables) -> Result<String, String> {
    let mut parts = text.split('$');
    let mut expanded = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let is_name = |c: char| c.is_ascii_uppercase() || c == '_';
        let (name, rest) = part.split_at(part.find(|c| !is_name(c)).unwrap_or(part.len()));
        expanded += variables.get(name).ok_or_else(|| format!("no variable ${name}"))?;
        expanded += rest;
    }
    Ok(expanded)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<CommandLine, String> {
        let variables = [("HLJ", "/t/hlj"), ("HLJ_ADDRESS", "/ip4/x")];
        let owned = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
        CommandLine::read(line, &owned.into())
    }

    #[test]
    fn a_line_is_words_and_where_they_go() {
        let table: [(&str, &[&str], Option<&str>, bool); 7] = [
            ("a  b c", &["a", "b", "c"], None, false),
            ("a 'b  $HLJ' \"c  $HLJ\"", &["a", "b  $HLJ", "c  /t/hlj"], None, false),
            ("a x\"y z\"w", &["a", "xy zw"], None, false),
            ("a '' b", &["a", "", "b"], None, false),
            ("a $HLJ/k $HLJ_ADDRESS", &["a", "/t/hlj/k", "/ip4/x"], None, false),
            ("a b > $HLJ/f", &["a", "b"], Some("/t/hlj/f"), false),
            ("a 黑龙江 &", &["a", "黑龙江"], None, true),
        ];
        for (line, words, output, is_background) in table {
            let words = words.iter().map(ToString::to_string).collect();
            let expected = CommandLine { words, output: output.map(str::to_owned), is_background };
            assert_eq!(read(line), Ok(expected), "{line}");
        }
    }

    #[test]
    fn a_line_that_means_nothing_is_refused() {
        for (line, reason) in [
            ("", "no command"),
            ("> f", "no command"),
            ("a 'b", "a quote is open"),
            ("a $X", "no variable $X"),
        ] {
            assert_eq!(read(line), Err(reason.to_owned()), "{line}");
        }
    }
}
