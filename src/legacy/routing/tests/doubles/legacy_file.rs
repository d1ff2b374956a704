//! The legacy log.

use std::sync::{Arc, Mutex, MutexGuard};

use sha2::{Digest, Sha256};

use super::faults::{Faults, Part};
use crate::legacy::routing::ports::{LegacyLog, LegacyPlace, LegacyRecord, LegacySideError, LockedLegacyLog};

/// An array of records, as it is on disk: `[`, records with `, ` between them.
#[derive(Debug, Default)]
pub struct LegacyFile {
    pub records: Vec<LegacyRecord>,
    /// What another program has put before each record.
    pub indent: u64,
    /// No record ends any more where the array began.
    pub is_moved: bool,
}

impl LegacyFile {
    pub fn end(&self) -> u64 {
        self.records.last().map_or(1, |last| last.place.end())
    }

    pub fn append(&mut self, text: &str) -> LegacyPlace {
        let place = self.place_after(self.end(), self.records.is_empty(), text);
        self.records.push(LegacyRecord { place, text: text.to_owned() });
        place
    }

    fn place_after(&self, end: u64, is_first: bool, text: &str) -> LegacyPlace {
        let separator = if is_first { 0 } else { 2 } + self.indent;
        LegacyPlace {
            offset: end + separator,
            length: text.len() as u64,
            sha256: Sha256::digest(text).into(),
        }
    }

    /// Another program writes it anew, with an indentation before each record.
    pub fn write_anew(&mut self, indent: u64) {
        self.indent = indent;
        for record in std::mem::take(&mut self.records) {
            self.append(&record.text);
        }
    }
}

/// The log as one process has it open.
pub struct ProcessLog {
    pub file: Arc<Mutex<LegacyFile>>,
    pub faults: Arc<Faults>,
}

struct Locked<'l> {
    file: MutexGuard<'l, LegacyFile>,
    faults: &'l Faults,
    planned: Vec<String>,
}

impl LegacyLog for ProcessLog {
    fn lock(&self) -> Result<Box<dyn LockedLegacyLog + '_>, LegacySideError> {
        self.faults.legacy_step(Part::Legacy)?;
        let file = self.file.lock().unwrap();
        Ok(Box::new(Locked { file, faults: &self.faults, planned: Vec::new() }))
    }
}

impl LockedLegacyLog for Locked<'_> {
    fn end(&self) -> u64 {
        self.file.end()
    }

    fn holds(&self, place: &LegacyPlace) -> Result<bool, LegacySideError> {
        Ok(self.file.records.iter().any(|record| record.place == *place))
    }

    fn records_after(&self, end: u64, limit: usize) -> Result<Option<Vec<LegacyRecord>>, LegacySideError> {
        let records = &self.file.records;
        let is_end =
            (end == 1 && !self.file.is_moved) || records.iter().any(|record| record.place.end() == end);
        let after = records.iter().filter(|record| record.place.offset >= end);
        Ok(is_end.then(|| after.take(limit).cloned().collect()))
    }

    fn plan(&mut self, records: &[String]) -> Result<Vec<LegacyPlace>, LegacySideError> {
        if records.iter().any(|record| record.contains("1e999")) {
            return Err(LegacySideError(Box::from("a number beyond what a float can hold")));
        }
        self.planned = records.to_vec();
        let (mut end, mut is_first) = (self.file.end(), self.file.records.is_empty());
        let place = |record: &String| {
            let place = self.file.place_after(end, is_first, record);
            (end, is_first) = (place.end(), false);
            place
        };
        Ok(records.iter().map(place).collect())
    }

    /// A kill leaves any number of the first records, as an array that was torn is closed after its last whole one.
    fn write(mut self: Box<Self>) -> Result<(), LegacySideError> {
        for record in std::mem::take(&mut self.planned) {
            self.faults.legacy_step(Part::LegacyWrite)?;
            self.file.append(&record);
        }
        if self.faults.is_killed() { self.faults.legacy_step(Part::LegacyWrite) } else { Ok(()) }
    }
}
