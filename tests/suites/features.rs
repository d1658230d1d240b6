//! What the servers' feature flags and defaults change of what evctl says.

use std::collections::BTreeMap;

use evctl::diag::Severity;
use evctl::model::assumed::Features;
use evctl::model::{self, Assumed, Input};
use evctl::topology::resolve;
use libtest_mimic::Trial;

use super::plain;

pub(super) fn trials() -> Vec<Trial> {
    vec![
        plain("features::allow_what_is_refused_without_them", allow_what_is_refused_without_them),
        plain("features::a_broker_may_have_to_stay_at_home", a_broker_may_have_to_stay_at_home),
    ]
}

/// The errors about a text, by code and path.
fn errors(text: &str, assumed: &Assumed) -> Vec<String> {
    let input = Input::named("a.yaml", Ok(text.as_bytes().to_vec()));
    let loaded = model::load(vec![input], "default", assumed);
    let resolved = resolve(&loaded.manifests, assumed);
    let all = loaded.findings.iter().chain(&resolved.findings);
    let errors = all.filter(|finding| finding.severity == Severity::Error);
    errors.map(|finding| format!("{} {}", finding.code.name(), finding.path)).collect()
}

fn with(flag: &str, value: &str) -> Assumed {
    let flags = BTreeMap::from([(flag.to_owned(), value.to_owned())]);
    Assumed { features: Features::new(flags), ..Assumed::default() }
}

/// Flag, object, and the error while the flag is off.
const CASES: &[(&str, &str, &str)] = &[
    (
        "authentication-oidc",
        "{apiVersion: eventing.knative.dev/v1alpha1, kind: EventPolicy, metadata: {name: p}}",
        "feature-disabled kind",
    ),
    (
        "delivery-retryafter",
        "{apiVersion: messaging.knative.dev/v1, kind: InMemoryChannel, metadata: {name: c}, \
          spec: {delivery: {retryAfterMax: PT1S}}}",
        "feature-disabled spec.delivery.retryAfterMax",
    ),
    (
        "delivery-timeout",
        "{apiVersion: messaging.knative.dev/v1, kind: InMemoryChannel, metadata: {name: c}, \
          spec: {delivery: {timeout: PT1S}}}",
        "feature-disabled spec.delivery.timeout",
    ),
    (
        "cross-namespace-event-links",
        "{apiVersion: eventing.knative.dev/v1, kind: Trigger, metadata: {name: t}, spec: {\
          brokerRef: {apiVersion: eventing.knative.dev/v1, kind: Broker, name: b, namespace: far}, \
          subscriber: {uri: http://s.example}}}",
        "feature-disabled spec.brokerRef",
    ),
    (
        "cross-namespace-event-links",
        "{apiVersion: messaging.knative.dev/v1, kind: Subscription, metadata: {name: s}, spec: {\
          channel: {apiVersion: messaging.knative.dev/v1, kind: Channel, name: c, namespace: far}, \
          subscriber: {uri: http://s.example}}}",
        "forbidden-field spec.channel.namespace",
    ),
    (
        "new-apiserversource-filters",
        "{apiVersion: sources.knative.dev/v1, kind: ApiServerSource, metadata: {name: a}, spec: {\
          resources: [{apiVersion: v1, kind: Event}], filters: [{exact: {type: a}}], \
          sink: {uri: http://s.example}}}",
        "feature-disabled spec.filters",
    ),
    (
        "kreference-group",
        "{apiVersion: eventing.knative.dev/v1, kind: Trigger, metadata: {name: t}, spec: {\
          broker: b, subscriber: {ref: {group: serving.knative.dev, kind: Service, name: s}}}}",
        "feature-disabled spec.subscriber.ref.group",
    ),
];

fn allow_what_is_refused_without_them() {
    for (flag, text, error) in CASES {
        assert_eq!(errors(text, &with(flag, "Disabled")), [*error], "{flag} off");
        let without = Vec::<String>::new();
        assert_eq!(errors(text, &with(flag, "enabled")), without, "{flag} on");
    }
}

fn a_broker_may_have_to_stay_at_home() {
    let broker = "{apiVersion: eventing.knative.dev/v1, kind: Broker, metadata: {name: b}, spec: {\
          config: {apiVersion: v1, kind: ConfigMap, name: x, namespace: other}, \
          delivery: {deadLetterSink: \
            {ref: {apiVersion: v1, kind: Service, name: x, namespace: other}}}}}";
    assert_eq!(errors(broker, &Assumed::default()), Vec::<String>::new());
    let mut strict = Assumed::default();
    strict.broker.own_namespace_only = true;
    let wanted = [
        "forbidden-field spec.delivery.deadLetterSink.ref.namespace",
        "forbidden-field spec.config.namespace",
    ];
    assert_eq!(errors(broker, &strict), wanted);
}
