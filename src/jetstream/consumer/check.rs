//! Whether a server would make a consumer of a configuration: every refusal, the one that it answers
//! first. In the order of nats-server's `jsConsumerCreateRequest`, `checkConsumerCfg` and
//! `addConsumer`.

use crate::jetstream::Config;
use crate::jetstream::decode::{Read, decode, is_name, metadata_bytes};
use crate::jetstream::go;
use crate::jetstream::refusal::Refusal;
use crate::jetstream::server::{Beside, Server, Tier};
use crate::jetstream::wildcard;

use super::fields::EVERY;
use super::fill::{replicas, settle};

/// A configuration under the rules.
pub(super) struct Rules<'a> {
    pub(super) server: &'a Server,
    pub(super) stream: Option<&'a Config>,
    pub(super) beside: &'a Beside<'a>,
    /// As it was decoded.
    pub(super) asked: Config,
    /// As the server would store it.
    pub(super) filled: Config,
    pub(super) found: Vec<Refusal>,
}

/// Why a server would not make this consumer: the first refusal is the one that it answers; what it
/// would only drop without a word comes last. Without its stream the rules that hang on it are left
/// out.
pub fn check(
    config: &Config,
    server: &Server,
    stream: Option<&Config>,
    beside: &Beside<'_>,
) -> Vec<Refusal> {
    let (mut rules, dropped) = Rules::of(config, server, stream, beside);
    rules.request();
    rules.config();
    rules.room();
    rules.workqueue();
    let long = rules.asked.text("durable_name").len() > 255;
    if long {
        rules.no(10102, "durable_name", "consumer name is too long, maximum allowed is 255");
    }
    rules.found.extend(dropped);
    rules.found
}

impl<'a> Rules<'a> {
    /// What a server's decoder makes of the configuration; beside it what it drops.
    pub(super) fn of(
        config: &Config,
        server: &'a Server,
        stream: Option<&'a Config>,
        beside: &'a Beside<'a>,
    ) -> (Self, Vec<Refusal>) {
        let decoded = decode(EVERY, config.clone(), server);
        let (found, dropped): (Vec<_>, Vec<_>) =
            decoded.refusals.into_iter().partition(|refusal| refusal.err_code.is_some());
        let filled = settle(decoded.config.clone(), server, stream);
        (Self { server, stream, beside, asked: decoded.config, filled, found }, dropped)
    }

    /// Notes a refusal.
    pub(super) fn no(&mut self, err_code: u16, field: &'static str, text: impl Into<String>) {
        self.found.push(Refusal::new(err_code, field, text));
    }

    pub(super) fn refuse(&mut self, bad: bool, err_code: u16, field: &'static str, text: &str) {
        if bad {
            self.no(err_code, field, text);
        }
    }

    fn name(&self) -> &str {
        match self.asked.text("durable_name") {
            "" => self.asked.text("name"),
            durable => durable,
        }
    }

    pub(super) fn retention(&self) -> &str {
        self.stream.map_or("", |stream| stream.text("retention"))
    }

    fn tier(&self) -> Option<Tier> {
        self.server.tier(replicas(&self.filled, self.stream)).ok().flatten()
    }

    /// What is looked at before anything else.
    pub(super) fn request(&mut self) {
        let slash = self.name().contains(['\\', '/']);
        let text = "Consumer name can not contain path separators";
        self.refuse(slash, 10127, "durable_name", text);
        // Direct ones are made by the stream's server alone.
        let alone = self.server.is_standalone() || self.asked.flag("direct");
        let copies = self.asked.number("num_replicas") > 1 && alone;
        let text = "replicas > 1 not supported in non-clustered mode";
        self.refuse(copies, 10074, "num_replicas", text);
        let tier = self.server.tier(replicas(&self.filled, self.stream));
        let text = "no JetStream default or applicable tiered limit present";
        self.refuse(tier.is_err(), 10120, "num_replicas", text);
    }

