//! The rules of an account's limits and tiers, and what a stream counts against them.

use crate::jetstream::Config;
use crate::jetstream::decode::Read;
use crate::jetstream::server::{NoTier, Server, Tier};

use super::check::Rules;

const NO_TIER: &str = "no JetStream default or applicable tiered limit present";

/// What a new stream would take. Standalone servers look before they fill in (`raw`) and again.
pub(super) fn create(rules: &mut Rules<'_>, raw: bool) {
    let config = if raw { &rules.asked } else { &rules.filled };
    let (replicas, bytes) = (config.number("num_replicas"), config.number("max_bytes"));
    let (consumers, storage) = (config.number("max_consumers"), config.text("storage").to_owned());
    let tier = match rules.server.tier(replicas) {
        Ok(Some(tier)) => tier,
        Ok(None) => return,
        Err(NoTier) => return rules.no(10120, "num_replicas", NO_TIER),
    };
    let counted = raw || !rules.server.is_standalone();
    if counted && tier.max_streams > 0 && tier.streams >= tier.max_streams {
        rules.no(10027, "name", "maximum number of streams reached");
    }
    consumer_limit(rules, tier, consumers);
    // Unlimited counts as one byte.
    let bytes = if bytes < 0 { 1 } else { bytes };
    let taken = footprint(rules.server, replicas, bytes);
    room(rules, tier, &storage, taken, 0);
}

fn consumer_limit(rules: &mut Rules<'_>, tier: Tier, consumers: i64) {
    if consumers > 0 && tier.max_consumers > 0 && consumers > tier.max_consumers {
        rules.no(10026, "max_consumers", "maximum consumers limit reached");
    }
}

/// What bytes count for: copies count where limits are flat, since 2.12 in a request too.
fn footprint(server: &Server, replicas: i64, bytes: i64) -> i64 {
    if server.is_at_least(2, 12, 0) { reservation(server, replicas, bytes) } else { bytes }
}

/// What a stream that exists counts for.
pub(super) fn reservation(server: &Server, replicas: i64, bytes: i64) -> i64 {
    match bytes.max(0) {
        bytes if !server.is_tiered() && replicas > 1 => bytes.saturating_mul(replicas),
        bytes => bytes,
    }
}

/// Whether `taken` more bytes fit beside what is reserved, `change` more or less of it. A storage
/// that is not said before it is filled in is not looked at.
fn room(rules: &mut Rules<'_>, tier: Tier, storage: &str, taken: i64, change: i64) {
    let (most, reserved, code, text) = match storage {
        "memory" => (
            tier.max_memory,
            tier.reserved_memory,
            10028,
            "insufficient memory resources available",
        ),
        "file" => (
            tier.max_storage,
            tier.reserved_storage,
            10047,
            "insufficient storage resources available",
        ),
        _ => return,
    };
    let reserved = reserved.saturating_add(change);
    if most >= 0 && (reserved > most || taken > most - reserved) {
        rules.no(code, "max_bytes", text);
    }
}

/// What one stream may and must say of its size.
pub(super) fn single(rules: &mut Rules<'_>) {
    let Ok(Some(tier)) = rules.server.tier(rules.filled.number("num_replicas")) else { return };
    let bytes = rules.filled.number("max_bytes");
    let most = match rules.filled.text("storage") {
        "memory" => tier.memory_max_stream_bytes,
        _ => tier.storage_max_stream_bytes,
    };
    if tier.max_bytes_required && bytes <= 0 {
        let text = "account requires a stream config to have max bytes set";
        rules.no(10113, "max_bytes", text);
    } else if most > 0 && bytes > most {
        let text = "stream max bytes exceeds account limit max stream bytes";
        rules.no(10122, "max_bytes", text);
    }
}

/// What a change of a stream would take more.
pub(super) fn update(rules: &mut Rules<'_>, live: &Config) {
    let (old, new) = (live.number("num_replicas").max(1), rules.filled.number("num_replicas"));
    let tier = rules.server.tier(new).or_else(|_| rules.server.tier(old));
    let tier = match tier {
        Ok(Some(tier)) => tier,
        Ok(None) => return,
        Err(NoTier) => return rules.no(10120, "num_replicas", NO_TIER),
    };
    consumer_limit(rules, tier, rules.filled.number("max_consumers"));
    let (before, after) = (live.number("max_bytes"), rules.filled.number("max_bytes"));
    let same_store = live.text("storage") == rules.filled.text("storage");
    let same_tier = !rules.server.is_tiered() || old == new;
    let server = rules.server;
    // The stream itself is among what is reserved.
    let own = if same_store && same_tier { reservation(server, old, before) } else { 0 };
    let more = (after.max(0) - before.max(0)).max(0);
    let (taken, kept) = if server.is_at_least(2, 12, 0) {
        (reservation(server, new, more), reservation(server, new, after - more))
    } else {
        (more, reservation(server, old, before))
    };
    let storage = rules.filled.text("storage").to_owned();
    room(rules, tier, &storage, taken, kept - own);
}
