//! Deliveries at which the dispatcher ends: a failure that is to be tried again asks for the backoff,
//! and where there is none of it, the process goes down before it answers the stream. Every channel
//! goes down with it, and no dead letter sink is called.

use std::collections::{BTreeMap, BTreeSet};

use crate::diag::{Code, Finding};
use crate::jetstream::channel::{ack_wait, max_deliver};
use crate::model::ObjectKey;
use crate::model::duration::spoken;
use crate::model::knative::duck::DeliverySpec;
use crate::topology::resolve::Resolver;

use super::{NatsChannel, names, tell_at_key};

const HELP: &str = "write both, such as backoffPolicy: exponential with backoffDelay: PT0.2S";
const ENDS: &str = "the first answer of 5xx, 408 or 429, or the first broken connection, ends the dispatcher \
    with every channel that it serves";

/// A delivery that says something, and not how to wait.
pub(super) fn incomplete_delivery(
    resolver: &Resolver<'_>,
    channel: &NatsChannel<'_>,
) -> Vec<Finding> {
    let mut told = BTreeSet::new();
    let mut findings = Vec::new();
    for (number, route) in channel.served(resolver) {
        let Some(delivery) = &route.delivery else { continue };
        let Some(missing) = missing(delivery) else { continue };
        let Some((manifest, path)) = resolver.delivery_at(number, channel) else { continue };
        if !told.insert((&manifest.key, path.clone())) {
            continue;
        }
        let message = format!("{ENDS}: {missing}{}", consequence(channel, delivery));
        findings.push(tell_at_key(manifest, Code::DispatcherCrashes, &path, message, HELP));
    }
    findings
}

fn missing(delivery: &DeliverySpec) -> Option<&'static str> {
    match (delivery.backoff_policy.is_some(), delivery.backoff_delay.is_some()) {
        (true, true) => None,
        (true, false) => Some("`backoffDelay` is missing"),
        (false, true) => Some("`backoffPolicy` is missing"),
        (false, false) => Some("`backoffPolicy` and `backoffDelay` are missing"),
    }
}

/// What becomes of the event, and of the dead letter sink.
fn consequence(channel: &NatsChannel<'_>, delivery: &DeliverySpec) -> String {
    let back = back_after(channel, Some(delivery));
    let event = match max_deliver(Some(delivery)) {
        None => format!("; the event comes back after {back} and ends it again, for ever"),
        Some(..=1) => "; the event is lost".to_owned(),
        Some(more) => format!(
            "; the event comes back after {back} and ends it again, {more} times in all, and is lost"
        ),
    };
    match &delivery.dead_letter_sink {
        Some(_) => format!("{event}, without the dead letter sink"),
        None => event,
    }
}

/// How long the stream waits before it delivers again.
fn back_after(channel: &NatsChannel<'_>, delivery: Option<&DeliverySpec>) -> String {
    let template = channel.spec.consumer_config_template.clone().unwrap_or_default();
    spoken(ack_wait(&template, delivery).filter(|wait| *wait > 0).unwrap_or(30_000_000_000))
}

/// Readers that go by no delivery at all: one finding for all channels of one object, where all of it
/// can be mended.
pub(super) fn no_delivery(resolver: &Resolver<'_>, channels: &[NatsChannel<'_>]) -> Vec<Finding> {
    let mut bare: BTreeMap<&ObjectKey, (&NatsChannel<'_>, Vec<&str>)> = BTreeMap::new();
    for channel in channels {
        let names = channel.served(resolver).filter(|(_, route)| route.delivery.is_none());
        for (_, route) in names {
            let (_, all) = bare.entry(&channel.manifest.key).or_insert((channel, Vec::new()));
            all.push(route.name().name.as_str());
        }
    }
    let mut findings = Vec::new();
    for (channel, bare) in bare.into_values() {
        let message = format!(
            "{ENDS}: {} {} no delivery; the event comes back after {} and ends it again, for as long as that \
             is the answer",
            names(bare.iter().copied()),
            if bare.len() == 1 { "has" } else { "have" },
            back_after(channel, None)
        );
        let help = "write `delivery` with retry, backoffPolicy and backoffDelay, at the channel or at each \
                    Subscription";
        let path = channel.at("delivery");
        findings.push(tell_at_key(channel.manifest, Code::DispatcherCrashes, &path, message, help));
    }
    findings
}
