//! JetStream: LIST to observe, read-modify-write to change (shared/facts/jetstream.md §2.1).

mod list;
pub(super) mod observe;
mod peers;
pub(super) mod write;
