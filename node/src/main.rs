//! The `xietong` program.

fn main() {}
