//! What a real admission webhook said of objects, beside what evctl says of the same: generic over
//! the folder of the recording. Must not know any kind, nor which questions there are.

use std::collections::BTreeSet;

use evctl::diag::{Finding, Severity};
use evctl::model::{self, Assumed, Input, Loaded};
use evctl::topology::resolve;
use serde_json::Value;

use crate::servers::lookup;

/// A recording, and where evctl says something else than it on purpose.
pub(crate) struct Recording {
    /// The folder of the recording, below the test data.
    pub(crate) folder: &'static str,
    /// How many questions about new objects there are at least.
    pub(crate) new_objects: usize,
    /// Question, the code of evctl's errors, and why evctl refuses what was admitted.
    pub(crate) stricter: &'static [(&'static str, &'static str, &'static str)],
    /// Question and why nothing is refused that was.
    pub(crate) laxer: &'static [(&'static str, &'static str)],
    /// Question, the field as it was recorded, as evctl calls it, and why.
    pub(crate) renamed: &'static [(&'static str, &'static str, &'static str, &'static str)],
}

/// One question, and what was answered.
pub(crate) struct Verdict {
    pub(crate) name: String,
    pub(crate) object: Value,
    /// The object as it was, where the question is about a change.
    pub(crate) before: Option<Value>,
    /// Who asked, where it was not an administrator.
    pub(crate) asker: Option<String>,
    pub(crate) accepted: bool,
    /// The fields that the refusal names.
    pub(crate) fields: Vec<String>,
    /// What admission added.
    pub(crate) added: Value,
    /// The fields that admission took away.
    pub(crate) dropped: Vec<String>,
}

impl Recording {
    /// Every verdict, or why the recording cannot be read.
    pub(crate) fn verdicts(&self) -> Result<Vec<Verdict>, String> {
        let file = lookup::data()?.join(self.folder).join("admission.questions.verdicts.json");
        let text = std::fs::read_to_string(&file)
            .map_err(|error| format!("{} cannot be read: {error}", file.display()))?;
        let document: Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
        let verdicts = document["verdicts"].as_array().expect("a list of verdicts");
        Ok(verdicts.iter().map(verdict).collect())
    }

    /// Every way in which evctl says something else of an object than was recorded.
    pub(crate) fn differences(&self, verdict: &Verdict) -> Vec<String> {
        let errors = errors(&verdict.object);
        let said: Vec<String> = errors.iter().map(said).collect();
        let name = &verdict.name;
        let stricter = self.stricter.iter().find(|(question, ..)| question == name);
        let laxer = self.laxer.iter().any(|(question, _)| question == name);
        match (verdict.accepted, stricter) {
            (true, None) if !errors.is_empty() => {
                vec![format!("{name}: was admitted, and is refused: {said:?}")]
            }
            (true, Some((_, code, _))) if !all_are(&errors, code) => {
                vec![format!("{name}: should be refused with {code}, not {said:?}")]
            }
            (false, Some(_)) => vec![format!("{name}: was refused, so nothing is stricter")],
            (false, None) if laxer => {
                let odd = format!("{name}: is refused now: {said:?}");
                if errors.is_empty() { Vec::new() } else { vec![odd] }
            }
            (false, None) if errors.is_empty() => {
                vec![format!("{name}: was refused for {:?}, and is not", verdict.fields)]
            }
            (false, None) => self.unnamed(verdict, &errors),
            (true, _) => Vec::new(),
        }
    }

    fn unnamed(&self, verdict: &Verdict, errors: &[Finding]) -> Vec<String> {
        let paths: Vec<Vec<String>> = errors.iter().map(|error| steps(&error.path)).collect();
        let renamed = |field: &String| {
            let row = self
                .renamed
                .iter()
                .find(|(question, theirs, ..)| *question == verdict.name && theirs == field);
            row.map_or(field.clone(), |(_, _, ours, _)| (*ours).to_owned())
        };
        let fields = verdict.fields.iter().map(renamed);
        fields
            .filter(|field| !paths.iter().any(|path| names(path, &steps(field))))
            .map(|field| format!("{}: `{field}` is not named by {paths:?}", verdict.name))
            .collect()
    }

    /// The rows about questions that the recording does not have.
    pub(crate) fn stale(&self, verdicts: &[Verdict]) -> Vec<&'static str> {
        let names: BTreeSet<&str> = verdicts.iter().map(|verdict| verdict.name.as_str()).collect();
        let rows = self.stricter.iter().map(|row| row.0);
        let rows = rows.chain(self.laxer.iter().map(|row| row.0));
        let rows = rows.chain(self.renamed.iter().map(|row| row.0));
        rows.filter(|row| !names.contains(row)).collect()
    }
}

