//! Names of kinds and columns, and cells in the words of a language. Everything comes from the column tables
//! of the systems, so a table for people never says another word than the file.

use serde_json::Value;

use super::{Lang, yuan};
use crate::systems::Kind;
use crate::systems::column::{Column, Form, Value as Field};
use crate::systems::for_register;
use crate::systems::group::Shelf;
use crate::systems::listing::Listing;
use crate::systems::register::Register;

/// One column as tables need it.
#[derive(Clone, Copy, Debug)]
pub struct Heading {
    /// Its header in English and key in JSON, without the unit of money.
    pub name: &'static str,
    /// Its header in Chinese.
    pub zh: &'static str,
    form: Form,
}

impl Heading {
    fn of<R>(column: &Column<R>) -> Self {
        Self { name: column.name, zh: column.zh, form: column.form }
    }

    /// The header.
    pub fn title(&self, lang: Lang) -> String {
        match lang {
            Lang::Zh => self.zh.to_owned(),
            Lang::En => self.name.to_owned(),
        }
    }

    /// The cell of a JSON row.
    pub fn cell(&self, lang: Lang, row: &serde_json::Map<String, Value>) -> String {
        let money = format!("{}_fen", self.name);
        match row.get(self.name).or_else(|| row.get(&money)) {
            None => String::new(),
            Some(value) => self.value(lang, value),
        }
    }

    /// A value of JSON as a cell; nothing for one that was not reported.
    pub fn value(&self, lang: Lang, value: &Value) -> String {
        if value.is_null() { String::new() } else { self.write(lang, value) }
    }

    /// A code of the column as its word.
    pub fn word(&self, lang: Lang, code: &str) -> String {
        self.form.write(&Field::Text(code.to_owned()), matches!(lang, Lang::Zh))
    }

    fn write(&self, lang: Lang, value: &Value) -> String {
        let in_chinese = matches!(lang, Lang::Zh);
        match value {
            Value::String(text) => self.word(lang, text),
            Value::Bool(flag) => self.form.write(&Field::Flag(*flag), in_chinese),
            Value::Number(number) if self.form == Form::Money => yuan(number.as_i64().unwrap_or_default()),
            Value::Null | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
        }
    }
}

/// The columns of a register.
pub fn register_columns(kind: Kind) -> Vec<Heading> {
    for_register!(kind, R => R::columns().iter().map(Heading::of).collect())
}

/// The columns of what members show.
pub fn listing_columns(kind: Kind) -> Vec<Heading> {
    for_register!(kind, R => <R as Register>::Listing::columns().iter().map(Heading::of).collect())
}

/// The columns of what is kept beside a register's rows.
pub fn kept_columns(shelf: &Shelf) -> Vec<Heading> {
    (shelf.columns)().into_iter().map(|(name, zh, form)| Heading { name, zh, form }).collect()
}

/// A column by its name, in the header's words; what is no column stays as it is.
pub fn column(lang: Lang, kind: Kind, name: &str) -> String {
    let found = register_columns(kind).into_iter().find(|column| column.name == name);
    found.map_or_else(|| name.to_owned(), |column| column.title(lang))
}
