//! Decides whether a set of amounts may be shown (P41), and whether it may be shown after all that was shown
//! before (P43). Knows nothing of cells, months or quantities, and never looks at a register.

use std::collections::{BTreeMap, BTreeSet};

/// An institution, by its unified social credit code. Never leaves.
pub type Unit = String;

/// What each institution adds to one figure. Who adds nothing may be absent.
pub type Figure = BTreeMap<Unit, i64>;

/// The numbers of P41.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Contributors with an amount other than zero, at least.
    pub contributors_min: usize,
    /// Share of the largest in the total, at most.
    pub largest_percent_max: u8,
    /// What is left of the total without the two largest, at least, in percent of the largest: so much the
    /// second largest errs when it takes all but its own amount for the largest.
    pub rest_percent_min: u8,
}

impl Rule {
    /// The numbers in force.
    pub const LAW: Self = Self { contributors_min: 5, largest_percent_max: 70, rest_percent_min: 10 };

    /// Whether the sum of these amounts may be shown (P41). Signs are ignored.
    pub fn is_safe(&self, amounts: impl IntoIterator<Item = i64>) -> bool {
        let mut sizes: Vec<i128> = amounts
            .into_iter()
            .filter(|amount| *amount != 0)
            .map(|amount| i128::from(amount).abs())
            .collect();
        sizes.sort_unstable_by(|a, b| b.cmp(a));
        let total: i128 = sizes.iter().sum();
        let (Some(largest), second) = (sizes.first().copied(), sizes.get(1).copied().unwrap_or(0)) else {
            return false;
        };
        sizes.len() >= self.contributors_min
            && largest * 100 <= total * i128::from(self.largest_percent_max)
            && (total - largest - second) * 100 >= largest * i128::from(self.rest_percent_min)
    }

    /// Whether a figure may be shown although earlier versions of it are known (P43).
    ///
    /// All versions together tell institutions apart: those whose amounts came, changed and went in the same
    /// versions form a block. Any linear combination of the versions weighs the members of a block alike, so
    /// a reader learns at most each block's amount in each version. The figure is admitted if each of these,
    /// and each change of a block between two versions, is a safe set. Disjoint safe sets join to safe
    /// sets; hence what was added, removed or corrected since *each* earlier version is safe too.
    pub fn admits(&self, earlier: &[&Figure], next: &Figure) -> bool {
        let versions: Vec<&Figure> = earlier.iter().copied().chain([next]).collect();
        self.is_safe(next.values().copied())
            && blocks(&versions).iter().all(|(pattern, units)| self.block_is_safe(&versions, pattern, units))
    }

    fn block_is_safe(&self, versions: &[&Figure], pattern: &[usize], units: &[&Unit]) -> bool {
        let nothing = Figure::new();
        let known = |index: usize| index.checked_sub(1).map_or(&nothing, |version| versions[version]);
        let pairs = (1..=versions.len()).flat_map(|later| (0..later).map(move |sooner| (sooner, later)));
        let state = |index: usize| index.checked_sub(1).map_or(0, |version| pattern[version]);
        pairs.filter(|(sooner, later)| state(*sooner) != state(*later)).all(|(sooner, later)| {
            self.is_safe(units.iter().map(|unit| amount(known(later), unit) - amount(known(sooner), unit)))
        })
    }
}

/// Institutions by what happened to their amounts: for each version 0 (adds nothing) or the number of the
/// first version with the same amount. Who never added anything is in no block.
fn blocks<'a>(versions: &[&'a Figure]) -> BTreeMap<Vec<usize>, Vec<&'a Unit>> {
    let mut blocks: BTreeMap<Vec<usize>, Vec<&Unit>> = BTreeMap::new();
    let units: BTreeSet<&Unit> = versions.iter().flat_map(|version| version.keys()).collect();
    for unit in units {
        let amounts: Vec<i64> = versions.iter().map(|version| amount(version, unit)).collect();
        let first = |wanted: &i64| amounts.iter().position(|amount| amount == wanted).map_or(0, |at| at + 1);
        let pattern: Vec<usize> =
            amounts.iter().map(|amount| if *amount == 0 { 0 } else { first(amount) }).collect();
        if pattern.iter().any(|state| *state != 0) {
            blocks.entry(pattern).or_default().push(unit);
        }
    }
    blocks
}

