//! Lines of which a power cut has left zeros.
//!
//! What an append wrote before its sync is on disk in any mixture of sectors: a later one may be there, and with it the end of a
//! line, and an earlier one not, where zeros stand then. Such a line is no event, and none of it was acknowledged. It is known by
//! its zeros, which reach from sector to sector, and by its place: no append before the last one can have left it, since that
//! waits for the sync of the one before.
//!
//! A disk that makes zeros of sectors that it had synced leaves the same. Within the last write of a day that is not told
//! apart, which is why no byte is dropped: the line goes to a file of its own.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::day_files::file_cursor::FileCursor;
use super::day_files::last_line::start_of_line;
use super::error::JsonlError;
use super::folder::EventFolder;
use crate::durable::append::AppendFile;
use crate::durable::torn_copy::create_torn_copy;

/// The least that a disk writes as a whole, in bytes: every file system writes a multiple of it.
const SECTOR: u64 = 512;
/// No more is appended at once, in bytes, but for a line that is longer and the last one.
const LONGEST_WRITE: u64 = 1 << 20;

/// Whether a line without its end, at that offset of its file, has zeros, and these where sectors were never written: each run of them begins with
/// the line or with a sector, and ends where a sector does.
pub(super) fn has_unwritten_sectors(line: &[u8], offset: u64) -> bool {
    let mut runs = zeros(line).peekable();
    let is_edge = |at: usize| (offset + at as u64).is_multiple_of(SECTOR);
    runs.peek().is_some() && runs.all(|run| (run.start == 0 || is_edge(run.start)) && is_edge(run.end))
}

/// Whether the last append to a file of that length can have written a line, with its end, at these offsets.
pub(super) fn is_of_the_last_write(line: &Range<u64>, length: u64) -> bool {
    line.end >= length || line.start + LONGEST_WRITE >= length
}

/// The runs of zeros.
fn zeros(bytes: &[u8]) -> impl Iterator<Item = Range<usize>> {
    let mut from = 0;
    std::iter::from_fn(move || {
        let start = from + memchr::memchr(0, bytes.get(from..)?)?;
        let rest = bytes.get(start..)?;
        from = start + rest.iter().position(|&byte| byte != 0).unwrap_or(rest.len());
        Some(start..from)
    })
}

/// The ended lines of a file of that length, with their ends, that were not written whole before a power cut.
pub(super) fn unwritten_lines(path: &Path, length: u64) -> Result<Vec<Range<u64>>, JsonlError> {
    let failed = || JsonlError::io("read", path);
    if length == 0 {
        return Ok(Vec::new());
    }
    let file = Arc::new(File::open(path).map_err(failed())?);
    let line_with = |offset: u64| start_of_line(&mut FileCursor::new(&file, 0), offset + 1).map_err(failed());
    let from = line_with(length.saturating_sub(LONGEST_WRITE).min(length - 1))?.min(line_with(length - 1)?);
    let mut tail = Vec::new();
    FileCursor::new(&file, from).take(length - from).read_to_end(&mut tail).map_err(failed())?;
    let mut lines = Vec::new();
    let mut start = from;
    for line in tail.split_inclusive(|&byte| byte == b'\n') {
        let end = start + line.len() as u64;
        if let Some(text) = line.strip_suffix(b"\n")
            && has_unwritten_sectors(text, start)
            && is_of_the_last_write(&(start..end), length)
        {
            lines.push(start..end);
        }
        start = end;
    }
    Ok(lines)
}

