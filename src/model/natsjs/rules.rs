//! What the webhook of the NATS channel refuses, and what it admits although the released controller
//! and dispatcher cannot work with it (shared/facts/jetstream.md §4). Of one spec alone, in its own
//! object or in a channel template.

use crate::diag::{Code, Finding, Severity};
use crate::model::decode::Place;
use crate::model::knative::duck::DeliverySpec;
use crate::model::path::Path;
use crate::model::reading::Reading;

use super::{NatsJetStreamChannelSpec, Storage, StreamConfig, Subscriber};

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
    if let Some(delivery) = &spec.delivery {
        faults.delivery(delivery, &at.key("delivery"));
    }
    for (number, subscriber) in spec.subscribers.iter().flatten().enumerate() {
        faults.subscriber(subscriber, &at.key("subscribers").index(number));
    }
    faults.findings
}

pub(super) struct Faults<'a> {
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
        self.storage(config, at);
    }

    /// What only a nats-server that starts again shows.
    fn storage(&mut self, config: &StreamConfig, at: &Path) {
        let alone = config.replicas.unwrap_or(1) <= 1;
        if config.storage == Some(Storage::Memory) && alone {
            let message = "when the nats-server starts again, the stream and its events are gone; the next \
                           change of the channel makes it anew and ends the dispatcher once";
            let help = "write File, or replicas: 3 in a cluster, where that must not be";
            self.tell(Code::LostOnRestart, None, &at.key("storage"), message, help);
        }
    }

    /// What of a channel's delivery nobody heeds.
    fn delivery(&mut self, delivery: &DeliverySpec, at: &Path) {
        if delivery.retry_after_max.is_some() {
            let message =
                "`retryAfterMax` has no effect: the NATS channel does not read Retry-After";
            self.tell(
                Code::IgnoredField,
                None,
                &at.key("retryAfterMax"),
                message,
                "take it away; the wait is that of the backoff",
            );
        }
        if delivery.format.is_some() {
            let message = format!("`{}` has no effect here", at.key("format"));
            let help = "take it away: only Triggers heed it";
            self.tell(Code::IgnoredField, None, &at.key("format"), &message, help);
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

    pub(super) fn tell(
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
