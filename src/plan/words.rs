//! How the reason of a change is put into words.

use super::{FieldDiff, Rule};

/// Where an object differs.
pub(super) fn differs(diff: &[FieldDiff]) -> String {
    let first = diff.first().map(|field| field.path.as_str()).unwrap_or_default();
    match diff.len() {
        0 => "is equal".to_owned(),
        1 => format!("differs in {first}"),
        more => format!("differs in {first} and {} more", more - 1),
    }
}

/// What a rule says, with the code of the server.
pub(super) fn immutable(rule: &Rule) -> String {
    match rule.err_code {
        Some(code) => format!("{} ({code})", rule.text),
        None => rule.text.clone(),
    }
}
