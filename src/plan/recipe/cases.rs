//! Recipes for small worlds, as people read them.

use super::*;
use crate::world::{ConsumerState, StreamState};

fn object(body: Value) -> Object {
    let Value::Object(config) = body else { panic!("a mapping") };
    let is_consumer = config.contains_key("durable_name");
    let body =
        if is_consumer { consumer_rules::normal(&config) } else { stream_rules::normal(&config) };
    Object { body: Value::Object(body).into(), ..Object::default() }
}

fn stream_key() -> Key {
    Key::Stream { site: "".into(), name: "S".into() }
}

fn consumer_key() -> Key {
    Key::Consumer { site: "".into(), stream: "S".into(), name: "C".into() }
}

/// A stream that holds sequences 3 to 10 and has a consumer that has done up to 4.
fn world(stream: Value, consumer: Value, level: Option<u64>) -> World {
    let state =
        StreamState { first_sequence: 3, last_sequence: 10, messages: 8, ..Default::default() };
    let position = ConsumerState { ack_floor: 4, pending: 6, ..ConsumerState::default() };
    let stream = Object { state: Some(state.into()), ..object(stream) };
    let consumer = Object { position: Some(position.into()), ..object(consumer) };
    let account = Account { api_level: level, ..Account::default() };
    World {
        objects: [(stream_key(), stream), (consumer_key(), consumer)].into_iter().collect(),
        accounts: [(String::new(), account)].into(),
        ..World::default()
    }
}

fn live(level: Option<u64>) -> World {
    let stream = json!({"name": "S", "subjects": ["s.>"], "max_msgs": 9});
    world(stream, json!({"durable_name": "C", "ack_policy": "explicit"}), level)
}

fn to(stream: Value) -> World {
    World { objects: [(stream_key(), object(stream))].into_iter().collect(), ..World::default() }
}

/// The requests of a recipe, each as `API payload`.
#[track_caller]
fn check(recipe: Option<Recipe>, method: Method, expected: &[&str]) {
    let recipe = recipe.unwrap();
    assert_eq!(recipe.method, method);
    let requests: Vec<String> = recipe
        .steps
        .iter()
        .flat_map(|step| &step.requests)
        .map(|one| {
            format!(
                "{} {}",
                one.api,
                if one.body.is_null() { "".into() } else { one.body.to_string() }
            )
        })
        .collect();
    let expected: Vec<String> = expected.iter().map(|line| (*line).to_owned()).collect();
    assert_eq!(requests, expected, "{requests:#?}");
}

const MEMORY: &str = r#"{"name":"S","subjects":["s.>"],"max_msgs":9,"storage":"memory"}"#;

fn memory() -> World {
    to(serde_json::from_str(MEMORY).unwrap())
}

#[test]
fn by_mirror_in_two_hops() {
    check(
        of(&stream_key(), &memory(), &live(Some(5))),
        Method::Mirror,
        &[
            r#"STREAM.CREATE.S_EVCTL_COPY {"duplicate_window":120000000000,"mirror":{"name":"S"},"name":"S_EVCTL_COPY"}"#,
            r#"STREAM.UPDATE.S {"duplicate_window":120000000000,"max_msgs":9,"name":"S","subjects":["_evctl.retired.S"]}"#,
            "STREAM.INFO.S_EVCTL_COPY ",
            r#"STREAM.UPDATE.S_EVCTL_COPY {"duplicate_window":120000000000,"name":"S_EVCTL_COPY","subjects":["s.>"]}"#,
            "CONSUMER.INFO.S.C ",
            "STREAM.DELETE.S ",
            r#"STREAM.CREATE.S {"duplicate_window":120000000000,"mirror":{"name":"S_EVCTL_COPY"},"name":"S","storage":"memory"}"#,
            r#"CONSUMER.CREATE.S.C {"action":"create","config":{"ack_policy":"explicit","ack_wait":30000000000,"durable_name":"C","max_ack_pending":1000,"max_waiting":512},"stream_name":"S"}"#,
            r#"CONSUMER.RESET.S.C {"seq":5}"#,
            r#"STREAM.UPDATE.S_EVCTL_COPY {"duplicate_window":120000000000,"name":"S_EVCTL_COPY","subjects":["_evctl.retired.S_EVCTL_COPY"]}"#,
            r#"STREAM.UPDATE.S {"duplicate_window":120000000000,"max_msgs":9,"name":"S","storage":"memory","subjects":["s.>"]}"#,
            "STREAM.DELETE.S_EVCTL_COPY ",
        ],
    );
}

#[test]
fn by_mirror_in_one_hop_before_2_14() {
    check(
        renamed(&stream_key(), "T", &memory(), &live(Some(3))),
        Method::Mirror,
        &[
            r#"STREAM.CREATE.T {"duplicate_window":120000000000,"mirror":{"name":"S"},"name":"T","storage":"memory"}"#,
            r#"STREAM.UPDATE.S {"duplicate_window":120000000000,"max_msgs":9,"name":"S","subjects":["_evctl.retired.S"]}"#,
            "STREAM.INFO.T ",
            "CONSUMER.INFO.S.C ",
            r#"CONSUMER.CREATE.T.C {"action":"create","config":{"ack_policy":"explicit","ack_wait":30000000000,"deliver_policy":"by_start_sequence","durable_name":"C","max_ack_pending":1000,"max_waiting":512,"opt_start_seq":5},"stream_name":"T"}"#,
            r#"STREAM.UPDATE.T {"duplicate_window":120000000000,"max_msgs":9,"name":"T","storage":"memory","subjects":["s.>"]}"#,
            "STREAM.DELETE.S ",
        ],
    );
}

