//! The rules of a stream's subjects, and of what it does with them.

use std::collections::BTreeSet;

use crate::jetstream::Config;
use crate::jetstream::decode::Read;
use crate::jetstream::{transform as transforms, wildcard};

use super::check::Rules;

/// `subjects`, within the stream.
pub(super) fn subjects(rules: &mut Rules<'_>) {
    // Its own name needs no look.
    let subjects: Vec<String> =
        rules.asked.texts("subjects").into_iter().map(str::to_owned).collect();
    if !subjects.is_empty() && rules.filled.contains_key("mirror") {
        rules.no(10034, "subjects", "stream mirrors can not contain subjects");
    }
    let one_by_one = rules.server.is_at_least(2, 12, 0);
    let mut seen = BTreeSet::new();
    for (at, subject) in subjects.iter().enumerate() {
        rules.invalid(!wildcard::is_valid(subject), "subjects", "invalid subject");
        let again = !seen.insert(subject.as_str());
        rules.invalid(again, "subjects", "duplicate subjects detected");
        taken_by_the_server(rules, subject);
        if one_by_one {
            self_overlap(rules, subject, subjects.get(at + 1..).unwrap_or_default());
        }
    }
}

/// `subjects` against each other, which up to 2.11 comes after the limits.
pub(super) fn late_overlap(rules: &mut Rules<'_>) {
    if rules.server.is_at_least(2, 12, 0) {
        return;
    }
    let subjects: Vec<String> =
        rules.asked.texts("subjects").into_iter().map(str::to_owned).collect();
    for subject in &subjects {
        self_overlap(rules, subject, &subjects);
    }
}

fn self_overlap(rules: &mut Rules<'_>, subject: &str, others: &[String]) {
    let one_by_one = rules.server.is_at_least(2, 12, 0);
    let other = others
        .iter()
        .find(|other| (one_by_one || *other != subject) && wildcard::collide(other, subject));
    if let Some(other) = other {
        let text = format!("subject {subject:?} overlaps with {other:?}");
        rules.no(10052, "subjects", text);
    }
}

fn taken_by_the_server(rules: &mut Rules<'_>, subject: &str) {
    let no_ack = rules.asked.flag("no_ack");
    if subject == ">" {
        let text = "capturing all subjects requires no-ack to be true";
        rules.invalid(!no_ack, "subjects", text);
        let copies = rules.filled.number("num_replicas") != 1;
        let text = "capturing all subjects requires replicas of 1";
        rules.invalid(copies, "subjects", text);
    }
    if no_ack {
        return;
    }
    for space in ["$JS.>", "$JSC.>", "$NRG.>"] {
        let bad = wildcard::collide(subject, space) && !wildcard::is_subset(subject, "$JS.EVENT.>");
        let text = "subjects that overlap with jetstream api require no-ack to be true";
        rules.invalid(bad, "subjects", text);
    }
    let bad =
        wildcard::collide(subject, "$SYS.>") && !wildcard::is_subset(subject, "$SYS.ACCOUNT.>");
    let text = "subjects that overlap with system api require no-ack to be true";
    rules.invalid(bad, "subjects", text);
}

/// `subjects`, against the account's other streams.
pub(super) fn overlap(rules: &mut Rules<'_>) {
    let name = rules.asked.text("name");
    let subjects = rules.filled.texts("subjects");
    let others = rules.beside.streams.iter().filter(|(other, _)| **other != name);
    let theirs: Vec<&str> = others.flat_map(|(_, other)| other.texts("subjects")).collect();
    let meets = |subject: &&str| theirs.iter().any(|other| wildcard::collide(subject, other));
    if subjects.iter().any(meets) {
        rules.no(10065, "subjects", "subjects overlap with an existing stream");
    }
}

/// `subject_transform`.
pub(super) fn transform(rules: &mut Rules<'_>) {
    let Some(transform) = rules.filled.record("subject_transform").cloned() else { return };
    let (from, to) = (transform.text("src"), transform.text("dest"));
    if !rules.server.is_at_least(2, 11, 0) {
        return;
    }
    if !from.is_empty() && !wildcard::is_valid(from) {
        let text = format!("stream transform source: invalid subject {from}");
        rules.no(10155, "subject_transform", text);
    }
    if let Some(fault) = transforms::fault(from, to, rules.server.version) {
        rules.no(10156, "subject_transform", format!("stream transform: {fault}"));
    }
}

/// `subject_transform` on 2.10, which looks at it only when it is put to use: when the stream is
/// made, or where it changes.
pub(super) fn late_transform(rules: &mut Rules<'_>, live: Option<&Config>) {
    let Some(transform) = rules.filled.record("subject_transform") else { return };
    let (from, to) = (transform.text("src"), transform.text("dest"));
    let same = live
        .and_then(|live| live.record("subject_transform"))
        .is_some_and(|live| live.text("src") == from && live.text("dest") == to);
    if rules.server.is_at_least(2, 11, 0) || same || to.is_empty() {
        return;
    }
    let Some(why) = transforms::transform_fault(from, to, rules.server.version) else { return };
    let (code, what) = match live {
        None => (10049, "stream subject transform"),
        Some(_) => (rules.late_code(), "stream configuration for subject transform"),
    };
    let text = format!("{what} from '{from}' to '{to}': {why}");
    rules.no(code, "subject_transform", text);
}

/// `republish`.
pub(super) fn republish(rules: &mut Rules<'_>) {
    let Some(republish) = rules.filled.record("republish").cloned() else { return };
    let (from, to) = (republish.text("src"), republish.text("dest"));
    let subjects = rules.filled.texts("subjects");
    let circle = subjects.iter().any(|subject| wildcard::collide(to, subject));
    let text = "stream configuration for republish destination forms a cycle";
    rules.invalid(circle, "republish", text);
    if !to.is_empty() && transforms::transform_fault(from, to, rules.server.version).is_some() {
        let text = format!(
            "stream configuration for republish with transform from '{from}' to '{to}' not valid"
        );
        rules.no(10052, "republish", text);
    }
}
