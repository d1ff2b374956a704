//! Stores that do not survive being opened again, or live in the wrong zone.

use chrono::Datelike;
use mission_events::internals::domain::event::DomainEvent;
use mission_events::internals::domain::repository::EventRepository;
use mission_events::internals::domain::value_objects::Position;

use super::{Fault, Inner, SOUND};
use crate::support::{everything, utc};

pub const FAULTS: &[Fault] = &[
    Fault {
        name: "forgets everything when it is opened again",
        open: |inner| Inner::new(inner.zone.clone()),
        rejected_by: &[
            "durability::a_store_opened_again_gives_the_same_answers",
            "durability::a_store_opened_again_knows_its_ids",
        ],
        ..SOUND
    },
    Fault {
        name: "counts positions anew when it is opened again",
        save: |inner, events| {
            let opened_again = inner.notes.lock().unwrap().times_opened > 1;
            let positions = inner.memory.save_events(events)?;
            Ok(if opened_again { vec![Position::new(1); positions.len()] } else { positions })
        },
        rejected_by: &["durability::positions_go_on_growing_after_a_store_was_opened_again"],
        ..SOUND
    },
    Fault {
        name: "changes positions when it is opened again",
        answer: |inner, question, limit| {
            let shift = inner.notes.lock().unwrap().times_opened;
            let mut found = question.ask(&inner.memory, limit)?;
            for stored in &mut found {
                stored.position = Position::new(stored.position.get() + shift);
            }
            Ok(found)
        },
        rejected_by: &["durability::a_store_opened_again_gives_the_same_answers"],
        ..SOUND
    },
    Fault {
        name: "sees what was there when it was opened",
        open: |inner| {
            let copy = Inner::new(inner.zone.clone());
            for stored in everything(&inner.memory) {
                copy.memory.save_event(&stored.event).unwrap();
            }
            copy
        },
        rejected_by: &["durability::what_is_saved_through_one_handle_is_seen_through_another"],
        ..SOUND
    },
    Fault {
        name: "reads naive times as UTC",
        answer: |inner, question, limit| {
            let mut found = question.ask(&inner.memory, limit)?;
            for stored in &mut found {
                stored.event = DomainEvent::from_json(stored.event.body(), &utc()).unwrap();
            }
            Ok(found)
        },
        rejected_by: &["zones::naive_times_are_read_in_the_zone_of_the_store"],
        ..SOUND
    },
    Fault {
        name: "has no place for days after the year 9999",
        answer: |inner, question, limit| {
            let mut found = question.ask(&inner.memory, limit)?;
            found.retain(|stored| inner.zone.day_of(stored.event.timestamp()).year() <= 9999);
            Ok(found)
        },
        rejected_by: &["zones::an_instant_whose_local_day_is_beyond_the_calendar_is_kept"],
        ..SOUND
    },
];
