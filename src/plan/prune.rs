//! What the project owns and declares no longer: deleted where somebody has asked for it, and only
//! behind gates. Each gate refuses with its own rule and says what opens it.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::model::knative::messaging;
use crate::world::applyset::Trouble;
use crate::world::reading::Unread;
use crate::world::{Key, Object, Owner, Plane, World};

use super::allowed::Options;
use super::impact::Scales;
use super::{Action, Change, Mode, Write, prune_order};

/// How many objects may go without `--allow-mass-delete`.
const MANY: usize = 10;
/// Of this many owned objects on, a share counts too.
const FEW: usize = 5;
/// The share of what is owned that may go without `--allow-mass-delete`: one in this many.
const SHARE: usize = 5;

/// What becomes of what is declared no longer.
pub struct Pruned {
    pub changes: Vec<Change>,
    /// What nobody asked to delete.
    pub left_alone: Vec<Key>,
}

/// Deletes what is undeclared and may go; `declared` are the changes to what is declared.
pub fn prune(declared: &[Change], undeclared: Vec<Key>, live: &World, options: &Options) -> Pruned {
    if !options.prune && !options.destroy {
        return Pruned { changes: Vec::new(), left_alone: undeclared };
    }
    let set = live.cluster.as_ref().and_then(|cluster| cluster.set.as_ref());
    let is_marked = |key: &Key| match (key.plane(), set) {
        (Plane::Jetstream, _) => true,
        // Of a Kubernetes object both marks count: the project's, and the membership in its set.
        (Plane::Kubernetes, Some(set)) => {
            live.objects.get(key).is_some_and(|object| object.set.as_ref() == Some(&set.id))
        }
        (Plane::Kubernetes, None) => false,
    };
    let (ours, left_alone): (Vec<Key>, Vec<Key>) = undeclared.into_iter().partition(is_marked);
    let gone: BTreeSet<Key> = ours.iter().cloned().collect();
    let mut changes: Vec<Change> = ours
        .iter()
        .filter_map(|key| {
            let object = live.objects.get(key)?;
            Some(Gates { key, object, live, options, gone: &gone }.change())
        })
        .collect();
    prune_order::keep_referred(&mut changes, declared, live, options);
    prune_order::references(&mut changes);
    let kept = declared.iter().filter(|change| change.exists).count();
    mass(&mut changes, kept, options);
    Pruned { changes, left_alone }
}

/// Why anything goes at all.
pub(super) fn why(options: &Options) -> &'static str {
    if options.destroy { "is to be destroyed" } else { "is no longer declared" }
}

struct Gates<'a> {
    key: &'a Key,
    object: &'a Object,
    live: &'a World,
    options: &'a Options,
    /// Everything that is declared no longer.
    gone: &'a BTreeSet<Key>,
}

