//! Which node somebody means on the command line: `kind[.group]/[namespace/]name`, or a URI.

use crate::model::object::ObjectPattern;
use crate::topology::{NodeIndex, NodeName, Role, Topology};

/// The channel that is meant. The kind `channel` stands for a channel of any kind where there is no
/// Channel of the name.
///
/// # Errors
/// Why it is none, or not only one, and which channels there are.
pub fn channel(text: &str, topology: &Topology) -> Result<NodeIndex, String> {
    let channels: Vec<_> = topology.channels().map(|(at, _, _)| at).collect();
    let found = find(text, topology, &channels)?;
    if !found.is_empty() {
        return one(text, topology, &channels, &found, "channel");
    }
    let kinds = topology.channels().filter_map(|(_, node, _)| Some(&node.name.object()?.kind));
    let mut others: Vec<_> = kinds.map(|kind| kind.to_lowercase()).collect();
    others.sort_unstable();
    others.dedup();
    let mut found = Vec::new();
    if let Some(rest) = text.to_lowercase().starts_with("channel/").then(|| &text[7..]) {
        for kind in others {
            found.extend(find(&format!("{kind}{rest}"), topology, &channels)?);
        }
    }
    one(text, topology, &channels, &found, "channel")
}

/// The sink that is meant, among those that a route leads to.
///
/// # Errors
/// Why it is none, or not only one, and which sinks there are.
pub fn sink(text: &str, topology: &Topology) -> Result<NodeIndex, String> {
    let graph = &topology.graph;
    let leads_to = |at: &NodeIndex| {
        matches!(graph[*at].role, Role::Sink)
            && graph.edges_directed(*at, petgraph::Direction::Incoming).next().is_some()
    };
    let sinks: Vec<_> = graph.node_indices().filter(leads_to).collect();
    let found = find(text, topology, &sinks)?;
    if found.is_empty() && channel(text, topology).is_ok() {
        return Err(format!(
            "`{text}` is a channel; it answers by itself, and only sinks can be told how"
        ));
    }
    one(text, topology, &sinks, &found, "sink")
}

/// The nodes that the text can mean. A node's whole name means that node and no other.
fn find(text: &str, topology: &Topology, among: &[NodeIndex]) -> Result<Vec<NodeIndex>, String> {
    let name = |at: &NodeIndex| &topology.graph[*at].name;
    let exact = |at: &&NodeIndex| match name(at) {
        NodeName::Uri(uri) => uri.trim_end_matches('/') == text.trim_end_matches('/'),
        other => other.to_string() == text,
    };
    let found: Vec<_> = among.iter().filter(exact).copied().collect();
    if !found.is_empty() || text.contains("://") {
        return Ok(found);
    }
    let pattern: ObjectPattern =
        text.parse().map_err(|why| format!("{why}, or a URI as in http://billing.example"))?;
    let alias = |at: &NodeIndex| {
        topology.aliases.iter().any(|(key, node)| node == at && pattern.matches(key))
    };
    let matches =
        |at: &&NodeIndex| name(at).object().is_some_and(|key| pattern.matches(key)) || alias(at);
    Ok(among.iter().filter(matches).copied().collect())
}

fn one(
    text: &str,
    topology: &Topology,
    among: &[NodeIndex],
    found: &[NodeIndex],
    what: &str,
) -> Result<NodeIndex, String> {
    let list = |nodes: &[NodeIndex]| {
        let mut names: Vec<_> =
            nodes.iter().map(|at| topology.graph[*at].name.to_string()).collect();
        names.sort();
        names.join(", ")
    };
    match found {
        [at] => Ok(*at),
        [] if among.is_empty() => Err(format!("`{text}` names no {what}: the topology has none")),
        [] => Err(format!("`{text}` names no {what} of the topology; there is {}", list(among))),
        several => Err(format!("`{text}` can mean {}; write one of these", list(several))),
    }
}
