//! Texts with a form: newtypes whose decoding and whose JSON Schema say the same thing, so that
//! "it decodes" and "the schema holds" never part. A property test holds it.

use std::borrow::Cow;

/// Declares a newtype over `String`: its schema's title and patterns, all of which must match, its
/// greatest length, the function that says whether a text has the form, and examples. No pattern
/// looks around: those of CRDs are read by RE2.
macro_rules! text_type {
    (
        $(#[$doc:meta])* $name:ident, $what:literal, $pattern:expr $(; and $more:literal)?
        $(; at most $length:literal)?, $valid:expr $(, such as $($example:literal)|+)? $(,)?
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// The text as it was written.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// Takes a text that has the form.
            ///
            /// # Errors
            /// What the form is, where the text does not have it.
            pub fn parse(text: &str) -> Result<Self, String> {
                let valid: fn(&str) -> bool = $valid;
                if valid(text) { Ok(Self(text.to_owned())) } else { Err(format!("`{text}` is not {}", $what)) }
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                from.deserialize_str($crate::model::text::Parsed(Self::parse))
            }
        }

        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn inline_schema() -> bool {
                true
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({
                    "type": "string", "title": $what, "pattern": $pattern
                    $(, "allOf": [{"title": $what, "pattern": $more}])?
                    $(, "maxLength": $length)?
                    $(, "examples": [$($example),+])?
                })
            }
        }
    };
}
pub(crate) use text_type;

/// Reads a text through its parser, without a copy in between.
pub(crate) struct Parsed<T>(pub fn(&str) -> Result<T, String>);

impl<T> serde::de::Visitor<'_> for Parsed<T> {
    type Value = T;

    fn expecting(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("a text")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<T, E> {
        self.0(text).map_err(E::custom)
    }
}

text_type!(
    /// The name of an object: an RFC 1123 subdomain, as the API server demands it.
    ObjectName,
    "an object name: lower-case letters, digits, `-` and `.`, at most 253 of them",
    r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$";
    at most 253,
    |text| text.len() <= 253 && text.split('.').all(is_label)
);

text_type!(
    /// The name of an object of any kind, as far as every kind agrees: a segment of a URL's path.
    SegmentName,
    "an object name: visible ASCII without `/`, `%`, `?` and `#`",
    r#"^([!"$&--0->@-~][!"$&-.0->@-~]*|\.[!"$&--0->@-~][!"$&-.0->@-~]*|\.\.[!"$&-.0->@-~]+)$"#;
    at most 253,
    |text| {
        (1..=253).contains(&text.len())
            && text != "."
            && text != ".."
            && text.bytes().all(|b| b.is_ascii_graphic() && !b"/%?#".contains(&b))
    }
);

text_type!(
    /// A text that says something.
    Word,
    "a word",
    r"^[!-~]+$",
    |text| !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic())
);

text_type!(
    /// A namespace: an RFC 1123 label.
    NamespaceName,
    "a namespace: lower-case letters, digits and `-`, at most 63 of them",
    r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$";
    at most 63,
    |text| text.len() <= 63 && is_label(text)
);

text_type!(
    /// A ConfigMap, with its namespace where that is not a usual one.
    ConfigMapName,
    "the name of a ConfigMap, or NAMESPACE/NAME",
    r"^([a-z0-9]([-a-z0-9]*[a-z0-9])?/)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$";
    at most 317,
    |text| {
        let (namespace, name) = text.split_once('/').unwrap_or(("x", text));
        text.len() <= 317 && is_label(namespace) && name.split('.').all(is_label)
    }
);

text_type!(
    /// The DNS name of an endpoint.
    DnsName,
    "a DNS name: labels of letters, digits and `-` joined by dots, without scheme, port and path",
    r"^[A-Za-z0-9]([-A-Za-z0-9]*[A-Za-z0-9])?(\.[A-Za-z0-9]([-A-Za-z0-9]*[A-Za-z0-9])?)*$";
    at most 253,
    |text| text.len() <= 253 && text.to_ascii_lowercase().split('.').all(is_label)
);

text_type!(
    /// The name of a project. It is a label's value on every object the project owns.
    ProjectName,
    "a project name: letters, digits, `-`, `_` and `.`, at most 63, a letter or digit at both ends",
    r"^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$";
    at most 63,
    |text| {
        let bytes = text.as_bytes();
        bytes.len() <= 63
            && bytes.first().is_some_and(u8::is_ascii_alphanumeric)
            && bytes.last().is_some_and(u8::is_ascii_alphanumeric)
            && bytes.iter().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(b))
    }
);

