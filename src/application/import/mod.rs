//! The use case ImportLegacy: replays logs into a store, and loses nothing.
//!
//! One thread reads and parses, another writes; a bounded channel between them keeps memory the
//! same for a log of any size.

mod batch;
mod import_totals;
mod report;
mod target;
mod twin_matching;

use std::error::Error as StdError;
use std::iter::successors;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender};
use thiserror::Error;

use crate::application::compare::feed::CompareError;
use crate::domain::repository::RepositoryError;
use crate::wire::record::Shape;

use batch::{Parsed, parse};

pub use crate::application::compare::PlacedEvent;

pub use crate::application::import::import_totals::Imported;
pub use crate::application::import::twin_matching::{ClockRefusal, NEAR, Sides, TwinPair, pairing_settings};
pub use crate::application::log_source::{LogSource, Place, Reject, SourceDigest, SourceError};
pub use batch::Reading;
pub use report::{
    Counts, ImportReport, LISTED_REJECTS, Refusal, RejectedRecord, SkippedFile, SourceReport, StoreReport,
};
pub use target::{
    Batch, Correction, Identity, ImportRecord, ImportTarget, KnownSource, Outcome, Overlap, SourceHeader,
};

/// Batches that are parsed ahead of the writer.
const BATCHES_AHEAD: usize = 4;

/// How often a log is read that changes while it is read.
const MOST_READINGS: u32 = 4;
/// And how long is waited for its writer, who streams a whole file.
const BETWEEN_READINGS: Duration = Duration::from_millis(250);

/// Why an import stopped. What was stored before is stored; the same import again goes on from there.
#[derive(Debug, Error)]
pub enum ImportError {
    /// A log could not be read.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The store could not be written.
    #[error("could not import {path}")]
    Store {
        /// The log that was being imported.
        path: String,
        /// What the store said.
        #[source]
        source: RepositoryError,
    },
    /// What both systems wrote could not be paired.
    #[error("could not find out which records both systems wrote")]
    Pairing(#[source] CompareError),
    /// The load could not be brought to its end.
    #[error("could not finish the import")]
    Finish(#[source] RepositoryError),
    /// The counts do not add up: this program is wrong, and says so.
    #[error(
        "the counts of {path} do not add up ({counts:?}): this is a fault of this program, please report it"
    )]
    NotConserved {
        /// The log.
        path: String,
        /// Its counts.
        counts: Counts,
    },
    /// The reading thread ended without a word.
    #[error("the reader of {path} stopped unexpectedly: this is a fault of this program, please report it")]
    ReaderStopped {
        /// The log.
        path: String,
    },
}

/// Imports logs, one after the other.
pub struct ImportLegacy<'t> {
    reading: Reading,
    /// Told of every batch: the log, and how many bytes of its content are stored.
    progress: &'t dyn Fn(&str, u64),
    target: &'t mut dyn ImportTarget,
    imported: Imported,
}

impl<'t> ImportLegacy<'t> {
    /// An import into `target`. `progress` is told, batch by batch, of which log how many bytes of
    /// its content are stored.
    pub fn new(reading: Reading, target: &'t mut dyn ImportTarget, progress: &'t dyn Fn(&str, u64)) -> Self {
        Self { reading, progress, target, imported: Imported::default() }
    }

    /// Imports one log, which `open` opens, to its end. A log that changes while it is read is read
    /// again, a few times.
    pub fn import(
        &mut self,
        open: &dyn Fn() -> Result<Box<dyn LogSource>, SourceError>,
    ) -> Result<(), ImportError> {
        for _ in 1..MOST_READINGS {
            let before = self.imported.clone();
            match self.import_once(open()?) {
                // What it found in a mixture of two states is not told.
                Err(ImportError::Source(SourceError::Changing { .. })) => self.imported = before,
                outcome => return outcome,
            }
            std::thread::sleep(BETWEEN_READINGS);
        }
        self.import_once(open()?)
    }

    fn import_once(&mut self, mut source: Box<dyn LogSource>) -> Result<(), ImportError> {
        let header = SourceHeader {
            path: source.location().display().to_string(),
            format: source.format(),
            compression: source.compression(),
            settings: self.reading.describe(),
        };
        let path = source.path().display().to_string();
        let store_failed = |source| ImportError::Store { path: path.clone(), source };
        let goes_on = self.go_on(source.as_mut(), &header)?;
        let source_id = self.target.begin_source(&header, goes_on.as_ref()).map_err(store_failed)?;
        let mut report = SourceReport {
            path: path.clone(),
            format: header.format,
            bytes: 0,
            sha256: String::new(),
            counts: goes_on.as_ref().map(|known| known.counts).unwrap_or_default(),
        };
        if let Some(known) = &goes_on {
            self.imported.conflicts += known.conflicts;
            self.list(
                known.rejects.iter().map(|reject| RejectedRecord { path: path.clone(), ..reject.clone() }),
            );
        }
        let (sender, receiver) = crossbeam_channel::bounded(BATCHES_AHEAD);
        let (gives_back, stored) = crossbeam_channel::unbounded();
        let reading = self.reading.clone();
        let digest = std::thread::scope(|scope| {
            scope.spawn(move || parse(source.as_mut(), &reading, goes_on.as_ref(), &sender, &stored));
            self.write(&mut report, receiver, &gives_back)
        })?;
        self.target.end_source(&digest).map_err(store_failed)?;
        report.bytes = digest.bytes;
        report.sha256 = digest.sha256;
        self.imported.sources.push(report);
        self.imported.source_ids.push(source_id);
        Ok(())
    }

