//! Which provinces border on each other. A table of pairs, each written once, so it cannot be one-sided; where a strait
//! lies between two, the nearest counts.

/// The lower code first.
const PAIRS: &str = "11-12 11-13 12-13 13-14 13-15 13-21 13-37 13-41 14-15 14-41 14-61 15-21 15-22 15-23 15-61 15-62 \
    15-64 21-22 22-23 31-32 31-33 32-33 32-34 32-37 33-34 33-35 33-36 34-36 34-37 34-41 34-42 35-36 35-44 35-71 36-42 \
    36-43 36-44 37-41 41-42 41-61 42-43 42-50 42-61 43-44 43-45 43-50 43-52 44-45 44-46 44-81 44-82 45-52 45-53 50-51 \
    50-52 50-61 51-52 51-53 51-54 51-61 51-62 51-63 52-53 53-54 54-63 54-65 61-62 61-64 62-63 62-64 62-65 63-65 81-82";

/// Whether two provinces border on each other; by the first two digits of their codes.
pub fn are(one: &str, other: &str) -> bool {
    let (low, high) = if one < other { (one, other) } else { (other, one) };
    PAIRS.split_ascii_whitespace().any(|pair| pair.split_once('-') == Some((low, high)))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::division;
    use super::*;

    #[test]
    fn every_province_has_neighbours_and_each_pair_stands_once() {
        let pairs: Vec<_> =
            PAIRS.split_ascii_whitespace().map(|pair| pair.split_once('-').expect("two")).collect();
        let known: BTreeSet<_> = pairs.iter().flat_map(|(low, high)| [*low, *high]).collect();
        assert_eq!(known.len(), 34);
        assert!(known.iter().all(|code| division::name(&format!("{code}0000")).is_some()));
        assert!(pairs.iter().all(|(low, high)| low < high) && pairs.is_sorted());
        assert_eq!(pairs.iter().collect::<BTreeSet<_>>().len(), pairs.len());
    }

    #[test]
    fn it_is_the_same_from_both_sides() {
        for (one, other, borders) in
            [("22", "23", true), ("22", "21", true), ("23", "21", false), ("46", "44", true)]
        {
            assert_eq!((are(one, other), are(other, one)), (borders, borders), "{one} {other}");
        }
        assert!(!are("23", "23"));
    }
}
