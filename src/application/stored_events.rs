//! Every event of a store, read a page at a time.

use crate::domain::repository::{EventRepository, RepositoryError, StoredEvent, Stream};

/// So many events are read at a time.
const PAGE: usize = 1_000;

/// What is done with each event.
type Each<'e> = dyn FnMut(&StoredEvent) -> Result<(), RepositoryError> + 'e;

/// Gives every event of a store to `each`, stream by stream, in the order of their positions.
///
/// # Errors
/// What the store says, or `each`.
pub fn for_each_event(events: &dyn EventRepository, each: &mut Each<'_>) -> Result<(), RepositoryError> {
    events.streams()?.iter().try_for_each(|stream| for_each_event_of(events, stream, each))
}

/// The same of one stream, up to its head at least.
///
/// # Errors
/// What the store says, or `each`.
pub fn for_each_event_of(
    events: &dyn EventRepository,
    stream: &Stream,
    each: &mut Each<'_>,
) -> Result<(), RepositoryError> {
    let mut after = None;
    while after.is_none_or(|after| after < stream.head) {
        let page = events.read_stream(&stream.id, after, PAGE)?;
        let Some(last) = page.last() else { break };
        after = Some(last.position);
        page.iter().try_for_each(&mut *each)?;
    }
    Ok(())
}
