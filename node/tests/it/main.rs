//! One binary for every integration test of the node.

mod amend;
mod bundle;
mod corpus;
mod crash;
mod demo_files;
mod demo_tables;
mod doors;
mod faults;
mod hostile;
mod http;
mod isolation;
mod net;
mod nodes;
mod purge;
mod sim;
mod starting;
mod storm;
mod stranger;
mod transcript;
