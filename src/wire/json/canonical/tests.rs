use super::*;
use crate::wire::json::ObjectScanner;
use proptest::prelude::*;

fn form(text: &str) -> String {
    String::from_utf8(canonical_form(text.as_bytes()).unwrap()).unwrap()
}

#[test]
fn the_form_is_frozen() {
    assert_eq!(
        form(r#"{"b": [1.50, -0, null, true, false, NaN], "a": "é\n", "c": {}}"#),
        "{s1:as3:é\ns1:b[d5:15e-1d1:0ntfx3:NaN]s1:c{}}"
    );
}

#[test]
fn a_length_has_as_many_digits_as_it_needs() {
    for (length, written) in [(0, "0"), (9, "9"), (10, "10"), (99, "99"), (100, "100"), (12_345, "12345")] {
        let text = "x".repeat(length);
        assert_eq!(form(&format!("[\"{text}\"]")), format!("[s{written}:{text}]"));
        let escaped = format!("[\"{text}\\n\"]");
        assert_eq!(form(&escaped), format!("[s{}:{text}\n]", length + 1));
    }
}

#[test]
fn the_pieces_of_a_form_are_those_of_every_value_of_the_same_layout() {
    let pieces = |text: &str| Canonicalizer::default().pieces(text.as_bytes(), &[]).unwrap();
    let text = |text: &str| FormPiece::Text(text.as_bytes().to_vec());
    let expected = [
        text("{s1:a["),
        FormPiece::Scalar(1),
        text(""),
        FormPiece::Scalar(2),
        text("{}]s1:b"),
        FormPiece::Scalar(0),
        text("}"),
    ];
    assert_eq!(pieces(r#"{"b": 1, "a": [null, "x", {}]}"#), expected);
    assert_eq!(pieces(r#"{"b": "y", "a": [-1.50, NaN, {}]}"#), expected);
}

#[test]
fn what_is_hidden_is_left_out_with_the_objects_that_hold_nothing_else() {
    let form = |text: &str, hidden: &[usize]| -> String {
        let pieces = Canonicalizer::default().pieces(text.as_bytes(), hidden).unwrap();
        let show = |piece: FormPiece| match piece {
            FormPiece::Text(text) => String::from_utf8(text).unwrap(),
            FormPiece::Scalar(number) => format!("<{number}>"),
        };
        pieces.into_iter().map(show).collect()
    };
    let text = r#"{"a": {"b": {"c": 1}}, "d": [2], "e": {}, "f": 3}"#;
    assert_eq!(form(text, &[0]), "{s1:d[<1>]s1:e{}s1:f<2>}");
    assert_eq!(form(text, &[0, 2]), "{s1:d[<1>]s1:e{}}");
    assert_eq!(form(r#"{"a": {"b": 1}}"#, &[0]), "");
}

#[test]
fn what_says_the_same_has_the_same_form() {
    for (one, other) in [
        (r#"{"a":1,"b":2}"#, r#"{ "b" : 2, "a" : 1 }"#),
        ("1", "1.0"),
        ("100", "1e2"),
        ("0.00120", "12e-4"),
        ("-0.0", "0"),
        ("0e99999999999999999999999999999999999999999", "0"),
        ("1E+2", "1e2"),
        ("12300e-000000000000000000000000000000000000002", "123"),
        (r#""\u00e9\/""#, r#""é/""#),
        (r#""\ud83d\ude00""#, r#""😀""#),
        (r#"{"\u0061":1,"b":2}"#, r#"{"b":2,"a":1}"#),
    ] {
        assert_eq!(form(one), form(other), "{one} and {other}");
    }
}

#[test]
fn what_differs_has_another_form() {
    let values = [
        "null",
        "true",
        "false",
        "\"\"",
        "0",
        "1",
        "-1",
        "10",
        "0.1",
        "{}",
        "[]",
        "[[]]",
        "[null]",
        "NaN",
        "Infinity",
        "-Infinity",
        "\"NaN\"",
        "\"null\"",
        "9007199254740992",
        "9007199254740993",
        "0.1000000000000000055",
        "1e400",
        "1e401",
        "1e1000000000000000000000000000000000",
        "1e1000000000000000000000000000000001",
        "\"é\"",
        "\"e\u{301}\"",
        r#"{"a":null}"#,
        r#"{"a":""}"#,
        r#"{"a":1,"a":2}"#,
        r#"{"a":2,"a":1}"#,
        r#"{"a":2}"#,
        r#"["a","b"]"#,
        r#"["as1:b"]"#,
        r#"{"a":{"b":1}}"#,
        r#"{"a":{},"b":1}"#,
        "[1,[2]]",
        "[[1],2]",
        "\"\\u0000\"",
    ];
    for (i, one) in values.iter().enumerate() {
        for other in &values[..i] {
            assert_ne!(form(one), form(other), "{one} and {other}");
        }
    }
    let lone = |text: &str| canonical_form(text.as_bytes()).unwrap();
    assert_ne!(lone(r#""\ud800""#), lone(r#""\udc00""#));
    assert_ne!(lone(r#""\ud800""#), lone(r#""\ufffd""#));
}

#[test]
fn texts_are_the_same_value_whatever_their_spelling() {
    assert!(same_value(r#"{"a": 1, "b": 2}"#, r#"{"b":2.0,"a":1}"#));
    assert!(!same_value(r#"{"a": 1}"#, r#"{"a": "1"}"#));
    assert!(!same_value("{", "["), "two broken texts are not each other");
}

#[test]
fn an_object_that_was_scanned_has_the_form_of_its_text() {
    let mut canonicalizer = Canonicalizer::default();
    let mut scanner = ObjectScanner::new();
    for text in [
        "{}",
        r#"{"b": [1.50, {"z": 1, "y": [NaN]}], "a": "\u00e9\n", "c": {}, "d": -0.0}"#,
        r#"{"b": null, "ab": true, "a": false, "B": -Infinity, "é": "é", "": []}"#,
        r#"{"a": 2, "b": 1, "a": 1}"#,
        r#"{"b": 1, "\u0061": 2}"#,
        r#"{"z": "\ud800", "y": 1e999999999999999999999999999999999}"#,
    ] {
        let padded = format!(" \n{text}");
        let found = scanner.scan(padded.as_bytes(), 0).unwrap();
        let start = found.span.start;
        let form = canonicalizer.object_form(text.as_bytes(), scanner.members(), start).unwrap();
        assert_eq!(form, canonical_form(text.as_bytes()).unwrap(), "{text}");
    }
}

#[test]
fn a_million_levels_cost_no_stack() {
    let deep = "{\"a\":[".repeat(500_000) + &"]}".repeat(500_000);
    assert_eq!(form(&deep).len(), deep.len());
}

proptest! {
    #[test]
    fn a_number_has_the_form_of_its_exact_value(digits in "[1-9][0-9]{0,20}", shift in -30_i32..30, zeros in 0_usize..5) {
        // The same value written with the point moved and the exponent adjusted.
        let plain = format!("{digits}e{shift}");
        let padded = format!("{digits}{}e{}", "0".repeat(zeros), shift - zeros as i32);
        let pointed = format!("{}.{}{}E{:+}", &digits[..1], &digits[1..], "0".repeat(zeros + 1),
            shift + digits.len() as i32 - 1);
        prop_assert_eq!(form(&plain), form(&padded));
        prop_assert_eq!(form(&plain), form(&pointed));
        prop_assert_ne!(form(&plain), form(&format!("{digits}1e{}", shift - 1)));
    }
}
