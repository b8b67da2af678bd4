//! Why a paper or a proposal is refused.

use super::epochs::barred;
use super::{Lang, list, reject, say, system};
use crate::papers::PaperRefusal;
use crate::papers::proposal::ProposalRefusal;
use crate::tables::Difference;

/// One sentence about a member card or an agreement file.
pub fn paper(lang: Lang, refusal: &PaperRefusal) -> String {
    match refusal {
        PaperRefusal::PaperForm { line, detail } => say!(lang,
            zh: "不是完整的名片或协议文件：第 {line} 行，{detail}。",
            en: "Not a whole card or agreement file: line {line}, {detail}."),
        PaperRefusal::NotHex { part } => say!(lang,
            zh: "{part} 不是十六进制数字，文件已损坏。",
            en: "{part} is not hexadecimal: the file is damaged."),
        PaperRefusal::Unlawful { part, reject: reason } => {
            let reason = reject(lang, reason);
            say!(lang, zh: "{part} 不予接受：{reason}", en: "{part} is refused: {reason}")
        }
        PaperRefusal::StaysAtHome { system: number } => {
            let name = system(lang, *number);
            say!(lang,
                zh: "协议把{name}列入了共享范围；{name}台账从不出省。",
                en: "The agreement names {name} in its scope; they never leave their province.")
        }
        PaperRefusal::CardMissing { member } => say!(lang,
            zh: "缺少成员 {member} 的名片。",
            en: "The card of member {member} is missing."),
        PaperRefusal::CardNotNamed { member } => say!(lang,
            zh: "{member} 的这张名片不是协议文本所指的那一张。",
            en: "This card of {member} is not the one that the manifest names."),
        PaperRefusal::CardContradicts { member } => say!(lang,
            zh: "协议文本中 {member} 的名称、统一社会信用代码或印章密钥与其名片不一致。",
            en: "The manifest gives {member} another name, USCC or seal key than its card does."),
        PaperRefusal::CopyDiffers(difference) => differs(lang, difference),
        PaperRefusal::NotAMember { member } => say!(lang,
            zh: "本单位 {member} 不是这份协议的成员。",
            en: "This member, {member}, is not named in the agreement."),
        PaperRefusal::OtherSealKey { member } => say!(lang,
            zh: "协议中 {member} 的印章密钥不是本单位的印章密钥。",
            en: "The agreement names another seal key for {member} than the one held here."),
        PaperRefusal::SealNotNamed => say!(lang,
            zh: "协议中没有任何成员使用这把印章密钥：本单位不在其中，或用错了密钥文件。",
            en: "No member in the agreement has this seal key: this office is not in it, or it is the wrong key file."),
        PaperRefusal::NoManifest => say!(lang,
            zh: "文件中没有协议文本。",
            en: "There is no version of an agreement in the file."),
        PaperRefusal::OtherAgreement { first, other } => say!(lang,
            zh: "不是同一份协议：指纹分别为 {first} 和 {other}。",
            en: "Not the same agreement: the fingerprints are {first} and {other}."),
        PaperRefusal::Unapproved => say!(lang,
            zh: "还没有任何成员批准这份协议。",
            en: "No member has approved this agreement yet."),
        PaperRefusal::PartlyApproved { missing } => {
            let missing = list(lang, missing);
            say!(lang, zh: "尚未批准的成员：{missing}。", en: "These members have not approved yet: {missing}.")
        }
        PaperRefusal::NotToCome => say!(lang,
            zh: "这一版次不会生效：反对的成员已足够多，或另一版次取代了它。",
            en: "This version does not come into force: enough have declined it, or another stands in its place."),
        PaperRefusal::Barred { bar } => barred(lang, bar),
    }
}

fn differs(lang: Lang, difference: &Difference) -> String {
    let field = &difference.field;
    match (&difference.copy, &difference.exact) {
        (Some(copy), Some(exact)) => say!(lang,
            zh: "文件被改动过：{field} 写的是“{copy}”，而所签内容是“{exact}”。",
            en: "The file was altered: {field} reads \"{copy}\", but what is signed says \"{exact}\"."),
        (Some(copy), None) => say!(lang,
            zh: "文件被改动过：所签内容中没有 {field}（“{copy}”）。",
            en: "The file was altered: what is signed has no {field} (\"{copy}\")."),
        (None, exact) => {
            let exact = exact.as_deref().unwrap_or_default();
            say!(lang,
                zh: "文件被改动过：缺少 {field}，所签内容是“{exact}”。",
                en: "The file was altered: {field} is missing; what is signed says \"{exact}\".")
        }
    }
}

