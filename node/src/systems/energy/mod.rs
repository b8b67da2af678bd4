//! Energy: the monthly register, of which no row leaves, and the release, which is all that does.

pub mod release;
