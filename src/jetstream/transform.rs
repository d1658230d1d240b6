//! Whether the server can make a subject transform of a source and a destination, and what it says
//! where it cannot. Does not transform.

use super::version::Version;
use super::wildcard::has_blank;

const UNKNOWN: &str = "invalid mapping destination: unknown function";
const RANGE: &str = "invalid mapping destination: wildcard index out of range";
const FEW: &str = "invalid mapping destination: not enough arguments passed to the function";
const MANY: &str = "invalid mapping destination: too many arguments passed to the function";
const ARGUMENT: &str =
    "invalid mapping destination: function argument is invalid or in the wrong format";
const INVALID: &str = "invalid mapping destination: invalid transform";
const BAD_SUBJECT: &str = "invalid subject";

/// The first server that can make a random token, a partition of the whole subject, and functions
/// of a source without `*`.
const RICHER: Version = Version::of(2, 12, 0);

/// What a destination's token asks for.
enum Token {
    /// Taken over as it is.
    Plain,
    /// A function of the wildcards with these numbers.
    Of(Vec<i64>),
    /// A partition by these wildcards; none: by the whole subject.
    Partition(Vec<i64>),
    /// Needs no wildcard.
    Random,
}

/// The server's objection to the pair as a mapping of a stream, mirror or source.
pub fn fault(source: &str, destination: &str, version: Version) -> Option<String> {
    if destination.is_empty() {
        return None;
    }
    destination_fault(destination, version)
        .or_else(|| transform_fault(source, destination, version))
}

/// The server's objection to a destination alone (2.10 looks no further where a source has it).
pub fn destination_fault(destination: &str, version: Version) -> Option<String> {
    let mut ended = false;
    if destination.is_empty() {
        return None;
    }
    for token in destination.split('.') {
        if token.is_empty() || ended {
            return Some(within(INVALID, token, version));
        }
        if is_function(token) {
            // The two shortest were left out here before 2.14.
            let known = FUNCTIONS.iter().filter(|name| {
                version >= Version::of(2, 14, 0) || !matches!(**name, "left" | "right")
            });
            if !known.into_iter().any(|name| arguments(name, token, version).is_some()) {
                return Some(within(UNKNOWN, token, version));
            }
        } else if token == ">" {
            ended = true;
        } else if has_blank(token) {
            return Some(INVALID.to_owned());
        }
    }
    None
}

/// The server's objection to the transform itself, as it is asked where something is republished.
pub fn transform_fault(source: &str, destination: &str, version: Version) -> Option<String> {
    let source = if source.is_empty() { ">" } else { source };
    let (wildcards, open) = match (shape(source), shape(destination)) {
        (Some((wildcards, open)), Some((0, also_open))) if open == also_open => (wildcards, open),
        _ => return Some(BAD_SUBJECT.to_owned()),
    };
    let wild = wildcards > 0 || open;
    destination.split('.').find_map(|token| match read(token, version) {
        Err(text) => Some(within(text, token, version)),
        Ok(Token::Plain) => None,
        Ok(Token::Random) if version >= RICHER => None,
        Ok(Token::Partition(_)) if !wild && version >= RICHER => None,
        Ok(Token::Of(numbers) | Token::Partition(numbers))
            if wild && (wildcards > 0 || version >= RICHER) =>
        {
            let beyond = numbers.into_iter().find(|number| *number > wildcards);
            beyond.map(|number| within(RANGE, &format!("{token}: [{number}]"), version))
        }
        Ok(_) => Some(within(RANGE, token, version)),
    })
}

/// How many `*` a subject has, and whether it ends with `>`; none where it is not valid.
fn shape(subject: &str) -> Option<(i64, bool)> {
    let (mut wildcards, mut ended) = (0, false);
    for token in subject.split('.') {
        if token.is_empty() || ended {
            return None;
        }
        wildcards += i64::from(token == "*");
        ended = token == ">";
    }
    Some((wildcards, ended))
}

fn within(text: &str, token: &str, version: Version) -> String {
    if token.is_empty() && version >= RICHER {
        text.to_owned()
    } else {
        format!("{text} in {token}")
    }
}

fn is_function(token: &str) -> bool {
    token.len() > 4 && token.starts_with("{{") && token.ends_with("}}")
}

/// In the order in which the server tries them.
const FUNCTIONS: &[&str] = &[
    "wildcard",
    "partition",
    "splitfromleft",
    "splitfromright",
    "slicefromleft",
    "slicefromright",
    "right",
    "left",
    "split",
    "random",
];

