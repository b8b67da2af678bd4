//! A line of the table: what was measured, what it should be, and what binds it, from the same run.

use serde::Serialize;

/// What was measured.
#[derive(Clone, Serialize)]
pub struct Figure {
    /// Of what.
    pub figure: String,
    /// How much; none if it was not measured.
    pub value: Option<f64>,
    /// Of which unit.
    pub unit: &'static str,
    /// What it should be.
    pub aim: Option<Aim>,
    /// What binds it, measured in this run.
    pub limit: Option<Limit>,
    /// What has to be known beside it.
    pub note: Option<String>,
    /// Where it is not what it should be: what binds it, and what it would take.
    pub why: Option<&'static str>,
}

/// What a figure should be.
#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Aim {
    AtLeast(f64),
    AtMost(f64),
}

/// What binds a figure.
#[derive(Clone, Serialize)]
pub struct Limit {
    name: &'static str,
    value: f64,
    /// The figure as a share of the limit.
    ratio: f64,
}

impl Figure {
    pub fn new(figure: impl Into<String>, value: f64, unit: &'static str) -> Self {
        Self {
            figure: figure.into(),
            value: Some(value),
            unit,
            aim: None,
            limit: None,
            note: None,
            why: None,
        }
    }

    pub fn not_run(figure: impl Into<String>, why: &str) -> Self {
        Self { value: None, ..Self::new(figure, 0.0, "") }.note(format!("not run: {why}"))
    }

    /// `why` says what binds it and what it would take to reach the aim.
    pub fn at_least(self, aim: f64, why: &'static str) -> Self {
        self.aim(Aim::AtLeast(aim), why)
    }

    /// As [`Figure::at_least`].
    pub fn at_most(self, aim: f64, why: &'static str) -> Self {
        self.aim(Aim::AtMost(aim), why)
    }

    fn aim(self, aim: Aim, why: &'static str) -> Self {
        let aimed = Self { aim: Some(aim), ..self };
        Self { why: (aimed.is_met() == Some(false)).then_some(why), ..aimed }
    }

    pub fn limit(self, name: &'static str, value: f64) -> Self {
        let limit = self.value.map(|figure| Limit { name, value, ratio: figure / value });
        Self { limit, ..self }
    }

    pub fn note(self, note: impl Into<String>) -> Self {
        Self { note: Some(note.into()), ..self }
    }

    fn is_met(&self) -> Option<bool> {
        let value = self.value?;
        Some(match self.aim? {
            Aim::AtLeast(aim) => value >= aim,
            Aim::AtMost(aim) => value <= aim,
        })
    }

    /// As people read it.
    pub fn line(&self) -> String {
        let aim = match self.aim {
            Some(Aim::AtLeast(aim)) => format!("≥ {}", number(aim)),
            Some(Aim::AtMost(aim)) => format!("≤ {}", number(aim)),
            None => String::new(),
        };
        let met = self.is_met().map_or("", |is_met| if is_met { "yes" } else { "no" });
        let value = self.value.map_or("–".to_owned(), number);
        let (figure, unit, beside) = (&self.figure, self.unit, self.beside());
        format!("{figure:<52}{value:>12}  {unit:<10}{aim:>11}  {met:<5}{beside}")
    }

    /// The last column: what binds it, and what has to be known.
    fn beside(&self) -> String {
        let limit = self.limit.as_ref();
        let limit = limit.map(|limit| format!("{} {} ({:.2})", limit.name, number(limit.value), limit.ratio));
        limit.into_iter().chain(self.note.clone()).collect::<Vec<_>>().join("; ")
    }
}

/// What stands above the lines.
pub fn headings() -> String {
    format!("{:<52}{:>12}  {:<10}{:>11}  {:<5}limit (ratio)", "figure", "value", "unit", "aim", "met")
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
