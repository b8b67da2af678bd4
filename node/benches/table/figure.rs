//! A line of the table: what was measured, what it should be, and what binds it, from the same run.

use std::fmt::Write as _;

use serde::Serialize;

/// What was measured.
#[derive(Serialize)]
pub struct Figure {
    /// Of what.
    pub figure: String,
    /// How much.
    pub value: f64,
    /// Of which unit.
    pub unit: &'static str,
    /// What it should be.
    pub aim: Option<Aim>,
    /// What binds it, measured in this run.
    pub limit: Option<Limit>,
}

/// What a figure should be.
#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Aim {
    AtLeast(f64),
    AtMost(f64),
}

/// What binds a figure.
#[derive(Serialize)]
pub struct Limit {
    name: &'static str,
    value: f64,
    /// The figure as a share of the limit.
    ratio: f64,
}

impl Figure {
    pub fn new(figure: impl Into<String>, value: f64, unit: &'static str) -> Self {
        Self { figure: figure.into(), value, unit, aim: None, limit: None }
    }

    pub fn at_least(self, aim: f64) -> Self {
        Self { aim: Some(Aim::AtLeast(aim)), ..self }
    }

    pub fn at_most(self, aim: f64) -> Self {
        Self { aim: Some(Aim::AtMost(aim)), ..self }
    }

    pub fn limit(self, name: &'static str, value: f64) -> Self {
        let ratio = self.value / value;
        Self { limit: Some(Limit { name, value, ratio }), ..self }
    }

    fn is_met(&self) -> Option<bool> {
        Some(match self.aim? {
            Aim::AtLeast(aim) => self.value >= aim,
            Aim::AtMost(aim) => self.value <= aim,
        })
    }
}

/// The figures as people read them.
pub fn table(figures: &[Figure]) -> String {
    let mut text =
        format!("{:<52}{:>12}  {:<10}{:>11}  {:<5}limit (ratio)\n", "figure", "value", "unit", "aim", "met");
    for line in figures {
        let aim = match line.aim {
            Some(Aim::AtLeast(aim)) => format!("≥ {}", number(aim)),
            Some(Aim::AtMost(aim)) => format!("≤ {}", number(aim)),
            None => String::new(),
        };
        let met = line.is_met().map_or("", |is_met| if is_met { "yes" } else { "no" });
        let limit = line.limit.as_ref();
        let limit = limit.map(|limit| format!("{} {} ({:.2})", limit.name, number(limit.value), limit.ratio));
        let (figure, value, unit, limit) =
            (&line.figure, number(line.value), line.unit, limit.unwrap_or_default());
        let _ = writeln!(text, "{figure:<52}{value:>12}  {unit:<10}{aim:>11}  {met:<5}{limit}");
    }
    text
}

/// Three digits that count, or all before the point.
fn number(value: f64) -> String {
    let digits = match value.abs() {
        0.0..1.0 => 3,
        1.0..10.0 => 2,
        10.0..100.0 => 1,
        _ => 0,
    };
    format!("{value:.digits$}")
}
