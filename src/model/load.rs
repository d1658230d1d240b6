//! Texts to manifests: every document that can be read, and everything that is wrong, at once.
//! Texts are read side by side; what comes out is the same whatever the number of threads.
//! Reads no file itself and does not yet ask what objects refer to.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use smol_str::SmolStr;

use crate::diag::{Code, FileId, Finding, Location, Sources, Span};

use super::assumed::Assumed;
use super::document::{Found, Reader, Scope};
use super::input::{How, Input, OriginFile};
use super::manifest::Manifest;
use super::parallel::{in_order, threads};
use super::yaml::{self, Document, Problem};
use super::{credentials, foreign, hidden, origin, project};

/// How long a part of a text is at least, in bytes: many parts to share out, and short enough that
/// the trees of one stay in the processor's cache until they are decoded.
const PART: usize = 128 * 1024;

/// What loading found.
#[derive(Default)]
pub struct Loaded {
    pub sources: Sources,
    pub manifests: Vec<Manifest>,
    pub findings: Vec<Finding>,
    /// The project's name, where a project file says it.
    pub project: Option<(String, Location)>,
}

/// Reads every input. `namespace` is where an object lives that does not say; `assumed` is what the
/// servers are taken to be.
pub fn load(inputs: Vec<Input>, namespace: &str, assumed: &Assumed) -> Loaded {
    Loader { scope: Scope { namespace, assumed }, threads: threads(), part: PART }.load(inputs)
}

/// The kinds that CRDs of the input declare for the whole cluster, as (group, kind).
pub fn cluster_kinds(manifests: &[Manifest]) -> BTreeSet<(SmolStr, SmolStr)> {
    let text = |manifest: &Manifest, at: &str| manifest.text(at).map(SmolStr::from);
    manifests
        .iter()
        .filter(|m| m.key.is("apiextensions.k8s.io", "CustomResourceDefinition"))
        .filter(|m| m.text("spec.scope") == Some("Cluster"))
        .filter_map(|m| Some((text(m, "spec.group")?, text(m, "spec.names.kind")?)))
        .collect()
}

/// How inputs are read.
struct Loader<'a> {
    scope: Scope<'a>,
    threads: usize,
    part: usize,
}

/// What a text is read as.
enum Use {
    /// Manifests; `found` says that it lay in a folder, where much else may lie.
    Manifests {
        found: bool,
    },
    Project,
    /// Another tool's: this is said of it, no more.
    Passed(Box<Finding>),
}

/// A text to read.
struct Text<'a> {
    file: FileId,
    text: &'a str,
    used: Use,
}

/// A part of a text, and whether it is all of it.
struct Part<'a> {
    of: &'a Text<'a>,
    range: Range<usize>,
    is_whole: bool,
}

