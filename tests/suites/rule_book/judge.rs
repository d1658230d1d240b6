//! Asks a real server and compares its answer with what the rule book said.

use std::collections::BTreeMap;
use std::time::Duration;

use evctl::jetstream::change::{Refusal, Verdict};
use evctl::jetstream::server::{Beside, Server};
use evctl::jetstream::{consumer, stream};
use serde_json::{Map, Value, json};

use crate::servers::nats_wire::Wire;
use crate::servers::waiting;

pub(super) type Config = Map<String, Value>;

/// The most disagreements that one run shows.
const SHOWN: usize = 12;

/// A server and what is known of it.
pub(super) struct Judge {
    pub(super) wire: Wire,
    pub(super) server: Server,
    /// The streams that stay.
    pub(super) streams: BTreeMap<String, Config>,
    /// What was asked and answered otherwise than said.
    pub(super) wrong: Vec<String>,
    pub(super) asked: usize,
    /// How many requests the server took.
    pub(super) taken: usize,
    /// Whether what is used of the account counts, and is looked at after every write.
    pub(super) counts: bool,
    /// The least share of the requests that must be taken, of a hundred.
    pub(super) least: usize,
}

impl Judge {
    /// Looks at the server as evctl does: how it introduces itself, and `$JS.API.INFO`.
    pub(super) fn new(wire: Wire) -> Self {
        let introduced = wire.info();
        let info = wire.api("INFO", &Value::Null);
        let version = introduced["version"].as_str().expect("a version");
        let cluster = introduced["cluster"].as_str();
        let server = Server::new(version, info["api"]["level"].as_u64(), cluster, &info);
        let streams = BTreeMap::new();
        Self {
            wire,
            server,
            streams,
            wrong: Vec::new(),
            asked: 0,
            taken: 0,
            counts: false,
            least: 20,
        }
    }

    /// What the account may use and uses, as it is now.
    pub(super) fn look_again(&mut self) {
        let fresh = self.wire.api("INFO", &Value::Null);
        self.server.limits = evctl::jetstream::server::Limits::read(&fresh);
    }

    fn look_after_write(&mut self) {
        if self.counts {
            self.look_again();
        }
    }

    fn delete(&self, stream: &str) {
        self.delete_by(&format!("STREAM.DELETE.{stream}"));
    }

    /// Deletes what a request names. While a cluster still scales it, older servers do not answer.
    fn delete_by(&self, subject: &str) {
        let limit = Duration::from_secs(2);
        let gone = waiting::until(Duration::from_secs(30), Duration::from_millis(20), || {
            let answer = self.wire.try_request(&format!("$JS.API.{subject}"), "", limit);
            let answer: Value = serde_json::from_slice(&answer.ok()?).ok()?;
            let absent = matches!(answer["error"]["err_code"].as_u64(), Some(10014 | 10059));
            (absent || answer["success"] == true).then_some(())
        });
        gone.unwrap_or_else(|| panic!("{subject} is not answered"));
    }

    /// A stream that stays for a while, if the server takes it as the rule book says.
    pub(super) fn try_keep(&mut self, case: u64, config: &Config) -> bool {
        let name = config["name"].as_str().expect("a name").to_owned();
        if ends_the_server(self, config) {
            return false;
        }
        let asked = Value::Object(config.clone());
        let answer = self.wire.api(&format!("STREAM.CREATE.{name}"), &asked);
        let refusals = stream::check(config, &self.server, &self.beside());
        let filled = stream::fill(config, &self.server, &self.beside());
        let taken =
            self.compare(("create stream to stay", case), &asked, (&refusals, &filled), &answer);
        if let Some(stored) = answer["config"].as_object() {
            self.streams.insert(name, stored.clone());
        }
        taken
    }

    /// Such a stream goes.
    pub(super) fn drop_kept(&mut self, name: &str) {
        self.streams.remove(name);
        self.delete(name);
    }