text_type!(
    /// The name of an environment of a project.
    EnvironmentName,
    "an environment's name: lower-case letters, digits, `-`, `_` and `.`, a letter or digit first",
    r"^[a-z0-9][-a-z0-9_.]*$",
    |text| {
        let bytes = text.as_bytes();
        let plain = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit();
        bytes.first().is_some_and(plain) && bytes.iter().all(|b| plain(b) || b"-_.".contains(b))
    }
);

text_type!(
    /// The version of a server, as far as its rules depend on it.
    ServerVersion,
    "a version in quotes, such as \"2.15\" or \"1.36.3\"",
    r"^v?[0-9]{1,4}\.[0-9]{1,4}(\.[0-9]{1,4})?$",
    |text| {
        let parts: Vec<&str> = text.strip_prefix('v').unwrap_or(text).split('.').collect();
        (2..=3).contains(&parts.len())
            && parts.iter().all(|part| {
                (1..=4).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit())
            })
    }
);

text_type!(
    /// An object as people name it: `kind[.group]/[namespace/]name`, `stream/NAME`,
    /// `consumer/STREAM/NAME`.
    ObjectText,
    "an object's name: kind[.group]/[namespace/]name, stream/NAME or consumer/STREAM/NAME",
    r"^[^/\s]+/([^/\s]+/)?[^/\s]+$",
    |text| {
        let parts: Vec<&str> = text.split('/').collect();
        (2..=3).contains(&parts.len())
            && parts.iter().all(|part| !part.is_empty() && !part.contains(char::is_whitespace))
    }
);

text_type!(
    /// An instant of RFC 3339, as the NATS channel's webhook reads it.
    Instant,
    "an instant of RFC 3339, such as 2026-01-31T12:00:00Z",
    r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]+)?(Z|[-+]([01][0-9]|2[0-3]):[0-5][0-9])$",
    is_instant,
    such as "2026-01-31T12:00:00Z"
);

text_type!(
    /// An instant, or nothing said.
    InstantOrEmpty,
    "an instant of RFC 3339, such as 2026-01-31T12:00:00Z, or empty",
    r"^([0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]+)?(Z|[-+]([01][0-9]|2[0-3]):[0-5][0-9]))?$",
    |text| text.is_empty() || is_instant(text)
);

text_type!(
    /// The name of a stream or consumer of JetStream.
    StreamName,
    "a name of JetStream: without spaces, `.`, `*`, `>`, `/` and `\\`",
    r"^[^ \t\r\n\f.*>/\\]+$",
    |text| !text.is_empty() && !text.contains([' ', '\t', '\r', '\n', '\u{c}', '.', '*', '>', '/', '\\'])
);

text_type!(
    /// The name of an Account of NACK, as its CRDs take it.
    AccountName,
    "a name without `.`, `*` and `>`",
    r"^[^.*>]*$",
    |text| !text.contains(['.', '*', '>'])
);

text_type!(
    /// A subject of NATS, wildcards allowed.
    Subject,
    "a subject of NATS: words between dots, `*` for one, `>` at the end for the rest, no spaces",
    r"^(([^ \t\r\n\f.>][^ \t\r\n\f.]*|>[^ \t\r\n\f.]+)\.)*([^ \t\r\n\f.>][^ \t\r\n\f.]*|>[^ \t\r\n\f.]*)$",
    is_subject
);

text_type!(
    /// A subject of NATS, or nothing said.
    SubjectOrEmpty,
    "a subject of NATS, such as orders.*, or empty",
    r"^((([^ \t\r\n\f.>][^ \t\r\n\f.]*|>[^ \t\r\n\f.]+)\.)*([^ \t\r\n\f.>][^ \t\r\n\f.]*|>[^ \t\r\n\f.]*))?$",
    |text| text.is_empty() || is_subject(text)
);

text_type!(
    /// The name of a key-value or object store: part of a subject.
    BucketName,
    "a bucket's name: letters, digits, `-` and `_`",
    r"^[-_A-Za-z0-9]+$",
    |text| {
        !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
    }
);

