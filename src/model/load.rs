//! Texts to manifests: every document that can be read, and everything that is wrong, at once.
//! Reads no file itself and does not yet ask what objects refer to.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::diag::{Code, FileId, Finding, Location, Sources, Span};

use super::assumed::Assumed;
use super::decode::{Place, decode};
use super::envelope::Envelope;
use super::input::{How, Input, OriginFile};
use super::manifest::{Manifest, Typed};
use super::natsjs::proposal;
use super::object::{ObjectKey, group_of, is_cluster_scoped, version_of};
use super::origin;
use super::path::Path;
use super::project::{self, Project};
use super::reading::Reading;
use super::yaml::{self, Node};
use super::{credentials, foreign, hidden, kinds, list};

/// What every document of a run is read by.
#[derive(Clone, Copy)]
struct Scope<'a> {
    namespace: &'a str,
    assumed: &'a Assumed,
}

/// What loading found.
#[derive(Default)]
pub struct Loaded {
    pub sources: Sources,
    pub manifests: Vec<Manifest>,
    pub findings: Vec<Finding>,
    /// The project's name, where a project file says it.
    pub project: Option<(String, Location)>,
    /// Places that are hidden once nothing is read from the texts any more.
    credentials: Vec<(FileId, Span)>,
}

/// Reads every input. `namespace` is where an object lives that does not say; `assumed` is what the
/// servers are taken to be.
pub fn load(inputs: Vec<Input>, namespace: &str, assumed: &Assumed) -> Loaded {
    let mut loaded = Loaded::default();
    let scope = Scope { namespace, assumed };
    for input in inputs {
        loaded.input(input, scope);
    }
    for (file, span) in std::mem::take(&mut loaded.credentials) {
        loaded.sources.hide_secret(Location { file, span });
    }
    loaded.sources.scrub(&mut loaded.findings);
    let cluster_kinds = cluster_kinds(&loaded.manifests);
    for manifest in &mut loaded.manifests {
        if cluster_kinds.contains(&(manifest.key.group.clone(), manifest.key.kind.clone())) {
            manifest.key.namespace = None;
        }
    }
    loaded
}

/// The kinds that CRDs of the input declare for the whole cluster, as (group, kind).
pub fn cluster_kinds(manifests: &[Manifest]) -> BTreeSet<(String, String)> {
    let text = |manifest: &Manifest, at: &str| {
        manifest.body().pointer(at).and_then(Value::as_str).map(str::to_owned)
    };
    manifests
        .iter()
        .filter(|m| m.key.is("apiextensions.k8s.io", "CustomResourceDefinition"))
        .filter(|m| text(m, "/spec/scope").as_deref() == Some("Cluster"))
        .filter_map(|m| Some((text(m, "/spec/group")?, text(m, "/spec/names/kind")?)))
        .collect()
}

