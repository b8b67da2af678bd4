//! Replication without I/O: which entries are accepted, who holds what, and what to say to whom.
//! Never reads a clock, draws a random number or knows what a record means.

pub mod io;
