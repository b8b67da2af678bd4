//! The only place with words for people. A code with its data goes in, one sentence comes out, in Chinese or
//! English; both stand side by side so that neither is forgotten. Decides nothing, knows no file and no clock.

mod answers;
mod config;
mod failure;
mod files;
mod lang;
mod node;
mod papers;
mod reject;
mod show;
mod table;
mod words;

#[cfg(test)]
mod tests;

pub use answers::*;
pub use config::config;
pub use failure::failure;
pub use files::{file, key};
pub use lang::Lang;
pub(crate) use lang::say;
pub use node::{node_failure, running, stopped, store};
pub use papers::{paper, proposal};
pub use reject::reject;
pub use show::{agreement, card};
pub use table::{fields, table};
pub use words::{leaves, level, list, system};
