//! evctl: terraform for event topologies, with a flight simulator built in.
//!
//! *Load* documents, *resolve* a topology, *lower* it to a desired world, *observe* the live world,
//! *diff* them into a plan, *roll it out*; or send an event through the topology and *simulate*.
//! Modules are in the order of their layers: each may name those above it, none below
//! (docs/architecture.md; tests/tidy.rs holds it).

pub mod diag;
pub mod model;

pub mod jetstream;

pub mod topology;

pub mod dispatch;

pub mod simulate;

pub mod world;

pub mod plan;

pub mod apply;

pub mod live;

pub mod cli;
