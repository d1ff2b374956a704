//! Stores that do not save as they should.

use std::thread;

use mission_events::internals::domain::event::DomainEvent;
use mission_events::internals::domain::repository::{BatchError, EventRepository, RepositoryError};
use mission_events::internals::domain::value_objects::Position;

use super::{Answer, Fault, Inner, SOUND, Saved};
use crate::support::Question;

pub const FAULTS: &[Fault] = &[
    Fault {
        name: "loses the last event of a batch",
        save: |inner, events| {
            let kept = if events.len() > 1 { &events[..events.len() - 1] } else { events };
            let mut positions = inner.memory.save_events(kept)?;
            positions.resize(events.len(), Position::new(1_000));
            Ok(positions)
        },
        rejected_by: &[
            "batches::a_batch_answers_the_position_of_each_event_in_the_order_given",
            "batches::a_batch_may_be_long",
        ],
        ..SOUND
    },
    Fault {
        name: "answers the positions of a batch in another order",
        save: |inner, events| {
            inner.memory.save_events(events).map(|positions| positions.into_iter().rev().collect())
        },
        rejected_by: &["batches::a_batch_answers_the_position_of_each_event_in_the_order_given"],
        ..SOUND
    },
    Fault {
        name: "refuses a batch without events",
        save: |inner, events| {
            if events.is_empty() { refuse("nothing") } else { inner.memory.save_events(events) }
        },
        rejected_by: &["batches::a_batch_without_events_answers_no_positions"],
        ..SOUND
    },
    Fault {
        name: "takes a thousand events at a time",
        save: |inner, events| {
            if events.len() > 1_000 { refuse("many") } else { inner.memory.save_events(events) }
        },
        rejected_by: &["batches::a_batch_may_be_long"],
        ..SOUND
    },
    Fault {
        name: "keeps the first half of a batch that failed",
        save: |inner, events| {
            let mut positions = Vec::new();
            for event in events {
                positions.push(inner.memory.save_event(event)?);
            }
            Ok(positions)
        },
        rejected_by: &[
            "batches::a_conflict_in_the_middle_of_a_batch_stores_none_of_it",
            "batches::a_conflict_within_a_batch_stores_none_of_it",
            "batches::a_refused_event_in_the_middle_of_a_batch_stores_none_of_it",
        ],
        ..SOUND
    },
    Fault {
        name: "overwrites on a conflict",
        save: |inner, events| {
            each(events, |event| match inner.memory.save_event(event) {
                Err(RepositoryError::Conflict { position, .. }) => {
                    replace(inner, event);
                    Ok(position)
                }
                saved => saved,
            })
        },
        answer: with_replaced,
        rejected_by: &[
            "identity::other_content_under_a_stored_id_is_a_conflict_that_names_the_first",
            "identity::a_conflict_changes_nothing",
        ],
        ..SOUND
    },
    Fault {
        name: "reports a conflict and overwrites all the same",
        save: |inner, events| {
            inner
                .memory
                .save_events(events)
                .inspect_err(|_| events.iter().for_each(|event| replace(inner, event)))
        },
        answer: with_replaced,
        rejected_by: &["identity::a_conflict_changes_nothing"],
        ..SOUND
    },
    Fault {
        name: "takes a conflict for a repeat",
        save: |inner, events| {
            each(events, |event| match inner.memory.save_event(event) {
                Err(RepositoryError::Conflict { position, .. }) => Ok(position),
                saved => saved,
            })
        },
        rejected_by: &[
            "identity::other_content_under_a_stored_id_is_a_conflict_that_names_the_first",
            "durability::a_store_opened_again_knows_its_ids",
            "concurrency::one_of_several_threads_that_save_conflicting_events_wins",
        ],
        ..SOUND
    },
    Fault {
        name: "names the wrong event in a conflict",
        save: |inner, events| {
            inner.memory.save_events(events).map_err(|mut batch| {
                if let RepositoryError::Conflict { position, .. } = &mut batch.error {
                    *position = Position::new(position.get() + 1);
                }
                batch
            })
        },
        rejected_by: &[
            "identity::other_content_under_a_stored_id_is_a_conflict_that_names_the_first",
            "batches::a_conflict_in_the_middle_of_a_batch_stores_none_of_it",
        ],
        ..SOUND
    },
    Fault {
        name: "compares numbers as floats",
        save: |inner, events| {
            each(events, |event| match inner.memory.save_event(event) {
                Err(RepositoryError::Conflict { event_id, position }) => {
                    let stored = inner.memory.find_by_id(&event_id)?;
                    let first = stored.and_then(|stored| as_floats(stored.event.body()));
                    if first.is_some() && first == as_floats(event.body()) {
                        return Ok(position);
                    }
                    Err(RepositoryError::Conflict { event_id, position })
                }
                saved => saved,
            })
        },
        rejected_by: &["identity::contents_that_lax_readers_confuse_are_in_conflict"],
        ..SOUND
    },
    Fault {
        name: "takes another spelling for other content",
        save: |inner, events| {
            each(events, |event| match inner.memory.find_by_id(event.event_id())? {
                Some(first) if first.event.body() != event.body() => Err(RepositoryError::Conflict {
                    event_id: event.event_id().clone(),
                    position: first.position,
                }),
                _ => inner.memory.save_event(event),
            })
        },
        rejected_by: &["identity::another_spelling_is_the_same_event_and_the_first_text_stays"],
        ..SOUND
    },
    Fault {
        name: "keeps the last spelling",
        save: |inner, events| {
            inner
                .memory
                .save_events(events)
                .inspect(|_| events.iter().for_each(|event| replace(inner, event)))
        },
        answer: with_replaced,
        rejected_by: &["identity::another_spelling_is_the_same_event_and_the_first_text_stays"],
        ..SOUND
    },
    Fault {
        name: "answers a repeated event with a new position",
        save: |inner, events| {
            each(events, |event| {
                let known = inner.memory.find_by_id(event.event_id())?.is_some();
                let position = inner.memory.save_event(event)?;
                Ok(if known { Position::new(position.get() + 1_000) } else { position })
            })
        },
        rejected_by: &[
            "identity::an_event_saved_again_answers_the_position_of_the_first",
            "batches::an_event_stored_before_a_batch_keeps_its_position",
            "batches::an_event_that_stands_twice_in_a_batch_is_stored_once",
            "durability::a_store_opened_again_knows_its_ids",
            "concurrency::threads_that_save_the_same_events_are_answered_the_same_positions",
        ],
        ..SOUND
    },
    Fault {
        name: "stores a repeated event again",
        save: noting_repeats,
        answer: |inner, question, limit| {
            let mut found = Vec::new();
            for stored in question.ask(&inner.memory, limit)? {
                let repeats = inner.notes.lock().unwrap().repeats.get(stored.event.event_id()).copied();
                found.extend(vec![stored; 1 + repeats.unwrap_or(0)]);
            }
            Ok(found)
        },
        rejected_by: &[
            "identity::an_event_saved_again_is_stored_once",
            "batches::an_event_that_stands_twice_in_a_batch_is_stored_once",
        ],
        ..SOUND
    },
    Fault {
        name: "says that it took an event that is not live",
        save: |inner, events| match inner.memory.save_events(events) {
            Err(BatchError { error: RepositoryError::NotLive { .. }, .. }) => {
                Ok(vec![Position::new(1); events.len()])
            }
            saved => saved,
        },
        rejected_by: &[
            "refusals::an_event_whose_text_carries_no_id_is_refused",
            "refusals::an_event_of_several_lines_is_refused",
            "refusals::an_event_whose_envelope_is_not_of_its_text_is_refused",
            "zones::an_event_read_in_another_zone_is_refused",
            "zones::a_local_time_that_comes_twice_or_never_is_refused",
        ],
        ..SOUND
    },
    Fault {
        name: "hears its first thread only",
        save: |inner, events| {
            let this = thread::current().id();
            if *inner.notes.lock().unwrap().first_thread.get_or_insert(this) == this {
                inner.memory.save_events(events)
            } else {
                Ok(vec![Position::new(0); events.len()])
            }
        },
        rejected_by: &[
            "concurrency::threads_that_save_different_events_lose_none",
            "concurrency::threads_that_save_the_same_events_are_answered_the_same_positions",
        ],
        ..SOUND
    },
];

