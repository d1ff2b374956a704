//! The canonical form read back by its documented table, against the value that it stands for: a
//! form from which the value can be told apart from every other one is injective.

use serde_json::{Number, Value};

/// Panics unless `form` is the canonical form of `value`, whose objects have no name twice.
pub fn assert_says(form: &[u8], value: &Value) {
    let rest = read(form, value);
    assert!(rest.is_empty(), "{} bytes after the form of {value}", rest.len());
}

/// Gives what follows the form of `value`.
fn read<'f>(form: &'f [u8], value: &Value) -> &'f [u8] {
    match value {
        Value::Null => literal(form, b"n"),
        Value::Bool(value) => literal(form, if *value { b"t" } else { b"f" }),
        Value::Number(number) => {
            let (tag, text, rest) = tagged(form);
            assert_number(tag, text, number);
            rest
        }
        Value::String(text) => {
            let (tag, written, rest) = tagged(form);
            assert_eq!((tag, written), (b's', text.as_bytes()));
            rest
        }
        Value::Array(values) => {
            let rest = values.iter().fold(literal(form, b"["), |rest, value| read(rest, value));
            literal(rest, b"]")
        }
        Value::Object(map) => {
            let mut members: Vec<_> = map.iter().collect();
            members.sort_unstable_by_key(|(name, _)| name.as_bytes());
            let rest = members.into_iter().fold(literal(form, b"{"), |rest, (name, value)| {
                let (tag, written, rest) = tagged(rest);
                assert_eq!((tag, written), (b's', name.as_bytes()));
                read(rest, value)
            });
            literal(rest, b"}")
        }
    }
}

fn literal<'f>(form: &'f [u8], literal: &[u8]) -> &'f [u8] {
    form.strip_prefix(literal).unwrap_or_else(|| panic!("expected {literal:?}, found {form:?}"))
}

/// The tag, the bytes after it, and what follows them.
fn tagged(form: &[u8]) -> (u8, &[u8], &[u8]) {
    let colon = form.iter().position(|&byte| byte == b':').expect("a length ends with a colon");
    let length = std::str::from_utf8(&form[1..colon]).expect("a length is ASCII");
    let length: usize = length.parse().expect("a length is a number");
    let (text, rest) = form[colon + 1..].split_at(length);
    (form[0], text, rest)
}

fn assert_number(tag: u8, text: &[u8], number: &Number) {
    let text = std::str::from_utf8(text).expect("a number is ASCII");
    if tag == b'D' {
        // Its exponent has more than 30 digits; were it positive, no float would have held it.
        assert_eq!(number.as_f64(), Some(0.0), "{text}");
        return;
    }
    assert_eq!(tag, b'd', "{text}");
    // Both are the float nearest to the exact decimal.
    assert_eq!(text.parse().ok(), number.as_f64(), "{text} for {number}");
    let (digits, exponent) = text.split_once('e').unwrap_or((text, "0"));
    assert_shortest(digits, exponent);
    if number.is_i64() || number.is_u64() {
        let zeros = exponent.parse().expect("an integer has no negative exponent");
        assert_eq!(format!("{digits}{}", "0".repeat(zeros)), number.to_string());
    }
}

/// Panics where the same decimal could be written in another way.
fn assert_shortest(digits: &str, exponent: &str) {
    if digits != "0" {
        let unsigned = digits.strip_prefix('-').unwrap_or(digits);
        assert!(!unsigned.starts_with('0') && !unsigned.ends_with('0'), "{digits}");
        assert!(unsigned.bytes().all(|byte| byte.is_ascii_digit()), "{digits}");
    }
    let exponent_value: i128 = exponent.parse().expect("an exponent is an integer");
    assert_eq!(exponent_value.to_string(), exponent);
}
