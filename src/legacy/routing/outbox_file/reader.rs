//! Reading lines, one page after the other.

use std::fs::{File, Metadata};
use std::io::{BufRead, BufReader, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::error::OutboxError;
use super::line::{self, InvalidLine};
use crate::durable::append::AppendFile;
use crate::durable::links::file_identity;
use crate::durable::presence::metadata_if_present;
use crate::legacy::routing::ports::OutboxLine;

/// How much is read at once, in bytes.
const CHUNK: usize = 64 << 10;

/// A reader that goes on where it was.
#[derive(Debug)]
pub(super) struct Reader {
    path: PathBuf,
    at: Option<Place>,
}

/// Where a reader is.
#[derive(Debug)]
struct Place {
    file: File,
    /// `None` where the system does not say.
    identity: Option<(u64, u64)>,
    /// Of the last line that was passed.
    number: u64,
    /// Where the next one begins, in bytes.
    offset: u64,
}

impl Reader {
    pub fn new(path: PathBuf) -> Self {
        Self { path, at: None }
    }

    /// The first `limit` lines after that number, which are on disk when this returns. A last line that is not whole is
    /// left for the next time.
    pub fn read_after(&mut self, number: u64, limit: usize) -> Result<Vec<OutboxLine>, OutboxError> {
        let known = self.at.take();
        let found = metadata_if_present(&self.path).map_err(OutboxError::io("look at", &self.path))?;
        let Some(found) = found else {
            return match number {
                0 => Ok(Vec::new()),
                _ => Err(OutboxError::Missing { path: self.path.clone(), number, nearest: None }),
            };
        };
        let mut place = match known.filter(|place| place.number == number && place.is_in(&found)) {
            Some(place) => place,
            None => Place::after(&self.path, number)?,
        };
        let lines = place.read(&self.path, limit)?;
        if !lines.is_empty() {
            place.file.sync().map_err(OutboxError::io("fsync", &self.path))?;
        }
        self.at = Some(place);
        Ok(lines)
    }
}

/// Where the line of that number begins, in bytes.
pub(super) fn start_of_line(path: &Path, number: u64) -> Result<u64, OutboxError> {
    let place = Place::after(path, number.saturating_sub(1))?;
    let mut lines = Lines::new(&place, path)?;
    match lines.next()? {
        Some(text) if line::read(text).is_ok_and(|line| line.number == number) => Ok(place.offset),
        _ => Err(place.lacks(path, number)),
    }
}

impl Place {
    /// After the line of that number, in the file as it is now.
    fn after(path: &Path, number: u64) -> Result<Self, OutboxError> {
        let file = File::open(path).map_err(OutboxError::io("open", path))?;
        let metadata = file.metadata().map_err(OutboxError::io("look at", path))?;
        let mut place = Self { file, identity: file_identity(&metadata), number: 0, offset: 0 };
        let first = Lines::new(&place, path)?.next()?.map(line::read);
        match first {
            // Where it is not whole, it is told when it is read.
            None | Some(Err(_)) => {}
            Some(Ok(first)) => place.number = first.number.saturating_sub(1),
        }
        if number < place.number {
            return Err(OutboxError::Missing {
                path: path.to_owned(),
                number: number + 1,
                nearest: Some(place.number + 1),
            });
        }
        let (passed, bytes) = Lines::new(&place, path)?.skip(number - place.number)?;
        (place.number, place.offset) = (place.number + passed, place.offset + bytes);
        if place.number < number { Err(place.lacks(path, number)) } else { Ok(place) }
    }

    fn lacks(&self, path: &Path, number: u64) -> OutboxError {
        let nearest = Some(self.number).filter(|_| self.offset > 0);
        OutboxError::Missing { path: path.to_owned(), number, nearest }
    }

    /// Whether it is in the file that is at the path now.
    fn is_in(&self, found: &Metadata) -> bool {
        self.identity.is_some() && self.identity == file_identity(found) && self.offset <= found.len()
    }

    fn read(&mut self, path: &Path, limit: usize) -> Result<Vec<OutboxLine>, OutboxError> {
        let (mut number, mut offset) = (self.number, self.offset);
        let mut found = Vec::new();
        let mut lines = Lines::new(self, path)?;
        while found.len() < limit
            && let Some(text) = lines.next()?
        {
            let (read, length) = (line::read(text), text.len() as u64 + 1);
            let invalid = match read {
                Ok(line) if line.number == number + 1 => {
                    found.push(line);
                    (number, offset) = (number + 1, offset + length);
                    continue;
                }
                // The lines before it come first.
                _ if !found.is_empty() => break,
                // Where none stands after it, it is torn, as after a power cut that took a part of it.
                Err(_) if lines.next()?.is_none() => break,
                Ok(_) => {
                    InvalidLine { byte: 0, expected: format!("the line of number {}", number + 1).into() }
                }
                Err(invalid) => invalid,
            };
            return Err(OutboxError::damaged(path, &self.file, offset, &invalid));
        }
        (self.number, self.offset) = (number, offset);
        Ok(found)
    }
}

/// The whole lines after a place, without their ends.
struct Lines<'p> {
    path: &'p Path,
    reader: BufReader<&'p File>,
    text: Vec<u8>,
}

impl<'p> Lines<'p> {
    fn new(place: &'p Place, path: &'p Path) -> Result<Self, OutboxError> {
        let mut file = &place.file;
        file.seek(SeekFrom::Start(place.offset)).map_err(OutboxError::io("read", path))?;
        Ok(Self { path, reader: BufReader::with_capacity(CHUNK, file), text: Vec::new() })
    }

    fn next(&mut self) -> Result<Option<&[u8]>, OutboxError> {
        self.text.clear();
        self.reader.read_until(b'\n', &mut self.text).map_err(OutboxError::io("read", self.path))?;
        Ok(self.text.strip_suffix(b"\n"))
    }

    /// Passes so many lines, or as many as there are; gives how many, and their bytes.
    fn skip(mut self, lines: u64) -> Result<(u64, u64), OutboxError> {
        let (mut passed, mut bytes) = (0, 0);
        while passed < lines
            && let Some(text) = self.next()?
        {
            (passed, bytes) = (passed + 1, bytes + text.len() as u64 + 1);
        }
        Ok((passed, bytes))
    }
}
