//! A case and its recording, read; and the case simulated, as far as a recording can be compared.

use std::collections::BTreeMap;
use std::path::Path;

use evctl::dispatch::{Output, Profile, Time};
use evctl::model::event::Event;
use evctl::model::yaml::{Node, Value as Yaml, documents};
use evctl::model::{Assumed, Input, load};
use evctl::simulate::{Fault, Reaction, Reply, Response, Scenario, Script, Send, run_observed};
use evctl::topology::{NodeIndex, NodeName, Topology, resolve};
use serde_json::Value;

const SECOND: f64 = 1e9;

/// A case file.
pub(crate) struct Case {
    root: Node,
    topology: Topology,
}

/// A request to a host outside.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Request {
    pub(crate) seconds: f64,
    pub(crate) host: String,
    pub(crate) attributes: BTreeMap<String, String>,
    pub(crate) content_type: Option<String>,
    pub(crate) body: String,
    pub(crate) prefers_reply: bool,
    /// None where there was no answer.
    pub(crate) status: Option<u16>,
}

/// What a case came to.
#[derive(Debug, Default)]
pub(crate) struct Run {
    pub(crate) requests: Vec<Request>,
    /// What producers were answered; nothing where the send was not simulated.
    pub(crate) sends: Vec<Option<Option<u16>>>,
    pub(crate) crashed: bool,
    /// How often streams delivered, all consumers together.
    pub(crate) deliveries: u64,
    /// When steps of the case were really taken, by their place.
    steps: BTreeMap<usize, f64>,
    /// When the last thing was seen to happen.
    last: f64,
}

impl Run {
    pub(crate) fn rename(&mut self, host: &str, other: &str) {
        for request in self.requests.iter_mut().filter(|request| request.host == host) {
            other.clone_into(&mut request.host);
        }
    }
}

pub(crate) fn read(path: &Path) -> Result<Case, String> {
    let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
    let (mut documents, problems) = documents(&text);
    let root = documents.pop().and_then(|document| document.root).filter(|_| problems.is_empty());
    let root = root.ok_or("the case is not YAML")?;
    let manifests = root.get("topology").map(Node::to_json).ok_or("no topology")?;
    let manifests: Vec<_> =
        manifests.as_array().into_iter().flatten().map(Value::to_string).collect();
    let content = Ok(manifests.join("\n---\n").into_bytes());
    let loaded = load(vec![Input::named("case.yaml", content)], "default", &Assumed::default());
    let topology = resolve(&loaded.manifests, &Assumed::default()).topology;
    Ok(Case { root, topology })
}

pub(crate) fn read_trace(path: &Path) -> Result<Run, String> {
    let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
    let trace: Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    let status = |value: &Value| value["status"].as_u64().and_then(|s| u16::try_from(s).ok());
    let requests = list(&trace["calls"]).map(|call| Request {
        seconds: call["t"].as_f64().unwrap_or_default(),
        host: text_of(&call["host"]),
        attributes: attributes(&call["attributes"]),
        content_type: call["contentType"].as_str().map(str::to_owned),
        body: text_of(&call["body"]),
        prefers_reply: call["prefer"] == "reply",
        status: status(call),
    });
    let sends = list(&trace["sends"]).map(|send| Some(status(send)));
    let steps = list(&trace["did"]).enumerate();
    let steps = steps.filter_map(|(at, step)| Some((at, step["t"].as_f64()?)));
    let seconds = |value: &Value| value.as_f64().unwrap_or_default();
    let delivered = |consumer: &Value| consumer["delivered"]["consumer_seq"].as_u64();
    let seen = ["calls", "sends", "did"].into_iter().flat_map(|what| list(&trace[what]));
    let last = seen.map(|seen| seconds(&seen["t"]) + seconds(&seen["took"])).fold(0.0, f64::max);
    Ok(Run {
        last,
        deliveries: list(&trace["consumers"]).filter_map(delivered).sum(),
        requests: requests.collect(),
        sends: sends.collect(),
        crashed: list(&trace["crashed"]).next().is_some(),
        steps: steps.collect(),
    })
}

