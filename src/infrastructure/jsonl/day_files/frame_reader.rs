//! The content of a zstd file that has a seek table, from any offset on. A frame is decoded as a whole, and its checksum
//! seen, before a byte of it is given out.

use std::fs::File;
use std::io::{self, BufRead, ErrorKind, Read};
use std::sync::Arc;

use zstd::bulk::Decompressor;

use super::file_cursor::FileCursor;
use super::seek_table::{Frame, SeekTable};

pub(in super::super) struct FrameReader {
    file: FileCursor,
    table: Arc<SeekTable>,
    decompressor: Decompressor<'static>,
    /// The number of the frame that `content` is of.
    decoded: Option<usize>,
    content: Vec<u8>,
    /// The offset in the content of the file that is read next.
    at: u64,
}

impl FrameReader {
    pub fn new(file: &Arc<File>, table: &Arc<SeekTable>) -> io::Result<Self> {
        let (file, table) = (FileCursor::new(file, 0), Arc::clone(table));
        let decompressor = Decompressor::new()?;
        Ok(Self { file, table, decompressor, decoded: None, content: Vec::new(), at: 0 })
    }

    /// Goes to an offset of the content; what was decoded is kept.
    pub fn seek_to(&mut self, offset: u64) {
        self.at = offset;
    }

    fn decode(&mut self, number: usize, frame: Frame) -> io::Result<()> {
        self.decoded = None;
        let mut stored = Vec::with_capacity(frame.stored_length as usize);
        self.file.at = frame.stored_at;
        (&mut self.file).take(frame.stored_length.into()).read_to_end(&mut stored)?;
        self.content.clear();
        self.content.reserve(frame.content_length as usize);
        self.decompressor.decompress_to_buffer(&stored, &mut self.content)?;
        if self.content.len() != frame.content_length as usize {
            let (found, expected) = (self.content.len(), frame.content_length);
            let message = format!(
                "the frame at byte {} has {found} bytes, and {expected} by the table",
                frame.stored_at
            );
            return Err(io::Error::new(ErrorKind::InvalidData, message));
        }
        self.decoded = Some(number);
        Ok(())
    }
}

impl Read for FrameReader {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(into)?;
        self.consume(count);
        Ok(count)
    }
}

impl BufRead for FrameReader {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let number = self.table.frame_with(self.at);
        let Some(frame) = self.table.frame(number) else { return Ok(&[]) };
        if self.decoded != Some(number) {
            self.decode(number, frame)?;
        }
        Ok(&self.content[(self.at - frame.content_at) as usize..])
    }

    fn consume(&mut self, count: usize) {
        self.at += count as u64;
    }
}
