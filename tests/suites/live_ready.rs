//! apply waits until controllers say that objects are ready, against a real API server; the test is the
//! controller, through kubectl.

use std::path::Path;
use std::time::Duration;

use libtest_mimic::Trial;
use serde_json::{Value, json};

use super::binary::{Evctl, Said};
use super::live_kubernetes::Place;
use crate::servers::{Need, trial};

pub(super) fn trials() -> Vec<Trial> {
    let crds = &[Need::Kubernetes, Need::KnativeCrds];
    vec![
        trial("live_ready::apply_waits_for_controllers", crds, apply_waits_for_controllers),
        trial("live_ready::what_is_not_ready_is_said", crds, what_is_not_ready_is_said),
        trial("live_ready::a_controller_may_be_behind", crds, a_controller_may_be_behind),
        trial("live_ready::without_a_watch_it_is_listed", crds, without_a_watch_it_is_listed),
        trial("live_ready::waiting_ends_at_a_signal", crds, waiting_ends_at_a_signal),
        trial("live_ready::many_are_watched_at_once", crds, many_are_watched_at_once),
        trial(
            "live_ready::one_watch_for_a_kind_in_several_namespaces",
            crds,
            one_watch_for_a_kind_in_several_namespaces,
        ),
        trial("live_ready::what_is_deleted_meanwhile", crds, what_is_deleted_meanwhile),
    ]
}

const LIMIT: Duration = Duration::from_secs(20);

const BROKER: &str = r"
apiVersion: eventing.knative.dev/v1
kind: Broker
metadata: {name: b}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {a: x}
";

fn waiting(place: &Place, limit: &str) -> Evctl {
    place.evctl("apply").arguments(&["--wait-timeout", limit])
}

/// What a controller writes.
fn status(place: &Place, name: &str, conditions: &Value) {
    status_in(place, &place.namespace, name, conditions);
}

fn status_in(place: &Place, namespace: &str, name: &str, conditions: &Value) {
    let broker = place.cluster.get("broker", namespace, name).expect("the broker is there");
    let status = json!({"status": {
        "observedGeneration": broker["metadata"]["generation"],
        "conditions": conditions,
    }});
    let patch = status.to_string();
    let what = ["patch", "broker", name, "--subresource=status", "--type=merge", "-p", &patch];
    let _ = place.cluster.kubectl(&[&["-n", namespace], &what[..]].concat()).expect_success();
}

fn ready() -> Value {
    json!([{"type": "Ready", "status": "True"}])
}

fn unready() -> Value {
    json!([
        {"type": "FilterReady", "status": "False", "reason": "NoEndpoints", "message": "none yet"},
        {"type": "Ready", "status": "False", "reason": "NoEndpoints"},
    ])
}

fn apply_waits_for_controllers() {
    let place = Place::new(BROKER);
    let running = waiting(&place, "60s").arguments(&["-o", "json"]).start();
    // What has no controller is done and no more; the broker is written beside it.
    running.wait_says("/b done", LIMIT);
    status(&place, "b", &unready());
    running.wait_says("/b waits: FilterReady is False: NoEndpoints: none yet", LIMIT);
    status(&place, "b", &ready());
    let said = running.end().code(0).says(&["/b is ready"]).hides(&["settings is ready"]);
    let report = said.json();
    assert_eq!(report["summary"]["unready"], 0);
    let outcomes: Vec<&Value> =
        report["changes"].as_array().unwrap().iter().map(|change| &change["outcome"]).collect();
    assert!(outcomes.contains(&&json!("ready")), "{report:#}");
    assert!(outcomes.contains(&&json!("done")), "{report:#}");
    // A project that is ready is not waited for.
    waiting(&place, "60s").run().code(0).says(&["No changes."]).hides(&["ready"]);
}

#[track_caller]
fn says_it_is_not(said: Said, why: &str) {
    let said = said.code(7);
    let _ = said.says(&[&format!("/b is not ready: {why}"), "Apply incomplete.", "(1 not ready)"]);
}

fn what_is_not_ready_is_said() {
    let place = Place::new(BROKER);
    says_it_is_not(waiting(&place, "1s").run(), "no controller has said anything of it");
    status(&place, "b", &unready());
    // The second run has nothing to write, and it is as little done.
    let why = "FilterReady is False: NoEndpoints: none yet";
    says_it_is_not(waiting(&place, "1s").run(), why);
    let _ = place.evctl("plan").run().code(0).says(&["As declared, and not ready:", why]);
    let plan = place.evctl("plan").arguments(&["-o", "json"]).run().code(0).json();
    let unready: Vec<&Value> =
        plan["changes"].as_array().unwrap().iter().map(|change| &change["unready"]).collect();
    assert!(unready.contains(&&json!(why)), "{plan:#}");
    let said = waiting(&place, "1s").arguments(&["-o", "jsonl"]).run().code(7);
    let events: Vec<Value> =
        said.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(events.iter().any(|event| event["event"] == "unready" && event["why"] == why));
    // Whoever does not want to wait does not.
    let _ = waiting(&place, "0").run().code(0).says(&["No changes."]);
}

fn a_controller_may_be_behind() {
    let place = Place::new(BROKER);
    place.apply();
    status(&place, "b", &ready());
    place.write(&format!(
        "{}spec: {{delivery: {{retry: 3}}}}\n",
        BROKER.split("---").next().unwrap()
    ));
    let why = "its controller has seen generation 1 of 2";
    says_it_is_not(waiting(&place, "1s").run(), why);
    status(&place, "b", &ready());
    let _ = waiting(&place, "1s").run().code(0);
}

