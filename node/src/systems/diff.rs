//! What disclosing takes and gives, whatever is disclosed.

use xietong_proto::entry::Record;

/// Which rows' disclosure to compare.
#[derive(Clone, Copy, Debug)]
pub enum Which<'a> {
    /// These.
    Keys(&'a [String]),
    /// All from a key on, at most so many.
    From { key: &'a str, rows_max: usize },
}

impl Which<'_> {
    /// How many at most.
    pub fn rows_max(&self) -> usize {
        match self {
            Self::Keys(_) => usize::MAX,
            Self::From { rows_max, .. } => *rows_max,
        }
    }
}

impl FromIterator<Self> for Diff {
    fn from_iter<I: IntoIterator<Item = Self>>(diffs: I) -> Self {
        diffs.into_iter().fold(Self::default(), |mut all, diff| {
            all.local.extend(diff.local);
            all.shared.extend(diff.shared);
            all
        })
    }
}

/// What has to be said so that a stream shows what it should.
#[derive(Debug, Default)]
pub struct Diff {
    /// For the local stream.
    pub local: Vec<Record>,
    /// For the stream that was compared.
    pub shared: Vec<Record>,
    /// The key to go on from.
    pub next: Option<String>,
}
