//! The engine's outputs to a trace: numbers to names, ends to counts.

use crate::dispatch::{End, Ended, Happened, Outcome, Output};
use crate::topology::{NodeIndex, Topology};

use super::super::scenario::Scenario;
use super::{Counts, Ending, Line, Trace};

/// A trace in the making.
pub(in crate::simulate) struct Recorder<'a> {
    topology: &'a Topology,
    nodes: Vec<String>,
    routes: Vec<String>,
    trace: Trace,
    /// Each with the numbers of its event and its route.
    endings: Vec<(usize, usize, Ending)>,
}

impl<'a> Recorder<'a> {
    pub(in crate::simulate) fn new(topology: &'a Topology, scenario: &Scenario) -> Self {
        let summary = Counts { events: scenario.sends.len(), ..Counts::default() };
        let trace = Trace {
            api_version: "evctl.dev/v1alpha1",
            kind: "Trace",
            profile: scenario.profile.name,
            lines: Vec::new(),
            outcomes: Vec::new(),
            summary,
            stopped: None,
        };
        let nodes = topology.graph.node_weights().map(|node| node.name.to_string()).collect();
        let routes = topology.routes.iter().map(|route| route.name().to_string()).collect();
        Self { topology, nodes, routes, trace, endings: Vec::new() }
    }

    pub(in crate::simulate) fn stopped(&mut self, why: String) {
        self.trace.stopped = Some(why);
    }

    /// Why nothing more comes of what is still open.
    pub(in crate::simulate) fn why_it_ended(&self) -> &'static str {
        match self.trace.stopped {
            Some(_) => "the simulation was stopped before its end",
            None => "nothing more happens",
        }
    }

    pub(in crate::simulate) fn take(&mut self, output: Output) {
        match output {
            Output::Call(_) => {}
            Output::Accepted { status, .. } => self.accepted(status),
            Output::Happened(happened) => self.happened(happened),
            Output::Ended(ended) => self.ended(ended),
        }
    }

    /// Endings in the order of events, since ends come in any order.
    pub(in crate::simulate) fn finish(mut self) -> Trace {
        self.endings.sort_by_key(|(message, route, _)| (*message, *route));
        self.trace.outcomes = self.endings.drain(..).map(|(_, _, ending)| ending).collect();
        // Every event came in once, by a producer or by another event.
        self.trace.summary.followed = self.intakes().saturating_sub(self.trace.summary.events);
        self.trace
    }

    fn intakes(&self) -> usize {
        let is_intake = |line: &&Line| {
            matches!(line.outcome, Outcome::Accepted | Outcome::Duplicate | Outcome::Refused)
        };
        self.trace.lines.iter().filter(is_intake).count()
    }

    fn accepted(&mut self, status: Option<u16>) {
        if status.is_none_or(|status| (400..500).contains(&status)) {
            self.trace.summary.refused += 1;
        }
    }

    fn happened(&mut self, happened: Happened) {
        match happened.outcome {
            Outcome::Duplicate => self.trace.summary.duplicates += 1,
            Outcome::Accepted if !happened.to.is_some_and(|to| self.has_routes(to)) => {
                self.trace.summary.unsubscribed += 1;
            }
            _ => {}
        }
        let event = Some(happened.event).filter(|event| !event.is_empty());
        self.trace.lines.push(Line {
            t: happened.at,
            event,
            route: happened.route.map(|route| self.route(route)),
            from: happened.from.map(|node| self.node(node)),
            to: happened.to.map(|node| self.node(node)),
            attempt: happened.attempt,
            outcome: happened.outcome,
            status: happened.status,
            reason: happened.reason,
            next: happened.next,
        });
    }

    fn ended(&mut self, ended: Ended) {
        let summary = &mut self.trace.summary;
        match ended.end {
            End::Delivered => summary.delivered += 1,
            End::DeadLettered => summary.dead_lettered += 1,
            End::Lost => summary.lost += 1,
            End::Stuck => summary.stuck += 1,
            End::NotServed => summary.not_served += 1,
        }
        let ending = Ending {
            event: ended.event,
            sequence: ended.sequence,
            route: self.route(ended.route),
            from: self.node(self.topology.routes[ended.route].from),
            end: ended.end,
            attempts: ended.attempts,
            t: ended.at,
            reason: ended.reason,
        };
        self.endings.push((ended.message, ended.route, ending));
    }

    fn has_routes(&self, node: NodeIndex) -> bool {
        self.topology.routes_from(node).next().is_some()
    }

    fn route(&self, route: usize) -> String {
        self.routes[route].clone()
    }

    fn node(&self, node: NodeIndex) -> String {
        self.nodes[node.index()].clone()
    }
}