    /// `checkConsumerCfg`: what holds on create and on every update.
    pub(super) fn config(&mut self) {
        self.names();
        self.replicas();
        self.waits();
        self.flow_policy();
        self.backoff();
        let long = self.asked.text("description").len() > 4096;
        let text = "consumer description is too long, maximum allowed is 4096";
        self.refuse(long, 10107, "description", text);
        if self.filled.contains_key("deliver_subject") {
            self.pushed();
        } else {
            self.pulled();
        }
        self.limits();
        self.direct();
        self.filters();
        self.start();
        self.sampling();
        let flow = self.filled.flag("flow_control") && self.filled.number("idle_heartbeat") == 0;
        let text = "consumer with flow control also needs heartbeats";
        self.refuse(flow, 10108, "flow_control", text);
        let large = metadata_bytes(&self.asked) > 128 * 1024;
        let text = "consumer metadata exceeds maximum size of 128KB";
        self.refuse(large, 10135, "metadata", text);
        self.priority();
    }

    fn names(&mut self) {
        if !self.server.is_at_least(2, 12, 0) {
            return;
        }
        let name = self.name().to_owned();
        let text = "consumer name can not contain '.', '*', '>', '\\', '/'";
        let bad = !name.is_empty() && !is_name(&name, self.server.version);
        self.refuse(bad, 10052, "durable_name", text);
    }

    fn replicas(&mut self) {
        let own = self.filled.number("num_replicas");
        let text = "replicas count cannot be negative";
        let Some(stream) = self.stream else {
            return self.refuse(own < 0, 10133, "num_replicas", text);
        };
        let streams = stream.number("num_replicas").max(1);
        let more = "consumer config replica count exceeds parent stream";
        self.refuse(own > streams, 10126, "num_replicas", more);
        self.refuse(own < 0, 10133, "num_replicas", text);
        let bound = matches!(self.retention(), "interest" | "workqueue");
        let differs = own != 0 && own != streams;
        let text = "consumer config replicas must match interest retention stream's replicas";
        self.refuse(bound && differs, 10134, "num_replicas", text);
    }

    fn waits(&mut self) {
        if !self.server.is_at_least(2, 12, 0) {
            return;
        }
        let negative = |value: &serde_json::Value| value.as_i64().is_some_and(|wait| wait < 0);
        let bad = self.filled.list("backoff").iter().any(negative);
        self.refuse(bad, 10184, "backoff", "consumer backoff needs to be positive");
        let bad = self.filled.number("ack_wait") < 0;
        self.refuse(bad, 10183, "ack_wait", "consumer ack wait needs to be positive");
    }

    /// More waits than attempts.
    pub(super) fn backoff(&mut self) {
        let waits = i64::try_from(self.filled.list("backoff").len()).unwrap_or(i64::MAX);
        let attempts = self.filled.number("max_deliver");
        let bad = waits > 0 && attempts != -1 && waits > attempts;
        let text = "max deliver is required to be > length of backoff values";
        self.refuse(bad, 10116, "backoff", text);
    }

    fn limits(&mut self) {
        let pending = self.filled.number("max_ack_pending");
        let limits = self.stream.and_then(|stream| stream.record("consumer_limits"));
        let streams = limits.map_or(0, |limits| limits.number("max_ack_pending"));
        let account = self.tier().map_or(0, |tier| tier.max_ack_pending);
        for most in [self.server.own.max_ack_pending, account, streams] {
            if most > 0 && pending > most {
                let text = format!("consumer max ack pending exceeds system limit of {most}");
                self.no(10121, "max_ack_pending", text);
            }
        }
        let most = limits.map_or(0, |limits| limits.number("inactive_threshold"));
        if most > 0 && self.filled.number("inactive_threshold") > most {
            let most = go::duration(most);
            let text = format!("consumer inactive threshold exceeds system limit of {most}");
            self.no(10153, "inactive_threshold", text);
        }
    }

