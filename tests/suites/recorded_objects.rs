//! Streams and consumers against the recordings of the real NATS channel controller: what evctl
//! derives for a case's topology is what the controller made of it, field by field
//! (shared/data/natss-channel, `config-*`).

use std::collections::BTreeMap;
use std::path::Path;

use evctl::jetstream::{consumer, stream};
use evctl::model::{self, Input, yaml};
use evctl::topology::resolve;
use evctl::world::lower::lower;
use evctl::world::{Account, Cluster, World, placeholder};
use libtest_mimic::Trial;
use serde_json::Value;

use crate::servers::{Need, lookup, trial};

pub(super) fn trials() -> Vec<Trial> {
    vec![trial("recorded_objects::agree_with_the_controller", &[Need::Data], agree_with_the_controller)]
}

/// Objects that evctl derives and the real controller never made, each with the reason; nothing
/// else may differ. All are refused by the server, or never served (jetstream.md §4).
const NEVER_MADE: &[(&str, &str, &str)] = &[
    ("config-mirror-sources", "stream/KN_DEFAULT__MIRRORED", "mirrors can not contain subjects"),
];

/// Cases in which the topology is not all there is at the start: what was there before is adopted.
const ADOPTED: &[(&str, &str)] = &[
    ("config-existing-stream", "streams made by hand before the channels"),
];

fn agree_with_the_controller() {
    let folder = lookup::data().unwrap().join("natss-channel");
    let mut cases = 0;
    let mut faults = Vec::new();
    let mut entries: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|e| e.unwrap().path()).collect();
    entries.sort();
    for file in entries {
        let name = file.file_stem().unwrap().to_string_lossy().into_owned();
        if !name.starts_with("config-") || file.extension().is_none_or(|e| e != "yaml") {
            continue;
        }
        if ADOPTED.iter().any(|(case, _)| *case == name) {
            continue;
        }
        cases += 1;
        faults.extend(case(&folder, &name).into_iter().map(|fault| format!("{name}: {fault}")));
    }
    assert!(cases >= 15, "only {cases} cases");
    assert!(faults.is_empty(), "{} faults\n{}", faults.len(), faults.join("\n"));
}

fn case(folder: &Path, name: &str) -> Vec<String> {
    let text = std::fs::read_to_string(folder.join(format!("{name}.yaml"))).unwrap();
    let trace: Value =
        serde_json::from_slice(&std::fs::read(folder.join(format!("{name}.trace.json"))).unwrap()).unwrap();
    let derived = derived(&text);
    let recorded = recorded(&trace);
    let mut faults = Vec::new();
    for (key, config) in &recorded {
        match derived.get(key) {
            None => faults.push(format!("{key} was made and is not derived")),
            Some(own) if own != config => faults.push(format!("{key}\n   made    {config}\n   derived {own}")),
            Some(_) => {}
        }
    }
    for key in derived.keys().filter(|key| !recorded.contains_key(*key)) {
        if !NEVER_MADE.iter().any(|(case, never, _)| *case == name && never == key) {
            faults.push(format!("{key} is derived and was never made"));
        }
    }
    faults
}

/// What evctl asks for, by name, uids as the recordings write them.
fn derived(case: &str) -> BTreeMap<String, Value> {
    let (documents, problems) = yaml::documents(case);
    assert!(problems.is_empty(), "{problems:?}");
    let root = documents[0].root.as_ref().unwrap().to_json();
    let inputs = root["topology"].as_array().unwrap().iter().map(|object| Input {
        name: "case.json".to_owned(),
        content: Ok(object.to_string().into_bytes()),
    });
    let loaded = model::load(inputs.collect(), "default");
    let resolved = resolve(&loaded.manifests);
    let live = World {
        cluster: Some(Cluster::default()),
        account: Some(Account::default()),
        ..World::default()
    };
    let desired = lower(&resolved.topology, &loaded.manifests, "test", &live);
    desired
        .world
        .objects
        .iter()
        .filter(|(key, _)| key.object().is_none())
        .map(|(key, object)| (recorded_names(&key.to_string()), rename(&object.body)))
        .collect()
}

fn rename(body: &Value) -> Value {
    serde_json::from_str(&recorded_names(&body.to_string())).unwrap()
}

fn recorded_names(text: &str) -> String {
    let mut out = text.to_owned();
    for name in placeholder::waits_for(text) {
        let short = name.rsplit('/').next().unwrap();
        for case in ["UID", "uid"] {
            let theirs = format!("<{case} of Subscription/{short} without hyphens>");
            out = out.replace(&format!("({case} of {name})"), &theirs);
        }
    }
    out
}

/// What the controller made, by name, in normal form.
fn recorded(trace: &Value) -> BTreeMap<String, Value> {
    let mut all = BTreeMap::new();
    for entry in trace["streams"].as_array().into_iter().flatten() {
        let config = entry["config"].as_object().unwrap();
        all.insert(format!("stream/{}", entry["name"].as_str().unwrap()), Value::Object(stream::normal(config)));
    }
    for entry in trace["consumers"].as_array().into_iter().flatten() {
        let config = entry["config"].as_object().unwrap();
        let (stream, name) = (entry["stream"].as_str().unwrap(), entry["name"].as_str().unwrap());
        all.insert(format!("consumer/{stream}/{name}"), Value::Object(consumer::normal(config)));
    }
    all
}

