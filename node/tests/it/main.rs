//! One binary for every integration test of the node.

mod demo_files;
mod sim;
mod transcript;
