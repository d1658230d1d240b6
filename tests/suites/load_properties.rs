//! Loading holds up against anything: arbitrary bytes, and manifests with pieces cut out, doubled,
//! swapped and put into each other. The same target runs under cargo-fuzz (CONTRIBUTING.md).

use std::path::Path;

use libtest_mimic::Trial;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::binary::Evctl;
use super::shape_properties::cases;
use super::{load_target, plain};

pub(super) fn trials() -> Vec<Trial> {
    vec![
        plain("load_properties::arbitrary_bytes", arbitrary_bytes),
        plain("load_properties::mutated_manifests", mutated_manifests),
        plain("load_properties::mutated_manifests_are_drawn", mutated_manifests_are_drawn),
        plain(
            "load_properties::the_fuzzer_begins_with_what_loads",
            the_fuzzer_begins_with_what_loads,
        ),
    ]
}

fn runner(default: u32) -> TestRunner {
    let config = Config { cases: cases(default), failure_persistence: None, ..Config::default() };
    TestRunner::new(config)
}

/// Bytes that mean something to YAML come often enough to get past the parser.
fn arbitrary_bytes() {
    let byte = prop_oneof![
        4 => prop::sample::select(b"{}[]:,-?&*!|>'\"%@`#\n\n\n   \t~<.=abc019".to_vec()),
        1 => any::<u8>(),
    ];
    let outcome = runner(1500).run(&proptest::collection::vec(byte, 0..300), |bytes| {
        load_target::check(&bytes);
        Ok(())
    });
    outcome.unwrap_or_else(|error| panic!("{error}"));
}

/// One way of breaking a text; the numbers choose places.
#[derive(Debug, Clone)]
enum Mutation {
    Delete(usize, usize),
    Double(usize, usize),
    Swap(usize, usize),
    SwapLines(usize, usize),
    Splice(usize, usize, usize),
    Insert(usize, &'static [u8]),
}

/// Pieces that have meaning in YAML, in JSON, in paths, or nowhere.
const PIECES: &[&[u8]] = &[
    b"&a ",
    b"*a",
    b"<<: *a\n",
    b"? ",
    b"- ",
    b": ",
    b"---\n",
    b"...\n",
    b"!!binary ",
    b"!!str ",
    b"|\n",
    b">-\n",
    b"\"",
    b"'",
    b"{",
    b"}",
    b"[",
    b"]",
    b"\t",
    b"\r\n",
    b"\xff",
    b"\xc3\xa4",
    b"\xef\xbb\xbf",
    b"\xe2\x80\xa8",
    b"null",
    b"~",
    b"yes",
    b"0x7f",
    b"1e400",
    b"-.inf",
    b"017",
    b"a.b/c",
    b"[0]",
    b"\\u0000",
    b"\"\\ud800\"",
    b"((((",
    b"!!!a",
    b"PT1S",
    b"99999999999999999999",
];

fn mutation() -> impl Strategy<Value = Mutation> {
    let at = any::<usize>;
    prop_oneof![
        (at(), 1..40usize).prop_map(|(from, length)| Mutation::Delete(from, length)),
        (at(), 1..40usize).prop_map(|(from, length)| Mutation::Double(from, length)),
        (at(), at()).prop_map(|(one, other)| Mutation::Swap(one, other)),
        (at(), at()).prop_map(|(one, other)| Mutation::SwapLines(one, other)),
        (at(), at(), at()).prop_map(|(from, of, to)| Mutation::Splice(from, of, to)),
        (at(), prop::sample::select(PIECES)).prop_map(|(to, piece)| Mutation::Insert(to, piece)),
    ]
}

impl Mutation {
    fn apply(&self, text: &mut Vec<u8>, documents: &[Vec<u8>]) {
        let length = text.len().max(1);
        let span = |from: usize, size: usize| {
            let from = from % length;
            from.min(text.len())..(from + size).min(text.len())
        };
        match *self {
            Self::Delete(from, size) => drop(text.drain(span(from, size))),
            Self::Double(from, size) => {
                let piece = text[span(from, size)].to_vec();
                let at = span(from, size).end;
                text.splice(at..at, piece);
            }
            Self::Swap(one, other) if !text.is_empty() => text.swap(one % length, other % length),
            Self::Swap(..) => {}
            Self::SwapLines(one, other) => {
                let mut lines: Vec<_> = text.split_inclusive(|b| *b == b'\n').collect();
                if !lines.is_empty() {
                    let (one, other) = (one % lines.len(), other % lines.len());
                    lines.swap(one, other);
                }
                *text = lines.concat();
            }
            Self::Splice(of, from, to) => {
                let other = &documents[of % documents.len()];
                let from = from % other.len().max(1);
                let piece = other[from..(from + 60).min(other.len())].to_vec();
                let at = span(to, 0).start;
                text.splice(at..at, piece);
            }
            Self::Insert(to, piece) => {
                let at = span(to, 0).start;
                text.splice(at..at, piece.iter().copied());
            }
        }
    }
}

/// Every document of the fixtures and of the examples.
fn documents() -> Vec<Vec<u8>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders = vec![root.join("tests/fixtures"), root.join("examples/topologies")];
    let mut documents = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "yaml") {
                let text = std::fs::read_to_string(path).unwrap();
                documents.extend(text.split("\n---\n").map(|text| text.as_bytes().to_vec()));
            }
        }
    }
    documents.sort();
    documents
}

/// A few documents of one text, with a few things wrong.
fn mutated(documents: Vec<Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    let some = proptest::collection::vec(prop::sample::select(documents.clone()), 1..4);
    let wrong = proptest::collection::vec(mutation(), 0..5);
    (some, wrong).prop_map(move |(some, wrong)| {
        let mut text = some.join(&b"\n---\n"[..]);
        wrong.iter().for_each(|mutation| mutation.apply(&mut text, &documents));
        text
    })
}

fn mutated_manifests() {
    let documents = documents();
    assert!(documents.len() > 50, "only {} documents", documents.len());
    let outcome = runner(1000).run(&mutated(documents), |text| {
        load_target::check(&text);
        Ok(())
    });
    outcome.unwrap_or_else(|error| panic!("{error}"));
}

/// The binary prints what it found, as text and as JSON.
fn mutated_manifests_are_drawn() {
    let outcome = runner(25).run(&mutated(documents()), |text| {
        for output in ["text", "json"] {
            let said = Evctl::new(&["validate", "-", "-o", output]).input(&text).run();
            prop_assert!(said.code == Some(0) || said.code == Some(4), "{said}");
            prop_assert!(!said.stderr.contains("panicked"), "{said}");
        }
        Ok(())
    });
    outcome.unwrap_or_else(|error| panic!("{error}"));
}

fn the_fuzzer_begins_with_what_loads() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/load");
    let mut files = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        load_target::check(&std::fs::read(entry.unwrap().path()).unwrap());
        files += 1;
    }
    assert!(files >= 10, "only {files} files");
}
