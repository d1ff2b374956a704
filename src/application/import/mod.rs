//! The use case ImportLegacy: replays logs into a store, and loses nothing.
//!
//! One thread reads and parses, another writes; a bounded channel between them keeps memory the
//! same for a log of any size.

mod ports;
mod report;

use std::collections::BTreeMap;
use std::error::Error as StdError;
use std::iter::successors;

use crossbeam_channel::{Receiver, Sender};
use thiserror::Error;

use crate::domain::local_clock::DstPolicy;
use crate::domain::mapping::Mapping;
use crate::domain::record::{RecordFlags, RecordReader};
use crate::domain::repository::RepositoryError;
use crate::domain::zone::Zone;

pub use ports::{
    Identity, ImportRecord, ImportTarget, LogFormat, LogPiece, LogSource, Outcome, PieceContent, Place,
    Reject, ResumePoint, SourceDigest, SourceError,
};
pub use report::{
    Counts, ImportReport, LISTED_REJECTS, RejectedRecord, SkippedFile, SourceReport, StoreReport,
};

/// Records that are stored, and committed, together.
const BATCH_RECORDS: usize = 10_000;
/// A batch ends early when its texts pass this many bytes.
const BATCH_BYTES: usize = 8 << 20;
/// Batches that are parsed ahead of the writer.
const BATCHES_AHEAD: usize = 2;

/// How records are read.
pub struct ImportOptions {
    /// The zone of naive timestamps.
    pub zone: Zone,
    /// What becomes of local times that come twice or never.
    pub dst: DstPolicy,
    /// Where the fields of the records stand.
    pub mapping: Mapping,
}

/// What the logs of an import came to; the caller adds what only it knows to make a report of it.
#[derive(Debug, Default)]
pub struct Imported {
    /// Each log.
    pub sources: Vec<SourceReport>,
    /// All logs together.
    pub total: Counts,
    /// Rejected records that are conflicts.
    pub conflicts: u64,
    /// Records kept although unusual, by what is.
    pub flags: BTreeMap<&'static str, u64>,
    /// The first rejected records.
    pub rejects: Vec<RejectedRecord>,
}

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
pub struct ImportLegacy<'t, T> {
    options: ImportOptions,
    target: &'t mut T,
    imported: Imported,
}

impl<'t, T: ImportTarget> ImportLegacy<'t, T> {
    /// An import into `target`.
    pub fn new(options: ImportOptions, target: &'t mut T) -> Self {
        Self { options, target, imported: Imported::default() }
    }

    /// What was imported so far.
    pub fn finish(self) -> Imported {
        self.imported
    }

    /// Imports one log to its end.
    pub fn import(&mut self, mut source: Box<dyn LogSource>) -> Result<(), ImportError> {
        let mut report = SourceReport {
            path: source.path().display().to_string(),
            format: source.format(),
            bytes: 0,
            sha256: String::new(),
            counts: Counts::default(),
        };
        self.target
            .begin_source()
            .map_err(|source| ImportError::Store { path: report.path.clone(), source })?;
        let (sender, receiver) = crossbeam_channel::bounded(BATCHES_AHEAD);
        let ImportOptions { zone, dst, mapping } = &self.options;
        let (zone, dst, mapping) = (zone.clone(), *dst, mapping.clone());
        std::thread::scope(|scope| {
            scope.spawn(move || {
                let reader = RecordReader::with_mapping(&zone, dst, &mapping);
                parse(source.as_mut(), reader, &sender);
            });
            self.write(&mut report, receiver)
        })?;
        if !report.counts.are_conserved() {
            return Err(ImportError::NotConserved { path: report.path, counts: report.counts });
        }
        self.imported.total += report.counts;
        self.imported.sources.push(report);
        Ok(())
    }

