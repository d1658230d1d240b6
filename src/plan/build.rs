//! Desired and live worlds to a plan: for each object whether it is there, whose it is, how it
//! differs, and whether the server will take the change.

use std::collections::BTreeSet;

use crate::model::knative::change::is_in_vain;
use crate::model::parallel::{PART, in_order, threads};
use crate::world::lower::Desired;
use crate::world::{Key, Object, Owner, World, mark};

use super::allowed::Options;
use super::compare::{Difference, compare};
use super::hold::hold;
use super::impact::Scales;
use super::preflight::{self, Trouble};
use super::undeclared::undeclared;
use super::words::{differs, immutable};
use super::{
    Action, Change, FieldDiff, Mode, Plan, Rule, Write, forget, membership, order, prune, recipe,
};

const UNASKED: &str = "no API server was asked";

/// Builds the plan that makes `live` into `desired`.
pub fn build(desired: &Desired, live: &World, project: &str, options: &Options) -> Plan {
    reviewed(desired, live, project, options).0
}

/// As `build`; beside the plan every trouble that was found, also what refuses nothing.
pub fn reviewed(
    desired: &Desired,
    live: &World,
    project: &str,
    options: &Options,
) -> (Plan, Vec<Trouble>) {
    let mut changes = declared(desired, live, project, options);
    let mut undeclared = undeclared(desired, live, project);
    changes.extend(forget::forget(&mut undeclared, live, options));
    let pruned = prune::prune(&changes, undeclared, live, options);
    changes.extend(pruned.changes);
    membership::settle(&mut changes, live);
    preflight::after_what_makes_room(&mut changes, desired, live);
    preflight::after_what_frees_it(&mut changes, desired, live);
    let mut changes = order::sort(changes);
    let troubles = preflight::check(&mut changes, desired, live);
    let undeclared = pruned.left_alone;
    let destroys = options.destroy;
    let mut plan = Plan { changes: hold(changes), undeclared, destroys, ..Plan::default() };
    project.clone_into(&mut plan.project);
    plan.membership = membership::of(&plan, live);
    (plan, troubles)
}

/// The changes to what is declared, in the order of keys.
fn declared(desired: &Desired, live: &World, project: &str, options: &Options) -> Vec<Change> {
    let objects: Vec<(&Key, &Object)> = desired.world.objects.iter().collect();
    // Streams come before their consumers, which go with them.
    let streams = objects.partition_point(|(key, _)| !matches!(key, Key::Consumer { .. }));
    let mut changes: Vec<Change> = Vec::with_capacity(objects.len());
    let mut replaced = BTreeSet::new();
    for objects in [&objects[..streams], &objects[streams..]] {
        let parts: Vec<&[(&Key, &Object)]> = objects.chunks(PART).collect();
        let made = in_order(threads(), &parts, |part| {
            let change = |(key, object): &(&Key, &Object)| {
                let replaced = &replaced;
                Builder { desired, live, project, options, replaced, key, object }.change()
            };
            part.iter().map(change).collect::<Vec<Change>>()
        });
        changes.extend(made.into_iter().flatten());
        let anew = changes.iter().filter(|change| change.action == Action::Replace);
        replaced = anew.map(|change| change.key.clone()).collect();
    }
    changes
}

struct Builder<'a> {
    desired: &'a Desired,
    live: &'a World,
    project: &'a str,
    options: &'a Options,
    /// The streams that are made anew: their consumers go with them.
    replaced: &'a BTreeSet<Key>,
    key: &'a Key,
    object: &'a Object,
}

/// How a live object stands to the project.
enum Standing {
    Absent,
    Ours,
    /// No marks, or marks that name another object: copied by a controller.
    Unmarked,
    Theirs(String),
}

