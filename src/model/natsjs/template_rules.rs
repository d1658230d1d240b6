//! What of a channel's consumer template the webhook admits and the server or the dispatcher then does
//! not take (shared/facts/jetstream.md §4, recorded in shared/data/natss-channel). Of one template alone.

use crate::diag::{Code, Severity};
use crate::model::duration::Nanoseconds;
use crate::model::path::Path;

use super::rules::Faults;
use super::{ConsumerTemplate, ConsumerType, DeliverPolicy};

/// How much sooner than the wait for an acknowledgement the dispatcher gives a request up. Of a wait
/// that is no longer, nothing is left, and it takes that for no limit.
const GIVEN_UP_BEFORE: Nanoseconds = 200_000_000;

impl Faults<'_> {
    pub(super) fn consumer(&mut self, template: &ConsumerTemplate, at: &Path) {
        let pulled = template.consumer_type == Some(ConsumerType::Pull);
        let filtered = template.filter_subject.as_ref().is_some_and(|subject| !subject.is_empty());
        if pulled {
            let message = "with Pull no Subscription becomes Ready, and no later one of any channel \
                           is served until the dispatcher starts again (its reconciler blocks)";
            let help = "write Push, or leave it out";
            self.tell(Code::UnworkableSetting, None, &at.key("consumerType"), message, help);
        } else if filtered {
            let message = "a pushed consumer with `filterSubject` never delivers: the dispatcher cannot \
                           bind to it (\"subject does not match consumer\")";
            let help = "take it away; keep other subjects in a channel of their own";
            self.tell(Code::UnworkableSetting, None, &at.key("filterSubject"), message, help);
        }
        self.start(template, at);
        self.acknowledgement(template, at);
        self.ignored(template, pulled, at);
    }

    /// Where a consumer starts: the server takes a sequence or time with its own policy alone.
    fn start(&mut self, template: &ConsumerTemplate, at: &Path) {
        let policy = template.deliver_policy.unwrap_or(DeliverPolicy::All);
        let fields = [
            (
                "optStartSeq",
                template.opt_start_seq.unwrap_or(0) > 0,
                DeliverPolicy::ByStartSequence,
            ),
            ("optStartTime", template.opt_start_time.is_some(), DeliverPolicy::ByStartTime),
        ];
        for (field, said, its_policy) in fields {
            let wanted = policy == its_policy;
            let help = "no Subscription of the channel would become Ready; write both or neither";
            if wanted && !said {
                let message =
                    format!("the server refuses {its_policy:?} without `{field}` (10094)");
                let at = at.key("deliverPolicy");
                self.tell(Code::UnworkableSetting, None, &at, &message, help);
            } else if said && !wanted {
                let message = format!(
                    "the server refuses `{field}` unless `deliverPolicy` is {its_policy:?} (10094)"
                );
                self.tell(Code::UnworkableSetting, None, &at.key(field), &message, help);
            }
        }
    }

    fn acknowledgement(&mut self, template: &ConsumerTemplate, at: &Path) {
        let wait = template.ack_wait.as_ref().map_or(0, |wait| wait.nanoseconds());
        if wait > 0 && wait <= GIVEN_UP_BEFORE {
            let message = "with an `ackWait` of 200 ms or less requests have no time limit: a slow subscriber \
                           gets the event again every `ackWait` while it still works on it";
            let help = "write a second or more, or `timeout` in the Subscription's delivery";
            let severity = Some(Severity::Warning);
            self.tell(Code::UnworkableSetting, severity, &at.key("ackWait"), message, help);
        }
    }

    fn ignored(&mut self, template: &ConsumerTemplate, pulled: bool, at: &Path) {
        if template.max_deliver.is_some_and(|attempts| attempts != 0) {
            let message = "`maxDeliver` of the template has no effect: the attempts are `retry` and 1 of \
                           the Subscription's delivery, or of the channel's";
            let help = "write `delivery.retry`";
            self.tell(Code::IgnoredField, None, &at.key("maxDeliver"), message, help);
        }
        if template.fetch_batch_size.is_some() {
            let message = "`fetchBatchSize` has no effect: the dispatcher takes FETCH_BATCH_SIZE of its \
                           environment (32)";
            let help = "take it away, or set the variable on the dispatcher's Deployment";
            self.tell(Code::IgnoredField, None, &at.key("fetchBatchSize"), message, help);
        }
        if template.fetch_max_wait.as_ref().is_some_and(|wait| wait.nanoseconds() > 0) && !pulled {
            let message = "`fetchMaxWait` has no effect: nothing is fetched, the server pushes";
            self.tell(Code::IgnoredField, None, &at.key("fetchMaxWait"), message, "take it away");
        }
    }
}
