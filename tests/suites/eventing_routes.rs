//! What Brokers, Triggers and their kin come to as nodes and routes.

use evctl::model::knative::duck::BackoffPolicy;
use evctl::model::{self, Assumed, Input};
use evctl::topology::{Backing, Filter, NodeIndex, Role, Route, Topology, resolve};
use libtest_mimic::Trial;

use super::plain;

pub(super) fn trials() -> Vec<Trial> {
    vec![
        plain("eventing_routes::triggers_take_from_their_broker", triggers_take_from_their_broker),
        plain("eventing_routes::a_delivery_is_all_or_nothing", a_delivery_is_all_or_nothing),
        plain("eventing_routes::what_passes_events_on", what_passes_events_on),
    ]
}

fn topology(text: &str) -> Topology {
    let input = Input::named("a.yaml", Ok(text.as_bytes().to_vec()));
    let loaded = model::load(vec![input], "default", &Assumed::default());
    let resolved = resolve(&loaded.manifests, &Assumed::default());
    assert_eq!((loaded.findings, resolved.findings), (Vec::new(), Vec::new()));
    assert!(resolved.dangling.is_empty(), "{:?}", resolved.dangling);
    resolved.topology
}

fn route<'t>(topology: &'t Topology, name: &str) -> &'t Route {
    topology.routes.iter().find(|route| route.object.name == name).unwrap()
}

/// The names of the nodes that a route joins: from, call, reply, dead letter.
fn joins(topology: &Topology, name: &str) -> [String; 4] {
    let route = route(topology, name);
    let name = |at: NodeIndex| topology.graph[at].name.to_string();
    let some = |at: Option<_>| at.map_or_else(|| "-".to_owned(), name);
    [name(route.from), name(route.call), some(route.reply), some(route.dead_letter)]
}

const BROKER: &str = "broker.eventing.knative.dev/default/main";

