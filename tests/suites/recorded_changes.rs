//! What becomes of streams and consumers while a recording goes on: objects are applied, patched and
//! deleted, streams made and deleted by hand, and after each step evctl plans and writes on paper. What is
//! there at the end is what the real controller and dispatcher had, or stands in a table with the reason
//! and what evctl says of it (shared/data/natss-channel, `config-*` with `do`).

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use evctl::diag::{Code, Severity};
use evctl::jetstream::{consumer, stream, version};
use evctl::model::{self, Assumed, Input, ObjectKey, yaml};
use evctl::plan::allowed::Options;
use evctl::plan::build::build;
use evctl::plan::{Action, Plan, controllers};
use evctl::topology::resolve;
use evctl::world::lower::{derived_uid, lower};
use evctl::world::{Account, Cluster, Key, Keyed, Object, World};
use libtest_mimic::Trial;
use serde_json::Value;

use super::golden::same;
use crate::servers::{Need, lookup, trial};

/// The server of the recordings.
const SERVER: &str = "2.15.2";

/// Where evctl and the real controller end differently, and why.
const DIFFERENT: &[(&str, &str, &str, &str)] = &[
    (
        "config-drift",
        "consumer/KN_DEFAULT__B/KN_SUB_<UID of Subscription/t without hyphens>",
        "ours alone",
        "the dispatcher makes a stream again that somebody deleted, and not its consumers",
    ),
    (
        "config-existing-stream",
        "stream/KN_DEFAULT__C",
        "ours alone",
        "the controller takes a stream that it finds for its own, and deletes it with the channel",
    ),
    (
        "config-existing-stream",
        "consumer/KN_DEFAULT__E/KN_SUB_<UID of Subscription/t without hyphens>",
        "theirs alone",
        "the controller takes a stream that has not the channel's subject, and nothing ever comes: \
         evctl refuses the stream and holds what reads it",
    ),
    (
        "config-pull",
        "stream/KN_DEFAULT__PULL",
        "theirs alone",
        "a pull consumer stops the dispatcher: evctl makes no plan of such a channel",
    ),
    (
        "config-pull",
        "consumer/KN_DEFAULT__PULL/KN_SUB_<UID of Subscription/s without hyphens>",
        "theirs alone",
        "as its stream",
    ),
    (
        "config-update-consumer",
        "consumer/KN_DEFAULT__C/KN_SUB_<UID of Subscription/s without hyphens>",
        "differs",
        "what the server refuses of a pushed consumer the dispatcher drops without a word, and goes on \
         with the next: evctl refuses it, and stops at the pull consumer",
    ),
    (
        "config-update-stream",
        "stream/KN_DEFAULT__C",
        "theirs alone",
        "the controller never changes a stream, cannot make a second one with the same subjects, and \
         leaves the old one: evctl prunes it",
    ),
    (
        "config-update-stream",
        "consumer/KN_DEFAULT__C/KN_SUB_<UID of Subscription/s without hyphens>",
        "theirs alone",
        "as its stream",
    ),
    ("config-update-stream", "stream/RENAMED", "ours alone", "as the one that it follows"),
    (
        "config-update-stream",
        "consumer/RENAMED/KN_SUB_<UID of Subscription/s without hyphens>",
        "ours alone",
        "as its stream",
    ),
];

pub(super) fn trials() -> Vec<Trial> {
    vec![trial("recorded_changes::end_as_recorded", &[Need::Data], end_as_recorded)]
}

fn end_as_recorded() {
    let folder = lookup::data().unwrap().join("natss-channel");
    let mut said = String::new();
    let mut differ = BTreeSet::new();
    for name in cases(&folder) {
        let mut run = Run::new(&read(&folder, &name));
        run.go();
        said += &format!("{name}\n{}", run.said);
        let trace = std::fs::read(folder.join(format!("{name}.trace.json"))).unwrap();
        let recorded = at_end(&serde_json::from_slice(&trace).unwrap());
        let ours = run.left();
        for key in recorded.keys().chain(ours.keys()).collect::<BTreeSet<_>>() {
            if recorded.get(key) != ours.get(key) {
                differ.insert((name.clone(), key.clone(), how(recorded.get(key), ours.get(key))));
            }
        }
    }
    let reasons = DIFFERENT.iter();
    let expected: BTreeSet<_> =
        reasons.map(|(case, key, how, _)| ((*case).to_owned(), (*key).to_owned(), *how)).collect();
    same("tests/golden/recorded.changes", &said);
    assert_eq!(differ, expected);
}

fn how(recorded: Option<&Value>, ours: Option<&Value>) -> &'static str {
    match (recorded, ours) {
        (Some(_), Some(_)) => "differs",
        (Some(_), None) => "theirs alone",
        _ => "ours alone",
    }
}