/// A user who may list and not watch.
fn without_a_watch_it_is_listed() {
    let place = Place::new(BROKER);
    let user = format!("lister-of-{}", place.namespace);
    let kubeconfig = place.cluster.kubeconfig_as(&user, &[]);
    let role = [
        "create",
        "role",
        "lister",
        "--verb=get,list,create,patch,update",
        "--resource=brokers.eventing.knative.dev,configmaps,leases.coordination.k8s.io",
    ];
    place.kubectl(&role, "");
    place.kubectl(&["create", "rolebinding", "lister", "--role=lister", "--user", &user], "");
    let run =
        place.evctl_as(&kubeconfig, "apply").arguments(&["--wait-timeout", "60s", "-o", "json"]);
    let running = run.start();
    running.wait_says("it cannot be looked at:", LIMIT);
    status(&place, "b", &ready());
    let _ = running.end().code(0).says(&["/b is ready"]);
}

fn waiting_ends_at_a_signal() {
    let place = Place::new(BROKER);
    let running = waiting(&place, "60s").arguments(&["-o", "json"]).start();
    running.wait_says("/b waits:", LIMIT);
    running.signal("INT");
    let _ = running.end().code(7).says(&["/b is not ready: no controller"]);
}

/// More than a page of a LIST, of one kind.
fn many_are_watched_at_once() {
    let brokers: Vec<String> = (0..30).map(|number| format!("b{number:02}")).collect();
    let document = |name: &String| {
        format!("apiVersion: eventing.knative.dev/v1\nkind: Broker\nmetadata: {{name: {name}}}\n")
    };
    let place = Place::new(&brokers.iter().map(document).collect::<Vec<_>>().join("---\n"));
    let marker = place.cluster.marker();
    let running = waiting(&place, "60s").arguments(&["-o", "json"]).start();
    running.wait_says("[30/30]", LIMIT);
    brokers.iter().for_each(|name| status(&place, name, &ready()));
    let _ = running.end().code(0).says(&["/b00 is ready", "/b29 is ready"]);
    let path = format!("/namespaces/{}/brokers", place.namespace);
    let requests = place.cluster.requests(marker);
    let watches =
        requests.iter().filter(|request| request.verb == "watch" && request.uri.contains(&path));
    assert!((1..=6).contains(&watches.count()), "one watch, begun again every nine seconds");
}

/// For who may look at the whole cluster; one for each namespace for who has Roles alone.
fn one_watch_for_a_kind_in_several_namespaces() {
    let place = Place::new(BROKER);
    let other = place.cluster.namespace("other");
    let there = BROKER.replace("{name: b}", &format!("{{name: b, namespace: {other}}}"));
    place.write(&format!("{BROKER}---\n{}", there.split("---").next().unwrap()));
    let namespaces = [&place.namespace, &other];
    let user = format!("walker-of-{}", place.namespace);
    let walker = place.cluster.kubeconfig_as(&user, &[]);
    for namespace in namespaces {
        let bind = ["create", "rolebinding", "walker", "--clusterrole=cluster-admin"];
        let bind = [&["-n", namespace], &bind[..], &["--user", &user]].concat();
        let _ = place.cluster.kubectl(&bind).expect_success();
    }
    let watched = |kubeconfig: &Path| {
        let marker = place.cluster.marker();
        let run = place.evctl_as(kubeconfig, "apply");
        let running = run.arguments(&["--wait-timeout", "60s", "-o", "json"]).start();
        for namespace in namespaces {
            running.wait_says(&format!("{namespace}/b waits:"), LIMIT);
        }
        namespaces.iter().for_each(|namespace| status_in(&place, namespace, "b", &ready()));
        let _ = running.end().code(0).says(&["/b is ready"]);
        namespaces.iter().for_each(|namespace| status_in(&place, namespace, "b", &unready()));
        let requests = place.cluster.requests(marker).into_iter();
        let watches = requests.filter(|request| request.verb == "watch").map(|request| request.uri);
        watches.collect::<Vec<String>>()
    };
    let marked = "labelSelector=evctl.dev%2Fproject";
    let is_whole = |uri: &String| {
        uri.starts_with("/apis/eventing.knative.dev/v1/brokers?") && uri.contains(marked)
    };
    let watches = |all: &[String], namespace: &String| {
        all.iter().any(|uri| uri.contains(&format!("/namespaces/{namespace}/brokers?")))
    };
    let of_walker = watched(&walker);
    assert!(namespaces.iter().all(|namespace| watches(&of_walker, namespace)), "{of_walker:?}");
    let of_admin = watched(place.cluster.kubeconfig());
    let count = of_admin.iter().filter(|uri| is_whole(uri)).count();
    assert!((1..=6).contains(&count), "one watch, begun again every nine seconds: {of_admin:?}");
    assert!(!namespaces.iter().any(|namespace| watches(&of_admin, namespace)), "{of_admin:?}");
}

fn what_is_deleted_meanwhile() {
    let place = Place::new(BROKER);
    let running = waiting(&place, "7s").arguments(&["-o", "json"]).start();
    running.wait_says("/b done", LIMIT);
    place.kubectl(&["delete", "broker", "b"], "");
    let _ = running.end().code(7).says(&["/b is not ready: it "]);
}
