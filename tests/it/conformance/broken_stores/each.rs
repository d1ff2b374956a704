//! Stores that do not answer each event for itself, or answer before they can.

use mission_events::internals::domain::event::DomainEvent;
use mission_events::internals::domain::repository::{EventRepository, RepositoryError, Saved};

use super::{Answer, Fault, Inner, SOUND};
use crate::support::Question;

pub const FAULTS: &[Fault] = &[
    Fault {
        name: "fails the neighbours of a bad event",
        save_each: |inner, events| match inner.memory.save_events(events) {
            Ok(_) => inner.memory.save_each(events).into_iter().map(as_new).collect(),
            Err(batch) => events.iter().map(|_| Err(batch.error.clone())).collect(),
        },
        rejected_by: &[
            "each::a_conflict_leaves_its_neighbours_stored",
            "each::a_refused_event_leaves_its_neighbours_stored",
        ],
        ..SOUND
    },
    Fault {
        name: "stops at the first bad event of a call",
        save_each: |inner, events| {
            let mut failed: Option<RepositoryError> = None;
            let save = |event: &DomainEvent| {
                if let Some(error) = &failed {
                    return Err(error.clone());
                }
                let answer = inner.memory.save_each(std::slice::from_ref(event)).remove(0);
                answer.inspect_err(|error| failed = Some(error.clone()))
            };
            events.iter().map(save).collect()
        },
        rejected_by: &[
            "each::a_conflict_leaves_its_neighbours_stored",
            "each::a_refused_event_leaves_its_neighbours_stored",
        ],
        ..SOUND
    },
    Fault {
        name: "acknowledges before the sync",
        save_each: |inner, events| {
            let answers = inner.memory.save_each(events);
            let new = events.iter().zip(&answers).filter(|(_, answer)| is_new(answer));
            inner.notes.lock().unwrap().unsynced.extend(new.map(|(event, _)| event.event_id().clone()));
            answers
        },
        answer: without_lost,
        rejected_by: &["durability::what_is_answered_as_saved_survives_a_power_cut"],
        ..SOUND
    },
    Fault {
        name: "syncs all but the last event of a call",
        save_each: |inner, events| {
            let answers = inner.memory.save_each(events);
            let last = events.last().map(|event| event.event_id().clone());
            inner.notes.lock().unwrap().unsynced.extend(last);
            answers
        },
        answer: without_lost,
        rejected_by: &["durability::what_is_answered_as_saved_survives_a_power_cut"],
        ..SOUND
    },
    Fault {
        name: "answers the events of a call in another order",
        save_each: |inner, events| inner.memory.save_each(events).into_iter().rev().collect(),
        rejected_by: &[
            "each::each_event_is_answered_in_the_order_given",
            "each::a_conflict_leaves_its_neighbours_stored",
            "durability::what_was_answered_each_for_itself_is_there_when_the_store_is_opened_again",
        ],
        ..SOUND
    },
    Fault {
        name: "calls every event new",
        save_each: |inner, events| inner.memory.save_each(events).into_iter().map(as_new).collect(),
        rejected_by: &[
            "each::an_event_that_was_stored_before_is_not_new",
            "each::an_event_that_stands_twice_in_a_call_is_new_once",
            "durability::what_was_answered_each_for_itself_is_there_when_the_store_is_opened_again",
        ],
        ..SOUND
    },
    Fault {
        name: "answers a call without events",
        save_each: |inner, events| match events {
            [] => vec![Err(RepositoryError::storage("save events", "nothing came"))],
            events => inner.memory.save_each(events),
        },
        rejected_by: &["each::a_call_without_events_has_no_answers"],
        ..SOUND
    },
    Fault {
        name: "answers the first thousand events of a call",
        save_each: |inner, events| inner.memory.save_each(&events[..events.len().min(1_000)]),
        rejected_by: &["each::a_call_may_be_long"],
        ..SOUND
    },
];

fn is_new(answer: &Result<Saved, RepositoryError>) -> bool {
    answer.as_ref().is_ok_and(|saved| saved.is_new)
}

fn as_new(answer: Result<Saved, RepositoryError>) -> Result<Saved, RepositoryError> {
    answer.map(|saved| Saved { is_new: true, ..saved })
}

fn without_lost(inner: &Inner, question: &Question, limit: usize) -> Answer {
    let mut found = question.ask(&inner.memory, limit)?;
    found.retain(|stored| !inner.notes.lock().unwrap().lost.contains(stored.event.event_id()));
    Ok(found)
}
