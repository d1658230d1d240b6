//! Texts to manifests: every document that can be read, and everything that is wrong, at once.
//! Reads no file itself and does not yet ask what objects refer to.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::diag::{Code, FileId, Finding, Location, Sources, Span};

use super::decode::{Place, decode};
use super::envelope::{Document, Envelope};
use super::foreign;
use super::hidden;
use super::input::{How, Input, OriginFile};
use super::knative::messaging::{self, ChannelSpec, SubscriptionSpec};
use super::list;
use super::natsjs::{self, NatsJetStreamChannelSpec};
use super::object::{ObjectKey, group_of, is_cluster_scoped, version_of};
use super::origin;
use super::path::Path;
use super::project::{self, Project};
use super::yaml::{self, Node};

/// One document that names an object.
#[derive(Debug, Clone)]
pub struct Manifest {
    pub key: ObjectKey,
    pub api_version: String,
    pub file: FileId,
    /// The tree that findings point into.
    pub root: Node,
    /// The object as it would be sent, nulls left out.
    pub body: Value,
    pub typed: Typed,
}

/// What evctl understands of a manifest.
#[derive(Debug, Clone)]
pub enum Typed {
    NatsJetStreamChannel(Box<NatsJetStreamChannelSpec>),
    Channel(Box<ChannelSpec>),
    Subscription(Box<SubscriptionSpec>),
    /// A kind that passes through: planned as it stands, and a possible sink.
    Other,
    /// A known kind whose document has faults of shape. It can be referred to, and nothing more.
    Broken,
}

impl Manifest {
    /// The tree with its file.
    pub fn place(&self) -> Place<'_> {
        Place { file: self.file, root: &self.root }
    }

    /// Where the object says its name: what a finding about the whole of it points at.
    pub fn name_location(&self) -> Location {
        self.place().value(&Path::of("metadata.name"))
    }
}

/// What loading found.
#[derive(Default)]
pub struct Loaded {
    pub sources: Sources,
    pub manifests: Vec<Manifest>,
    pub findings: Vec<Finding>,
    /// The project's name, where a project file says it.
    pub project: Option<(String, Location)>,
}

/// Reads every input. `namespace` is where an object lives that does not say.
pub fn load(inputs: Vec<Input>, namespace: &str) -> Loaded {
    let mut loaded = Loaded::default();
    for input in inputs {
        loaded.input(input, namespace);
    }
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
        manifest.body.pointer(at).and_then(Value::as_str).map(str::to_owned)
    };
    manifests
        .iter()
        .filter(|m| m.key.is("apiextensions.k8s.io", "CustomResourceDefinition"))
        .filter(|m| text(m, "/spec/scope").as_deref() == Some("Cluster"))
        .filter_map(|m| Some((text(m, "/spec/group")?, text(m, "/spec/names/kind")?)))
        .collect()
}

