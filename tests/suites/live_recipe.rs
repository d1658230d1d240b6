//! Recipes carried out on real servers through a second client, while a publisher and consumers go
//! on: every acknowledged message is there, in order, and no consumer skips one.

use std::time::Duration;

use evctl::plan::recipe::{self, Clients, Method, Recipe, Until};
use evctl::world::{Key, Object, World};
use libtest_mimic::Trial;
use serde_json::{Value, json};

use super::cook::Cook;
use super::live_impact::{api, observe, stream_key};
use super::load::{Client, Published, Publisher, report};
use crate::servers::nats::Nats;
use crate::servers::nats_frames::Message;
use crate::servers::nats_pull::{acknowledge, pull};
use crate::servers::nats_wire::Wire;
use crate::servers::{Need, lookup, trial, waiting};

pub(super) fn trials() -> Vec<Trial> {
    let nats = &[Need::Nats];
    let old = &[Need::NatsVersion("2.12")];
    let older = &[Need::NatsVersion("2.11")];
    vec![
        trial("live_recipe::another_storage_under_the_same_name", nats, same_name_another_storage),
        trial("live_recipe::another_storage_under_another_name", nats, other_name_another_storage),
        trial("live_recipe::limits_to_workqueue_under_the_same_name", nats, same_name_workqueue),
        trial("live_recipe::limits_to_workqueue_under_another_name", nats, other_name_workqueue),
        trial("live_recipe::workqueue_to_limits", nats, workqueue_to_limits),
        trial("live_recipe::interest_in_another_storage", nats, interest_in_another_storage),
        trial("live_recipe::by_mirror_without_reset", old, by_mirror_without_reset),
        trial("live_recipe::workqueue_without_reset", old, workqueue_without_reset),
        trial("live_recipe::by_source_under_the_same_name", older, by_source_same_name),
        trial("live_recipe::by_source_under_another_name", older, by_source_other_name),
        trial("live_recipe::a_consumer_alone", nats, a_consumer_alone),
        trial("live_recipe::a_consumer_alone_without_reset", old, a_consumer_alone_without_reset),
        trial(
            "live_recipe::commands_work_as_they_are_printed",
            &[Need::Nats, Need::NatsCli],
            commands_work_as_they_are_printed,
        ),
    ]
}

/// One replacement under load.
struct Case {
    version: &'static str,
    /// Fields of the stream before and after.
    from: Value,
    to: Value,
    /// What the consumers filter by: none for all.
    consumers: &'static [(&'static str, Option<&'static str>)],
    /// The name afterwards, where it is another.
    renamed: Option<&'static str>,
    method: Method,
}

const ALL: &[(&str, Option<&str>)] = &[("BILLING", None), ("STOCK", Some("orders.1"))];
const DISJOINT: &[(&str, Option<&str>)] = &[("ZERO", Some("orders.0")), ("ONE", Some("orders.1"))];

impl Case {
    fn with(from: Value, to: Value) -> Self {
        Self { version: "", from, to, consumers: ALL, renamed: None, method: Method::Mirror }
    }

    fn run(&self) {
        let nats = Nats::start_version(self.version);
        let wire = nats.wire();
        self.set_up(&wire);
        let publisher = Publisher::start(&nats, "orders");
        let clients: Vec<Client> =
            self.consumers.iter().map(|(name, _)| Client::start(&nats, "ORDERS", name)).collect();
        wait_for(&publisher, 400);
        let recipe = self.recipe(&nats);
        let planned_at = publisher.count();
        wait_for(&publisher, planned_at + 100);
        Cook::new(nats.wire()).follow(&self.without_deletion(&recipe), |ask| {
            for client in &clients {
                match ask {
                    Clients::Stop => client.rest(),
                    Clients::Start => client.use_stream("ORDERS"),
                }
            }
        });
        let name = self.renamed.unwrap_or("ORDERS");
        for client in &clients {
            client.use_stream(name);
        }
        wait_for(&publisher, publisher.count() + 200);
        let published = publisher.stop();
        self.every_consumer_sees_all(&clients, &published);
        self.every_message_is_there(&wire, name, &published);
        let repeats: Vec<usize> = clients.into_iter().map(Client::stop).collect();
        report(&format!(
            "{} messages, {} refused meanwhile, delivered again: {repeats:?}",
            published.sequences.len(),
            published.refused
        ));
        assert!(published.refused > 0, "the subjects were never away: no load");
        self.it_is_as_desired(&wire, name);
    }

    fn set_up(&self, wire: &Wire) {
        let mut config = json!({"name": "ORDERS", "subjects": ["orders.>"]});
        config.as_object_mut().unwrap().extend(self.from.as_object().unwrap().clone());
        api(wire, "STREAM.CREATE.ORDERS", &config);
        for (name, filter) in self.consumers {
            let mut config =
                json!({"durable_name": name, "ack_policy": "explicit", "ack_wait": 1_000_000_000});
            if let Some(filter) = filter {
                config["filter_subject"] = json!(filter);
            }
            let request = json!({"stream_name": "ORDERS", "config": config, "action": "create"});
            api(wire, &format!("CONSUMER.CREATE.ORDERS.{name}"), &request);
        }
    }

