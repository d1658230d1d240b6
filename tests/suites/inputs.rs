//! What evctl reads and what it passes over: folders, ignore files, links, charts, templates, other
//! tools' files, and inputs without end.

use std::os::unix::fs::symlink;

use libtest_mimic::Trial;

use super::binary::{Evctl, Folder};
use super::plain;

pub(super) fn trials() -> Vec<Trial> {
    vec![
        plain("inputs::a_file_is_read_once", a_file_is_read_once),
        plain("inputs::links_in_a_circle", links_in_a_circle),
        plain("inputs::ignore_files", ignore_files),
        plain("inputs::what_is_named_is_read", what_is_named_is_read),
        plain("inputs::charts", charts),
        plain("inputs::templates", templates),
        plain("inputs::files_of_other_tools", files_of_other_tools),
        plain("inputs::patches_are_no_objects", patches_are_no_objects),
        plain("inputs::json", json),
        plain("inputs::inputs_without_end", inputs_without_end),
    ]
}

fn service(name: &str) -> String {
    format!("apiVersion: v1\nkind: Service\nmetadata: {{name: {name}}}\n")
}

/// What `validate` finds in a folder, as `file:line code`.
#[track_caller]
fn check(folder: &Folder, paths: &[&str], expected: &[&str]) {
    let said = Evctl::new(&["validate", "-o", "json"]).arguments(paths).within(folder).run();
    let document = said.json();
    let place = |finding: &serde_json::Value| {
        let file = finding["file"].as_str().map(|file| format!("{file}:{} ", finding["line"]));
        format!("{}{}", file.unwrap_or_default(), finding["code"].as_str().unwrap())
    };
    let found: Vec<String> = document["findings"].as_array().unwrap().iter().map(place).collect();
    assert_eq!(found, expected, "{said}");
}

fn counts(folder: &Folder, paths: &[&str], objects: usize) {
    let word = if objects == 1 { "object" } else { "objects" };
    let said = Evctl::new(&["validate"]).arguments(paths).within(folder).run();
    said.code(0).says(&[&format!("{objects} {word}, nothing to say")]);
}

fn a_file_is_read_once() {
    let folder = Folder::bare(&[("a.yaml", &service("a")), ("sub/b.yaml", &service("b"))]);
    symlink("a.yaml", folder.file("c.yaml")).unwrap();
    let absolute = folder.file("a.yaml");
    let absolute = absolute.to_str().unwrap();
    counts(&folder, &["a.yaml", "./a.yaml", "sub/../a.yaml", absolute, "c.yaml"], 1);
    counts(&folder, &[".", "a.yaml", "-f", "sub", "-f", "."], 2);
}

fn links_in_a_circle() {
    let folder = Folder::bare(&[("a.yaml", &service("a")), ("sub/b.yaml", &service("b"))]);
    symlink("..", folder.file("sub/up")).unwrap();
    symlink(".", folder.file("here")).unwrap();
    symlink("itself", folder.file("itself")).unwrap();
    counts(&folder, &["."], 2);
}

fn ignore_files() {
    let folder = Folder::bare(&[
        (".evctlignore", "drafts/\n*.old.yaml\n!keep.old.yaml\n/top.yaml\n# a comment\n"),
        ("a.yaml", &service("a")),
        ("top.yaml", &service("top")),
        ("drafts/b.yaml", &service("b")),
        ("sub/c.old.yaml", &service("c")),
        ("sub/keep.old.yaml", &service("keep")),
        ("sub/top.yaml", &service("sub-top")),
        ("sub/d.yaml", &service("d")),
        ("sub/.evctlignore", "d.yaml\n"),
        (".hidden/e.yaml", &service("e")),
    ]);
    counts(&folder, &["."], 3);
    // The ignore file above holds for a folder below, but not against its own name.
    counts(&folder, &["sub"], 2);
    counts(&folder, &["drafts"], 1);
    folder.write(".evctlignore", "*.yaml\n");
    check(&folder, &["."], &["unreadable-file"]);
    folder.write(".evctlignore", "a{b\n");
    let said = Evctl::new(&["validate"]).within(&folder).run();
    said.code(4).says(&["unreadable-file", ".evctlignore", "a{b"]);
}

