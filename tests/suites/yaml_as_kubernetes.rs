//! YAML exactly as Kubernetes reads it: each case goes through kubectl and through evctl, and both
//! must make the same objects of it, or both call it an error.

mod cases;

use std::collections::BTreeMap;

use evctl::diag::{Severity, worst};
use evctl::model::{self, Input};
use libtest_mimic::Trial;
use serde_json::Value;

use super::binary::Folder;
use crate::servers::kubernetes::Cluster;
use crate::servers::{Need, trial};

pub(super) fn trials() -> Vec<Trial> {
    vec![trial("yaml_as_kubernetes", &[Need::Kubernetes], yaml_as_kubernetes)]
}

use cases::DIFFERENT;

/// What a reader made of a file: its objects by name, or `None` where it called it an error.
type Verdict = Option<BTreeMap<String, Value>>;

fn yaml_as_kubernetes() {
    let values = cases::VALUES.iter().map(|value| format!("@v: {value}\n"));
    let texts: Vec<String> = values.chain(cases::FILES.iter().map(|&text| text.into())).collect();
    let files: Vec<String> = texts.iter().enumerate().map(|(n, text)| file(n, text)).collect();
    for case in DIFFERENT.iter().flat_map(|(_, cases)| cases.iter()) {
        assert!(texts.iter().any(|text| text == case), "no such case: {case:?}");
    }
    let theirs = theirs(&files);
    let mut faults = Vec::new();
    for (number, text) in texts.iter().enumerate() {
        let ours = ours(&files[number]);
        let expected = DIFFERENT.iter().any(|(_, cases)| cases.contains(&text.as_str()));
        if (ours == theirs[number]) == expected {
            let show = |verdict: &Verdict| verdict.as_ref().map_or("an error".to_owned(), shown);
            faults.push(format!(
                "{text:?}\n  evctl:   {}\n  kubectl: {}",
                show(&ours),
                show(&theirs[number])
            ));
        }
    }
    assert!(faults.is_empty(), "{} of {}:\n{}", faults.len(), texts.len(), faults.join("\n"));
}

fn shown(objects: &BTreeMap<String, Value>) -> String {
    let fields = |object: &Value| {
        let mut fields = object.clone();
        for known in ["apiVersion", "kind", "metadata"] {
            fields.as_object_mut().unwrap().remove(known);
        }
        fields.to_string()
    };
    objects.values().map(fields).collect::<Vec<_>>().join(" --- ")
}

/// A case as a file. `@` at the start of a line is the head of a manifest, named by case and place.
fn file(number: usize, text: &str) -> String {
    let mut out = String::new();
    let text = text.replace("{@2", &json_head(number, 2)).replace("{@", &json_head(number, 1));
    let text = text.replace("case-#-", &format!("case-{number}-"));
    let mut documents = 0;
    let mut fresh = true;
    for c in text.chars() {
        if c == '@' && fresh {
            documents += 1;
            out += "apiVersion: v1\nkind: PodTemplate\n";
            out += &format!("metadata: {{name: case-{number}-{documents}}}\n");
        } else {
            out.push(c);
        }
        fresh = matches!(c, '\n' | '\u{feff}');
    }
    out
}

/// The same head for `{@, "a": 1}`, and `{@2, …}` for a second object.
fn json_head(number: usize, document: usize) -> String {
    let name = format!("case-{number}-{document}");
    format!(r#"{{"apiVersion": "v1", "kind": "PodTemplate", "metadata": {{"name": "{name}"}}"#)
}

fn ours(text: &str) -> Verdict {
    let input = Input::named("case.yaml", Ok(text.as_bytes().to_vec()));
    let loaded = model::load(vec![input], "default", &model::Assumed::default());
    let named =
        |manifest: model::Manifest| (manifest.key.name.to_string(), manifest.body().clone());
    (worst(&loaded.findings) != Some(Severity::Error))
        .then(|| loaded.manifests.into_iter().map(named).collect())
}

/// What kubectl makes of every file, in one run over a folder of them.
fn theirs(files: &[String]) -> Vec<Verdict> {
    let folder = Folder::bare(&[]);
    for (number, text) in files.iter().enumerate() {
        folder.write(&format!("case-{number}.yaml"), text);
    }
    let said = Cluster::shared().kubectl(&[
        "create",
        "--dry-run=client",
        "--validate=false",
        "-o",
        "json",
        "-f",
        folder.text(),
    ]);
    let mut verdicts: Vec<Verdict> = vec![Some(BTreeMap::new()); files.len()];
    for object in objects(&said.stdout) {
        let name = object["metadata"]["name"].as_str().unwrap().to_owned();
        let number: usize = name.split('-').nth(1).unwrap().parse().unwrap();
        verdicts[number].as_mut().unwrap().insert(name, object);
    }
    for (number, verdict) in verdicts.iter_mut().enumerate() {
        if said.stderr.contains(&format!("/case-{number}.yaml")) {
            *verdict = None;
        }
    }
    verdicts
}

/// Every object that kubectl prints: one after the other, or as the items of Lists.
fn objects(text: &str) -> Vec<Value> {
    let mut objects = Vec::new();
    for document in serde_json::Deserializer::from_str(text).into_iter::<Value>() {
        let mut document = document.expect("kubectl prints JSON");
        without_nulls(&mut document);
        expand(document, &mut objects);
    }
    objects
}

fn expand(mut document: Value, objects: &mut Vec<Value>) {
    if let Some(Value::Array(items)) = document.get_mut("items").map(Value::take) {
        items.into_iter().for_each(|item| expand(item, objects));
    } else if document["metadata"]["name"].is_string() {
        // kubectl fills it in on its way to the server.
        document["metadata"].as_object_mut().expect("metadata").remove("namespace");
        objects.push(document);
    }
}

/// evctl leaves nulls out of mappings, as the API server does.
fn without_nulls(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|_, field| !field.is_null());
            fields.values_mut().for_each(without_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(without_nulls),
        // kubectl holds int64 and float64 alone, and prints a float without a fraction as digits.
        Value::Number(number) if number.is_u64() && !number.is_i64() => {
            *value = serde_json::json!(number.as_f64());
        }
        _ => {}
    }
}
