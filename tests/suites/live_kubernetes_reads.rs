//! Reading a real API server: what may not be read is no absence, what is read in parts is read again, a
//! server that has too much to do is waited for, and what it serves is remembered.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use libtest_mimic::Trial;
use serde_json::json;

use super::binary::Evctl;
use super::live_kubernetes::Place;
use crate::servers::audit::{Marker, Request};
use crate::servers::http_faults::Answer;
use crate::servers::nats::Nats;
use crate::servers::{Need, trial};

pub(super) fn trials() -> Vec<Trial> {
    let kube = &[Need::Kubernetes];
    vec![
        trial(
            "live_kubernetes_reads::what_may_not_be_listed_is_refused_and_the_rest_goes_on",
            kube,
            what_may_not_be_listed_is_refused_and_the_rest_goes_on,
        ),
        trial(
            "live_kubernetes_reads::few_lists_begin_before_the_files_are_read",
            kube,
            few_lists_begin_before_the_files_are_read,
        ),
        trial(
            "live_kubernetes_reads::an_expired_list_is_begun_again",
            kube,
            an_expired_list_is_begun_again,
        ),
        trial(
            "live_kubernetes_reads::a_list_that_always_expires_is_unread",
            kube,
            a_list_that_always_expires_is_unread,
        ),
        trial(
            "live_kubernetes_reads::a_list_that_fails_is_unread",
            kube,
            a_list_that_fails_is_unread,
        ),
        trial(
            "live_kubernetes_reads::a_throttling_server_is_waited_for",
            kube,
            a_throttling_server_is_waited_for,
        ),
        trial(
            "live_kubernetes_reads::consumers_of_unread_subscriptions_stay",
            &[Need::Nats, Need::Kubernetes, Need::KnativeCrds, Need::NatssCrd],
            consumers_of_unread_subscriptions_stay,
        ),
        trial("live_kubernetes_reads::discovery_is_remembered", kube, discovery_is_remembered),
        trial("live_kubernetes_reads::each_list_is_asked_for_once", kube, each_list_once),
        trial(
            "live_kubernetes_reads::a_kind_that_has_gone_is_noticed",
            kube,
            a_kind_that_has_gone_is_noticed,
        ),
    ]
}

const TWO: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {a: x}\n\
                   ---\napiVersion: v1\nkind: ServiceAccount\nmetadata: {name: s}\n";

/// A user who may do everything with ConfigMaps of the namespace, and nothing else.
fn config_maps_alone(place: &Place) -> PathBuf {
    let user = format!("{}-user", place.namespace);
    let kinds = "--resource=configmaps,leases.coordination.k8s.io";
    place.kubectl(&["create", "role", "maps", "--verb=*", kinds], "");
    place.kubectl(&["create", "rolebinding", "maps", "--role=maps", &format!("--user={user}")], "");
    place.cluster.kubeconfig_as(&user, &[])
}

fn what_may_not_be_listed_is_refused_and_the_rest_goes_on() {
    let place = Place::new(TWO);
    let user = config_maps_alone(&place);
    let said = place.evctl_as(&user, "apply").run().code(4);
    let said = said.says(&[
        "x serviceaccount/",
        "it could not be read: serviceaccounts is forbidden",
        "a Role in namespace",
        "apiGroups [\"\"], resources [serviceaccounts]",
        "1 added",
        "1 refused",
    ]);
    assert!(!said.stdout.contains("+ serviceaccount/"), "{said}");
    assert_eq!(place.get("configmap", "c")["data"], json!({"a": "x"}));
    let plan = place.evctl_as(&user, "plan").arguments(&["-o", "json"]).run().code(4).json();
    let change = plan["changes"].as_array().unwrap().iter().find(|c| c["action"] == "refused");
    assert_eq!(change.unwrap()["rule"]["code"], "unread", "{plan:#}");
    assert_eq!(change.unwrap()["rule"]["errCode"], 403);
    // The user's own: what is referred to and may not be looked at is no absence either.
    place.write(
        "apiVersion: messaging.knative.dev/v1\nkind: Subscription\nmetadata: {name: s}\nspec:\n\
         \x20 channel: {apiVersion: messaging.knative.dev/v1, kind: Channel, name: c}\n\
         \x20 subscriber: {ref: {apiVersion: v1, kind: Service, name: elsewhere}}\n",
    );
    let said = place.evctl_as(&user, "plan").run();
    let _ = said
        .says(&["elsewhere is referred to and could not be looked at", "(403)"])
        .hides(&["dangling-reference"]);
}

