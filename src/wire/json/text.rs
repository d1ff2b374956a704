//! Strings: found many bytes at a time, decoded only where their text is asked for.

use std::borrow::Cow;

use super::error::{ScanError, unexpected};
use super::span::Span;
use super::string_scan::{DelimiterMask, STEP, is_delimiter};

/// A string or member name in the scanned text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Text {
    /// The bytes between the quotes, as they were written.
    pub span: Span,
    /// It holds at least one escape.
    pub escaped: bool,
    /// It holds half of a surrogate pair, which no UTF-8 text can hold.
    pub lone_surrogate: bool,
}

impl Text {
    /// As [`Span::moved_back`].
    #[inline]
    pub fn moved_back(self, by: usize) -> Self {
        Self { span: self.span.moved_back(by), ..self }
    }

    /// Whether the string says this.
    pub fn says(self, said: &str, text: &[u8]) -> bool {
        if self.escaped {
            self.decode(text).as_deref() == Some(said)
        } else {
            self.span.of(text) == said.as_bytes()
        }
    }

    /// What the string says, or `None` where a lone surrogate keeps it from being text.
    ///
    /// `text` is what the span was made from, and valid UTF-8 there.
    pub fn decode(self, text: &[u8]) -> Option<Cow<'_, str>> {
        let raw = self.span.of(text);
        if !self.escaped {
            return std::str::from_utf8(raw).ok().map(Cow::Borrowed);
        }
        let mut decoded = Vec::with_capacity(raw.len());
        self.decode_into(text, &mut decoded);
        String::from_utf8(decoded).ok().map(Cow::Owned)
    }

    /// Appends the string's code points in generalized UTF-8, in which a lone surrogate has its own
    /// three bytes: injective for every string that JSON can write.
    pub fn decode_into(self, text: &[u8], into: &mut Vec<u8>) {
        let raw = self.span.of(text);
        let mut at = 0;
        while let Some(escape) = memchr::memchr(b'\\', &raw[at..]).filter(|_| self.escaped) {
            into.extend_from_slice(&raw[at..at + escape]);
            at += escape + 2;
            match raw[at - 1] {
                b'u' => {
                    let mut code = u32::from(hex4(&raw[at..]));
                    at += 4;
                    if is_high(code)
                        && raw[at..].starts_with(b"\\u")
                        && is_low(u32::from(hex4(&raw[at + 2..])))
                    {
                        let low = u32::from(hex4(&raw[at + 2..]));
                        code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
                        at += 6;
                    }
                    push_code_point(code, into);
                }
                b'b' => into.push(0x08),
                b'f' => into.push(0x0C),
                b'n' => into.push(b'\n'),
                b'r' => into.push(b'\r'),
                b't' => into.push(b'\t'),
                itself => into.push(itself),
            }
        }
        into.extend_from_slice(&raw[at..]);
    }
}

/// Finds the end of the string whose first byte after the quote is at `start`.
#[inline(always)]
pub(super) fn scan(text: &[u8], start: usize) -> Result<Text, ScanError> {
    let mut escaped = false;
    let mut lone_surrogate = false;
    let mut at = start;
    loop {
        at = skip_plain(text, at);
        match text.get(at) {
            Some(b'"') => break,
            Some(b'\\') => {
                escaped = true;
                at = escape(text, at, &mut lone_surrogate)?;
            }
            Some(_) => return Err(unexpected(text, at, "an escape for a control character")),
            None => return Err(unexpected(text, at, "the closing quote of a string")),
        }
    }
    Ok(Text { span: Span { start, end: at }, escaped, lone_surrogate })
}

/// The offset of the next quote, backslash or control character.
#[inline(always)]
fn skip_plain(text: &[u8], mut at: usize) -> usize {
    while let Some(chunk) = text.get(at..).and_then(|rest| rest.first_chunk()) {
        if let Some(before) = DelimiterMask::of(chunk).first() {
            return at + before;
        }
        at += STEP;
    }
    match text.last_chunk() {
        // The last bytes once more, with some that were looked at before.
        Some(chunk) => {
            let start = text.len() - STEP;
            let delimiters = DelimiterMask::of(chunk).after(at.min(text.len()) - start);
            delimiters.first().map_or(text.len(), |before| start + before)
        }
        None => {
            while text.get(at).is_some_and(|&byte| !is_delimiter(byte)) {
                at += 1;
            }
            at
        }
    }
}