    /// Whether records without identity lie in the time of native events.
    pub fn overlap(&mut self) -> Result<Option<Overlap>, ImportError> {
        self.target.overlap().map_err(ImportError::Finish)
    }

    /// Ends the load. Only now the counts are what they are; the caller looks at them, and publishes
    /// the target or drops it.
    pub fn finish(self) -> Result<Imported, ImportError> {
        let Self { target, mut imported, .. } = self;
        let events = target.finish(&mut |correction| imported.correct(correction));
        imported.events = events.map_err(ImportError::Finish)?;
        for source in &imported.sources {
            if !source.counts.are_conserved() {
                return Err(ImportError::NotConserved { path: source.path.clone(), counts: source.counts });
            }
            imported.total += source.counts;
        }
        imported.sort_rejects();
        Ok(imported)
    }

    /// Finds how much of the log the store has already, and skips that.
    fn go_on(
        &mut self,
        source: &mut dyn LogSource,
        header: &SourceHeader,
    ) -> Result<Option<KnownSource>, ImportError> {
        let known = self
            .target
            .known(header)
            .map_err(|source| ImportError::Store { path: header.path.clone(), source })?;
        for known in known {
            if source.resume_at(&known.resume)? {
                return Ok(Some(known));
            }
        }
        Ok(None)
    }

    /// Takes what the reader hands over, until its end. Returning early drops the receiver, which
    /// ends the reader too.
    fn write(
        &mut self,
        report: &mut SourceReport,
        parsed: Receiver<Parsed>,
        gives_back: &Sender<Vec<ImportRecord>>,
    ) -> Result<SourceDigest, ImportError> {
        for message in parsed {
            match message {
                // Where the reader has ended, nobody takes the records back, and they are dropped here.
                Parsed::Batch(batch) => drop(gives_back.send(self.store(report, batch)?)),
                Parsed::Failed(error) => return Err(error.into()),
                Parsed::End(digest) => return Ok(digest),
            }
        }
        Err(ImportError::ReaderStopped { path: report.path.clone() })
    }

    /// Stores a batch, counts what became of it, and answers its records.
    fn store(&mut self, report: &mut SourceReport, batch: Batch) -> Result<Vec<ImportRecord>, ImportError> {
        let outcomes = self
            .target
            .store(&batch)
            .map_err(|source| ImportError::Store { path: report.path.clone(), source })?;
        (self.progress)(&report.path, batch.resume.offset);
        let new_rejects = batch.rejects.iter().filter(|rejected| rejected.reject.is_some()).count();
        let counts = &mut report.counts;
        counts.records += (batch.records.len() + new_rejects) as u64 + batch.out_of_range;
        counts.out_of_range += batch.out_of_range;
        counts.rejected += new_rejects as u64;
        let mut rejects: Vec<(Place, Reject)> = batch
            .rejects
            .into_iter()
            .filter_map(|rejected| Some((rejected.place, rejected.reject?)))
            .collect();
        for (record, outcome) in batch.records.iter().zip(outcomes) {
            counts.add(&outcome);
            match outcome {
                Outcome::Conflict { event_id, position } => {
                    self.imported.conflicts += 1;
                    rejects.push((record.place, Reject::Conflict { event_id, position }));
                }
                Outcome::MatchedExisting { class } => {
                    *self.imported.twins.entry(class.as_str()).or_default() += 1;
                }
                Outcome::Imported if record.shape == Shape::New => {
                    self.imported.with_native.insert(self.imported.sources.len());
                }
                Outcome::Imported | Outcome::AlreadyPresent | Outcome::Duplicate => {}
            }
        }
        for (name, count) in batch.flags {
            *self.imported.flags.entry(name).or_default() += count;
        }
        rejects.sort_by_key(|(place, _)| place.offset);
        self.list(
            rejects.into_iter().map(|(place, reject)| RejectedRecord::new(&report.path, place, &reject)),
        );
        Ok(batch.records)
    }

    fn list(&mut self, rejects: impl IntoIterator<Item = RejectedRecord>) {
        let room = LISTED_REJECTS.saturating_sub(self.imported.rejects.len());
        self.imported.rejects.extend(rejects.into_iter().take(room));
    }
}

impl RejectedRecord {
    fn new(path: &str, place: Place, reject: &Reject) -> Self {
        Self { path: path.to_owned(), place, reason: reject.reason().to_owned(), detail: reject.sentence() }
    }
}

impl Reject {
    /// The whole reason, with what it comes from, in one sentence.
    pub fn sentence(&self) -> String {
        let whole: &(dyn StdError + 'static) = self;
        let errors = successors(Some(whole), |error| StdError::source(*error));
        errors.map(ToString::to_string).collect::<Vec<_>>().join(": ")
    }
}
