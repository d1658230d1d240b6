//! `moved` and `removed` of the project file: what another project owned becomes this one's as it is, and
//! what this one owned is forgotten as it is, on both planes.

use libtest_mimic::Trial;
use serde_json::{Value, json};

use super::binary::{Evctl, Folder};
use super::live_kubernetes::Place;
use crate::servers::nats::Nats;
use crate::servers::{Need, trial};

pub(super) fn trials() -> Vec<Trial> {
    let (kube, nats) = (&[Need::Kubernetes], &[Need::Nats]);
    let both = &[Need::Kubernetes, Need::Nats, Need::KnativeCrds, Need::NatssCrd];
    vec![
        trial("live_moved::streams_of_a_renamed_project", nats, streams_of_a_renamed_project),
        trial("live_moved::one_object_of_two", nats, one_object_of_two),
        trial("live_moved::by_a_saved_plan", nats, by_a_saved_plan),
        trial("live_moved::a_line_is_idle_only_where_it_was_looked", both, lines_that_are_idle),
        trial("live_moved::objects_of_a_renamed_project", kube, objects_of_a_renamed_project),
        trial("live_moved::channels_of_a_renamed_project", both, channels_of_a_renamed_project),
        trial("live_moved::a_stream_is_forgotten", nats, a_stream_is_forgotten),
        trial(
            "live_moved::what_takes_no_update_stays",
            nats,
            what_takes_no_update_is_not_forgotten,
        ),
        trial("live_moved::an_object_is_forgotten", kube, an_object_is_forgotten),
        trial("live_moved::what_is_declared_is_not_forgotten", nats, declared_and_removed),
    ]
}

const SETTINGS: &str = "name: new\nmoved: [{from: test}]\n";

fn evctl(verb: &str, nats: &Nats, folder: &Folder) -> Evctl {
    let run = Evctl::new(&[verb, folder.text(), "--no-kubernetes", "--nats-url", &nats.url()]);
    if verb == "apply" { run.arguments(&["--yes"]) } else { run }
}

fn stream(name: &str) -> String {
    let upper = name.to_uppercase();
    format!(
        "---\napiVersion: jetstream.nats.io/v1beta2\nkind: Stream\nmetadata: {{name: {name}}}\n\
         spec: {{name: {upper}, subjects: [{name}], storage: file}}\n"
    )
}

const CONSUMER: &str = "---\napiVersion: jetstream.nats.io/v1beta2\nkind: Consumer\nmetadata: {name: c}\n\
    spec: {streamName: A, durableName: c, ackPolicy: explicit, ackWait: 30s}\n";

fn info(nats: &Nats, name: &str) -> Value {
    nats.wire().api(&format!("STREAM.INFO.{name}"), &Value::Null)
}

fn project(nats: &Nats, name: &str) -> Value {
    info(nats, name)["config"]["metadata"]["evctl.dev/project"].clone()
}

fn streams_of_a_renamed_project() {
    let nats = Nats::start();
    let folder = Folder::project(&[("a.yaml", &(stream("a") + CONSUMER + &stream("b")))]);
    let _ = evctl("apply", &nats, &folder).run().code(0).says(&["3 added"]);
    nats.wire().publish("a", "x");
    folder.write("evctl.yaml", "name: new\n");
    let _ = evctl("plan", &nats, &folder).run().code(4).says(&["it belongs to project test"]);
    folder.write("evctl.yaml", SETTINGS);
    let said = evctl("plan", &nats, &folder).arguments(&["--exit-code"]).run().code(2);
    let _ = said.says(&[
        "=> stream/A",
        "was project test's, and stays as it is",
        "Plan: 0 to add, 0 to change, 0 to destroy. (3 to move)",
    ]);
    let plan = evctl("plan", &nats, &folder).arguments(&["-o", "json"]).run().code(0).json();
    assert_eq!(
        (&plan["summary"]["move"], &plan["changes"][0]["action"]),
        (&json!(3), &json!("move"))
    );
    let before = info(&nats, "A");
    let _ = evctl("apply", &nats, &folder).run().code(0).says(&["Apply complete!", "(3 moved)"]);
    let after = info(&nats, "A");
    assert_eq!(project(&nats, "A"), "new");
    for same in ["created", "state"] {
        assert_eq!(before[same], after[same]);
    }
    let said = evctl("plan", &nats, &folder).arguments(&["--exit-code", "--prune"]).run().code(0);
    let _ = said.says(&["No changes.", "its line under `moved` can go"]);
    // The old project has nothing any more, and cannot have it back unasked.
    folder.write("evctl.yaml", "name: test\n");
    let _ = evctl("plan", &nats, &folder).run().code(4).says(&["it belongs to project new"]);
}

