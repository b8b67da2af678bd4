//! Why a command did not do what it was asked.

use super::{Lang, config, file, key, node_failure, paper, proposal, say};
use crate::cli::failure::{Failure, NodeStopped, Obstacle};

/// One or two sentences; the first names the reason.
pub fn failure(lang: Lang, failure: &Failure) -> String {
    match failure {
        Failure::Config(error) => config(lang, error),
        Failure::Key(error) => key(lang, error),
        Failure::Paper { file, refusal } => {
            let (file, reason) = (file.display(), paper(lang, refusal));
            say!(lang, zh: "{file}：{reason}", en: "{file}: {reason}")
        }
        Failure::Proposal(refusal) => proposal(lang, refusal),
        Failure::Node(NodeStopped::NodeFailed { detail }) => node_failure(lang, detail),
        Failure::Obstacle(obstacle) => self::obstacle(lang, obstacle),
    }
}

fn obstacle(lang: Lang, obstacle: &Obstacle) -> String {
    match obstacle {
        Obstacle::HomeUnknown => say!(lang,
            zh: "不知道节点的主目录在哪里：请用 --home 或环境变量 XIETONG_HOME 指明。",
            en: "Where is the node's home? Name it with --home or the environment variable XIETONG_HOME."),
        Obstacle::HomeOccupied { path } => {
            let path = path.display();
            say!(lang,
                zh: "{path} 已经存在：这里已有一个节点，不予覆盖。",
                en: "{path} exists: there is a node here already, and nothing is overwritten.")
        }
        Obstacle::CardMissing => say!(lang,
            zh: "主目录中没有成员名片：请先执行 xietong member card。",
            en: "There is no member card in the home: run xietong member card first."),
        Obstacle::NotConfirmed => say!(lang,
            zh: "没有批准，文件未改动。",
            en: "Not approved; the file is unchanged."),
        Obstacle::File(failure) => file(lang, failure),
    }
}
