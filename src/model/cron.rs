//! Cron schedules as Knative reads them (robfig/cron v3 with optional seconds): five or six fields,
//! or a name such as `@hourly`, after an optional `CRON_TZ=ZONE `. Says what is wrong with a text;
//! knows no clock.

use super::timezone;

/// The fields, in the order of six: what each is called, its bounds, and the names it knows.
const FIELDS: &[Field] = &[
    Field { what: "second", least: 0, most: 59, names: &[] },
    Field { what: "minute", least: 0, most: 59, names: &[] },
    Field { what: "hour", least: 0, most: 23, names: &[] },
    Field { what: "day of the month", least: 1, most: 31, names: &[] },
    Field { what: "month", least: 1, most: 12, names: MONTHS },
    Field { what: "day of the week", least: 0, most: 6, names: DAYS },
];

const MONTHS: &[&str] =
    &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const DAYS: &[&str] = &["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

const NAMED: &[&str] =
    &["@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"];

struct Field {
    what: &'static str,
    least: u32,
    most: u32,
    /// Names of the values from `least` on, in lower case.
    names: &'static [&'static str],
}

/// Why a text is no schedule, or `None` where it is one. `zoned`: a time zone stands in a field of
/// its own, so that the text may not bring another.
pub fn fault(text: &str, zoned: bool) -> Option<String> {
    if text.contains("@every") {
        return Some("a PingSource takes no `@every`".to_owned());
    }
    let rest = if zoned {
        if text.starts_with("TZ=") || text.starts_with("CRON_TZ=") {
            return Some("the time zone is said twice, here and in `timezone`".to_owned());
        }
        text.trim()
    } else {
        match without_zone(text) {
            Ok(rest) => rest,
            Err(why) => return Some(why),
        }
    };
    if rest.starts_with('@') {
        let known = NAMED.contains(&rest);
        return (!known).then(|| format!("`{rest}` is none of {}", NAMED.join(", ")));
    }
    let fields: Vec<&str> = rest.split_whitespace().collect();
    if !matches!(fields.len(), 5 | 6) {
        return Some(format!(
            "a schedule has five fields, or six with seconds, not {}",
            fields.len()
        ));
    }
    let from = FIELDS.len() - fields.len();
    FIELDS.iter().skip(from).zip(fields).find_map(|(field, text)| field.fault(text))
}

/// The text behind a time zone, where it starts with one.
fn without_zone(text: &str) -> Result<&str, String> {
    let Some(zoned) = text.strip_prefix("CRON_TZ=").or_else(|| text.strip_prefix("TZ=")) else {
        return Ok(text);
    };
    // Without a schedule behind it, the webhook does not survive the request.
    let Some((zone, rest)) = zoned.split_once(' ') else {
        return Err("a time zone is followed by a space and a schedule".to_owned());
    };
    match timezone::fault(zone) {
        Some(why) => Err(why),
        None => Ok(rest.trim()),
    }
}

impl Field {
    /// What is wrong with a list of ranges, such as `1-5,*/10`.
    fn fault(&self, text: &str) -> Option<String> {
        let why = text
            .split(',')
            .filter(|range| !range.is_empty())
            .find_map(|range| self.range(range).err())?;
        Some(format!("{} `{text}`: {why}", self.what))
    }

    fn range(&self, text: &str) -> Result<(), String> {
        let (span, step) = match text.split_once('/') {
            Some((span, step)) => (span, Some(step)),
            None => (text, None),
        };
        let step = step.map(number).transpose()?;
        if step == Some(0) {
            return Err("a step is at least 1".to_owned());
        }
        let (first, last) = match span.split_once('-') {
            Some((first, last)) => (first, Some(last)),
            None => (span, None),
        };
        if matches!(first, "*" | "?") {
            return Ok(());
        }
        let low = self.value(first)?;
        let high = match last {
            Some(last) => self.value(last)?,
            None if step.is_some() => self.most,
            None => low,
        };
        self.bounds(low, high)
    }

    fn bounds(&self, low: u32, high: u32) -> Result<(), String> {
        if low < self.least || high > self.most {
            return Err(format!("values are from {} to {}", self.least, self.most));
        }
        if low > high {
            return Err(format!("{low} is beyond {high}; a range does not wrap around"));
        }
        Ok(())
    }

    fn value(&self, text: &str) -> Result<u32, String> {
        let lower = text.to_lowercase();
        let named = self.names.iter().zip(self.least..).find(|(name, _)| **name == lower);
        named.map_or_else(|| number(text), |(_, value)| Ok(value))
    }
}

fn number(text: &str) -> Result<u32, String> {
    text.parse().map_err(|_| format!("`{text}` is no number"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn good(text: &str) {
        assert_eq!(fault(text, false), None);
    }

    #[track_caller]
    fn bad(text: &str, why: &str) {
        let fault = fault(text, false).expect("a fault");
        assert!(fault.contains(why), "{fault}");
    }

    #[test]
    fn schedules_that_knative_takes() {
        good("* * * * *");
        good("*/5 * * * * *");
        good("0 9-17/2 1,15 JAN-mar Mon-fri");
        good("? ? * * ?");
        good("5/15 * * * *");
        good("@hourly");
        good("@midnight");
        good("CRON_TZ=Europe/Berlin 0 6 * * *");
        good("TZ=UTC @daily");
        // Empty members of a list are passed over.
        good("1,,2 * * * *");
        good(" 0 0 * * * ");
    }

    #[test]
    fn schedules_that_knative_refuses() {
        bad("", "not 0");
        bad("* * * *", "not 4");
        bad("* * * * * * *", "not 7");
        bad("61 * * * *", "minute `61`: values are from 0 to 59");
        bad("* * 0 * *", "day of the month");
        bad("* * * * 7", "day of the week `7`: values are from 0 to 6");
        bad("* * * * 5-1", "5 is beyond 1");
        bad("*/0 * * * *", "a step is at least 1");
        bad("1-2-3 * * * *", "`2-3` is no number");
        bad("1/2/3 * * * *", "`2/3` is no number");
        bad("-1 * * * *", "is no number");
        bad("@every 1m", "@every");
        bad("@Hourly", "is none of");
        bad(" @hourly", "not 1");
        bad("CRON_TZ=Mars/Base * * * * *", "Mars/Base");
        bad("CRON_TZ=UTC", "followed by a space");
        assert_eq!(fault("* * * * *", true), None);
        assert_eq!(fault(" @hourly", true), None);
        let twice = fault("CRON_TZ=UTC 0 * * * *", true).expect("two time zones");
        assert!(twice.contains("said twice"), "{twice}");
    }
}
