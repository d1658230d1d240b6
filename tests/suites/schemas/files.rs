//! `evctl schema --write`: the folder, run twice, and in the way of others' files; and what every
//! schema must hold to.

use std::path::Path;

use evctl::model::yaml;
use libtest_mimic::Trial;
use serde_json::Value;

use crate::suites::binary::{Evctl, Folder};
use crate::suites::plain;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        plain("schemas::a_second_write_changes_nothing", a_second_write_changes_nothing),
        plain("schemas::what_is_not_ours_is_left_alone", what_is_not_ours_is_left_alone),
        plain("schemas::names_are_read_as_people_write_them", names_are_read_as_people_write_them),
        plain("schemas::every_field_is_described", every_field_is_described),
        plain("schemas::no_pattern_looks_around", no_pattern_looks_around),
        plain("schemas::definitions_are_yaml", definitions_are_yaml),
    ]
}

/// A folder that `evctl schema --write` has written.
pub(crate) fn written() -> Folder {
    let folder = Folder::bare(&[]);
    Evctl::new(&["schema", "--write", folder.text()]).run().code(0).says(&["all.json"]);
    folder
}

/// Every schema of a folder.
pub(crate) fn schemas(folder: &Folder) -> Vec<Value> {
    let mut files = Vec::new();
    collect(&folder.file(".evctl/schemas"), &mut files);
    files
}

fn collect(folder: &Path, schemas: &mut Vec<Value>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, schemas);
        } else {
            let text = std::fs::read_to_string(&path).unwrap();
            schemas.push(serde_json::from_str(&text).unwrap());
        }
    }
}

fn a_second_write_changes_nothing() {
    let folder = written();
    let count = schemas(&folder).len();
    let again = Evctl::new(&["schema", "--write", folder.text()]).run().code(0);
    assert_eq!(again.stdout, format!("{count} schemas: 0 written, {count} as they were\n"));
    let file = folder.file(".evctl/schemas/messaging.knative.dev/channel_v1.json");
    let old = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, old.replace("Channel", "Chanel")).unwrap();
    Evctl::new(&["schema", "--write", folder.text()]).run().code(0).says(&[
        "~ ",
        "channel_v1.json",
        ": 1 written",
    ]);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), old);
}

fn what_is_not_ours_is_left_alone() {
    let folder = Folder::bare(&[]);
    let (schema, settings) =
        (folder.file(".evctl/schemas/all.json"), folder.file(".vscode/settings.json"));
    for file in [&schema, &settings] {
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    }
    std::fs::write(&schema, "{\"$id\": \"https://example.com/mine\"}").unwrap();
    std::fs::write(&settings, "{\n  // mine\n  \"editor.tabSize\": 2\n}\n").unwrap();
    Evctl::new(&["schema", "--write", folder.text()])
        .run()
        .code(1)
        .says(&["all.json is there, and evctl did not write it"]);
    assert_eq!(schemas(&folder).len(), 1, "nothing is written where something is in the way");
    std::fs::remove_file(&schema).unwrap();
    let said = Evctl::new(&["schema", "--write", folder.text()]).run().code(0);
    said.says(&["is yours and was left alone; add to it", ".evctl/schemas/all.json"]);
    assert!(std::fs::read_to_string(&settings).unwrap().contains("// mine"));
}

fn names_are_read_as_people_write_them() {
    for name in [
        "Subscription",
        "subscription.messaging.knative.dev",
        "subscriptions.v1.messaging.knative.dev",
        "messaging.knative.dev/v1/Subscription",
        "messaging.knative.dev/v1 Subscription",
    ] {
        let schema = Evctl::new(&["schema", name, "--api-version", "messaging.knative.dev/v1"])
            .run()
            .code(0)
            .json();
        assert_eq!(schema["$id"], "urn:evctl:schema:messaging.knative.dev:v1:Subscription");
    }
    Evctl::new(&["schema", "Subscripton"]).run().code(64).says(&["did you mean `Subscription`?"]);
    Evctl::new(&["schema", "Subscription", "--api-version", "messaging.knative.dev/v2"])
        .run()
        .code(64)
        .says(&["evctl schema Subscription --api-version messaging.knative.dev/v1"]);
    Evctl::new(&["schema", "Project", "--format", "crd"])
        .run()
        .code(64)
        .says(&["has no CustomResourceDefinition"]);
}

/// Visits every schema within a schema, with where it stands.
fn each(at: &str, value: &Value, visit: &mut impl FnMut(&str, &Value)) {
    visit(at, value);
    match value {
        Value::Object(keywords) => {
            for (key, inner) in keywords {
                each(&format!("{at}/{key}"), inner, visit);
            }
        }
        Value::Array(items) => items.iter().for_each(|inner| each(at, inner, visit)),
        _ => {}
    }
}

fn every_field_is_described() {
    let mut bare = Vec::new();
    for schema in schemas(&written()) {
        let id = schema["$id"].as_str().unwrap().to_owned();
        each(&id, &schema, &mut |at, place| {
            // The cases of the combined schema are conditions, not descriptions.
            if at.ends_with("/if") {
                return;
            }
            let fields = place.get("properties").and_then(Value::as_object);
            let fields = fields.filter(|_| !at.ends_with("/properties") && !at.ends_with("/if"));
            // A choice among several is described itself, not its only field.
            let is_choice = at.ends_with("/oneOf") && place["description"].is_string();
            for (name, field) in fields.into_iter().flatten().filter(|_| !is_choice) {
                if field["description"].as_str().is_none_or(str::is_empty) {
                    bare.push(format!("{at}: {name}"));
                }
            }
        });
    }
    assert!(bare.is_empty(), "fields without a description: {bare:#?}");
}

/// RE2, which reads the patterns of CRDs, cannot look around or back.
fn no_pattern_looks_around() {
    let mut patterns = 0;
    for schema in schemas(&written()) {
        each("", &schema, &mut |at, place| {
            let own = place.get("pattern").and_then(Value::as_str).map(str::to_owned);
            let keys = place.get("patternProperties").and_then(Value::as_object);
            let keys = keys.into_iter().flat_map(|all| all.keys().cloned());
            for pattern in own.into_iter().chain(keys) {
                patterns += 1;
                let looks = ["(?=", "(?!", "(?<"].iter().any(|part| pattern.contains(part));
                assert!(!looks, "{at}: {pattern}");
            }
        });
    }
    assert!(patterns > 0);
}

/// What is printed as YAML reads as the same value, by the rules of YAML 1.1 too.
fn definitions_are_yaml() {
    let said = Evctl::new(&["schema", "--format", "crd"]).run().code(0);
    let (documents, problems) = yaml::documents(&said.stdout);
    assert!(problems.is_empty(), "{problems:?}");
    let subjects = evctl::model::schema::subjects(&[]);
    let expected = evctl::model::schema::crd::of(&subjects.iter().collect::<Vec<_>>());
    let read: Vec<Value> = documents
        .into_iter()
        .filter_map(|document| document.root)
        .map(|root| root.to_json())
        .collect();
    assert_eq!(read, expected);
}
