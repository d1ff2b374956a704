//! Events as records of the legacy log, and the records that stand there.

use std::collections::VecDeque;

use super::mirror_error::MirrorError;
use super::ports::{LegacyLog, LegacyRecord, LegacySideError};
use crate::domain::error_chain::error_chain;
use crate::domain::event::DomainEvent;
use crate::domain::legacy_shape::in_legacy_shape;
use crate::wire::json::ScanError;
use crate::wire::zone::Zone;

/// So many records are read while the lock is held.
const PAGE: usize = 256;

/// The text of an event in the legacy log.
pub(super) fn record_of(event: &DomainEvent, zone: &Zone) -> Result<String, ScanError> {
    let translated = in_legacy_shape(event.body(), event.timestamp(), zone)?;
    Ok(translated.unwrap_or_else(|| event.body().to_owned()))
}

/// The same for a page of them.
pub(super) fn records_of<'e>(
    events: impl Iterator<Item = &'e DomainEvent>,
    zone: &Zone,
) -> Result<Vec<String>, MirrorError> {
    let record = |event: &DomainEvent| {
        record_of(event, zone)
            .map_err(|source| MirrorError::Shape { event_id: event.event_id().clone(), source })
    };
    events.map(record).collect()
}

/// Which records the legacy log has no form for, by their indexes, and why.
pub(super) fn refused(
    legacy: &dyn LegacyLog,
    records: &[String],
) -> Result<Vec<(usize, String)>, LegacySideError> {
    let mut refused = Vec::new();
    for (index, record) in records.iter().enumerate() {
        // Nothing of it is written: the lock is given up.
        if let Err(error) = legacy.lock()?.plan(std::slice::from_ref(record)) {
            refused.push((index, error_chain(&error)));
        }
    }
    Ok(refused)
}

/// Reads the records that stand after an end of the legacy log, up to those that stood there when they were read first.
pub(super) struct RecordsAfter<'l> {
    log: &'l dyn LegacyLog,
    /// Of the last record that was read.
    end: u64,
    read: VecDeque<LegacyRecord>,
    is_at_end: bool,
}

/// What is read next.
pub(super) enum Next {
    Record(LegacyRecord),
    /// There is no further one, and the log ends here.
    End(u64),
    /// No record ends any more where one did: another program has written the log anew. It ends here now.
    Lost(u64),
}

impl<'l> RecordsAfter<'l> {
    pub fn new(log: &'l dyn LegacyLog, end: u64) -> Self {
        Self { log, end, read: VecDeque::new(), is_at_end: false }
    }

    pub fn next(&mut self) -> Result<Next, LegacySideError> {
        if self.read.is_empty() && !self.is_at_end {
            let log = self.log.lock()?;
            match log.records_after(self.end, PAGE)? {
                Some(read) => {
                    self.is_at_end = read.len() < PAGE;
                    self.read = read.into();
                }
                None => return Ok(Next::Lost(log.end())),
            }
        }
        Ok(match self.read.pop_front() {
            Some(record) => {
                self.end = record.place.end();
                Next::Record(record)
            }
            None => Next::End(self.end),
        })
    }
}
