//! Columns: one table per register that says how each field is named, read, shown and required. It drives
//! CSV in and out, templates, JSON and tables, so that they cannot contradict each other.

use rust_decimal::Decimal;

use super::codes;
use super::fault::{Fault, FormFault};

/// What stands in a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Words and codes; a choice as its code, a date as `2025-03-05`.
    Text(String),
    /// Fen, hundredths or a count, as the form says.
    Number(i64),
    /// Yes or no.
    Flag(bool),
}

/// How a field is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Free text of at most so many characters.
    Text(usize),
    /// A code kept as written, without blanks, of at most so many characters.
    Code(usize),
    /// The same without lower case letters.
    Capital(usize),
    /// A unified social credit code.
    Uscc,
    /// A vehicle identification number.
    Vin,
    /// A licence plate.
    Plate,
    /// A division code of six digits, of county level or above.
    Division,
    /// One of a list: code and Chinese word.
    Choice(&'static [(&'static str, &'static str)]),
    /// Yuan with at most two decimals, kept in fen.
    Money,
    /// At most two decimals, kept in hundredths.
    Quantity,
    /// A whole number.
    Count,
    /// A day.
    Date,
    /// A month, kept as `2025-03`.
    Period,
    /// Yes or no.
    YesNo,
}

/// Whether a file must have the column, and a row the field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Both.
    Required,
    /// Neither.
    Optional,
}

/// One field of a register row.
pub struct Column<R> {
    /// Its header and its key in JSON.
    pub name: &'static str,
    /// Its Chinese header.
    pub zh: &'static str,
    /// Whether it must be there.
    pub need: Need,
    /// How it is written.
    pub form: Form,
    /// Reads the field.
    pub get: fn(&R) -> Option<Value>,
    /// Sets the field.
    pub set: fn(&mut R, Value),
}

impl Form {
    /// Reads a cell that is not blank.
    pub fn read(self, cell: &str) -> Result<Value, Fault> {
        if NO_VALUES.contains(&cell) {
            return Err(FormFault::NotAValue.into());
        }
        Ok(match self {
            Form::Text(chars_max) => text(cell, chars_max)?,
            Form::Code(chars_max) => text(codes::plain(cell)?, chars_max)?,
            Form::Capital(chars_max) => text(codes::capital(cell)?, chars_max)?,
            Form::Uscc => Value::Text(codes::uscc::read(cell)?.to_owned()),
            Form::Vin => Value::Text(codes::vin::read(cell)?.to_owned()),
            Form::Plate => Value::Text(codes::plate::read(cell)?.to_owned()),
            Form::Division => Value::Text(codes::division::read(cell)?.to_owned()),
            Form::Choice(choices) => choice(cell, choices)?,
            Form::Money => hundredths(cell).map(Value::Number).ok_or(FormFault::MoneyForm)?,
            Form::Quantity => hundredths(cell).map(Value::Number).ok_or(FormFault::QuantityForm)?,
            Form::Count => whole(cell).map(Value::Number).ok_or(FormFault::CountForm)?,
            Form::Date => {
                codes::date(cell).map(|date| Value::Text(date.to_string())).ok_or(FormFault::DateForm)?
            }
            Form::Period => codes::period(cell).map(Value::Text).ok_or(FormFault::PeriodForm)?,
            Form::YesNo => yes_no(cell).map(Value::Flag).ok_or(FormFault::YesNoForm)?,
        })
    }

    /// A value as a cell, in the words of the file's language.
    pub fn write(self, value: &Value, in_chinese: bool) -> String {
        match (self, value) {
            (Form::Money | Form::Quantity, Value::Number(number)) => Decimal::new(*number, 2).to_string(),
            (Form::Choice(choices), Value::Text(code)) if in_chinese => {
                let word = choices.iter().find(|(known, _)| known == code).map(|(_, word)| *word);
                word.unwrap_or(code).to_owned()
            }
            (_, Value::Text(text)) => text.clone(),
            (_, Value::Number(number)) => number.to_string(),
            (_, Value::Flag(flag)) => match (flag, in_chinese) {
                (true, true) => "是",
                (false, true) => "否",
                (true, false) => "yes",
                (false, false) => "no",
            }
            .to_owned(),
        }
    }

    /// A value in JSON: money in fen, quantities as decimal text, everything else as it is.
    pub fn json(self, value: &Value) -> serde_json::Value {
        match (self, value) {
            (Form::Quantity, Value::Number(number)) => Decimal::new(*number, 2).to_string().into(),
            (_, Value::Text(text)) => text.as_str().into(),
            (_, Value::Number(number)) => (*number).into(),
            (_, Value::Flag(flag)) => (*flag).into(),
        }
    }
}

