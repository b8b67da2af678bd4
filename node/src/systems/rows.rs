//! Rows: what systems read and folds write, as keys and values on one fixed snapshot. Where the rows lie is
//! the store's business; what is written leaves only through an [`Overlay`]'s changes.

use std::collections::BTreeMap;

/// Keys and values in key order, on one fixed snapshot.
pub trait Rows {
    /// The value at a key.
    fn get(&self, key: &[u8]) -> Option<Vec<u8>>;

    /// The rows whose key begins with `prefix` and is not below `from`, in key order.
    fn scan<'a>(&'a self, prefix: &[u8], from: &[u8]) -> RowIter<'a>;
}

/// Keys and values in key order.
pub type RowIter<'a> = Box<dyn Iterator<Item = (Vec<u8>, Vec<u8>)> + 'a>;

/// Changed rows; none = removed.
pub type Changes = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

/// Rows as they will be after a step that is not committed yet.
pub struct Overlay<'a> {
    base: &'a dyn Rows,
    changes: Changes,
}

impl<'a> Overlay<'a> {
    /// Nothing changed yet.
    pub fn new(base: &'a dyn Rows) -> Self {
        Self { base, changes: Changes::new() }
    }

    /// Sets a row.
    pub fn put(&mut self, key: Vec<u8>, value: Vec<u8>) {
        self.changes.insert(key, Some(value));
    }

    /// Removes a row.
    pub fn remove(&mut self, key: Vec<u8>) {
        self.changes.insert(key, None);
    }

    /// What to write.
    pub fn into_changes(self) -> Changes {
        self.changes
    }
}

impl Rows for Overlay<'_> {
    fn get(&self, key: &[u8]) -> Option<Vec<u8>> {
        match self.changes.get(key) {
            Some(changed) => changed.clone(),
            None => self.base.get(key),
        }
    }

    fn scan<'a>(&'a self, prefix: &[u8], from: &[u8]) -> RowIter<'a> {
        let from = from.max(prefix).to_vec();
        let prefix = prefix.to_vec();
        let below = self.base.scan(&prefix, &from);
        let above = self.changes.range(from..).take_while(move |(key, _)| key.starts_with(&prefix));
        Box::new(Merged { below: below.peekable(), above: above.peekable() })
    }
}

struct Merged<B: Iterator, A: Iterator> {
    below: std::iter::Peekable<B>,
    above: std::iter::Peekable<A>,
}

impl<'a, B, A> Iterator for Merged<B, A>
where
    B: Iterator<Item = (Vec<u8>, Vec<u8>)>,
    A: Iterator<Item = (&'a Vec<u8>, &'a Option<Vec<u8>>)>,
{
    type Item = (Vec<u8>, Vec<u8>);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let changed = match (self.below.peek(), self.above.peek()) {
                (None, None) => return None,
                (Some(_), None) => false,
                (None, Some(_)) => true,
                (Some((below, _)), Some((above, _))) => *above <= below,
            };
            if !changed {
                return self.below.next();
            }
            let (key, value) = self.above.next()?;
            self.below.next_if(|(below, _)| below == key);
            if let Some(value) = value {
                return Some((key.clone(), value.clone()));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Nothing;

    impl Rows for Nothing {
        fn get(&self, _: &[u8]) -> Option<Vec<u8>> {
            None
        }
        fn scan<'a>(&'a self, _: &[u8], _: &[u8]) -> RowIter<'a> {
            Box::new(std::iter::empty())
        }
    }

    #[test]
    fn an_overlay_shows_its_changes_in_key_order_over_what_lies_below() {
        let mut below = Overlay::new(&Nothing);
        for key in ["a1", "a3", "a5", "b1"] {
            below.put(key.into(), b"below".to_vec());
        }
        let mut above = Overlay::new(&below);
        above.put("a2".into(), b"above".to_vec());
        above.put("a3".into(), b"above".to_vec());
        above.remove("a5".into());
        let keys = |prefix: &str, from: &str| -> Vec<String> {
            let rows = above.scan(prefix.as_bytes(), from.as_bytes());
            rows.map(|(key, value)| String::from_utf8([key, b"=".to_vec(), value].concat()).unwrap())
                .collect()
        };
        assert_eq!(keys("a", ""), ["a1=below", "a2=above", "a3=above"]);
        assert_eq!(keys("a", "a2"), ["a2=above", "a3=above"]);
        assert_eq!(above.get(b"a5"), None);
    }
}