/// Saves one by one: no all-or-nothing, but the clauses these faults are shown by do not look at it.
fn each(
    events: &[DomainEvent],
    save: impl FnMut(&DomainEvent) -> Result<Position, RepositoryError>,
) -> Saved {
    Ok(events.iter().map(save).collect::<Result<_, _>>()?)
}

/// Saves one by one, and counts how often each event was saved again.
pub(super) fn noting_repeats(inner: &Inner, events: &[DomainEvent]) -> Saved {
    each(events, |event| {
        if inner.memory.find_by_id(event.event_id())?.is_some() {
            *inner.notes.lock().unwrap().repeats.entry(event.event_id().clone()).or_default() += 1;
        }
        inner.memory.save_event(event)
    })
}

fn refuse(why: &'static str) -> Saved {
    Err(RepositoryError::storage("save events", why).into())
}

fn replace(inner: &Inner, event: &DomainEvent) {
    inner.notes.lock().unwrap().replaced.insert(event.event_id().clone(), event.clone());
}

fn with_replaced(inner: &Inner, question: &Question, limit: usize) -> Answer {
    let mut found = question.ask(&inner.memory, limit)?;
    for stored in &mut found {
        if let Some(other) = inner.notes.lock().unwrap().replaced.get(stored.event.event_id()) {
            stored.event = other.clone();
        }
    }
    Ok(found)
}

/// The value with the numbers of its fields as floats; `None` where this reader cannot read it.
fn as_floats(text: &str) -> Option<serde_json::Value> {
    let mut value: serde_json::Value = serde_json::from_str(text).ok()?;
    for member in value.as_object_mut()?.values_mut() {
        if let Some(float) = member.as_f64() {
            *member = float.into();
        }
    }
    Some(value)
}
