//! Replay: the read models of a projection are made anew from all events, in one transaction.

use std::ops::ControlFlow;

use super::anchor::Anchor;
use super::error::HandlingError;
use super::failure::FailureState;
use super::failures::LogLine;
use super::given_event::GivenEvent;
use super::page::ProjectionPage;
use super::parts::HandlingParts;
use super::registration::Registration;
use super::retry::OPEN_FAILURES;
use super::store::{
    HandlerRow, HandlerSession, HandlerState, HandlerTransaction, HandlingFigures, StreamProgress,
};
use crate::domain::value_objects::StreamId;

/// What a replay did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Replayed {
    /// Events that were read.
    pub events: u64,
    /// Those of them that the handler handled.
    pub handled: u64,
    /// Those that failed, and are open now.
    pub failed: u64,
}

/// Makes the read models of a projection anew. Readers see the state of before until all is done, and a replay that
/// does not come to its end has changed nothing. `on_page` is told after each page how many events were read, and can
/// end the replay.
pub(super) fn replay(
    parts: &HandlingParts,
    session: &mut dyn HandlerSession,
    registration: &Registration,
    on_page: &mut dyn FnMut(u64) -> ControlFlow<()>,
) -> Result<Replayed, HandlingError> {
    let handler = registration.handler.name();
    let page = ProjectionPage { registration, clock: &*parts.clock, now: parts.clock.now(), is_replay: true };
    let mut transaction = session.begin()?;
    page.failures().resolve_all(&mut *transaction, FailureState::Resolved, "replay")?;
    transaction.clear_read_models(handler)?;
    transaction.clear_progress(handler)?;
    let mut work =
        Work { replayed: Replayed::default(), figures: HandlingFigures::default(), lines: Vec::new() };
    for stream in parts.events.streams()? {
        work.handle_stream(parts, &page, &mut *transaction, &stream.id, on_page)?;
    }
    let known = transaction.handler(handler)?;
    let is_paused = known.as_ref().is_some_and(|row| row.state == HandlerState::Paused);
    transaction.put_handler(&HandlerRow {
        name: handler.to_owned(),
        kind: registration.kind,
        version: registration.version,
        state: if is_paused { HandlerState::Paused } else { HandlerState::Running },
        state_reason: None,
        created_at: known.map_or(page.now, |row| row.created_at),
    })?;
    transaction.add_figures(handler, page.now.date_naive(), &work.figures)?;
    transaction.commit()?;
    work.lines.iter().for_each(LogLine::write);
    Ok(work.replayed)
}

struct Work {
    replayed: Replayed,
    figures: HandlingFigures,
    lines: Vec<LogLine>,
}

impl Work {
    fn handle_stream(
        &mut self,
        parts: &HandlingParts,
        page: &ProjectionPage<'_>,
        transaction: &mut dyn HandlerTransaction,
        stream: &StreamId,
        on_page: &mut dyn FnMut(u64) -> ControlFlow<()>,
    ) -> Result<(), HandlingError> {
        let handler = page.registration.handler.name();
        let (mut read, mut detail): (Option<Anchor>, Option<String>) = (None, None);
        loop {
            let events = parts.events.page_after(stream, read.as_ref(), parts.page)?.unwrap_or_default();
            let is_any_open = transaction.open_failures(handler)?.is_any();
            let given: Vec<GivenEvent<'_>> = events.iter().map(GivenEvent::new).collect();
            let result = page.handle(transaction, stream, &given, detail, is_any_open, None)?;
            self.figures.add(&result.figures);
            self.replayed.events += events.len() as u64;
            self.replayed.handled += result.figures.handled;
            self.replayed.failed += result.figures.failed;
            self.lines.extend(result.lines);
            detail = result.detail;
            read = result.passed.or(read);
            if result.stops {
                return Err(HandlingError::ReplayFailed {
                    handler: handler.to_owned(),
                    events: OPEN_FAILURES + 1,
                    error: result.first_error.unwrap_or_default(),
                });
            }
            if on_page(self.replayed.events).is_break() {
                return Err(HandlingError::Interrupted { handler: handler.to_owned() });
            }
            if events.len() < parts.page {
                break;
            }
        }
        if let Some(Anchor { position, event_id }) = read {
            let progress =
                StreamProgress { stream: stream.clone(), position, event_id, updated_at: page.now, detail };
            transaction.put_progress(handler, &progress)?;
        }
        Ok(())
    }
}
