//! Where a request stands (P52): a pure function of the set of facts that are known, whoever said them and in whatever
//! order they came. A fact counts by who said it and by what it cites, never by its time.

use prost::Message;
use serde::{Deserialize, Serialize};
use xietong_proto::crypto::hash;
use xietong_proto::id::*;
use xietong_proto::wire::requests::{Cite, Offer, Particulars, Request, Step};
use xietong_proto::wire::trips::{Bill, Dispatch, Evaluation, Return, Verdict};

use super::record;
use crate::systems::row::Source;

/// The newest record of a kind that somebody said about a request.
#[derive(Clone, Debug, PartialEq)]
pub struct Fact {
    /// Who.
    pub author: MemberCode,
    /// The low byte of its kind.
    pub kind: u16,
    /// Where it stands in its author's stream.
    pub source: Source,
    /// Its exact body.
    pub body: Vec<u8>,
}

/// A fact that was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Said<M> {
    /// Where it stands.
    pub source: Source,
    /// The SHA-256 of its body.
    pub hash: [u8; 32],
    /// What it says.
    pub says: M,
}

/// All that is known of one request.
#[derive(Clone, Debug, PartialEq)]
pub struct Talk {
    /// Whose thing was asked for.
    pub owner: MemberCode,
    /// What was asked.
    pub request: Said<Request>,
    /// By the requester.
    pub confirm: Option<Said<Step>>,
    /// By the requester.
    pub cancel: Option<Said<Step>>,
    /// By the owner.
    pub offer: Option<Said<Offer>>,
    /// By the owner.
    pub decline: Option<Said<Step>>,
    /// By the owner.
    pub wait: Option<Said<Step>>,
    /// By the owner; why, see [`release_state`].
    pub release: Option<Said<Step>>,
    /// The thing and the driver's telephone, as the owner told.
    pub thing: Option<Said<Particulars>>,
    /// Where and whom to call, as the requester told.
    pub contact: Option<Said<Particulars>>,
    /// By the owner.
    pub dispatch: Option<Said<Dispatch>>,
    /// By the owner.
    pub returned: Option<Said<Return>>,
    /// By the owner.
    pub bill: Option<Said<Bill>>,
    /// By the requester.
    pub settle: Option<Said<Verdict>>,
    /// By the requester.
    pub dispute: Option<Said<Verdict>>,
    /// By the requester.
    pub evaluation: Option<Said<Evaluation>>,
}

/// Where a request stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// 待答复: asked, and not answered.
    Submitted,
    /// 候补: on the owner's waiting list.
    Waiting,
    /// 待确认: something is held for the requester.
    Offered,
    /// 已确认: and the requester takes it.
    Confirmed,
    /// 撤销中: the requester wants it no more, and the owner has not let go yet.
    CancelAsked,
    /// 不同意.
    Declined,
    /// 逾期失效: the offer was not taken in time.
    Expired,
    /// 已取消, at the requester's wish.
    Cancelled,
    /// 已收回, by the owner.
    Withdrawn,
    /// 未到: nobody came.
    NoShow,
    /// 出车.
    Dispatched,
    /// 已交回.
    Returned,
    /// 待结算: a statement lies before the requester.
    Billed,
    /// 有异议: the requester does not agree with it.
    Disputed,
    /// 已结算.
    Settled,
    /// 已评价, the end.
    Closed,
}

impl State {
    /// All of them.
    pub const ALL: [Self; 16] = [
        Self::Submitted,
        Self::Waiting,
        Self::Offered,
        Self::Confirmed,
        Self::CancelAsked,
        Self::Declined,
        Self::Expired,
        Self::Cancelled,
        Self::Withdrawn,
        Self::NoShow,
        Self::Dispatched,
        Self::Returned,
        Self::Billed,
        Self::Disputed,
        Self::Settled,
        Self::Closed,
    ];
}

/// Why an owner lets go, as it stands in the record.
pub const EXPIRED: &str = "expired";
/// At the requester's wish.
pub const CANCELLED: &str = "cancelled";
/// Nobody came.
pub const NO_SHOW: &str = "no_show";

/// Reads a set of facts about one request; none if the request itself is not among them.
pub fn join(requester: MemberCode, facts: &[Fact]) -> Option<Talk> {
    let request: Said<Request> = newest(facts, requester, record::REQUEST)?;
    let owner = request.says.owner.parse().ok()?;
    Some(Talk {
        owner,
        confirm: newest(facts, requester, record::CONFIRM),
        cancel: newest(facts, requester, record::CANCEL),
        offer: newest(facts, owner, record::OFFER),
        decline: newest(facts, owner, record::DECLINE),
        wait: newest(facts, owner, record::WAIT),
        release: newest(facts, owner, record::RELEASE),
        thing: newest(facts, owner, record::PARTICULARS),
        contact: newest(facts, requester, record::PARTICULARS),
        dispatch: newest(facts, owner, record::DISPATCH),
        returned: newest(facts, owner, record::RETURN),
        bill: newest(facts, owner, record::BILL),
        settle: newest(facts, requester, record::SETTLE),
        dispute: newest(facts, requester, record::DISPUTE),
        evaluation: newest(facts, requester, record::EVALUATE),
        request,
    })
}

