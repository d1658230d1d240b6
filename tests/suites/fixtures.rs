//! Fixtures: YAML files whose comments say which findings they must give, and where.
//!
//! ```yaml
//! kind: Trigger
//! channel: ordes
//! #        ^^^^^ dangling-reference: nothing declares …
//! ```
//!
//! The comments are valid YAML, so the file is read without them and they are written again from
//! what was found; any difference fails. `UPDATE_EXPECT=1` writes the files.

use std::path::{Path, PathBuf};

use evctl::diag::{self, Finding, Sources};
use evctl::model::{self, Assumed, Input};
use evctl::plan::preflight::offline;
use evctl::topology::resolve;
use libtest_mimic::Trial;

pub(super) fn trials() -> Vec<Trial> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "yaml"));
    files.sort();
    assert!(!files.is_empty());
    files
        .into_iter()
        .map(|file| {
            let name = format!("fixtures::{}", file.file_stem().unwrap().to_string_lossy());
            Trial::test(name, move || {
                check(&file);
                Ok(())
            })
        })
        .collect()
}

/// A fixture's YAML without its marks.
pub(crate) fn bare(text: &str) -> String {
    text.split_inclusive('\n').filter(|line| !is_mark(line)).collect()
}

fn check(file: &Path) {
    let text = std::fs::read_to_string(file).unwrap();
    let bare = bare(&text);
    let (sources, findings) = findings(&bare);
    let marked = marked(&bare, &sources, &findings);
    if std::env::var("UPDATE_EXPECT").is_ok() {
        std::fs::write(file, &marked).unwrap();
        return;
    }
    assert!(
        text == marked,
        "{}:\n{}",
        file.display(),
        similar::TextDiff::from_lines(&text, &marked).unified_diff()
    );
}

fn is_mark(line: &str) -> bool {
    line.starts_with('#') && line[1..].trim_start().starts_with('^')
}

/// Every finding that `validate` gives on a text.
pub(crate) fn findings(text: &str) -> (Sources, Vec<Finding>) {
    let input = Input::named("fixture.yaml", Ok(text.as_bytes().to_vec()));
    let loaded = model::load(vec![input], "default", &Assumed::default());
    let resolved = resolve(&loaded.manifests, &Assumed::default());
    let mut findings = loaded.findings;
    findings.extend(resolved.findings);
    findings.extend(resolved.dangling.into_iter().map(|(_, finding)| finding));
    findings.extend(offline(&resolved.topology, &loaded.manifests, "2.15", &findings));
    diag::sort(&mut findings);
    (loaded.sources, findings)
}

/// The text with a comment under every finding.
fn marked(text: &str, sources: &Sources, findings: &[Finding]) -> String {
    let mut out = String::new();
    for (number, line) in text.split_inclusive('\n').enumerate() {
        out += line;
        for finding in findings {
            let at = finding.at.expect("every finding on a text has a place");
            let start = sources.position(at.file, at.span.start);
            let end = sources.position(at.file, at.span.end);
            if start.line == number + 1 {
                let last = if end.line == start.line {
                    end.column
                } else {
                    line.trim_end().chars().count() + 1
                };
                let column = start.column.max(2);
                let carets = "^".repeat(last.saturating_sub(column).max(1));
                let pad = " ".repeat(column - 2);
                out += &format!("#{pad}{carets} {}: {}\n", finding.code.name(), finding.message);
            }
        }
    }
    out
}
