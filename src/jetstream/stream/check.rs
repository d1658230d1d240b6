//! Whether a server would make a stream of a configuration: every refusal, the one that it answers
//! first. In the order of nats-server's `jsStreamCreateRequest`, `checkStreamCfg` and `addStream`.

use crate::jetstream::Config;
use crate::jetstream::decode::{Read, decode, is_name, metadata_bytes};
use crate::jetstream::refusal::Refusal;
use crate::jetstream::server::{Beside, Peer, Server, Topology};

use super::fields::EVERY;
use super::fill::settle;
use super::{capacity, copies, subjects};

/// Nanoseconds: the shortest age and window.
const SHORTEST: i64 = 100_000_000;
const SECOND: i64 = 1_000_000_000;
const MOST_REPLICAS: i64 = 5;

/// A configuration under the rules.
pub(super) struct Rules<'a> {
    pub(super) server: &'a Server,
    pub(super) beside: &'a Beside<'a>,
    /// As it was decoded.
    pub(super) asked: Config,
    /// As the server would store it.
    pub(super) filled: Config,
    pub(super) found: Vec<Refusal>,
}

/// Why a server would not make this stream: the first refusal is the one that it answers; what it
/// would only drop without a word comes last.
pub fn check(config: &Config, server: &Server, beside: &Beside<'_>) -> Vec<Refusal> {
    let decoded = decode(EVERY, config.clone(), server);
    let (mut found, dropped): (Vec<_>, Vec<_>) =
        decoded.refusals.into_iter().partition(|refusal| refusal.err_code.is_some());
    let filled = settle(decoded.config.clone(), server, beside);
    let mut rules =
        Rules { server, beside, asked: decoded.config, filled, found: std::mem::take(&mut found) };
    rules.create();
    rules.found.extend(dropped);
    rules.found
}

