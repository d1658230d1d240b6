//! What a reference to nothing is said to have meant: the field that is wrong, the help, and the
//! place of what is declared, in another file too.

use evctl::model::{self, Assumed, Input};
use evctl::topology::resolve;
use libtest_mimic::Trial;

use super::plain;

pub(super) fn trials() -> Vec<Trial> {
    vec![
        plain("suggestions::point_at_what_is_wrong", point_at_what_is_wrong),
        plain("suggestions::label_the_other_file", label_the_other_file),
    ]
}

const DECLARED: &str = "
{apiVersion: v1, kind: Service, metadata: {name: billing}}
---
{apiVersion: serving.knative.dev/v1, kind: Service, metadata: {name: desk, namespace: other}}
---
{apiVersion: eventing.knative.dev/v1, kind: Broker, metadata: {name: orders}}
---
{apiVersion: sinks.example.com/v1, kind: Printer, metadata: {name: paper}}
";

/// Reference, the field that the finding points at, and the help.
const CASES: &[(&str, &str, &str)] = &[
    ("{apiVersion: v1, kind: Service, name: biling}", "name", "did you mean `billing`?"),
    (
        "{apiVersion: v1, kind: Servce, name: billing}",
        "kind",
        "did you mean `Service`? service/default/billing is declared",
    ),
    (
        "{apiVersion: v1, kind: service, name: billing}",
        "kind",
        "did you mean `Service`? service/default/billing is declared",
    ),
    (
        "{apiVersion: serving.knative.dev/v1, kind: Service, name: billing}",
        "apiVersion",
        "service/default/billing is declared; is that the one?",
    ),
    (
        "{apiVersion: serving.knative.dev/v1, kind: Service, name: desk, namespace: default}",
        "namespace",
        "service.serving.knative.dev/other/desk is declared; is that the one?",
    ),
    (
        "{apiVersion: serving.knative.dev/v1, kind: Service, name: desk}",
        "name",
        "service.serving.knative.dev/other/desk is declared; is that the one?",
    ),
    (
        "{apiVersion: v1, kind: Brokre, name: paper}",
        "kind",
        "printer.sinks.example.com/default/paper is declared; is that the one?",
    ),
    (
        "{apiVersion: v1, kind: Broker, name: nothing}",
        "apiVersion",
        "a Broker is of eventing.knative.dev",
    ),
    (
        "{apiVersion: eventing.knative.dev/v1, kind: broker, name: nothing}",
        "kind",
        "did you mean the kind `Broker`?",
    ),
];

fn point_at_what_is_wrong() {
    for (reference, field, help) in CASES {
        let text = format!("{DECLARED}---{}", trigger(reference));
        let (findings, _) = dangling(&[("all.yaml", &text)]);
        let found: Vec<_> = findings.iter().map(|f| (f.path.as_str(), f.help.as_str())).collect();
        let path = format!("spec.subscriber.ref.{field}");
        assert_eq!(found, [(path.as_str(), *help)], "{reference}");
    }
}

fn label_the_other_file() {
    let text = trigger("{apiVersion: v1, kind: Service, name: biling}");
    let (findings, sources) = dangling(&[("triggers.yaml", &text), ("declared.yaml", DECLARED)]);
    let [label] = findings[0].related.as_slice() else { panic!("{findings:?}") };
    assert_eq!(sources.name(label.at.file), "declared.yaml");
    let text = &sources.text(label.at.file)[label.at.span.start..label.at.span.end];
    assert_eq!((text, label.text.as_str()), ("billing", "this is declared"));
}

fn trigger(reference: &str) -> String {
    format!(
        "
apiVersion: eventing.knative.dev/v1
kind: Trigger
metadata: {{name: t}}
spec:
  broker: orders
  subscriber: {{ref: {reference}}}
"
    )
}

fn dangling(files: &[(&str, &str)]) -> (Vec<evctl::diag::Finding>, evctl::diag::Sources) {
    let inputs = files.iter().map(|(name, text)| Input::named(*name, Ok(text.as_bytes().to_vec())));
    let loaded = model::load(inputs.collect(), "default", &Assumed::default());
    assert_eq!(loaded.findings, []);
    let resolved = resolve(&loaded.manifests, &Assumed::default());
    assert_eq!(resolved.findings, []);
    (resolved.dangling.into_iter().map(|(_, finding)| finding).collect(), loaded.sources)
}
