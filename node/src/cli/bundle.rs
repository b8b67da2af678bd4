//! `xietong bundle`: what a link would carry, as a file that people carry (P49). The node makes and reads it; this
//! only moves bytes between the node and the file.

use std::fs::File;
use std::path::{Path, PathBuf};

use serde_json::json;
use xietong_proto::id::MemberCode;

use super::Answer;
use super::context::Context;
use crate::failure::Failure;
use crate::files;
use crate::http::bundle::Export;
use crate::replica::bundle::Played;
use crate::text;

/// What can be done with bundles.
#[derive(Debug, clap::Subcommand)]
pub enum BundleCommand {
    /// 导出给一个成员的离线包，只有它的节点能读 · Export what a member lacks; only its node can read it
    Export {
        /// 给哪个成员 · For which member
        #[arg(long = "for", value_name = "CODE")]
        member: MemberCode,
        /// 协议的编号，可只写开头；只有一份共同协议时不必写 · The agreement's id or its beginning, if they share several
        #[arg(long, value_name = "ID", default_value = "")]
        agreement: String,
        /// 从头导出全部，而不只是对方缺少的 · Everything, and not only what the member is not known to hold
        #[arg(long)]
        from_start: bool,
        /// 写入的文件，不得已存在 · The file, which must not exist
        file: PathBuf,
    },
    /// 导入给本节点的离线包；可重复导入 · Import a bundle for this node; importing it twice enters nothing twice
    Import {
        /// 文件 · The file
        file: PathBuf,
    },
}

impl BundleCommand {
    /// Needs the running node.
    pub fn run(&self, context: &Context) -> Result<Answer, Failure> {
        match self {
            Self::Export { member, agreement, from_start, file } => {
                let (agreement, from_start) = (agreement.clone(), *from_start);
                export(context, &Export { member: *member, agreement, from_start }, file)
            }
            Self::Import { file } => import(context, file),
        }
    }
}

fn export(context: &Context, export: &Export, file: &Path) -> Result<Answer, Failure> {
    let node = context.node()?;
    let (mut bytes, pieces) = (0, node.fetch("bundles/export", export)?);
    let mut counted = pieces.inspect(|piece| bytes += piece.as_ref().map_or(0, Vec::len) as u64);
    files::create_of_pieces(file, 0o600, &mut counted)?;
    let text = text::bundle_written(context.lang, file, export.member, bytes);
    Ok(Answer::new(json!({ "member": export.member, "file": file, "bytes": bytes }), text))
}

fn import(context: &Context, file: &Path) -> Result<Answer, Failure> {
    let opened = File::open(file).map_err(files::reading(file))?;
    let played: Played = context.node()?.send_file("bundles", Box::new(opened))?;
    let text = text::bundle_taken(context.lang, &played);
    Ok(Answer::new(played, text))
}