/// Consumers bear the uids of Subscriptions, which nobody knows then.
fn consumers_of_unread_subscriptions_stay() {
    let nats = Nats::start();
    let channel = "apiVersion: messaging.knative.dev/v1alpha1\nkind: NatsJetStreamChannel\nmetadata: {name: a}\n";
    let place = Place::new(&format!(
        "{channel}---\napiVersion: messaging.knative.dev/v1\nkind: Subscription\nmetadata: {{name: s}}\nspec:\n\
         \x20 channel: {{apiVersion: messaging.knative.dev/v1alpha1, kind: NatsJetStreamChannel, name: a}}\n\
         \x20 subscriber: {{uri: 'http://s.example'}}\n"
    ));
    let run = |kubeconfig: &Path, more: &[&str]| {
        let run = Evctl::new(&["apply", "--yes", place.folder.text(), "-n", &place.namespace]);
        let run = run.arguments(&["--kubeconfig", kubeconfig.to_str().unwrap()]);
        run.arguments(&["--nats-url", &nats.url()]).arguments(more).run()
    };
    let _ = run(place.cluster.kubeconfig(), &[]).code(0);
    let user = format!("{}-user", place.namespace);
    let kinds = "--resource=configmaps,leases.coordination.k8s.io,natsjetstreamchannels.messaging.knative.dev";
    place.kubectl(&["create", "role", "some", "--verb=*", kinds], "");
    place.kubectl(&["create", "rolebinding", "some", "--role=some", &format!("--user={user}")], "");
    let user = place.cluster.kubeconfig_as(&user, &[]);
    let said = run(&user, &["--prune", "--allow-mass-delete"]).code(4);
    let _ = said.says(&["stays: the Subscriptions were not read completely", "0 to destroy"]);
    let upper = place.namespace.to_uppercase().replace('-', "_");
    let names = nats.wire().api(&format!("CONSUMER.NAMES.KN_{upper}__A"), &json!({}));
    assert_eq!(names["consumers"].as_array().unwrap().len(), 1, "{names:#}");
}

/// More ConfigMaps than a page holds.
pub(super) fn many(place: &Place) {
    use std::fmt::Write;
    let mut many = String::new();
    for number in 0..510 {
        let _ = write!(
            many,
            "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c{number:03}}}\n"
        );
    }
    place.kubectl(&["create", "-f", "-"], &many);
}

fn expired() -> Answer {
    let body = json!({
        "kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "Expired", "code": 410,
        "message": "The provided continue parameter is too old",
    });
    Answer { status: 410, headers: "Content-Type: application/json\r\n", body: body.to_string() }
}

const LAST: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: zzz}\ndata: {a: x}\n";

fn an_expired_list_is_begun_again() {
    let place = Place::new(LAST);
    many(&place);
    let _ = place.apply();
    let asked = AtomicUsize::new(0);
    let faults = place.cluster.faults(move |_, uri| {
        let first = uri.contains("continue=") && asked.fetch_add(1, Ordering::SeqCst) == 0;
        first.then(expired)
    });
    let said = place.evctl_as(&faults.kubeconfig, "plan").arguments(&["--exit-code"]).run().code(0);
    let _ = said.says(&["No changes."]);
}

fn a_list_that_always_expires_is_unread() {
    let place = Place::new(&format!("{LAST}---\n{TWO}"));
    many(&place);
    let _ = place.apply();
    let faults = place.cluster.faults(|_, uri| uri.contains("continue=").then(expired));
    place.evctl_as(&faults.kubeconfig, "plan").run().code(4).says(&[
        "it could not be read: The provided continue parameter is too old (410)",
        "2 refused, 1 unchanged",
    ]);
}

