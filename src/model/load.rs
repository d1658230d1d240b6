//! Texts to manifests: every document that can be read, and everything that is wrong, at once.
//! Texts are read side by side; what comes out is the same whatever the number of threads.
//! Reads no file itself and does not yet ask what objects refer to.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::diag::{Code, FileId, Finding, Location, Sources, Span};

use super::assumed::Assumed;
use super::document::{Found, Reader, Scope};
use super::manifest::Manifest;
use super::parallel::{in_order, threads};
use super::yaml::{self, Document, Problem};
use super::{hidden, project};

/// How long a part of a text is at least, in bytes: many parts to share out, and short enough that
/// the trees of one stay in the processor's cache until they are decoded.
const PART: usize = 128 * 1024;

/// A file's bytes, or why they could not be had.
#[derive(Debug, Clone)]
pub struct Input {
    /// How output calls it.
    pub name: String,
    pub content: Result<Vec<u8>, String>,
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

/// Reads every input. `namespace` is where an object lives that does not say; `assumed` is what the
/// servers are taken to be.
pub fn load(inputs: Vec<Input>, namespace: &str, assumed: &Assumed) -> Loaded {
    Loader { scope: Scope { namespace, assumed }, threads: threads(), part: PART }.load(inputs)
}

/// The kinds that CRDs of the input declare for the whole cluster, as (group, kind).
pub fn cluster_kinds(manifests: &[Manifest]) -> BTreeSet<(String, String)> {
    let text = |manifest: &Manifest, at: &str| manifest.text(at).map(str::to_owned);
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

/// A text to read.
struct Text<'a> {
    file: FileId,
    text: &'a str,
    is_project: bool,
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
        let files: Vec<(FileId, bool)> =
            inputs.into_iter().filter_map(|input| loaded.input(input)).collect();
        let text = |(file, is_project)| Text { file, text: loaded.sources.text(file), is_project };
        let texts: Vec<Text<'_>> = files.into_iter().map(text).collect();
        self.read(&texts).into_iter().for_each(|found| loaded.take(found));
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
    fn read(&self, texts: &[Text<'_>]) -> Vec<Found> {
        let parts: Vec<Part<'_>> = texts.iter().flat_map(|text| self.parts(text)).collect();
        let read = in_order(self.threads, &parts, |part| self.part(part));
        let mut by_text: BTreeMap<FileId, Option<Vec<Found>>> = BTreeMap::new();
        for (part, found) in parts.iter().zip(read) {
            let all = by_text.entry(part.of.file).or_insert_with(|| Some(Vec::new()));
            *all = all.take().zip(found).map(|(mut all, found)| {
                all.push(found);
                all
            });
        }
        let again: Vec<&Text<'_>> =
            texts.iter().filter(|text| matches!(by_text.get(&text.file), Some(None))).collect();
        for (text, found) in again.iter().zip(in_order(self.threads, &again, |text| self.whole(text))) {
            by_text.insert(text.file, Some(vec![found]));
        }
        by_text.into_values().flatten().flatten().collect()
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
        let documents = yaml::part(part.of.text, part.range.clone())?;
        Some(self.found(part.of, documents, Vec::new()))
    }

    fn whole(&self, text: &Text<'_>) -> Found {
        let (documents, problems) = yaml::documents(text.text);
        self.found(text, documents, problems)
    }

    fn found(&self, of: &Text<'_>, documents: Vec<Document>, problems: Vec<Problem>) -> Found {
        let &Text { file, text, is_project } = of;
        let at = |span| Location { file, span };
        let hidden = hidden::spans(text, &documents, !problems.is_empty());
        let finding = |problem: Problem| {
            Finding::new(problem.code, problem.message, problem.help).at(at(problem.span))
        };
        let found = Found {
            findings: problems.into_iter().map(finding).collect(),
            hidden: hidden.into_iter().map(at).collect(),
            ..Found::default()
        };
        let mut reader = Reader { scope: self.scope, file, text, found };
        reader.documents(documents, is_project);
        reader.found
    }
}

impl Loaded {
    /// Takes the text of an input in; gives its file, and whether that is a project file.
    fn input(&mut self, input: Input) -> Option<(FileId, bool)> {
        let bytes = match input.content {
            Ok(bytes) => bytes,
            Err(why) => {
                let message = format!("`{}` cannot be read: {why}", input.name);
                let help = "name a file or folder that is there and that you may read";
                self.findings.push(Finding::new(Code::UnreadableFile, message, help));
                return None;
            }
        };
        let mut text = match String::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => {
                self.not_utf8(&input.name, &error);
                return None;
            }
        };
        if text.starts_with('\u{feff}') {
            text.remove(0);
        }
        let is_project = input.name.rsplit(['/', '\\']).next() == Some(project::FILE_NAME);
        Some((self.sources.add(input.name, text), is_project))
    }

    fn not_utf8(&mut self, name: &str, error: &std::string::FromUtf8Error) {
        let at = error.utf8_error().valid_up_to();
        let byte = error.as_bytes().get(at).copied().unwrap_or_default();
        let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
        let end = at + text[at..].chars().next().map_or(0, char::len_utf8);
        let file = self.sources.add(name, text);
        for span in hidden::spans(self.sources.text(file), &[], true) {
            self.sources.hide(Location { file, span });
        }
        let message = format!("the file is not UTF-8 text: byte {at} is 0x{byte:02x}");
        let help = "save it as UTF-8 (`iconv -t UTF-8`); none of it was read";
        self.findings.push(
            Finding::new(Code::NotUtf8, message, help)
                .at(Location { file, span: Span { start: at, end } }),
        );
    }

    fn take(&mut self, found: Found) {
        found.hidden.into_iter().for_each(|at| self.sources.hide(at));
        self.findings.extend(found.findings);
        self.manifests.extend(found.manifests);
        found.names.into_iter().for_each(|(name, at)| self.named(name, at));
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
