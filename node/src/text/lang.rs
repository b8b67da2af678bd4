//! The two languages.

use serde::Serialize;

/// A language in which answers are given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, clap::ValueEnum)]
pub enum Lang {
    /// 中文.
    Zh,
    /// English.
    En,
}

impl Lang {
    /// From the value of `LC_ALL` or `LANG`, such as `en_US.UTF-8`; none for other languages.
    pub fn from_locale(locale: &str) -> Option<Self> {
        match locale.get(..2)? {
            "zh" => Some(Self::Zh),
            "en" => Some(Self::En),
            _ => None,
        }
    }
}

/// One sentence in both languages; each is a format string.
macro_rules! say {
    ($lang:expr, zh: $zh:literal, en: $en:literal $(, $($rest:tt)*)?) => {
        match $lang {
            $crate::text::Lang::Zh => format!($zh $(, $($rest)*)?),
            $crate::text::Lang::En => format!($en $(, $($rest)*)?),
        }
    };
}
pub(crate) use say;
