//! Records in memory as a side of a comparison.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::application::compare::feed::{CompareError, Fed, Feed, FeedFacts, Scratch};
use crate::application::log_source::Place;
use crate::wire::record::RecordReader;

/// Records in memory.
pub(crate) struct MemoryFeed {
    path: PathBuf,
    records: Vec<String>,
    are_repaired: bool,
}

impl MemoryFeed {
    pub fn new(records: Vec<String>) -> Self {
        Self { path: PathBuf::from("memory"), records, are_repaired: false }
    }

    /// Records that a repair has put into a store.
    #[cfg(test)]
    pub fn repaired(records: Vec<String>) -> Self {
        Self { are_repaired: true, ..Self::new(records) }
    }
}

impl Feed for MemoryFeed {
    fn path(&self) -> &Path {
        &self.path
    }

    fn holds_repaired(&self) -> bool {
        self.are_repaired
    }

    fn read(
        &mut self,
        reader: &mut RecordReader<'_>,
        take: &mut dyn FnMut(Fed<'_>, &RecordReader<'_>) -> Result<(), CompareError>,
    ) -> Result<FeedFacts, CompareError> {
        let mut offset = 0;
        for (number, text) in self.records.iter().enumerate() {
            let place = Place { line: number as u64 + 1, offset };
            offset += text.len() as u64 + 1;
            match reader.read_whole(text.as_bytes()) {
                Ok(record) => take(Fed::Record { place, record: &record }, reader)?,
                Err(error) => take(Fed::Reject { place, reject: error.into() }, reader)?,
            }
        }
        Ok(FeedFacts::File { bytes: offset, sha256: String::new(), prefix: None, flags: BTreeMap::new() })
    }

    fn texts(&mut self, offsets: &[u64], take: &mut dyn FnMut(u64, &[u8])) -> Result<(), CompareError> {
        let mut offset = 0;
        for text in &self.records {
            if offsets.binary_search(&offset).is_ok() {
                take(offset, text.as_bytes());
            }
            offset += text.len() as u64 + 1;
        }
        Ok(())
    }
}

/// The temporary file of a comparison that is small.
#[derive(Default)]
pub(crate) struct MemoryScratch(Vec<u8>);

impl Scratch for MemoryScratch {
    fn append(&mut self, bytes: &[u8]) -> Result<u64, CompareError> {
        let offset = self.0.len() as u64;
        self.0.extend_from_slice(bytes);
        Ok(offset)
    }

    fn read_at(&mut self, offset: u64, into: &mut [u8]) -> Result<(), CompareError> {
        let start = offset as usize;
        into.copy_from_slice(&self.0[start..start + into.len()]);
        Ok(())
    }
}

/// What unit tests compare: a side of a parallel run in memory.
#[cfg(test)]
pub(crate) use self::for_tests::{MemorySide, compare_in_memory, event, settings};

#[cfg(test)]
mod for_tests {
    use std::path::PathBuf;

    use chrono::{DateTime, TimeDelta, Utc};

    use super::{MemoryFeed, MemoryScratch};
    use crate::application::compare::feed::CompareError;
    use crate::application::compare::input::Input;
    use crate::application::compare::parallel_run::{
        FirstRecords, Medium, ParallelRun, ParallelSide, RowCounts, Rows,
    };
    use crate::application::compare::report::Comparison;
    use crate::application::compare::settings::Settings;
    use crate::application::log_source::SkippedFile;
    use crate::domain::event::format_timestamp;
    use crate::wire::mapping::Mapping;
    use crate::wire::zone::Zone;

    pub(crate) struct MemorySide {
        path: PathBuf,
        medium: Medium,
        is_legacy: bool,
        /// What a log holds, and the native rows of a store.
        records: Vec<String>,
        history: Vec<String>,
        repaired: Vec<String>,
        pub skipped: Vec<(PathBuf, String)>,
        pub left_out: Vec<SkippedFile>,
    }

    /// When an event occurred.
    fn time(record: Option<&String>) -> Option<DateTime<Utc>> {
        let record: serde_json::Value = serde_json::from_str(record?).unwrap();
        Some(record["timestamp"].as_str().unwrap().parse().unwrap())
    }

