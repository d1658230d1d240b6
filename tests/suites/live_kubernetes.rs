//! plan and apply on the Kubernetes plane alone, against a real API server; what is there is checked
//! through kubectl, and what was asked of it in its audit log.

use std::path::Path;

use libtest_mimic::Trial;
use serde_json::{Value, json};

use super::binary::{Evctl, Folder, Said};
use super::live_kubernetes_reads::many;
use crate::servers::kubernetes::Cluster;
use crate::servers::{Need, trial};

pub(super) fn trials() -> Vec<Trial> {
    let kube = &[Need::Kubernetes];
    let channels = &[Need::Kubernetes, Need::KnativeCrds, Need::NatssCrd];
    vec![
        trial("live_kubernetes::any_kind_passes_through", kube, any_kind_passes_through),
        trial("live_kubernetes::a_removed_field_goes", kube, a_removed_field_goes),
        trial(
            "live_kubernetes::unmarked_objects_are_respected",
            kube,
            unmarked_objects_are_respected,
        ),
        trial(
            "live_kubernetes::another_managers_field_is_a_refusal",
            kube,
            another_managers_field_is_a_refusal,
        ),
        trial(
            "live_kubernetes::the_servers_no_is_shown_in_the_plan",
            kube,
            the_servers_no_is_shown_in_the_plan,
        ),
        trial(
            "live_kubernetes::immutable_fields_are_refused",
            channels,
            immutable_fields_are_refused,
        ),
        trial(
            "live_kubernetes::namespaces_and_definitions_come_first",
            kube,
            namespaces_and_definitions_come_first,
        ),
        trial("live_kubernetes::secrets_are_never_shown", kube, secrets_are_never_shown),
        trial(
            "live_kubernetes::server_owned_metadata_is_not_sent",
            kube,
            server_owned_metadata_is_not_sent,
        ),
        trial(
            "live_kubernetes::live_objects_satisfy_references",
            channels,
            live_objects_satisfy_references,
        ),
        trial(
            "live_kubernetes::a_copied_mark_is_no_ownership",
            kube,
            a_copied_mark_is_no_ownership,
        ),
        trial("live_kubernetes::lists_are_read_page_by_page", kube, lists_are_read_page_by_page),
    ]
}

/// A namespace of the shared cluster and a project in it.
pub(super) struct Place {
    pub(super) cluster: &'static Cluster,
    pub(super) namespace: String,
    pub(super) folder: Folder,
}

impl Place {
    pub(super) fn new(text: &str) -> Self {
        Self::on(Cluster::shared(), text)
    }

    pub(super) fn on(cluster: &'static Cluster, text: &str) -> Self {
        Self {
            cluster,
            namespace: cluster.namespace("kube"),
            folder: Folder::project(&[("a.yaml", text)]),
        }
    }

    pub(super) fn evctl(&self, verb: &str) -> Evctl {
        self.evctl_as(self.cluster.kubeconfig(), verb)
    }

    pub(super) fn evctl_as(&self, kubeconfig: &Path, verb: &str) -> Evctl {
        let kubeconfig = kubeconfig.to_str().unwrap();
        let run = Evctl::new(&[verb, self.folder.text(), "--no-nats", "--kubeconfig", kubeconfig]);
        let run = run.arguments(&["-n", &self.namespace]);
        if verb == "apply" { run.arguments(&["--yes"]) } else { run }
    }

    pub(super) fn apply(&self) -> Said {
        self.evctl("apply").run().code(0)
    }

    pub(super) fn write(&self, text: &str) {
        self.folder.write("a.yaml", text);
    }

    #[track_caller]
    pub(super) fn get(&self, kind: &str, name: &str) -> Value {
        self.cluster.get(kind, &self.namespace, name).unwrap_or_else(|| panic!("no {kind} {name}"))
    }

    pub(super) fn kubectl(&self, arguments: &[&str], text: &str) -> String {
        let all: Vec<&str> =
            ["-n", &self.namespace].iter().copied().chain(arguments.iter().copied()).collect();
        self.cluster.kubectl_stdin(&all, text).expect_success()
    }