/// An API server in trouble is no reason to take what it does not list for absent.
fn a_list_that_fails_is_unread() {
    let place = Place::new(TWO);
    let _ = place.apply();
    let faults = place.cluster.faults(|_, uri| {
        uri.contains("/serviceaccounts?").then(|| Answer {
            status: 500,
            headers: "Content-Type: text/plain\r\n",
            body: "etcdserver: leader changed\n".to_owned(),
        })
    });
    let said = place.evctl_as(&faults.kubeconfig, "plan").run().code(4);
    let _ = said.says(&["it could not be read: ", "(500)", "1 refused, 1 unchanged"]);
    place.write(TWO.split("---").next().unwrap());
    let prune = ["--prune", "--allow-mass-delete"];
    let said = place.evctl_as(&faults.kubeconfig, "apply").arguments(&prune).run().code(0);
    let _ = said.says(&["nothing of serviceaccounts of namespace", "(500)", "No changes."]);
    assert!(place.cluster.get("serviceaccount", &place.namespace, "s").is_some());
    place.write(TWO);
    place.is_settled();
}

fn a_throttling_server_is_waited_for() {
    let place = Place::new(TWO);
    let asked = AtomicUsize::new(0);
    let faults = place.cluster.faults(move |method, uri| {
        // Reads, dry-runs and writes alike: each for the first time.
        let counts = uri.contains("/serviceaccounts") || method == "PATCH";
        (counts && asked.fetch_add(1, Ordering::SeqCst).is_multiple_of(2)).then(|| Answer {
            status: 429,
            headers: "Retry-After: 1\r\nContent-Type: text/plain\r\n",
            body: "Too many requests, please try again later.\n".to_owned(),
        })
    });
    place.evctl_as(&faults.kubeconfig, "apply").run().code(0).says(&["2 added"]);
    place.evctl("plan").arguments(&["--exit-code"]).run().code(0);
}

/// The requests of discovery since then that evctl made for a kind's group.
fn discoveries(place: &Place, marker: Marker, path: &str) -> usize {
    let asked = place.cluster.requests(marker);
    asked
        .iter()
        .filter(|r| {
            r.uri == path && r.user == "evctl-test-admin" && !r.user_agent.contains("kubectl")
        })
        .count()
}

/// What the `ApplySet` speaks of is listed before the files are read, and not again; what it does not, after.
fn each_list_once() {
    let two = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n---\napiVersion: v1\nkind: \
        Service\nmetadata: {name: b}\nspec: {ports: [{port: 80}]}\n";
    let place = Place::new(two);
    let lists = |verb: &str| {
        let marker = place.cluster.marker();
        let _ = place.evctl(verb).run().code(0);
        let ours = |r: &Request| r.verb == "list" && r.namespace == place.namespace;
        let asked = place.cluster.requests(marker).into_iter().filter(ours);
        let mut asked: Vec<String> = asked.map(|request| request.uri).collect();
        asked.sort();
        asked
    };
    let uri = |kind: &str| format!("/api/v1/namespaces/{}/{kind}?&limit=500", place.namespace);
    let expected = ["configmaps", "services"].map(uri);
    assert_eq!(lists("apply"), expected);
    assert_eq!(lists("plan"), expected);
    place
        .write(&format!("{two}---\napiVersion: v1\nkind: ServiceAccount\nmetadata: {{name: c}}\n"));
    let expected = ["configmaps", "serviceaccounts", "services"].map(uri);
    assert_eq!(lists("plan"), expected);
}

fn cached(place: &Place, verb: &str, cache: &Path) -> Evctl {
    place.evctl(verb).variable("XDG_CACHE_HOME", cache.to_str().unwrap())
}

/// A kind of its own, so that no other test asks for its group.
fn widgets(place: &Place, scope: &str) -> String {
    let group = format!("{}.example", place.namespace);
    format!(
        "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n\
         metadata: {{name: widgets.{group}}}\nspec:\n  group: {group}\n  scope: {scope}\n\
         \x20 names: {{kind: Widget, plural: widgets, singular: widget, listKind: WidgetList}}\n  versions:\n\
         \x20 - name: v1\n    served: true\n    storage: true\n    schema:\n      openAPIV3Schema: \
         {{type: object, x-kubernetes-preserve-unknown-fields: true}}\n"
    )
}

