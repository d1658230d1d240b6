//! The server that rules are asked of: its version, whether it is strict, one of a cluster, and what
//! the account may still use. Built from what the server said of itself, or assumed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Config;
use super::decode::Read;
use super::version::Version;

/// A server as far as it decides what becomes of a configuration.
#[derive(Debug, Clone, PartialEq)]
pub struct Server {
    pub version: Version,
    /// 0 where the server says none.
    pub api_level: u64,
    /// Whether unknown fields are refused (`jetstream { strict }`).
    pub strict: bool,
    pub topology: Topology,
    /// What the account may use; none where it is not known, and then no limit is checked.
    pub limits: Option<Limits>,
    pub own: OwnLimits,
}

/// Which servers there are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Topology {
    Standalone,
    /// One of a cluster.
    Clustered {
        /// The servers that can hold a copy of a stream, where they are known.
        peers: Option<Vec<Peer>>,
    },
}

/// A server of a cluster that holds streams.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Peer {
    pub cluster: String,
    pub tags: Vec<String>,
}

/// Limits in a server's own configuration. The API does not tell them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OwnLimits {
    /// `jetstream { limits { duplicate_window } }`, nanoseconds; 0 is none.
    pub duplicate_window: i64,
    /// `max_ack_pending`; 0 is none.
    pub max_ack_pending: i64,
    /// `max_request_batch`; 0 is none.
    pub max_request_batch: i64,
}

/// What an account may use: one set for all streams, or a tier by number of copies.
#[derive(Debug, Clone, PartialEq)]
pub enum Limits {
    Flat(Tier),
    /// By `R1`, `R3`.
    Tiered(BTreeMap<String, Tier>),
}

/// Limits, and what is used of them. A limit below zero (for counts and single streams: below one)
/// is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tier {
    pub max_memory: i64,
    pub max_storage: i64,
    pub max_streams: i64,
    pub max_consumers: i64,
    pub max_ack_pending: i64,
    pub memory_max_stream_bytes: i64,
    pub storage_max_stream_bytes: i64,
    pub max_bytes_required: bool,
    /// The streams' `max_bytes` in all, without their copies.
    pub reserved_memory: i64,
    pub reserved_storage: i64,
    pub streams: i64,
}

/// No tier of the account is for a stream with so many copies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoTier;

impl Tier {
    /// No limit, nothing used.
    pub const UNLIMITED: Self = Self {
        max_memory: -1,
        max_storage: -1,
        max_streams: -1,
        max_consumers: -1,
        max_ack_pending: -1,
        memory_max_stream_bytes: -1,
        storage_max_stream_bytes: -1,
        max_bytes_required: false,
        reserved_memory: 0,
        reserved_storage: 0,
        streams: 0,
    };

    fn read(stats: &Value) -> Self {
        let limits = &stats["limits"];
        let limit = |name: &str| limits[name].as_i64().unwrap_or(-1);
        let used = |name: &str| stats[name].as_i64().unwrap_or(0);
        Self {
            max_memory: limit("max_memory"),
            max_storage: limit("max_storage"),
            max_streams: limit("max_streams"),
            max_consumers: limit("max_consumers"),
            max_ack_pending: limit("max_ack_pending"),
            memory_max_stream_bytes: limit("memory_max_stream_bytes"),
            storage_max_stream_bytes: limit("storage_max_stream_bytes"),
            max_bytes_required: limits["max_bytes_required"] == true,
            reserved_memory: used("reserved_memory"),
            reserved_storage: used("reserved_storage"),
            streams: used("streams"),
        }
    }
}

impl Server {
    /// The server of an account as it was observed: `version` as it introduced itself, `cluster` its
    /// cluster's name, `info` the answer of `$JS.API.INFO`. A version that cannot be read is taken
    /// for the newest.
    pub fn new(version: &str, api_level: Option<u64>, cluster: Option<&str>, info: &Value) -> Self {
        let version = Version::parse(version).unwrap_or(Version::NEWEST);
        let told = api_level.or_else(|| info["api"]["level"].as_u64());
        Self {
            version,
            api_level: told.unwrap_or_else(|| version.api_level()),
            strict: version.is_strict(),
            topology: match cluster {
                None | Some("") => Topology::Standalone,
                Some(_) => Topology::Clustered { peers: None },
            },
            limits: Limits::read(info),
            own: OwnLimits::default(),
        }
    }

    /// A standalone server of a version that no one has asked, without limits.
    pub fn assumed(version: Version) -> Self {
        Self {
            version,
            api_level: version.api_level(),
            strict: version.is_strict(),
            topology: Topology::Standalone,
            limits: None,
            own: OwnLimits::default(),
        }
    }

    /// One of a cluster; where its servers are not known, what would need them is let pass.
    #[must_use]
    pub fn in_a_cluster(mut self, peers: Option<Vec<Peer>>) -> Self {
        self.topology = Topology::Clustered { peers };
        self
    }

