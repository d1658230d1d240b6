//! What changes cost, as predicted from a world that was observed, beside what a real nats-server
//! then drops. What is said to be exact must be equal; estimates must be within what they say.

use std::time::Duration;

use evctl::live::{NatsTarget, Servers, Targets, Wanted, now};
use evctl::model::hashed::HashedSet;
use evctl::plan::impact::{Impact, Scales};
use evctl::world::{Key, World};
use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::servers::nats::Nats;
use crate::servers::nats_pull::{acknowledge, pull};
use crate::servers::nats_wire::Wire;
use crate::servers::{Need, trial, waiting};

pub(super) fn trials() -> Vec<Trial> {
    let nats = &[Need::Nats];
    vec![
        trial("live_impact::limits", nats, limits),
        trial("live_impact::ages", nats, ages),
        trial("live_impact::limits_to_interest", nats, limits_to_interest),
        trial(
            "live_impact::consumers_of_an_interest_stream",
            nats,
            consumers_of_an_interest_stream,
        ),
        trial("live_impact::sources_that_are_copied_again", nats, sources_that_are_copied_again),
    ]
}

/// The streams named, as evctl sees them.
pub(super) fn observe(nats: &Nats, streams: &[&str]) -> World {
    let target = NatsTarget { servers: vec![nats.url()], ..NatsTarget::default() };
    let targets =
        Targets { cluster: None, nats: Some(target), timeout: Duration::from_secs(5), cache: None };
    let streams: HashedSet<Key> = streams.iter().map(|name| stream_key(name)).collect();
    let wanted = Wanted { streams, project: "test".to_owned(), ..Wanted::default() };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        Servers::connect(&targets).await.unwrap().observe(&wanted).await.unwrap()
    })
}

pub(super) fn stream_key(name: &str) -> Key {
    Key::Stream { site: "".into(), name: name.into() }
}

fn consumer_key(stream: &str, name: &str) -> Key {
    Key::Consumer { site: "".into(), stream: stream.into(), name: name.into() }
}

/// A request to the API that must not be refused.
#[track_caller]
pub(super) fn api(wire: &Wire, subject: &str, payload: &Value) -> Value {
    let answer = wire.api(subject, payload);
    assert_eq!(answer.get("error"), None, "{subject} {payload}");
    answer
}

fn messages(wire: &Wire, stream: &str) -> u64 {
    api(wire, &format!("STREAM.INFO.{stream}"), &json!({}))["state"]["messages"].as_u64().unwrap()
}

fn publish(wire: &Wire, stream: &str, count: usize, subjects: usize) {
    for number in 0..count {
        let subject = format!("{}.{}", stream.to_lowercase(), number % subjects);
        wire.request(&subject, format!("message {number}"), Duration::from_secs(5));
    }
}

fn make(wire: &Wire, stream: &str, config: &Value) {
    let mut whole = json!({"name": stream, "subjects": [format!("{}.>", stream.to_lowercase())]});
    whole.as_object_mut().unwrap().extend(config.as_object().unwrap().clone());
    api(wire, &format!("STREAM.CREATE.{stream}"), &whole);
}

fn consume(wire: &Wire, stream: &str, name: &str, config: &Value) {
    let mut whole = json!({"durable_name": name, "ack_policy": "explicit"});
    whole.as_object_mut().unwrap().extend(config.as_object().unwrap().clone());
    let request = json!({"stream_name": stream, "config": whole, "action": ""});
    api(wire, &format!("CONSUMER.CREATE.{stream}.{name}"), &request);
}

/// Takes this many messages, and acknowledges them but for those with these numbers.
fn take(wire: &Wire, stream: &str, name: &str, count: usize, but: &[usize]) {
    let taken = pull(wire, stream, name, count, Duration::from_secs(5));
    assert_eq!(taken.len(), count);
    for (at, message) in taken.iter().enumerate().filter(|(at, _)| !but.contains(at)) {
        assert!(acknowledge(wire, message), "{at}");
    }
}

/// What is predicted of an update of a stream, and what then happened.
struct Outcome {
    predicted: Option<Impact>,
    dropped: u64,
}

