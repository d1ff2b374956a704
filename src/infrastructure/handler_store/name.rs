//! Names of handlers, which are parts of the names of their lock files.

use thiserror::Error;

/// As long as a part of the name of a file can be everywhere, beside the name of the database and the ending.
const MOST_LETTERS: usize = 64;

/// A text that cannot be the name of a handler.
#[derive(Debug, Error)]
#[error("{name:?} cannot be the name of a handler: expected 1 to {MOST_LETTERS} of a-z, 0-9 and _")]
pub(super) struct InvalidName {
    name: String,
}

pub(super) fn ensure_valid(name: &str) -> Result<(), InvalidName> {
    let is_plain = |letter: u8| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == b'_';
    if (1..=MOST_LETTERS).contains(&name.len()) && name.bytes().all(is_plain) {
        Ok(())
    } else {
        Err(InvalidName { name: name.to_owned() })
    }
}
