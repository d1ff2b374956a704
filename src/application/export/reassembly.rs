//! Puts the bytes of a log together again.

use std::io::{self, Write};

use super::ports::{ContentDigest, Piece, StoredLog};

/// Why a log did not come together.
#[derive(Debug)]
pub(super) enum Broken {
    /// What is written down is not the log, for this reason.
    NotTheLog(String),
    /// It could not be written.
    Write(io::Error),
}

impl From<io::Error> for Broken {
    fn from(error: io::Error) -> Self {
        Self::Write(error)
    }
}

/// A log on its way into a file: pieces where they are written down, the separator elsewhere.
pub(super) struct Reassembly<'w, W> {
    out: &'w mut W,
    separator: &'w [u8],
    /// How many bytes the log has.
    length: u64,
    written: u64,
}

impl<'w, W: Write> Reassembly<'w, W> {
    pub fn new(out: &'w mut W, log: &'w StoredLog, length: u64) -> Self {
        Self { out, separator: &log.separator, length, written: 0 }
    }

    /// The next piece. One that begins where another stands already is no longer the one that
    /// stands for its place.
    pub fn take(&mut self, piece: Piece<'_>) -> Result<(), Broken> {
        let Ok(offset) = u64::try_from(piece.offset) else {
            return Err(Broken::NotTheLog(
                "the store does not say where in it one of its records stands: the store was changed since the import"
                    .to_owned(),
            ));
        };
        if offset < self.written {
            return Ok(());
        }
        let end = offset.saturating_add(piece.bytes.len() as u64);
        if end > self.length {
            return Err(Broken::NotTheLog(format!(
                "the store has bytes up to offset {end} of it, and it has {} bytes",
                self.length
            )));
        }
        self.fill_to(offset)?;
        self.out.write_all(piece.bytes)?;
        self.written = end;
        Ok(())
    }

    /// There are no more pieces.
    pub fn finish(mut self) -> Result<(), Broken> {
        self.fill_to(self.length)
    }

    fn fill_to(&mut self, offset: u64) -> Result<(), Broken> {
        while self.written < offset {
            let end = self.written + self.separator.len() as u64;
            if self.separator.is_empty() || end > offset {
                return Err(Broken::NotTheLog(format!(
                    "what stands between the offsets {} and {offset} of it is not in the store",
                    self.written
                )));
            }
            self.out.write_all(self.separator)?;
            self.written = end;
        }
        Ok(())
    }
}

/// Whether what was written is the log, in the words of a reason where it is not.
pub(super) fn difference(expected: &ContentDigest, written: &ContentDigest) -> Option<String> {
    (expected != written).then(|| {
        format!(
            "expected {} bytes with the SHA-256 {}, the store gives {} bytes with {}: the store was changed since the import",
            expected.bytes, expected.sha256, written.bytes, written.sha256
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(separator: &str) -> StoredLog {
        StoredLog {
            source_id: 1,
            path: "/a.jsonl".to_owned(),
            compression: None,
            separator: separator.as_bytes().to_owned(),
            records: 0,
            out_of_range: 0,
            kept_nowhere: None,
            content: None,
        }
    }

    fn rebuild(separator: &str, length: u64, pieces: &[(i64, &str)]) -> Result<String, String> {
        let log = log(separator);
        let mut out = Vec::new();
        let mut reassembly = Reassembly::new(&mut out, &log, length);
        let taken = pieces
            .iter()
            .try_for_each(|&(offset, text)| reassembly.take(Piece { offset, bytes: text.as_bytes() }));
        match taken.and_then(|()| reassembly.finish()) {
            Ok(()) => Ok(String::from_utf8(out).unwrap()),
            Err(Broken::NotTheLog(reason)) => Err(reason),
            Err(Broken::Write(error)) => panic!("{error}"),
        }
    }

    #[test]
    fn the_separator_stands_where_nothing_begins() {
        assert_eq!(rebuild(", ", 9, &[(0, "["), (1, "{}"), (5, "{}"), (7, "]\n")]).unwrap(), "[{}, {}]\n");
        assert_eq!(rebuild("\n", 6, &[(0, "{}"), (4, "{")]).unwrap(), "{}\n\n{\n");
    }

    #[test]
    fn of_pieces_at_one_place_the_first_stands_and_what_lies_under_it_does_not() {
        assert_eq!(
            rebuild("", 6, &[(0, "{\"a\"}"), (0, "{\"b\"}"), (2, "xy"), (5, "\n")]).unwrap(),
            "{\"a\"}\n"
        );
    }

    #[test]
    fn what_is_not_written_down_is_not_made_up() {
        for (separator, length, pieces) in [
            ("", 3, &[(0, "{}")][..]),
            (", ", 3, &[(0, "{}")]),
            (", ", 6, &[(0, "{}"), (5, "x")]),
            ("\n", 2, &[(0, "{}}")]),
            ("\n", 2, &[(i64::MAX, "{}")]),
            ("\n", 2, &[(-1, "{}")]),
            ("\n", 2, &[(i64::MIN, "{}")]),
        ] {
            assert!(rebuild(separator, length, pieces).is_err(), "{pieces:?}");
        }
    }
}
