//! `xietong audit`: who did what on this node, to look at or to take away. Nothing of it is ever deleted.

use super::Answer;
use super::context::Context;
use super::log;
use crate::failure::Failure;
use crate::http::tokens::{Deeds, DeedsQuery};
use crate::systems::doors::SYSTEM;
use crate::text;

/// What can be done with records of deeds.
#[derive(Debug, clap::Subcommand)]
pub enum AuditCommand {
    /// 操作记录：最近的，或自某序号起的 · The newest deeds, or those from a position on
    List {
        /// 自此序号起 · From this position on
        #[arg(long, value_name = "POSITION")]
        from: Option<u64>,
    },
    /// 导出全部操作记录及签名，供他人独立核验；不需要节点运行 · Export them all with signatures, for others to check; without the node
    Export,
}

impl AuditCommand {
    /// A list needs the running node, an export the log.
    pub fn run(&self, context: &Context) -> Result<Answer, Failure> {
        match self {
            Self::List { from } => list(context, *from),
            Self::Export => log::export(context, context.config()?.member(), SYSTEM),
        }
    }
}

fn list(context: &Context, from: Option<u64>) -> Result<Answer, Failure> {
    let page: Deeds = context.node()?.get("deeds", &DeedsQuery { from })?;
    let (text, note) = (text::deeds(context.lang, &page), text::deeds_go_on(context.lang, &page));
    Ok(Answer { note, ..Answer::new(page, text) })
}
