//! A simulated run against a recorded one: per host and event the same requests in the same order,
//! at the same times within the recording's tolerance. The order between hosts is chance.

use std::collections::{BTreeMap, BTreeSet};

use super::case::{Request, Run};

/// The tolerance of a recording: seconds, and a share of the time.
const TOLERANCE: (f64, f64) = (0.15, 0.1);

/// What the recording shows instead of an error text that varies.
const TRANSPORT_ERROR: &str = "<transport error>";

/// Everything in which the two are not the same.
pub(crate) fn differences(recorded: &Run, simulated: &Run) -> Vec<String> {
    let (theirs, ours) = (by_host_and_event(recorded), by_host_and_event(simulated));
    let keys: BTreeSet<_> = theirs.keys().chain(ours.keys()).collect();
    let mut differences = Vec::new();
    for key in keys {
        let of =
            |requests: &BTreeMap<_, Vec<Request>>| requests.get(key).cloned().unwrap_or_default();
        sequence(&format!("{} {}", key.0, key.1), &of(&theirs), &of(&ours), &mut differences);
    }
    for (number, (theirs, ours)) in recorded.sends.iter().zip(&simulated.sends).enumerate() {
        if ours.is_some() && theirs != ours {
            differences.push(format!("send {number}: recorded {theirs:?}, simulated {ours:?}"));
        }
    }
    if recorded.deliveries != simulated.deliveries {
        let (theirs, ours) = (recorded.deliveries, simulated.deliveries);
        differences.push(format!("deliveries: recorded {theirs}, simulated {ours}"));
    }
    if recorded.crashed && !simulated.crashed {
        differences.push("the dispatcher crashed, in the simulation it does not".to_owned());
    }
    differences
}

fn by_host_and_event(run: &Run) -> BTreeMap<(String, String), Vec<Request>> {
    let mut requests: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for request in &run.requests {
        let id = request.attributes.get("id").cloned().unwrap_or_default();
        requests.entry((request.host.clone(), id)).or_default().push(request.clone());
    }
    requests
}

fn sequence(key: &str, recorded: &[Request], simulated: &[Request], into: &mut Vec<String>) {
    let times = |requests: &[Request]| -> Vec<_> {
        requests.iter().map(|request| (request.seconds, request.status)).collect()
    };
    if recorded.len() != simulated.len() {
        let (recorded, simulated) = (times(recorded), times(simulated));
        into.push(format!("{key}: recorded {recorded:?}, simulated {simulated:?}"));
        return;
    }
    for (number, (theirs, ours)) in recorded.iter().zip(simulated).enumerate() {
        let far = (theirs.seconds - ours.seconds).abs();
        if far > TOLERANCE.0 + TOLERANCE.1 * theirs.seconds {
            let (theirs, ours) = (theirs.seconds, ours.seconds);
            into.push(format!("{key}, call {number}: recorded at {theirs}, simulated at {ours}"));
        }
        if !same(theirs, ours) {
            into.push(format!(
                "{key}, call {number}:\n  recorded  {theirs:?}\n  simulated {ours:?}"
            ));
        }
    }
}

fn same(recorded: &Request, simulated: &Request) -> bool {
    let mut ours = simulated.clone();
    ours.seconds = recorded.seconds;
    if recorded.attributes.get("knativeerrordata").is_some_and(|data| data == TRANSPORT_ERROR) {
        ours.attributes.insert("knativeerrordata".to_owned(), TRANSPORT_ERROR.to_owned());
    }
    // Cut off when the dispatcher went down: no answer, whatever the script says.
    if recorded.status.is_none() {
        ours.status = None;
    }
    ours == *recorded
}