impl Loader<'_> {
    fn load(&self, inputs: Vec<Input>) -> Loaded {
        let mut loaded = Loaded::default();
        let files: Vec<(FileId, Use)> =
            inputs.into_iter().filter_map(|input| loaded.input(input)).collect();
        let text = |(file, used)| Text { file, text: loaded.sources.text(file), used };
        let texts: Vec<Text<'_>> = files.into_iter().map(text).collect();
        let read = self.read(&texts);
        let most = read.values().flatten().map(|part| part.manifests.len()).sum();
        loaded.manifests.reserve_exact(most);
        read.into_iter().for_each(|(file, found)| loaded.take(file, found));
        loaded.hide_credentials(self.threads);
        let cluster_kinds = cluster_kinds(&loaded.manifests);
        for Manifest { key, .. } in &mut loaded.manifests {
            if cluster_kinds.iter().any(|(group, kind)| key.is(group, kind)) {
                key.namespace = None;
            }
        }
        loaded
    }

    /// Reads the parts of every text. A text with a part that does not read as it should is read
    /// again as a whole: what is wrong with it is said in the words of the whole.
    fn read(&self, texts: &[Text<'_>]) -> BTreeMap<FileId, Vec<Found>> {
        let parts: Vec<Part<'_>> = texts.iter().flat_map(|text| self.parts(text)).collect();
        let mut read: BTreeMap<FileId, Vec<Found>> = BTreeMap::new();
        let mut broken: BTreeSet<FileId> = BTreeSet::new();
        for (part, found) in parts.iter().zip(in_order(self.threads, &parts, |p| self.part(p))) {
            match found {
                Some(found) => read.entry(part.of.file).or_default().push(found),
                None => {
                    broken.insert(part.of.file);
                }
            }
        }
        let again: Vec<&Text<'_>> = texts.iter().filter(|t| broken.contains(&t.file)).collect();
        for (text, found) in again.iter().zip(in_order(self.threads, &again, |t| self.whole(t))) {
            read.insert(text.file, vec![found]);
        }
        read
    }

    fn parts<'a>(&self, text: &'a Text<'a>) -> Vec<Part<'a>> {
        let ranges = yaml::parts(text.text, self.part);
        let is_whole = ranges.len() == 1;
        ranges.into_iter().map(|range| Part { of: text, range, is_whole }).collect()
    }

    fn part(&self, part: &Part<'_>) -> Option<Found> {
        if part.is_whole {
            return Some(self.whole(part.of));
        }
        let Use::Manifests { .. } = part.of.used else { return None };
        let documents = yaml::part(part.of.text, part.range.clone())?;
        // Whether a text is of manifests at all is a question about the whole of it.
        let is_ordinary = documents.first().is_some_and(foreign::has_head);
        is_ordinary.then(|| self.found(part.of, documents, Vec::new()))
    }

    fn whole(&self, text: &Text<'_>) -> Found {
        let (documents, problems) = yaml::documents(text.text);
        let note = match &text.used {
            Use::Passed(note) => Some(((**note).clone(), foreign::first_line(text.text))),
            Use::Manifests { found } => foreign::note(text.text, &documents, &problems, *found),
            Use::Project => foreign::note(text.text, &documents, &problems, false),
        };
        let Some((note, span)) = note else { return self.found(text, documents, problems) };
        Found {
            hidden: hidden::spans(text.text, &documents, !problems.is_empty()),
            findings: vec![note.at(Location { file: text.file, span })],
            ..Found::default()
        }
    }

    fn found(&self, of: &Text<'_>, documents: Vec<Document>, problems: Vec<Problem>) -> Found {
        let &Text { file, text, .. } = of;
        let hidden = hidden::spans(text, &documents, !problems.is_empty());
        let finding = |problem: Problem| {
            let at = Location { file, span: problem.span };
            Finding::new(problem.code, problem.message, problem.help).at(at)
        };
        let findings = problems.into_iter().map(finding).collect();
        // A manifest is large to move, and most documents are one.
        let manifests = Vec::with_capacity(documents.len());
        let found = Found { manifests, hidden, findings, ..Found::default() };
        let mut reader = Reader { scope: self.scope, file, text, found };
        for root in documents.into_iter().filter_map(|document| document.root) {
            match of.used {
                Use::Project => reader.project_file(&root),
                _ => reader.document(root),
            }
        }
        reader.found
    }
}

