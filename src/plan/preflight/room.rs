//! Limits of an account that only hold when something goes first: what becomes smaller or is deleted goes
//! before what would not fit without. Must not know whether it fits in the end; that is the rehearsal's.

use std::collections::{BTreeMap, BTreeSet};

use crate::jetstream::decode::Read;
use crate::jetstream::server::{Server, Tier};
use crate::jetstream::{Config, stream};
use crate::plan::{Change, Mode};
use crate::world::lower::Desired;
use crate::world::{Key, World};

/// What is limited together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Limit {
    Memory,
    Storage,
    Streams,
}

/// A limit of an account, of one tier where it has tiers.
type Pool<'a> = (&'a str, Limit, i64);

/// What the plan does to a limit.
#[derive(Default)]
struct Use {
    /// How much more the plan takes in all.
    taken: i64,
    takers: Vec<usize>,
    /// How much each change gives back.
    given: Vec<(i64, usize)>,
}

/// Adds to each change that takes of a limit the need for those that must give back before.
pub(in crate::plan) fn after_what_frees_it(
    changes: &mut [Change],
    desired: &Desired,
    live: &World,
) {
    let servers = servers(live);
    let mut needs: BTreeMap<usize, BTreeSet<Key>> = BTreeMap::new();
    for ((site, limit, tier), mut used) in uses(changes, desired, live, &servers) {
        let Some(server) = servers.get(site) else { continue };
        let Some(left) = left(server, live, (site, limit, tier)) else { continue };
        let mut short = used.taken - left;
        used.given.sort_by(|a, b| b.cmp(a));
        for (amount, giver) in used.given {
            if short <= 0 {
                break;
            }
            short -= amount;
            for taker in &used.takers {
                needs.entry(*taker).or_default().insert(changes[giver].key.clone());
            }
        }
    }
    for (taker, keys) in needs {
        keys.into_iter().for_each(|key| changes[taker].wait_for(key));
    }
}

fn servers(live: &World) -> BTreeMap<&str, Server> {
    let limited = live.accounts.iter().map(|(site, account)| {
        let cluster = account.cluster.as_deref();
        let server = Server::new(&account.version, account.api_level, cluster, &account.info);
        (site.as_str(), server)
    });
    limited.filter(|(_, server)| server.limits.is_some()).collect()
}

fn uses<'a>(
    changes: &[Change],
    desired: &'a Desired,
    live: &'a World,
    servers: &BTreeMap<&'a str, Server>,
) -> BTreeMap<Pool<'a>, Use> {
    let mut uses: BTreeMap<Pool<'a>, Use> = BTreeMap::new();
    for (at, change) in changes.iter().enumerate() {
        let Some(write) = change.write.as_ref().filter(|write| write.mode != Mode::Forget) else {
            continue;
        };
        let before = live.objects.get_key_value(&change.key);
        let after = desired.world.objects.get_key_value(&change.key);
        let after = after.filter(|_| write.mode != Mode::Delete);
        let Some((Key::Stream { site, .. }, _)) = before.or(after) else { continue };
        let Some(server) = servers.get(site.as_str()) else { continue };
        let mut sums: BTreeMap<(Limit, i64), i64> = BTreeMap::new();
        for (object, sign) in [(before, -1), (after, 1)] {
            let config = object.and_then(|(_, object)| object.body.as_object());
            for (limit, tier, amount) in config.into_iter().flat_map(|it| amounts(server, it)) {
                *sums.entry((limit, tier)).or_default() += sign * amount;
            }
        }
        for ((limit, tier), sum) in sums {
            let used = uses.entry((site, limit, tier)).or_default();
            if sum > 0 {
                used.taken = used.taken.saturating_add(sum);
                used.takers.push(at);
            } else if sum < 0 {
                used.given.push((-sum, at));
            }
        }
    }
    uses
}

/// What a stream counts for.
fn amounts(server: &Server, config: &Config) -> [(Limit, i64, i64); 2] {
    let copies = config.number("num_replicas").max(1);
    let tier = if server.is_tiered() { copies } else { 0 };
    let limit = if config.text("storage") == "memory" { Limit::Memory } else { Limit::Storage };
    let bytes = stream::reservation(server, copies, config.number("max_bytes").max(0));
    [(limit, tier, bytes), (Limit::Streams, tier, 1)]
}

/// How much of a limit is left; `None` where there is none.
fn left(server: &Server, live: &World, (site, limit, tier): Pool<'_>) -> Option<i64> {
    let granted = server.tier(tier.max(1)).ok()??;
    let (most, told) = match limit {
        Limit::Memory => (granted.max_memory, granted.reserved_memory),
        Limit::Storage => (granted.max_storage, granted.reserved_storage),
        Limit::Streams => (most_streams(granted), granted.streams),
    };
    // The server leaves copies out of what it tells, and evctl may not know every stream.
    let ours = live
        .configs()
        .filter(|(key, _)| matches!(key, Key::Stream { .. }) && key.site() == Some(site));
    let amounts = ours.filter_map(|(_, body)| Some(amounts(server, body.as_object()?))).flatten();
    let known = amounts.filter(|(of, its, _)| (*of, *its) == (limit, tier));
    let known = known.fold(0, |sum: i64, (_, _, amount)| sum.saturating_add(amount));
    (most >= 0).then(|| most.saturating_sub(told.max(known)))
}

fn most_streams(tier: Tier) -> i64 {
    if tier.max_streams > 0 { tier.max_streams } else { -1 }
}
