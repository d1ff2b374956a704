//! What every backend does alike where it saves events each for itself.

use super::event::DomainEvent;
use super::repository::{RepositoryError, Saved};
use super::value_objects::Position;
use crate::wire::local_time::DstPolicy;
use crate::wire::record::RecordReader;
use crate::wire::zone::Zone;

/// Refuses the events that are not live in `zone`, and has `save` answer each of the others, in their order.
pub fn answer_live(
    events: &[DomainEvent],
    zone: &Zone,
    save: impl FnOnce(&[&DomainEvent]) -> Vec<Result<Saved, RepositoryError>>,
) -> Vec<Result<Saved, RepositoryError>> {
    let mut reader = RecordReader::new(zone, DstPolicy::Reject);
    let mut live = Vec::with_capacity(events.len());
    let checked: Vec<Result<(), RepositoryError>> = events
        .iter()
        .map(|event| {
            event.ensure_live_by(&mut reader).map_err(|reason| RepositoryError::not_live(event, reason))?;
            live.push(event);
            Ok(())
        })
        .collect();
    let mut saved = if live.is_empty() { Vec::new() } else { save(&live) }.into_iter();
    let unanswered = || RepositoryError::storage("save an event", "the store answered nothing for it");
    checked
        .into_iter()
        .map(|checked| checked.and_then(|()| saved.next().unwrap_or_else(|| Err(unanswered()))))
        .collect()
}

/// Turns every answer that names a position which the medium has lost, `is_lost`, into `failure`: those of the events
/// themselves, and of the events that repeat them or are in conflict with them.
pub fn fail_lost(
    answers: &mut [Result<Saved, RepositoryError>],
    is_lost: impl Fn(Position) -> bool,
    failure: &RepositoryError,
) {
    for answer in answers {
        let named = match answer {
            Ok(saved) => Some(saved.position),
            Err(RepositoryError::Conflict { position, .. }) => Some(*position),
            Err(_) => None,
        };
        if named.is_some_and(&is_lost) {
            *answer = Err(failure.clone());
        }
    }
}
