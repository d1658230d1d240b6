//! What holds of every simulation, whatever the topology, the scripts and the faults.

use std::collections::BTreeSet;

use evctl::diag::{Severity, worst};
use evctl::dispatch::{Outcome, Time};
use evctl::model::event::Event;
use evctl::model::{Assumed, Input, load};
use evctl::simulate::{Fault, Scenario, Script, Send, Trace, respond, run, trace};
use evctl::topology::{NodeName, Topology, resolve};
use libtest_mimic::{Failed, Trial};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseResult, TestRng, TestRunner};

const MILLISECOND: u64 = 1_000_000;
const SINKS: usize = 4;

type Property = fn(&World) -> TestCaseResult;

/// Where a route leads: a sink or a channel, by number.
#[derive(Debug, Clone, Copy)]
enum Target {
    Sink(usize),
    Channel(usize),
}

#[derive(Debug, Clone)]
struct Subscription {
    channel: usize,
    call: Target,
    reply: Option<Target>,
    delivery: Option<(Option<u32>, &'static str, Option<Target>)>,
}

#[derive(Debug, Clone)]
struct World {
    channels: Vec<&'static str>,
    subscriptions: Vec<Subscription>,
    scripts: Vec<String>,
    /// Channel, milliseconds, id.
    sends: Vec<(usize, u64, u32)>,
    /// Milliseconds; ends and starts take turns.
    faults: Vec<u64>,
}

pub(crate) fn trials() -> Vec<Trial> {
    let properties: [(&str, Property); 3] = [
        ("equal_inputs_give_equal_bytes", equal_bytes),
        ("each_event_ends_once_per_route", ends_once),
        ("attempts_stay_within_max_deliver", attempts_are_bounded),
    ];
    let trial = |(name, property): (&str, Property)| {
        Trial::test(format!("simulation_properties::{name}"), move || hold(property))
    };
    properties.into_iter().map(trial).collect()
}

fn hold(property: Property) -> Result<(), Failed> {
    let config = Config {
        cases: super::shape_properties::cases(512),
        failure_persistence: None,
        ..Config::default()
    };
    let chance = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(config, chance);
    runner.run(&world(), |world| property(&world)).map_err(|error| error.to_string().into())
}

fn equal_bytes(world: &World) -> TestCaseResult {
    let (one, two) = (simulate(world)?.1, simulate(world)?.1);
    prop_assert_eq!(serde_json::to_string(&one).ok(), serde_json::to_string(&two).ok());
    prop_assert_eq!(trace::render(&one), trace::render(&two));
    prop_assert!(one.lines.is_sorted_by_key(|line| line.t), "lines are in the order of time");
    Ok(())
}

fn ends_once(world: &World) -> TestCaseResult {
    let (topology, trace) = simulate(world)?;
    let mut ends = BTreeSet::new();
    for ending in &trace.outcomes {
        let once = ends.insert((&ending.from, ending.sequence, &ending.route));
        prop_assert!(once, "{ending:?} ended twice");
    }
    let routes = |channel: &String| {
        let from = |route: &&evctl::topology::Route| {
            topology.graph[route.from].name.to_string() == *channel
        };
        topology.routes.iter().filter(from).count()
    };
    let accepted = trace.lines.iter().filter(|line| line.outcome == Outcome::Accepted);
    let expected: usize = accepted.filter_map(|line| line.to.as_ref()).map(routes).sum();
    prop_assert_eq!(ends.len(), expected);
    let counts = trace.counts();
    let counted = counts.delivered + counts.dead_lettered + counts.lost + counts.stuck;
    prop_assert_eq!(counted + counts.not_served, expected);
    Ok(())
}

fn attempts_are_bounded(world: &World) -> TestCaseResult {
    let (topology, trace) = simulate(world)?;
    for ending in &trace.outcomes {
        let route = topology.routes.iter().find(|route| route.object.to_string() == ending.route);
        let most =
            route.and_then(|route| evctl::jetstream::channel::max_deliver(route.delivery.as_ref()));
        let within = most.is_none_or(|most| i64::from(ending.attempts) <= most);
        prop_assert!(within, "{ending:?} of at most {most:?}");
    }
    Ok(())
}

fn simulate(world: &World) -> Result<(Topology, Trace), TestCaseError> {
    let content = Ok(yaml(world).into_bytes());
    let loaded = load(vec![Input::named("world.yaml", content)], "default", &Assumed::default());
    prop_assert!(worst(&loaded.findings) < Some(Severity::Error), "{:?}", loaded.findings);
    let topology = resolve(&loaded.manifests, &Assumed::default()).topology;
    let scenario = scenario(world, &topology)?;
    let trace = run(&topology, &scenario);
    Ok((topology, trace))
}

fn scenario(world: &World, topology: &Topology) -> Result<Scenario, TestCaseError> {
    let mut scenario = Scenario::default();
    for (number, script) in world.scripts.iter().enumerate() {
        if let Some(node) = topology.node(&NodeName::Uri(format!("http://s{number}"))) {
            let script: Script = respond::script(script).map_err(TestCaseError::fail)?;
            scenario.scripts.insert(node, script);
        }
    }
    let channels: Vec<_> = topology.channels().map(|(at, _, _)| at).collect();
    for (channel, at, id) in &world.sends {
        let event = Event::parse(&format!("type=a,id={id}")).map_err(TestCaseError::fail)?;
        let (at, to) = (Time(at * MILLISECOND), channels[channel % channels.len()]);
        scenario.sends.push(Send { at, to, event });
    }
    let mut at = 0;
    for (number, wait) in world.faults.iter().enumerate() {
        at += wait * MILLISECOND;
        let fault = if number % 2 == 0 { Fault::Stop } else { Fault::Start };
        scenario.faults.push((Time(at), fault));
    }
    Ok(scenario)
}

fn yaml(world: &World) -> String {
    let count = world.channels.len();
    let channels = world.channels.iter().enumerate().map(|(number, spec)| {
        format!(
            "apiVersion: messaging.knative.dev/v1alpha1\nkind: NatsJetStreamChannel\n\
             metadata: {{name: c{number}}}\nspec: {spec}\n"
        )
    });
    let subscriptions = world.subscriptions.iter().enumerate().map(|(number, subscription)| {
        let Subscription { channel, call, reply, delivery } = subscription;
        let mut text = format!(
            "apiVersion: messaging.knative.dev/v1\nkind: Subscription\n\
             metadata: {{name: r{number}}}\nspec:\n  channel: {}\n  subscriber: {}\n",
            reference(channel % count),
            destination(*call, count)
        );
        if let Some(reply) = reply {
            text.push_str(&format!("  reply: {}\n", destination(*reply, count)));
        }
        if let Some((retry, backoff, sink)) = delivery {
            let retry = retry.map(|retry| format!("retry: {retry}, ")).unwrap_or_default();
            let sink = sink.map(|sink| format!("deadLetterSink: {}, ", destination(sink, count)));
            let sink = sink.unwrap_or_default();
            text.push_str(&format!("  delivery: {{{retry}{sink}{backoff}}}\n"));
        }
        text
    });
    channels.chain(subscriptions).collect::<Vec<_>>().join("---\n")
}

fn reference(channel: usize) -> String {
    format!(
        "{{apiVersion: messaging.knative.dev/v1alpha1, kind: NatsJetStreamChannel, \
         name: c{channel}}}"
    )
}

fn destination(target: Target, channels: usize) -> String {
    match target {
        Target::Sink(number) => format!("{{uri: 'http://s{number}'}}"),
        Target::Channel(number) => format!("{{ref: {}}}", reference(number % channels)),
    }
}

fn world() -> impl Strategy<Value = World> {
    let channel = prop::sample::select(vec![
        "{}",
        "{consumerConfigTemplate: {ackWait: 150ms}}",
        "{stream: {config: {duplicateWindow: 1s, noAck: true}}}",
        "{stream: {config: {retention: Work}}}",
        "{consumerConfigTemplate: {maxAckPending: 1}}",
    ]);
    let answer = prop::sample::select(vec![
        "200",
        "202",
        "200:b",
        "503",
        "503x2",
        "400",
        "404",
        "429",
        "timeout",
        "refused",
        "200+100ms",
        "500+700ms",
        "200:b+40s",
    ]);
    let script = prop::collection::vec(answer, 1..4).prop_map(|answers| answers.join(","));
    (
        prop::collection::vec(channel, 1..4),
        prop::collection::vec(subscription(), 0..6),
        prop::collection::vec(script, SINKS),
        prop::collection::vec((0..4_usize, 0..5_000_u64, 0..4_u32), 1..6),
        prop::collection::vec(1..3_000_u64, 0..4),
    )
        .prop_map(|(channels, subscriptions, scripts, sends, faults)| World {
            channels,
            subscriptions,
            scripts,
            sends,
            faults,
        })
}

fn subscription() -> impl Strategy<Value = Subscription> {
    let backoff = prop::sample::select(vec![
        "backoffPolicy: linear, backoffDelay: PT0.2S",
        "backoffPolicy: exponential, backoffDelay: PT1S, timeout: PT1S",
        "backoffPolicy: linear, backoffDelay: PT0S",
        "backoffPolicy: linear",
        "timeout: PT2S",
    ]);
    let delivery = (prop::option::of(0..4_u32), backoff, prop::option::of(target()));
    (0..4_usize, target(), prop::option::of(target()), prop::option::of(delivery)).prop_map(
        |(channel, call, reply, delivery)| Subscription { channel, call, reply, delivery },
    )
}

fn target() -> impl Strategy<Value = Target> {
    prop_oneof![
        4 => (0..SINKS).prop_map(Target::Sink),
        1 => (0..4_usize).prop_map(Target::Channel),
    ]
}
