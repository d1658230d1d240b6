//! The two ways in which manifests write durations: ISO 8601 (Knative's delivery) and Go's (the
//! NATS channel). Both come out as nanoseconds. Stricter than the servers in one thing: a negative
//! duration, which Knative admits and then ignores, is refused.

use super::text::text_type;

/// Nanoseconds.
pub type Nanoseconds = u64;

const SECOND: f64 = 1e9;
const DAY: f64 = 86_400.0 * SECOND;

/// Every part may be absent; that one is there is asked for by a pattern of its own.
macro_rules! iso_pattern {
    () => {
        r"^P([0-9]+([.,][0-9]+)?Y)?([0-9]+([.,][0-9]+)?M)?([0-9]+([.,][0-9]+)?W)?([0-9]+([.,][0-9]+)?D)?(T([0-9]+([.,][0-9]+)?H)?([0-9]+([.,][0-9]+)?M)?([0-9]+([.,][0-9]+)?S)?)?$"
    };
}

text_type!(
    /// A duration as Knative reads it (rickb777 `period`): `PT0.2S`, `PT0,5S`, `P1W`.
    IsoDuration,
    "a duration of ISO 8601, such as PT0.2S, PT30S or PT1H",
    iso_pattern!();
    and r"[YMWDHS]$",
    |text| iso(text).is_some(),
    such as "PT0.2S" | "PT30S" | "PT1H"
);

text_type!(
    /// A duration of ISO 8601 that is more than nothing: a request's time limit.
    PositiveIsoDuration,
    "a duration of ISO 8601 above zero, such as PT0.2S, PT30S or PT1H",
    iso_pattern!();
    and r"[1-9].*[YMWDHS]$",
    |text| iso(text).is_some() && text.bytes().any(|b| (b'1'..=b'9').contains(&b)),
    such as "PT0.2S" | "PT30S" | "PT1H"
);

text_type!(
    /// A duration as Go reads it: `1h30m`, `500ms`.
    GoDuration,
    "a duration of Go, such as 90s, 1h30m or 500ms (not PT1H, not 2d)",
    r"^\+?(0|(([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h))+)$",
    |text| go(text).is_some(),
    such as "90s" | "1h30m" | "500ms"
);

text_type!(
    /// A duration as Go reads it, or nothing said.
    GoDurationOrEmpty,
    "a duration of Go, such as 90s, 1h30m or 500ms (not PT1H, not 2d), or empty",
    r"^(\+?(0|(([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h))+))?$",
    |text| text.is_empty() || go(text).is_some()
);

impl IsoDuration {
    pub fn nanoseconds(&self) -> Nanoseconds {
        iso(self.as_str()).unwrap_or_default()
    }
}

impl PositiveIsoDuration {
    pub fn nanoseconds(&self) -> Nanoseconds {
        iso(self.as_str()).unwrap_or_default()
    }
}

impl GoDuration {
    pub fn nanoseconds(&self) -> Nanoseconds {
        go(self.as_str()).unwrap_or_default()
    }
}

impl GoDurationOrEmpty {
    /// `None` where nothing is said.
    pub fn nanoseconds(&self) -> Option<Nanoseconds> {
        go(self.as_str())
    }
}

/// Calendar units count as their mean: a year is 365.2425 days, a month a twelfth of that.
fn iso(text: &str) -> Option<Nanoseconds> {
    let rest = text.strip_prefix('P')?;
    let (date, time) = match rest.split_once('T') {
        Some((_, "")) => return None,
        Some((date, time)) => (date, time),
        None => (rest, ""),
    };
    if date.is_empty() && time.is_empty() {
        return None;
    }
    let year = 365.2425 * DAY;
    let date = units(date, &[('Y', year), ('M', year / 12.0), ('W', 7.0 * DAY), ('D', DAY)])?;
    let time = units(time, &[('H', 3600.0 * SECOND), ('M', 60.0 * SECOND), ('S', SECOND)])?;
    Some(whole(date + time))
}

/// The sum of `number designator` pairs, each designator at most once and in the order given.
fn units(mut text: &str, designators: &[(char, f64)]) -> Option<f64> {
    let mut sum = 0.0;
    let mut designators = designators.iter();
    while !text.is_empty() {
        let end = text.find(|c: char| c.is_ascii_uppercase())?;
        let number = decimal(&text[..end], &['.', ','])?;
        let designator = text[end..].chars().next()?;
        let (_, unit) = designators.find(|(letter, _)| *letter == designator)?;
        sum += number * unit;
        text = &text[end + 1..];
    }
    Some(sum)
}

fn decimal(text: &str, points: &[char]) -> Option<f64> {
    let (whole, fraction) = match text.split_once(points) {
        Some((_, "")) => return None,
        Some((whole, fraction)) => (whole, fraction),
        None => (text, "0"),
    };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    (digits(whole) && digits(fraction)).then(|| format!("{whole}.{fraction}").parse().ok())?
}

