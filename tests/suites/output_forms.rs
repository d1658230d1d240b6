//! The forms of findings through the binary: SARIF against its public schema, workflow commands as
//! GitHub's runner takes them apart, and nothing of the input that a terminal would obey.

use std::path::PathBuf;

use libtest_mimic::Trial;
use serde_json::{Value, json};

use super::binary::{Evctl, Folder, Said};
use super::plain;

pub(super) fn trials() -> Vec<Trial> {
    vec![
        plain("output_forms::sarif_follows_its_schema", sarif_follows_its_schema),
        plain("output_forms::the_schema_refuses", the_schema_refuses),
        plain("output_forms::every_form_says_the_same", every_form_says_the_same),
        plain("output_forms::terminals_are_safe", terminals_are_safe),
        plain("output_forms::explain_lists_every_code", explain_lists_every_code),
    ]
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn schema() -> jsonschema::Validator {
    let text = std::fs::read_to_string(root().join("tests/schemas/sarif-2.1.0.json")).unwrap();
    // The pattern of languages is no regular expression as ECMA 262 has them in Unicode mode, and so
    // is refused; evctl writes no language.
    let broken = r#""pattern": "^[a-zA-Z]{2}|^[a-zA-Z]{2}-[a-zA-Z]{2}]?$""#;
    assert!(text.contains(broken));
    let schema: Value = serde_json::from_str(&text.replace(broken, r#""pattern": "^""#)).unwrap();
    // The schema says draft-07, where formats are only checked when asked for.
    jsonschema::options()
        .with_draft(jsonschema::Draft::Draft7)
        .should_validate_formats(true)
        .build(&schema)
        .unwrap()
}

#[track_caller]
fn check_sarif(schema: &jsonschema::Validator, said: &Said) -> Value {
    let log = said.json();
    let faults: Vec<String> = schema
        .iter_errors(&log)
        .map(|fault| format!("{}: {fault}", fault.instance_path()))
        .collect();
    assert!(faults.is_empty(), "{faults:#?}\n{log:#}");
    let run = &log["runs"][0];
    for result in run["results"].as_array().unwrap() {
        let rule = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(run["tool"]["driver"]["rules"][rule]["id"], result["ruleId"]);
    }
    log
}

/// Every fixture, a file with a strange name, one that is named absolutely, and findings without a
/// place.
fn sarif_follows_its_schema() {
    let schema = schema();
    let fixtures = Evctl::new(&["validate", "tests/fixtures", "-o", "sarif"]).run().code(4);
    let log = check_sarif(&schema, &fixtures);
    assert!(log["runs"][0]["results"].as_array().unwrap().len() > 20, "{log:#}");
    let folder = Folder::bare(&[("a b#ä\u{1b}.yaml", "a: [\n"), ("c.yaml", "a: {b: 1, b: 2}\n")]);
    let said = Evctl::new(&["validate", folder.text(), "-o", "sarif"]).run().code(4);
    assert!(said.stdout.contains("/a%20b%23%C3%A4%1B.yaml"), "{said}");
    check_sarif(&schema, &said);
    let nowhere = Evctl::new(&["validate", "/nonexistent/a.yaml", "-o", "sarif"]).run().code(4);
    let log = check_sarif(&schema, &nowhere);
    assert_eq!(log["runs"][0]["results"][0]["ruleId"], "unreadable-file");
    let clean = Evctl::new(&["validate", "examples/topologies/simple", "-o", "sarif"]).run();
    check_sarif(&schema, &clean.code(0));
}

fn the_schema_refuses() {
    let schema = schema();
    let said = Evctl::new(&["validate", "tests/golden/findings", "-o", "sarif"]).run();
    let good = check_sarif(&schema, &said);
    for (place, value) in [
        ("/version", json!("2.0.0")),
        ("/runs/0/columnKind", json!("bytes")),
        ("/runs/0/results/0/level", json!("fatal")),
        ("/runs/0/results/0/message", json!({})),
        ("/runs/0/results/0/locations/0/physicalLocation/region/startLine", json!(0)),
        ("/runs/0/results/0/locations/0/physicalLocation/artifactLocation/uri", json!("a b")),
    ] {
        let mut bad = good.clone();
        *bad.pointer_mut(place).unwrap() = value;
        assert!(!schema.is_valid(&bad), "{place} may be anything");
    }
}

/// One workflow command, taken apart by the rules of GitHub's runner (actions/runner, ActionCommand).
fn command(line: &str) -> (String, Vec<(String, String)>, String) {
    let (head, data) = line.strip_prefix("::").unwrap().split_once("::").unwrap();
    let (name, properties) = head.split_once(' ').unwrap();
    let unescape = |text: &str, pairs: &[(&str, &str)]| {
        pairs.iter().fold(text.to_owned(), |text, (escape, plain)| text.replace(escape, plain))
    };
    let in_data = [("%0D", "\r"), ("%0A", "\n"), ("%25", "%")];
    let in_property = [("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")];
    let properties = properties.split(',').map(|property| {
        let (name, value) = property.split_once('=').unwrap();
        (name.to_owned(), unescape(value, &in_property))
    });
    (name.to_owned(), properties.collect(), unescape(data, &in_data))
}

fn every_form_says_the_same() {
    let run = |form| Evctl::new(&["validate", "tests/fixtures", "-o", form]).run().code(4);
    let document = run("json").json();
    let findings = document["findings"].as_array().unwrap();
    let log = run("sarif").json();
    let results = log["runs"][0]["results"].as_array().unwrap();
    let commands = run("github").stdout;
    assert_eq!(findings.len(), results.len());
    assert_eq!(findings.len(), commands.lines().count());
    for ((finding, result), line) in findings.iter().zip(results).zip(commands.lines()) {
        let (name, properties, data) = command(line);
        let property = |name: &str| {
            properties.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value).to_owned()
        };
        assert_eq!(result["ruleId"], finding["code"]);
        assert_eq!(property("title"), finding["code"].as_str().unwrap());
        assert_eq!(result["level"], finding["severity"]);
        assert_eq!(name.replace("notice", "note"), finding["severity"].as_str().unwrap());
        let message = finding["message"].as_str().unwrap();
        assert!(data.starts_with(message), "{data}");
        assert!(result["message"]["text"].as_str().unwrap().starts_with(message));
        assert_eq!(property("file"), finding["file"].as_str().unwrap_or_default());
        assert_eq!(property("line"), number(&finding["line"]));
        assert_eq!(property("endLine"), number(&finding["endLine"]));
        let one_line = finding["line"] == finding["endLine"];
        let column = |name: &str| if one_line { number(&finding[name]) } else { String::new() };
        assert_eq!(property("col"), column("column"));
        assert_eq!(property("endColumn"), column("endColumn"));
        let region = &result["locations"][0]["physicalLocation"]["region"];
        for (theirs, ours) in [
            ("startLine", "line"),
            ("startColumn", "column"),
            ("endLine", "endLine"),
            ("endColumn", "endColumn"),
        ] {
            assert_eq!(region[theirs], finding[ours], "{finding:#}");
        }
    }
}

fn number(value: &Value) -> String {
    value.as_u64().map(|number| number.to_string()).unwrap_or_default()
}

/// What YAML lets stand raw (a bidirectional override), and what it refuses (ESC, BEL, NUL), in
/// values, keys, names of objects and of files.
fn terminals_are_safe() {
    let evil = "\u{1b}]0;owned\u{7}\u{1b}[2J";
    let service = "apiVersion: v1\nkind: Service\nmetadata: {name: ";
    let folder = Folder::bare(&[
        ("raw.yaml", &format!("{service}{evil}}}\n")),
        ("nul.yaml", &format!("{service}\0}}\n")),
        ("return.yaml", &format!("{service}a}}\rspec: {{nonsense: 1}}\n")),
        ("escaped.yaml", &format!("{service}\"\\e]0;owned\\a\\x9b2J\"}}\n\"\\e[2J\": 1\n")),
        ("bidi.yaml", &format!("{service}\u{202e}a\u{2066}}}\n")),
        (&format!("{evil}.yaml"), "a: [\n"),
    ]);
    for form in ["text", "json", "sarif", "github"] {
        let said = Evctl::new(&["validate", folder.text(), "-o", form]).run().code(4);
        let hidden = |c: char| c != '\n' && evctl::diag::visible::is_hidden(c);
        assert!(!said.stdout.contains(hidden), "{form}: {:?}", said.stdout);
        assert!(!said.stderr.contains(hidden), "{form}: {:?}", said.stderr);
        assert!(said.stdout.contains("bidi.yaml"), "{said}");
    }
    let plan = Evctl::new(&["plan", "--offline", folder.text()]).run().code(4);
    assert!(!plan.stderr.contains(['\u{1b}', '\u{7}', '\0', '\u{202e}']), "{plan}");
}

fn explain_lists_every_code() {
    let said = Evctl::new(&["explain"]).run().code(0);
    for code in evctl::diag::Code::ALL {
        let line = said.stdout.lines().find(|line| line.split(' ').next() == Some(code.name()));
        assert!(line.is_some_and(|line| line.ends_with(code.summary())), "{}", code.name());
        let one = Evctl::new(&["explain", code.name()]).run().code(0);
        assert!(one.stdout.contains(code.summary()), "{one}");
    }
}
