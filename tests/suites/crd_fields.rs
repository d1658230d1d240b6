//! The fields of evctl's kinds against the CRDs that are shipped: none is missing, none is invented.

use evctl::model::{kinds, yaml};
use libtest_mimic::Trial;
use serde_json::Value;

use crate::servers::{Need, lookup, trial};

pub(super) fn trials() -> Vec<Trial> {
    vec![trial("crd_fields::nats", &[Need::Data], nats)]
}

fn nats() {
    let folder = lookup::data().unwrap().join("crds");
    let mut compared = 0;
    let mut faults = Vec::new();
    for file in ["eventing-natss/config/jetstream/302-jsm-channel.yaml", "nack/deploy/crds.yml"] {
        let text = std::fs::read_to_string(folder.join(file)).unwrap();
        let (documents, problems) = yaml::documents(&text);
        assert_eq!(problems, []);
        for root in documents.into_iter().filter_map(|document| document.root) {
            compared += definition(&root.to_json(), &mut faults);
        }
    }
    assert!(compared >= 200, "only {compared} fields");
    assert!(faults.is_empty(), "{faults:#?}");
}

/// Compares every version of a CRD that is served; how many fields it has.
fn definition(crd: &Value, faults: &mut Vec<String>) -> usize {
    let (group, kind) = (&crd["spec"]["group"], &crd["spec"]["names"]["kind"]);
    let (group, kind) = (group.as_str().unwrap(), kind.as_str().unwrap());
    let mut compared = 0;
    for version in crd["spec"]["versions"].as_array().unwrap() {
        let name = version["name"].as_str().unwrap();
        let row = kinds::versions(group, kind).find(|row| row.version == name);
        assert_eq!(row.is_some(), version["served"] == Value::Bool(true), "{kind} {name}");
        let Some(row) = row else { continue };
        let theirs = &version["schema"]["openAPIV3Schema"]["properties"]["spec"];
        compared += fields(theirs, &(row.schema)()["properties"]["spec"], kind, faults);
    }
    compared
}

fn fields(theirs: &Value, own: &Value, at: &str, faults: &mut Vec<String>) -> usize {
    let mut compared = 0;
    if let (Some(theirs), Some(own)) = (theirs.get("items"), own.get("items")) {
        compared += fields(theirs, own, &format!("{at}[]"), faults);
    }
    let (Some(theirs), Some(own)) =
        (theirs["properties"].as_object(), own["properties"].as_object())
    else {
        return compared;
    };
    for name in theirs.keys().filter(|name| !own.contains_key(*name)) {
        faults.push(format!("{at}.{name} is missing"));
    }
    for (name, own) in own {
        match theirs.get(name) {
            Some(theirs) => compared += 1 + fields(theirs, own, &format!("{at}.{name}"), faults),
            None => faults.push(format!("{at}.{name} is in no CRD")),
        }
    }
    compared
}
