//! How editors are told of the schemas.

use serde_json::{Value, json};

use super::names;
use super::{Role, Subject};
use crate::model::project::FILE_NAME;

/// The folder of schemas, from the folder of the project.
pub const FOLDER: &str = ".evctl/schemas";
/// The combined schema within that folder.
pub const COMBINED: &str = "all.json";
/// VS Code's settings, from the folder of the project.
pub const SETTINGS: &str = ".vscode/settings.json";

/// Settings of the YAML extension (yaml-language-server): which schema is for which files. The folder
/// of schemas lies beside the settings'.
pub fn settings(subjects: &[Subject]) -> Value {
    let mut mapping = serde_json::Map::new();
    mapping.insert(format!("{FOLDER}/{COMBINED}"), json!(["*.yaml", "*.yml"]));
    for project in subjects.iter().filter(|subject| subject.role == Role::Project) {
        mapping.insert(format!("{FOLDER}/{}", names::file(project)), json!([FILE_NAME]));
    }
    json!({"yaml.schemas": mapping})
}
