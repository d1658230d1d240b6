//! What the API server says to the changes of a plan: server-side dry-runs, several at once. Writes
//! nothing.

use std::collections::BTreeMap;

use futures::stream::{self, StreamExt};
use kube::core::Status;

use crate::live::LiveError;
use crate::live::cluster::{Cluster, status};
use crate::model::ObjectKey;
use crate::model::hashed::HashedSet;
use crate::plan::verify::{ANEW, Preview};
use crate::plan::{Change, Conflict, Mode, Plan, Write};
use crate::world::item::Item;
use crate::world::secret::Vault;
use crate::world::{Key, World, normal};

use super::{brief, is_conflict, kind_of, params, patch};

/// Dry-runs at once.
const PREVIEWS: usize = 8;

/// Asks the API server what would become of every change of the plan that is its own.
pub(in crate::live) async fn preview(
    cluster: &Cluster,
    plan: &Plan,
    live: &World,
    vault: &Vault,
) -> Result<BTreeMap<Key, Preview>, LiveError> {
    let written = plan.changes.iter().filter(|change| change.action.writes());
    let written: HashedSet<&Key> = written.map(|change| &change.key).collect();
    let asked = plan.changes.iter().filter_map(|change| {
        let asked = change.write.as_ref().or(change.probe.as_ref());
        // A deletion is judged by what was read; there is nothing to compare an answer with.
        let write = asked.filter(|w| change.key.object().is_some() && w.mode.keeps())?;
        let written = &written;
        Some(async move {
            if write.mode == Mode::Replace {
                return Ok((change.key.clone(), Preview::Unknown(ANEW.to_owned())));
            }
            let preview = match unaskable(cluster, written, change, write, live) {
                Some(why) => Ok(Preview::Unknown(why)),
                None => ask(cluster, write, vault, &live.salt).await,
            };
            preview.map(|preview| (change.key.clone(), preview))
        })
    });
    let answers: Vec<_> =
        stream::iter(asked.collect::<Vec<_>>()).buffer_unordered(PREVIEWS).collect().await;
    answers.into_iter().collect()
}

/// Why the API server cannot judge a change before the rest of its plan is carried out.
fn unaskable(
    cluster: &Cluster,
    written: &HashedSet<&Key>,
    change: &Change,
    write: &Write,
    live: &World,
) -> Option<String> {
    let needs = change.needs.iter().filter(|need| written.contains(need));
    let written: Vec<&ObjectKey> = needs.filter_map(Key::object).collect();
    let defined = written.iter().any(|key| key.kind == "CustomResourceDefinition");
    if defined || kind_of(cluster, &write.body).is_none() {
        return Some("its kind is defined by the same plan".to_owned());
    }
    let namespace = change.key.object()?.namespace.as_ref()?;
    let known = live
        .cluster
        .as_ref()
        .is_some_and(|cluster| cluster.namespaces.contains(namespace.as_str()));
    let made = written.iter().any(|key| key.is("", "Namespace") && key.name == *namespace);
    (!known && made).then(|| "its namespace is made by the same plan".to_owned())
}

/// Asks without force first, so that the answer says what would be taken from whom.
async fn ask(
    cluster: &Cluster,
    write: &Write,
    vault: &Vault,
    salt: &str,
) -> Result<Preview, LiveError> {
    let unforced = Write { force: false, ..write.clone() };
    let first = ask_once(cluster, &unforced, vault, salt, Vec::new()).await?;
    match first {
        Preview::Conflict(taken) if write.force => {
            ask_once(cluster, write, vault, salt, taken).await
        }
        answer => Ok(answer),
    }
}

async fn ask_once(
    cluster: &Cluster,
    write: &Write,
    vault: &Vault,
    salt: &str,
    taken: Vec<Conflict>,
) -> Result<Preview, LiveError> {
    let params = params(write, true);
    let asking = patch(cluster, write, vault, &params, None);
    let Ok(answer) = tokio::time::timeout(cluster.timeout, asking).await else {
        return Ok(Preview::Unknown("the API server did not answer in time".to_owned()));
    };
    let answer = answer.and_then(|applied| {
        serde_json::from_slice::<Item>(&applied.body).map_err(kube::Error::SerdeError)
    });
    match answer {
        Ok(body) => Ok(Preview::Becomes { body: normal::live(body, salt).body, taken }),
        Err(error) => match status(&error) {
            Some(status) if status.code != 401 => Ok(verdict(status)),
            _ => Err(cluster.error("a dry-run", &error)),
        },
    }
}

/// What a refused dry-run says about the object. One object's trouble is not that of the run.
fn verdict(status: &Status) -> Preview {
    let text = brief(status);
    match status.code {
        409 if is_conflict(status) => Preview::Conflict(conflicts(status)),
        400 | 405 | 501 if is_about_dry_runs(&text) => Preview::Unknown(text),
        403 if status.message.contains("cannot patch resource") => {
            Preview::Unknown("this user may not patch it".to_owned())
        }
        429 | 502..=599 => Preview::Unknown(text),
        code => Preview::Refused { status: code, text },
    }
}

/// A webhook or an aggregated server that cannot only pretend, in the words of either.
fn is_about_dry_runs(text: &str) -> bool {
    let text = text.to_lowercase().replace('-', " ");
    (text.contains("dry run") || text.contains("dryrun")) && text.contains("support")
}

/// Each field that another manager owns, from the causes of the answer: `conflict with "them" using v1`.
fn conflicts(status: &Status) -> Vec<Conflict> {
    let causes = status.details.iter().flat_map(|details| &details.causes);
    let conflicts = causes.filter(|cause| cause.reason == "FieldManagerConflict");
    let named = conflicts.map(|cause| {
        let said = cause.message.trim_start_matches("conflict with ").replace('"', "");
        // The version of a manager's fields and when it wrote them follow its name.
        let manager = said.split(" using ").next().unwrap_or_default().to_owned();
        Conflict { path: cause.field.trim_start_matches('.').to_owned(), manager }
    });
    let mut all: Vec<Conflict> = named.collect();
    all.sort();
    all
}