/// Changes fields of a live stream, and waits until as many messages are gone as were predicted, or
/// a while has passed.
fn update(nats: &Nats, wire: &Wire, stream: &str, fields: &Value) -> Outcome {
    let world = observe(nats, &[stream]);
    let key = stream_key(stream);
    let mut desired = world.objects[&key].body.to_value();
    desired.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    let predicted = Scales { live: &world, now: Some(now()) }.of_update(&key, &desired);
    let before = messages(wire, stream);
    api(wire, &format!("STREAM.UPDATE.{stream}"), &desired);
    let wanted = predicted.as_ref().and_then(|impact| impact.messages).unwrap_or_default();
    let dropped = settled(wire, stream, before, wanted);
    Outcome { predicted, dropped }
}

fn settled(wire: &Wire, stream: &str, before: u64, wanted: u64) -> u64 {
    let dropped = || before - messages(wire, stream);
    let pause = Duration::from_millis(20);
    waiting::until(Duration::from_secs(1), pause, || {
        (wanted > 0 && dropped() == wanted).then_some(())
    });
    dropped()
}

impl Outcome {
    #[track_caller]
    fn exactly(&self, dropped: u64) {
        let said = self
            .predicted
            .as_ref()
            .map_or((0, false), |impact| (impact.messages.unwrap_or_default(), impact.estimate));
        assert_eq!((said, self.dropped), ((dropped, false), dropped), "{:?}", self.predicted);
    }

    /// The estimate may be over by `over`, and never under.
    #[track_caller]
    fn at_most(&self, dropped: u64, over: u64) {
        let impact = self.predicted.as_ref().unwrap();
        let said = impact.messages.unwrap();
        assert!(impact.estimate && self.dropped == dropped, "{} dropped: {impact:?}", self.dropped);
        assert!((dropped..=dropped + over).contains(&said), "{dropped} dropped: {impact:?}");
    }
}

fn limits() {
    let nats = Nats::start();
    let wire = nats.wire();
    let case = |stream: &str, config: Value, subjects: usize, fields: Value| {
        make(&wire, stream, &config);
        publish(&wire, stream, 12, subjects);
        update(&nats, &wire, stream, &fields)
    };
    case("A", json!({}), 3, json!({"max_msgs": 5})).exactly(7);
    case("B", json!({}), 3, json!({"max_msgs": 50})).exactly(0);
    case("C", json!({"discard": "new"}), 3, json!({"max_msgs": 5})).exactly(0);
    case("D", json!({"discard": "new"}), 3, json!({"max_msgs": 5, "discard": "old"})).exactly(7);
    case("E", json!({}), 1, json!({"max_msgs_per_subject": 5})).exactly(7);
    // Twelve on three subjects: at best six go, at worst eight.
    case("F", json!({}), 3, json!({"max_msgs_per_subject": 2})).at_most(6, 2);
    case("G", json!({}), 3, json!({"max_msgs_per_subject": 4})).at_most(0, 6);
    case("H", json!({}), 3, json!({"max_msgs_per_subject": 11})).exactly(0);
    // A message takes 42 or 43 bytes here.
    case("I", json!({}), 3, json!({"max_bytes": 210})).at_most(8, 1);
    case("J", json!({}), 3, json!({"subjects": ["j.0"]})).exactly(0);
    case("K", json!({}), 3, json!({"deny_delete": true})).exactly(0);
    case("L", json!({"retention": "interest"}), 3, json!({"retention": "limits"})).exactly(0);
}

fn ages() {
    let nats = Nats::start();
    let wire = nats.wire();
    let second = 1_000_000_000_u64;
    let age = |seconds: u64| json!({"max_age": seconds * second, "duplicate_window": second / 10});
    for stream in ["A", "B"] {
        make(&wire, stream, &json!({}));
        publish(&wire, stream, 4, 1);
    }
    update(&nats, &wire, "A", &age(3600)).exactly(0);
    std::thread::sleep(Duration::from_secs(3));
    update(&nats, &wire, "A", &age(2)).exactly(4);
    publish(&wire, "B", 4, 1);
    let uneven = update(&nats, &wire, "B", &age(2));
    let impact = uneven.predicted.unwrap();
    // The two groups are three seconds apart, and evctl sees their ends alone.
    assert!(impact.estimate && (1..=7).contains(&impact.messages.unwrap()), "{impact:?}");
    assert!(uneven.dropped >= 4);
}

