//! What can be said about TOML tables by the names of their keys: lay one over another, name the first place
//! where two differ, find the line where a parser stopped. Pure; decides nothing about what a key means.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use toml::{Table, Value};

/// Why one table does not fit over another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Misfit {
    /// There is no such key.
    Unknown {
        /// With the tables it stands in, such as `network.listn`.
        key: String,
    },
    /// A text where a number belongs, or the like.
    Type {
        /// With the tables it stands in.
        key: String,
        /// What TOML calls the type found.
        found: &'static str,
        /// What TOML calls the type wanted.
        wanted: &'static str,
    },
}

/// The first place where two tables differ, in the order of keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// With the tables it stands in, such as `agreement.members[1].name`.
    pub field: String,
    /// What the first says, if anything.
    pub copy: Option<String>,
    /// What the second says, if anything.
    pub exact: Option<String>,
}

/// Lays `own` over `base`, in which every key must exist; only in the table `free` new keys are allowed.
pub fn overlay(base: &mut Table, own: Table, free: &str) -> Result<(), Misfit> {
    overlay_below(base, own, free, "")
}

fn overlay_below(base: &mut Table, own: Table, free: &str, above: &str) -> Result<(), Misfit> {
    for (name, value) in own {
        let key = join(above, &name);
        match (base.get_mut(&name), value) {
            (Some(Value::Table(inner)), Value::Table(own)) => overlay_below(inner, own, free, &key)?,
            (Some(setting), value) if setting.same_type(&value) => *setting = value,
            (Some(setting), value) => {
                return Err(Misfit::Type { key, found: value.type_str(), wanted: setting.type_str() });
            }
            (None, value) if above == free => {
                base.insert(name, value);
            }
            (None, _) => return Err(Misfit::Unknown { key }),
        }
    }
    Ok(())
}

/// Names the first place where a copy differs from what it is a copy of.
pub fn difference(copy: &Table, exact: &Table) -> Option<Difference> {
    tables_differ(copy, exact, "")
}

fn tables_differ(copy: &Table, exact: &Table, above: &str) -> Option<Difference> {
    let names: BTreeSet<_> = copy.keys().chain(exact.keys()).collect();
    names.into_iter().find_map(|name| differ(copy.get(name), exact.get(name), join(above, name)))
}

fn differ(copy: Option<&Value>, exact: Option<&Value>, field: String) -> Option<Difference> {
    match (copy, exact) {
        (Some(Value::Table(copy)), Some(Value::Table(exact))) => tables_differ(copy, exact, &field),
        (Some(Value::Array(copy)), Some(Value::Array(exact))) => {
            let places = 0..copy.len().max(exact.len());
            places.into_iter().find_map(|at| differ(copy.get(at), exact.get(at), format!("{field}[{at}]")))
        }
        (copy, exact) if copy == exact => None,
        (copy, exact) => Some(Difference { field, copy: copy.map(shown), exact: exact.map(shown) }),
    }
}

/// The line on which a parser stopped, from 1.
pub fn line(text: &str, error: &toml::de::Error) -> usize {
    let end = error.span().map_or(text.len(), |span| span.start.min(text.len()));
    1 + text.as_bytes()[..end].iter().filter(|byte| **byte == b'\n').count()
}

fn join(above: &str, name: &str) -> String {
    if above.is_empty() { name.to_owned() } else { format!("{above}.{name}") }
}

fn shown(value: &Value) -> String {
    value.as_str().map(str::to_owned).unwrap_or_else(|| value.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(text: &str) -> Table {
        text.parse().expect("the test is TOML")
    }

    #[test]
    fn what_is_laid_over_replaces_and_the_rest_stays() {
        let mut base = table("a = 1\nb = 2\n[t]\nc = []\n[t.free]");
        overlay(&mut base, table("b = 3\n[t.free]\nx = 1"), "t.free").expect("every key is there");
        assert_eq!(base, table("a = 1\nb = 3\n[t]\nc = []\n[t.free]\nx = 1"));
    }

    #[test]
    fn a_misfit_is_named_with_its_tables() {
        let misfit = |text| overlay(&mut table("a = 1\n[t]\nc = []"), table(text), "free").unwrap_err();
        assert_eq!(misfit("x = 1"), Misfit::Unknown { key: "x".into() });
        assert_eq!(misfit("[t]\nd = 1"), Misfit::Unknown { key: "t.d".into() });
        let wrong = Misfit::Type { key: "t.c".into(), found: "string", wanted: "array" };
        assert_eq!(misfit("[t]\nc = \"x\""), wrong);
    }

    #[test]
    fn the_first_difference_is_named() {
        let exact = table("a = 1\n[[m]]\nn = \"x\"\n[[m]]\nn = \"y\"");
        let cases = [
            ("a = 1\n[[m]]\nn = \"x\"\n[[m]]\nn = \"z\"", "m[1].n", Some("z"), Some("y")),
            ("a = 1\n[[m]]\nn = \"x\"", "m[1]", None, Some("{ n = \"y\" }")),
            ("a = 1\nb = 2\n[[m]]\nn = \"x\"\n[[m]]\nn = \"y\"", "b", Some("2"), None),
            ("a = \"1\"\n[[m]]\nn = \"x\"\n[[m]]\nn = \"y\"", "a", Some("1"), Some("1")),
        ];
        for (copy, field, said, meant) in cases {
            let found = difference(&table(copy), &exact).expect("they differ");
            assert_eq!(
                (found.field.as_str(), found.copy.as_deref(), found.exact.as_deref()),
                (field, said, meant)
            );
        }
        assert_eq!(difference(&exact, &exact), None);
    }
}