/// One sentence about a proposal.
pub fn proposal(lang: Lang, refusal: &ProposalRefusal) -> String {
    match refusal {
        ProposalRefusal::ProposalForm { line, detail } => say!(lang,
            zh: "协议草案第 {line} 行：{detail}。写法见 config/agreement.example.toml。",
            en: "Line {line} of the proposal: {detail}. See config/agreement.example.toml."),
        ProposalRefusal::UnknownSystem { name } => say!(lang,
            zh: "没有可共享的业务领域“{name}”；可写 assets、vehicles、energy。",
            en: "No system \"{name}\" can be shared; there are assets, vehicles, energy."),
        ProposalRefusal::StaysAtHome { system: number } => {
            let name = system(lang, *number);
            say!(lang,
                zh: "{name}不能共享：{name}台账从不出省。",
                en: "{name} cannot be shared: they never leave their province.")
        }
        ProposalRefusal::SystemTwice { name } => say!(lang,
            zh: "业务领域 {name} 写了两次。",
            en: "The system {name} is named twice."),
        ProposalRefusal::NoSystem => say!(lang,
            zh: "至少要有一个业务领域。",
            en: "At least one system is needed."),
        ProposalRefusal::MemberCount { count, count_max } => say!(lang,
            zh: "协议要有 2 至 {count_max} 个成员，这里有 {count} 个。",
            en: "An agreement has 2 to {count_max} members; here are {count}."),
        ProposalRefusal::MemberTwice { member } => say!(lang,
            zh: "成员 {member} 有两张名片。",
            en: "There are two cards of member {member}."),
        ProposalRefusal::SealInForce { member } => say!(lang,
            zh: "{member} 已是成员，这张名片用的就是现行的印章：新名片会自行送达，无需提议；换了印章才用它的新名片提议。",
            en: "{member} is a member, and this card is under the seal that is in force: a newer card travels by itself. Only a card under another seal is to be agreed on."),
        ProposalRefusal::SealKeyTwice { first, second } => say!(lang,
            zh: "{first} 和 {second} 用了同一个印章密钥，其中一方就能代签另一方。",
            en: "{first} and {second} have the same seal key: one could sign for the other."),
        ProposalRefusal::QuorumOutOfRange { quorum, quorum_min, quorum_max } => say!(lang,
            zh: "表决数 {quorum} 不可用：应为 {quorum_min} 至 {quorum_max}。",
            en: "The quorum {quorum} cannot be used: it has to be {quorum_min} to {quorum_max}."),
        ProposalRefusal::DateForm { text } => say!(lang,
            zh: "“{text}”不是日期，应如 2041-12-31。",
            en: "\"{text}\" is no date such as 2041-12-31."),
        ProposalRefusal::OverAlready { until } => say!(lang,
            zh: "{until} 已经过去。",
            en: "{until} is already over."),
        ProposalRefusal::NoMemberYet { member } => say!(lang,
            zh: "{member} 还不是成员：请写其名片文件，而不是代码。",
            en: "{member} is no member yet: name its card file, not its code."),
        ProposalRefusal::NoSuchVersion { fingerprint } => say!(lang,
            zh: "没有哪一版次的指纹以 {fingerprint} 开头，或不止一个。",
            en: "No version has a fingerprint that begins with {fingerprint}, or several have."),
        ProposalRefusal::TooFewStay { stay, members } => say!(lang,
            zh: "{members} 个成员中只有 {stay} 个照旧留下，要超过半数才能批准；两个成员的协议不能由一方替另一方换印章，请另行订立。",
            en: "Of {members} members only {stay} would stay as they are, and it takes more than half. In an agreement of two nobody can give the other a new seal: found another."),
        ProposalRefusal::ClosedForGood { by } => say!(lang,
            zh: "{by} 已退出，协议已终止，不再有下一版次；请另行订立。",
            en: "{by} has withdrawn, which ended the agreement: nothing follows it. Found another."),
        ProposalRefusal::NothingChanges => say!(lang,
            zh: "与现行版次相同，没有可提出的内容。",
            en: "This is what is in force: there is nothing to propose."),
        ProposalRefusal::UnlawfulProposal { reject: reason } => reject(lang, reason),
    }
}
