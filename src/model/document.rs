//! One document to a manifest, or to what is wrong with it. Reads no text, and knows no other
//! document.

use crate::diag::{Code, FileId, Finding, Location, Span};

use super::assumed::Assumed;
use super::decode::{Place, decode};
use super::envelope::Envelope;
use super::manifest::{Manifest, Typed};
use super::natsjs::proposal;
use super::object::{ObjectKey, group_of, is_cluster_scoped, version_of};
use super::path::Path;
use super::project::{self, Project};
use super::reading::Reading;
use super::yaml::Node;
use super::{hidden, kinds, list};

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
    pub hidden: Vec<Span>,
}

/// Reads the documents of one text, one after the other.
pub(super) struct Reader<'a> {
    pub scope: Scope<'a>,
    pub file: FileId,
    pub text: &'a str,
    pub found: Found,
}

impl Reader<'_> {
    pub(super) fn project_file(&mut self, root: &Node) {
        self.found.hidden.extend(project::secrets(root));
        let place = Place { file: self.file, root };
        match decode::<Project>(place, &Path::default()) {
            Ok(project) => {
                self.found.findings.extend(project::check(&project, place));
                let at = place.value(&Path::of("name"));
                self.found.names.push((project.name.as_str().to_owned(), at));
            }
            Err(findings) => self.found.findings.extend(findings),
        }
    }

    pub(super) fn document(&mut self, root: Node) {
        if is_headless(&root) {
            return self.no_manifest(&root);
        }
        let place = Place { file: self.file, root: &root };
        if let Some((message, help)) = skipped(&root) {
            let finding = place.finding(Code::SkippedKind, &Path::of("kind"), message, help);
            return self.found.findings.push(finding);
        }
        if list::is_list(&root) {
            let (items, findings) = list::items(place);
            self.found.findings.extend(findings);
            return items.into_iter().for_each(|item| self.item(item));
        }
        self.manifest(root);
    }

    /// An item of a list: another list, or an object and nothing else.
    fn item(&mut self, root: Node) {
        if is_headless(&root) {
            return self.manifest(root);
        }
        self.document(root);
    }

    fn no_manifest(&mut self, root: &Node) {
        let Span { start, end } = root.span;
        let text = self.text.get(start..end).unwrap_or_default();
        let end = start + text.find('\n').unwrap_or(text.len());
        let message = "this document has neither apiVersion nor kind, so it is no manifest";
        let help = "passed over; add both, or keep it out of the folder";
        let finding = Finding::new(Code::NotAManifest, message, help);
        self.found
            .findings
            .push(finding.at(Location { file: self.file, span: Span { start, end } }));
    }

    fn manifest(&mut self, mut root: Node) {
        let rewritten = proposal::rewrite(self.file, &mut root);
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
        let key = ObjectKey {
            group: group.into(),
            kind: kind.into(),
            namespace: namespace.map(Into::into),
            name: envelope.metadata.name.as_str().into(),
        };
        let (typed, mut findings) = typed(place, &key, &api_version, self.scope, self.text);
        findings.extend(rewritten);
        if key.is("", "Secret") {
            findings.extend(hidden::faults(place));
        }
        self.found
            .findings
            .extend(findings.into_iter().map(|finding| finding.object(key.to_string())));
        self.found.manifests.push(Manifest::new(key, api_version, self.file, root, typed));
    }
}

fn is_headless(root: &Node) -> bool {
    root.get("apiVersion").is_none() && root.get("kind").is_none()
}

/// Why a document is nothing to plan and what to do, where evctl knows that of its group.
fn skipped(root: &Node) -> Option<(String, &'static str)> {
    let text = |key: &str| root.get(key).and_then(Node::text).unwrap_or_default();
    let kind = text("kind");
    match group_of(text("apiVersion")) {
        "kustomize.config.k8s.io" => Some((
            format!("a {kind} is for kustomize, which does not run here"),
            "passed over; -k and its folder give evctl what kustomize makes of it",
        )),
        "evctl.dev" => Some((
            format!("a {kind} of evctl itself is nothing to plan"),
            "passed over; keep saved worlds and reports out of the folder",
        )),
        _ => None,
    }
}

/// Decodes a manifest by its kind.
fn typed(
    place: Place<'_>,
    key: &ObjectKey,
    api_version: &str,
    scope: Scope<'_>,
    text: &str,
) -> (Typed, Vec<Finding>) {
    let version = version_of(api_version);
    let mut rows = kinds::versions(&key.group, &key.kind).peekable();
    if rows.peek().is_none() && !api_version.contains('/') && api_version.contains('.') {
        let message = format!("`{api_version}` is a group without a version");
        let help = format!("write apiVersion: {api_version}/v1, or the version that you mean");
        let path = Path::of("apiVersion");
        return (Typed::Broken, vec![place.finding(Code::InvalidValue, &path, message, help)]);
    }
    if rows.peek().is_none() {
        let near = kinds::near(&key.group, &key.kind);
        return (Typed::Other, near.map(|near| unknown(place, key, near)).into_iter().collect());
    }
    let Some(row) = rows.find(|row| row.version == version) else {
        return (Typed::Broken, vec![unserved(place, key, api_version)]);
    };
    let mut reading = Reading::new(place, key, api_version, scope.assumed).of(text);
    let typed = (row.read)(&mut reading).unwrap_or(Typed::Broken);
    (typed, reading.into_findings())
}

fn unknown(place: Place<'_>, key: &ObjectKey, near: &str) -> Finding {
    let message = format!("{} has no kind `{}` that evctl knows", key.group, key.kind);
    let help = format!("did you mean `{near}`?");
    place.finding(Code::UnknownKind, &Path::of("kind"), message, help)
}

fn unserved(place: Place<'_>, key: &ObjectKey, api_version: &str) -> Finding {
    let versions: Vec<String> = kinds::versions(&key.group, &key.kind)
        .map(|row| format!("{}/{}", row.group, row.version))
        .collect();
    let message = format!("{} is not served as `{api_version}`", key.kind);
    let help = format!("write apiVersion: {}", versions.join(" or "));
    place.finding(Code::UnservedVersion, &Path::of("apiVersion"), message, help)
}
