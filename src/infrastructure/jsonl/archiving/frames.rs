//! A zstd file with a seek table, as it is written.

use std::io::{self, Read, Write};

use zstd::bulk::Compressor;

use super::super::day_files::seek_table::SeekTable;

/// How much content a frame has, about: as much is decoded where one line is wanted.
const FRAME: u64 = 1 << 20;
/// A line that is longer is cut into several frames.
const LONGEST_LINE: usize = 32 << 20;

/// Compresses content into frames of whole lines, each with its checksum. The last line is a frame of its own, so that
/// how far a day reaches is seen in it alone. Answers how long the content was; `tell` is told how far it was read.
pub(in super::super) fn write_frames(
    content: &mut dyn Read,
    out: &mut dyn Write,
    level: i32,
    tell: &mut dyn FnMut(u64),
) -> io::Result<u64> {
    let mut compressor = Compressor::new(level)?;
    compressor.include_checksum(true)?;
    let mut table = SeekTable::default();
    let mut write = |content: &[u8], table: &mut SeekTable| -> io::Result<()> {
        if content.is_empty() {
            return Ok(());
        }
        let frame = compressor.compress(content)?;
        out.write_all(&frame)?;
        table.add(frame.len() as u32, content.len() as u32);
        Ok(())
    };
    let mut pending = Vec::new();
    loop {
        let is_end = content.take(FRAME).read_to_end(&mut pending)? == 0;
        let last_line = pending.len().checked_sub(1).and_then(|end| memchr::memrchr(b'\n', &pending[..end]));
        let mut cut = last_line.map_or(0, |line_end| line_end + 1);
        if cut == 0 && pending.len() > LONGEST_LINE {
            cut = pending.len();
        }
        write(&pending[..cut], &mut table)?;
        pending.drain(..cut);
        tell(table.content_length());
        if is_end {
            write(&pending, &mut table)?;
            break;
        }
    }
    out.write_all(&table.to_bytes())?;
    Ok(table.content_length())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(content: &str) -> Vec<u8> {
        let mut file = Vec::new();
        let length = write_frames(&mut content.as_bytes(), &mut file, 1, &mut |_| {}).unwrap();
        assert_eq!(length, content.len() as u64);
        file
    }

    #[test]
    fn any_decompressor_gives_the_content_back() {
        let long = format!("{}\n", "long ".repeat(700_000));
        for content in ["", "one\n", "one\ntwo\n", "\n\n", &long, &format!("one\n{long}two\n{long}")] {
            let decoded = zstd::decode_all(&written(content)[..]).unwrap();
            assert!(decoded == content.as_bytes(), "{content:.20?}");
        }
    }

    #[test]
    fn each_frame_has_a_checksum_and_the_last_line_is_one_of_its_own() {
        let content = "{\"line\": 1}\n".repeat(300_000) + "the last one\n";
        let file = written(&content);
        let frames = memchr::memmem::find_iter(&file, &[0x28, 0xB5, 0x2F, 0xFD]);
        let descriptors: Vec<u8> = frames.map(|at| file[at + 4]).collect();
        assert!(descriptors.len() >= 4, "{descriptors:?}");
        assert!(descriptors.iter().all(|descriptor| descriptor & 4 != 0), "{descriptors:?}");
        let last = memchr::memmem::rfind(&file, &[0x28, 0xB5, 0x2F, 0xFD]).unwrap();
        assert_eq!(zstd::decode_all(&file[last..]).unwrap(), b"the last one\n");
    }
}
