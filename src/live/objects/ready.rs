//! Waiting until controllers say that objects are ready: until all have been seen ready at one time, and with what
//! is said meanwhile. Must not decide what ready is (`world::readiness`).

mod watched;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures::channel::mpsc::UnboundedSender;
use futures::future::join_all;
use tokio::sync::mpsc;

use crate::apply::waiting::{Awaited, Told};
use crate::live::cluster::Cluster;
use crate::world::readiness::Readiness;

use watched::{Group, groups};

/// How often it is said what is waited for, where it lasts.
const SAID_EVERY: Duration = Duration::from_secs(5);

/// Tells how the objects stand until all are ready or the time is over.
pub(in crate::live) async fn await_ready(
    cluster: &Cluster,
    awaited: &[Awaited],
    patience: Duration,
    tell: UnboundedSender<Told>,
) {
    let (say, mut said) = mpsc::unbounded_channel();
    let watching = watch(cluster, awaited, say);
    let mut watching = std::pin::pin!(watching);
    let mut board = Board { tell, waits: BTreeMap::new(), ready: BTreeSet::new() };
    let mut patience = std::pin::pin!(after(patience));
    let mut pause = Box::pin(after(SAID_EVERY));
    loop {
        tokio::select! {
            biased;
            Some(told) = said.recv() => board.take(told),
            _ = &mut watching => break,
            () = &mut patience => break,
            () = &mut pause => {
                board.say();
                pause = Box::pin(after(SAID_EVERY));
            }
        }
    }
    while let Ok(told) = said.try_recv() {
        board.take(told);
    }
    board.say();
}

#[expect(clippy::disallowed_methods, reason = "live is where the real clock is")]
async fn after(time: Duration) {
    tokio::time::sleep(time).await;
}

/// What is not ready, so that it is said now and then and not at every turn of a controller.
struct Board {
    tell: UnboundedSender<Told>,
    /// What each waits for, and whether that has been said.
    waits: BTreeMap<usize, (String, bool)>,
    /// What has been said to be ready, and has not been heard otherwise since.
    ready: BTreeSet<usize>,
}

impl Board {
    fn take(&mut self, told: Told) {
        match told.readiness {
            Readiness::Ready => {
                self.waits.remove(&told.at);
                if self.ready.insert(told.at) {
                    // Nobody who listens is nobody who waits.
                    let _ = self.tell.unbounded_send(told);
                }
            }
            Readiness::Waits(why) => {
                self.ready.remove(&told.at);
                let known = self.waits.get(&told.at);
                if known.is_none_or(|(before, _)| *before != why) {
                    self.waits.insert(told.at, (why, false));
                }
            }
        }
    }

    fn say(&mut self) {
        for (at, (why, is_said)) in &mut self.waits {
            if !std::mem::replace(is_said, true) {
                let readiness = Readiness::Waits(why.clone());
                let _ = self.tell.unbounded_send(Told { at: *at, readiness });
            }
        }
    }
}

/// Ends once all have been seen ready at one time: while others become ready, what was ready may be so no
/// longer.
async fn watch(cluster: &Cluster, awaited: &[Awaited], say: mpsc::UnboundedSender<Told>) {
    let all = groups(cluster, awaited, &say).await;
    join_all(all.iter().map(|group| group.clone().watch(cluster))).await;
    loop {
        let again = join_all(all.iter().map(|group| group.clone().look(cluster))).await;
        let unready: Vec<Group> = again.into_iter().filter(|group| !group.is_ready()).collect();
        if unready.is_empty() {
            return;
        }
        join_all(unready.into_iter().map(|group| group.watch(cluster))).await;
    }
}
