//! One binary for every integration test of the node.

mod sim;
