//! The syntax of CESQL, case by case.

use super::{Doubt, Expression, What, doubts, parse};

/// An expression with every grouping written out.
fn grouped(expression: &Expression) -> String {
    let list = |items: &[Expression]| items.iter().map(grouped).collect::<Vec<_>>().join(", ");
    let not = |negated: &bool| if *negated { "NOT " } else { "" };
    match &expression.what {
        What::Boolean(value) => value.to_string().to_uppercase(),
        What::Integer(value) => value.to_string(),
        What::Text(text) => format!("{text:?}"),
        What::Attribute(name) => name.clone(),
        What::Exists(name) => format!("(EXISTS {name})"),
        What::Not(inner) => format!("(NOT {})", grouped(inner)),
        What::Negate(inner) => format!("(- {})", grouped(inner)),
        What::Like { operand, pattern, negated } => {
            format!("({} {}LIKE {pattern:?})", grouped(operand), not(negated))
        }
        What::In { operand, set, negated } => {
            format!("({} {}IN ({}))", grouped(operand), not(negated), list(set))
        }
        What::Binary { operator, left, right } => {
            format!("({} {operator:?} {})", grouped(left), grouped(right))
        }
        What::Call { name, arguments } => format!("{name}({})", list(arguments)),
    }
}

#[track_caller]
fn reads(text: &str, as_grouped: &str) {
    let parsed = parse(text).unwrap_or_else(|error| panic!("{text}: {error:?}"));
    assert_eq!(grouped(&parsed.expression), as_grouped, "{text}");
    assert_eq!(parsed.left_out, [], "{text}");
}

#[test]
fn values_are_read() {
    reads("TRUE", "TRUE");
    reads("fAlSe", "FALSE");
    reads("-5", "-5");
    reads("+2147483647", "2147483647");
    reads(r"'it\'s'", r#""it's""#);
    reads(r#""a\"b""#, r#""a\"b""#);
    reads(r#"'a ''c'''"#, r#""a ''c''""#);
    reads("''", r#""""#);
    reads("Type", "type");
    reads("ext1", "ext1");
    reads("1st", "1st");
    reads("concat_ws('-', a, b)", r#"CONCAT_WS("-", a, b)"#);
    reads("NOW()", "NOW()");
    reads("EXISTS Subject", "(EXISTS subject)");
}

#[test]
fn operators_bind_as_knative_binds_them() {
    reads("a + b * c - d", "((a Add (b Multiply c)) Subtract d)");
    reads("a = b + 1", "(a Equal (b Add 1))");
    reads("a = 'x' AND b <> 'y'", r#"((a Equal "x") And (b NotEqual "y"))"#);
    reads("a AND b OR c", "(a And (b Or c))");
    reads("a OR b AND c XOR d", "(a Or (b And (c Xor d)))");
    reads("a < b >= c", "((a Less b) GreaterOrEqual c)");
    reads("NOT a LIKE 'x%'", r#"((NOT a) LIKE "x%")"#);
    reads("NOT (a LIKE 'x%')", r#"(NOT (a LIKE "x%"))"#);
    reads("a NOT LIKE 'x' AND b NOT IN (1, c)", r#"((a NOT LIKE "x") And (b NOT IN (1, c)))"#);
    reads("a + b IN (1)", "(a Add (b IN (1)))");
    reads("- a * b", "((- a) Multiply b)");
    reads("NOT NOT EXISTS a", "(NOT (NOT (EXISTS a)))");
    reads("(a OR b) AND c", "((a Or b) And c)");
}

#[track_caller]
fn refused(text: &str, at: &str) {
    let error = parse(text).expect_err(text);
    assert_eq!(&text[error.span.start..error.span.end], at, "{text}: {}", error.message);
}

#[test]
fn what_does_not_parse_is_found_where_it_stands() {
    refused("", "");
    refused("type == 'a'", "=");
    refused("type = = 'a'", "=");
    refused("type =", "=");
    refused("type = 'a", "'");
    refused("a b", "b");
    refused("(a", "a");
    refused("a)", ")");
    refused("a IN ()", ")");
    refused("a IN 'x'", "'x'");
    refused("a LIKE b", "b");
    refused("EXISTS (a)", "(");
    refused("my_ext = 'a'", "my_ext");
    refused("f1(a)", "(");
    refused("AND", "AND");
    refused("a && b", "b");
    refused("5-3", "-3");
    refused("1.5", "5");
    refused("2147483648", "2147483648");
    refused("a AND NOT", "T");
    refused(&"(".repeat(1000), "(");
}

#[test]
fn characters_of_no_token_are_left_out_and_told() {
    let parsed = parse("!type = 'a';").unwrap();
    assert_eq!(grouped(&parsed.expression), r#"(ype Equal "a")"#);
    let left_out: Vec<_> = parsed.left_out.iter().map(|span| (span.start, span.end)).collect();
    assert_eq!(left_out, [(0, 2), (11, 12)]);
    assert_eq!(parse("type = é'a'").unwrap().left_out.len(), 1);
}

#[track_caller]
fn doubted(text: &str, wanted: &[Doubt]) {
    let found = doubts(&parse(text).unwrap().expression);
    let found: Vec<Doubt> = found.into_iter().map(|(doubt, _)| doubt).collect();
    assert_eq!(found, wanted, "{text}");
}

#[test]
fn doubtful_expressions_are_told() {
    let function = |call: &str, meant: Option<&str>, certain| Doubt::Function {
        call: call.to_owned(),
        meant: meant.map(str::to_owned),
        certain,
    };
    doubted("type = 'a' OR EXISTS subject", &[]);
    doubted("IS_INT(count)", &[]);
    doubted("1 + 1", &[Doubt::NotBoolean("a number")]);
    doubted("'true'", &[Doubt::NotBoolean("a text")]);
    doubted("flag", &[Doubt::NotBoolean("an attribute's text")]);
    doubted("UPPER(type)", &[Doubt::NotBoolean("a text")]);
    doubted("LOWR(type) = 'a'", &[function("LOWR", Some("LOWER"), true)]);
    doubted("type = 'a' OR NOSUCH(type)", &[function("NOSUCH", None, false)]);
    doubted("LEFT(type) = 'a'", &[function("LEFT with one argument", None, true)]);
    let less = Doubt::NotTakesLess { attribute: "type".to_owned() };
    doubted("NOT type LIKE 'a%'", std::slice::from_ref(&less));
    doubted("NOT type = 'a'", &[less]);
    doubted("NOT (type = 'a')", &[]);
}
