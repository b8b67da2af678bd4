//! Handovers as people read them, and why one is refused.

use super::{Lang, say, table};
use crate::calendar::minute;
use crate::systems::handover::{Handover, NotHandedOver, Stage};

/// Why a step is refused.
pub fn not_handed_over(lang: Lang, reason: &NotHandedOver) -> String {
    match reason {
        NotHandedOver::NoSuchKind => {
            say!(lang, zh: "这类事项不能移交。", en: "Such things are not handed over.")
        }
        NotHandedOver::OutAlready => say!(lang,
            zh: "已移交或在移交中，不在本单位手中。",
            en: "It is on its way, or another member has it."),
        NotHandedOver::CameUnder { agreement } => {
            let id = &agreement.to_string()[..8];
            say!(lang,
                zh: "它是在另一份协议（{id}）下接收的，只能在该协议下再移交给其成员。",
                en: "It came in under another agreement ({id}): it goes on under that one alone, to a member of it.")
        }
        NotHandedOver::NotListedTo { to } => say!(lang,
            zh: "没有在与 {to} 共同的、目前可以发布的协议中列出；先纳入共享。",
            en: "It is not listed under an agreement with {to} in which this node may say something now: share it first."),
        NotHandedOver::Promised { request } => say!(lang,
            zh: "已答应给申请 {request}；先办结或收回。",
            en: "It is promised to the request {request}: let that end first."),
        NotHandedOver::DayInFuture { on } => say!(lang, zh: "{on} 还没有到。", en: "{on} has not come yet."),
        NotHandedOver::NotOnItsWay => say!(lang,
            zh: "没有移交给本单位、尚待答复的这一项。",
            en: "Nothing of that number is on its way to this member."),
        NotHandedOver::NotDeclined => say!(lang,
            zh: "这一项没有被退回，接收方也没有退出协议，不能收回。",
            en: "Nothing of that number was declined, and nobody it was on its way to has left the agreement: there is nothing to take back."),
        NotHandedOver::NotNow => say!(lang,
            zh: "该协议目前不能发布（未核对、已过期或时钟有疑）。",
            en: "Under its agreement nothing may be said now: not confirmed, not valid, or a doubtful clock."),
        NotHandedOver::NoRow { id } => say!(lang,
            zh: "台账中没有 {id}；请先导入该车辆或资产的本省台账。",
            en: "The register has no {id}: import the row of the thing first."),
        NotHandedOver::RowTaken { id } => say!(lang,
            zh: "台账中的 {id} 已对应另一件。",
            en: "The row {id} of the register stands for another thing already."),
    }
}

/// All handovers.
pub fn handovers(lang: Lang, handovers: &[Handover]) -> String {
    let header = [
        say!(lang, zh: "编号", en: "thing"),
        say!(lang, zh: "移交方", en: "from"),
        say!(lang, zh: "接收方", en: "to"),
        say!(lang, zh: "状态", en: "state"),
        say!(lang, zh: "移交时间", en: "handed over"),
        say!(lang, zh: "号牌收回", en: "plate surrendered"),
        say!(lang, zh: "临时号牌有效期止", en: "temporary plate until"),
        say!(lang, zh: "接收后编号", en: "new number"),
    ];
    let row = |handover: &Handover| {
        vec![
            handover.id.clone(),
            handover.from.to_string(),
            handover.to.to_string(),
            stage(lang, handover.state),
            minute(handover.source.time),
            handover.plate_surrendered.map(|day| day.to_string()).unwrap_or_default(),
            handover.temporary_plate_until.map(|day| day.to_string()).unwrap_or_default(),
            handover.new_id.clone().unwrap_or_default(),
        ]
    };
    if handovers.is_empty() {
        return say!(lang, zh: "没有移交。", en: "No handovers.");
    }
    table(&header, &handovers.iter().map(row).collect::<Vec<_>>())
}

fn stage(lang: Lang, stage: Stage) -> String {
    match stage {
        Stage::Out => say!(lang, zh: "移交中", en: "on its way"),
        Stage::In => say!(lang, zh: "已接收", en: "taken in"),
        Stage::Declined => say!(lang, zh: "已退回，待收回", en: "declined"),
        Stage::Reclaimed => say!(lang, zh: "已收回", en: "taken back"),
        Stage::Void => say!(lang, zh: "无效", en: "void"),
    }
}
