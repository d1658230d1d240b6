//! What the webhook of the NATS channel refuses, and what it admits although the released controller
//! and dispatcher cannot work with it (shared/facts/jetstream.md §4). Of one spec alone, in its own
//! object or in a channel template.

use crate::diag::{Code, Finding, Severity};
use crate::model::decode::Place;
use crate::model::path::Path;
use crate::model::reading::Reading;

use super::{ConsumerTemplate, ConsumerType, NatsJetStreamChannelSpec, StreamConfig, Subscriber};

/// Which dispatcher serves a channel: the one of the cluster, or one in the channel's namespace.
pub const SCOPE: &str = "eventing.knative.dev/scope";

/// The annotation that says which dispatcher serves the channel.
pub fn scope(reading: &mut Reading<'_>) {
    let Some(scope) = reading.annotation(SCOPE) else { return };
    if matches!(scope, "cluster" | "namespace") {
        return;
    }
    let path = Path::of("metadata.annotations").key(SCOPE);
    let message = format!("`{path}` is `{scope}`, not one of cluster, namespace");
    reading.fault(
        Code::InvalidValue,
        &path,
        message,
        "write one of them; the webhook refuses others",
    );
}

/// Everything that is wrong with a spec of the right shape.
pub fn faults(place: Place<'_>, at: &Path, spec: &NatsJetStreamChannelSpec) -> Vec<Finding> {
    let mut faults = Faults { place, findings: Vec::new() };
    if let Some(config) = spec.stream.as_ref().and_then(|stream| stream.config.as_ref()) {
        faults.stream(config, &at.key("stream").key("config"));
    }
    if let Some(template) = &spec.consumer_config_template {
        faults.consumer(template, &at.key("consumerConfigTemplate"));
    }
    for (number, subscriber) in spec.subscribers.iter().flatten().enumerate() {
        faults.subscriber(subscriber, &at.key("subscribers").index(number));
    }
    faults.findings
}

struct Faults<'a> {
    place: Place<'a>,
    findings: Vec<Finding>,
}

impl Faults<'_> {
    fn stream(&mut self, config: &StreamConfig, at: &Path) {
        if config.mirror.is_some() {
            let message = "a channel's stream can never be a mirror: it always has the channel's \
                           subject, and the server refuses a mirror with subjects (10034)";
            let help = "copy with `sources` instead; the channel would never become Ready";
            self.tell(Code::UnworkableSetting, None, &at.key("mirror"), message, help);
        }
        if config.no_ack == Some(true) {
            let message = "with `noAck` every sender gets a 500 after 5 s, although the event is stored \
                           and delivered: it will be sent again";
            let help = "take it away; the channel waits for the server's acknowledgement";
            let severity = Some(Severity::Warning);
            self.tell(Code::UnworkableSetting, severity, &at.key("noAck"), message, help);
        }
    }

    fn consumer(&mut self, template: &ConsumerTemplate, at: &Path) {
        let pulled = template.consumer_type == Some(ConsumerType::Pull);
        if pulled {
            let message = "with Pull no Subscription becomes Ready, and no later one of any channel \
                           is served until the dispatcher starts again (its reconciler blocks)";
            let help = "write Push, or leave it out";
            let severity = Some(Severity::Warning);
            self.tell(Code::UnworkableSetting, severity, &at.key("consumerType"), message, help);
        } else if template.filter_subject.as_ref().is_some_and(|subject| !subject.is_empty()) {
            let message = "a pushed consumer with `filterSubject` never delivers: the dispatcher cannot \
                           bind to it (\"subject does not match consumer\")";
            let help = "take it away; keep other subjects in a channel of their own";
            let severity = Some(Severity::Warning);
            self.tell(Code::UnworkableSetting, severity, &at.key("filterSubject"), message, help);
        }
        self.ignored(template, pulled, at);
    }

    fn ignored(&mut self, template: &ConsumerTemplate, pulled: bool, at: &Path) {
        if template.max_deliver.is_some_and(|attempts| attempts != 0) {
            let message = "`maxDeliver` of the template has no effect: the attempts are `retry` and 1 of \
                           the Subscription's delivery, or of the channel's";
            let help = "write `delivery.retry`";
            self.tell(Code::IgnoredField, None, &at.key("maxDeliver"), message, help);
        }
        if template.fetch_batch_size.is_some() {
            let message = "`fetchBatchSize` has no effect: the dispatcher takes FETCH_BATCH_SIZE of its \
                           environment (32)";
            let help = "take it away, or set the variable on the dispatcher's Deployment";
            self.tell(Code::IgnoredField, None, &at.key("fetchBatchSize"), message, help);
        }
        if template.fetch_max_wait.as_ref().is_some_and(|wait| wait.nanoseconds() > 0) && !pulled {
            let message = "`fetchMaxWait` has no effect: nothing is fetched, the server pushes";
            self.tell(Code::IgnoredField, None, &at.key("fetchMaxWait"), message, "take it away");
        }
    }

    fn subscriber(&mut self, subscriber: &Subscriber, at: &Path) {
        let is_said = |uri: &Option<String>| uri.as_ref().is_some_and(|uri| !uri.is_empty());
        if is_said(&subscriber.subscriber_uri) || is_said(&subscriber.reply_uri) {
            return;
        }
        let message = format!("`{at}` has neither `subscriberUri` nor `replyUri`");
        let help = "leave `subscribers` out; the subscription controller writes it";
        self.tell(Code::MissingField, None, &at.key("subscriberUri"), &message, help);
    }

    fn tell(
        &mut self,
        code: Code,
        severity: Option<Severity>,
        path: &Path,
        message: &str,
        help: &str,
    ) {
        let finding = self.place.finding(code, path, message, help);
        let severity = severity.unwrap_or(finding.severity);
        self.findings.push(Finding { severity, ..finding });
    }
}
