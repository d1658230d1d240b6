//! What is read here, beside what the parser makes of the same text.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::super::build;

/// Whether the text is read here; then the parser must make the same of it, to the byte.
#[track_caller]
fn agrees(text: &str) -> bool {
    let Some(documents) = super::documents(text, 0..text.len()) else { return false };
    assert_eq!((documents, Vec::new()), build::parsed(text), "{text}");
    true
}

#[track_caller]
fn check(is_ordinary: bool, text: &str) {
    assert_eq!(agrees(text), is_ordinary, "{text}");
}

#[test]
fn what_most_manifests_are_made_of() {
    for text in [
        "",
        "\n\n",
        "# only a comment\n",
        "---\n",
        "---\n---\na: 1\n",
        "a: 1\n---\n",
        "--- # c\na: 1",
        "a: 1\nb: x y # c\nc: 'x: y'\nd: \"# x\"  # c\n",
        "a:\nb: # c\nc:",
        "a:\n  b:\n    c: 1\n\n  # c\n  d: 2\ne: 3\n",
        "a:\n- b: 1\n  c: 2\n- d\nb:\n  - 1\n  -   2\n",
        "a: {b: [c, d-e, {}], d: {\"e\": 1}, f: 'x' }\nb: []\n",
        "a: true\nb: on\nc: ~\nd: 0x1F\ne: -1.5\nf: 12h\n",
        "a:\n  - b:\n      c: 1\n    d:\n    - e\n  - f: {}\n",
        "a: |\n  x\n   y: z # w\n\n  - v\nb: |-\n    x\n\n\n# c\nc: 1\n",
        "a:\n- b: |\n    x\n- |\n  y\n",
        "a: |\n  x\n---\na: |-\n  x\n\n",
        "a: http://b:8080/c#d\nb: a -> b\n",
    ] {
        check(true, text);
    }
}

#[test]
fn what_is_left_to_the_parser() {
    for text in [
        "- a\n",
        "a\n",
        "{a: 1}\n",
        "a: &x 1\nb: *x\n",
        "a: !!str 1\n",
        "a: 1\na: 2\n",
        "<<: {a: 1}\n",
        "a: >-\n  b\n",
        "a: |\n",
        "a: |\n  x",
        "a: |\n\n  x\n",
        "a: |+\n  x\n",
        "a: |2\n  x\n",
        "a: |\n  x\n  \n  y\n",
        "a: |\n    x\n  y\n",
        "a:\n  b: |\n  x\n",
        "a: b\n  c\n",
        "a: 'b\n  c'\n",
        "a: \"b\\n\"\n",
        "a: 'it''s'\n",
        "a:\tb\n",
        "a: b\r\n",
        "a: ä\n",
        "on: 1\n",
        "a: .inf\n",
        "a: b: c\n",
        "a: b:\n",
        "a:\n    b: 1\n  c: 2\n",
        "a: 1\n  b: 2\n",
        "a: - b\n",
        "a:\n- - b\n",
        "a:\n-\n  b: 1\n",
        "a: [b\n",
        "a: [b: 1]\n",
        "a: {b}\n",
        "a: {b:1}\n",
        "a: [b,]\n",
        "a: 1\n...\n",
        "%YAML 1.2\n---\na: 1\n",
        "--- a\n",
        "---a: 1\n",
        "a: 1\n b: 2\n",
        "a:b\n",
        "a: @b\n",
    ] {
        check(false, text);
    }
}

/// Lines that follow each other well, and lines that look like something else.
const LINES: &[&str] = &[
    "a: 1",
    "b: x y",
    "c:",
    "d: # c",
    "e: {f: 1, g: [x, 'y']}",
    "f: []",
    "g: 'x'",
    "h: \"x\" # c",
    "- a",
    "- b: 1",
    "- c:",
    "- {d: 1}",
    "-   e: 1",
    "- \"x\"",
    "- - x",
    "-",
    "# c",
    "",
    "---",
    "--- # c",
    "i: |",
    "i: |-",
    "i: >",
    "j: x:y",
    "k: ~",
    "l: on",
    "on: 1",
    "m: -1",
    "n: a # b",
    "o: a#b",
    "p: [",
    "q: ]",
    "r: *x",
    "s: &x",
    "t: !x",
    "u: \"",
    "v: '",
    "text",
    "text more",
    "w: x: y",
    "x: {a: {b: {}}}",
    "y: [a, [b, {c: d}]]",
    "z: a,b",
    "a.b/c-d: 1",
    "1: a",
    "a: -x",
    "a: - x",
    "a: -",
    "a: {b: }",
    "a:  b  ",
    "a: [ a , b ]",
    "a: { b: c }",
    "a: {b: c,}",
    "a: [a b]",
    "a: [a:b]",
    "a: {\"b\":1}",
    "a: {\"b\": 1}",
    "a: {'b': 1}",
    "a: x]",
    "a: .",
    "a: ..",
    "a: ...",
    "...",
    "a: ?x",
    "a: :x",
    "a: (x)",
    "a: x'y\"z",
    "\t",
    "a: =",
    "a: $x",
    "a: 0o7",
    "a: 1_0",
    "a: 2001-01-01",
    "a: .inf",
    "a: [.inf]",
    "<<: {a: 1}",
    "? a",
    ": b",
];

fn text() -> impl Strategy<Value = String> {
    let indentation = prop_oneof![3 => Just(0usize), 4 => Just(2), 2 => Just(4), 1 => 0..7usize];
    let line = (indentation, proptest::sample::select(LINES))
        .prop_map(|(spaces, line)| format!("{:spaces$}{line}", ""));
    (proptest::collection::vec(line, 1..7), any::<bool>())
        .prop_map(|(lines, ended)| lines.join("\n") + if ended { "\n" } else { "" })
}

#[test]
fn it_reads_what_the_parser_reads() {
    // More by PROPTEST_CASES.
    let cases = Config::default().cases.max(20_000);
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let read = std::cell::Cell::new(0u32);
    let outcome = TestRunner::new(config).run(&text(), |text| {
        read.set(read.get() + u32::from(agrees(&text)));
        Ok(())
    });
    outcome.unwrap();
    assert!(read.get() > cases / 50, "{} of {cases} were read here", read.get());
}
