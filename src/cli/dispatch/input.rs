//! The lines of an input, each of bounded length.

use std::io::{self, BufRead};

use thiserror::Error;

/// How long a line may be, in bytes.
pub const MAX_LINE: usize = 16 << 20;

/// Why a line is no text of an event.
#[derive(Debug, Error)]
pub enum BadLine {
    /// It is longer than is read.
    #[error("expected a line of at most {MAX_LINE} bytes, got one of {length}")]
    TooLong {
        /// Its length in bytes, without its end.
        length: u64,
    },
    /// It is not UTF-8.
    #[error("expected UTF-8, found another byte at byte {byte} of the line")]
    NotUtf8 {
        /// From 1.
        byte: usize,
    },
}

/// A line, without its end.
pub type Line = Result<String, BadLine>;

/// Reads the next line; `None` at the end of the input. A last line needs no end.
///
/// # Errors
/// The input cannot be read.
pub fn next_line(input: &mut impl BufRead) -> io::Result<Option<Line>> {
    let mut bytes = Vec::new();
    let mut length = 0_u64;
    let mut is_ended = false;
    while !is_ended {
        let piece = match input.fill_buf() {
            Ok(piece) => piece,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        if piece.is_empty() {
            break;
        }
        let line_end = memchr::memchr(b'\n', piece);
        let of_line = &piece[..line_end.unwrap_or(piece.len())];
        length += of_line.len() as u64;
        if length <= MAX_LINE as u64 {
            bytes.extend_from_slice(of_line);
        }
        is_ended = line_end.is_some();
        let consumed = of_line.len() + usize::from(is_ended);
        input.consume(consumed);
    }
    if length == 0 && !is_ended {
        return Ok(None);
    }
    if length > MAX_LINE as u64 {
        return Ok(Some(Err(BadLine::TooLong { length })));
    }
    Ok(Some(
        String::from_utf8(bytes)
            .map_err(|error| BadLine::NotUtf8 { byte: error.utf8_error().valid_up_to() + 1 }),
    ))
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use super::*;

    fn lines(input: &[u8], buffer: usize) -> Vec<Result<String, String>> {
        let mut input = BufReader::with_capacity(buffer, input);
        let mut lines = Vec::new();
        while let Some(line) = next_line(&mut input).unwrap() {
            lines.push(line.map_err(|error| error.to_string()));
        }
        lines
    }

    #[test]
    fn lines_come_whole_whatever_pieces_the_input_comes_in() {
        for buffer in [1, 2, 3, 64] {
            assert_eq!(lines(b"", buffer), []);
            assert_eq!(lines(b"a\n\nbc", buffer), [Ok("a".into()), Ok(String::new()), Ok("bc".into())]);
            assert_eq!(lines(b"\n", buffer), [Ok(String::new())]);
        }
    }

    #[test]
    fn a_bad_line_says_what_is_wrong_and_leaves_the_next_one_alone() {
        let mut input = b"ab\xffc\n".to_vec();
        input.extend(vec![b'x'; MAX_LINE + 1]);
        input.extend(b"\nlast");
        assert_eq!(
            lines(&input, 8192),
            [
                Err("expected UTF-8, found another byte at byte 3 of the line".into()),
                Err("expected a line of at most 16777216 bytes, got one of 16777217".into()),
                Ok("last".into()),
            ]
        );
    }
}