impl Loaded {
    fn input(&mut self, input: Input, namespace: &str) {
        let bytes = match input.content {
            Ok(bytes) => bytes,
            Err(finding) => return self.findings.push(*finding),
        };
        let text = match String::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => return self.not_utf8(&input.name, &error, &input.how),
        };
        let (file, documents, problems) = self.text(&input.name, text);
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
        roots.for_each(|root| self.document(file, root, namespace));
        foreign::once(&mut self.findings, before);
    }

    /// Takes a text in: its documents, what is wrong with it, and no secret of it in the open.
    fn text(
        &mut self,
        name: &str,
        text: String,
    ) -> (FileId, Vec<yaml::Document>, Vec<yaml::Problem>) {
        let marked = text.strip_prefix('\u{feff}').map(str::to_owned);
        let file = self.sources.add(name, marked.unwrap_or(text));
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
            let (id, documents, _) = self.text(&file.name, file.text.clone());
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
        let file = self.sources.add(name, text);
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
        let place = Place { file, root };
        match decode::<Project>(place, &Path::default(), &root.to_json()) {
            Ok(project) => self.named(project.name.as_str(), place.value(&Path::of("name"))),
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

    fn document(&mut self, file: FileId, root: Node, namespace: &str) {
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
            return items.into_iter().for_each(|item| self.item(file, item, namespace));
        }
        self.manifest(file, root, namespace);
    }

    /// An item of a list: another list, or an object and nothing else.
    fn item(&mut self, file: FileId, root: Node, namespace: &str) {
        if root.get("apiVersion").is_none() && root.get("kind").is_none() {
            return self.manifest(file, root, namespace);
        }
        self.document(file, root, namespace);
    }

    fn manifest(&mut self, file: FileId, root: Node, namespace: &str) {
        let body = root.to_json();
        let place = Place { file, root: &root };
        let envelope = match decode::<Envelope>(place, &Path::default(), &body) {
            Ok(envelope) => envelope,
            Err(findings) => return self.findings.extend(findings),
        };
        let text = |key: &str| root.get(key).and_then(Node::text).unwrap_or_default().to_owned();
        let (api_version, kind) = (text("apiVersion"), text("kind"));
        let group = group_of(&api_version).to_owned();
        let said = envelope.metadata.namespace.map(|namespace| namespace.as_str().to_owned());
        let namespace = if is_cluster_scoped(&group, &kind) {
            None
        } else {
            Some(said.unwrap_or_else(|| namespace.to_owned()))
        };
        let key =
            ObjectKey { group, kind, namespace, name: envelope.metadata.name.as_str().to_owned() };
        let (typed, mut findings) = typed(place, &key, &api_version, &body);
        if key.is("", "Secret") {
            findings.extend(hidden::faults(place));
        }
        self.findings.extend(findings.into_iter().map(|finding| finding.object(key.to_string())));
        self.manifests.push(Manifest { key, api_version, file, root, body, typed });
    }
}

/// Decodes a manifest by its kind.
fn typed(
    place: Place<'_>,
    key: &ObjectKey,
    api_version: &str,
    body: &Value,
) -> (Typed, Vec<Finding>) {
    let served = match (key.group.as_str(), key.kind.as_str()) {
        (messaging::GROUP, "Channel" | "Subscription") => "v1",
        (messaging::GROUP, natsjs::KIND) => "v1alpha1",
        _ => return (Typed::Other, Vec::new()),
    };
    if version_of(api_version) != served {
        let message = format!("{} is not served as `{api_version}`", key.kind);
        let help = format!("write apiVersion: {}/{served}", key.group);
        let finding = place.finding(Code::UnservedVersion, &Path::of("apiVersion"), message, help);
        return (Typed::Broken, vec![finding]);
    }
    let decoded = match key.kind.as_str() {
        "Channel" => spec::<ChannelSpec>(place, body, false)
            .map(|spec| Typed::Channel(Box::new(spec.unwrap_or_default()))),
        "Subscription" => spec::<SubscriptionSpec>(place, body, true)
            .map(|spec| spec.map_or(Typed::Broken, |spec| Typed::Subscription(Box::new(spec)))),
        _ => spec::<NatsJetStreamChannelSpec>(place, body, false)
            .map(|spec| Typed::NatsJetStreamChannel(Box::new(spec.unwrap_or_default()))),
    };
    decoded.map_or_else(|findings| (Typed::Broken, findings), |typed| (typed, Vec::new()))
}

fn spec<S>(place: Place<'_>, body: &Value, required: bool) -> Result<Option<S>, Vec<Finding>>
where
    S: serde::de::DeserializeOwned + schemars::JsonSchema,
{
    let document: Document<S> = decode(place, &Path::default(), body)?;
    if required && document.spec.is_none() {
        let finding =
            place.finding(Code::MissingField, &Path::of("spec"), "`spec` is missing", "add it");
        return Err(vec![finding.at(place.value(&Path::of("kind")))]);
    }
    Ok(document.spec)
}

fn first_line_end(sources: &Sources, file: FileId, span: Span) -> usize {
    let text = &sources.text(file)[span.start..span.end];
    span.start + text.find('\n').unwrap_or(text.len())
}
