//! The question whether a node can be dialled (P47): who opens this protocol is told what became of dialling each of
//! its addresses. Nothing in it is evidence or changes what a node holds.

use prost::Message;
use serde::{Deserialize, Serialize};

use crate::bytes::within;
use crate::limits::{REACH_ADDRESSES_MAX, REACH_BYTES_MAX, TEXT_BYTES_MAX};
use crate::object::{bounded, is_text};
use crate::reject::Reject;
use crate::wire::sync as wire;

/// The name under which nodes open a stream for it.
pub const PROTOCOL: &str = "/xietong/reach/1";

/// What became of dialling one address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dialled {
    /// A multiaddress.
    pub address: String,
    /// What happened.
    pub outcome: Outcome,
}

/// What can become of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// The node that was looked for answered.
    Reached,
    /// Nobody did.
    Silent,
    /// Somebody with another transport key did.
    Stranger,
}

impl Dialled {
    /// The whole answer.
    pub fn encode(all: &[Self]) -> Vec<u8> {
        let dialled = |dialled: &Self| {
            let outcome = match dialled.outcome {
                Outcome::Reached => 1,
                Outcome::Silent => 2,
                Outcome::Stranger => 3,
            };
            wire::Dialled { address: dialled.address.clone(), outcome }
        };
        wire::Reach { dialled: all.iter().map(dialled).collect() }.encode_to_vec()
    }

    /// Reads an answer; its list is held against its limit.
    pub fn decode(bytes: &[u8]) -> Result<Vec<Self>, Reject> {
        let wire: wire::Reach = bounded(bytes, REACH_BYTES_MAX)?;
        within(wire.dialled.len(), REACH_ADDRESSES_MAX)?;
        wire.dialled.into_iter().map(Self::from_wire).collect()
    }

    fn from_wire(dialled: wire::Dialled) -> Result<Self, Reject> {
        let outcome = match dialled.outcome {
            1 => Outcome::Reached,
            2 => Outcome::Silent,
            3 => Outcome::Stranger,
            _ => return Err(Reject::Malformed),
        };
        let is_fit = is_text(&dialled.address, TEXT_BYTES_MAX);
        is_fit.then_some(Self { address: dialled.address, outcome }).ok_or(Reject::Malformed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dialled(address: &str, outcome: Outcome) -> Dialled {
        Dialled { address: address.to_owned(), outcome }
    }

    #[test]
    fn an_answer_is_read_as_it_was_written() {
        let all = [Outcome::Reached, Outcome::Silent, Outcome::Stranger]
            .map(|outcome| dialled("/ip4/1.2.3.4", outcome));
        assert_eq!(Dialled::decode(&Dialled::encode(&all)), Ok(all.to_vec()));
        assert_eq!(Dialled::decode(&[]), Ok(Vec::new()));
    }

    #[test]
    fn each_bad_answer_is_refused() {
        let many = vec![dialled("/ip4/1.2.3.4", Outcome::Silent); REACH_ADDRESSES_MAX + 1];
        let odd = wire::Reach { dialled: vec![wire::Dialled { address: "/x".to_owned(), outcome: 4 }] };
        let nameless = Dialled::encode(&[dialled("", Outcome::Reached)]);
        let table = [
            (
                vec![0; REACH_BYTES_MAX + 1],
                Reject::TooLarge { size: REACH_BYTES_MAX as u64 + 1, size_max: REACH_BYTES_MAX as u64 },
            ),
            (
                Dialled::encode(&many),
                Reject::TooLarge { size: many.len() as u64, size_max: REACH_ADDRESSES_MAX as u64 },
            ),
            (odd.encode_to_vec(), Reject::Malformed),
            (nameless, Reject::Malformed),
            (vec![0xff], Reject::Malformed),
        ];
        for (bytes, reject) in table {
            assert_eq!(Dialled::decode(&bytes), Err(reject));
        }
    }
}
