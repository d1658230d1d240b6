//! One document to a manifest, or to what is wrong with it. Reads no text, and knows no other
//! document.

use crate::diag::{Code, FileId, Finding, Location, Span};

use super::assumed::Assumed;
use super::decode::{Place, decode};
use super::envelope::Envelope;
use super::manifest::{Manifest, Typed};
use super::object::{ObjectKey, group_of, is_cluster_scoped, version_of};
use super::path::Path;
use super::project::Project;
use super::reading::Reading;
use super::yaml::{self, Document, Node};
use super::{hidden, kinds};

/// What every document of a run is read by.
#[derive(Clone, Copy)]
pub(super) struct Scope<'a> {
    pub namespace: &'a str,
    pub assumed: &'a Assumed,
}

/// What the documents of one text, or of a part of it, hold.
#[derive(Default)]
pub(super) struct Found {
    pub manifests: Vec<Manifest>,
    pub findings: Vec<Finding>,
    /// What project files call the project.
    pub names: Vec<(String, Location)>,
    /// Where secrets stand.
    pub hidden: Vec<Location>,
}

/// Reads the documents of one text, one after the other.
pub(super) struct Reader<'a> {
    pub scope: Scope<'a>,
    pub file: FileId,
    pub text: &'a str,
    pub found: Found,
}

impl Reader<'_> {
    pub(super) fn documents(&mut self, documents: Vec<Document>, is_project: bool) {
        for root in documents.into_iter().filter_map(|document| document.root) {
            if is_project {
                self.project_file(&root);
            } else {
                self.document(root);
            }
        }
    }

    fn project_file(&mut self, root: &Node) {
        let place = Place { file: self.file, root };
        match decode::<Project>(place, &Path::default()) {
            Ok(project) => {
                let at = place.value(&Path::of("name"));
                self.found.names.push((project.name.as_str().to_owned(), at));
            }
            Err(findings) => self.found.findings.extend(findings),
        }
    }

    fn document(&mut self, root: Node) {
        if root.get("apiVersion").is_none() && root.get("kind").is_none() {
            return self.no_manifest(&root);
        }
        let text = |key: &str| root.get(key).and_then(Node::text).unwrap_or_default();
        let (api_version, kind) = (text("apiVersion"), text("kind"));
        let skipped = match group_of(api_version) {
            "kustomize.config.k8s.io" => Some((
                format!("a {kind} is for kustomize, which evctl does not run here"),
                "passed over; give evctl what `kustomize build` prints",
            )),
            "evctl.dev" => Some((
                format!("a {kind} of evctl itself is nothing to plan"),
                "passed over; keep saved worlds and reports out of the folder",
            )),
            _ => None,
        };
        if let Some((message, help)) = skipped {
            let place = Place { file: self.file, root: &root };
            self.found.findings.push(place.finding(Code::SkippedKind, &Path::of("kind"), message, help));
        } else if kind == "List" && api_version == "v1" {
            self.list(root);
        } else {
            self.manifest(root);
        }
    }

    fn no_manifest(&mut self, root: &Node) {
        let Span { start, end } = root.span;
        let text = self.text.get(start..end).unwrap_or_default();
        let end = start + text.find('\n').unwrap_or(text.len());
        let message = "this document has neither apiVersion nor kind, so it is no manifest";
        let help = "passed over; add both, or keep it out of the folder";
        let finding = Finding::new(Code::NotAManifest, message, help);
        self.found.findings.push(finding.at(Location { file: self.file, span: Span { start, end } }));
    }

    fn list(&mut self, root: Node) {
        let yaml::Value::Mapping(entries) = root.value else { return };
        for entry in entries.into_iter().filter(|entry| entry.key == "items") {
            if let yaml::Value::Sequence(items) = entry.value.value {
                for item in items {
                    self.document(item);
                }
            }
        }
    }

    fn manifest(&mut self, root: Node) {
        let place = Place { file: self.file, root: &root };
        let envelope = match decode::<Envelope>(place, &Path::default()) {
            Ok(envelope) => envelope,
            Err(findings) => return self.found.findings.extend(findings),
        };
        let text = |key: &str| root.get(key).and_then(Node::text).unwrap_or_default().to_owned();
        let (api_version, kind) = (text("apiVersion"), text("kind"));
        let group = group_of(&api_version).to_owned();
        let in_cluster = kinds::versions(&group, &kind).any(|row| row.cluster_scoped);
        let namespace = if is_cluster_scoped(&group, &kind) || in_cluster {
            None
        } else {
            let said = envelope.metadata.namespace.as_ref().map(|said| said.as_str());
            Some(said.unwrap_or(self.scope.namespace).to_owned())
        };
        let key =
            ObjectKey { group, kind, namespace, name: envelope.metadata.name.as_str().to_owned() };
        let (typed, mut findings) = typed(place, &key, &api_version, self.scope.assumed);
        if key.is("", "Secret") {
            findings.extend(hidden::faults(place));
        }
        self.found.findings.extend(findings.into_iter().map(|finding| finding.object(key.to_string())));
        self.found.manifests.push(Manifest::new(key, api_version, self.file, root, typed));
    }
}

/// Decodes a manifest by its kind.
fn typed(
    place: Place<'_>,
    key: &ObjectKey,
    api_version: &str,
    assumed: &Assumed,
) -> (Typed, Vec<Finding>) {
    let version = version_of(api_version);
    let mut rows = kinds::versions(&key.group, &key.kind).peekable();
    if rows.peek().is_none() {
        return (Typed::Other, Vec::new());
    }
    let Some(row) = rows.find(|row| row.version == version) else {
        return (Typed::Broken, vec![unserved(place, key, api_version)]);
    };
    let mut reading = Reading::new(place, key, api_version, assumed);
    let typed = (row.read)(&mut reading).unwrap_or(Typed::Broken);
    (typed, reading.into_findings())
}

fn unserved(place: Place<'_>, key: &ObjectKey, api_version: &str) -> Finding {
    let versions: Vec<String> = kinds::versions(&key.group, &key.kind)
        .map(|row| format!("{}/{}", row.group, row.version))
        .collect();
    let message = format!("{} is not served as `{api_version}`", key.kind);
    let help = format!("write apiVersion: {}", versions.join(" or "));
    place.finding(Code::UnservedVersion, &Path::of("apiVersion"), message, help)
}
