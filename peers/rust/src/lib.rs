//! What the reference runners for Rust share: the trial, the meter, the answer, and the workloads' arithmetic. Each
//! runner speaks harness/PROTOCOL.md and has one file a workload. Receipts are self-reported: units are added up by the
//! units themselves and travel with their results, so that counting shares nothing.

pub mod arithmetic;
pub mod meter;
pub mod mpmc;
pub mod runner;
pub mod spawn;
pub mod trial;
