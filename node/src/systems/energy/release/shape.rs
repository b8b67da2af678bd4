//! Which quantities of a cell's month are shown one by one, which go into the remainder, which stay (P42).
//!
//! A quantity that is not safe by itself does not take the whole cell with it: kinds share no amount, so
//! leaving one out tells nothing of the others, and hardly any cell has five users of kerosene. Energy that
//! fails goes into one figure, the remainder, so that the cell's standard coal stays complete; what
//! is no energy is withheld by name. The shape of a month is decided once: a quantity that moved between
//! remainder and show would subtract to itself.

use super::{
    coefficients::SetId,
    quantity::{Amounts, Quantity},
    safety::{Figure, Rule, Unit},
};
use rust_decimal::{Decimal, RoundingStrategy, prelude::ToPrimitive};

/// The coefficient set of every remainder.
pub const REMAINDER_SET: SetId = SetId::NationalGasUpper;

/// What the remainder takes in besides what failed until it is safe: the rarest first, fixed, so that the
/// order tells nothing. Electricity, the one kind all use, is never given up for it.
const TAKEN_IN: [Quantity; 11] = [
    Quantity::Kerosene,
    Quantity::TownGas,
    Quantity::OtherEnergy,
    Quantity::Lpg,
    Quantity::Coal,
    Quantity::PetrolOther,
    Quantity::DieselOther,
    Quantity::DieselVehicle,
    Quantity::PetrolVehicle,
    Quantity::NaturalGas,
    Quantity::Heat,
];

/// What is shown of a cell's month. Quantities in neither list are withheld.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shape {
    /// Shown one by one; ascending.
    pub shown: Vec<Quantity>,
    /// Shown as one figure; ascending.
    pub remainder: Vec<Quantity>,
}

/// What an institution adds to a cell.
pub type Parts<'a> = Vec<(&'a Unit, &'a Amounts)>;

impl Shape {
    /// The shape of a month that was never shown.
    pub fn choose(rule: &Rule, parts: &Parts) -> Self {
        let is_safe = |quantity: &Quantity| rule.is_safe(amounts(parts, *quantity));
        let (mut shown, failed): (Vec<Quantity>, Vec<Quantity>) =
            Quantity::ALL.into_iter().partition(is_safe);
        let energy = |quantity: &Quantity| REMAINDER_SET.kgce_per_unit(*quantity).is_some();
        let failed: Vec<Quantity> = failed.into_iter().filter(energy).collect();
        let remainder = remainder(rule, parts, failed, &shown);
        shown.retain(|quantity| !remainder.contains(quantity));
        Self { shown, remainder }
    }

    /// Whether nothing is shown at all.
    pub fn is_empty(&self) -> bool {
        self.shown.is_empty() && self.remainder.is_empty()
    }

    /// The quantities of which nothing is shown.
    pub fn withheld(&self) -> Vec<Quantity> {
        let stays =
            |quantity: &Quantity| !self.shown.contains(quantity) && !self.remainder.contains(quantity);
        Quantity::ALL.into_iter().filter(stays).collect()
    }

    /// Every figure of this shape, always in the same order.
    pub fn figures(&self, parts: &Parts) -> Vec<Figure> {
        let one = |quantity: &Quantity| -> Figure {
            parts.iter().map(|(unit, of)| ((*unit).clone(), amount(of, *quantity))).collect()
        };
        let shown = self.shown.iter().map(one);
        let energy = |(unit, of): &(&Unit, &Amounts)| ((*unit).clone(), kgce(of, &self.remainder));
        let remainder = (!self.remainder.is_empty()).then(|| parts.iter().map(energy).collect());
        shown.chain(remainder).collect()
    }
}

