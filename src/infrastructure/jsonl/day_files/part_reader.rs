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

    /// Reads a line with its end, as far as there is one; answers its length.
    pub fn read_line(&mut self, line: &mut Vec<u8>) -> io::Result<usize> {
        match &mut self.reader {
            PartReader::Plain(input) => input.read_until(b'\n', line),
            PartReader::Frames(frames) => frames.read_until(b'\n', line),
            PartReader::Stream { content, at } => {
                let count = content.read_until(b'\n', line)?;
                *at += count as u64;
                Ok(count)
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
