//! A year that goes wrong: late rows, corrections, withdrawals, moves between classes, and releases in any
//! order. The attack reads all that was ever disclosed and finds nothing, unless a fault is planted.

use std::collections::{BTreeMap, BTreeSet};

use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng, SeedableRng},
};

use super::{
    super::{
        Contribution,
        cell::{Cell, Release},
        ledger::LedgerLine,
        quantity::{Class, Month, Quantity},
        release,
        safety::{Rule, Unit},
        tree::Size,
    },
    attack::{Found, attack, equations},
    row,
};

/// A fault planted in what the release is given.
#[derive(Clone, Copy)]
enum Fault {
    None,
    /// P41 with other numbers.
    Weak(Rule),
    /// Months are shown again without a look at their earlier versions (P43).
    ForgetsMonths,
    /// Area and users are shown without a look at earlier panels (P43).
    ForgetsPanels,
    /// The leaves are joined anew for each release (P40).
    ForgetsAll,
}

impl Fault {
    fn remembers(self, line: &LedgerLine) -> bool {
        match (self, line) {
            (Self::None | Self::Weak(_), _) => true,
            (Self::ForgetsMonths, line) => !matches!(line, LedgerLine::Disclosed { .. }),
            (Self::ForgetsPanels, line) => matches!(line, LedgerLine::Tree { .. }),
            (Self::ForgetsAll, _) => false,
        }
    }
}

/// What happens to rows between releases.
#[derive(Clone, Copy, PartialEq)]
enum Change {
    Report,
    Withdraw,
    Correct,
    Measure,
    Move,
}

/// Chance, from a seed.
struct Dice(ChaCha8Rng);

impl Dice {
    /// From `low` to below `high`.
    fn roll(&mut self, low: i64, high: i64) -> i64 {
        low + (self.0.next_u64() % (high - low) as u64) as i64
    }

    fn chance(&mut self, percent: i64) -> bool {
        self.roll(0, 100) < percent
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.roll(0, from.len() as i64) as usize]
    }
}

/// A province with its register, and all that it ever disclosed.
struct Province {
    dice: Dice,
    fault: Fault,
    reported: BTreeMap<(u8, Unit), Contribution>,
    missing: BTreeMap<(u8, Unit), Contribution>,
    acts: Vec<Vec<LedgerLine>>,
}

const CLASSES: [Class; 4] = [Class::StateOrgan, Class::Education, Class::Health, Class::Sport];
const RARE: [Quantity; 4] =
    [Quantity::NaturalGas, Quantity::Coal, Quantity::Lpg, Quantity::NonconventionalWater];
const MONTHS: [u8; 3] = [1, 2, 3];

impl Province {
    fn new(seed: u64, fault: Fault) -> Self {
        let dice = Dice(ChaCha8Rng::seed_from_u64(seed));
        let (reported, missing) = (BTreeMap::new(), BTreeMap::new());
        let mut province = Self { dice, fault, reported, missing, acts: Vec::new() };
        (0..90).for_each(|index| province.found(index));
        province
    }

    /// An institution that reports most months. Some are forty times as large as others; some are public.
    fn found(&mut self, index: usize) {
        let dice = &mut self.dice;
        let class = CLASSES[dice.pick(&[0, 0, 1, 1, 1, 1, 2, 2, 3])];
        let city = dice.pick(&[230100, 230100, 230100, 230200, 230200, 230300]);
        let area = dice.roll(800, 9_000) * if dice.chance(3) { 40 } else { 1 };
        let (public, estimated) = (dice.chance(3), dice.chance(10));
        for month in MONTHS {
            let mut row =
                Contribution { public, estimated, ..row(&format!("{index:03}"), class, city, area) };
            row.amounts.values_mut().for_each(|amount| *amount += dice.roll(0, *amount));
            for quantity in RARE {
                if dice.chance(30) {
                    row.amounts.insert(quantity, dice.roll(1, area * 3));
                }
            }
            let rows = if dice.chance(85) { &mut self.reported } else { &mut self.missing };
            rows.insert((month, row.unit.clone()), row);
        }
    }

    /// Rows of one class and month change: a few, or enough of them to be shown again.
    fn disturb(&mut self) {
        let (class, month) = (self.dice.pick(&CLASSES), self.dice.pick(&MONTHS));
        let count = if self.dice.chance(40) { self.dice.roll(1, 5) } else { self.dice.roll(5, 40) };
        let kinds = [Change::Report, Change::Withdraw, Change::Correct, Change::Measure, Change::Move];
        let change = self.dice.pick(&kinds);
        let rows = if change == Change::Report { &self.missing } else { &self.reported };
        let of_class = rows.iter().filter(|((at, _), row)| *at == month && row.leaf.class == class);
        let keys: Vec<_> = of_class.map(|(key, _)| key.clone()).take(count as usize).collect();
        keys.into_iter().for_each(|key| self.change(key, change));
    }

