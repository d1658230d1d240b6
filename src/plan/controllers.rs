//! Where evctl and the NATS channel's own controller part: what that controller never does to streams
//! that are there, a sentence each (shared/facts/jetstream.md §4). Decides nothing.

use std::collections::BTreeMap;

use crate::model::natsjs::KIND;
use crate::world::{Key, World};

use super::{Action, Change, Plan};

/// What a reader of the plan must know where such a controller may run beside evctl.
pub fn notes(plan: &Plan, live: &World) -> Vec<String> {
    let of_channel = |change: &&Change| {
        let origin = change.origin.as_ref();
        origin.is_some_and(|origin| origin.object.kind == KIND)
            && matches!(change.key, Key::Stream { .. })
    };
    let streams: Vec<&Change> = plan.changes.iter().filter(of_channel).collect();
    let mut notes = moved(&streams, live);
    let updated = streams.iter().any(|change| change.action == Action::Update);
    if updated && live.cluster.is_some() {
        let text = "the NATS channel's controller never changes a stream that is there: evctl does";
        notes.push(text.to_owned());
    }
    notes
}

/// Channels whose stream has another name than before (`overrideName`).
fn moved(streams: &[&Change], live: &World) -> Vec<String> {
    let new: BTreeMap<&str, &Key> = streams
        .iter()
        .filter(|change| change.action == Action::Create)
        .filter_map(|change| Some((change.write.as_ref()?.owner.object.as_str(), &change.key)))
        .collect();
    let old = live.objects.iter().filter(|(key, _)| matches!(key, Key::Stream { .. }));
    old.filter_map(|(old, object)| {
        let channel = &object.owner.as_ref()?.object;
        let new = new.get(channel.as_str()).filter(|new| **new != old)?;
        Some(format!(
            "{channel} has {new} now: the messages of {old} do not move, and the NATS channel's \
             controller would leave it behind"
        ))
    })
    .collect()
}
