//! After the last write to a cluster: one LIST of the streams, and one of the consumers of each stream
//! that was written to, compared with what was meant. A cluster answers before it has agreed.

use std::collections::{BTreeMap, BTreeSet};

use crate::apply::rollout::Step;
use crate::jetstream::Config;
use crate::live::LiveError;
use crate::live::jetstream::list::{ConsumerEntry, Entry, StreamEntry, list};
use crate::live::nats::Connection;
use crate::plan::Mode;
use crate::world::{Key, mark};

use super::{MARKED, difference};

/// Which of these steps are not as meant, and why, by their numbers in the plan.
pub(in crate::live) async fn confirm(
    nats: &Connection,
    site: &str,
    steps: &[&Step],
) -> Vec<(usize, String)> {
    if steps.is_empty() {
        return Vec::new();
    }
    match read(nats, site, steps).await {
        Ok(held) => steps.iter().filter_map(|step| Some((step.at, fault(step, &held)?))).collect(),
        Err(error) => {
            let why = format!("it cannot be read again: {error}");
            steps.iter().map(|step| (step.at, why.clone())).collect()
        }
    }
}

async fn read(
    nats: &Connection,
    site: &str,
    steps: &[&Step],
) -> Result<BTreeMap<Key, Config>, LiveError> {
    const STREAMS: &str = "STREAM.LIST";
    let stream = |entry: StreamEntry| {
        let name = entry.name().to_owned();
        (Key::Stream { site: site.into(), name: name.into() }, entry.config)
    };
    let listed =
        list(nats, STREAMS, stream).await.map_err(|error| error.spoken(nats, STREAMS))?.entries;
    let mut held: BTreeMap<Key, Config> = listed.into_iter().collect();
    let streams: BTreeSet<Key> = steps
        .iter()
        .filter(|step| matches!(step.key, Key::Consumer { .. }))
        .filter_map(|step| step.key.stream())
        .filter(|stream| held.contains_key(stream))
        .collect();
    for stream in streams {
        let Key::Stream { name: stream, .. } = stream else { continue };
        let subject = format!("CONSUMER.LIST.{stream}");
        let consumer = |entry: ConsumerEntry| {
            let name = entry.name().to_owned();
            let key =
                Key::Consumer { site: site.into(), stream: stream.clone(), name: name.into() };
            (key, entry.config)
        };
        let listed =
            list(nats, &subject, consumer).await.map_err(|error| error.spoken(nats, &subject))?;
        held.extend(listed.entries);
    }
    Ok(held)
}

fn fault(step: &Step, held: &BTreeMap<Key, Config>) -> Option<String> {
    match (held.get(&step.key), step.write.mode) {
        (None, Mode::Delete) => None,
        (Some(_), Mode::Delete) => Some("it is still there".to_owned()),
        (None, Mode::Forget) => None,
        (Some(config), Mode::Forget) => mark::of_config(config).map(|_| MARKED.to_owned()),
        (None, _) => Some("it is not there".to_owned()),
        (Some(config), _) => difference(step, config),
    }
}
