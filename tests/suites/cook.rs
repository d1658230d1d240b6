//! Carries a recipe out through a client of its own, as a person would: request by request, each step
//! once the one before has come true, with the positions that the server says when they are due.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use evctl::plan::recipe::{Clients, Recipe, Request, Start, Until};
use serde_json::{Value, json};

use crate::servers::nats_wire::Wire;
use crate::servers::waiting;

const LIMIT: Duration = Duration::from_secs(30);

/// One run of a recipe.
pub(super) struct Cook {
    wire: Wire,
    /// Acknowledgement floors by consumer, as read when it was time.
    floors: BTreeMap<String, u64>,
    /// The last sequence of the first copy when it was complete.
    ceiling: Option<u64>,
}

impl Cook {
    pub(super) fn new(wire: Wire) -> Self {
        Self { wire, floors: BTreeMap::new(), ceiling: None }
    }

    /// Every step, in order. `tell` makes the consumers' clients do what a step asks of them.
    pub(super) fn follow(mut self, recipe: &Recipe, tell: impl Fn(Clients)) {
        for step in &recipe.steps {
            if step.clients == Some(Clients::Stop) {
                tell(Clients::Stop);
            }
            for request in &step.requests {
                self.send(request);
            }
            if let Some(until) = &step.until {
                self.wait(until);
            }
            if step.clients == Some(Clients::Start) {
                tell(Clients::Start);
            }
        }
    }

    /// Until it has come true.
    pub(super) fn wait(&self, until: &Until) {
        let pause = Duration::from_millis(10);
        let came = waiting::until(LIMIT, pause, || self.has_come(until).then_some(()));
        came.unwrap_or_else(|| panic!("never came true: {until:?}"));
    }

    fn send(&mut self, request: &Request) {
        let body = match &request.start {
            Some(start) => request.started_at(self.start(start, request)),
            None => request.body.clone(),
        };
        let answer = self.wire.api(&request.api, &body);
        assert_eq!(answer.get("error"), None, "{} {body}", request.api);
        if let Some(name) = request.api.strip_prefix("CONSUMER.INFO.") {
            let (_, consumer) = name.split_once('.').unwrap();
            let floor = answer["ack_floor"]["stream_seq"].as_u64().unwrap();
            self.floors.insert(consumer.to_owned(), floor);
        }
        if request.api.starts_with("STREAM.INFO.") {
            self.ceiling = self.ceiling.or(answer["state"]["last_seq"].as_u64());
        }
    }

    /// The sequence in the copy that a consumer goes on from.
    fn start(&self, start: &Start, request: &Request) -> u64 {
        let floor = self.floors[&start.consumer];
        assert!(floor >= start.ack_floor, "a floor went back: {start:?}");
        if start.renumbered_by.is_empty() {
            return self.ceiling.map_or(floor, |ceiling| floor.min(ceiling)) + 1;
        }
        let place =
            start.renumbered_by.iter().fold(floor, |floor, copy| self.renumbered(copy, floor));
        assert!(request.api.contains(start.renumbered_by.last().unwrap()), "{request:?}");
        place + 1
    }

    /// The last message of a copy that came from a sequence of its origin that is not over `floor`.
    fn renumbered(&self, copy: &str, floor: u64) -> u64 {
        let state = self.wire.api(&format!("STREAM.INFO.{copy}"), &Value::Null)["state"].clone();
        let (mut low, mut high) = (0, state["last_seq"].as_u64().unwrap());
        while low < high {
            let middle = (low + high).div_ceil(2);
            // What is not there is done; what names no origin came after the copying.
            if self.origin_of(copy, middle).is_none_or(|origin| origin <= floor) {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        low
    }

    /// The second word of `Nats-Stream-Source`.
    fn origin_of(&self, copy: &str, sequence: u64) -> Option<u64> {
        let answer = self.wire.api(&format!("STREAM.MSG.GET.{copy}"), &json!({"seq": sequence}));
        let message = answer.get("message")?;
        let head = STANDARD.decode(message["hdrs"].as_str().unwrap_or_default()).unwrap();
        let head = String::from_utf8(head).unwrap();
        let line = head.lines().find_map(|line| line.strip_prefix("Nats-Stream-Source: "));
        Some(line.map_or(u64::MAX, |line| line.split(' ').nth(1).unwrap().parse().unwrap()))
    }

    fn newest(&self, stream: &str) -> u64 {
        let last = json!({"last_by_subj": ">"});
        let last = self.wire.api(&format!("STREAM.MSG.GET.{stream}"), &last);
        last["message"]["seq"].as_u64().unwrap_or_default()
    }

    fn last(&self, stream: &str) -> u64 {
        let info = self.wire.api(&format!("STREAM.INFO.{stream}"), &Value::Null);
        info["state"]["last_seq"].as_u64().unwrap()
    }

    fn has_come(&self, until: &Until) -> bool {
        match until {
            Until::Unchanged { origin } => {
                assert!(
                    self.ceiling.is_some_and(|end| self.newest(origin) <= end),
                    "late messages"
                );
                true
            }
            Until::Complete { copy, origin } => {
                let before = self.last(origin);
                std::thread::sleep(Duration::from_secs(1));
                let caught = Until::CaughtUp { copy: copy.clone(), origin: origin.clone() };
                self.last(origin) == before && self.has_come(&caught)
            }
            Until::Gone { stream } => {
                let answer = self.wire.api(&format!("STREAM.INFO.{stream}"), &Value::Null);
                answer["error"]["err_code"] == 10059
            }
            Until::CaughtUp { copy, origin } => {
                let copied = self.wire.api(&format!("STREAM.INFO.{copy}"), &Value::Null);
                let last = self.newest(origin);
                let from = copied.get("mirror").or_else(|| copied.pointer("/sources/0"));
                let idle = from.is_some_and(|from| {
                    from["lag"] == 0 && from["active"].as_i64().is_some_and(|active| active >= 0)
                });
                let sequence = copied["state"]["last_seq"].as_u64().unwrap_or_default();
                let reached = match copied.get("mirror") {
                    Some(_) => sequence >= last,
                    None => self.origin_of(copy, sequence).is_some_and(|origin| origin >= last),
                };
                idle && reached
            }
        }
    }
}
