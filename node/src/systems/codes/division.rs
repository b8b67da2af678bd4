//! Administrative divisions, GB/T 2260. Provinces and prefectures come with the program; a county is
//! accepted under a known prefecture, since the full table is not shipped.

use std::sync::LazyLock;

use super::{CodeFault, capital};

/// Code and name, in order: 34 provinces, 333 prefectures, and the groups of counties that their province
/// administers itself.
const TABLE: &str = include_str!("divisions.txt");

/// A code that is known, or of a county under a known prefecture.
pub fn read(cell: &str) -> Result<&str, CodeFault> {
    let code = capital(cell)?;
    let has_form = code.len() == 6 && code.bytes().all(|byte| byte.is_ascii_digit());
    if has_form && (name(code).is_some() || name(&city(code)).is_some()) {
        return Ok(code);
    }
    Err(CodeFault::DivisionUnknown { nearest: nearest(code) })
}

/// The prefecture of a county, such as `230100` for `230103`.
pub fn city(code: &str) -> String {
    format!("{}00", code.get(..4).unwrap_or_default())
}

/// The name of a province or prefecture.
pub fn name(code: &str) -> Option<&'static str> {
    let at = KNOWN.binary_search_by_key(&code, |(known, _)| known).ok()?;
    KNOWN.get(at).map(|(_, name)| *name)
}

/// Whether it is a code of a county, of which no table is shipped.
pub fn is_county(code: &str) -> bool {
    !code.ends_with("00")
}

/// Looked up for every row of a file.
static KNOWN: LazyLock<Vec<(&str, &str)>> =
    LazyLock::new(|| TABLE.lines().filter_map(|line| line.split_once(' ')).collect());

/// Up to three known codes that share the longest beginning.
fn nearest(code: &str) -> Vec<String> {
    let shared = |known: &str| known.bytes().zip(code.bytes()).take_while(|(a, b)| a == b).count();
    let mut known: Vec<&str> = KNOWN.iter().map(|(known, _)| *known).collect();
    known.sort_by_key(|known| std::cmp::Reverse(shared(known)));
    known.into_iter().filter(|known| shared(known) > 1).take(3).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_that_of_the_standard() {
        let provinces = KNOWN.iter().filter(|(code, _)| code.ends_with("0000")).count();
        assert_eq!(provinces, 34);
        assert_eq!(name("230100"), Some("哈尔滨市"));
        assert_eq!(name("659000"), Some("自治区直辖县级行政区划"));
        assert!(KNOWN.is_sorted(), "it is searched by halving");
    }

    #[test]
    fn a_county_is_accepted_under_its_prefecture() {
        for code in ["230000", "230100", "230103", "230199", "110101", "659001"] {
            assert_eq!(read(code), Ok(code));
        }
        for (code, nearest) in
            [("239901", "230000"), ("23019", "230100"), ("2301O3", "230100"), ("000000", "")]
        {
            let Err(CodeFault::DivisionUnknown { nearest: found }) = read(code) else { panic!("{code}") };
            assert_eq!(found.first().map(String::as_str).unwrap_or_default(), nearest, "{code}");
        }
        assert_eq!(city("230103"), "230100");
    }
}
