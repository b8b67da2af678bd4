//! The reader who wants more: a member of every agreement at once, who keeps every version of every release,
//! and who even knows (the worst case) which institutions are in each figure and which of their amounts
//! stayed the same between versions. Only the amounts themselves are unknown to it.
//!
//! It tries two things. *Elimination*: some linear combination of all figures in which fewer than five
//! institutions are left. *Bounds*: amounts are not negative, so each figure and each difference of two bounds
//! its parts; alone, or knowing the amounts of one contributor, to within what P41 promises.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::{Decimal, prelude::ToPrimitive};

use super::super::{
    ledger::LedgerLine,
    quantity::{Month, Quantity},
    safety::Unit,
    shape::{REMAINDER_SET, Shape},
};

/// What an unknown amount is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    Area(u16),
    Users(u16),
    Used(Month, Quantity),
}

/// An unknown: an amount of an institution. Equal amounts of one subject are one unknown; the amount is here to
/// tell them apart and to check the bounds, the attack does not read it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unknown {
    pub unit: Unit,
    pub subject: Subject,
    pub amount: i64,
}

/// One disclosed figure: a sum of unknowns with known weights.
pub type Equation = BTreeMap<Unknown, i64>;

/// What an attack found.
#[derive(Debug)]
pub enum Found {
    /// A combination of figures speaks of these alone.
    Isolated(BTreeSet<Unit>),
    /// An amount lies within bounds that are too narrow.
    Bounded { who: Unknown, by: Option<Unit>, low: f64, high: f64 },
}

/// Everything disclosed, as equations. Institutions whose amounts are public are no unknowns.
pub fn equations(acts: &[Vec<LedgerLine>], public: &BTreeSet<Unit>) -> BTreeSet<Equation> {
    let mut figures: BTreeMap<String, Equation> = BTreeMap::new();
    for (act, line) in
        acts.iter().enumerate().flat_map(|(act, lines)| lines.iter().map(move |line| (act, line)))
    {
        for (figure, unknown, weight) in terms(line) {
            if unknown.amount != 0 && !public.contains(&unknown.unit) {
                figures.entry(format!("{act} {figure}")).or_default().insert(unknown, weight);
            }
        }
    }
    figures.into_values().collect()
}

/// What a line adds to which figure of its act.
fn terms(line: &LedgerLine) -> Vec<(String, Unknown, i64)> {
    match line {
        LedgerLine::Tree { .. } => Vec::new(),
        LedgerLine::Panel { year, cell, panel, .. } => {
            let sizes = panel.iter().flat_map(|(unit, of)| {
                let sizes = [(Subject::Area(*year), of.size.area_m2), (Subject::Users(*year), of.size.users)];
                sizes.map(|(subject, amount)| Unknown { unit: unit.clone(), subject, amount })
            });
            sizes.map(|unknown| (format!("{cell:?} {:?}", unknown.subject), unknown, 1)).collect()
        }
        LedgerLine::Disclosed { month, cell, disclosed, .. } => {
            let amounts = disclosed
                .contributors
                .iter()
                .flat_map(|(unit, of)| of.amounts.iter().map(move |of| (unit, of)));
            amounts
                .filter_map(|(unit, (quantity, amount))| {
                    let (figure, weight) = weight(&disclosed.shape, *quantity)?;
                    let subject = Subject::Used(*month, *quantity);
                    let unknown = Unknown { unit: unit.clone(), subject, amount: *amount };
                    Some((format!("{cell:?} {month} {figure}"), unknown, weight))
                })
                .collect()
        }
    }
}

/// The figure a quantity is in and its weight there: 1 if it is shown by itself, else millionths of kgce.
fn weight(shape: &Shape, quantity: Quantity) -> Option<(String, i64)> {
    if shape.shown.contains(&quantity) {
        return Some((format!("{quantity:?}"), 1));
    }
    let kgce = REMAINDER_SET.kgce_per_unit(quantity).filter(|_| shape.remainder.contains(&quantity))?;
    Some(("remainder".to_owned(), (kgce * Decimal::from(1_000_000)).to_i64()?))
}

