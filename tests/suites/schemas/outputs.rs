//! What evctl prints with `-o json` is what `evctl schema` says of it.

use libtest_mimic::Trial;
use serde_json::Value;

use crate::servers::nats::Nats;
use crate::servers::{Need, trial};
use crate::suites::binary::{Evctl, Folder};
use crate::suites::plain;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        plain("schemas::findings_are_as_described", findings_are_as_described),
        plain("schemas::plans_are_as_described", plans_are_as_described),
        plain("schemas::traces_are_as_described", traces_are_as_described),
        trial("schemas::reports_are_as_described", &[Need::Nats], reports_are_as_described),
    ]
}

/// Checks a document by the schema of its kind.
#[track_caller]
fn check(kind: &str, document: &Value) {
    assert_eq!(document["kind"], kind);
    let schema = Evctl::new(&["schema", kind]).run().code(0).json();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let faults: Vec<String> = validator
        .iter_errors(document)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(faults.is_empty(), "{kind}: {faults:#?}");
}

fn findings_are_as_described() {
    for file in ["references", "shapes", "secrets"] {
        let file = format!("tests/fixtures/{file}.yaml");
        let said = Evctl::new(&["validate", &file, "-o", "json"]).run().json();
        assert!(!said["findings"].as_array().unwrap().is_empty());
        check("Findings", &said);
    }
    check("Findings", &Evctl::new(&["validate", "/nonexistent", "-o", "json"]).run().json());
}

fn plans_are_as_described() {
    let said = Evctl::new(&["plan", "examples/topologies/orders", "--offline", "-o", "json"]);
    let said = said.run().json();
    assert!(said["changes"].as_array().unwrap().len() > 3, "{said}");
    check("Plan", &said);
    lines_of_a_plan(&said["changes"]);
}

/// Findings first, then every change, then the whole.
#[track_caller]
fn lines_of_a_plan(changes: &Value) {
    let said = Evctl::new(&["plan", "examples/topologies/ping", "--offline", "-o", "jsonl"]).run();
    let lines: Vec<Value> =
        said.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    lines.iter().for_each(|line| check("PlanLine", line));
    let parts: Vec<&str> = ["finding", "change", "plan"]
        .into_iter()
        .filter(|part| lines.iter().any(|line| line.get(part).is_some()))
        .collect();
    assert_eq!(parts, ["finding", "change", "plan"], "{said}");
    let said =
        Evctl::new(&["plan", "examples/topologies/orders", "--offline", "-o", "jsonl"]).run();
    let lines = said.stdout.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let told: Vec<Value> = lines.filter_map(|line| line.get("change").cloned()).collect();
    assert_eq!(&Value::Array(told), changes);
}

fn traces_are_as_described() {
    for answers in ["503", "503,200:pong", "timeout"] {
        let respond = format!("service/display={answers}");
        let said = Evctl::new(&["simulate", "examples/topologies/ping", "--event", "type=ping"])
            .arguments(&["--to", "channel/pings", "--respond", &respond, "-o", "json"])
            .run()
            .json();
        check("Trace", &said);
    }
}

/// Each object is started and done, counted to the last; then comes the report.
#[track_caller]
fn lines_are_as_described(nats: &Nats) {
    let folder = "examples/topologies/orders";
    let said = Evctl::new(&["apply", folder, "--no-kubernetes", "--nats-url", &nats.url()])
        .arguments(&["--yes", "-o", "jsonl"])
        .run()
        .code(0);
    let lines: Vec<Value> =
        said.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let (report, events) = lines.split_last().unwrap();
    check("ApplyReport", report);
    events.iter().for_each(|event| check("ApplyEvent", event));
    let total = events[0]["m"].as_u64().unwrap();
    let ends: Vec<u64> = events
        .iter()
        .filter(|event| event["event"] == "done")
        .map(|event| event["n"].as_u64().unwrap())
        .collect();
    assert_eq!(ends, (1..=total).collect::<Vec<_>>(), "{said}");
    assert_eq!(events.len() as u64, 2 * total, "{said}");
}

/// With a refusal, an adoption and a second run, so that every part of a change is there.
fn reports_are_as_described() {
    let nats = Nats::start();
    let channel = |storage: &str| {
        format!(
            "apiVersion: messaging.knative.dev/v1alpha1\nkind: NatsJetStreamChannel\n\
             metadata: {{name: a}}\nspec: {{stream: {{config: {{storage: {storage}}}}}}}\n"
        )
    };
    let folder = Folder::project(&[("a.yaml", &channel("File"))]);
    let run = |verb: &str, more: &[&str]| {
        let url = nats.url();
        let run = Evctl::new(&[verb, folder.text(), "--no-kubernetes", "--nats-url", &url]);
        run.arguments(&["-o", "json"]).arguments(more).run().json()
    };
    let report = run("apply", &["--yes"]);
    assert_eq!(report["changes"][0]["outcome"], "done", "{report:#}");
    check("ApplyReport", &report);
    lines_are_as_described(&nats);
    folder.write("a.yaml", &channel("Memory"));
    let plan = run("plan", &[]);
    assert_eq!(plan["changes"][0]["action"], "refused", "{plan:#}");
    check("Plan", &plan);
    check("ApplyReport", &run("apply", &["--yes"]));
}
