//! The file of the queue, open for appending.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::error::QueueError;
use super::line::Line;
use crate::durable::append::{AppendError, AppendFile, AppendStep, append_durably, cut_back};
use crate::durable::directory::sync_folder;
use crate::durable::plain_file::file_if_present;
use crate::durable::torn_copy::create_torn_copy;
use crate::legacy::counted::counted;

/// When a line has to be on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Durability {
    /// Before the append returns.
    AtOnce,
    /// With the next line that is durable at once.
    Later,
}

/// The file, whose lines are whole. The lock of the queue is held as long as it is open.
#[derive(Debug)]
pub(super) struct LogFile {
    path: PathBuf,
    file: File,
    /// Of the whole lines, in bytes.
    length: u64,
    /// Something stands after the whole lines: an append that could not be taken back.
    is_torn: bool,
    /// The name of the file is on disk.
    is_name_durable: bool,
}

impl LogFile {
    /// Opens the file, which is made if need be, and frees it of a torn last line. Gives its lines too.
    pub fn open(path: &Path) -> Result<(Self, Vec<u8>), QueueError> {
        file_if_present(path).map_err(QueueError::file("open", path))?;
        let file = File::options()
            .create(true)
            .read(true)
            .append(true)
            .open(path)
            .map_err(QueueError::file("open", path))?;
        let mut log = Self { path: path.to_owned(), file, length: 0, is_torn: false, is_name_durable: false };
        let mut lines = Vec::new();
        log.file.read_to_end(&mut lines).map_err(QueueError::file("read", path))?;
        // What a killed process has written is in the file, but maybe not on disk yet.
        log.file.sync().map_err(QueueError::file("fsync", path))?;
        log.length = lines.len() as u64;
        log.end_last_line(&mut lines)?;
        Ok((log, lines))
    }

    /// In bytes.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Appends whole lines, or nothing.
    pub fn append(&mut self, lines: &[u8], durability: Durability) -> Result<(), QueueError> {
        if self.is_torn {
            cut_back(&mut self.file, self.length)
                .map_err(QueueError::file("cut a torn line off", &self.path))?;
            self.is_torn = false;
        }
        let appended = match durability {
            Durability::AtOnce => {
                let is_name_durable = self.is_name_durable;
                append_durably(&mut self.file, self.length, lines, || match is_name_durable {
                    true => Ok(()),
                    false => sync_folder(self.path.parent().unwrap_or(Path::new(""))),
                })
            }
            Durability::Later => self.file.append(lines).map_err(|source| {
                let rollback = cut_back(&mut self.file, self.length).err();
                AppendError { step: AppendStep::Write, source, rollback }
            }),
        };
        match appended {
            Ok(()) => {
                self.length += lines.len() as u64;
                self.is_name_durable |= durability == Durability::AtOnce;
                Ok(())
            }
            Err(error) => {
                self.is_torn = error.rollback.is_some();
                Err(QueueError::file("append to", &self.path)(error.source))
            }
        }
    }

    /// A last line that is whole but for its end gets that; another one was torn, and goes to a file of its own.
    fn end_last_line(&mut self, lines: &mut Vec<u8>) -> Result<(), QueueError> {
        let start = memchr::memrchr(b'\n', lines).map_or(0, |end| end + 1);
        if start == lines.len() {
            return Ok(());
        }
        if Line::read(&lines[start..]).is_ok() {
            lines.push(b'\n');
            return self.append(b"\n", Durability::AtOnce);
        }
        let offset = start as u64;
        let (mut copy, copy_path) = create_torn_copy(&self.path, offset)
            .map_err(|(path, source)| QueueError::file("create", &path)(source))?;
        let copied = copy.append(&lines[start..]).and_then(|()| copy.sync());
        copied
            .and_then(|()| sync_folder(self.path.parent().unwrap_or(Path::new(""))))
            .map_err(QueueError::file("copy the torn last line to", &copy_path))?;
        cut_back(&mut self.file, offset)
            .map_err(QueueError::file("cut the torn last line off", &self.path))?;
        tracing::warn!(
            "[EventDispatcher] {}: the last line, at byte {offset}, was torn; it is now in {} ({})",
            self.path.display(),
            copy_path.display(),
            counted((lines.len() - start) as u64, "byte")
        );
        lines.truncate(start);
        self.length = offset;
        Ok(())
    }
}
