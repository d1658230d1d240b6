//! One document while it is read: decodes its spec, and gathers what is wrong with it. The rules of
//! every kind speak through this. Knows no kind.

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::diag::{Code, Finding, Severity};

use super::assumed::Assumed;
use super::decode::{Place, decode};
use super::envelope::Document;
use super::kinds::Spec;
use super::object::ObjectKey;
use super::path::Path;
use super::yaml::Node;

/// A document, and what has been found in it so far.
pub struct Reading<'a> {
    pub place: Place<'a>,
    pub key: &'a ObjectKey,
    pub api_version: &'a str,
    /// What is taken for granted about the servers.
    pub assumed: &'a Assumed,
    /// The text of the whole file, for values that are documents themselves.
    pub text_of_file: &'a str,
    pub(in crate::model) findings: Vec<Finding>,
}

impl<'a> Reading<'a> {
    pub fn new(
        place: Place<'a>,
        key: &'a ObjectKey,
        api_version: &'a str,
        assumed: &'a Assumed,
    ) -> Self {
        Self { place, key, api_version, assumed, text_of_file: "", findings: Vec::new() }
    }

    /// The same, with the text of the file.
    #[must_use]
    pub fn of(self, text_of_file: &'a str) -> Self {
        Self { text_of_file, ..self }
    }

    /// Decodes the document and gives its spec; every fault of shape becomes a finding.
    pub fn spec<S: Spec>(&mut self) -> Option<S> {
        let document: Document<S> = self.document()?;
        let spec = document.spec.or_else(S::absent);
        if spec.is_none() {
            let kind = self.place.value(&Path::of("kind"));
            let path = Path::of("spec");
            let finding =
                self.place.finding(Code::MissingField, &path, "`spec` is missing", "add it");
            self.findings.push(finding.at(kind));
        }
        spec
    }

    /// Decodes the whole document; every fault of shape becomes a finding.
    pub fn document<T: DeserializeOwned + JsonSchema>(&mut self) -> Option<T> {
        self.part(&Path::default())
    }

    /// Decodes the value at a path, such as a template that its own kind describes.
    pub fn part<T: DeserializeOwned + JsonSchema>(&mut self, at: &Path) -> Option<T> {
        decode(self.place, at).map_err(|findings| self.findings.extend(findings)).ok()
    }

    /// The node at a path, where the document has one.
    pub fn node(&self, path: &Path) -> Option<&'a Node> {
        self.place.root.at(path)
    }

    /// The text at a path of plain keys, such as an annotation.
    pub fn text(&self, path: &Path) -> Option<&'a str> {
        self.node(path).and_then(Node::text)
    }

    /// An annotation of the object.
    pub fn annotation(&self, name: &str) -> Option<&'a str> {
        self.text(&Path::of("metadata.annotations").key(name))
    }

    /// The whole document as JSON. Slow: for findings and rare kinds.
    pub fn json(&self) -> Value {
        self.place.root.to_json()
    }

    /// Takes a finding that has its place already.
    pub fn add(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    /// A finding that points at the value at a path.
    pub fn fault(
        &mut self,
        code: Code,
        path: &Path,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.findings.push(self.place.finding(code, path, message, help));
    }

    /// A finding that points at the key that a path ends in: the field itself is wrong here, or
    /// lacks something.
    pub fn fault_at_key(
        &mut self,
        code: Code,
        path: &Path,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        let finding = self.place.finding(code, path, message, help);
        self.findings.push(finding.at(self.place.key(path)));
    }

    /// Gives the last finding another weight than its code has.
    pub fn weigh_last(&mut self, severity: Severity) {
        if let Some(finding) = self.findings.last_mut() {
            finding.severity = severity;
        }
    }

    /// A required field that is not there; points at the mapping that lacks it.
    pub fn missing(&mut self, path: &Path, help: impl Into<String>) {
        let above = path.above();
        let finding =
            self.place.finding(Code::MissingField, path, format!("`{path}` is missing"), help);
        self.findings.push(finding.at(self.place.key(&above)));
    }

    /// Whether anything found so far is an error.
    pub fn has_errors(&self) -> bool {
        self.findings.iter().any(|finding| finding.severity == Severity::Error)
    }

    /// All that was found.
    pub fn into_findings(self) -> Vec<Finding> {
        self.findings
    }
}