fn one_object_of_two() {
    let nats = Nats::start();
    let folder = Folder::project(&[("a.yaml", &(stream("a") + CONSUMER + &stream("b")))]);
    let _ = evctl("apply", &nats, &folder).run().code(0);
    folder.write("evctl.yaml", "name: new\nmoved: [{from: test, objects: [stream/A]}]\n");
    // A move and a change together are a change; a stream's consumers go with it.
    folder.write("a.yaml", &(stream("a").replace("[a]", "[a, more]") + CONSUMER + &stream("b")));
    let said = evctl("apply", &nats, &folder).run().code(4);
    let said = said.says(&["~ stream/A", "=> consumer/A/c", "1 changed", "1 moved"]);
    let _ = said.says(&["x stream/B", "it belongs to project test"]);
    assert_eq!((project(&nats, "A"), project(&nats, "B")), (json!("new"), json!("test")));
}

/// A move and a forgetting, planned, saved and carried out as lines of JSON.
fn by_a_saved_plan() {
    let nats = Nats::start();
    let folder = Folder::project(&[("a.yaml", &(stream("a") + &stream("b")))]);
    let _ = evctl("apply", &nats, &folder).run().code(0);
    folder.write("evctl.yaml", "name: new\nmoved: [{from: test, objects: [stream/A]}]\n");
    let other = Folder::project(&[("a.yaml", &stream("c"))]);
    other.write("evctl.yaml", "name: test\nremoved: [stream/B]\n");
    folder.write("a.yaml", &stream("a"));
    for (folder, action) in [(&folder, "move"), (&other, "forget")] {
        let file = folder.file("plan.json").display().to_string();
        let _ = evctl("plan", &nats, folder).arguments(&["--out", &file]).run().code(0);
        let run = Evctl::new(&["apply", &file, "--no-kubernetes", "--nats-url", &nats.url()]);
        let said = run.arguments(&["-o", "jsonl"]).run().code(0);
        let last: Value = serde_json::from_str(said.stdout.lines().last().unwrap()).unwrap();
        let done = |change: &&Value| change["outcome"] == "done" && change["action"] == action;
        assert_eq!(last["changes"].as_array().unwrap().iter().filter(done).count(), 1, "{said}");
    }
    assert_eq!((project(&nats, "A"), project(&nats, "B")), (json!("new"), Value::Null));
}

/// "The line can go" is said of what is so, not of what nobody has looked at.
fn lines_that_are_idle() {
    let nats = Nats::start();
    let place = Place::new(CHANNEL);
    let stream = format!("stream/KN_{}__C", place.namespace.to_uppercase().replace('-', "_"));
    let settings = format!("name: test\nmoved: [{{from: old}}]\nremoved: [{stream}, stream/AA]\n");
    place.folder.write("evctl.yaml", &settings);
    let run = |verb: &str, more: &[&str]| {
        let run = Evctl::new(&[verb, place.folder.text(), "-n", &place.namespace]);
        run.arguments(more).run()
    };
    let kubeconfig = place.cluster.kubeconfig().to_str().unwrap();
    let url = nats.url();
    let (of_kube, of_nats) = (["--kubeconfig", kubeconfig], ["--nats-url", &url]);
    let both = [of_kube, of_nats].concat();
    let whole = run("plan", &both).code(0);
    let _ = whole.says(&[
        "project old's any longer",
        "names stream/AA, which is not the project's: the line",
    ]);
    let half = run("plan", &[&of_kube[..], &["--no-nats"]].concat()).code(0);
    let _ = half.hides(&["the line can go", "can go"]);
    let half = run("plan", &[&of_nats[..], &["--no-kubernetes"]].concat()).code(0);
    let _ = half.says(&["stream/AA, which is not the project's"]).hides(&["project old's"]);
    let _ = run("plan", &["--offline"]).code(0).hides(&["can go"]);
    let _ = run("plan", &[&both[..], &["--destroy"]].concat()).code(0).hides(&["can go"]);
    // A name that is nearly right is not done with.
    place.folder.write("evctl.yaml", "name: test\n");
    let _ = run("apply", &[&both[..], &["--yes"]].concat()).code(0);
    place.write(CHANNEL.split("---").next().unwrap());
    let near = format!("subscription.messaging.knative.dev/{}/t", place.namespace);
    place.folder.write("evctl.yaml", &format!("name: test\nremoved: [{near}]\n"));
    let _ = run("plan", &both).code(0).says(&["is not the project's; did you mean subscription"]);
}

