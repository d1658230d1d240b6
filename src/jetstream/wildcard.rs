//! Subjects as the server's sublist sees them: valid, literal, overlapping, contained. Knows nothing
//! of streams.

/// Whether a subject may be subscribed to: no empty token, `>` only at the end, no blanks.
pub fn is_valid(subject: &str) -> bool {
    let mut ended = false;
    for token in subject.split('.') {
        if token.is_empty() || ended || has_blank(token) {
            return false;
        }
        ended = token == ">";
    }
    true
}

/// Whether a token or name holds one of the blanks that a subject cannot have.
pub fn has_blank(token: &str) -> bool {
    token.contains(['\t', '\n', '\u{c}', '\r', ' '])
}

/// Whether no token is a wildcard.
pub fn is_literal(subject: &str) -> bool {
    subject.split('.').all(|token| token != "*" && token != ">")
}

/// Whether one literal subject could match both.
pub fn collide(one: &str, other: &str) -> bool {
    if one == other {
        return true;
    }
    match (is_literal(one), is_literal(other)) {
        (true, true) => false,
        (true, false) => is_subset(one, other),
        (false, true) => is_subset(other, one),
        (false, false) => wildcards_collide(one, other),
    }
}

fn wildcards_collide(one: &str, other: &str) -> bool {
    let (one, other): (Vec<&str>, Vec<&str>) =
        (one.split('.').collect(), other.split('.').collect());
    let open = |tokens: &[&str]| tokens.contains(&">");
    let (shorter, longer) = if one.len() <= other.len() { (&one, &other) } else { (&other, &one) };
    if shorter.len() != longer.len() && !open(shorter) {
        return false;
    }
    let can_match = |a: &str, b: &str| {
        let wild = |token: &str| token.starts_with(['*', '>']);
        !a.is_empty() && !b.is_empty() && (wild(a) || wild(b) || a == b)
    };
    shorter.iter().zip(longer.iter()).all(|(a, b)| can_match(a, b))
}

/// Whether everything that `subject` matches is matched by `test` too.
pub fn is_subset(subject: &str, test: &str) -> bool {
    let tokens: Vec<&str> = subject.split('.').collect();
    let mut count = 0;
    for (at, wanted) in test.split('.').enumerate() {
        count += 1;
        let Some(token) = tokens.get(at) else { return false };
        if wanted == ">" {
            return true;
        }
        let fits = match *token {
            "" | ">" => false,
            "*" => wanted == "*",
            token => wanted.starts_with('*') || token == wanted,
        };
        if wanted.is_empty() || !fits {
            return false;
        }
    }
    tokens.len() == count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(one: &str, other: &str, collides: bool, contained: bool) {
        assert_eq!(collide(one, other), collides, "{one} collides with {other}");
        assert_eq!(collide(other, one), collides, "{other} collides with {one}");
        assert_eq!(is_subset(one, other), contained, "{one} within {other}");
    }

    #[test]
    fn subjects_meet_as_in_the_server() {
        check("a.b", "a.b", true, true);
        check("a.b", "a.c", false, false);
        check("a.b", "a.*", true, true);
        check("a.*", "*.b", true, false);
        check("a.*", "a.*.c", false, false);
        check("a.>", "a", false, false);
        check("a.>", "a.*.c", true, false);
        check("a.*.c", "a.>", true, true);
        check(">", "$JS.API.>", true, false);
    }

    #[test]
    fn subjects_are_valid_or_not() {
        for good in ["a", "a.*.>", ">", "a*", "$JS.x"] {
            assert!(is_valid(good), "{good}");
        }
        for bad in ["", "a.", ".a", "a..b", "a.>.b", "a b", "a\t"] {
            assert!(!is_valid(bad), "{bad}");
        }
        assert!(is_literal("a.b*") && !is_literal("a.*"));
    }
}
