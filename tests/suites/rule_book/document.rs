//! docs/jetstream-rules.md is the tables of the rule book, written out: `UPDATE_EXPECT=1` writes it.

use std::fmt::Write as _;
use std::path::Path;

use evctl::jetstream::field::{FIRST, Field, Rule, Shape, Unit};
use evctl::jetstream::{consumer, stream};

const HEAD: &str = "\
# What nats-server makes of each field

Written from the tables of `src/jetstream` by a test (`UPDATE_EXPECT=1 cargo test --test evctl -- \
rule_book::document`); the tables are held to nats-server 2.10, 2.11, 2.12, 2.14 and 2.15 by the other \
tests of `rule_book`. Durations are nanoseconds on the wire. *Default* is what the server answers where \
nothing is said. A field that a server does not know is refused since 2.12 (10025); 2.10 and 2.11 drop it \
without a word, so evctl refuses it there.
";

pub(super) fn is_current() {
    let mut text = HEAD.to_owned();
    table(&mut text, "StreamConfig", stream::EVERY);
    table(&mut text, "ConsumerConfig", consumer::EVERY);
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/jetstream-rules.md");
    if std::env::var("UPDATE_EXPECT").is_ok() {
        std::fs::write(&file, &text).expect("docs can be written");
        return;
    }
    let written = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(written == text, "docs/jetstream-rules.md is behind: UPDATE_EXPECT=1 writes it");
}

fn table(text: &mut String, title: &str, fields: &[Field]) {
    let head = "| field | type | default | since | an update | more |\n|---|---|---|---|---|---|";
    let _ = writeln!(text, "\n## {title}\n\n{head}");
    for field in fields {
        let default = match field.echo {
            "" => "left out".to_owned(),
            echo => format!("`{echo}`"),
        };
        let since = match (field.since > FIRST, field.until) {
            (true, _) => format!("{}.{}", field.since.major, field.since.minor),
            (false, Some(until)) => format!("until {}.{}", until.major, until.minor),
            (false, None) => String::new(),
        };
        let _ = writeln!(
            text,
            "| `{}` | {} | {default} | {since} | {} | {} |",
            field.name,
            shape(field),
            update(field),
            field.note
        );
    }
}

fn shape(field: &Field) -> String {
    let unit = match field.unit {
        Unit::Plain => "",
        Unit::Limit => ", -1 is unlimited",
        Unit::Bytes => ", bytes, -1 is unlimited",
        Unit::Nanoseconds => ", nanoseconds",
    };
    let shape = match field.shape {
        Shape::Text => "text".to_owned(),
        Shape::Flag => "true or false".to_owned(),
        Shape::Integer(bits) => format!("number of {bits} bits"),
        Shape::Natural => "number of 64 bits without sign".to_owned(),
        Shape::Word(words) => {
            let words = words.iter().map(|word| {
                if word.since > FIRST {
                    format!("`{}` ({}.{})", word.text, word.since.major, word.since.minor)
                } else {
                    format!("`{}`", word.text)
                }
            });
            words.collect::<Vec<_>>().join(", ")
        }
        Shape::Texts => "texts".to_owned(),
        Shape::Numbers => "numbers, nanoseconds".to_owned(),
        Shape::Instant => "instant (RFC 3339)".to_owned(),
        Shape::Record(inner) => format!("object of {}", names(inner)),
        Shape::Records(inner) => format!("objects of {}", names(inner)),
        Shape::Map => "texts by name".to_owned(),
    };
    format!("{shape}{unit}")
}

fn names(fields: &[Field]) -> String {
    fields.iter().map(|field| format!("`{}`", field.name)).collect::<Vec<_>>().join(", ")
}

fn update(field: &Field) -> String {
    let now = rule(field.rule);
    match field.before {
        None => now,
        Some((version, before)) => format!("{now}; before {version}: {}", rule(before)),
    }
}

fn rule(rule: Rule) -> String {
    match rule {
        Rule::Mutable => "taken".to_owned(),
        Rule::Fixed(code, text) => format!("refused, {code} \"{text}\""),
        Rule::NoTurningOff(code, text) => format!("not to be turned off, {code} \"{text}\""),
        Rule::NotWorkqueue(code, text) => format!("not to or from `workqueue`, {code} \"{text}\""),
        Rule::RemovalOnly(code, text) => format!("only to be taken away, else {code} \"{text}\""),
        Rule::Presence(code, appears, goes) => {
            format!("not between absent and present, {code} \"{appears}\", \"{goes}\"")
        }
        Rule::CreateOnly => "taken and without effect".to_owned(),
        Rule::Ignored => "passed over without a word".to_owned(),
    }
}
