//! What the examples of the object model and of OpenFunction become in the one routing model:
//! every route, in words.

use evctl::model::{self, Assumed, Input};
use evctl::topology::{Filter, NodeIndex, Topology, resolve};
use libtest_mimic::Trial;

use super::plain;

pub(super) fn trials() -> Vec<Trial> {
    vec![
        plain("lowered_models::object_model", object_model),
        plain("lowered_models::openfunction", openfunction),
        plain("lowered_models::buses_of_one_server_are_one", buses_of_one_server_are_one),
        plain("lowered_models::filters_and_dead_letters_stay", filters_and_dead_letters_stay),
    ]
}

fn topology(texts: &[String]) -> Topology {
    let input = |text: &String| Input::named("a.yaml", Ok(text.clone().into_bytes()));
    let loaded = model::load(texts.iter().map(input).collect(), "default", &Assumed::default());
    resolve(&loaded.manifests, &Assumed::default()).topology
}

fn example(name: &str) -> Vec<String> {
    let folder = format!("{}/examples/topologies/{name}", env!("CARGO_MANIFEST_DIR"));
    let mut files: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.retain(|file| file.file_name().is_some_and(|name| name != "evctl.yaml"));
    files.iter().map(|file| std::fs::read_to_string(file).unwrap()).collect()
}

/// `object: from → call`, and what else there is to a route.
fn routes(topology: &Topology) -> Vec<String> {
    let name = |at: NodeIndex| topology.graph[at].name.to_string();
    let mut routes: Vec<String> = topology
        .routes
        .iter()
        .map(|route| {
            let mut said =
                format!("{}: {} → {}", route.object.name, name(route.from), name(route.call));
            if let Filter::Condition { expression: Some(expression), inputs } = &route.filter {
                let names: Vec<_> = inputs.iter().map(|input| input.name.as_str()).collect();
                said += &format!(", when {expression} of {}", names.join(" "));
            }
            if let Some(reply) = route.reply {
                said += &format!(", {} → {}", route.answers.role.word(), name(reply));
            }
            for (answer, to) in &route.answers.routes {
                said += &format!(", {answer} → {}", name(*to));
            }
            said + &route.dead_letter.map(|to| format!(", else {}", name(to))).unwrap_or_default()
        })
        .collect();
    routes.sort();
    routes
}

fn object_model() {
    let channel = |name: &str| format!("channel.eventing.knative.dev/default/{name}");
    let (pushes, builds, releases) = (channel("pushes"), channel("builds"), channel("releases"));
    assert_eq!(
        routes(&topology(&example("object-model"))),
        [
            format!(
                "by-branch: {pushes} → service/default/by-branch, router → {builds}, release → {releases}"
            ),
            format!("pushes: source.eventing.knative.dev/default/pushes → {pushes}"),
            format!("releases-are-built: {releases} → {builds}"),
        ]
    );
}

fn openfunction() {
    let bus = "eventbus.events.openfunction.io/shop/default";
    let source = "eventsource.events.openfunction.io/shop/shop";
    let billing = "service.serving.knative.dev/shop/billing";
    let (order, closing) =
        (format!("{bus} shop-shop-order-created"), format!("{bus} shop-shop-closing-time"));
    assert_eq!(
        routes(&topology(&example("openfunction"))),
        [
            format!("bill: {closing} → {bus} late-orders, when order && closing of closing order"),
            format!("bill: {closing} → {billing}, when order of closing order"),
            format!("bill: {order} → {bus} late-orders, when order && closing of closing order"),
            format!("bill: {order} → {billing}, when order of closing order"),
            format!("shop: {source} → {closing}"),
            format!("shop: {source} → {order}"),
        ]
    );
}

const BUS: &str = "apiVersion: events.openfunction.io/v1alpha1
kind: EventBus
metadata: {name: b, namespace: NAMESPACE}
spec:
  natsStreaming:
    {natsURL: u, natsStreamingClusterID: c, subscriptionType: queue, durableSubscriptionName: d}
";

fn buses_of_one_server_are_one() {
    let texts = [
        BUS.replace("NAMESPACE", "one"),
        BUS.replace("NAMESPACE", "two"),
        "apiVersion: events.openfunction.io/v1alpha1
kind: EventSource
metadata: {name: s, namespace: one}
spec: {eventBus: b, cron: {e: {schedule: '@every 2s'}}}
---
apiVersion: events.openfunction.io/v1alpha1
kind: Trigger
metadata: {name: t, namespace: two}
spec:
  eventBus: b
  inputs: {a: {namespace: one, eventSource: s, event: e}}
  subscribers: [{condition: a, sink: {uri: http://x.example/}}]
"
        .to_owned(),
    ];
    let topic = "eventbus.events.openfunction.io/one/b one-s-e";
    assert_eq!(
        routes(&topology(&texts)),
        [
            format!("s: eventsource.events.openfunction.io/one/s → {topic}"),
            format!("t: {topic} → http://x.example/, when a of a"),
        ]
    );
}

fn filters_and_dead_letters_stay() {
    let text = "apiVersion: events.openfunction.io/v1alpha1
kind: Trigger
metadata: {name: t}
spec:
  eventSources:
    - name: a
      eventSourceName: s
      eventName: e
      filters: {data: [{path: p, type: number, comparator: '>', value: ['1']}]}
  subscribers:
    - condition: a
      ref: {apiVersion: serving.knative.dev/v1, kind: Service, name: k}
      deadLetterSink: {ref: {apiVersion: dapr.io/v1alpha1, kind: Component, name: d}}
";
    let topology = topology(&[text.to_owned()]);
    assert_eq!(
        routes(&topology),
        [
            "t: topic default-s-e → service.serving.knative.dev/default/k, when a of a, else component.dapr.io/default/d"
        ]
    );
    let Filter::Condition { inputs, .. } = &topology.routes[0].filter else {
        panic!("no condition")
    };
    assert_eq!(inputs[0].data.iter().map(|filter| filter.path.as_str()).collect::<Vec<_>>(), ["p"]);
}
