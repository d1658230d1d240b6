//! Ownership and prune against a real API server: the project's ApplySet, what it lets go and what not, in
//! which order, and what adoption takes over from `kubectl apply`.

use libtest_mimic::Trial;
use serde_json::{Value, json};

use super::live_kubernetes::Place;
use crate::servers::{Need, trial};

pub(super) fn trials() -> Vec<Trial> {
    let kube = &[Need::Kubernetes];
    let channels = &[Need::Kubernetes, Need::KnativeCrds, Need::NatssCrd];
    let one = |name: &str, run: fn()| trial(&format!("live_kubernetes_prune::{name}"), kube, run);
    vec![
        one("what_is_declared_no_longer_goes", what_is_declared_no_longer_goes),
        one("only_what_bears_both_marks_goes", only_what_bears_both_marks_goes),
        one("what_was_not_read_completely_stays", what_was_not_read_completely_stays),
        one("gates_refuse", gates_refuse),
        one("what_has_changed_since_stays", what_has_changed_since_stays),
        one(
            "a_set_that_cannot_be_kept_stops_the_writes",
            a_set_that_cannot_be_kept_stops_the_writes,
        ),
        one("another_tools_set_is_refused", another_tools_set_is_refused),
        one("another_tools_member_is_refused", another_tools_member_is_refused),
        one("adoption_takes_over_client_side_apply", adoption_takes_over_client_side_apply),
        one("adoption_drops_what_the_file_does_not_say", adoption_drops_what_the_file_does_not_say),
        one("a_new_home_namespace_comes_first", a_new_home_namespace_comes_first),
        trial("live_kubernetes_prune::producers_go_first", channels, producers_go_first),
        trial(
            "live_kubernetes_prune::what_is_referred_to_stays",
            channels,
            what_is_referred_to_stays,
        ),
    ]
}

fn map(name: &str) -> String {
    format!("---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\ndata: {{a: x}}\n")
}

const ACCOUNT: &str = "---\napiVersion: v1\nkind: ServiceAccount\nmetadata: {name: s}\n";

fn parent(place: &Place) -> Value {
    place.get("configmap", "evctl-test")["metadata"].clone()
}

fn is_there(place: &Place, kind: &str, name: &str) -> bool {
    place.cluster.get(kind, &place.namespace, name).is_some()
}

fn what_is_declared_no_longer_goes() {
    let place = Place::new(&(map("a") + &map("b") + ACCOUNT));
    place.apply().says(&["3 added"]);
    let set = parent(&place);
    let id = set["labels"]["applyset.kubernetes.io/id"].as_str().unwrap().to_owned();
    let hints = &set["annotations"];
    assert_eq!(hints["applyset.kubernetes.io/contains-group-kinds"], "ConfigMap,ServiceAccount");
    assert_eq!(hints["applyset.kubernetes.io/additional-namespaces"], "");
    let labels = place.get("configmap", "a")["metadata"]["labels"].clone();
    assert_eq!(labels["applyset.kubernetes.io/part-of"], json!(id));
    // kubectl reads the parent, finds its id right, and says whose the set is.
    let said = place.cluster.kubectl_applyset(&place.namespace, "configmap/evctl-test", &map("x"));
    assert!(!said.success && said.stderr.contains("managed by tooling \"evctl"), "{}", said.stderr);
    place.is_settled();
    // The kind itself is named in no file any more.
    place.write(&map("a"));
    place.apply().says(&["No longer declared, and left as it is: configmap/", "serviceaccount/"]);
    place
        .evctl("plan")
        .arguments(&["--prune", "--exit-code"])
        .run()
        .code(2)
        .says(&["2 to destroy"]);
    let marker = place.cluster.marker();
    place.evctl("apply").arguments(&["--prune"]).run().code(0).says(&["2 destroyed"]);
    let deletes = place.cluster.requests(marker).into_iter().filter(|r| r.verb == "delete");
    assert_eq!(deletes.filter(|r| r.namespace == place.namespace && r.code == 200).count(), 2);
    assert!(is_there(&place, "configmap", "a") && !is_there(&place, "configmap", "b"));
    assert!(!is_there(&place, "serviceaccount", "s"));
    let hints = parent(&place)["annotations"].clone();
    assert_eq!(hints["applyset.kubernetes.io/contains-group-kinds"], "ConfigMap");
    place.evctl("apply").arguments(&["--prune"]).run().code(0).says(&["No changes."]);
    place.is_settled();
}

