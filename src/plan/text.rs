//! The plan as text, in terraform's grammar: one line per object first, detail below, risk said in
//! the line, the summary last. Reads well without colour.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use serde_json::Value;
use similar::TextDiff;

use crate::jetstream::field::Field;
use crate::jetstream::{consumer, stream};
use crate::world::{Account, Cluster, Key};

use super::{Action, Change, Conflict, FieldDiff, Plan};

/// What stands above a plan: the project, which planes take part, and what must be known to read it.
#[derive(Debug, Clone, Default)]
pub struct Head {
    /// The verb, such as `plan`.
    pub verb: &'static str,
    pub project: String,
    /// The cluster, as output names it.
    pub cluster: Option<String>,
    /// The JetStream account, as output names it.
    pub account: Option<String>,
    /// Further accounts, as output names them, by their site.
    pub sites: BTreeMap<String, String>,
    pub notes: Vec<String>,
}

impl Head {
    /// The line that opens every output.
    pub fn line(&self) -> String {
        let plane = |word: &str, name: &Option<String>| match name {
            Some(name) => format!("{word} {name}"),
            None => format!("no {word}"),
        };
        let sites = self.sites.iter().map(|(site, name)| format!(" · {site} {name}"));
        format!(
            "evctl {} · project {} · {} · {}{}",
            self.verb,
            self.project,
            plane("kubernetes", &self.cluster),
            plane("jetstream", &self.account),
            sites.collect::<String>(),
        )
    }
}

/// A cluster, as output names it.
pub fn cluster_name(cluster: &Cluster) -> String {
    if cluster.version.is_empty() {
        cluster.name.clone()
    } else {
        format!("{} ({})", cluster.name, cluster.version)
    }
}

/// An account, as output names it.
pub fn account_name(account: &Account) -> String {
    let level = account.api_level.map(|level| format!(", API level {level}")).unwrap_or_default();
    let domain = if account.domain.is_empty() {
        String::new()
    } else {
        format!(", domain {}", account.domain)
    };
    match account.version.as_str() {
        "" => account.name.clone(),
        version => format!("{} ({version}{level}{domain})", account.name),
    }
}

/// The whole plan.
pub fn render(head: &Head, plan: &Plan, colour: bool) -> String {
    let mut out = head.line() + "\n";
    for note in &head.notes {
        let _ = writeln!(out, "  {note}");
    }
    let shown: Vec<&Change> =
        plan.changes.iter().filter(|change| change.action != Action::None).collect();
    let mut hidden = Hidden::default();
    if !shown.is_empty() {
        out.push('\n');
    }
    let width = shown
        .iter()
        .map(|change| change.key.to_string().chars().count())
        .max()
        .unwrap_or(0)
        .min(72);
    for change in &shown {
        out.push_str(&line(change, width, colour));
    }
    for change in shown.iter().filter(|change| has_detail(change)) {
        out.push_str(&detail(change, &mut hidden, colour));
    }
    out.push_str(&left_alone(plan));
    out.push_str(&unready(plan));
    out.push('\n');
    out.push_str(&closing(plan));
    out
}

fn line(change: &Change, width: usize, colour: bool) -> String {
    let place = change.place.as_ref().map(|at| format!("  [{}:{}]", at.file, at.line));
    let place = place.unwrap_or_default();
    let sign = symbol(change.action, colour);
    let indent = 3 - plain_symbol(change.action).0.len();
    let key = change.key.to_string();
    let pad = width.saturating_sub(key.chars().count());
    let risk =
        change.impact.as_ref().map(|impact| format!("  ! {}", impact.text)).unwrap_or_default();
    let reason = match change.action {
        Action::Refused => format!("refused: {}", change.reason),
        Action::Held => format!("held: {}", change.reason),
        _ => change.reason.clone(),
    };
    format!("{:indent$}{sign} {key}{:pad$}  {reason}{risk}{place}\n", "", "")
}

fn plain_symbol(action: Action) -> (&'static str, AnsiColor) {
    match action {
        Action::Create => ("+", AnsiColor::Green),
        Action::Update => ("~", AnsiColor::Yellow),
        Action::Adopt => (">", AnsiColor::Cyan),
        Action::Move => ("=>", AnsiColor::Cyan),
        Action::Forget => ("<", AnsiColor::Cyan),
        Action::Replace => ("-/+", AnsiColor::Red),
        Action::Delete => ("-", AnsiColor::Red),
        Action::Refused => ("x", AnsiColor::Red),
        Action::Held => (".", AnsiColor::Red),
        Action::None => ("=", AnsiColor::White),
    }
}

fn symbol(action: Action, colour: bool) -> String {
    let (symbol, paint) = plain_symbol(action);
    let style = Style::new().fg_color(Some(paint.into())).bold();
    if colour { format!("{style}{symbol}{style:#}") } else { symbol.to_owned() }
}

fn has_detail(change: &Change) -> bool {
    !change.diff.is_empty()
        || !change.conflicts.is_empty()
        || (change.action == Action::Create && change.key.object().is_none())
}

