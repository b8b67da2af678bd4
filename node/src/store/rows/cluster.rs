//! How rows lie in an engine: those whose keys differ in the low half of the last byte alone lie together, packed, as
//! one cluster. To an engine five rows in one item are as dear as one, and neighbours are much alike. A cluster's key
//! follows from those of its rows, so none has to be looked for; a row without neighbours lies alone. Decides nothing
//! about what a row means.

use std::borrow::Cow;
use std::collections::BTreeMap;

/// What follows is as it is, or packed.
const PLAIN: u8 = 0;
const PACKED: u8 = 1;
/// Below so many bytes packing saves next to nothing.
const PACKED_BYTES_MIN: usize = 100;
/// Packing makes nothing smaller than one part in so many.
const RATIO_MAX: usize = 256;
/// In front of each row: the last byte of its key, the length of its value.
const ROW_HEAD_BYTES: usize = 5;

/// A row and the last byte of its key.
pub type Last<'a> = (u8, &'a [u8]);

/// The key of the cluster in which a row lies. It is not above any key in it.
pub fn key_of(row: &[u8]) -> Vec<u8> {
    let mut key = row.to_vec();
    if let Some(last) = key.last_mut() {
        *last &= 0xf0;
    }
    key
}

/// The value of one row of a cluster.
pub fn get(bytes: &[u8], row: &[u8]) -> Option<Option<Vec<u8>>> {
    let plain = unpack(bytes)?;
    let found = rows(&plain)?.into_iter().find(|(last, _)| Some(last) == row.last());
    Some(found.map(|(_, value)| value.to_vec()))
}

/// All rows of a cluster, with their keys and in their order.
pub fn open(key: &[u8], bytes: &[u8]) -> Option<Vec<(Vec<u8>, Vec<u8>)>> {
    let plain = unpack(bytes)?;
    let (_, first) = key.split_last()?;
    let with_key = |(last, value): Last| ([first, &[last]].concat(), value.to_vec());
    Some(rows(&plain)?.into_iter().map(with_key).collect())
}

/// A cluster with some rows changed; nothing if no row is left. `old` is it as it was.
pub fn change(old: Option<&[u8]>, changes: &[(u8, Option<Vec<u8>>)]) -> Option<Option<Vec<u8>>> {
    let plain = old.map_or(Some(Cow::Borrowed(&[][..])), unpack)?;
    let mut all: BTreeMap<u8, &[u8]> = rows(&plain)?.into_iter().collect();
    for (last, value) in changes {
        match value {
            Some(value) => all.insert(*last, value),
            None => all.remove(last),
        };
    }
    let mut to = Vec::with_capacity(plain.len() + ROW_HEAD_BYTES);
    for (last, value) in &all {
        to.push(*last);
        to.extend((value.len() as u32).to_be_bytes());
        to.extend(*value);
    }
    Some((!all.is_empty()).then(|| pack(&to)))
}

fn rows(plain: &[u8]) -> Option<Vec<Last<'_>>> {
    let (mut rows, mut rest) = (Vec::with_capacity(16), plain);
    while let Some((head, after)) = rest.split_first_chunk::<ROW_HEAD_BYTES>() {
        let [last, length @ ..] = *head;
        let (value, next) = after.split_at_checked(u32::from_be_bytes(length) as usize)?;
        rows.push((last, value));
        rest = next;
    }
    rest.is_empty().then_some(rows)
}

fn pack(plain: &[u8]) -> Vec<u8> {
    if plain.len() >= PACKED_BYTES_MIN {
        let packed = lz4_flex::compress_prepend_size(plain);
        if packed.len() < plain.len() {
            return [&[PACKED][..], &packed].concat();
        }
    }
    [&[PLAIN][..], plain].concat()
}

fn unpack(bytes: &[u8]) -> Option<Cow<'_, [u8]>> {
    match bytes.split_first()? {
        (&PLAIN, plain) => Some(plain.into()),
        (&PACKED, packed) => {
            let (length, _) = lz4_flex::block::uncompressed_size(packed).ok()?;
            let may_be = length <= packed.len() * RATIO_MAX;
            may_be.then(|| lz4_flex::decompress_size_prepended(packed).ok())?.map(Into::into)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cluster_gives_back_what_was_put_in() {
        let long = |byte| vec![byte; 300];
        let made = change(None, &[(b'3', Some(long(3))), (b'1', Some(long(1)))]).expect("nothing was there");
        let made = made.expect("two rows");
        assert!(made.len() < 100, "neighbours are packed together");
        assert_eq!(get(&made, b"a3"), Some(Some(long(3))));
        assert_eq!(get(&made, b"a2"), Some(None));
        let rows = vec![(b"a1".to_vec(), long(1)), (b"a3".to_vec(), long(3))];
        assert_eq!(open(&key_of(b"a7"), &made), Some(rows));
        let fewer = change(Some(&made), &[(b'3', None), (b'1', Some(vec![9]))]).expect("it is whole");
        assert_eq!(fewer, Some(vec![PLAIN, b'1', 0, 0, 0, 1, 9]));
        assert_eq!(change(fewer.as_deref(), &[(b'1', None)]), Some(None));
    }

    #[test]
    fn what_is_no_cluster_is_not_read() {
        let made = change(None, &[(7, Some(vec![1; 200]))]).flatten().expect("a row");
        let cut = &made[..made.len() - 1];
        let cases: [&[u8]; 6] =
            [&[], &[2], &[PLAIN, 7], &[PLAIN, 7, 0, 0, 0, 2, 9], cut, &[PACKED, 255, 255, 255, 255, 0]];
        for bytes in cases {
            assert_eq!(open(&[0], bytes), None, "{bytes:?}");
        }
    }
}