    /// A second plan finds nothing, and neither it nor a second apply writes or even dry-runs.
    #[track_caller]
    pub(super) fn is_settled(&self) {
        let marker = self.cluster.marker();
        self.evctl("plan").arguments(&["--exit-code"]).run().code(0).says(&["No changes."]);
        self.apply().says(&["No changes."]);
        let asked = self.cluster.requests(marker);
        let patches: Vec<_> = asked
            .iter()
            .filter(|request| {
                request.namespace == self.namespace
                    && request.verb != "list"
                    && request.verb != "get"
            })
            .collect();
        assert!(patches.is_empty(), "{patches:?}");
        assert!(!asked.is_empty(), "the audit log shows no request at all");
    }
}

fn any_kind_passes_through() {
    let place = Place::new(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, labels: {a: b}}\nspec:\n  replicas: 2\n\
         \x20 selector: {matchLabels: {app: web}}\n  template:\n    metadata: {labels: {app: web}}\n    spec:\n\
         \x20     containers:\n      - name: web\n        image: web\n        ports: [{containerPort: 80}]\n\
         \x20       resources: {requests: {cpu: 1000m, memory: 1024Mi}}\n\
         ---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {a: \"1\", b: |\n  two\n  lines\n  }\n"
            .replace("data: {a: \"1\", b: |\n  two\n  lines\n  }", "data:\n  a: \"1\"\n  b: |\n    two\n    lines")
            .as_str(),
    );
    place.apply().says(&["2 added"]);
    assert_eq!(place.get("deployment", "web")["spec"]["replicas"], 2);
    assert_eq!(place.get("configmap", "settings")["data"]["b"], "two\nlines\n");
    let marks = place.get("configmap", "settings")["metadata"].clone();
    assert_eq!(marks["labels"]["evctl.dev/project"], "test");
    assert_eq!(
        marks["annotations"]["evctl.dev/object"],
        format!("configmap/{}/settings", place.namespace)
    );
    // The server writes `1000m` as `1`: seen by a dry-run, and no change.
    place.evctl("plan").arguments(&["--exit-code"]).run().code(0).says(&["No changes."]);
    place.apply().says(&["No changes."]);
    place.kubectl(
        &["patch", "deployment", "web", "--type=merge", "-p", r#"{"spec":{"replicas":5}}"#],
        "",
    );
    place.evctl("plan").run().code(4).says(&["409"]);
}

fn a_removed_field_goes() {
    let text = |data: &str| {
        format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c}}\ndata: {{{data}}}\n")
    };
    let place = Place::new(&text("a: x, b: z"));
    let _ = place.apply();
    place.is_settled();
    place.write(&text("a: x"));
    place.evctl("plan").run().code(0).says(&["- data.b: z", "0 to add, 1 to change"]);
    let _ = place.apply();
    assert_eq!(place.get("configmap", "c")["data"], json!({"a": "x"}));
    place.is_settled();
}

fn unmarked_objects_are_respected() {
    let text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {a: x}\n";
    let place = Place::new(text);
    place.kubectl(&["apply", "-f", "-"], text);
    place.is_settled();
    place.write(&text.replace("a: x", "a: z"));
    place.evctl("apply").run().code(4).says(&[
        "exists, is not owned and differs in data.a",
        "data.a: x → z",
        "--adopt",
    ]);
    assert_eq!(place.get("configmap", "c")["data"]["a"], "x");
    place.evctl("apply").arguments(&["--adopt"]).run().code(0).says(&["1 adopted"]);
    let adopted = place.get("configmap", "c");
    assert_eq!(adopted["data"]["a"], "z");
    assert_eq!(adopted["metadata"]["labels"]["evctl.dev/project"], "test");
    place.is_settled();
}

