//! What is said of bundles: one line for each code, and for each way in which one can end.

use super::*;
use crate::keys::bundle::BundleFault;
use crate::machine::Refusal as NodeRefusal;
use crate::replica::bundle::{Answers, Lacking, NoBundle, Played};
use crate::text;

#[test]
fn why_there_is_none() {
    let (member, agreement) = (code("220000"), AgreementId([1; 32]));
    let bundle = |reason| NodeRefusal::Bundle { reason };
    holds(
        text::node_refusal,
        &[
            (
                bundle(NoBundle::NothingShared { member }),
                "220000 没有这样的共同协议",
                "no such agreement with 220000",
            ),
            (
                bundle(NoBundle::SeveralShared { member, agreements: vec![agreement, AgreementId([2; 32])] }),
                "01010101、02020202",
                "01010101, 02020202",
            ),
            (bundle(NoBundle::OtherAgreement { agreement }), "协议 01010101", "agreement 01010101"),
            (bundle(NoBundle::Paused { member }), "peer resume 220000", "peer resume 220000"),
            (bundle(NoBundle::ShutOut { member }), "220000 违规过多", "220000 offended too often"),
            (bundle(Reject::BadSignature.into()), "签名不符", "signature does not hold"),
        ],
    );
}

#[test]
fn what_is_wrong_with_a_file() {
    holds(
        |lang, fault| text::bundle_fault(lang, 3, fault),
        &[
            (BundleFault::NoBundle, "不是离线包", "no bundle"),
            (BundleFault::NotForThisNode { to: PeerId([1; 32]) }, "0101010101010101…", "0101010101010101…"),
            (BundleFault::Altered { at: 9 }, "第 9 字节起被改动", "altered from byte 9"),
            (BundleFault::CutShort { at: 9 }, "已收录 3 条", "3 new entries were taken in"),
        ],
    );
}

#[test]
fn what_came_of_one() {
    let played = |answers, is_confirmed, lacking| {
        let (member, agreement) = (code("220000"), AgreementId([1; 32]));
        Played { member, agreement, admitted: 2, others: 1, lacking, answers, is_confirmed }
    };
    let (have, shown) = (Position(4), Position(9));
    let gap = Lacking { author: code("210000"), system: System::VEHICLES, have, shown };
    holds(
        text::bundle_taken,
        &[
            (played(Answers::Nothing, false, vec![]), "还没有本节点", "had no bundle of this node"),
            (played(Answers::OlderStart, false, vec![]), "较早的一次启动", "an older start"),
            (played(Answers::ThisStart, false, vec![]), "还在等其他成员", "waits for others"),
            (played(Answers::ThisStart, true, vec![]), "新条目 2 条", "2 new entries"),
            (played(Answers::ThisStart, true, vec![gap]), "210000   车辆", "210000   vehicles"),
        ],
    );
}
