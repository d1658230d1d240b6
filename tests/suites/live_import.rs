//! `evctl import`: what it writes declares what is live, so that a plan right after takes over and changes
//! nothing, and one after that has nothing to do.

use libtest_mimic::Trial;
use serde_json::{Value, json};

use super::binary::{Evctl, Folder, Said};
use super::live_kubernetes::Place;
use super::rule_book;
use crate::servers::nats::Nats;
use crate::servers::{Need, trial};

pub(super) fn trials() -> Vec<Trial> {
    let nats = &[Need::Nats];
    let crds = &[Need::Kubernetes, Need::KnativeCrds, Need::NatssCrd];
    let both = &[Need::Kubernetes, Need::Nats, Need::KnativeCrds, Need::NatssCrd];
    vec![
        trial("live_import::streams_as_people_make_them", nats, streams_as_people_make_them),
        trial("live_import::streams_that_were_drawn", nats, streams_that_were_drawn),
        trial("live_import::what_is_named_alone", nats, what_is_named_alone),
        trial("live_import::nothing_is_overwritten", nats, nothing_is_overwritten),
        trial("live_import::objects_of_a_namespace", crds, objects_of_a_namespace),
        trial("live_import::what_is_not_to_be_adopted", both, what_is_not_to_be_adopted),
        trial("live_import::both_planes", both, both_planes),
    ]
}

