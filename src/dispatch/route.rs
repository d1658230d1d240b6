//! A topology's routes and channels, worked out as far as the engine needs them: how often, how
//! soon, how long. Knows no state.

use crate::jetstream::{channel as derive, stream};
use crate::model::duration::Nanoseconds;
use crate::model::knative::duck::{BackoffPolicy, DeliverySpec};
use crate::model::natsjs::{ConsumerType, NatsJetStreamChannelSpec, Retention, StreamConfig};
use crate::topology::{Backing, NodeIndex, Role, Route, Topology};

use super::address::address;
use super::profile::Profile;

const FILTERED_PUSH: &str = "a push consumer with a filterSubject is made, and the dispatcher \
    cannot bind to it";
const WORK_QUEUE: &str = "a Work stream takes one consumer, and another Subscription has it";

/// How a delivery is tried.
#[derive(Debug, Clone)]
pub(super) struct Policy {
    /// Attempts after the first, where the delivery says anything at all.
    pub(super) retry: Option<u32>,
    /// After how many attempts the stream never delivers again.
    pub(super) max_deliver: Option<u32>,
    pub(super) backoff: Option<(BackoffPolicy, Nanoseconds)>,
    pub(super) ack_wait: Nanoseconds,
    /// The time limit of a subscriber's request.
    pub(super) limit: Option<Nanoseconds>,
    /// The time limit of requests to reply destinations and dead letter sinks.
    pub(super) resend_limit: Option<Nanoseconds>,
}

impl Policy {
    fn new(
        profile: &Profile,
        channel: &NatsJetStreamChannelSpec,
        delivery: Option<&DeliverySpec>,
    ) -> Self {
        let template = channel.consumer_config_template.clone().unwrap_or_default();
        let ack_wait = derive::ack_wait(&template, delivery).filter(|wait| *wait > 0);
        let ack_wait = ack_wait.unwrap_or(profile.ack_wait);
        let limit = ack_wait.saturating_sub(profile.limit_before_ack_wait);
        let delivery = delivery.filter(|delivery| **delivery != DeliverySpec::default());
        let retry = |delivery: &DeliverySpec| delivery.retry.unwrap_or(0).unsigned_abs();
        Self {
            retry: delivery.map(retry),
            max_deliver: derive::max_deliver(delivery).and_then(|most| u32::try_from(most).ok()),
            backoff: delivery.and_then(backoff),
            ack_wait,
            limit: (limit > 0).then_some(limit),
            resend_limit: delivery
                .and_then(|delivery| delivery.timeout.as_ref())
                .map(|timeout| timeout.nanoseconds()),
        }
    }

    /// Whether a failure of this attempt is the dead letter sink's.
    pub(super) fn is_last(&self, attempt: u32) -> bool {
        self.retry.is_none_or(|retry| attempt > retry)
    }

    /// Whether the stream never delivers again after this attempt.
    pub(super) fn is_used_up(&self, attempt: u32) -> bool {
        self.max_deliver.is_some_and(|most| attempt >= most)
    }

    /// The wait that counts as the `n`th.
    pub(super) fn wait(&self, n: u32) -> Nanoseconds {
        match self.backoff {
            None => 0,
            Some((BackoffPolicy::Linear, delay)) => delay.saturating_mul(u64::from(n)),
            Some((BackoffPolicy::Exponential, delay)) => {
                delay.saturating_mul(2_u64.saturating_pow(n))
            }
        }
    }
}

fn backoff(delivery: &DeliverySpec) -> Option<(BackoffPolicy, Nanoseconds)> {
    Some((delivery.backoff_policy?, delivery.backoff_delay.as_ref()?.nanoseconds()))
}

/// A route as the engine follows it.
#[derive(Debug, Clone)]
pub(super) struct Line {
    pub(super) from: NodeIndex,
    pub(super) call: NodeIndex,
    pub(super) reply: Option<NodeIndex>,
    pub(super) dead_letter: Option<NodeIndex>,
    /// Where the dead letter sink's `knativeerrordest` says that a failure happened.
    pub(super) call_address: String,
    pub(super) reply_address: String,
    pub(super) policy: Policy,
    /// How many deliveries may wait for their acknowledgement at once.
    pub(super) most_pending: usize,
    /// Why nothing is ever delivered.
    pub(super) unserved: Option<String>,
}