    fn recipe(&self, nats: &Nats) -> Recipe {
        let live = observe(nats, &["ORDERS"]);
        let key = stream_key("ORDERS");
        let desired = self.desired(&live);
        let recipe = match self.renamed {
            Some(name) => recipe::renamed(&key, name, &desired, &live),
            None => recipe::of(&key, &desired, &live),
        };
        let recipe = recipe.unwrap();
        assert_eq!(recipe.method, self.method);
        recipe
    }

    fn desired(&self, live: &World) -> World {
        let mut body = live.objects[&stream_key("ORDERS")].body.to_value();
        body.as_object_mut().unwrap().extend(self.to.as_object().unwrap().clone());
        let object = Object { body: body.into(), ..Object::default() };
        World {
            objects: [(stream_key("ORDERS"), object)].into_iter().collect(),
            ..World::default()
        }
    }

    /// Where the name changes, the old stream is deleted once its clients have gone.
    fn without_deletion(&self, recipe: &Recipe) -> Recipe {
        let mut recipe = recipe.clone();
        if self.renamed.is_some() {
            recipe.steps.pop();
        }
        recipe
    }

    fn every_consumer_sees_all(&self, clients: &[Client], published: &Published) {
        let count = published.sequences.len() as u64;
        for (client, (name, filter)) in clients.iter().zip(self.consumers) {
            let wanted = |number: u64| {
                filter.is_none_or(|filter| filter == format!("orders.{}", number % 3))
            };
            let pause = Duration::from_millis(50);
            let all = waiting::until(Duration::from_secs(30), pause, || {
                client.lacks(count, wanted).is_empty().then_some(())
            });
            let lacks = client.lacks(count, wanted);
            let first = lacks.iter().take(10).collect::<Vec<_>>();
            assert!(all.is_some(), "{name} never got {} of {count}: {first:?}…", lacks.len());
        }
    }

    /// In a stream that keeps what is done, each acknowledged message once and in order; where
    /// sequences stay, at the sequence that it was acknowledged with.
    fn every_message_is_there(&self, wire: &Wire, name: &str, published: &Published) {
        let state = api(wire, &format!("STREAM.INFO.{name}"), &Value::Null)["state"].clone();
        if self.from["retention"] != json!(null) || self.to["retention"] != json!(null) {
            return;
        }
        let mut stored = Vec::new();
        for sequence in state["first_seq"].as_u64().unwrap()..=state["last_seq"].as_u64().unwrap() {
            let answer = api(wire, &format!("STREAM.MSG.GET.{name}"), &json!({"seq": sequence}));
            let data = answer["message"]["data"].as_str().unwrap();
            let data = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, data);
            let number: usize = String::from_utf8(data.unwrap()).unwrap().parse().unwrap();
            stored.push(number);
            if self.method == Method::Mirror {
                assert_eq!(published.sequences[number], sequence);
            }
        }
        assert_eq!(stored, (0..published.sequences.len()).collect::<Vec<_>>());
    }

    fn it_is_as_desired(&self, wire: &Wire, name: &str) {
        let config = api(wire, &format!("STREAM.INFO.{name}"), &Value::Null)["config"].clone();
        for (field, value) in self.to.as_object().unwrap() {
            assert_eq!(&config[field], value, "{field}");
        }
        assert_eq!((&config["subjects"], config.get("mirror")), (&json!(["orders.>"]), None));
        let names = wire.api("STREAM.NAMES", &Value::Null)["streams"].as_array().unwrap().len();
        assert_eq!(names, if self.renamed.is_some() { 2 } else { 1 });
        for (consumer, _) in self.consumers {
            let info = api(wire, &format!("CONSUMER.INFO.{name}.{consumer}"), &Value::Null);
            let policy = if self.keeps_policy() { "all" } else { "by_start_sequence" };
            assert_eq!(info["config"]["deliver_policy"], policy);
        }
    }

    fn keeps_policy(&self) -> bool {
        self.version.is_empty() || self.to["retention"] == "workqueue"
    }
}

fn wait_for(publisher: &Publisher, count: u64) {
    let pause = Duration::from_millis(5);
    let reached = waiting::until(Duration::from_secs(60), pause, || {
        (publisher.count() >= count).then_some(())
    });
    reached.unwrap_or_else(|| panic!("{} of {count} are published", publisher.count()));
}

fn memory() -> Value {
    json!({"storage": "memory"})
}

fn workqueue() -> Value {
    json!({"retention": "workqueue"})
}

fn same_name_another_storage() {
    Case::with(json!({}), memory()).run();
}

fn other_name_another_storage() {
    Case { renamed: Some("ORDERS2"), ..Case::with(json!({}), memory()) }.run();
}

