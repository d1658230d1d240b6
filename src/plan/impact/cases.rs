//! Tables of what changes cost.

use serde_json::{Value, json};

use super::*;
use crate::world::{Account, ConsumerState, Keyed, StreamState};

const HOUR: i64 = 3_600_000_000_000;

fn key() -> Key {
    Key::Stream { site: "".into(), name: "S".into() }
}

fn consumer_key(name: &str) -> Key {
    Key::Consumer { site: "".into(), stream: "S".into(), name: name.into() }
}

/// Ten messages of 200 bytes, one every ten minutes; it is 12:00 and the newest came at 11:30.
fn state() -> StreamState {
    StreamState {
        messages: 10,
        bytes: 2000,
        first_sequence: 1,
        last_sequence: 10,
        first_time: "2026-11-26T10:00:00.5Z".to_owned(),
        last_time: "2026-11-26T11:30:00.5Z".to_owned(),
        subjects: 2,
        consumers: 0,
    }
}

fn world(body: Value, consumers: &[(&str, Value, u64, u64, u64)], version: &str) -> World {
    let mut world = World::default();
    let account = Account { version: version.to_owned(), ..Account::default() };
    world.accounts.insert(String::new(), account);
    let stream = Object { body: body.into(), state: Some(state().into()), ..Object::default() };
    world.objects.insert(key(), stream);
    for (name, body, ack_floor, pending, ack_pending) in consumers {
        let (pending, ack_pending) = (*pending, *ack_pending);
        let position = ConsumerState {
            ack_floor: *ack_floor,
            pending,
            ack_pending,
            ..ConsumerState::default()
        };
        let object = Object {
            body: body.clone().into(),
            position: Some(position.into()),
            ..Object::default()
        };
        world.objects.insert(consumer_key(name), object);
    }
    world
}

fn scales(live: &World) -> Scales<'_> {
    Scales { live, now: "2026-11-26T12:00:00Z".parse().ok() }
}

/// What is dropped, its text, and whether it is an estimate; nothing where nothing is said.
#[track_caller]
fn verify(found: Option<&Impact>, expected: Option<(Option<u64>, bool, &str)>) {
    let found = found.map(|impact| (impact.messages, impact.estimate, impact.text.as_str()));
    assert_eq!(found, expected);
}

fn exactly(messages: u64, text: &str) -> Option<(Option<u64>, bool, &str)> {
    Some((Some(messages), false, text))
}

fn about(messages: u64, text: &str) -> Option<(Option<u64>, bool, &str)> {
    Some((Some(messages), true, text))
}

fn said(text: &str) -> Option<(Option<u64>, bool, &str)> {
    Some((None, false, text))
}

#[track_caller]
#[expect(clippy::needless_pass_by_value, reason = "a table of cases reads better")]
fn check(from: Value, to: Value, expected: Option<(Option<u64>, bool, &str)>) {
    check_on("2.15.2", from, &to, expected);
}

#[track_caller]
fn check_on(version: &str, from: Value, to: &Value, expected: Option<(Option<u64>, bool, &str)>) {
    let world = world(from, &[], version);
    verify(scales(&world).of_update(&key(), to).as_ref(), expected);
}

#[test]
fn a_lower_limit_drops_the_oldest() {
    check(
        json!({"max_msgs": -1}),
        json!({"max_msgs": 3}),
        exactly(7, "drops the 7 oldest messages of 10"),
    );
    check(json!({"max_msgs": 20}), json!({"max_msgs": 15}), None);
    check(json!({"max_msgs": 3}), json!({"max_msgs": -1}), None);
    check(json!({"max_msgs": 3}), json!({"max_msgs": 5}), None);
    check(
        json!({"max_bytes": -1}),
        json!({"max_bytes": 1024}),
        about(5, "drops about the 5 oldest messages of 10: 2.0 KiB are stored"),
    );
    check(json!({"max_bytes": 4096}), json!({"max_bytes": 3000}), None);
    check(json!({"max_bytes": 1024}), json!({"max_bytes": 2048}), None);
}

