//! Which days are to be archived, and one of them after the other.

use std::fs::{self, File};
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use chrono::NaiveDate;
use thiserror::Error;

use super::super::day_files::equal_content::are_same;
use super::super::day_files::frame_reader::FrameReader;
use super::super::day_files::measure::is_of_the_content;
use super::super::day_files::open_day::OpenDay;
use super::super::day_files::seek_table::SeekTable;
use super::super::error::JsonlError;
use super::super::folder::{DayFile, EventFolder};
use super::super::layout::Day;
use super::super::lock::{LOCK_PATIENCE, lock_archive, lock_folder};
use super::super::turn::JsonlStoreTurn;
use super::super::unwritten::{set_lines_aside, unwritten_lines};
use super::frames::write_frames;
use super::steps::Steps;
use super::whole_day::WholeDay;
use crate::application::dispatch::StoreTurn;
use crate::domain::repository::RepositoryError;
use crate::durable::directory::create_folders;
use crate::durable::links::file_identity;
use crate::durable::lock::FileLock;
use crate::infrastructure::side_files::{ARCHIVING_PREFIX, is_remains_of_an_archive};
use crate::wire::zone::Zone;

/// The level of compression.
pub const LEVEL: i32 = 9;
/// How often a day is compressed anew because it has changed meanwhile.
const ATTEMPTS: usize = 3;
const ACTION: &str = "archive days of the JSONL store";

/// Why a day was not archived. Its events are where they were.
#[derive(Debug, Error)]
pub enum ArchiveError {
    /// Something about the day is in the way; others can be archived.
    #[error("{reason}")]
    Left {
        /// What, and the way out.
        reason: String,
    },
    /// What was written is not what was read: a mistake of this program, or of the machine.
    #[error("{} does not decompress to what was compressed: the day was left as it is", path.display())]
    NotVerified {
        /// What was written, and is removed again.
        path: PathBuf,
    },
    /// Something could not be read or written.
    #[error(transparent)]
    Store(#[from] RepositoryError),
}

impl From<JsonlError> for ArchiveError {
    fn from(error: JsonlError) -> Self {
        match error {
            JsonlError::Damaged(damage) => {
                Self::Left { reason: format!("{} is damaged: {}", damage.place, damage.detail) }
            }
            error => Self::Store(error.during(ACTION)),
        }
    }
}

/// A day that has files to be archived.
#[derive(Debug, Clone)]
pub struct DueDay {
    file: DayFile,
    /// As its stream is named, `YYYY-MM-DD`.
    pub day: String,
    /// The files that are archived, or added to what is archived.
    pub files: Vec<PathBuf>,
    /// Their length together, as they lie, with that of what is archived already.
    pub bytes: u64,
}

/// A day that was archived.
#[derive(Debug, Clone)]
pub struct ArchivedDay {
    /// The file that holds it now.
    pub path: PathBuf,
    /// The length of the files before, as they lay.
    pub bytes_before: u64,
    /// The length of the file now.
    pub bytes_after: u64,
    /// Where the bytes of torn last lines are now, which are no events.
    pub torn: Vec<PathBuf>,
}

/// Archives days of a JSONL store. One process at a time does, beside any number that read and write.
pub struct JsonlArchiver {
    folder: EventFolder,
    turn: JsonlStoreTurn,
    /// How long it waits for a lock.
    pub(in super::super) patience: Duration,
    lock: Option<FileLock>,
}

impl JsonlArchiver {
    /// For the store in the folder `dir`, which names its files in `zone`. Nothing is looked at yet.
    pub fn new(dir: impl Into<PathBuf>, zone: Zone) -> Self {
        let folder = EventFolder::new(dir.into(), zone);
        let turn = JsonlStoreTurn::new(folder.path());
        Self { folder, turn, patience: LOCK_PATIENCE, lock: None }
    }

    /// The days before a date that have files to be archived, in their order.
    ///
    /// # Errors
    /// The folder cannot be listed.
    pub fn due(&self, before: NaiveDate) -> Result<Vec<DueDay>, ArchiveError> {
        let before = Day::new(before);
        let mut due = Vec::new();
        for file in self.folder.list()?.into_iter().filter(|file| file.day < before) {
            let Some(state) = self.folder.state_of(&file)? else { continue };
            let plain = file.day.file_name();
            let archived = file.archived.iter().filter(|path| path.ends_with(&plain));
            let live = state.live.as_ref().filter(|live| live.length > 0).map(|_| &file.path);
            let files: Vec<PathBuf> = archived.chain(live).cloned().collect();
            if !files.is_empty() {
                let bytes = state.archived.iter().chain(&state.live).map(|file| file.length).sum();
                due.push(DueDay { day: file.day.stream().to_string(), file, files, bytes });
            }
        }
        Ok(due)
    }