fn only_what_bears_both_marks_goes() {
    let place = Place::new(&(map("a") + &map("half") + &map("copy")));
    let _ = place.apply();
    place.kubectl(&["create", "configmap", "theirs"], "");
    // One has lost its membership, one is a controller's copy of another's marks.
    place.kubectl(&["label", "configmap", "half", "applyset.kubernetes.io/part-of-"], "");
    let mark = format!("evctl.dev/object=configmap/{}/a", place.namespace);
    place.kubectl(&["annotate", "configmap", "copy", "--overwrite", &mark], "");
    place.write(&map("a"));
    place.evctl("apply").arguments(&["--prune"]).run().code(0).says(&["No changes."]);
    assert!(["half", "copy", "theirs"].iter().all(|name| is_there(&place, "configmap", name)));
    // What is declared and has lost its membership becomes a member again.
    place.write(&(map("a") + &map("half")));
    place.evctl("apply").run().code(0).says(&["applyset.kubernetes.io/part-of", "1 changed"]);
    place.is_settled();
}

/// A user who may list ConfigMaps in one of the two namespaces alone.
fn what_was_not_read_completely_stays() {
    let place = Place::new("");
    let other = place.cluster.namespace("other");
    let there = map("there").replace("name: there", &format!("name: there, namespace: {other}"));
    place.write(&(map("a") + &map("b") + &there + ACCOUNT));
    place.apply().says(&["4 added"]);
    let user = format!("{}-user", place.namespace);
    place.kubectl(
        &[
            "create",
            "role",
            "maps",
            "--verb=*",
            "--resource=configmaps,serviceaccounts,leases.coordination.k8s.io",
        ],
        "",
    );
    place.kubectl(&["create", "rolebinding", "maps", "--role=maps", &format!("--user={user}")], "");
    for (kind, verb) in [
        ("role", &["--verb=list", "--resource=serviceaccounts"][..]),
        ("rolebinding", &["--role=all", &format!("--user={user}")]),
    ] {
        let arguments = [&["-n", &other, "create", kind, "all"], verb].concat();
        place.cluster.kubectl(&arguments).expect_success();
    }
    let user = place.cluster.kubeconfig_as(&user, &[]);
    place.write(&map("a"));
    let said = place.evctl_as(&user, "apply").arguments(&["--prune", "--allow-mass-delete"]).run();
    let _ = said.code(4).says(&[
        &format!("nothing of configmaps of namespace {other} is pruned"),
        "/b ",
        "refused: is no longer declared, and stays: its kind was not read completely",
        "1 destroyed",
    ]);
    assert!(is_there(&place, "configmap", "b") && !is_there(&place, "serviceaccount", "s"));
    // Nothing is forgotten: whoever may read everything prunes the rest.
    let more = ["--prune", "--allow-mass-delete"];
    place.evctl("apply").arguments(&more).run().code(0).says(&["2 destroyed"]);
    assert!(place.cluster.get("configmap", &other, "there").is_none());
}

fn gates_refuse() {
    let place = Place::new("");
    let extra = format!("{}-extra", place.namespace);
    let all: String = (0..12).map(|number| map(&format!("m{number}"))).collect();
    let own = format!("---\napiVersion: v1\nkind: Namespace\nmetadata: {{name: {extra}}}\n");
    let kept =
        map("kept").replace("name: kept", "name: kept, annotations: {evctl.dev/protect: \"true\"}");
    place.write(&(all + &own + &kept + &map("a")));
    place.apply().says(&["15 added"]);
    place.write(&map("a"));
    place.evctl("apply").arguments(&["--prune"]).run().code(4).says(&[
        "12 of 15 owned objects would go; --allow-mass-delete lets them",
        &format!("everything in it would go with it; --allow-delete namespace/{extra} lets it go"),
        "it is protected; --allow-delete configmap/",
        "14 refused",
    ]);
    assert!(is_there(&place, "configmap", "m0"));
    let more = ["--prune", "--allow-mass-delete"];
    place.evctl("apply").arguments(&more).run().code(4).says(&["12 destroyed", "2 refused"]);
    assert!(is_there(&place, "configmap", "kept") && !is_there(&place, "configmap", "m0"));
    let named = format!("configmap/{}/kept", place.namespace);
    let more = ["--prune", "--allow-mass-delete", "--allow-delete", &named];
    place.evctl("apply").arguments(&more).run().code(4).says(&["1 destroyed", "1 refused"]);
}