    /// Takes what the reader hands over, until its end. Returning early drops the receiver, which
    /// ends the reader too.
    fn write(&mut self, report: &mut SourceReport, parsed: Receiver<Parsed>) -> Result<(), ImportError> {
        for message in parsed {
            match message {
                Parsed::Batch(batch) => self.store(report, batch)?,
                Parsed::Failed(error) => return Err(error.into()),
                Parsed::End(digest) => {
                    report.bytes = digest.bytes;
                    report.sha256 = digest.sha256;
                    return Ok(());
                }
            }
        }
        Err(ImportError::ReaderStopped { path: report.path.clone() })
    }

    fn store(&mut self, report: &mut SourceReport, batch: Batch) -> Result<(), ImportError> {
        let Batch { records, mut rejects, .. } = batch;
        report.counts.records += (records.len() + rejects.len()) as u64;
        let outcomes = self
            .target
            .store(&records)
            .map_err(|source| ImportError::Store { path: report.path.clone(), source })?;
        for (record, outcome) in records.iter().zip(outcomes) {
            match outcome {
                Outcome::Imported => report.counts.imported += 1,
                Outcome::AlreadyPresent => report.counts.already_present += 1,
                Outcome::Duplicate => report.counts.duplicates += 1,
                Outcome::Conflict { event_id, position } => {
                    self.imported.conflicts += 1;
                    rejects.push((record.place, Reject::Conflict { event_id, position }));
                }
            }
            self.count_flags(record.flags);
        }
        rejects.sort_by_key(|(place, _)| place.offset);
        for (place, reject) in rejects {
            self.reject(report, place, &reject);
        }
        Ok(())
    }

    fn reject(&mut self, report: &mut SourceReport, place: Place, reject: &Reject) {
        report.counts.rejected += 1;
        if self.imported.rejects.len() < LISTED_REJECTS {
            self.imported.rejects.push(RejectedRecord {
                path: report.path.clone(),
                place,
                reason: reject.reason(),
                detail: chain(reject),
            });
        }
    }

    fn count_flags(&mut self, flags: RecordFlags) {
        for name in flags.names() {
            *self.imported.flags.entry(name).or_default() += 1;
        }
    }
}

/// An error and what it came from, in one sentence.
fn chain(error: &(dyn StdError + 'static)) -> String {
    let errors = successors(Some(error), |error| StdError::source(*error));
    errors.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// What the reading thread hands to the writer.
enum Parsed {
    Batch(Batch),
    End(SourceDigest),
    Failed(SourceError),
}

/// What stood next to each other in a log.
#[derive(Default)]
struct Batch {
    records: Vec<ImportRecord>,
    rejects: Vec<(Place, Reject)>,
    bytes: usize,
}

impl Batch {
    fn push(&mut self, place: Place, content: Result<ImportRecord, Reject>) {
        match content {
            Ok(record) => {
                self.bytes += record.body.len();
                self.records.push(record);
            }
            Err(reject) => self.rejects.push((place, reject)),
        }
    }

    fn is_full(&self) -> bool {
        self.records.len() + self.rejects.len() >= BATCH_RECORDS || self.bytes >= BATCH_BYTES
    }
}

/// Reads a log to its end, or until nobody takes what it reads.
fn parse(source: &mut dyn LogSource, mut reader: RecordReader<'_>, sender: &Sender<Parsed>) {
    let mut batch = Batch::default();
    let end = loop {
        match source.next_piece(&mut reader) {
            Ok(Some(LogPiece { place, content, .. })) => match content {
                PieceContent::Record(record) => batch.push(place, ImportRecord::new(&record, place)),
                PieceContent::Reject(reject) => batch.push(place, Err(reject)),
                PieceContent::Layout | PieceContent::RejectContinued => {}
            },
            Ok(None) => break Parsed::End(source.digest()),
            Err(error) => break Parsed::Failed(error),
        }
        if batch.is_full() && sender.send(Parsed::Batch(std::mem::take(&mut batch))).is_err() {
            return;
        }
    };
    // Where nobody listens any more, the writer has said why.
    let _ = sender.send(Parsed::Batch(batch)).and_then(|()| sender.send(end));
}
