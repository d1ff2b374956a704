//! What routing needs of the legacy log and of the outbox.

use std::error::Error as StdError;

use thiserror::Error;

/// Why the legacy log, or the outbox, did not do what it was asked; with its causes.
#[derive(Debug, Error)]
#[error(transparent)]
pub struct LegacySideError(#[from] pub Box<dyn StdError + Send + Sync>);

/// Where a record of the legacy log stands, or is about to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LegacyPlace {
    /// Where its text begins, in bytes.
    pub offset: u64,
    /// How long its text is, in bytes.
    pub length: u64,
    /// Of its text.
    pub sha256: [u8; 32],
}

impl LegacyPlace {
    /// Where its text ends, in bytes.
    pub fn end(&self) -> u64 {
        self.offset + self.length
    }
}

/// A record that stands in the legacy log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LegacyRecord {
    /// Where.
    pub place: LegacyPlace,
    /// The text of its object, as it is spelled.
    pub text: String,
}

/// The legacy log.
pub trait LegacyLog: Send + Sync {
    /// Waits until no other thread or process of this program appends, and keeps it so.
    ///
    /// # Errors
    /// It cannot be locked or read, or is no array.
    fn lock(&self) -> Result<Box<dyn LockedLegacyLog + '_>, LegacySideError>;
}

/// The legacy log, to which nothing of this program appends meanwhile.
pub trait LockedLegacyLog {
    /// Where the last record ends, in bytes.
    fn end(&self) -> u64;

    /// Whether that text stands there.
    ///
    /// # Errors
    /// It cannot be read.
    fn holds(&self, place: &LegacyPlace) -> Result<bool, LegacySideError>;

    /// The first `limit` records that stand after `end`, where a record ended once, or where an array without records began.
    /// `None` where no record ends there: another program has written the log anew, or has cut it.
    ///
    /// # Errors
    /// It cannot be read, or is damaged there.
    fn records_after(&self, end: u64, limit: usize) -> Result<Option<Vec<LegacyRecord>>, LegacySideError>;

    /// Says where further records will stand. They are JSON objects in the legacy shape, and are spelled as Python spells them.
    ///
    /// # Errors
    /// One of them is no record.
    fn plan(&mut self, records: &[String]) -> Result<Vec<LegacyPlace>, LegacySideError>;

    /// Writes what was planned, with one write and one sync: all of it, or nothing.
    ///
    /// # Errors
    /// Nothing was written, unless the error says otherwise.
    fn write(self: Box<Self>) -> Result<(), LegacySideError>;
}

/// A line of the outbox: an event, and the record that stands for it on the legacy side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxLine {
    /// From 1, without gaps, also over rotations.
    pub number: u64,
    /// The JSON text of the event.
    pub event: String,
    /// Of its record.
    pub place: LegacyPlace,
    /// Whether its record was not written, as the process says that tried.
    pub is_crossed_out: bool,
}

/// The outbox: what the legacy side, as primary, was about to take. It is changed under the lock of the legacy log alone, and
/// has no file before the first line.
pub trait Outbox: Send + Sync {
    /// Appends a line, without a sync; answers its number.
    ///
    /// # Errors
    /// Nothing was appended.
    fn append(&self, event: &str, place: &LegacyPlace) -> Result<u64, LegacySideError>;

    /// Says that the record of that line was not written; a second time, this changes nothing.
    ///
    /// # Errors
    /// It cannot be written.
    fn cross_out(&self, number: u64) -> Result<(), LegacySideError>;

    /// The number of the last line; 0 where there was none ever.
    ///
    /// # Errors
    /// It cannot be read.
    fn head(&self) -> Result<u64, LegacySideError>;

    /// The last line, also where its room was given back; `None` where there was none ever.
    ///
    /// # Errors
    /// It cannot be read.
    fn last(&self) -> Result<Option<OutboxLine>, LegacySideError>;

    /// The first `limit` lines after that number.
    ///
    /// # Errors
    /// It cannot be read, or lines are missing there.
    fn read_after(&self, number: u64, limit: usize) -> Result<Vec<OutboxLine>, LegacySideError>;

    /// Gives back the room of the lines up to that number, where there is much of it and they are all.
    ///
    /// # Errors
    /// The outbox is as it was.
    fn rotate(&self, up_to: u64) -> Result<(), LegacySideError>;

    /// How many bytes it takes.
    ///
    /// # Errors
    /// It cannot be looked at.
    fn bytes(&self) -> Result<u64, LegacySideError>;
}