impl Gates<'_> {
    fn change(&self) -> Change {
        let change = self.deletion();
        let named = self.options.names_for_deletion(self.key);
        if let Some(why) = self.incomplete() {
            let reason = self.stays(&why);
            return change.stopped(Action::Refused, reason, None).with_rule("incomplete-read", why);
        }
        if self.options.protects(self.key, self.object.protected) && !named {
            let text = format!("it is protected; --allow-delete {} lets it go", self.key);
            let reason = self.stays(&text);
            return change.stopped(Action::Refused, reason, None).with_rule("protected", text);
        }
        if self.takes_more_with_it() && !named {
            let text = format!(
                "everything in it would go with it; --allow-delete {} lets it go",
                self.key
            );
            let reason = self.stays(&text);
            return change.stopped(Action::Refused, reason, None).with_rule("takes-more", text);
        }
        if self.is_unmarked() && !named {
            let text = format!(
                "it has no mark of its own, so a dispatcher may still want it; --allow-delete {} lets \
                 it go",
                self.key
            );
            let reason = self.stays(&text);
            return change.stopped(Action::Refused, reason, None).with_rule("unmarked", text);
        }
        change
    }

    fn stays(&self, text: &str) -> String {
        format!("{}, and stays: {text}", why(self.options))
    }

    /// A namespace goes with all that is in it, and a definition with all objects of its kind.
    fn takes_more_with_it(&self) -> bool {
        self.key.object().is_some_and(|key| {
            key.is("", "Namespace") || key.is("apiextensions.k8s.io", "CustomResourceDefinition")
        })
    }

    /// A reading that left something out says nothing about what is not there.
    fn incomplete(&self) -> Option<String> {
        if let Some(key) = self.key.object() {
            let cluster = self.live.cluster.as_ref()?;
            if let Some(Trouble::Unread(why)) = &cluster.set.as_ref()?.trouble {
                return Some(format!("the project's ApplySet could not be read: {why}"));
            }
            let unread = cluster.unread.iter().find(|u| key.is(&u.group, &u.kind))?;
            return Some(format!("its kind was not read completely: {}", unread.why));
        }
        // A consumer is named by its Subscription's uid: without that, one that is wanted looks undeclared.
        let names =
            |unread: &&Unread| unread.group == messaging::GROUP && unread.kind == "Subscription";
        if let (Key::Consumer { .. }, Some(cluster)) = (self.key, &self.live.cluster)
            && let Some(unread) = cluster.unread.iter().find(names)
        {
            return Some(format!("the Subscriptions were not read completely: {}", unread.why));
        }
        let Key::Stream { site, .. } = self.key.stream()? else { return None };
        let unread = &self.live.accounts.get(site.as_str())?.unread;
        let (name, why) = unread.first_key_value()?;
        let more = if unread.len() > 1 {
            format!(" and {} more", unread.len() - 1)
        } else {
            String::new()
        };
        Some(format!("the account was not read completely: stream {name}{more} ({why})"))
    }

    /// A consumer that is the project's by its stream's mark alone, and whose stream stays.
    fn is_unmarked(&self) -> bool {
        let stays = self.key.stream().is_some_and(|stream| !self.gone.contains(&stream));
        matches!(self.key, Key::Consumer { .. }) && self.object.owner.is_none() && stays
    }

    fn api_version(&self) -> Option<String> {
        self.key.object()?;
        self.object.body.text("apiVersion").map(str::to_owned)
    }

    fn deletion(&self) -> Change {
        let of_jetstream = self.key.object().is_none();
        let stream = self.key.stream().filter(|stream| of_jetstream && stream != self.key);
        let needs = stream.into_iter().filter(|stream| self.gone.contains(stream)).collect();
        let owner = self
            .object
            .owner
            .clone()
            .unwrap_or_else(|| Owner { project: "".into(), object: "".into() });
        Change {
            api_version: self.api_version(),
            exists: true,
            owned: true,
            impact: Scales { live: self.live, now: self.options.now }.of_delete(self.key),
            write: Some(Box::new(Write {
                mode: Mode::Delete,
                body: Value::Null,
                owner,
                observed: Some(self.object.body.to_value()),
                observed_uid: self.object.uid.clone(),
                observed_owner: self.object.owner.clone(),
                observed_empty: self.object.is_empty_stream(),
                force: false,
                set: None,
                upgrade: false,
            })),
            needs,
            ..Change::blank(self.key.clone(), Action::Delete, why(self.options))
        }
    }
}

/// Refuses all deletions where there are too many of them.
fn mass(changes: &mut [Change], kept: usize, options: &Options) {
    let count = changes.iter().filter(|change| change.action == Action::Delete).count();
    let owned = kept + changes.len();
    let share = owned >= FEW && count * SHARE > owned;
    if options.allow_mass_delete || !(count > MANY || share) {
        return;
    }
    let text = format!("{count} of {owned} owned objects would go; --allow-mass-delete lets them");
    for change in changes.iter_mut().filter(|change| change.action == Action::Delete) {
        let reason = format!("{}, and stays: {text}", why(options));
        let refused = change.clone().stopped(Action::Refused, reason, None);
        *change = refused.with_rule("mass-delete", text.clone());
    }
}
