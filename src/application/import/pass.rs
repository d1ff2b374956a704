//! One pass of an import: logs, one after the other, into one sink.
//!
//! One thread reads and parses, another writes; a bounded channel between them keeps memory the
//! same for a log of any size.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender};

use super::batch_reader::{Parsed, Reading, parse};
use super::error::ImportError;
use super::import_totals::ImportTotals;
use super::log_totals::LogTotals;
use super::options::{ReadOptions, set_of_parts};
use super::overlap::Overlap;
use super::progress::ImportProgress;
use super::record::ImportRecord;
use super::seen_log::{ReadTo, SeenLog};
use super::target::{Batch, ImportSink, KnownSource, OverlapView, SourceHeader};
use crate::application::clock::Clock;
use crate::application::log_files::LogFiles;
use crate::application::log_source::{LogSource, OpenLog, ResumePoint, SourceDigest, SourceError};
use crate::domain::path_text::text_of;
use crate::domain::repository::RepositoryError;

/// Batches that are parsed ahead of the writer.
const BATCHES_AHEAD: usize = 4;

/// A log with no more bytes than this (256 KiB) is parsed by the thread that writes: to start another one takes longer.
const SHORT_LOG: u64 = 256 << 10;

/// How often a log is read that changes while it is read.
const MOST_READINGS: u32 = 4;
/// And how long is waited for its writer, which streams a whole file.
const BETWEEN_READINGS: Duration = Duration::from_millis(250);

/// Opens a log.
type Open<'o> = dyn Fn() -> Result<Box<dyn LogSource>, SourceError> + 'o;

/// A log that is read, and read again where it changes meanwhile. Each reading is of the file that its path leads to then.
struct ReadLog<'l> {
    path: &'l Path,
    files: &'l dyn LogFiles,
    open: &'l Open<'l>,
}

impl ReadLog<'_> {
    /// Where the file lies, once it was opened: a link may have led to another one before.
    fn location(&self) -> String {
        text_of(&self.files.location(self.path))
    }
}

/// A pass that has begun.
pub struct ImportPass<'p, S: ?Sized> {
    pub(super) options: ReadOptions,
    pub(super) sink: &'p mut S,
    pub(super) totals: ImportTotals,
    clock: &'p dyn Clock,
    progress: &'p mut dyn ImportProgress,
    are_parts: bool,
    /// Which parts are counted together: the numbers of identical records are others in another set.
    parts: String,
    /// How far the logs may be read, by what an earlier pass has seen of them.
    pub(super) follows: HashMap<PathBuf, SeenLog>,
    /// Where parts are that are others than those that were imported from there last.
    pub(super) begins_anew: BTreeSet<String>,
    /// The files that parts are, by their places.
    pub(super) files_of_parts: BTreeMap<String, String>,
    /// Up to where the last reading of a log knew it, where it failed; `None` where the log is compressed.
    reached: Option<ResumePoint>,
}

impl<'p, S: ImportSink + ?Sized> ImportPass<'p, S> {
    /// A pass into `sink`; `progress` is told of every batch.
    pub fn new(
        options: ReadOptions,
        sink: &'p mut S,
        clock: &'p dyn Clock,
        progress: &'p mut dyn ImportProgress,
    ) -> Self {
        let (totals, follows) = (ImportTotals::default(), HashMap::new());
        Self {
            options,
            sink,
            totals,
            clock,
            progress,
            are_parts: false,
            parts: String::new(),
            follows,
            begins_anew: BTreeSet::new(),
            files_of_parts: BTreeMap::new(),
            reached: None,
        }
    }

    /// The logs are parts of one log.
    pub(super) fn of_parts(mut self, are_parts: bool) -> Self {
        self.are_parts = are_parts;
        self
    }

    /// Logs that have grown since they were seen are read no further than they were then.
    pub(super) fn following(mut self, seen: HashMap<PathBuf, SeenLog>) -> Self {
        self.follows = seen;
        self
    }

    /// Imports one log, which `open` opens, to its end. A log that changes while it is read is read
    /// again, a few times. Where it grows all the time, it is imported as far as it stands still.
    ///
    /// # Errors
    /// The log cannot be read, or the sink not be written.
    #[cfg(feature = "internals")]
    pub fn import(&mut self, path: &Path, files: &dyn LogFiles, open: &Open<'_>) -> Result<(), ImportError> {
        let options = self.options.clone();
        self.import_to(&ReadLog { path, files, open }, &mut Reading::new(&options), None, false).map(drop)
    }

