//! Three real nats-servers as one cluster: what a plan knows of it, and that streams with copies are
//! applied, changed, replaced and pruned, with one look at the end at what came of it.

use std::time::Duration;

use libtest_mimic::Trial;
use serde_json::{Value, json};

use super::binary::{Evctl, Folder, Said};
use crate::servers::api_watch::ApiWatch;
use crate::servers::nats_cluster::Cluster;
use crate::servers::proxy::{Place, Proxy, Then};
use crate::servers::{Need, trial, waiting};

pub(super) fn trials() -> Vec<Trial> {
    let nats = &[Need::Nats];
    vec![
        trial("live_cluster::servers_are_counted", nats, servers_are_counted),
        trial("live_cluster::a_server_less", nats, a_server_less),
        trial("live_cluster::applied_changed_replaced_pruned", nats, applied_to_pruned),
        trial("live_cluster::what_drifts_is_noticed", nats, what_drifts_is_noticed),
    ]
}

/// How long a stop of the proxy may take to be reached.
const LIMIT: Duration = Duration::from_secs(30);

fn channel(name: &str, config: &str) -> String {
    format!(
        "---\napiVersion: messaging.knative.dev/v1alpha1\nkind: NatsJetStreamChannel\n\
         metadata: {{name: {name}}}\nspec: {{stream: {{config: {{{config}}}}}}}\n"
    )
}

fn subscription(channel: &str) -> String {
    format!(
        "---\napiVersion: messaging.knative.dev/v1\nkind: Subscription\nmetadata: {{name: {channel}}}\n\
         spec:\n  channel: {{apiVersion: messaging.knative.dev/v1alpha1, kind: NatsJetStreamChannel, \
         name: {channel}}}\n  subscriber: {{uri: 'http://s.example'}}\n"
    )
}

fn evctl(verb: &str, url: &str, folder: &Folder) -> Evctl {
    let run = Evctl::new(&[verb, folder.text(), "--no-kubernetes", "--nats-url", url]);
    if verb == "apply" { run.arguments(&["--yes"]) } else { run }
}

/// An account like any other learns which servers there are, and with which tags.
fn servers_are_counted() {
    let cluster = Cluster::start("", "");
    let url = cluster.servers[0].url();
    let plan = |config: &str| {
        let folder = Folder::project(&[("a.yaml", &channel("a", config))]);
        evctl("plan", &url, &folder).run()
    };
    plan("replicas: 3").code(0).says(&["1 to add"]).hides(&["Not verified"]);
    plan("replicas: 2, placement: {tags: [east]}").code(0).hides(&["Not verified"]);
    // Two more could be down, and would count.
    let known = "Not verified: 1 (it needs 5 servers, and 3 of the cluster answer)";
    plan("replicas: 5").code(0).says(&[known]);
    let known = "Not verified: 1 (it needs 3 servers, and 2 of 3 that answer fit its placement)";
    plan("replicas: 3, placement: {tags: [east]}").code(0).says(&[known]);
    plan("replicas: 3, placement: {tags: [nowhere]}")
        .code(4)
        .says(&["(10005): it needs 3 servers, and 0 of 3 that answer fit its placement"]);
    let placed = json!({"name": "A", "num_replicas": 3, "placement": {"tags": ["nowhere"]}});
    let answer = cluster.wire().api("STREAM.CREATE.A", &placed);
    assert_eq!(answer["error"]["err_code"], 10005, "{answer}");
    let folder = Folder::project(&[("a.yaml", &channel("a", "replicas: 3"))]);
    evctl("apply", &url, &folder).run().code(0);
    folder.write("a.yaml", &channel("a", "replicas: 3, placement: {tags: [nowhere]}"));
    evctl("plan", &url, &folder).run().code(4).says(&["10005"]);
}

/// A server that is down counts for the cluster: a stream finds its three places.
fn a_server_less() {
    let mut cluster = Cluster::start("", "");
    cluster.servers[2].stop();
    let (url, wire) = (cluster.servers[0].url(), cluster.wire());
    let led = waiting::until(LIMIT, Duration::from_millis(100), || {
        wire.try_request("$JS.API.INFO", "", Duration::from_secs(2)).ok()
    });
    led.expect("two of three are enough for a leader");
    let folder = Folder::project(&[("a.yaml", &channel("a", "replicas: 3"))]);
    let known = "Not verified: 1 (it needs 3 servers, and 2 of the cluster answer)";
    evctl("plan", &url, &folder).run().code(0).says(&[known]);
    evctl("apply", &url, &folder).arguments(&["--timeout", "30s"]).run().code(0);
    folder.write("a.yaml", &channel("a", "replicas: 4"));
    evctl("plan", &url, &folder).run().code(4).says(&["10005", "2 of the cluster answer"]);
}