fn detail(change: &Change, hidden: &mut Hidden, colour: bool) -> String {
    let what = match change.action {
        Action::Create => "will be created",
        Action::Update => "will be updated in-place",
        Action::Replace => "will be deleted and made anew",
        Action::Delete => "will be deleted",
        Action::Adopt => "will be taken over",
        Action::Move => "becomes the project's as it is",
        Action::Forget => "stays, and is the project's no longer",
        Action::Refused => "is left as it is",
        Action::Held => "is held back",
        Action::None => "is unchanged",
    };
    let mut out = format!("\n  # {} {what}\n", change.key);
    if change.action == Action::Create {
        for (name, value) in derived(change) {
            let _ = writeln!(out, "      {} {name}: {value}", symbol(Action::Create, colour));
        }
    }
    for field in &change.diff {
        out.push_str(&field_text(field, hidden, colour));
    }
    let becomes = if change.action.writes() { "taken from" } else { "owned by" };
    for Conflict { path, manager } in &change.conflicts {
        let _ = writeln!(out, "      ! {path}: {becomes} {manager}");
    }
    if let Some(recipe) = &change.recipe {
        out.push('\n');
        for line in recipe.text() {
            let _ = writeln!(out, "      {line}");
        }
    }
    out
}

/// What a stream or consumer is made with, but for the server's defaults: it stands in no file.
fn derived(change: &Change) -> Vec<(&'static str, String)> {
    let table: &[Field] = match change.key {
        Key::Stream { .. } => stream::FIELDS,
        Key::Consumer { .. } => consumer::FIELDS,
        Key::Object(_) => return Vec::new(),
    };
    let body = change.write.as_ref().and_then(|write| write.body.as_object());
    table
        .iter()
        .filter_map(|field| {
            let value = body?.get(field.name)?;
            let said = Some(value.clone()) != field.normal(None) && field.name != "name";
            said.then(|| (field.name, field.spoken(Some(value))))
        })
        .collect()
}

fn field_text(field: &FieldDiff, hidden: &mut Hidden, colour: bool) -> String {
    let action = match (&field.from, &field.to) {
        (None, _) => Action::Create,
        (_, None) => Action::Refused,
        _ => Action::Update,
    };
    let sign = match action {
        Action::Refused => "-".to_owned(),
        action => symbol(action, colour),
    };
    if let (Some(Value::String(from)), Some(Value::String(to))) = (&field.from, &field.to)
        && (from.contains('\n') || to.contains('\n'))
    {
        return format!("      {sign} {}:\n{}", field.path, lines(from, to));
    }
    let mut value = |value: &Option<Value>| value.as_ref().map(|value| hidden.show(value));
    match (value(&field.from), value(&field.to)) {
        (Some(from), Some(to)) => format!("      {sign} {}: {from} → {to}\n", field.path),
        (Some(only), None) | (None, Some(only)) => format!("      {sign} {}: {only}\n", field.path),
        (None, None) => String::new(),
    }
}

fn lines(from: &str, to: &str) -> String {
    let diff = TextDiff::from_lines(from, to);
    let text = diff.unified_diff().context_radius(1).to_string();
    text.lines().fold(String::new(), |out, line| out + "          " + line + "\n")
}

/// Secret values by number, so that a changed one shows as `(#1) → (#2)`.
#[derive(Default)]
struct Hidden(BTreeMap<String, usize>);

impl Hidden {
    fn show(&mut self, value: &Value) -> String {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        if text.starts_with("evctl:sha256:") {
            let next = self.0.len() + 1;
            return format!("value not shown (#{})", self.0.entry(text).or_insert(next));
        }
        if text.chars().count() <= 120 {
            text
        } else {
            text.chars().take(117).chain("...".chars()).collect()
        }
    }
}

fn left_alone(plan: &Plan) -> String {
    if plan.undeclared.is_empty() {
        return String::new();
    }
    let names: Vec<String> = plan.undeclared.iter().map(ToString::to_string).collect();
    format!(
        "\nNo longer declared, and left as it is: {} (--prune deletes what bears the project's marks)\n",
        names.join(", ")
    )
}

/// How many objects that are not ready are named.
const UNREADY: usize = 10;

/// What is as declared, and does not do its work yet.
fn unready(plan: &Plan) -> String {
    let unready: Vec<(&Key, &String)> = plan.unready().collect();
    if unready.is_empty() {
        return String::new();
    }
    let mut out = "\nAs declared, and not ready:\n".to_owned();
    for (key, why) in unready.iter().take(UNREADY) {
        let _ = writeln!(out, "    {key}: {why}");
    }
    if let Some(more) = unready.len().checked_sub(UNREADY).filter(|more| *more > 0) {
        let _ = writeln!(out, "    and {more} more");
    }
    out
}

fn closing(plan: &Plan) -> String {
    let summary = plan.summary();
    if summary.writes() == 0 && summary.refused == 0 && summary.held == 0 {
        return format!(
            "No changes. {} {} as declared.\n",
            summary.none,
            if summary.none == 1 { "object is" } else { "objects are" }
        );
    }
    let mut more = Vec::new();
    for (count, what) in [
        (summary.adopt, "to adopt"),
        (summary.moves, "to move"),
        (summary.forget, "to forget"),
        (summary.refused, "refused"),
        (summary.held, "held"),
        (summary.destructive, "destructive"),
        (summary.none, "unchanged"),
    ] {
        more.extend((count > 0).then(|| format!("{count} {what}")));
    }
    let more = if more.is_empty() { String::new() } else { format!(" ({})", more.join(", ")) };
    let mut out = format!(
        "Plan: {} to add, {} to change, {} to destroy.{more}\n",
        summary.create + summary.replace,
        summary.update,
        summary.delete + summary.replace
    );
    out.push_str(&unverified(plan));
    out
}

/// How many changes nobody has judged, by the reason.
fn unverified(plan: &Plan) -> String {
    let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
    for change in plan.changes.iter().filter(|change| change.action.writes()) {
        if let Some(why) = &change.unverified {
            *reasons.entry(why).or_default() += 1;
        }
    }
    reasons
        .iter()
        .fold(String::new(), |out, (why, count)| out + &format!("Not verified: {count} ({why}).\n"))
}
