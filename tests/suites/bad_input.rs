//! Bad input through the binary: every finding with file, line, the offending text and what to do;
//! all of them; never a panic. What fits in a fixture is in tests/fixtures.

use libtest_mimic::Trial;
use serde_json::Value;

use super::binary::{Evctl, Folder, Said};
use super::plain;

pub(super) fn trials() -> Vec<Trial> {
    vec![
        plain("bad_input::not_utf8", not_utf8),
        plain("bad_input::an_alias_bomb", an_alias_bomb),
        plain("bad_input::deep_nesting", deep_nesting),
        plain("bad_input::a_bomb_of_text", a_bomb_of_text),
        plain("bad_input::a_bomb_of_merges", a_bomb_of_merges),
        plain("bad_input::what_is_merely_large", what_is_merely_large),
        plain("bad_input::an_empty_folder", an_empty_folder),
        plain("bad_input::unreadable_files", unreadable_files),
        plain("bad_input::every_finding_of_every_file", every_finding_of_every_file),
        plain("bad_input::random_bytes_never_panic", random_bytes_never_panic),
        plain("bad_input::stdin_is_an_input", stdin_is_an_input),
        plain("bad_input::the_command_line", the_command_line),
        plain("bad_input::bad_worlds", bad_worlds),
    ]
}

fn validate(folder: &Folder) -> Said {
    Evctl::new(&["validate", folder.text()]).run()
}

/// Every finding as JSON has a code, a place, a message and help.
fn findings(folder: &Folder) -> Vec<Value> {
    let said = Evctl::new(&["validate", folder.text(), "-o", "json"]).run().code(4);
    let document = said.json();
    assert_eq!(
        (&document["apiVersion"], &document["kind"]),
        (&"evctl.dev/v1alpha1".into(), &"Findings".into())
    );
    let findings = document["findings"].as_array().unwrap().clone();
    for finding in &findings {
        assert!(finding["help"].as_str().is_some_and(|help| !help.is_empty()), "{finding}");
        assert!(finding["message"].as_str().is_some_and(|text| !text.is_empty()), "{finding}");
    }
    findings
}

fn not_utf8() {
    let folder = Folder::bare(&[]);
    std::fs::write(folder.file("a.yaml"), b"kind: Caf\xe9\n").unwrap();
    validate(&folder).code(4).says(&["not-utf8", "a.yaml:1:10", "0xe9", "iconv"]);
}

fn an_alias_bomb() {
    let mut text = "a: &a [x,x,x,x,x,x,x,x,x,x]\n".to_owned();
    for (name, of) in "bcdefghij".chars().zip("abcdefghi".chars()) {
        text += &format!(
            "{name}: &{name} [*{of},*{of},*{of},*{of},*{of},*{of},*{of},*{of},*{of},*{of}]\n"
        );
    }
    validate(&Folder::bare(&[("a.yaml", &text)])).code(4).says(&["too-large", "a.yaml:6"]);
}

fn deep_nesting() {
    let flow = format!("a: {}{}", "[".repeat(5000), "]".repeat(5000));
    validate(&Folder::bare(&[("a.yaml", &flow)])).code(4).says(&["a.yaml:1"]);
    let block: String = (0..500).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect();
    validate(&Folder::bare(&[("a.yaml", &block)])).code(4).says(&["too-deep"]);
    let json = format!("{}{}", "{\"a\":".repeat(5000), "}".repeat(5000));
    validate(&Folder::bare(&[("a.json", &json)])).code(4).says(&["a.json:1"]);
}

/// One long text, many aliases of it: as values, as keys, and through merge keys.
fn a_bomb_of_text() {
    let long = "x".repeat(100_000);
    let repeated = |piece: &str, count: usize| piece.repeat(count);
    let bombs = [
        format!("a: &a '{long}'\nb: [{}]\n", repeated("*a, ", 10_000)),
        format!("a: &a '{long}'\nb:\n{}", repeated("  - {*a : 1}\n", 10_000)),
        format!("a: &a {{k: '{long}'}}\nb:\n{}", repeated("  - {<<: *a}\n", 10_000)),
        format!("a: &a {{k: '{long}'}}\nb: {{<<: [{}]}}\n", repeated("*a, ", 10_000)),
    ];
    for bomb in bombs {
        within_memory(&bomb).code(4).says(&["too-large", "a.yaml:"]);
    }
}

/// Mappings that merge each other, ten times at each step.
fn a_bomb_of_merges() {
    let mut text = "a: &a {k: v}\n".to_owned();
    for (name, of) in "bcdefghij".chars().zip("abcdefghi".chars()) {
        let fields: Vec<String> = (0..10).map(|at| format!("{name}{at}: {{<<: *{of}}}")).collect();
        text += &format!("{name}: &{name} {{{}}}\n", fields.join(", "));
    }
    within_memory(&text).code(4).says(&["too-large", "a.yaml:"]);
}

/// What is merely large is read, or refused by its size.
fn what_is_merely_large() {
    let map = |data: &str| {
        format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a}}\ndata: {data}\n")
    };
    within_memory(&map(&format!("{{a: {}}}", "x".repeat(5_000_000)))).code(0);
    let fields: String = (0..50_000).map(|at| format!("k{at}: v, ")).collect();
    within_memory(&map(&format!("{{{fields}}}"))).code(0);
    let documents: String = (0..3000)
        .map(|at| map("{}").replace("name: a", &format!("name: a{at}")) + "---\n")
        .collect();
    within_memory(&documents).code(0).says(&["3000 objects"]);
    let anchors: String = (0..20_000).map(|at| format!("- &a{at} [1]\n")).collect();
    within_memory(&anchors).code(4).says(&["not-a-manifest"]);
    let keys: String = (0..1_000_001).map(|at| format!("{at}: 1\n")).collect();
    within_memory(&keys).code(4).says(&["too-large", "a.yaml:"]);
}

