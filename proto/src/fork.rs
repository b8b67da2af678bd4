//! Forks: the proof that an author signed two entries for one place (P35), and how far its stream counts all
//! the same (P36).

use std::collections::BTreeMap;

use crate::bytes::within;
use crate::crypto::PublicKey;
use crate::entry::{ENTRY_HEAD_BYTES, EntryHead};
use crate::header::Header;
use crate::id::*;
use crate::reject::Reject;
use crate::stream::Stream;

/// Two entries of one author that follow the same entry (P35). Both signatures hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForkProof {
    first: EntryHead,
    second: EntryHead,
}

impl ForkProof {
    /// Judges a pair in the order of P35.
    pub fn open<'a>(
        [first, second]: [EntryHead; 2],
        key: impl Fn(&Header) -> Result<&'a PublicKey, Reject>,
    ) -> Result<Self, Reject> {
        let (one, other) = (first.header(), second.header());
        for (agrees, field) in [
            (one.stream == other.stream, "fork.stream"),
            (one.position == other.position, "fork.position"),
            (one.previous == other.previous, "fork.previous"),
            (first.id() != second.id(), "fork.id"),
        ] {
            if !agrees {
                return Err(Reject::BadField { field: field.to_owned() });
            }
        }
        first.open(key(one)?)?;
        second.open(key(other)?)?;
        Ok(Self { first, second })
    }

    /// Reads a pair: two entry heads, one after the other.
    pub fn split(bytes: &[u8]) -> Result<[EntryHead; 2], Reject> {
        let (first, second) = bytes.split_at_checked(ENTRY_HEAD_BYTES).ok_or(Reject::Malformed)?;
        Ok([EntryHead::decode(first)?, EntryHead::decode(second)?])
    }

    /// As it travels.
    pub fn bytes(&self) -> Vec<u8> {
        [self.first.bytes(), self.second.bytes()].concat()
    }

    /// The two that follow the same entry.
    pub fn heads(&self) -> [&EntryHead; 2] {
        [&self.first, &self.second]
    }

    /// Which stream is forked.
    pub fn stream(&self) -> Stream {
        self.first.header().stream
    }

    /// The place that was given twice.
    pub fn at(&self) -> Position {
        self.first.header().position
    }

    /// The entry that both follow.
    pub fn previous(&self) -> EntryId {
        self.first.header().previous
    }
}

/// Entry heads that stand one after the other, as many as fit.
pub fn split_heads(bytes: &[u8], bytes_max: usize) -> Result<Vec<EntryHead>, Reject> {
    within(bytes.len(), bytes_max)?;
    let (heads, rest) = bytes.as_chunks::<ENTRY_HEAD_BYTES>();
    if !rest.is_empty() {
        return Err(Reject::Malformed);
    }
    heads.iter().map(|head| EntryHead::decode(head)).collect()
}

/// What leads to an entry: a chain that others share up to `trunk`, then the ids that follow.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lineage {
    /// How far along the common chain.
    pub trunk: Position,
    /// Every entry behind that, in order.
    pub branch: Vec<EntryId>,
}

impl Lineage {
    /// The place where it ends.
    pub fn end(&self) -> Position {
        Position(self.trunk.0 + self.branch.len() as u64)
    }
}

/// How far a stream counts that is forked at `at` (P36): the deepest entry from there on that leads to what
/// more than half of the `others` have signed that they hold; without one, up to the entry before the fork.
/// `signed` has one lineage for each of them whose newest receipt names the stream, all along one chain.
pub fn supported(others: usize, at: Position, signed: &[Lineage]) -> Lineage {
    let needed = others / 2 + 1;
    let before = Lineage { trunk: Position(at.0 - 1), branch: Vec::new() };
    let mut trunks: Vec<Position> = signed.iter().map(|lineage| lineage.trunk).collect();
    trunks.sort_unstable_by(|a, b| b.cmp(a));
    let Some(trunk) = trunks.get(needed - 1).copied().filter(|trunk| *trunk >= before.trunk) else {
        return before;
    };
    // Whoever went on along the chain is outvoted there: only those who left it here can agree on more.
    let leaving = signed.iter().filter(|lineage| lineage.trunk == trunk);
    let mut leaving: Vec<&[EntryId]> = leaving.map(|lineage| &lineage.branch[..]).collect();
    let mut branch = Vec::new();
    while let Some(next) = agreed(&leaving, branch.len(), needed) {
        leaving.retain(|ids| ids.get(branch.len()) == Some(&next));
        branch.push(next);
    }
    Lineage { trunk, branch }
}

