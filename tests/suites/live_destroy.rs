//! `evctl destroy` and `plan --destroy`: all that the project owns goes, in order and behind gates, and
//! nothing else, against a real API server and a real nats-server.

use std::time::Duration;

use libtest_mimic::Trial;
use serde_json::json;

use super::binary::{Evctl, Folder};
use super::live_kubernetes::Place;
use super::live_prune::BUCKET;
use crate::servers::nats::Nats;
use crate::servers::proxy::{Place as Moment, Proxy, Then};
use crate::servers::{Need, trial};

pub(super) fn trials() -> Vec<Trial> {
    let (kube, nats) = (&[Need::Kubernetes], &[Need::Nats]);
    let both = &[Need::Kubernetes, Need::Nats, Need::KnativeCrds, Need::NatssCrd];
    vec![
        trial("live_destroy::streams_go_behind_gates", nats, streams_go_behind_gates),
        trial("live_destroy::files_need_not_be_there", nats, files_need_not_be_there),
        trial("live_destroy::killed_and_run_again", nats, killed_and_run_again),
        trial("live_destroy::objects_go_with_their_books", kube, objects_go_with_their_books),
        trial("live_destroy::what_takes_more_with_it", kube, what_takes_more_with_it),
        trial("live_destroy::both_planes_in_order", both, both_planes_in_order),
        trial("live_destroy::a_saved_plan_destroys", both, a_saved_plan_destroys),
    ]
}

const LIMIT: Duration = Duration::from_secs(30);

fn evctl(verb: &[&str], nats: &str, folder: &Folder) -> Evctl {
    let run = Evctl::new(verb).arguments(&[folder.text(), "--no-kubernetes", "--nats-url", nats]);
    if verb[0] == "plan" { run } else { run.arguments(&["--yes"]) }
}

fn stream(name: &str) -> String {
    let upper = name.to_uppercase();
    format!(
        "---\napiVersion: jetstream.nats.io/v1beta2\nkind: Stream\nmetadata: {{name: {name}}}\n\
         spec: {{name: {upper}, subjects: [{name}], storage: file}}\n"
    )
}

fn streams(nats: &Nats) -> Vec<String> {
    let names = nats.wire().api("STREAM.NAMES", &json!({}))["streams"].clone();
    let names: Vec<String> = serde_json::from_value(names).unwrap_or_default();
    names.into_iter().filter(|name| name != BUCKET).collect()
}

fn streams_go_behind_gates() {
    let nats = Nats::start();
    let url = nats.url();
    let text: String = ["a", "b", "c", "d", "e"].map(stream).concat();
    let folder = Folder::project(&[("a.yaml", &text)]);
    let _ = evctl(&["apply"], &url, &folder).run().code(0).says(&["5 added"]);
    nats.wire().api("STREAM.CREATE.PLAIN", &json!({"name": "PLAIN", "subjects": ["plain"]}));
    let other = Folder::project(&[("a.yaml", &stream("other"))]);
    other.write("evctl.yaml", "name: other\n");
    let _ = evctl(&["apply"], &url, &other).run().code(0);
    nats.wire().publish("a", "x");
    // What would go is said, with what it costs, and nothing goes.
    let said = evctl(&["plan", "--destroy", "--exit-code"], &url, &folder).run().code(4);
    let _ =
        said.says(&["stream/A", "is to be destroyed, and stays", "5 of 5", "--allow-mass-delete"]);
    let _ = evctl(&["destroy"], &url, &folder).run().code(4);
    assert_eq!(streams(&nats).len(), 7);
    let all = ["plan", "--destroy", "--exit-code", "--allow-mass-delete"];
    let _ = evctl(&all, &url, &folder).run().code(3).says(&["drops all 1 message", "5 to destroy"]);
    let nobody = Evctl::new(&["destroy", folder.text(), "--no-kubernetes", "--nats-url", &url]);
    let _ = nobody.arguments(&["--allow-mass-delete"]).run().code(64).says(&["--yes"]);
    // The project protects one of them.
    folder.write("evctl.yaml", "name: test\npolicy: {protect: [stream/B]}\n");
    let mass = ["destroy", "--allow-mass-delete"];
    let _ = evctl(&mass, &url, &folder).run().code(4).says(&["stream/B", "it is protected"]);
    assert_eq!(streams(&nats), ["B", "OTHER", "PLAIN"]);
    let named = ["destroy", "--allow-delete", "stream/B"];
    let _ = evctl(&named, &url, &folder).run().code(0).says(&["1 destroyed"]);
    assert_eq!(streams(&nats), ["OTHER", "PLAIN"]);
    let _ = evctl(&mass, &url, &folder).run().code(0).says(&["No changes."]);
    // What was named is gone, and a job that runs again does not fail by that.
    let again = evctl(&named, &url, &folder).run().code(0);
    let _ = again.says(&["--allow-delete stream/B names nothing of this plan", "No changes."]);
    // And all of it comes back.
    folder.write("evctl.yaml", "name: test\n");
    let _ = evctl(&["apply"], &url, &folder).run().code(0).says(&["5 added"]);
}

fn files_need_not_be_there() {
    let nats = Nats::start();
    let folder = Folder::project(&[("a.yaml", &stream("a"))]);
    let _ = evctl(&["apply"], &nats.url(), &folder).run().code(0);
    let empty = Folder::project(&[]);
    let run = evctl(&["destroy"], &nats.url(), &empty);
    let _ = run.run().code(0).says(&[
        "evctl destroy · project test",
        "Destroy complete!",
        "1 destroyed",
    ]);
    assert_eq!(streams(&nats), [""; 0]);
    let nameless = Folder::bare(&[("a.yaml", &stream("a"))]);
    let _ =
        evctl(&["destroy"], &nats.url(), &nameless).run().code(64).says(&["no project is named"]);
}

