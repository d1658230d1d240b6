//! Lists of Kubernetes objects, compared by what the field manager's entries say about them: keyed
//! (`k:{…}`), sets (`v:…`), or owned as a whole. Other managers may have items of their own in the
//! first two; an item that evctl owned and that is declared no longer must go.

use serde_json::{Map, Value};

use crate::world::field_set::FieldSet;

use super::FieldDiff;
use super::fields::{At, changed, compare, dropped};

/// Compares a declared list with the live one. `claimed` is what evctl owns of it.
pub(super) fn compare_lists(
    want: &[Value],
    have: &[Value],
    claimed: Option<&FieldSet>,
    at: &At<'_>,
    diff: &mut Vec<FieldDiff>,
) {
    let differs = match kind(claimed) {
        Kind::Keyed(names) => keyed(want, have, claimed, &names, at, diff),
        Kind::Set => want.iter().any(|item| !have.contains(item)),
        Kind::Whole => want.len() != have.len() || whole(want, have, at, diff),
        Kind::Unknown => want.len() != have.len() || by_index(want, have, at, diff),
    };
    if differs {
        diff.push(changed(at, &Value::Array(have.to_vec()), &Value::Array(want.to_vec())));
    }
}

/// Items that evctl owns, that are live, and that are declared no longer.
pub(super) fn dropped_items(
    claimed: &FieldSet,
    want: &[Value],
    have: &[Value],
    at: &At<'_>,
    diff: &mut Vec<FieldDiff>,
) {
    for (entry, below) in claimed.iter() {
        if let Some(key) = entry.strip_prefix("k:").and_then(|key| serde_json::from_str(key).ok()) {
            let key: Map<String, Value> = key;
            let Some(live) = have.iter().find(|item| has(item, &key)) else { continue };
            let label = label(&key);
            let path = at.key(&label);
            match want.iter().find(|item| could_have(item, &key)) {
                Some(item) => dropped(below, item, live, &path, diff),
                None => diff.push(gone(&path, live)),
            }
        } else if let Some(value) =
            entry.strip_prefix("v:").and_then(|v| serde_json::from_str(v).ok())
        {
            let value: Value = value;
            if have.contains(&value) && !want.contains(&value) {
                diff.push(gone(at, &value));
            }
        }
    }
}

/// How the API server merges a list, as far as our own entry tells.
enum Kind {
    Keyed(Vec<String>),
    Set,
    Whole,
    /// Nothing of it is ours.
    Unknown,
}

fn kind(claimed: Option<&FieldSet>) -> Kind {
    let Some(claimed) = claimed else { return Kind::Unknown };
    let key = claimed.iter().find_map(|(entry, _)| entry.strip_prefix("k:"));
    let names: Option<Map<String, Value>> = key.and_then(|key| serde_json::from_str(key).ok());
    match names {
        Some(names) => Kind::Keyed(names.into_iter().map(|(name, _)| name).collect()),
        None if claimed.iter().any(|(entry, _)| entry.starts_with("v:")) => Kind::Set,
        None => Kind::Whole,
    }
}

/// `true` where an item is not live at all.
fn keyed(
    want: &[Value],
    have: &[Value],
    claimed: Option<&FieldSet>,
    names: &[String],
    at: &At<'_>,
    diff: &mut Vec<FieldDiff>,
) -> bool {
    let mut missing = false;
    for item in want {
        let key: Map<String, Value> =
            names.iter().filter_map(|name| Some((name.clone(), item.get(name)?.clone()))).collect();
        let Some(live) = have.iter().find(|live| has(live, &key)) else {
            missing = true;
            continue;
        };
        let ours = claimed.and_then(|entries| {
            entries.iter().find_map(|(entry, below)| {
                let full: Map<String, Value> =
                    serde_json::from_str(entry.strip_prefix("k:")?).ok()?;
                could_have(item, &full).then_some(below)
            })
        });
        compare(item, live, ours, &at.key(&label(&key)), diff);
    }
    missing
}

fn by_index(want: &[Value], have: &[Value], at: &At<'_>, diff: &mut Vec<FieldDiff>) -> bool {
    if want.iter().chain(have).all(|item| !item.is_object()) {
        return want != have;
    }
    for (index, (want, have)) in want.iter().zip(have).enumerate() {
        compare(want, have, None, &at.index(index), diff);
    }
    false
}

/// A list owned as a whole: what is live and not declared in an item is a difference too.
fn whole(want: &[Value], have: &[Value], at: &At<'_>, diff: &mut Vec<FieldDiff>) -> bool {
    let before = diff.len();
    if by_index(want, have, at, diff) {
        return true;
    }
    if diff.len() > before {
        return false;
    }
    let mut back = Vec::new();
    by_index(have, want, at, &mut back);
    diff.extend(back.into_iter().map(|field| FieldDiff {
        path: field.path,
        from: field.to,
        to: None,
    }));
    false
}

/// Whether an item has every value of a key.
fn has(item: &Value, key: &Map<String, Value>) -> bool {
    key.iter().all(|(name, value)| item.get(name) == Some(value))
}

/// Whether a declared item is that of a key: what it leaves out, the server has filled in.
fn could_have(item: &Value, key: &Map<String, Value>) -> bool {
    key.iter().all(|(name, value)| item.get(name).is_none_or(|own| own == value))
        && key.keys().any(|name| item.get(name).is_some())
}

/// How a path names an item: by the key's values.
fn label(key: &Map<String, Value>) -> String {
    let values =
        key.values().map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned));
    values.collect::<Vec<_>>().join("/")
}

fn gone(at: &At<'_>, live: &Value) -> FieldDiff {
    FieldDiff { path: at.to_string(), from: Some(live.clone()), to: None }
}