fn what_has_changed_since_stays() {
    let place = Place::new(&(map("a") + &map("b")));
    let _ = place.apply();
    place.write(&map("a"));
    let file = place.folder.file("plan.json");
    let file = file.to_str().unwrap();
    place.evctl("plan").arguments(&["--prune", "--out", file]).run().code(0);
    place
        .kubectl(&["patch", "configmap", "b", "--type=merge", "-p", r#"{"data":{"a":"new"}}"#], "");
    let kubeconfig = place.cluster.kubeconfig().to_str().unwrap();
    let carry_out =
        || super::binary::Evctl::new(&["apply", file, "--kubeconfig", kubeconfig]).run();
    carry_out().code(5).says(&["data.a has changed since the plan was made"]);
    assert!(is_there(&place, "configmap", "b"));
    // As it was, and yet another: its name is the same and its uid is not.
    place.kubectl(&["delete", "configmap", "b"], "");
    place.kubectl(&["apply", "-f", "-"], &map("b"));
    carry_out().code(5).says(&["it was deleted and made again since the plan was made"]);
    assert!(is_there(&place, "configmap", "b"));
    place.kubectl(&["delete", "configmap", "b"], "");
    carry_out().code(0).says(&["1 destroyed"]);
}

/// Without the parent nobody would find the members again.
fn a_set_that_cannot_be_kept_stops_the_writes() {
    let place = Place::new(ACCOUNT);
    let user = format!("{}-user", place.namespace);
    let kinds = "--resource=serviceaccounts,leases.coordination.k8s.io";
    place.kubectl(&["create", "role", "all", "--verb=*", kinds], "");
    place.kubectl(&["create", "rolebinding", "all", "--role=all", &format!("--user={user}")], "");
    let user = place.cluster.kubeconfig_as(&user, &[]);
    place
        .evctl_as(&user, "plan")
        .run()
        .code(0)
        .says(&["could not be read, so nothing of the cluster is pruned", "1 to add"]);
    place.evctl_as(&user, "apply").run().code(1).says(&[
        "the parent of the project's ApplySet, configmap/",
        "(403)",
        "resources [configmaps], verbs [get, create, patch]",
    ]);
    assert!(!is_there(&place, "serviceaccount", "s"));
}

fn another_tools_set_is_refused() {
    let place = Place::new(&map("a"));
    place.kubectl(
        &["apply", "-f", "-"],
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: evctl-test\n  labels: {applyset.kubernetes.io/id: other}\n",
    );
    place
        .evctl("apply")
        .run()
        .code(4)
        .says(&["the project's ApplySet cannot be used", "1 refused"]);
    assert!(!is_there(&place, "configmap", "a"));
}

fn another_tools_member_is_refused() {
    let place = Place::new(&map("a"));
    let theirs = map("a").replace(
        "name: a",
        "name: a, labels: {applyset.kubernetes.io/part-of: applyset-theirs-v1}",
    );
    place.kubectl(&["apply", "-f", "-"], &theirs.replace("a: x", "a: theirs"));
    for more in [&[][..], &["--adopt"][..]] {
        place
            .evctl("apply")
            .arguments(more)
            .run()
            .code(4)
            .says(&["it is a member of applyset-theirs-v1, which another tool or project manages"]);
    }
    assert_eq!(place.get("configmap", "a")["data"]["a"], "theirs");
}

fn managers(place: &Place, name: &str) -> Vec<String> {
    let shown =
        place.kubectl(&["get", "configmap", name, "-o", "json", "--show-managed-fields"], "");
    let object: Value = serde_json::from_str(&shown).unwrap();
    let entries = object["metadata"]["managedFields"].as_array().unwrap().clone();
    let name = |entry: &Value| format!("{}/{}", entry["manager"], entry["operation"]);
    let mut names: Vec<String> = entries.iter().map(|entry| name(entry).replace('"', "")).collect();
    names.sort();
    names
}

fn data(fields: &str) -> String {
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c}}\ndata: {{{fields}}}\n")
}

fn adoption_takes_over_client_side_apply() {
    let place = Place::new(&data("a: x, b: z"));
    place.kubectl(&["apply", "-f", "-"], &data("a: x, b: z"));
    assert_eq!(managers(&place, "c"), ["kubectl-client-side-apply/Update"]);
    place.evctl("apply").arguments(&["--adopt"]).run().code(0).says(&["1 adopted"]);
    assert_eq!(managers(&place, "c"), ["evctl/Apply"]);
    let marks = place.get("configmap", "c")["metadata"]["annotations"].clone();
    assert_eq!(marks.get("kubectl.kubernetes.io/last-applied-configuration"), None);
    place.is_settled();
    // What leaves the file leaves the object, although kubectl had applied it too.
    place.write(&data("a: x"));
    place.apply().says(&["- data.b: z", "1 changed"]);
    assert_eq!(place.get("configmap", "c")["data"], json!({"a": "x"}));
    place.is_settled();
}

