//! The schemas against validators that share no code with evctl: ajv for every document of every
//! fixture and example, kubeconform on the folder of schemas as it lies.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use libtest_mimic::Trial;
use serde_json::Value;

use evctl::model::Path;
use evctl::model::path::Step;

use super::alone::{self, Places};
use super::documents::{self, Document};
use super::files;
use crate::servers::validator::{self, Fault};
use crate::servers::{Need, lookup, trial};

pub(crate) fn trials() -> Vec<Trial> {
    let node = &[Need::Node];
    vec![
        trial("schemas::every_example_passes", node, every_example_passes),
        trial(
            "schemas::bad_shapes_fail_where_evctl_points",
            node,
            bad_shapes_fail_where_evctl_points,
        ),
        trial(
            "schemas::kubeconform_reads_the_folder",
            &[Need::Kubeconform],
            kubeconform_reads_the_folder,
        ),
    ]
}

/// The `$id` of the combined schema.
const COMBINED: &str = "urn:evctl:schema:all";
/// The `$id` of the project file's schema.
const PROJECT: &str = "urn:evctl:schema:evctl.dev:v1alpha1:Project";

/// Checks documents by the schema of their kind and by the combined one; gives those that have a
/// schema, with the paths at which they fail.
fn checked(documents: Vec<Document>) -> Vec<(Document, BTreeSet<String>)> {
    let schemas = files::schemas(&files::written());
    let by_kind: BTreeMap<(String, String), String> = schemas.iter().filter_map(key).collect();
    let known = |document: &Document| {
        let key = (document.text("apiVersion").to_owned(), document.text("kind").to_owned());
        let project = document.name.starts_with("evctl.yaml").then(|| PROJECT.to_owned());
        project.or_else(|| by_kind.get(&key).cloned())
    };
    let documents: Vec<(Document, String)> =
        documents.into_iter().filter_map(|doc| known(&doc).map(|id| (doc, id))).collect();
    let requests: Vec<(String, Value)> = documents
        .iter()
        .flat_map(|(document, id)| {
            [(id.clone(), document.value.clone()), (COMBINED.to_owned(), document.value.clone())]
        })
        .collect();
    let faults = validator::faults(&schemas, &requests);
    documents
        .into_iter()
        .zip(faults.chunks(2))
        .map(|((document, id), both)| {
            let [own, combined] = [0, 1].map(|of| paths(&document.value, &both[of]));
            // A project file need not say that it is one, and is then no business of the combined one.
            if id != PROJECT {
                assert_eq!(own, combined, "{}: the combined schema differs", document.name);
            }
            (document, own)
        })
        .collect()
}

fn key(schema: &Value) -> Option<((String, String), String)> {
    let said = |name: &str| schema["properties"][name]["const"].as_str().map(str::to_owned);
    Some(((said("apiVersion")?, said("kind")?), schema["$id"].as_str()?.to_owned()))
}

/// The paths of faults as evctl writes them.
fn paths(value: &Value, faults: &[Fault]) -> BTreeSet<String> {
    let own = faults.iter().filter(|fault| fault.keyword != "if");
    own.map(|fault| {
        let path = path(value, &fault.path);
        let path = fault.property.iter().fold(path, |path, name| path.key(name.clone()));
        path.to_string()
    })
    .collect()
}

fn path(root: &Value, pointer: &str) -> Path {
    let mut steps = Vec::new();
    let mut value = root;
    for step in pointer.split('/').skip(1) {
        let step = step.replace("~1", "/").replace("~0", "~");
        value = match value {
            Value::Array(items) => {
                let index: usize = step.parse().unwrap();
                steps.push(Step::Index(index));
                &items[index]
            }
            other => {
                steps.push(Step::Key(step.as_str().into()));
                &other[&step]
            }
        };
    }
    Path(steps)
}

fn every_example_passes() {
    let checked = checked(documents::of_examples());
    assert!(checked.len() > 5, "{}", checked.len());
    for (document, paths) in checked {
        assert!(paths.is_empty(), "{}: {paths:?}", document.name);
    }
}

/// What the schema refuses and evctl takes away unread, as the webhook's defaults do: an empty choice
/// of the NATS channel. Editors say to leave it out.
const EMPTY_CHOICES: &[&str] = &[
    "spec.stream.config.retention",
    "spec.stream.config.discard",
    "spec.stream.config.storage",
    "spec.consumerConfigTemplate.deliverPolicy",
    "spec.consumerConfigTemplate.replayPolicy",
    "spec.consumerConfigTemplate.consumerType",
];

/// The faults that the schema finds, without empty choices that evctl has nothing to say of.
fn without_empty_choices(ours: &BTreeSet<String>, theirs: BTreeSet<String>) -> BTreeSet<String> {
    let is_choice = |path: &String| EMPTY_CHOICES.contains(&path.as_str());
    theirs.into_iter().filter(|path| ours.contains(path) || !is_choice(path)).collect()
}

fn bad_shapes_fail_where_evctl_points() {
    let mut alone = Places::default();
    let mut failed = 0;
    let mut wrong = Vec::new();
    for (document, paths) in checked(documents::of_fixtures()) {
        let ours = document.shape_paths();
        let paths = without_empty_choices(&ours, paths);
        if paths.is_empty() {
            document.errors().for_each(|found| alone.add(&document, found));
        } else if !alone::is_dialect(&document) {
            failed += 1;
            // Without a good name evctl cannot say which object a finding is about, and stops there.
            let head = |path: &String| path == "kind" || path.starts_with("metadata");
            let stopped = !ours.is_empty() && ours.iter().all(head) && ours.is_subset(&paths);
            if ours != paths && !stopped {
                wrong.push(format!("{}: evctl {ours:?}, the schema {paths:?}", document.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(failed > 1, "{failed} documents fail");
    alone.check("alone");
    alone.check_reasons();
}

/// The folder is laid out so that kubeconform finds its schemas, and the two agree.
fn kubeconform_reads_the_folder() {
    let folder = files::written();
    let location = format!(
        "{}/.evctl/schemas/{{{{.Group}}}}/{{{{.ResourceKind}}}}_{{{{.ResourceAPIVersion}}}}.json",
        folder.text()
    );
    let run = |path: &str| {
        let program = lookup::kubeconform().unwrap();
        let mut command = Command::new(program);
        command.args(["-schema-location", &location, "-ignore-missing-schemas", "-output", "json"]);
        let output = command.arg(path).current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap();
        (output.status.success(), String::from_utf8(output.stdout).unwrap())
    };
    let (valid, said) = run("examples/topologies/orders/subscriptions.yaml");
    assert!(valid, "{said}");
    let (valid, said) = run("tests/fixtures/shapes.yaml");
    assert!(!valid && said.contains("/spec/delivery/retry"), "{said}");
}
