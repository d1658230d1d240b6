//! Waiting, once all is written, until controllers say that what was written does its work. What is as
//! declared already and not ready is waited for too: a run that begins again must not call it done.
//! Must not know how objects are watched, nor what time it is.

use std::collections::BTreeMap;

use futures::channel::mpsc::unbounded;
use futures::future::{Either, select};
use futures::stream::StreamExt;

use crate::model::ObjectKey;
use crate::plan::{Action, Change, Plan};
use crate::world::Key;
use crate::world::readiness::{Readiness, is_awaited};

use super::{ApplyEvent, Executor};

/// An object that is to become ready.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Awaited {
    /// The number of its change in the plan.
    pub at: usize,
    pub key: ObjectKey,
    /// As it was declared.
    pub api_version: String,
    /// The project whose mark it has; `None` for what is declared and not owned.
    pub project: Option<String>,
}

/// How an object stands, by the number of its change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    pub at: usize,
    pub readiness: Readiness,
}

/// What is to be waited for, in the order of the plan.
pub fn awaited(plan: &Plan, events: &[ApplyEvent]) -> Vec<Awaited> {
    let mut written = vec![false; plan.changes.len()];
    for event in events {
        match event {
            ApplyEvent::Done { at, .. } => written[*at] = true,
            ApplyEvent::Unconfirmed { at, .. } => written[*at] = false,
            _ => {}
        }
    }
    let changes = plan.changes.iter().enumerate();
    changes
        .filter(|(at, change)| match &change.write {
            Some(write) => written[*at] && write.mode.keeps(),
            None => change.action == Action::None && change.unready.is_some(),
        })
        .filter_map(|(at, change)| one(at, change, &plan.project))
        .collect()
}

fn one(at: usize, change: &Change, project: &str) -> Option<Awaited> {
    let key = change.key.object().filter(|key| is_awaited(key))?.clone();
    let is_marked = change.owned || change.write.is_some();
    let project = is_marked.then(|| project.to_owned());
    Some(Awaited { at, key, api_version: change.api_version.clone()?, project })
}

/// Waits for all of them, until they are ready, the executor ends, or `interrupt` resolves.
pub(super) async fn wait<E: Executor>(
    executor: &E,
    awaited: &[Awaited],
    mut interrupt: impl Future<Output = ()> + Unpin,
    on_event: &mut dyn FnMut(ApplyEvent),
) {
    if awaited.is_empty() {
        return;
    }
    let mut board = Board::new(awaited);
    let (tell, mut told) = unbounded();
    let mut watching = Box::pin(executor.await_ready(awaited, tell));
    loop {
        let ended = select(&mut watching, &mut interrupt);
        match select(told.next(), ended).await {
            Either::Left((Some(told), _)) => on_event(board.take(told)),
            Either::Left((None, _)) => break,
            Either::Right(_) => {
                while let Ok(told) = told.try_recv() {
                    on_event(board.take(told));
                }
                break;
            }
        }
    }
    board.unready().for_each(on_event);
}

/// How each object stands.
struct Board {
    keys: BTreeMap<usize, Key>,
    /// What those wait for that are not ready.
    waits: BTreeMap<usize, String>,
}

impl Board {
    /// Nothing has been heard yet.
    fn new(awaited: &[Awaited]) -> Self {
        let unheard = "it could not be looked at in time".to_owned();
        Self {
            keys: awaited.iter().map(|one| (one.at, Key::Object(one.key.clone()))).collect(),
            waits: awaited.iter().map(|one| (one.at, unheard.clone())).collect(),
        }
    }

    fn take(&mut self, told: Told) -> ApplyEvent {
        let Told { at, readiness } = told;
        let key = self.keys[&at].clone();
        match readiness {
            Readiness::Ready => {
                self.waits.remove(&at);
                ApplyEvent::Ready { at, key }
            }
            Readiness::Waits(why) => {
                self.waits.insert(at, why.clone());
                ApplyEvent::Waits { at, key, why }
            }
        }
    }

    fn unready(self) -> impl Iterator<Item = ApplyEvent> {
        let Self { mut keys, waits } = self;
        waits.into_iter().filter_map(move |(at, why)| {
            Some(ApplyEvent::Unready { at, key: keys.remove(&at)?, why })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_last_counts() {
        let one = |at, name: &str| Awaited {
            at,
            key: ObjectKey {
                group: "eventing.knative.dev".into(),
                kind: "Broker".into(),
                namespace: Some("n".into()),
                name: name.into(),
            },
            api_version: "eventing.knative.dev/v1".to_owned(),
            project: None,
        };
        let mut board = Board::new(&[one(3, "a"), one(5, "b"), one(7, "c")]);
        let waits = |why: &str| Readiness::Waits(why.to_owned());
        let first = board.take(Told { at: 3, readiness: waits("x") });
        assert!(matches!(first, ApplyEvent::Waits { at: 3, .. }));
        board.take(Told { at: 3, readiness: waits("y") });
        assert!(matches!(
            board.take(Told { at: 5, readiness: Readiness::Ready }),
            ApplyEvent::Ready { at: 5, .. }
        ));
        let ends: Vec<String> = board
            .unready()
            .map(|event| match event {
                ApplyEvent::Unready { key, why, .. } => format!("{key}: {why}"),
                other => format!("{other:?}"),
            })
            .collect();
        let name = "broker.eventing.knative.dev/n";
        let unheard = "it could not be looked at in time";
        assert_eq!(ends, [format!("{name}/a: y"), format!("{name}/c: {unheard}")]);
    }
}