fn another_managers_field_is_a_refusal() {
    let text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {a: x}\n";
    let place = Place::new(text);
    let _ = place.apply();
    let theirs = text.replace("a: x", "a: theirs");
    place.kubectl(
        &["apply", "--server-side", "--force-conflicts", "--field-manager=them", "-f", "-"],
        &theirs,
    );
    place.evctl("apply").run().code(4).says(&[
        "another field manager owns fields of it",
        "them",
        "data.a (them)",
        "! data.a: owned by them",
        "409",
    ]);
    assert_eq!(place.get("configmap", "c")["data"]["a"], "theirs");
}

fn the_servers_no_is_shown_in_the_plan() {
    let place = Place::new(
        "apiVersion: v1\nkind: Service\nmetadata: {name: s}\nspec: {ports: [{port: 99999}]}\n\
         ---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {a: x}\n",
    );
    place.evctl("apply").run().code(4).says(&[
        "spec.ports[0].port",
        "between 1 and 65535",
        "422",
        "1 refused",
    ]);
    assert_eq!(place.get("configmap", "c")["data"]["a"], "x");
    place.write("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, namespace: nowhere}\n");
    place.evctl("plan").run().code(4).says(&["nowhere", "not found", "404"]);
}

fn immutable_fields_are_refused() {
    let text = |channel: &str| {
        format!(
            "apiVersion: messaging.knative.dev/v1alpha1\nkind: NatsJetStreamChannel\nmetadata: {{name: a}}\n\
             ---\napiVersion: messaging.knative.dev/v1alpha1\nkind: NatsJetStreamChannel\nmetadata: {{name: b}}\n\
             ---\napiVersion: messaging.knative.dev/v1\nkind: Subscription\nmetadata: {{name: s}}\nspec:\n\
             \x20 channel: {{apiVersion: messaging.knative.dev/v1alpha1, kind: NatsJetStreamChannel, name: {channel}}}\n\
             \x20 subscriber: {{uri: 'http://s.example'}}\n"
        )
    };
    let place = Place::new(&text("a"));
    let _ = place.apply();
    place.write(&text("b"));
    place.evctl("plan").run().code(4).says(&[
        "spec.channel.name is immutable in a Subscription",
        "(400)",
        "1 refused",
    ]);
}

fn namespaces_and_definitions_come_first() {
    let unique = Cluster::shared().namespace("first");
    let place = Place::new(&format!(
        "apiVersion: {unique}.example/v1\nkind: Widget\nmetadata: {{name: w, namespace: {unique}-new}}\nspec: {{size: 3}}\n\
         ---\napiVersion: v1\nkind: Namespace\nmetadata: {{name: {unique}-new}}\n\
         ---\napiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n\
         metadata: {{name: widgets.{unique}.example}}\nspec:\n  group: {unique}.example\n  scope: Namespaced\n\
         \x20 names: {{kind: Widget, plural: widgets, singular: widget, listKind: WidgetList}}\n  versions:\n\
         \x20 - name: v1\n    served: true\n    storage: true\n    schema:\n      openAPIV3Schema: \
         {{type: object, x-kubernetes-preserve-unknown-fields: true}}\n"
    ));
    place.evctl("plan").run().code(0).says(&["3 to add", "Not verified: 1"]);
    place.apply().says(&["3 added"]);
    let widget = place
        .cluster
        .get(&format!("widgets.{unique}.example"), &format!("{unique}-new"), "w")
        .unwrap();
    assert_eq!(widget["spec"]["size"], 3);
    place.evctl("plan").arguments(&["--exit-code"]).run().code(0).says(&["No changes."]);
}

