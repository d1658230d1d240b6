//! What a server makes of a changed stream. In the order of nats-server's `configUpdateCheck`,
//! `updateWithAdvisory` and, in a cluster, `jsClusteredStreamUpdateRequest`.

use serde_json::Value;

use crate::jetstream::Config;
use crate::jetstream::change::{Verdict, differences, dropped};
use crate::jetstream::decode::{Read, decode};
use crate::jetstream::refusal::Refusal;
use crate::jetstream::server::{Beside, Server, Topology};
use crate::jetstream::transform;

use super::check::{Rules, STANDALONE_REPLICAS, check};
use super::fields::{EVERY, FIELDS};
use super::fill::{fill_decoded, seal, settle};
use super::{capacity, compared, copies, observed, subjects};

/// The fields whose rules an update meets, in the order in which the server looks at them.
const ORDER: &[&str] = &[
    "max_consumers",
    "storage",
    "retention",
    "sealed",
    "deny_delete",
    "deny_purge",
    "mirror",
    "allow_msg_ttl",
    "allow_msg_counter",
    "allow_msg_schedules",
    "persist_mode",
];

/// What becomes of a live stream that is wanted otherwise. `live` as the server says it, `desired` as
/// it would be sent.
pub fn change(live: &Config, desired: &Config, server: &Server, beside: &Beside<'_>) -> Verdict {
    let refusals = decode(EVERY, desired.clone(), server).refusals;
    let from = observed(live, server);
    let to = compared(fill_decoded(desired, server, beside));
    let mut changes = differences(FIELDS, &from, &to, server.version);
    // The server writes it on a mirror.
    changes.retain(|change| change.field != "mirror_direct" || !to.contains_key("mirror"));
    changes.extend(dropped(EVERY, &from, desired, &refusals));
    if changes.is_empty() {
        return Verdict::Same;
    }
    let update = refusals_of(live, desired, server, beside);
    let anew = if update.is_empty() {
        Vec::new()
    } else {
        check(desired, &capacity::without(live, server), beside)
    };
    Verdict::of(changes, update, &anew)
}

/// Why a server would refuse an update that changes nothing but metadata, as a mark does: it looks at the whole of
/// what is sent, and may refuse by a newer rule, or by what it filled in itself, what it has stored.
pub fn touch(live: &Config, server: &Server, beside: &Beside<'_>) -> Vec<Refusal> {
    let mut refusals = refusals_of(live, live, server, beside);
    refusals.retain(|refusal| refusal.err_code.is_some());
    refusals
}

/// Why a server would refuse the update: the first is the one that it answers.
pub(super) fn refusals_of(
    live: &Config,
    desired: &Config,
    server: &Server,
    beside: &Beside<'_>,
) -> Vec<Refusal> {
    let decoded = decode(EVERY, desired.clone(), server);
    let (found, dropped): (Vec<_>, Vec<_>) =
        decoded.refusals.into_iter().partition(|refusal| refusal.err_code.is_some());
    let filled = settle(decoded.config.clone(), server, beside);
    let placement = decoded.config.get("placement").cloned();
    let mut rules = Rules { server, beside, asked: decoded.config, filled, found };
    rules.config();
    // The server runs these rules over what it filled in once more.
    rules.asked = rules.filled.clone();
    rules.config();
    rules.update(live, placement.as_ref());
    let mut found = rules.found;
    found.extend(dropped);
    let mut seen: Vec<Refusal> = Vec::new();
    found.retain(|refusal| {
        let new = !seen.contains(refusal);
        seen.push(refusal.clone());
        new
    });
    found
}

