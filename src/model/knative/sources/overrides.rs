//! `ceOverrides`, which every source has.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::diag::Code;
use crate::model::Path;
use crate::model::reading::Reading;

/// What a source changes in its events before it sends them.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CloudEventOverrides {
    /// Attributes to set, by name, such as `region: eu`. Names are lower-case letters and digits.
    pub extensions: Option<BTreeMap<String, String>>,
}

/// Names that are no attribute's; the webhook lets them pass.
pub(super) fn check(reading: &mut Reading<'_>, overrides: Option<&CloudEventOverrides>) {
    let names = overrides.and_then(|overrides| overrides.extensions.as_ref());
    for name in names.into_iter().flat_map(BTreeMap::keys).filter(|name| !is_attribute(name)) {
        let path = Path::of("spec.ceOverrides.extensions").key(name.clone());
        let message = format!("`{name}` is no name of an attribute of CloudEvents");
        let help = "write lower-case letters and digits alone; the webhook does not look at names";
        reading.fault_at_key(Code::AttributeName, &path, message, help);
    }
}

fn is_attribute(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
}