    /// Imports these logs, one after the other. What was imported last, byte for byte, is not read.
    ///
    /// # Errors
    /// A log cannot be read, or the sink not be written.
    pub(super) fn import_all(
        &mut self,
        logs: &[PathBuf],
        open: &OpenLog,
        files: &dyn LogFiles,
    ) -> Result<(), ImportError> {
        let options = self.options.clone();
        let mut reading = Reading::new(&options);
        self.progress.pass_begins(logs);
        self.parts.clear();
        self.begins_anew.clear();
        self.files_of_parts.clear();
        let mut found = None;
        if self.are_parts {
            self.parts = set_of_parts(logs);
            found = Some(self.begin_parts(logs, open, files)?);
        }
        for log in logs {
            let seen = self.import_one(log, &|| open(log, &options.mapping), &mut reading, files)?;
            self.totals.seen.insert(log.clone(), seen);
            self.progress.log_ends(log);
        }
        if let Some(found) = found {
            self.note_missing_parts(found, logs, open)?;
        }
        self.progress.pass_ends();
        Ok(())
    }

    fn import_one(
        &mut self,
        log: &Path,
        open: &Open<'_>,
        reading: &mut Reading<'_>,
        files: &dyn LogFiles,
    ) -> Result<SeenLog, ImportError> {
        let to = match self.look_up(log, files)? {
            Some(SeenLog::Unchanged(known)) => {
                let totals = LogTotals::unchanged(text_of(log), &known);
                self.totals.add(totals, known.source_id, Some(known.digest.content_sha256.clone()));
                return Ok(SeenLog::Unchanged(known));
            }
            Some(SeenLog::Read(to)) => (files.bytes(log)? > to.bytes).then_some(to),
            None => None,
        };
        // A pipe has no bytes as long as it is not read.
        let is_short = files.bytes(log).is_ok_and(|bytes| (1..=SHORT_LOG).contains(&bytes));
        let read = self.import_to(&ReadLog { path: log, files, open }, reading, to.as_ref(), is_short)?;
        // One that is gone by now leaves nothing.
        let left = files.bytes(log).map_or(0, |now| now.saturating_sub(read.bytes));
        if let Some(report) = self.totals.sources.last_mut() {
            report.left_bytes = left;
        }
        Ok(SeenLog::Read(read))
    }

    /// What is known of a log before it is read.
    pub(super) fn look_up(
        &mut self,
        log: &Path,
        files: &dyn LogFiles,
    ) -> Result<Option<SeenLog>, ImportError> {
        if let Some(seen) = self.follows.get(log) {
            return Ok(Some(seen.clone()));
        }
        let (path, settings) = (text_of(&files.location(log)), self.settings());
        let last = self.sink.last_import(&path, &settings).map_err(store_failed(&text_of(log)))?;
        let Some(last) = last else { return Ok(None) };
        let now = files.sha256(log, last.digest.bytes)?;
        Ok((now.as_ref() == Some(&last.digest.sha256)).then_some(SeenLog::Unchanged(last)))
    }

    fn settings(&self) -> String {
        self.options.describe() + &self.parts
    }

    /// What is written down of a log that lies there.
    pub(super) fn header(&self, location: &str, source: &dyn LogSource) -> SourceHeader {
        SourceHeader {
            file: self.files_of_parts.get(location).cloned(),
            path: location.to_owned(),
            format: source.format(),
            compression: source.compression(),
            settings: self.settings(),
        }
    }

    /// Imports a log, and no more of it than was seen before. Answers how far it was read.
    fn import_to(
        &mut self,
        log: &ReadLog<'_>,
        reading: &mut Reading<'_>,
        to: Option<&ReadTo>,
        is_short: bool,
    ) -> Result<ReadTo, ImportError> {
        for _ in 1..MOST_READINGS {
            match self.import_once(log, reading, to, is_short) {
                Err(ImportError::Source(SourceError::Changing { .. })) => {}
                outcome => return outcome,
            }
            self.clock.wait(BETWEEN_READINGS);
        }
        match (self.import_once(log, reading, to, is_short), self.reached.take()) {
            // What it grows by is for the next import; what was read before that has to stand still.
            (Err(ImportError::Source(SourceError::Changing { opened, ended, .. })), Some(reached))
                if to.is_none() && ended > opened && reached.offset > 0 =>
            {
                let to = ReadTo { bytes: reached.offset, resume: reached, ..ReadTo::default() };
                self.import_once(log, reading, Some(&to), false)
            }
            (outcome, _) => outcome,
        }
    }