fn newest<M: Message + Default>(facts: &[Fact], author: MemberCode, kind: u16) -> Option<Said<M>> {
    let fact = facts.iter().rfind(|fact| (fact.author, fact.kind) == (author, kind))?;
    let says = M::decode(&fact.body[..]).ok()?;
    Some(Said { source: fact.source, hash: hash(&[&fact.body]), says })
}

impl Talk {
    /// Where the request stands.
    pub fn state(&self) -> State {
        let trip = self.holds().then(|| self.on_the_way()).flatten();
        self.settlement().or(trip).unwrap_or_else(|| self.allocation())
    }

    /// The offer, if it stands: neither declined nor released after it was made. Only the owner's own records say so.
    pub fn standing(&self) -> Option<&Said<Offer>> {
        let ended =
            [&self.decline, &self.release].into_iter().flatten().map(|said| place(&said.source)).max();
        self.offer.as_ref().filter(|offer| ended.is_none_or(|ended| ended < place(&offer.source)))
    }

    /// Whether the owner holds something for the requester.
    pub fn holds(&self) -> bool {
        self.standing().is_some()
    }

    /// Whether the requester has taken the offer that stands, or stood last.
    pub fn is_confirmed(&self) -> bool {
        let offer = self.offer.as_ref().map(|offer| place(&offer.source));
        self.confirm.as_ref().is_some_and(|confirm| cited(&confirm.says) == offer)
    }

    /// Whether the owner let go knowing that the requester had taken it: only then can it cost anything.
    pub fn was_released_in_knowledge(&self) -> bool {
        let known = self.release.as_ref().and_then(|release| cited(&release.says));
        let taken = self.confirm.as_ref().map(|confirm| place(&confirm.source));
        self.is_confirmed() && known >= taken
    }

    fn settlement(&self) -> Option<State> {
        let bill = self.bill.as_ref()?;
        let is_of_bill = |verdict: &&Said<Verdict>| verdict.says.bill[..] == bill.hash;
        Some(match (self.settle.as_ref().filter(is_of_bill), self.dispute.as_ref().filter(is_of_bill)) {
            (Some(_), _) if self.evaluation.is_some() => State::Closed,
            (Some(_), _) => State::Settled,
            (None, Some(_)) => State::Disputed,
            (None, None) => State::Billed,
        })
    }

    fn on_the_way(&self) -> Option<State> {
        self.dispatch.as_ref()?;
        Some(if self.returned.is_some() { State::Returned } else { State::Dispatched })
    }

    fn allocation(&self) -> State {
        if self.holds() {
            return match (&self.cancel, self.is_confirmed()) {
                (Some(_), _) => State::CancelAsked,
                (None, true) => State::Confirmed,
                (None, false) => State::Offered,
            };
        }
        let at = |said: &Option<Said<Step>>| said.as_ref().map(|said| place(&said.source));
        let released = self.release.as_ref().filter(|_| at(&self.release) > at(&self.decline));
        match released.map(|release| release_state(&release.says.reason)) {
            Some(State::Expired) if self.cancel.is_some() => State::Cancelled,
            Some(state) => state,
            None if self.decline.is_some() => State::Declined,
            None if self.cancel.is_some() => State::Cancelled,
            None if self.wait.is_some() => State::Waiting,
            None => State::Submitted,
        }
    }

    /// The newest public record of the owner, for the requester to cite.
    pub fn newest_of_owner(&self) -> Option<Cite> {
        let steps = [&self.decline, &self.wait, &self.release].into_iter().flatten().map(|said| said.source);
        newest_place(self.offer.iter().map(|offer| offer.source).chain(steps))
    }

    /// The newest public record of the requester, for the owner to cite.
    pub fn newest_of_requester(&self) -> Option<Cite> {
        let steps = [&self.confirm, &self.cancel].into_iter().flatten().map(|said| said.source);
        newest_place(std::iter::once(self.request.source).chain(steps))
    }
}

/// What it means that an owner let go for a reason.
pub fn release_state(reason: &str) -> State {
    match reason {
        EXPIRED => State::Expired,
        CANCELLED => State::Cancelled,
        NO_SHOW => State::NoShow,
        _ => State::Withdrawn,
    }
}

/// Where a record stands in what its author said: a stream that begins again (P38) does so under a later epoch.
fn place(source: &Source) -> (Epoch, Position, u32) {
    (source.epoch, source.position, source.index)
}

fn cited(step: &Step) -> Option<(Epoch, Position, u32)> {
    step.cites.as_ref().map(|cite| (Epoch(cite.epoch), Position(cite.position), cite.index))
}

fn newest_place(sources: impl Iterator<Item = Source>) -> Option<Cite> {
    let newest = sources.map(|source| place(&source)).max();
    newest.map(|(epoch, position, index)| Cite { position: position.0, index, epoch: epoch.0 })
}
