//! The rules of mirrors and sources.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::jetstream::Config;
use crate::jetstream::decode::{Read, is_name};
use crate::jetstream::refusal::Refusal;
use crate::jetstream::version::Version;
use crate::jetstream::{transform, wildcard};

use super::check::Rules;

/// `mirror`.
pub(super) fn mirror(rules: &mut Rules<'_>) {
    let Some(mirror) = rules.filled.record("mirror").cloned() else { return };
    beside_a_mirror(rules);
    if let Some(consumer) = mirror.record("consumer")
        && !durable_is_valid(rules, &mirror, consumer)
    {
        rules.no(10213, "mirror", "stream mirror consumer config is invalid");
    }
    let transforms = mirror.list("subject_transforms");
    if !mirror.text("filter_subject").is_empty() && !transforms.is_empty() {
        let text =
            "mirror with multiple subject transforms cannot also have a single subject filter";
        rules.no(10150, "mirror", text);
    }
    let markers = rules.asked.number("subject_delete_marker_ttl") > 0;
    let text = "subject delete markers forbidden on mirrors";
    rules.invalid(markers, "subject_delete_marker_ttl", text);
    mirror_transforms(rules, transforms);
    if mirror.contains_key("external") {
        return;
    }
    if !is_name(mirror.text("name"), rules.server.version) {
        rules.no(10142, "mirror", "mirrored stream name is invalid");
    }
    if is_smaller_than_origin(rules, mirror.text("name")) {
        let text = "stream mirror must have max message size >= source";
        rules.no(10030, "max_msg_size", text);
    }
}

fn beside_a_mirror(rules: &mut Rules<'_>) {
    let refused = [
        ("first_seq", 10143, "stream mirrors can not have first sequence configured"),
        ("subjects", 10034, "stream mirrors can not contain subjects"),
        ("sources", 10031, "stream mirrors can not also contain other sources"),
        ("allow_msg_counter", 10173, "stream mirrors can not also calculate counters"),
        ("allow_atomic", 10198, "stream mirrors can not also use atomic publishing"),
        ("allow_batched", 10209, "stream mirrors can not also use batch publishing"),
        ("allow_msg_schedules", 10186, "stream mirrors can not also schedule messages"),
    ];
    for (field, code, text) in refused {
        let empty = rules.asked.get(field).is_some_and(|value| *value == Value::Array(Vec::new()));
        if rules.asked.contains_key(field) && !empty {
            rules.no(code, field, text);
        }
    }
}

/// Pull consumers that the user made for a mirror or source (ADR-60).
fn durable_is_valid(rules: &Rules<'_>, source: &Config, consumer: &Config) -> bool {
    let subject = consumer.text("deliver_subject");
    let alone = ["opt_start_seq", "opt_start_time", "filter_subject"];
    is_name(consumer.text("name"), rules.server.version)
        && wildcard::is_literal(subject)
        && wildcard::is_valid(subject)
        && !alone.iter().any(|field| source.contains_key(*field))
}

fn mirror_transforms(rules: &mut Rules<'_>, transforms: &[Value]) {
    let newer = rules.server.is_at_least(2, 11, 0);
    for (at, pair) in pairs(transforms).enumerate() {
        let left_out = newer && pair.0.is_empty();
        let bad = !left_out && !wildcard::is_valid(pair.0);
        if bad && newer {
            let text = format!("mirror transform source: invalid subject {}", pair.0);
            rules.no(10151, "mirror", text);
        } else if bad {
            rules.no(10151, "mirror", "mirror subject filter is invalid");
        }
        if newer && let Some(fault) = transform::fault(pair.0, pair.1, rules.server.version) {
            rules.no(10154, "mirror", format!("mirror transform: {fault}"));
        }
        let others = pairs(transforms).enumerate().filter(|(other, _)| *other != at);
        if others.into_iter().any(|(_, other)| wildcard::collide(pair.0, other.0)) {
            rules.no(10152, "mirror", "mirror subject filters can not overlap");
        }
    }
}