impl Builder<'_> {
    fn change(&self) -> Change {
        let live = self.live.objects.get(self.key);
        if let Some((code, why)) = self.unread() {
            let reason = format!("it could not be read: {why}");
            let rule = Rule { code: "unread".into(), err_code: code, text: why };
            return Change { rule: Some(rule), ..self.blank(Action::Refused, reason) };
        }
        if live.is_some_and(|live| live.deleting) {
            let text = "what is being deleted cannot be changed; wait until it is gone".to_owned();
            return self
                .blank(Action::Refused, "it is being deleted")
                .with_rule("being-deleted", text);
        }
        let standing = self.standing(live);
        if !self.replaced.is_empty()
            && self.key.stream().is_some_and(|stream| self.replaced.contains(&stream))
            && !matches!(standing, Standing::Theirs(_))
        {
            return Change { reason: "its stream is made anew".to_owned(), ..self.create() };
        }
        if let Some(frozen) = live.and_then(|live| self.frozen(live)) {
            return frozen;
        }
        match (standing, live) {
            (Standing::Ours, Some(live)) => self.owned(live),
            (Standing::Unmarked, Some(live)) => self.unmarked(live),
            (Standing::Theirs(other), _) => self
                .blank(Action::Refused, format!("it belongs to project {other}"))
                .with_rule("owned-by-another-project", format!("its mark says project {other}")),
            _ => self.create(),
        }
    }

    /// What is declared to stay as it is, however it differs.
    fn frozen(&self, live: &Object) -> Option<Change> {
        if !self.desired.frozen.contains(self.key) {
            return None;
        }
        let Difference { diff, .. } = self.compare(live);
        if diff.is_empty() {
            return None;
        }
        let reason = format!("{}: left as it is, by `preventUpdate`", differs(&diff));
        Some(Change { diff, ..self.blank(Action::None, reason) })
    }

    fn compare(&self, live: &Object) -> Difference {
        compare(self.key, live, self.object, self.live)
    }

    fn standing(&self, live: Option<&Object>) -> Standing {
        let Some(live) = live else { return Standing::Absent };
        let wanted = self.object.owner.as_ref().map(|owner| owner.object.as_str());
        match &live.owner {
            Some(owner) if Some(owner.object.as_str()) != wanted && self.key.object().is_some() => {
                Standing::Unmarked
            }
            Some(owner) if self.is_ours(owner) => Standing::Ours,
            Some(owner) => Standing::Theirs(owner.project.clone().into()),
            // A dispatcher that pushes its consumer again drops the mark: the stream's counts too.
            None if self.owns_stream() => Standing::Ours,
            None => Standing::Unmarked,
        }
    }

    fn owns_stream(&self) -> bool {
        let stream = match self.key {
            Key::Consumer { .. } => self.key.stream(),
            _ => None,
        };
        let owner = stream.and_then(|stream| self.live.objects.get(&stream)?.owner.as_ref());
        owner.is_some_and(|owner| self.is_ours(owner))
    }

    /// Whether it is this project's, or to be.
    fn is_ours(&self, owner: &Owner) -> bool {
        owner.project == self.project || self.options.moves(self.key, &owner.project)
    }

    /// The mark of another project, where the object becomes this one's.
    fn moved(&self, live: &Object) -> Option<FieldDiff> {
        let from = live.owner.as_ref().map(|owner| &owner.project)?;
        (from != self.project).then(|| FieldDiff {
            path: format!("metadata[\"{}\"]", mark::PROJECT),
            from: Some(from.as_str().into()),
            to: Some(self.project.into()),
        })
    }

    /// Why nobody knows whether the object is there, where nobody does, with the status of the API.
    fn unread(&self) -> Option<(Option<u16>, String)> {
        if let Some(key) = self.key.object() {
            let unread = self.live.cluster.as_ref()?.unread(key)?;
            return Some((Some(unread.code), format!("{}; {}", unread.why, unread.help)));
        }
        let unread = &self.live.accounts.get(self.key.site()?)?.unread;
        if unread.is_empty() {
            return None;
        }
        let Key::Stream { name, .. } = self.key.stream()? else { return None };
        Some((None, unread.get(name.as_str())?.clone()))
    }

    fn blank(&self, action: Action, reason: impl Into<String>) -> Change {
        let mut needs = self.desired.needs.get(self.key).cloned().unwrap_or_default();
        needs.sort_unstable();
        let live = self.live.objects.get(self.key);
        Change {
            api_version: self.api_version(),
            exists: live.is_some(),
            owned: live
                .and_then(|live| live.owner.as_ref())
                .is_some_and(|owner| owner.project == self.project),
            origin: self.desired.origins.get(self.key).cloned(),
            unready: live.and_then(|live| live.unready.clone()),
            needs,
            ..Change::blank(self.key.clone(), action, reason)
        }
    }

    fn scales(&self) -> Scales<'_> {
        Scales { live: self.live, now: self.options.now }
    }

    /// Why a change is not verified yet: Kubernetes is asked once the plan is built, and what JetStream
    /// will say is judged by the preflight.
    fn unasked(&self) -> Option<String> {
        self.key.object().map(|_| UNASKED.to_owned())
    }

    fn api_version(&self) -> Option<String> {
        self.object.body.text("apiVersion").map(str::to_owned)
    }

    fn write(&self, live: Option<&Object>, force: bool) -> Option<Box<Write>> {
        Some(Box::new(Write {
            mode: Mode::Put,
            body: self.object.body.to_value(),
            owner: self.object.owner.clone()?,
            observed: live.map(|live| live.body.to_value()),
            observed_uid: live.and_then(|live| live.uid.clone()),
            observed_owner: live.and_then(|live| live.owner.clone()),
            observed_empty: live.is_some_and(Object::is_empty_stream),
            force,
            set: self.set().map(str::to_owned),
            upgrade: false,
        }))
    }

    /// The ApplySet that the object is to be a member of.
    fn set(&self) -> Option<&str> {
        self.key.object()?;
        self.live.cluster.as_ref()?.set.as_ref().map(|set| set.id.as_str())
    }

    /// The stream that a consumer reads, where it is neither there nor declared.
    fn missing_stream(&self) -> Option<Key> {
        let Key::Consumer { .. } = self.key else { return None };
        let stream = self.key.stream()?;
        let worlds = [&self.desired.world, self.live];
        (!worlds.iter().any(|world| world.objects.contains_key(&stream))).then_some(stream)
    }

    fn create(&self) -> Change {
        if let Some(stream) = self.missing_stream() {
            let text = "stream not found".to_owned();
            let rule = Rule { code: "no-stream".into(), err_code: Some(10059), text };
            let reason = format!("{stream} is neither there nor declared: {}", immutable(&rule));
            return Change { rule: Some(rule), ..self.blank(Action::Refused, reason) };
        }
        Change {
            write: self.write(None, false),
            unverified: self.unasked(),
            ..self.blank(Action::Create, "is not there")
        }
    }

    fn owned(&self, live: &Object) -> Change {
        let Difference { mut diff, refusal, is_replaceable } = self.compare(live);
        if let Some(other) = membership::other(live, self.set())
            && !self.options.adopts(self.key)
            && self.moved(live).is_none()
        {
            let text = format!("it is a member of {other}; --adopt moves it into this project's");
            let reason = format!("its ApplySet is another: {text}");
            return self.blank(Action::Refused, reason).with_rule("another-applyset", text);
        }
        if self.options.removed.contains(&self.key.to_string()) {
            let text =
                "it is declared, and `removed` of the project file says that it is not".to_owned();
            let change = self.blank(Action::Refused, text.clone());
            return change.with_rule("declared-and-removed", text);
        }
        let moved = self.moved(live);
        let is_moved = moved.is_some() && diff.is_empty();
        diff.extend(membership::difference(live, self.set()));
        diff.extend(moved);
        if diff.is_empty() {
            return self.blank(Action::None, "is as declared");
        }
        let (action, reason) = match &live.owner {
            Some(owner) if is_moved => {
                (Action::Move, format!("was project {}'s, and stays as it is", owner.project))
            }
            _ => (Action::Update, differs(&diff)),
        };
        let change = Change {
            write: self.write(Some(live), self.options.force_conflicts),
            unverified: self.unasked(),
            impact: self.scales().of_update(self.key, &self.object.body),
            diff,
            ..self.blank(action, reason)
        };
        match refusal {
            Some(rule) if is_replaceable => self.replaced_or_refused(live, change, rule),
            Some(rule) => change.stopped(Action::Refused, immutable(&rule), Some(rule)),
            None if self.is_in_vain(live) => {
                let text = "Knative never carries such a change out".to_owned();
                let rule = Rule { code: "never-carried-out".into(), err_code: None, text };
                self.replaced_or_refused(live, change, rule)
            }
            None => change,
        }
    }

    /// Whether the change would come to nothing, and may be had by making the object anew.
    fn is_in_vain(&self, live: &Object) -> bool {
        self.key.object().is_some_and(|key| is_in_vain(key, &live.body, &self.object.body))
            && self.options.replaces(self.key, live.protected || self.object.protected)
    }

    /// What cannot be changed in place: made anew where that is allowed.
    fn replaced_or_refused(&self, live: &Object, change: Change, rule: Rule) -> Change {
        let reason = immutable(&rule);
        if !self.options.replaces(self.key, live.protected || self.object.protected) {
            let how = format!("{reason}; --allow-replace {} makes it anew", self.key);
            // What would be lost, and how it is kept.
            let impact = self.scales().of_replacement(self.key, &self.object.body);
            let worth = impact.is_some();
            let recipe = worth.then(|| recipe::of(self.key, &self.desired.world, self.live));
            let recipe = recipe.flatten().map(Box::new);
            return Change { impact, recipe, ..change.stopped(Action::Refused, how, Some(rule)) };
        }
        let write = change.write.map(|write| Box::new(Write { mode: Mode::Replace, ..*write }));
        Change {
            action: Action::Replace,
            reason: format!("is made anew: {reason}"),
            rule: Some(rule),
            impact: self.scales().of_replacement(self.key, &self.object.body),
            write,
            ..change
        }
    }

    fn unmarked(&self, live: &Object) -> Change {
        let adopts = self.options.adopts(self.key);
        let Difference { diff, refusal, .. } =
            if adopts { self.compare(&with_inherited(live)) } else { self.compare(live) };
        if !adopts && diff.is_empty() {
            return self.blank(Action::None, "exists, is equal and not owned: left alone");
        }
        if let Some(other) = membership::other(live, self.set()) {
            let text = format!("it is a member of {other}, which another tool or project manages");
            return Change { diff, ..self.blank(Action::Refused, text.clone()) }
                .with_rule("another-applyset", text);
        }
        if !adopts {
            let reason =
                format!("exists, is not owned and {}; --adopt takes it over", differs(&diff));
            let probe = self.write(Some(live), true);
            let change = Change { diff, probe, ..self.blank(Action::Refused, reason) };
            return change
                .with_rule("unowned-and-different", "take it over with --adopt".to_owned());
        }
        let reason = if diff.is_empty() {
            "exists and is equal".to_owned()
        } else {
            format!("exists and {}", differs(&diff))
        };
        let change = Change {
            write: self
                .write(Some(live), true)
                .map(|write| Box::new(Write { upgrade: live.inherited.is_some(), ..*write })),
            unverified: self.unasked(),
            impact: self.scales().of_update(self.key, &self.object.body),
            diff,
            ..self.blank(Action::Adopt, reason)
        };
        match refusal {
            Some(rule) => change.stopped(Action::Refused, immutable(&rule), Some(rule)),
            None => change,
        }
    }
}

/// As if what client-side apply owns were evctl's already, as an adoption makes it.
fn with_inherited(live: &Object) -> Object {
    let claimed = match (&live.claimed, &live.inherited) {
        (Some(ours), Some(theirs)) => Some(ours.union(theirs)),
        (ours, theirs) => ours.clone().or_else(|| theirs.clone()),
    };
    Object { claimed, ..live.clone() }
}