    /// A stream that stays.
    pub(super) fn keep(&mut self, config: &Value) {
        let name = config["name"].as_str().expect("a name").to_owned();
        let answer = self.wire.api(&format!("STREAM.CREATE.{name}"), config);
        let stored = answer["config"].as_object();
        let stored = stored.unwrap_or_else(|| panic!("{config} is not taken: {answer}")).clone();
        self.streams.insert(name, stored);
    }

    pub(super) fn beside(&self) -> Beside<'_> {
        let streams = self.streams.iter().map(|(name, config)| (name.as_str(), config)).collect();
        Beside { streams, complete: self.counts, ..Beside::default() }
    }

    /// Notes a disagreement.
    fn note(&mut self, what: &str, case: u64, asked: &Value, said: &str, answered: &str) {
        self.wrong.push(format!(
            "{what}, case {case}, nats-server {}\n  asked:    {asked}\n  said:     {said}\n  \
             answered: {answered}",
            self.server.version
        ));
    }

    /// Compares the answer to a request with the refusals that were said and the configuration that
    /// would be stored. True where the server took it.
    pub(super) fn compare(
        &mut self,
        (what, case): (&str, u64),
        asked: &Value,
        (refusals, filled): (&[Refusal], &Config),
        answer: &Value,
    ) -> bool {
        self.asked += 1;
        // What the server drops without a word it does take.
        let said = refusals.iter().find(|refusal| refusal.err_code.is_some());
        let error = &answer["error"];
        match (said, error.is_object()) {
            (None, false) => {
                self.taken += 1;
                let stored = without_own(&answer["config"]);
                let differ = differences(filled, &stored);
                if !differ.is_empty() {
                    self.note(what, case, asked, "(stored)", &differ);
                }
            }
            (Some(refusal), true) if refusal.is_answer(error) => {}
            (said, refused) => {
                let said = said.map_or("taken".to_owned(), |no| {
                    format!("{} {}", no.err_code.unwrap_or_default(), no.text)
                });
                let answered = if refused {
                    format!("{} {}", error["err_code"], error["description"])
                } else {
                    "taken".to_owned()
                };
                self.note(what, case, asked, &said, &answered);
            }
        }
        !error.is_object()
    }

    /// What the change's verdict says beside its first refusal, asked by making it anew.
    pub(super) fn compare_anew(
        &mut self,
        (what, case): (&str, u64),
        asked: &Value,
        (verdict, anew): (&Verdict, &[Refusal]),
        answer: &Value,
    ) {
        self.asked += 1;
        let made = !answer["error"].is_object();
        let drops = anew.iter().any(|refusal| refusal.err_code.is_none());
        let said = anew.iter().all(|refusal| refusal.err_code.is_none());
        let whole = said && !drops;
        if made != said || whole != matches!(verdict, Verdict::Replace { .. }) {
            let said = format!("{verdict:?}; anew {anew:?}");
            let answered = format!("made {made}, {}", answer["error"]);
            self.note(what, case, asked, &said, &answered);
        }
    }

    /// Ends a run: fails where anything was otherwise than said.
    pub(super) fn verdict(&self) {
        let count = self.wrong.len();
        let shown: Vec<&str> = self.wrong.iter().take(SHOWN).map(String::as_str).collect();
        assert!(
            count == 0,
            "{count} of {} answers are not as the rule book says:\n{}",
            self.asked,
            shown.join("\n")
        );
        assert!(
            self.taken * 100 > self.asked * self.least,
            "only {} of {} requests were taken: the draws are too wild",
            self.taken,
            self.asked
        );
    }
}

/// A stored configuration without what the server writes into it itself.
pub(super) fn without_own(config: &Value) -> Config {
    let mut config = config.as_object().cloned().unwrap_or_default();
    if let Some(Value::Object(metadata)) = config.get_mut("metadata") {
        for key in ["_nats.ver", "_nats.level", "_nats.req.level"] {
            metadata.remove(key);
        }
        if metadata.is_empty() {
            config.remove("metadata");
        }
    }
    config
}

