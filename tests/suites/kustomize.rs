//! `-k`: what kustomize builds is read, and findings point at the files it was built from. With the
//! kustomize inside of kubectl, and with programs that stand in for one that fails.

use std::os::unix::fs::PermissionsExt;

use libtest_mimic::Trial;
use serde_json::Value;

use super::binary::{Evctl, Folder, Said};
use super::plain;
use crate::servers::{Need, lookup, trial};

pub(super) fn trials() -> Vec<Trial> {
    let kubectl = &[Need::Kubernetes];
    vec![
        trial("kustomize::findings_point_at_the_origin", kubectl, findings_point_at_the_origin),
        trial("kustomize::annotations_say_the_origin", kubectl, annotations_say_the_origin),
        trial("kustomize::lists_that_a_patch_changed", kubectl, lists_that_a_patch_changed),
        trial("kustomize::like_names_are_told_apart", kubectl, like_names_are_told_apart),
        trial("kustomize::plans_name_the_origin", kubectl, plans_name_the_origin),
        trial("kustomize::secrets_stay_hidden", kubectl, secrets_stay_hidden),
        trial("kustomize::a_build_that_fails", kubectl, a_build_that_fails),
        plain("kustomize::no_program", no_program),
        plain("kustomize::kustomize_comes_first", kustomize_comes_first),
    ]
}

const BASE: &str = "\
apiVersion: messaging.knative.dev/v1alpha1
kind: NatsJetStreamChannel
metadata:
  name: orders
spec:
  stream:
    config:
      retention: sometimes
---
apiVersion: messaging.knative.dev/v1
kind: Subscription
metadata:
  name: billing
spec:
  channel:
    apiVersion: messaging.knative.dev/v1alpha1
    kind: NatsJetStreamChannel
    name: orders
  chanel: {}
  delivery: {retry: three, backoffDelay: PT1S}
  subscriber: {uri: http://a.b}
";

const PATCH: &str = "\
apiVersion: messaging.knative.dev/v1
kind: Subscription
metadata: {name: billing}
spec:
  delivery: {backoffDelay: soon}
";

const OVERLAY: &str = "\
resources: [../base]
patches: [{path: patch.yaml}]
configMapGenerator: [{name: settings, literals: [a=b]}]
";

fn project(overlay: &str) -> Folder {
    Folder::bare(&[
        ("base/kustomization.yaml", "resources: [shop.yaml]\n"),
        ("base/shop.yaml", BASE),
        ("over/kustomization.yaml", overlay),
        ("over/patch.yaml", PATCH),
    ])
}

fn evctl(folder: &Folder, arguments: &[&str]) -> Said {
    let kubectl = lookup::kubernetes().unwrap().kubectl;
    let path = kubectl.parent().unwrap().to_str().unwrap();
    Evctl::new(arguments).within(folder).variable("PATH", path).run()
}

/// Every finding as `file:line path`, with the places of its labels.
fn found(folder: &Folder) -> Vec<String> {
    let said = evctl(folder, &["validate", "-k", "over", "-o", "json"]);
    let place = |value: &Value| format!("{}:{}", value["file"].as_str().unwrap(), value["line"]);
    let one = |finding: &Value| {
        let labels = finding["related"].as_array().unwrap().iter();
        let labels: String = labels.map(|label| format!(" <- {}", place(label))).collect();
        format!("{} {}{labels}", place(finding), finding["path"].as_str().unwrap())
    };
    said.json()["findings"].as_array().unwrap().iter().map(one).collect()
}

fn findings_point_at_the_origin() {
    let exact = [
        "base/shop.yaml:8 spec.stream.config.retention",
        "base/shop.yaml:19 spec.chanel",
        "base/shop.yaml:20 spec.delivery.retry",
    ];
    let changed = "kustomize build over:19 spec.delivery.backoffDelay <- base/shop.yaml:13";
    let expected: Vec<&str> = std::iter::once(changed).chain(exact).collect();
    assert_eq!(found(&project(OVERLAY)), expected);
    let renamed = format!("namePrefix: a-\nnameSuffix: -b\nnamespace: shop\n{OVERLAY}");
    let renamed = found(&project(&renamed));
    assert_eq!(renamed[1..], exact);
    assert!(renamed[0].ends_with("spec.delivery.backoffDelay <- base/shop.yaml:13"), "{renamed:?}");
}

fn annotations_say_the_origin() {
    let folder = project(&format!("buildMetadata: [originAnnotations]\n{OVERLAY}"));
    // A second file of the same objects, which no kustomization reads for them.
    folder.write("over/other.yaml", BASE);
    let found = found(&folder);
    assert_eq!(
        found[1..],
        [
            "base/shop.yaml:8 spec.stream.config.retention",
            "base/shop.yaml:19 spec.chanel",
            "base/shop.yaml:20 spec.delivery.retry",
        ]
    );
    // What is generated names its kustomization.
    folder.write(
        "over/kustomization.yaml",
        "buildMetadata: [originAnnotations]\nresources: [a.yaml]\n\
         configMapGenerator:\n- name: settings\n  namespace: A_B\n  literals: [a=b]\n",
    );
    folder.write("over/a.yaml", "apiVersion: v1\nkind: Service\nmetadata: {name: a}\n");
    let found = self::found(&folder);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].ends_with("metadata.namespace <- over/kustomization.yaml:3"), "{found:?}");
}

