//! One pass of an import: logs, one after the other, into one sink.
//!
//! One thread reads and parses, another writes; a bounded channel between them keeps memory the
//! same for a log of any size.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender};

use super::batch_reader::{Parsed, parse};
use super::error::ImportError;
use super::import_totals::ImportTotals;
use super::options::ReadOptions;
use super::outcome::Outcome;
use super::overlap::Overlap;
use super::record::ImportRecord;
use super::report::{RejectedRecord, SourceReport};
use super::target::{Batch, ImportSink, KnownSource, OverlapView, SourceHeader};
use crate::application::clock::Clock;
use crate::application::log_source::{LogSource, OpenLog, Place, Reject, SourceDigest, SourceError};
use crate::wire::record::Shape;

/// Batches that are parsed ahead of the writer.
const BATCHES_AHEAD: usize = 4;

/// How often a log is read that changes while it is read.
const MOST_READINGS: u32 = 4;
/// And how long is waited for its writer, which streams a whole file.
const BETWEEN_READINGS: Duration = Duration::from_millis(250);

/// Is told how far an import is. Logs may be read in several passes, a preview and a load for example.
pub trait ImportProgress {
    /// A pass over these logs begins.
    fn pass_begins(&mut self, logs: &[PathBuf]) {
        let _ = logs;
    }

    /// The first `bytes` bytes of the content of a log are stored.
    fn stored(&mut self, log: &str, bytes: u64) {
        let _ = (log, bytes);
    }

    /// A log was read to its end.
    fn log_ends(&mut self, log: &Path) {
        let _ = log;
    }

    /// All logs of the pass were read; what is made of them may still take a moment.
    fn pass_ends(&mut self) {}
}

/// Shows nothing.
impl ImportProgress for () {}

/// A pass that has begun.
pub struct ImportPass<'p, S: ?Sized> {
    pub(super) options: ReadOptions,
    pub(super) sink: &'p mut S,
    pub(super) totals: ImportTotals,
    clock: &'p dyn Clock,
    progress: &'p mut dyn ImportProgress,
}

impl<'p, S: ImportSink + ?Sized> ImportPass<'p, S> {
    /// A pass into `sink`; `progress` is told of every batch.
    pub fn new(
        options: ReadOptions,
        sink: &'p mut S,
        clock: &'p dyn Clock,
        progress: &'p mut dyn ImportProgress,
    ) -> Self {
        Self { options, sink, totals: ImportTotals::default(), clock, progress }
    }

    /// Imports one log, which `open` opens, to its end. A log that changes while it is read is read
    /// again, a few times.
    ///
    /// # Errors
    /// The log cannot be read, or the sink not be written.
    pub fn import(
        &mut self,
        open: &dyn Fn() -> Result<Box<dyn LogSource>, SourceError>,
    ) -> Result<(), ImportError> {
        for _ in 1..MOST_READINGS {
            let before = self.totals.clone();
            match self.import_once(open()?) {
                // What it found in a mixture of two states is not told.
                Err(ImportError::Source(SourceError::Changing { .. })) => self.totals = before,
                outcome => return outcome,
            }
            self.clock.wait(BETWEEN_READINGS);
        }
        self.import_once(open()?)
    }

    /// Imports these logs, one after the other.
    ///
    /// # Errors
    /// As of [`import`](Self::import).
    pub fn import_all(&mut self, logs: &[PathBuf], open: &OpenLog) -> Result<(), ImportError> {
        let mapping = self.options.mapping.clone();
        self.progress.pass_begins(logs);
        for log in logs {
            self.import(&|| open(log, &mapping))?;
            self.progress.log_ends(log);
        }
        self.progress.pass_ends();
        Ok(())
    }