fn amount(figure: &Figure, unit: &Unit) -> i64 {
    figure.get(unit).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_is_safe_by_count_and_by_its_two_largest() {
        let cases: [(&[i64], bool, &str); 9] = [
            (&[], false, "nothing"),
            (&[0, 0, 0, 0, 0], false, "zero would tell that nobody used any"),
            (&[10, 10, 10, 10], false, "four"),
            (&[10, 10, 10, 10, 0], false, "four and one that adds nothing"),
            (&[10, 10, 10, 10, 10], true, "five"),
            (&[70, 10, 10, 5, 5], true, "the largest has 70 %"),
            (&[71, 10, 9, 5, 5], false, "the largest has 71 %"),
            (&[100, 90, 4, 3, 3], true, "10 % of the largest remain beside the two largest"),
            (&[100, 90, 4, 3, 2], false, "9 % remain"),
        ];
        for (amounts, safe, why) in cases {
            assert_eq!(Rule::LAW.is_safe(amounts.iter().copied()), safe, "{why}");
        }
        assert!(Rule::LAW.is_safe([i64::MAX; 5]), "the largest amounts do not overflow");
    }

    /// Figure of units named by letters, each with its amount 100; an upper-case letter = corrected to 250.
    fn figure(units: &str) -> Figure {
        let amount = |unit: char| if unit.is_uppercase() { 250 } else { 100 };
        units.chars().map(|unit| (unit.to_lowercase().to_string(), amount(unit))).collect()
    }

    #[test]
    fn a_figure_is_shown_again_only_if_all_versions_together_tell_safe_sets_apart() {
        let cases: [(&[&str], &str, bool, &str); 13] = [
            (&[], "abcde", true, "first version"),
            (&[], "abcd", false, "first version of four"),
            (&["abcde"], "abcde", true, "unchanged"),
            (&["abcde"], "abcdef", false, "one added"),
            (&["abcde"], "abcdefghij", true, "five added"),
            (&["abcdefghij"], "abcdefghi", false, "one removed"),
            (&["abcdefghij"], "abcde", true, "five removed"),
            (&["abcdefghij"], "abcdeFGHIJ", true, "five corrected, five not"),
            (&["abcdefghij"], "abcdefghiJ", false, "one corrected"),
            (&["abcdefgh"], "abcDEFGH", false, "three are left apart from five corrected"),
            (&["abcdefghij", "abcdefghijklmno"], "abcdefghijk", false, "one more than the first version"),
            // Each pair of versions differs by a safe set, yet first + third - second = a.
            (&["abcdef", "abcdefghijk"], "aghijk", false, "three versions single out one"),
            (&["abcdefghij", "abcdefghijklmno"], "abcdefghij", true, "back to what was known"),
        ];
        for (earlier, next, admitted, why) in cases {
            let earlier: Vec<Figure> = earlier.iter().map(|units| figure(units)).collect();
            let earlier: Vec<&Figure> = earlier.iter().collect();
            assert_eq!(Rule::LAW.admits(&earlier, &figure(next)), admitted, "{why}");
        }
    }

    #[test]
    fn a_correction_that_one_institution_dominates_is_refused() {
        let before: Figure = ('a'..='j').map(|unit| (unit.to_string(), 1_000)).collect();
        let corrected = |amounts: [i64; 5]| -> Figure {
            let mut next = before.clone();
            next.extend(('a'..='e').zip(amounts).map(|(unit, amount)| (unit.to_string(), amount)));
            next
        };
        assert!(Rule::LAW.admits(&[&before], &corrected([1_100, 900, 1_050, 950, 1_090])));
        assert!(!Rule::LAW.admits(&[&before], &corrected([1_500, 1_001, 1_001, 999, 1_001])));
    }
}
