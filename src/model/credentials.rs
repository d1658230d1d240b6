//! Credentials that stand in manifests and project files, where they should not: users in URLs and the
//! values of fields that are called after secrets. Read off the bare text, so that YAML inside of YAML
//! and files that do not parse are covered too. Says where they stand, never what they are.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind};

use crate::diag::Span;

/// What the names of fields end in that hold secrets, in lower case.
const SECRETIVE: &[&str] =
    &["password", "passwd", "token", "secretkey", "accesskey", "privatekey", "nkey", "seed", "jwt"];

/// What a URL has before its user.
const URL: &str = "://";

/// The NATS channel's settings, where these are not references but the credentials.
const NATS: &[&str] = &["eventing-nats", "eventing-jetstream"];

/// All of these at once: most lines hold none, and are not looked at.
static SIGNS: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    let signs = SECRETIVE.iter().chain(NATS).chain([&URL]);
    let kind = Some(AhoCorasickKind::DFA);
    AhoCorasick::builder().ascii_case_insensitive(true).kind(kind).build(signs).ok()
});

/// What stands around the name of a field.
const AROUND: [char; 6] = [' ', '{', ',', '-', '"', '\''];

/// The same inside of the NATS channel's settings, where they ought to be references.
const IN_NATS: &[&str] = &["auth", "secret", "credentialfile"];

/// The places of a text that no output shows.
pub fn spans(text: &str) -> Vec<Span> {
    let mut spans = Vec::new();
    let Some(signs) = SIGNS.as_ref() else {
        // These patterns do make an automaton; without one everything is looked at.
        nats_lines(text, &mut spans);
        return spans;
    };
    let mut seen = 0;
    for sign in signs.find_iter(text) {
        let written = text.get(sign.range()).unwrap_or_default();
        if NATS.contains(&written) {
            spans.clear();
            nats_lines(text, &mut spans);
            return spans;
        }
        if sign.start() >= seen {
            let start = text[..sign.start()].rfind('\n').map_or(0, |before| before + 1);
            seen = text[start..].find('\n').map_or(text.len(), |length| start + length + 1);
            users(&text[start..seen], start, &mut spans);
            fields(&text[start..seen], start, false, &mut spans);
        }
    }
    spans
}

fn nats_lines(text: &str, spans: &mut Vec<Span>) {
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        users(line, start, spans);
        fields(line, start, true, spans);
        start += line.len();
    }
}

/// `user:password` of `scheme://user:password@host`.
fn users(line: &str, start: usize, spans: &mut Vec<Span>) {
    for (at, mark) in line.match_indices("://") {
        let begin = at + mark.len();
        let authority = line.get(begin..).unwrap_or_default();
        let end = authority.find(['/', '?', '#', ' ', '"', '\'', '\n', '\r']);
        let authority = authority.get(..end.unwrap_or(authority.len())).unwrap_or_default();
        if let Some(user) = authority.rfind('@').filter(|user| *user > 0) {
            spans.push(Span { start: start + begin, end: start + begin + user });
        }
    }
}

fn fields(line: &str, start: usize, nats: bool, spans: &mut Vec<Span>) {
    for (colon, _) in line.match_indices(':') {
        let (before, after) = (line.get(..colon), line.get(colon + 1..));
        let (Some(before), Some(after)) = (before, after) else { continue };
        if !nats && !may_be_secretive(before) {
            continue;
        }
        let name = before.rsplit(AROUND).find(|word| !word.is_empty());
        let name = name.unwrap_or_default();
        let secretive = SECRETIVE.iter().any(|ending| ends_in(name, ending))
            || (nats && IN_NATS.iter().any(|field| field.eq_ignore_ascii_case(name)));
        let value = after.trim_start();
        let is_scalar =
            after.len() > value.len() && !value.starts_with(['{', '[', '|', '>', '&', '*']);
        if !secretive || !is_scalar || value.is_empty() {
            continue;
        }
        let begin = colon + 1 + after.len() - value.len();
        let flow = before.contains('{');
        let end = value.find(|c: char| c == '\n' || c == '\r' || (flow && matches!(c, ',' | '}')));
        let value = value.get(..end.unwrap_or(value.len())).unwrap_or_default().trim_end();
        spans.push(Span { start: start + begin, end: start + begin + value.len() });
    }
}

/// Whether the last letter is that of a secretive name, which nearly no field's is.
fn may_be_secretive(before: &str) -> bool {
    let last = before.trim_end_matches(AROUND).bytes().next_back();
    let last = last.map(|byte| byte.to_ascii_lowercase());
    SECRETIVE.iter().any(|ending| ending.bytes().next_back() == last)
}

fn ends_in(name: &str, ending: &str) -> bool {
    let (name, ending) = (name.as_bytes(), ending.as_bytes());
    let start = name.len().checked_sub(ending.len());
    start.and_then(|at| name.get(at..)).is_some_and(|end| end.eq_ignore_ascii_case(ending))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::test_runner::{Config, TestRunner};

    use super::spans;

    #[track_caller]
    fn check(text: &str) {
        let mut shown = text.to_owned();
        for span in spans(text) {
            shown.replace_range(span.start..span.end, &"*".repeat(span.end - span.start));
        }
        assert!(!shown.contains("hunter2"), "{shown}");
    }

    #[test]
    fn credentials_are_found() {
        check("nats: \"nats://u:hunter2@h:4222\"\n");
        check("nats: {urls: 'nats://u:hunter2@h', password: hunter2, token: hunter2}\n");
        check("data:\n  eventing-nats: |\n    auth: hunter2\n");
        check(
            "data:\n  eventing-nats: |\n    auth:\n      credentialFile:\n        secret: hunter2\n",
        );
        check("redis: {t: {redisPassword: hunter2, foo: 1}}\n");
        check("  saslPassword: \"hunter2\"\n");
        check("sink: {uri: 'http://u:hunter2@h/p'}\n");
        check("{\"token\": \"hunter2\"}");
        check("password: hunter2");
    }

    /// What is found by signs is what a look at each line finds.
    #[test]
    fn no_line_is_passed_over() {
        let words = vec![
            "token",
            "Seed: ",
            "KEY",
            "nkey",
            ": x",
            "\n",
            "http://a@b",
            "://",
            "pass",
            "word",
            " ",
            "jwt",
        ];
        let texts = proptest::collection::vec(proptest::sample::select(words), 0..12);
        let config = Config { cases: 4000, failure_persistence: None, ..Config::default() };
        let found = std::cell::Cell::new(0);
        let outcome = TestRunner::new(config).run(&texts, |words| {
            let (text, mut all) = (words.concat(), Vec::new());
            let mut start = 0;
            for line in text.split_inclusive('\n') {
                super::users(line, start, &mut all);
                super::fields(line, start, false, &mut all);
                start += line.len();
            }
            found.set(found.get() + all.len());
            prop_assert_eq!(spans(&text), all, "{}", text);
            Ok(())
        });
        outcome.unwrap();
        assert!(found.get() > 400, "{} found", found.get());
    }

    #[test]
    fn the_rest_stays() {
        for text in
            ["url: http://host/a@b\n", "a: b\n", "passwordKey: name\n", "token:\n  secret: {}\n"]
        {
            assert_eq!(spans(text), [], "{text}");
        }
    }
}
