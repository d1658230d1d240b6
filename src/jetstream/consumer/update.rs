//! What a server makes of a changed consumer. In the order of nats-server's `addConsumer` and
//! `checkNewConsumerConfig`.

use crate::jetstream::Config;
use crate::jetstream::change::{Verdict, differences, dropped};
use crate::jetstream::decode::{Read, decode};
use crate::jetstream::refusal::Refusal;
use crate::jetstream::server::{Beside, Server};
use crate::jetstream::wildcard;

use super::check::{Rules, check};
use super::compared;
use super::fields::{EVERY, FIELDS};
use super::fill::fill;

/// The fields whose rules an update meets, in the order in which the server looks at them.
const ORDER: &[&str] = &[
    "deliver_policy",
    "mem_storage",
    "direct",
    "sourcing",
    "opt_start_seq",
    "opt_start_time",
    "ack_policy",
    "replay_policy",
    "idle_heartbeat",
    "flow_control",
    "deliver_subject",
    "max_waiting",
];

/// What becomes of a live consumer that is wanted otherwise. `live` as the server says it, `desired`
/// as it would be sent.
pub fn change(
    live: &Config,
    desired: &Config,
    server: &Server,
    stream: Option<&Config>,
    beside: &Beside<'_>,
) -> Verdict {
    let refusals = decode(EVERY, desired.clone(), server).refusals;
    let (from, to) = (compared(live.clone()), compared(fill(desired, server, stream)));
    let mut changes = differences(FIELDS, &from, &to, server.version);
    changes.extend(dropped(EVERY, &from, desired, &refusals));
    if changes.is_empty() {
        return Verdict::Same;
    }
    let update = refusals_of(live, desired, server, stream, beside);
    let anew = if update.is_empty() { Vec::new() } else { check(desired, server, stream, beside) };
    Verdict::of(changes, update, &anew)
}

/// Why a server would refuse the update: the first is the one that it answers.
pub(super) fn refusals_of(
    live: &Config,
    desired: &Config,
    server: &Server,
    stream: Option<&Config>,
    beside: &Beside<'_>,
) -> Vec<Refusal> {
    let (mut rules, dropped) = Rules::of(desired, server, stream, beside);
    rules.request();
    rules.config();
    let queue = stream.is_some_and(|stream| stream.text("retention") == "workqueue");
    if queue && server.is_standalone() {
        rules.partition();
    }
    rules.fixed(live);
    rules.found.extend(dropped);
    rules.found
}

impl Rules<'_> {
    /// Whether somebody listens to the old deliver subject: a client, or a stream.
    fn is_heard(&self, live: &Config) -> bool {
        let subject = live.text("deliver_subject");
        let mut subjects = self.beside.streams.values().flat_map(|stream| stream.texts("subjects"));
        !subject.is_empty()
            && (self.beside.bound || subjects.any(|other| wildcard::is_subset(subject, other)))
    }

    /// The table's rules.
    fn fixed(&mut self, live: &Config) {
        for name in ORDER {
            let Some(field) = EVERY.iter().find(|field| field.name == *name) else { continue };
            if !field.is_known(self.server.version) {
                continue;
            }
            let (from, to) = (live.get(*name), self.filled.get(*name));
            let (from, to) = (field.normal(from.cloned()), field.normal(to.cloned()));
            let rule = field.rule_of(self.server.version);
            if let Some((code, text)) = rule.refusal(from.as_ref(), to.as_ref()) {
                self.no(code, field.name, text);
            }
            if *name == "deliver_subject" && from != to && self.is_heard(live) {
                self.no(10013, field.name, "consumer name already in use");
            }
        }
        self.backoff();
    }
}
