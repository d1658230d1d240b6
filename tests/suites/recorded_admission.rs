//! The verdicts of real admission webhooks against evctl's: what they refuse is refused, with the
//! same fields named; what they admit is admitted, but for what is listed here.

mod knative;
mod natss;
mod questions;

use evctl::model::Assumed;
use evctl::model::knative::change::frozen;
use evctl::model::knative::defaults::defaulted;
use libtest_mimic::Trial;
use serde_json::Value;

use crate::servers::{Need, trial};

use knative::KNATIVE;
use natss::NATSS;
use questions::Recording;

pub(super) fn trials() -> Vec<Trial> {
    vec![
        trial("recorded_admission::knative", &[Need::Data], || agree(&KNATIVE)),
        trial("recorded_admission::natss", &[Need::Data], || agree(&NATSS)),
        trial("recorded_admission::natss_written_back", &[Need::Data], natss::written_back),
        trial("recorded_admission::knative_defaults", &[Need::Data], || defaults(&KNATIVE)),
        trial("recorded_admission::knative_changes", &[Need::Data], || changes(&KNATIVE)),
    ]
}

fn agree(recording: &Recording) {
    let verdicts = recording.verdicts().unwrap();
    let stale = recording.stale(&verdicts);
    assert!(stale.is_empty(), "rows about no question: {stale:?}");
    let asked: Vec<_> = verdicts.iter().filter(|verdict| verdict.is_new()).collect();
    assert!(asked.len() >= recording.new_objects, "only {} new objects", asked.len());
    let differences: Vec<String> =
        asked.into_iter().flat_map(|verdict| recording.differences(verdict)).collect();
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

/// What admission adds is what evctl takes as added; who wrote the object aside.
fn defaults(recording: &Recording) {
    let verdicts = recording.verdicts().unwrap();
    let accepted: Vec<_> = verdicts.iter().filter(|v| v.accepted && v.is_new()).collect();
    assert!(accepted.len() > 50, "only {} admitted", accepted.len());
    let mut differences = Vec::new();
    for verdict in accepted {
        let manifest = questions::loaded(&verdict.object).manifests.remove(0);
        let ours = defaulted(&manifest.key, &verdict.object, &Assumed::default());
        let ours = questions::gained(&verdict.object, &ours).unwrap_or_default();
        let theirs = questions::without_authors(verdict.added.clone());
        if ours != theirs {
            differences.push(format!("{}:\n  added {theirs}\n  evctl {ours}", verdict.name));
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

/// A change is refused exactly where it is one of a frozen field, and that is named.
fn changes(recording: &Recording) {
    let verdicts = recording.verdicts().unwrap();
    let asked: Vec<_> = verdicts.iter().filter(|v| v.is_change()).collect();
    assert!(asked.len() > 10, "only {} changes", asked.len());
    let mut differences = Vec::new();
    for verdict in asked {
        let key = questions::loaded(&verdict.object).manifests.remove(0).key;
        let kept = |object: &Value| defaulted(&key, object, &Assumed::default());
        let changed = frozen(&key, &kept(verdict.before.as_ref().unwrap()), &kept(&verdict.object));
        let paths: Vec<_> = changed.iter().map(|p| questions::steps(&p.to_string())).collect();
        let named = |field: &String| {
            paths.iter().any(|path| questions::names(path, &questions::steps(field)))
        };
        if verdict.accepted != changed.is_empty() || !verdict.fields.iter().all(named) {
            differences.push(format!("{}: {:?}, not {paths:?}", verdict.name, verdict.fields));
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}