    /// Archives a day; `tell` is told how much of it is done, of twice its length in bytes.
    ///
    /// # Errors
    /// It was not archived.
    pub fn archive(&mut self, due: &DueDay, tell: &mut dyn FnMut(u64)) -> Result<ArchivedDay, ArchiveError> {
        self.begin()?;
        let mut done = ArchivedDay {
            path: Steps::of(&self.folder, &due.file).path().to_owned(),
            bytes_before: due.bytes,
            bytes_after: 0,
            torn: Vec::new(),
        };
        let mut attempts = 0;
        while attempts < ATTEMPTS {
            let Some(opened) = self.folder.open_day(due.file.day)? else { break };
            match self.next_step(&opened)? {
                Step::None => {
                    done.bytes_after = fs::metadata(&done.path).map_or(0, |metadata| metadata.len());
                    return Ok(done);
                }
                Step::Finish => {
                    let _turn = self.turn.take();
                    let _lock = lock_folder(self.folder.path(), self.patience)?;
                    Steps::of(&self.folder, &due.file).finish()?;
                }
                // It has changed then, and is opened again.
                Step::Compress { live: true } if self.set_unwritten_aside(&opened, &mut done)? => {}
                Step::Compress { live } => {
                    let day = WholeDay::of(&self.folder, &opened, live)?;
                    match self.compress(due, &day, live, tell)? {
                        Some(torn) => done.torn.extend(torn),
                        None => attempts += 1,
                    }
                }
            }
        }
        let reason = "its files change while they are compressed: archive it when nothing writes to that day";
        Err(ArchiveError::Left { reason: reason.to_owned() })
    }

    /// Sets lines of the file that is appended to aside that were not written whole when the power failed. False where there are none.
    fn set_unwritten_aside(&mut self, day: &OpenDay, done: &mut ArchivedDay) -> Result<bool, ArchiveError> {
        let unwritten = || -> Result<_, JsonlError> {
            let length = day.live.as_ref().map_or(0, |live| live.state.length);
            unwritten_lines(&day.live_path, length)
        };
        if unwritten()?.is_empty() {
            return Ok(false);
        }
        let _turn = self.turn.take();
        let _lock = lock_folder(self.folder.path(), self.patience)?;
        // Another process may have done so meanwhile, and appended.
        done.torn.extend(set_lines_aside(&self.folder, &day.live_path, &unwritten()?)?);
        Ok(true)
    }

    /// Takes the lock, and removes what one that was killed has left.
    fn begin(&mut self) -> Result<(), ArchiveError> {
        if self.lock.is_some() {
            return Ok(());
        }
        let lock = lock_archive(self.folder.path(), self.patience)?;
        let archive = self.folder.archive();
        create_folders(archive).map_err(JsonlError::io("create the folder", archive))?;
        self.check_file_system()?;
        let failed = || JsonlError::io("list", archive);
        for entry in fs::read_dir(archive).map_err(failed())? {
            let path = entry.map_err(failed())?.path();
            if is_remains_of_an_archive(&path) {
                fs::remove_file(&path).map_err(JsonlError::io("remove", &path))?;
            }
        }
        self.lock = Some(lock);
        Ok(())
    }

    /// A file moves within a file system alone without being in two places, or in none.
    fn check_file_system(&self) -> Result<(), ArchiveError> {
        let device = |path: &Path| {
            let metadata = fs::metadata(path).map_err(JsonlError::io("look at", path))?;
            Ok::<_, JsonlError>(file_identity(&metadata).map(|(device, _)| device))
        };
        let archive = self.folder.archive();
        if device(self.folder.path())? == device(archive)? {
            return Ok(());
        }
        Err(JsonlError::OtherFileSystem { path: archive.to_owned() }.into())
    }

    fn next_step(&self, day: &OpenDay) -> Result<Step, ArchiveError> {
        let live = day.live.as_ref().filter(|live| live.state.length > 0);
        let archived = day.archived.iter().map(|file| &file.path).chain(&day.copies);
        if let Some(link) = archived.chain(live.map(|_| &day.live_path)).find(|path| path.is_symlink()) {
            let reason = format!("{} is a symbolic link: put the file itself in its place", link.display());
            return Err(ArchiveError::Left { reason });
        }
        let plain = day.archived.last().filter(|file| file.path.ends_with(day.day.file_name()));
        Ok(match plain {
            Some(file) if file.measure.storage.is_compressed() => Step::Finish,
            // It has the name that the file that is appended to needs first.
            Some(_) => Step::Compress { live: false },
            // So has a copy of what is compressed.
            None if day.copies.iter().any(|copy| copy.ends_with(day.day.file_name())) => {
                Step::Compress { live: false }
            }
            None if live.is_some() => Step::Compress { live: true },
            None => Step::None,
        })
    }