    pub fn is_standalone(&self) -> bool {
        self.topology == Topology::Standalone
    }

    /// Whether it is this version or a newer one.
    pub fn is_at_least(&self, major: u64, minor: u64, patch: u64) -> bool {
        self.version >= Version::of(major, minor, patch)
    }

    /// The limits that a stream with so many copies falls under; `Err` where no tier is for it.
    pub fn tier(&self, replicas: i64) -> Result<Option<Tier>, NoTier> {
        match &self.limits {
            None => Ok(None),
            Some(Limits::Flat(tier)) => Ok(Some(*tier)),
            Some(Limits::Tiered(tiers)) => {
                let replicas = if replicas == 0 { 1 } else { replicas };
                let name = format!("R{replicas}");
                tiers.get(&name).copied().map(Some).ok_or(NoTier)
            }
        }
    }

    /// Whether copies count once, each tier having its own limits.
    pub fn is_tiered(&self) -> bool {
        matches!(self.limits, Some(Limits::Tiered(_)))
    }
}

impl Limits {
    /// Reads `$JS.API.INFO`; none where the answer holds no limits.
    pub fn read(info: &Value) -> Option<Self> {
        if let Some(tiers) = info["tiers"].as_object().filter(|tiers| !tiers.is_empty()) {
            // A tier that is only used and not granted has all limits at zero.
            let granted = |tier: &Value| {
                ["max_memory", "max_storage"].iter().any(|name| tier["limits"][name] != 0)
            };
            let tiers = tiers.iter().filter(|(_, tier)| granted(tier));
            return Some(Self::Tiered(
                tiers.map(|(name, tier)| (name.clone(), Tier::read(tier))).collect(),
            ));
        }
        info["limits"].is_object().then(|| Self::Flat(Tier::read(info)))
    }
}

/// What stands beside an object in its account, as far as it is known. What is not known is not
/// checked.
#[derive(Debug, Clone, Default)]
pub struct Beside<'a> {
    /// The account's streams by name; the object itself may be among them.
    pub streams: BTreeMap<&'a str, &'a Config>,
    /// Whether these are all of them: then what they reserve is counted as the server does, with
    /// their copies, which `$JS.API.INFO` leaves out.
    pub complete: bool,
    /// What all streams of the account hold, where that is known though not all of them are here; the
    /// stream in question counts if it is among `streams`.
    pub holdings: Option<&'a Holdings>,
    /// The consumers of the stream in question by name; the object itself may be among them.
    pub consumers: BTreeMap<&'a str, &'a Config>,
    /// Whether a client listens to the deliver subject of the consumer in question.
    pub bound: bool,
}

/// What streams hold, by their copies and by whether they are in memory: how many they are, and the sum
/// of their `max_bytes` without copies.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Holdings(pub BTreeMap<(i64, bool), (i64, i64)>);

impl Holdings {
    /// Counts a stream: 1 where it comes, -1 where it goes.
    pub fn count(&mut self, config: &Config, times: i64) {
        let key = (config.number("num_replicas").max(1), config.text("storage") == "memory");
        let (streams, bytes) = self.0.entry(key).or_default();
        *streams += times;
        let more = config.number("max_bytes").max(0).saturating_mul(times);
        *bytes = bytes.saturating_add(more);
    }
}

impl Beside<'_> {
    /// Nothing is known.
    pub fn unknown() -> Self {
        Self::default()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_server_is_read_from_what_it_says() {
        let info = json!({
            "reserved_storage": 100, "streams": 2, "api": {"level": 4},
            "limits": {"max_memory": -1, "max_storage": 1000, "max_streams": 3}});
        let server = Server::new("2.14.9", None, Some("C1"), &info);
        assert_eq!((server.api_level, server.strict), (4, true));
        assert_eq!(server.topology, Topology::Clustered { peers: None });
        let tier = server.tier(3).expect("flat limits are for all").expect("limits");
        assert_eq!((tier.max_storage, tier.reserved_storage, tier.streams), (1000, 100, 2));
    }

    #[test]
    fn tiers_are_by_copies() {
        let info = json!({"limits": {}, "tiers": {
            "R1": {"limits": {"max_memory": 10, "max_storage": 20}},
            "R3": {"limits": {"max_memory": 0, "max_storage": 0}}}});
        let server = Server::new("2.15.2", None, None, &info);
        assert_eq!(server.tier(0).expect("R1").expect("limits").max_storage, 20);
        assert!(server.tier(3).is_err());
    }

    #[test]
    fn an_assumed_server_has_no_limits() {
        let server = Server::assumed(Version::of(2, 11, 17));
        assert_eq!((server.api_level, server.strict, server.tier(5)), (1, false, Ok(None)));
    }
}