/// What was listed after the last write, and how often all streams were listed in all.
fn looks(watch: &ApiWatch) -> (Vec<String>, usize) {
    let (subjects, writes) = (watch.subjects(), watch.writes());
    let last = writes.last().expect("a write");
    let at = subjects.iter().rposition(|subject| subject == last).unwrap();
    let mut after = subjects[at + 1..].to_vec();
    // The consumers of a stream that is deleted are looked for, each, and found gone.
    after.retain(|subject| subject.contains(".LIST"));
    after.sort();
    (after, subjects.iter().filter(|subject| *subject == "STREAM.LIST").count())
}

fn applied_to_pruned() {
    let cluster = Cluster::start("", "");
    let url = cluster.servers[0].url();
    let three = |name: &str, more: &str| channel(name, &format!("replicas: 3{more}"));
    let folder = Folder::bare(&[("evctl.yaml", "name: test\n")]);
    let apply = |text: &[String], more: &[&str]| -> (Said, Vec<String>, usize) {
        folder.write("a.yaml", &text.concat());
        let watch = ApiWatch::start(&url);
        let said = evctl("apply", &url, &folder).arguments(more).run();
        let (after, lists) = looks(&watch);
        evctl("plan", &url, &folder).arguments(&["--exit-code"]).run().code(0);
        (said, after, lists)
    };
    let (a, b) = ("CONSUMER.LIST.KN_DEFAULT__A", "CONSUMER.LIST.KN_DEFAULT__B");

    let all = [three("a", ""), subscription("a"), three("b", ""), subscription("b")];
    let (said, after, lists) = apply(&all, &[]);
    said.code(0).says(&["4 added"]);
    assert_eq!((after.as_slice(), lists), (&[a, b, "STREAM.LIST"].map(str::to_owned)[..], 2));
    let info = cluster.wire().api("STREAM.INFO.KN_DEFAULT__A", &Value::Null);
    assert_eq!(info["cluster"]["replicas"].as_array().map(Vec::len), Some(2), "{info:#}");

    let changed = [three("a", ", maxMsgs: 9"), all[1].clone(), all[2].clone(), all[3].clone()];
    let (said, after, lists) = apply(&changed, &[]);
    said.code(0).says(&["1 changed"]);
    assert_eq!((after.as_slice(), lists), (&["STREAM.LIST".to_owned()][..], 2));

    cluster.wire().publish("default.a._knative", "x");
    let anew = [three("a", ", storage: Memory"), all[1].clone(), all[2].clone(), all[3].clone()];
    let (said, after, lists) = apply(&anew, &["--allow-replace", "stream/KN_DEFAULT__A"]);
    said.code(0).says(&["-/+ stream/KN_DEFAULT__A", "2 added, 0 changed, 1 destroyed"]);
    assert_eq!((after.as_slice(), lists), (&[a, "STREAM.LIST"].map(str::to_owned)[..], 2));
    let info = cluster.wire().api("STREAM.INFO.KN_DEFAULT__A", &Value::Null);
    assert_eq!(
        (&info["config"]["storage"], &info["state"]["messages"]),
        (&json!("memory"), &json!(0))
    );

    let less = [anew[0].clone(), anew[1].clone()];
    let allowed = ["--prune", "--allow-delete", "stream/KN_DEFAULT__B"];
    let (said, after, lists) = apply(&less, &allowed);
    said.code(0).says(&["stream/KN_DEFAULT__B done"]);
    assert_eq!((after.as_slice(), lists), (&["STREAM.LIST".to_owned()][..], 2));
    let gone = cluster.wire().api("STREAM.INFO.KN_DEFAULT__B", &Value::Null);
    assert_eq!(gone["error"]["err_code"], 10059, "{gone}");
}

/// Somebody changes a stream after the cluster has answered for it and before the run ends.
fn what_drifts_is_noticed() {
    let cluster = Cluster::start("", "");
    let proxy = Proxy::start(cluster.servers[0].address());
    let text = ["a", "b", "c"].map(|name| channel(name, "replicas: 3, maxMsgs: 9")).concat();
    let folder = Folder::project(&[("a.yaml", &text)]);
    proxy.stop_at(3, Place::Before);
    let run = evctl("apply", &proxy.url(), &folder);
    let run = run.arguments(&["--concurrency", "1", "--timeout", "60s", "--no-lock"]).start();
    assert!(proxy.is_reached(LIMIT), "{}", run.end());
    let wire = cluster.wire();
    let mut config = wire.api("STREAM.INFO.KN_DEFAULT__A", &Value::Null)["config"].clone();
    config["max_msgs"] = json!(7);
    let answer = wire.api("STREAM.UPDATE.KN_DEFAULT__A", &config);
    assert_eq!(answer["config"]["max_msgs"], 7, "{answer}");
    wire.api("STREAM.DELETE.KN_DEFAULT__B", &Value::Null);
    proxy.go_on(Then::Pass);
    run.end().code(7).says(&[
        "stream/KN_DEFAULT__C done",
        "stream/KN_DEFAULT__A is not as written: the server stored max_msgs as 7, not 9",
        "stream/KN_DEFAULT__B is not as written: it is not there",
        "2 not as written",
    ]);
}
