//! Plain scalars as Kubernetes reads them: the YAML 1.1 rules of the Go library under
//! sigs.k8s.io/yaml (booleans `yes` and `on`, octals with a leading 0, `0b` and `0o`, underscores
//! in numbers, timestamps left as text). Knows nothing of documents.

use std::borrow::Cow;

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
pub(super) fn tagged(tag: &str, text: &str) -> Option<Value> {
    match tag {
        "str" | "timestamp" | "binary" => Some(Value::String(text.into())),
        "null" => Some(Value::Null),
        "bool" => Some(plain(text)).filter(|value| matches!(value, Value::Bool(_))),
        "int" => integer(text).map(Value::Number),
        "float" => float(text).or_else(|| integer(text)).map(Value::Number),
        _ => None,
    }
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
    if negative { 0i64.checked_sub_unsigned(value).map(Number::from) } else { Some(value.into()) }
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
/// it: `retry: 3.0` is three.
#[expect(clippy::cast_possible_truncation, reason = "guarded by the range of exact integers")]
fn whole(value: f64) -> Option<Number> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    (value.fract() == 0.0 && value.abs() <= EXACT).then(|| Number::from(value as i64))
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
        check("18446744073709551615", "18446744073709551615");
        check("-9223372036854775808", "-9223372036854775808");
        check("99999999999999999999", "1e+20");
    }
}