/// Every route of a topology, in its order.
pub(super) fn lines(topology: &Topology, profile: &Profile) -> Vec<Line> {
    topology
        .routes
        .iter()
        .enumerate()
        .map(|(at, route)| line(topology, profile, at, route))
        .collect()
}

fn line(topology: &Topology, profile: &Profile, at: usize, route: &Route) -> Line {
    let graph = &topology.graph;
    let none = NatsJetStreamChannelSpec::default();
    let spec = nats_spec(topology, route.from).unwrap_or(&none);
    Line {
        from: route.from,
        call: route.call,
        reply: route.reply,
        dead_letter: route.dead_letter,
        call_address: address(&graph[route.call]),
        reply_address: route.reply.map(|to| address(&graph[to])).unwrap_or_default(),
        policy: Policy::new(profile, spec, route.delivery.as_ref()),
        most_pending: most_pending(spec).unwrap_or(profile.most_pending),
        unserved: unserved(topology, at, route),
    }
}

fn most_pending(spec: &NatsJetStreamChannelSpec) -> Option<usize> {
    match spec.consumer_config_template.as_ref()?.max_ack_pending? {
        0 => None,
        // Less than nothing is no limit.
        most => Some(usize::try_from(most).unwrap_or(usize::MAX)),
    }
}

fn nats_spec(topology: &Topology, node: NodeIndex) -> Option<&NatsJetStreamChannelSpec> {
    let Role::Channel(channel) = &topology.graph[node].role else { return None };
    match &channel.backing {
        Backing::NatsJetStream(spec) => Some(spec),
        _ => None,
    }
}

fn unserved(topology: &Topology, at: usize, route: &Route) -> Option<String> {
    if let Some(why) = route.unserved {
        return Some(why.to_owned());
    }
    let Role::Channel(channel) = &topology.graph[route.from].role else { return None };
    let spec = match &channel.backing {
        Backing::NatsJetStream(spec) => spec,
        other => {
            let kind = other.name();
            return Some(format!("evctl has no delivery profile for a channel of kind {kind} yet"));
        }
    };
    let template = spec.consumer_config_template.as_ref();
    let filtered = template.is_some_and(|template| {
        template.consumer_type != Some(ConsumerType::Pull)
            && template.filter_subject.as_ref().is_some_and(|subject| !subject.is_empty())
    });
    if filtered {
        return Some(FILTERED_PUSH.to_owned());
    }
    let config = spec.stream.as_ref().and_then(|stream| stream.config.as_ref())?;
    let earlier = topology.routes_from(route.from).filter(|(other, _)| *other < at).count();
    too_many(config, earlier)
}

/// Which of the Subscriptions that exclude each other is served is chance; here it is the first.
fn too_many(config: &StreamConfig, earlier: usize) -> Option<String> {
    if config.retention == Some(Retention::Work) && earlier > 0 {
        return Some(WORK_QUEUE.to_owned());
    }
    let most = usize::try_from(config.max_consumers?).ok().filter(|most| *most > 0)?;
    (earlier >= most).then(|| format!("the stream takes {most} consumers (maxConsumers), no more"))
}

/// A channel's stream as publishers meet it.
#[derive(Debug, Clone)]
pub(super) struct Intake {
    /// How long an id is remembered.
    pub(super) duplicate_window: Nanoseconds,
    /// Whether publishers never learn that an event was stored.
    pub(super) no_ack: bool,
    /// Whether events are kept that no consumer wants.
    pub(super) keeps_unwanted: bool,
}

/// The stream of a node, where it is a channel.
pub(super) fn intake(topology: &Topology, node: NodeIndex) -> Option<Intake> {
    let Role::Channel(channel) = &topology.graph[node].role else { return None };
    let Backing::NatsJetStream(spec) = &channel.backing else {
        return Some(Intake { duplicate_window: 0, no_ack: false, keeps_unwanted: false });
    };
    let config = spec.stream.as_ref().and_then(|stream| stream.config.as_ref());
    let stored = stream::normal(&derive::stream("", "", spec));
    let window = stored.get("duplicate_window").and_then(serde_json::Value::as_u64);
    Some(Intake {
        duplicate_window: window.unwrap_or(0),
        no_ack: config.is_some_and(|config| config.no_ack == Some(true)),
        keeps_unwanted: config.is_none_or(|config| config.retention != Some(Retention::Interest)),
    })
}
