//! Streams that are copied and replaced: by a mirror that is promoted, or by a source.

use serde_json::{Value, json};

use crate::world::{Key, Object, World};

use super::consumer::{self, Mover};
use super::{Clients, Config, Method, Recipe, Request, Server, Step, Until, stream_config};

/// Settings that a stream cannot get later, or that decide where it is stored. The rest waits until
/// it is a copy no more: limits would drop messages of a copy, and mirrors refuse some.
const FROM_THE_START: &[&str] = &[
    "name",
    "storage",
    "num_replicas",
    "placement",
    "compression",
    "persist_mode",
    "allow_msg_ttl",
    "metadata",
];

/// A source that finds ids of messages twice would drop the second (2.12 and older): the shortest
/// window there is, in nanoseconds.
const SHORT_WINDOW: u64 = 100_000_000;

struct Replacement<'a> {
    /// The stream's name.
    name: &'a str,
    live: &'a Object,
    desired: &'a Object,
    movers: Vec<Mover<'a>>,
    left: Vec<&'a str>,
    server: Server,
    method: Method,
    /// Whether the account demands max_bytes of every stream.
    sized: bool,
}

/// A recipe after which the stream is called as before.
pub(super) fn kept(key: &Key, desired: &World, live: &World) -> Option<Recipe> {
    let replacement = Replacement::of(key, desired.objects.get(key)?, desired, live)?;
    Some(replacement.in_two_hops())
}

/// A recipe after which the stream is called `name`.
pub(super) fn renamed(key: &Key, name: &str, desired: &World, live: &World) -> Option<Recipe> {
    let Key::Stream { site, .. } = key else { return None };
    let to = Key::Stream { site: site.clone(), name: name.into() };
    let wanted = desired.objects.get(&to).or_else(|| desired.objects.get(key))?;
    Some(Replacement::of(key, wanted, desired, live)?.in_one_hop(name))
}

impl<'a> Replacement<'a> {
    fn of(key: &'a Key, wanted: &'a Object, desired: &'a World, live: &'a World) -> Option<Self> {
        let Key::Stream { name, site } = key else { return None };
        let now = live.objects.get(key)?;
        let has = |object: &Object, field: &str| object.body.get(field).is_some();
        if [now, wanted].iter().any(|one| has(one, "mirror") || has(one, "allow_msg_counter")) {
            return None;
        }
        let (movers, left) = consumer::of_stream(key, desired, live);
        let server = Server::of(key, live);
        let method = if server.promotes { Method::Mirror } else { Method::Source };
        let limits =
            live.accounts.get(site.as_str()).and_then(|account| account.info.get("limits"));
        let sized = limits.and_then(|limits| limits.get("max_bytes_required")?.as_bool());
        let sized = sized.unwrap_or_default();
        Some(Self { name, live: now, desired: wanted, movers, left, server, method, sized })
    }

    fn in_two_hops(&self) -> Recipe {
        let (name, copy) = (self.name, format!("{}_EVCTL_COPY", self.name));
        let kept = self.copied(self.live, &copy, name, false);
        let mut between = kept.clone();
        self.uncopied(&mut between, self.live);
        let mut retired = between.clone();
        retired.insert("subjects".to_owned(), json!([unused(&copy)]));
        let copies = [copy.clone(), name.to_owned()];
        let steps = vec![
            self.copy_step(kept, &copy, name),
            self.retire_step(name, &copy, stream_config(self.live, name)),
            Step::new(
                format!(
                    "note the last sequence of {copy}, and let it take the subjects: publishers go on"
                ),
                vec![info(&copy), update(&copy, between)],
            ),
            self.floors_step(None)
                .until(Until::Unchanged { origin: name.to_owned() })
                .clients(self.renumbers(Clients::Stop)),
            Step::new(
                format!(
                    "delete {name} at once: {copy} holds all of it, and consumers wait from here"
                ),
                vec![Request::new(format!("STREAM.DELETE.{name}"), Value::Null)],
            )
            .until(Until::Gone { stream: name.to_owned() }),
            self.copy_step(
                self.copied(self.desired, name, &copy, self.is_workqueue()),
                name,
                &copy,
            ),
            self.consumers_step(name, &copies).clients(self.renumbers(Clients::Start)),
            self.retire_step(&copy, name, retired),
            Step::new(
                format!("let {name} take the subjects, as declared: publishers go on"),
                vec![update(name, stream_config(self.desired, name))],
            ),
            Step::new(
                format!("delete {copy}, then see that evctl plan shows no difference"),
                vec![Request::new(format!("STREAM.DELETE.{copy}"), Value::Null)],
            ),
        ];
        let mut notes = self.notes();
        notes.push(format!(
            "where the name may change, one copy is enough: see docs/replacing-streams.md; {copy} is \
             there only in between"
        ));
        Recipe { method: self.method, domain: String::new(), notes, steps: some(steps) }
    }

