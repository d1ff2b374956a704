//! The ports to the store that logs are imported into.
//!
//! A store is loaded through an [`ImportSink`]. Where it can show what both systems recorded at the same
//! time, it is an [`OverlapView`] as well, which has no part in loading.

use std::collections::BTreeMap;
use std::error::Error as StdError;

use chrono::{DateTime, Utc};

use super::outcome::{Correction, Outcome};
use super::overlap::{Overlap, OverlapFeeds, SystemTimes, TwinPair};
use super::record::ImportRecord;
use super::report::{RecordCounts, RejectList};
use crate::application::log_source::{LogFormat, Place, Reject, ResumePoint, SourceDigest};
use crate::domain::repository::RepositoryError;

/// Pieces of a log that follow each other, sorted by what is to become of them.
#[derive(Debug, Default)]
pub struct Batch {
    /// Its events.
    pub records: Vec<ImportRecord>,
    /// What is to be kept in quarantine.
    pub rejects: Vec<Rejected>,
    /// What stands around them, where it is not the separator.
    pub texts: Vec<SourceText>,
    /// How many records are left out because of their time.
    pub out_of_range: u64,
    /// How many records are unusual, by what is.
    pub flags: BTreeMap<&'static str, u64>,
    /// How many lines damaged compressed data decodes to.
    pub in_doubt: u64,
    /// What mostly stands between two records of the log.
    pub separator: Vec<u8>,
    /// Up to where the log is known when this batch is stored.
    pub resume: ResumePoint,
}

/// A piece of a log that is not imported.
#[derive(Debug)]
pub struct Rejected {
    /// Where it begins.
    pub place: Place,
    /// Why it is not; `None` where it continues what was rejected just before.
    pub reject: Option<Reject>,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// A piece of a log that is no record.
#[derive(Debug, Clone)]
pub struct SourceText {
    /// Where it begins: the offset of its first byte.
    pub offset: u64,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// What a store writes down of a log when it begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceHeader {
    /// Where it is; absolute.
    pub path: String,
    /// How it is written.
    pub format: LogFormat,
    /// How it is compressed.
    pub compression: Option<&'static str>,
    /// How its records are read, on one line.
    pub settings: String,
    /// What tells the file from another one at its path, where that is to be written down.
    pub file: Option<String>,
}

/// A log, or the beginning of one, that the store has already.
#[derive(Debug)]
pub struct KnownSource {
    /// Its number in the store.
    pub source_id: i64,
    /// Every row is there that was stored of it. Where one is missing, it is read from its beginning.
    pub is_whole: bool,
    /// How far the store has it.
    pub resume: ResumePoint,
    /// What mostly stands between two of its records.
    pub separator: Vec<u8>,
    /// What became of its records up to there, seen from today.
    pub counts: RecordCounts,
    /// The rejected ones.
    pub rejects: RejectList,
}

/// A log that the store has from its first byte to its last, and what became of its records.
#[derive(Debug, Clone)]
pub struct ImportedLog {
    /// Its number in the store.
    pub source_id: i64,
    /// How it is written.
    pub format: LogFormat,
    /// Size and hash of what was imported.
    pub digest: SourceDigest,
    /// What became of its records, seen from today.
    pub counts: RecordCounts,
    /// The rejected ones.
    pub rejects: RejectList,
}

/// How much of a part of a log the store has, and what that is to an import.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KnownPart {
    /// The number of the part in the store.
    pub source_id: i64,
    /// The records before this offset of its content.
    pub to: u64,
    /// What becomes of the numbers that its records have among identical ones.
    pub state: PartState,
}

/// What the import at hand has of a part that was imported before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PartState {
    /// It goes on: its records are not read again, and their numbers are taken.
    Kept,
    /// It is read again, as another source: its records get the numbers that they have.
    ReadAgain,
    /// It is not there: its numbers are taken, but for those that a part has which is read again.
    Missing,
}

/// A log that was imported as a part of one. A part that was renamed, or imported with other ones, has several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartVersion {
    /// Its number in the store.
    pub source_id: i64,
    /// Where it was; absolute.
    pub path: String,
    /// How much of it is known.
    pub resume: ResumePoint,
    /// It was imported together with logs that are imported now, directly or through others.
    pub is_of_log: bool,
    /// No later version stands for it.
    pub is_latest: bool,
    /// It was read to its end.
    pub is_finished: bool,
    /// How many events and twins were made of its records.
    pub records: u64,
    /// What tells the file from another one at its path, where that is known.
    pub file: Option<String>,
}