/// The Triggers stand before their Broker, whose sink is another Broker's namesake elsewhere.
const TRIGGERS: &str = "
apiVersion: eventing.knative.dev/v1
kind: Trigger
metadata: {name: plain}
spec: {broker: main, subscriber: {uri: http://plain.example}}
---
apiVersion: eventing.knative.dev/v1
kind: Trigger
metadata: {name: own-delivery}
spec:
  broker: main
  filter: {attributes: {type: ignored}}
  subscriber: {uri: http://own.example}
  delivery: {retry: 1, backoffPolicy: linear, backoffDelay: PT1S}
---
apiVersion: eventing.knative.dev/v1
kind: Trigger
metadata: {name: own-sink}
spec:
  broker: main
  filter: {attributes: {type: a}}
  filters: []
  subscriber: {uri: http://own.example}
  delivery: {deadLetterSink: {uri: http://own-dead.example}}
---
apiVersion: eventing.knative.dev/v1
kind: Trigger
metadata: {name: filters}
spec:
  broker: main
  filters: [{exact: {type: b}}]
  subscriber: {uri: http://own.example}
---
apiVersion: eventing.knative.dev/v1
kind: Broker
metadata: {name: main, annotations: {eventing.knative.dev/broker.class: Kafka}}
spec:
  delivery: {deadLetterSink: {ref: {apiVersion: v1, kind: Service, name: dead}}}
---
{apiVersion: v1, kind: Service, metadata: {name: dead}}
";

fn triggers_take_from_their_broker() {
    let topology = topology(TRIGGERS);
    let dead = "service/default/dead";
    let uri = |name: &str| format!("http://{name}.example");
    for (name, call, sink) in [
        ("plain", "plain", dead.to_owned()),
        ("own-delivery", "own", dead.to_owned()),
        ("own-sink", "own", uri("own-dead")),
    ] {
        let wanted = [BROKER.to_owned(), uri(call), BROKER.to_owned(), sink];
        assert_eq!(joins(&topology, name), wanted, "{name}");
    }
    assert_eq!(route(&topology, "plain").filter, Filter::Everything);
    let Filter::Attributes(attributes) = &route(&topology, "own-sink").filter else { panic!() };
    assert_eq!(attributes["type"], "a");
    let Filter::Subscriptions(filters) = &route(&topology, "filters").filter else { panic!() };
    assert_eq!(filters[0].dialects(), ["exact"]);
    let (_, _, broker) = topology.channels().next().unwrap();
    assert!(matches!(&broker.backing, Backing::Broker { class, .. } if class == "Kafka"));
}

fn a_delivery_is_all_or_nothing() {
    let topology = topology(
        "
{apiVersion: eventing.knative.dev/v1, kind: Broker, metadata: {name: default}}
---
{apiVersion: eventing.knative.dev/v1, kind: Broker, metadata: {name: empty}, spec: {delivery: {}}}
---
apiVersion: eventing.knative.dev/v1
kind: Trigger
metadata: {name: of-default}
spec: {broker: default, subscriber: {uri: http://a.example}}
---
apiVersion: eventing.knative.dev/v1
kind: Trigger
metadata: {name: of-empty}
spec: {broker: empty, subscriber: {uri: http://a.example}}
---
apiVersion: eventing.knative.dev/v1
kind: Trigger
metadata: {name: empty-of-default}
spec: {broker: default, subscriber: {uri: http://a.example}, delivery: {}}
",
    );
    let delivery = |name: &str| route(&topology, name).delivery.clone().unwrap();
    let default = delivery("of-default");
    assert_eq!(default.retry, Some(10));
    assert_eq!(default.backoff_policy, Some(BackoffPolicy::Exponential));
    assert_eq!(default.backoff_delay.unwrap().nanoseconds(), 200_000_000);
    assert_eq!(delivery("of-empty").retry, None);
    assert_eq!(delivery("empty-of-default").retry, None);
}

fn what_passes_events_on() {
    let topology = topology(
        "
{apiVersion: eventing.knative.dev/v1, kind: Broker, metadata: {name: main}}
---
apiVersion: eventing.knative.dev/v1alpha1
kind: EventTransform
metadata: {name: transform}
spec:
  jsonata: {expression: $}
  sink: {ref: {apiVersion: eventing.knative.dev/v1alpha1, kind: RequestReply, name: ask}}
---
apiVersion: eventing.knative.dev/v1alpha1
kind: RequestReply
metadata: {name: ask}
spec: {brokerRef: {apiVersion: eventing.knative.dev/v1, kind: Broker, name: main}}
---
apiVersion: messaging.knative.dev/v1
kind: InMemoryChannel
metadata: {name: memory}
spec: {delivery: {deadLetterSink: {uri: http://dead.example}}}
---
apiVersion: messaging.knative.dev/v1
kind: Subscription
metadata: {name: into-transform}
spec:
  channel: {apiVersion: messaging.knative.dev/v1, kind: InMemoryChannel, name: memory}
  subscriber:
    ref: {apiVersion: eventing.knative.dev/v1alpha1, kind: EventTransform, name: transform}
  delivery: {retry: 0}
",
    );
    let transform = "eventtransform.eventing.knative.dev/default/transform";
    let ask = "requestreply.eventing.knative.dev/default/ask";
    let memory = "inmemorychannel.messaging.knative.dev/default/memory";
    assert_eq!(joins(&topology, "transform"), [transform, ask, "-", "-"]);
    assert_eq!(joins(&topology, "ask"), [ask, BROKER, "-", "-"]);
    let wanted = [memory, transform, "-", "http://dead.example"];
    assert_eq!(joins(&topology, "into-transform"), wanted);
    let channels = topology.channels().count();
    let sinks = topology.graph.node_weights().filter(|node| matches!(node.role, Role::Sink));
    assert_eq!((channels, sinks.count()), (2, 3));
}
