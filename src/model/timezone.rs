//! Names of time zones: those of the IANA database that comes with evctl, spelt as servers on Linux
//! need them. Knows no clock and reads no file.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use jiff::tz::TimeZoneDatabase;

use super::shape::nearest;

/// Every name that is known.
static NAMES: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
    TimeZoneDatabase::bundled().available().map(|zone| zone.to_string()).collect()
});

/// Why no server can load a time zone of this name, or `None` where it can. An empty name and `UTC`
/// are UTC, `Local` is the server's own.
pub fn fault(name: &str) -> Option<String> {
    if matches!(name, "" | "UTC" | "Local") {
        return None;
    }
    let names = &*NAMES;
    if names.contains(name) {
        return None;
    }
    let folded = names.iter().find(|known| known.eq_ignore_ascii_case(name)).map(String::as_str);
    let near = folded.or_else(|| nearest(name, names.iter().map(String::as_str)));
    let meant = near.map_or(String::new(), |near| format!("; did you mean `{near}`?"));
    Some(format!("`{name}` is no time zone of the IANA database{meant}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_are_known_by_their_exact_names() {
        for name in ["", "UTC", "Local", "Europe/Berlin", "America/New_York", "US/Pacific", "EST"] {
            assert_eq!(fault(name), None, "{name}");
        }
        let why = fault("europe/berlin").expect("servers tell upper from lower case");
        assert!(why.contains("did you mean `Europe/Berlin`?"), "{why}");
        assert!(fault("Mars/Base").is_some());
        assert!(fault("../UTC").is_some());
    }
}
