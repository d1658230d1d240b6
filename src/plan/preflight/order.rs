//! Subjects that change hands within a plan: who gives one up goes before who takes it.

use std::collections::{BTreeMap, BTreeSet};

use crate::jetstream::decode::Read;
use crate::jetstream::subject_index::SubjectIndex;
use crate::jetstream::wildcard::collide;
use crate::plan::Change;
use crate::world::lower::Desired;
use crate::world::{Key, World};

/// Adds to each change the need for those that make room for its subjects.
pub(in crate::plan) fn after_what_makes_room(
    changes: &mut [Change],
    desired: &Desired,
    live: &World,
) {
    let givers = givers(changes, desired, live);
    if givers.is_empty() {
        return;
    }
    let mut indexes: BTreeMap<&str, SubjectIndex<'_>> = BTreeMap::new();
    for (site, name) in &givers {
        let index = indexes.entry(site).or_default();
        subjects(live, site, name).into_iter().for_each(|subject| index.insert(subject, name));
    }
    for change in changes.iter_mut().filter(|change| change.action.writes()) {
        let Key::Stream { site, name } = &change.key else { continue };
        let Some(index) = indexes.get(site.as_str()) else { continue };
        let wanted = subjects(&desired.world, site, name);
        let mut makers = BTreeSet::new();
        for held in wanted.iter().flat_map(|subject| index.meeting(subject)) {
            // What the other keeps is an overlap, whatever comes first.
            let kept = subjects(&desired.world, site, held.holder);
            let meets = |subject: &&str| wanted.iter().any(|wanted| collide(wanted, subject));
            if held.holder != name && !kept.iter().any(meets) {
                makers.insert(Key::Stream { site: site.clone(), name: held.holder.into() });
            }
        }
        makers.into_iter().for_each(|maker| change.wait_for(maker));
    }
}

/// Live streams that lose subjects by the plan.
fn givers<'a>(changes: &[Change], desired: &Desired, live: &'a World) -> Vec<(&'a str, &'a str)> {
    let writing = changes.iter().filter(|change| change.exists && change.action.writes());
    let mut givers = Vec::new();
    for change in writing {
        let Some((Key::Stream { site, name }, _)) = live.objects.get_key_value(&change.key) else {
            continue;
        };
        let (before, after) = (subjects(live, site, name), subjects(&desired.world, site, name));
        if before.iter().any(|subject| !after.contains(subject)) {
            givers.push((site.as_str(), name.as_str()));
        }
    }
    givers
}

fn subjects<'a>(world: &'a World, site: &str, name: &str) -> Vec<&'a str> {
    let key = Key::Stream { site: site.into(), name: name.into() };
    let config = world.objects.get(&key).and_then(|object| object.body.as_object());
    config.map(|config| config.texts("subjects")).unwrap_or_default()
}
