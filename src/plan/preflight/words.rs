//! Refusals in words: which finding each is, what of these objects leads to it, and what to do.

use crate::diag::Code;
use crate::jetstream::Config;
use crate::jetstream::decode::Read;
use crate::jetstream::field::bytes_spoken;
use crate::jetstream::refusal::Refusal;
use crate::jetstream::stream;
use crate::world::Key;

use super::Trouble;
use super::account::{Named, Paper, origins};
use super::servers::Places;

/// A stream that is refused; `live` is its present form.
pub(super) fn of_stream(
    paper: &Paper<'_>,
    key: &Key,
    config: &Config,
    live: Option<&Config>,
    refusal: Refusal,
) -> Trouble {
    let mut trouble = plain(key, refusal);
    match trouble.code {
        Code::SubjectsOverlap => overlap(&mut trouble, paper, config),
        Code::CopyCircle => {
            let round = round(config, &paper.streams);
            trouble.detail = round.join(" copies from ");
            trouble.related = others(key, round.iter().map(String::as_str));
        }
        Code::OverCapacity => {
            trouble.detail = arithmetic(paper, config, live, trouble.err_code).unwrap_or_default();
        }
        _ if trouble.err_code == Some(10005) => {
            let places = Places::of(paper, config, live);
            trouble.detail = places.map(|places| places.said()).unwrap_or_default();
            trouble.help =
                "ask for fewer copies or another placement, or add servers to the cluster";
        }
        _ => {}
    }
    trouble
}

/// A consumer that is refused.
pub(super) fn of_consumer(
    paper: &mut Paper<'_>,
    key: &Key,
    stream: &str,
    refusal: Refusal,
) -> Trouble {
    let mut trouble = plain(key, refusal);
    if trouble.err_code == Some(10026) {
        let most = paper.streams.get(stream).map_or(-1, |config| config.number("max_consumers"));
        trouble.detail = match most {
            most if most > 0 => format!("the stream allows {most}"),
            _ => "where nothing sets max_consumers, servers since 2.15 allow 1000".to_owned(),
        };
    }
    trouble
}

fn plain(key: &Key, refusal: Refusal) -> Trouble {
    let code = code(&refusal);
    Trouble {
        key: key.clone(),
        code,
        err_code: refusal.err_code,
        text: refusal.text,
        detail: String::new(),
        help: help(code),
        field: refusal.field,
        related: Vec::new(),
    }
}

fn code(refusal: &Refusal) -> Code {
    match refusal.err_code {
        Some(10065) => Code::SubjectsOverlap,
        Some(10052) if refusal.text == "detected cycle" => Code::CopyCircle,
        Some(10023 | 10026..=10028 | 10047 | 10113 | 10120..=10122) => Code::OverCapacity,
        Some(10084 | 10098..=10101) => Code::WorkQueueShared,
        // An update that no server refuses.
        None if refusal.text.contains("on workqueue stream") => Code::WorkQueueShared,
        None => Code::FieldDroppedByServer,
        Some(_) => Code::RefusedByServer,
    }
}

fn help(code: Code) -> &'static str {
    match code {
        Code::SubjectsOverlap => {
            "a subject belongs to one stream of an account: narrow one of them, or read the other \
             stream with a source"
        }
        Code::CopyCircle => "take one of the mirrors or sources away",
        Code::OverCapacity => "ask for less, or have the account's limits raised",
        Code::WorkQueueShared => {
            "a work queue hands each message to one consumer, which acknowledges it: give every \
             consumer filters of its own, or take another retention"
        }
        Code::FieldDroppedByServer => "take the field out, or use a newer nats-server",
        _ => "change it to what the server takes; the number is the server's error code",
    }
}

fn overlap(trouble: &mut Trouble, paper: &Paper<'_>, config: &Config) {
    let meeting = paper.meeting(config);
    let said = |subject: &str| format!("`{subject}`");
    if let Some(held) = meeting.first() {
        let own = config.texts("subjects");
        let own = own.iter().find(|own| crate::jetstream::wildcard::collide(own, held.subject));
        let own = own.map(|own| said(own)).unwrap_or_default();
        let more = match meeting.len() - 1 {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let (theirs, holder) = (said(held.subject), held.holder);
        trouble.detail = format!("{own} meets {theirs} of stream {holder}{more}");
    }
    trouble.related = others(&trouble.key, meeting.iter().map(|held| held.holder));
}

/// Streams of the same account.
fn others<'n>(key: &Key, names: impl Iterator<Item = &'n str>) -> Vec<Key> {
    let Key::Stream { site, name: own } = key else { return Vec::new() };
    let mut keys: Vec<Key> = Vec::new();
    for name in names.filter(|name| name != own) {
        let key = Key::Stream { site: site.clone(), name: name.into() };
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    keys
}

/// The way from a stream over its origins back to where it has been.
fn round(config: &Config, streams: &Named<'_>) -> Vec<String> {
    let mut ways: Vec<Vec<&str>> = vec![vec![config.text("name")]];
    while let Some(way) = ways.pop() {
        let last = way.last().copied().unwrap_or_default();
        let here =
            if last == config.text("name") { Some(config) } else { streams.get(last).copied() };
        for origin in here.into_iter().flat_map(origins) {
            let longer: Vec<&str> = way.iter().copied().chain([origin]).collect();
            if way.contains(&origin) {
                return longer.into_iter().map(str::to_owned).collect();
            }
            ways.push(longer);
        }
    }
    Vec::new()
}

/// How a stream stands to the limit that it meets.
fn arithmetic(
    paper: &Paper<'_>,
    config: &Config,
    live: Option<&Config>,
    err_code: Option<u16>,
) -> Option<String> {
    let server = &paper.server;
    let replicas = config.number("num_replicas").max(1);
    let Ok(tier) = server.tier(replicas) else {
        return Some(format!("no tier of the account is for {replicas} copies"));
    };
    let tier = tier?;
    let bytes = config.number("max_bytes");
    let most = match err_code? {
        10028 => tier.max_memory,
        10047 => tier.max_storage,
        10027 => return Some(format!("it has {} of {}", tier.streams, tier.max_streams)),
        10122 => {
            let memory = config.text("storage") == "memory";
            let most =
                if memory { tier.memory_max_stream_bytes } else { tier.storage_max_stream_bytes };
            return Some(format!("{} of at most {}", bytes_spoken(bytes), bytes_spoken(most)));
        }
        _ => return None,
    };
    let held = live.map_or(0, |live| {
        let copies = live.number("num_replicas").max(1);
        stream::reservation(server, copies, live.number("max_bytes").max(0))
    });
    let more = stream::reservation(server, replicas, bytes.max(0)) - held;
    let reserved = paper.reserved(replicas, err_code == Some(10028))?;
    let copies = match replicas {
        more if more > 1 && !server.is_tiered() => format!(" for {more} copies"),
        _ => String::new(),
    };
    let (more, left) = (bytes_spoken(more.max(1)), bytes_spoken((most - reserved).max(0)));
    Some(format!("needs {more} more{copies}, {left} of {} is left", bytes_spoken(most)))
}