fn what_is_named_is_read() {
    let folder = Folder::bare(&[
        (".evctlignore", "*.yaml\n"),
        (".hidden.yaml", &service("hidden")),
        ("a.yaml", &service("a")),
        ("b.txt", &service("b")),
        ("c.yaml", "{ // no manifest\n"),
    ]);
    counts(&folder, &["a.yaml", ".hidden.yaml", "b.txt"], 3);
    check(&folder, &["c.yaml"], &["c.yaml:1 yaml-syntax"]);
    let said = Evctl::new(&["validate", "-"]).input(b"{ // no manifest\n").run();
    said.code(4).says(&["yaml-syntax"]);
}

fn charts() {
    let folder = Folder::bare(&[
        ("chart/Chart.yaml", "apiVersion: v2\nname: shop\nversion: 1.0.0\n"),
        ("chart/values.yaml", "replicas: 1\n"),
        ("chart/values-production.yaml", "replicas: 3\n"),
        ("chart/templates/a.yaml", "kind: {{ .Values.kind }}\n"),
        ("chart/templates/deep/b.yaml", "{{ include \"b\" . }}\n"),
        ("chart/charts/sub/Chart.yaml", "apiVersion: v2\nname: sub\nversion: 1.0.0\n"),
        ("chart/crds/c.yaml", &service("c")),
        ("templates/d.yaml", &service("d")),
    ]);
    check(&folder, &["."], &["chart/Chart.yaml:1 helm-template"]);
    let said = Evctl::new(&["plan", "--offline", "--project", "p"]).within(&folder).run();
    said.code(0).says(&["2 to add"]);
}

fn templates() {
    let folder = Folder::bare(&[
        (
            "a.yaml",
            "kind: Service\nmetadata:\n  name: {{ .Release.Name }}\n  labels:\n  {{- x }}\n",
        ),
        ("b.yaml", "{{- if .Values.on }}\napiVersion: v1\nkind: Service\n{{- end }}\n"),
        ("c.yaml", "apiVersion: v1\nkind: Service\nmetadata: {name: c}\nspec: {a: \"{{ x }}\"}\n"),
        ("d.yaml", "apiVersion: v1\nkind: Service\nmetadata:\n  name: d\nspec:\n  a: x-{{ y }}\n"),
    ]);
    check(&folder, &["."], &["a.yaml:3 helm-template", "b.yaml:1 helm-template"]);
    check(&folder, &["a.yaml"], &["a.yaml:3 yaml-syntax"]);
    let said = Evctl::new(&["validate", "a.yaml"]).within(&folder).run();
    said.code(4).says(&["helm template"]);
}

