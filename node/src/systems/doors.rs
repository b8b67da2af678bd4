//! The doors of a node: which tokens open them, and who did what through them. Both are records of a local stream,
//! so they are signed, chained and kept like a register, and nobody else is ever offered them. Decides whether a
//! token is made or revoked; of a token only its hash comes here, never the secret.

use std::fmt;

use serde::{Deserialize, Serialize};
use xietong_proto::entry::{Entry, Record};
use xietong_proto::id::*;

use super::group::{self, Group, Home};
use super::keys;
use super::rows::Rows;

/// Its number: at home in local streams only.
pub const SYSTEM: System = System(240);

/// What whoever shows a token is here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// 操作员: does all that the office decides.
    Operator,
    /// 登记员: keeps the registers.
    Registrar,
    /// 查阅员: looks things up.
    Observer,
    /// 审计员: reads who did what.
    Auditor,
}

/// The hash of a token's text.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TokenHash(pub [u8; 32]);

/// A token that was made, without its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    /// Never used again, so that a deed names one token for ever.
    pub name: String,
    /// What it may.
    pub role: Role,
    /// From then on it opens nothing.
    pub until: Millis,
    /// Of its text.
    pub hash: TokenHash,
    /// Whether it was taken back.
    #[serde(default)]
    pub is_revoked: bool,
}

/// Who came through a door.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "lowercase")]
pub enum By {
    /// A user of this machine, over the socket.
    User { uid: u32 },
    /// Whoever has the token.
    Token { name: String },
    /// Somebody without a token that holds.
    Stranger { address: String },
}

/// What somebody did here, or was refused (操作记录).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deed {
    /// Who.
    #[serde(flatten)]
    pub by: By,
    /// What, by the name of the route.
    pub act: String,
    /// To what; a start of it, where it is long.
    pub subject: String,
    /// The same for all that one request did, which may be many: counted from the start of the process.
    pub request: u64,
    /// Why it was not done; none if it was.
    pub refused: Option<String>,
}

/// A deed and where it is recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// In the doors' stream.
    pub position: Position,
    /// When, by the clock of this node.
    pub time: Millis,
    /// What.
    #[serde(flatten)]
    pub deed: Deed,
}

/// What can be done about tokens.
#[derive(Clone, Debug)]
pub enum Command {
    /// Let a new one open the doors.
    Make(Token),
    /// Never again let this one in.
    Revoke { name: String },
}

/// Why a token is not made or revoked (不予办理).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code")]
pub enum Refusal {
    /// Not 1 to 32 small letters, digits and hyphens.
    TokenName { name: String },
    /// A token has or had that name.
    TokenNameTaken { name: String },
    /// It would open nothing.
    TokenOverAlready { until: Millis },
    /// As many were made as are kept.
    TooManyTokens { tokens_max: usize },
    /// There is none, or it was revoked.
    NoSuchToken { name: String },
}

const TOKENS_MAX: usize = 1_000;
const NAME_CHARS_MAX: usize = 32;
const SUBJECT_CHARS_MAX: usize = 200;

impl Deed {
    /// As a record of the doors' stream.
    pub fn record(&self) -> Record {
        let mut deed = self.clone();
        deed.subject = deed.subject.chars().take(SUBJECT_CHARS_MAX).collect();
        record(record::DEED, &deed)
    }
}

/// Decides a command about tokens on rows that are folded to the stream's head.
pub fn decide(rows: &dyn Rows, now: Millis, command: Command) -> Result<Record, Refusal> {
    match command {
        Command::Make(made) if !is_name(&made.name) => Err(Refusal::TokenName { name: made.name }),
        Command::Make(made) if token(rows, &made.name).is_some() => {
            Err(Refusal::TokenNameTaken { name: made.name })
        }
        Command::Make(made) if made.until <= now => Err(Refusal::TokenOverAlready { until: made.until }),
        Command::Make(_) if tokens(rows).len() >= TOKENS_MAX => {
            Err(Refusal::TooManyTokens { tokens_max: TOKENS_MAX })
        }
        Command::Make(made) => Ok(record(record::TOKEN, &made)),
        Command::Revoke { name } => match token(rows, &name) {
            Some(known) if !known.is_revoked => {
                Ok(record(record::TOKEN, &Token { is_revoked: true, ..known }))
            }
            Some(_) | None => Err(Refusal::NoSuchToken { name }),
        },
    }
}

/// Tokens, which are rows, and deeds, which stay in the log.
pub const RECORDED: Group = Group {
    systems: &[SYSTEM],
    low: record::TOKEN..=record::DEED,
    home: Home::Local,
    apply: |rows, _, record| {
        let token = serde_json::from_slice::<Token>(&record.body);
        if let Some(token) = token.ok().filter(|_| record.kind.low() == record::TOKEN) {
            rows.put(keys::token(&token.name), record.body.clone());
        }
    },
    read: |_, _| None,
};

/// A token by its name, also one that opens nothing any more.
pub fn token(rows: &dyn Rows, name: &str) -> Option<Token> {
    serde_json::from_slice(&rows.get(&keys::token(name))?).ok()
}

/// All tokens that were ever made, by name.
pub fn tokens(rows: &dyn Rows) -> Vec<Token> {
    let rows = rows.scan(&keys::token(""), &[]);
    rows.filter_map(|(_, value)| serde_json::from_slice(&value).ok()).collect()
}

/// The deeds in an entry of the doors' stream.
pub fn deeds(entry: &Entry) -> Vec<Told> {
    let (position, time) = (entry.header().position, entry.header().time);
    let deeds = entry.records().filter(|record| record.kind.low() == record::DEED);
    let deeds = deeds.filter_map(|record| serde_json::from_slice(&record.body).ok());
    deeds.map(|deed| Told { position, time, deed }).collect()
}

/// Low bytes of record kinds. Bodies are JSON, so that an auditor reads an exported stream without a schema.
mod record {
    pub const TOKEN: u16 = 0x01;
    pub const DEED: u16 = 0x02;
}

fn record(low: u16, said: &impl Serialize) -> Record {
    let body = serde_json::to_vec(said).expect("tokens and deeds are texts and numbers");
    group::record(SYSTEM, low, body)
}

fn is_name(name: &str) -> bool {
    let is_fit = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    (1..=NAME_CHARS_MAX).contains(&name.len()) && name.chars().all(is_fit)
}

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenHash")
    }
}

impl Serialize for TokenHash {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&hex::encode(self.0))
    }
}

impl<'de> Deserialize<'de> for TokenHash {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        let mut hash = [0; 32];
        hex::decode_to_slice(text, &mut hash).map_err(serde::de::Error::custom)?;
        Ok(Self(hash))
    }
}
