//! One projection's part of a transaction: what the progress there says, then the page, then the new progress.

use chrono::{DateTime, Utc};

use super::anchor::Anchor;
use super::failures::LogLine;
use super::given_event::GivenEvent;
use super::page::{FailedAttempt, PageResult, ProjectionPage};
use super::parts::HandlingParts;
use super::retry::OPEN_FAILURES;
use super::run::{HandlerRun, LeftState};
use super::store::{
    HandlerRow, HandlerState, HandlerStoreError, HandlerTransaction, HandlerView, HandlingFigures,
    StreamProgress,
};
use crate::domain::value_objects::{Position, StreamId};

/// What a transaction found and did for one handler.
pub(super) enum PageOutcome {
    /// The handler is paused, stopped or of another version.
    NotRunning,
    /// The progress is not where it was left: the stream is read again from there.
    SetBack(Option<StreamProgress>),
    /// Another process has handled the page.
    HandledElsewhere(StreamProgress),
    /// The page was handled, from where another process had come to.
    Handled {
        elsewhere: Option<Position>,
        result: PageResult,
        /// When the first failure is tried again; `None` where there was none in the page.
        next_retry: Option<DateTime<Utc>>,
        /// What it leaves, where no failure is open.
        left: Option<Box<LeftState>>,
    },
}

/// How a page is handled.
pub(super) enum Try {
    /// Without savepoints, which cost as much as to handle an event: in most pages no event fails.
    First,
    /// What an event that fails has changed is undone, and nothing else. An attempt of this handler that is known to fail is
    /// not made again.
    Again(Option<FailedAttempt>),
}

/// Handles the events of a page that the handler has not handled yet. `version` is that of the store when the transaction
/// began. Where the first try fails at an event, the attempt is answered, and the transaction is left to be undone.
pub(super) fn handle_page(
    parts: &HandlingParts,
    transaction: &mut dyn HandlerTransaction,
    version: Option<i64>,
    run: &HandlerRun,
    stream: &StreamId,
    events: &[GivenEvent<'_>],
    how: Try,
) -> Result<Result<PageOutcome, FailedAttempt>, HandlerStoreError> {
    let left =
        run.left.as_ref().filter(|left| Some(left.version) == version && left.progress.stream == *stream);
    let (found, is_any_open) = match left {
        Some(left) => (Some(left.progress.clone()), false),
        None if running_row(transaction, run)?.is_none() => return Ok(Ok(PageOutcome::NotRunning)),
        None => {
            let found = transaction.progress_in(run.name(), stream)?;
            (found, transaction.open_failures(run.name())?.is_any())
        }
    };
    let position = found.as_ref().map(|found| found.position);
    let recorded = run.cursor(stream).recorded;
    if position < recorded {
        return Ok(Ok(PageOutcome::SetBack(found)));
    }
    let handled = events.partition_point(|event| Some(event.stored.position) <= position);
    let (detail, elsewhere) = match found {
        Some(found) if handled == events.len() => return Ok(Ok(PageOutcome::HandledElsewhere(found))),
        Some(found) => (found.detail, Some(found.position).filter(|_| position > recorded)),
        None => (None, None),
    };
    let page = projection_page(parts, run);
    let events = &events[handled..];
    let mut result = match how {
        Try::First => match page.handle_all(transaction, stream, events, detail, is_any_open)? {
            Ok(result) => result,
            Err(failed) => return Ok(Err(failed)),
        },
        Try::Again(known) => page.handle(transaction, stream, events, detail, is_any_open, known)?,
    };
    let mut left = None;
    if let Some(anchor) = &result.passed {
        let progress = progress(stream, anchor, page.now, result.detail.take());
        transaction.put_progress(run.name(), &progress)?;
        if !is_any_open && result.failed.is_empty() {
            left = version.map(|version| Box::new(LeftState { version, progress }));
        }
    }
    if result.figures != HandlingFigures::default() {
        transaction.add_figures(run.name(), page.now.date_naive(), &result.figures)?;
    }
    if result.stops
        && let Some(row) = running_row(transaction, run)?
    {
        stop(transaction, row, &mut result)?;
    }
    let next = if result.failed.is_empty() { None } else { transaction.next_retry(run.name())? };
    let next_retry = next.and_then(|failure| failure.next_attempt_at);
    Ok(Ok(PageOutcome::Handled { elsewhere, result, next_retry, left }))
}

/// A projection at work, now.
pub(super) fn projection_page<'p>(parts: &'p HandlingParts, run: &'p HandlerRun) -> ProjectionPage<'p> {
    let (registration, clock) = (&*run.registration, &*parts.clock);
    ProjectionPage { registration, clock, now: clock.now(), is_replay: false }
}

/// The row of the handler, where it is to be given events.
pub(super) fn running_row(
    view: &mut dyn HandlerView,
    run: &HandlerRun,
) -> Result<Option<HandlerRow>, HandlerStoreError> {
    let row = view.handler(run.name())?;
    Ok(row.filter(|row| row.state == HandlerState::Running && row.version == run.registration.version))
}

/// The progress at an event.
pub(super) fn progress(
    stream: &StreamId,
    anchor: &Anchor,
    now: DateTime<Utc>,
    detail: Option<String>,
) -> StreamProgress {
    let Anchor { position, event_id } = anchor.clone();
    StreamProgress { stream: stream.clone(), position, event_id, updated_at: now, detail }
}

/// Stops the handler: too many events failed.
pub(super) fn stop(
    transaction: &mut dyn HandlerTransaction,
    row: HandlerRow,
    result: &mut PageResult,
) -> Result<(), HandlerStoreError> {
    let error = result.first_error.as_deref().unwrap_or("the error is with the failures");
    let reason = format!(
        "more than {OPEN_FAILURES} events failed, so that something is wrong with the handler, not with events: {error}"
    );
    result.lines.push(LogLine::Warning(format!("{} is stopped: {reason}", row.name)));
    transaction.put_handler(&HandlerRow { state: HandlerState::Stopped, state_reason: Some(reason), ..row })
}
