//! What the YAML test asks: values that stand alone, and whole files.

/// Values after `v: `; kubectl takes each of them.
#[rustfmt::skip]
pub(super) const VALUES: &[&str] = &[
    // Booleans, in the cases that count and in those that do not.
    "y", "Y", "yes", "Yes", "YES", "yEs", "n", "N", "no", "No", "NO", "nO", "true", "True", "TRUE",
    "tRUE", "false", "False", "FALSE", "fALSE", "on", "On", "ON", "oN", "off", "Off", "OFF", "oFF",
    "t", "f", "T", "F",
    // Nothing.
    "", "~", "null", "Null", "NULL", "nULL", "nil", "none", "''", "\"\"", "!!null null",
    "!!null ''", "!!null ~", "!!str null", "!!str", "!!str ~",
    // Whole numbers.
    "0", "-0", "+0", "00", "000", "1", "+1", "-1", "--1", "+-1", "017", "-017", "+017", "08", "09",
    "018", "0o17", "-0o17", "+0o17", "0O17", "0o8", "0o", "0b1", "0b101", "-0b101", "+0b11", "0B1",
    "0b12", "0b", "-0b", "0x1F", "0x1f", "0X1F", "-0x1F", "+0x1F", "0xG", "0x", "0x_1", "1_000",
    "1__000", "_1", "1_", "_", "-_1", "-1_0", "0_7", "0b1_0", "0o1_7", "0x1_F", "12_345_678",
    "9223372036854775807", "9223372036854775808", "-9223372036854775808", "-9223372036854775809",
    "18446744073709551615", "18446744073709551616", "99999999999999999999", "0xFFFFFFFFFFFFFFFF",
    "0x7FFFFFFFFFFFFFFF", "-0x8000000000000000", "0x10000000000000000", "0777777777777777777777",
    "01777777777777777777777", "02000000000000000000000", "123456789012345678901234567890",
    "9007199254740993", "-9007199254740993", "1 ", "1 # one", "0b11111111", "-0b1",
    "-0b1000000000000000000000000000000000000000000000000000000000000000",
    // Fractions.
    ".5", "0.5", "+.5", "-.5", "5.", "1.5", "1.0", "-1.0", "3.00", "1e3", "1E3", "1e+3", "1e-3",
    "1.5e3", ".5e1", "1.e5", ".e5", "5.e", "e5", "1e", "1e400", "-1e400", "1e308", "1e309",
    "1e-400", "5e-324", "1e15", "1e16", "1e17", "1e18", "1e19", "1e20", "1e21", "1e22",
    "123456789012345678.0", "9007199254740993.0", "0.1", "0.30000000000000004",
    "1.7976931348623157e308", "4.9e-324", "1.23456789012345678901234567890",
    "100000000000000000000.0", "1e-7", "0.0000001", "0.000001", "1_000.5", "1_0e1_0", "1._5",
    "-0.0", "0.0", "-.0", "00.5", "01.5", "08.5", "1.5.5", ".", "..", "-.", "+.", "0x1.8p1",
    "0x1p-2", "1p5", "1f", "1.5f", "infinity", "inf", "Inf", "nan", "NaN", "+inf", "-Infinity",
    "1d", "1m", "100Mi", "1000m", "1e3m", "12e03", "-2E+05", "0e0", "0e1000", "1_e3", "1e_3",
    "+12e03", "190:20:30.15", "685.230_15e+03", "6.8523015e+5",
    // Times, which stay texts.
    "2001-12-14", "2001-12-14t21:59:43.10-05:00", "2001-12-14 21:59:43.10 -5",
    "2001-12-15 2:59:43.10", "2001-12-14T21:59:43Z", "2001-1-1", "2001-13-45", "0001-01-01", "1:30",
    "190:20:30", "-1:30", "01:30", "1:30.5", "12:30:45", "0:0", "2001-12-14T21:59:43",
    "2001-12-14 21:59:43", "'2001-12-14'", "!!str 2001-12-14", "!!timestamp 2001-12-14",
    "!!timestamp '2001-12-14'", "!!timestamp 2001-12-14T21:59:43Z",
    // Tags.
    "!!str 1", "!!str true", "!!str 'a'", "!!int 3", "!!int '3'", "!!int \"0x1F\"", "!!float 1",
    "!!float 1.5", "!!float '1.5'", "!!float 0x10", "!!bool yes", "!!bool 'true'", "!!bool on",
    "!!binary aGVsbG8=", "!!binary 'aGVsbG8='", "!!binary |\n    aGVs\n    bG8=", "! 1", "! yes",
    "! a", "!local 1", "!local yes", "!local text", "!local {a: 1}", "!local [1]", "!!seq [1]",
    "!!map {a: 1}", "!<tag:yaml.org,2002:str> 1", "!<tag:yaml.org,2002:int> '7'", "!!set {a, b}",
    "!!omap [a: 1]", "!!unknown 1", "!!unknown a", "!!merge a", "!!int 9223372036854775808",
    "!!str |\n    1",
    // Plain texts.
    "a", "a b", "a:b", "a#b", "a #b", "a: ", "http://a.b/c", "a,b", "a]b", "-a", "- a", "?a", ":a",
    "=", "<<", "~a", "10.0.0.0/24", "1.2.3", "v1", "a'b", "a\"b", "a\\nb", "ä", "日本", "👋",
    "a\n    b", "a\n\n    b", "<", "a{b", "a}b", "{}", "[]", "[a, b]", "[a,b]", "[1,2,]", "{a: 1,}",
    "{a}", "{a: , b: }", "{\"a\":1}", "{a: [1, {b: c}]}", "[[1], [2]]", "[a: 1]", "[yes, 017, 1e3]",
    "{a: yes, 017: b}", "[\n    a,\n    b\n    ]", "[null, ~, a]",
    // Quoted texts.
    "'it''s'", "\"a\\tb\"", "\"a\\nb\"", "\"\\x41\"", "\"\\u00e4\"", "\"\\U0001F44B\"", "\"\\0\"",
    "\"\\e\"", "\"\\a\\b\\v\\f\\r\"", "\"\\\"\"", "\"\\\\\"", "\"\\/\"", "\"\\_\"", "\"\\N\\L\\P\"",
    "\"a\n    b\"", "\"a\\\n    b\"", "\"a \\\n    \\ b\"", "'a\n    b'", "'a\n\n    b'", "\" a \"",
    "'\\n'", "'yes'", "\"017\"", "\"\\ud83d\"", "\"\\uFEFF\"", "\"tab\there\"",
    // Blocks.
    "|\n    a\n    b\n", "|-\n    a\n    b\n", "|+\n    a\n    b\n\n", ">\n    a\n    b\n",
    ">-\n    a\n\n    b\n", ">+\n    a\n    b\n\n\n", "|2\n    a\n", "|2-\n    a\n", "|-2\n    a\n",
    ">\n    a\n      b\n    c\n", ">\n    a\n\n\n    b\n", "|\n\n    a\n", "|\n", "|-\n", "|+\n\n",
    ">\n", "| # comment\n    a\n", "|\n    a\n   # comment\n", "|\n    # text\n", "|\n    a\t\n",
    "|\n    \ta\n", ">\n    \ta\n    b\n", "|\n    a \n    b\n", ">\n    a \n    b\n",
    "|\n    yes\n", "|1\n   a\n",
    // Anchors.
    "&a 1", "&a yes", "&a {b: 1}", "&a", "&a ''", "&a-b.c 1", "&ä 1", "!!str &a 1", "&a !!str 1",
];