fn verdict(entry: &Value) -> Verdict {
    let texts = |field: &str| {
        let texts = entry[field].as_array().into_iter().flatten();
        texts.map(|text| text.as_str().unwrap().to_owned()).collect()
    };
    Verdict {
        name: entry["name"].as_str().unwrap().to_owned(),
        object: entry["object"].clone(),
        before: entry.get("before").cloned(),
        asker: entry["as"].as_str().map(str::to_owned),
        accepted: entry["accepted"].as_bool().unwrap(),
        fields: texts("fields"),
        added: entry.get("added").cloned().unwrap_or_default(),
        dropped: texts("dropped"),
    }
}

impl Verdict {
    /// Whether it is on a new object.
    pub(crate) fn is_new(&self) -> bool {
        self.before.is_none()
    }

    /// Whether it is on a change, by someone who is no controller.
    pub(crate) fn is_change(&self) -> bool {
        self.before.is_some() && self.asker.is_none()
    }
}

/// An object as evctl reads it.
pub(crate) fn loaded(object: &Value) -> Loaded {
    let content = Ok(object.to_string().into_bytes());
    let input = Input::named("question.json", content);
    model::load(vec![input], "default", &Assumed::default())
}

/// Every error about an object, apart from what it refers to being declared elsewhere.
fn errors(object: &Value) -> Vec<Finding> {
    let loaded = loaded(object);
    let resolved = resolve(&loaded.manifests, &Assumed::default());
    let all = loaded.findings.into_iter().chain(resolved.findings);
    all.filter(|finding| finding.severity == Severity::Error).collect()
}

fn all_are(errors: &[Finding], code: &str) -> bool {
    !errors.is_empty() && errors.iter().all(|error| error.code.name() == code)
}

/// The object as evctl would send it, where it finds no error in it.
pub(crate) fn sound(object: &Value) -> Option<Value> {
    let body = loaded(object).manifests.first().map(|manifest| manifest.body().clone());
    if errors(object).is_empty() { body } else { None }
}

fn said(finding: &Finding) -> String {
    format!("{} at {}: {}", finding.code.name(), finding.path, finding.message)
}

/// Whether a path points at a field: at it, into it, or at the mapping that lacks it.
pub(crate) fn names(path: &[String], field: &[String]) -> bool {
    path.starts_with(field) || field.split_last().is_some_and(|(_, above)| above == path)
}

/// The steps of `spec.a[0].b[key]`, however keys are written.
pub(crate) fn steps(path: &str) -> Vec<String> {
    let mut steps = Vec::new();
    for part in path.split('[') {
        match part.split_once(']') {
            Some((key, rest)) => {
                steps.push(key.trim_matches('"').to_owned());
                steps.extend(rest.split('.').filter(|step| !step.is_empty()).map(str::to_owned));
            }
            None => steps.extend(part.split('.').filter(|s| !s.is_empty()).map(str::to_owned)),
        }
    }
    steps
}

/// What an object has that it had not, list by list and field by field.
pub(crate) fn gained(before: &Value, after: &Value) -> Option<Value> {
    match (before, after) {
        (Value::Object(old), Value::Object(new)) => {
            let fields = new.iter().filter_map(|(key, value)| match old.get(key) {
                None => Some((key.clone(), value.clone())),
                Some(old) => Some((key.clone(), gained(old, value)?)),
            });
            let fields: serde_json::Map<_, _> = fields.collect();
            (!fields.is_empty()).then_some(Value::Object(fields))
        }
        (Value::Array(old), Value::Array(new)) if old.len() == new.len() => {
            let items: Vec<Option<Value>> =
                old.iter().zip(new).map(|(old, new)| gained(old, new)).collect();
            if items.iter().all(Option::is_none) {
                return None;
            }
            let empty = || Value::Object(serde_json::Map::new());
            Some(items.into_iter().map(|item| item.unwrap_or_else(empty)).collect())
        }
        (old, new) if old == new => None,
        (_, new) => Some(new.clone()),
    }
}

/// Every kind gets annotations GROUP/creator and GROUP/lastModifier.
pub(crate) fn without_authors(mut added: Value) -> Value {
    let is_author = |name: &String| name.ends_with("/creator") || name.ends_with("/lastModifier");
    if let Some(Value::Object(annotations)) = added.pointer_mut("/metadata/annotations") {
        annotations.retain(|name, _| !is_author(name));
    }
    prune(&mut added, &["metadata", "annotations"]);
    prune(&mut added, &["metadata"]);
    if added == serde_json::json!({}) { Value::Null } else { added }
}

/// Takes an empty mapping away.
fn prune(value: &mut Value, path: &[&str]) {
    let (last, above) = path.split_last().unwrap();
    let pointer: String = above.iter().map(|step| format!("/{step}")).collect();
    if let Some(Value::Object(fields)) = value.pointer_mut(&pointer)
        && fields.get(*last).is_some_and(|below| *below == serde_json::json!({}))
    {
        fields.remove(*last);
    }
}