fn same_name_workqueue() {
    Case { consumers: DISJOINT, ..Case::with(json!({}), workqueue()) }.run();
}

fn other_name_workqueue() {
    let case = Case::with(json!({}), workqueue());
    Case { consumers: &[("ALL", None)], renamed: Some("ORDERS2"), ..case }.run();
}

fn workqueue_to_limits() {
    let case = Case::with(workqueue(), json!({"retention": "limits"}));
    Case { consumers: DISJOINT, ..case }.run();
}

fn interest_in_another_storage() {
    Case::with(json!({"retention": "interest"}), memory()).run();
}

fn by_mirror_without_reset() {
    Case { version: "2.12", ..Case::with(json!({}), memory()) }.run();
}

fn workqueue_without_reset() {
    let case = Case::with(json!({}), workqueue());
    Case { version: "2.12", consumers: DISJOINT, ..case }.run();
}

fn by_source_same_name() {
    Case { version: "2.11", method: Method::Source, ..Case::with(json!({}), memory()) }.run();
}

fn by_source_other_name() {
    let case = Case::with(json!({}), memory());
    Case { version: "2.11", method: Method::Source, renamed: Some("ORDERS2"), ..case }.run();
}

/// A consumer of a stream that stays gets what cannot be changed, under load.
fn consumer_again(version: &'static str, retention: &str) {
    let consumers: &[(&str, Option<&str>)] = &[("BILLING", None)];
    let from = json!({"retention": retention});
    let case = Case { version, consumers, ..Case::with(from, json!({})) };
    let nats = Nats::start_version(version);
    let wire = nats.wire();
    case.set_up(&wire);
    let publisher = Publisher::start(&nats, "orders");
    let clients = [Client::start(&nats, "ORDERS", "BILLING")];
    wait_for(&publisher, 400);
    let live = observe(&nats, &["ORDERS"]);
    let key = Key::Consumer { site: "".into(), stream: "ORDERS".into(), name: "BILLING".into() };
    let mut wanted = live.objects[&key].clone();
    wanted.body.change(|body| body["max_waiting"] = json!(100));
    let desired =
        World { objects: [(key.clone(), wanted)].into_iter().collect(), ..World::default() };
    let recipe = recipe::of(&key, &desired, &live).unwrap();
    assert_eq!(recipe.method, Method::Position);
    wait_for(&publisher, publisher.count() + 100);
    Cook::new(nats.wire()).follow(&recipe, |_| ());
    wait_for(&publisher, publisher.count() + 200);
    let published = publisher.stop();
    case.every_consumer_sees_all(&clients, &published);
    let [client] = clients;
    report(&format!(
        "{retention}: {} messages, {} again",
        published.sequences.len(),
        client.stop()
    ));
    let info = api(&wire, "CONSUMER.INFO.ORDERS.BILLING", &Value::Null);
    assert_eq!(info["config"]["max_waiting"], 100);
    let names = wire.api("CONSUMER.NAMES.ORDERS", &Value::Null)["consumers"].clone();
    assert_eq!(names, json!(["BILLING"]));
}

fn a_consumer_alone() {
    for retention in ["limits", "interest", "workqueue"] {
        consumer_again("", retention);
    }
}

fn a_consumer_alone_without_reset() {
    for retention in ["limits", "interest", "workqueue"] {
        consumer_again("2.12", retention);
    }
}

/// With the numbers of the plan, through the `nats` program and a shell.
fn commands_work_as_they_are_printed() {
    let nats = Nats::start();
    let wire = nats.wire();
    let case = Case::with(json!({"description": "the firm's own"}), memory());
    case.set_up(&wire);
    for number in 0..9 {
        wire.publish(&format!("orders.{}", number % 3), number.to_string());
    }
    for message in pull(&wire, "ORDERS", "BILLING", 4, Duration::from_secs(5)) {
        assert!(acknowledge(&wire, &message));
    }
    let recipe = case.recipe(&nats);
    let cook = Cook::new(nats.wire());
    let program = lookup::nats_cli().unwrap();
    for step in &recipe.steps {
        for request in &step.requests {
            let command = request.command("").replacen("nats ", "\"$0\" ", 1);
            let output = std::process::Command::new("/bin/sh")
                .args(["-c", &command])
                .arg(&program)
                .env("NATS_URL", nats.url())
                .env("HOME", nats.directory())
                .output()
                .unwrap();
            let said = String::from_utf8_lossy(&output.stdout).into_owned();
            assert!(output.status.success() && !said.contains("\"error\""), "{command}: {said}");
        }
        if let Some(until) =
            step.until.as_ref().filter(|until| !matches!(until, Until::Unchanged { .. }))
        {
            cook.wait(until);
        }
    }
    case.it_is_as_desired(&wire, "ORDERS");
    let rest = pull(&wire, "ORDERS", "BILLING", 5, Duration::from_secs(5));
    let rest: Vec<String> = rest.iter().map(Message::text).collect();
    assert_eq!(rest, ["4", "5", "6", "7", "8"]);
}
