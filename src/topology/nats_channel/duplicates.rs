//! Events that come to one channel on several ways. The dispatcher publishes with the event's id as the
//! message's id, without its source, so the stream takes two of one id for the same.

use std::collections::BTreeSet;

use petgraph::Direction;
use petgraph::visit::EdgeRef;

use crate::diag::{Code, Finding};
use crate::model::natsjs;
use crate::topology::resolve::Resolver;

use super::{NatsChannel, names};

/// Two ways into one channel.
pub(super) fn meet(resolver: &Resolver<'_>, channel: &NatsChannel<'_>) -> Vec<Finding> {
    let generated = !matches!(channel.manifest.key.kind.as_str(), natsjs::KIND | "Channel");
    let graph = &resolver.topology.graph;
    let ways: Vec<_> = graph.edges_directed(channel.node, Direction::Incoming).collect();
    if generated || ways.len() < 2 {
        return Vec::new();
    }
    let from: BTreeSet<String> =
        ways.iter().map(|way| graph[way.source()].name.to_string()).collect();
    let who = names(from.iter().map(String::as_str));
    let window = channel.config().and_then(|config| config.duplicate_window.as_ref());
    let window = window.filter(|window| window.nanoseconds() > 0);
    let within = window.map_or("2m", |window| window.as_str());
    let message = format!(
        "events come here on {} ways (from {who}), and are told apart by `id` alone, not by source: of two with \
         one id within {within}, the second is dropped and answered 202",
        ways.len()
    );
    let help = "see that ids differ, as those of Knative's sources do, or write duplicateWindow: 100ms, the \
                shortest there is";
    let field = "stream.config.duplicateWindow";
    vec![channel.tell(Code::DroppedAsDuplicate, field, message, help)]
}