    fn in_one_hop(&self, to: &str) -> Recipe {
        let name = self.name;
        let steps = vec![
            self.copy_step(self.copied(self.desired, to, name, self.is_workqueue()), to, name),
            self.retire_step(name, to, stream_config(self.live, name)),
            self.floors_step(Some(to)),
            self.consumers_step(to, &[to.to_owned()]),
            Step::new(
                format!("let {to} take the subjects, as declared: publishers go on"),
                vec![update(to, stream_config(self.desired, to))],
            )
            .until(Until::Unchanged { origin: name.to_owned() }),
            Step::new(
                format!("let every consumer's clients use {to}, then delete {name}"),
                vec![Request::new(format!("STREAM.DELETE.{name}"), Value::Null)],
            ),
        ];
        Recipe {
            method: self.method,
            domain: String::new(),
            notes: self.notes(),
            steps: some(steps),
        }
    }

    /// Under the same name and with new sequences, an acknowledgement that is still on its way would
    /// count for another message: clients must stop for that long.
    fn renumbers(&self, clients: Clients) -> Option<Clients> {
        (self.method == Method::Source).then_some(clients)
    }

    fn is_workqueue(&self) -> bool {
        self.desired.body.get("retention").is_some_and(|retention| retention == "workqueue")
    }

    /// The configuration of a copy of `origin`. Without consumers an interest stream keeps nothing,
    /// so that it begins with limits.
    fn copied(&self, of: &Object, name: &str, origin: &str, workqueue: bool) -> Config {
        let whole = stream_config(of, name);
        let mut config = whole.clone();
        config.retain(|field, _| FROM_THE_START.contains(&field.as_str()));
        if name != self.name && std::ptr::eq(of, self.live) {
            // The copy in between belongs to no project.
            config.remove("metadata");
        }
        if workqueue {
            config.insert("retention".to_owned(), json!("workqueue"));
        }
        if let Some(bytes) = whole.get("max_bytes").filter(|_| self.sized) {
            config.insert("max_bytes".to_owned(), bytes.clone());
        }
        if self.method == Method::Mirror {
            config.insert("mirror".to_owned(), json!({"name": origin}));
            // A mirror with a window knows the ids of its messages once it is promoted.
            let window = whole.get("duplicate_window").cloned();
            config.extend(window.map(|window| ("duplicate_window".to_owned(), window)));
        } else {
            config.insert("sources".to_owned(), json!([{"name": origin}]));
            config.insert("duplicate_window".to_owned(), json!(SHORT_WINDOW));
        }
        config
    }

    /// The copy in between, as it takes the place of the original.
    fn uncopied(&self, config: &mut Config, of: &Object) {
        config.remove("mirror");
        config.remove("sources");
        for field in ["subjects", "duplicate_window"] {
            let value = of.body.get(field).cloned();
            config.extend(value.map(|value| (field.to_owned(), value)));
        }
    }

    fn copy_step(&self, config: Config, copy: &str, origin: &str) -> Step {
        let how = if self.method == Method::Mirror { "a mirror of" } else { "a copy that sources" };
        Step::new(
            format!("make {copy}, {how} {origin}"),
            vec![Request::new(format!("STREAM.CREATE.{copy}"), Value::Object(config))],
        )
        .until(Until::CaughtUp { copy: copy.to_owned(), origin: origin.to_owned() })
    }