impl Loaded {
    /// Takes the text of an input in, and says how it is to be read.
    fn input(&mut self, input: Input) -> Option<(FileId, Use)> {
        let bytes = match input.content {
            Ok(bytes) => bytes,
            Err(finding) => {
                self.findings.push(*finding);
                return None;
            }
        };
        let text = match String::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => {
                self.not_utf8(&input.name, &error, &input.how);
                return None;
            }
        };
        let is_project = input.name.rsplit(['/', '\\']).next() == Some(project::FILE_NAME);
        let file = self.text(input.name, text);
        let used = match input.how {
            How::Passed(note) => Use::Passed(note),
            How::Built { folder, files } => {
                self.origins(file, &folder, files);
                Use::Manifests { found: false }
            }
            _ if is_project => Use::Project,
            How::Named => Use::Manifests { found: false },
            How::Found => Use::Manifests { found: true },
        };
        Some((file, used))
    }

    fn text(&mut self, name: String, mut text: String) -> FileId {
        if text.starts_with('\u{feff}') {
            text.remove(0);
        }
        self.sources.add(name, text)
    }

    /// Hides credentials, once nothing is read from the texts any more.
    fn hide_credentials(&mut self, threads: usize) {
        let files: Vec<FileId> = self.sources.files().collect();
        let found = in_order(threads, &files, |f| credentials::spans(self.sources.text(*f)));
        for (file, spans) in files.into_iter().zip(found) {
            let places = spans.into_iter().map(|span| Location { file, span });
            places.for_each(|at| self.sources.hide_secret(at));
        }
        self.sources.scrub(&mut self.findings);
    }

    /// Notes where what kustomize built comes from.
    fn origins(&mut self, built: FileId, folder: &str, files: Vec<OriginFile>) {
        let mut read = origin::Files::of(folder);
        for file in files {
            let id = self.text(file.name.clone(), file.text.clone());
            let (documents, problems) = yaml::documents(self.sources.text(id));
            let hidden = hidden::spans(self.sources.text(id), &documents, !problems.is_empty());
            hidden.into_iter().for_each(|span| self.sources.hide(Location { file: id, span }));
            read.add(id, &file, documents);
        }
        let (documents, _) = yaml::documents(self.sources.text(built));
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

    /// Takes in what the parts of a text hold.
    fn take(&mut self, file: FileId, parts: Vec<Found>) {
        let mut findings = Vec::new();
        for part in parts {
            part.hidden.into_iter().for_each(|span| self.sources.hide(Location { file, span }));
            findings.extend(part.findings);
            self.manifests.extend(part.manifests);
            part.names.into_iter().for_each(|(name, at)| self.named(name, at));
        }
        foreign::once(&mut findings);
        self.findings.extend(findings);
    }

    /// Takes the project's name; a second project among the inputs is an error.
    fn named(&mut self, name: String, at: Location) {
        match &self.project {
            Some((first, place)) if *first != name => {
                let message = format!("the inputs belong to two projects, `{first}` and `{name}`");
                let help = "plan one at a time, or say --project with one project file alone";
                let finding =
                    Finding::new(Code::DuplicateObject, message, help).at(at).path("name");
                self.findings.push(finding.related(*place, "the other project"));
            }
            _ => self.project = Some((name, at)),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Documents in order and not; each is put after a `---`.
    const DOCUMENTS: &[&str] = &[
        "apiVersion: v1\nkind: Service\nmetadata: {name: a}\n",
        "apiVersion: v1\nkind: Secret\nmetadata: {name: b}\nstringData: {p: hunter2}\n",
        "apiVersion: messaging.knative.dev/v1\nkind: Channel\nmetadata:\n  name: c\nspec: {x: 1}\n",
        "apiVersion: messaging.knative.dev/v1\nkind: Subscription\nmetadata: {name: d}\n",
        "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Pod, metadata: {name: e}}\n",
        "apiVersion: x/v1\nkind: A\nmetadata: &m {name: f}\nspec: *m\n",
        "kind: A\nkind: B\n",
        "just: data\n",
        "text: |\n  a\n  ---\n",
        "{{ template }}\n",
        "a: [\n",
        "\n",
        "...\n",
        "\"open\n",
    ];

    fn texts() -> impl Strategy<Value = Vec<String>> {
        let index = prop_oneof![4 => 0..6usize, 1 => 0..DOCUMENTS.len()];
        let text = proptest::collection::vec(index, 0..6)
            .prop_map(|all| all.iter().map(|at| DOCUMENTS[*at]).collect::<Vec<_>>().join("---\n"));
        proptest::collection::vec(text, 1..6)
    }

    fn read(threads: usize, part: usize, texts: &[String]) -> String {
        let assumed = Assumed::default();
        let scope = Scope { namespace: "default", assumed: &assumed };
        let input = |(number, text): (usize, &String)| Input {
            how: if number % 2 == 0 { How::Found } else { How::Named },
            ..Input::named(format!("{number}.yaml"), Ok(text.clone().into()))
        };
        let inputs = texts.iter().enumerate().map(input).collect();
        let loaded = Loader { scope, threads, part }.load(inputs);
        let shown = (0..).take(texts.len()).map(|file| loaded.sources.text(FileId(file)));
        let shown: Vec<_> = shown.collect();
        assert!(!shown.concat().contains("hunter2"), "{texts:?}");
        format!("{:#?}\n{:#?}\n{shown:#?}", loaded.manifests, loaded.findings)
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn threads_and_parts_change_nothing(texts in texts()) {
            let one = read(1, usize::MAX, &texts);
            prop_assert_eq!(&read(3, usize::MAX, &texts), &one);
            prop_assert_eq!(&read(1, 1, &texts), &one);
            prop_assert_eq!(&read(4, 1, &texts), &one);
        }
    }
}
