//! Where evctl and the NATS channel's own controller part: what that controller never does to streams
//! that are there, a sentence each (shared/facts/jetstream.md §4). Decides nothing.

use std::collections::BTreeMap;

use crate::model::knative::messaging::GROUP;
use crate::world::{Key, World};

use super::{Action, Change, Plan};

/// What a reader of the plan must know where such a controller may run beside evctl.
pub fn notes(plan: &Plan, live: &World) -> Vec<String> {
    let of_channel = |change: &&Change| {
        let origin = change.origin.as_ref();
        origin.is_some_and(|origin| origin.object.group == GROUP)
            && matches!(change.key, Key::Stream { .. })
    };
    let streams: Vec<&Change> = plan.changes.iter().filter(of_channel).collect();
    let mut notes = moved(&streams, &plan.project, live);
    let updated = streams.iter().any(|change| change.action == Action::Update);
    if updated && live.cluster.is_some() {
        let text = "the NATS channel's controller never changes a stream that is there: evctl does";
        notes.push(text.to_owned());
    }
    notes
}

/// Channels whose stream has another name than before (`overrideName`).
fn moved(streams: &[&Change], project: &str, live: &World) -> Vec<String> {
    let new: BTreeMap<&str, &Key> = streams
        .iter()
        .filter(|change| change.action == Action::Create)
        .filter_map(|change| Some((change.write.as_ref()?.owner.object.as_str(), &change.key)))
        .collect();
    let old = live.objects.iter().filter(|(key, _)| matches!(key, Key::Stream { .. }));
    old.filter_map(|(old, object)| {
        let owner = object.owner.as_ref().filter(|owner| owner.project == project)?;
        let channel = &owner.object;
        let new = new.get(channel.as_str()).filter(|new| **new != old)?;
        Some(format!(
            "{channel} has {new} now: the messages of {old} do not move, and the NATS channel's \
             controller would leave it behind"
        ))
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::diag::{FileId, Location, Span};
    use crate::model::ObjectKey;
    use crate::plan::allowed::Options;
    use crate::plan::build::build;
    use crate::world::lower::{Desired, Origin};
    use crate::world::{Object, Owner};

    /// The notes on a channel with stream NEW, beside a live stream OLD that a project marked for it.
    fn said(project: &str) -> Vec<String> {
        let channel = ObjectKey {
            group: GROUP.into(),
            kind: "Channel".into(),
            namespace: Some("n".into()),
            name: "c".into(),
        };
        let stream = |project: &str, name: &str| {
            let owner = Owner { project: project.into(), object: channel.to_string().into() };
            let body = json!({"name": name, "subjects": [name]});
            let key = Key::Stream { site: "".into(), name: name.into() };
            (key, Object { body: body.into(), owner: Some(owner), ..Object::default() })
        };
        let (key, object) = stream("p", "NEW");
        let at = Location { file: FileId(0), span: Span { start: 0, end: 0 } };
        let mut desired = Desired::default();
        desired.origins.insert(key.clone(), Origin { object: channel.clone(), at });
        desired.world.objects.insert(key, object);
        let live =
            World { objects: [stream(project, "OLD")].into_iter().collect(), ..World::default() };
        notes(&build(&desired, &live, "p", &Options::default()), &live)
    }

    #[test]
    fn a_channel_that_moves_leaves_its_own_stream_behind() {
        let notes = said("p");
        assert_eq!(notes.len(), 1, "{notes:?}");
        assert!(notes[0].contains("has stream/NEW now: the messages of stream/OLD"), "{notes:?}");
        // Another project's stream for a channel of the same name, such as one of another cluster.
        assert_eq!(said("other"), [""; 0]);
    }
}