fn pairs(transforms: &[Value]) -> impl Iterator<Item = (&str, &str)> {
    let records = transforms.iter().filter_map(Value::as_object);
    records.map(|record| (record.text("src"), record.text("dest")))
}

fn is_smaller_than_origin(rules: &Rules<'_>, origin: &str) -> bool {
    let Some(origin) = rules.beside.streams.get(origin) else { return false };
    let (own, theirs) = (rules.filled.number("max_msg_size"), origin.number("max_msg_size"));
    own > 0 && theirs > 0 && own < theirs
}

/// `sources`.
pub(super) fn sources(rules: &mut Rules<'_>) {
    let sources = rules.filled.list("sources").to_vec();
    if !sources.is_empty() && rules.asked.flag("allow_msg_schedules") {
        let text = "stream source can not also schedule messages";
        rules.no(10187, "allow_msg_schedules", text);
    }
    let mut names = BTreeSet::new();
    let mut durables = BTreeSet::new();
    for source in &sources {
        let Some(source) = source.as_object() else {
            if rules.server.is_at_least(2, 11, 0) {
                rules.no(10141, "sources", "sourced stream name is invalid");
            } else {
                // The server's process ends at it.
                let text = "a source that is null ends a nats-server of 2.10";
                rules.found.insert(0, Refusal::dropped("sources", text));
            }
            continue;
        };
        if !is_name(source.text("name"), rules.server.version) {
            rules.no(10141, "sources", "sourced stream name is invalid");
        }
        if !names.insert(identity(source)) {
            rules.no(10140, "sources", "duplicate source configuration detected");
        }
        if rules.server.is_at_least(2, 12, 0) {
            source_transforms(rules, source);
        }
        source_consumer(rules, source, &mut durables);
        if source.contains_key("external") {
            continue;
        }
        if is_smaller_than_origin(rules, source.text("name")) {
            let text = "stream source must have max message size >= target";
            rules.no(10046, "max_msg_size", text);
        }
        if !rules.server.is_at_least(2, 12, 0) {
            source_transforms(rules, source);
        }
    }
}

fn source_consumer(rules: &mut Rules<'_>, source: &Config, seen: &mut BTreeSet<String>) {
    let Some(consumer) = source.record("consumer") else { return };
    if !durable_is_valid(rules, source, consumer) {
        rules.no(10215, "sources", "stream source consumer config is invalid");
    }
    let api = source.record("external").map(|external| external.text("api"));
    if !seen.insert(format!("{} {api:?} {}", source.text("name"), consumer.text("name"))) {
        rules.no(10216, "sources", "duplicate stream source consumer detected");
    }
}

/// By what the server knows one source from another.
pub(super) fn identity(source: &Config) -> String {
    let all = |subject: &str| if subject.is_empty() { ">".to_owned() } else { subject.to_owned() };
    let external = source.record("external").map(|external| external.text("api").to_owned());
    let consumer = source.record("consumer").map(|consumer| consumer.text("name").to_owned());
    let transforms = source.list("subject_transforms");
    let (from, to) = if transforms.is_empty() {
        (vec![all(source.text("filter_subject"))], vec![">".to_owned()])
    } else {
        pairs(transforms).map(|(from, to)| (all(from), all(to))).unzip()
    };
    format!("{} {external:?} {consumer:?} {from:?} {to:?}", source.text("name"))
}

