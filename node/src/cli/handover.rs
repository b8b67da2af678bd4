//! `xietong vehicle transfer` and `asset transfer`: a thing passes from member to member.

use clap::Subcommand;
use jiff::civil::Date;
use xietong_proto::id::MemberCode;

use super::Answer;
use super::context::Context;
use crate::failure::Failure;
use crate::http::handover::HandOver;
use crate::systems::Kind;
use crate::systems::handover::{Handover, Step};
use crate::text;

/// What can be done with a handover.
#[derive(Debug, Subcommand)]
pub enum Transfer {
    /// 全部移交及状态 · All handovers and how they stand
    List,
    /// 移交给另一成员；在对方答复之前不可撤回 · Hand a listed thing to a member; it stands until that member answers
    Out {
        /// 台账编号或共享编号 · Its id in the register or its listing number
        id: String,
        /// 接收成员 · To whom
        #[arg(long, value_name = "CODE")]
        to: MemberCode,
        /// 车辆号牌收回日期（临时号牌自此 30 日） · The day on which a vehicle's plate was surrendered
        #[arg(long, value_name = "DATE")]
        plate_surrendered: Option<Date>,
    },
    /// 接收，并对应本单位台账中的一行 · Take a thing in, as a row of the own register
    In {
        /// 移交方的共享编号 · The other owner's listing number
        id: String,
        /// 本单位台账编号 · The id of the own row
        #[arg(long, value_name = "ID")]
        own: String,
    },
    /// 不接收 · Do not take it
    Decline {
        /// 移交方的共享编号 · The other owner's listing number
        id: String,
        /// 原因 · Why
        #[arg(long)]
        reason: String,
    },
    /// 收回被退回的 · Take back what was declined
    Reclaim {
        /// 台账编号或共享编号 · Its id in the register or its listing number
        id: String,
    },
}

impl Transfer {
    /// Needs the running node.
    pub fn run(&self, context: &Context, kind: Kind) -> Result<Answer, Failure> {
        let node = context.node()?;
        let (name, asked) = (kind.name(), self.asked());
        let all: Vec<Handover> = match &asked {
            None => node.get(&format!("{name}/handovers"), &[("", ""); 0])?,
            Some(asked) => node.post(&format!("{name}/handover"), asked)?,
        };
        let text = text::handovers(context.lang, &all);
        Ok(Answer::new(all, text))
    }

    fn asked(&self) -> Option<HandOver> {
        let (id, step) = match self {
            Self::List => return None,
            Self::Out { id, to, plate_surrendered } => {
                (id, Step::Out { to: *to, plate_surrendered: *plate_surrendered })
            }
            Self::In { id, own } => (id, Step::In { own: own.clone() }),
            Self::Decline { id, reason } => (id, Step::Decline { reason: reason.clone() }),
            Self::Reclaim { id } => (id, Step::Reclaim),
        };
        Some(HandOver { id: id.clone(), step })
    }
}
