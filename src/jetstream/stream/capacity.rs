//! The rules of an account's limits and tiers, and what a stream counts against them.

use crate::jetstream::Config;
use crate::jetstream::decode::Read;
use crate::jetstream::server::{Holdings, Limits, NoTier, Server, Tier};

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
    let used = Used::of(rules, tier, replicas, &storage, None);
    let counted = raw || !rules.server.is_standalone();
    if counted && tier.max_streams > 0 && used.streams >= tier.max_streams {
        rules.no(10027, "name", "maximum number of streams reached");
    }
    consumer_limit(rules, tier, consumers);
    // Unlimited counts as one byte.
    let bytes = if bytes < 0 { 1 } else { bytes };
    let taken = footprint(rules.server, replicas, bytes);
    room(rules, tier, &storage, taken, used.reserved);
}

fn consumer_limit(rules: &mut Rules<'_>, tier: Tier, consumers: i64) {
    if consumers > 0 && tier.max_consumers > 0 && consumers > tier.max_consumers {
        rules.no(10026, "max_consumers", "maximum consumers limit reached");
    }
}

/// What the account's other streams use of the limits that a stream falls under.
struct Used {
    streams: i64,
    /// Bytes of the stream's storage.
    reserved: i64,
}

impl Used {
    /// `live` is the stream itself, where it is there.
    fn of(
        rules: &Rules<'_>,
        tier: Tier,
        replicas: i64,
        storage: &str,
        live: Option<&Config>,
    ) -> Self {
        if rules.beside.complete || rules.beside.holdings.is_some() {
            return Self::counted(rules, replicas, storage);
        }
        let reserved =
            if storage == "memory" { tier.reserved_memory } else { tier.reserved_storage };
        // The stream itself is among what the server tells; its copies are not.
        let own = live.filter(|live| live.text("storage") == storage).map_or(0, |live| {
            let same_tier = !rules.server.is_tiered() || copies(live) == replicas.max(1);
            if same_tier { live.number("max_bytes").max(0) } else { 0 }
        });
        Self { streams: tier.streams, reserved: reserved - own }
    }

    /// As the server counts: `$JS.API.INFO` leaves copies out.
    fn counted(rules: &Rules<'_>, replicas: i64, storage: &str) -> Self {
        let server = rules.server;
        let oldest = !server.is_at_least(2, 11, 0);
        // Up to 2.11 a tier of streams that do not say their copies has none.
        let replicas = if server.is_at_least(2, 12, 0) { replicas.max(1) } else { replicas };
        let mut used = Self { streams: 0, reserved: 0 };
        for ((theirs, memory), (streams, bytes)) in others(rules).0 {
            let same_storage = memory == (storage == "memory");
            if server.is_tiered() {
                if theirs != replicas {
                    continue;
                }
                used.streams += streams;
                if oldest {
                    // Of either storage, times the copies.
                    used.reserved = used.reserved.saturating_add(bytes.saturating_mul(theirs));
                } else if same_storage {
                    used.reserved = used.reserved.saturating_add(bytes);
                }
            } else {
                used.streams += streams;
                if same_storage {
                    used.reserved = used.reserved.saturating_add(bytes.saturating_mul(theirs));
                }
            }
        }
        used
    }
}

/// What all streams but the one in question hold.
fn others(rules: &Rules<'_>) -> Holdings {
    let (streams, name) = (&rules.beside.streams, rules.asked.text("name"));
    let Some(holdings) = rules.beside.holdings else {
        let mut others = Holdings::default();
        let all = streams.iter().filter(|(other, _)| **other != name);
        all.for_each(|(_, other)| others.count(other, 1));
        return others;
    };
    let mut others = holdings.clone();
    if let Some(own) = streams.get(name) {
        others.count(own, -1);
    }
    others
}

fn copies(config: &Config) -> i64 {
    config.number("num_replicas").max(1)
}

/// What bytes count for: copies count where limits are flat, since 2.12 in a request too.
fn footprint(server: &Server, replicas: i64, bytes: i64) -> i64 {
    if server.is_at_least(2, 12, 0) { reservation(server, replicas, bytes) } else { bytes }
}

/// What a stream that exists counts for.
pub fn reservation(server: &Server, replicas: i64, bytes: i64) -> i64 {
    let flat = !server.is_tiered() && replicas > 1;
    if flat { bytes.saturating_mul(replicas) } else { bytes }
}

/// Whether `taken` more bytes fit beside what is reserved. A storage that is not said before it is
/// filled in is not looked at.
fn room(rules: &mut Rules<'_>, tier: Tier, storage: &str, taken: i64, reserved: i64) {
    let (most, code, text) = match storage {
        "memory" => (tier.max_memory, 10028, "insufficient memory resources available"),
        "file" => (tier.max_storage, 10047, "insufficient storage resources available"),
        _ => return,
    };
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
    let (old, new) = (copies(live), rules.filled.number("num_replicas"));
    let tier = rules.server.tier(new).or_else(|_| rules.server.tier(old));
    let tier = match tier {
        Ok(Some(tier)) => tier,
        Ok(None) => return,
        Err(NoTier) => return rules.no(10120, "num_replicas", NO_TIER),
    };
    consumer_limit(rules, tier, rules.filled.number("max_consumers"));
    let storage = rules.filled.text("storage").to_owned();
    let used = Used::of(rules, tier, new, &storage, Some(live));
    let (before, after) = (live.number("max_bytes"), rules.filled.number("max_bytes"));
    let server = rules.server;
    let more = (after.max(0) - before.max(0)).max(0);
    let (taken, kept) = if server.is_at_least(2, 12, 0) {
        (reservation(server, new, more), reservation(server, new, (after - more).max(0)))
    } else if server.is_at_least(2, 11, 0) {
        (more, reservation(server, old, before.max(0)))
    } else {
        // Unlimited is -1 here as it stands.
        ((after - before).max(0), reservation(server, old, before))
    };
    room(rules, tier, &storage, taken, used.reserved.saturating_add(kept));
}

/// The server with what a stream holds given back, as it is when the stream is made anew.
pub(super) fn without(live: &Config, server: &Server) -> Server {
    let mut server = server.clone();
    count(&mut server, live, -1);
    server
}

/// Counts a stream among what the server tells of its account: 1 where it comes, -1 where it goes.
pub fn count(server: &mut Server, config: &Config, times: i64) {
    let tier = match &mut server.limits {
        None => return,
        Some(Limits::Flat(tier)) => Some(tier),
        Some(Limits::Tiered(tiers)) => tiers.get_mut(&format!("R{}", copies(config))),
    };
    if let Some(tier) = tier {
        tier.streams += times;
        let bytes = config.number("max_bytes").max(0).saturating_mul(times);
        match config.text("storage") {
            "memory" => tier.reserved_memory = tier.reserved_memory.saturating_add(bytes),
            _ => tier.reserved_storage = tier.reserved_storage.saturating_add(bytes),
        }
    }
}
