//! What a thread of the runner does, one step at a time.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::error::HandlingError;
use super::parts::HandlingParts;
use super::run::HandlerRun;
use super::store::HandlerStoreError;
use crate::domain::repository::Stream;

/// One or several handlers, run by one thread. Each step is short enough to be waited for at the end.
pub(super) trait Worker: Send {
    /// Adds a handler; one that is there is given the events of its new registration from now on.
    fn add(&mut self, run: HandlerRun);

    /// Looks at the handler store: which handlers run, what is tried again and when. Records what was passed by.
    fn look(&mut self, streams: &[Stream]) -> Result<(), HandlingError>;

    /// Tries what is to be tried again, and handles one page of each handler that has not read one of the streams to
    /// its head. Answers whether there was anything to do.
    fn round(&mut self, streams: &[Stream]) -> Result<bool, HandlingError>;

    /// When something is to be tried again.
    fn next_retry(&self) -> Option<DateTime<Utc>>;

    /// Records what was passed by, and lets the handlers go.
    fn end(&mut self) -> Result<(), HandlingError>;

    /// Whether a handler is given events here.
    fn runs(&self) -> bool;

    /// The numbers of the handlers.
    fn indices(&self) -> Vec<usize>;
}

/// The pause before a handler store that was busy is asked again.
const BUSY_PAUSE: Duration = Duration::from_millis(50);

/// Runs a worker until it has handled what these streams hold, or `go_on` says no.
pub(super) fn run_to_end(
    parts: &HandlingParts,
    worker: &mut dyn Worker,
    streams: &[Stream],
    go_on: &dyn Fn() -> bool,
) -> Result<(), HandlingError> {
    until_free(parts, go_on, &mut || worker.look(streams))?;
    while go_on() && until_free(parts, go_on, &mut || worker.round(streams))? {}
    // What was done is recorded, also where there is no further event.
    until_free(parts, &|| true, &mut || worker.end())
}

/// Tries the failures that are due. Answers whether the handler runs here.
pub(super) fn run_due(parts: &HandlingParts, worker: &mut dyn Worker) -> Result<bool, HandlingError> {
    worker.look(&parts.events.streams()?)?;
    let runs = worker.runs();
    // Without streams there are no events but those that are tried again.
    while until_free(parts, &|| true, &mut || worker.round(&[]))? {}
    until_free(parts, &|| true, &mut || worker.end())?;
    Ok(runs)
}

/// Does something again for as long as the handler store is busy with another process.
pub(super) fn until_free<T>(
    parts: &HandlingParts,
    go_on: &dyn Fn() -> bool,
    work: &mut dyn FnMut() -> Result<T, HandlingError>,
) -> Result<T, HandlingError> {
    loop {
        match work() {
            Err(HandlingError::Store(HandlerStoreError::Busy { .. })) if go_on() => {
                parts.clock.wait(BUSY_PAUSE);
            }
            answer => return answer,
        }
    }
}