/// Validates a text with a bound on the memory of the process; one that is exceeded ends it.
fn within_memory(text: &str) -> Said {
    let folder = Folder::bare(&[("a.yaml", text)]);
    Evctl::within_memory(1_000_000, &["validate", folder.text()]).run()
}

fn an_empty_folder() {
    let folder = Folder::bare(&[]);
    validate(&folder).code(4).says(&["unreadable-file", folder.text(), "holds no .yaml"]);
    folder.write("a.yaml", "# nothing yet\n---\n");
    validate(&folder).code(4).says(&["no-manifests"]);
    Evctl::new(&["plan", "--offline", folder.text()]).run().code(4).says(&["no-manifests"]);
}

fn unreadable_files() {
    Evctl::new(&["validate", "/nonexistent/a.yaml"]).run().code(4).says(&[
        "unreadable-file",
        "/nonexistent/a.yaml",
        "No such file",
    ]);
    let folder =
        Folder::bare(&[("a.yaml", "apiVersion: v1\nkind: Service\nmetadata: {name: a}\n")]);
    std::os::unix::fs::symlink("/nonexistent", folder.file("b.yaml")).unwrap();
    validate(&folder).code(4).says(&["unreadable-file", "b.yaml"]);
}

fn every_finding_of_every_file() {
    let folder = Folder::bare(&[
        (
            "a.yaml",
            "apiVersion: v1\nkind: Service\nmetadata: {name: [}\n---\napiVersion: v1\nmetadata: {name: b}\n",
        ),
        (
            "b.yaml",
            "apiVersion: messaging.knative.dev/v1\nkind: Subscription\nmetadata: {name: s}\nspec:\n  chanel: {}\n  delivery: {retry: three}\n",
        ),
        (
            "c.yaml",
            "apiVersion: v1\nkind: Service\nmetadata: {name: c}\n---\napiVersion: v1\nkind: Service\nmetadata: {name: c}\n",
        ),
    ]);
    let found = findings(&folder);
    let places: Vec<String> = found
        .iter()
        .map(|f| {
            let file = f["file"].as_str().unwrap().rsplit('/').next().unwrap();
            format!("{file}:{} {}", f["line"], f["code"].as_str().unwrap())
        })
        .collect();
    assert_eq!(
        places,
        [
            "a.yaml:3 yaml-syntax",
            "a.yaml:5 missing-field",
            "b.yaml:4 missing-field",
            "b.yaml:4 missing-field",
            "b.yaml:5 unknown-field",
            "b.yaml:6 wrong-type",
            "c.yaml:7 duplicate-object",
        ]
    );
}

fn random_bytes_never_panic() {
    let mut state = 0x2545_f491_4f6c_dd1du64;
    let alphabet = b"{}[]:,-?&*!|>'\"%@`#\n\n  \t~<abc01.";
    for _ in 0..super::shape_properties::cases(60) {
        let mut text = b"apiVersion: messaging.knative.dev/v1\nkind: Subscription\nmetadata: {name: s}\nspec:\n".to_vec();
        for _ in 0..120 {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            text.push(alphabet[(state % alphabet.len() as u64) as usize]);
        }
        let said = Evctl::new(&["validate", "-"]).input(&text).run();
        assert!(said.code == Some(0) || said.code == Some(4), "{said}");
    }
}

fn stdin_is_an_input() {
    let text = b"apiVersion: v1\nkind: Service\nmetadata: {name: a}\n";
    Evctl::new(&["validate", "-"]).input(text).run().code(0).says(&["1 object, nothing to say"]);
    Evctl::new(&["validate", "-"]).input(b"a: [").run().code(4).says(&["stdin:1"]);
}

fn the_command_line() {
    Evctl::new(&["plan", "examples/topologies/orders"])
        .run()
        .code(64)
        .says(&["no server is selected", "--offline"]);
    Evctl::new(&["plan", "--offline", "--project", "a b"]).run().code(64).says(&["project name"]);
    Evctl::new(&["plan", "--nonsense"]).run().code(64);
    Evctl::new(&["plan", "--timeout", "5"]).run().code(64).says(&["duration of Go"]);
    Evctl::new(&["apply", "--offline", "examples/topologies/orders"]).run().code(64);
    let folder =
        Folder::bare(&[("a.yaml", "apiVersion: v1\nkind: Service\nmetadata: {name: a}\n")]);
    Evctl::new(&["plan", "--offline", folder.text()])
        .run()
        .code(64)
        .says(&["no project is named", "evctl.yaml"]);
    let two = ["examples/topologies/ping", "examples/topologies/orders"];
    Evctl::new(&["plan", "--offline"])
        .arguments(&two)
        .run()
        .code(4)
        .says(&["two projects, `ping` and `orders`"]);
    Evctl::new(&["plan", "--nats-url", "", "examples/topologies/orders"]).run().code(64);
    Evctl::new(&["--help"]).run().code(0).says(&["Exit codes"]);
}

fn bad_worlds() {
    let folder =
        Folder::project(&[("a.yaml", "apiVersion: v1\nkind: Service\nmetadata: {name: a}\n")]);
    let other = Folder::bare(&[
        ("w.json", "{"),
        ("x.json", r#"{"apiVersion":"v1","kind":"X","salt":"","objects":[]}"#),
    ]);
    for (file, text) in
        [("w.json", "line 1"), ("x.json", "not a World"), ("absent.json", "No such file")]
    {
        let world = other.file(file);
        Evctl::new(&["plan", folder.text(), "--world", world.to_str().unwrap()])
            .run()
            .code(1)
            .says(&["the saved world", text, "--save-world"]);
    }
}
