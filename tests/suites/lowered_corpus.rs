//! What the streams and consumers of documents that people wrote become, beside the server's defaults:
//! tests/golden/corpus.lowered, read against the facts. `UPDATE_EXPECT=1` writes it.

use std::fmt::Write as _;

use evctl::jetstream::field::Field;
use evctl::jetstream::{consumer, stream};
use evctl::model::Assumed;
use evctl::model::project::Streams;
use evctl::topology::resolve;
use evctl::world::lower::lower;
use evctl::world::site::sites;
use evctl::world::{Account, Key, World};
use libtest_mimic::Trial;
use serde_json::Value;

use super::corpus::{load, texts};
use super::golden::same;
use crate::servers::{Need, trial};

pub(super) fn trials() -> Vec<Trial> {
    vec![trial("corpus::lowered_as_known", &[Need::Data], lowered_as_known)]
}

fn lowered_as_known() {
    let mut found = String::new();
    let mut objects = 0;
    for text in texts() {
        let loaded = load(&text);
        let resolved = resolve(&loaded.manifests, &Assumed::default());
        let names = sites(&loaded.manifests).into_keys().chain([String::new()]);
        let live = World {
            accounts: names.map(|site| (site, Account::default())).collect(),
            streams: Some(Streams::Managed),
            ..World::default()
        };
        let desired = lower(&resolved.topology, &loaded.manifests, "test", &live);
        let made = desired.world.objects.iter().map(|(key, object)| (key, &*object.body));
        let mut made: Vec<_> = made.chain(&desired.generated).collect();
        made.sort_by_key(|(key, _)| *key);
        if !made.is_empty() {
            writeln!(found, "{}", text.name).unwrap();
        }
        for (key, body) in made {
            objects += 1;
            writeln!(found, "  {key}\n    {}", said(key, body)).unwrap();
        }
    }
    assert!(objects >= 20, "only {objects} objects");
    same("tests/golden/corpus.lowered", &found);
}

/// The fields that are not as the server would have them.
fn said(key: &Key, body: &Value) -> Value {
    let table: &[Field] = match key {
        Key::Consumer { .. } => consumer::FIELDS,
        _ => stream::FIELDS,
    };
    let is_default = |name: &str, value: &Value| {
        let field = table.iter().find(|field| field.name == name);
        field.and_then(|field| field.normal(None)).as_ref() == Some(value)
    };
    let fields = body.as_object().unwrap().iter();
    let said = fields.filter(|(name, value)| !is_default(name, value));
    Value::Object(said.map(|(name, value)| (name.clone(), value.clone())).collect())
}
