//! The fields of an event as they were written, read without demands.

use std::borrow::Cow;

use super::event::DomainEvent;
use crate::wire::json::{Member, MemberValue, ObjectScanner, Span, Text, Token, Tokens};

/// The fields of a JSON object, whatever they hold. Of a name that stands twice, the last one counts, as it does
/// for Python.
///
/// Reading never fails: a log holds what it holds, and a field that is not what was expected is read as far as it goes.
///
/// # Examples
/// ```
/// use mission_events::RecordedFields;
///
/// let fields = RecordedFields::of_json(r#"{"title": "Report", "estimate": 2.50, "linked_to": {"goal_id": 7}}"#);
/// assert_eq!(fields.text("title").as_deref(), Some("Report"));
/// assert_eq!(fields.text("estimate").as_deref(), Some("2.50"));
/// assert_eq!(fields.object("linked_to").and_then(|links| links.text("goal_id")).as_deref(), Some("7"));
/// assert_eq!(fields.json("linked_to"), Some(r#"{"goal_id": 7}"#));
/// ```
#[derive(Debug, Clone)]
pub struct RecordedFields<'e> {
    json: &'e str,
    members: Vec<Member>,
}

impl<'e> RecordedFields<'e> {
    /// The fields of an event.
    pub fn of(event: &'e DomainEvent) -> Self {
        Self::of_json(event.body())
    }

    /// The fields of a JSON object; none where the text is not one.
    pub fn of_json(json: &'e str) -> Self {
        let mut scanner = ObjectScanner::new();
        let is_object = scanner.scan(json.as_bytes(), 0).is_ok();
        Self { json, members: if is_object { scanner.members().to_vec() } else { Vec::new() } }
    }

    /// What a field says: a text as it reads, a number or boolean as it is spelled. `None` where there is no such
    /// field, or `null`, an array or an object in it. Half of a surrogate pair, which is no text, reads as `U+FFFD`.
    pub fn text(&self, name: &str) -> Option<Cow<'e, str>> {
        match self.value(name)? {
            MemberValue::String(text) => Some(decoded(self.json, text)),
            MemberValue::Null | MemberValue::Array(_) | MemberValue::Object(_) => None,
            other => json_of(self.json, other).map(Cow::Borrowed),
        }
    }

    /// The JSON text of a field's value. `None` where there is no such field, or `null` in it.
    pub fn json(&self, name: &str) -> Option<&'e str> {
        json_of(self.json, self.value(name)?).filter(|json| *json != "null")
    }

    /// The fields of the object in a field. `None` where there is no such field, or something else in it.
    pub fn object(&self, name: &str) -> Option<RecordedFields<'e>> {
        match self.value(name)? {
            MemberValue::Object(span) => self.json.get(span.start..span.end).map(RecordedFields::of_json),
            _ => None,
        }
    }

    /// The elements of the array in a field. `None` where there is no such field, or something else in it.
    pub fn elements(&self, name: &str) -> Option<Vec<RecordedElement<'e>>> {
        match self.value(name)? {
            MemberValue::Array(span) => self.json.get(span.start..span.end).map(elements),
            _ => None,
        }
    }

    /// The fields in the order of the text, each with the JSON text of its value.
    pub fn iter(&self) -> impl Iterator<Item = (Cow<'e, str>, &'e str)> {
        self.members
            .iter()
            .filter_map(|member| Some((decoded(self.json, member.key), json_of(self.json, member.value)?)))
    }

    /// The offset of a field's value in the JSON text, in bytes. `None` where there is no such field.
    pub(super) fn offset(&self, name: &str) -> Option<usize> {
        let key = self.member(name)?.key.span;
        let after = self.json.get(key.end + 1..)?;
        let between = after.find(|next: char| next != ':' && !next.is_ascii_whitespace())?;
        Some(key.end + 1 + between)
    }

    fn value(&self, name: &str) -> Option<MemberValue> {
        self.member(name).map(|member| member.value)
    }

    fn member(&self, name: &str) -> Option<Member> {
        let json = self.json.as_bytes();
        self.members.iter().rev().find(|member| member.key.says(name, json)).copied()
    }
}

