//! A located tree to a typed value, or to all that is wrong with it, each with its place.

use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use crate::diag::{Code, FileId, Finding, Location, Span};

use super::path::Path;
use super::shape::{self, Shape};
use super::yaml::{self, Node};

/// A tree, the file it stands in, and where in its object it hangs.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    pub file: FileId,
    pub root: &'a Node,
}

impl Place<'_> {
    /// The place of the value at a path.
    pub fn value(&self, path: &Path) -> Location {
        Location { file: self.file, span: self.root.span_at(path) }
    }

    /// The place of the key that a path ends in.
    pub fn key(&self, path: &Path) -> Location {
        Location { file: self.file, span: self.root.key_span_at(path) }
    }

    /// A finding about the value at a path.
    pub fn finding(
        &self,
        code: Code,
        path: &Path,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Finding {
        Finding::new(code, message, help).at(self.value(path)).path(path.to_string())
    }
}

/// Decodes the value at `at`; an empty mapping where there is none.
///
/// # Errors
/// Every fault of its shape.
pub fn decode<T: DeserializeOwned + JsonSchema>(
    place: Place<'_>,
    at: &Path,
) -> Result<T, Vec<Finding>> {
    let empty = Node { value: yaml::Value::Mapping(Box::default()), span: Span::default() };
    let node = place.root.at(at).unwrap_or(&empty);
    T::deserialize(node).map_err(|error| {
        let faults = Shape::of::<T>().faults_at(at, &node.to_json());
        if faults.is_empty() {
            // The schema is laxer than the type: a mistake of ours, and still an answer.
            return vec![place.finding(Code::WrongType, at, error.to_string(), "change the value")];
        }
        faults.into_iter().map(|fault| finding(place, fault)).collect()
    })
}

fn finding(place: Place<'_>, fault: shape::Fault) -> Finding {
    let path = fault.path;
    let location = match fault.code {
        _ if fault.at_key => place.key(&path),
        Code::MissingField => head(place, &path),
        _ => place.value(&path),
    };
    Finding::new(fault.code, fault.message, fault.help).at(location).path(path.to_string())
}

/// The key of the mapping that lacks something, which shows better than the whole of it.
fn head(place: Place<'_>, path: &Path) -> Location {
    if !path.0.is_empty() {
        return place.key(path);
    }
    let start = place.root.span.start;
    Location { file: place.file, span: Span { start, end: start } }
}
