//! `xietong status`, `stop` and `peer`: what an operator asks of the running node about itself.

use std::fs::File;

use serde_json::json;
use xietong_proto::id::MemberCode;

use super::Answer;
use super::context::Context;
use crate::failure::Failure;
use crate::http::node::{NodeStatus, Pause};
use crate::text;

/// What can be done with peers.
#[derive(Debug, clap::Subcommand)]
pub enum PeerCommand {
    /// 让一个成员离开网络；不写代码则本节点整个离开 · Take a member off the network; without a code, this whole node
    Pause {
        /// 成员代码 · The member's code
        code: Option<MemberCode>,
    },
    /// 恢复 · Bring it back
    Resume {
        /// 成员代码 · The member's code
        code: Option<MemberCode>,
    },
}

impl PeerCommand {
    /// Needs the running node.
    pub fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let asked = match self {
            Self::Pause { code } => Pause { member: *code, paused: true },
            Self::Resume { code } => Pause { member: *code, paused: false },
        };
        let done: Pause = context.node()?.post("pause", &asked)?;
        let text = text::paused(context.lang, done.member, done.paused);
        Ok(Answer::new(done, text))
    }
}

/// How the node stands.
pub fn status(context: &Context) -> Result<Answer, Failure> {
    let status: NodeStatus = context.node()?.get("status", &())?;
    let text = text::status(context.lang, &status);
    Ok(Answer::new(status, text))
}

/// Asks the node to stop and waits until it has.
pub fn stop(context: &Context) -> Result<Answer, Failure> {
    context.node()?.post::<()>("stop", &())?;
    let has_stopped = wait_for_end(context)?;
    Ok(Answer::new(json!({ "stopped": has_stopped }), text::stopping(context.lang, has_stopped)))
}

/// A node holds its lock until it is gone. Who may use the socket but not the lock cannot wait.
fn wait_for_end(context: &Context) -> Result<bool, Failure> {
    let lock = File::open(context.home()?.lock());
    Ok(lock.and_then(|lock| lock.lock_shared()).is_ok())
}
