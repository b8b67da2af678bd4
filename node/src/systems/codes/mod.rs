//! Codes and code sets of the domain: their forms, check digits and known values. Codes are taken as
//! written; another spelling of a right code is refused with the right one.

pub mod asset_class;
pub mod division;
pub mod neighbours;
pub mod plate;
pub mod uscc;
pub mod vin;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// Why a text is not the code it should be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code")]
pub enum CodeFault {
    /// A spreadsheet turned it into a number such as 1.123E+17.
    ExcelDestroyedCode,
    /// Full-width, lower case or with blanks.
    CodeSpelling { suggestion: String },
    /// Not a unified social credit code.
    UsccForm,
    /// Its last character should be another.
    UsccCheckDigit { expected: char },
    /// Not a vehicle identification number.
    VinForm,
    /// Its ninth character should be another.
    VinCheckDigit { expected: char },
    /// Not a licence plate.
    PlateForm,
    /// No such division.
    DivisionUnknown { nearest: Vec<String> },
}

/// A code without blanks, full-width characters or a spreadsheet's exponent; case is the caller's matter.
pub fn plain(cell: &str) -> Result<&str, CodeFault> {
    if is_exponent(cell) {
        return Err(CodeFault::ExcelDestroyedCode);
    }
    let suggestion = half_width(cell);
    if suggestion == cell { Ok(cell) } else { Err(CodeFault::CodeSpelling { suggestion }) }
}

/// A code that has no lower case letters either.
pub fn capital(cell: &str) -> Result<&str, CodeFault> {
    if is_exponent(cell) {
        return Err(CodeFault::ExcelDestroyedCode);
    }
    let suggestion = half_width(cell).to_uppercase();
    if suggestion == cell { Ok(cell) } else { Err(CodeFault::CodeSpelling { suggestion }) }
}

/// `2025-03-05` or `2025/3/5`.
pub fn date(cell: &str) -> Option<Date> {
    let mut parts = cell.split(['-', '/']);
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    let is_written = year.len() == 4 && month.len() <= 2 && day.len() <= 2 && parts.next().is_none();
    let is_mixed = cell.contains('-') && cell.contains('/');
    if !is_written || is_mixed {
        return None;
    }
    Date::new(digits(year)?, digits(month)?, digits(day)?).ok()
}

/// `2025-03`, `2025/3` or `2025年3月`, as `2025-03`.
pub fn period(cell: &str) -> Option<String> {
    let plain =
        cell.strip_suffix('月').map(|rest| rest.replace('年', "-")).unwrap_or_else(|| cell.to_owned());
    let (year, month) = plain.split_once(['-', '/'])?;
    if year.len() != 4 || month.len() > 2 {
        return None;
    }
    let (year, month): (i16, i8) = (digits(year)?, digits(month)?);
    Date::new(year, month, 1).ok()?;
    Some(format!("{year:04}-{month:02}"))
}

fn digits<T: std::str::FromStr>(text: &str) -> Option<T> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

/// Such as `1.123E+17`.
fn is_exponent(cell: &str) -> bool {
    let Some((mantissa, exponent)) = cell.split_once(['E', 'e']) else { return false };
    let is_number =
        |text: &str| text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') && !text.is_empty();
    exponent.strip_prefix('+').is_some_and(is_number) && is_number(mantissa)
}

fn half_width(cell: &str) -> String {
    let half = |char: char| match char {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(char as u32 - 0xfee0).unwrap_or(char),
        other => other,
    };
    cell.chars().map(half).filter(|char| !char.is_whitespace()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_spelling_is_refused_with_the_right_one() {
        let spelling = |text: &str| Err(CodeFault::CodeSpelling { suggestion: text.to_owned() });
        assert_eq!(capital("ABC1"), Ok("ABC1"));
        assert_eq!(capital("abc1"), spelling("ABC1"));
        assert_eq!(capital("ＡＢＣ１"), spelling("ABC1"));
        assert_eq!(capital("AB C1"), spelling("ABC1"));
        assert_eq!(plain("abc"), Ok("abc"));
        assert_eq!(plain("1.123E+17"), Err(CodeFault::ExcelDestroyedCode));
    }

    #[test]
    fn dates_and_periods_are_read_as_people_write_them() {
        let day = |text| date(text).map(|date| date.to_string());
        assert_eq!(day("2025-03-05"), Some("2025-03-05".to_owned()));
        assert_eq!(day("2025/3/5"), Some("2025-03-05".to_owned()));
        for wrong in
            ["2025-13-01", "2025-02-30", "2025-3", "25-3-5", "2025/3-5", "20250305", "", "2025-3-5-1"]
        {
            assert_eq!(day(wrong), None, "{wrong}");
        }
        for right in ["2025-03", "2025/3", "2025年3月", "2025年03月"] {
            assert_eq!(period(right).as_deref(), Some("2025-03"), "{right}");
        }
        for wrong in ["2025-13", "2025", "2025-0", "25-03", "2025-03-01", "三月"] {
            assert_eq!(period(wrong), None, "{wrong}");
        }
    }
}