fn files_of_other_tools() {
    let folder = Folder::bare(&[
        ("a.yaml", &service("a")),
        ("compose.yaml", "services:\n  web:\n    image: nginx\n"),
        ("mkdocs.yml", "plugins:\n- !!python/name:a.b ''\n- !ENV [A, b]\n"),
        ("node_modules/x/package.json", "{\"name\": \"x\"}\n"),
        ("package.json", "{\"name\": \"x\", \"version\": \"1.0.0\"}\n"),
        ("pipeline.yaml", "job:\n  script:\n  - !reference [.setup, script]\n"),
        ("several.yaml", "a: 1\n---\nb: 2\n---\nc: 3\n"),
        (
            "tsconfig.json",
            "{\n  // comments\n  \"compilerOptions\": {\"a\": 1,},\n  /* and */\n}\n",
        ),
        ("wall.yaml", "a: [\n---\nb: }\n---\nc: 'x\n---\n- d\n"),
        ("workflow.yaml", "on: push\njobs: {build: {runs-on: ubuntu}}\n"),
    ]);
    check(
        &folder,
        &["."],
        &[
            "compose.yaml:1 not-a-manifest",
            "mkdocs.yml:1 not-a-manifest",
            "package.json:1 not-a-manifest",
            "pipeline.yaml:1 not-a-manifest",
            "several.yaml:1 not-a-manifest",
            "tsconfig.json:1 not-a-manifest",
            "wall.yaml:1 not-a-manifest",
            "workflow.yaml:1 not-a-manifest",
        ],
    );
    std::fs::write(folder.file("compose.yaml"), b"name: Caf\xe9\n").unwrap();
    std::fs::write(folder.file("workflow.yaml"), b"kind: Caf\xe9\n").unwrap();
    let said = Evctl::new(&["validate"]).within(&folder).run().code(4);
    said.says(&[
        "compose.yaml:1:1",
        "not-utf8",
        "workflow.yaml:1:10",
        "1 error, 0 warnings, 7 notes",
    ]);
    folder.write("wall.yaml", "apiVersion: v1\nkind: [\n---\nb: }\n");
    check(&folder, &["wall.yaml"], &["wall.yaml:2 yaml-syntax", "wall.yaml:4 yaml-syntax"]);
    check(&folder, &["several.yaml", "a.yaml"], &["several.yaml:1 not-a-manifest"]);
}

fn patches_are_no_objects() {
    let folder = Folder::bare(&[
        ("base/a.yaml", &service("a")),
        ("base/kustomization.yaml", "resources: [a.yaml]\n"),
        (
            "over/kustomization.yaml",
            "resources: [../base]\npatches:\n- path: patch.yaml\n- path: more/json.yaml\n\
             configMapGenerator:\n- name: c\n  files: [x=data.json]\n",
        ),
        ("over/patch.yaml", &service("a")),
        ("over/more/json.yaml", "- {op: remove, path: /spec}\n"),
        ("over/data.json", "{\"apiVersion\": 1}\n"),
    ]);
    let notes =
        ["base/kustomization.yaml:1 skipped-kind", "over/kustomization.yaml:1 skipped-kind"];
    check(&folder, &["."], &notes);
    let said = Evctl::new(&["validate"]).within(&folder).run();
    said.code(0).says(&["3 files that it patches or generates with", "-k"]);
    counts(&folder, &["over/patch.yaml"], 1);
    // Named, it is read, and then it is the second declaration of the object.
    let twice = ["over/patch.yaml:3 duplicate-object"];
    check(&folder, &["base/a.yaml", "over/patch.yaml"], &twice);
}

fn json() {
    let object = |name: &str| {
        format!(
            "{{\"apiVersion\": \"v1\", \"kind\": \"Service\", \"metadata\": {{\"name\": \"{name}\"}}}}"
        )
    };
    let folder = Folder::bare(&[
        ("a.json", &object("a")),
        (
            "b.json",
            &format!(
                "{{\"apiVersion\":\"v1\",\"kind\":\"List\",\"items\":[{},{}]}}",
                object("b"),
                object("c")
            ),
        ),
        ("d.json", &format!("\t{}\n", object("d\\u002d\\/x").replace("\\/x", "x"))),
    ]);
    counts(&folder, &["."], 4);
}

fn inputs_without_end() {
    let folder = Folder::bare(&[("a.yaml", &service("a"))]);
    let large = std::fs::File::create(folder.file("large.yaml")).unwrap();
    large.set_len((64 << 20) + 1).unwrap();
    check(&folder, &["."], &["too-large"]);
    Evctl::new(&["validate", "/dev/zero"]).run().code(4).says(&["too-large", "64 MiB"]);
    let said = Evctl::new(&["validate", "-"]).input(&vec![b'#'; (64 << 20) + 1]).run();
    said.code(4).says(&["too-large", "stdin"]);
}