/// A recording while it is gone through.
struct Run {
    case: Value,
    objects: Vec<Value>,
    /// What the servers hold.
    world: World,
    /// Streams that somebody made by hand.
    by_hand: Keyed<Value>,
    /// What evctl says of each step.
    said: String,
}

impl Run {
    fn new(case: &Value) -> Self {
        let account = Account {
            version: SERVER.to_owned(),
            api_level: version::api_level(SERVER),
            ..Account::default()
        };
        let namespaces = BTreeSet::from(["default".to_owned()]);
        Self {
            objects: case["topology"].as_array().cloned().unwrap_or_default(),
            case: case.clone(),
            world: World {
                cluster: Some(Cluster { namespaces, ..Cluster::default() }),
                accounts: BTreeMap::from([(String::new(), account)]),
                ..World::default()
            },
            by_hand: Keyed::default(),
            said: String::new(),
        }
    }

    fn go(&mut self) {
        self.plan("at first");
        for step in self.case["do"].as_array().cloned().into_iter().flatten() {
            let before = (self.objects.clone(), self.by_hand.clone(), self.world.objects.len());
            self.step(&step);
            if before != (self.objects.clone(), self.by_hand.clone(), self.world.objects.len()) {
                let words = ["request", "patch", "delete"];
                let words = words.iter().filter_map(|word| Some((*word, step[*word].as_str()?)));
                let what = words.map(|(word, what)| format!("{word} {what}")).next();
                let applied = &step["apply"];
                self.plan(&what.unwrap_or_else(|| format!("apply {}", name(applied))));
            }
        }
    }

    fn step(&mut self, step: &Value) {
        let named = |word: &str| step[word].as_str().map(str::to_owned);
        if step["apply"].is_object() {
            let applied = step["apply"].clone();
            self.objects.retain(|object| name(object) != name(&applied));
            self.objects.push(applied);
        } else if let Some(patched) = named("patch") {
            let object = self.objects.iter_mut().find(|object| name(object) == patched).unwrap();
            merge(object, &step["with"]);
        } else if let Some(deleted) = named("delete") {
            self.objects.retain(|object| name(object) != deleted);
        } else if let Some(request) = named("request") {
            self.request(&request, &step["body"]);
        }
    }

    fn request(&mut self, request: &str, body: &Value) {
        let name = request.rsplit('.').next().unwrap().to_owned();
        let key = Key::Stream { site: "".into(), name: name.into() };
        if request.starts_with("STREAM.CREATE.") {
            let config = stream::normal(body.as_object().unwrap());
            self.by_hand.insert(key, Value::Object(config));
        } else if request.starts_with("STREAM.DELETE.") {
            self.by_hand.swap_remove(&key);
            self.world.objects.retain(|other, _| other.stream().as_ref() != Some(&key));
        }
    }

    /// Plans as `evctl plan --prune` does, and carries it out on paper.
    fn plan(&mut self, step: &str) {
        if self.objects.is_empty() && self.world.objects.is_empty() {
            return;
        }
        let inputs = self
            .objects
            .iter()
            .map(|object| Input::named("case.json", Ok(object.to_string().into_bytes())));
        let loaded = model::load(inputs.collect(), "default", &Assumed::default());
        let resolved = resolve(&loaded.manifests, &Assumed::default());
        let findings = loaded.findings.iter().chain(&resolved.findings);
        let faults: BTreeSet<Code> = findings
            .filter(|finding| finding.severity == Severity::Error)
            .map(|finding| finding.code)
            .collect();
        self.said += &format!("  {step}\n");
        if !faults.is_empty() {
            self.said += &format!("    no plan: {faults:?}\n");
            return;
        }
        let live = self.live(&resolved, &loaded.manifests);
        let desired = lower(&resolved.topology, &loaded.manifests, "test", &live);
        let options = Options { prune: true, allow_mass_delete: true, ..Options::default() };
        let plan = build(&desired, &live, "test", &options);
        self.tell(&plan, &live);
        let written = plan.written();
        self.world = self.world.after(&written, derived_uid);
    }

    /// What the servers hold, with what was made by hand where it is wanted or in the way.
    fn live(&self, resolved: &evctl::topology::Resolved, manifests: &[model::Manifest]) -> World {
        let mut live = self.world.clone();
        let desired = lower(&resolved.topology, manifests, "test", &live);
        for (key, body) in &self.by_hand {
            if desired.world.objects.contains_key(key) {
                let object = Object { body: body.clone().into(), ..Object::default() };
                live.objects.insert(key.clone(), object);
            } else {
                live.others.insert(key.clone(), body.clone());
            }
        }
        live.objects.sort_unstable_keys();
        live
    }