    impl MemorySide {
        /// A log of the new system.
        pub fn file(path: &str, records: impl Iterator<Item = String>) -> Self {
            Self {
                path: path.into(),
                medium: Medium::File,
                is_legacy: false,
                records: records.collect(),
                history: Vec::new(),
                repaired: Vec::new(),
                skipped: Vec::new(),
                left_out: Vec::new(),
            }
        }

        /// A log of the legacy system.
        pub fn legacy(path: &str, records: impl Iterator<Item = String>) -> Self {
            Self { is_legacy: true, ..Self::file(path, records) }
        }

        /// A store with these rows of the new system and these of the legacy log, each in the order of time.
        pub fn store(
            path: &str,
            native: impl Iterator<Item = String>,
            history: impl Iterator<Item = String>,
        ) -> Self {
            let history: Vec<String> = history.collect();
            let mut side = Self { history, ..Self::file(path, native) };
            side.medium = Medium::Store(RowCounts {
                native: side.records.len() as u64,
                history: side.history.len() as u64,
                repaired: 0,
                first_native: time(side.records.first()),
                last_history: time(side.history.last()),
                missing: Some(0),
            });
            side
        }

        /// The same store with these events that a repair has added.
        pub fn with_repaired(mut self, records: impl Iterator<Item = String>) -> Self {
            self.repaired = records.collect();
            if let Medium::Store(rows) = &mut self.medium {
                rows.repaired = self.repaired.len() as u64;
            }
            self
        }
    }

    impl ParallelSide for MemorySide {
        fn mapping(&self) -> &Mapping {
            &Mapping::BuiltIn
        }

        fn medium(&self) -> Medium {
            self.medium
        }

        fn first_records(&self, _: &Zone) -> Option<FirstRecords> {
            let earliest = match self.medium {
                Medium::Store(rows) => rows.first_native?,
                Medium::File | Medium::Folder => time(self.records.first())?,
            };
            Some(FirstRecords { is_legacy: self.is_legacy, earliest })
        }

        fn skipped(&self) -> &[(PathBuf, String)] {
            &self.skipped
        }

        fn left_out(&self) -> &[SkippedFile] {
            &self.left_out
        }

        fn input(&self, rows: Rows) -> Result<Input, CompareError> {
            let feed = match (self.medium, rows) {
                (Medium::Store(_), Rows::History) => MemoryFeed::new(self.history.clone()),
                (Medium::Store(_), Rows::Repaired) => MemoryFeed::repaired(self.repaired.clone()),
                _ => MemoryFeed::new(self.records.clone()),
            };
            Ok(Input {
                path: self.path.clone(),
                mapping: Mapping::BuiltIn,
                feeds: vec![Box::new(feed)],
                skipped: self.skipped.clone(),
            })
        }
    }

    /// Compares two sides, and looks at the result.
    pub(crate) fn compare_in_memory<T>(
        settings: &Settings,
        control: &MemorySide,
        candidate: &MemorySide,
        look: impl FnOnce(&ParallelRun<'_>, &Comparison) -> T,
    ) -> T {
        let new_scratch = || Box::new(MemoryScratch::default()) as Box<_>;
        let run = ParallelRun { settings, control, candidate, new_scratch: &new_scratch };
        look(&run, &run.compare().unwrap())
    }

    /// An event of its own task, an hour after the one before it, from 2025-10-20T00:00:00Z on.
    pub(crate) fn event(number: u32) -> String {
        let beginning: DateTime<Utc> = "2025-10-20T00:00:00Z".parse().unwrap();
        let at = format_timestamp(beginning + TimeDelta::hours(i64::from(number)));
        format!(
            r#"{{"event_type": "TaskCreated", "timestamp": "{at}", "aggregate_id": "T{number}", "title": "title {number}"}}"#
        )
    }

    pub(crate) fn settings() -> Settings {
        let as_of = "2026-01-01T00:00:00Z".parse().unwrap();
        Settings { as_of_is_declared: true, memory: 64 << 20, ..Settings::new(Zone::utc(), as_of) }
    }
}
