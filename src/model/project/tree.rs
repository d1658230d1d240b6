//! A project file before it is loaded with the rest: its settings are needed first. Says nothing of
//! what is wrong with it.

use crate::diag::{FileId, Span};
use crate::model::decode::{Place, decode};
use crate::model::path::Path;
use crate::model::yaml::{Node, Value, documents};

use super::Project;

/// The project that a file's bytes say, where they say one without fault.
pub fn read(bytes: &[u8]) -> Option<Project> {
    let text = std::str::from_utf8(bytes).ok()?;
    let (documents, _) = documents(text.strip_prefix('\u{feff}').unwrap_or(text));
    let root = documents.into_iter().find_map(|document| document.root)?;
    decode(Place { file: FileId::default(), root: &root }, &Path::default()).ok()
}

/// Where a project file holds credentials, which it must not: URLs with a user in them.
pub fn secrets(root: &Node) -> Vec<Span> {
    let Some(Value::Mapping(environments)) = root.get("environments").map(|node| &node.value)
    else {
        return Vec::new();
    };
    let urls = environments.iter().filter_map(|entry| entry.value.get("nats")?.get("url"));
    urls.filter(|url| url.text().is_some_and(|text| text.contains('@')))
        .map(|url| url.span)
        .collect()
}
