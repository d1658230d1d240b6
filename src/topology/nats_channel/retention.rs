//! What a stream's retention and limits mean for those who read it: who gets no consumer, what stays,
//! and what is dropped.

use crate::diag::{Code, Finding, Severity};
use crate::jetstream::channel::max_deliver;
use crate::model::Path;
use crate::model::natsjs::{Discard, Retention};
use crate::topology::Route;
use crate::topology::resolve::Resolver;

use super::{NatsChannel, tell_at_key};

/// More readers than the stream takes consumers. Which of them is served is chance.
pub(super) fn refused_subscriptions(
    resolver: &Resolver<'_>,
    channel: &NatsChannel<'_>,
) -> Vec<Finding> {
    let Some(config) = channel.config() else { return Vec::new() };
    let most = config.max_consumers.and_then(|most| usize::try_from(most).ok()).filter(|n| *n > 0);
    let (most, field, why, help) = match (config.retention, most) {
        (Some(Retention::Work), _) => (
            1,
            "stream.config.retention",
            "a Work stream takes one consumer (10099)".to_owned(),
            "keep one Subscription, or write retention: Interest, which keeps an event until all have it",
        ),
        (_, Some(most)) => (
            most,
            "stream.config.maxConsumers",
            format!("the stream takes {most} (maxConsumers, 10026)"),
            "raise maxConsumers, or take a Subscription away",
        ),
        _ => return Vec::new(),
    };
    let served: Vec<_> = channel.served(resolver).map(|(_, route)| route).collect();
    let over = served.iter().skip(most);
    over.map(|route| {
        let message = format!(
            "{} is one consumer too many: {why}; which is left out is chance, and no new Subscription of \
             {} becomes Ready",
            route.name().name,
            channel.key.name
        );
        let setting = channel.manifest.place().value(&channel.at(field));
        match reads_at(route).zip(resolver.manifest(&route.object)) {
            Some((path, manifest)) => {
                tell_at_key(manifest, Code::SubscriptionRefused, &path, message, help)
                    .related(setting, "it is this setting")
            }
            None => channel.tell(Code::SubscriptionRefused, field, message, help),
        }
    })
    .collect()
}

/// Where an object says which channel it reads; a flow does not.
fn reads_at(route: &Route) -> Option<Path> {
    match route.object.kind.as_str() {
        "Subscription" => Some(Path::of("spec.channel")),
        "Trigger" => Some(Path::of("spec.broker")),
        _ => None,
    }
}

/// An event that was given up is never acknowledged, and so stays where only acknowledged ones go.
pub(super) fn given_up(resolver: &Resolver<'_>, channel: &NatsChannel<'_>) -> Vec<Finding> {
    let Some(config) = channel.config() else { return Vec::new() };
    let retention = match config.retention {
        Some(Retention::Work) => "Work",
        Some(Retention::Interest) => "Interest",
        Some(Retention::Limits) | None => return Vec::new(),
    };
    let gives_up =
        channel.served(resolver).any(|(_, route)| max_deliver(route.delivery.as_ref()).is_some());
    let is_said = |limit: Option<i64>| limit.is_some_and(|limit| limit > 0);
    let ages = config.max_age.as_ref().is_some_and(|age| age.nanoseconds() > 0);
    if ages || !gives_up {
        return Vec::new();
    }
    let limited = is_said(config.max_msgs) || is_said(config.max_bytes);
    let help = "write maxAge: after it, they go";
    let (severity, message) = match (limited, config.discard) {
        (true, Some(Discard::New)) => (
            Severity::Warning,
            format!(
                "events that were given up are never acknowledged and stay in a stream of {retention}: in \
                 time they fill it, and with `discard: New` every sender then gets 500"
            ),
        ),
        (true, _) => return Vec::new(),
        (false, _) => (
            Severity::Note,
            format!(
                "events that were given up are never acknowledged and stay in a stream of {retention}, for ever"
            ),
        ),
    };
    let finding = channel.tell(Code::KeptForever, "stream.config.retention", message, help);
    vec![Finding { severity, ..finding }]
}

/// Interest without anybody who has any.
pub(super) fn unread(_: &Resolver<'_>, channel: &NatsChannel<'_>) -> Vec<Finding> {
    let interest =
        channel.config().is_some_and(|config| config.retention == Some(Retention::Interest));
    if !interest || !channel.routes.is_empty() {
        return Vec::new();
    }
    let message = "nothing here reads this channel: while no Subscription does, the stream drops every event, \
                   and senders get 202 all the same";
    let help = "subscribe before anything is sent, or write Limits";
    vec![channel.tell(Code::UnreadInterest, "stream.config.retention", message, help)]
}
