//! The definitions in a real API server: it takes them all, and says of each document of the
//! fixtures what evctl says. Knative's own definitions are compared by name, scope and versions.

use std::collections::BTreeSet;
use std::time::Duration;

use libtest_mimic::Trial;
use serde_json::Value;

use super::alone::{self, Places};
use super::documents::{self, Document};
use crate::servers::kubernetes::Cluster;
use crate::servers::{Need, trial, waiting};
use crate::suites::binary::{Evctl, Folder};

pub(crate) fn trials() -> Vec<Trial> {
    let kube = &[Need::Kubernetes];
    let knative = &[Need::Kubernetes, Need::KnativeCrds];
    vec![
        trial("schemas::an_api_server_agrees", kube, an_api_server_agrees),
        trial("schemas::kinds_are_those_of_knative", knative, kinds_are_those_of_knative),
    ]
}

const ESTABLISHED_LIMIT: Duration = Duration::from_secs(30);

/// Our definitions as values.
fn definitions() -> Vec<Value> {
    let subjects = evctl::model::schema::subjects(&[]);
    evctl::model::schema::crd::of(&subjects.iter().collect::<Vec<_>>())
}

fn an_api_server_agrees() {
    let cluster = Cluster::start();
    let text = Evctl::new(&["schema", "--format", "crd"]).run().code(0).stdout;
    let apply = ["apply", "--server-side", "--validate=strict", "--output=name", "-f", "-"];
    let applied = cluster.kubectl_stdin(&apply, &text).expect_success();
    assert_eq!(applied.lines().count(), definitions().len(), "{applied}");
    established(&cluster);
    verdicts(&cluster);
}

/// Waits until every definition is served, and asserts that each is structural.
fn established(cluster: &Cluster) {
    let condition = |definition: &Value, kind: &str| {
        let conditions = definition["status"]["conditions"].as_array().cloned().unwrap_or_default();
        conditions.iter().any(|one| one["type"] == kind && one["status"] == "True")
    };
    let all = waiting::until(ESTABLISHED_LIMIT, Duration::from_millis(100), || {
        let all = cluster.kubectl(&["get", "crds", "--output=json"]).expect_success();
        let all: Value = serde_json::from_str(&all).unwrap();
        let all = all["items"].as_array().unwrap().clone();
        all.iter().all(|definition| condition(definition, "Established")).then_some(all)
    });
    for definition in all.expect("every definition is established") {
        let name = &definition["metadata"]["name"];
        assert!(!condition(&definition, "NonStructuralSchema"), "{name} is not structural");
    }
}

/// Sends each document of our kinds, and compares what the server says with what evctl says.
fn verdicts(cluster: &Cluster) {
    let documents = ours();
    let folder = Folder::bare(&[]);
    for (number, document) in documents.iter().enumerate() {
        folder.write(&file(number), &document.value.to_string());
    }
    let said = cluster.kubectl(&[
        "create",
        "--dry-run=server",
        "--validate=strict",
        "--output=name",
        "-f",
        folder.text(),
    ]);
    let refused: BTreeSet<usize> =
        (0..documents.len()).filter(|number| said.stderr.contains(&file(*number))).collect();
    assert_eq!(said.stdout.lines().count() + refused.len(), documents.len(), "{}", said.stderr);
    let mut left_open = Places::default();
    for (number, document) in documents.iter().enumerate() {
        let name = &document.name;
        if refused.contains(&number) {
            let known = document.errors().next().is_some() || alone::is_dialect(document);
            assert!(known, "{name}: the server refuses it and evctl does not\n{}", said.stderr);
        } else if !document.is_of_shape() {
            document.errors().for_each(|found| left_open.add(document, found));
        }
    }
    assert!(refused.len() > 1, "the server refuses {}", refused.len());
    left_open.check("left-open");
}

fn file(number: usize) -> String {
    format!("document-{number:04}.json")
}

/// The documents of fixtures and examples whose group and kind we define, each in a namespace that is there.
fn ours() -> Vec<Document> {
    let kinds: BTreeSet<(String, String)> = definitions()
        .iter()
        .map(|definition| {
            let text = |at: &str| definition.pointer(at).unwrap().as_str().unwrap().to_owned();
            (text("/spec/group"), text("/spec/names/kind"))
        })
        .collect();
    let fixtures = documents::of_fixtures().into_iter().flat_map(Document::apart);
    let mut documents: Vec<Document> = fixtures.chain(documents::of_examples()).collect();
    documents.retain(|document| {
        let group = document.text("apiVersion").split('/').next().unwrap().to_owned();
        kinds.contains(&(group, document.text("kind").to_owned()))
    });
    for document in &mut documents {
        let namespace = document.value.pointer_mut("/metadata/namespace");
        if let Some(Value::String(namespace)) = namespace
            && namespace.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')
        {
            "default".clone_into(namespace);
        }
    }
    documents
}

/// Names, scope and served versions of ours are those of the definitions that Knative ships.
fn kinds_are_those_of_knative() {
    let all = Cluster::shared().kubectl(&["get", "crds", "--output=json"]).expect_success();
    let all: Value = serde_json::from_str(&all).unwrap();
    let theirs = all["items"].as_array().unwrap();
    let mut compared = 0;
    for ours in definitions() {
        let same_kind = |theirs: &&Value| {
            ["group", "names/kind"].iter().all(|at| {
                let at = format!("/spec/{at}");
                theirs.pointer(&at) == ours.pointer(&at)
            })
        };
        let Some(theirs) = theirs.iter().find(same_kind) else { continue };
        compared += 1;
        let (ours, own_versions) = facts(&ours);
        let (theirs, versions) = facts(theirs);
        assert_eq!(ours, theirs);
        // Ours may have more: the object model lives in the group of what came after it.
        assert!(own_versions.is_superset(&versions), "{ours:?}: {own_versions:?}, {versions:?}");
    }
    assert!(compared >= 2, "{compared} kinds compared");
}

/// What both definitions of a kind must say alike, and the versions that are served.
fn facts(definition: &Value) -> ([Value; 3], BTreeSet<String>) {
    let versions = definition["spec"]["versions"].as_array().unwrap();
    let served = versions.iter().filter(|version| version["served"] == true);
    let alike = ["/metadata/name", "/spec/scope", "/spec/names/plural"];
    (
        alike.map(|at| definition.pointer(at).unwrap().clone()),
        served.map(|version| version["name"].as_str().unwrap().to_owned()).collect(),
    )
}