impl Rules<'_> {
    /// `placement` as it was sent.
    fn update(&mut self, live: &Config, placement: Option<&Value>) {
        let standalone = self.server.is_standalone();
        let copies = self.filled.number("num_replicas");
        if standalone && copies > 1 && self.server.is_at_least(2, 14, 6) {
            self.no(10074, "num_replicas", STANDALONE_REPLICAS);
        }
        self.fixed(live);
        seal(&mut self.filled);
        capacity::update(self, live);
        if standalone {
            self.consumers(live);
            subjects::overlap(self);
        } else {
            subjects::overlap(self);
            self.consumers(live);
            self.moves(live, placement);
        }
        copies::new_sources(self, live);
        self.republish();
        subjects::late_transform(self, Some(live));
    }

    /// The code of what a stream finds when it takes the update over: in a cluster that is another
    /// server than the one that was asked.
    pub(super) fn late_code(&self) -> u16 {
        if self.server.is_standalone() { 10069 } else { 10051 }
    }

    /// The table's rules.
    fn fixed(&mut self, live: &Config) {
        let (from, to) = (observed(live, self.server), compared(self.filled.clone()));
        for name in ORDER {
            let Some(field) = EVERY.iter().find(|field| field.name == *name) else { continue };
            if !field.is_known(self.server.version) {
                continue;
            }
            let rule = field.rule_of(self.server.version);
            let (from, to) = match *name {
                // By its number: older servers keep every one below zero apart.
                "max_consumers" => (live.get(*name), self.filled.get(*name)),
                name => (from.get(name), to.get(name)),
            };
            if let Some((code, text)) = rule.refusal(from, to) {
                self.no(code, field.name, text);
            }
            if *name == "retention" && !self.filled.text("template_owner").is_empty() {
                let text = "stream configuration update can not be owned by a template";
                self.no(10052, "template_owner", text);
            }
        }
    }

    /// Where nothing is said of where to, an update means everything.
    fn republish(&mut self) {
        let Some(republish) = self.filled.record("republish").cloned() else { return };
        let from = if republish.text("src").is_empty() { ">" } else { republish.text("src") };
        let bad = transform::transform_fault(from, ">", self.server.version);
        if let (true, Some(why)) = (republish.text("dest").is_empty(), bad) {
            let text = format!("stream configuration for republish from '{from}' to '>': {why}");
            self.no(self.late_code(), "republish", text);
        }
    }

    /// Consumers that are beyond the new limits.
    fn consumers(&mut self, live: &Config) {
        let limit = |config: &Config, name: &str| {
            config.record("consumer_limits").map_or(0, |limits| limits.number(name))
        };
        let (idle, pending) = ("inactive_threshold", "max_ack_pending");
        let (new_idle, new_pending) = (limit(&self.filled, idle), limit(&self.filled, pending));
        let (idle_differs, pending_differs) =
            (limit(live, idle) != new_idle, limit(live, pending) != new_pending);
        let newer = self.server.is_at_least(2, 12, 0);
        let looks = if newer {
            (new_idle > 0 && idle_differs) || (new_pending > 0 && pending_differs)
        } else {
            idle_differs || pending_differs
        };
        if !looks {
            return;
        }
        let exceeds = |consumer: &Config| {
            let over =
                |limit: i64, name: &str| (limit > 0 || !newer) && consumer.number(name) > limit;
            over(new_idle, idle) || over(new_pending, pending)
        };
        let beyond: Vec<&str> = self
            .beside
            .consumers
            .iter()
            .filter(|(_, consumer)| exceeds(consumer))
            .map(|(name, _)| *name)
            .collect();
        if !beyond.is_empty() {
            let code = if newer || self.server.is_standalone() { 10069 } else { 10051 };
            let text = format!("change to limits violates consumers: {}", beyond.join(", "));
            self.no(code, "consumer_limits", text);
        }
    }

    /// In a cluster: a move, and copies or retention beside it.
    fn moves(&mut self, live: &Config, sent: Option<&Value>) {
        let (old, new) = (live.number("num_replicas").max(1), self.filled.number("num_replicas"));
        let (from, to) = (observed(live, self.server), compared(self.filled.clone()));
        // As it stands: 2.10 keeps an empty one, and moves for it. Every server moves for one that holds
        // no more than an empty list of tags, though some do not keep it.
        let placed = decode(EVERY, live.clone(), self.server).config;
        let sent = sent.filter(|sent| sent.as_object().is_some_and(|fields| !fields.is_empty()));
        let placement = sent.or_else(|| self.filled.get("placement"));
        let moves = placement.is_some() && placement != placed.get("placement");
        let retention = from.get("retention") != to.get("retention");
        let mixed = new != old || (retention && self.server.is_at_least(2, 15, 0));
        if moves && mixed {
            let text = "can not move and scale a stream in a single update";
            self.no(10123, "placement", text);
        }
        if (new > old || moves)
            && let Topology::Clustered { peers } = &self.server.topology
        {
            self.peers(peers.as_deref());
        }
    }
}
