//! Every field that an upstream CRD has under `spec` is a field of ours, and the other way round:
//! the schemas of both are walked side by side, kind by kind and version by version.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use evctl::model::kinds;
use libtest_mimic::Trial;
use serde_json::Value;

use crate::servers::{Need, lookup, trial};

pub(super) fn trials() -> Vec<Trial> {
    let needs = &[Need::KnativeCrds, Need::Data];
    vec![trial("crd_fields::are_ours_and_ours_are_theirs", needs, agree)]
}

/// Kinds of the CRDs that are no kinds of ours, and why.
const NO_KIND: &[(&str, &str)] = &[];

/// Parts that are not walked: group, kind, path, and why. `*` stands for every kind.
const OPAQUE: &[(&str, &str, &str)] = &[
    ("*", "spec.subscribers", "written by the subscription controller"),
    ("*", "spec.channelTemplate.spec", "the spec of whatever kind the template names"),
    ("NatsJetStreamChannel", "spec.deploymentSpecTemplate.affinity", "core/v1 Affinity"),
    ("NatsJetStreamChannel", "spec.deploymentSpecTemplate.resources", "core/v1 resources"),
];

/// Fields that only one side has: kind, path (a final `*` for all below), and why.
const ONE_SIDED: &[(&str, &str, &str)] = &[
    ("*", "spec.delivery.timeout", "kept as an unknown field; the Go type has it"),
    ("*", "spec.delivery.retryAfterMax", "kept as an unknown field; the Go type has it"),
    ("ApiServerSource", "spec.filters", "the CRD of 0.50 lacks it, and the Go type has it"),
    ("*", "spec.delivery.format", "kept as an unknown field; the Go type has it"),
];

/// Where a reference stands, its CRD often lacks fields that the Go type has; they are dropped on
/// the way in, or kept where the schema keeps what it does not know.
const OF_REFERENCES: &[&str] = &["address", "group", "namespace"];

fn agree() {
    let mut faults = Vec::new();
    let mut compared = 0;
    for crd in crds() {
        let (group, kind) = (text(&crd, "/spec/group"), text(&crd, "/spec/names/kind"));
        for version in crd["spec"]["versions"].as_array().into_iter().flatten() {
            let version_name = text(version, "/name");
            let row = kinds::versions(&group, &kind).find(|row| row.version == version_name);
            let Some(row) = row else {
                let known = NO_KIND.iter().any(|(no_kind, _)| *no_kind == kind);
                if version["served"] == true && !known {
                    faults.push(format!("{kind}.{group}/{version_name} is no kind of ours"));
                }
                continue;
            };
            compared += 1;
            let ours = (row.schema)();
            let theirs = &version["schema"]["openAPIV3Schema"]["properties"]["spec"];
            let walk = Walk { kind: &kind, version: &version_name, root: &ours };
            walk.compare(theirs, &ours["properties"]["spec"], "spec", &mut faults);
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(compared > 8, "only {compared} kinds were compared");
}

/// Two schemas side by side.
struct Walk<'a> {
    kind: &'a str,
    version: &'a str,
    root: &'a Value,
}

impl Walk<'_> {
    fn compare(&self, theirs: &Value, ours: &Value, at: &str, faults: &mut Vec<String>) {
        let ours = self.resolved(ours);
        if self.listed(OPAQUE, at) {
            return;
        }
        if theirs.get("items").is_some() && ours.get("items").is_some() {
            return self.compare(&theirs["items"], &ours["items"], &format!("{at}[]"), faults);
        }
        let (their_fields, our_fields) = (fields(theirs), fields(ours));
        if their_fields.is_empty() {
            // A schema that says nothing of its fields keeps or drops them all.
            return;
        }
        let names: BTreeSet<&String> = their_fields.keys().chain(our_fields.keys()).collect();
        for name in names {
            let path = format!("{at}.{name}");
            match (their_fields.get(name), our_fields.get(name)) {
                (Some(theirs), Some(ours)) => self.compare(theirs, ours, &path, faults),
                _ if self.listed(ONE_SIDED, &path) || is_part_of_reference(&our_fields, name) => {}
                (Some(_), _) => faults.push(format!("{}: ours has no {path}", self.title())),
                (None, _) => faults.push(format!("{}: theirs has no {path}", self.title())),
            }
        }
    }

    fn title(&self) -> String {
        format!("{} {}", self.kind, self.version)
    }

    fn listed(&self, rows: &[(&str, &str, &str)], at: &str) -> bool {
        rows.iter().any(|(kind, path, _)| {
            let matches = match path.strip_suffix('*') {
                Some(start) => at.starts_with(start),
                None => at == *path || at.ends_with(&path.replacen("spec", "", 1)),
            };
            (*kind == "*" || *kind == self.kind) && matches
        })
    }

    /// What a schema of ours refers to, where it stands beside a description too.
    fn resolved<'s>(&'s self, schema: &'s Value) -> &'s Value {
        let beside = schema.get("allOf").and_then(Value::as_array).and_then(|all| all.first());
        let schema = beside.unwrap_or(schema);
        match schema.get("$ref").and_then(Value::as_str).and_then(|at| at.strip_prefix('#')) {
            Some(pointer) => self.root.pointer(pointer).unwrap_or(schema),
            None => schema,
        }
    }
}

/// Whether a field belongs to a reference: beside it stand `kind` and `name`.
fn is_part_of_reference(ours: &BTreeMap<String, &Value>, name: &str) -> bool {
    let reference = ours.contains_key("kind") && ours.contains_key("name");
    reference && OF_REFERENCES.contains(&name)
}

fn fields(schema: &Value) -> BTreeMap<String, &Value> {
    let properties = schema.get("properties").and_then(Value::as_object);
    properties.into_iter().flatten().map(|(name, value)| (name.clone(), value)).collect()
}

fn text(value: &Value, pointer: &str) -> String {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// Every CRD of Knative's module, and of the test data.
fn crds() -> Vec<Value> {
    let mut files = Vec::new();
    collect(&lookup::knative_crds().unwrap().join("config"), &mut files);
    collect(&lookup::data().unwrap().join("crds"), &mut files);
    let mut crds: Vec<Value> = files.iter().flat_map(|file| documents(file)).collect();
    crds.retain(|document| document["kind"] == "CustomResourceDefinition");
    let ours: BTreeSet<_> = kinds::all().map(|row| row.group).collect();
    crds.retain(|crd| ours.contains(crd["spec"]["group"].as_str().unwrap_or_default()));
    assert!(crds.len() > 5, "only {} CRDs", crds.len());
    crds
}

fn collect(folder: &Path, files: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|ending| ending == "yaml") {
            files.push(path);
        }
    }
}

fn documents(file: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(file).unwrap();
    let (documents, _) = evctl::model::yaml::documents(&text);
    documents.iter().filter_map(|document| Some(document.root.as_ref()?.to_json())).collect()
}
