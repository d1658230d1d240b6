//! How a declared object differs from the live one, and whether its server will take the difference: a
//! stream's or consumer's by the rule book of the version that was observed.

use serde_json::Value;

use crate::jetstream::change::{FieldChange, Verdict};
use crate::jetstream::refusal::Refusal;
use crate::jetstream::server::{Beside, Server};
use crate::jetstream::{Config, consumer, stream};
use crate::world::{Key, Object, World};

use super::fields::{immutable, object_diff};
use super::same::is_surely_as_declared;
use super::{FieldDiff, Rule};

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Difference {
    /// Every field that differs.
    pub(super) diff: Vec<FieldDiff>,
    /// Why the server will not take it.
    pub(super) refusal: Option<Rule>,
    /// Whether the server would take the object if it were made anew.
    pub(super) is_replaceable: bool,
}

/// Compares a declared object with the live one.
pub(super) fn compare(key: &Key, live: &Object, desired: &Object, world: &World) -> Difference {
    let claimed = live.claimed.as_ref();
    // Both are in normal form.
    if is_surely_as_declared(&desired.body, &live.body, claimed) {
        return Difference::default();
    }
    if claimed.is_none() && live.body == desired.body {
        return Difference::default();
    }
    let (Value::Object(from), Value::Object(to)) = (&*live.body, &*desired.body) else {
        return Difference::default();
    };
    let beside = Beside::unknown();
    match key {
        Key::Object(key) => {
            let diff = object_diff(&desired.body, &live.body, claimed);
            let refusal = immutable(key, &diff, &live.body);
            let is_replaceable = refusal.is_some();
            Difference { diff, refusal, is_replaceable }
        }
        Key::Stream { .. } => judged(&stream::change(from, to, &server(key, world), &beside)),
        Key::Consumer { .. } => {
            let of = stream_of(key, world);
            judged(&consumer::change(from, to, &server(key, world), of, &beside))
        }
    }
}

/// The object's server. What its account allows is for the preflight to say, which knows what else the
/// plan takes and gives back.
fn server(key: &Key, world: &World) -> Server {
    let server = observed(key, world);
    Server { limits: None, ..server }
}

fn observed(key: &Key, world: &World) -> Server {
    match key.site().and_then(|site| world.accounts.get(site)) {
        Some(account) => {
            let cluster = account.cluster.as_deref();
            Server::new(&account.version, account.api_level, cluster, &account.info)
        }
        None => Server::new("", None, None, &Value::Null),
    }
}

fn stream_of<'w>(key: &Key, world: &'w World) -> Option<&'w Config> {
    world.objects.get(&key.stream()?)?.body.as_object()
}

fn judged(verdict: &Verdict) -> Difference {
    let rule = |code: &'static str, refusal: &Refusal| Rule {
        code: code.into(),
        err_code: refusal.err_code,
        text: refusal.text.clone(),
    };
    let diff = verdict.changes().iter().map(spoken).collect();
    let (refusal, is_replaceable) = match verdict {
        Verdict::Same | Verdict::Update(_) => (None, false),
        Verdict::Replace { refusal, .. } => (Some(rule("immutable-field", refusal)), true),
        Verdict::Impossible { refusal, .. } => (Some(rule(refusal.code(), refusal)), false),
    };
    Difference { diff, refusal, is_replaceable }
}

fn spoken(change: &FieldChange) -> FieldDiff {
    let value = |text: &str| (text != "unset").then(|| Value::String(text.to_owned()));
    FieldDiff { path: change.field.to_owned(), from: value(&change.from), to: value(&change.to) }
}
