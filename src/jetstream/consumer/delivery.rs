//! The rules of how a consumer hands messages out: pushed, pulled, acknowledged as flow control.

use crate::jetstream::decode::Read;
use crate::jetstream::wildcard;

use super::check::Rules;
use super::fill::FLOW_HEARTBEAT;

impl Rules<'_> {
    /// Acknowledgements as flow control.
    pub(super) fn flow_policy(&mut self) {
        if self.filled.text("ack_policy") != "flow_control" {
            return;
        }
        let pull = !self.filled.contains_key("deliver_subject");
        let text = "flow control ack policy requires a push based consumer";
        self.refuse(pull, 10218, "ack_policy", text);
        let beat = self.filled.number("idle_heartbeat") != FLOW_HEARTBEAT;
        let text = "flow control ack policy heartbeat needs to be 1s";
        self.refuse(beat, 10052, "idle_heartbeat", text);
        let none = self.filled.number("max_ack_pending") <= 0;
        let text = "flow control ack policy requires max ack pending";
        self.refuse(none, 10220, "max_ack_pending", text);
        let waits = self.filled.number("ack_wait") != 0 || !self.filled.list("backoff").is_empty();
        let text = "flow control ack policy requires unset ack wait";
        self.refuse(waits, 10221, "ack_wait", text);
        let limited = self.filled.number("max_deliver") > 0;
        let text = "flow control ack policy requires unset max deliver";
        self.refuse(limited, 10222, "max_deliver", text);
    }

    pub(super) fn pushed(&mut self) {
        let subject = self.filled.text("deliver_subject").to_owned();
        let field = "deliver_subject";
        let wild = !wildcard::is_literal(&subject);
        self.refuse(wild, 10079, field, "consumer deliver subject has wildcards");
        let bad = !wildcard::is_valid(&subject);
        self.refuse(bad, 10112, field, "invalid push consumer deliver subject");
        let subjects = self.stream.map(|stream| stream.texts("subjects")).unwrap_or_default();
        let circle = subjects.iter().any(|other| wildcard::is_subset(&subject, other));
        self.refuse(circle, 10081, field, "consumer deliver subject forms a cycle");
        let waiting = self.filled.number("max_waiting") != 0;
        let text = "consumer in push mode can not set max waiting";
        self.refuse(waiting, 10080, "max_waiting", text);
        let none = matches!(self.filled.text("ack_policy"), "" | "none");
        let pending = self.filled.number("max_ack_pending") > 0;
        let text = "consumer requires ack policy for max ack pending";
        self.refuse(pending && none, 10082, "max_ack_pending", text);
        let beat = self.filled.number("idle_heartbeat");
        let text = "consumer idle heartbeat needs to be >= 100ms";
        self.refuse(beat > 0 && beat < 100_000_000, 10083, "idle_heartbeat", text);
    }

    pub(super) fn pulled(&mut self) {
        let none = matches!(self.filled.text("ack_policy"), "" | "none");
        let queue = self.retention() == "workqueue";
        let text = if self.server.is_at_least(2, 11, 0) {
            "consumer in pull mode requires explicit ack policy on workqueue stream"
        } else {
            "consumer in pull mode requires ack policy"
        };
        self.refuse(none && queue, 10084, "ack_policy", text);
        let limited = self.filled.number("rate_limit_bps") != 0;
        let text = "consumer in pull mode can not have rate limit set";
        self.refuse(limited, 10086, "rate_limit_bps", text);
        let negative = self.filled.number("max_waiting") < 0;
        let text = "consumer max waiting needs to be positive";
        self.refuse(negative, 10087, "max_waiting", text);
        let beats = self.filled.number("idle_heartbeat") > 0;
        let text = "consumer idle heartbeat requires a push based consumer";
        self.refuse(beats, 10088, "idle_heartbeat", text);
        let flow = self.filled.flag("flow_control");
        let text = "consumer flow control requires a push based consumer";
        self.refuse(flow, 10089, "flow_control", text);
        let batch = self.filled.number("max_batch");
        let text = "consumer max request batch needs to be > 0";
        self.refuse(batch < 0, 10114, "max_batch", text);
        let expires = self.filled.number("max_expires");
        let text = "consumer max request expires needs to be >= 1ms";
        self.refuse(expires != 0 && expires < 1_000_000, 10115, "max_expires", text);
        let own = self.server.own.max_request_batch;
        if own > 0 && batch > own {
            let text = format!("consumer max request batch exceeds server limit of {own}");
            self.no(10125, "max_batch", text);
        }
    }
}
