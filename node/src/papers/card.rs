//! A member card (成员名片) as a file: read, written, and issued anew only when it would say something else.

use serde::{Deserialize, Serialize};
use xietong_proto::card::{Card, CardFields};
use xietong_proto::crypto::SecretKey;
use xietong_proto::id::*;

use super::copy::CardCopy;
use super::{PaperRefusal, bytes, compare, lawful, parse};

/// A card whose readable copy says what its bytes say.
#[derive(Clone, Debug, PartialEq)]
pub struct CardFile(pub Card);

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Exact {
    card: String,
}

impl CardFile {
    /// Reads and checks a card file.
    pub fn read(text: &str) -> Result<Self, PaperRefusal> {
        let (exact, copy): (Exact, _) = parse(text)?;
        let part = "exact.card";
        let card = lawful(part, Card::open(&bytes(part, &exact.card)?))?;
        compare(&copy, &CardCopy::of(&card))?;
        Ok(Self(card))
    }

    /// The file's text.
    pub fn write(&self) -> String {
        #[derive(Serialize)]
        struct Whole {
            #[serde(flatten)]
            copy: CardCopy,
            exact: Exact,
        }
        let exact = Exact { card: hex::encode(self.0.bytes()) };
        let whole = Whole { copy: self.copy(), exact };
        toml::to_string(&whole).expect("a card is made of texts, numbers and lists")
    }

    /// What it says, for people and programs.
    pub fn copy(&self) -> CardCopy {
        CardCopy::of(&self.0)
    }
}

/// What the next card has to say: `fields` under the next number; nothing if the last card says so already.
pub fn next(last: Option<&Card>, mut fields: CardFields) -> Option<CardFields> {
    fields.number = CardNumber(1);
    if let Some(last) = last {
        let (number, issued) = (last.fields.number, last.fields.issued);
        let unchanged = CardFields { number, issued, ..fields.clone() };
        if unchanged == last.fields {
            return None;
        }
        fields.number = number.next();
    }
    Some(fields)
}

/// Signs a card.
pub fn issue(fields: CardFields, seal: &SecretKey) -> Result<Card, PaperRefusal> {
    lawful("card", Card::sign(fields, seal))
}
