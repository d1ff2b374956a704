//! Lines of an evidence log, and what may come to stand around them.
//!
//! A checkout can convert line ends, and an editor can add a byte order mark or a blank last line. None
//! of that is part of a record: hashes cover a line without its line end, be that LF or CRLF.

/// The bytes of one line, without the LF that ends it.
pub type Line = Vec<u8>;

/// What editors put before the first line.
pub const UTF_8_BOM: &[u8] = b"\xef\xbb\xbf";

/// The line without the CR of a line end CRLF.
pub fn without_cr(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// Whether a line has nothing but white space.
pub fn is_blank(line: &[u8]) -> bool {
    line.iter().all(u8::is_ascii_whitespace)
}

/// The length of a text without the blank lines at its end; `None` where there is nothing else.
pub fn length_without_blank_end(text: &[u8]) -> Option<usize> {
    let last = text.iter().rposition(|byte| !byte.is_ascii_whitespace())? + 1;
    let line_end = text[last..].iter().position(|byte| *byte == b'\n');
    Some(line_end.map_or(text.len(), |at| last + at + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blank_lines_at_the_end_are_not_counted_where_something_stands_before_them() {
        for (text, length) in [
            ("a", 1),
            ("a\n", 2),
            ("a\r\n", 3),
            ("a\r", 2),
            ("a\n\n", 2),
            ("a\n\n\n", 2),
            ("a\n\r", 2),
            ("a\r\n\r\n\n\r\n", 3),
            ("\n\na\n\n", 4),
            ("a\n \n", 2),
            ("a\n\t\r\n  ", 2),
            ("a \n \n", 3),
            ("a\n\nb", 4),
        ] {
            assert_eq!(length_without_blank_end(text.as_bytes()), Some(length), "{text:?}");
        }
        for text in ["", "\n", "\r\n\n", "\r", " \n\t"] {
            assert_eq!(length_without_blank_end(text.as_bytes()), None, "{text:?}");
        }
    }
}