fn secrets_are_never_shown() {
    let text = |value: &str| {
        format!(
            "apiVersion: v1\nkind: Secret\nmetadata: {{name: s}}\nstringData: {{key: {value}}}\n"
        )
    };
    let place = Place::new(&text("hunter2"));
    let world = place.folder.file("world.json");
    let shown = &["hunter2", "aHVudGVyMg", "hunter3", "aHVudGVyMw"];
    place.apply().hides(shown);
    assert_eq!(place.get("secret", "s")["data"]["key"], "aHVudGVyMg==");
    place.is_settled();
    place.write(&text("hunter3"));
    let save = ["--save-world", world.to_str().unwrap()];
    place
        .evctl("plan")
        .arguments(&save)
        .run()
        .code(0)
        .hides(shown)
        .says(&["data.key: value not shown (#1) → value not shown (#2)"]);
    place.evctl("plan").arguments(&["-o", "json"]).run().code(0).hides(shown);
    let saved = std::fs::read_to_string(&world).unwrap();
    assert!(
        saved.contains("Secret") && shown.iter().all(|secret| !saved.contains(secret)),
        "{saved}"
    );
    std::fs::remove_file(world).unwrap();
    place.apply().hides(shown);
    assert_eq!(place.get("secret", "s")["data"]["key"], "aHVudGVyMw==");
    place.write(
        "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData:\n  key: hunter2\n  : [\n",
    );
    place.evctl("plan").run().code(4).hides(shown).says(&["yaml-syntax"]);
}

fn server_owned_metadata_is_not_sent() {
    let place = Place::new(
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c\n  uid: 11111111-1111-1111-1111-111111111111\n\
         \x20 resourceVersion: \"1\"\n  creationTimestamp: \"2020-01-01T00:00:00Z\"\n  generation: 9\ndata: {a: x}\nstatus: {x: y}\n",
    );
    let _ = place.apply();
    let metadata = place.get("configmap", "c")["metadata"].clone();
    assert_ne!(metadata["uid"], "11111111-1111-1111-1111-111111111111");
    place.is_settled();
}

fn live_objects_satisfy_references() {
    let place = Place::new(
        "apiVersion: messaging.knative.dev/v1alpha1\nkind: NatsJetStreamChannel\nmetadata: {name: a}\n\
         ---\napiVersion: messaging.knative.dev/v1\nkind: Subscription\nmetadata: {name: s}\nspec:\n\
         \x20 channel: {apiVersion: messaging.knative.dev/v1alpha1, kind: NatsJetStreamChannel, name: a}\n\
         \x20 subscriber: {ref: {apiVersion: v1, kind: Service, name: elsewhere}}\n",
    );
    place.evctl("plan").run().code(4).says(&["dangling-reference", "elsewhere"]);
    place.kubectl(&["create", "service", "clusterip", "elsewhere", "--tcp=80"], "");
    place.evctl("plan").run().code(0).says(&["2 to add"]).hides(&["dangling"]);
    // The group prefers v1, where there is no such kind.
    let channel = "apiVersion: messaging.knative.dev/v1alpha1\nkind: NatsJetStreamChannel\nmetadata: {name: there}\n";
    place.kubectl(&["apply", "-f", "-"], channel);
    place.write(
        "apiVersion: messaging.knative.dev/v1\nkind: Subscription\nmetadata: {name: s}\nspec:\n\
         \x20 channel: {apiVersion: messaging.knative.dev/v1alpha1, kind: NatsJetStreamChannel, name: there}\n\
         \x20 subscriber: {uri: 'http://s.example'}\n",
    );
    place.evctl("plan").run().code(0).says(&["1 to add"]).hides(&["dangling"]);
}

/// Controllers copy labels and annotations to what they make: such a child is not ours.
fn a_copied_mark_is_no_ownership() {
    let text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: child}\ndata: {a: x}\n";
    let place = Place::new(text);
    let copied = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: child\n  labels: {evctl.dev/project: test}\n\
                  \x20 annotations: {evctl.dev/object: configmap/default/parent}\ndata: {a: other}\n";
    place.kubectl(&["apply", "-f", "-"], copied);
    place.evctl("plan").run().code(4).says(&["is not owned"]);
}

fn lists_are_read_page_by_page() {
    let place =
        Place::new("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: zzz}\ndata: {a: x}\n");
    many(&place);
    let _ = place.apply();
    place.is_settled();
}
