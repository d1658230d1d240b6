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
    vec![
        trial("live_knative::a_topology_becomes_ready", knative, a_topology_becomes_ready),
        trial("live_knative::the_webhooks_no_is_in_the_plan", knative, the_webhooks_no),
        trial("live_knative::what_is_frozen_is_made_anew", knative, what_is_frozen_is_made_anew),
        trial(
            "live_knative::what_is_never_carried_out_is_said",
            knative,
            what_is_never_carried_out,
        ),
        trial("live_knative::what_waits_for_something_says_so", knative, what_waits_for_something),
        trial("live_knative::a_namespace_goes_with_what_is_in_it", knative, a_namespace_goes),
    ]
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
    // Channels had a Service each.
    let services = || place.kubectl(&["get", "services", "-o", "name"], "");
    let gone = waiting::until(LIMIT, Duration::from_millis(200), || {
        (services() == "service/ledger\n").then_some(())
    });
    assert!(gone.is_some(), "left: {}", services());
}

const SERVICE: &str =
    "apiVersion: v1\nkind: Service\nmetadata: {name: NAME}\nspec: {ports: [{port: 80}]}\n---\n";

fn services(names: &[&str]) -> String {
    names.iter().map(|name| SERVICE.replace("NAME", name)).collect()
}

/// Offline nothing is wrong with these; the webhook knows better, and says so before anything is written.
fn the_webhooks_no() {
    let broker = "apiVersion: eventing.knative.dev/v1\nkind: Broker\nmetadata: {name: b}\n---\n";
    let trigger = "apiVersion: eventing.knative.dev/v1\nkind: Trigger\nmetadata: {name: t}\nspec:\n  broker: b\n  \
        subscriber: {ref: {apiVersion: v1, kind: Service, name: s}}\n  delivery: {retryAfterMax: PT1M}\n";
    let place = place(&(services(&["s"]) + broker + trigger));
    // Somebody is wrong about the cluster's features.
    let settings = "name: test\nassume: {features: {delivery-retryafter: enabled}}\n";
    place.folder.write("evctl.yaml", settings);
    let said = place.evctl("plan").run().code(4);
    let _ = said.says(&[
        "x trigger.eventing",
        "refused: admission webhook",
        "retryAfterMax",
        "a.yaml:",
    ]);
    let _ = place.evctl("apply").run().code(4);
}

/// The webhook refuses what evctl says that it would refuse, and making it anew works.
fn what_is_frozen_is_made_anew() {
    let text = |kind: &str| {
        format!(
            "apiVersion: messaging.knative.dev/v1\nkind: Channel\nmetadata: {{name: c}}\nspec:\n  \
             channelTemplate: {{apiVersion: messaging.knative.dev/v1, kind: InMemoryChannel}}\n{kind}"
        )
    };
    let place = place(&text(""));
    waiting_apply(&place).run().code(0);
    let changed = text("  delivery: {retry: 4, backoffPolicy: linear, backoffDelay: PT1S}\n");
    place.write(&changed);
    let said = place.evctl("plan").run().code(4);
    let name = format!("channel.messaging.knative.dev/{}/c", place.namespace);
    let _ = said.says(&["spec.delivery", &format!("--allow-replace {name}")]);
    let asked =
        ["-n", &place.namespace, "apply", "--server-side", "--force-conflicts", "--dry-run=server"];
    let asked = [&asked[..], &["-f", "-"]].concat();
    let refused = place.cluster.kubectl_stdin(&asked, &changed);
    assert!(!refused.success && refused.stderr.contains("Immutable"), "{}", refused.stderr);
    let said = waiting_apply(&place).arguments(&["--allow-replace", &name]).run().code(0);
    let _ = said.says(&[
        "loses the events in flight",
        "/c is ready",
        "1 added, 0 changed, 1 destroyed",
    ]);
    let _ = place.evctl("plan").arguments(&["--exit-code"]).run().code(0);
    assert_eq!(place.get("channels.messaging.knative.dev", "c")["spec"]["delivery"]["retry"], 4);
}

/// Whom the first branch of the Parallel sends to, as its controller has made it.
fn first_branch(place: &Place) -> Value {
    place.get("subscription", "fan-kn-parallel-0")["spec"]["subscriber"]["ref"]["name"].clone()
}

fn what_is_never_carried_out() {
    let text = |name: &str| {
        format!(
            "{}apiVersion: flows.knative.dev/v1\nkind: Parallel\nmetadata: {{name: fan}}\nspec:\n  \
             channelTemplate: {{apiVersion: messaging.knative.dev/v1, kind: InMemoryChannel}}\n  branches:\n  \
             - subscriber: {{ref: {{apiVersion: v1, kind: Service, name: {name}}}}}\n",
            services(&["old", "new"])
        )
    };
    let place = place(&text("old"));
    waiting_apply(&place).run().code(0);
    assert_eq!(first_branch(&place), "old");
    place.write(&text("new"));
    let said = place.evctl("plan").run().code(0);
    let _ = said.says(&["never carries it out", "1 to change"]);
    // What is said is true.
    let name = format!("parallel.flows.knative.dev/{}/fan", place.namespace);
    let anew = ["--allow-replace", &name];
    let _ =
        place.evctl("plan").arguments(&anew).run().code(0).says(&["-/+ parallel", "1 to destroy"]);
    let patch =
        r#"[{"op": "replace", "path": "/spec/branches/0/subscriber/ref/name", "value": "new"}]"#;
    place.kubectl(&["patch", "parallel", "fan", "--type=json", "-p", patch], "");
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(first_branch(&place), "old");
    let back = patch.replace("\"new\"", "\"old\"");
    place.kubectl(&["patch", "parallel", "fan", "--type=json", "-p", &back], "");
    let said =
        waiting_apply(&place).arguments(&anew).arguments(&["--force-conflicts"]).run().code(0);
    let _ = said.says(&["/fan is ready"]);
    let new = waiting::until(LIMIT, Duration::from_millis(200), || {
        (first_branch(&place) == "new").then_some(())
    });
    assert!(new.is_some());
}

/// No adapter runs here that would send the events.
fn what_waits_for_something() {
    let place = place(
        &(services(&["s"])
            + "apiVersion: sources.knative.dev/v1\nkind: PingSource\nmetadata: {name: tick}\nspec:\n  \
               schedule: '* * * * *'\n  sink: {ref: {apiVersion: v1, kind: Service, name: s}}\n"),
    );
    let said = place.evctl("apply").arguments(&["--wait-timeout", "8s"]).run().code(7);
    let _ = said
        .says(&["/tick is not ready: ", "Deployed is ", "(1 not ready)"])
        .hides(&["SinkProvided"]);
}

/// Nobody empties a namespace but the controller for it.
fn a_namespace_goes() {
    let place = place("apiVersion: v1\nkind: Namespace\nmetadata: {name: NAME}\n");
    let name = format!("{}-inner", place.namespace);
    let namespace = format!("apiVersion: v1\nkind: Namespace\nmetadata: {{name: {name}}}\n");
    let stays = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: stays}\n";
    let inner =
        format!("---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: m, namespace: {name}}}\n");
    place.write(&(namespace + &inner + stays));
    place.apply();
    place.write(stays);
    let key = format!("namespace/{name}");
    let prune = ["--prune", "--allow-mass-delete", "--timeout", "60s"];
    let _ = place.evctl("apply").arguments(&prune).run().code(4).says(&[&key, "--allow-delete"]);
    let _ =
        place.evctl("apply").arguments(&prune).arguments(&["--allow-delete", &key]).run().code(0);
    assert!(place.cluster.get("namespace", "", &name).is_none());
}