/// Tries everything; tells the first that it finds.
pub fn attack(equations: &BTreeSet<Equation>) -> Option<Found> {
    components(equations).iter().find_map(|system| isolated(system).or_else(|| bounded(system)))
}

/// Equations that share unknowns, directly or through others.
fn components(equations: &BTreeSet<Equation>) -> Vec<Vec<&Equation>> {
    let mut components: Vec<(BTreeSet<&Unknown>, Vec<&Equation>)> = Vec::new();
    for equation in equations {
        let mut joined = (equation.keys().collect::<BTreeSet<_>>(), vec![equation]);
        let (touching, apart): (Vec<_>, Vec<_>) =
            components.into_iter().partition(|(unknowns, _)| !unknowns.is_disjoint(&joined.0));
        for (unknowns, equations) in touching {
            joined.0.extend(unknowns);
            joined.1.extend(equations);
        }
        components = apart;
        components.push(joined);
    }
    components.into_iter().map(|(_, equations)| equations).collect()
}

/// How an unknown enters the equations, up to a factor.
type Column = Vec<i64>;

/// Fewer than five institutions outside of which some combination of the equations vanishes: taking their
/// columns away lowers the rank. Institutions with equal columns have equal weight in every combination, so
/// only whole classes of them are tried, the fewest first.
fn isolated(system: &[&Equation]) -> Option<Found> {
    let mut columns: BTreeMap<&Unit, BTreeSet<Column>> = BTreeMap::new();
    for unknown in system.iter().flat_map(|equation| equation.keys()) {
        columns.entry(&unknown.unit).or_default().insert(column(system, unknown));
    }
    let mut classes: BTreeMap<BTreeSet<Column>, BTreeSet<&Unit>> = BTreeMap::new();
    for (unit, columns) in columns {
        classes.entry(columns).or_default().insert(unit);
    }
    let classes: Vec<_> = classes.into_iter().collect();
    let all = rank(classes.iter().flat_map(|(columns, _)| columns));
    let without = |chosen: &[usize]| {
        let kept = (0..classes.len()).filter(|class| !chosen.contains(class));
        rank(kept.flat_map(|class| &classes[class].0))
    };
    let units = |chosen: &[usize]| -> BTreeSet<Unit> {
        chosen.iter().flat_map(|class| classes[*class].1.iter().map(|unit| (*unit).clone())).collect()
    };
    let mut tried: Vec<Vec<usize>> = vec![Vec::new()];
    while !tried.is_empty() {
        let wider = |chosen: &Vec<usize>| {
            let next = chosen.last().map_or(0, |last| last + 1);
            (next..classes.len()).map(|class| [chosen.as_slice(), &[class]].concat()).collect::<Vec<_>>()
        };
        tried = tried.iter().flat_map(wider).filter(|chosen| units(chosen).len() < 5).collect();
        if let Some(found) = tried.iter().find(|chosen| without(chosen) < all) {
            return Some(Found::Isolated(units(found)));
        }
    }
    None
}

fn column(system: &[&Equation], unknown: &Unknown) -> Column {
    let weights: Vec<i64> =
        system.iter().map(|equation| equation.get(unknown).copied().unwrap_or(0)).collect();
    let divisor = weights.iter().fold(0, |divisor, weight| gcd(divisor, *weight));
    weights.into_iter().map(|weight| weight / divisor).collect()
}

fn gcd(a: i64, b: i64) -> i64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// Rank of the matrix of these columns, by elimination modulo a prime of 61 bits.
fn rank<'a>(columns: impl Iterator<Item = &'a Column>) -> usize {
    const PRIME: i128 = (1 << 61) - 1;
    let inverse = |number: i128| {
        let (mut power, mut exponent, mut base) = (1, PRIME - 2, number);
        while exponent > 0 {
            if exponent & 1 == 1 {
                power = power * base % PRIME;
            }
            base = base * base % PRIME;
            exponent >>= 1;
        }
        power
    };
    let mut basis: Vec<(usize, Vec<i128>)> = Vec::new();
    for column in columns {
        let mut rest: Vec<i128> = column.iter().map(|weight| i128::from(*weight).rem_euclid(PRIME)).collect();
        for (pivot, vector) in &basis {
            let factor = rest[*pivot];
            for (number, by) in rest.iter_mut().zip(vector) {
                *number = (*number - factor * by % PRIME).rem_euclid(PRIME);
            }
        }
        if let Some(pivot) = rest.iter().position(|number| *number != 0) {
            let scale = inverse(rest[pivot]);
            basis.push((pivot, rest.into_iter().map(|number| number * scale % PRIME).collect()));
        }
    }
    basis.len()
}

