//! Sentences about how an agreement lives on: why something cannot be said of a version, and when nobody writes.

use xietong_proto::epochs::Bar;
use xietong_proto::id::ManifestId;

use super::{Lang, list, not_in_force, paper, reject, say, system};
use crate::failure::VersionRefusal;
use crate::replica::epochs::Unsaid;
use crate::replica::status::AgreementState;

/// Why a proposal or an opinion is not taken over.
pub fn unsaid(lang: Lang, reason: &Unsaid) -> String {
    match reason {
        Unsaid::NotJoined => say!(lang,
            zh: "本节点没有加入这份协议。",
            en: "This node has not joined that agreement."),
        Unsaid::Unlawful { reject: reason } => reject(lang, reason),
        Unsaid::NotReady { reason } => not_in_force(lang, reason),
        Unsaid::CutNotHeld { author, system: number, have, cut } => {
            let name = system(lang, *number);
            say!(lang,
                zh: "该版次把 {author} 的{name}截止在序号 {cut}，而本节点只到序号 {have}，或持有的不是同一条；补齐后再表态。",
                en: "That version ends the {name} of {author} at position {cut}, and this node holds it up to {have}, or another entry there: wait until it has come.")
        }
        Unsaid::Barred { bar } => barred(lang, bar),
    }
}

/// Why this member may not say something of a version now.
pub fn barred(lang: Lang, bar: &Bar) -> String {
    match bar {
        Bar::NotOpen => say!(lang,
            zh: "该版次本节点没有，或不是接在现行版次之后，不再表态。",
            en: "That version is not known here, or does not follow the one in force: nothing can be said of it now."),
        Bar::NotAsked => say!(lang,
            zh: "该版次不需要本单位表态。",
            en: "This member is not asked about that version."),
        Bar::Spoken => say!(lang,
            zh: "本单位对该版次已作过相反的表态，不能收回。",
            en: "This member has said the opposite of that version, which cannot be taken back."),
        Bar::Leaving => say!(lang,
            zh: "本单位已提出退出，只能再同意自己的移出。",
            en: "This member has withdrawn: it can approve nothing more than its own removal."),
        Bar::Stays { against } => {
            let id = short(against);
            say!(lang,
                zh: "本单位已不同意自己的移出（{id}），本版次内不能再提出退出；要退出，请提出一个移出本单位的新版次。",
                en: "This member has declined its own removal ({id}) and cannot withdraw under this version any more: to leave, propose a version without it.")
        }
        Bar::Bound { to } => {
            let id = short(to);
            say!(lang,
                zh: "本单位已同意另一版次（{id}），它仍可能生效；待其生效或不足以生效后再表态。",
                en: "This member has approved another version ({id}) that may still come into force: wait until it does, or cannot any more.")
        }
    }
}

/// Why nobody writes under an agreement, or this member does not.
pub fn agreement_state(lang: Lang, title: &str, state: &AgreementState) -> String {
    match state {
        AgreementState::Open => {
            say!(lang, zh: "协议“{title}”生效中。", en: "The agreement \"{title}\" is in force.")
        }
        AgreementState::Left => say!(lang,
            zh: "本单位已不是“{title}”的成员：已有的数据可查阅，不再交换。",
            en: "This member has left \"{title}\": what is here can be read, nothing is exchanged any more."),
        AgreementState::Closed { by } => say!(lang,
            zh: "{by} 已退出“{title}”，协议终止：已有的数据可查阅，不再新增。",
            en: "{by} has withdrawn from \"{title}\", which ends it: readable, nothing new is authored."),
        AgreementState::Split { rivals, by } => {
            let (versions, by) = (rivals.len(), list(lang, by));
            say!(lang,
                zh: "“{title}”有 {versions} 个互相矛盾的后续版次，{by} 对不止一个签了同意：各方都暂停新增，须由其余成员共同同意一个协调版次。",
                en: "\"{title}\" has {versions} next versions that contradict each other, since {by} signed for more than one: nobody writes until the others approve a version that reconciles them.")
        }
    }
}

/// Why it is not clear which version is meant, or why nothing is said of it.
pub fn version_refusal(lang: Lang, refusal: &VersionRefusal) -> String {
    match refusal {
        VersionRefusal::NoneJoined => say!(lang,
            zh: "本节点没有加入任何协议。",
            en: "This node has joined no agreement."),
        VersionRefusal::NoSuchAgreement { name } => say!(lang,
            zh: "本节点加入的协议中，没有名称或编号以“{name}”开头的。",
            en: "No agreement that this node has joined has a title or id that begins with \"{name}\"."),
        VersionRefusal::WhichAgreement { titles } => {
            let titles = list(lang, titles);
            say!(lang,
                zh: "指哪份协议？请用 --agreement 写明名称的开头：{titles}。",
                en: "Which agreement? Name the beginning of its title with --agreement: {titles}.")
        }
        VersionRefusal::NothingWaits => say!(lang,
            zh: "没有等候表态的版次；历次版次见 xietong agreement history。",
            en: "No version waits for an opinion; xietong agreement history shows all of them."),
        VersionRefusal::VersionUnknown { fingerprint } => say!(lang,
            zh: "本节点没有指纹以 {fingerprint} 开头的版次。",
            en: "No version here has a fingerprint that begins with {fingerprint}."),
        VersionRefusal::WhichVersion { fingerprints } => {
            let fingerprints = list(lang, fingerprints);
            say!(lang,
                zh: "指哪一版次？请用 --version 写明指纹的开头：{fingerprints}。",
                en: "Which version? Name the beginning of its fingerprint with --version: {fingerprints}.")
        }
        VersionRefusal::VersionRefused { refusal } => paper(lang, refusal),
    }
}

/// The first digits of an id, to tell two apart.
fn short(id: &ManifestId) -> String {
    hex::encode(&id.0[..4])
}
