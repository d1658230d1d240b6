//! evctl against Knative Eventing itself: its webhooks default and refuse, its controllers make children
//! and say what is ready, and what has lost its owner is collected.

use std::time::Duration;

use libtest_mimic::Trial;
use serde_json::Value;

use super::binary::Evctl;
use super::live_kubernetes::Place;
use crate::servers::knative::Knative;
use crate::servers::{Need, trial, waiting};

pub(super) fn trials() -> Vec<Trial> {
    let knative = &[Need::Kubernetes, Need::ControllerManager, Need::Knative];
    vec![trial("live_knative::a_topology_becomes_ready", knative, a_topology_becomes_ready)]
}

/// Ready objects, or the time a machine with two cores may take for them.
const PATIENCE: &str = "30s";
const LIMIT: Duration = Duration::from_secs(60);

/// One of every kind that routes events, and what it sends to.
const TOPOLOGY: &str = r"
apiVersion: eventing.knative.dev/v1
kind: Broker
metadata: {name: shop}
spec:
  delivery: {retry: 3, backoffPolicy: exponential, backoffDelay: PT1S}
---
apiVersion: eventing.knative.dev/v1
kind: Trigger
metadata: {name: orders}
spec:
  broker: shop
  filter: {attributes: {type: order.placed}}
  subscriber: {ref: {apiVersion: v1, kind: Service, name: billing}}
---
apiVersion: messaging.knative.dev/v1
kind: Channel
metadata: {name: payments}
---
apiVersion: messaging.knative.dev/v1
kind: Subscription
metadata: {name: ledger}
spec:
  channel: {apiVersion: messaging.knative.dev/v1, kind: Channel, name: payments}
  subscriber: {ref: {apiVersion: v1, kind: Service, name: ledger}}
---
apiVersion: messaging.knative.dev/v1
kind: InMemoryChannel
metadata: {name: audit}
---
apiVersion: flows.knative.dev/v1
kind: Sequence
metadata: {name: shipping}
spec:
  channelTemplate: {apiVersion: messaging.knative.dev/v1, kind: InMemoryChannel}
  steps:
  - ref: {apiVersion: v1, kind: Service, name: billing}
  - ref: {apiVersion: v1, kind: Service, name: ledger}
---
apiVersion: flows.knative.dev/v1
kind: Parallel
metadata: {name: fan}
spec:
  channelTemplate: {apiVersion: messaging.knative.dev/v1, kind: InMemoryChannel}
  branches:
  - subscriber: {ref: {apiVersion: v1, kind: Service, name: billing}}
  - subscriber: {ref: {apiVersion: v1, kind: Service, name: ledger}}
---
apiVersion: v1
kind: Service
metadata: {name: billing}
spec: {ports: [{port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: ledger}
spec: {ports: [{port: 80}]}
";

fn place(text: &str) -> Place {
    Place::on(&Knative::shared().cluster, text)
}

fn waiting_apply(place: &Place) -> Evctl {
    place.evctl("apply").arguments(&["--wait-timeout", PATIENCE])
}

/// Every object of Knative's in the namespace, as kind and name.
fn all(place: &Place) -> Vec<String> {
    let kinds = "brokers,triggers,channels,inmemorychannels,subscriptions,sequences,parallels";
    let text = place.kubectl(&["get", kinds, "-o", "json"], "");
    let list: Value = serde_json::from_str(&text).unwrap();
    let name = |item: &Value| format!("{}/{}", item["kind"], item["metadata"]["name"]);
    list["items"].as_array().unwrap().iter().map(name).collect()
}

fn a_topology_becomes_ready() {
    let place = place(TOPOLOGY);
    let said = waiting_apply(&place).run();
    assert_eq!(said.code, Some(0), "{said}\n{}", Knative::shared().logs());
    let _ = said.says(&["broker.eventing.knative.dev/", "/shop is ready", "/fan is ready"]);
    let with_children = all(&place);
    assert!(with_children.len() > 20, "controllers have made what they make: {with_children:?}");
    // Neither what webhooks filled in nor what controllers made is a difference.
    let plan = place.evctl("plan").arguments(&["--exit-code", "--prune"]).run().code(0);
    let _ = plan.says(&["No changes."]).hides(&["no longer declared", "not ready"]);
    let _ = waiting_apply(&place).run().code(0).says(&["No changes."]);
    // What is declared no longer goes, and with it what controllers made of it.
    place.write(
        "apiVersion: v1\nkind: Service\nmetadata: {name: ledger}\nspec: {ports: [{port: 80}]}\n",
    );
    let prune = ["--prune", "--allow-mass-delete", "--timeout", "30s"];
    let _ = waiting_apply(&place).arguments(&prune).run().code(0).says(&["8 destroyed"]);
    let gone =
        waiting::until(LIMIT, Duration::from_millis(200), || all(&place).is_empty().then_some(()));
    assert!(gone.is_some(), "left: {:?}", all(&place));
}
