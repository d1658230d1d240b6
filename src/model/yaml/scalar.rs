//! Plain scalars as Kubernetes reads them: the YAML 1.1 rules of the Go library under
//! sigs.k8s.io/yaml (booleans `yes` and `on`, octals with a leading 0, `0b` and `0o`, underscores
//! in numbers, timestamps left as text). Knows nothing of documents.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Number;

use super::Value;

/// What a plain (unquoted) scalar without a tag means.
pub(super) fn plain(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            Value::Bool(true)
        }
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            Value::Bool(false)
        }
        _ => number(text).map_or_else(|| Value::String(text.into()), Value::Number),
    }
}

/// What a scalar with one of YAML's own tags means; `None` where the text does not fit the tag.
/// Any other tag makes a text of it.
pub(super) fn tagged(tag: &str, text: &str) -> Option<Value> {
    match tag {
        "null" => Some(plain(text)).filter(|value| *value == Value::Null),
        "bool" => Some(plain(text)).filter(|value| matches!(value, Value::Bool(_))),
        "int" => integer(text).map(Value::Number),
        "float" => float(text).or_else(|| integer(text)).map(Value::Number),
        "binary" => binary(text).map(|text| Value::String(text.into())),
        "timestamp" => is_date(text).then(|| Value::String(text.into())),
        _ => Some(Value::String(text.into())),
    }
}

/// Whether a plain scalar is one of the floats that JSON does not have.
pub(super) fn is_not_finite(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    matches!(unsigned, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN")
}

/// What a number becomes that stands as a key; `None` where Kubernetes refuses it.
pub(super) fn number_as_key(text: &str, number: &Number) -> Option<String> {
    if integer(text).is_none() {
        return number.as_f64().map(float_as_key);
    }
    number.is_i64().then(|| number.to_string())
}

/// The base64 text of `!!binary`, decoded. Bytes that are no UTF-8 are replaced one by one.
fn binary(text: &str) -> Option<String> {
    let text: String = text.chars().filter(|c| !matches!(c, '\n' | '\r')).collect();
    let bytes = STANDARD.decode(text).ok()?;
    let mut out = String::new();
    for chunk in bytes.utf8_chunks() {
        out.push_str(chunk.valid());
        out.extend(chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER));
    }
    Some(out)
}

/// Whether a text begins as a date does: `2001-12-14`, then a time or nothing.
fn is_date(text: &str) -> bool {
    let date = text.split(['T', 't', ' ']).next().unwrap_or_default();
    let parts: Vec<&str> = date.split('-').collect();
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    matches!(parts.as_slice(), [year, month, day]
        if year.len() == 4 && month.len() <= 2 && day.len() <= 2
            && parts.iter().all(|part| digits(part)))
}

/// A float as Go's `%g` writes it in 32 bits, which is what sigs.k8s.io/yaml makes of such a key.
#[expect(clippy::cast_possible_truncation, reason = "the precision that Kubernetes loses too")]
fn float_as_key(value: f64) -> String {
    let short = value as f32;
    let scientific = format!("{short:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    if (-4..6).contains(&exponent) {
        return short.to_string();
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.abs())
}

fn number(text: &str) -> Option<Number> {
    if !text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.')) {
        return None;
    }
    integer(text).or_else(|| float(text))
}

fn integer(text: &str) -> Option<Number> {
    let text = without_underscores(text);
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, &*text),
    };
    if !digits.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let (radix, digits) = radix(digits);
    let value = u64::from_str_radix(digits, radix).ok()?;
    if negative {
        return 0i64.checked_sub_unsigned(value).map(Number::from);
    }
    // Past JSON, Kubernetes knows int64 and float64 alone.
    i64::try_from(value).map_or_else(|_| beyond(value), |value| Some(value.into()))
}

#[expect(clippy::cast_precision_loss, reason = "the precision that Kubernetes loses too")]
fn beyond(value: u64) -> Option<Number> {
    Number::from_f64(value as f64)
}

fn without_underscores(text: &str) -> Cow<'_, str> {
    if text.contains('_') { text.replace('_', "").into() } else { text.into() }
}

fn radix(digits: &str) -> (u32, &str) {
    let prefixes = [("0x", 16), ("0X", 16), ("0b", 2), ("0B", 2), ("0o", 8), ("0O", 8)];
    for (prefix, radix) in prefixes {
        if let Some(rest) = digits.strip_prefix(prefix) {
            return (radix, rest);
        }
    }
    match digits.strip_prefix('0') {
        Some(rest) if !rest.is_empty() => (8, rest),
        _ => (10, digits),
    }
}

