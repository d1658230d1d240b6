//! Where evctl says something else than Knative 0.50's webhooks, on purpose.

use super::questions::Recording;

pub(super) const KNATIVE: Recording = Recording {
    folder: "knative-0.50",
    new_objects: 135,
    stricter: &[
        ("broker-name-long", "name-too-long", "the trigger channel gets it as a label"),
        ("broker-unknown-field", "unknown-field", "dropped silently"),
        ("delivery-delay-negative", "invalid-value", "no wait is made of it"),
        ("delivery-timeout-negative", "invalid-value", "no timeout is made of it"),
        (
            "parallel-branch-delivery-bad",
            "invalid-value",
            "no webhook looks at a branch's delivery, and no Subscription can be made of this one",
        ),
        ("trigger-cesql-integer", "cesql-not-boolean", "breaks off each request to the filter"),
        ("trigger-cesql-unknown-function", "cesql-function", "fails every event"),
        ("trigger-filter-unknown", "unknown-field", "dropped silently"),
        ("trigger-not-empty", "filter-crashes", "ends the process of the filter"),
        ("trigger-ref-incomplete-relative", "missing-field", "resolves to nothing"),
        ("trigger-ref-only", "feature-disabled", "the Trigger never gets a status"),
        ("trigger-subscriber-nested", "unknown-field", "dropped silently"),
        ("trigger-unknown-dialect", "unknown-field", "dropped silently, and everything passes"),
        ("subscription-channel-unknown-kind", "wrong-kind", "a Deployment is no channel"),
    ],
    laxer: &[],
    renamed: &[
        (
            "channel-subscribers",
            "spec.subscribable.subscribers",
            "spec.subscribers",
            "the name of an inlined type, which no object has",
        ),
        (
            "containersource-empty",
            "spec.containers",
            "spec.template.spec.containers",
            "the webhook names the pod template's field as if it stood in the spec itself",
        ),
        (
            "jobsink-bad",
            "spec.template.spec.restartPolicy",
            "spec.job.spec.template.spec.restartPolicy",
            "the Job's own message, of the dry run",
        ),
        (
            "parallel-branch-no-subscriber",
            "spec.branches.subscriber[0]",
            "spec.branches[0].subscriber",
            "the webhook puts the index behind the wrong name",
        ),
        ("ping-both-data", "spec.data", "spec.dataBase64", "one finding for the two"),
        ("ping-no-sink", "spec.sink.ref", "spec.sink", "it is not there at all"),
        ("ping-no-sink", "spec.sink.uri", "spec.sink", "it is not there at all"),
        ("trigger-broker-and-ref", "spec.broker", "spec.brokerRef", "one finding for the two"),
        (
            "trigger-dependency-broken",
            "metadata.annotations[knative.dev",
            "metadata.annotations[knative.dev/dependency]",
            "the recording cuts at `/`",
        ),
        (
            "trigger-dependency-other-namespace",
            "metadata.annotations[knative.dev",
            "metadata.annotations[knative.dev/dependency]",
            "the recording cuts at `/`",
        ),
        (
            "trigger-injection-word",
            "metadata.annotations[eventing.knative.dev",
            "metadata.annotations[eventing.knative.dev/injection]",
            "the recording cuts at `/`",
        ),
        (
            "trigger-injection-other-broker",
            "metadata.annotations[eventing.knative.dev",
            "metadata.annotations[eventing.knative.dev/injection]",
            "the recording cuts at `/`",
        ),
        (
            "trigger-no-subscriber",
            "spec.subscriber.ref",
            "spec.subscriber",
            "it is not there at all",
        ),
        (
            "trigger-no-subscriber",
            "spec.subscriber.uri",
            "spec.subscriber",
            "it is not there at all",
        ),
        ("trigger-not-list", "spec.filters.not", "spec.filters[0].not", "Go names no index"),
        (
            "trigger-ref-and-absolute",
            "spec.subscriber[apiVersion",
            "spec.subscriber",
            "a list of fields, cut at the comma",
        ),
    ],
};
