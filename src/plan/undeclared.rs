//! What bears the project's marks and is declared no longer. Must not know whether it goes.

use crate::world::lower::Desired;
use crate::world::{Key, Object, World};

use super::membership;

/// The keys of all that is the project's and not declared, in their order.
pub(super) fn undeclared(desired: &Desired, live: &World, project: &str) -> Vec<Key> {
    let of_our_stream = |key: &Key| {
        let stream = if key.object().is_none() { key.stream() } else { None };
        let owner = stream.and_then(|stream| live.objects.get(&stream)?.owner.as_ref());
        owner.is_some_and(|owner| owner.project == project)
    };
    // A consumer without a durable name goes with its client.
    let is_durable = |object: &Object| object.body.get("durable_name").is_some();
    let is_ours = |object: &Object, key: &Key| {
        (object.owner.is_none() && of_our_stream(key) && is_durable(object))
            || object.owner.as_ref().is_some_and(|owner| {
                // A copied mark names another object.
                owner.project == project
                    && key.object().is_none_or(|key| owner.object == key.to_string())
            })
    };
    let set = live.cluster.as_ref().and_then(|cluster| cluster.set.as_ref());
    let set = set.map(|set| set.id.as_str());
    live.objects
        .iter()
        .filter(|(key, object)| !desired.declares(key) && is_ours(object, key) && !object.deleting)
        .filter(|(_, object)| membership::other(object, set).is_none())
        .map(|(key, _)| key.clone())
        .collect()
}
