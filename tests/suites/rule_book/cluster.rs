//! Three servers: copies and placement.

use std::collections::BTreeMap;

use evctl::jetstream::server::Peer;
use serde_json::{Map, Value, json};

use super::dice::Dice;
use super::judge::{Judge, consumer_case, stream_case};
use super::{cases, consumers, streams};
use crate::servers::nats_cluster::{Cluster, NAME, TAGS};

/// One draw of so many: each is much more work for a cluster.
const SHARE: usize = 5;

pub(super) fn cluster(version: &str) {
    let cluster = Cluster::start(version, super::ROOMY);
    let mut judge = Judge::new(cluster.wire());
    let peer = |tags: &[&str]| Peer {
        cluster: NAME.to_owned(),
        tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
    };
    let peers = TAGS.iter().map(|tags| peer(tags)).collect();
    judge.server = judge.server.clone().in_a_cluster(Some(peers));
    judge.keep(&json!({"name": "ANCHOR", "subjects": ["anchor"], "num_replicas": 3}));
    judge.keep(&json!({"name": "TAKEN", "subjects": ["taken.>"], "storage": "memory"}));
    for (name, retention, copies) in
        [("ONE", "limits", 1), ("THREE", "limits", 3), ("INTEREST", "interest", 3)]
    {
        judge.keep(&json!({"name": name, "subjects": [format!("w{name}.>")], "storage": "memory",
            "retention": retention, "num_replicas": copies}));
    }
    let none = BTreeMap::new();
    for case in cases().step_by(SHARE) {
        let mut dice = Dice::new(case * 8 + 4);
        let name = format!("C{case}");
        if dice.percent(60) {
            let config = placed(&mut dice, &name, None);
            let changed = placed(&mut dice, &name, Some(&config));
            stream_case(&mut judge, case, &config, &changed);
        } else {
            let stream = *dice.pick(&["ONE", "THREE", "INTEREST"]);
            let mut config = consumers::config(&mut dice, &name);
            let mut changed = consumers::changed(&mut dice, &config);
            for config in [&mut config, &mut changed] {
                if dice.percent(40) {
                    config.insert("num_replicas".to_owned(), json!(dice.pick(&[0, 1, 2, 3, 4])));
                }
            }
            consumer_case(&mut judge, case, (stream, &none), &config, &changed);
        }
    }
    judge.verdict();
}

/// A stream with copies and a placement; or a change of one.
fn placed(dice: &mut Dice, name: &str, of: Option<&Map<String, Value>>) -> Map<String, Value> {
    let mut config = match of {
        Some(config) if dice.percent(40) => streams::changed(dice, config, name),
        Some(config) => config.clone(),
        None if dice.percent(40) => streams::config(dice, name),
        None => {
            let subject = format!("s.{name}");
            json!({"name": name, "subjects": [subject], "storage": "memory"})
                .as_object()
                .expect("an object")
                .clone()
        }
    };
    if dice.percent(60) {
        config.insert("num_replicas".to_owned(), json!(dice.pick(&[1, 1, 2, 3, 3, 4, 5])));
    }
    if dice.percent(30) {
        let placements = [
            json!({"cluster": "C1"}),
            json!({"cluster": "C2"}),
            json!({"tags": ["east"]}),
            json!({"tags": ["east", "ssd"]}),
            json!({"tags": ["!west"]}),
            json!({"tags": ["nowhere"]}),
            json!({}),
        ];
        config.insert("placement".to_owned(), dice.pick(&placements).clone());
    }
    if dice.percent(20) {
        config.insert("retention".to_owned(), json!(dice.pick(&["limits", "interest"])));
    }
    config
}
