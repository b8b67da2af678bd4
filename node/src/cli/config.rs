//! `xietong config`: the settings there are, and whether this node's hold.

use serde_json::json;

use super::Answer;
use super::context::Context;
use crate::config::TEMPLATE;
use crate::failure::Failure;
use crate::text;

/// What can be asked about the configuration.
#[derive(Debug, clap::Subcommand)]
pub enum ConfigCommand {
    /// 全部配置项及默认值 · Every setting with its default
    Default,
    /// 检查本节点的配置 · Check this node's configuration
    Check,
}

impl ConfigCommand {
    /// Needs no running node.
    pub fn run(&self, context: &Context) -> Result<Answer, Failure> {
        match self {
            Self::Default => Ok(Answer::new(json!({ "config": TEMPLATE }), TEMPLATE.to_owned())),
            Self::Check => check(context),
        }
    }
}

fn check(context: &Context) -> Result<Answer, Failure> {
    let config = context.config()?;
    let path = context.home()?.config();
    Ok(Answer::new(config, text::config_holds(context.lang, &path)))
}