fn go(text: &str) -> Option<Nanoseconds> {
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    if rest == "0" {
        return Some(0);
    }
    if rest.is_empty() {
        return None;
    }
    let mut sum = 0.0;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number = go_number(&rest[..end])?;
        let (unit, length) = go_unit(&rest[end..])?;
        sum += number * unit;
        rest = &rest[end + length..];
    }
    Some(whole(sum))
}

fn go_number(text: &str) -> Option<f64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') {
        return None;
    }
    format!("0{whole}.{fraction}0").parse().ok()
}

fn go_unit(text: &str) -> Option<(f64, usize)> {
    const UNITS: &[(&str, f64)] = &[
        ("ns", 1.0),
        ("us", 1e3),
        ("µs", 1e3),
        ("μs", 1e3),
        ("ms", 1e6),
        ("s", SECOND),
        ("m", 60.0 * SECOND),
        ("h", 3600.0 * SECOND),
    ];
    let unit = UNITS.iter().find(|(unit, _)| text.starts_with(unit))?;
    Some((unit.1, unit.0.len()))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "as casts saturate, and no sum is negative"
)]
fn whole(nanoseconds: f64) -> Nanoseconds {
    // The servers keep durations as int64.
    (nanoseconds.round() as u64).min(i64::MAX as u64)
}

/// Nanoseconds as people write them: `7d`, `1h30m`, `1.5s`, `200ms`; `0s` for nothing.
pub fn spoken(nanoseconds: Nanoseconds) -> String {
    const UNITS: &[(&str, u64)] =
        &[("d", 86_400_000_000_000), ("h", 3_600_000_000_000), ("m", 60_000_000_000)];
    let mut rest = nanoseconds;
    let mut text = String::new();
    for (unit, size) in UNITS {
        if rest >= *size {
            text.push_str(&format!("{}{unit}", rest / size));
            rest %= size;
        }
    }
    match rest {
        0 if !text.is_empty() => text,
        0 => "0s".to_owned(),
        1..1_000 => format!("{text}{rest}ns"),
        1_000..1_000_000 => format!("{text}{}us", decimals(rest, 1_000)),
        1_000_000..1_000_000_000 => format!("{text}{}ms", decimals(rest, 1_000_000)),
        _ => format!("{text}{}s", decimals(rest, 1_000_000_000)),
    }
}

fn decimals(value: u64, unit: u64) -> String {
    let digits = unit.ilog10() as usize;
    let fraction = format!("{:0digits$}", value % unit);
    let fraction = fraction.trim_end_matches('0');
    let point = if fraction.is_empty() { "" } else { "." };
    format!("{}{point}{fraction}", value / unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn iso_durations() {
        for (text, nanoseconds) in [
            ("PT0.2S", 200_000_000),
            ("PT0,5S", 500_000_000),
            ("PT1M30S", 90_000_000_000),
            ("PT0.5M", 30_000_000_000),
            ("P1W", 604_800_000_000_000),
            ("P1DT1H", 90_000_000_000_000),
            ("PT0S", 0),
        ] {
            assert_eq!(iso(text), Some(nanoseconds), "{text}");
        }
        for text in [
            "", "P", "PT", "P1DT", "pt1s", "200ms", "PT1S1M", "PT1", "-PT1S", "PT.5S", "PT1.S",
            "PT1S ",
        ] {
            assert_eq!(iso(text), None, "{text}");
        }
        assert_eq!(iso("PT99999999999999999999S"), Some(i64::MAX as u64));
        assert!(PositiveIsoDuration::parse("PT0.0S").is_err());
    }

    #[test]
    fn go_durations() {
        for (text, nanoseconds) in [
            ("0", 0),
            ("90s", 90_000_000_000),
            ("1h30m", 5_400_000_000_000),
            ("1.5s", 1_500_000_000),
            (".5s", 500_000_000),
            ("1.s", 1_000_000_000),
            ("500ms", 500_000_000),
            ("3us", 3_000),
            ("3µs", 3_000),
            ("+1s", 1_000_000_000),
        ] {
            assert_eq!(go(text), Some(nanoseconds), "{text}");
        }
        for text in ["", "5", "2d", "PT1H", "-1s", "1 s", ".s", "s", "1.2.3s", "+", "00"] {
            assert_eq!(go(text), None, "{text}");
        }
    }

    #[test]
    fn durations_are_said_in_the_units_people_write() {
        for (nanoseconds, text) in [
            (0, "0s"),
            (200_000_000, "200ms"),
            (1_500_000_000, "1.5s"),
            (120_000_000_000, "2m"),
            (5_400_000_000_000, "1h30m"),
            (604_800_000_000_000, "7d"),
            (1, "1ns"),
        ] {
            assert_eq!(spoken(nanoseconds), text);
        }
    }
}
