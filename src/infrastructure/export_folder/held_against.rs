//! A standing file, held against the one that is to replace it.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};

use crate::application::export::{HashingWriter, StandingContent};

/// Bytes that are compared at once.
const BUFFER: usize = 256 << 10;
/// The longest end that can be white space around a `]`, in bytes.
const LONGEST_END: u64 = 4 << 10;

/// What the standing file holds; `None` where it has the same bytes as the new one.
pub(super) fn held_against(standing: &File, new: &File) -> io::Result<Option<StandingContent>> {
    let mut standing = BufReader::with_capacity(BUFFER, standing);
    let mut new = BufReader::with_capacity(BUFFER, new);
    pass_common(&mut standing, &mut new)?;
    let mut end = Vec::new();
    standing.by_ref().take(LONGEST_END + 1).read_to_end(&mut end)?;
    let new_goes_on = !new.fill_buf()?.is_empty();
    if end.is_empty() && !new_goes_on {
        return Ok(None);
    }
    if is_end_of_array(&end) {
        return Ok(Some(StandingContent::Contained));
    }
    if !new_goes_on {
        let bytes = end.len() as u64 + io::copy(&mut standing, &mut io::sink())?;
        return Ok(Some(StandingContent::Longer { bytes }));
    }
    let mut whole = standing.into_inner();
    io::Seek::rewind(&mut whole)?;
    let mut digest = HashingWriter::new(io::sink());
    io::copy(&mut BufReader::with_capacity(BUFFER, whole), &mut digest)?;
    Ok(Some(StandingContent::Other(digest.end().0)))
}

/// Reads as far as both have the same bytes.
fn pass_common(one: &mut impl BufRead, other: &mut impl BufRead) -> io::Result<()> {
    loop {
        let (left, right) = (one.fill_buf()?, other.fill_buf()?);
        let length = left.len().min(right.len());
        let common = if left[..length] == right[..length] {
            length
        } else {
            left.iter().zip(right).take_while(|(left, right)| left == right).count()
        };
        one.consume(common);
        other.consume(common);
        if common < length || length == 0 {
            return Ok(());
        }
    }
}

/// Nothing of a record: white space, and the bracket that ended an array before it grew.
fn is_end_of_array(end: &[u8]) -> bool {
    let brackets = end.iter().filter(|byte| **byte == b']').count();
    let blanks = end.iter().filter(|byte| byte.is_ascii_whitespace()).count();
    end.len() as u64 <= LONGEST_END && brackets <= 1 && brackets + blanks == end.len()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn content(standing: &str, new: &str) -> Option<StandingContent> {
        let dir = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            fs::write(dir.path().join(name), text).unwrap();
            File::open(dir.path().join(name)).unwrap()
        };
        held_against(&file("standing", standing), &file("new", new)).unwrap()
    }

    #[test]
    fn a_beginning_is_contained_and_so_is_an_array_that_ended_earlier() {
        for (standing, new) in [
            ("", "{}\n"),
            ("{}\n", "{}\n{}\n"),
            ("{\"a\"", "{\"a\": 1}\n"),
            ("[{}]", "[{}, {}]"),
            ("[\n  {}\n]\n", "[\n  {},\n  {}\n]\n"),
            ("[]", "[{}]"),
            ("{}\n\r\n \t\n", "{}\n{}"),
            ("{}\n\n", "{}\n"),
            ("]", ""),
        ] {
            assert_eq!(content(standing, new), Some(StandingContent::Contained), "{standing:?} {new:?}");
        }
    }

    #[test]
    fn the_same_bytes_are_no_other_content() {
        for text in ["", "{}\n", &"[1, 2]".repeat(100_000)] {
            assert_eq!(content(text, text), None);
        }
    }

    #[test]
    fn what_goes_on_is_longer_by_what_it_has_more() {
        let long = "x".repeat(3 * BUFFER);
        for (standing, new, more) in [
            ("{}\n{}\n", "{}\n", 3),
            ("x", "", 1),
            ("[{}]]]", "[{}]", 2),
            (&*format!("{long}{long}{long}"), &*long, 6 * BUFFER as u64),
        ] {
            assert_eq!(content(standing, new), Some(StandingContent::Longer { bytes: more }));
        }
    }

    #[test]
    fn anything_else_is_told_by_its_size_and_hash() {
        let blank = format!("{{}}{}", " ".repeat(5 << 10));
        for (standing, new) in [
            ("{\"a\": 1}", "{\"a\": 1, \"b\": 2}"),
            ("[{\"a\": 1}]", "[{\"a\": 1, \"b\": 2}]"),
            ("[{}, {}]", "[{}]\n"),
            ("a\n", "b\n"),
            (&*blank, "{}\n"),
        ] {
            let Some(StandingContent::Other(digest)) = content(standing, new) else {
                panic!("{standing:?} {new:?}")
            };
            assert_eq!(digest.bytes, standing.len() as u64);
        }
    }
}