fn source_transforms(rules: &mut Rules<'_>, source: &Config) {
    let transforms = source.list("subject_transforms");
    let version = rules.server.version;
    let newer = rules.server.is_at_least(2, 11, 0);
    if !source.text("filter_subject").is_empty() && !transforms.is_empty() {
        let text =
            "source with multiple subject transforms cannot also have a single subject filter";
        rules.no(10144, "sources", text);
    }
    for (from, to) in pairs(transforms) {
        if newer && !from.is_empty() && !wildcard::is_valid(from) {
            let text = format!("source transform source: invalid subject {from}");
            rules.no(10145, "sources", text);
        }
        let fault = if newer {
            transform::fault(from, to, version)
        } else {
            transform::destination_fault(to, version)
        };
        if let Some(fault) = fault {
            let text = format!("source transform: {fault}");
            let text =
                if newer { text } else { "source transform destination is invalid".to_owned() };
            rules.no(10146, "sources", text);
        }
    }
    for (at, (from, _)) in pairs(transforms).enumerate() {
        if !newer && !wildcard::is_valid(from) {
            rules.no(10145, "sources", "source subject filter is invalid");
        }
        let others = pairs(transforms).enumerate().filter(|(other, _)| *other != at);
        if others.into_iter().any(|(_, (other, _))| wildcard::is_subset(from, other)) {
            rules.no(10147, "sources", "source filters can not overlap");
        }
    }
}

/// The prefixes of other accounts and domains.
pub(super) fn prefixes(rules: &mut Rules<'_>) {
    let mirror = rules.filled.record("mirror").cloned();
    let sources = rules.filled.list("sources").to_vec();
    let copies: Vec<Config> =
        mirror.into_iter().chain(sources.iter().filter_map(Value::as_object).cloned()).collect();
    let mut origins = Vec::new();
    for copy in copies.iter().filter(|copy| !copy.contains_key("external")) {
        let origin = rules.beside.streams.get(copy.text("name"));
        origins.extend(origin.into_iter().flat_map(|origin| origin.texts("subjects")));
    }
    let externals: Vec<&Config> =
        copies.iter().filter_map(|copy| copy.record("external")).collect();
    let mut found = Vec::new();
    for prefix in externals.iter().map(|external| external.text("deliver")) {
        if prefix.is_empty() {
            continue;
        }
        if !(wildcard::is_valid(prefix) && wildcard::is_literal(prefix)) {
            let text =
                format!("stream external delivery prefix {prefix} must not contain wildcards");
            found.push((10024, text));
        }
        let under = |subject: &&&str| wildcard::collide(subject, &format!("{prefix}.{subject}"));
        if let Some(subject) = origins.iter().find(under) {
            let text = format!(
                "stream external delivery prefix {prefix} overlaps with stream subject {subject}"
            );
            found.push((10022, text));
        }
    }
    for prefix in externals.iter().map(|external| external.text("api")) {
        if prefix.is_empty() {
            continue;
        }
        if !(wildcard::is_valid(prefix) && wildcard::is_literal(prefix)) {
            let text = format!(
                "stream external api prefix {prefix:?} must be a valid subject without wildcards"
            );
            found.push((10052, text));
        }
        if wildcard::collide(prefix, "$JS.API") {
            let text = format!("stream external api prefix {prefix} must not overlap with $JS.API");
            found.push((10021, text));
        }
    }
    let field = if rules.filled.contains_key("mirror") { "mirror" } else { "sources" };
    for (code, text) in found {
        rules.no(code, field, text);
    }
}

/// Streams that copy each other round.
pub(super) fn circle(rules: &mut Rules<'_>) {
    let streams = &rules.beside.streams;
    let mut visited = BTreeSet::new();
    let mut to_visit = vec![&rules.filled];
    let mut field = None;
    let mut next = 0;
    while let Some(config) = to_visit.get(next).copied() {
        next += 1;
        visited.insert(config.text("name"));
        let sources = config.list("sources").iter().filter_map(Value::as_object);
        for source in sources.filter(|source| !source.contains_key("external")) {
            let (name, filter) = (source.text("name"), source.text("filter_subject"));
            if visited.contains(name) {
                let subjects = config.texts("subjects");
                // Before its own name becomes its subject, a stream has none.
                let own = next == 1 && rules.asked.list("subjects").is_empty();
                let subjects = if own { Vec::new() } else { subjects };
                if filter.is_empty() || subjects.iter().any(|s| wildcard::collide(s, filter)) {
                    field = field.or(Some("sources"));
                }
            } else if let Some(origin) = streams.get(name) {
                to_visit.push(origin);
            }
        }
        let mirror = config.record("mirror").filter(|mirror| !mirror.contains_key("external"));
        if let Some(mirror) = mirror {
            let name = mirror.text("name");
            if visited.contains(name) {
                field = field.or(Some("mirror"));
            } else if let Some(origin) = streams.get(name) {
                to_visit.push(origin);
            }
        }
        if field.is_some() {
            break;
        }
    }
    if let Some(field) = field {
        rules.no(10052, field, "detected cycle");
    }
}

