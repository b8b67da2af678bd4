//! `xietong token`: who may come in over TCP. A token's text is drawn here and shown once; the node gets its hash.

use clap::ValueEnum;
use jiff::civil::Date;
use serde_json::json;

use super::Answer;
use super::context::Context;
use crate::calendar::end_of;
use crate::failure::Failure;
use crate::http::door::{hash_of, token_text};
use crate::http::tokens::Revocation;
use crate::keys;
use crate::systems::doors::{Role, Token};
use crate::text;

/// What can be done with tokens.
#[derive(Debug, clap::Subcommand)]
pub enum TokenCommand {
    /// 发放令牌，只显示一次 · Make a token; it is shown once
    New {
        /// 角色 · What it may do
        #[arg(long)]
        role: RoleArgument,
        /// 名称：小写字母、数字、连字符，不重复使用 · A name that no other token has or had
        #[arg(long)]
        name: String,
        /// 有效至此日（含），如 2027-12-31 · Its last day
        #[arg(long, value_name = "DATE")]
        until: Date,
    },
    /// 全部令牌，含已作废的 · All tokens, also those revoked
    List,
    /// 作废令牌，立即生效 · Let a token open nothing any more, at once
    Revoke {
        /// 名称 · Its name
        name: String,
    },
}

/// A role as it is typed.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum RoleArgument {
    /// 操作员：除发放令牌外的一切 · All but making tokens
    Operator,
    /// 登记员：导入、撤销、查阅 · Imports, withdraws, looks up
    Registrar,
    /// 查阅员：只查阅 · Looks up
    Observer,
    /// 审计员：状况和操作记录，不含台账 · Status and deeds, no register
    Auditor,
}

impl RoleArgument {
    fn role(self) -> Role {
        match self {
            Self::Operator => Role::Operator,
            Self::Registrar => Role::Registrar,
            Self::Observer => Role::Observer,
            Self::Auditor => Role::Auditor,
        }
    }
}

impl TokenCommand {
    /// Needs the running node.
    pub fn run(&self, context: &Context) -> Result<Answer, Failure> {
        match self {
            Self::New { role, name, until } => make(context, role.role(), name, *until),
            Self::List => list(context),
            Self::Revoke { name } => revoke(context, name),
        }
    }
}

fn make(context: &Context, role: Role, name: &str, until: Date) -> Result<Answer, Failure> {
    let text = token_text(name, keys::draw());
    let until = end_of(until).unwrap_or_default();
    let token = Token { name: name.to_owned(), role, until, hash: hash_of(&text), is_revoked: false };
    let made: Token = context.node()?.post("tokens", &token)?;
    let json = json!({ "name": made.name, "role": made.role, "until": made.until, "token": text });
    Ok(Answer { note: Some(text::token_made(context.lang, &made)), ..Answer::new(json, text) })
}

fn list(context: &Context) -> Result<Answer, Failure> {
    let tokens: Vec<Token> = context.node()?.get("tokens", &())?;
    let text = text::tokens(context.lang, &tokens, context.now);
    Ok(Answer::new(tokens, text))
}

fn revoke(context: &Context, name: &str) -> Result<Answer, Failure> {
    let done: Revocation = context.node()?.post("tokens/revoke", &Revocation { name: name.to_owned() })?;
    let text = text::revoked(context.lang, &done.name);
    Ok(Answer::new(done, text))
}
