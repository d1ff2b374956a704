//! How far each day reaches.

use std::collections::HashMap;
use std::fs::{File, Metadata};
use std::io::{self, Read, Seek, SeekFrom};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use super::error::JsonlError;
use super::folder::{DayFile, EventFolder, identity};
use super::layout::Day;
use super::reader::{Content, DayReader};
use crate::domain::repository::Stream;
use crate::domain::value_objects::Position;

/// How much of the end of a file is looked at first, and at a time.
const LOOK: usize = 4 * 1024;
/// A file that changed less than this ago can change again without a sign: file systems count time in steps.
const SETTLED_AFTER: Duration = Duration::from_secs(3);

/// The heads of the files that have not changed for a while, so that a reader that comes back every second does
/// not open the files of years.
#[derive(Default)]
pub(super) struct Heads {
    /// Held for one listing. Nothing else is locked meanwhile but what the folder has told.
    known: Mutex<HashMap<Day, KnownHead>>,
}

struct KnownHead {
    state: FileState,
    head: Option<Position>,
}

/// What another content of a file shows in.
#[derive(PartialEq, Eq)]
struct FileState {
    identity: (u64, u64),
    length: u64,
    modified: SystemTime,
}

impl FileState {
    /// `None` where the file system does not tell.
    fn of(metadata: &Metadata) -> Option<Self> {
        let modified = metadata.modified().ok()?;
        Some(Self { identity: identity(metadata), length: metadata.len(), modified })
    }

    fn is_settled(&self, now: SystemTime) -> bool {
        now.duration_since(self.modified).is_ok_and(|age| age > SETTLED_AFTER)
    }
}

impl Heads {
    /// The days that hold events, the oldest first.
    pub(super) fn streams(&self, folder: &EventFolder) -> Result<Vec<Stream>, JsonlError> {
        let files = folder.list()?;
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        // What is not listed any more is not kept either.
        let mut before = std::mem::take(&mut *known);
        let mut streams = Vec::new();
        for file in &files {
            let now = SystemTime::now();
            let state = FileState::of(&folder.metadata(file)?);
            let head = match before.remove(&file.day).filter(|known| state.as_ref() == Some(&known.state)) {
                Some(known) => known.head,
                None => last_position(folder, file)?,
            };
            streams.extend(head.map(|head| Stream { id: file.day.stream(), head }));
            if let Some(state) = state.filter(|state| state.is_settled(now)) {
                known.insert(file.day, KnownHead { state, head });
            }
        }
        Ok(streams)
    }
}

/// The position of the last line of a file that is an event, or should be one: a damaged line is
/// told by the query that reads it. Lines are looked at from the end of the file on.
fn last_position(folder: &EventFolder, file: &DayFile) -> Result<Option<Position>, JsonlError> {
    let mut end = folder.metadata(file)?.len();
    let mut input = File::open(&file.path).map_err(JsonlError::io("open", &file.path))?;
    while end > 0 {
        let start = start_of_line(&mut input, end).map_err(JsonlError::io("read", &file.path))?;
        let mut reader = DayReader::at(folder, file, start)?;
        match reader.next_line()?.map(|line| line.content) {
            Some(Content::Event(_) | Content::Damaged(_)) => return Ok(file.day.position(start)),
            Some(Content::Blank | Content::Torn) | None => end = start,
        }
    }
    Ok(None)
}

/// Where the line starts whose last byte is before `end`, which is not 0.
fn start_of_line(input: &mut File, end: u64) -> io::Result<u64> {
    let mut buffer = [0; LOOK];
    // The last byte is the end of the line itself, where the line is ended.
    let mut unseen = end - 1;
    while unseen > 0 {
        let from = unseen.saturating_sub(LOOK as u64);
        let looked_at = &mut buffer[..(unseen - from) as usize];
        input.seek(SeekFrom::Start(from))?;
        input.read_exact(looked_at)?;
        if let Some(line_end) = memchr::memrchr(b'\n', looked_at) {
            return Ok(from + line_end as u64 + 1);
        }
        unseen = from;
    }
    Ok(0)
}