#[test]
fn an_age_is_judged_by_the_first_and_last_instant() {
    let aged = |hours: i64| json!({"max_age": hours * HOUR});
    check(aged(0), aged(3), None);
    check(aged(5), aged(2), None);
    check(
        aged(0),
        json!({"max_age": HOUR}),
        about(6, "drops about the 6 oldest messages of 10: older than 1h"),
    );
    check(aged(1), aged(2), None);
    check(
        aged(0),
        json!({"max_age": HOUR / 4}),
        exactly(10, "drops all 10 messages: older than 15m"),
    );
    let live = world(json!({}), &[], "2.15.2");
    let timeless = Scales { live: &live, now: None };
    verify(
        timeless.of_update(&key(), &aged(1)).as_ref(),
        Some((None, true, "drops what is older than 1h, of 10 messages")),
    );
}

#[test]
fn a_limit_per_subject_has_bounds() {
    check(
        json!({}),
        json!({"max_msgs_per_subject": 2}),
        about(7, "drops between 6 and 7 messages of 10: at most 2 are kept of 2 subjects"),
    );
    check(
        json!({}),
        json!({"max_msgs_per_subject": 5}),
        about(4, "drops up to 4 messages of 10: at most 5 are kept of 2 subjects"),
    );
    check(json!({}), json!({"max_msgs_per_subject": 9}), None);
    check_on(
        "2.11.17",
        json!({}),
        &json!({"max_msgs_per_subject": 2}),
        said("keeps at most 2 of each subject as new ones come: this server does not trim at once"),
    );
}

#[test]
fn what_discards_new_drops_nothing_and_takes_nothing() {
    check(
        json!({"max_msgs": 3, "discard": "new"}),
        json!({"max_msgs": 3, "discard": "old"}),
        exactly(7, "drops the 7 oldest messages of 10"),
    );
    check(
        json!({"discard": "new"}),
        json!({"discard": "new", "max_msgs": 3}),
        said(
            "takes no more messages: it holds 10 messages (2.0 KiB), over the new limit of 3 messages, \
             and discards new",
        ),
    );
    check(json!({"discard": "old"}), json!({"discard": "new"}), None);
}

#[test]
fn interest_keeps_what_consumers_wait_for() {
    let (limits, interest) = (json!({"retention": "limits"}), json!({"retention": "interest"}));
    let of = |consumers: &[(&str, Value, u64, u64, u64)], expected| {
        let world = world(limits.clone(), consumers, "2.15.2");
        verify(scales(&world).of_update(&key(), &interest).as_ref(), expected);
    };
    of(&[], exactly(10, "drops all 10 messages: no consumer waits for them"));
    check_on("2.14.6", limits.clone(), &interest, None);
    of(
        &[("A", json!({}), 2, 4, 1)],
        exactly(5, "drops the 5 of 10 messages that its consumer has done"),
    );
    of(&[("A", json!({}), 0, 10, 0)], None);
    of(
        &[("A", json!({}), 5, 5, 0), ("B", json!({}), 3, 7, 0)],
        about(3, "drops up to 3 of 10 messages: what all consumers have done"),
    );
    of(
        &[("A", json!({"filter_subject": "s.0"}), 3, 3, 0)],
        about(7, "drops up to 7 of 10 messages: what all consumers have done"),
    );
    check(interest.clone(), limits.clone(), None);
}

#[test]
fn what_cannot_be_undone_is_said() {
    check(
        json!({"deny_delete": false}),
        json!({"deny_delete": true}),
        said("deny_delete cannot be taken back: no message can be deleted any more"),
    );
    check(
        json!({}),
        json!({"sealed": true, "deny_delete": true, "deny_purge": true}),
        said(
            "sealing cannot be taken back: no message can be stored or deleted any more, nor expire",
        ),
    );
    check(
        json!({"mirror": {"name": "O"}}),
        json!({"subjects": ["s"]}),
        said("stops copying O for good: a stream cannot be made a mirror again"),
    );
    check(json!({"subjects": ["a", "b"]}), json!({"subjects": ["a"]}), None);
}

#[test]
fn a_source_with_another_filter_is_copied_again() {
    let sources = |source: Value| json!({"sources": [source]});
    check(
        sources(json!({"name": "O", "filter_subject": "a"})),
        sources(json!({"name": "O", "filter_subject": "b"})),
        said("copies source O from its start once more: what was copied before is there twice"),
    );
    check(sources(json!({"name": "O"})), sources(json!({"name": "O", "opt_start_seq": 5})), None);
    check(sources(json!({"name": "O"})), sources(json!({"name": "P"})), None);
}

