//! Servers of a cluster for the copies of a stream: too few for certain, too few as far as they were
//! heard, or enough. Must not know how they were heard.

use crate::jetstream::decode::Read;
use crate::jetstream::refusal::Refusal;
use crate::jetstream::{Config, stream};

use super::account::Paper;

/// What a stream needs of a cluster, and what there is.
pub(super) struct Places {
    copies: i64,
    /// How many servers were heard that its placement allows.
    fit: i64,
    heard: usize,
    /// How many more there can be; `None` where nobody knows.
    unheard: Option<usize>,
    placed: bool,
}

impl Places {
    /// `None` where the server looks for no places: it stands alone, or the stream has them already.
    pub(super) fn of(paper: &Paper<'_>, config: &Config, live: Option<&Config>) -> Option<Self> {
        if paper.server.is_standalone() || !is_looked_for(config, live) {
            return None;
        }
        let peers = &paper.account.peers;
        Some(Self {
            copies: copies(config),
            fit: stream::placeable(config, &paper.server, &peers.heard),
            heard: peers.heard.len(),
            unheard: peers.most_unheard(),
            placed: config.record("placement").is_some(),
        })
    }

    /// The server's refusal, where it is certain: even if all that can be down at once were down.
    pub(super) fn refusal(&self) -> Option<Refusal> {
        let unheard = i64::try_from(self.unheard?).ok()?;
        (self.heard > 0 && self.fit + unheard < self.copies).then(|| Refusal {
            err_code: Some(10005),
            text: "no suitable peers for placement".to_owned(),
            field: if self.placed { "placement" } else { "num_replicas" },
        })
    }

    /// Why it is not sure that there are servers enough.
    pub(super) fn doubt(&self) -> Option<String> {
        (self.fit < self.copies).then(|| self.said())
    }

    /// What is needed, and what there is.
    pub(super) fn said(&self) -> String {
        let needs = match self.copies {
            1 => "it needs a server".to_owned(),
            copies => format!("it needs {copies} servers"),
        };
        match (self.heard, self.placed) {
            (0, _) => format!("{needs} of a cluster, and which it has is not known"),
            (heard, true) => {
                format!("{needs}, and {} of {heard} that answer fit its placement", self.fit)
            }
            (heard, false) => format!("{needs}, and {heard} of the cluster answer"),
        }
    }
}

/// Whether servers are looked for: copies or a placement that the stream does not have yet.
fn is_looked_for(config: &Config, live: Option<&Config>) -> bool {
    let placement = config.get("placement").filter(|_| config.record("placement").is_some());
    match live {
        None => copies(config) > 1 || placement.is_some(),
        Some(live) => {
            copies(config) > copies(live)
                || (placement.is_some() && placement != live.get("placement"))
        }
    }
}

fn copies(config: &Config) -> i64 {
    config.number("num_replicas").max(1)
}