/// What an import loads its records into, apart from the port's append.
///
/// Calls come in this order: `last_import` for each log, `part_versions` and `begin_parts` where the logs are parts of one; for
/// each log that is to be read `known`, `begin_source`, `store` any number of times, and `end_source`; then
/// `finish`, and `publish` where the result is to stay. A log that changes while it is read is begun again.
pub trait ImportSink {
    /// What the last import of the log at that path came to, where it was read in that way, and to its end, and
    /// every row of it is there.
    ///
    /// # Errors
    /// The store cannot be read.
    fn last_import(&mut self, path: &str, settings: &str) -> Result<Option<ImportedLog>, RepositoryError>;

    /// Every log that was imported as a part of one; `paths` are those of the logs that are imported now. None where
    /// the store does not exist yet.
    ///
    /// # Errors
    /// The store cannot be read.
    fn part_versions(&mut self, paths: &[String]) -> Result<Vec<PartVersion>, RepositoryError> {
        let _ = paths;
        Ok(Vec::new())
    }

    /// The logs are parts of one log: from now on occurrences of identical records count on from each to the
    /// next. `known` is what the store has of that log. Answers how many records without id of each part that is
    /// kept are stored as events of another log, which comes first.
    ///
    /// # Errors
    /// The store cannot be read.
    fn begin_parts(&mut self, known: &[KnownPart]) -> Result<SharedCounts, RepositoryError>;

    /// How many events and twins without id were made of the records of each log.
    ///
    /// # Errors
    /// The store cannot be read.
    fn records_without_id(&mut self) -> Result<BTreeMap<i64, u64>, RepositoryError> {
        Ok(BTreeMap::new())
    }

    /// How many records without id of each log are events or twins that were made of other records.
    ///
    /// # Errors
    /// The store cannot be read.
    fn repeats_without_id(&mut self) -> Result<BTreeMap<i64, u64>, RepositoryError> {
        Ok(BTreeMap::new())
    }

    /// What the store has of the latest version of that log, where it was read in the same way.
    ///
    /// # Errors
    /// The store cannot be read.
    fn known(&mut self, header: &SourceHeader) -> Result<Option<KnownSource>, RepositoryError>;

    /// A log begins: occurrences of identical records count from 1 again, unless it is a part of one. Where
    /// it `continues` a known one, it becomes the latest version of that: from where that ends, or, where rows of that
    /// are missing, from its beginning. Answers its number.
    ///
    /// # Errors
    /// The store cannot be written.
    fn begin_source(
        &mut self,
        header: &SourceHeader,
        continues: Option<&KnownSource>,
    ) -> Result<i64, RepositoryError>;

    /// Stores a batch and answers what became of each record, in their order, by the rules of
    /// `application/import/identity.rs`. A sink that finds out later may answer [`Outcome::Imported`] for all
    /// of them, and tell in `finish` which are not.
    ///
    /// # Errors
    /// The store cannot be written: then nothing of the batch is stored.
    fn store(&mut self, batch: &Batch) -> Result<Vec<Outcome>, RepositoryError>;

    /// No more of the log is stored. Where it was read to its end, `digest` is that of the log, which stands for
    /// its earlier versions from now on; `None` where the rest of it is left to the next import.
    ///
    /// # Errors
    /// The store cannot be written.
    fn end_source(&mut self, digest: Option<&SourceDigest>) -> Result<(), RepositoryError>;

    /// Which records without id of one log another one has as well, by the numbers of the two logs: the store
    /// has them once.
    fn shared_records(&self) -> &SharedCounts;

    /// Ends the load, and answers how many events there are. `correct` is told of every record that
    /// is not what `store` answered.
    ///
    /// # Errors
    /// The store cannot be written.
    fn finish(&mut self, correct: &mut dyn FnMut(Correction)) -> Result<u64, RepositoryError>;

    /// Makes what was loaded the store, durably, where it is not yet. A sink that is dropped
    /// before leaves nothing that could be taken for a store.
    ///
    /// # Errors
    /// The store cannot be written, or another one was put into its place meanwhile.
    fn publish(&mut self) -> Result<(), RepositoryError>;
}

/// How many records the second log of a pair shares with the first one.
pub type SharedCounts = BTreeMap<(i64, i64), u64>;

/// What both systems recorded at the same time, in a store together with what an import adds to it. To be
/// asked when all logs were read, and before the load is finished.
pub trait OverlapView {
    /// Whether this import puts records without identity into the time of native events, or native
    /// events around them.
    ///
    /// # Errors
    /// The store cannot be read.
    fn overlap(&mut self) -> Result<Option<Overlap>, RepositoryError>;

