//! Which subjects the messages of a stream can bear: its own, what mirrors and sources bring, and
//! what transforms make of both. Never too few: what is not known can be anything (`>`).

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::Config;
use super::decode::Read;
use super::wildcard::{collide, is_subset};

/// What anything is.
const ANYTHING: &str = ">";

/// The account's streams by name.
pub type Streams<'a> = BTreeMap<&'a str, &'a Config>;

/// What is known of the reach of an account's streams.
#[derive(Debug, Default)]
pub struct Reach<'a> {
    streams: Streams<'a>,
    known: BTreeMap<&'a str, BTreeSet<String>>,
    /// Those that are being looked at: one that comes back to itself can bear anything.
    above: BTreeSet<&'a str>,
}

impl<'a> Reach<'a> {
    pub fn new(streams: Streams<'a>) -> Self {
        Self { streams, ..Self::default() }
    }

    /// The subjects that messages of a stream can bear, with wildcards.
    pub fn of(&mut self, name: &'a str) -> BTreeSet<String> {
        if let Some(known) = self.known.get(name) {
            return known.clone();
        }
        let Some(config) = self.streams.get(name).copied() else { return anything() };
        if !self.above.insert(name) {
            return anything();
        }
        let own = config.texts("subjects").into_iter().map(str::to_owned).collect();
        let mut found = transformed(config.record("subject_transform"), own);
        let mirror = config.record("mirror");
        let sources = config.list("sources").iter().filter_map(Value::as_object);
        for copy in sources.chain(mirror) {
            let copied = self.copied(copy);
            found.extend(transformed(config.record("subject_transform"), copied.clone()));
            found.extend(copied);
        }
        self.above.remove(name);
        self.known.insert(name, found.clone());
        found
    }

    /// What a mirror or source brings.
    fn copied(&mut self, copy: &'a Config) -> BTreeSet<String> {
        let there =
            if copy.contains_key("external") { anything() } else { self.of(copy.text("name")) };
        let transforms = copy.list("subject_transforms").iter().filter_map(Value::as_object);
        let pairs: Vec<(&str, &str)> =
            transforms.map(|pair| (all(pair.text("src")), pair.text("dest"))).collect();
        if pairs.is_empty() {
            let filter = all(copy.text("filter_subject"));
            return there.iter().filter_map(|subject| meet(subject, filter)).collect();
        }
        let each = there.iter().flat_map(|subject| pairs.iter().map(move |pair| (subject, pair)));
        each.filter_map(|(subject, (from, to))| Some(mapped(&meet(subject, from)?, from, to)))
            .collect()
    }
}

fn anything() -> BTreeSet<String> {
    BTreeSet::from([ANYTHING.to_owned()])
}

/// What a stream's own transform makes of subjects; what it does not match stays as it is.
fn transformed(transform: Option<&Config>, subjects: BTreeSet<String>) -> BTreeSet<String> {
    let Some(transform) = transform else { return subjects };
    let (from, to) = (all(transform.text("src")), transform.text("dest"));
    let mut found = BTreeSet::new();
    for subject in subjects {
        if let Some(met) = meet(&subject, from) {
            found.insert(mapped(&met, from, to));
        }
        if !is_subset(&subject, from) {
            found.insert(subject);
        }
    }
    found
}

fn all(subject: &str) -> &str {
    if subject.is_empty() { ANYTHING } else { subject }
}

/// What matches both subjects, where anything does.
pub fn meet(one: &str, other: &str) -> Option<String> {
    if !collide(one, other) {
        return None;
    }
    let (mut ours, mut theirs) = (one.split('.'), other.split('.'));
    let mut met: Vec<&str> = Vec::new();
    loop {
        match (ours.next(), theirs.next()) {
            (Some(">"), Some(token)) => {
                met.push(token);
                met.extend(theirs.by_ref());
            }
            (Some(token), Some(">")) => {
                met.push(token);
                met.extend(ours.by_ref());
            }
            (Some("*"), Some(token)) | (Some(token), Some(_)) => met.push(token),
            _ => return Some(met.join(".")),
        }
    }
}

