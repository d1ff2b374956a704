//! What stands in an array where a record was expected.

use crate::application::log_source::Reject;
use crate::wire::json::{ScanError, Token, Tokens};

/// What RFC 7464 has before each JSON text: layout before a record of a log of lines.
pub(super) const RECORD_SEPARATOR: u8 = 0x1E;

/// What a byte is that cannot stand where it stands.
pub(super) fn unexpected(at: usize, expected: &'static str, found: u8) -> Reject {
    Reject::Record(ScanError::Unexpected { at, expected, found }.into())
}

/// The length of the whole value, other than an object or array, that `text` begins with.
pub(super) fn whole_scalar(text: &[u8]) -> Result<usize, ScanError> {
    let mut tokens = Tokens::new(text, 0);
    match tokens.next_token()? {
        Some(Token::ObjectStart | Token::ArrayStart) | None => {
            Err(ScanError::Unexpected { at: 0, expected: "another value", found: text[0] })
        }
        Some(_) => Ok(tokens.offset()),
    }
}