    fn direct(&mut self) {
        if !self.filled.flag("direct") {
            return;
        }
        let pull = !self.filled.contains_key("deliver_subject");
        let text = "consumer direct requires a push based consumer";
        self.refuse(pull, 10090, "direct", text);
        let durable = self.filled.contains_key("durable_name");
        let text = "consumer direct requires an ephemeral consumer";
        self.refuse(durable, 10091, "direct", text);
    }

    fn filters(&mut self) {
        let one = self.filled.text("filter_subject").to_owned();
        let many: Vec<String> =
            self.filled.texts("filter_subjects").into_iter().map(str::to_owned).collect();
        let text = "consumer cannot have both FilterSubject and FilterSubjects specified";
        self.refuse(!one.is_empty() && !many.is_empty(), 10136, "filter_subjects", text);
        let bad = !one.is_empty() && !wildcard::is_valid(&one);
        self.refuse(bad, 10052, "filter_subject", "invalid subject");
        let text = "consumer filter in FilterSubjects cannot be empty";
        self.refuse(many.iter().any(String::is_empty), 10139, "filter_subjects", text);
        let mut all = many;
        if !one.is_empty() {
            all.push(one);
        }
        for (at, filter) in all.iter().enumerate() {
            let bad = !wildcard::is_valid(filter);
            self.refuse(bad, 10052, "filter_subjects", "invalid subject");
            let within = |other: &String| {
                if self.server.is_at_least(2, 12, 0) {
                    wildcard::is_subset(filter, other)
                } else {
                    wildcard::collide(filter, other)
                }
            };
            let mut others = all.iter().enumerate().filter(|(other, _)| *other != at);
            let overlaps = others.any(|(_, other)| within(other));
            let text = "consumer subject filters cannot overlap";
            self.refuse(overlaps, 10138, "filter_subjects", text);
        }
    }

    /// Where to start against how to.
    fn start(&mut self) {
        let sequence = self.filled.contains_key("opt_start_seq");
        let time = self.filled.contains_key("opt_start_time");
        let filtered = self.filled.contains_key("filter_subject")
            || !self.filled.list("filter_subjects").is_empty();
        let mut found = Vec::new();
        let mut no = |bad: bool, policy: &str, rest: &str| {
            if bad {
                let text =
                    format!("consumer delivery policy is deliver {policy}, but optional {rest}");
                found.push(text);
            }
        };
        match self.filled.text("deliver_policy") {
            "by_start_sequence" => {
                no(!sequence, "by start sequence", "start sequence is not set");
                no(time, "by start sequence", "start time is also set");
            }
            "by_start_time" => {
                no(!time, "by start time", "start time is not set");
                no(sequence, "by start time", "start start sequence is also set");
            }
            policy => {
                let said = match policy {
                    "last_per_subject" => "last per subject",
                    "" => "all",
                    other => other,
                };
                no(sequence, said, "start sequence is also set");
                no(time, said, "start time is also set");
                let unfiltered = policy == "last_per_subject" && !filtered;
                no(unfiltered, said, "filter subject is not set");
            }
        }
        for text in found {
            self.no(10094, "deliver_policy", text);
        }
    }

    fn sampling(&mut self) {
        let share = self.filled.text("sample_freq").to_owned();
        if share.is_empty() {
            return;
        }
        let number = share.strip_suffix('%').unwrap_or(&share);
        let why = match number.parse::<i64>() {
            Ok(number) if number >= 0 => return,
            Ok(_) => "<nil>".to_owned(),
            Err(_) => format!("strconv.Atoi: parsing {number:?}: invalid syntax"),
        };
        let text = format!("failed to parse consumer sampling configuration: {why}");
        self.no(10095, "sample_freq", text);
    }

