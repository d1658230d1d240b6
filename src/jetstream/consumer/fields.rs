//! The rule book of ConsumerConfig as data: one row per field of nats-server 2.10 to 2.15
//! (shared/facts/jetstream.md §2.3; held to real servers by tests/suites/rule_book).

use crate::jetstream::field::{Field, Rule, Shape, Unit, Word, compared, row, word};
use crate::jetstream::version::Version;

const V2_11: Version = Version::of(2, 11, 0);
const V2_12: Version = Version::of(2, 12, 0);
const V2_14: Version = Version::of(2, 14, 0);
const V2_14_4: Version = Version::of(2, 14, 4);
const V2_14_6: Version = Version::of(2, 14, 6);

const DELIVER_POLICY: &[Word] = &[
    word("all"),
    word("last"),
    word("new"),
    word("by_start_sequence"),
    word("by_start_time"),
    word("last_per_subject"),
];
const ACK_POLICY: &[Word] =
    &[word("none"), word("all"), word("explicit"), Word { text: "flow_control", since: V2_14 }];
const REPLAY_POLICY: &[Word] = &[word("instant"), word("original")];
const PRIORITY_POLICY: &[Word] = &[
    word("none"),
    word("overflow"),
    word("pinned_client"),
    Word { text: "prioritized", since: V2_12 },
];

/// A field that no update may change.
const fn fixed(
    name: &'static str,
    shape: Shape,
    default: &'static str,
    text: &'static str,
) -> Field {
    row(name, shape, default).rule(Rule::Fixed(10012, text))
}

/// Every field of ConsumerConfig that evctl compares, in the order in which they are shown.
pub const FIELDS: &[Field] = compared(EVERY);

/// Every field of ConsumerConfig, those first that are compared.
pub const EVERY: &[Field] = &[
    row("durable_name", Shape::Text, "")
        .rule(Rule::Fixed(10017, "consumer name in subject does not match durable name in request"))
        .note("Left out of an update it makes the consumer ephemeral without a word."),
    row("description", Shape::Text, "").note("At most 4 KiB."),
    fixed(
        "deliver_policy",
        Shape::Word(DELIVER_POLICY),
        "\"all\"",
        "deliver policy can not be updated",
    )
    .note("`last_per_subject` needs a filter. A workqueue stream takes `all` alone (10101)."),
    fixed("opt_start_seq", Shape::Natural, "", "start sequence can not be updated")
        .note("With `by_start_sequence`, and only with it."),
    fixed("opt_start_time", Shape::Instant, "", "start time can not be updated")
        .note("With `by_start_time`, and only with it."),
    fixed("ack_policy", Shape::Word(ACK_POLICY), "\"none\"", "ack policy can not be updated")
        .note("A workqueue stream takes `explicit` alone (10098; pull with none: 10084)."),
    row("ack_wait", Shape::Integer(64), "").unit(Unit::Nanoseconds).note(
        "Left out: 30 s with `explicit` and `all`. The first of `backoff` wherever that is said.",
    ),
    row("max_deliver", Shape::Integer(64), "-1").unit(Unit::Limit),
    row("backoff", Shape::Numbers, "").note("At most `max_deliver` waits (10116)."),
    row("filter_subject", Shape::Text, "").note("Not beside `filter_subjects` (10136)."),
    row("filter_subjects", Shape::Texts, "").note("None within another (10138)."),
    fixed(
        "replay_policy",
        Shape::Word(REPLAY_POLICY),
        "\"instant\"",
        "replay policy can not be updated",
    ),
    row("rate_limit_bps", Shape::Natural, "").note("Bits per second; pushed alone (10086)."),
    row("sample_freq", Shape::Text, "").note("A share of 100, with or without `%`."),
    fixed("max_waiting", Shape::Integer(64), "", "max waiting can not be updated")
        .note("Left out of a pull consumer: 512. Not for pushed ones (10080)."),
    row("max_ack_pending", Shape::Integer(64), "").note(
        "Left out: the stream's limit, else 1000 or the account's limit, where acknowledgements \
         are wanted.",
    ),
    fixed("flow_control", Shape::Flag, "", "flow control can not be updated")
        .note("Pushed alone (10089), with `idle_heartbeat` (10108)."),
    fixed("idle_heartbeat", Shape::Integer(64), "", "heart beats can not be updated")
        .unit(Unit::Nanoseconds)
        .note("Pushed alone (10088), at least 100 ms (10083)."),
    row("headers_only", Shape::Flag, ""),
    row("max_batch", Shape::Integer(64), ""),
    row("max_expires", Shape::Integer(64), "")
        .unit(Unit::Nanoseconds)
        .note("At least 1 ms (10115)."),
    row("max_bytes", Shape::Integer(64), ""),
    row("deliver_subject", Shape::Text, "")
        .rule(Rule::Presence(
            10012,
            "can not update pull consumer to push based",
            "can not update push consumer to pull based",
        ))
        .note("Another subject is taken while nobody listens to the old one (else 10013)."),
    row("deliver_group", Shape::Text, "")
        .note("A change is stored and in force only after the server's next start."),
    row("inactive_threshold", Shape::Integer(64), "").unit(Unit::Nanoseconds),
    row("num_replicas", Shape::Integer(64), "")
        .echo("0")
        .note("0 is the stream's. An interest or workqueue stream takes its own number (10134)."),
    fixed("mem_storage", Shape::Flag, "", "storage type can not be updated")
        .before(V2_14_4, Rule::Mutable),
    row("pause_until", Shape::Instant, "")
        .since(V2_11)
        .rule(Rule::Ignored)
        .note("An update keeps the server's; `CONSUMER.PAUSE` changes it."),
    row("priority_groups", Shape::Texts, "").since(V2_11),
    row("priority_policy", Shape::Word(PRIORITY_POLICY), "")
        .since(V2_11)
        .note("`none` is the same as nothing. Pull alone (10178), with a group (10159)."),
    row("priority_timeout", Shape::Integer(64), "")
        .unit(Unit::Nanoseconds)
        .since(V2_11)
        .note("Left out with `pinned_client`: 2 minutes."),
    row("name", Shape::Text, "")
        .not_compared()
        .note("The same as `durable_name`, where both are said (10132)."),
    fixed("direct", Shape::Flag, "", "direct can not be updated")
        .before(V2_14_6, Rule::Mutable)
        .not_compared()
        .note("For the server's own consumers."),
    fixed("sourcing", Shape::Flag, "", "sourcing can not be updated")
        .since(V2_14)
        .before(V2_14_6, Rule::Mutable)
        .not_compared()
        .note("For the server's own consumers."),
    row("metadata", Shape::Map, "")
        .note("At most 128 KiB. The server adds `_nats.*` of its own since 2.11."),
];
