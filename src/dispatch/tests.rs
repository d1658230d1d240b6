//! The engine's contract, driven by hand; what deliveries come to is tested in `simulate`.

use crate::diag::{Severity, worst};
use crate::model::event::Event;
use crate::model::{Assumed, Input as File, load};
use crate::topology::{Topology, resolve};

use super::*;

const SECOND: u64 = 1_000_000_000;

fn topology(channel: &str, delivery: &str) -> Topology {
    let yaml = format!(
        "{{apiVersion: messaging.knative.dev/v1alpha1, kind: NatsJetStreamChannel,
           metadata: {{name: c}}, spec: {channel}}}
---
{{apiVersion: messaging.knative.dev/v1, kind: Subscription, metadata: {{name: s}}, spec: {{
  channel: {{apiVersion: messaging.knative.dev/v1alpha1, kind: NatsJetStreamChannel, name: c}},
  subscriber: {{uri: 'http://s'}}, delivery: {delivery}}}}}
"
    );
    let content = Ok(yaml.into_bytes());
    let loaded = load(vec![File::named("a.yaml", content)], "default", &Assumed::default());
    assert!(worst(&loaded.findings) < Some(Severity::Error), "{:?}", loaded.findings);
    resolve(&loaded.manifests, &Assumed::default()).topology
}

fn published(topology: &Topology) -> Engine {
    let mut engine = Engine::new(topology, Profile::NATSS_CHANNEL);
    let (to, _, _) = topology.channels().next().unwrap();
    let event = Event::parse("type=a").unwrap();
    engine.handle(Time::START, Input::Published { publication: 7, to, event });
    engine
}

fn outputs(engine: &mut Engine) -> Vec<Output> {
    std::iter::from_fn(|| engine.poll()).collect()
}

fn calls(engine: &mut Engine) -> Vec<Call> {
    let call = |output| match output {
        Output::Call(call) => Some(call),
        _ => None,
    };
    outputs(engine).into_iter().filter_map(call).collect()
}

#[track_caller]
fn check_limit(channel: &str, delivery: &str, limit: Option<u64>, deadline: u64) {
    let mut engine = published(&topology(channel, delivery));
    let calls = calls(&mut engine);
    assert_eq!(calls.iter().map(|call| call.limit).collect::<Vec<_>>(), [limit]);
    assert_eq!(engine.deadline(), Some(Time(deadline)));
}

#[test]
fn requests_end_before_the_stream_stops_waiting() {
    check_limit("{}", "{}", Some(29_800_000_000), 30 * SECOND);
    check_limit("{}", "{timeout: PT1S}", Some(1_300_000_000), 1_500_000_000);
    let template = "{consumerConfigTemplate: {ackWait: 5s}}";
    check_limit(template, "{retry: 1}", Some(4_800_000_000), 5 * SECOND);
    check_limit(template, "{timeout: PT1S}", Some(1_300_000_000), 1_500_000_000);
    let tiny = "{consumerConfigTemplate: {ackWait: 200ms}}";
    check_limit(tiny, "{}", None, 200_000_000);
}

#[test]
fn answers_count_once() {
    let mut engine = published(&topology("{}", "{}"));
    let call = calls(&mut engine)[0].id;
    for id in [CallId(99), call] {
        engine.handle(Time(1), Input::Answered { call: id, answer: Answer::status(200) });
    }
    assert_eq!(outputs(&mut engine).len(), 2, "delivered, and the end");
    engine.handle(Time(2), Input::Answered { call, answer: Answer::status(500) });
    assert_eq!(outputs(&mut engine), []);
    assert_eq!(engine.deadline(), None);
    engine.close(Time(3), "nothing more");
    assert_eq!(outputs(&mut engine), []);
}

#[test]
fn what_was_due_earlier_is_done_at_its_own_time() {
    let delivery = "{retry: 2, backoffPolicy: linear, backoffDelay: PT1S}";
    let mut engine = published(&topology("{}", delivery));
    let call = calls(&mut engine)[0].id;
    engine.handle(Time::START, Input::Answered { call, answer: Answer::Refused });
    assert_eq!(engine.deadline(), Some(Time(SECOND)));
    engine.handle(Time(10 * SECOND), Input::Elapsed);
    assert_eq!(calls(&mut engine)[0].attempt, 2);
    assert_eq!(engine.deadline(), Some(Time(31 * SECOND)), "30 s after it was due");
}

#[track_caller]
fn check_wait(policy: &str, retries: u32, next: u64) {
    let delivery =
        format!("{{retry: {}, backoffPolicy: {policy}, backoffDelay: PT1S}}", retries + 1);
    let mut engine = published(&topology("{}", &delivery));
    let mut now = Time::START;
    for _ in 0..=retries {
        let call = calls(&mut engine)[0].id;
        engine.handle(now, Input::Answered { call, answer: Answer::status(503) });
        let deadline = engine.deadline().unwrap();
        engine.handle(deadline, Input::Elapsed);
        assert!(deadline > now);
        now = deadline;
    }
    assert_eq!(now, Time(next));
}

#[test]
fn waits_grow() {
    check_wait("linear", 0, SECOND);
    check_wait("linear", 2, 6 * SECOND);
    check_wait("exponential", 0, 2 * SECOND);
    check_wait("exponential", 2, 14 * SECOND);
}

#[test]
fn time_ends_before_it_overflows() {
    let delivery = "{retry: 70, backoffPolicy: exponential, backoffDelay: PT1S}";
    let mut engine = published(&topology("{}", delivery));
    let mut now = Time::START;
    while let Some(deadline) = engine.deadline() {
        for Call { id: call, .. } in calls(&mut engine) {
            engine.handle(now, Input::Answered { call, answer: Answer::status(503) });
        }
        now = engine.deadline().unwrap_or(deadline);
        engine.handle(now, Input::Elapsed);
    }
    assert_eq!(now, Time(u64::MAX));
    engine.close(now, "time is over");
    let last = outputs(&mut engine).pop();
    assert!(matches!(last, Some(Output::Ended(Ended { end: End::Lost, attempts: 71, .. }))));
}
