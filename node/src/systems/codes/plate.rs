//! Licence plates, GA 36-2018.

use super::{CodeFault, capital};

const PROVINCES: &str = "京津冀晋蒙辽吉黑沪苏浙皖闽赣鲁豫鄂湘粤桂琼渝川贵云藏陕甘青宁新";
/// The first two digits of the division code of each, in the same order.
const PROVINCE_CODES: [&str; 31] = [
    "11", "12", "13", "14", "15", "21", "22", "23", "31", "32", "33", "34", "35", "36", "37", "41", "42",
    "43", "44", "45", "46", "50", "51", "52", "53", "54", "61", "62", "63", "64", "65",
];
const KINDS_AT_THE_END: &str = "警学挂试超";

/// A plate: ordinary ones have seven characters, those of new-energy vehicles eight.
pub fn read(cell: &str) -> Result<&str, CodeFault> {
    let plate = capital(cell)?;
    if is_plate(plate) { Ok(plate) } else { Err(CodeFault::PlateForm) }
}

/// Whether it is a plate of a new-energy vehicle.
pub fn is_new_energy(plate: &str) -> bool {
    plate.chars().count() == 8
}

/// The first two digits of the division code of the province that issued it.
pub fn province(plate: &str) -> Option<&'static str> {
    let first = plate.chars().next()?;
    PROVINCES.chars().position(|known| known == first).map(|at| PROVINCE_CODES[at])
}

fn is_plate(plate: &str) -> bool {
    let chars: Vec<char> = plate.chars().collect();
    let [first, issuer, rest @ ..] = &chars[..] else { return false };
    PROVINCES.contains(*first) && is_letter(issuer) && is_serial(rest)
}

fn is_serial(rest: &[char]) -> bool {
    match rest {
        [start @ .., last] if rest.len() == 5 => {
            start.iter().all(is_alphanumeric) && (is_alphanumeric(last) || KINDS_AT_THE_END.contains(*last))
        }
        [first, second, digits @ ..] if rest.len() == 6 && is_energy_letter(first) => {
            is_alphanumeric(second) && digits.iter().all(char::is_ascii_digit)
        }
        [digits @ .., last] if rest.len() == 6 => {
            digits.iter().all(char::is_ascii_digit) && is_energy_letter(last)
        }
        _ => false,
    }
}

fn is_letter(char: &char) -> bool {
    char.is_ascii_uppercase() && !matches!(char, 'I' | 'O')
}

fn is_alphanumeric(char: &char) -> bool {
    is_letter(char) || char.is_ascii_digit()
}

/// D A B C E pure electric, F G H J K other.
fn is_energy_letter(char: &char) -> bool {
    matches!(char, 'A'..='H' | 'J' | 'K')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golden_plates() {
        for plate in ["黑A12345", "黑AD12345", "川A12345D", "京A0006警"] {
            assert_eq!(read(plate), Ok(plate));
        }
        for plate in ["黑A1234I", "黑A123456", "港A12345", "黑112345", "黑A1234", "黑AL12345"] {
            assert_eq!(read(plate), Err(CodeFault::PlateForm), "{plate}");
        }
        assert_eq!(read("黑a12345"), Err(CodeFault::CodeSpelling { suggestion: "黑A12345".to_owned() }));
        assert_eq!((province("黑A12345"), province("辽A12345")), (Some("23"), Some("21")));
        assert!(is_new_energy("黑AD12345") && !is_new_energy("京A0006警"));
    }
}