/// A project with an object of that kind, and the name of the definition.
fn with_a_widget() -> (Place, String) {
    let place = Place::new("");
    place.kubectl(&["apply", "-f", "-"], &widgets(&place, "Namespaced"));
    let definition = format!("crd/widgets.{}.example", place.namespace);
    place.kubectl(&["wait", "--for=condition=Established", &definition], "");
    place.write(&format!(
        "apiVersion: {}.example/v1\nkind: Widget\nmetadata: {{name: w}}\n",
        place.namespace
    ));
    (place, definition)
}

fn discovery_is_remembered() {
    let (place, _) = with_a_widget();
    let path = format!("/apis/{}.example/v1", place.namespace);
    let cache = tempfile::tempdir().unwrap();
    let marker = place.cluster.marker();
    cached(&place, "apply", cache.path()).run().code(0).says(&["1 added"]);
    assert_eq!(discoveries(&place, marker, &path), 1);
    let marker = place.cluster.marker();
    cached(&place, "plan", cache.path()).run().code(0).says(&["No changes."]);
    assert_eq!(discoveries(&place, marker, &path), 0);
    // A broken file is none.
    let folder = cache.path().join("evctl/discovery");
    let file = std::fs::read_dir(&folder).unwrap().next().unwrap().unwrap().path();
    std::fs::write(&file, "{\"server\": ").unwrap();
    let marker = place.cluster.marker();
    cached(&place, "plan", cache.path()).run().code(0).says(&["No changes."]);
    // Once for what the ApplySet remembers, before the files are read, and once for what they declare.
    assert_eq!(discoveries(&place, marker, &path), 2);
    // Neither is a folder that cannot be written to.
    let nowhere = cache.path().join("evctl/discovery/none");
    std::fs::write(&nowhere, "").unwrap();
    cached(&place, "plan", &nowhere).run().code(0).says(&["No changes."]);
}

fn a_kind_that_has_gone_is_noticed() {
    let (place, definition) = with_a_widget();
    let cache = tempfile::tempdir().unwrap();
    cached(&place, "plan", cache.path()).run().code(0).says(&["1 to add"]);
    place.kubectl(&["delete", &definition], "");
    let gone = || (!place.cluster.kubectl(&["get", &definition]).success).then_some(());
    crate::servers::waiting::until(
        std::time::Duration::from_secs(20),
        std::time::Duration::from_millis(50),
        gone,
    )
    .unwrap();
    cached(&place, "plan", cache.path())
        .run()
        .code(1)
        .says(&["does not serve what the project declares"]);
    // The same kind, and other in its scope.
    place.kubectl(&["apply", "-f", "-"], &widgets(&place, "Cluster"));
    place.kubectl(&["wait", "--for=condition=Established", &definition], "");
    let said = cached(&place, "apply", cache.path()).run().code(0).says(&["1 added"]);
    assert!(said.stdout.contains(&format!("+ widget.{}.example/w ", place.namespace)), "{said}");
}

/// A list that begins before the files are read is of everything; one that comes after them asks for the set's
/// members where nothing is declared. Of two kinds in many namespaces most lists would be for nothing.
fn few_lists_begin_before_the_files_are_read() {
    for (namespaces, begin) in [(2, true), (12, false)] {
        let place = Place::new("");
        let name = |number: usize| format!("{}-{number}", place.namespace);
        let map = |number: usize| {
            format!(
                "---\napiVersion: v1\nkind: Namespace\nmetadata: {{name: {0}}}\n---\napiVersion: v1\n\
                 kind: ConfigMap\nmetadata: {{name: a, namespace: {0}}}\n",
                name(number)
            )
        };
        place.write(&(0..namespaces).map(map).collect::<String>());
        let _ = place.apply();
        place.write(&map(0));
        let marker = place.cluster.marker();
        let _ = place.evctl("plan").run().code(0);
        let last = name(namespaces - 1);
        let asked = place.cluster.requests(marker);
        let lists: Vec<&Request> =
            asked.iter().filter(|r| r.verb == "list" && r.namespace == last).collect();
        let [list] = lists.as_slice() else { panic!("{lists:?}") };
        assert_eq!(!list.uri.contains("labelSelector"), begin, "{list:?}");
    }
}