impl Case {
    pub(crate) fn simulate(&self, recorded: &Run) -> Result<Run, String> {
        let (sends, numbers) = self.sends()?;
        let scenario = Scenario {
            profile: Profile::NATSS_CHANNEL,
            sends,
            scripts: self.scripts()?,
            faults: self.faults(recorded)?,
        };
        let mut run = Run::default();
        run.sends.resize(recorded.sends.len(), None);
        let mut counts: BTreeMap<NodeIndex, u32> = BTreeMap::new();
        let trace = run_observed(&self.topology, &scenario, |now, output| match output {
            Output::Call(call) => {
                let count = counts.entry(call.to).or_default();
                let script = scenario.scripts.get(&call.to);
                let response = script.and_then(|script| script.response(*count));
                *count += 1;
                run.requests.push(Request {
                    seconds: now.0 as f64 / SECOND,
                    host: host(&self.topology.graph[call.to].name),
                    attributes: known(&call.event.attributes),
                    content_type: call.event.attributes.get("datacontenttype").cloned(),
                    body: call.event.data.clone().unwrap_or_default(),
                    prefers_reply: call.prefers_reply,
                    status: status(response, call.limit),
                });
            }
            Output::Accepted { publication, status } => {
                if let Some(number) =
                    usize::try_from(*publication).ok().and_then(|at| numbers.get(at))
                {
                    run.sends[*number] = Some(*status);
                }
            }
            Output::Happened(_) | Output::Ended(_) => {}
        });
        run.crashed = trace.crashed();
        run.deliveries = match self.root.get("do") {
            None => trace.outcomes.iter().map(|ending| u64::from(ending.attempts)).sum(),
            // Streams went on delivering after the recording was over.
            Some(_) => recorded.deliveries,
        };
        // Later than this nobody looked.
        let settle = self.root.get("settle").map_or(Value::Null, Node::to_json);
        let end = recorded.last + settle.as_f64().unwrap_or_default();
        run.requests.retain(|request| request.seconds <= end);
        Ok(run)
    }

    /// The sends that can be simulated, and which of the case's they are.
    fn sends(&self) -> Result<(Vec<Send>, Vec<usize>), String> {
        let (mut sends, mut numbers) = (Vec::new(), Vec::new());
        for (number, send) in items(self.root.get("send")).enumerate() {
            let json = send.to_json();
            let raw = ["method", "path", "bodyRaw"];
            if raw.iter().any(|key| !json[key].is_null()) {
                continue;
            }
            let mut event = event_of(&json);
            let specversion = send.get("event").and_then(|event| event.get("specversion"));
            if specversion.is_some_and(|value| value.value == Yaml::Null) {
                event.attributes.remove("specversion");
            }
            let to = text_of(&json["to"]);
            let to = self.channel(&to).ok_or_else(|| format!("there is no channel {to}"))?;
            sends.push(Send { at: time(&json["at"]), to, event });
            numbers.push(number);
        }
        Ok((sends, numbers))
    }

    fn channel(&self, text: &str) -> Option<NodeIndex> {
        let (kind, name) = text.split_once('/')?;
        let is_it = |key: &evctl::model::ObjectKey| key.kind == kind && key.name == name;
        let alias = self.topology.aliases.iter().find(|(key, _)| is_it(key));
        self.topology
            .channels()
            .find(|(_, node, _)| node.name.object().is_some_and(is_it))
            .map(|(at, _, _)| at)
            .or_else(|| alias.map(|(_, at)| *at))
    }

    fn scripts(&self) -> Result<BTreeMap<NodeIndex, Script>, String> {
        let Some(Yaml::Mapping(entries)) = self.root.get("respond").map(|node| &node.value) else {
            return Ok(BTreeMap::new());
        };
        let script = |entry: &evctl::model::yaml::Entry| {
            let node = NodeName::Uri(format!("http://{}", entry.key));
            let node = self.topology.node(&node).ok_or_else(|| format!("no sink {node}"))?;
            let answers = items(Some(&entry.value)).map(|answer| response(&answer.to_json()));
            let answers: Result<Vec<_>, String> = answers.collect();
            Ok((node, Script(answers?.into_iter().map(|answer| (answer, 1)).collect())))
        };
        entries.iter().map(script).collect()
    }

