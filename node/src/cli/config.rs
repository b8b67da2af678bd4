//! `xietong config`: the settings there are, and whether this node's hold.

use serde_json::json;

use super::Answer;
use super::context::Context;
use crate::config;
use crate::failure::Failure;
use crate::systems::vehicles::rules;
use crate::text;

/// What can be asked about the configuration.
#[derive(Debug, clap::Subcommand)]
pub enum ConfigCommand {
    /// 全部配置项及默认值 · Every setting with its default
    Default,
    /// 程序自带的车辆规则；本省另有规定的，放入主目录并修改 · The vehicle rules that come with the program; lay your own in the home
    VehicleRules,
    /// 检查本节点的配置 · Check this node's configuration
    Check,
}

impl ConfigCommand {
    /// Needs no running node.
    pub fn run(&self, context: &Context) -> Result<Answer, Failure> {
        match self {
            Self::Default => Ok(printed("config", config::TEMPLATE)),
            Self::VehicleRules => Ok(printed("rules", rules::TEMPLATE)),
            Self::Check => check(context),
        }
    }
}

fn printed(name: &str, text: &str) -> Answer {
    Answer::new(json!({ name: text }), text.to_owned())
}

fn check(context: &Context) -> Result<Answer, Failure> {
    let (config, rules) = (context.config()?, config::rules(context.home()?)?);
    let path = context.home()?.config();
    Ok(Answer::new(config, text::config_holds(context.lang, &path, &rules)))
}
