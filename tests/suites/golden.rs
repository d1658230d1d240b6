//! Golden transcripts: scripts of commands with what the binary said to each. A reader learns a
//! behaviour from the transcript alone. `UPDATE_EXPECT=1` writes the files.

use std::path::{Path, PathBuf};

use libtest_mimic::Trial;

use super::binary::Evctl;

pub(super) fn trials() -> Vec<Trial> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "txt"));
    files.sort();
    assert!(!files.is_empty());
    files
        .into_iter()
        .map(|file| {
            let name = format!("golden::{}", file.file_stem().unwrap().to_string_lossy());
            Trial::test(name, move || {
                check(&file, &[], &[]);
                Ok(())
            })
        })
        .collect()
}

/// Runs a script again and compares. `fill` puts what a run knows into commands and variables;
/// `redact` takes out of the output what differs from run to run. Both are (name, value).
pub(crate) fn check(file: &Path, fill: &[(&str, &str)], redact: &[(&str, &str)]) {
    let text = std::fs::read_to_string(file).unwrap();
    let mut transcript = String::new();
    for line in text.lines() {
        if line.starts_with('#') {
            let after_output = transcript.lines().last().is_some_and(|last| !last.starts_with('#'));
            let gap = if after_output { "\n" } else { "" };
            transcript += &format!("{gap}{line}\n");
        } else if let Some(command) = line.strip_prefix("$ evctl ") {
            let said = run(command, fill);
            let said = redact.iter().fold(said, |said, (name, value)| said.replace(value, name));
            transcript += &format!("\n$ evctl {command}\n{said}");
        }
    }
    if std::env::var("UPDATE_EXPECT").is_ok() {
        std::fs::write(file, &transcript).unwrap();
        return;
    }
    let diff = similar::TextDiff::from_lines(&text, &transcript);
    assert!(text == transcript, "{}:\n{}", file.display(), diff.unified_diff());
}

/// Compares what was found with a file.
#[track_caller]
pub(crate) fn same(file: &str, found: &str) {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(file);
    if std::env::var("UPDATE_EXPECT").is_ok() {
        std::fs::write(&file, found).unwrap();
        return;
    }
    let text = std::fs::read_to_string(&file).unwrap();
    let diff = similar::TextDiff::from_lines(text.as_str(), found);
    assert!(text == found, "{}:\n{}", file.display(), diff.unified_diff());
}

fn run(command: &str, fill: &[(&str, &str)]) -> String {
    let words: Vec<String> = command
        .split_whitespace()
        .map(|word| {
            fill.iter().fold(word.to_owned(), |word, (name, value)| word.replace(name, value))
        })
        .collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let said = Evctl::new(&words).run();
    assert!(!said.stderr.contains("panicked"), "{said}");
    said.to_string()
}
