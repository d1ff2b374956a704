//! The end of the outbox: which number its last line has, and what is written after it.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::error::OutboxError;
use super::line;
use crate::durable::append::{AppendFile, cut_back};
use crate::durable::directory::{create_folders, sync_folder};
use crate::durable::links::file_identity;
use crate::durable::presence::metadata_if_present;
use crate::durable::torn_copy::create_torn_copy;
use crate::legacy::routing::ports::OutboxLine;

/// How much is read at first to find the last line, in bytes.
const WINDOW: u64 = 64 << 10;

/// What a file is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    Read,
    Write,
}

/// The file, and its end as this process knows it: what is read is what others have written since.
#[derive(Debug)]
pub(super) struct Tail {
    path: PathBuf,
    open: Option<OpenTail>,
}

#[derive(Debug)]
pub(super) struct OpenTail {
    pub file: File,
    access: Access,
    /// `None` where the system does not say.
    identity: Option<(u64, u64)>,
    /// Of the file, in bytes.
    length: u64,
    /// Where the last line ends that is whole, in bytes.
    pub end: u64,
    /// The last line, as it was read, or written, last.
    pub last: Option<LastLine>,
}

/// The last line.
#[derive(Debug, Clone, Copy)]
pub(super) struct LastLine {
    pub number: u64,
    /// Where it begins, in bytes.
    pub start: u64,
}

impl Tail {
    pub fn new(path: PathBuf) -> Self {
        Self { path, open: None }
    }

    /// The file as it is now; `None` where there is none. A last line that is not whole is not looked at.
    pub fn look(&mut self, access: Access) -> Result<Option<&mut OpenTail>, OutboxError> {
        let found = metadata_if_present(&self.path).map_err(OutboxError::io("look at", &self.path))?;
        let Some(found) = found else {
            self.open = None;
            return Ok(None);
        };
        let (identity, length) = (file_identity(&found), found.len());
        let known = self.open.take().filter(|open| {
            identity.is_some()
                && open.identity == identity
                && open.end <= length
                && (open.access == Access::Write || access == Access::Read)
        });
        let mut open = match known {
            Some(open) => OpenTail { length, ..open },
            None => OpenTail::open(&self.path, access)?,
        };
        open.read_on(&self.path)?;
        Ok(Some(self.open.insert(open)))
    }

    /// The file, which is made if need be, for writing after its last line; what was torn is set aside.
    pub fn ready(&mut self) -> Result<&mut OpenTail, OutboxError> {
        let path = self.path.clone();
        if self.look(Access::Write)?.is_none() {
            self.create()?;
        }
        match self.look(Access::Write)? {
            Some(open) => {
                open.end_at_last_line(&path)?;
                Ok(open)
            }
            None => Err(OutboxError::io("open", &path)(ErrorKind::NotFound.into())),
        }
    }

    /// Its name is durable, as what is read of it is to be.
    fn create(&self) -> Result<(), OutboxError> {
        let folder = self.path.parent().unwrap_or(Path::new(""));
        create_folders(folder).map_err(OutboxError::io("create the folder", folder))?;
        File::options()
            .write(true)
            .create(true)
            .truncate(false)
            .open(&self.path)
            .and_then(|_| sync_folder(folder))
            .map_err(OutboxError::io("create", &self.path))
    }

    /// The file was replaced by another one.
    pub fn forget(&mut self) {
        self.open = None;
    }
}

impl OpenTail {
    fn open(path: &Path, access: Access) -> Result<Self, OutboxError> {
        let opened = File::options().read(true).write(access == Access::Write).open(path);
        let file = opened.map_err(OutboxError::io("open", path))?;
        let metadata = file.metadata().map_err(OutboxError::io("look at", path))?;
        let (identity, length) = (file_identity(&metadata), metadata.len());
        Ok(Self { file, access, identity, length, end: 0, last: None })
    }

    /// Finds the last line among those that were written since.
    fn read_on(&mut self, path: &Path) -> Result<(), OutboxError> {
        if self.end == self.length {
            return Ok(());
        }
        let Some((start, found)) = self.last_whole_line(path, self.length)? else { return Ok(()) };
        if let Ok(line) = line::read(&found) {
            self.is_last(&line, start, found.len());
            return Ok(());
        }
        // As after a power cut, that took a part of it: it is torn.
        let Some((start, found)) = self.last_whole_line(path, start)? else { return Ok(()) };
        let line =
            line::read(&found).map_err(|invalid| OutboxError::damaged(path, &self.file, start, &invalid))?;
        self.is_last(&line, start, found.len());
        Ok(())
    }

    fn is_last(&mut self, line: &OutboxLine, start: u64, length: usize) {
        self.last = Some(LastLine { number: line.number, start });
        self.end = start + length as u64 + 1;
    }

    /// The last line that ends before `end`, without its end, and where it begins; `None` where none was written since.
    fn last_whole_line(&self, path: &Path, end: u64) -> Result<Option<(u64, Vec<u8>)>, OutboxError> {
        last_line(&self.file, self.end, end).map_err(OutboxError::io("read", path))
    }