impl Rules<'_> {
    /// Notes a refusal.
    pub(super) fn no(&mut self, err_code: u16, field: &'static str, text: impl Into<String>) {
        self.found.push(Refusal::new(err_code, field, text));
    }

    /// Notes one of the many refusals that share 10052.
    pub(super) fn invalid(&mut self, bad: bool, field: &'static str, text: &str) {
        if bad {
            self.no(10052, field, text);
        }
    }

    fn create(&mut self) {
        self.request();
        if self.server.is_standalone() {
            capacity::create(self, true);
        }
        self.config();
        match &self.server.topology {
            Topology::Standalone => {
                if self.filled.number("num_replicas") > 1 {
                    self.no(10074, "num_replicas", STANDALONE_REPLICAS);
                }
                capacity::create(self, false);
                self.template();
                copies::filters(self);
                subjects::overlap(self);
                subjects::late_transform(self, None);
            }
            Topology::Clustered { peers } => {
                subjects::overlap(self);
                capacity::create(self, false);
                self.peers(peers.as_deref());
                self.template();
                copies::filters(self);
                subjects::late_transform(self, None);
            }
        }
    }

    /// What is looked at before anything else.
    fn request(&mut self) {
        if self.asked.text("name").contains(['\\', '/']) {
            self.no(10128, "name", "Stream name can not contain path separators");
        }
        let sealed = self.asked.flag("sealed");
        self.invalid(sealed, "sealed", "stream configuration for create can not be sealed");
        let direct = self.asked.flag("mirror_direct") && !self.asked.contains_key("mirror");
        let text = "stream has no mirror but does have mirror direct";
        self.invalid(direct, "mirror_direct", text);
    }

    /// Templates are no more.
    fn template(&mut self) {
        if !self.asked.text("template_owner").is_empty() {
            self.no(10049, "template_owner", "stream not owned by template");
        }
    }

    /// `checkStreamCfg`: what holds on create and on every update.
    pub(super) fn config(&mut self) {
        self.names();
        self.replicas();
        self.times();
        self.policies();
        self.markers_and_schedules();
        self.persist_mode();
        copies::mirror(self);
        copies::sources(self);
        copies::prefixes(self);
        copies::circle(self);
        subjects::subjects(self);
        capacity::single(self);
        subjects::late_overlap(self);
        subjects::transform(self);
        subjects::republish(self);
        let preferred =
            self.filled.record("placement").map(|placement| placement.text("preferred"));
        let preferred = preferred.is_some_and(|server| !server.is_empty());
        self.invalid(preferred, "placement", "preferred server not permitted in placement");
    }

    fn names(&mut self) {
        let (version, name) = (self.server.version, self.asked.text("name").to_owned());
        let text = if self.server.is_at_least(2, 12, 0) {
            "stream name is required and can not contain '.', '*', '>', '\\', '/'"
        } else {
            "stream name is required and can not contain '.', '*', '>'"
        };
        self.invalid(!is_name(&name, version), "name", text);
        self.invalid(name.len() > 255, "name", "stream name is too long, maximum allowed is 255");
        let long = self.asked.text("description").len() > 4096;
        let text = "stream description is too long, maximum allowed is 4096";
        self.invalid(long, "description", text);
        let large = metadata_bytes(&self.asked) > 128 * 1024;
        self.invalid(large, "metadata", "stream metadata exceeds maximum size of 131072 bytes");
    }

    fn replicas(&mut self) {
        let replicas = self.filled.number("num_replicas");
        self.invalid(replicas > MOST_REPLICAS, "num_replicas", "maximum replicas is 5");
        if replicas < 0 {
            self.no(10133, "num_replicas", "replicas count cannot be negative");
        }
    }

    fn times(&mut self) {
        let age = self.filled.number("max_age");
        let window = self.filled.number("duplicate_window");
        let negative = age < 0 && self.server.is_at_least(2, 12, 0);
        self.invalid(negative, "max_age", "max age can not be negative");
        let short = age > 0 && age < SHORTEST;
        self.invalid(short, "max_age", "max age needs to be >= 100ms");
        let text = "duplicates window can not be negative";
        self.invalid(window < 0, "duplicate_window", text);
        let text = "duplicates window can not be larger then max age";
        self.invalid(age != 0 && window > age, "duplicate_window", text);
        let own = self.server.own.duplicate_window;
        if own > 0 && window > own {
            let own = crate::jetstream::go::duration(own);
            let text = format!("duplicates window can not be larger then server limit of {own}");
            self.no(10052, "duplicate_window", text);
        }
        let short = window > 0 && window < SHORTEST;
        self.invalid(short, "duplicate_window", "duplicates window needs to be >= 100ms");
    }

    fn policies(&mut self) {
        let asked = &self.asked;
        let (rollup, deny) = (asked.flag("allow_rollup_hdrs"), asked.flag("deny_purge"));
        let (counter, new) = (asked.flag("allow_msg_counter"), asked.text("discard") == "new");
        let (ttl, schedules) = (asked.flag("allow_msg_ttl"), asked.flag("allow_msg_schedules"));
        let limits = matches!(asked.text("retention"), "" | "limits");
        let per_subject = asked.flag("discard_new_per_subject");
        let unlimited = self.filled.number("max_msgs_per_subject") <= 0;
        let text = "roll-ups require the purge permission";
        self.invalid(deny && rollup, "allow_rollup_hdrs", text);
        let text = "counter stream cannot use discard new";
        self.invalid(counter && new, "allow_msg_counter", text);
        let text = "counter stream cannot use message TTLs";
        self.invalid(counter && ttl, "allow_msg_counter", text);
        let text = "counter stream cannot use message schedules";
        self.invalid(counter && schedules, "allow_msg_counter", text);
        let text = "counter stream can only use limits retention";
        self.invalid(counter && !limits, "allow_msg_counter", text);
        let text = "discard new per subject requires discard new policy to be set";
        self.invalid(per_subject && !new, "discard_new_per_subject", text);
        let text = "discard new per subject requires max msgs per subject > 0";
        self.invalid(per_subject && unlimited, "discard_new_per_subject", text);
    }

    fn markers_and_schedules(&mut self) {
        let marker = self.asked.number("subject_delete_marker_ttl");
        let field = "subject_delete_marker_ttl";
        let short = marker > 0 && marker < SECOND;
        self.invalid(short, field, "subject delete marker TTL must be at least 1 second");
        self.invalid(marker < 0, field, "subject delete marker TTL must not be negative");
        let new = self.asked.text("discard") == "new" && self.asked.flag("allow_msg_schedules");
        let text = "message scheduling cannot use discard new";
        self.invalid(new, "allow_msg_schedules", text);
    }

    fn persist_mode(&mut self) {
        if self.asked.text("persist_mode") != "async" {
            return;
        }
        let memory = self.filled.text("storage") != "file";
        let text = "async persist mode is only supported on file storage";
        self.invalid(memory, "persist_mode", text);
        let copies = self.filled.number("num_replicas") > 1;
        let text = "async persist mode is not supported on replicated streams";
        self.invalid(copies, "persist_mode", text);
        let atomic = self.asked.flag("allow_atomic");
        let text = "async persist mode is not supported with atomic batch publish";
        self.invalid(atomic, "persist_mode", text);
    }

    /// More copies than servers that the placement leaves.
    pub(super) fn peers(&mut self, peers: Option<&[Peer]>) {
        let Some(peers) = peers else { return };
        if placeable(&self.filled, self.server, peers) < self.filled.number("num_replicas") {
            let placed = self.filled.record("placement").is_some();
            let field = if placed { "placement" } else { "num_replicas" };
            self.no(10005, field, "no suitable peers for placement");
        }
    }
}

/// How many servers the placement of a stream allows.
pub fn placeable(config: &Config, server: &Server, peers: &[Peer]) -> i64 {
    let placement = config.record("placement");
    let tags = placement.map(|placement| placement.texts("tags")).unwrap_or_default();
    let wanted = placement.map_or("", |placement| placement.text("cluster"));
    let fits = |peer: &&Peer| {
        let has = |tag: &str| peer.tags.iter().any(|own| own.eq_ignore_ascii_case(tag));
        let excludes = server.is_at_least(2, 12, 0);
        let tagged = tags.iter().all(|tag| match tag.strip_prefix('!') {
            Some(tag) if excludes => !has(tag),
            _ => has(tag),
        });
        tagged && (wanted.is_empty() || wanted == peer.cluster)
    };
    i64::try_from(peers.iter().filter(fits).count()).unwrap_or(i64::MAX)
}

/// What a standalone server says to more than one copy.
pub(super) const STANDALONE_REPLICAS: &str = "replicas > 1 not supported in non-clustered mode";
