//! The files of a day, opened together: all of one moment, whatever is archived meanwhile.
//!
//! An archived day is read, too, while `archive` is at work, and where that was killed: each of its steps is one rename,
//! after which the files of the day have the same content as before. First the file of the day moves into `archive/`,
//! as it would be moved by hand; then the compressed file, which holds everything that was archived of the day, takes its
//! place; then that gets its own name. So a file that is not named as compressed, and is, is all that is archived of
//! its day.

use std::fs::{self, File, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::super::error::JsonlError;
use super::super::folder::{DayFile, EventFolder};
use super::super::layout::Day;
use super::equal_content::Compared;
use super::file_state::{DayState, FileState};
use super::measure::Measure;

/// Nothing but a program that moves files all the time is always in the way.
const ATTEMPTS: usize = 100;

/// An archived file.
#[derive(Debug, Clone)]
pub(in super::super) struct ArchivedFile {
    pub path: PathBuf,
    pub file: Arc<File>,
    pub state: FileState,
    pub measure: Arc<Measure>,
    /// Where its content begins in that of the day.
    pub start: u64,
}

impl ArchivedFile {
    fn compared(&self) -> Compared<'_> {
        Compared { path: &self.path, file: &self.file, state: &self.state, measure: &self.measure }
    }
}

/// The file that is appended to.
#[derive(Debug, Clone)]
pub(in super::super) struct LiveFile {
    pub file: Arc<File>,
    pub state: FileState,
}

/// The files of a day; its content is theirs, one after the other.
#[derive(Debug, Clone)]
pub(in super::super) struct OpenDay {
    pub day: Day,
    /// In the order of their contents.
    pub archived: Vec<ArchivedFile>,
    /// Archived files that have the content of another one, as a compressed copy beside its original: they add nothing.
    pub copies: Vec<PathBuf>,
    /// Of all archived files.
    states: Vec<FileState>,
    /// Where the file that is appended to is, or would be.
    pub live_path: PathBuf,
    /// Where its content begins in that of the day.
    pub live_start: u64,
    pub live: Option<LiveFile>,
}

impl OpenDay {
    pub fn state(&self) -> DayState {
        DayState { archived: self.states.clone(), live: self.live.as_ref().map(|live| live.state.clone()) }
    }

    /// Where its content ended when it was opened.
    pub fn end(&self) -> u64 {
        self.live_start + self.live.as_ref().map_or(0, |live| live.state.length)
    }

    /// The number of the file that an offset is in; that of the one that is appended to is the last.
    pub fn file_with(&self, offset: u64) -> usize {
        if offset >= self.live_start {
            return self.archived.len();
        }
        self.archived.partition_point(|file| file.start <= offset).saturating_sub(1)
    }

    /// Where the content of a file begins.
    pub fn start_of(&self, file: usize) -> u64 {
        self.archived.get(file).map_or(self.live_start, |file| file.start)
    }

    pub fn path_of(&self, file: usize) -> &Path {
        self.archived.get(file).map_or(&self.live_path, |file| &file.path)
    }
}

/// How far a day reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) struct DayExtent {
    /// Where the file that is appended to begins.
    pub live_start: u64,
    /// What that file is; `None` where there is none.
    pub live: Option<(u64, u64)>,
    /// Where it ends.
    pub end: u64,
}

impl EventFolder {
    /// Opens the files of a day; `None` where it has none.
    pub(in super::super) fn open_day(&self, day: Day) -> Result<Option<OpenDay>, JsonlError> {
        let DayFile { path: live_path, archived: paths, .. } = self.file(day);
        for _ in 0..ATTEMPTS {
            let live = open_file(&live_path)?;
            if let Some((_, state)) = &live {
                self.mind_length(day, &live_path, state.length);
            }
            let mut files = Vec::new();
            if self.has_archive()? {
                for path in &paths {
                    files.push(open_file(path)?);
                }
                // What has moved between two of them was seen twice, or not at all.
                let opened = std::iter::once(&live).chain(&files);
                let mut names = std::iter::once(&live_path).chain(&paths);
                let is_of_one_moment = opened.zip(&mut names).try_fold(true, |so_far, (opened, path)| {
                    let now = metadata_of_file(path)?.map(|metadata| FileState::of(&metadata).identity);
                    Ok::<_, JsonlError>(so_far && now == opened.as_ref().map(|(_, state)| state.identity))
                })?;
                if !is_of_one_moment {
                    continue;
                }
            }
            // What is opened stays what it was.
            self.refuse_unfinished()?;
            let named = paths.iter().cloned().zip(files);
            let archived = named.filter_map(|(path, opened)| opened.map(|(file, state)| (path, file, state)));
            return self.arranged(day, live_path, archived.collect(), live);
        }
        Err(JsonlError::Unstable { path: self.path().to_owned() })
    }

