//! The rule book of StreamConfig as data: one row per field of nats-server 2.10 to 2.15
//! (shared/facts/jetstream.md §2.2; held to real servers by tests/suites/rule_book).

use crate::jetstream::field::{Field, Rule, Shape, Unit, Word, compared, row, word};
use crate::jetstream::version::Version;

const V2_11: Version = Version::of(2, 11, 0);
const V2_12: Version = Version::of(2, 12, 0);
const V2_14: Version = Version::of(2, 14, 0);

const RETENTION: &[Word] = &[word("limits"), word("interest"), word("workqueue")];
const DISCARD: &[Word] = &[word("old"), word("new")];
const STORAGE: &[Word] = &[word("file"), word("memory")];
const COMPRESSION: &[Word] = &[word("none"), word("s2")];
const PERSIST_MODE: &[Word] = &[word("default"), word("async")];

/// `placement`.
pub(super) const PLACEMENT: &[Field] = &[
    row("cluster", Shape::Text, ""),
    row("tags", Shape::Texts, ""),
    row("preferred", Shape::Text, "").since(V2_11),
];

/// `subject_transform`, and each of a source's `subject_transforms`.
pub(super) const TRANSFORM: &[Field] =
    &[row("src", Shape::Text, "").echo("\"\""), row("dest", Shape::Text, "").echo("\"\"")];

/// `republish`.
pub(super) const REPUBLISH: &[Field] = &[
    row("src", Shape::Text, ""),
    row("dest", Shape::Text, "").echo("\"\""),
    row("headers_only", Shape::Flag, ""),
];

const EXTERNAL: &[Field] =
    &[row("api", Shape::Text, "").echo("\"\""), row("deliver", Shape::Text, "").echo("\"\"")];

const SOURCE_CONSUMER: &[Field] =
    &[row("name", Shape::Text, ""), row("deliver_subject", Shape::Text, "")];

/// `mirror`, and each of `sources`.
pub(super) const SOURCE: &[Field] = &[
    row("name", Shape::Text, "").echo("\"\""),
    row("opt_start_seq", Shape::Natural, ""),
    row("opt_start_time", Shape::Instant, ""),
    row("filter_subject", Shape::Text, ""),
    row("subject_transforms", Shape::Records(TRANSFORM), ""),
    row("external", Shape::Record(EXTERNAL), ""),
    row("consumer", Shape::Record(SOURCE_CONSUMER), "").since(V2_14),
];

/// `consumer_limits`.
pub(super) const CONSUMER_LIMITS: &[Field] = &[
    row("inactive_threshold", Shape::Integer(64), "").unit(Unit::Nanoseconds),
    row("max_ack_pending", Shape::Integer(64), ""),
];

/// Every field of StreamConfig that evctl compares, in the order in which they are shown.
pub const FIELDS: &[Field] = compared(EVERY);