fn differences(said: &Config, stored: &Config) -> String {
    let keys: std::collections::BTreeSet<&String> = said.keys().chain(stored.keys()).collect();
    let differ = keys.into_iter().filter(|key| said.get(*key) != stored.get(*key));
    let show = |value: Option<&Value>| value.map_or("-".to_owned(), Value::to_string);
    differ
        .map(|key| format!("{key}: said {}, stored {}", show(said.get(key)), show(stored.get(key))))
        .collect::<Vec<_>>()
        .join("; ")
}

/// The one request that cannot be asked: 2.10 ends at a source that is null.
fn ends_the_server(judge: &Judge, config: &Config) -> bool {
    let sources = config.get("sources").and_then(Value::as_array);
    !judge.server.is_at_least(2, 11, 0)
        && sources.is_some_and(|sources| sources.contains(&Value::Null))
}

/// One stream: created, changed, made anew, deleted.
pub(super) fn stream_case(judge: &mut Judge, case: u64, config: &Config, changed: &Config) {
    let name = config["name"].as_str().expect("a name").to_owned();
    if ends_the_server(judge, config) || ends_the_server(judge, changed) {
        return;
    }
    let asked = Value::Object(config.clone());
    let answer = judge.wire.api(&format!("STREAM.CREATE.{name}"), &asked);
    let beside = judge.beside();
    let refusals = stream::check(config, &judge.server, &beside);
    let filled = stream::fill(config, &judge.server, &beside);
    if !judge.compare(("create stream", case), &asked, (&refusals, &filled), &answer) {
        return;
    }
    let live = answer["config"].as_object().cloned().unwrap_or_default();
    judge.look_after_write();
    let live = touch_stream(judge, case, &name, live);
    let gone = change_stream(judge, case, &name, &live, changed);
    if !gone {
        judge.delete(&name);
    }
}

/// Sends what is there with a mark more, and gives what is there then.
fn touch_stream(judge: &mut Judge, case: u64, name: &str, live: Config) -> Config {
    // A cluster may be about to make it still, and what acknowledges nothing answers nothing.
    if !judge.server.is_standalone() || live.get("no_ack") == Some(&json!(true)) {
        return live;
    }
    let mut touched = live.clone();
    let metadata = touched.entry("metadata").or_insert_with(|| json!({}));
    metadata["touched"] = json!("yes");
    let asked = Value::Object(touched.clone());
    let beside = judge.beside();
    let refusals = stream::touch(&live, &judge.server, &beside);
    let filled = stream::fill_update(&touched, &judge.server, &beside);
    drop(beside);
    let filled = without_own(&Value::Object(filled));
    let answer = judge.wire.api(&format!("STREAM.UPDATE.{name}"), &asked);
    if judge.compare(("touch stream", case), &asked, (&refusals, &filled), &answer) {
        judge.look_after_write();
        return answer["config"].as_object().cloned().unwrap_or_default();
    }
    live
}

fn change_stream(
    judge: &mut Judge,
    case: u64,
    name: &str,
    live: &Config,
    changed: &Config,
) -> bool {
    let asked = Value::Object(changed.clone());
    let beside = judge.beside();
    let verdict = stream::change(live, changed, &judge.server, &beside);
    let filled = stream::fill_update(changed, &judge.server, &beside);
    let shown = json!({"live": without_own(&Value::Object(live.clone())), "desired": asked});
    let refusals: Vec<Refusal> = verdict.refusal().into_iter().cloned().collect();
    drop(beside);
    if verdict == Verdict::Same {
        return false;
    }
    let mut answer = judge.wire.api(&format!("STREAM.UPDATE.{name}"), &asked);
    if answer["error"]["err_code"] == 10059 && !judge.server.is_standalone() {
        // The leader of an older cluster may not know yet what the stream's own server has made.
        let known = waiting::until(Duration::from_secs(5), Duration::from_millis(50), || {
            let again = judge.wire.api(&format!("STREAM.UPDATE.{name}"), &asked);
            (again["error"]["err_code"] != 10059).then_some(again)
        });
        answer = known.unwrap_or(answer);
    }
    if answer["type"].is_null() {
        // A stream that captures the API's own subjects, and has just been told to acknowledge.
        answer = judge.wire.api(&format!("STREAM.INFO.{name}"), &Value::Null);
    }
    judge.compare(("update stream", case), &shown, (&refusals, &filled), &answer);
    if refusals.is_empty() {
        return false;
    }
    judge.delete(name);
    judge.look_after_write();
    let fresh = format!("{name}n");
    // Where it names itself, it still does.
    let text = asked.to_string().replace(&format!("{name:?}"), &format!("{fresh:?}"));
    let anew: Config = serde_json::from_str(&text).expect("JSON as before");
    let said = stream::check(&anew, &judge.server, &judge.beside());
    let answer = judge.wire.api(&format!("STREAM.CREATE.{fresh}"), &Value::Object(anew));
    judge.compare_anew(("make stream anew", case), &shown, (&verdict, &said), &answer);
    judge.delete(&fresh);
    true
}

