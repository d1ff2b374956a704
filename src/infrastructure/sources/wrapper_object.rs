//! The object that holds a log's array under one of its names: `{"Records": [...]}`.

use crate::application::log_source::SourceError;
use crate::wire::json::{ScanError, Text, Token, Tokens};
use crate::wire::record::RecordError;

use super::limits::LONGEST_RECORD;
use super::unsupported_input::UnsupportedInput;
use super::window::{ByteWindow, UTF_8_BOM};

pub(super) struct WrapperObject {
    key: String,
}

impl WrapperObject {
    pub fn new(key: &str) -> Self {
        Self { key: key.to_owned() }
    }

    /// Where in the window the array begins, which stands at the beginning of the log.
    pub fn find_array(
        &self,
        window: &mut ByteWindow,
    ) -> Result<Result<usize, UnsupportedInput>, SourceError> {
        window.peek(UTF_8_BOM.len())?;
        let start = if window.bytes().starts_with(UTF_8_BOM) { UTF_8_BOM.len() } else { 0 };
        self.array_within(window, start)
    }

    /// Where in the window the array begins, if such an object begins at `index`.
    pub fn array_at(&self, window: &mut ByteWindow, index: usize) -> Result<Option<usize>, SourceError> {
        self.array_within(window, index).map(Result::ok)
    }

    fn array_within(
        &self,
        window: &mut ByteWindow,
        start: usize,
    ) -> Result<Result<usize, UnsupportedInput>, SourceError> {
        loop {
            let text = window.bytes();
            let limit = text.len().min(start + LONGEST_RECORD);
            let found = self.array_in(&text[..limit], start);
            let is_short =
                matches!(found, Err(UnsupportedInput::NoRecords { why: ScanError::Incomplete { .. }, .. }));
            if !is_short || limit < text.len() || !window.grow()? {
                return Ok(found);
            }
        }
    }

    fn array_in(&self, text: &[u8], start: usize) -> Result<usize, UnsupportedInput> {
        let broken = |why| UnsupportedInput::NoRecords { key: self.key.clone(), why };
        let mut tokens = Tokens::new(text, start);
        if tokens.next_token().map_err(broken)? != Some(Token::ObjectStart) {
            return Err(UnsupportedInput::NoWrapper { key: self.key.clone() });
        }
        while let Some(token) = tokens.next_token().map_err(broken)? {
            if !matches!(token, Token::Key(name) if tokens.depth() == 1 && self.is_key(text, name)) {
                continue;
            }
            return match tokens.next_token().map_err(broken)? {
                Some(Token::ArrayStart) => Ok(tokens.offset() - 1),
                _ => Err(UnsupportedInput::RecordsNoArray { key: self.key.clone() }),
            };
        }
        Err(UnsupportedInput::NoWrapper { key: self.key.clone() })
    }

    /// The length of the wrapper's rest at the window's beginning, from the end of its array to its `}`. The
    /// key may not stand there again: its records would not be read.
    pub fn rest(&self, window: &mut ByteWindow) -> Result<Result<usize, RecordError>, SourceError> {
        loop {
            let text = window.bytes();
            let limit = text.len().min(LONGEST_RECORD);
            let scanned = self.rest_in(&text[..limit]);
            let is_short = matches!(scanned, Err(RecordError::Syntax(ScanError::Incomplete { .. })));
            if !is_short || limit == LONGEST_RECORD || !window.grow()? {
                return Ok(scanned);
            }
        }
    }

    fn rest_in(&self, text: &[u8]) -> Result<usize, RecordError> {
        let mut tokens = Tokens::after_member(text, 0);
        while let Some(token) = tokens.next_token()? {
            if matches!(token, Token::Key(name) if tokens.depth() == 1 && self.is_key(text, name)) {
                return Err(RecordError::Ambiguous { field: self.key.clone().into() });
            }
        }
        Ok(tokens.offset())
    }

    fn is_key(&self, text: &[u8], name: Text) -> bool {
        name.decode(text).is_some_and(|name| name == self.key)
    }
}