/// The failed kinds, and as many others as it needs to be safe; nothing if it never is, or if none failed.
fn remainder(rule: &Rule, parts: &Parts, failed: Vec<Quantity>, shown: &[Quantity]) -> Vec<Quantity> {
    let mut remainder = failed;
    let mut others = TAKEN_IN.into_iter().filter(|quantity| shown.contains(quantity));
    while !remainder.is_empty() && !rule.is_safe(parts.iter().map(|(_, of)| kgce(of, &remainder))) {
        match others.next() {
            Some(other) => remainder.push(other),
            None => remainder.clear(),
        }
    }
    remainder.sort();
    remainder
}

/// Hundredths of kgce of some kinds of one institution, rounded half away from zero.
fn kgce(of: &Amounts, quantities: &[Quantity]) -> i64 {
    let these = of.iter().filter(|(quantity, _)| quantities.contains(quantity));
    let kgce: Decimal = REMAINDER_SET.kgce(&these.map(|(quantity, amount)| (*quantity, *amount)).collect());
    let hundredths =
        (kgce * Decimal::ONE_HUNDRED).round_dp_with_strategy(0, RoundingStrategy::MidpointAwayFromZero);
    hundredths.to_i64().unwrap_or(i64::MAX)
}

fn amounts(parts: &Parts, quantity: Quantity) -> impl Iterator<Item = i64> {
    parts.iter().map(move |(_, of)| amount(of, quantity))
}

fn amount(of: &Amounts, quantity: Quantity) -> i64 {
    of.get(&quantity).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use Quantity::{Coal, ConventionalWater, Electricity, Heat, Lpg, NaturalGas, PetrolVehicle};

    /// Six institutions; for each quantity what each of them used. Tells what is shown, and which of the kinds
    /// in use are in the remainder.
    fn choose(used: &[(Quantity, [i64; 6])]) -> (Vec<Quantity>, Vec<Quantity>) {
        let units: Vec<Unit> = (0..6).map(|unit| unit.to_string()).collect();
        let of = |unit: usize| used.iter().map(|(kind, amounts)| (*kind, amounts[unit] * 100)).collect();
        let all: Vec<Amounts> = (0..6).map(of).collect();
        let mut shape = Shape::choose(&Rule::LAW, &units.iter().zip(&all).collect());
        shape.remainder.retain(|quantity| used.iter().any(|(kind, _)| kind == quantity));
        (shape.shown, shape.remainder)
    }

    /// What the six used, what is shown, what is in the remainder.
    type Case<'a> = (&'a str, &'a [(Quantity, [i64; 6])], &'a [Quantity], &'a [Quantity]);

    #[test]
    fn what_is_unsafe_goes_into_a_safe_remainder_or_stays() {
        let all = |kind| (kind, [9; 6]);
        let cases: [Case; 7] = [
            ("all in common use", &[all(Electricity), all(Heat)], &[Electricity], &[Heat]),
            (
                "two rare kinds are safe together",
                &[all(Electricity), (Coal, [5, 5, 5, 0, 0, 0]), (Lpg, [0, 0, 0, 2_000, 2_000, 2_000])],
                &[Electricity],
                &[Coal, Lpg],
            ),
            (
                "a rare kind takes in a common one",
                &[all(Electricity), all(PetrolVehicle), all(Heat), (Lpg, [1, 0, 0, 0, 0, 0])],
                &[Electricity, Heat],
                &[Lpg, PetrolVehicle],
            ),
            (
                "electricity is not given up",
                &[all(Electricity), (Lpg, [1, 0, 0, 0, 0, 0])],
                &[Electricity],
                &[],
            ),
            (
                "failing electricity goes in",
                &[(Electricity, [900, 1, 1, 1, 1, 1]), (NaturalGas, [90; 6])],
                &[],
                &[Electricity, NaturalGas],
            ),
            (
                "water is no energy: it is withheld",
                &[all(Electricity), (ConventionalWater, [99, 1, 1, 1, 1, 1])],
                &[Electricity],
                &[],
            ),
            ("nothing", &[], &[], &[]),
        ];
        for (why, used, shown, remainder) in cases {
            assert_eq!(choose(used), (shown.to_vec(), remainder.to_vec()), "{why}");
        }
    }
}