/// The arguments of a function, where the token calls it.
fn arguments<'a>(name: &str, token: &'a str, version: Version) -> Option<Vec<&'a str>> {
    if name == "random" && version < RICHER {
        return None;
    }
    let inner = token.strip_prefix("{{")?.strip_suffix("}}")?.trim();
    let (called, rest) = inner.split_once('(')?;
    let called = called.trim_end();
    let inside = rest.strip_suffix(')')?;
    // The server takes a capital for each word of the name and nothing else.
    let same = called.len() == name.len() && called.eq_ignore_ascii_case(name);
    let capitals = called.chars().enumerate().all(|(at, c)| c.is_lowercase() || begins(name, at));
    (same && capitals).then(|| inside.split(',').map(str::trim_start).collect())
}

/// Whether a word of the function's name begins at a position.
fn begins(name: &str, at: usize) -> bool {
    let words: &[&str] = match name {
        "splitfromleft" => &["split", "from", "left"],
        "splitfromright" => &["split", "from", "right"],
        "slicefromleft" => &["slice", "from", "left"],
        "slicefromright" => &["slice", "from", "right"],
        _ => return at == 0,
    };
    words
        .iter()
        .scan(0, |start, word| {
            let here = *start;
            *start += word.len();
            Some(here)
        })
        .any(|start| start == at)
}

fn read(token: &str, version: Version) -> Result<Token, &'static str> {
    if token.len() > 1
        && let Some(number) = token.strip_prefix('$')
    {
        return Ok(number.parse().map_or(Token::Plain, |number| Token::Of(vec![number])));
    }
    if !is_function(token) {
        return Ok(Token::Plain);
    }
    let called = FUNCTIONS.iter().find_map(|name| Some((*name, arguments(name, token, version)?)));
    let Some((name, given)) = called else { return Err(UNKNOWN) };
    match name {
        "wildcard" => match given.as_slice() {
            [""] => Err(FEW),
            [index] => Ok(Token::Of(vec![number(index, i64::MAX)?])),
            _ => Err(MANY),
        },
        "partition" => partition(&given, version),
        "split" => {
            let [index, delimiter] = two(&given)?;
            if delimiter.contains([' ', '.']) {
                return Err(ARGUMENT);
            }
            Ok(Token::Of(vec![number(index, i64::MAX)?]))
        }
        "random" => match given.as_slice() {
            [ceiling] => number(ceiling, i64::from(i32::MAX)).map(|_| Token::Random),
            _ => Err(FEW),
        },
        _ => {
            let [index, length] = two(&given)?;
            let index = number(index, i64::MAX)?;
            number(length, i64::from(i32::MAX))?;
            Ok(Token::Of(vec![index]))
        }
    }
}

fn partition(given: &[&str], version: Version) -> Result<Token, &'static str> {
    let [buckets, indexes @ ..] = given else { return Err(FEW) };
    if indexes.is_empty() && version < RICHER {
        return Err(FEW);
    }
    number(buckets, i64::from(i32::MAX))?;
    let indexes: Vec<i64> =
        indexes.iter().map(|index| number(index, i64::MAX)).collect::<Result<_, _>>()?;
    Ok(Token::Partition(indexes))
}

fn two<'a>(given: &[&'a str]) -> Result<[&'a str; 2], &'static str> {
    match given {
        [] | [_] => Err(FEW),
        [one, other] => Ok([one, other]),
        _ => Err(MANY),
    }
}

fn number(text: &str, most: i64) -> Result<i64, &'static str> {
    text.trim_matches(' ').parse::<i64>().ok().filter(|number| *number <= most).ok_or(ARGUMENT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(source: &str, destination: &str, expected: Option<&str>) {
        assert_eq!(fault(source, destination, Version::NEWEST).as_deref(), expected);
    }

    #[test]
    fn transforms_are_judged_as_the_server_does() {
        check("a.*", "b.$1", None);
        check("a.*", "b.{{wildcard(1)}}", None);
        check("a.>", "b.>", None);
        check("a", "", None);
        check("a.>", "b", Some(BAD_SUBJECT));
        check("a.*", "b.*", Some(BAD_SUBJECT));
        check(
            "a.*",
            "b.$2",
            Some("invalid mapping destination: wildcard index out of range in $2: [2]"),
        );
        check(
            "a",
            "b.{{nope(1)}}",
            Some("invalid mapping destination: unknown function in {{nope(1)}}"),
        );
        check("a", "b.{{partition(3)}}", None);
        check(
            "a",
            "b.{{wildcard(1)}}",
            Some("invalid mapping destination: wildcard index out of range in {{wildcard(1)}}"),
        );
        check("a.*.*", "b.{{Partition(3, 1,2)}}.{{splitFromLeft(1,2)}}", None);
        check("a.*", "b..c", Some("invalid mapping destination: invalid transform"));
    }
}
