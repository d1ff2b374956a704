//! The content of a day as it is archived: that of its files, one after the other, each ended.
//!
//! A torn last line is no event, and nothing of it was acknowledged. Its bytes go into a file of their own, as before an
//! append, and blanks stand for them in the archive: what comes after keeps its position.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::sync::Arc;

use super::super::day_files::file_cursor::FileCursor;
use super::super::day_files::file_state::FileState;
use super::super::day_files::frame_reader::FrameReader;
use super::super::day_files::last_line::start_of_line;
use super::super::day_files::measure::{Measure, Storage};
use super::super::day_files::open_day::OpenDay;
use super::super::error::JsonlError;
use super::super::folder::EventFolder;
use super::super::reader::{Content, DayReader};
use crate::durable::append::AppendFile;
use crate::durable::torn_copy::create_torn_copy;

/// The files of a day that are archived together.
pub(super) struct WholeDay {
    pub files: Vec<WholeFile>,
}

/// One of them.
pub(super) struct WholeFile {
    pub path: PathBuf,
    pub state: FileState,
    file: Arc<File>,
    measure: Arc<Measure>,
    /// Where its torn last line begins, in its content.
    pub torn_from: Option<u64>,
}

impl WholeDay {
    /// Of a day that was opened: what was archived of it before, and with `live` what was not yet.
    pub fn of(folder: &EventFolder, day: &OpenDay, live: bool) -> Result<Self, JsonlError> {
        let mut files = Vec::new();
        for archived in &day.archived {
            files.push(WholeFile {
                path: archived.path.clone(),
                state: archived.state.clone(),
                file: Arc::clone(&archived.file),
                measure: Arc::clone(&archived.measure),
                torn_from: None,
            });
        }
        if let Some(last) = day.live.as_ref().filter(|_| live) {
            let measure = folder.measures().of(&day.live_path, &last.file, &last.state)?;
            let (file, state) = (Arc::clone(&last.file), last.state.clone());
            files.push(WholeFile { path: day.live_path.clone(), state, file, measure, torn_from: None });
        }
        for (number, file) in files.iter_mut().enumerate().filter(|(_, file)| !file.measure.is_ended) {
            let last_line = file.last_line().map_err(JsonlError::io("read", &file.path))?;
            let offset = day.start_of(number) + last_line;
            let mut reader = DayReader::at(folder, day.clone(), offset)?;
            let line = reader.next_line()?.filter(|line| line.offset == offset);
            file.torn_from = line.and_then(|line| matches!(line.content, Content::Torn).then_some(last_line));
        }
        Ok(Self { files })
    }

    /// Whether a file of it is not what it was.
    pub fn has_changed(&self) -> bool {
        self.files.iter().any(|file| match fs::metadata(&file.path) {
            Ok(metadata) => FileState::of(&metadata) != file.state,
            Err(_) => true,
        })
    }

    /// Its length, in bytes.
    pub fn length(&self) -> u64 {
        self.files.iter().map(|file| file.measure.end()).sum()
    }

    /// The content, from its first byte to its last.
    pub fn content(&self) -> io::Result<Box<dyn Read + '_>> {
        let mut content: Box<dyn Read> = Box::new(io::empty());
        for file in &self.files {
            let end = file.torn_from.unwrap_or(file.measure.length);
            let blanks = io::repeat(b' ').take(file.measure.length - end);
            let line_end: &[u8] = if file.measure.is_ended { b"" } else { b"\n" };
            content = Box::new(content.chain(file.content()?.take(end)).chain(blanks).chain(line_end));
        }
        Ok(content)
    }

    /// Copies the torn last lines to files of their own, durably; answers their paths.
    pub fn copy_torn_lines(&self) -> Result<Vec<PathBuf>, JsonlError> {
        let mut copies = Vec::new();
        for file in &self.files {
            let Some(torn_from) = file.torn_from else { continue };
            let (mut copy, path) = create_torn_copy(&file.path, torn_from)
                .map_err(|(path, source)| JsonlError::Io { operation: "create", path, source })?;
            let mut content = file.content().map_err(JsonlError::io("read", &file.path))?;
            let copied = io::copy(&mut (&mut content).take(torn_from), &mut io::sink())
                .and_then(|_| io::copy(&mut content.take(file.measure.length - torn_from), &mut copy))
                .and_then(|_| copy.flush())
                .and_then(|()| copy.sync());
            copied.map_err(JsonlError::io("copy the torn last line to", &path))?;
            copies.push(path);
        }
        Ok(copies)
    }
}

impl WholeFile {
    fn content(&self) -> io::Result<Box<dyn Read>> {
        Ok(match &self.measure.storage {
            Storage::Plain => Box::new(FileCursor::new(&self.file, 0)),
            Storage::Frames(table) => Box::new(FrameReader::new(&self.file, table)?),
            storage => storage.decoder(&self.file)?,
        })
    }

    /// Where its last line begins, which is not ended.
    fn last_line(&self) -> io::Result<u64> {
        let end = self.measure.length;
        match &self.measure.storage {
            Storage::Plain => start_of_line(&mut FileCursor::new(&self.file, 0), end),
            Storage::Frames(table) => start_of_line(&mut FrameReader::new(&self.file, table)?, end),
            storage => {
                let (mut content, mut buffer) = (storage.decoder(&self.file)?, vec![0; 64 * 1024]);
                let (mut read, mut last) = (0, 0);
                loop {
                    let count = content.read(&mut buffer)?;
                    if count == 0 {
                        return Ok(last);
                    }
                    if let Some(line_end) = memchr::memrchr(b'\n', &buffer[..count]) {
                        last = read + line_end as u64 + 1;
                    }
                    read += count as u64;
                }
            }
        }
    }
}
