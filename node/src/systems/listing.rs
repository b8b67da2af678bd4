//! What members see of a register's row: all of it that ever leaves stands in a [`Listing`].

use prost::Message;

use super::column::Column;
use super::fault::Stays;

/// What members see of a row.
pub trait Listing: Message + Default + Clone + PartialEq {
    /// The columns that tell listings apart on a screen; none stands for all.
    const ON_SCREEN: &[&str] = &[];
    /// Whether members see anything at all.
    const IS_SHOWN: bool = true;

    /// Puts the owner's number in.
    fn set_number(&mut self, number: u64);
    /// The owner's number.
    fn number(&self) -> u64;
    /// Every field of it.
    fn columns() -> &'static [Column<Self>];
}

/// What members see of a row that never leaves.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Nothing {}

impl Listing for Nothing {
    const IS_SHOWN: bool = false;

    fn set_number(&mut self, _: u64) {}

    fn number(&self) -> u64 {
        0
    }

    fn columns() -> &'static [Column<Self>] {
        &[]
    }
}

/// What leaves of a row.
#[derive(Clone, Debug, PartialEq)]
pub enum Disclosure<L> {
    /// It is not to be shared.
    NotShared,
    /// It is to be shared and may not.
    Stays(Stays),
    /// This.
    Leaves(L),
}

impl<L> Disclosure<L> {
    /// What leaves, if anything.
    pub fn leaves(self) -> Option<L> {
        match self {
            Disclosure::Leaves(listing) => Some(listing),
            Disclosure::NotShared | Disclosure::Stays(_) => None,
        }
    }
}
