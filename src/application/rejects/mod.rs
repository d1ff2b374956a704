//! The use case RetryRejects: tries quarantined records again, as the present settings read them.
//!
//! Each is tried by itself, in the order of its log: what stood around it does not matter, but for
//! the clock, which sees the repeated local times of a log in their order.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::application::import::{ImportRecord, Outcome, ReadOptions, RejectList, RejectedRecord};
use crate::application::log_source::{DAMAGED_DATA, Place, Reject, UNVERIFIED};
use crate::domain::repository::RepositoryError;
use crate::wire::mapping::Mapping;
use crate::wire::record::{ContentIds, RecordReader};

/// Records that are stored as one.
const BATCH_RECORDS: usize = 500;
/// Or their bytes.
const BATCH_BYTES: usize = 2 << 20;
const SYNTAX: &str = "syntax";

/// A quarantined record that nothing has become of yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quarantined {
    /// Its number in the store.
    pub reject_id: i64,
    /// The number of its log.
    pub source_id: i64,
    /// Where that is.
    pub path: String,
    /// Where it stands there.
    pub place: Place,
    /// Its bytes; the number of them where they are too many to be one record.
    pub bytes: Result<Vec<u8>, usize>,
    /// Why it was rejected, in one word.
    pub reason: String,
    /// And in a sentence.
    pub detail: String,
    /// Whether bytes of the file that it stands for are in no store.
    pub loses_bytes: bool,
}

/// A quarantined record that is an event now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retried {
    /// The number of the reject.
    pub reject_id: i64,
    /// The number of its log.
    pub source_id: i64,
    /// The event.
    pub record: ImportRecord,
}

/// A store as a retry sees it.
pub trait RejectStore {
    /// The next quarantined record after `previous`, by log and offset.
    fn next(&mut self, previous: Option<&Quarantined>) -> Result<Option<Quarantined>, RepositoryError>;

    /// Stores records of their logs, all or none, and notes at each reject which event it became.
    /// Answers what became of each; `None` where another process has retried it meanwhile.
    fn save(&mut self, records: &[Retried]) -> Result<Vec<Option<Outcome>>, RepositoryError>;
}

/// What a retry came to: `tried = imported + already_present + duplicates + still_rejected`.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize)]
pub struct RetryReport {
    /// Quarantined records that were tried again.
    pub tried: u64,
    /// New events of the store.
    pub imported: u64,
    /// Events that the store had from elsewhere.
    pub already_present: u64,
    /// Events that the store had from another place of the log.
    pub duplicates: u64,
    /// No events yet.
    pub still_rejected: u64,
    /// How many of these hold whole records, which an earlier version of this program rejected together with what stands
    /// beside them: they are found when their logs are imported again.
    pub holding_records: u64,
    /// How many are not, by the reason of today.
    pub reasons: BTreeMap<String, u64>,
    /// The first of each reason.
    pub rejects: Vec<RejectedRecord>,
}

/// Tries quarantined records again.
pub struct RetryRejects<'s> {
    options: ReadOptions,
    store: &'s mut dyn RejectStore,
    batch: Vec<(Quarantined, ImportRecord)>,
    batch_bytes: usize,
    report: RetryReport,
    rejects: RejectList,
    content_ids: ContentIds,
    takes_unverified: bool,
    holds_record: &'s HoldsRecord,
}

/// Whether bytes that were rejected hold a whole record as a part of a log.
pub type HoldsRecord = dyn Fn(&[u8], &Mapping) -> bool;

impl<'s> RetryRejects<'s> {
    /// A retry in `store`. Which records it gives is the store's affair; `options` says how they are
    /// read, and `holds_record` which of those that are none hold one.
    pub fn new(options: ReadOptions, store: &'s mut dyn RejectStore, holds_record: &'s HoldsRecord) -> Self {
        Self {
            options,
            store,
            batch: Vec::new(),
            batch_bytes: 0,
            report: RetryReport::default(),
            rejects: RejectList::default(),
            content_ids: ContentIds::default(),
            takes_unverified: false,
            holds_record,
        }
    }