fn lists_that_a_patch_changed() {
    let folder = Folder::bare(&[
        (
            "over/kustomization.yaml",
            "resources: [a.yaml]\npatches:\n- target: {kind: Subscription}\n  patch: |-\n    \
             - {op: add, path: /metadata/finalizers/0, value: 5}\n",
        ),
        (
            "over/a.yaml",
            "apiVersion: messaging.knative.dev/v1\nkind: Subscription\nmetadata:\n  name: s\n  \
             finalizers: [5, x]\nspec: {}\n",
        ),
    ]);
    let found = found(&folder);
    let of_list: Vec<_> = found.iter().filter(|finding| finding.contains("finalizers")).collect();
    assert_eq!(of_list.len(), 2, "{found:?}");
    let is_built = |finding: &&String| finding.starts_with("kustomize build over:");
    assert!(of_list.iter().all(is_built), "{found:?}");
}

fn like_names_are_told_apart() {
    // `orders-eu` is not `orders` with something around it, as no kustomization says so.
    let channel = |name: &str, retention: &str| {
        format!(
            "apiVersion: messaging.knative.dev/v1alpha1\nkind: NatsJetStreamChannel\n\
             metadata: {{name: {name}}}\nspec: {{stream: {{config: {{retention: {retention}}}}}}}\n"
        )
    };
    let folder = Folder::bare(&[
        ("over/kustomization.yaml", "resources: [a.yaml, b.yaml]\nnameSuffix: -x\n"),
        ("over/a.yaml", &channel("orders", "Limits")),
        ("over/b.yaml", &channel("orders-eu", "bad")),
    ]);
    assert_eq!(found(&folder), ["over/b.yaml:4 spec.stream.config.retention"]);
}

fn plans_name_the_origin() {
    let folder = project("resources: [../base]\n");
    folder.write("base/shop.yaml", "apiVersion: v1\nkind: Service\nmetadata:\n  name: a\n");
    let said = evctl(&folder, &["plan", "--offline", "--project", "p", "-k", "over"]);
    said.code(0).says(&["1 to add", "base/shop.yaml:4"]);
    folder.write("over/evctl.yaml", "name: shop\n");
    evctl(&folder, &["plan", "--offline", "-k", "over"]).code(0).says(&["shop"]);
}

fn secrets_stay_hidden() {
    let folder = project("resources: [a.yaml]\n");
    folder.write(
        "over/a.yaml",
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: a\n  labels: 5\nstringData:\n  p: hunter2\n",
    );
    let said = evctl(&folder, &["validate", "-k", "over"]).code(4);
    said.says(&["over/a.yaml:5", "metadata.labels"]).hides(&["hunter2"]);
}

fn a_build_that_fails() {
    let folder = project("resources: [nothing.yaml]\n");
    let said = evctl(&folder, &["validate", "-k", "over", "-k", "absent", "base"]).code(4);
    said.says(&["kustomize-failed", "nothing.yaml", "`absent` cannot be built", "sometimes"]);
}

fn no_program() {
    let folder = project(OVERLAY);
    let said = Evctl::new(&["validate", "-k", "over"]).within(&folder).variable("PATH", "/nowhere");
    said.run().code(4).says(&["kustomize-failed", "no kustomize on PATH", "install"]);
}

fn kustomize_comes_first() {
    let folder = project(OVERLAY);
    let program = |text: &str| {
        folder.write("bin/kustomize", &format!("#!/bin/sh\n{text}\n"));
        let mode = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(folder.file("bin/kustomize"), mode).unwrap();
        let path = folder.file("bin");
        let said = Evctl::new(&["validate", "-k", "over"]).within(&folder);
        said.variable("PATH", path.to_str().unwrap()).run()
    };
    program("echo \"{apiVersion: v1, kind: Service, metadata: {name: $1-$2}}\"")
        .code(0)
        .says(&["1 object, nothing to say"]);
    program("echo wrong >&2; exit 1").code(4).says(&["kustomize-failed", "kustomize says: wrong"]);
    program("echo 'a: ['").code(4).says(&["kustomize build over:1"]);
}
