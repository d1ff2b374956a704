//! What stands in an array where a record was expected.

use crate::application::log_source::Reject;
use crate::wire::json::{ScanError, Token, Tokens};

use super::limits::LONGEST_RECORD;

/// Why no record could be scanned.
pub(super) enum NoRecord {
    Syntax(ScanError),
    TooLong,
    /// The object is whole, and something follows it that separates nothing.
    Followed {
        at: usize,
        by: u8,
    },
}

impl NoRecord {
    /// About how many bytes it took to see it.
    pub fn scanned(&self) -> usize {
        match self {
            Self::Syntax(error) => error.at(),
            Self::Followed { at, .. } => *at,
            Self::TooLong => LONGEST_RECORD,
        }
    }
}

/// What a byte is that cannot stand where it stands.
pub(super) fn unexpected(at: usize, expected: &'static str, found: u8) -> Reject {
    Reject::Record(ScanError::Unexpected { at, expected, found }.into())
}

/// The length of the whole value, of any kind, that `text` begins with.
pub(super) fn whole_value(text: &[u8]) -> Result<usize, ScanError> {
    let mut tokens = Tokens::new(text, 0);
    while let Some(token) = tokens.next_token()? {
        if token == Token::ObjectStart && tokens.depth() == 1 {
            // An object is a record, and was found to be broken before.
            return Err(ScanError::Unexpected { at: 0, expected: "another value", found: b'{' });
        }
    }
    Ok(tokens.offset())
}
