//! The business systems: what their records mean. Imports only the protocol.

pub mod energy;
pub mod rows;
