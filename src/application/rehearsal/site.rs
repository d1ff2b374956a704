//! The port to where a rehearsal takes place: a folder with copies, in which each step is one call of a use case.

use thiserror::Error;

use crate::application::compare::report::Comparison;
use crate::application::export::Exported;
use crate::application::gate::ComparedStates;
use crate::application::import::ImportReport;

/// Where a rehearsal takes place. The steps are made in the order of the methods; some may be left out.
pub trait RehearsalSite {
    /// Copies the legacy log, and the store or the log of the new system, where there is room for all that follows.
    ///
    /// # Errors
    /// Something cannot be read, there is no room, or a log does not stop changing.
    fn copy(&mut self) -> Result<Copied, SiteError>;

    /// Imports the copies into the store of the rehearsal.
    ///
    /// # Errors
    /// As of an import.
    fn import(&mut self) -> Result<ImportReport, SiteError>;

    /// Compares the legacy log with that store.
    ///
    /// # Errors
    /// As of a comparison.
    fn compare(&mut self) -> Result<Comparison, SiteError>;

    /// Exports the store in the legacy format, and compares what was exported with the store.
    ///
    /// # Errors
    /// As of an export and a comparison.
    fn roll_back(&mut self) -> Result<RolledBack, SiteError>;

    /// Makes the read models of the store by its handlers.
    ///
    /// # Errors
    /// A store cannot be read or written.
    fn replay(&mut self) -> Result<Replayed, SiteError>;

    /// Compares the states of all tasks by the legacy log with those by the store.
    ///
    /// # Errors
    /// One of them cannot be read.
    fn compare_states(&mut self) -> Result<ComparedStates, SiteError>;

    /// What the thorough integrity checks of the stores complain of.
    ///
    /// # Errors
    /// A store cannot be opened.
    fn integrity(&mut self) -> Result<Vec<String>, SiteError>;
}

/// A step could not be made.
#[derive(Debug, Error)]
#[error("could not {action}")]
pub struct SiteError {
    /// What was tried.
    pub action: &'static str,
    /// Why it failed.
    #[source]
    pub source: Box<dyn std::error::Error + Send + Sync>,
}

impl SiteError {
    /// An error of a step.
    pub fn during<E: Into<Box<dyn std::error::Error + Send + Sync>>>(
        action: &'static str,
    ) -> impl Fn(E) -> Self {
        move |source| Self { action, source: source.into() }
    }
}

/// What was copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Copied {
    /// Logs.
    pub files: u64,
    /// There is a store or a log of the new system.
    pub has_new_side: bool,
    /// Events of the store that was copied; `None` where the new system has none of its own, and one is built.
    pub store_events: Option<u64>,
    /// How many bytes the copies have.
    pub bytes: u64,
}

/// What the way back came to.
#[derive(Debug, Clone, PartialEq)]
pub struct RolledBack {
    /// What was exported.
    pub exported: Exported,
    /// Its events that the new system wrote or a repair added, against the store; `None` where there are none.
    pub comparison: Option<Comparison>,
    /// How many exported records of these events the store has once, and their logs twice: a retry, or two logs that have one event.
    pub repeated: u64,
}

/// What a replay came to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Replayed {
    /// How often an event was handled, by all handlers together.
    pub handled: u64,
    /// Events that are not handled, by all handlers together.
    pub failed: u64,
    /// Why handlers did not run or are behind, a sentence each.
    pub complaints: Vec<String>,
}
