//! The business systems: what their records mean. Imports only the protocol.

pub mod rows;
