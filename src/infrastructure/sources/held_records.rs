//! Objects that are no events, and hold events: how, and how they are taken out.

use crate::wire::json::{Token, Tokens};
use crate::wire::record::RecordReader;

use super::found_record::RecordNames;
use super::unsupported_input::UnsupportedInput;

/// What the object at `start`, which is no event, holds at its top: an array that begins with one, one as an object or
/// as text, or several under names of their own. `None` where it has one of the names of an event before that.
pub(super) fn held_by(
    text: &[u8],
    start: usize,
    names: &RecordNames,
    reader: &mut RecordReader<'_>,
) -> Option<UnsupportedInput> {
    let mut is_event = |text: &[u8], from: usize| match reader.extent(text, from) {
        Ok(object) => reader.is_event(text, object),
        Err(_) => false,
    };
    let mut tokens = Tokens::new(text, start);
    let mut key = String::new();
    let mut found: Option<UnsupportedInput> = None;
    while let Ok(Some(token)) = tokens.next_token() {
        match token {
            Token::Key(name) if tokens.depth() == 1 => {
                key = name.decode(text)?.into_owned();
                if names.have(&key) {
                    return None;
                }
            }
            Token::ArrayStart if tokens.depth() == 2 && is_event(text, tokens.offset()) => {
                return Some(UnsupportedInput::Holders { key });
            }
            Token::ObjectStart if tokens.depth() == 2 && is_event(text, tokens.offset() - 1) => {
                if let Some(UnsupportedInput::HeldAsObjects { key: first }) = found {
                    return Some(UnsupportedInput::HeldByName { key: first });
                }
                found = found.or(Some(UnsupportedInput::HeldAsObjects { key: key.clone() }));
            }
            Token::String(held) if tokens.depth() == 1 => {
                let held = held.decode(text)?;
                if held.starts_with('{') && is_event(held.as_bytes(), 0) {
                    found = found.or(Some(UnsupportedInput::HeldAsText { key: key.clone() }));
                }
            }
            _ => {}
        }
    }
    found
}
