//! Dead letter sinks: the channel's own, which is never resolved, and what a Subscription's never sees.

use std::collections::BTreeMap;

use crate::diag::{Code, Finding, Severity};
use crate::model::natsjs;
use crate::topology::Route;
use crate::topology::resolve::Resolver;

use super::{NatsChannel, names, tell_at_key};

/// The sink of the channel itself. A Channel takes it for its own condition.
pub(super) fn sink_of_the_channel(
    resolver: &Resolver<'_>,
    channel: &NatsChannel<'_>,
) -> Vec<Finding> {
    let Some(path) = channel.delivery_at().map(|path| path.key("deadLetterSink")) else {
        return Vec::new();
    };
    if channel.manifest.root.at(&path).is_none() {
        return Vec::new();
    }
    let routes = channel.routes.iter().map(|number| &resolver.topology.routes[*number]);
    let waiting: Vec<_> = routes.filter(|route| route.unserved.is_some()).collect();
    let (severity, message) = match channel.manifest.key.kind.as_str() {
        "Channel" => (
            Severity::Error,
            "this Channel never becomes Ready, nor any Subscription of it: the NATS channel never resolves \
             a channel's dead letter sink; senders get 202 all the same, and the stream fills"
                .to_owned(),
        ),
        natsjs::KIND if waiting.is_empty() => (
            Severity::Warning,
            "a channel's dead letter sink is never resolved: no Subscription without one of its own would \
             become Ready, and those that have one do not use it"
                .to_owned(),
        ),
        natsjs::KIND => (
            Severity::Error,
            format!(
                "a channel's dead letter sink is never resolved, so {} never becomes Ready \
                 (DeadLetterSinkResolveFailed)",
                names(waiting.iter().map(|route| route.name().name.as_str()))
            ),
        ),
        _ => return Vec::new(),
    };
    let help =
        "take it away, and give each Subscription a whole delivery with its own deadLetterSink";
    let finding = tell_at_key(channel.manifest, Code::UnworkableSetting, &path, message, help);
    vec![Finding { severity, ..finding }]
}

/// What sinks that work do not get, said once: it is the dispatcher's way with all of them.
pub(super) fn gaps(resolver: &Resolver<'_>, channels: &[NatsChannel<'_>]) -> Option<Finding> {
    let mut sinks = BTreeMap::new();
    for channel in channels {
        for (number, _) in channel.served(resolver).filter(|(_, route)| loses(route)) {
            let Some((manifest, path)) = resolver.delivery_at(number, channel) else { continue };
            let path = path.key("deadLetterSink");
            let place = manifest.place().key(&path);
            sinks.entry((place, path)).or_insert(manifest);
        }
    }
    let more = sinks.len().saturating_sub(1);
    let ((_, path), manifest) = sinks.into_iter().next()?;
    let others = match more {
        0 => String::new(),
        1 => " (as with one other sink here)".to_owned(),
        more => format!(" (as with {more} other sinks here)"),
    };
    let message = format!(
        "an answer of 3xx or 4xx (but 408 and 429) is not tried again, and what it ends while attempts are left \
         never reaches this sink{others}; nor does anything once a failing answer has more than 768 bytes of \
         body, which ends the dispatcher"
    );
    let help = "answer 5xx, briefly, for what is to be tried again and kept; with retry: 0 every failure \
                reaches the sink";
    Some(tell_at_key(manifest, Code::DeadLetterGaps, &path, message, help))
}

/// Whether a failure of a route can pass its sink by.
fn loses(route: &Route) -> bool {
    route.dead_letter.is_some()
        && route.delivery.as_ref().is_some_and(|delivery| {
            delivery.retry.unwrap_or(0) > 0
                && delivery.backoff_policy.is_some()
                && delivery.backoff_delay.is_some()
        })
}

/// A Subscription's `retryAfterMax`, where the feature lets it through.
pub(super) fn retry_after(resolver: &Resolver<'_>, channel: &NatsChannel<'_>) -> Vec<Finding> {
    if !resolver.assumed.features.enabled("delivery-retryafter") {
        return Vec::new();
    }
    let mut findings = Vec::new();
    for (number, _) in channel.served(resolver) {
        let Some((manifest, path)) = resolver.delivery_at(number, channel) else { continue };
        let path = path.key("retryAfterMax");
        if manifest.root.at(&path).is_none() || manifest.key == channel.manifest.key {
            continue;
        }
        let message = "`retryAfterMax` has no effect: the NATS channel does not read Retry-After";
        let help = "take it away; the wait is that of the backoff";
        findings.push(tell_at_key(manifest, Code::IgnoredField, &path, message, help));
    }
    findings
}