text_type!(
    /// A share of messages to sample, 0 to 100, with or without the sign.
    SampleFrequency,
    "a percentage from 0 to 100, such as 30 or 30%",
    r"^(100|[1-9]?[0-9])%?$",
    |text| {
        let digits = text.strip_suffix('%').unwrap_or(text);
        digits == "100"
            || matches!(digits.as_bytes(), [b'0'..=b'9'] | [b'1'..=b'9', b'0'..=b'9'])
    },
    such as "30" | "30%"
);

fn is_label(text: &str) -> bool {
    let bytes = text.as_bytes();
    let edge = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    bytes.first().is_some_and(edge)
        && bytes.last().is_some_and(edge)
        && bytes.iter().all(|b| edge(b) || *b == b'-')
}

fn is_subject(text: &str) -> bool {
    let words: Vec<&str> = text.split('.').collect();
    let above = words.split_last().map_or(&[][..], |(_, above)| above);
    !text.contains([' ', '\t', '\r', '\n', '\u{c}'])
        && words.iter().all(|word| !word.is_empty())
        && above.iter().all(|word| *word != ">")
}

fn is_instant(text: &str) -> bool {
    let bytes = text.as_bytes();
    if bytes.len() < 20 || !bytes.is_ascii() {
        return false;
    }
    let (fixed, rest) = text.split_at(19);
    let shape = fixed.bytes().zip(b"dddd-dd-ddTdd:dd:dd").all(|(byte, form)| match form {
        b'd' => byte.is_ascii_digit(),
        _ => byte == *form,
    });
    let field = |at: usize, low: u8, high: u8| {
        text[at..at + 2].parse::<u8>().is_ok_and(|value| (low..=high).contains(&value))
    };
    let date = shape && field(5, 1, 12) && field(8, 1, 31);
    date && field(11, 0, 23) && field(14, 0, 59) && field(17, 0, 59) && is_fraction_and_zone(rest)
}

fn is_fraction_and_zone(rest: &str) -> bool {
    let zone: Cow<'_, str> = match rest.strip_prefix('.') {
        Some(fraction) => {
            let zone = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
            if zone.len() == fraction.len() {
                return false;
            }
            zone.into()
        }
        None => rest.into(),
    };
    match zone.as_bytes() {
        [b'Z'] => true,
        [b'+' | b'-', h1, h2, b':', m1, m2] => {
            let two = |a: &u8, b: &u8| {
                std::str::from_utf8(&[*a, *b]).ok().and_then(|t| t.parse::<u8>().ok())
            };
            [h1, h2, m1, m2].iter().all(|b| b.is_ascii_digit())
                && two(h1, h2).is_some_and(|hours| hours < 24)
                && two(m1, m2).is_some_and(|minutes| minutes < 60)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    #[expect(clippy::needless_pass_by_value, reason = "a table of cases reads better")]
    fn check(ok: bool, valid: Result<impl Sized, String>) {
        assert_eq!(valid.is_ok(), ok);
    }

    #[test]
    fn forms() {
        check(true, ObjectName::parse("a-b.c1"));
        check(false, ObjectName::parse("A"));
        check(false, ObjectName::parse("a..b"));
        check(false, ObjectName::parse(""));
        check(false, ObjectName::parse(&"a".repeat(254)));
        check(false, NamespaceName::parse("a.b"));
        check(true, ProjectName::parse("Orders_2"));
        check(false, ProjectName::parse("-orders"));
        check(true, Instant::parse("2026-01-31T12:00:00Z"));
        check(true, Instant::parse("2026-01-31T12:00:00.5+02:00"));
        check(false, Instant::parse("2026-13-31T12:00:00Z"));
        check(false, Instant::parse("2026-01-31 12:00:00"));
        check(false, Instant::parse("2026-01-31T12:00:00"));
        check(true, Subject::parse("orders.*.>"));
        check(true, Subject::parse(">"));
        check(false, Subject::parse("orders..new"));
        check(false, Subject::parse("orders.>.new"));
        check(false, Subject::parse(">.new"));
        check(false, Subject::parse("a b"));
        check(false, Subject::parse(""));
        check(true, StreamName::parse("ORDERS-1"));
        check(false, StreamName::parse("a.b"));
        check(true, SampleFrequency::parse("30%"));
        check(true, SampleFrequency::parse("100"));
        check(false, SampleFrequency::parse("101"));
        check(false, SampleFrequency::parse("3.5"));
    }
}
