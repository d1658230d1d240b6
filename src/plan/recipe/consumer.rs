//! Consumers that are made again where they were: on the copy of a stream, or on the same one.

use serde_json::{Value, json};

use crate::world::{Key, Object, World};

use super::{Config, Method, Recipe, Request, Server, Start, Step, consumer_config};

/// One consumer to be made again.
pub(super) struct Mover<'a> {
    pub(super) name: &'a str,
    /// As it shall be.
    pub(super) wanted: &'a Object,
    pub(super) ack_floor: u64,
}

/// The durable consumers of a stream that people made, each as desired where it is declared; and the
/// names of those that their clients make themselves.
pub(super) fn of_stream<'a>(
    stream: &Key,
    desired: &'a World,
    live: &'a World,
) -> (Vec<Mover<'a>>, Vec<&'a str>) {
    let (mut movers, mut left) = (Vec::new(), Vec::new());
    for (key, object) in &live.objects {
        let Key::Consumer { name, .. } = key else { continue };
        if key.stream().as_ref() != Some(stream) || is_internal(name) {
            continue;
        }
        let is_durable = object.body.get("durable_name").is_some();
        let ack_floor = object.position.as_ref().map_or(0, |position| position.ack_floor);
        let wanted = desired.objects.get(key).unwrap_or(object);
        if is_durable {
            movers.push(Mover { name, wanted, ack_floor });
        } else {
            left.push(name.as_str());
        }
    }
    (movers, left)
}

/// Consumers by which a server (2.14 and newer) feeds mirrors and sources.
fn is_internal(name: &str) -> bool {
    name.starts_with("JS_MIRROR_") || name.starts_with("JS_SOURCE_")
}

impl Mover<'_> {
    /// Makes the consumer on a stream, from where it was in the original.
    pub(super) fn requests(
        &self,
        stream: &str,
        workqueue: bool,
        server: Server,
        renumbered_by: &[String],
        planned: u64,
    ) -> Vec<Request> {
        let start = |at: &str| Start {
            consumer: self.name.to_owned(),
            at: at.to_owned(),
            ack_floor: self.ack_floor,
            renumbered_by: renumbered_by.to_vec(),
        };
        let mut config = consumer_config(self.wanted);
        if workqueue {
            // It must begin at the first message, so that what is done has to go before.
            let purges = filters(&config).into_iter().map(|filter| {
                let mut body = json!({"seq": planned});
                if let Some(filter) = filter {
                    body["filter"] = filter;
                }
                Request::new(format!("STREAM.PURGE.{stream}"), body).with_start(start("/seq"))
            });
            return purges.chain([self.create(stream, &config)]).collect();
        }
        if server.resets && keeps_policy(&config) {
            let reset = format!("CONSUMER.RESET.{stream}.{}", self.name);
            let reset = Request::new(reset, json!({"seq": planned})).with_start(start("/seq"));
            return vec![self.create(stream, &config), reset];
        }
        config.remove("opt_start_time");
        config.insert("deliver_policy".to_owned(), json!("by_start_sequence"));
        config.insert("opt_start_seq".to_owned(), json!(planned));
        vec![self.create(stream, &config).with_start(start("/config/opt_start_seq"))]
    }

    /// Whether it will be made with another deliver policy than it is declared with.
    pub(super) fn changes_policy(&self, workqueue: bool, server: Server) -> bool {
        !(workqueue || server.resets && keeps_policy(&consumer_config(self.wanted)))
    }

    fn create(&self, stream: &str, config: &Config) -> Request {
        let body = json!({"stream_name": stream, "config": config, "action": "create"});
        Request::new(format!("CONSUMER.CREATE.{stream}.{}", self.name), body)
    }
}

/// Whether a consumer with this deliver policy can be set to any sequence once it is made (2.14): the
/// others are refused with 10204. A start that lies behind its position would be, too.
fn keeps_policy(config: &Config) -> bool {
    matches!(config.get("deliver_policy").and_then(Value::as_str), None | Some("all"))
}

