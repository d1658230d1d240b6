//! Consumers that wait for what never comes: filters that no message of their stream can match. The
//! server takes them without a word since 2.10. What a mirror or source brings counts; an origin that is
//! not known can bring anything.

use std::collections::{BTreeMap, BTreeSet};

use crate::diag::Code;
use crate::jetstream::Config;
use crate::jetstream::decode::Read;
use crate::jetstream::reach::{Reach, Streams};
use crate::jetstream::wildcard::{collide, is_valid};
use crate::world::lower::Desired;
use crate::world::{Key, World};

use super::Trouble;

/// Every dead filter of a desired consumer.
pub(super) fn dead(desired: &Desired, live: &World) -> Vec<Trouble> {
    let consumers = desired.world.objects.iter().filter_map(|(key, object)| {
        let Key::Consumer { site, stream, .. } = key else { return None };
        let filters = filters(object.body.as_object()?);
        (!filters.is_empty()).then_some((key, site, stream, filters))
    });
    let mut consumers = consumers.peekable();
    if consumers.peek().is_none() {
        return Vec::new();
    }
    let mut accounts = accounts(desired, live);
    let mut known: BTreeMap<(&str, &str), BTreeSet<String>> = BTreeMap::new();
    let mut troubles = Vec::new();
    for (key, site, stream, filters) in consumers {
        let Some(reach) = accounts.get_mut(site.as_str()) else { continue };
        let subjects = known.entry((site.as_str(), stream.as_str())).or_insert_with(|| {
            let mut subjects = reach.of(stream);
            subjects.extend(stored(site, stream, live));
            subjects
        });
        for (field, filter) in filters {
            if is_valid(filter) && !subjects.iter().any(|subject| collide(subject, filter)) {
                troubles.push(trouble(key, field, filter, stream, subjects));
            }
        }
    }
    troubles
}

/// What is wanted, and beside it what is live.
fn accounts<'a>(desired: &'a Desired, live: &'a World) -> BTreeMap<&'a str, Reach<'a>> {
    let mut accounts: BTreeMap<&str, Streams<'_>> = BTreeMap::new();
    for (key, body) in live.configs().chain(desired.world.configs()) {
        if let (Key::Stream { site, name }, Some(config)) = (key, body.as_object()) {
            accounts.entry(site).or_default().insert(name, config);
        }
    }
    accounts.into_iter().map(|(site, streams)| (site, Reach::new(streams))).collect()
}

/// The subjects of messages that may be in a live stream already.
fn stored(site: &str, stream: &str, live: &World) -> Vec<String> {
    let key = Key::Stream { site: site.into(), name: stream.into() };
    let config = live.objects.get(&key).and_then(|object| object.body.as_object());
    let subjects = config.map(|config| config.texts("subjects")).unwrap_or_default();
    subjects.into_iter().map(str::to_owned).collect()
}

fn filters(config: &Config) -> Vec<(&'static str, &str)> {
    let one = Some(config.text("filter_subject")).filter(|filter| !filter.is_empty());
    let many = config.texts("filter_subjects").into_iter();
    let many = many.map(|filter| ("filter_subjects", filter));
    one.map(|filter| ("filter_subject", filter)).into_iter().chain(many).collect()
}

fn trouble(
    key: &Key,
    field: &'static str,
    filter: &str,
    stream: &str,
    subjects: &BTreeSet<String>,
) -> Trouble {
    let mut said: Vec<String> = subjects.iter().take(3).map(|s| format!("`{s}`")).collect();
    if subjects.len() > said.len() {
        said.push(format!("{} more", subjects.len() - said.len()));
    }
    let detail = match said.as_slice() {
        [] => format!("stream {stream} takes no subject"),
        _ => format!("stream {stream} has {}", said.join(", ")),
    };
    Trouble {
        key: key.clone(),
        code: Code::DeadFilter,
        err_code: None,
        text: format!("the filter `{filter}` can never match"),
        detail,
        help: "correct the filter, or add the subject to the stream",
        field,
        related: key.stream().into_iter().collect(),
    }
}
