//! The figures file: JSON lines, appended with one write and one fsync each time.
//!
//! An append holds the lock on a side file, `<path>.lock`, where `<path>` is the file that all links lead to; to one that has
//! several names nothing is appended, since each would have a lock of its own. What a killed process has left of a line is set aside into a
//! file of its own before the next append, as in the stores of events.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::application::figures::{DamagedLine, FiguresError, FiguresLine, FiguresLog, RecordedFigures};
use crate::durable::append::{AppendFile, append_durably, cut_back};
use crate::durable::directory::{create_folders, sync_folder};
use crate::durable::links::{follow_links, hard_links};
use crate::durable::lock::{FileLock, LockError};
use crate::durable::presence::metadata_if_present;
use crate::durable::torn_copy::create_torn_copy;
use crate::infrastructure::side_files::{LOCK, with_suffix};
use crate::infrastructure::torn_tail::start_of_last_line;

/// How long another process is waited for: an append takes a sync. A dispatch that failed waits for this.
const PATIENCE: Duration = Duration::from_secs(2);

/// A figures file. It need not exist yet, nor its folder.
#[derive(Debug)]
pub struct JsonlDispatchFigures {
    path: PathBuf,
}

impl JsonlDispatchFigures {
    /// The file at `path`.
    pub fn new(path: &Path) -> Self {
        Self { path: path.to_owned() }
    }

    fn failed(&self, action: &'static str) -> impl FnOnce(io::Error) -> FiguresError {
        let place = self.path.display().to_string();
        move |source| FiguresError::Storage { action, place, source: source.into() }
    }

    /// The path that all links lead to. What is there is a file, or nothing yet.
    fn file(&self) -> io::Result<(PathBuf, bool)> {
        let file = follow_links(&self.path)?;
        match metadata_if_present(&file)? {
            None => Ok((file, false)),
            Some(metadata) if metadata.is_file() => Ok((file, true)),
            Some(_) => Err(io::Error::other("expected a file, found something else")),
        }
    }

    fn not_locked(&self, error: LockError) -> FiguresError {
        match error {
            LockError::Held => {
                FiguresError::Busy { place: self.path.display().to_string(), seconds: PATIENCE.as_secs() }
            }
            LockError::Open(source) => self.failed("open the lock of")(source),
            LockError::Refused(source) => self.failed("lock")(source),
        }
    }
}

impl FiguresLog for JsonlDispatchFigures {
    fn append(&self, lines: &[FiguresLine]) -> Result<(), FiguresError> {
        let mut bytes = Vec::new();
        for line in lines {
            serde_json::to_writer(&mut bytes, line)
                .map_err(io::Error::from)
                .map_err(self.failed("spell out a line for"))?;
            bytes.push(b'\n');
        }
        let (path, _) = self.file().map_err(self.failed("append to"))?;
        let folder = path.parent().unwrap_or(Path::new(""));
        create_folders(folder).map_err(self.failed("create the folder of"))?;
        let _lock = FileLock::exclusive(&with_suffix(&path, LOCK), PATIENCE)
            .map_err(|error| self.not_locked(error))?;
        if let Ok(names @ 2..) = hard_links(&path) {
            let several = format!(
                "it has {names} names (hard links), and each has a lock of its own: remove the others, or name a copy"
            );
            return Err(self.failed("append to")(io::Error::other(several)));
        }
        let opened = OpenOptions::new().read(true).append(true).create(true).open(&path);
        let mut file = opened.map_err(self.failed("open"))?;
        let length = ended_length(&mut file, &path).map_err(self.failed("set aside what is torn of"))?;
        append_durably(&mut file, length, &bytes, || sync_folder(folder)).map_err(|error| {
            let left = error.rollback.map(|rollback| format!("; and it could not be taken back: {rollback}"));
            let source =
                io::Error::new(error.source.kind(), format!("{}{}", error.source, left.unwrap_or_default()));
            self.failed("append to")(source)
        })
    }

    fn read(&self) -> Result<Option<RecordedFigures>, FiguresError> {
        let (path, exists) = self.file().map_err(self.failed("read"))?;
        if !exists {
            return Ok(None);
        }
        // So that no half of an append is seen. Without a lock that can be read, nothing is being appended, or nothing keeps it from that.
        let _lock = match FileLock::shared(&with_suffix(&path, LOCK), PATIENCE) {
            Ok(lock) => Some(lock),
            Err(LockError::Open(_)) => None,
            Err(error) => return Err(self.not_locked(error)),
        };
        Ok(Some(read_lines(&fs::read(&path).map_err(self.failed("read"))?)))
    }
}

fn read_lines(text: &[u8]) -> RecordedFigures {
    let mut read = RecordedFigures::default();
    let mut offset = 0;
    for (line, number) in text.split_inclusive(|byte| *byte == b'\n').zip(1..) {
        let is_torn = !line.ends_with(b"\n");
        if !line.trim_ascii().is_empty() {
            match FiguresLine::parse(line.trim_ascii()) {
                Ok(figures) => read.lines.push(figures),
                Err(error) => {
                    read.damage.push(DamagedLine { line: number, offset, is_torn, detail: error.to_string() })
                }
            }
        }
        offset += line.len() as u64;
    }
    read
}

/// The length of the file, which ends with a line end, or is made to: a last line without one is ended where it is whole, and set aside
/// where it is not.
fn ended_length(file: &mut File, path: &Path) -> io::Result<u64> {
    let length = file.metadata()?.len();
    let start = start_of_last_line(file, length)?;
    if start == length {
        return Ok(length);
    }
    let mut tail = Vec::new();
    file.seek(SeekFrom::Start(start))?;
    file.read_to_end(&mut tail)?;
    if FiguresLine::parse(&tail).is_ok() {
        file.append(b"\n")?;
        return Ok(length + 1);
    }
    let (mut copy, copy_path) = create_torn_copy(path, start).map_err(|(path, error)| {
        io::Error::new(error.kind(), format!("could not create {}: {error}", path.display()))
    })?;
    copy.append(&tail)?;
    copy.sync()?;
    sync_folder(path.parent().unwrap_or(Path::new("")))?;
    cut_back(file, start)?;
    tracing::warn!(
        "{} was torn at byte {start}: the {} bytes from there on are now in {}",
        path.display(),
        tail.len(),
        copy_path.display()
    );
    Ok(start)
}

#[cfg(test)]
mod tests;