    /// Whether records are taken whose compressed data was cut off before its checksum: they may be damaged.
    #[must_use]
    pub fn taking_unverified(mut self, takes_unverified: bool) -> Self {
        self.takes_unverified = takes_unverified;
        self
    }

    /// Tries all of them.
    pub fn run(mut self) -> Result<RetryReport, RepositoryError> {
        let options = self.options.clone();
        let reader_of_a_log = || RecordReader::with_mapping(&options.zone, options.dst, &options.mapping);
        let mut reader = reader_of_a_log();
        let mut previous: Option<Quarantined> = None;
        while let Some(quarantined) = self.store.next(previous.as_ref())? {
            if previous.is_some_and(|previous| previous.source_id != quarantined.source_id) {
                reader = reader_of_a_log();
            }
            self.try_again(&mut reader, &quarantined)?;
            previous = Some(Quarantined { bytes: Err(0), ..quarantined });
        }
        self.save()?;
        (self.report.reasons, self.report.rejects) = self.rejects.into_parts();
        Ok(self.report)
    }

    fn try_again(
        &mut self,
        reader: &mut RecordReader<'_>,
        quarantined: &Quarantined,
    ) -> Result<(), RepositoryError> {
        self.report.tried += 1;
        let may_be_record = match quarantined.reason.as_str() {
            // What stands on both sides of damaged data is no record, whatever it reads as.
            DAMAGED_DATA => false,
            UNVERIFIED => self.takes_unverified,
            _ => true,
        };
        let bytes = quarantined.bytes.as_ref().ok().filter(|_| may_be_record);
        let Some(bytes) = bytes else {
            self.reject(quarantined, quarantined.reason.clone(), quarantined.detail.clone());
            return Ok(());
        };
        let read = reader.read_whole(bytes).map_err(Reject::from);
        let record = read
            .and_then(|record| ImportRecord::new(&record, reader, quarantined.place, &mut self.content_ids));
        match record.map(|record| (record.body.len() == bytes.len()).then_some(record)) {
            Ok(Some(record)) => {
                self.batch_bytes += record.body.len();
                self.batch.push((Quarantined { bytes: Err(0), ..quarantined.clone() }, record));
            }
            Err(reject) if reject.reason() != SYNTAX => {
                self.reject(quarantined, reject.reason().to_owned(), reject.sentence());
            }
            // No settings make it one object: the import saw what stands around it, and its reason holds.
            Ok(None) | Err(_) => {
                self.report.holding_records += u64::from((self.holds_record)(bytes, &self.options.mapping));
                self.reject(quarantined, quarantined.reason.clone(), quarantined.detail.clone());
            }
        }
        if self.batch.len() >= BATCH_RECORDS || self.batch_bytes >= BATCH_BYTES {
            self.save()?;
        }
        Ok(())
    }

    fn save(&mut self) -> Result<(), RepositoryError> {
        self.batch_bytes = 0;
        let (rejects, records): (Vec<Quarantined>, Vec<Retried>) = std::mem::take(&mut self.batch)
            .into_iter()
            .map(|(reject, record)| {
                let Quarantined { reject_id, source_id, .. } = reject;
                (reject, Retried { reject_id, source_id, record })
            })
            .unzip();
        for (quarantined, outcome) in rejects.iter().zip(self.store.save(&records)?) {
            match outcome {
                None => self.report.tried -= 1,
                Some(Outcome::Imported) => self.report.imported += 1,
                Some(Outcome::AlreadyPresent | Outcome::MatchedExisting { .. }) => {
                    self.report.already_present += 1
                }
                Some(Outcome::Duplicate) => self.report.duplicates += 1,
                Some(Outcome::Conflict { event_id, position }) => {
                    let conflict = Reject::Conflict { event_id, position };
                    self.reject(quarantined, conflict.reason().to_owned(), conflict.sentence());
                }
            }
        }
        Ok(())
    }

    fn reject(&mut self, quarantined: &Quarantined, reason: String, detail: String) {
        self.report.still_rejected += 1;
        let (path, place, loses_bytes) =
            (quarantined.path.clone(), quarantined.place, quarantined.loses_bytes);
        self.rejects.add(RejectedRecord { path, place, reason, detail, loses_bytes });
    }
}