    /// The last line, as it is now.
    pub fn last_line(&self, path: &Path) -> Result<Option<OutboxLine>, OutboxError> {
        let Some(last) = self.last else { return Ok(None) };
        let mut text = self.last_text(path)?;
        text.pop();
        line::read(&text)
            .map(Some)
            .map_err(|invalid| OutboxError::damaged(path, &self.file, last.start, &invalid))
    }

    /// The text of the last line, with its end; nothing where there is none.
    pub fn last_text(&self, path: &Path) -> Result<Vec<u8>, OutboxError> {
        let start = self.last.map_or(self.end, |last| last.start);
        read_between(&self.file, start, self.end).map_err(OutboxError::io("read", path))
    }

    /// Appends a line, with one write.
    pub fn append(&mut self, path: &Path, number: u64, line: &str) -> Result<(), OutboxError> {
        self.file
            .seek(SeekFrom::Start(self.end))
            .and_then(|_| append_or_cut_back(&mut self.file, self.end, line.as_bytes()))
            .map_err(OutboxError::io("append to", path))?;
        self.last = Some(LastLine { number, start: self.end });
        self.end += line.len() as u64;
        self.length = self.end;
        Ok(())
    }

    /// Crosses out the line that begins at `start`.
    pub fn cross_out(&mut self, path: &Path, start: u64) -> Result<(), OutboxError> {
        self.file
            .seek(SeekFrom::Start(start + line::MARK_OFFSET))
            .and_then(|_| self.file.append(line::CROSSED_OUT))
            .map_err(OutboxError::io("cross out a line in", path))
    }

    /// What stands after the last whole line was being written by a process that was killed, or a power cut has taken a
    /// part of it. No event was acknowledged for which that line was written, but after a power cut: it is kept.
    fn end_at_last_line(&mut self, path: &Path) -> Result<(), OutboxError> {
        if self.length == self.end {
            return Ok(());
        }
        let (mut copy, copy_path) = create_torn_copy(path, self.end)
            .map_err(|(path, source)| OutboxError::io("create", &path)(source))?;
        let folder = path.parent().unwrap_or(Path::new(""));
        self.file
            .seek(SeekFrom::Start(self.end))
            .and_then(|_| io::copy(&mut (&self.file).take(self.length - self.end), &mut copy))
            .and_then(|_| copy.sync())
            .and_then(|()| sync_folder(folder))
            .map_err(OutboxError::io("copy the torn last line to", &copy_path))?;
        cut_back(&mut self.file, self.end).map_err(OutboxError::io("cut the torn last line off", path))?;
        tracing::warn!(
            "{}: the last line, at byte {}, was torn; its {} bytes are now in {}",
            path.display(),
            self.end,
            self.length - self.end,
            copy_path.display()
        );
        self.length = self.end;
        Ok(())
    }
}

/// What was not written as a whole is taken back; where it cannot be, it is no whole line, and the next one is not
/// written after it.
fn append_or_cut_back(file: &mut impl AppendFile, length: u64, line: &[u8]) -> io::Result<()> {
    file.append(line).inspect_err(|_| drop(file.truncate(length)))
}

/// The last whole line between two places, of which the first one begins a line, and where it begins.
fn last_line(file: &File, from: u64, to: u64) -> io::Result<Option<(u64, Vec<u8>)>> {
    let mut window = WINDOW;
    loop {
        let start = to.saturating_sub(window).max(from);
        let bytes = read_between(file, start, to)?;
        if let Some(end) = memchr::memrchr(b'\n', &bytes) {
            match memchr::memrchr(b'\n', &bytes[..end]) {
                Some(before) => {
                    return Ok(Some((start + before as u64 + 1, bytes[before + 1..end].to_vec())));
                }
                None if start == from => return Ok(Some((start, bytes[..end].to_vec()))),
                None => {}
            }
        } else if start == from {
            return Ok(None);
        }
        window *= 4;
    }
}

fn read_between(mut file: &File, start: u64, end: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(start))?;
    file.take(end - start).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::durable::failing_disk::FailingDisk;

    /// A file of which nothing is synced.
    fn file(bytes: &[u8], room: usize, cannot_truncate: bool) -> FailingDisk {
        FailingDisk { bytes: bytes.to_vec(), room: Some(room), failing_syncs: u32::MAX, cannot_truncate }
    }

    #[test]
    fn on_a_disk_that_is_full_after_any_byte_nothing_is_appended() {
        let (before, line) = (b"1\n", b"2222\n");
        for room in before.len()..before.len() + line.len() {
            for cannot_truncate in [false, true] {
                let mut disk = file(before, room, cannot_truncate);
                let error = append_or_cut_back(&mut disk, 2, line).unwrap_err();
                assert_eq!(error.kind(), ErrorKind::StorageFull);
                assert_eq!(disk.bytes.len(), if cannot_truncate { room } else { before.len() });
                assert!(!disk.bytes[2..].contains(&b'\n'), "no whole line");
            }
        }
        let mut disk = file(before, 7, false);
        append_or_cut_back(&mut disk, 2, line).unwrap();
        assert_eq!(disk.bytes, b"1\n2222\n");
    }
}
