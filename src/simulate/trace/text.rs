//! A trace for people: one line per thing that happened, how each event ended on each route, and a
//! total. Without colour; the same bytes each time.

use std::fmt::Write;

use crate::dispatch::{End, Outcome};

use super::{Counts, Ending, Line, Trace};

/// The whole text.
pub fn render(trace: &Trace) -> String {
    let mut text = String::new();
    happenings(&mut text, &trace.lines);
    if let Some(why) = &trace.stopped {
        let _ = writeln!(text, "stopped {why}");
    }
    endings(&mut text, &trace.outcomes);
    let _ = writeln!(text, "{}", total(&trace.summary));
    text
}

fn happenings(text: &mut String, lines: &[Line]) {
    let time = lines.iter().map(|line| line.t.to_string().len()).max().unwrap_or(0);
    let word = lines.iter().map(|line| line.outcome.word().len()).max().unwrap_or(0);
    let who = lines.iter().map(|line| who(line).chars().count()).max().unwrap_or(0);
    for line in lines {
        let (outcome, party) = (line.outcome.word(), self::who(line));
        let _ = write!(text, "{:>time$}  {outcome:<word$}  {party:<who$}  ", line.t);
        if let (Some(attempt), true) = (line.attempt, tells_attempt(line.outcome)) {
            let _ = write!(text, "attempt {attempt}: ");
        }
        let _ = writeln!(text, "{}", line.reason);
    }
    if !lines.is_empty() {
        text.push('\n');
    }
}

/// The event and where it goes.
fn who(line: &Line) -> String {
    match (&line.event, &line.to) {
        (Some(event), Some(to)) => format!("{event} → {}", short(to)),
        (Some(event), None) => event.clone(),
        (None, _) => String::new(),
    }
}

fn tells_attempt(outcome: Outcome) -> bool {
    !matches!(outcome, Outcome::Lost | Outcome::NotServed)
}

fn endings(text: &mut String, endings: &[Ending]) {
    let mut routes: Vec<_> = endings.iter().map(|ending| &ending.route).collect();
    routes.sort_unstable();
    routes.dedup();
    for route in routes {
        let _ = writeln!(text, "{}", short(route));
        for ending in endings.iter().filter(|ending| ending.route == *route) {
            let Ending { event, end, reason, .. } = ending;
            let _ = writeln!(text, "  {event}  {}{}: {reason}", end.word(), attempts(ending));
        }
    }
    if !endings.is_empty() {
        text.push('\n');
    }
}

fn attempts(ending: &Ending) -> String {
    match (ending.end, ending.attempts) {
        (End::NotServed, _) | (_, 0) => String::new(),
        (_, 1) => " after 1 attempt".to_owned(),
        (_, attempts) => format!(" after {attempts} attempts"),
    }
}

/// `2 events: 1 delivered, 1 dead-lettered, 0 lost`, and what else there was.
fn total(counts: &Counts) -> String {
    let mut text = plural(counts.events, "event");
    if counts.followed > 0 {
        let _ = write!(text, " and {} that followed", counts.followed);
    }
    let Counts { delivered, dead_lettered, lost, .. } = counts;
    let _ = write!(text, ": {delivered} delivered, {dead_lettered} dead-lettered, {lost} lost");
    let rest = [
        (counts.stuck, "stuck"),
        (counts.not_served, "not served"),
        (counts.refused, "refused"),
        (counts.duplicates, "dropped as duplicates"),
        (counts.unsubscribed, "that nobody is subscribed to"),
    ];
    for (count, what) in rest.into_iter().filter(|(count, _)| *count > 0) {
        let _ = write!(text, ", {count} {what}");
    }
    text
}

fn plural(count: usize, what: &str) -> String {
    let s = if count == 1 { "" } else { "s" };
    format!("{count} {what}{s}")
}

/// A name without its kind's group: `subscription/default/billing`.
fn short(name: &str) -> String {
    match name.split_once('/') {
        Some((kind, rest)) if !name.contains("://") => {
            let kind = kind.split_once('.').map_or(kind, |(kind, _)| kind);
            format!("{kind}/{rest}")
        }
        _ => name.to_owned(),
    }
}