/// Copies these lines of a day file to files of their own, durably, and puts blanks in their place: what comes after keeps its position.
/// To be called under the lock.
pub(super) fn set_lines_aside(
    folder: &EventFolder,
    path: &Path,
    lines: &[Range<u64>],
) -> Result<Vec<PathBuf>, JsonlError> {
    let mut file =
        OpenOptions::new().read(true).write(true).open(path).map_err(JsonlError::io("open", path))?;
    let mut copies = Vec::new();
    for line in lines {
        let mut text = vec![0; (line.end - line.start) as usize - 1];
        file.seek(SeekFrom::Start(line.start))
            .and_then(|_| file.read_exact(&mut text))
            .map_err(JsonlError::io("read", path))?;
        let (mut copy, copy_path) = create_torn_copy(path, line.start)
            .map_err(|(path, source)| JsonlError::Io { operation: "create", path, source })?;
        copy.write_all(&text)
            .and_then(|()| copy.sync())
            .map_err(JsonlError::io("copy a line that was not written whole to", &copy_path))?;
        folder.sync()?;
        blank_out(&mut file, line.start, &mut text).map_err(JsonlError::io("put blanks into", path))?;
        tracing::warn!(
            "{}, the line at byte {}: zeros stand where sectors of it were not written, as after a power cut, and it is no event; its {} bytes are now in {}, and blanks in their place",
            path.display(),
            line.start,
            text.len(),
            copy_path.display()
        );
        copies.push(copy_path);
    }
    Ok(copies)
}

/// Writes blanks over a line. Its zeros go last: where that is cut short, the line is known by those that are left.
fn blank_out(file: &mut File, offset: u64, line: &mut [u8]) -> io::Result<()> {
    for is_last in [false, true] {
        line.iter_mut().filter(|byte| is_last || **byte != 0).for_each(|byte| *byte = b' ');
        file.seek(SeekFrom::Start(offset))?;
        file.write_all(line)?;
        file.sync()?;
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::single_range_in_vec_init, reason = "zeros at one place are meant")]
mod tests {
    use super::*;

    /// A line of 2,000 bytes with zeros at these places.
    fn line(zeros: &[Range<usize>]) -> Vec<u8> {
        let mut line = vec![b'x'; 2_000];
        zeros.iter().for_each(|zeros| line[zeros.clone()].fill(0));
        line
    }

    #[test]
    fn zeros_are_unwritten_sectors_where_they_reach_from_one_to_the_next_or_from_the_beginning_of_the_line() {
        // The line begins within a sector, 100 bytes before the next one.
        let offset = 10 * SECTOR - 100;
        for zeros in [vec![0..100], vec![100..612], vec![0..612, 1_124..1_636], vec![0..1_636]] {
            assert!(has_unwritten_sectors(&line(&zeros), offset), "{zeros:?}");
        }
        for zeros in
            [vec![], vec![0..99], vec![1..100], vec![100..611], vec![101..612], vec![0..100, 700..701]]
        {
            assert!(!has_unwritten_sectors(&line(&zeros), offset), "{zeros:?}");
        }
    }

    #[test]
    fn a_line_that_is_being_blanked_out_is_known_whatever_sectors_of_it_are_written() {
        let offset = 10 * SECTOR - 100;
        let before = line(&[0..100, 612..1_124]);
        let without_text: Vec<u8> = before.iter().map(|&byte| if byte == 0 { 0 } else { b' ' }).collect();
        let blank = vec![b' '; before.len()];
        for (from, to) in [(&before, &without_text), (&without_text, &blank)] {
            for sectors in 0_u32..32 {
                let is_written = |at: usize| sectors >> ((412 + at) / 512) & 1 == 1;
                let mixed: Vec<u8> =
                    (0..from.len()).map(|at| if is_written(at) { to[at] } else { from[at] }).collect();
                let is_blank = mixed.iter().all(|&byte| byte == b' ');
                assert!(is_blank || has_unwritten_sectors(&mixed, offset), "{sectors:b}");
            }
        }
    }

    #[test]
    fn the_last_line_and_those_that_one_write_can_have_with_it_are_of_the_last_write() {
        let length = 3 * LONGEST_WRITE;
        assert!(is_of_the_last_write(&(0..length), length));
        assert!(is_of_the_last_write(&(2 * LONGEST_WRITE..length - 1), length));
        assert!(!is_of_the_last_write(&(2 * LONGEST_WRITE - 1..length - 1), length));
    }
}
