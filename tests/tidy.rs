//! The rules of the house, as tests: layers, file heads, sizes, what may name what, documented codes.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a rule that cannot be read is broken")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use evctl::diag::Code;
use libtest_mimic::Trial;

use crate::suites::plain;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        plain("tidy::layers_point_one_way", layers_point_one_way),
        plain("tidy::servers_are_named_in_live_alone", servers_are_named_in_live_alone),
        plain("tidy::every_file_has_a_head", every_file_has_a_head),
        plain("tidy::no_file_is_too_long", no_file_is_too_long),
        plain("tidy::every_code_is_documented", every_code_is_documented),
        plain("tidy::every_code_has_a_case", every_code_has_a_case),
        plain("tidy::every_suite_runs", every_suite_runs),
    ]
}

/// Each layer, and those that it may name (docs/architecture.md).
const LAYERS: &[(&str, &[&str])] = &[
    ("diag", &[]),
    ("model", &["diag"]),
    ("jetstream", &["diag", "model"]),
    ("topology", &["diag", "model", "jetstream"]),
    ("world", &["diag", "model", "jetstream", "topology"]),
    ("dispatch", &["diag", "model", "jetstream", "topology"]),
    ("plan", &["diag", "model", "jetstream", "topology", "world"]),
    ("simulate", &["diag", "model", "jetstream", "topology", "dispatch"]),
    ("apply", &["diag", "model", "jetstream", "topology", "world", "plan"]),
    ("live", &["diag", "model", "jetstream", "topology", "world", "dispatch", "plan", "apply"]),
    (
        "cli",
        &[
            "diag",
            "model",
            "jetstream",
            "topology",
            "world",
            "dispatch",
            "plan",
            "simulate",
            "apply",
            "live",
        ],
    ),
];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn rust_files(folder: &str) -> Vec<(String, String)> {
    let mut files = Vec::new();
    collect(&root().join(folder), &mut files);
    assert!(!files.is_empty(), "no file in {folder}");
    files
}

fn collect(folder: &Path, files: &mut Vec<(String, String)>) {
    let mut entries: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let name = path.strip_prefix(root()).unwrap().to_string_lossy().into_owned();
            files.push((name, std::fs::read_to_string(&path).unwrap()));
        }
    }
}

fn layers_point_one_way() {
    let allowed: BTreeMap<_, _> = LAYERS.iter().copied().collect();
    let mut faults = Vec::new();
    for (name, text) in rust_files("src") {
        let Some(layer) =
            name.strip_prefix("src/").and_then(|rest| rest.split_once('/')).map(|(l, _)| l)
        else {
            continue;
        };
        let below = allowed.get(layer).unwrap_or_else(|| panic!("{layer} is in no layer"));
        for part in text.split("crate::").skip(1) {
            let named: String =
                part.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            let is_layer = allowed.contains_key(named.as_str());
            if is_layer && named != layer && !below.contains(&named.as_str()) {
                faults.push(format!("{name} names {named}"));
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

fn servers_are_named_in_live_alone() {
    let rules: &[(&str, &[&str])] = &[
        ("kube::", &["src/live/"]),
        ("k8s_openapi::", &["src/live/"]),
        ("async_nats::", &["src/live/"]),
        ("tokio::", &["src/live/", "src/cli/"]),
        ("std::env::", &["src/cli/environment.rs", "src/main.rs"]),
        ("std::fs::", &["src/cli/", "src/live/"]),
        ("clap::", &["src/cli/"]),
        ("miette::", &["src/cli/"]),
    ];
    let mut faults = Vec::new();
    for (name, text) in rust_files("src") {
        for (path, homes) in rules {
            if text.contains(path) && !homes.iter().any(|home| name.starts_with(home)) {
                faults.push(format!("{name} names {path}"));
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

fn every_file_has_a_head() {
    let bare: Vec<_> = ["src", "tests"]
        .into_iter()
        .flat_map(rust_files)
        .filter(|(_, text)| !text.starts_with("//!"))
        .map(|(name, _)| name)
        .collect();
    assert!(bare.is_empty(), "{bare:#?}");
}

fn no_file_is_too_long() {
    const LIMIT: usize = 400;
    let long: Vec<_> = ["src", "tests"]
        .into_iter()
        .flat_map(rust_files)
        .map(|(name, text)| (text.lines().count(), name))
        .filter(|(lines, _)| *lines > LIMIT)
        .collect();
    assert!(long.is_empty(), "{long:#?}");
}

fn every_code_is_documented() {
    let text = std::fs::read_to_string(root().join("docs/diagnostics.md")).unwrap();
    for code in Code::ALL {
        // Severity and summary stand in the catalogue, and here word for word.
        let heading =
            format!("\n## {}\n\n*{}*: {}.\n", code.name(), code.severity().word(), code.summary());
        assert!(text.contains(&heading), "docs/diagnostics.md has no heading {}", code.name());
    }
    let headings = text.lines().filter(|line| line.starts_with("## ")).count();
    assert_eq!(headings, Code::ALL.len(), "a heading names no code");
}

fn every_code_has_a_case() {
    let mut cases = String::new();
    for folder in ["tests/fixtures", "tests/golden"] {
        for entry in std::fs::read_dir(root().join(folder)).unwrap() {
            cases += &std::fs::read_to_string(entry.unwrap().path()).unwrap_or_default();
        }
    }
    for (_, text) in rust_files("tests/suites") {
        cases += &text;
    }
    let bare: Vec<_> =
        Code::ALL.iter().map(|code| code.name()).filter(|code| !cases.contains(code)).collect();
    assert!(bare.is_empty(), "codes without a case: {bare:?}");
}

fn every_suite_runs() {
    let list = std::fs::read_to_string(root().join("tests/suites/mod.rs")).unwrap();
    for (name, text) in rust_files("tests/suites") {
        let suite = name.trim_start_matches("tests/suites/").trim_end_matches(".rs");
        let suite = suite.replace('/', "::");
        if text.contains("fn trials()") && suite != "mod" {
            let suite = suite.trim_end_matches("/mod").replace('/', "::");
            assert!(list.contains(&format!("{suite}::trials()")), "{suite} never runs");
        }
    }
}
