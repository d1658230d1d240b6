//! The channels and subscriptions that Knative's controllers made of Sequences and Parallels against
//! the routes that evctl lowers them into: every name, address, reply and delivery
//! (shared/data/knative-0.50 and natss-channel, `generated`).

use std::collections::{BTreeMap, BTreeSet};

use evctl::model::{self, Assumed, Input, ObjectKey, yaml};
use evctl::topology::{NodeIndex, NodeName, Route, Topology, resolve};
use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::servers::{Need, lookup, trial};

pub(super) fn trials() -> Vec<Trial> {
    vec![trial("recorded_flows::agree_with_the_controllers", &[Need::Data], agree)]
}

const CASES: &[&str] = &[
    "knative-0.50/long-names",
    "knative-0.50/parallel-filters",
    "knative-0.50/sequence-middle-fails",
    "natss-channel/sequence",
];

fn agree() {
    for case in CASES {
        let file = |end: &str| lookup::data().unwrap().join(format!("{case}.{end}"));
        let trace = std::fs::read_to_string(file("trace.json")).unwrap();
        let trace: Value = serde_json::from_str(&trace).unwrap();
        let recorded = recorded(trace["generated"].as_array().unwrap());
        let topology = lowered(&std::fs::read_to_string(file("yaml")).unwrap());
        let routes = topology.routes.iter().filter(|route| is_flow(&route.object.kind));
        let lowered: BTreeSet<_> = routes.map(|route| line(&topology, route)).collect();
        assert!(!recorded.is_empty(), "{case} has no flow");
        assert_eq!(lowered, recorded, "{case}");
    }
}

fn is_flow(kind: &str) -> bool {
    matches!(kind, "Sequence" | "Parallel")
}

/// What the controllers made, one line per subscriber of a channel that a flow owns.
fn recorded(generated: &[Value]) -> BTreeSet<String> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    // Channels come after the objects whose addresses are theirs.
    let channels = generated.iter().filter(|object| object.get("subscribers").is_some());
    let addresses: BTreeMap<_, _> = channels
        .clone()
        .map(|channel| (text(&channel["address"]), text(&channel["object"])))
        .collect();
    let place = |uri: &Value| addresses.get(&text(uri)).cloned().unwrap_or_else(|| text(uri));
    let mut lines = BTreeSet::new();
    for channel in channels.filter(|channel| is_flow(&kind(&text(&channel["owner"])))) {
        for subscriber in channel["subscribers"].as_array().unwrap() {
            lines.insert(format!(
                "{} {}: {} -> {}, reply {}, {}",
                text(&channel["owner"]),
                text(&subscriber["name"]),
                text(&channel["object"]),
                place(&subscriber["subscriberUri"]),
                place(&subscriber["replyUri"]),
                subscriber.get("delivery").map_or("null".to_owned(), delivery),
            ));
        }
    }
    lines
}

fn kind(object: &str) -> String {
    object.split('/').next().unwrap_or_default().to_owned()
}

/// The fields of a delivery that say how it goes on.
fn delivery(delivery: &Value) -> String {
    let sink = delivery.pointer("/deadLetterSink/uri").cloned().unwrap_or_default();
    json!([delivery["retry"], sink]).to_string()
}

fn lowered(case: &str) -> Topology {
    let (documents, problems) = yaml::documents(case);
    assert!(problems.is_empty());
    let case = documents.into_iter().find_map(|document| document.root).unwrap().to_json();
    let list = json!({"apiVersion": "v1", "kind": "List", "items": case["topology"]});
    let content = Ok(list.to_string().into_bytes());
    let input = Input::named("case.json", content);
    let assumed = Assumed::default();
    let loaded = model::load(vec![input], "default", &assumed);
    resolve(&loaded.manifests, &assumed).topology
}

fn line(topology: &Topology, route: &Route) -> String {
    let object = |key: &ObjectKey| format!("{}/{}", key.kind, key.name);
    let place = |at: NodeIndex| match &topology.graph[at].name {
        NodeName::Object(key) => object(key),
        NodeName::Path(key, path) => format!("{}{path}", object(key)),
        NodeName::Topic(_, topic) => topic.clone(),
        NodeName::Uri(uri) => uri.clone(),
    };
    let delivery = route.delivery.as_ref().map_or("null".to_owned(), |delivery| {
        json!([delivery.retry, route.dead_letter.map(place)]).to_string()
    });
    format!(
        "{} {}: {} -> {}, reply {}, {delivery}",
        object(&route.object),
        route.name().name,
        place(route.from),
        place(route.call),
        route.reply.map(place).unwrap_or_default(),
    )
}