/// Checks the escape at `at` and gives the offset after it.
fn escape(text: &[u8], at: usize, lone_surrogate: &mut bool) -> Result<usize, ScanError> {
    match text.get(at + 1) {
        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(at + 2),
        Some(b'u') => {
            let code = checked_hex4(text, at + 2)?;
            if is_high(code) {
                // The second half may lie beyond the end of this text: then the text is incomplete
                // in any case, and nothing is claimed about it.
                if text.get(at + 6) == Some(&b'\\')
                    && text.get(at + 7) == Some(&b'u')
                    && is_low(checked_hex4(text, at + 8)?)
                {
                    return Ok(at + 12);
                }
                *lone_surrogate = true;
            } else if is_low(code) {
                *lone_surrogate = true;
            }
            Ok(at + 6)
        }
        _ => Err(unexpected(text, at + 1, "an escape character (one of \"\\/bfnrtu)")),
    }
}

fn checked_hex4(text: &[u8], start: usize) -> Result<u32, ScanError> {
    for at in start..start + 4 {
        if !text.get(at).is_some_and(u8::is_ascii_hexdigit) {
            return Err(unexpected(text, at, "four hexadecimal digits"));
        }
    }
    Ok(u32::from(hex4(&text[start..])))
}

/// The number that four checked hexadecimal digits write.
fn hex4(digits: &[u8]) -> u16 {
    digits
        .iter()
        .take(4)
        .fold(0, |code, &digit| (code << 4) | (digit as char).to_digit(16).map_or(0, |value| value as u16))
}

fn is_high(code: u32) -> bool {
    (0xD800..0xDC00).contains(&code)
}

fn is_low(code: u32) -> bool {
    (0xDC00..0xE000).contains(&code)
}

fn push_code_point(code: u32, into: &mut Vec<u8>) {
    match char::from_u32(code) {
        Some(character) => into.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes()),
        None => into.extend_from_slice(&[
            0xE0 | (code >> 12) as u8,
            0x80 | (code >> 6 & 0x3F) as u8,
            0x80 | (code & 0x3F) as u8,
        ]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scanned(text: &str) -> Result<Text, ScanError> {
        scan(text.as_bytes(), 1)
    }

    #[test]
    fn a_string_decodes_to_what_python_would_read() {
        for (json, says) in [
            (r#""plain""#, "plain"),
            (r#""""#, ""),
            (r#""a\"b\\c\/d\b\f\n\r\t""#, "a\"b\\c/d\u{8}\u{c}\n\r\t"),
            (r#""\u00e9 é""#, "é é"),
            (r#""\ud83d\ude00""#, "😀"),
            (r#""\uD83D\uDE00 and more than eight bytes""#, "😀 and more than eight bytes"),
            (r#""\u0000""#, "\0"),
        ] {
            let text = scanned(json).unwrap();
            assert_eq!(text.decode(json.as_bytes()).unwrap(), says, "{json}");
            assert!(text.says(says, json.as_bytes()) && !text.says("says", json.as_bytes()), "{json}");
            assert!(!text.lone_surrogate);
        }
    }

    #[test]
    fn a_lone_surrogate_is_flagged_and_never_replaced() {
        for json in [r#""\ud800""#, r#""\udc00x""#, r#""\ud800\ud800""#, r#""\ud800\n""#, r#""\udc00\ud800""#]
        {
            let text = scanned(json).unwrap();
            assert!(text.lone_surrogate, "{json}");
            assert_eq!(text.decode(json.as_bytes()), None, "{json}");
        }
        let mut points = Vec::new();
        scanned(r#""\ud800""#).unwrap().decode_into(br#""\ud800""#, &mut points);
        assert_eq!(points, [0xED, 0xA0, 0x80]);
    }

    #[test]
    fn the_end_of_a_string_is_found_at_every_alignment() {
        for length in 0..40 {
            for delimiter in ['"', '\\', '\u{1f}'] {
                let text =
                    format!("{}{delimiter}\"{}", "ü".repeat(length / 2) + &"x".repeat(length), "y".repeat(9));
                let expected = text.find(delimiter).unwrap();
                assert_eq!(skip_plain(text.as_bytes(), 0), expected, "{text:?}");
            }
        }
    }

    #[test]
    fn control_characters_and_unknown_escapes_are_refused() {
        assert!(matches!(scanned("\"a\nb\""), Err(ScanError::Unexpected { at: 2, found: b'\n', .. })));
        assert!(matches!(scanned(r#""\x41""#), Err(ScanError::Unexpected { at: 2, found: b'x', .. })));
        assert!(matches!(scanned(r#""\u12g4""#), Err(ScanError::Unexpected { at: 5, found: b'g', .. })));
        assert!(matches!(scanned(r#""\ud800\u12"#), Err(ScanError::Incomplete { .. })));
    }
}