fn agreed(branches: &[&[EntryId]], depth: usize, needed: usize) -> Option<EntryId> {
    let mut votes: BTreeMap<EntryId, usize> = BTreeMap::new();
    branches.iter().filter_map(|ids| ids.get(depth)).for_each(|id| *votes.entry(*id).or_default() += 1);
    votes.into_iter().find(|(_, votes)| *votes >= needed).map(|(id, _)| id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(of: u64) -> EntryId {
        let mut id = [0; 32];
        id[..8].copy_from_slice(&of.to_be_bytes());
        EntryId(id)
    }

    fn lineage(trunk: u64, branch: &[u64]) -> Lineage {
        Lineage { trunk: Position(trunk), branch: branch.iter().map(|of| id(*of)).collect() }
    }

    #[test]
    fn a_stream_counts_as_far_as_more_than_half_hold_it() {
        let table: &[(usize, u64, &[Lineage], Lineage)] = &[
            (1, 5, &[], lineage(4, &[])),
            (1, 5, &[lineage(9, &[])], lineage(9, &[])),
            (1, 5, &[lineage(4, &[51, 61])], lineage(4, &[51, 61])),
            (1, 5, &[lineage(3, &[])], lineage(4, &[])),
            // Two of two must agree.
            (2, 5, &[lineage(9, &[]), lineage(4, &[51])], lineage(4, &[])),
            (2, 5, &[lineage(9, &[]), lineage(7, &[])], lineage(7, &[])),
            (2, 5, &[lineage(4, &[51, 61, 71]), lineage(4, &[51, 61])], lineage(4, &[51, 61])),
            // Two of three.
            (3, 5, &[lineage(9, &[]), lineage(7, &[]), lineage(4, &[51])], lineage(7, &[])),
            (3, 5, &[lineage(9, &[]), lineage(4, &[51]), lineage(4, &[51, 61])], lineage(4, &[51])),
            (3, 5, &[lineage(9, &[]), lineage(4, &[51]), lineage(4, &[52])], lineage(4, &[])),
            // A second fork behind the first: what leads to both counts.
            (3, 5, &[lineage(4, &[51, 61]), lineage(4, &[51, 62])], lineage(4, &[51])),
            (4, 5, &[lineage(7, &[81]), lineage(7, &[81, 91]), lineage(9, &[])], lineage(7, &[])),
            (4, 5, &[lineage(7, &[81]), lineage(7, &[81, 91]), lineage(7, &[81])], lineage(7, &[81])),
        ];
        for (others, at, signed, expected) in table {
            assert_eq!(supported(*others, Position(*at), signed), *expected, "{others} {at} {signed:?}");
        }
    }

    /// Every receipt as all the entries that it names, without a common chain: the rule as it is written.
    fn by_the_letter(others: usize, at: u64, paths: &[Vec<u64>]) -> Vec<u64> {
        let mut deepest = Vec::new();
        for depth in 0.. {
            let mut votes: BTreeMap<&[u64], usize> = BTreeMap::new();
            paths
                .iter()
                .filter_map(|path| path.get(..=depth))
                .for_each(|p| *votes.entry(p).or_default() += 1);
            match votes.into_iter().find(|(_, votes)| 2 * votes > others) {
                Some((path, _)) => deepest = path.to_vec(),
                None => break,
            }
        }
        assert!(at > 0);
        deepest
    }

    /// All ways in which up to four members can hold branches of up to three entries, seen along each branch.
    #[test]
    fn whichever_chain_one_looks_along_the_same_counts() {
        let mut branches: Vec<Vec<u64>> = vec![Vec::new()];
        for length in 1..=3 {
            for choice in 0..1_u64 << length {
                branches.push((0..length).map(|depth| ((choice >> depth) & 1) + 10 * (depth + 1)).collect());
            }
        }
        let named = |path: &[u64]| -> Vec<u64> {
            // An id names all that leads to it.
            (1..=path.len()).map(|n| path[..n].iter().fold(7, |sum, step| sum * 100 + step)).collect()
        };
        let count = branches.len();
        for choice in 0..count.pow(3) {
            let held = [choice % count, choice / count % count, choice / count / count];
            let paths: Vec<Vec<u64>> = held.iter().map(|at| named(&branches[*at])).collect();
            for others in 3..=4 {
                let expected = by_the_letter(others, 5, &paths);
                for trunk in branches.iter().map(|path| named(path)) {
                    let along = |path: &Vec<u64>| {
                        let common = path.iter().zip(&trunk).take_while(|(a, b)| a == b).count();
                        lineage(4 + common as u64, &path[common..])
                    };
                    let signed: Vec<Lineage> = paths.iter().map(along).collect();
                    let found = supported(others, Position(5), &signed);
                    let common = (found.trunk.0 - 4) as usize;
                    let ids: Vec<EntryId> =
                        trunk[..common].iter().map(|of| id(*of)).chain(found.branch).collect();
                    assert_eq!(ids, expected.iter().map(|of| id(*of)).collect::<Vec<_>>(), "{paths:?}");
                }
            }
        }
    }
}