fn limits_to_interest() {
    let nats = Nats::start();
    let wire = nats.wire();
    let case = |stream: &str, consumers: &[(&str, Value, usize, &[usize])]| {
        make(&wire, stream, &json!({}));
        publish(&wire, stream, 10, 2);
        for (name, config, taken, but) in consumers {
            consume(&wire, stream, name, config);
            take(&wire, stream, name, *taken, but);
        }
        update(&nats, &wire, stream, &json!({"retention": "interest"}))
    };
    let all = || json!({});
    case("A", &[]).exactly(10);
    case("B", &[("C", all(), 6, &[2])]).exactly(5);
    case("C", &[("C", json!({"ack_policy": "none"}), 4, &[0, 1, 2, 3])]).exactly(4);
    case("D", &[("C", json!({"deliver_policy": "new"}), 0, &[])]).exactly(10);
    case("E", &[("C", all(), 5, &[]), ("D", all(), 3, &[])]).at_most(3, 0);
    case("F", &[("C", all(), 8, &[2]), ("D", all(), 8, &[3])]).at_most(6, 1);
    // What no filter wants stays, and evctl cannot count it.
    case("G", &[("C", json!({"filter_subject": "g.0"}), 2, &[])]).at_most(2, 5);
}

fn consumers_of_an_interest_stream() {
    let nats = Nats::start();
    let wire = nats.wire();
    make(&wire, "A", &json!({"retention": "interest"}));
    consume(&wire, "A", "C", &json!({"filter_subject": "a.>"}));
    consume(&wire, "A", "D", &json!({"filter_subject": "a.0"}));
    publish(&wire, "A", 10, 2);
    take(&wire, "A", "C", 2, &[]);
    let predicted = |of: &dyn Fn(&Scales<'_>) -> Option<Impact>| {
        let world = observe(&nats, &["A"]);
        of(&Scales { live: &world, now: None }).unwrap()
    };
    let key = consumer_key("A", "C");
    let narrower = json!({"durable_name": "C", "ack_policy": "explicit", "filter_subject": "a.0"});
    let impact = predicted(&|scales| scales.of_update(&key, &narrower));
    let before = messages(&wire, "A");
    consume(&wire, "A", "C", &json!({"filter_subject": "a.0"}));
    let dropped = settled(&wire, "A", before, 4);
    assert_eq!(dropped, 4);
    assert!(impact.estimate && impact.messages.unwrap() >= dropped, "{impact:?}");
    // The other one holds all that C waits for.
    let impact = predicted(&|scales| scales.of_delete(&key));
    let before = messages(&wire, "A");
    api(&wire, "CONSUMER.DELETE.A.C", &json!({}));
    assert_eq!(settled(&wire, "A", before, 0), 0);
    assert!(impact.estimate && impact.destructive, "{impact:?}");
    // The last one holds alone, so that the number is exact.
    let impact = predicted(&|scales| scales.of_delete(&consumer_key("A", "D")));
    let before = messages(&wire, "A");
    api(&wire, "CONSUMER.DELETE.A.D", &json!({}));
    assert_eq!(settled(&wire, "A", before, before), before);
    assert_eq!((impact.messages, impact.estimate), (Some(before), false), "{impact:?}");
}

fn sources_that_are_copied_again() {
    let nats = Nats::start();
    let wire = nats.wire();
    make(&wire, "O", &json!({}));
    publish(&wire, "O", 6, 2);
    let copy = |source: Value| json!({"name": "S", "sources": [source]});
    api(&wire, "STREAM.CREATE.S", &copy(json!({"name": "O", "filter_subject": "o.0"})));
    let holds = |count: u64| {
        let pause = Duration::from_millis(20);
        waiting::until(Duration::from_secs(5), pause, || {
            (messages(&wire, "S") >= count).then_some(())
        })
        .unwrap_or_else(|| panic!("{} of {count}", messages(&wire, "S")));
    };
    holds(3);
    let desired = copy(json!({"name": "O", "filter_subject": "o.>"}));
    let world = observe(&nats, &["S", "O"]);
    let impact = Scales { live: &world, now: None }.of_update(&stream_key("S"), &desired).unwrap();
    let says = "copies source O from its start once more, 6 messages";
    assert!(impact.text.starts_with(says) && !impact.destructive, "{impact:?}");
    api(&wire, "STREAM.UPDATE.S", &desired);
    holds(9);
}