    /// The records of both systems, where this import brings some that lie in the time of what the other
    /// system wrote.
    ///
    /// # Errors
    /// The store cannot be read.
    fn feeds(&mut self) -> Result<Option<OverlapFeeds>, RepositoryError>;

    /// Two of these records, at least one of them new, are one event: a new one becomes the twin of the
    /// other.
    ///
    /// # Errors
    /// The pair cannot be written down.
    fn note_twins(&mut self, pair: &TwinPair) -> Result<(), RepositoryError>;
}

/// A sink that builds a store which does not exist yet.
pub trait BuildingSink: ImportSink + OverlapView {
    /// Whether publishing failed because another store has appeared in the place of this one: what was built is gone,
    /// and the logs have to be added to the other one.
    fn is_overtaken(&self) -> bool;
}

/// A sink that answers what a load would do to a store that exists, and changes nothing.
pub trait ImportPreview: ImportSink + OverlapView {
    /// When the youngest new record of the legacy system occurred that has no partner.
    ///
    /// # Errors
    /// What was found cannot be read.
    fn youngest_unmatched(&mut self) -> Result<Option<DateTime<Utc>>, RepositoryError>;
}

/// A sink that takes note of when records occurred, and of nothing else: whether anything can overlap shows without a
/// look at each of them.
pub trait ImportSurvey: ImportSink {
    /// When they did.
    fn times(&self) -> SystemTimes;

    /// Whether records may be of events that the other system wrote, in the store or in the same import. Where they may
    /// not, a preview would find no overlap.
    ///
    /// # Errors
    /// The store cannot be read.
    fn may_overlap(&mut self) -> Result<bool, RepositoryError>;
}

/// A sink that adds to a store that exists.
pub trait IncrementalSink: ImportSink {
    /// A survey of what this sink is to store.
    type Survey: ImportSurvey;
    /// A preview of what this sink would do.
    type Preview: ImportPreview;

    /// Begins a survey; `None` where a preview is needed at any rate, as the store has twins.
    ///
    /// # Errors
    /// The store cannot be read.
    fn survey(&mut self) -> Result<Option<Self::Survey>, RepositoryError>;

    /// A record that lies outside these times fails the load from now on, as one does that a preview has not seen.
    fn follow_survey(&mut self, times: SystemTimes);

    /// Begins a preview. What it finds is kept for [`follow_preview`](Self::follow_preview).
    ///
    /// # Errors
    /// The preview has no room beside the store.
    fn preview(&mut self) -> Result<Self::Preview, StoreError>;

    /// Keeps as twins what the last preview has matched. A record that the preview has not seen fails the
    /// load from now on.
    fn follow_preview(&mut self);

    /// Whether the load failed at a record that the preview has not seen: another preview is needed. What
    /// was stored is stored.
    fn is_outdated(&self) -> bool;

    /// Makes one transaction of the whole load, which ends when it is published or rolled back. No other
    /// process can write to the store until then.
    ///
    /// # Errors
    /// The store cannot be written.
    fn begin_transaction(&mut self) -> Result<(), RepositoryError>;

    /// Undoes what was loaded since [`begin_transaction`](Self::begin_transaction), where it was called.
    ///
    /// # Errors
    /// The store cannot be written.
    fn roll_back(&mut self) -> Result<(), RepositoryError>;
}

/// Why a store could not be opened: an error of its own backend.
pub type StoreError = Box<dyn StdError + Send + Sync>;

/// A store that logs are imported into, whether it exists yet or not.
pub trait ImportStore {
    /// The store while it is built.
    type NewStore: BuildingSink;
    /// A preview of it.
    type Preview: ImportPreview;
    /// The store where it exists.
    type ExistingStore: IncrementalSink;

    /// Where it is, as it was named.
    fn location(&self) -> String;

    /// Begins to build the store; `None` where there is one already. What is built for a dry run is never published,
    /// and leaves nothing where the store would be.
    ///
    /// # Errors
    /// It cannot be built there.
    fn build(&self, is_dry_run: bool) -> Result<Option<Self::NewStore>, StoreError>;

    /// Opens the store, which exists, for a preview. Nothing of it is changed.
    ///
    /// # Errors
    /// It cannot be opened.
    fn preview(&self) -> Result<Self::Preview, StoreError>;

    /// Opens the store, which exists, for adding to it; one of an older version is brought to the
    /// current one.
    ///
    /// # Errors
    /// It cannot be opened.
    fn open(&self) -> Result<Self::ExistingStore, StoreError>;
}
