//! One file of a day, read from any offset of its content on.
//!
//! A file that is compressed and has no seek table can be decoded from its beginning alone. Pages follow each other, and so
//! do look-ups of repeated events: a reader that one of them has left is taken up by the next one, so that the file
//! is decoded once and not once a page.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Take};
use std::sync::{Arc, Mutex, PoisonError};

use super::file_cursor::FileCursor;
use super::file_state::FileState;
use super::frame_reader::FrameReader;
use super::measure::{Measure, Storage};

/// How many readers of compressed files are kept, each with what its decoder holds.
const KEPT: usize = 4;

enum PartReader {
    Plain(BufReader<Take<FileCursor>>),
    Frames(FrameReader),
    Stream { content: BufReader<Box<dyn Read + Send>>, at: u64 },
}

/// A line that was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in super::super) struct LineRead {
    /// How many bytes it has, with its end; 0 at the end of the file.
    pub length: u64,
    /// It has an end.
    pub is_ended: bool,
}

/// A file that is being read; when it is not any more, its reader is kept where that saves work.
pub(in super::super) struct PartInput<'k> {
    reader: PartReader,
    home: Option<(&'k KeptReaders, FileState)>,
}

impl<'k> PartInput<'k> {
    /// A file that is appended to, as far as it goes, from an offset on.
    pub fn live(file: &Arc<File>, offset: u64, buffer: usize) -> Self {
        Self { reader: plain(file, offset, u64::MAX, buffer), home: None }
    }

    /// An archived file from an offset of its content on.
    pub fn archived(
        kept: &'k KeptReaders,
        (file, state, measure): (&Arc<File>, &FileState, &Measure),
        offset: u64,
        buffer: usize,
    ) -> io::Result<Self> {
        if !measure.storage.is_compressed() {
            return Ok(Self { reader: plain(file, offset, measure.length, buffer), home: None });
        }
        let mut reader = match kept.take(state, offset) {
            Some(reader) => reader,
            None => match &measure.storage {
                Storage::Frames(table) => PartReader::Frames(FrameReader::new(file, table)?),
                storage => {
                    let content = BufReader::with_capacity(buffer, storage.decoder(file)?);
                    PartReader::Stream { content, at: 0 }
                }
            },
        };
        reader.go_to(offset)?;
        Ok(Self { reader, home: Some((kept, state.clone())) })
    }

    /// Reads a line with its end, as far as there is one, and holds no more of it than `most` bytes.
    pub fn read_line(&mut self, line: &mut Vec<u8>, most: usize) -> io::Result<LineRead> {
        match &mut self.reader {
            PartReader::Plain(input) => read_at_most(input, line, most),
            PartReader::Frames(frames) => read_at_most(frames, line, most),
            PartReader::Stream { content, at } => {
                let read = read_at_most(content, line, most)?;
                *at += read.length;
                Ok(read)
            }
        }
    }
}

impl Drop for PartInput<'_> {
    fn drop(&mut self) {
        let Some((kept, state)) = self.home.take() else { return };
        let nothing =
            PartReader::Stream { content: BufReader::with_capacity(0, Box::new(io::empty())), at: 0 };
        kept.keep(state, std::mem::replace(&mut self.reader, nothing));
    }
}

fn read_at_most(input: &mut impl BufRead, line: &mut Vec<u8>, most: usize) -> io::Result<LineRead> {
    let read = input.take(most as u64).read_until(b'\n', line)?;
    let mut line_read = LineRead { length: read as u64, is_ended: line.last() == Some(&b'\n') };
    while read == most && !line_read.is_ended {
        let rest = match input.fill_buf() {
            Ok([]) => break,
            Ok(rest) => rest,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let end = memchr::memchr(b'\n', rest);
        let passed = end.map_or(rest.len(), |end| end + 1);
        line_read = LineRead { length: line_read.length + passed as u64, is_ended: end.is_some() };
        input.consume(passed);
    }
    Ok(line_read)
}

fn plain(file: &Arc<File>, offset: u64, length: u64, buffer: usize) -> PartReader {
    let content = FileCursor::new(file, offset).take(length.saturating_sub(offset));
    PartReader::Plain(BufReader::with_capacity(buffer, content))
}

impl PartReader {
    /// Goes to an offset, which is none before that of a stream.
    fn go_to(&mut self, offset: u64) -> io::Result<()> {
        match self {
            Self::Plain(_) => {}
            Self::Frames(frames) => frames.seek_to(offset),
            Self::Stream { content, at } => {
                *at += io::copy(&mut content.take(offset - *at), &mut io::sink())?;
            }
        }
        Ok(())
    }

    fn can_go_to(&self, offset: u64) -> bool {
        !matches!(self, Self::Stream { at, .. } if *at > offset)
    }

    /// How far a stream has come.
    fn at(&self) -> u64 {
        if let Self::Stream { at, .. } = self { *at } else { 0 }
    }
}

/// Readers of compressed files that are not in use, the latest last.
#[derive(Default)]
pub(in super::super) struct KeptReaders {
    /// Held while one is put in or taken out.
    readers: Mutex<VecDeque<(FileState, PartReader)>>,
}

impl KeptReaders {
    /// Takes the reader of that file out that has come as far as can be before an offset.
    fn take(&self, state: &FileState, offset: u64) -> Option<PartReader> {
        let mut readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        let usable =
            readers.iter().enumerate().filter(|(_, (of, reader))| of == state && reader.can_go_to(offset));
        let (found, _) = usable.max_by_key(|(_, (_, reader))| reader.at())?;
        readers.remove(found).map(|(_, reader)| reader)
    }

    fn keep(&self, state: FileState, reader: PartReader) {
        let mut readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        if readers.len() == KEPT {
            readers.pop_front();
        }
        readers.push_back((state, reader));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_line_no_more_is_held_than_it_may_have_and_its_length_is_known() {
        let mut input = BufReader::with_capacity(3, &b"abcdefgh\nij\n\nabcd\nabcde"[..]);
        let mut read = || {
            let mut line = Vec::new();
            let LineRead { length, is_ended } = read_at_most(&mut input, &mut line, 4).unwrap();
            (String::from_utf8(line).unwrap(), length, is_ended)
        };
        assert_eq!(read(), ("abcd".to_owned(), 9, true));
        assert_eq!(read(), ("ij\n".to_owned(), 3, true));
        assert_eq!(read(), ("\n".to_owned(), 1, true));
        assert_eq!(read(), ("abcd".to_owned(), 5, true));
        assert_eq!(read(), ("abcd".to_owned(), 5, false));
        assert_eq!(read(), (String::new(), 0, false));
    }
}
