//! `xietong run`: the node itself, in the foreground, until it is told to stop.

use serde_json::json;
use xietong_proto::card::Card;

use super::Answer;
use super::context::Context;
use crate::config;
use crate::daemon::start::{self, Start};
use crate::failure::{Failure, Obstacle};
use crate::home::Home;
use crate::keys::{KeyError, KeyName, NodeKeys};
use crate::telemetry;
use crate::text;

/// Nothing to choose: what a node does is set in its configuration.
#[derive(Debug, clap::Args)]
pub struct Run {}

impl Run {
    /// Runs the node.
    pub fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let home = context.home()?.clone();
        let (config, rules) = (context.config()?, config::rules(&home)?);
        let socket = config.socket_path(&home)?;
        let keys = NodeKeys::read(&home.keys())?;
        let card = context.card()?.ok_or(Obstacle::CardMissing)?;
        refuse_unnamed(&home, &keys, &card)?;
        telemetry::start(&config.operation_log, home.operation_log()).map_err(Obstacle::File)?;
        let (lang, member) = (context.lang, config.member());
        let ready = |listens: &[String]| eprintln!("{}", text::running(lang, member, &socket, listens));
        start::run(Start { home, config, rules, keys, card }, socket.clone(), ready)?;
        Ok(Answer::new(json!({ "member": member, "stopped": true }), text::stopped(lang, member)))
    }
}

/// A node signs and connects only with keys that its card names.
fn refuse_unnamed(home: &Home, keys: &NodeKeys, card: &Card) -> Result<(), KeyError> {
    let named = [
        (KeyName::Entry, card.fields.entry_key == keys.entry.public()),
        (KeyName::Transport, card.fields.transport_keys.contains(&keys.peer())),
    ];
    match named.into_iter().find(|(_, is_named)| !is_named) {
        Some((name, _)) => Err(KeyError::KeyNotOnCard { path: name.path(&home.keys()) }),
        None => Ok(()),
    }
}