/// Whole files. `@` stands for what a manifest begins with. kubectl and evctl say the same of each:
/// the same objects, or that there is an error.
#[rustfmt::skip]
pub(super) const FILES: &[&str] = &[
    // Anchors, aliases and merge keys.
    "@a: &a {b: 1}\nc: *a\nd: *a\n", "@a: &a 1\nb: *a\nc: &a 2\nd: *a\n", "@a: *nothing\n",
    "@a: &a [*a]\n", "@a: &a {b: *a}\n", "@a: &a 1\n---\n@b: *a\n",
    "@a: &a {b: 1, c: 2}\nd:\n  <<: *a\n  c: 3\n", "@a: &a {b: 1, c: 2}\nd:\n  c: 3\n  <<: *a\n",
    "@a: &a {b: 1}\nc: &c {b: 2, d: 3}\ne:\n  <<: [*a, *c]\n",
    "@a: &a {b: 1}\nc: &c {b: 2, d: 3}\ne:\n  <<: [*c, *a]\n  d: 4\n",
    "@a: &a {b: 1}\nc: &c {b: 2, d: 3}\ne:\n  <<: *a\n  <<: *c\n",
    "@a: &a {b: 1}\nc: &c {b: 2, d: 3}\ne:\n  <<: *c\n  <<: *a\n",
    "@a: &a {b: 1}\nc: &c {<<: *a, d: 3}\ne:\n  <<: *c\n",
    "@a: &a {b: {x: 1}}\nc:\n  <<: *a\n  b: {y: 2}\n", "@e:\n  <<: {a: 1}\n  b: 2\n",
    "@e:\n  <<: [{a: 1}, {b: 2, a: 3}]\n", "@e:\n  <<: []\n  b: 2\n", "@e:\n  <<: {}\n  b: 2\n",
    "@e:\n  <<: 5\n", "@e:\n  <<: text\n", "@e:\n  <<:\n", "@e:\n  <<: ~\n  b: 1\n",
    "@e:\n  <<: [5]\n", "@e:\n  <<: [{a: 1}, 5]\n", "@e:\n  <<: [[{a: 1}]]\n",
    "@e:\n  '<<': {a: 1}\n", "@e:\n  \"<<\": 5\n", "@e:\n  !!merge <<: {a: 1}\n",
    "@e:\n  !!str <<: {a: 1}\n", "@a: &a [{b: 1}]\ne:\n  <<: *a\n", "@a: &a 5\ne:\n  <<: *a\n",
    "@<<: {a: 1}\n", "@a: &a x\nb:\n  *a : 1\n", "@a: &a x\nb: {*a : 1}\n", "@&k a: 1\nb: *k\n",
    "@a: &a\nb: *a\n", "@a: &a {b: 1}\nc: [*a, *a]\n",
    // Keys that are no texts.
    "@a: {1: b}\n", "@a: {1.5: b}\n", "@a: {yes: b}\n", "@a: {on: b, off: c}\n", "@a: {~: b}\n",
    "@a: {null: b}\n", "@a: {017: b}\n", "@a: {0x1F: b}\n", "@a: {1e3: b}\n",
    "@a: {2001-12-14: b}\n", "@a: {'1': b}\n", "@a: {[x]: b}\n", "@a: {{x: y}: b}\n",
    "@a:\n  ? b\n  : c\n", "@a:\n  ? b\n", "@a:\n  ? [x]\n  : c\n", "@a: {'': b}\n", "@a: {: b}\n",
    "@a:\n  : b\n", "@a: {!!str 1: b}\n", "@a: {1.0: b}\n", "@a: {-0: b}\n",
    "@a: {99999999999999999999: b}\n", "@a: {.5: b}\n", "@a: {.inf: b}\n", "@a: {1e21: b}\n",
    "@a: {123456789.5: b}\n", "@a: {9223372036854775808: b}\n", "@a: {1e20: b}\n",
    "@a: {1e-7: b}\n", "@a: {!!int '3': b}\n", "@a: {!!binary aGk=: b}\n",
    "@a:\n  ? |\n    b\n  : c\n", "@a: {1_000: b}\n", "@a: {!local x: b}\n",
    // What has no place in JSON, or does not fit its tag.
    "@a: .inf\n", "@a: -.inf\n", "@a: .nan\n", "@a: .NaN\n", "@a: +.Inf\n", "@a: .INF\n",
    "@a: .iNf\n", "@a: !!int a\n", "@a: !!int 1.5\n", "@a: !!float a\n", "@a: !!bool a\n",
    "@a: !!null a\n", "@a: !!binary '*'\n", "@a: !!binary /w==\n", "@a: !!timestamp a\n",
    "@a: !!str [a]\n", "@a: !!str {a: 1}\n", "@a: !!map [a]\n", "@a: !!seq {a: 1}\n",
    "@a: !!int {a: 1}\n", "@a: !!int ''\n", "@a: !!int\n", "@a: !!bool\n", "@a: !!float\n",
    "@a: !!null\n", "@a: !!bool ''\n", "@a: !!float .inf\n", "@a: !undeclared!x 1\n",
    "@a: !!int 0.0\n", "@a: !!int 1e3\n", "@a: !!bool 1\n", "@a: !!float yes\n",
    "@a: !!binary ''\n", "@a: !!binary\n", "@a: !!merge <<\n",
    // Documents.
    "@a: 1\n---\n", "---\n@a: 1\n", "---\n---\n@a: 1\n", "# c\n---\n# d\n---\n@a: 1\n",
    "@a: 1\n...\n", "@a: 1\n...\n---\n@b: 2\n", "@a: 1\n--- # c\n@b: 2\n", "@a: 1\n---\t\n@b: 2\n",
    "@a: 1\n---   \n@b: 2\n", "@a: 1\r\n---\r\n@b: 2\r\n", "\u{feff}@a: 1\n",
    "\u{feff}---\n@a: 1\n", "%YAML 1.2\n---\n@a: 1\n", "%YAML 1.1\n---\n@a: 1\n",
    "%YAML 3.0\n---\n@a: 1\n", "%TAG !e! tag:e,2000:\n---\n@a: !e!x 1\n", "%FOO bar\n---\n@a: 1\n",
    "@a: |\n  ---\n  b\n", "@a: \"x\n  --- y\"\n", "@a: 1\n----\n", "@a: 1\n---\n# c\n",
    "@a: 1\n\n\n---\n\n\n@b: 1\n", "--- \n@a: 1\n", "@a: 1\n---\n~\n", "@a: 1\n---\nnull\n",
    "@a: 1\n...\n@b: 2\n", "@a: 1\n... # c\n", "@a: 1\n---\n...\n",
    // White space.
    "@a:\tb\n", "@a:\t1\n", "@a:\n\tb: 1\n", "@a: b\t\n", "@a: b\t# c\n", "@a:\n  - b\n  -\tc\n",
    "@a: [\n\tb\n\t]\n", "@a: {b:\t1}\n", "@a: 1\r\nb: |\r\n  x\r\n  y\r\n", "@a: \"x\r\n  y\"\r\n",
    "@a: 1\rb: 2\r", "@a: 1\n\t\nb: 2\n", "@a: 1\n  \nb: 2\n", "@a: x\u{a0}y\n", "@a: x\u{85}y\n",
    "@a: x\u{2028}y\n", "@a: \"x\u{2028}y\"\n", "@a: \u{feff}x\n", "@a: x\u{7f}\n", "@a: x\u{1}\n",
    "@a: \"\u{1}\"\n", "@a: \u{0}\n", "@a: 1\u{c}\n", "@a: \"\\x\"\n", "@a: \"\\q\"\n",
    "@a: \"\\u12\"\n", "@a: \"\\ud83d\\udc4b\"\n", "@a: \"\\U00110000\"\n",
    // What is no YAML.
    "@a: b: c\n", "@a: [\n", "@a: {\n", "@a: ]\n", "@a: 'x\n", "@a: \"x\n", "@a: @x\n", "@a: `x\n",
    "@a: %x\n", "@a: *\n", "@a: & x\n", "@a: |x\n  y\n", "@a: |0\n  y\n", "@ a: 1\n",
    "@a:\n  b: 1\n c: 2\n", "@a: - b\n", "@a\n", "@- a\n", "@a: 'b' c\n", "@a: [b] c\n",
    "@a: {b c: d}\n", "@a: [b c, d]\n", "@a: {b: c d: e}\n", "@a: [a, , b]\n", "@a: {a: 1 b: 2}\n",
    "@a: #c\n", "@a: 'b'#c\n", "@a: [b]#c\n", "@a: ,\n", "@a: [,]\n", "@a: {,}\n", "@a: !\n",
    "@a: ! \n", "@a: !x\n", "@a: &x\n", "@a: ? b\n", "@a: [? b : c]\n", "@a: {? b}\n",
    "@a: |\n b\n  c\n", "@a: |\n  b\n c\n", "@a: >\n\n", "@a:\n- b\n- c\n", "@a:\n- - b\n  - c\n",
    "@a:\n- b: 1\n  c: 2\n", "@a:\n- b:\n  - c\n", "@a: [a\n]\n", "@a: {b: 1\n}\n", "@a: [\nb\n]\n",
    "@a: {\nb: 1\n}\n", "@a: {b:1}\n", "@a: {b: 1, b:}\n", "@a: {\"b\":1, 'c':2}\n",
    "@a: [\"b\":1]\n", "@a: x\n b\n", "@a: x\nb\n", "@a: 'x\ny'\n", "@a: \"x\ny\"\n",
    "@a: |\n\tb\n", "@a: !!str\n  b\n", "@a:\n  !!map\n  b: 1\n", "@a: &x\n  b: 1\nc: *x\n",
    "@a: x:\n", "@a: x :y\n", "@a: 'x': y\n", "@a: http://x: y\n", "@'a': 1\n", "@\"a\": 1\n",
    "@a : 1\n", "@a b: 1\n", "@a: {b: }\n", "@a: [b: ]\n", "@a: {b}\n", "@a: {:b}\n",
    "@a: {b: :c}\n", "@a: [:b]\n", "@a: [a:b]\n", "@a: {a:b}\n", "@a: --- b\n", "@a:\n  --- b\n",
    "@a: ...\n", "@a: [---]\n", "@a: -\n", "@a:\n  -\n", "@a:\n  -\n  - b\n", "@a: [-]\n",
    "@a: [- b]\n", "@a: [-1]\n",
    // The same key twice.
    "@a: 1\na: 2\n", "@a: {1: a, '1': b}\n", "@b: {<<: {a: 1}, a: 2}\n",
    // JSON, which kubectl reads by another reader.
    "{@, \"a\": 1}\n", "{@, \"a\": \"\\/\"}", "{@, \"a\": \"\\ud83d\\udc4b\"}\n",
    "{@,\n\t\"a\":\t1}\n", "{@, \"a\": 1e3, \"b\": 1.0, \"c\": -0, \"d\": 1e400}\n",
    "{@, \"a\": 18446744073709551615}\n", "{@, \"yes\": \"yes\", \"1\": null}\n",
    "{@, \"a\": 1,}\n", "{@, \"a\": 017}\n", "{@, \"a\": yes}\n",
    "{@, \"a\": 1}\n---\n{@, \"b\": 1}\n", "{@, \"a\":1}\n",
    "{@, \"a\": 12345678901234567890123}\n", "{@, \"a\": 1.5e300}\n",
    "{@, \"a\": [1, {\"b\": null}]}\n", "{@, \"a\": 1} {@2, \"b\": 1}\n", "{@, \"a\": 1}\n{@2, \"b\": 1}\n", "{@, \"a\": 1} x\n", "{@, // c\n\"a\": 1}\n",
    "{@, /* c */ \"a\": 1}\n", "{@ \"a\": 1}\n", "[{@, \"a\": 1}]\n",
    // Objects that hold others.
    "apiVersion: v1\nkind: List\nitems:\n- {@, a: 1}\n", "apiVersion: v1\nkind: List\nitems: []\n",
    "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: List, items: [{@, a: 1}]}\n",
    "apiVersion: v1\nkind: PodTemplateList\nitems:\n- {@, a: 1}\n", "apiVersion: v1\nkind: List\nitems:\n",
    "apiVersion: v1\nkind: List\n", "apiVersion: v1\nkind: List\nitems: 5\n",
    "apiVersion: v1\nkind: List\nitems: {a: 1}\n", "apiVersion: v1\nkind: List\nitems: [5]\n",
    "apiVersion: v1\nkind: List\nitems: [[]]\n", "apiVersion: v1\nkind: List\nitems: [~]\n",
    "apiVersion: v1\nkind: List\nitems:\n- metadata: {name: case-#-1}\n",
    "apiVersion: v1\nkind: List\nitems:\n- {@, a: 1}\n- metadata: {name: case-#-1}\n",
    "{@, items: []}\n", "{@, items: [{@, a: 1}]}\n", "{@, items: 5}\n", "{@, items: ~}\n", "{@, items: {a: 1}}\n",
    "apiVersion: v1\nkind: PodTemplateList\nmetadata: {name: case-#-1}\n",
    "apiVersion: v1\nitems:\n- {@, a: 1}\n", "kind: List\nitems:\n- {@, a: 1}\n",
    "apiVersion: v2\nkind: List\nitems:\n- {@, a: 1}\n",
    "apiVersion: v1\nkind: PodTemplateList\nitems:\n- metadata: {name: case-#-1}\n",
    "apiVersion: v1\nkind: PodTemplateList\nitems:\n- {kind: PodTemplate, metadata: {name: case-#-1}}\n",
];

