//! Where the last line of a file begins, looked for from its end on.

use std::io::{self, Read};

use super::file_cursor::FileCursor;
use super::frame_reader::FrameReader;

/// How much of the end of a file is looked at first, and at a time.
const LOOK: usize = 4 * 1024;

/// Content that can be read at any offset.
pub(in super::super) trait ContentAt: Read {
    fn go_to(&mut self, offset: u64);
}

impl ContentAt for FileCursor {
    fn go_to(&mut self, offset: u64) {
        self.at = offset;
    }
}

impl ContentAt for FrameReader {
    fn go_to(&mut self, offset: u64) {
        self.seek_to(offset);
    }
}

/// Where the line starts whose last byte is before `end`, which is not 0.
pub(in super::super) fn start_of_line(content: &mut dyn ContentAt, end: u64) -> io::Result<u64> {
    let mut buffer = [0; LOOK];
    // The last byte is the end of the line itself, where the line is ended.
    let mut unseen = end - 1;
    while unseen > 0 {
        let from = unseen.saturating_sub(LOOK as u64);
        let looked_at = &mut buffer[..(unseen - from) as usize];
        content.go_to(from);
        content.read_exact(looked_at)?;
        if let Some(line_end) = memchr::memrchr(b'\n', looked_at) {
            return Ok(from + line_end as u64 + 1);
        }
        unseen = from;
    }
    Ok(0)
}
