//! What in the contents of two events is evidence that they are one event.
//!
//! A value says something unless it is `null`, an empty text, or a container of nothing but such values.
//! A list says what it says as a whole. Two values nearly agree where they look the same and are not (`é` in
//! two Unicode forms, the last digit of a float, one instant), or where a longer text goes on after a shorter one.
//!
//! How many other events say the same is not looked at: a value that every event has is evidence like any
//! other, unless the profile names its field.

use std::cmp::Ordering;

use crate::application::compare::outcome::field_diff::leaf_cause;
use crate::application::compare::reading::canonical_values::{LEVELS, members, payload, value_end};
use crate::application::compare::report::Cause;
use crate::wire::zone::Zone;

use super::repeated_times::Near;

/// A text of so many bytes is no accident at the beginning of another one.
const TELLING: usize = 12;

/// Whether a canonical value says something.
pub(crate) fn says_something(value: &[u8]) -> bool {
    // Of each open container: whether the name of a member comes next.
    let mut name_is_next: Vec<bool> = Vec::new();
    let mut in_object: Vec<bool> = Vec::new();
    let mut at = 0;
    while let Some(&tag) = value.get(at) {
        if matches!(tag, b'}' | b']') {
            name_is_next.pop();
            in_object.pop();
            at += 1;
            continue;
        }
        let is_name = name_is_next.last() == Some(&true);
        if let (Some(next), Some(&is_member)) = (name_is_next.last_mut(), in_object.last()) {
            *next = is_member && !is_name;
        }
        if matches!(tag, b'{' | b'[') {
            name_is_next.push(tag == b'{');
            in_object.push(tag == b'{');
            at += 1;
            continue;
        }
        let end = value_end(value, at);
        if !is_name && !matches!(&value[at..end], b"n" | b"s0:") {
            return true;
        }
        at = end;
    }
    false
}

/// Whether two canonical objects agree, or nearly, in a field that says something, however deep. Times without an
/// offset are those of `zone`.
pub(crate) fn agree_in_a_field(one: &[u8], other: &[u8], zone: &Zone, near: Near) -> bool {
    let mut open = vec![(1, one, other)];
    while let Some((level, one, other)) = open.pop() {
        let (mut left, mut right) = (members(one).peekable(), members(other).peekable());
        while let (Some((name, value)), Some((other_name, other_value))) = (left.peek(), right.peek()) {
            match name.cmp(other_name) {
                Ordering::Less => drop(left.next()),
                Ordering::Greater => drop(right.next()),
                Ordering::Equal => {
                    let are_objects = [value, other_value].map(|value| value.first()) == [Some(&b'{'); 2];
                    if value == other_value && says_something(value)
                        || nearly_agree(value, other_value, zone, near)
                    {
                        return true;
                    }
                    if value != other_value && are_objects && level < LEVELS {
                        open.push((level + 1, value, other_value));
                    }
                    left.next();
                    right.next();
                }
            }
        }
    }
    false
}

/// Whether two scalars that differ nearly agree.
fn nearly_agree(one: &[u8], other: &[u8], zone: &Zone, near: Near) -> bool {
    let are_texts = [one, other].map(|value| value.first()) == [Some(&b's'); 2];
    let (short, long) = if one.len() <= other.len() { (one, other) } else { (other, one) };
    let goes_on = || payload(short).len() >= TELLING && payload(long).starts_with(payload(short));
    one != other && (are_texts && goes_on() || leaf_cause(one, other, zone, near) != Some(Cause::Real))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::json::canonical_form;

    fn form(text: &str) -> Vec<u8> {
        canonical_form(text.as_bytes()).unwrap()
    }

    #[test]
    fn nulls_empty_texts_and_containers_of_nothing_else_say_nothing() {
        for text in [
            "{}",
            "[]",
            "null",
            r#""""#,
            r#"{"metadata": {}}"#,
            r#"{"a": null, "b": "", "c": [], "d": {"e": [null, [""], {"f": {}}]}, "g": ""}"#,
        ] {
            assert!(!says_something(&form(text)), "{text}");
        }
        for text in [
            r#"{"a": 0}"#,
            r#"{"a": false}"#,
            r#"{"a": " "}"#,
            r#"{"a": {"b": {}, "c": [null, {"d": ["x"]}]}}"#,
            r#"{"": true}"#,
            r#"["a"]"#,
            r#"{"a": {}, "b": NaN}"#,
            r#"{"a": {"b": null}, "c": "x"}"#,
        ] {
            assert!(says_something(&form(text)), "{text}");
        }
        let deep = "[".repeat(100_000) + &"]".repeat(100_000);
        assert!(!says_something(&form(&deep)));
    }

    #[test]
    fn contents_agree_where_one_field_says_the_same_at_the_same_place() {
        for (one, other) in [
            (r#"{"a": 1, "b": 2}"#, r#"{"b": 2.0, "c": 1}"#),
            (r#"{"a": {"b": 1, "c": {"d": "x"}}}"#, r#"{"a": {"b": 2, "c": {"d": "x", "e": 1}}}"#),
            (r#"{"a": [1, 2]}"#, r#"{"a": [1, 2], "b": 1}"#),
            (r#"{"aa": 1, "b": false, "bb": 3}"#, r#"{"a": 1, "b": false}"#),
            (r#"{"a": 1, "a": 2}"#, r#"{"a": 3, "a": 2}"#),
            (r#"{"a": "a long title"}"#, r#"{"a": "a long title (copy)"}"#),
            (r#"{"a": "é"}"#, "{\"a\": \"e\u{301}\"}"),
            (r#"{"a": 9007199254740993}"#, r#"{"a": 9007199254740992}"#),
            (r#"{"a": "2025-10-20T10:00:00"}"#, r#"{"a": "2025-10-20 10:00:00Z"}"#),
        ] {
            assert!(agree_in_a_field(&form(one), &form(other), &Zone::utc(), [0, 0]), "{one} {other}");
            assert!(agree_in_a_field(&form(other), &form(one), &Zone::utc(), [0, 0]), "{one} {other}");
        }
    }

    #[test]
    fn contents_do_not_agree_in_what_says_nothing_nor_in_a_part_of_a_list_nor_at_another_place() {
        for (one, other) in [
            ("{}", "{}"),
            (r#"{"a": 1}"#, r#"{"a": 2}"#),
            (r#"{"a": 1}"#, r#"{"b": 1}"#),
            (r#"{"a": "x"}"#, r#"{"a": {"a": "x"}}"#),
            (r#"{"changes": {"title": "x"}}"#, r#"{"changes": {"status": "x"}}"#),
            (
                r#"{"a": null, "b": "", "c": {}, "d": [null], "e": 1}"#,
                r#"{"a": null, "b": "", "c": {}, "d": [null]}"#,
            ),
            (
                r#"{"patch": [{"op": "replace", "path": "/a"}]}"#,
                r#"{"patch": [{"op": "replace", "path": "/b"}]}"#,
            ),
            (r#"{"a": [1]}"#, r#"{"a": [1, 2]}"#),
            (r#"{"a": "title 1"}"#, r#"{"a": "title 10"}"#),
            (r#"{"a": ""}"#, r#"{"a": "a long title"}"#),
            (r#"{"a": 1}"#, r#"{"a": "1"}"#),
        ] {
            assert!(!agree_in_a_field(&form(one), &form(other), &Zone::utc(), [0, 0]), "{one} {other}");
            assert!(!agree_in_a_field(&form(other), &form(one), &Zone::utc(), [0, 0]), "{one} {other}");
        }
    }
}