    /// What stands in the plan about JetStream.
    fn tell(&mut self, plan: &Plan, live: &World) {
        let changes = plan.changes.iter().filter(|change| change.key.object().is_none());
        for change in changes.filter(|change| change.action != Action::None) {
            let line = format!("    {:?} {}: {}\n", change.action, change.key, change.reason);
            self.said += &recorded_name(&subscriptions(&self.case), &line);
        }
        for note in controllers::notes(plan, live) {
            self.said += &format!("    note: {note}\n");
        }
    }

    /// Streams and consumers at the end, by name, as the recordings write uids.
    fn left(&self) -> BTreeMap<String, Value> {
        let ours = self.world.objects.iter().map(|(key, object)| (key, &*object.body));
        ours.chain(&self.by_hand)
            .filter(|(key, _)| key.object().is_none())
            .map(|(key, body)| {
                let known = subscriptions(&self.case);
                let body = recorded_name(&known, &body.to_string());
                let body = serde_json::from_str(&body).unwrap();
                (recorded_name(&known, &key.to_string()), body)
            })
            .collect()
    }
}

/// Every object that the case ever declares.
fn subscriptions(case: &Value) -> Vec<Value> {
    let first = case["topology"].as_array().into_iter().flatten();
    let later = case["do"].as_array().into_iter().flatten().map(|step| &step["apply"]);
    first.chain(later.filter(|object| object.is_object())).cloned().collect()
}

/// A text with the uids that evctl's Subscriptions have on paper as the recordings write them.
fn recorded_name(objects: &[Value], text: &str) -> String {
    let mut text = text.to_owned();
    for object in objects.iter().filter(|object| object["kind"] == "Subscription") {
        let key = ObjectKey {
            group: "messaging.knative.dev".into(),
            kind: "Subscription".into(),
            namespace: Some("default".into()),
            name: object["metadata"]["name"].as_str().unwrap().into(),
        };
        let short = format!("of {}", name(object));
        let plain = derived_uid(&key).replace('-', "");
        for (word, uid) in [("UID", plain.to_uppercase()), ("uid", plain.to_lowercase())] {
            let recorded = format!("<{word} {short} without hyphens>");
            text = text.replace(&uid, &recorded).replace(&format!("({word} of {key})"), &recorded);
        }
    }
    text
}

/// An object as the cases name it: kind and name.
fn name(object: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    format!("{}/{}", text(&object["kind"]), text(&object["metadata"]["name"]))
}

/// A JSON merge patch (RFC 7386).
fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else { return target.clone_from(patch) };
    if !target.is_object() {
        *target = Value::Object(serde_json::Map::new());
    }
    for (key, value) in patch {
        match value {
            Value::Null => drop(target.as_object_mut().unwrap().remove(key)),
            value => merge(&mut target[key], value),
        }
    }
}

/// What the real servers had at the end, in normal form.
fn at_end(trace: &Value) -> BTreeMap<String, Value> {
    let mut all = BTreeMap::new();
    let left = |entry: &&Value| entry["goneAtEnd"] != true;
    let config = |entry: &Value| {
        let end = entry.get("configAtEnd").unwrap_or(&entry["config"]);
        end.as_object().unwrap().clone()
    };
    for entry in trace["streams"].as_array().into_iter().flatten().filter(left) {
        let name = entry["name"].as_str().unwrap();
        all.insert(format!("stream/{name}"), Value::Object(stream::into_normal(config(entry))));
    }
    for entry in trace["consumers"].as_array().into_iter().flatten().filter(left) {
        let (stream, name) = (entry["stream"].as_str().unwrap(), entry["name"].as_str().unwrap());
        let config = Value::Object(consumer::into_normal(config(entry)));
        all.insert(format!("consumer/{stream}/{name}"), config);
    }
    all
}

/// Cases in which anything changes.
fn cases(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .filter_map(|entry| entry.unwrap().file_name().into_string().ok())
        .filter_map(|name| Some(name.strip_suffix(".yaml")?.to_owned()))
        .filter(|name| name.starts_with("config-") && changes(&read(folder, name)))
        .collect();
    names.sort();
    assert!(names.len() >= 8, "{names:?}");
    names
}

/// Whether anything but events is sent.
fn changes(case: &Value) -> bool {
    let words = ["apply", "patch", "delete", "request"];
    let mut steps = case["do"].as_array().into_iter().flatten();
    steps.any(|step| words.iter().any(|word| !step[word].is_null()))
}

fn read(folder: &Path, name: &str) -> Value {
    let text = std::fs::read_to_string(folder.join(format!("{name}.yaml"))).unwrap();
    yaml::documents(&text).0[0].root.as_ref().unwrap().to_json()
}
