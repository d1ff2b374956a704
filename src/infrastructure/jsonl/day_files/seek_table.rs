//! The seek table at the end of a zstd file: where each of its frames is, and which of the content it holds. It is the
//! zstd seekable format, version 0.1.0, whose table stands in a frame that other decompressors skip.

use std::fs::File;
use std::io::{self, Read};
use std::sync::Arc;

use super::file_cursor::FileCursor;

/// The table is a skippable frame of this number.
const TABLE_MAGIC: [u8; 4] = 0x184D_2A5E_u32.to_le_bytes();
const FOOTER_MAGIC: [u8; 4] = 0x8F92_EAB1_u32.to_le_bytes();
/// Magic number and length of a skippable frame.
const HEADER: u64 = 8;
/// The number of frames, a descriptor, and a magic number.
const FOOTER: u64 = 9;
/// In the descriptor: an entry has a checksum too.
const HAS_CHECKSUMS: u8 = 1 << 7;
/// A frame of more content is not held in memory as a whole: the file is read from its beginning, as one without a table.
const LARGEST_FRAME: u32 = 64 << 20;

/// One frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) struct Frame {
    /// Where it is in the file.
    pub stored_at: u64,
    pub stored_length: u32,
    /// Where its content is in the content of the file.
    pub content_at: u64,
    pub content_length: u32,
}

/// The frames of a file, in their order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in super::super) struct SeekTable {
    frames: Vec<Frame>,
}

impl SeekTable {
    /// The table of a file of that length; `None` where it ends with none that can be used.
    pub fn read(file: &Arc<File>, length: u64) -> io::Result<Option<Self>> {
        if length < HEADER + FOOTER {
            return Ok(None);
        }
        let mut footer = [0; FOOTER as usize];
        FileCursor::new(file, length - FOOTER).read_exact(&mut footer)?;
        let [n0, n1, n2, n3, descriptor, magic @ ..] = footer;
        let entry = if descriptor & HAS_CHECKSUMS == 0 { 8 } else { 12 };
        let entries = u64::from(u32::from_le_bytes([n0, n1, n2, n3])) * entry;
        let start = length.checked_sub(HEADER + entries + FOOTER).filter(|_| magic == FOOTER_MAGIC);
        let Some(start) = start else { return Ok(None) };
        let mut bytes = Vec::new();
        FileCursor::new(file, start).take(HEADER + entries).read_to_end(&mut bytes)?;
        let is_table = bytes.starts_with(&TABLE_MAGIC)
            && bytes.get(4..8) == Some(&(u32::try_from(entries + FOOTER).unwrap_or_default()).to_le_bytes());
        let mut table = Self::default();
        if let Some(entries) = bytes.get(HEADER as usize..).filter(|_| is_table) {
            for entry in entries.chunks_exact(entry as usize) {
                let number =
                    |at: usize| u32::from_le_bytes([entry[at], entry[at + 1], entry[at + 2], entry[at + 3]]);
                table.add(number(0), number(4));
            }
        }
        // Frames that the table does not speak of would be left out.
        let is_whole = is_table && table.stored_end() == start;
        let is_small = table.frames.iter().all(|frame| frame.content_length <= LARGEST_FRAME);
        Ok(Some(table).filter(|_| is_whole && is_small))
    }

    /// Adds a frame after the others.
    pub fn add(&mut self, stored_length: u32, content_length: u32) {
        let (stored_at, content_at) = (self.stored_end(), self.content_length());
        self.frames.push(Frame { stored_at, stored_length, content_at, content_length });
    }

    /// The table as it ends a file.
    pub fn to_bytes(&self) -> Vec<u8> {
        let length = self.frames.len() as u32 * 8 + FOOTER as u32;
        let mut bytes = [TABLE_MAGIC, length.to_le_bytes()].concat();
        for frame in &self.frames {
            bytes.extend(frame.stored_length.to_le_bytes());
            bytes.extend(frame.content_length.to_le_bytes());
        }
        bytes.extend((self.frames.len() as u32).to_le_bytes());
        bytes.push(0);
        bytes.extend(FOOTER_MAGIC);
        bytes
    }

    /// How long the content of the file is, in bytes.
    pub fn content_length(&self) -> u64 {
        self.frames.last().map_or(0, |frame| frame.content_at + u64::from(frame.content_length))
    }

    /// The number of the frame that holds the byte at that offset of the content; that of none at its end.
    pub fn frame_with(&self, offset: u64) -> usize {
        let is_before = |frame: &Frame| frame.content_at + u64::from(frame.content_length) <= offset;
        self.frames.partition_point(is_before)
    }

    pub fn frame(&self, number: usize) -> Option<Frame> {
        self.frames.get(number).copied()
    }

    fn stored_end(&self) -> u64 {
        self.frames.last().map_or(0, |frame| frame.stored_at + u64::from(frame.stored_length))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Option<SeekTable> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, bytes).unwrap();
        SeekTable::read(&Arc::new(File::open(&path).unwrap()), bytes.len() as u64).unwrap()
    }

    fn table(frames: &[(u32, u32)]) -> SeekTable {
        let mut table = SeekTable::default();
        frames.iter().for_each(|&(stored, content)| table.add(stored, content));
        table
    }

    fn file(frames: &[(u32, u32)]) -> Vec<u8> {
        let stored: u32 = frames.iter().map(|(stored, _)| stored).sum();
        [vec![7; stored as usize], table(frames).to_bytes()].concat()
    }

    #[test]
    fn a_table_is_read_as_it_was_written() {
        for frames in [&[][..], &[(10, 100)], &[(10, 100), (0, 0), (20, 5)]] {
            assert_eq!(read(&file(frames)), Some(table(frames)), "{frames:?}");
        }
    }

    #[test]
    fn entries_with_checksums_are_read_too() {
        let mut bytes = vec![7; 10];
        bytes.extend(TABLE_MAGIC);
        bytes.extend(21_u32.to_le_bytes());
        for number in [10_u32, 100, 0xDEAD_BEEF, 1] {
            bytes.extend(number.to_le_bytes());
        }
        bytes.push(HAS_CHECKSUMS);
        bytes.extend(FOOTER_MAGIC);
        assert_eq!(read(&bytes), Some(table(&[(10, 100)])));
    }

    #[test]
    fn a_table_that_does_not_speak_of_the_whole_file_is_none() {
        let sound = file(&[(10, 100), (20, 5)]);
        assert!(read(&sound).is_some());
        for at in 0..10 {
            let mut more = sound.clone();
            more.insert(at, 7);
            assert_eq!(read(&more), None, "a byte more at {at}");
        }
        for end in 0..sound.len() {
            assert_eq!(read(&sound[..end]), None, "cut at {end}");
        }
        assert_eq!(read(&file(&[(10, LARGEST_FRAME + 1)])), None);
        assert_eq!(read(b"{\"event_id\": \"a day file that is not compressed\"}\n"), None);
    }

    #[test]
    fn the_frame_of_an_offset_is_found() {
        let table = table(&[(10, 100), (0, 0), (20, 5)]);
        let frames: Vec<usize> = [0, 99, 100, 104, 105, 900].map(|offset| table.frame_with(offset)).to_vec();
        assert_eq!(frames, [0, 0, 2, 2, 3, 3]);
        assert_eq!(table.frame(2).map(|frame| (frame.stored_at, frame.content_at)), Some((10, 100)));
        assert_eq!((table.frame(3), table.content_length()), (None, 105));
    }
}