/// The widest form of what a transform makes of a subject that its source matches.
pub fn mapped(subject: &str, source: &str, destination: &str) -> String {
    if destination.is_empty() {
        return subject.to_owned();
    }
    let tokens: Vec<&str> = subject.split('.').collect();
    let places = source.split('.').enumerate().filter(|(_, token)| *token == "*");
    let places: Vec<usize> = places.map(|(at, _)| at).collect();
    let fixed = source.split('.').take_while(|token| *token != ">").count();
    let mut made: Vec<&str> = Vec::new();
    for token in destination.split('.') {
        match function(token) {
            Function::None if token == ">" => made.extend(tokens.get(fixed..).unwrap_or(&[">"])),
            Function::None => made.push(token),
            Function::Wildcard(number) => {
                let place = number.checked_sub(1).and_then(|at| places.get(at));
                let token = place.and_then(|at| tokens.get(*at)).filter(|token| **token != ">");
                made.push(token.unwrap_or(&"*"));
            }
            Function::Token => made.push("*"),
            Function::Tokens => {
                made.push(">");
                break;
            }
        }
    }
    made.join(".")
}

/// What stands in a destination's token.
enum Function {
    None,
    /// What the wildcard with this number matched.
    Wildcard(usize),
    /// Some token.
    Token,
    /// Any number of tokens.
    Tokens,
}

fn function(token: &str) -> Function {
    if let Some(number) = token.strip_prefix('$').and_then(|number| number.parse().ok()) {
        return Function::Wildcard(number);
    }
    let Some(inner) = token.strip_prefix("{{").and_then(|rest| rest.strip_suffix("}}")) else {
        return Function::None;
    };
    let inner = inner.trim().to_lowercase();
    if let Some(number) = inner.strip_prefix("wildcard(").and_then(|rest| rest.strip_suffix(')')) {
        return number.trim().parse().map_or(Function::Token, Function::Wildcard);
    }
    let several = inner.starts_with("split") || inner.starts_with("slice");
    if several { Function::Tokens } else { Function::Token }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn met(one: &str, other: &str, expected: Option<&str>) {
        assert_eq!(meet(one, other).as_deref(), expected);
        assert_eq!(meet(other, one).as_deref(), expected);
    }

    #[test]
    fn subjects_meet_in_what_matches_both() {
        met("a.b", "a.*", Some("a.b"));
        met("a.*.c", "*.b.>", Some("a.b.c"));
        met("a.>", "a.*.*", Some("a.*.*"));
        met(">", "a.>", Some("a.>"));
        met("a.b", "a.c", None);
        met("a", "a.>", None);
    }

    #[track_caller]
    fn maps(subject: &str, source: &str, destination: &str, expected: &str) {
        assert_eq!(mapped(subject, source, destination), expected);
    }

    #[test]
    fn transforms_make_no_less_than_the_server() {
        maps("a.b", "a.*", "x.$1.y", "x.b.y");
        maps("a.*", "a.*", "x.{{wildcard(1)}}", "x.*");
        maps("a.b.c", "a.>", "x.>", "x.b.c");
        maps("a.>", "a.>", "x.>", "x.>");
        maps("a.b", "a.*", "x.{{partition(3,1)}}", "x.*");
        maps("a.b-c", "a.*", "x.{{split(1,-)}}.y", "x.>");
        maps("a.b", "a.*", "", "a.b");
    }

    #[track_caller]
    fn check(streams: &[Value], name: &'static str, expected: &[&str]) {
        let streams: Streams<'_> =
            streams.iter().filter_map(Value::as_object).map(|c| (c.text("name"), c)).collect();
        let found = Reach::new(streams).of(name);
        assert_eq!(found.iter().map(String::as_str).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn messages_bear_what_their_ways_make_of_their_subjects() {
        let a = json!({"name": "A", "subjects": ["a.*", "b"]});
        let copies = |source: Value| json!({"name": "B", "sources": [source]});
        check(std::slice::from_ref(&a), "A", &["a.*", "b"]);
        check(&[a.clone(), copies(json!({"name": "A"}))], "B", &["a.*", "b"]);
        let filtered = json!({"name": "A", "filter_subject": "a.x"});
        check(&[a.clone(), copies(filtered)], "B", &["a.x"]);
        let mapped = json!({"name": "A", "subject_transforms": [{"src": "a.*", "dest": "c.$1"}]});
        check(&[a.clone(), copies(mapped)], "B", &["c.*"]);
        check(&[copies(json!({"name": "GONE"}))], "B", &[">"]);
        let outside = json!({"name": "A", "external": {"api": "$JS.x.API"}});
        check(&[a, copies(outside)], "B", &[">"]);
        let own = json!({"name": "C", "subjects": ["a.*", "b"],
            "subject_transform": {"src": "a.*", "dest": "t.$1"}});
        check(&[own], "C", &["b", "t.*"]);
        let round = json!({"name": "A", "sources": [{"name": "B", "filter_subject": "x"}]});
        check(&[round, copies(json!({"name": "A"}))], "B", &["x"]);
    }
}