/// Whatever has gone by then, the next run takes the rest.
fn killed_and_run_again() {
    let text: String = ["a", "b", "c"].map(stream).concat();
    for number in 1..=3 {
        for moment in [Moment::Before, Moment::Answered] {
            let nats = Nats::start();
            let proxy = Proxy::start(nats.address());
            let folder = Folder::project(&[("a.yaml", &text)]);
            let _ = evctl(&["apply", "--no-lock"], &nats.url(), &folder).run().code(0);
            proxy.stop_at(number, moment);
            let run = evctl(&["destroy", "--no-lock", "--concurrency", "1"], &proxy.url(), &folder);
            let run = run.start();
            assert!(proxy.is_reached(LIMIT));
            run.kill();
            proxy.go_on(Then::Pass);
            let again = evctl(&["destroy", "--no-lock"], &nats.url(), &folder).run();
            let _ = again.code(0);
            assert_eq!(streams(&nats), [""; 0]);
        }
    }
}

const MAPS: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n---\n\
    apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\n";

fn destroy(place: &Place, more: &[&str]) -> Evctl {
    place.evctl("destroy").arguments(&["--yes"]).arguments(more)
}

fn objects_go_with_their_books() {
    let place = Place::new(MAPS);
    place.kubectl(&["create", "configmap", "theirs"], "");
    let _ = place.apply();
    assert!(place.cluster.get("configmap", &place.namespace, "evctl-test").is_some());
    let _ = destroy(&place, &[]).run().code(0).says(&["2 destroyed"]);
    let left = place.kubectl(&["get", "configmaps,leases", "-o", "name"], "");
    // The namespace's own certificates are Kubernetes'.
    let left: Vec<&str> = left.lines().filter(|name| !name.contains("kube-root-ca")).collect();
    assert_eq!(left, ["configmap/theirs"]);
    let _ = destroy(&place, &[]).run().code(0).says(&["No changes."]);
}

fn what_takes_more_with_it() {
    let place = Place::new("");
    let inner = format!("{}-inner", place.namespace);
    place.write(&format!(
        "apiVersion: v1\nkind: Namespace\nmetadata: {{name: {inner}}}\n---\n{MAPS}"
    ));
    let _ = place.apply();
    let said = destroy(&place, &[]).run().code(4);
    let _ = said.says(&["everything in it would go with it", "2 destroyed"]);
    assert!(place.cluster.get("namespace", "", &inner).is_some());
}

const CHANNEL: &str = "apiVersion: messaging.knative.dev/v1alpha1\nkind: NatsJetStreamChannel\n\
    metadata: {name: c}\n---\napiVersion: messaging.knative.dev/v1\nkind: Subscription\n\
    metadata: {name: s}\nspec:\n  channel: {apiVersion: messaging.knative.dev/v1alpha1, kind: \
    NatsJetStreamChannel, name: c}\n  subscriber: {uri: http://example.com}\n";

fn on_both(place: &Place, nats: &Nats, verb: &[&str]) -> Evctl {
    let kubeconfig = place.cluster.kubeconfig().to_str().unwrap();
    let run = Evctl::new(verb).arguments(&["--nats-url", &nats.url()]);
    let run = run.arguments(&["--kubeconfig", kubeconfig]);
    if verb[0] == "plan" { run } else { run.arguments(&["--yes"]) }
}

fn both_planes_in_order() {
    let nats = Nats::start();
    let place = Place::new(CHANNEL);
    let input = [place.folder.text(), "-n", &place.namespace];
    let _ = on_both(&place, &nats, &["apply"]).arguments(&input).run().code(0).says(&["4 added"]);
    let run = on_both(&place, &nats, &["destroy", "--concurrency", "1"]).arguments(&input);
    let said = run.run().code(0).says(&["4 destroyed"]);
    // Who sends goes before what it sends to, and what it stands on last.
    let ends = ["/s done", "/c done", "stream/", "consumer/"];
    let done: Vec<&str> = said.stdout.lines().filter(|line| line.ends_with(" done")).collect();
    assert_eq!(done.len(), 4, "{said}");
    for (line, end) in done.iter().zip(ends) {
        assert!(line.contains(end), "{line} is not {end}: {said}");
    }
    assert_eq!(streams(&nats), [""; 0]);
}

fn a_saved_plan_destroys() {
    let nats = Nats::start();
    let place = Place::new(CHANNEL);
    let input = [place.folder.text(), "-n", &place.namespace];
    let _ = on_both(&place, &nats, &["apply"]).arguments(&input).run().code(0);
    let file = place.folder.file("plan.json").display().to_string();
    let run = on_both(&place, &nats, &["plan", "--destroy", "--out", &file]).arguments(&input);
    let _ = run.run().code(0).says(&["4 to destroy"]);
    let _ = on_both(&place, &nats, &["destroy", &file]).run().code(64).says(&["evctl apply"]);
    assert!(place.cluster.get("lease", &place.namespace, "evctl-test").is_some());
    let said = on_both(&place, &nats, &["apply", &file]).run().code(0);
    let _ = said.says(&["Destroy complete! Objects: 0 added, 0 changed, 4 destroyed."]);
    assert!(place.cluster.get("lease", &place.namespace, "evctl-test").is_none());
    assert!(
        place.cluster.get("subscriptions.messaging.knative.dev", &place.namespace, "s").is_none()
    );
    assert_eq!(streams(&nats), [""; 0]);
}