    /// The dispatcher's ends and starts, when they really were.
    fn faults(&self, recorded: &Run) -> Result<Vec<(Time, Fault)>, String> {
        let mut faults = Vec::new();
        for (number, step) in items(self.root.get("do")).enumerate() {
            let step = step.to_json();
            let at = recorded.steps.get(&number).map_or(time(&step["at"]), |t| nanoseconds(*t));
            match (step["kill"].as_str(), step["start"].as_str(), &step["look"]) {
                (Some("dispatcher"), _, _) => faults.push((at, Fault::Stop)),
                (_, Some("dispatcher"), _) => faults.push((at, Fault::Start)),
                (None, None, Value::String(_)) => {}
                _ => return Err(format!("a step that is not simulated: {step}")),
            }
        }
        Ok(faults)
    }
}

fn status(response: Option<&Response>, limit: Option<u64>) -> Option<u16> {
    match response {
        Some(response) if limit.is_some_and(|limit| response.latency >= limit) => None,
        Some(Response { reaction: Reaction::Answer { status, .. }, .. }) => Some(*status),
        Some(_) => None,
        None => Some(200),
    }
}

fn response(answer: &Value) -> Result<Response, String> {
    let known = ["status", "delay", "headers", "body", "close", "reply"];
    if let Some(key) = answer
        .as_object()
        .into_iter()
        .flatten()
        .map(|(key, _)| key)
        .find(|key| !known.contains(&key.as_str()))
    {
        return Err(format!("an answer with `{key}` is not simulated"));
    }
    let status = answer["status"].as_u64().and_then(|status| u16::try_from(status).ok());
    let reply = answer.get("reply").map(|reply| Reply::Exactly(event_of(reply)));
    let body = data_of(&answer["body"]).unwrap_or_default();
    let body = if answer["body"].is_object() { spaced(&body) } else { body }.into_bytes();
    let reaction = match answer["close"] {
        Value::Bool(true) => Reaction::Close,
        _ => Reaction::Answer { status: status.unwrap_or(200), body, reply },
    };
    Ok(Response { reaction, latency: time(&answer["delay"]).0 })
}

fn event_of(send: &Value) -> Event {
    let mut event = Event { attributes: attributes(&send["event"]), data: data_of(&send["data"]) };
    event.attributes.entry("specversion".to_owned()).or_insert_with(|| "1.0".to_owned());
    let said = send["contentType"].as_str();
    let kind = said.or(match &send["data"] {
        Value::Null => None,
        Value::String(_) => Some("text/plain"),
        _ => Some("application/json"),
    });
    match kind {
        Some(kind) => event.with("datacontenttype", kind),
        None => event,
    }
}

fn data_of(data: &Value) -> Option<String> {
    match data {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

/// JSON as the recording's sinks wrote it. Good enough for flat objects.
fn spaced(json: &str) -> String {
    json.replace("\":", "\": ").replace(",\"", ", \"")
}

/// Attributes without those of tracing, which the dispatcher adds.
fn attributes(value: &Value) -> BTreeMap<String, String> {
    let pairs = value.as_object().into_iter().flatten();
    known(&pairs.map(|(name, value)| (name.clone(), text_of(value))).collect())
}

fn known(attributes: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let ignored = ["traceparent", "tracestate", "datacontenttype"];
    let pairs = attributes.iter().filter(|(name, _)| !ignored.contains(&name.as_str()));
    pairs.map(|(name, value)| (name.clone(), value.clone())).collect()
}

fn host(name: &NodeName) -> String {
    let name = name.to_string();
    name.strip_prefix("http://").unwrap_or(&name).to_owned()
}

fn items(node: Option<&Node>) -> impl Iterator<Item = &Node> {
    let items: &[Node] = match node.map(|node| &node.value) {
        Some(Yaml::Sequence(items)) => items,
        _ => &[],
    };
    items.iter()
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text_of(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn time(seconds: &Value) -> Time {
    nanoseconds(seconds.as_f64().unwrap_or_default())
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "seconds of a recording: small and not negative"
)]
fn nanoseconds(seconds: f64) -> Time {
    Time((seconds * SECOND).round() as u64)
}
