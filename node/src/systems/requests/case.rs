//! One request on which this node acts, and what may be said of it: who it is that may, at which state, under which
//! agreement, and the words that a record may carry. What is said to whom is decided in [`super::decide`] and in trips.

use prost::Message;
use xietong_proto::id::*;
use xietong_proto::wire::requests::{self as wire, Told};

use super::{About, NoGround, NotAsked, OutOfTurn, Refusal, Report, State, Talk, record};
use crate::systems::Decision;
use crate::systems::circle::{Circle, Standing};
use crate::systems::group::record as record_of;
use crate::systems::kind::Kind;
use crate::systems::rows::Rows;

/// What is decided upon.
#[derive(Clone, Copy)]
pub struct Here<'a> {
    /// Folded to all own heads.
    pub rows: &'a dyn Rows,
    /// By the node's clock.
    pub now: Millis,
    /// Who this node is, and under which agreements.
    pub circle: &'a Circle,
}

/// Milliseconds.
pub const HOUR_MS: u64 = 3_600_000;
/// An urgent request may be confirmed so long after it was promised, also when it has begun.
pub const URGENT_HOLD_H: u32 = 24;
/// Characters of a reason, and of a paper's number.
const TEXT_CHARS_MAX: usize = 200;

/// One request on which this node acts.
pub struct Case<'a> {
    /// On what.
    pub here: Here<'a>,
    /// Which.
    pub about: About,
    /// Under which agreement.
    pub agreement: AgreementId,
    /// All that is known of it.
    pub talk: &'a Talk,
}

impl Case<'_> {
    /// Of which register the thing is.
    pub fn kind(&self) -> Kind {
        Kind::of(self.about.system).unwrap_or(Kind::Vehicles)
    }

    /// Refuses who does not own the thing.
    pub fn own(&self) -> Result<(), OutOfTurn> {
        let owner = self.talk.owner;
        if owner == self.here.circle.me { Ok(()) } else { Err(OutOfTurn::NotTheOwner { owner }) }
    }

    /// Refuses who has not asked.
    pub fn asked(&self) -> Result<(), OutOfTurn> {
        let requester = self.about.requester;
        if requester == self.here.circle.me { Ok(()) } else { Err(OutOfTurn::NotTheRequester { requester }) }
    }

    /// Refuses unless the request stands at one of some states.
    pub fn stands_at(&self, states: &[State]) -> Result<(), OutOfTurn> {
        match self.talk.state() {
            state if states.contains(&state) => Ok(()),
            State::CancelAsked | State::Cancelled => Err(OutOfTurn::AlreadyCancelled),
            state => Err(OutOfTurn::WrongState { state }),
        }
    }

    /// The newest of the other party that is known here.
    pub fn cites(&self) -> Option<wire::Cite> {
        if self.about.requester == self.here.circle.me {
            self.talk.newest_of_owner()
        } else {
            self.talk.newest_of_requester()
        }
    }

    /// Says something to all members.
    pub fn say(&self, kind: u16, body: Vec<u8>, after: State) -> Result<Decision, Refusal> {
        let peer =
            if self.about.requester == self.here.circle.me { self.talk.owner } else { self.about.requester };
        let standing =
            self.here.circle.standing(self.agreement).ok_or(NoGround::NoAgreement { member: peer })?;
        check_open(standing, self.kind(), peer, self.here.now)?;
        let mut decision = stands(self.kind(), self.about, after);
        decision.said.push((self.agreement, record_of(self.about.system, kind, body)));
        Ok(decision)
    }

    /// Says something to the other party alone: at once to our own log, and there as soon as that can be.
    pub fn tell(&self, kind: u16, body: Vec<u8>, after: State) -> Decision {
        let me = self.here.circle.me;
        let peer = if self.about.requester == me { self.talk.owner } else { self.about.requester };
        let mut decision = stands(self.kind(), self.about, after);
        tell(&mut decision, self.agreement, peer, kind, body);
        decision
    }
}

/// Puts down what a member is to be told alone.
pub fn tell(decision: &mut Decision, agreement: AgreementId, peer: MemberCode, kind: u16, body: Vec<u8>) {
    let told = Told { agreement: agreement.0.to_vec(), peer: peer.to_string(), kind: kind.into(), body };
    let system = decision.kind.system();
    decision.local.push(record_of(system, record::TOLD, told.encode_to_vec()));
    decision.told.insert((agreement, peer));
}

/// The request stands so now.
pub fn stands(kind: Kind, id: About, state: State) -> Decision {
    let report = Report::Stands { id, state, repeated: false, next: Vec::new() };
    Decision { keys: vec![id.to_string()], ..Decision::of(kind, report) }
}

/// Refuses while, or where, nothing can be said under an agreement.
pub fn check_open(held: &Standing, kind: Kind, member: MemberCode, now: Millis) -> Result<(), NoGround> {
    if !held.scope.contains(&kind) {
        return Err(NoGround::OutOfScope { kind, member });
    }
    if now < held.valid_from || now >= held.valid_until {
        return Err(NoGround::AgreementExpired { until: held.valid_until });
    }
    if !held.open.contains(&kind) {
        return Err(NoGround::NotOpen { agreement: held.agreement });
    }
    Ok(())
}

/// A text that a record may carry.
pub fn checked(text: &str) -> Result<&str, NotAsked> {
    let is_short = text.chars().count() <= TEXT_CHARS_MAX;
    is_short.then_some(text.trim()).ok_or(NotAsked::TextTooLong { chars_max: TEXT_CHARS_MAX })
}

/// Digits and what stands between them: a name does not pass.
pub fn checked_telephone(text: &str) -> Result<String, NotAsked> {
    let telephone = text.trim();
    let is_one =
        telephone.len() <= 32 && telephone.chars().all(|c| c.is_ascii_digit() || "+- ()".contains(c));
    is_one
        .then(|| telephone.to_owned())
        .ok_or_else(|| NotAsked::TelephoneForm { telephone: telephone.to_owned() })
}
