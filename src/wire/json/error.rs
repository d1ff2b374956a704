//! Why a text is not JSON.

use thiserror::Error;

/// Where and why a text is not JSON. Offsets count bytes from the start of the scanned text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ScanError {
    /// A byte that cannot stand there.
    #[error("expected {expected}, found {}", show(*found))]
    Unexpected {
        /// The offset of the byte.
        at: usize,
        /// What could have stood there.
        expected: &'static str,
        /// The byte.
        found: u8,
    },
    /// The text ends within a value: more of it could still make it whole.
    #[error("expected {expected}, but the text ends")]
    Incomplete {
        /// The length of the text.
        at: usize,
        /// What would have to follow.
        expected: &'static str,
    },
    /// A byte that is not UTF-8.
    #[error("expected UTF-8, found the byte 0x{found:02x}")]
    NotUtf8 {
        /// The offset of the first wrong byte.
        at: usize,
        /// That byte.
        found: u8,
    },
}

impl ScanError {
    /// The offset of the error.
    pub fn at(&self) -> usize {
        match *self {
            Self::Unexpected { at, .. } | Self::Incomplete { at, .. } | Self::NotUtf8 { at, .. } => at,
        }
    }
}

fn show(byte: u8) -> String {
    match byte {
        b' '..=b'~' => format!("`{}`", byte as char),
        _ => format!("the byte 0x{byte:02x}"),
    }
}

#[cold]
pub(super) fn unexpected(text: &[u8], at: usize, expected: &'static str) -> ScanError {
    match text.get(at) {
        Some(&found) => ScanError::Unexpected { at, expected, found },
        None => ScanError::Incomplete { at: text.len(), expected },
    }
}