/// Where evctl says something else: why, and the cases.
pub(super) const DIFFERENT: &[(&str, &[&str])] = &[
    (
        "a key that is there twice is a mistake, of which kubectl takes the last",
        &["@a: 1\na: 2\n", "@a: {1: a, '1': b}\n", "@a: {b: 1, b:}\n"],
    ),
    (
        "kubectl cuts a file at each `---` before it reads YAML; evctl reads directives and `...`",
        &[
            "%YAML 1.2\n---\n@a: 1\n",
            "%YAML 1.1\n---\n@a: 1\n",
            "%TAG !e! tag:e,2000:\n---\n@a: !e!x 1\n",
            "%FOO bar\n---\n@a: 1\n",
            "@a: 1\n...\n@b: 2\n",
            "@a: 1\n---\n...\n",
        ],
    ),
    (
        "YAML 1.2 allows what kubectl's parser does not: JSON's escapes, anchors of any letters, tabs",
        &[
            "@v: \"\\/\"\n",
            "@a: \"\\ud83d\\udc4b\"\n",
            "@v: &a-b.c 1\n",
            "@v: &ä 1\n",
            "@v: |\n    \ta\n\n",
            "@v: >\n    \ta\n    b\n\n",
            "@a:\n  - b\n  -\tc\n",
            "@a: 1\n\t\nb: 2\n",
            "@a: x\u{85}y\n",
            "@a: x\u{2028}y\n",
            "@a: {:b}\n",
            "@a: {b: :c}\n",
            "@a: [:b]\n",
        ],
    ),
    (
        "YAML 1.2 forbids what kubectl's parser takes: a comment without a space before it, a quoted \
         text that goes on at the margin, a lone dash in brackets, a byte order mark in a text",
        &[
            "@a: 'b'#c\n",
            "@a: [b]#c\n",
            "@a: 'x\ny'\n",
            "@a: \"x\ny\"\n",
            "@a: [-]\n",
            "@a: \u{feff}x\n",
        ],
    ),
    (
        "JSON is read as the YAML that it is: a number beyond float64 is a text, and so is a comment",
        &["{@, \"a\": 1e3, \"b\": 1.0, \"c\": -0, \"d\": 1e400}\n", "{@, // c\n\"a\": 1}\n"],
    ),
    (
        "kubectl passes over in silence what a list lacks or holds that is no object",
        &[
            "apiVersion: v1\nkind: List\nitems:\n",
            "apiVersion: v1\nkind: List\n",
            "apiVersion: v1\nkind: List\nitems: [~]\n",
            "apiVersion: v1\nkind: List\nitems:\n- metadata: {name: case-#-1}\n",
            "apiVersion: v1\nkind: List\nitems:\n- {@, a: 1}\n- metadata: {name: case-#-1}\n",
            "apiVersion: v1\nkind: PodTemplateList\nitems:\n- {kind: PodTemplate, metadata: {name: case-#-1}}\n",
            "{@, items: ~}\n",
        ],
    ),
    (
        "a list is expanded whatever version it gives itself, and in another list too",
        &[
            "apiVersion: v2\nkind: List\nitems:\n- {@, a: 1}\n",
            "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: List, items: [{@, a: 1}]}\n",
        ],
    ),
    ("a document that is no mapping is passed over with a note", &["[{@, \"a\": 1}]\n"]),
];