    fn import_once(&mut self, mut source: Box<dyn LogSource>) -> Result<(), ImportError> {
        let header = SourceHeader {
            path: source.location().display().to_string(),
            format: source.format(),
            compression: source.compression(),
            settings: self.options.describe(),
        };
        let path = source.path().display().to_string();
        let store_failed = |source| ImportError::Store { path: path.clone(), source };
        let continues = self.known_part(source.as_mut(), &header)?;
        let source_id = self.sink.begin_source(&header, continues.as_ref()).map_err(store_failed)?;
        let mut report = SourceReport {
            path: path.clone(),
            format: header.format,
            bytes: 0,
            sha256: String::new(),
            counts: continues.as_ref().map(|known| known.counts).unwrap_or_default(),
        };
        if let Some(known) = &continues {
            self.totals.conflicts += known.conflicts;
            self.totals.list(
                known.rejects.iter().map(|reject| RejectedRecord { path: path.clone(), ..reject.clone() }),
            );
        }
        let (sender, receiver) = crossbeam_channel::bounded(BATCHES_AHEAD);
        let (gives_back, stored) = crossbeam_channel::unbounded();
        let options = self.options.clone();
        let digest = std::thread::scope(|scope| {
            scope.spawn(move || parse(source.as_mut(), &options, continues.as_ref(), &sender, &stored));
            self.write(&mut report, receiver, &gives_back)
        })?;
        self.sink.end_source(&digest).map_err(store_failed)?;
        report.bytes = digest.bytes;
        report.sha256 = digest.sha256;
        self.totals.sources.push(report);
        self.totals.source_ids.push(source_id);
        Ok(())
    }

    /// Ends the load. Only now the counts are what they are; the caller looks at them, and publishes
    /// the sink or drops it.
    ///
    /// # Errors
    /// The sink cannot be written; or the counts of a log do not add up.
    pub fn finish(self) -> Result<ImportTotals, ImportError> {
        let Self { sink, mut totals, .. } = self;
        let events = sink.finish(&mut |correction| totals.correct(correction));
        totals.events = events.map_err(ImportError::Finish)?;
        for source in &totals.sources {
            if !source.counts.are_conserved() {
                return Err(ImportError::NotConserved { path: source.path.clone(), counts: source.counts });
            }
            totals.total += source.counts;
        }
        totals.sort_rejects();
        Ok(totals)
    }

    /// Finds how much of the log the store has already, and skips that.
    fn known_part(
        &mut self,
        source: &mut dyn LogSource,
        header: &SourceHeader,
    ) -> Result<Option<KnownSource>, ImportError> {
        let known = self
            .sink
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
                // Where the reader has ended, the records do not go back to it, and are dropped here.
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
            .sink
            .store(&batch)
            .map_err(|source| ImportError::Store { path: report.path.clone(), source })?;
        self.progress.stored(&report.path, batch.resume.offset);
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
                    self.totals.conflicts += 1;
                    rejects.push((record.place, Reject::Conflict { event_id, position }));
                }
                Outcome::MatchedExisting { class } => {
                    *self.totals.twins.entry(class.as_str()).or_default() += 1;
                }
                Outcome::Imported if record.shape == Shape::New => {
                    self.totals.with_native.insert(self.totals.sources.len());
                }
                Outcome::Imported | Outcome::AlreadyPresent | Outcome::Duplicate => {}
            }
        }
        self.totals.in_doubt += batch.in_doubt;
        for (name, count) in batch.flags {
            *self.totals.flags.entry(name).or_default() += count;
        }
        rejects.sort_by_key(|(place, _)| place.offset);
        self.totals.list(
            rejects.into_iter().map(|(place, reject)| RejectedRecord::new(&report.path, place, &reject)),
        );
        Ok(batch.records)
    }
}

impl<S: ImportSink + OverlapView + ?Sized> ImportPass<'_, S> {
    /// Whether records without identity lie in the time of native events.
    ///
    /// # Errors
    /// The sink cannot be read.
    pub fn overlap(&mut self) -> Result<Option<Overlap>, ImportError> {
        self.sink.overlap().map_err(ImportError::Finish)
    }
}