/// One consumer of a stream that stays: created, changed, made anew, deleted. `others` are the
/// stream's other consumers.
pub(super) fn consumer_case(
    judge: &mut Judge,
    case: u64,
    (of, others): (&str, &BTreeMap<String, Config>),
    config: &Config,
    changed: &Config,
) {
    let name = ["durable_name", "name"].iter().find_map(|field| config.get(*field)?.as_str());
    let name = name.expect("a name").to_owned();
    let parent = judge.streams[of].clone();
    let consumers = others.iter().map(|(name, config)| (name.as_str(), config)).collect();
    let streams = judge.streams.clone();
    let streams = streams.iter().map(|(name, config)| (name.as_str(), config)).collect();
    let beside = Beside { streams, consumers, ..Beside::default() };
    let request = |config: &Config, action: &str| json!({"stream_name": of, "config": config, "action": action});
    let asked = Value::Object(config.clone());
    let answer =
        judge.wire.api(&format!("CONSUMER.CREATE.{of}.{name}"), &request(config, "create"));
    let refusals = consumer::check(config, &judge.server, Some(&parent), &beside);
    let filled = consumer::fill(config, &judge.server, Some(&parent));
    let what = format!("create consumer on {of}");
    if !judge.compare((&what, case), &asked, (&refusals, &filled), &answer) {
        return;
    }
    let live = answer["config"].as_object().cloned().unwrap_or_default();
    let verdict = consumer::change(&live, changed, &judge.server, Some(&parent), &beside);
    if verdict == Verdict::Same {
        return judge.delete_by(&format!("CONSUMER.DELETE.{of}.{name}"));
    }
    let mut filled = consumer::fill(changed, &judge.server, Some(&parent));
    // It stays as it was.
    match live.get("pause_until") {
        Some(Value::String(until)) if judge.server.is_at_least(2, 11, 0) => {
            // An update writes it in UTC.
            let until = until.parse::<jiff::Timestamp>().expect("an instant").to_string();
            filled.insert("pause_until".to_owned(), json!(until))
        }
        _ => filled.remove("pause_until"),
    };
    let shown = json!({"live": without_own(&Value::Object(live)), "desired": changed});
    let refusals: Vec<Refusal> = verdict.refusal().into_iter().cloned().collect();
    let answer =
        judge.wire.api(&format!("CONSUMER.CREATE.{of}.{name}"), &request(changed, "update"));
    let what = format!("update consumer on {of}");
    judge.compare((&what, case), &shown, (&refusals, &filled), &answer);
    judge.delete_by(&format!("CONSUMER.DELETE.{of}.{name}"));
    if refusals.is_empty() {
        return;
    }
    let fresh = format!("{name}n");
    let mut anew = changed.clone();
    for field in ["durable_name", "name"] {
        if anew.contains_key(field) {
            anew.insert(field.to_owned(), json!(fresh));
        }
    }
    let answer =
        judge.wire.api(&format!("CONSUMER.CREATE.{of}.{fresh}"), &request(&anew, "create"));
    let said = consumer::check(&anew, &judge.server, Some(&parent), &beside);
    judge.compare_anew(("make consumer anew", case), &shown, (&verdict, &said), &answer);
    judge.delete_by(&format!("CONSUMER.DELETE.{of}.{fresh}"));
}
