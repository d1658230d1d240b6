//! Metadata of streams and consumers as it is compared: without evctl's marks of ownership, which are
//! compared by themselves.

use serde_json::Value;

use super::Config;

/// The mark that says which project.
pub const PROJECT: &str = "evctl.dev/project";
/// The mark that says which declared object.
pub const OBJECT: &str = "evctl.dev/object";

/// Takes the marks of ownership out of a configuration, and metadata that holds nothing else.
pub(super) fn without_marks(config: &mut Config) {
    let Some(Value::Object(metadata)) = config.get_mut("metadata") else { return };
    metadata.retain(|key, _| ![PROJECT, OBJECT].contains(&key.as_str()));
    if metadata.is_empty() {
        config.remove("metadata");
    }
}
