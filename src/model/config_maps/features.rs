//! ConfigMap `config-features`: the flags of Knative Eventing 0.50. Knative takes any name and any
//! value without complaint, and what it does not know counts as off.

use std::collections::BTreeMap;

use crate::diag::Code;
use crate::model::path::Path;
use crate::model::reading::Reading;
use crate::model::shape::nearest;
use crate::model::yaml::{Node, Value};

use super::Settings;

/// The ConfigMap's name.
pub(super) const NAME: &str = "config-features";

const SWITCH: &[&str] = &["enabled", "disabled", "allowed"];

/// The flags and their values; an empty list takes any text.
const FLAGS: &[(&str, &[&str])] = &[
    ("kreference-group", SWITCH),
    ("delivery-retryafter", SWITCH),
    ("delivery-timeout", SWITCH),
    ("kreference-mapping", SWITCH),
    ("transport-encryption", &["disabled", "permissive", "strict"]),
    ("eventtype-auto-create", SWITCH),
    ("authentication-oidc", SWITCH),
    ("cross-namespace-event-links", SWITCH),
    ("new-apiserversource-filters", SWITCH),
    ("default-authorization-mode", &["allow-all", "deny-all", "allow-same-namespace"]),
    ("oidc-discovery-base-url", &[]),
    ("requestreply-default-timeout", &[]),
];

/// Flags of this beginning name labels of nodes, and take any text.
const NODE_SELECTOR: &str = "apiserversources-nodeselector-";

pub(super) fn read(reading: &mut Reading<'_>) -> Settings {
    let at = Path::of("data");
    let mut flags = BTreeMap::new();
    let Some(Node { value: Value::Mapping(entries), .. }) = reading.node(&at) else {
        return Settings::Features(flags);
    };
    for entry in entries {
        let (flag, value) = (entry.key.trim(), entry.value.text().unwrap_or_default());
        // Examples for people begin with `_`.
        if flag.starts_with('_') {
            continue;
        }
        check(reading, &at.key(entry.key.as_str()), flag, value);
        flags.insert(flag.to_owned(), value.to_owned());
    }
    Settings::Features(flags)
}

fn check(reading: &mut Reading<'_>, path: &Path, flag: &str, value: &str) {
    if flag.starts_with(NODE_SELECTOR) {
        return;
    }
    let Some((_, values)) = FLAGS.iter().find(|(known, _)| *known == flag) else {
        let help = match nearest(flag, FLAGS.iter().map(|(known, _)| *known)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "take it away; Knative Eventing 0.50 has no such flag".to_owned(),
        };
        let message = format!("Knative knows no flag `{flag}`");
        return reading.fault_at_key(Code::UnknownFlag, path, message, help);
    };
    if values.is_empty() || values.iter().any(|known| known.eq_ignore_ascii_case(value)) {
        return;
    }
    let help = match nearest(value, values.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "write one of them".to_owned(),
    };
    let message = format!("`{value}` is none of {}, and so `{flag}` is off", values.join(", "));
    reading.fault(Code::UnknownFlag, path, message, help);
}