/// An element of an array.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecordedElement<'e> {
    /// A text, as it reads.
    Text(Cow<'e, str>),
    /// The JSON text of anything else.
    Json(&'e str),
}

/// The elements of the array that `json` is.
fn elements(json: &str) -> Vec<RecordedElement<'_>> {
    let mut tokens = Tokens::new(json.as_bytes(), 0);
    let mut found = Vec::new();
    let mut container_start = 0;
    while let Ok(Some(token)) = tokens.next_token() {
        let end = tokens.offset();
        let element = match (token, tokens.depth()) {
            (Token::ObjectStart | Token::ArrayStart, 2) => {
                container_start = end - 1;
                continue;
            }
            (Token::ObjectEnd | Token::ArrayEnd, 1) => json.get(container_start..end),
            (Token::String(text), 1) => {
                found.push(RecordedElement::Text(decoded(json, text)));
                continue;
            }
            (Token::Number(span) | Token::NonFinite(span), 1) => json.get(span.start..span.end),
            (Token::True, 1) => Some("true"),
            (Token::False, 1) => Some("false"),
            (Token::Null, 1) => Some("null"),
            _ => continue,
        };
        found.extend(element.map(RecordedElement::Json));
    }
    found
}

fn decoded<'e>(json: &'e str, text: Text) -> Cow<'e, str> {
    text.decode(json.as_bytes()).unwrap_or_else(|| {
        let mut bytes = Vec::new();
        text.decode_into(json.as_bytes(), &mut bytes);
        let mut decoded = String::new();
        for chunk in bytes.utf8_chunks() {
            decoded.push_str(chunk.valid());
            // Of the three bytes of a lone surrogate, which are not UTF-8 one by one, this is the first.
            if chunk.invalid().first() == Some(&0xED) {
                decoded.push(char::REPLACEMENT_CHARACTER);
            }
        }
        Cow::Owned(decoded)
    })
}

fn json_of(json: &str, value: MemberValue) -> Option<&str> {
    let Span { start, end } = match value {
        MemberValue::Null => return Some("null"),
        MemberValue::Boolean(value) => return Some(if value { "true" } else { "false" }),
        MemberValue::String(text) => return json.get(text.span.start - 1..text.span.end + 1),
        MemberValue::Number(span)
        | MemberValue::NonFinite(span)
        | MemberValue::Array(span)
        | MemberValue::Object(span) => span,
    };
    json.get(start..end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_whatever_they_hold() {
        let fields = RecordedFields::of_json(
            r#"{"a": "x\u00e9", "b": 1e3, "c": NaN, "d": true, "e": null, "f": [1], "g": {"h": "i"}, "j": "\ud800!"}"#,
        );
        let texts = ["a", "b", "c", "d", "e", "f", "g", "j", "k"].map(|name| fields.text(name));
        let texts: Vec<Option<&str>> = texts.iter().map(Option::as_deref).collect();
        let expected =
            [Some("xé"), Some("1e3"), Some("NaN"), Some("true"), None, None, None, Some("\u{FFFD}!"), None];
        assert_eq!(texts, expected);
        assert_eq!(fields.json("a"), Some(r#""x\u00e9""#));
        assert_eq!((fields.json("e"), fields.json("f")), (None, Some("[1]")));
        assert_eq!(fields.object("g").unwrap().text("h").as_deref(), Some("i"));
        assert!(fields.object("f").is_none() && fields.object("k").is_none());
        assert_eq!(fields.iter().nth(4), Some((Cow::Borrowed("e"), "null")));
    }

    #[test]
    fn the_last_of_a_repeated_name_counts_however_it_is_written() {
        assert_eq!(RecordedFields::of_json(r#"{"a": 1, "\u0061": 2}"#).text("a").as_deref(), Some("2"));
    }

    #[test]
    fn elements_are_texts_or_json() {
        let fields = RecordedFields::of_json(r#"{"l": ["a\n", 1, null, {"b": [2]}, [[]], false], "e": []}"#);
        let json = RecordedElement::Json;
        let text = RecordedElement::Text(Cow::Borrowed("a\n"));
        let expected =
            vec![text, json("1"), json("null"), json(r#"{"b": [2]}"#), json("[[]]"), json("false")];
        assert_eq!(fields.elements("l"), Some(expected));
        assert_eq!(fields.elements("e"), Some(vec![]));
        assert_eq!(fields.elements("x"), None);
    }

    #[test]
    fn what_is_no_object_has_no_fields() {
        for text in ["", "7", "[]", "{", r#"{"a": }"#] {
            assert_eq!(RecordedFields::of_json(text).iter().count(), 0, "{text}");
        }
    }
}
