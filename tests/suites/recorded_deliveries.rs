//! Simulations against recordings: the cases of shared/data/natss-channel were run through the real
//! servers; the same topology, events and scripts go through the simulator, and the calls that sinks
//! get must be the same, one by one, by the rules of that folder's README.

mod case;
mod compare;

use std::collections::BTreeSet;
use std::path::PathBuf;

use libtest_mimic::{Failed, Trial};

use crate::servers::{Need, lookup, trial};

/// Cases that are not simulated, and why. A case that is neither here nor simulated is a failure,
/// as is a name here that is no case.
const NOT_SIMULATED: &[(&str, &str)] = &[
    ("config-broker", "Broker and Trigger are not lowered yet"),
    ("config-consumer-invalid", "sends no event"),
    ("config-consumer-template", "publishes to NATS, past the channel's ingress"),
    ("config-defaults", "sends no event"),
    ("config-delete-broken", "sends no event"),
    ("config-delete-channel", "deletes and makes objects while it runs"),
    ("config-delete-many", "sends no event"),
    ("config-delivery-consumer", "sends no event"),
    ("config-drift", "deletes streams while it runs"),
    ("config-existing-stream", "makes streams and objects while it runs"),
    ("config-mirror-sources", "publishes to NATS; streams that copy from others"),
    ("config-names", "two channels on one stream, and names that the server refuses"),
    ("config-pull", "makes objects while it runs; a pull consumer that blocks reconciling"),
    ("config-scope-and-deployment", "sends no event"),
    ("config-stream-invalid", "sends no event"),
    ("config-stream-limits", "limits of streams: maxMsgSize, discard New"),
    ("config-subscriptions-come-and-go", "makes and deletes objects while it runs"),
    ("config-update-consumer", "changes objects while it runs"),
    ("config-update-stream", "changes objects while it runs"),
    ("late-subscription", "makes objects while it runs"),
    ("restart-changed", "changes objects while it runs"),
    ("restart-nats", "ends and starts nats-server"),
];

/// Where the real thing leaves it to chance which of two sinks is served: case, recorded, simulated.
const CHANCE: &[(&str, &str, &str)] = &[("config-retention", "x2.test", "x1.test")];

/// One trial per case, and one for the completeness of the list.
pub(crate) fn trials() -> Vec<Trial> {
    let Ok(names) = case_names() else {
        return vec![trial("recorded_deliveries", &[Need::Data], || {})];
    };
    let not_simulated: BTreeSet<_> = NOT_SIMULATED.iter().map(|(name, _)| *name).collect();
    let known = names.clone();
    let list = Trial::test("recorded_deliveries::every_listed_case_exists", move || {
        match NOT_SIMULATED.iter().find(|(name, _)| !known.contains(*name)) {
            Some((name, _)) => Err(Failed::from(format!("there is no case {name} any more"))),
            None => Ok(()),
        }
    });
    let simulated = names.into_iter().filter(|name| !not_simulated.contains(name.as_str()));
    let trials = simulated
        .map(|name| Trial::test(format!("recorded_deliveries::{name}"), move || simulate(&name)));
    std::iter::once(list).chain(trials).collect()
}

fn simulate(name: &str) -> Result<(), Failed> {
    let case = case::read(&folder().join(format!("{name}.yaml")))?;
    let mut recorded = case::read_trace(&folder().join(format!("{name}.trace.json")))?;
    for (_, host, other) in CHANCE.iter().filter(|(case, _, _)| *case == name) {
        recorded.rename(host, other);
    }
    // A recording says so only where the dispatcher was still down at its end.
    recorded.crashed |= name.starts_with("panic-");
    let simulated = case.simulate(&recorded)?;
    let differences = compare::differences(&recorded, &simulated);
    if differences.is_empty() { Ok(()) } else { Err(differences.join("\n").into()) }
}

fn case_names() -> std::io::Result<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    for entry in std::fs::read_dir(folder())? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        names.extend(name.strip_suffix(".trace.json").map(str::to_owned));
    }
    Ok(names)
}

fn folder() -> PathBuf {
    lookup::data().unwrap_or_default().join("natss-channel")
}
