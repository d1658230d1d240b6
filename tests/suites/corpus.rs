//! What people wrote: every document of the corpus loads, and what evctl says to it is in
//! tests/golden/corpus.findings, one line each, read against the facts. So does every manifest that
//! the seeds show. `UPDATE_EXPECT=1` writes the file. The documents themselves are never copied.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use evctl::diag::{self, Code};
use evctl::model::manifest::Typed;
use evctl::model::{self, Assumed, Input, yaml};
use evctl::topology::resolve;
use libtest_mimic::Trial;

use super::load_target;
use crate::servers::{Need, lookup, trial};

pub(super) fn trials() -> Vec<Trial> {
    vec![
        trial("corpus::every_document_loads", &[Need::Data], every_document_loads),
        trial("corpus::every_finding_is_known", &[Need::Data], every_finding_is_known),
    ]
}

/// A file of the corpus, or the manifests of a seed document at their own lines.
pub(super) struct Text {
    pub(super) name: String,
    text: String,
}

pub(super) fn texts() -> Vec<Text> {
    let data = lookup::data().unwrap();
    let mut files = Vec::new();
    collect(&data.join("corpus"), &mut files);
    let mut texts: Vec<Text> = files
        .iter()
        .map(|file| Text {
            name: file.strip_prefix(&data).unwrap().to_string_lossy().into_owned(),
            text: std::fs::read_to_string(file).unwrap(),
        })
        .collect();
    assert!(texts.len() >= 20, "only {} files", texts.len());
    let mut seeds = Vec::new();
    if let Some(folder) = data.parent().map(|above| above.join("seeds")).filter(|f| f.is_dir()) {
        collect(&folder, &mut seeds);
    }
    for file in seeds {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let text = manifests_of(&std::fs::read_to_string(&file).unwrap());
        if !text.trim().is_empty() {
            texts.push(Text { name: format!("seeds/{name}"), text });
        }
    }
    texts
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            collect(&path, files);
        } else {
            files.push(path);
        }
    }
}

/// The fenced YAML of a document that names a kind, every line where it was.
fn manifests_of(document: &str) -> String {
    let mut out = String::new();
    let mut block: Option<String> = None;
    for line in document.lines() {
        let fence = line.trim_start().starts_with("```");
        match &mut block {
            None => {
                block = (fence && line.trim_start().starts_with("```yaml")).then(String::new);
                // A fence stands where the next document may begin.
                out += if block.is_some() { "---\n" } else { "\n" };
            }
            Some(text) if fence => {
                let names_kind = text.lines().any(|line| line.starts_with("kind:"));
                let blank = "\n".repeat(text.lines().count());
                out += if names_kind { text } else { &blank };
                out.push('\n');
                block = None;
            }
            Some(text) => *text += &format!("{line}\n"),
        }
    }
    out
}

pub(super) fn load(text: &Text) -> model::Loaded {
    let content = Ok(text.text.clone().into_bytes());
    let input = Input::named(text.name.clone(), content);
    model::load(vec![input], "default", &Assumed::default())
}

fn every_document_loads() {
    for text in texts() {
        for part in yaml::parts(&text.text, 1) {
            load_target::reading(&text.text[part]);
        }
        let loaded = load(&text);
        let documents = text.text.lines().filter(|line| line.starts_with("kind:")).count();
        assert_eq!(loaded.manifests.len(), documents, "{}", text.name);
        let unread = loaded.findings.iter().find(|f| matches!(f.code, Code::YamlSyntax));
        assert_eq!(unread, None, "{}", text.name);
    }
}

fn every_finding_is_known() {
    let mut found = String::new();
    for text in texts() {
        let mut loaded = load(&text);
        let resolved = resolve(&loaded.manifests, &Assumed::default());
        loaded.findings.extend(resolved.findings);
        loaded.findings.extend(resolved.dangling.into_iter().map(|(_, finding)| finding));
        diag::sort(&mut loaded.findings);
        let broken = loaded.manifests.iter().filter(|m| matches!(m.typed, Typed::Broken)).count();
        let (name, count) = (&text.name, loaded.manifests.len());
        let faulty = if broken == 0 { String::new() } else { format!(", {broken} broken") };
        writeln!(found, "{name}: {count} objects{faulty}").unwrap();
        for finding in &loaded.findings {
            let at = finding.at.expect("every finding on a text has a place");
            let place = loaded.sources.position(at.file, at.span.start);
            let (line, column) = (place.line, place.column);
            let (severity, code) = (finding.severity.word(), finding.code.name());
            writeln!(found, "  {line}:{column} {severity} {code}: {}", finding.message).unwrap();
        }
    }
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/corpus.findings");
    if std::env::var("UPDATE_EXPECT").is_ok() {
        std::fs::write(file, &found).unwrap();
        return;
    }
    let known = std::fs::read_to_string(file).unwrap();
    let diff = similar::TextDiff::from_lines(&known, &found);
    assert!(known == found, "{}", diff.unified_diff());
}
