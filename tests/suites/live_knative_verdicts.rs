//! What evctl says of a change without asking anybody, beside what Knative's own webhooks say of it: which
//! fields are frozen and which are free, and what is no object at all.

use std::time::Duration;

use libtest_mimic::Trial;
use serde_json::Value;

use super::binary::{Evctl, Folder};
use super::live_kubernetes::Place;
use crate::servers::knative::Knative;
use crate::servers::kubectl::Said;
use crate::servers::{Need, trial, waiting};

pub(super) fn trials() -> Vec<Trial> {
    let knative = &[Need::Kubernetes, Need::ControllerManager, Need::Knative];
    let named = |name: &str| format!("live_knative_verdicts::{name}");
    vec![
        trial(&named("frozen_fields_are_the_webhooks"), knative, frozen_fields_are_the_webhooks),
        trial(&named("what_moves_to_another_is_ready"), knative, what_moves_to_another_is_ready),
        trial(&named("what_is_no_object_is_refused"), knative, what_is_no_object_is_refused),
    ]
}

const LIMIT: Duration = Duration::from_mins(1);

const TOPOLOGY: &str = r"
apiVersion: eventing.knative.dev/v1
kind: Broker
metadata:
  name: shop
  annotations: {eventing.knative.dev/broker.class: MTChannelBasedBroker}
spec:
  config: {apiVersion: v1, kind: ConfigMap, name: config-br-default-channel, namespace: knative-eventing}
  delivery: {retry: 3, backoffPolicy: exponential, backoffDelay: PT1S}
---
apiVersion: eventing.knative.dev/v1
kind: Broker
metadata: {name: other}
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
kind: Channel
metadata: {name: refunds}
---
apiVersion: messaging.knative.dev/v1
kind: Subscription
metadata: {name: ledger}
spec:
  channel: {apiVersion: messaging.knative.dev/v1, kind: Channel, name: payments}
  subscriber: {ref: {apiVersion: v1, kind: Service, name: billing}}
