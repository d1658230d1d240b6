//! What the project is to have no longer and what is to stay as it is (`removed` in the project file): only
//! the marks are taken off. A stream's consumers go on with it. Pure.

use std::collections::BTreeSet;

use crate::model::shape::nearest;
use crate::world::{Account, Key, Plane, World};

use super::allowed::{Moved, Options};
use super::{Action, Change, Mode, Plan, Write};

/// Takes what is to be forgotten out of what is declared no longer.
pub(super) fn forget(undeclared: &mut Vec<Key>, live: &World, options: &Options) -> Vec<Change> {
    let named: BTreeSet<&Key> =
        undeclared.iter().filter(|key| options.removed.contains(&key.to_string())).collect();
    let of_stream =
        |key: &Key| key.object().is_none() && key.stream().is_some_and(|s| named.contains(&s));
    let gone: BTreeSet<Key> =
        undeclared.iter().filter(|key| named.contains(key) || of_stream(key)).cloned().collect();
    undeclared.retain(|key| !gone.contains(key));
    gone.into_iter().filter_map(|key| one(key, live)).collect()
}

fn one(key: Key, live: &World) -> Option<Change> {
    let object = live.objects.get(&key)?;
    // A consumer may be the project's by its stream's mark alone: there is nothing to take off.
    let owner = object.owner.clone()?;
    let api_version = key.object().and_then(|_| object.body.text("apiVersion"));
    let mut change =
        Change::blank(key, Action::Forget, "is to be forgotten: its marks are taken off");
    change.exists = true;
    change.owned = true;
    change.api_version = api_version.map(str::to_owned);
    change.write = Some(Box::new(Write {
        mode: Mode::Forget,
        body: object.body.to_value(),
        owner,
        observed: Some(object.body.to_value()),
        observed_uid: object.uid.clone(),
        observed_owner: object.owner.clone(),
        observed_empty: false,
        force: false,
        set: None,
        upgrade: false,
    }));
    Some(change)
}

/// What `removed` and `moved` name and no longer applies to anything, a sentence each. Nothing is said of
/// what was not looked at, or not completely: there the line may well have work left. `declares` says
/// whether the files speak of a plane at all.
pub fn idle(
    options: &Options,
    plan: &Plan,
    live: &World,
    declares: impl Fn(Plane) -> bool,
) -> Vec<String> {
    // What is destroyed needs its lines when it is made again.
    if options.destroy {
        return Vec::new();
    }
    let removed = options.removed.iter().filter(|name| is_read(live, plane_of(name)));
    let mut notes: Vec<String> =
        removed.filter_map(|name| no_longer_ours(name, plan, live)).collect();
    let is_known = |plane| !declares(plane) || is_read(live, plane);
    if [Plane::Kubernetes, Plane::Jetstream].into_iter().all(is_known) {
        notes.extend(options.moved.iter().filter_map(|moved| no_longer_theirs(moved, plan, live)));
    }
    notes
}

fn no_longer_ours(name: &str, plan: &Plan, live: &World) -> Option<String> {
    let found = live.objects.iter().find(|(key, _)| key.to_string() == *name);
    if found.is_some_and(|(_, object)| object.owner.is_some()) {
        return None;
    }
    let prunes = plan.changes.iter().filter(|c| c.is_prune() && c.action != Action::Forget);
    let undeclared = prunes.map(|change| &change.key).chain(&plan.undeclared);
    let undeclared: Vec<String> = undeclared.map(Key::to_string).collect();
    let what = match nearest(name, undeclared.iter().map(String::as_str)) {
        Some(near) => format!("; did you mean {near}?"),
        None => ": the line can go".to_owned(),
    };
    Some(format!("`removed` names {name}, which is not the project's{what}"))
}

fn no_longer_theirs(moved: &Moved, plan: &Plan, live: &World) -> Option<String> {
    let is_theirs = |key: &Key| {
        let owner = live.objects.get(key).and_then(|object| object.owner.as_ref());
        owner.is_some_and(|owner| owner.project == moved.from)
    };
    let left = plan.changes.iter().any(|change| moved.means(&change.key) && is_theirs(&change.key));
    (!left).then(|| {
        format!(
            "nothing that is declared is project {}'s any longer: its line under `moved` can go",
            moved.from
        )
    })
}

/// The plane of an object that output would name so.
fn plane_of(name: &str) -> Plane {
    let of_jetstream = ["stream/", "consumer/"].iter().any(|prefix| name.starts_with(prefix));
    if of_jetstream { Plane::Jetstream } else { Plane::Kubernetes }
}

