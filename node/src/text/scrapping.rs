//! Why a step on a vehicle's way out is refused.

use super::{Lang, say, word};
use crate::systems::vehicles::scrapping::NotScrapped;
use crate::systems::vehicles::status::STATUSES;

/// One sentence.
pub fn not_scrapped(lang: Lang, reason: &NotScrapped) -> String {
    match reason {
        NotScrapped::DocumentForm { chars_max } => say!(lang,
            zh: "文号或证明编号应为 1 至 {chars_max} 个字。",
            en: "A document has a number of 1 to {chars_max} characters."),
        NotScrapped::RecyclerForm => say!(lang,
            zh: "回收企业的统一社会信用代码不对。",
            en: "The recycler's credit code does not hold."),
        NotScrapped::StepMissing { step } => {
            let step = word(lang, STEPS, step);
            say!(lang, zh: "须先{step}。", en: "It has to be {step} first.")
        }
        NotScrapped::DoneBefore { on } => say!(lang, zh: "{on} 已办理。", en: "That was done on {on}."),
        NotScrapped::NotInOrder { after, until } => say!(lang,
            zh: "日期应在 {after} 至 {until} 之间。",
            en: "The day has to be from {after} to {until}."),
        NotScrapped::WrongState { was } => {
            let was = word(lang, STATUSES, was);
            say!(lang,
                zh: "台账中为“{was}”，不能再办报废。",
                en: "The register says \"{was}\": it cannot be scrapped from there.")
        }
    }
}

const STEPS: &[(&str, &str)] =
    &[("registered", "注册登记"), ("approved", "批准"), ("recycled", "由回收企业出具回收证明")];