    fn import_once(
        &mut self,
        log: &ReadLog<'_>,
        reading: &mut Reading<'_>,
        to: Option<&ReadTo>,
        is_short: bool,
    ) -> Result<ReadTo, ImportError> {
        let open = log.open;
        let mut source = open()?;
        let header = self.header(&log.location(), source.as_ref());
        let path = text_of(source.path());
        let known = self.known_part(source.as_mut(), &header)?;
        let source_id = self.sink.begin_source(&header, known.as_ref()).map_err(store_failed(&path))?;
        if known.as_ref().is_some_and(|known| !known.is_whole) {
            source = open()?;
        }
        let continues = known.filter(|known| known.is_whole);
        let mut log = LogTotals::new(path.clone(), header.format, continues.as_ref());
        self.reached = header.compression.is_none().then(ResumePoint::default);
        // What is compressed may be of any length.
        let is_short = is_short && header.compression.is_none();
        let (sender, receiver) = match is_short {
            true => crossbeam_channel::unbounded(),
            false => crossbeam_channel::bounded(BATCHES_AHEAD),
        };
        let (gives_back, stored) = crossbeam_channel::unbounded();
        let resume = to.map(|to| &to.resume);
        let parse_log = move || {
            let mut source = source;
            parse(source.as_mut(), reading, continues.as_ref(), resume, &sender, &stored);
        };
        let digest = if is_short {
            parse_log();
            self.write(&mut log, receiver, &gives_back)?
        } else {
            std::thread::scope(|scope| {
                std::thread::Builder::new().spawn_scoped(scope, parse_log).map_err(ImportError::Thread)?;
                self.write(&mut log, receiver, &gives_back)
            })?
        };
        let (read, digest) = match to {
            None => (log.end(&digest), Some(digest)),
            Some(to) => (self.end_at(open, &mut log, to)?, to.end.as_ref().map(|end| end.digest.clone())),
        };
        self.sink.end_source(digest.as_ref()).map_err(store_failed(&path))?;
        self.totals.add(log, source_id, digest.map(|digest| digest.content_sha256));
        Ok(read)
    }

    /// Ends a log where it was seen to, if it still begins with what was seen. Answers how far that is.
    fn end_at(&mut self, open: &Open<'_>, log: &mut LogTotals, to: &ReadTo) -> Result<ReadTo, ImportError> {
        let path = log.report.path.clone();
        // White space that goes on where the log ended was read with what came after.
        let goes_on = log.resume.offset > to.resume.offset;
        if log.resume != to.resume && !(goes_on && open()?.resume_at(&to.resume)?) {
            let (opened, ended) = (to.bytes, log.resume.offset);
            return Err(SourceError::Changing { path: path.into(), opened, ended }.into());
        }
        let texts = to.end.as_ref().map(|end| end.texts.clone()).unwrap_or_default();
        if goes_on || !texts.is_empty() {
            let (resume, separator) = (to.resume.clone(), log.separator.clone());
            let batch = Batch { texts, resume, separator, ..Batch::default() };
            self.sink.store(&batch).map_err(store_failed(&path))?;
        }
        let mut read = to.clone();
        match &to.end {
            Some(end) => drop(log.end(&end.digest)),
            None => {
                read.bytes = to.bytes.min(to.resume.offset);
                (log.report.bytes, log.report.sha256) = (read.bytes, to.resume.sha256.clone());
            }
        }
        Ok(read)
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
        totals.name_shared(sink.shared_records());
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
    pub(super) fn known_part(
        &mut self,
        source: &mut dyn LogSource,
        header: &SourceHeader,
    ) -> Result<Option<KnownSource>, ImportError> {
        if self.begins_anew.contains(&header.path) {
            return Ok(None);
        }
        let known = self.sink.known(header).map_err(store_failed(&header.path))?;
        let Some(known) = known else { return Ok(None) };
        Ok(source.resume_at(&known.resume)?.then_some(known))
    }

    /// Takes what the reader hands over, until its end. Returning early drops the receiver, which
    /// ends the reader too.
    fn write(
        &mut self,
        log: &mut LogTotals,
        parsed: Receiver<Parsed>,
        gives_back: &Sender<Vec<ImportRecord>>,
    ) -> Result<SourceDigest, ImportError> {
        for message in parsed {
            match message {
                // Where the reader has ended, the records do not go back to it, and are dropped here.
                Parsed::Batch(batch) => drop(gives_back.send(self.store(log, batch)?)),
                Parsed::Failed(error, reached) => {
                    self.reached = self.reached.is_some().then_some(reached);
                    return Err(error.into());
                }
                Parsed::End(digest) => return Ok(digest),
            }
        }
        Err(ImportError::ReaderStopped { path: log.report.path.clone() })
    }

    /// Stores a batch, counts what became of it, and answers its records.
    fn store(&mut self, log: &mut LogTotals, batch: Batch) -> Result<Vec<ImportRecord>, ImportError> {
        let outcomes = self.sink.store(&batch).map_err(store_failed(&log.report.path))?;
        self.progress.stored(&log.report.path, batch.resume.offset);
        Ok(log.take(batch, outcomes))
    }
}

fn store_failed(path: &str) -> impl Fn(RepositoryError) -> ImportError {
    move |source| ImportError::Store { path: path.to_owned(), source }
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
