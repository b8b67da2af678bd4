//! What a node presents to a member that may not know its transport key (P48): the manifests of an agreement with what
//! was said of them, and cards. It is told one way: nothing answers it.

use crate::bytes::within;
use crate::limits::{CARDS_MAX, CHAIN_BYTES_MAX};
use crate::reject::Reject;
use crate::sync::{Frame, Hello, Signing};

/// The name under which nodes open a stream for it.
pub const PROTOCOL: &str = "/xietong/chain/1";

/// One agreement, as far as the reader may know it. Nothing of it has been opened.
#[derive(Clone, Debug, PartialEq)]
pub struct Presentation {
    /// Names the agreement and introduces the sender, as on a link (P21).
    pub hello: Hello,
    /// Manifests with opinions on them, each after its predecessor (P39).
    pub signings: Vec<Signing>,
    /// Cards (P22).
    pub cards: Vec<Vec<u8>>,
}

impl Presentation {
    /// All of it: frames of the exchange, each behind its length.
    pub fn encode(&self) -> Vec<u8> {
        let hello = Frame::Hello(self.hello.clone());
        let signings = self.signings.iter().map(|signing| Frame::Signing(signing.clone()));
        let cards = self.cards.chunks(CARDS_MAX).map(|some| Frame::Cards(some.to_vec()));
        let frames = [hello].into_iter().chain(signings).chain(cards).map(|frame| frame.encode());
        frames.flat_map(|frame| [&(frame.len() as u32).to_be_bytes(), &frame[..]].concat()).collect()
    }

    /// Reads it; hello comes first, and nothing comes but manifests and then cards.
    pub fn decode(bytes: &[u8]) -> Result<Self, Reject> {
        within(bytes.len(), CHAIN_BYTES_MAX)?;
        let (first, mut rest) = first_frame(bytes)?;
        let Frame::Hello(hello) = first else { return Err(Reject::Malformed) };
        let mut shown = Self { hello, signings: Vec::new(), cards: Vec::new() };
        while !rest.is_empty() {
            let (frame, after) = first_frame(rest)?;
            match frame {
                Frame::Signing(signing) if shown.cards.is_empty() => shown.signings.push(signing),
                Frame::Cards(cards) => shown.cards.extend(cards),
                _ => return Err(Reject::Malformed),
            }
            rest = after;
        }
        Ok(shown)
    }
}

fn first_frame(bytes: &[u8]) -> Result<(Frame, &[u8]), Reject> {
    let (length, rest) = bytes.split_first_chunk().ok_or(Reject::Malformed)?;
    let length = u32::from_be_bytes(*length) as usize;
    let (frame, rest) = rest.split_at_checked(length).ok_or(Reject::Malformed)?;
    Ok((Frame::decode(frame)?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::*;
    use crate::opinion::Stance;

    fn shown() -> Presentation {
        let (agreement, manifest) = (AgreementId([1; 32]), ManifestId([2; 32]));
        let hello = Hello {
            agreement,
            manifest,
            instance: 3,
            time: Millis(4),
            addresses: Vec::new(),
            begun: Millis(2),
            answers: None,
        };
        let signing = Signing { manifest: vec![5; 9], opinions: vec![(Stance::Approves, vec![6; 9])] };
        Presentation { hello, signings: vec![signing; 2], cards: vec![vec![7; 9]; CARDS_MAX + 1] }
    }

    #[test]
    fn what_is_presented_is_read_as_it_was_written() {
        let alone = Presentation { signings: Vec::new(), cards: Vec::new(), ..shown() };
        for shown in [shown(), alone] {
            assert_eq!(Presentation::decode(&shown.encode()), Ok(shown));
        }
    }

    #[test]
    fn each_bad_presentation_is_refused() {
        let framed = |frames: &[Frame]| -> Vec<u8> {
            let frames = frames.iter().map(Frame::encode);
            frames.flat_map(|frame| [&(frame.len() as u32).to_be_bytes(), &frame[..]].concat()).collect()
        };
        let Presentation { hello, signings, cards } = shown();
        let (hello, signing) = (Frame::Hello(hello), Frame::Signing(signings[0].clone()));
        let (cards, other) = (Frame::Cards(cards[..1].to_vec()), Frame::Rival(1));
        let cut_short = shown().encode().split_last().map(|(_, rest)| rest.to_vec()).unwrap_or_default();
        let too_large =
            Reject::TooLarge { size: CHAIN_BYTES_MAX as u64 + 1, size_max: CHAIN_BYTES_MAX as u64 };
        let table = [
            (Vec::new(), Reject::Malformed),
            (vec![0; CHAIN_BYTES_MAX + 1], too_large),
            (cut_short, Reject::Malformed),
            (framed(std::slice::from_ref(&signing)), Reject::Malformed),
            (framed(&[hello.clone(), hello.clone()]), Reject::Malformed),
            (framed(&[hello.clone(), other]), Reject::Malformed),
            (framed(&[hello, cards, signing]), Reject::Malformed),
        ];
        for (bytes, reject) in table {
            assert_eq!(Presentation::decode(&bytes), Err(reject));
        }
    }
}
