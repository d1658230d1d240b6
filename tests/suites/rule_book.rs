//! The rule book of JetStream against real servers of every line: random configurations and changes
//! near the edges of each rule, the same verdict, the same code and words, the same stored
//! configuration.
//!
//! `EVCTL_TEST_RULE_CASES` is how many draws all suites make together (default 6000),
//! `EVCTL_TEST_RULE_SEED` the number of the first: a disagreement names its case, and
//! `EVCTL_TEST_RULE_SEED=CASE EVCTL_TEST_RULE_CASES=1` draws it alone.

mod cluster;
mod consumers;
mod dice;
mod document;
mod judge;
mod limits;
mod streams;

use std::collections::BTreeMap;

use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::servers::nats::{Nats, VERSIONS};
use crate::servers::{Need, trial_of};

use super::plain;
use dice::Dice;
use judge::{Judge, consumer_case, stream_case};

pub(super) fn trials() -> Vec<Trial> {
    let mut trials = vec![plain("rule_book::document", document::is_current)];
    for version in VERSIONS.iter().copied() {
        let need = &[Need::NatsVersion(version)];
        let said = if version.is_empty() { "newest" } else { version };
        let name = |what: &str| format!("rule_book::{what}_{}", said.replace('.', "_"));
        trials.push(trial_of(&name("streams"), need, move || streams_of(version)));
        trials.push(trial_of(&name("consumers"), need, move || consumers_of(version)));
        trials.push(trial_of(&name("limits"), need, move || limits::flat(version)));
        trials.push(trial_of(&name("tiers"), need, move || limits::tiers(version)));
        trials.push(trial_of(&name("own_limits"), need, move || limits::own(version)));
        trials.push(trial_of(&name("cluster"), need, move || cluster::cluster(version)));
    }
    trials
}

/// How many suites there are for each line.
const SUITES: usize = 6;

/// No limit of the server's own is met: the API does not tell them. One stream of files stays in
/// each server, since the last one's delete takes the account's folder with it, and a create at the
/// same time fails.
const ROOMY: &str = "jetstream { max_memory_store: 8TB, max_file_store: 8TB }";

/// The cases of one of the suites that share the number.
fn cases() -> std::ops::Range<u64> {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let all = number("EVCTL_TEST_RULE_CASES").unwrap_or(6000);
    let first = number("EVCTL_TEST_RULE_SEED").unwrap_or(1);
    let suites = u64::try_from(SUITES * VERSIONS.len()).expect("a few");
    first..first + all.div_ceil(suites)
}

fn streams_of(version: &str) {
    let nats = Nats::start_version_with(version, ROOMY);
    let mut judge = Judge::new(nats.wire());
    judge.keep(&json!({"name": "ANCHOR", "subjects": ["anchor"]}));
    judge.keep(&json!({"name": "TAKEN", "subjects": ["taken.>"], "storage": "memory"}));
    judge.keep(&json!({"name": "LARGE", "subjects": ["large.>"], "storage": "memory",
        "max_msg_size": 1000, "allow_direct": true}));
    judge.keep(&json!({"name": "SMALL", "subjects": ["small.>"], "storage": "memory",
        "max_msg_size": 10}));
    judge.keep(&json!({"name": "RING", "subjects": ["ring.>"], "storage": "memory",
        "sources": [{"name": "SMALL"}]}));
    for case in cases() {
        let mut dice = Dice::new(case);
        let name = format!("C{case}");
        let config = streams::config(&mut dice, &name);
        let changed = streams::changed(&mut dice, &config, &name);
        stream_case(&mut judge, case, &config, &changed);
    }
    judge.verdict();
}

/// Streams that consumers are made on.
fn parents() -> Vec<Value> {
    let parent =
        |name: &str| json!({"name": name, "subjects": [format!("w{name}.>")], "storage": "memory"});
    let mut found = Vec::new();
    for retention in ["limits", "interest", "workqueue"] {
        let mut one = parent(&retention.to_uppercase());
        one["retention"] = json!(retention);
        found.push(one);
    }
    let mut limited = parent("LIMITED");
    limited["consumer_limits"] =
        json!({"inactive_threshold": 30_000_000_000_i64, "max_ack_pending": 500});
    let mut few = parent("FEW");
    few["max_consumers"] = json!(2);
    found.extend([limited, few]);
    found
}

fn consumers_of(version: &str) {
    let nats = Nats::start_version_with(version, ROOMY);
    let mut judge = Judge::new(nats.wire());
    for parent in parents() {
        judge.keep(&parent);
    }
    let mut others: BTreeMap<String, BTreeMap<String, judge::Config>> = BTreeMap::new();
    let queue_consumer = json!({"durable_name": "OTHER", "ack_policy": "explicit",
        "filter_subject": "w.a"});
    for stream in ["FEW", "WORKQUEUE"] {
        let request = json!({"stream_name": stream, "config": queue_consumer, "action": "create"});
        let answer = judge.wire.api(&format!("CONSUMER.CREATE.{stream}.OTHER"), &request);
        let stored = answer["config"].as_object().expect("a consumer").clone();
        others.entry(stream.to_owned()).or_default().insert("OTHER".to_owned(), stored);
    }
    let streams: Vec<String> = judge.streams.keys().cloned().collect();
    let none = BTreeMap::new();
    for case in cases() {
        let mut dice = Dice::new(case);
        let stream = dice.pick(&streams).clone();
        let config = consumers::config(&mut dice, &format!("C{case}"));
        let changed = consumers::changed(&mut dice, &config);
        let others = others.get(&stream).unwrap_or(&none);
        consumer_case(&mut judge, case, (&stream, others), &config, &changed);
    }
    judge.verdict();
}

/// A stream as somebody might ask for it, and consumers of it.
pub(super) fn drawn(seed: u64, name: &str) -> (Value, Vec<Value>) {
    let mut dice = Dice::new(seed);
    let stream = Value::Object(streams::config(&mut dice, name));
    let consumer = |number| consumers::config(&mut dice, &format!("C{number}"));
    let consumers = (0..2).map(consumer).map(Value::Object).collect();
    (stream, consumers)
}