/// What it filters by, one by one; a single `None` where it takes all.
fn filters(config: &Config) -> Vec<Option<Value>> {
    match (config.get("filter_subject"), config.get("filter_subjects").and_then(Value::as_array)) {
        (Some(filter), _) => vec![Some(filter.clone())],
        (None, Some(filters)) => filters.iter().cloned().map(Some).collect(),
        (None, None) => vec![None],
    }
}

/// A consumer of a stream that stays.
pub(super) fn of(key: &Key, desired: &World, live: &World) -> Option<Recipe> {
    let Key::Consumer { stream, name, .. } = key else { return None };
    let (wanted, now) = (desired.objects.get(key)?, live.objects.get(key)?);
    let ack_floor = now.position.as_ref()?.ack_floor;
    let body = &live.objects.get(&key.stream()?)?.body;
    let retention = body.get("retention").and_then(Value::as_str).unwrap_or("limits");
    let server = Server::of(key, live);
    let mover = Mover { name, wanted, ack_floor };
    let hold = format!("{name}_EVCTL_HOLD");
    let workqueue = retention == "workqueue";
    let mut steps = Vec::new();
    if retention == "interest" {
        let mut config = consumer_config(now);
        config.retain(|field, _| matches!(field.as_str(), "filter_subject" | "filter_subjects"));
        config.insert("durable_name".to_owned(), json!(hold));
        config.insert("ack_policy".to_owned(), json!("explicit"));
        let body = json!({"stream_name": stream, "config": config, "action": "create"});
        let api = format!("CONSUMER.CREATE.{stream}.{hold}");
        let what = format!("make {hold}: an interest stream lets go what no consumer waits for");
        steps.push(Step::new(what, vec![Request::new(api, body)]));
    }
    steps.push(Step::new(
        "note where it is (ack_floor.stream_seq): with it instead of the planned floor less is delivered again",
        vec![Request::new(format!("CONSUMER.INFO.{stream}.{name}"), Value::Null)],
    ));
    let delete = |name: &str| Request::new(format!("CONSUMER.DELETE.{stream}.{name}"), Value::Null);
    let again = if workqueue {
        // What it has done is gone from the stream.
        vec![mover.create(stream, &consumer_config(wanted))]
    } else {
        mover.requests(stream, false, server, &[], ack_floor + 1)
    };
    let what =
        format!("delete {name}, and make it again from its ack floor + 1; its clients go on");
    steps.push(Step::new(what, [vec![delete(name)], again].concat()));
    if retention == "interest" {
        steps.push(Step::new(format!("delete {hold}"), vec![delete(&hold)]));
    }
    Some(Recipe {
        method: Method::Position,
        domain: String::new(),
        notes: notes(&[mover], workqueue, server),
        steps,
    })
}

/// What consumers get once more, and what must be declared of them.
pub(super) fn notes(movers: &[Mover<'_>], workqueue: bool, server: Server) -> Vec<String> {
    let mut notes = Vec::new();
    if !movers.is_empty() {
        let floors: Vec<String> =
            movers.iter().map(|mover| format!("{} {}", mover.name, mover.ack_floor)).collect();
        notes.push(format!(
            "consumers skip nothing, and get again what they acknowledged above their ack floor or \
             after it was read; floors when this was planned: {}",
            floors.join(", ")
        ));
    }
    let changed: Vec<&str> = movers
        .iter()
        .filter(|mover| mover.changes_policy(workqueue, server))
        .map(|mover| mover.name)
        .collect();
    if !changed.is_empty() {
        notes.push(format!(
            "declare deliver policy by_start_sequence and the start that was used for {}: it cannot be \
             changed afterwards, and evctl refuses the difference",
            changed.join(", ")
        ));
    }
    if workqueue
        && movers.len() > 1
        && movers.iter().any(|m| filters(&consumer_config(m.wanted)) == [None])
    {
        notes.push(
            "a workqueue takes one consumer for each subject: give these consumers filters that do \
             not overlap before you start"
                .to_owned(),
        );
    }
    notes
}