const MAPS: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {k: v}\n---\n\
    apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\n";

fn objects_of_a_renamed_project() {
    let place = Place::new(MAPS);
    let _ = place.apply();
    let before = place.get("configmap", "a");
    place.folder.write("evctl.yaml", "name: new\n");
    let _ = place.evctl("plan").run().code(4).says(&["it belongs to project test"]);
    place.folder.write("evctl.yaml", SETTINGS);
    let _ = place.evctl("plan").run().code(0).says(&["=> configmap/", "2 to move"]);
    let _ = place.apply().says(&["(2 moved)"]);
    let after = place.get("configmap", "a");
    assert_eq!(after["metadata"]["labels"]["evctl.dev/project"], "new");
    assert_eq!(after["metadata"]["uid"], before["metadata"]["uid"]);
    assert_eq!(after["data"], before["data"]);
    place.is_settled();
    // It is the new project's in every respect: what leaves the file goes.
    place.write(MAPS.split("---").next().unwrap());
    let prune = ["--prune", "--allow-mass-delete"];
    let _ = place.evctl("apply").arguments(&prune).run().code(0).says(&["1 destroyed"]);
    let other = Folder::project(&[]);
    let kubeconfig = place.cluster.kubeconfig().to_str().unwrap();
    let run = Evctl::new(&["destroy", other.text(), "--yes", "--no-nats", "-n", &place.namespace]);
    let _ = run.arguments(&["--kubeconfig", kubeconfig]).run().code(0).says(&["No changes."]);
    assert!(place.cluster.get("configmap", &place.namespace, "a").is_some());
}

const CHANNEL: &str = "apiVersion: messaging.knative.dev/v1alpha1\nkind: NatsJetStreamChannel\n\
    metadata: {name: c}\n---\napiVersion: messaging.knative.dev/v1\nkind: Subscription\n\
    metadata: {name: s}\nspec:\n  channel: {apiVersion: messaging.knative.dev/v1alpha1, kind: \
    NatsJetStreamChannel, name: c}\n  subscriber: {uri: http://example.com}\n";

fn channels_of_a_renamed_project() {
    let nats = Nats::start();
    let place = Place::new(CHANNEL);
    let run = |verb: &str| {
        let kubeconfig = place.cluster.kubeconfig().to_str().unwrap();
        let run = Evctl::new(&[verb, place.folder.text(), "-n", &place.namespace]);
        let run = run.arguments(&["--kubeconfig", kubeconfig, "--nats-url", &nats.url()]);
        if verb == "apply" { run.arguments(&["--yes"]) } else { run }
    };
    let _ = run("apply").run().code(0).says(&["4 added"]);
    place.folder.write("evctl.yaml", SETTINGS);
    let _ = run("apply").run().code(0).says(&["0 added, 0 changed, 0 destroyed. (4 moved)"]);
    let _ = run("plan").arguments(&["--exit-code", "--prune"]).run().code(0);
}