impl Loaded {
    fn input(&mut self, input: Input, scope: Scope<'_>) {
        let bytes = match input.content {
            Ok(bytes) => bytes,
            Err(finding) => return self.findings.push(*finding),
        };
        let text = match String::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => return self.not_utf8(&input.name, &error, &input.how),
        };
        let (file, documents, problems) = self.text(&input.name, &text);
        let found = match input.how {
            How::Passed(note) => {
                let span = foreign::first_line(self.sources.text(file));
                return self.findings.push(note.at(Location { file, span }));
            }
            How::Built { folder, files } => {
                self.origins(file, &folder, &documents, files);
                false
            }
            How::Named => false,
            How::Found => true,
        };
        let text = self.sources.text(file);
        if let Some((note, span)) = foreign::note(text, &documents, &problems, found) {
            return self.findings.push(note.at(Location { file, span }));
        }
        for problem in problems {
            let at = Location { file, span: problem.span };
            self.findings.push(Finding::new(problem.code, problem.message, problem.help).at(at));
        }
        let is_project = input.name.rsplit(['/', '\\']).next() == Some(project::FILE_NAME);
        let roots = documents.into_iter().filter_map(|document| document.root);
        if is_project {
            return roots.for_each(|root| self.project_file(file, &root));
        }
        let before = self.findings.len();
        roots.for_each(|root| self.document(file, root, scope));
        foreign::once(&mut self.findings, before);
    }

    /// Takes a text in: its documents, what is wrong with it, and no secret of it in the open.
    fn text(
        &mut self,
        name: &str,
        text: &str,
    ) -> (FileId, Vec<yaml::Document>, Vec<yaml::Problem>) {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let file = self.sources.add(name, text.to_owned());
        self.credentials.extend(credentials::spans(text).into_iter().map(|span| (file, span)));
        let (documents, problems) = yaml::documents(self.sources.text(file));
        for span in hidden::spans(self.sources.text(file), &documents, !problems.is_empty()) {
            self.sources.hide(Location { file, span });
        }
        (file, documents, problems)
    }

    /// Notes where what kustomize built comes from.
    fn origins(
        &mut self,
        built: FileId,
        folder: &str,
        documents: &[yaml::Document],
        files: Vec<OriginFile>,
    ) {
        let mut read = origin::Files::of(folder);
        for file in files {
            let (id, documents, _) = self.text(&file.name, &file.text);
            read.add(id, &file, documents);
        }
        for root in documents.iter().filter_map(|document| document.root.as_ref()) {
            read.trace(built, root, &mut self.sources.origins);
        }
    }

    fn not_utf8(&mut self, name: &str, error: &std::string::FromUtf8Error, how: &How) {
        let at = error.utf8_error().valid_up_to();
        let byte = error.as_bytes().get(at).copied().unwrap_or_default();
        let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
        let end = at + text[at..].chars().next().map_or(0, char::len_utf8);
        let credentials = credentials::spans(&text);
        let file = self.sources.add(name, text);
        self.credentials.extend(credentials.into_iter().map(|span| (file, span)));
        for span in hidden::spans(self.sources.text(file), &[], true) {
            self.sources.hide(Location { file, span });
        }
        let text = self.sources.text(file);
        if matches!(how, How::Found) && !foreign::speaks_of_kinds(text) {
            let (note, span) = foreign::no_manifest(text);
            return self.findings.push(note.at(Location { file, span }));
        }
        let message = format!("the file is not UTF-8 text: byte {at} is 0x{byte:02x}");
        let help = "save it as UTF-8 (`iconv -t UTF-8`); none of it was read";
        self.findings.push(
            Finding::new(Code::NotUtf8, message, help)
                .at(Location { file, span: Span { start: at, end } }),
        );
    }

    fn project_file(&mut self, file: FileId, root: &Node) {
        for span in project::secrets(root) {
            self.sources.hide(Location { file, span });
        }
        let place = Place { file, root };
        match decode::<Project>(place, &Path::default()) {
            Ok(project) => {
                self.findings.extend(project::check(&project, place));
                self.named(project.name.as_str(), place.value(&Path::of("name")));
            }
            Err(findings) => self.findings.extend(findings),
        }
    }

    /// Takes the project's name; a second project among the inputs is an error.
    fn named(&mut self, name: &str, at: Location) {
        match &self.project {
            Some((first, place)) if first != name => {
                let message = format!("the inputs belong to two projects, `{first}` and `{name}`");
                let help = "plan one at a time, or say --project with one project file alone";
                let finding =
                    Finding::new(Code::DuplicateObject, message, help).at(at).path("name");
                self.findings.push(finding.related(*place, "the other project"));
            }
            _ => self.project = Some((name.to_owned(), at)),
        }
    }

    fn document(&mut self, file: FileId, root: Node, scope: Scope<'_>) {
        let text = |key: &str| root.get(key).and_then(Node::text).unwrap_or_default().to_owned();
        let (api_version, kind) = (text("apiVersion"), text("kind"));
        let place = Place { file, root: &root };
        if root.get("apiVersion").is_none() && root.get("kind").is_none() {
            let span = Span {
                start: root.span.start,
                end: first_line_end(&self.sources, file, root.span),
            };
            let message = "this document has neither apiVersion nor kind, so it is no manifest";
            let help = "passed over; add both, or keep it out of the folder";
            let finding = Finding::new(Code::NotAManifest, message, help);
            self.findings.push(finding.at(Location { file, span }));
            return;
        }
        if group_of(&api_version) == "kustomize.config.k8s.io" {
            let message = format!("a {kind} is for kustomize, which does not run here");
            let help = "passed over; -k and its folder give evctl what kustomize makes of it";
            self.findings.push(place.finding(Code::SkippedKind, &Path::of("kind"), message, help));
            return;
        }
        if group_of(&api_version) == "evctl.dev" {
            let message = format!("a {kind} of evctl itself is nothing to plan");
            let help = "passed over; keep saved worlds and reports out of the folder";
            self.findings.push(place.finding(Code::SkippedKind, &Path::of("kind"), message, help));
            return;
        }
        if list::is_list(&root) {
            let (items, findings) = list::items(place);
            self.findings.extend(findings);
            return items.into_iter().for_each(|item| self.item(file, item, scope));
        }
        self.manifest(file, root, scope);
    }

    /// An item of a list: another list, or an object and nothing else.
    fn item(&mut self, file: FileId, root: Node, scope: Scope<'_>) {
        if root.get("apiVersion").is_none() && root.get("kind").is_none() {
            return self.manifest(file, root, scope);
        }
        self.document(file, root, scope);
    }

    fn manifest(&mut self, file: FileId, mut root: Node, scope: Scope<'_>) {
        let rewritten = proposal::rewrite(file, &mut root);
        let place = Place { file, root: &root };
        let envelope = match decode::<Envelope>(place, &Path::default()) {
            Ok(envelope) => envelope,
            Err(findings) => return self.findings.extend(findings),
        };
        let text = |key: &str| root.get(key).and_then(Node::text).unwrap_or_default().to_owned();
        let (api_version, kind) = (text("apiVersion"), text("kind"));
        let group = group_of(&api_version).to_owned();
        let said = envelope.metadata.namespace.map(|namespace| namespace.as_str().to_owned());
        let in_cluster = kinds::versions(&group, &kind).any(|row| row.cluster_scoped);
        let namespace = if is_cluster_scoped(&group, &kind) || in_cluster {
            None
        } else {
            Some(said.unwrap_or_else(|| scope.namespace.to_owned()))
        };
        let key =
            ObjectKey { group, kind, namespace, name: envelope.metadata.name.as_str().to_owned() };
        let text = self.sources.text(file);
        let (typed, mut findings) = typed(place, &key, &api_version, scope.assumed, text);
        findings.extend(rewritten);
        if key.is("", "Secret") {
            findings.extend(hidden::faults(place));
        }
        self.findings.extend(findings.into_iter().map(|finding| finding.object(key.to_string())));
        self.manifests.push(Manifest::new(key, api_version, file, root, typed));
    }
}

/// Decodes a manifest by its kind.
fn typed(
    place: Place<'_>,
    key: &ObjectKey,
    api_version: &str,
    assumed: &Assumed,
    text: &str,
) -> (Typed, Vec<Finding>) {
    let version = version_of(api_version);
    let mut rows = kinds::versions(&key.group, &key.kind).peekable();
    if rows.peek().is_none() {
        let near = kinds::near(&key.group, &key.kind);
        return (Typed::Other, near.map(|near| unknown(place, key, near)).into_iter().collect());
    }
    let Some(row) = rows.find(|row| row.version == version) else {
        return (Typed::Broken, vec![unserved(place, key, api_version)]);
    };
    let mut reading = Reading::new(place, key, api_version, assumed).of(text);
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

fn first_line_end(sources: &Sources, file: FileId, span: Span) -> usize {
    let text = &sources.text(file)[span.start..span.end];
    span.start + text.find('\n').unwrap_or(text.len())
}