impl<R> Column<R> {
    /// The key in JSON, which names the unit of money.
    pub fn json_key(&self) -> String {
        match self.form {
            Form::Money => format!("{}_fen", self.name),
            _ => self.name.to_owned(),
        }
    }
}

/// A row as a JSON object in the order of its columns.
pub fn json<R>(columns: &[Column<R>], row: &R) -> serde_json::Map<String, serde_json::Value> {
    let field = |column: &Column<R>| {
        let value = (column.get)(row).map_or(serde_json::Value::Null, |value| column.form.json(&value));
        (column.json_key(), value)
    };
    columns.iter().map(field).collect()
}

/// Words that registers elsewhere put where nothing was reported: never read as blank or 0.
const NO_VALUES: &[&str] = &["Null", "NULL", "null", "NIS", "-", "—", "/", "无数据", "N/A", "n/a"];

fn text(cell: &str, chars_max: usize) -> Result<Value, FormFault> {
    if cell.chars().count() > chars_max {
        return Err(FormFault::TooLong { chars_max });
    }
    if cell.chars().any(char::is_control) {
        return Err(FormFault::ControlCharacter);
    }
    Ok(Value::Text(cell.to_owned()))
}

fn choice(cell: &str, choices: &[(&str, &str)]) -> Result<Value, FormFault> {
    let found = choices.iter().find(|(code, word)| *code == cell || *word == cell);
    let offered = || choices.iter().map(|(_, word)| (*word).to_owned()).collect();
    let (code, _) = found.ok_or_else(|| FormFault::NotAChoice { choices: offered() })?;
    Ok(Value::Text((*code).to_owned()))
}

/// Digits, then perhaps a point and one or two more.
fn hundredths(cell: &str) -> Option<i64> {
    let (whole, part) = cell.split_once('.').unwrap_or((cell, "00"));
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_digits(whole) || !is_digits(part) || part.len() > 2 || whole.len() > 15 {
        return None;
    }
    let part: i64 = format!("{part:0<2}").parse().ok()?;
    Some(whole.parse::<i64>().ok()? * 100 + part)
}

fn whole(cell: &str) -> Option<i64> {
    let is_number = cell.len() <= 15 && cell.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| cell.parse().ok()).flatten()
}

fn yes_no(cell: &str) -> Option<bool> {
    match cell {
        "是" | "yes" | "1" => Some(true),
        "否" | "no" | "0" => Some(false),
        _ => None,
    }
}

/// The columns of a row type: kind of field, field, Chinese header, need, form. `text`, `number` and `flag`
/// are fields that may be absent; `int` and `bool` are always there.
macro_rules! columns {
    ($row:ty: $($kind:ident $field:ident $zh:literal $need:ident $form:expr;)*) => {
        &[$($crate::systems::column::Column::<$row> {
            name: stringify!($field),
            zh: $zh,
            need: $crate::systems::column::Need::$need,
            form: $form,
            get: |row| $crate::systems::column::columns!(@get $kind row $field),
            set: |row, value| $crate::systems::column::columns!(@set $kind row value $field),
        }),*]
    };
    (@get text $row:ident $field:ident) => {
        (!$row.$field.is_empty()).then(|| $crate::systems::column::Value::Text($row.$field.clone()))
    };
    (@get number $row:ident $field:ident) => { $row.$field.map($crate::systems::column::Value::Number) };
    (@get flag $row:ident $field:ident) => { $row.$field.map($crate::systems::column::Value::Flag) };
    (@get int $row:ident $field:ident) => { Some($crate::systems::column::Value::Number($row.$field)) };
    (@get bool $row:ident $field:ident) => { Some($crate::systems::column::Value::Flag($row.$field)) };
    (@set text $row:ident $value:ident $field:ident) => {
        if let $crate::systems::column::Value::Text(text) = $value { $row.$field = text; }
    };
    (@set number $row:ident $value:ident $field:ident) => {
        if let $crate::systems::column::Value::Number(number) = $value { $row.$field = Some(number); }
    };
    (@set flag $row:ident $value:ident $field:ident) => {
        if let $crate::systems::column::Value::Flag(flag) = $value { $row.$field = Some(flag); }
    };
    (@set int $row:ident $value:ident $field:ident) => {
        if let $crate::systems::column::Value::Number(number) = $value { $row.$field = number; }
    };
    (@set bool $row:ident $value:ident $field:ident) => {
        if let $crate::systems::column::Value::Flag(flag) = $value { $row.$field = flag; }
    };
}
pub(crate) use columns;
