//! Requests 请求: one member asks for a thing that another lists, and the owner answers. Each writes in its own
//! streams, nobody's record binds the other, and only the owner allocates, against what it holds under all its
//! agreements. Where a request stands is joined from what both said, at query; no fold reads another stream.
//!
//! Knows nothing of vehicles or assets beyond what a [`Lent`] register says of its things.

pub mod about;
mod act;
mod ask;
mod case;
mod decide;
mod due;
mod fold;
pub mod query;
pub mod record;
mod refusal;
mod spoken;
mod talk;

use xietong_proto::wire::requests::Particulars;

use super::register::Register;

pub use about::{About, LENT};
pub use act::{Act, Ask, Block, Command, Report};
pub use case::{Case, Here, checked};
pub use decide::decide;
pub use due::{Due, due};
pub use fold::{KEPT, SAID, SAID_ASIDE, is_ours};
pub use refusal::{NoGround, NotAsked, OutOfTurn, Refusal, Unlent};
pub use talk::{Fact, Said, State, Talk, join, release_state};

/// A register whose listed things can be asked for.
pub trait Lent: Register {
    /// For what they may be: code, word.
    const PURPOSES: &'static [(&'static str, &'static str)];
    /// Persons or pieces that a listed thing serves.
    fn serves(listing: &Self::Listing) -> i64;
    /// Whether it costs something: then the word by which its tariff is found.
    fn tariff(listing: &Self::Listing) -> Option<&str>;
    /// Whether a thing of the register is out of order, besides what keeps it from being listed.
    fn is_out_of_order(row: &Self::Row) -> bool;
    /// What the other party needs to know of the thing once it is promised.
    fn particulars(row: &Self::Row) -> Particulars;
}

/// Runs the same code for the register of a kind whose things can be asked for; else gives the other.
macro_rules! for_lent {
    ($kind:expr, $register:ident => $body:expr, $other:expr) => {
        match $kind {
            $crate::systems::Kind::Assets => {
                type $register = $crate::systems::assets::Assets;
                $body
            }
            $crate::systems::Kind::Vehicles => {
                type $register = $crate::systems::vehicles::Vehicles;
                $body
            }
            _ => $other,
        }
    };
}
pub(crate) use for_lent;