---
apiVersion: v1
kind: Service
metadata: {name: billing}
spec: {ports: [{port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: books}
spec: {ports: [{port: 80}]}
";

/// A change of the topology, by text, and the frozen field that it touches, if any.
const CHANGES: &[(&str, &str, Option<&str>)] = &[
    ("broker: shop", "broker: other", Some("spec.broker")),
    ("broker.class: MTChannelBasedBroker", "broker.class: Kafka", Some("broker.class")),
    ("name: config-br-default-channel", "name: config-br-defaults", Some("spec.config")),
    ("kind: Channel, name: payments", "kind: Channel, name: refunds", Some("spec.channel")),
    ("retry: 3", "retry: 5", None),
    ("type: order.placed", "type: order.paid", None),
    (
        "{ref: {apiVersion: v1, kind: Service, name: billing}}",
        "{ref: {apiVersion: v1, kind: Service, name: books}}",
        None,
    ),
];

fn place() -> Place {
    Place::on(&Knative::shared().cluster, TOPOLOGY)
}

fn apply(place: &Place) -> Evctl {
    place.evctl("apply").arguments(&["--wait-timeout", "30s"])
}

/// What the API server and its webhooks say of the text, with nothing written.
fn asked(place: &Place, text: &str) -> Said {
    let dry = ["-n", &place.namespace, "apply", "--server-side", "--dry-run=server"];
    let arguments = [&dry[..], &["--force-conflicts", "-f", "-"]].concat();
    place.cluster.kubectl_stdin(&arguments, text)
}

fn frozen_fields_are_the_webhooks() {
    let place = place();
    let _ = apply(&place).run().code(0);
    // Beside the project, as what lies in its folder is read as manifests.
    let aside = Folder::bare(&[]);
    let world = aside.file("world.json");
    let world = world.to_str().unwrap();
    let _ = place.evctl("plan").arguments(&["--save-world", world]).run().code(0);
    for (from, to, field) in CHANGES {
        let text = TOPOLOGY.replace(from, to);
        assert_ne!(text, TOPOLOGY, "{from}");
        place.write(&text);
        let plan = ["plan", place.folder.text(), "--world", world, "-n", &place.namespace];
        let predicted = Evctl::new(&plan).run();
        let answered = asked(&place, &text);
        match field {
            Some(field) => {
                let _ = predicted.code(4).says(&[field, "--allow-replace"]);
                let refused = !answered.success && answered.stderr.contains("mmutable");
                assert!(refused, "{to}: {}{}", answered.stdout, answered.stderr);
            }
            None => {
                let _ = predicted.code(0).says(&["to change"]);
                answered.expect_success();
            }
        }
    }
}

/// The channel that the Subscription made for the Trigger listens to.
fn trigger_listens_to(place: &Place) -> Vec<Value> {
    let text = place.kubectl(&["get", "subscriptions.messaging.knative.dev", "-o", "json"], "");
    let list: Value = serde_json::from_str(&text).unwrap();
    let items = list["items"].as_array().unwrap().iter();
    let made = items.filter(|item| item["metadata"]["ownerReferences"][0]["kind"] == "Trigger");
    made.map(|item| item["spec"]["channel"]["name"].clone()).collect()
}

/// A Trigger to another Broker and a Subscription to another Channel, both made anew in one run.
fn what_moves_to_another_is_ready() {
    let place = place();
    let _ = apply(&place).run().code(0);
    assert_eq!(trigger_listens_to(&place), ["shop-kne-trigger"]);
    let (trigger, subscription) = (CHANGES[0], CHANGES[3]);
    place.write(&TOPOLOGY.replace(trigger.0, trigger.1).replace(subscription.0, subscription.1));
    let _ = place.evctl("apply").run().code(4).says(&["2 refused"]);
    let trigger = format!("trigger.eventing.knative.dev/{}/orders", place.namespace);
    let subscription = format!("subscription.messaging.knative.dev/{}/ledger", place.namespace);
    let anew = ["--allow-replace", &trigger, "--allow-replace", &subscription];
    let _ = apply(&place).arguments(&anew).run().code(0).says(&[
        "2 added, 0 changed, 2 destroyed",
        "/orders is ready",
        "/ledger is ready",
    ]);
    let moved = waiting::until(LIMIT, Duration::from_millis(200), || {
        (trigger_listens_to(&place) == ["other-kne-trigger"]).then_some(())
    });
    assert!(moved.is_some(), "{:?}", trigger_listens_to(&place));
    let _ = place.evctl("plan").arguments(&["--exit-code"]).run().code(0).says(&["No changes."]);
}

/// Said by evctl at its line, by the webhook as well, and nothing of the whole is written.
fn what_is_no_object_is_refused() {
    let place = place();
    let subscriber = "  channel: {apiVersion: messaging.knative.dev/v1, kind: Channel, name: payments}\n  \
         subscriber: {ref: {apiVersion: v1, kind: Service, name: billing}}\n";
    let lonely = subscriber.lines().next().unwrap().to_owned() + "\n";
    let faults = [
        (subscriber, lonely.as_str(), "subscriber"),
        ("backoffDelay: PT1S", "backoffDelay: 1 second", "backoffDelay"),
    ];
    for (from, to, field) in faults {
        let text = TOPOLOGY.replace(from, to);
        assert_ne!(text, TOPOLOGY, "{from}");
        place.write(&text);
        for verb in ["plan", "apply"] {
            let _ = place.evctl(verb).run().code(4).says(&[field, "a.yaml:"]);
        }
        let answered = asked(&place, &text);
        let refused = !answered.success && answered.stderr.contains(field);
        assert!(refused, "{field}: {}{}", answered.stdout, answered.stderr);
    }
    let kinds = "brokers,triggers,channels,subscriptions,services";
    let there = place.kubectl(&["get", kinds, "-o", "name", "--ignore-not-found"], "");
    assert_eq!(there, "");
}