fn float(text: &str) -> Option<Number> {
    let text = without_underscores(text);
    let unsigned = text.trim_start_matches(['+', '-']);
    let shaped = text.len() - unsigned.len() <= 1
        && unsigned.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '+' | '-'))
        && unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        && unsigned.chars().any(|c| c.is_ascii_digit());
    if !shaped {
        return None;
    }
    let value = text.trim_start_matches('+').parse::<f64>().ok()?;
    whole(value).or_else(|| Number::from_f64(value))
}

/// A float without a fraction is a whole number once it has been through JSON, as Kubernetes sends
/// it: `retry: 3.0` is three. What counts are the digits that JSON shows, not those of the float.
fn whole(value: f64) -> Option<Number> {
    (value.fract() == 0.0)
        .then(|| value.to_string())
        .and_then(|digits| digits.parse::<i64>().ok())
        .map(Number::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, json: &str) {
        let node = super::super::Node { value: plain(text), span: crate::diag::Span::default() };
        assert_eq!(node.to_json().to_string(), json, "{text}");
    }

    #[test]
    fn scalars_mean_what_kubernetes_takes_them_for() {
        check("", "null");
        check("~", "null");
        check("yes", "true");
        check("On", "true");
        check("n", "false");
        check("nO", "\"nO\"");
        check("12", "12");
        check("-12", "-12");
        check("+12", "12");
        check("1_000", "1000");
        check("0777", "511");
        check("0o17", "15");
        check("0x1F", "31");
        check("0b101", "5");
        check("089", "89");
        check("1.5", "1.5");
        check(".5", "0.5");
        check("1e3", "1000");
        // Asked of sigs.k8s.io/yaml v1.6.0.
        for (text, json) in [
            ("0o8", "\"0o8\""),
            ("0b12", "\"0b12\""),
            ("-0o7", "-7"),
            ("-017", "-15"),
            ("0x_1", "1"),
            ("1_", "1"),
            ("_1", "\"_1\""),
            ("685_230.15", "685230.15"),
            ("1.", "1"),
            ("+.5", "0.5"),
            ("1.e5", "100000"),
            (".e5", "\".e5\""),
            ("5.e", "\"5.e\""),
            ("1e400", "\"1e400\""),
            ("3.0", "3"),
            ("1:30", "\"1:30\""),
            ("=", "\"=\""),
            ("N", "false"),
        ] {
            check(text, json);
        }
        check("1.2.3", "\"1.2.3\"");
        check("10.0.0.0/24", "\"10.0.0.0/24\"");
        check("-", "\"-\"");
        check("+-1", "\"+-1\"");
        check(".", "\".\"");
        check("2001-01-01", "\"2001-01-01\"");
        check("9223372036854775807", "9223372036854775807");
        check("18446744073709551615", "1.8446744073709552e+19");
        check("123456789012345678.0", "123456789012345680");
        check("1e18", "1000000000000000000");
        check("1e19", "1e+19");
        check("-9223372036854775808", "-9223372036854775808");
        check("99999999999999999999", "1e+20");
    }

    #[track_caller]
    fn tag(tag: &str, text: &str, json: Option<&str>) {
        let node = |value| super::super::Node { value, span: crate::diag::Span::default() };
        let read = tagged(tag, text).map(|value| node(value).to_json().to_string());
        assert_eq!(read.as_deref(), json, "!!{tag} {text}");
    }

    #[test]
    fn tags_are_obeyed() {
        tag("binary", "aGVs\nbG8=", Some("\"hello\""));
        tag("binary", "/w==", Some("\"\u{fffd}\""));
        tag("binary", "*", None);
        tag("timestamp", "2001-12-14 21:59:43.10 -5", Some("\"2001-12-14 21:59:43.10 -5\""));
        tag("timestamp", "a", None);
        tag("null", "", Some("null"));
        tag("null", "a", None);
        tag("unknown", "1", Some("\"1\""));
    }

    #[test]
    fn numbers_as_keys() {
        let key = |text: &str| match plain(text) {
            Value::Number(number) => number_as_key(text, &number),
            _ => None,
        };
        for (text, expected) in [
            ("1", "1"),
            ("0x1F", "31"),
            ("1.50", "1.5"),
            ("1e3", "1000"),
            ("1e6", "1e+06"),
            ("1e-7", "1e-07"),
            ("123456789.5", "1.2345679e+08"),
        ] {
            assert_eq!(key(text).as_deref(), Some(expected), "{text}");
        }
        assert_eq!(key("9223372036854775808"), None);
    }
}
