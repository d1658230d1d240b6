//! Values as Go's own words for them, which the server's sentences hold.

/// A duration: `1m30s`, `100ms`, `1.5µs`.
pub fn duration(nanoseconds: i64) -> String {
    let sign = if nanoseconds < 0 { "-" } else { "" };
    let whole = nanoseconds.unsigned_abs();
    let part = |unit: u64, name: &str| {
        let (whole, rest) = (whole / unit, whole % unit);
        let digits = unit.ilog10() as usize;
        let rest = format!("{rest:0digits$}");
        match rest.trim_end_matches('0') {
            "" => format!("{sign}{whole}{name}"),
            rest => format!("{sign}{whole}.{rest}{name}"),
        }
    };
    match whole {
        0 => "0s".to_owned(),
        1..1_000 => format!("{sign}{whole}ns"),
        1_000..1_000_000 => part(1_000, "µs"),
        1_000_000..1_000_000_000 => part(1_000_000, "ms"),
        _ => clock(sign, whole),
    }
}

fn clock(sign: &str, nanoseconds: u64) -> String {
    let seconds = nanoseconds / 1_000_000_000;
    let rest = format!("{:09}", nanoseconds % 1_000_000_000);
    let rest = rest.trim_end_matches('0');
    let rest = if rest.is_empty() { String::new() } else { format!(".{rest}") };
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match (hours, minutes) {
        (0, 0) => format!("{sign}{seconds}{rest}s"),
        (0, minutes) => format!("{sign}{minutes}m{seconds}{rest}s"),
        (hours, minutes) => format!("{sign}{hours}h{minutes}m{seconds}{rest}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::duration;

    #[test]
    fn durations_are_said_as_go_says_them() {
        for (nanoseconds, said) in [
            (0, "0s"),
            (1, "1ns"),
            (1_500, "1.5µs"),
            (100_000_000, "100ms"),
            (90_000_000_000, "1m30s"),
            (3_600_000_000_000, "1h0m0s"),
            (1_500_000_000, "1.5s"),
            (-1_000_000_000, "-1s"),
        ] {
            assert_eq!(duration(nanoseconds), said);
        }
    }
}