    /// Takes the subjects from a stream, so that its copy can become complete.
    fn retire_step(&self, name: &str, copy: &str, mut config: Config) -> Step {
        config.insert("subjects".to_owned(), json!([unused(name)]));
        config.remove("sources");
        let what = format!(
            "take the subjects from {name}: publishers get no acknowledgement (no responders) and must \
             try again, until {copy} has them"
        );
        let until = Until::Complete { copy: copy.to_owned(), origin: name.to_owned() };
        Step::new(what, vec![update(name, config)]).until(until)
    }

    /// Reads what starts are computed from: the floors, and where the copy ends if that is not noted.
    fn floors_step(&self, copy: Option<&str>) -> Step {
        let floors = self.movers.iter().map(|mover| {
            Request::new(format!("CONSUMER.INFO.{}.{}", self.name, mover.name), Value::Null)
        });
        let last =
            copy.map(|copy| format!("the last sequence of {copy}, and ")).unwrap_or_default();
        Step::new(
            format!(
                "note {last}where each consumer is (ack_floor.stream_seq): with it instead of the \
                 planned floor less is delivered again; no start may lie beyond the last sequence of \
                 the copy + 1"
            ),
            copy.map(info).into_iter().chain(floors).collect(),
        )
    }

    fn consumers_step(&self, stream: &str, copies: &[String]) -> Step {
        let renumbered_by = if self.method == Method::Source { copies } else { &[] };
        let requests = self.movers.iter().flat_map(|mover| {
            let planned = self.planned(mover.ack_floor);
            mover.requests(stream, self.is_workqueue(), self.server, renumbered_by, planned)
        });
        let how = match self.method {
            Method::Source => format!(
                ": in {stream} it is the message after the one whose header Nats-Stream-Source names \
                 the floor{}",
                if copies.len() > 1 { " (through both copies)" } else { "" }
            ),
            _ => String::new(),
        };
        Step::new(
            format!("make the consumers on {stream}, each from its ack floor + 1{how}; they go on"),
            requests.collect(),
        )
    }

    /// The start that the plan can know of: where no message is missing in between, in a copy.
    fn planned(&self, ack_floor: u64) -> u64 {
        let first = self.live.state.as_ref().map_or(1, |state| state.first_sequence.max(1));
        match self.method {
            Method::Source => (ack_floor + 2).saturating_sub(first).max(1),
            _ => ack_floor + 1,
        }
    }

    fn notes(&self) -> Vec<String> {
        let mut notes = vec![match self.method {
            Method::Mirror => "by mirror and promotion: sequences, times and ids of messages stay".to_owned(),
            _ => "by source, because mirrors cannot be promoted before 2.12: messages get new sequences \
                  and new times, so a start by time would begin in the wrong place; mirrors and \
                  consumers elsewhere that remember sequences must start anew. Compare the message \
                  counts before a deletion: a copy drops a message whose Nats-Msg-Id it has just seen"
                .to_owned(),
        }];
        notes.push(
            "publishers must wait for acknowledgements and try again, as JetStream's clients do; \
             evctl writes nothing of this itself"
                .to_owned(),
        );
        notes.extend(consumer::notes(&self.movers, self.is_workqueue(), self.server));
        if !self.left.is_empty() {
            notes.push(format!(
                "not durable, so that their clients make them again: {}",
                self.left.join(", ")
            ));
        }
        notes
    }
}

/// Steps that have something to do.
fn some(steps: Vec<Step>) -> Vec<Step> {
    steps.into_iter().filter(|step| !step.requests.is_empty() || step.until.is_some()).collect()
}

/// A subject that nobody publishes to: a stream must have one.
fn unused(stream: &str) -> String {
    format!("_evctl.retired.{stream}")
}

fn info(stream: &str) -> Request {
    Request::new(format!("STREAM.INFO.{stream}"), Value::Null)
}

fn update(stream: &str, config: Config) -> Request {
    Request::new(format!("STREAM.UPDATE.{stream}"), Value::Object(config))
}
