//! `xietong status`, `stop` and `peer`: what an operator asks of the running node about itself.

use std::fs::File;

use serde_json::json;
use xietong_proto::id::MemberCode;

use super::Answer;
use super::context::Context;
use crate::failure::{Exit, Failure};
use crate::http::node::{Excuse, NodeStatus, Pause};
use crate::text;

/// What can be done with peers.
#[derive(Debug, clap::Subcommand)]
pub enum PeerCommand {
    /// 让一个成员离开网络；不写代码则本节点整个离开 · Take a member off the network; without a code, this whole node
    Pause {
        /// 成员代码 · The member's code
        code: Option<MemberCode>,
    },
    /// 不再等候长期失联的成员，即可发布；记录在案 · Publish without waiting for a member that stays away; this is recorded
    Excuse {
        /// 成员代码 · The member's code
        code: MemberCode,
    },
    /// 恢复等候 · Wait for it again
    Expect {
        /// 成员代码 · The member's code
        code: MemberCode,
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
        match self {
            Self::Pause { code } => pause(context, *code, true),
            Self::Resume { code } => pause(context, *code, false),
            Self::Excuse { code } => excuse(context, *code, true),
            Self::Expect { code } => excuse(context, *code, false),
        }
    }
}

fn pause(context: &Context, member: Option<MemberCode>, paused: bool) -> Result<Answer, Failure> {
    let done: Pause = context.node()?.post("pause", &Pause { member, paused })?;
    let text = text::paused(context.lang, done.member, done.paused);
    Ok(Answer::new(done, text))
}

fn excuse(context: &Context, member: MemberCode, excused: bool) -> Result<Answer, Failure> {
    let done: Excuse = context.node()?.post("excuse", &Excuse { member, excused })?;
    let text = text::excused(context.lang, done.member, done.excused);
    Ok(Answer::new(done, text))
}

/// How the node stands.
pub fn status(context: &Context) -> Result<Answer, Failure> {
    let status: NodeStatus = context.node()?.get("status", &())?;
    let text = text::status(context.lang, &status);
    Ok(Answer::new(status, text))
}

/// Whether the node is well: exit code 0 if so, else 1.
pub fn health(context: &Context) -> Result<Answer, Failure> {
    let health = context.node()?.health()?;
    let exit = if health.is_well { Exit::Done } else { Exit::Refused };
    let text = text::health(context.lang, &health);
    Ok(Answer { exit, ..Answer::new(health, text) })
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