/// How many streams are drawn, each with two consumers, of which the server takes some.
fn cases() -> u64 {
    std::env::var("EVCTL_TEST_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(250)
}

fn evctl(verb: &str, nats: &Nats, more: &[&str]) -> Evctl {
    let run = Evctl::new(&[verb, "--no-kubernetes", "--nats-url", &nats.url()]).arguments(more);
    if verb == "apply" { run.arguments(&["--yes"]) } else { run }
}

fn import(nats: &Nats, folder: &Folder) -> Said {
    evctl("import", nats, &["--out", folder.text()]).run()
}

/// A plan that takes over and does nothing else, carried out; then there is nothing to do.
#[track_caller]
fn settles(run: &dyn Fn(&str) -> Evctl) -> usize {
    let plan = run("plan").arguments(&["--adopt", "-o", "json"]).run().code(0).json();
    let summary = plan["summary"].as_object().unwrap();
    let odd: Vec<&Value> = plan["changes"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|change| {
            change["action"] != "adopt" || !change["diff"].as_array().unwrap().iter().all(is_mark)
        })
        .collect();
    assert_eq!(odd, [] as [&Value; 0]);
    let _ = run("apply").arguments(&["--adopt"]).run().code(0);
    let _ = run("plan").arguments(&["--exit-code"]).run().code(0).says(&["No changes."]);
    summary["adopt"].as_u64().and_then(|count| usize::try_from(count).ok()).unwrap()
}

/// Whether what differs is the membership of the project's `ApplySet`.
fn is_mark(diff: &Value) -> bool {
    diff["path"].as_str().unwrap().contains("applyset.kubernetes.io/part-of")
}

fn make(nats: &Nats, config: &Value) -> bool {
    let name = config["name"].as_str().unwrap();
    nats.wire().api(&format!("STREAM.CREATE.{name}"), config).get("error").is_none()
}

fn consume(nats: &Nats, stream: &str, config: &Value) -> bool {
    let name = config["durable_name"].as_str().unwrap_or_default();
    if name.is_empty() {
        return false;
    }
    let mut config = config.clone();
    config["name"] = json!(name);
    let body = json!({"stream_name": stream, "config": config, "action": "create"});
    nats.wire().api(&format!("CONSUMER.CREATE.{stream}.{name}"), &body).get("error").is_none()
}

fn streams_as_people_make_them() {
    let nats = Nats::start();
    for config in [
        json!({"name": "ORDERS", "subjects": ["orders.>"], "max_age": 604_800_000_000_000_u64}),
        json!({"name": "JOBS_eu", "subjects": ["jobs"], "retention": "workqueue"}),
        json!({"name": "jobs-EU", "mirror": {"name": "ORDERS"}, "metadata": {"on": "yes"}}),
        json!({"name": "KV_b", "subjects": ["$KV.b.>"], "max_msgs_per_subject": 5, "discard": "new",
            "allow_rollup_hdrs": true, "deny_delete": true, "allow_direct": true}),
        json!({"name": "OBJ_o", "subjects": ["$O.o.C.>", "$O.o.M.>"], "discard": "new",
            "allow_rollup_hdrs": true, "allow_direct": true}),
    ] {
        assert!(make(&nats, &config), "{config}");
    }
    let durable = json!({"durable_name": "billing", "ack_policy": "explicit"});
    assert!(consume(&nats, "ORDERS", &durable));
    // One that goes with its client is nobody's to declare.
    let body =
        json!({"stream_name": "ORDERS", "config": {"inactive_threshold": 60_000_000_000_u64}});
    nats.wire().api("CONSUMER.CREATE.ORDERS", &body);
    let folder = Folder::bare(&[]);
    let _ = import(&nats, &folder).code(64).says(&["no project is named"]);
    let run = evctl("import", &nats, &["--out", folder.text(), "--project", "shop"]);
    let said = run.run().code(0);
    let _ = said.says(&["jetstream.yaml: 6 objects", "evctl.yaml: project shop", "--adopt"]);
    let text = std::fs::read_to_string(folder.file("jetstream.yaml")).unwrap();
    for part in
        ["kind: KeyValue", "bucket: b", "kind: ObjectStore", "maxAge: 168h", "name: jobs-eu-2"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert_eq!(settles(&|verb| evctl(verb, &nats, &[folder.text()])), 6);
    // Whoever imports again has what is there: all of it is this project's.
    let _ = evctl("import", &nats, &["--out", folder.text(), "--force"]).run().code(0);
    assert_eq!(std::fs::read_to_string(folder.file("jetstream.yaml")).unwrap(), text);
    let other = Folder::project(&[]);
    let _ = import(&nats, &other)
        .code(0)
        .says(&["stream/ORDERS is left out: it belongs to project shop"]);
}

fn streams_that_were_drawn() {
    let nats = Nats::start();
    let mut made = 0;
    for seed in 0..cases() {
        let name = format!("S{seed}");
        let (mut stream, mut consumers) = rule_book::drawn(seed, &name);
        // What goes by itself after a second is gone before the plan is carried out.
        let limits = stream.as_object_mut().unwrap().get_mut("consumer_limits");
        for idle in consumers.iter_mut().chain(limits).filter_map(Value::as_object_mut) {
            idle.remove("inactive_threshold");
        }
        if make(&nats, &stream) {
            made += 1;
            made += consumers.iter().filter(|config| consume(&nats, &name, config)).count();
        }
    }
    let folder = Folder::project(&[]);
    let said = import(&nats, &folder);
    let left_out = said.stderr.lines().filter(|line| line.contains("is left out")).count();
    assert_eq!(said.code, Some(if left_out > 0 { 4 } else { 0 }), "{said}");
    let adopted = settles(&|verb| evctl(verb, &nats, &[folder.text()]));
    assert!(adopted > 50, "{adopted} of {made}");
    // What goes with its client is not counted, nor what its kinds cannot say, which is said.
    assert!(adopted + left_out <= made, "{adopted} and {left_out} of {made}");
}

fn what_is_named_alone() {
    let nats = Nats::start();
    for name in ["A", "B"] {
        assert!(make(&nats, &json!({"name": name, "subjects": [name]})));
        assert!(consume(&nats, name, &json!({"durable_name": "c", "ack_policy": "explicit"})));
    }
    let count = |objects: &[&str]| {
        let folder = Folder::project(&[]);
        let more = [objects, &["--by", "kind", "--out", folder.text()]].concat();
        let said = evctl("import", &nats, &more).run().code(0);
        said.stdout
            .lines()
            .map(|line| line.rsplit('/').next().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(count(&["stream"]), ["stream.yaml: 2 objects"]);
    assert_eq!(count(&["stream/A"]), ["stream.yaml: 1 object"]);
    assert_eq!(count(&["consumer/B/c"]), ["consumer.yaml: 1 object"]);
    for (object, why) in
        [("stream/C", "stream/C names nothing that is live"), ("secret/x", "its values")]
    {
        let folder = Folder::project(&[]);
        let _ =
            evctl("import", &nats, &[object, "--out", folder.text()]).run().code(64).says(&[why]);
    }
    // A stream that takes no more changes cannot be marked.
    assert!(make(&nats, &json!({"name": "OLD", "subjects": ["old"]})));
    let sealed = json!({"name": "OLD", "subjects": ["old"], "sealed": true});
    nats.wire().api("STREAM.UPDATE.OLD", &sealed);
    let folder = Folder::project(&[]);
    let _ = import(&nats, &folder).code(4).says(&["stream/OLD is left out: it is sealed"]);
    settles(&|verb| evctl(verb, &nats, &[folder.text()]));
    nats.wire().api("STREAM.DELETE.OLD", &Value::Null);
    let other = |project: &str| Folder::bare(&[("evctl.yaml", &format!("name: {project}\n"))]);
    let folder = other("another");
    let _ = import(&nats, &folder).code(0).says(&["it belongs to project test"]);
    for name in ["A", "B"] {
        nats.wire().api(&format!("STREAM.DELETE.{name}"), &Value::Null);
        assert!(make(&nats, &json!({"name": name, "subjects": [name]})));
        assert!(consume(&nats, name, &json!({"durable_name": "c", "ack_policy": "explicit"})));
    }
    assert_eq!(count(&[]), ["consumer.yaml: 2 objects", "stream.yaml: 2 objects"]);
}

fn nothing_is_overwritten() {
    let nats = Nats::start();
    assert!(make(&nats, &json!({"name": "A", "subjects": ["a"]})));
    let folder = Folder::project(&[("jetstream.yaml", "# mine\n")]);
    let said = import(&nats, &folder).code(1);
    let _ = said.says(&["jetstream.yaml is there already", "--force"]);
    assert_eq!(std::fs::read_to_string(folder.file("jetstream.yaml")).unwrap(), "# mine\n");
}

const OBJECTS: &str = r#"
apiVersion: eventing.knative.dev/v1
kind: Broker
metadata: {name: shop, annotations: {eventing.knative.dev/broker.class: MTChannelBasedBroker, note: "012"}}
spec: {delivery: {retry: 3, backoffPolicy: linear, backoffDelay: PT1S}}
---
apiVersion: eventing.knative.dev/v1
kind: Trigger
metadata: {name: t}
spec:
  broker: shop
  filter: {attributes: {type: "yes"}}
  subscriber: {uri: http://example.com}
---
apiVersion: messaging.knative.dev/v1
kind: Subscription
metadata: {name: s}
spec:
  channel: {apiVersion: messaging.knative.dev/v1, kind: InMemoryChannel, name: c}
  subscriber: {uri: http://example.com}
---
apiVersion: messaging.knative.dev/v1
kind: InMemoryChannel
metadata: {name: c}
"#;

fn objects_of_a_namespace() {
    let place = Place::new("");
    // Client-side, as most people do.
    place.kubectl(&["apply", "-f", "-"], OBJECTS);
    let child = "apiVersion: messaging.knative.dev/v1\nkind: InMemoryChannel\nmetadata:\n  name: child\n  \
        ownerReferences: [{apiVersion: eventing.knative.dev/v1, kind: Broker, name: shop, uid: x, \
        controller: true}]\n";
    place.kubectl(&["create", "-f", "-"], child);
    let finalizers = r#"{"metadata": {"finalizers": ["triggers.eventing.knative.dev"]}}"#;
    place.kubectl(&["patch", "trigger", "t", "--type=merge", "-p", finalizers], "");
    let folder = Folder::project(&[]);
    let kubeconfig = place.cluster.kubeconfig().to_str().unwrap();
    let run = |verb: &str, path: &[&str]| {
        let run = Evctl::new(&[verb, "--no-nats", "-n", &place.namespace]).arguments(path);
        let run = run.arguments(&["--kubeconfig", kubeconfig]);
        if verb == "apply" { run.arguments(&["--yes"]) } else { run }
    };
    let said = run("import", &["--out", folder.text()]).run().code(0);
    let _ = said.says(&[&format!("{}.yaml: 4 objects", place.namespace)]);
    let text = std::fs::read_to_string(folder.file(&format!("{}.yaml", place.namespace))).unwrap();
    for absent in ["uid", "resourceVersion", "finalizers", "last-applied", "child", "status"] {
        assert!(!text.contains(absent), "{absent}: {text}");
    }
    assert_eq!(settles(&|verb| run(verb, &[folder.text()])), 4);
    let kinds = Folder::project(&[]);
    let said =
        run("import", &["broker", "trigger", "--by", "kind", "--out", kinds.text()]).run().code(0);
    let _ = said.says(&["broker.yaml: 1 object", "trigger.yaml: 1 object"]);
}

const CHANNEL: &str = "apiVersion: messaging.knative.dev/v1alpha1\nkind: NatsJetStreamChannel\n\
    metadata: {name: c}\n";

fn on_both(place: &Place, nats: &Nats, verb: &str) -> Evctl {
    let kubeconfig = place.cluster.kubeconfig().to_str().unwrap();
    let run = Evctl::new(&[verb, "-n", &place.namespace, "--nats-url", &nats.url()]);
    let run = run.arguments(&["--kubeconfig", kubeconfig]);
    if verb == "apply" { run.arguments(&["--yes"]) } else { run }
}

/// What no plan would take over is left out, and said, and the rest is as good as ever.
fn what_is_not_to_be_adopted() {
    let nats = Nats::start();
    // The server takes it, and no update of it.
    assert!(make(
        &nats,
        &json!({"name": "COUNTER", "subjects": ["c"], "allow_msg_counter": true,
        "subject_delete_marker_ttl": 60_000_000_000_u64})
    ));
    // Another spelling of the same time would be a change, which the server refuses.
    let mirror = json!({"name": "GONE", "opt_start_time": "2026-01-02T03:04:05.5+02:00"});
    assert!(make(&nats, &json!({"name": "M", "mirror": mirror})));
    assert!(make(&nats, &json!({"name": "PLAIN", "subjects": ["plain"]})));
    let place = Place::new("");
    place.kubectl(&["create", "-f", "-"], OBJECTS);
    // There is no webhook here, which would have refused it.
    let broken = "apiVersion: eventing.knative.dev/v1\nkind: Trigger\nmetadata: {name: broken}\n\
        spec:\n  broker: shop\n  filter: {attributes: {UPPER: x}}\n  subscriber: {uri: http://example.com}\n";
    place.kubectl(&["create", "-f", "-"], broken);
    let folder = Folder::project(&[]);
    let run = |verb: &str, path: &[&str]| on_both(&place, &nats, verb).arguments(path);
    let said = run("import", &["--out", folder.text()]).run().code(4);
    let _ = said.says(&[
        &format!("trigger.eventing.knative.dev/{}/broken is left out: ", place.namespace),
        "stream/COUNTER is left out: ",
        "10052",
    ]);
    assert_eq!(settles(&|verb| run(verb, &[folder.text()])), 6);
}

/// A channel's stream is declared by the channel.
fn both_planes() {
    let nats = Nats::start();
    let place = Place::new("");
    place.kubectl(&["create", "-f", "-"], CHANNEL);
    let upper = place.namespace.to_uppercase().replace('-', "_");
    let subject = format!("{}.c._knative", place.namespace);
    assert!(make(&nats, &json!({"name": format!("KN_{upper}__C"), "subjects": [subject]})));
    assert!(make(&nats, &json!({"name": "PLAIN", "subjects": ["plain"]})));
    assert!(make(&nats, &json!({"name": "KN_OTHER__X", "subjects": ["other.x._knative"]})));
    let folder = Folder::project(&[]);
    let run = |verb: &str, path: &[&str]| on_both(&place, &nats, verb).arguments(path);
    let said = run("import", &["--out", folder.text()]).run().code(0);
    let _ = said.says(&[
        "jetstream.yaml: 1 object",
        &format!("{}.yaml: 1 object", place.namespace),
        "stream/KN_OTHER__X is left out: it is a NATS channel's",
    ]);
    assert_eq!(settles(&|verb| run(verb, &[folder.text()])), 3);
}