/// What is found wrong only when the stream is made: filters, and transforms where older servers do
/// not look at them before.
pub(super) fn filters(rules: &mut Rules<'_>) {
    let version = rules.server.version;
    if let Some(mirror) = rules.filled.record("mirror").cloned() {
        for (at, text) in faults(&mirror, version) {
            let text = match at {
                Fault::Filter(filter) => format!("subject filter '{filter}' for the mirror {text}"),
                Fault::Pair(from, to) => {
                    format!("subject transform from '{from}' to '{to}' for the mirror: {text}")
                }
            };
            rules.no(10049, "mirror", text);
        }
    }
    let sources = rules.filled.list("sources").to_vec();
    for source in sources.iter().filter_map(Value::as_object) {
        for (at, text) in faults(source, version) {
            let text = match at {
                Fault::Filter(filter) => {
                    format!("subject filter '{filter}' for the source: {text}")
                }
                Fault::Pair(from, to) => {
                    format!("subject transform from '{from}' to '{to}' for the source: {text}")
                }
            };
            rules.no(10049, "sources", text);
        }
    }
}

enum Fault {
    Filter(String),
    Pair(String, String),
}

fn faults(copy: &Config, version: Version) -> Vec<(Fault, String)> {
    let bad = |subject: &str| !subject.is_empty() && !wildcard::is_valid(subject);
    let transforms = copy.list("subject_transforms");
    if transforms.is_empty() {
        let filter = copy.text("filter_subject");
        let fault = (Fault::Filter(filter.to_owned()), "invalid subject".to_owned());
        return if bad(filter) { vec![fault] } else { Vec::new() };
    }
    let older = version < Version::of(2, 12, 0);
    let source = pairs(transforms).position(|(from, _)| older && bad(from));
    let before = transforms.get(..source.unwrap_or(0)).unwrap_or_default();
    let mut before = pairs(before).filter(|(_, to)| !to.is_empty());
    let sound = before.all(|(from, to)| transform::transform_fault(from, to, version).is_none());
    if let Some((from, _)) = source.filter(|_| sound).and_then(|at| pairs(transforms).nth(at)) {
        return vec![(Fault::Filter(from.to_owned()), "invalid subject".to_owned())];
    }
    late_pairs(copy, version)
        .map(|(from, to, why)| (Fault::Pair(from.to_owned(), to.to_owned()), why))
        .collect()
}

/// The transforms that only older servers come so far with.
fn late_pairs(copy: &Config, version: Version) -> impl Iterator<Item = (&str, &str, String)> {
    let older = version < Version::of(2, 12, 0);
    let transforms = if older { copy.list("subject_transforms") } else { &[] };
    pairs(transforms).filter(|(_, to)| !to.is_empty()).filter_map(move |(from, to)| {
        Some((from, to, transform::transform_fault(from, to, version)?))
    })
}

/// New sources of an update, on servers that have not looked at their transforms before.
pub(super) fn new_sources(rules: &mut Rules<'_>, live: &Config) {
    let known: BTreeSet<String> =
        live.list("sources").iter().filter_map(Value::as_object).map(identity).collect();
    let sources = rules.filled.list("sources").to_vec();
    let new = sources.iter().filter_map(Value::as_object);
    for source in new.filter(|source| !known.contains(&identity(source))) {
        let late: Vec<String> =
            late_pairs(source, rules.server.version).map(|(_, _, why)| why).collect();
        for why in late {
            let text = format!("unable to get subject transform for source: {why}");
            rules.no(rules.late_code(), "sources", text);
        }
    }
}