#[test]
fn by_source_before_2_12() {
    check(
        renamed(&stream_key(), "T", &memory(), &live(Some(1))),
        Method::Source,
        &[
            r#"STREAM.CREATE.T {"duplicate_window":100000000,"name":"T","sources":[{"name":"S"}],"storage":"memory"}"#,
            r#"STREAM.UPDATE.S {"duplicate_window":120000000000,"max_msgs":9,"name":"S","subjects":["_evctl.retired.S"]}"#,
            "STREAM.INFO.T ",
            "CONSUMER.INFO.S.C ",
            r#"CONSUMER.CREATE.T.C {"action":"create","config":{"ack_policy":"explicit","ack_wait":30000000000,"deliver_policy":"by_start_sequence","durable_name":"C","max_ack_pending":1000,"max_waiting":512,"opt_start_seq":3},"stream_name":"T"}"#,
            r#"STREAM.UPDATE.T {"duplicate_window":120000000000,"max_msgs":9,"name":"T","storage":"memory","subjects":["s.>"]}"#,
            "STREAM.DELETE.S ",
        ],
    );
}

#[test]
fn a_workqueue_is_purged_of_what_is_done() {
    let workqueue = to(json!({"name": "S", "subjects": ["s.>"], "retention": "workqueue"}));
    check(
        renamed(&stream_key(), "T", &workqueue, &live(Some(5))),
        Method::Mirror,
        &[
            r#"STREAM.CREATE.T {"duplicate_window":120000000000,"mirror":{"name":"S"},"name":"T","retention":"workqueue"}"#,
            r#"STREAM.UPDATE.S {"duplicate_window":120000000000,"max_msgs":9,"name":"S","subjects":["_evctl.retired.S"]}"#,
            "STREAM.INFO.T ",
            "CONSUMER.INFO.S.C ",
            r#"STREAM.PURGE.T {"seq":5}"#,
            r#"CONSUMER.CREATE.T.C {"action":"create","config":{"ack_policy":"explicit","ack_wait":30000000000,"durable_name":"C","max_ack_pending":1000,"max_waiting":512},"stream_name":"T"}"#,
            r#"STREAM.UPDATE.T {"duplicate_window":120000000000,"name":"T","retention":"workqueue","subjects":["s.>"]}"#,
            "STREAM.DELETE.S ",
        ],
    );
}

#[test]
fn a_consumer_goes_on_where_it_was() {
    let again = json!({"durable_name": "C", "ack_policy": "all"});
    let wanted = World {
        objects: [(consumer_key(), object(again))].into_iter().collect(),
        ..World::default()
    };
    check(
        of(&consumer_key(), &wanted, &live(Some(5))),
        Method::Position,
        &[
            "CONSUMER.INFO.S.C ",
            "CONSUMER.DELETE.S.C ",
            r#"CONSUMER.CREATE.S.C {"action":"create","config":{"ack_policy":"all","ack_wait":30000000000,"durable_name":"C","max_ack_pending":1000,"max_waiting":512},"stream_name":"S"}"#,
            r#"CONSUMER.RESET.S.C {"seq":5}"#,
        ],
    );
    check(
        of(&consumer_key(), &wanted, &live(Some(3))),
        Method::Position,
        &[
            "CONSUMER.INFO.S.C ",
            "CONSUMER.DELETE.S.C ",
            r#"CONSUMER.CREATE.S.C {"action":"create","config":{"ack_policy":"all","ack_wait":30000000000,"deliver_policy":"by_start_sequence","durable_name":"C","max_ack_pending":1000,"max_waiting":512,"opt_start_seq":5},"stream_name":"S"}"#,
        ],
    );
    let mut interest = live(Some(5));
    let stream = interest.objects.get_mut(&stream_key()).unwrap();
    stream.body.change(|body| body["retention"] = json!("interest"));
    check(
        of(&consumer_key(), &wanted, &interest),
        Method::Position,
        &[
            r#"CONSUMER.CREATE.S.C_EVCTL_HOLD {"action":"create","config":{"ack_policy":"explicit","durable_name":"C_EVCTL_HOLD"},"stream_name":"S"}"#,
            "CONSUMER.INFO.S.C ",
            "CONSUMER.DELETE.S.C ",
            r#"CONSUMER.CREATE.S.C {"action":"create","config":{"ack_policy":"all","ack_wait":30000000000,"durable_name":"C","max_ack_pending":1000,"max_waiting":512},"stream_name":"S"}"#,
            r#"CONSUMER.RESET.S.C {"seq":5}"#,
            "CONSUMER.DELETE.S.C_EVCTL_HOLD ",
        ],
    );
}

#[test]
fn a_mirror_and_a_counter_have_no_recipe() {
    let mirror = to(json!({"name": "S", "mirror": {"name": "O"}}));
    assert_eq!(of(&stream_key(), &mirror, &live(Some(5))), None);
    let counter = to(json!({"name": "S", "subjects": ["s.>"], "allow_msg_counter": true}));
    assert_eq!(of(&stream_key(), &counter, &live(Some(5))), None);
}

#[test]
fn people_read_steps() {
    let recipe = renamed(&stream_key(), "T", &memory(), &live(Some(5))).unwrap();
    let lines = Recipe { domain: "hub".to_owned(), ..recipe }.text();
    assert_eq!(
        lines.join("\n"),
        include_str!("../../../tests/golden/recipes/renamed.txt").trim_end()
    );
}