    /// Compresses a day, and puts that in the place of its files; answers where torn lines are, or `None` where the day
    /// has changed meanwhile.
    fn compress(
        &mut self,
        due: &DueDay,
        day: &WholeDay,
        live: bool,
        tell: &mut dyn FnMut(u64),
    ) -> Result<Option<Vec<PathBuf>>, ArchiveError> {
        let name = format!("{ARCHIVING_PREFIX}{}", due.file.day.archive_file_name());
        let written = self.folder.archive().join(name);
        let replaced = self.write(day, &written, tell).and_then(|is_verified| {
            if is_verified { self.replace(due, day, live, &written) } else { Ok(None) }
        });
        if !matches!(replaced, Ok(Some(_))) {
            // It is a copy, and removed by the next run where it cannot be now.
            drop(fs::remove_file(&written));
        }
        replaced
    }

    /// Writes the compressed file, durably, and reads it again. False where the day has changed meanwhile.
    fn write(&self, day: &WholeDay, path: &Path, tell: &mut dyn FnMut(u64)) -> Result<bool, ArchiveError> {
        let failed = |operation| JsonlError::io(operation, path);
        let reading = || JsonlError::io("read", self.folder.path());
        let mut out = BufWriter::new(File::create(path).map_err(failed("create"))?);
        let length = write_frames(&mut *day.content().map_err(reading())?, &mut out, LEVEL, tell);
        let length = length.map_err(|error| match is_of_the_content(&error) {
            true => {
                let reason = format!(
                    "what is archived of it cannot be decompressed: {error}; put a sound copy in its place"
                );
                ArchiveError::Left { reason }
            }
            false => failed("compress into")(error).into(),
        })?;
        let file = out.into_inner().map_err(|error| failed("write to")(error.into_error()))?;
        file.sync_all().map_err(failed("fsync"))?;
        let file = Arc::new(File::open(path).map_err(failed("open"))?);
        let stored = file.metadata().map_err(failed("look at"))?.len();
        let Some(table) = SeekTable::read(&file, stored).map_err(failed("read"))? else {
            return Err(ArchiveError::NotVerified { path: path.to_owned() });
        };
        let mut decoded = FrameReader::new(&file, &Arc::new(table)).map_err(failed("read"))?;
        let mut content = day.content().map_err(reading())?;
        let same = are_same(&mut decoded, &mut *content, &mut |compared| tell(length + compared));
        let is_same = match same {
            Err(error) if is_of_the_content(&error) => false,
            same => same.map_err(failed("read"))?,
        };
        match is_same && length == day.length() {
            true => Ok(true),
            false if day.has_changed() => Ok(false),
            false => Err(ArchiveError::NotVerified { path: path.to_owned() }),
        }
    }

    /// Puts the compressed file in the place of the files that it was made of, unless they have changed.
    fn replace(
        &mut self,
        due: &DueDay,
        day: &WholeDay,
        live: bool,
        written: &Path,
    ) -> Result<Option<Vec<PathBuf>>, ArchiveError> {
        let _turn = self.turn.take();
        let _lock = lock_folder(self.folder.path(), self.patience)?;
        let Some(now) = self.folder.open_day(due.file.day)? else { return Ok(None) };
        let archived = now.archived.iter().map(|file| &file.state);
        let files = archived.chain(now.live.iter().map(|file| &file.state).filter(|_| live));
        if !files.eq(day.files.iter().map(|file| &file.state)) {
            return Ok(None);
        }
        let steps = Steps::of(&self.folder, &due.file);
        let torn = day.copy_torn_lines()?;
        if live {
            steps.move_live()?;
        }
        steps.replace(written)?;
        steps.finish()?;
        for path in &torn {
            tracing::warn!(
                "{}: the last line was torn, and is no event; its bytes are now in {}",
                due.day,
                path.display()
            );
        }
        Ok(Some(torn))
    }
}

/// What is to be done next for a day.
enum Step {
    /// It is archived.
    None,
    /// What an earlier run has compressed gets its name.
    Finish,
    /// Its files are compressed, with `live` the one that is appended to as well.
    Compress { live: bool },
}
