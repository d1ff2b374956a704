//! Why the outbox was not read or written, and what helps.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::line::InvalidLine;
use crate::legacy::routing::ports::LegacySideError;

/// How much of what was found is shown, in bytes.
const SHOWN: usize = 40;

/// Why the outbox was not read or written.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum OutboxError {
    /// The system failed.
    #[error("could not {action} {}", path.display())]
    Io {
        /// What could not be done.
        action: &'static str,
        /// To what.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// What was to be noted is no event of the new side; nothing was.
    #[error("expected an event, one JSON object on one line, to be noted in {}, found {found:?}", path.display())]
    NoEvent {
        /// The outbox.
        path: PathBuf,
        /// The beginning of it.
        found: String,
    },
    /// A line is not as this program writes it, and others stand after it.
    #[error(
        "line {line} of {} is damaged at byte {byte}: expected {expected:?}, found {found:?}; the lines after it are not brought to the \
         new side; put the line right, or move the file away, and compare-logs tells what the new side lacks",
        path.display()
    )]
    Damaged {
        /// The outbox.
        path: PathBuf,
        /// From 1.
        line: u64,
        /// In the file.
        byte: u64,
        /// What should stand there.
        expected: String,
        /// What does.
        found: String,
    },
    /// The line is not there, although it was noted.
    #[error(
        "the line of number {number} is not in {}, {}: put the file back that was there, or move this one away, and compare-logs \
         tells what the new side lacks",
        path.display(), shown(*nearest)
    )]
    Missing {
        /// The outbox.
        path: PathBuf,
        /// What was looked for.
        number: u64,
        /// The number that is nearest to it; `None` where there is no line.
        nearest: Option<u64>,
    },
}

impl OutboxError {
    /// For `map_err`: the failed action on a path.
    pub(super) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { action, path: path.to_owned(), source }
    }

    /// A line that begins at `start`, in a file that is at `path`.
    pub(super) fn damaged(path: &Path, file: &File, start: u64, invalid: &InvalidLine) -> Self {
        let byte = start + invalid.byte as u64;
        let (line, found) = match around(file, byte) {
            Ok(found) => found,
            Err(error) => return Self::io("read", path)(error),
        };
        Self::Damaged { path: path.to_owned(), line, byte, expected: invalid.expected.to_string(), found }
    }
}

impl From<OutboxError> for LegacySideError {
    fn from(error: OutboxError) -> Self {
        Self(Box::new(error))
    }
}

/// In which line a byte stands, and what stands there.
fn around(mut file: &File, byte: u64) -> io::Result<(u64, String)> {
    file.seek(SeekFrom::Start(0))?;
    let (mut before, mut line) = (BufReader::new(file.take(byte)), 1);
    loop {
        let bytes = before.fill_buf()?;
        let length = bytes.len();
        if length == 0 {
            break;
        }
        line += memchr::memchr_iter(b'\n', bytes).count() as u64;
        before.consume(length);
    }
    let mut found = Vec::new();
    file.seek(SeekFrom::Start(byte))?;
    file.take(SHOWN as u64).read_to_end(&mut found)?;
    Ok((line, String::from_utf8_lossy(&found).into_owned()))
}

fn shown(nearest: Option<u64>) -> String {
    nearest.map_or("which has no lines".to_owned(), |number| format!("where the nearest one is {number}"))
}
