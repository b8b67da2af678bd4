//! The tree over an entry's leaves, in the shape of RFC 6962 (P7). Leaves come hashed.

use crate::crypto::hash;
use crate::id::Root;

/// The root over at least one leaf; zero over none, which no entry has.
pub fn root(leaves: &[[u8; 32]]) -> Root {
    Root(subtree(leaves))
}

/// The siblings from leaf `index` upwards.
pub fn path(leaves: &[[u8; 32]], index: usize) -> Vec<[u8; 32]> {
    let Some(split) = split_of(leaves.len()) else { return Vec::new() };
    let (left, right) = leaves.split_at(split);
    let (mut path, sibling) = if index < split {
        (self::path(left, index), subtree(right))
    } else {
        (self::path(right, index - split), subtree(left))
    };
    path.push(sibling);
    path
}

/// The root that `leaf` at `index` of `count` and its siblings lead to; none if the path cannot be of that
/// place.
pub fn climb(leaf: [u8; 32], index: usize, count: usize, path: &[[u8; 32]]) -> Option<[u8; 32]> {
    if index >= count {
        return None;
    }
    let Some(split) = split_of(count) else { return path.is_empty().then_some(leaf) };
    let (sibling, below) = path.split_last()?;
    Some(if index < split {
        node(&climb(leaf, index, split, below)?, sibling)
    } else {
        node(sibling, &climb(leaf, index - split, count - split, below)?)
    })
}

fn subtree(leaves: &[[u8; 32]]) -> [u8; 32] {
    match (split_of(leaves.len()), leaves) {
        (Some(split), _) => node(&subtree(&leaves[..split]), &subtree(&leaves[split..])),
        (None, [leaf]) => *leaf,
        (None, _) => [0; 32],
    }
}

fn node(left: &[u8; 32], right: &[u8; 32]) -> [u8; 32] {
    hash(&[&[1], left, right])
}

/// The largest power of two below `count`; none where there is nothing to split.
fn split_of(count: usize) -> Option<usize> {
    (count > 1).then(|| count.next_power_of_two() / 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_path_leads_to_the_root_from_its_own_place_only() {
        for count in 1..40usize {
            let leaves: Vec<[u8; 32]> = (0..count).map(|i| hash(&[&i.to_be_bytes()])).collect();
            for index in 0..count {
                let path = path(&leaves, index);
                assert_eq!(climb(leaves[index], index, count, &path), Some(root(&leaves).0));
                let elsewhere = (index + 1) % (count + 1);
                assert_ne!(climb(leaves[index], elsewhere, count, &path), Some(root(&leaves).0));
            }
        }
    }
}
