//! How the Kubernetes objects of a plan stand to the project's ApplySet: whose member each is, and what the
//! set's parent is to say before the first write and after the last. Pure.

use serde::{Deserialize, Serialize};

use crate::model::ObjectKey;
use crate::world::applyset::{ApplySet, Hints, PART_OF, Trouble};
use crate::world::{Key, Object, World};

use super::{Action, Change, FieldDiff, Plan};

/// What the parent says while a plan is carried out. Between the two it names more than there is, so that
/// whatever becomes of the run, no member is forgotten.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Membership {
    pub set: ApplySet,
    /// Before the first object is written.
    pub before: Hints,
    /// Once every step is done.
    pub after: Hints,
}

/// The ApplySet that a live object is a member of, where it is another than this.
pub fn other<'o>(live: &'o Object, set: Option<&str>) -> Option<&'o str> {
    let other = live.set.as_deref()?;
    set.is_some_and(|set| set != other).then_some(other)
}

/// What becomes a member shows so.
pub fn difference(live: &Object, set: Option<&str>) -> Option<FieldDiff> {
    let set = set.filter(|set| live.set.as_deref() != Some(set))?;
    Some(FieldDiff {
        path: format!("metadata.labels[\"{PART_OF}\"]"),
        from: live.set.clone().map(Into::into),
        to: Some(set.into()),
    })
}

fn set_of(live: &World) -> Option<&ApplySet> {
    live.cluster.as_ref()?.set.as_ref()
}

/// Refuses everything where the set is another tool's, and lets all that becomes a member wait for the
/// namespace in which the parent is to stand.
pub fn settle(changes: &mut [Change], live: &World) {
    let Some(set) = set_of(live) else { return };
    let home = Key::Object(ObjectKey {
        group: "".into(),
        kind: "Namespace".into(),
        namespace: None,
        name: set.parent.namespace.clone().unwrap_or_default(),
    });
    let is_made = changes.iter().any(|c| c.key == home && c.action == Action::Create);
    let writing = changes.iter_mut().filter(|c| c.key.object().is_some() && c.action.writes());
    for change in writing {
        if let Some(Trouble::Foreign(why)) = &set.trouble {
            let reason = format!("the project's ApplySet cannot be used: {why}");
            let refused = change.clone().stopped(Action::Refused, reason, None);
            *change = refused.with_rule("foreign-applyset", why.clone());
        } else if is_made && change.key != home {
            change.wait_for(home.clone());
        }
    }
}

/// What the parent is to say for a plan; `None` where it writes no Kubernetes object. A parent that is left
/// over goes with the rest of what is destroyed.
pub fn of(plan: &Plan, live: &World) -> Option<Membership> {
    let set = set_of(live)?;
    let objects = || plan.changes.iter().filter_map(|c| Some((c, c.key.object()?)));
    let is_left_over = plan.destroys && !set.hints.kinds.is_empty();
    if !is_left_over && !objects().any(|(change, _)| change.action.writes()) {
        return None;
    }
    let is_member = |key: &Key| {
        live.objects.get(key).is_some_and(|object| object.set.as_ref() == Some(&set.id))
    };
    let mut after = Hints::default();
    for (change, key) in objects() {
        let goes = matches!(change.action, Action::Delete | Action::Forget);
        if !goes && (is_member(&change.key) || change.action.writes()) {
            after.add(key);
        }
    }
    let undeclared = plan.undeclared.iter().filter(|key| is_member(key));
    undeclared.filter_map(Key::object).for_each(|key| after.add(key));
    let before = after.clone().with(&set.hints);
    if is_incomplete(live) {
        after = before.clone();
    }
    Some(Membership { set: set.clone(), before, after })
}

/// Members of what was not read are not to be forgotten.
fn is_incomplete(live: &World) -> bool {
    let unread = live.cluster.as_ref().is_some_and(|cluster| !cluster.unread.is_empty());
    unread || set_of(live).is_some_and(|set| set.trouble.is_some())
}
