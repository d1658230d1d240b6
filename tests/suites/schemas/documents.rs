//! Documents of fixtures and examples, each with what evctl finds in it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use evctl::diag::Severity;
use evctl::model::schema::{Subject, document, subjects};
use evctl::model::yaml;
use serde_json::Value;

use crate::suites::fixtures;

/// One document.
#[derive(Debug, Clone)]
pub(crate) struct Document {
    /// The file, and which of its documents this is.
    pub(crate) name: String,
    /// As the API server would get it.
    pub(crate) value: Value,
    pub(crate) findings: Vec<Found>,
}

/// What evctl finds in a document.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Found {
    pub(crate) code: &'static str,
    pub(crate) path: String,
    pub(crate) is_error: bool,
}

/// Codes that a schema can give, and that rules give too.
const SHAPE: &[&str] = &["missing-field", "unknown-field", "wrong-type", "invalid-value"];

impl Document {
    pub(crate) fn text(&self, key: &str) -> &str {
        self.value[key].as_str().unwrap_or_default()
    }

    /// Where evctl finds faults that could be faults of shape.
    pub(crate) fn shape_paths(&self) -> BTreeSet<String> {
        let shape = self.findings.iter().filter(|found| SHAPE.contains(&found.code));
        shape.map(|found| found.path.clone()).collect()
    }

    /// The document once for each of its faults of shape, as far as the others can be taken out: one
    /// fault must not hide behind another.
    pub(crate) fn apart(self) -> Vec<Self> {
        let paths = self.shape_paths();
        if paths.len() < 2 || self.is_of_shape() {
            return vec![self];
        }
        let alone = |path: &String| {
            let mut one = self.clone();
            one.name = format!("{}, {path} alone", self.name);
            for other in paths.iter().filter(|other| *other != path && !path.starts_with(*other)) {
                remove(&mut one.value, other);
            }
            one.findings.retain(|found| found.path == *path);
            one
        };
        paths.iter().map(alone).collect()
    }

    /// Whether the document is of its kind's shape, and only rules find fault with it.
    pub(crate) fn is_of_shape(&self) -> bool {
        let own = |subject: &Subject| {
            self.text("apiVersion") == subject.api_version() && self.text("kind") == subject.kind
        };
        let subjects = subjects(&[]);
        let subject = subjects.iter().find(|subject| own(subject));
        subject.is_some_and(|subject| jsonschema::is_valid(&document::of(subject), &self.value))
    }

    pub(crate) fn errors(&self) -> impl Iterator<Item = &Found> {
        self.findings.iter().filter(|found| found.is_error)
    }
}

/// Every document of every fixture.
pub(crate) fn of_fixtures() -> Vec<Document> {
    of_folder(Path::new("tests/fixtures"))
}

/// Every document of every example.
pub(crate) fn of_examples() -> Vec<Document> {
    of_folder(Path::new("examples/topologies"))
}

fn of_folder(folder: &Path) -> Vec<Document> {
    let mut files = Vec::new();
    collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &mut files);
    assert!(!files.is_empty());
    files.iter().flat_map(|file| of_file(file)).collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut entries: Vec<PathBuf> = entries.collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|ending| ending == "yaml" || ending == "yml") {
            files.push(path);
        }
    }
}

fn of_file(file: &Path) -> Vec<Document> {
    let text = fixtures::bare(&std::fs::read_to_string(file).unwrap());
    let (_, findings) = fixtures::findings(&text);
    let (documents, _) = yaml::documents(&text);
    let name = file.file_name().unwrap().to_string_lossy().into_owned();
    let roots = documents.into_iter().filter_map(|document| document.root);
    roots
        .enumerate()
        .map(|(number, root)| {
            let span = root.span;
            let found = findings
                .iter()
                .filter(|finding| {
                    finding.at.is_some_and(|at| (span.start..=span.end).contains(&at.span.start))
                })
                .map(|finding| Found {
                    code: finding.code.name(),
                    path: missing(&finding.message).unwrap_or(&finding.path).to_owned(),
                    is_error: finding.severity == Severity::Error,
                });
            Document {
                name: format!("{name} document {}", number + 1),
                value: root.to_json(),
                findings: found.collect(),
            }
        })
        .collect()
}

/// The field that is missing: the finding itself is about what lacks it.
fn missing(message: &str) -> Option<&str> {
    message.strip_prefix('`')?.strip_suffix("` is missing")
}

/// Takes a field out; items of lists stay.
fn remove(value: &mut Value, path: &str) {
    let Some((above, last)) = path.rsplit_once('.').filter(|_| !path.contains('[')) else { return };
    let above = format!("/{}", above.replace('.', "/"));
    if let Some(Value::Object(fields)) = value.pointer_mut(&above) {
        fields.remove(last);
    }
}