    fn arranged(
        &self,
        day: Day,
        live_path: PathBuf,
        files: Vec<(PathBuf, Arc<File>, FileState)>,
        live: Option<(Arc<File>, FileState)>,
    ) -> Result<Option<OpenDay>, JsonlError> {
        if live.is_none() && files.is_empty() {
            return Ok(None);
        }
        let states = files.iter().map(|(_, _, state)| state.clone()).collect();
        let (mut archived, mut copies) = (Vec::new(), Vec::new());
        for (path, file, state) in files {
            let measure = self.measures().of(&path, &file, &state)?;
            if is_all_of_it(&path, &measure) {
                archived.clear();
            }
            let file = ArchivedFile { path, file, state, measure, start: 0 };
            if self.is_copy(&file, &archived)? { copies.push(file.path) } else { archived.push(file) }
        }
        let mut live_start = 0;
        for file in &mut archived {
            file.start = live_start;
            live_start += file.measure.end();
        }
        let live = live.map(|(file, state)| LiveFile { file, state });
        Ok(Some(OpenDay { day, archived, copies, states, live_path, live_start, live }))
    }

    fn is_copy(&self, file: &ArchivedFile, of: &[ArchivedFile]) -> Result<bool, JsonlError> {
        for other in of {
            if self.copies().are_copies(other.compared(), file.compared())? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// What the file system says about the files of a listed day; `None` where one of them is not there any more.
    pub(in super::super) fn state_of(&self, file: &DayFile) -> Result<Option<DayState>, JsonlError> {
        let mut archived = Vec::new();
        for path in &file.archived {
            let Some(metadata) = metadata_of_file(path)? else { return Ok(None) };
            archived.push(FileState::of(&metadata));
        }
        let live = metadata_of_file(&file.path)?;
        if let Some(metadata) = &live {
            self.mind_length(file.day, &file.path, metadata.len());
        }
        Ok(Some(DayState { archived, live: live.as_ref().map(FileState::of) }))
    }

    /// How far a listed day reaches; `None` where it has no file any more.
    pub(in super::super) fn extent_of(&self, file: &DayFile) -> Result<Option<DayExtent>, JsonlError> {
        let extent = |live_start, live: Option<&FileState>| DayExtent {
            live_start,
            live: live.map(|live| live.identity),
            end: live_start + live.map_or(0, |live| live.length),
        };
        if let Some(state) =
            self.state_of(file)?.filter(|state| !state.archived.is_empty() || state.live.is_some())
        {
            let files = file.archived.iter().zip(&state.archived);
            let (mut live_start, mut ends) = (Some(0), Vec::new());
            for (path, state) in files {
                let measure = self.measures().known(path, state);
                let end = measure.as_ref().map(|measure| measure.end());
                let may_be_copy = end.is_some_and(|end| ends.contains(&end));
                live_start = match (live_start, measure) {
                    (Some(_), Some(measure)) if is_all_of_it(path, &measure) => Some(measure.end()),
                    (Some(_), Some(_)) if may_be_copy => None,
                    (Some(start), Some(measure)) => Some(start + measure.end()),
                    _ => None,
                };
                ends.extend(end);
            }
            if let Some(live_start) = live_start {
                return Ok(Some(extent(live_start, state.live.as_ref())));
            }
        }
        let opened = self.open_day(file.day)?;
        Ok(opened.map(|opened| extent(opened.live_start, opened.live.as_ref().map(|live| &live.state))))
    }
}

/// Whether an archived file holds all that is archived of its day: only one that is just being put into its place is not
/// named as what it is.
fn is_all_of_it(path: &Path, measure: &Measure) -> bool {
    measure.storage.is_compressed() && path.extension().is_some_and(|extension| extension == "jsonl")
}

/// Opens a file, where there is one.
fn open_file(path: &Path) -> Result<Option<(Arc<File>, FileState)>, JsonlError> {
    // Asked before: to open a pipe would wait for its writer.
    if metadata_of_file(path)?.is_none() {
        return Ok(None);
    }
    let opened = File::open(path).and_then(|file| Ok((FileState::of(&file.metadata()?), file)));
    match opened {
        Ok((state, file)) => Ok(Some((Arc::new(file), state))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(JsonlError::io("open", path)(error)),
    }
}

/// What the file system says about a file, which must be one. A folder of that name is none.
fn metadata_of_file(path: &Path) -> Result<Option<Metadata>, JsonlError> {
    match fs::metadata(path) {
        // Reading a pipe or a device would never end.
        Ok(metadata) if !metadata.is_file() && !metadata.is_dir() => {
            Err(JsonlError::NotAFile { path: path.to_owned() })
        }
        Ok(metadata) => Ok(Some(metadata).filter(Metadata::is_file)),
        // A link that leads nowhere is there, and cannot be read.
        Err(error) if error.kind() == io::ErrorKind::NotFound && !path.is_symlink() => Ok(None),
        Err(error) => Err(JsonlError::io("look at", path)(error)),
    }
}