fn adoption_drops_what_the_file_does_not_say() {
    let place = Place::new(&data("a: x"));
    place.kubectl(&["apply", "-f", "-"], &data("a: x, b: z"));
    place.kubectl(
        &["patch", "configmap", "c", "--type=merge", "-p", r#"{"data":{"c":"theirs"}}"#],
        "",
    );
    // Without adoption it says all that the file does.
    place.evctl("plan").run().code(0).says(&["No changes."]);
    let shown = place.evctl("plan").arguments(&["--adopt"]).run().code(0);
    let _ = shown.says(&["- data.b: z", "1 to adopt"]).hides(&["data.c"]);
    place.evctl("apply").arguments(&["--adopt"]).run().code(0).says(&["1 adopted"]);
    assert_eq!(place.get("configmap", "c")["data"], json!({"a": "x", "c": "theirs"}));
    assert_eq!(managers(&place, "c"), ["evctl/Apply", "kubectl-patch/Update"]);
    place.is_settled();
}

/// The namespace in which the set's parent is to stand is made by the same plan.
fn a_new_home_namespace_comes_first() {
    let mut place = Place::new("");
    let home = format!("{}-home", place.namespace);
    let own = format!("---\napiVersion: v1\nkind: Namespace\nmetadata: {{name: {home}}}\n");
    let elsewhere =
        map("e").replace("name: e", &format!("name: e, namespace: {}", place.namespace));
    place.write(&(map("a") + &own + &elsewhere));
    place.namespace = home;
    place.apply().says(&["3 added"]);
    let kinds = &parent(&place)["annotations"]["applyset.kubernetes.io/contains-group-kinds"];
    assert_eq!(kinds, "ConfigMap,Namespace");
    place.is_settled();
}

fn producers_go_first() {
    let rest = map("rest");
    let place = Place::new(&format!(
        "{rest}---\napiVersion: messaging.knative.dev/v1alpha1\nkind: NatsJetStreamChannel\nmetadata: {{name: a}}\n\
         ---\napiVersion: messaging.knative.dev/v1\nkind: Subscription\nmetadata: {{name: s}}\nspec:\n\
         \x20 channel: {{apiVersion: messaging.knative.dev/v1alpha1, kind: NatsJetStreamChannel, name: a}}\n\
         \x20 subscriber: {{uri: 'http://s.example'}}\n\
         ---\napiVersion: sources.knative.dev/v1\nkind: PingSource\nmetadata: {{name: p}}\nspec:\n\
         \x20 schedule: '* * * * *'\n\
         \x20 sink: {{ref: {{apiVersion: messaging.knative.dev/v1alpha1, kind: NatsJetStreamChannel, name: a}}}}\n"
    ));
    place.apply().says(&["4 added"]);
    place.write(&rest);
    let marker = place.cluster.marker();
    let more = ["--prune", "--allow-mass-delete"];
    place
        .evctl("apply")
        .arguments(&more)
        .run()
        .code(0)
        .says(&["! loses the events in flight", "3 destroyed"]);
    let asked = place.cluster.requests(marker);
    let deleted = asked.iter().filter(|r| r.verb == "delete" && r.namespace == place.namespace);
    let kinds: Vec<&str> =
        deleted.filter_map(|r| r.uri.split('/').nth(6)?.split('?').next()).collect();
    assert_eq!(kinds.len(), 3, "{kinds:?}");
    assert_eq!(kinds[2], "natsjetstreamchannels", "{kinds:?}");
}

/// A channel that no file declares any more and a declared Subscription reads: live, so nothing dangles.
fn what_is_referred_to_stays() {
    let channel = |name: &str| {
        format!(
            "---\napiVersion: messaging.knative.dev/v1alpha1\nkind: NatsJetStreamChannel\nmetadata: {{name: {name}}}\n"
        )
    };
    let subscription = "---\napiVersion: messaging.knative.dev/v1\nkind: Subscription\nmetadata: {name: s}\nspec:\n\
         \x20 channel: {apiVersion: messaging.knative.dev/v1alpha1, kind: NatsJetStreamChannel, name: a}\n\
         \x20 subscriber: {uri: 'http://s.example'}\n";
    let place = Place::new(&(channel("a") + &channel("b") + subscription));
    let _ = place.apply();
    place.write(subscription);
    let name = format!("natsjetstreamchannel.messaging.knative.dev/{}/a", place.namespace);
    place
        .evctl("apply")
        .arguments(&["--prune"])
        .run()
        .code(4)
        .says(&[&format!("s refers to it; --allow-delete {name} lets it go"), "1 destroyed"]);
    assert!(is_there(&place, "natsjetstreamchannels.messaging.knative.dev", "a"));
    assert!(!is_there(&place, "natsjetstreamchannels.messaging.knative.dev", "b"));
}