/// Amounts that interval arithmetic over all figures and their differences pins down: from outside to less
/// than largest ÷ 70 %, by one contributor who knows its own amounts to within 10 %.
fn bounded(system: &[&Equation]) -> Option<Found> {
    let mut sums: Vec<Equation> = system.iter().map(|equation| (*equation).clone()).collect();
    for (index, left) in system.iter().enumerate() {
        sums.extend(system[..index].iter().map(|right| difference(left, right)));
    }
    let units: BTreeSet<&Unit> =
        system.iter().flat_map(|sum| sum.keys()).map(|unknown| &unknown.unit).collect();
    let mut insiders = units.into_iter().map(Some).chain([None]);
    insiders.find_map(|insider| too_narrow(insider, &intervals(&sums, insider)))
}

fn too_narrow(insider: Option<&Unit>, intervals: &BTreeMap<&Unknown, (f64, f64)>) -> Option<Found> {
    let factor = if insider.is_some() { 1.1 } else { 1.0 / 0.7 };
    let narrow = |(unknown, (low, high)): &(&&Unknown, &(f64, f64))| {
        let amount = unknown.amount as f64;
        Some(&unknown.unit) != insider && (*high < amount * factor * 0.999_999 || *low > amount * 0.9)
    };
    let (who, (low, high)) = intervals.iter().find(narrow)?;
    Some(Found::Bounded { who: (*who).clone(), by: insider.cloned(), low: *low, high: *high })
}

fn difference(left: &Equation, right: &Equation) -> Equation {
    let mut difference = left.clone();
    for (unknown, weight) in right {
        *difference.entry(unknown.clone()).or_default() -= weight;
    }
    difference.retain(|_, weight| *weight != 0);
    difference
}

fn intervals<'a>(sums: &'a [Equation], insider: Option<&Unit>) -> BTreeMap<&'a Unknown, (f64, f64)> {
    let start = |unknown: &Unknown| {
        if Some(&unknown.unit) == insider {
            (unknown.amount as f64, unknown.amount as f64)
        } else {
            (0.0, f64::INFINITY)
        }
    };
    let unknowns = sums.iter().flat_map(|sum| sum.keys());
    let mut intervals: BTreeMap<&Unknown, (f64, f64)> =
        unknowns.map(|unknown| (unknown, start(unknown))).collect();
    for _ in 0..3 {
        sums.iter().for_each(|sum| narrow(sum, &mut intervals));
    }
    intervals
}

/// One round of one equation: each unknown lies between the total without the most and without the least that
/// the others can add.
fn narrow<'a>(sum: &'a Equation, intervals: &mut BTreeMap<&'a Unknown, (f64, f64)>) {
    let total: f64 = sum.iter().map(|(unknown, weight)| unknown.amount as f64 * *weight as f64).sum();
    for (unknown, weight) in sum {
        let (mut least, mut most) = (0.0, 0.0);
        for (other, weight) in sum.iter().filter(|(other, _)| *other != unknown) {
            let (low, high) = intervals[other];
            let ends = [low * *weight as f64, high * *weight as f64];
            least += ends[0].min(ends[1]);
            most += ends[0].max(ends[1]);
        }
        let ends = [(total - most) / *weight as f64, (total - least) / *weight as f64];
        let (low, high) = intervals[unknown];
        intervals.insert(unknown, (low.max(ends[0].min(ends[1])), high.min(ends[0].max(ends[1]))));
    }
}
