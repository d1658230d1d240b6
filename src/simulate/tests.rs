//! What a reader sees of a delivery, one case per rule.

use crate::diag::{Code, Severity, worst};
use crate::dispatch::{Profile, Time};
use crate::model::event::Event;
use crate::model::{Assumed, Input, load};
use crate::topology::{Topology, resolve};

use super::scenario::{Scenario, Send};
use super::trace::{Trace, render};
use super::{respond, run, target};

const CHANNEL: &str = "
apiVersion: messaging.knative.dev/v1alpha1
kind: NatsJetStreamChannel
metadata: {name: orders}
";

pub(super) fn topology(yaml: &str) -> Topology {
    let content = Ok(yaml.as_bytes().to_vec());
    let loaded = load(vec![Input::named("a.yaml", content)], "default", &Assumed::default());
    // What the dispatcher cannot work with is simulated all the same: that says why.
    let findings: Vec<_> =
        loaded.findings.into_iter().filter(|f| f.code != Code::UnworkableSetting).collect();
    assert!(worst(&findings) < Some(Severity::Error), "{findings:?}");
    resolve(&loaded.manifests, &Assumed::default()).topology
}

/// One channel, one Subscription with whatever is said of it, `http://s` its subscriber.
fn subscription(rest: &str) -> String {
    format!(
        "{CHANNEL}---
apiVersion: messaging.knative.dev/v1
kind: Subscription
metadata: {{name: billing}}
spec:
  channel: {{apiVersion: messaging.knative.dev/v1alpha1, kind: NatsJetStreamChannel, name: orders}}
  subscriber: {{uri: http://s}}
  {rest}
"
    )
}

fn simulate(yaml: &str, responds: &[&str], sends: &[(u64, &str)]) -> Trace {
    let topology = topology(yaml);
    let to = target::channel("channel/orders", &topology).unwrap();
    let scripts = responds.iter().map(|text| respond::parse(text, &topology).unwrap());
    let send = |(at, event): &(u64, &str)| Send {
        at: Time(at * 1_000_000),
        to,
        event: Event::parse(event).unwrap(),
    };
    let scenario = Scenario {
        profile: Profile::NATSS_CHANNEL,
        sends: sends.iter().map(send).collect(),
        scripts: scripts.collect(),
        faults: Vec::new(),
    };
    run(&topology, &scenario)
}

#[track_caller]
fn check(rest: &str, responds: &[&str], expected: &str) {
    let trace = simulate(&subscription(rest), responds, &[(0, "type=a")]);
    assert_eq!(render(&trace).trim(), expected.trim());
}

const RETRIES: &str = "delivery: {retry: 1, backoffPolicy: linear, backoffDelay: PT0.2S, deadLetterSink: {uri: http://d}}";

#[test]
fn delivered() {
    check(
        "",
        &[],
        "
+0.000s  accepted   1 → natsjetstreamchannel/default/orders  answered 202
+0.000s  delivered  1 → http://s                             attempt 1: answered 200

subscription/default/billing
  1  delivered after 1 attempt: answered 200

1 event: 1 delivered, 0 dead-lettered, 0 lost
",
    );
}

#[test]
fn retried() {
    check(
        RETRIES,
        &["http://s=503,200"],
        "
+0.000s  accepted   1 → natsjetstreamchannel/default/orders  answered 202
+0.000s  retry      1 → http://s                             attempt 1: answered 503; again in 200ms
+0.200s  delivered  1 → http://s                             attempt 2: answered 200

subscription/default/billing
  1  delivered after 2 attempts: answered 200

1 event: 1 delivered, 0 dead-lettered, 0 lost
",
    );
}

#[test]
fn dead_lettered() {
    check(RETRIES, &["http://s=503", "http://d=500,200"], "
+0.000s  accepted       1 → natsjetstreamchannel/default/orders  answered 202
+0.000s  retry          1 → http://s                             attempt 1: answered 503; again in 200ms
+0.200s  given up       1 → http://s                             attempt 2: answered 503, and this was the last attempt; the stream keeps the event, never acknowledged
+0.200s  retry          1 → http://d                             the dead letter, try 1: answered 500; again at once
+0.200s  dead-lettered  1 → http://d                             answered 200

subscription/default/billing
  1  dead-lettered after 2 attempts: answered 503; the dead letter sink: answered 200

1 event: 0 delivered, 1 dead-lettered, 0 lost
");
}

#[test]
fn terminated_before_the_last_try() {
    check(RETRIES, &["http://s=400"], "
+0.000s  accepted    1 → natsjetstreamchannel/default/orders  answered 202
+0.000s  terminated  1 → http://s                             attempt 1: answered 400, which is not retried
+0.000s  lost        1 → http://s                             only a failure of the last attempt is dead-lettered

subscription/default/billing
  1  lost after 1 attempt: answered 400; only a failure of the last attempt is dead-lettered

1 event: 0 delivered, 0 dead-lettered, 1 lost
");
}

#[test]
fn given_up() {
    check(
        "delivery: {retry: 1, backoffPolicy: exponential, backoffDelay: PT1S}",
        &["http://s=refused,timeout"],
        "
+0.000s  accepted  1 → natsjetstreamchannel/default/orders  answered 202
 +0.000s  retry     1 → http://s                             attempt 1: connection refused; again in 2s
+31.800s  given up  1 → http://s                             attempt 2: no answer within 29.8s, and this was the last attempt; the stream keeps the event, never acknowledged
+31.800s  lost      1 → http://s                             there is no dead letter sink

subscription/default/billing
  1  lost after 2 attempts: no answer within 29.8s; there is no dead letter sink

1 event: 0 delivered, 0 dead-lettered, 1 lost
",
    );
}

#[test]
fn crashed() {
    check("", &["http://s=500"], "
+0.000s  accepted  1 → natsjetstreamchannel/default/orders  answered 202
+0.000s  crashed   1 → http://s                             attempt 1: answered 500: the dispatcher ends, with all its channels, because the delivery has not both backoffPolicy and backoffDelay

subscription/default/billing
  1  stuck after 1 attempt: the dispatcher is down; the stream keeps the event, and it comes back 30s after its last attempt if the dispatcher is started again

1 event: 0 delivered, 0 dead-lettered, 0 lost, 1 stuck
");
}

#[test]
fn crashed_without_an_attempt_left() {
    check("delivery: {deadLetterSink: {uri: http://d}}", &["http://s=500"], "
+0.000s  accepted  1 → natsjetstreamchannel/default/orders  answered 202
 +0.000s  crashed   1 → http://s                             attempt 1: answered 500: the dispatcher ends, with all its channels, because the delivery has not both backoffPolicy and backoffDelay
+30.000s  given up  1 → http://s                             attempt 1: not acknowledged within 30s, and this was the last attempt

subscription/default/billing
  1  lost after 1 attempt: not acknowledged within 30s, and this was the last attempt

1 event: 0 delivered, 0 dead-lettered, 1 lost
");
}

#[test]
fn replied() {
    check(
        "reply: {uri: http://r}\n  delivery: {retry: 1, deadLetterSink: {uri: http://d}}",
        &["http://s=200:b", "http://r=404"],
        "
+0.000s  accepted       1 → natsjetstreamchannel/default/orders  answered 202
+0.000s  delivered      1 → http://s                             attempt 1: answered 200
+0.000s  retry          1 → http://r                             the reply, try 1: answered 404; again at once
+0.000s  dead-lettered  1 → http://d                             answered 200

subscription/default/billing
  1  dead-lettered after 1 attempt: delivered, and its reply failed: answered 404; the dead letter sink: answered 200

1 event: 0 delivered, 1 dead-lettered, 0 lost
",
    );
}

#[test]
fn a_reply_loop_is_stopped() {
    let reply = "reply: {ref: {apiVersion: messaging.knative.dev/v1alpha1, \
                 kind: NatsJetStreamChannel, name: orders}}";
    let trace = simulate(&subscription(reply), &["http://s=200:b"], &[(0, "type=a")]);
    assert_eq!((trace.counts().delivered, trace.counts().stuck, trace.ok()), (101, 1, false));
    let last = trace.outcomes.last().unwrap();
    assert_eq!((last.event.as_str(), last.attempts), ("1-reply-101", 0));
    assert!(last.reason.starts_with("a loop: 100 events in a row"), "{}", last.reason);
}

#[test]
fn redelivery_without_end_is_stopped() {
    let yaml = subscription("").replace(
        "metadata: {name: orders}\n",
        "metadata: {name: orders}\nspec: {consumerConfigTemplate: {ackWait: 100ms}}\n",
    );
    let trace = simulate(&yaml, &["http://s=timeout"], &[(0, "type=a")]);
    assert_eq!((trace.counts().stuck, trace.outcomes[0].attempts), (1, 1000));
    let reason = "not acknowledged within 100ms after 1000 attempts, and evctl goes no further";
    assert_eq!(trace.outcomes[0].reason, reason);
}

#[test]
fn nobody_is_subscribed() {
    let sends = [(0, "type=a"), (1, "type=b"), (130_000, "type=a")];
    let trace = simulate(CHANNEL, &[], &sends);
    let expected = "
+0.000s  accepted   1 → natsjetstreamchannel/default/orders  answered 202; kept, and nobody is subscribed
  +0.001s  duplicate  1 → natsjetstreamchannel/default/orders  answered 202 and dropped: an event with this id is 1ms old, and ids are remembered for 2m, whatever the source
+130.000s  accepted   1 → natsjetstreamchannel/default/orders  answered 202; kept, and nobody is subscribed

3 events: 0 delivered, 0 dead-lettered, 0 lost, 1 dropped as duplicates, 2 that nobody is subscribed to
";
    assert_eq!(render(&trace).trim(), expected.trim());
}

#[test]
fn one_at_a_time() {
    let spec = "metadata: {name: orders}\nspec: {consumerConfigTemplate: {maxAckPending: 1}}\n";
    let yaml = subscription("").replace("metadata: {name: orders}\n", spec);
    let trace = simulate(&yaml, &["http://s=200+1s"], &[(0, "type=a"), (1, "type=a,id=2")]);
    let expected = "
+0.000s  accepted   1 → natsjetstreamchannel/default/orders  answered 202
+0.001s  accepted   2 → natsjetstreamchannel/default/orders  answered 202
+0.001s  waits      2 → http://s                             1 under way, and maxAckPending allows no more
+1.000s  delivered  1 → http://s                             attempt 1: answered 200
+2.000s  delivered  2 → http://s                             attempt 1: answered 200

subscription/default/billing
  1  delivered after 1 attempt: answered 200
  2  delivered after 1 attempt: answered 200

2 events: 2 delivered, 0 dead-lettered, 0 lost
";
    assert_eq!(render(&trace).trim(), expected.trim());
}

#[track_caller]
fn check_unserved(yaml: &str, why: &str) {
    let trace = simulate(yaml, &[], &[(0, "type=a")]);
    let ending = trace.outcomes.last().unwrap();
    assert_eq!((ending.end.word(), ending.attempts), ("not served", 0));
    assert!(ending.reason.contains(why), "{}", ending.reason);
    assert!(!trace.ok());
}

#[test]
fn what_is_not_served_says_why() {
    let spec = |spec: &str| {
        subscription("").replace(
            "metadata: {name: orders}\n",
            &format!("metadata: {{name: orders}}\nspec: {spec}\n"),
        )
    };
    check_unserved(&spec("{consumerConfigTemplate: {filterSubject: a}}"), "cannot bind");
    let two = |config: &str| {
        let first = spec(&format!("{{stream: {{config: {config}}}}}"));
        let second = subscription("").replace(CHANNEL, "").replace("billing", "audit");
        first + &second
    };
    check_unserved(&two("{retention: Work}"), "a Work stream takes one consumer");
    check_unserved(&two("{maxConsumers: 1}"), "the stream takes 1 consumers");
    let other =
        subscription("").replace("v1alpha1", "v1").replace("NatsJetStreamChannel", "Channel");
    check_unserved(&other, "no delivery profile for a channel of kind InMemoryChannel");
}

#[track_caller]
fn check_target(text: &str, expected: Result<&str, &str>) {
    let topology = topology(&subscription(RETRIES));
    let named = |at: crate::topology::NodeIndex| topology.graph[at].name.to_string();
    let found = target::channel(text, &topology).or_else(|_| target::sink(text, &topology));
    assert_eq!(found.map(named), expected.map(str::to_owned).map_err(str::to_owned));
}

#[test]
fn targets() {
    let orders = "natsjetstreamchannel.messaging.knative.dev/default/orders";
    for text in ["channel/orders", "Channel/default/orders", "natsjetstreamchannel/orders", orders]
    {
        check_target(text, Ok(orders));
    }
    check_target("http://s", Ok("http://s"));
    check_target("http://s/", Ok("http://s"));
    check_target(
        "http://x",
        Err("`http://x` names no sink of the topology; there is http://d, http://s"),
    );
    check_target(
        "orders",
        Err(
            "`orders` names no object; write kind[.group]/[namespace/]name, or a URI as in http://billing.example",
        ),
    );
    check_target(
        "service/orders",
        Err("`service/orders` names no sink of the topology; there is http://d, http://s"),
    );
    let topology = topology(&subscription(""));
    let error = respond::parse("channel/orders=503", &topology).unwrap_err();
    assert_eq!(
        error,
        "`channel/orders` is a channel; it answers by itself, and only sinks can be told how"
    );
    let error = respond::parse("503", &topology).unwrap_err();
    assert_eq!(error, "`503` is not TARGET=ANSWERS, as in service/billing=503x3,200");
}

#[test]
fn the_document_has_a_head() {
    let trace = simulate(&subscription(""), &[], &[(0, "type=a")]);
    let json = serde_json::to_value(&trace).unwrap();
    assert_eq!(
        (&json["apiVersion"], &json["kind"]),
        (&"evctl.dev/v1alpha1".into(), &"Trace".into())
    );
    let expected = serde_json::json!({
        "t": 0, "event": "1", "route": "subscription.messaging.knative.dev/default/billing",
        "from": "natsjetstreamchannel.messaging.knative.dev/default/orders", "to": "http://s",
        "attempt": 1, "outcome": "delivered", "status": 200, "reason": "answered 200",
    });
    assert_eq!(json["lines"][1], expected);
    assert_eq!(json["outcomes"][0]["end"], "delivered");
}
