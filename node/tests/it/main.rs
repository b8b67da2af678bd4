//! One binary for every integration test of the node.

mod demo_files;
mod demo_tables;
mod sim;
mod transcript;
