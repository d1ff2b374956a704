//! A line of the outbox: how it is written, and read.
//!
//! ```text
//! {"crossed_out": 0, "number": 17, "offset": 1024, "length": 87, "sha256": "5f…", "event": {"event_id": …}}
//! ```

use std::borrow::Cow;

use data_encoding::HEXLOWER;

use crate::legacy::routing::ports::{LegacyPlace, OutboxLine};
use crate::wire::json::ObjectScanner;

const BEFORE_MARK: &str = "{\"crossed_out\": ";
/// What stands there where a line is crossed out, in the place of `0`: one byte, which no crash can leave half written.
pub(super) const CROSSED_OUT: &[u8] = b"1";
/// Where it stands, from the beginning of the line on.
pub(super) const MARK_OFFSET: u64 = BEFORE_MARK.len() as u64;

/// Something else stands in a line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct InvalidLine {
    /// From the beginning of the line on.
    pub byte: usize,
    pub expected: Cow<'static, str>,
}

/// A line, with its end.
pub(super) fn text_of(number: u64, event: &str, place: &LegacyPlace) -> String {
    let LegacyPlace { offset, length, sha256 } = place;
    let sha256 = HEXLOWER.encode(sha256);
    format!(
        "{BEFORE_MARK}0, \"number\": {number}, \"offset\": {offset}, \"length\": {length}, \"sha256\": \"{sha256}\", \
         \"event\": {event}}}\n"
    )
}

/// Reads a line without its end.
pub(super) fn read(text: &[u8]) -> Result<OutboxLine, InvalidLine> {
    let mut parts = Parts { text, at: 0 };
    parts.pass(BEFORE_MARK)?;
    let is_crossed_out = match parts.number()? {
        0 => false,
        1 => true,
        _ => return Err(InvalidLine { byte: BEFORE_MARK.len(), expected: "0 or 1".into() }),
    };
    parts.pass(", \"number\": ")?;
    let number = parts.number()?;
    parts.pass(", \"offset\": ")?;
    let offset = parts.number()?;
    parts.pass(", \"length\": ")?;
    let length = parts.number()?;
    parts.pass(", \"sha256\": \"")?;
    let sha256 = parts.sha256()?;
    parts.pass("\", \"event\": ")?;
    let event = parts.event()?;
    parts.pass("}")?;
    parts.end()?;
    Ok(OutboxLine { number, event, place: LegacyPlace { offset, length, sha256 }, is_crossed_out })
}

/// Whether a text can be the event of a line: one JSON object on one line.
pub(super) fn is_event(text: &str) -> bool {
    let object = ObjectScanner::new().extent(text.as_bytes(), 0);
    object.is_ok_and(|object| object.span.start == 0 && object.span.end == text.len())
        && memchr::memchr2(b'\n', b'\r', text.as_bytes()).is_none()
}

struct Parts<'t> {
    text: &'t [u8],
    at: usize,
}

impl Parts<'_> {
    fn rest(&self) -> &[u8] {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn expected<T>(&self, expected: &'static str) -> Result<T, InvalidLine> {
        Err(InvalidLine { byte: self.at, expected: expected.into() })
    }

    fn pass(&mut self, literal: &'static str) -> Result<(), InvalidLine> {
        if !self.rest().starts_with(literal.as_bytes()) {
            return self.expected(literal);
        }
        self.at += literal.len();
        Ok(())
    }

    fn number(&mut self) -> Result<u64, InvalidLine> {
        let digits = self.rest().iter().take_while(|byte| byte.is_ascii_digit()).count();
        let number = std::str::from_utf8(&self.rest()[..digits]).ok().and_then(|text| text.parse().ok());
        let Some(number) = number else { return self.expected("a number") };
        self.at += digits;
        Ok(number)
    }

    fn sha256(&mut self) -> Result<[u8; 32], InvalidLine> {
        let decoded = self.rest().get(..64).and_then(|hex| HEXLOWER.decode(hex).ok());
        match decoded.and_then(|bytes| bytes.try_into().ok()) {
            Some(sha256) => {
                self.at += 64;
                Ok(sha256)
            }
            None => self.expected("64 hexadecimal digits"),
        }
    }

    fn event(&mut self) -> Result<String, InvalidLine> {
        match ObjectScanner::new().scan_text(self.text, self.at) {
            Ok((object, text)) if object.span.start == self.at => {
                self.at = object.span.end;
                Ok(text.to_owned())
            }
            Ok(_) => self.expected("a JSON object"),
            Err(error) => Err(InvalidLine { byte: error.at(), expected: "a JSON object".into() }),
        }
    }

    fn end(&self) -> Result<(), InvalidLine> {
        if self.at == self.text.len() { Ok(()) } else { self.expected("the end of the line") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVENT: &str = r#"{"event_id": "e1",  "n": [NaN, "\ud800ß"]}"#;

    fn place() -> LegacyPlace {
        LegacyPlace { offset: 0, length: u64::MAX, sha256: [0xA5; 32] }
    }

    #[test]
    fn a_line_is_read_as_it_was_written_whatever_the_event_is() {
        let text = text_of(17, EVENT, &place());
        let line = OutboxLine { number: 17, event: EVENT.to_owned(), place: place(), is_crossed_out: false };
        assert_eq!(read(text.trim_end_matches('\n').as_bytes()).unwrap(), line);
        let mut crossed_out = text.into_bytes();
        crossed_out.pop();
        crossed_out[MARK_OFFSET as usize] = CROSSED_OUT[0];
        assert_eq!(read(&crossed_out).unwrap(), OutboxLine { is_crossed_out: true, ..line });
    }

    #[test]
    fn no_beginning_of_a_line_and_no_line_with_zeros_in_it_is_one() {
        let text = text_of(17, EVENT, &place());
        let line = text.trim_end_matches('\n').as_bytes();
        for length in 0..line.len() {
            assert!(read(&line[..length]).is_err(), "{length}");
            let mut damaged = line.to_vec();
            damaged[length] = 0;
            assert!(read(&damaged).is_err(), "{length}");
        }
        let more = [line, b" "].concat();
        assert_eq!(
            read(&more).unwrap_err(),
            InvalidLine { byte: line.len(), expected: "the end of the line".into() }
        );
    }

    #[test]
    fn an_event_is_one_object_on_one_line() {
        assert!(is_event(EVENT));
        for text in ["", "1", "[]", " {}", "{} ", "{}{}", "{\n}", "{\"a\": 1", "{\"a\":\r1}"] {
            assert!(!is_event(text), "{text:?}");
        }
    }
}