    fn priority(&mut self) {
        let groups: Vec<String> =
            self.filled.texts("priority_groups").into_iter().map(str::to_owned).collect();
        if matches!(self.filled.text("priority_policy"), "" | "none") {
            if self.server.is_at_least(2, 12, 0) {
                let text = "consumer can not have priority groups when policy is none";
                self.refuse(!groups.is_empty(), 10196, "priority_groups", text);
                let pinned = self.filled.number("priority_timeout") > 0;
                let text = "PinnedTTL cannot be set when PriorityPolicy is none";
                self.refuse(pinned, 10197, "priority_timeout", text);
            }
            return;
        }
        let push = self.filled.contains_key("deliver_subject");
        let text = "priority groups can not be used with push consumers";
        self.refuse(push, 10178, "priority_policy", text);
        let text = "Setting PriorityPolicy requires at least one PriorityGroup to be set";
        self.refuse(groups.is_empty(), 10159, "priority_groups", text);
        for group in &groups {
            let text = "Group name cannot be an empty string";
            self.refuse(group.is_empty(), 10161, "priority_groups", text);
            let good = |c: char| c.is_ascii_alphanumeric() || "/_=-".contains(c);
            let bad = group.len() > 16 || !group.chars().all(good);
            let text = "Valid priority group name must match A-Z, a-z, 0-9, -_/=)+ and may not \
                        exceed 16 characters";
            self.refuse(bad, 10162, "priority_groups", text);
        }
    }

    /// How many consumers a stream may have.
    fn room(&mut self) {
        let Some(stream) = self.stream else { return };
        let account = self.tier().map_or(0, |tier| tier.max_consumers);
        let mut most = stream.number("max_consumers");
        if most <= 0 || (account > 0 && account < most) {
            most = account;
        }
        if most <= 0 && self.server.is_at_least(2, 15, 0) {
            most = 1000;
        }
        let others = self.others().count();
        let full = most > 0 && i64::try_from(others).unwrap_or(i64::MAX) >= most;
        self.refuse(full, 10026, "max_consumers", "maximum consumers limit reached");
    }

    /// The stream's other consumers, without the server's own.
    fn others(&self) -> impl Iterator<Item = &Config> {
        let name = self.name();
        let others = self.beside.consumers.iter().filter(move |(other, _)| **other != name);
        others.map(|(_, config)| *config).filter(|config| !config.flag("direct"))
    }

    /// What a workqueue stream takes.
    fn workqueue(&mut self) {
        if self.retention() != "workqueue" || self.filled.flag("direct") {
            return;
        }
        let policy = self.filled.text("ack_policy");
        let explicit = policy == "explicit" || policy == "flow_control";
        let text = "workqueue stream requires explicit ack";
        self.refuse(!explicit, 10098, "ack_policy", text);
        let all = matches!(self.filled.text("deliver_policy"), "" | "all");
        let late = "consumer must be deliver all on workqueue stream";
        // Older servers look at the others first.
        let newer = self.server.is_at_least(2, 12, 0);
        self.refuse(newer && !all, 10101, "deliver_policy", late);
        if self.others().next().is_some() {
            let filters = filters(&self.filled);
            if filters.is_empty() {
                let text = "multiple non-filtered consumers not allowed on workqueue stream";
                self.no(10099, "filter_subject", text);
            } else {
                self.partition();
            }
        }
        self.refuse(!newer && !all, 10101, "deliver_policy", late);
    }

    /// On a workqueue stream a message is for one consumer.
    pub(super) fn partition(&mut self) {
        let own = filters(&self.filled);
        let meets = |other: &Config| {
            let theirs = filters(other);
            let mut own = own.iter();
            own.any(|own| {
                theirs.is_empty() || theirs.iter().any(|their| wildcard::collide(own, their))
            })
        };
        let meets = self.others().any(meets);
        let text = "filtered consumer not unique on workqueue stream";
        self.refuse(meets, 10100, "filter_subject", text);
    }
}

/// Every filter of a consumer.
fn filters(config: &Config) -> Vec<&str> {
    let one = config.text("filter_subject");
    let mut all = config.texts("filter_subjects");
    if !one.is_empty() {
        all.push(one);
    }
    all
}
