use proptest::prelude::*;

use super::*;
use crate::wire::json::same_value;

fn written(record: &str) -> String {
    let mut out = String::new();
    write_record(record, Spread::OneLine, &mut out).unwrap();
    out
}

fn refused(record: &str) -> InvalidRecord {
    write_record(record, Spread::OneLine, &mut String::new()).unwrap_err()
}

#[test]
fn separators_keys_and_words_are_those_of_json_dump() {
    assert_eq!(
        written(" {\"b\":[1,{},[],[null,true]],\n\t\"a\" :{\"x\":false}} \n"),
        r#"{"b": [1, {}, [], [null, true]], "a": {"x": false}}"#
    );
    assert_eq!(written("{}"), "{}");
}

#[test]
fn text_is_ascii_with_the_escapes_of_python() {
    for (text, python) in [
        (r#""plain ~""#, r#""plain ~""#),
        (r#""é 😀""#, r#""\u00e9 \ud83d\ude00""#),
        (r#""\u00E9\uD83D\uDE00\u0041\/""#, r#""\u00e9\ud83d\ude00A/""#),
        (r#""\"\\\b\t\n\f\r\u0000\u001f""#, r#""\"\\\b\t\n\f\r\u0000\u001f""#),
        (
            "\"\u{7f}\u{80}\u{7ff}\u{800}\u{ffff}\u{10000}\"",
            r#""\u007f\u0080\u07ff\u0800\uffff\ud800\udc00""#,
        ),
        (r#""\ud800 \udc00x\udfff""#, r#""\ud800 \udc00x\udfff""#),
    ] {
        assert_eq!(written(&format!("{{{text}: {text}}}")), format!("{{{python}: {python}}}"));
    }
}

/// Each was printed by Python.
#[test]
fn numbers_are_spelled_as_python_spells_them() {
    for (number, python) in [
        ("1", "1"),
        ("-0", "0"),
        ("-7", "-7"),
        ("123456789012345678901234567890", "123456789012345678901234567890"),
        ("1.0", "1.0"),
        ("1.50", "1.5"),
        ("-0.0", "-0.0"),
        ("0e5", "0.0"),
        ("1E2", "100.0"),
        ("123.456", "123.456"),
        ("0.1000000000000000055", "0.1"),
        // As near to the one as to the other.
        ("19657848128154.8125", "19657848128154.812"),
        ("5e-324", "5e-324"),
        ("9007199254740993.0", "9007199254740992.0"),
        ("1e15", "1000000000000000.0"),
        ("9999999999999998.0", "9999999999999998.0"),
        ("1e16", "1e+16"),
        ("1.25e+16", "1.25e+16"),
        ("12345678901234567.0", "1.2345678901234568e+16"),
        ("0.0001", "0.0001"),
        ("0.00012", "0.00012"),
        ("0.00001", "1e-05"),
        ("1e-7", "1e-07"),
        ("-1.5e-10", "-1.5e-10"),
        ("1e-400", "0.0"),
        ("1.7976931348623157e308", "1.7976931348623157e+308"),
        ("NaN", "NaN"),
        ("Infinity", "Infinity"),
        ("-Infinity", "-Infinity"),
    ] {
        assert_eq!(written(&format!("{{\"n\": {number}}}")), format!("{{\"n\": {python}}}"));
    }
}

#[test]
fn an_indented_record_has_the_lines_of_json_dump() {
    let mut out = String::new();
    let spread = Spread::Lines { newline: "\r\n", indent: "  " };
    write_record(r#"{"a": 1, "b": [1, {"c": {}}], "d": []}"#, spread, &mut out).unwrap();
    let lines = [
        "{",
        "    \"a\": 1,",
        "    \"b\": [",
        "      1,",
        "      {",
        "        \"c\": {}",
        "      }",
        "    ],",
        "    \"d\": []",
        "  }",
    ];
    assert_eq!(out, lines.join("\r\n"));
}

#[test]
fn what_python_would_change_or_not_read_back_is_refused() {
    let name = InvalidRecord::RepeatedName;
    assert_eq!(refused(r#"{"a": 1, "a": 1}"#), name);
    assert_eq!(refused(r#"{"x": [{"a": 1, "\u0061": 2}]}"#), name);
    assert_eq!(refused(r#"{"a": -1e309}"#), InvalidRecord::BeyondFloat { number: "-1e309".to_owned() });
    let digits = |count: usize| format!("{{\"a\": -{}}}", "7".repeat(count));
    assert_eq!(written(&digits(4_300)).len(), 4_308);
    assert_eq!(refused(&digits(4_301)), InvalidRecord::TooManyDigits { digits: 4_301 });
    let nested = |depth: usize| format!("{{\"a\": {}{}}}", "[".repeat(depth - 1), "]".repeat(depth - 1));
    written(&nested(500));
    assert_eq!(refused(&nested(501)), InvalidRecord::TooDeep);
}

#[test]
fn what_is_not_one_object_is_refused_with_its_place() {
    for (record, at) in [("", 0), ("[{}]", 0), ("{\"a\": 01}", 7), ("{\"a\": 1", 7), ("\u{feff}{}", 0)] {
        match refused(record) {
            InvalidRecord::Syntax(error) => assert_eq!(error.at(), at, "{record}"),
            other => panic!("{record}: {other}"),
        }
    }
    assert_eq!(refused("{} {}"), InvalidRecord::Trailing { at: 3 });
}

fn json() -> impl Strategy<Value = String> {
    let text = any::<String>().prop_map(|text| serde_json::to_string(&text).unwrap());
    let leaf = prop_oneof![
        text,
        // Of two equally short texts of a float, it is written as the one that Python takes.
        any::<f64>().prop_filter("JSON", |float| float.is_finite()).prop_map(shortest),
        any::<i64>().prop_map(|number| number.to_string()),
        Just("null".to_owned()),
    ];
    leaf.prop_recursive(3, 20, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(|values| format!("[{}]", values.join(","))),
            prop::collection::btree_map("[a-zé\"]{1,4}", inner, 0..4).prop_map(|members| {
                let members: Vec<String> = members
                    .into_iter()
                    .map(|(name, value)| format!("{}:{value}", serde_json::to_string(&name).unwrap()))
                    .collect();
                format!("{{{}}}", members.join(" ,"))
            }),
        ]
    })
}

proptest! {
    #[test]
    fn every_record_says_the_same_when_it_is_written_and_is_written_the_same_again(value in json()) {
        let record = format!("{{\"v\": {value}}}");
        let one_line = written(&record);
        prop_assert!(one_line.is_ascii());
        prop_assert!(same_value(&one_line, &record));
        let mut lines = String::new();
        write_record(&record, Spread::Lines { newline: "\n", indent: "\t" }, &mut lines).unwrap();
        prop_assert!(same_value(&lines, &record));
        prop_assert_eq!(written(&lines), one_line);
    }
}
