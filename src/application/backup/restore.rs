//! A backup becomes a store: copied beside its place, proved, and put there; what stands there is set aside.

use serde::Serialize;
use thiserror::Error;

use super::against::Against;
use super::contents::Contents;
use super::findings::Findings;
use super::lacking::{LackingRows, in_words};
use super::manifest::Manifest;
use super::ports::{Subject, Tell};
use super::proof::{Depth, prove};
use crate::domain::event::format_timestamp;
use crate::domain::repository::RepositoryError;
use crate::wire::zone::Zone;

/// How many sentences of what is wrong are told.
const TOLD: usize = 5;

/// The place of a store that is restored. One value of it is open at a time, over all processes.
pub trait RestorePlace {
    /// Where the store will be.
    fn path(&self) -> String;

    /// Copies the files of the backup beside the place, durably; what a killed restoration has left there is removed first. What
    /// was copied has the hashes of the manifest.
    fn stage(&mut self, tell: Tell<'_>) -> Result<(), RepositoryError>;

    /// What was copied, to be proved.
    fn staged(&self) -> Result<Subject, RepositoryError>;

    /// The events of the store that stands there, held against those of the backup; `None` where there is no store, or a restoration of
    /// this backup was cut short, before which that was done.
    fn hold_against_staged(&mut self) -> Result<Option<Against>, RepositoryError>;

    /// The rows of that store, beside what the port gives of its events, which the backup lacks or has otherwise.
    fn rows_only_here(&mut self) -> Result<Vec<LackingRows>, RepositoryError>;

    /// Puts the copy, which holds this, into its place, but for what is there already. Nothing of what stands there has changed since
    /// it was held against the copy, and no process has it open.
    fn publish(&mut self, contents: &Contents) -> Result<Published, RepositoryError>;
}

/// What was put in place.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Published {
    /// Where that is which stood there before.
    pub set_aside: Vec<String>,
    /// Whether anything of the store was put there: false where it held the same.
    pub is_replaced: bool,
}

/// What a restoration came to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RestoreReport {
    /// The store.
    pub store: String,
    /// Which backend it is of.
    pub backend: String,
    /// The backup.
    pub backup: String,
    /// When that was made.
    pub made_at: String,
    /// How many events the store has now.
    pub events: u64,
    /// The position of the last one.
    pub last_position: Option<i64>,
    /// Of all events.
    pub digest: String,
    /// Whether what handlers have done was restored as well.
    pub handlers_restored: bool,
    /// Whether the store was put in place: false where one that holds the same was there.
    pub replaced: bool,
    /// Where that is which stood there before.
    pub set_aside: Vec<String>,
}

/// Why nothing was restored. What stands in the place is as it was.
#[derive(Debug, Error)]
pub enum RestoreError {
    /// The backup is not whole.
    #[error("the backup {backup} is not whole, and no store is made of it: {}; `mission-events verify {backup}` says all of it, and an earlier backup may be whole", findings.sentences(TOLD).join("; "))]
    NotWhole {
        /// The backup.
        backup: String,
        /// What is wrong.
        findings: Findings,
    },
    /// The store has events that the backup lacks.
    #[error(
        "{store} has {count} events that the backup lacks, from {first} on: it is not replaced by one that has less. To do without them, move it away (a database with its -wal and -shm), and restore again; `mission-events --store {store} export --to FOLDER` keeps them apart"
    )]
    HasMore {
        /// The store.
        store: String,
        /// How many.
        count: u64,
        /// Where the first of them is.
        first: String,
    },
    /// The store knows of imports and of events what the backup does not.
    #[error(
        "{store} has rows that the backup lacks or has otherwise, though not events: {}: it is not replaced by one that has less. To do without them, move it away with its -wal and -shm, and restore again, or restore to another place (--into)",
        in_words(rows)
    )]
    HasMoreRows {
        /// The store.
        store: String,
        /// How many, by their tables.
        rows: Vec<LackingRows>,
    },
    /// The store has other events.
    #[error(
        "{store} has other events than the backup, {count} of them; the first difference: {first}. It is another store, or one of the two was changed: restore to another place (--into), or move it away first"
    )]
    Other {
        /// The store.
        store: String,
        /// How many.
        count: u64,
        /// The first difference.
        first: String,
    },
    /// The copy is not the backup.
    #[error("what was copied does not come to what the manifest says, although its files do: {}; nothing was put in place", differences.join("; "))]
    NotTheBackup {
        /// Where.
        differences: Vec<String>,
    },
    /// Something could not be read or written.
    #[error(transparent)]
    Store(#[from] RepositoryError),
}

/// Makes a store of a backup whose files are those of its manifest.
///
/// # Errors
/// Nothing was put in place.
pub fn restore(
    (backup, manifest): (String, &Manifest),
    place: &mut dyn RestorePlace,
    zone: &Zone,
    tell: Tell<'_>,
) -> Result<RestoreReport, RestoreError> {
    place.stage(tell)?;
    let proof = prove(place.staged()?, Depth::Copy, zone, &mut |_| {})?;
    if !proof.findings.is_empty() {
        return Err(RestoreError::NotWhole { backup, findings: proof.findings });
    }
    let mut expected = manifest.contents.clone();
    // What handlers have done can be left as it is.
    expected.tables.retain(|table| proof.contents.schema_versions.contains_key(&table.database));
    expected.schema_versions.retain(|database, _| proof.contents.schema_versions.contains_key(database));
    let differences = expected.differences(&proof.contents);
    if !differences.is_empty() {
        return Err(RestoreError::NotTheBackup { differences });
    }
    if let Some(against) = place.hold_against_staged()? {
        refuse(&against, &place.path())?;
        let rows = place.rows_only_here()?;
        if !rows.is_empty() {
            return Err(RestoreError::HasMoreRows { store: place.path(), rows });
        }
    }
    let Published { set_aside, is_replaced } = place.publish(&proof.contents)?;
    let contents = proof.contents;
    let handlers_restored = contents.has_handlers();
    Ok(RestoreReport {
        store: place.path(),
        backend: manifest.store.backend.clone(),
        backup,
        made_at: format_timestamp(manifest.made_at),
        events: contents.events,
        last_position: contents.last_position,
        digest: contents.digest,
        handlers_restored,
        replaced: is_replaced,
        set_aside,
    })
}

/// Refuses to replace a store that has events which the backup lacks. One that has lost some, be it in the midst, is to be replaced.
fn refuse(against: &Against, store: &str) -> Result<(), RestoreError> {
    let store = store.to_owned();
    if let Some(first) = &against.first_other {
        let count = against.different - against.lost_here;
        return Err(RestoreError::Other { store, count, first: first.clone() });
    }
    match &against.first_only_here {
        Some(first) => Err(RestoreError::HasMore { store, count: against.only_here, first: first.clone() }),
        None => Ok(()),
    }
}
