//! The text of a record: its scalar values, and how they are spelled.

use xxhash_rust::xxh3::xxh3_64;

use crate::wire::json::{MemberValue, ScanError, Span, Text, Token, Tokens};

/// The scalar values of a record of unknown layout, and the spelling of the names that are escaped.
pub(crate) fn scalars(text: &[u8]) -> Result<(Vec<MemberValue>, u64), ScanError> {
    let mut scalars = Vec::new();
    let mut lexical_fingerprint = 0_u64;
    let mut tokens = Tokens::new(text, 0);
    while let Some(token) = tokens.next_token()? {
        scalars.push(match token {
            Token::String(value) => MemberValue::String(value),
            Token::Number(span) => MemberValue::Number(span),
            Token::NonFinite(span) => MemberValue::NonFinite(span),
            Token::True => MemberValue::Boolean(true),
            Token::False => MemberValue::Boolean(false),
            Token::Null => MemberValue::Null,
            Token::Key(name) if name.escaped => {
                lexical_fingerprint = lexical_fingerprint.wrapping_add(xxh3_64(name.span.of(text)));
                continue;
            }
            _ => continue,
        });
    }
    Ok((scalars, lexical_fingerprint))
}

/// A record's text, and where it began in the text that the spans of its members are of.
#[derive(Clone, Copy)]
pub(crate) struct Body<'t> {
    pub text: &'t [u8],
    pub start: usize,
}

impl<'t> Body<'t> {
    pub(crate) fn of(self, span: Span) -> &'t [u8] {
        span.moved_back(self.start).of(self.text)
    }

    pub(crate) fn name(self, key: Text) -> Vec<u8> {
        let mut name = Vec::new();
        key.moved_back(self.start).decode_into(self.text, &mut name);
        name
    }
}

pub(crate) fn is_text(value: MemberValue, body: Body<'_>, text: Option<&str>) -> bool {
    match (value, text) {
        (MemberValue::String(value), Some(text)) if !value.escaped => body.of(value.span) == text.as_bytes(),
        (MemberValue::String(value), Some(text)) => {
            value.moved_back(body.start).decode(body.text).is_some_and(|value| value == text)
        }
        _ => false,
    }
}

/// Zero for a plain spelling: no escape in a string, digits alone in a number. Otherwise a hash of it;
/// those of a record are added up, which does not depend on the order of members.
pub(crate) fn lexical_fingerprint(value: MemberValue, body: Body<'_>) -> u64 {
    match value {
        MemberValue::String(text) if text.escaped => xxh3_64(body.of(text.span)),
        MemberValue::Number(span) => number_spelling(body.of(span)),
        _ => 0,
    }
}

fn number_spelling(token: &[u8]) -> u64 {
    let is_plain = token.iter().all(u8::is_ascii_digit)
        || (token.len() > 1 && token[1..].iter().all(u8::is_ascii_digit) && token != b"-0");
    if is_plain { 0 } else { xxh3_64(token) }
}

pub(crate) fn count_scalars(text: &[u8]) -> Result<usize, ScanError> {
    scalars(text).map(|(scalars, _)| scalars.len())
}

/// The numbers of the scalar values at a path within a container, counted in the order of the text. A list on the way,
/// or at the end, stands for all of its elements.
pub(crate) fn scalars_at(container: &[u8], path: &[String]) -> Vec<usize> {
    let mut tokens = Tokens::new(container, 0);
    let (mut found, mut scalars) = (Vec::new(), 0);
    // Of each open container, how many names of the path lead to its values, if they do, and whether they have names.
    let mut open: Vec<(Option<usize>, bool)> = Vec::new();
    let mut named = None;
    while let Ok(Some(token)) = tokens.next_token() {
        let leads = match open.last() {
            Some((_, true)) => named,
            Some((of_list, false)) => *of_list,
            None => Some(0),
        };
        match token {
            Token::Key(name) => {
                let mut decoded = Vec::new();
                name.decode_into(container, &mut decoded);
                let known = open.last().and_then(|(known, _)| *known);
                named = known.filter(|known| path.get(*known).is_some_and(|name| name.as_bytes() == decoded));
                named = named.map(|known| known + 1);
            }
            Token::ObjectStart => open.push((leads, true)),
            Token::ArrayStart => open.push((leads, false)),
            Token::ObjectEnd | Token::ArrayEnd => drop(open.pop()),
            _ => {
                found.extend((leads == Some(path.len())).then_some(scalars));
                scalars += 1;
            }
        }
    }
    found
}

/// The number of the scalar value at a path within an object, counted in the order of the text.
pub(crate) fn scalar_at(object: &[u8], path: &[String]) -> Option<usize> {
    let mut tokens = Tokens::new(object, 0);
    let mut scalars = 0;
    // Of each open container, whether the path leads through it; and whether it leads on to the next value.
    let mut leads_through = Vec::new();
    let mut leads_on = true;
    while let Ok(Some(token)) = tokens.next_token() {
        match token {
            Token::Key(name) => {
                let mut decoded = Vec::new();
                name.decode_into(object, &mut decoded);
                let wanted = path.get(leads_through.len() - 1);
                leads_on = leads_through.last() == Some(&true)
                    && wanted.is_some_and(|wanted| wanted.as_bytes() == decoded);
            }
            Token::ObjectStart => leads_through.push(std::mem::take(&mut leads_on)),
            Token::ArrayStart => {
                leads_through.push(false);
                leads_on = false;
            }
            Token::ObjectEnd | Token::ArrayEnd => {
                leads_through.pop();
            }
            _ if std::mem::take(&mut leads_on) && leads_through.len() == path.len() => return Some(scalars),
            _ => scalars += 1,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scalars_at_a_path_are_those_of_every_list_on_the_way() {
        let text = br#"{"a": 1, "b": {"at": 2, "a": 3}, "c": [{"at": 4}, {"b": {"at": 5}}, [{"at": 6}]], "at": [7, [8], {"at": 9}]}"#;
        for (path, expected) in [
            (&["a"][..], &[0][..]),
            (&["b", "at"], &[1]),
            (&["c", "at"], &[3, 5]),
            (&["at"], &[6, 7]),
            (&["at", "at"], &[8]),
            (&["b"], &[]),
            (&["b", "at", "at"], &[]),
            (&["none"], &[]),
        ] {
            let path: Vec<String> = path.iter().map(|name| (*name).to_owned()).collect();
            assert_eq!(scalars_at(text, &path), expected, "{path:?}");
        }
        assert_eq!(scalars_at(b"[1, {}, [2]]", &[]), [0, 1]);
    }
}