fn a_stream_is_forgotten() {
    let nats = Nats::start();
    let folder = Folder::project(&[("a.yaml", &(stream("a") + CONSUMER + &stream("b")))]);
    let _ = evctl("apply", &nats, &folder).run().code(0);
    folder.write("a.yaml", &stream("b"));
    folder.write("evctl.yaml", "name: test\nremoved: [stream/A]\n");
    let prune = ["--prune", "--allow-mass-delete", "--exit-code"];
    let said = evctl("plan", &nats, &folder).arguments(&prune).run().code(2);
    let _ = said.says(&["< stream/A", "< consumer/A/c", "2 to forget", "0 to destroy"]);
    let before = info(&nats, "A");
    let _ = evctl("apply", &nats, &folder).run().code(0).says(&["2 forgotten"]);
    let after = info(&nats, "A");
    assert_eq!(project(&nats, "A"), Value::Null);
    assert_eq!((&before["created"], &before["state"]), (&after["created"], &after["state"]));
    let mut config = before["config"].clone();
    for mark in ["evctl.dev/project", "evctl.dev/object"] {
        config["metadata"].as_object_mut().unwrap().remove(mark);
    }
    assert_eq!(config, after["config"]);
    let said = evctl("plan", &nats, &folder).arguments(&prune).run().code(0);
    let _ = said.says(&["No changes.", "`removed` names stream/A", "the line can go"]);
    // It belongs to nobody, as if nobody had ever made it.
    folder.write("evctl.yaml", "name: test\n");
    let _ = evctl("plan", &nats, &folder).arguments(&prune).run().code(0).hides(&["stream/A"]);
}

/// The server refuses every update of such a stream, also one that takes marks off, and the plan says so.
fn what_takes_no_update_is_not_forgotten() {
    let nats = Nats::start();
    let marks =
        json!({"evctl.dev/project": "test", "evctl.dev/object": "stream.jetstream.nats.io/a"});
    let counter = json!({"name": "A", "subjects": ["a"], "allow_msg_counter": true,
        "subject_delete_marker_ttl": 60_000_000_000_u64, "metadata": marks});
    assert!(nats.wire().api("STREAM.CREATE.A", &counter).get("error").is_none());
    let folder = Folder::project(&[]);
    folder.write("a.yaml", &stream("b"));
    folder.write("evctl.yaml", "name: test\nremoved: [stream/A]\n");
    let said = evctl("plan", &nats, &folder).run().code(4);
    let _ = said.says(&["x stream/A", "counter stream cannot use message TTLs", "10052"]);
    // So it is.
    let mut config = info(&nats, "A")["config"].clone();
    config["metadata"]["more"] = json!("yes");
    let answer = nats.wire().api("STREAM.UPDATE.A", &config);
    assert_eq!(answer["error"]["err_code"], 10052, "{answer}");
}

fn an_object_is_forgotten() {
    let place = Place::new(MAPS);
    let _ = place.apply();
    let key = format!("configmap/{}/a", place.namespace);
    place.write(MAPS.split("---").nth(1).unwrap());
    place.folder.write("evctl.yaml", &format!("name: test\nremoved: [{key}]\n"));
    let before = place.get("configmap", "a");
    let said = place.evctl("apply").arguments(&["--prune"]).run().code(0);
    let _ = said.says(&[&format!("< {key}"), "1 forgotten", "0 destroyed"]);
    let after = place.get("configmap", "a");
    assert_eq!(after["metadata"].get("labels"), None, "{after:#}");
    assert_eq!(after["metadata"].get("annotations"), None, "{after:#}");
    assert_eq!(
        (&before["data"], &before["metadata"]["uid"]),
        (&after["data"], &after["metadata"]["uid"])
    );
    place.is_settled();
    let fields =
        place.kubectl(&["get", "configmap", "a", "-o", "json", "--show-managed-fields"], "");
    assert!(!fields.contains("evctl"), "{fields}");
}

fn declared_and_removed() {
    let nats = Nats::start();
    let folder = Folder::project(&[("a.yaml", &stream("a"))]);
    let _ = evctl("apply", &nats, &folder).run().code(0);
    folder.write("evctl.yaml", "name: test\nremoved: [stream/A]\n");
    let said = evctl("plan", &nats, &folder).run().code(4);
    let _ = said.says(&["x stream/A", "`removed` of the project file says that it is not"]);
    folder.write("evctl.yaml", "name: test\nmoved: [{from: test}]\n");
    let said = evctl("plan", &nats, &folder).run().code(4);
    let _ = said.says(&["`test` is this project itself", "evctl.yaml:2"]);
}