/// Whether a plane was looked at, and completely.
fn is_read(live: &World, plane: Plane) -> bool {
    match plane {
        Plane::Kubernetes => live.cluster.as_ref().is_some_and(|cluster| {
            let set = cluster.set.as_ref();
            cluster.unread.is_empty() && set.is_some_and(|set| set.trouble.is_none())
        }),
        Plane::Jetstream => {
            let mut accounts = live.accounts.values();
            let is_whole = |a: &Account| !a.info.is_null() && a.unread.is_empty();
            !live.accounts.is_empty() && accounts.all(is_whole)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::{Cluster, Object, Owner};

    fn key(name: &str) -> Key {
        match name.split_once('/') {
            Some((stream, name)) => {
                Key::Consumer { site: "".into(), stream: stream.into(), name: name.into() }
            }
            None => Key::Stream { site: "".into(), name: name.into() },
        }
    }

    fn account() -> Account {
        Account { info: serde_json::json!({}), ..Account::default() }
    }

    /// An account in which these objects are, each with the project it belongs to.
    fn world(objects: &[(&str, Option<&str>)]) -> World {
        let mut world = World::default();
        world.accounts.insert(String::new(), account());
        for (name, project) in objects {
            let owner =
                project.map(|project| Owner { project: project.into(), object: (*name).into() });
            let object = Object { owner, ..Object::default() };
            world.objects.insert(key(name), object);
        }
        world
    }

    fn removed(name: &str) -> Options {
        Options { removed: [name.to_owned()].into(), ..Options::default() }
    }

    #[track_caller]
    fn check(options: &Options, live: &World, expected: &[&str]) {
        let change = |name| Change::blank(key(name), Action::None, "is as declared");
        let changes = ["A", "A/c"].map(change).into();
        let plan = Plan { changes, undeclared: vec![key("LONGER")], ..Plan::default() };
        let said = idle(options, &plan, live, |plane| plane == Plane::Jetstream);
        assert_eq!(said, expected);
    }

    #[test]
    fn a_line_can_go_once_it_has_nothing_left_to_do() {
        let live = world(&[("A", Some("p")), ("B", None), ("LONGER", Some("p"))]);
        check(&removed("stream/A"), &live, &[]);
        let done = "`removed` names stream/B, which is not the project's: the line can go";
        check(&removed("stream/B"), &live, &[done]);
        let gone = "`removed` names consumer/B/gone, which is not the project's: the line can go";
        check(&removed("consumer/B/gone"), &live, &[gone]);
        let near =
            "`removed` names stream/LONGR, which is not the project's; did you mean stream/LONGER?";
        check(&removed("stream/LONGR"), &live, &[near]);
    }

    #[test]
    fn nothing_is_said_of_what_was_not_looked_at() {
        let live = world(&[]);
        check(&removed("configmap/a/b"), &live, &[]);
        check(&removed("stream/A"), &World::default(), &[]);
        let options = Options { destroy: true, ..removed("stream/A") };
        check(&options, &live, &[]);
        let mut half = world(&[]);
        let unread = [("X".to_owned(), "offline".to_owned())].into();
        half.accounts.insert(String::new(), Account { unread, ..account() });
        check(&removed("stream/A"), &half, &[]);
        half.accounts.insert(String::new(), Account::default());
        check(&removed("stream/A"), &half, &[]);
        // A cluster whose ApplySet was not asked for.
        let cluster = World { cluster: Some(Cluster::default()), ..World::default() };
        check(&removed("configmap/a/b"), &cluster, &[]);
    }

    #[test]
    fn a_move_is_over_once_nothing_declared_is_theirs() {
        let moved = |objects: Option<&str>| Options {
            moved: vec![Moved {
                from: "old".to_owned(),
                objects: objects.map(|name| [name.to_owned()].into()),
            }],
            ..Options::default()
        };
        let over =
            "nothing that is declared is project old's any longer: its line under `moved` can go";
        check(&moved(None), &world(&[("A", Some("old"))]), &[]);
        check(&moved(None), &world(&[("A", Some("p")), ("A/c", Some("old"))]), &[]);
        // What is not declared stays its own.
        check(&moved(None), &world(&[("A", Some("p")), ("Z", Some("old"))]), &[over]);
        check(&moved(Some("stream/A")), &world(&[("A/c", Some("old"))]), &[]);
        check(&moved(Some("stream/B")), &world(&[("A/c", Some("old"))]), &[over]);
        check(&moved(None), &World::default(), &[]);
    }

    #[test]
    fn a_stream_takes_its_consumers_along() {
        let live = world(&[("A", Some("p")), ("A/c", None), ("A/d", Some("p")), ("B", Some("p"))]);
        let mut undeclared: Vec<Key> = ["A", "A/c", "A/d", "B"].map(key).into();
        let changes = forget(&mut undeclared, &live, &removed("stream/A"));
        let forgotten: Vec<String> = changes.iter().map(|change| change.key.to_string()).collect();
        assert_eq!(forgotten, ["stream/A", "consumer/A/d"]);
        assert_eq!(undeclared, [key("B")]);
    }
}