/// Every field of StreamConfig, those first that are compared.
pub const EVERY: &[Field] = &[
    row("name", Shape::Text, "")
        .echo("\"\"")
        .rule(Rule::Fixed(10056, "stream name in subject does not match request"))
        .note("At most 255 bytes, without blanks and `.*>`; since 2.12 without `\\/` too."),
    row("description", Shape::Text, "").note("At most 4 KiB."),
    row("subjects", Shape::Texts, "").note(
        "Left out or empty: the stream's own name, unless it mirrors or sources. Stored messages \
         of a subject that is taken away stay.",
    ),
    row("retention", Shape::Word(RETENTION), "\"limits\"")
        .rule(Rule::NotWorkqueue(
            10052,
            "stream configuration update can not change retention policy to/from workqueue",
        ))
        .note("`limits` to `interest` deletes what every consumer has acknowledged."),
    row("max_consumers", Shape::Integer(64), "-1")
        .unit(Unit::Limit)
        .before(
            Version::of(2, 12, 5),
            Rule::Fixed(10052, "stream configuration update can not change MaxConsumers"),
        )
        .note(
            "-1 means at most 1000 on 2.15, unless the account or the server says another number.",
        ),
    row("max_msgs", Shape::Integer(64), "-1").unit(Unit::Limit),
    row("max_bytes", Shape::Integer(64), "-1").unit(Unit::Bytes),
    row("max_msgs_per_subject", Shape::Integer(64), "-1").unit(Unit::Limit),
    row("max_msg_size", Shape::Integer(32), "-1").unit(Unit::Bytes),
    row("max_age", Shape::Integer(64), "0").unit(Unit::Nanoseconds).note("0, or at least 100 ms."),
    row("discard", Shape::Word(DISCARD), "\"old\""),
    row("discard_new_per_subject", Shape::Flag, "")
        .note("Needs `discard: new` and `max_msgs_per_subject` above 0."),
    row("storage", Shape::Word(STORAGE), "\"file\"")
        .rule(Rule::Fixed(10052, "stream configuration update can not change storage type")),
    row("num_replicas", Shape::Integer(64), "1").note(
        "1 to 5. A standalone server refuses more than 1 (10074); before 2.14.6 not in an update.",
    ),
    row("no_ack", Shape::Flag, ""),
    row("duplicate_window", Shape::Integer(64), "").unit(Unit::Nanoseconds).note(
        "Left out: 2 minutes, or `max_age` or the server's own limit if that is less; none on a \
         mirror, and since 2.14 none with sources. At least 100 ms, at most `max_age`.",
    ),
    row("placement", Shape::Record(PLACEMENT), "")
        .note("`{}` is the same as nothing since 2.11. `preferred` is refused."),
    row("mirror", Shape::Record(SOURCE), "")
        .rule(Rule::RemovalOnly(10055, "stream mirror configuration can not be updated"))
        .before(V2_12, Rule::Fixed(10055, "stream mirror configuration can not be updated"))
        .note("Taking it away promotes the mirror to a stream of its own."),
    row("sources", Shape::Records(SOURCE), "")
        .note("Another filter or transform copies that source again from its start."),
    row("compression", Shape::Word(COMPRESSION), "\"none\""),
    row("first_seq", Shape::Natural, "").rule(Rule::CreateOnly),
    row("subject_transform", Shape::Record(TRANSFORM), ""),
    row("republish", Shape::Record(REPUBLISH), "").note("`src` left out is `>`."),
    row("allow_direct", Shape::Flag, "false"),
    row("mirror_direct", Shape::Flag, "false")
        .note("On a mirror it is the origin's `allow_direct`, where the server sees the origin."),
    row("sealed", Shape::Flag, "false")
        .rule(Rule::NoTurningOff(
            10052,
            "stream configuration update can not unseal a sealed stream",
        ))
        .note(
            "Not on create. Sets `max_age` 0, `discard` new, `deny_delete` and `deny_purge`, and \
             takes `allow_rollup_hdrs` away.",
        ),
    row("deny_delete", Shape::Flag, "false").rule(Rule::NoTurningOff(
        10052,
        "stream configuration update can not cancel deny message deletes",
    )),
    row("deny_purge", Shape::Flag, "false")
        .rule(Rule::NoTurningOff(10052, "stream configuration update can not cancel deny purge")),
    row("allow_rollup_hdrs", Shape::Flag, "false").note("Not with `deny_purge`."),
    row("consumer_limits", Shape::Record(CONSUMER_LIMITS), "")
        .echo("{}")
        .note("Refused (10069) where an existing consumer exceeds it."),
    row("allow_msg_ttl", Shape::Flag, "false")
        .since(V2_11)
        .rule(Rule::NoTurningOff(10052, "message TTL status can not be disabled")),
    row("subject_delete_marker_ttl", Shape::Integer(64), "")
        .unit(Unit::Nanoseconds)
        .since(V2_11)
        .note("At least 1 s. Sets `allow_msg_ttl` and `allow_rollup_hdrs`. Not on a mirror."),
    row("allow_msg_counter", Shape::Flag, "").since(V2_12).rule(Rule::Fixed(
        10052,
        "stream configuration update can not change message counter setting",
    )),
    row("allow_atomic", Shape::Flag, "").since(V2_12),
    row("allow_msg_schedules", Shape::Flag, "")
        .since(V2_12)
        .rule(Rule::NoTurningOff(10052, "message schedules can not be disabled"))
        .note("Sets `allow_rollup_hdrs`. Not with `discard: new`."),
    row("persist_mode", Shape::Word(PERSIST_MODE), "")
        .since(V2_12)
        .rule(Rule::Fixed(10052, "stream configuration update can not change persist mode"))
        .note(
            "`default` is the same as nothing. `async`: file storage, one copy, no `allow_atomic`.",
        ),
    row("allow_batched", Shape::Flag, "").since(V2_14),
    row("metadata", Shape::Map, "")
        .note("At most 128 KiB. The server adds `_nats.*` of its own since 2.11."),
    row("template_owner", Shape::Text, "")
        .until(V2_14)
        .not_compared()
        .note("Of stream templates, which are no more. Only servers have a use for it."),
];