#[track_caller]
fn consumer(retention: &str, to: &Value, expected: Option<(Option<u64>, bool, &str)>) {
    let from = json!({"filter_subject": "s.>", "deliver_group": "g"});
    let world = world(json!({"retention": retention}), &[("A", from, 2, 4, 1)], "2.15.2");
    verify(scales(&world).of_update(&consumer_key("A"), to).as_ref(), expected);
}

#[test]
fn a_consumer_that_changes() {
    let to = |filter: &str, group: &str| json!({"filter_subject": filter, "deliver_group": group});
    consumer("limits", &to("s.0", "g"), None);
    consumer(
        "interest",
        &to("s.0", "g"),
        about(5, "drops up to 5 messages: what only the old filter wants"),
    );
    consumer("interest", &json!({"deliver_group": "g"}), None);
    consumer(
        "limits",
        &to("s.>", "h"),
        said(
            "the new deliver_group has no effect until the server starts again: until then it serves \
             the old one",
        ),
    );
    consumer(
        "limits",
        &json!({"filter_subject": "s.>", "deliver_group": "g", "inactive_threshold": HOUR}),
        said("the server deletes it, with its position, once no client has used it for 1h"),
    );
}

#[track_caller]
fn again(retention: &str, to: &Value, expected: Option<(Option<u64>, bool, &str)>) {
    let world = world(json!({"retention": retention}), &[("A", json!({}), 2, 4, 1)], "2.15.2");
    verify(scales(&world).of_replacement(&consumer_key("A"), to).as_ref(), expected);
}

#[test]
fn a_consumer_that_is_made_again_starts_elsewhere() {
    let policy = |policy: &str| json!({"deliver_policy": policy});
    again(
        "limits",
        &policy("all"),
        said(
            "starts at the oldest message: 5 messages that it has done (ack floor 2) would be \
             delivered again",
        ),
    );
    again(
        "limits",
        &policy("new"),
        said(
            "starts with new messages: 5 messages not yet acknowledged (ack floor 2) would be skipped",
        ),
    );
    let at =
        |sequence: u64| json!({"deliver_policy": "by_start_sequence", "opt_start_seq": sequence});
    again(
        "limits",
        &at(3),
        said(
            "starts at sequence 3, where it was: what it has acknowledged above that would be \
             delivered again",
        ),
    );
    again(
        "limits",
        &at(6),
        said("starts at sequence 6: sequences 3 to 5 (ack floor 2) would be skipped"),
    );
    again(
        "workqueue",
        &policy("all"),
        said(
            "starts again: 5 messages not yet acknowledged (ack floor 2) would be delivered again",
        ),
    );
    again(
        "interest",
        &policy("new"),
        exactly(
            5,
            "starts with new messages: 5 messages not yet acknowledged (ack floor 2) would be skipped; \
             drops 5 messages: what no other consumer waits for",
        ),
    );
}

#[test]
fn what_goes_with_a_stream_and_with_a_consumer() {
    let mut world = world(json!({}), &[("A", json!({}), 2, 4, 1)], "2.15.2");
    let copy = Key::Stream { site: "".into(), name: "M".into() };
    world.others = Keyed::from_iter([(copy, json!({"mirror": {"name": "S"}}))]);
    verify(
        scales(&world).of_delete(&key()).as_ref(),
        exactly(
            10,
            "drops all 10 messages (2.0 KiB, from 2026-11-26T10:00:00Z to 2026-11-26T11:30:00Z); drops \
             1 consumer with the positions: A; is copied by M",
        ),
    );
    verify(
        scales(&world).of_delete(&consumer_key("A")).as_ref(),
        said("its position is lost: 5 messages not yet acknowledged, ack floor 2"),
    );
}

#[test]
fn versions_are_numbers() {
    assert_eq!(numbers("2.14.7"), Some((2, 14, 7)));
    assert_eq!(numbers("v2.15.2-RC.1"), Some((2, 15, 2)));
    assert_eq!(numbers("2.12"), Some((2, 12, 0)));
    assert_eq!(numbers("next"), None);
}