    fn change(&mut self, key: (u8, Unit), change: Change) {
        let Some(mut row) = self.missing.remove(&key).or_else(|| self.reported.remove(&key)) else { return };
        let factor = self.dice.roll(2, 6);
        let size = row.size;
        match change {
            Change::Report => {}
            Change::Withdraw => return drop(self.missing.insert(key, row)),
            Change::Correct => row.amounts.values_mut().for_each(|amount| *amount = *amount * factor / 3),
            Change::Measure => {
                row.size = Size { area_m2: size.area_m2 * factor / 3, users: size.users * factor / 3 };
            }
            Change::Move => row.leaf.class = self.dice.pick(&CLASSES),
        }
        self.reported.insert(key, row);
    }

    fn release(&mut self) -> Release {
        let month = self.dice.pick(&MONTHS);
        let of_month = self.reported.iter().filter(|((at, _), _)| *at == month);
        let rows: Vec<Contribution> = of_month.map(|(_, row)| row.clone()).collect();
        let known = self.acts.iter().flatten().filter(|line| self.fault.remembers(line));
        let rule = if let Fault::Weak(rule) = self.fault { rule } else { Rule::LAW };
        let (release, lines) = release(&rule, Month { year: 2025, month }, &rows, &known.cloned().collect());
        self.acts.push(lines);
        release
    }

    fn live(&mut self, releases: usize) -> Vec<Release> {
        let mut made = Vec::new();
        for _ in 0..releases {
            made.push(self.release());
            (0..self.dice.roll(0, 4)).for_each(|_| self.disturb());
        }
        made
    }

    fn attacked(&self) -> Option<Found> {
        let rows = self.reported.values().chain(self.missing.values());
        let public: BTreeSet<Unit> = rows.filter(|row| row.public).map(|row| row.unit.clone()).collect();
        attack(&equations(&self.acts, &public))
    }
}

#[test]
fn nobody_is_found_in_many_years_of_releases() {
    let (mut again, mut waiting, mut remainders) = (0, 0, 0);
    for seed in 0..20 {
        let mut province = Province::new(seed, Fault::None);
        let releases = province.live(24);
        let cells = || releases.iter().flat_map(|release| &release.cells);
        again += cells().filter(|cell| cell.version > 1).count();
        remainders += cells().filter(|cell| cell.remainder.is_some()).count();
        waiting += releases.iter().map(|release| release.waiting.len()).sum::<usize>();
        let found = province.attacked();
        assert!(found.is_none(), "seed {seed}: {found:?}");
    }
    assert!(
        again > 20 && waiting > 20 && remainders > 20,
        "{again} {waiting} {remainders}: the years were too quiet"
    );
}

#[test]
fn every_planted_fault_is_found() {
    let law = Rule::LAW;
    let faults = [
        ("four contributors", true, Fault::Weak(Rule { contributors_min: 4, ..law })),
        ("any largest", false, Fault::Weak(Rule { largest_percent_max: 100, ..law })),
        ("any second largest", false, Fault::Weak(Rule { rest_percent_min: 0, ..law })),
        ("forgotten months", true, Fault::ForgetsMonths),
        ("forgotten panels", true, Fault::ForgetsPanels),
        ("a new tree each time", true, Fault::ForgetsAll),
    ];
    for (name, by_elimination, fault) in faults {
        let is_found = |seed| {
            let mut province = Province::new(seed, fault);
            province.live(24);
            match province.attacked() {
                Some(Found::Isolated(units)) => by_elimination && units.len() < 5,
                Some(Found::Bounded { who, by, low, high }) => {
                    let amount = who.amount as f64;
                    let holds = low <= amount * 1.000_001 && amount <= high * 1.000_001;
                    assert!(holds && by != Some(who.unit), "the bounds themselves are true");
                    !by_elimination
                }
                None => false,
            }
        };
        assert!((0..20).any(is_found), "{name}");
    }
}

#[test]
fn the_figures_that_leave_are_the_sums_of_the_ledger() {
    let mut province = Province::new(7, Fault::None);
    let shown: Vec<Cell> = province.live(24).into_iter().flat_map(|release| release.cells).collect();
    let parts = province.acts.iter().flatten().filter_map(|line| match line {
        LedgerLine::Disclosed { cell, version, disclosed, .. } => Some((cell, *version, disclosed)),
        LedgerLine::Tree { .. } | LedgerLine::Panel { .. } => None,
    });
    for (name, version, disclosed) in parts {
        let contributors = disclosed.contributors.values();
        let sum: i64 = contributors.filter_map(|of| of.amounts.get(&Quantity::Electricity)).sum();
        let of_cell = shown.iter().filter(|cell| cell.name == *name && cell.version == version);
        let mut sums = of_cell.filter_map(|cell| cell.amounts.get(&Quantity::Electricity));
        assert!(sums.any(|shown| *shown == sum) || !disclosed.shape.shown.contains(&Quantity::Electricity));
    }
}
