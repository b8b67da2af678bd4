//! Vehicle identification numbers, GB 16735 / ISO 3779.

use super::{CodeFault, capital};

const WEIGHTS: [u32; 17] = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2];
/// Letters of the model year, from A = 1980 = 2010; digits 1 to 9 follow Y.
const YEARS: &[u8] = b"ABCDEFGHJKLMNPRSTVWXY123456789";

/// A number whose form holds, and its check character if it is of a domestic make (first letter L);
/// imported and old vehicles may fail it, which is only worth a flag.
pub fn read(cell: &str) -> Result<&str, CodeFault> {
    let code = capital(cell)?;
    let expected = check(code).ok_or(CodeFault::VinForm)?;
    let is_domestic = code.starts_with('L');
    if is_domestic && code.as_bytes()[8] != expected as u8 {
        return Err(CodeFault::VinCheckDigit { expected });
    }
    Ok(code)
}

/// Whether the check character holds.
pub fn is_check_right(code: &str) -> bool {
    check(code).is_some_and(|expected| code.as_bytes()[8] == expected as u8)
}

/// Whether the tenth character can stand for a model year within one year of `year`. It repeats every 30
/// years.
pub fn is_model_year(code: &str, year: i16) -> bool {
    let letter = code.as_bytes().get(9);
    let at = letter.and_then(|letter| YEARS.iter().position(|known| known == letter));
    at.is_some_and(|at| (year - 1..=year + 1).any(|near| (near - 1980).rem_euclid(30) == at as i16))
}

fn check(code: &str) -> Option<char> {
    if code.len() != 17 {
        return None;
    }
    let values: Option<Vec<u32>> = code.bytes().map(value).collect();
    let sum: u32 = values?.iter().zip(WEIGHTS).map(|(value, weight)| value * weight).sum();
    Some(if sum % 11 == 10 { 'X' } else { char::from(b'0' + (sum % 11) as u8) })
}

fn value(byte: u8) -> Option<u32> {
    match byte {
        b'0'..=b'9' => Some(u32::from(byte - b'0')),
        b'A'..=b'H' => Some(u32::from(byte - b'A') + 1),
        b'J'..=b'N' => Some(u32::from(byte - b'J') + 1),
        b'P' => Some(7),
        b'R' => Some(9),
        b'S'..=b'Z' => Some(u32::from(byte - b'S') + 2),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golden_numbers() {
        for code in ["1M8GDM9AXKP042788", "11111111111111111", "LVSHFFAL8MN123456", "LSVAA2184N2100001"] {
            assert_eq!(read(code), Ok(code));
            assert!(is_check_right(code));
        }
        assert!(matches!(read("LSVAU2180N2183294"), Err(CodeFault::VinCheckDigit { .. })));
        assert_eq!(read("1M8GDM9A0KP042788"), Ok("1M8GDM9A0KP042788"), "imported: only a flag");
        assert!(!is_check_right("1M8GDM9A0KP042788"));
        assert_eq!(read("LSVAU2180N218329"), Err(CodeFault::VinForm));
        assert_eq!(read("ISVAU2180N2183294"), Err(CodeFault::VinForm));
    }

    #[test]
    fn the_model_year_repeats_every_thirty_years() {
        for (letter, year, fits) in [
            ('N', 2022, true),
            ('N', 1992, true),
            ('N', 2023, true),
            ('N', 2024, false),
            ('P', 2023, true),
            ('0', 2020, false),
        ] {
            assert_eq!(is_model_year(&format!("LSVAA2184{letter}2100001"), year), fits, "{letter} {year}");
        }
    }
}
