//! The array under the lock: what stands in it, and what is written to it together.

use parking_lot::FairMutexGuard;

use super::array_file::{ArrayFile, FoundArray};
use super::error::EventsJsonError;
use super::layout::{Appended, ArrayEnd};
use super::python_json::write_record;
use super::scan::PlacedText;
use crate::durable::lock::FileLock;

/// The file `events.json`, to which no other thread or process of this program appends meanwhile.
#[derive(Debug)]
pub struct LockedEventsJson<'e> {
    file: &'e ArrayFile,
    found: FoundArray,
    /// What the records make of it that were added.
    array: ArrayEnd,
    /// Those records, each after its separator.
    text: String,
    added: usize,
    _lock: (FileLock, FairMutexGuard<'e, ()>),
}

impl<'e> LockedEventsJson<'e> {
    pub(super) fn new(
        file: &'e ArrayFile,
        found: FoundArray,
        lock: (FileLock, FairMutexGuard<'e, ()>),
    ) -> Self {
        let array = found.array.clone();
        Self { file, found, array, text: String::new(), added: 0, _lock: lock }
    }

    /// Where the last record ends in the file, in bytes; in an empty array, where its bracket ends.
    pub fn end(&self) -> u64 {
        self.found.array.end
    }

    /// The bytes at a place in the file; `None` where it reaches beyond [`end`](Self::end).
    ///
    /// # Errors
    /// They cannot be read.
    pub fn bytes_at(&self, place: Appended) -> Result<Option<Vec<u8>>, EventsJsonError> {
        self.file.bytes_at(&self.found, place)
    }

    /// The first `limit` records in the file after `end`, each with its text; `end` is what [`end`](Self::end) was once. `None`
    /// where the array does not go on from there: another program has written it anew.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn records_after(&self, end: u64, limit: usize) -> Result<Option<Vec<PlacedText>>, EventsJsonError> {
        self.file.records_after(&self.found, end, limit)
    }

    /// Adds records, each the text of one JSON object, to those that are to be written. Gives the place where each will stand,
    /// and its text as Python spells it.
    ///
    /// # Errors
    /// One of them is no record; none of them was added.
    pub fn add(&mut self, records: &[impl AsRef<str>]) -> Result<Vec<(Appended, &str)>, EventsJsonError> {
        let before = (self.text.len(), self.array.end, self.array.is_empty, self.added);
        let mut places = Vec::with_capacity(records.len());
        for record in records {
            match self.push(record.as_ref()) {
                Ok(place) => places.push(place),
                Err(error) => {
                    self.text.truncate(before.0);
                    (_, self.array.end, self.array.is_empty, self.added) = before;
                    return Err(error);
                }
            }
        }
        let start = self.end();
        let text_at = |place: Appended| {
            let at = (place.offset - start) as usize;
            &self.text[at..at + place.length as usize]
        };
        Ok(places.into_iter().map(|place| (place, text_at(place))).collect())
    }

    /// As [`add`](Self::add), of one record; where that fails, nothing is to be written any more.
    pub(super) fn push(&mut self, record: &str) -> Result<Appended, EventsJsonError> {
        self.text.push_str(self.array.separator());
        let start = self.text.len() as u64;
        write_record(record, self.array.layout.spread(), &mut self.text)
            .map_err(|source| EventsJsonError::Record { path: self.file.path.clone(), source })?;
        let end = self.text.len() as u64;
        (self.array.end, self.array.is_empty) = (self.end() + end, false);
        self.added += 1;
        Ok(Appended { offset: self.end() + start, length: end - start })
    }

    /// Writes what was added, with one write and one sync: all of it, or nothing. It is on disk when this returns.
    ///
    /// # Errors
    /// Nothing was stored, unless the error says otherwise.
    pub fn write(self) -> Result<(), EventsJsonError> {
        if self.added == 0 {
            return Ok(());
        }
        let offset = self.end() + self.found.array.separator().len() as u64;
        self.file.append(self.found, self.text.as_bytes(), &self.array)?;
        let path = self.file.path.display();
        match self.added {
            1 => tracing::info!("[EventDispatcher] an event is in {path}, from byte {offset} on"),
            more => tracing::info!("[EventDispatcher] {more} events are in {path}, from byte {offset} on"),
        }
        Ok(())
    }
}
