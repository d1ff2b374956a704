//! Stores that give back another text, or another envelope, than was saved.

use chrono::SubsecRound;
use mission_events::internals::domain::event::DomainEvent;
use mission_events::internals::domain::repository::{EventOrigin, EventRepository, RepositoryError};

use super::{Answer, Fault, Inner, SOUND, Saved};
use crate::support::{Question, edited};

pub const FAULTS: &[Fault] = &[
    Fault {
        name: "takes what was saved for an import",
        answer: |inner, question, limit| {
            let mut found = question.ask(&inner.memory, limit)?;
            found.iter_mut().for_each(|stored| stored.origin = EventOrigin::Imported);
            Ok(found)
        },
        rejected_by: &["exactness::what_a_running_system_saved_is_no_import"],
        ..SOUND
    },
    Fault {
        name: "compacts the text",
        answer: |inner, question, limit| rewritten(inner, question, limit, |text| text.replace(": ", ":")),
        rejected_by: &["exactness::key_order_white_space_and_repeated_keys_are_kept"],
        ..SOUND
    },
    Fault {
        name: "writes the text anew from its value",
        answer: |inner, question, limit| {
            rewritten(inner, question, limit, |text| {
                let value = serde_json::from_str::<serde_json::Value>(text);
                value.map_or(text.to_owned(), |value| value.to_string())
            })
        },
        rejected_by: &[
            "exactness::key_order_white_space_and_repeated_keys_are_kept",
            "exactness::numbers_keep_their_spelling",
            "exactness::escapes_and_lone_surrogates_are_kept",
        ],
        ..SOUND
    },
    Fault {
        name: "writes big integers as floats",
        answer: |inner, question, limit| {
            rewritten(inner, question, limit, |text| {
                text.replace("18446744073709551616", "1.8446744073709552e19")
            })
        },
        rejected_by: &["exactness::numbers_keep_their_spelling"],
        ..SOUND
    },
    Fault {
        name: "writes null for NaN",
        answer: |inner, question, limit| {
            rewritten(inner, question, limit, |text| text.replace("NaN", "null"))
        },
        rejected_by: &["exactness::numbers_keep_their_spelling"],
        ..SOUND
    },
    Fault {
        name: "replaces lone surrogates",
        answer: |inner, question, limit| {
            rewritten(inner, question, limit, |text| text.replace(r#""\ud800""#, r#""\ufffd""#))
        },
        rejected_by: &["exactness::escapes_and_lone_surrogates_are_kept"],
        ..SOUND
    },
    Fault {
        name: "composes characters",
        answer: |inner, question, limit| {
            rewritten(inner, question, limit, |text| text.replace("e\u{301}", "é"))
        },
        rejected_by: &["exactness::text_beyond_ascii_is_kept"],
        ..SOUND
    },
    Fault {
        name: "drops unknown fields",
        answer: |inner, question, limit| {
            rewritten(inner, question, limit, |text| {
                text.find(r#", "_source""#).map_or(text.to_owned(), |start| format!("{}}}", &text[..start]))
            })
        },
        rejected_by: &["exactness::unknown_types_and_fields_are_kept"],
        ..SOUND
    },
    Fault {
        name: "refuses unknown types",
        save: |inner, events| {
            save_if(inner, events, |event| ["TaskCreated", "TaskDeleted"].contains(&event.event_type()))
        },
        rejected_by: &["exactness::unknown_types_and_fields_are_kept"],
        ..SOUND
    },
    Fault {
        name: "refuses more than 128 levels",
        save: |inner, events| save_if(inner, events, |event| !event.body().contains(&"[".repeat(129))),
        rejected_by: &["exactness::long_and_deep_events_are_kept"],
        ..SOUND
    },
    Fault {
        name: "refuses more than a million bytes",
        save: |inner, events| save_if(inner, events, |event| event.body().len() <= 1_000_000),
        rejected_by: &["exactness::long_and_deep_events_are_kept"],
        ..SOUND
    },
    Fault {
        name: "gives no aggregate for an empty one",
        answer: |inner, question, limit| {
            let mut found = question.ask(&inner.memory, limit)?;
            for stored in &mut found {
                if stored.event.aggregate_id().is_some_and(|id| id.as_str().is_empty()) {
                    stored.event = edited(stored.event.body(), |parts| parts.aggregate_id = None);
                }
            }
            Ok(found)
        },
        rejected_by: &[
            "exactness::the_envelope_comes_back_with_the_text",
            "queries::no_aggregate_and_an_empty_one_are_not_the_same",
        ],
        ..SOUND
    },
    Fault {
        name: "gives times in seconds",
        answer: |inner, question, limit| {
            let mut found = question.ask(&inner.memory, limit)?;
            for stored in &mut found {
                let seconds = stored.event.timestamp().trunc_subsecs(0);
                stored.event = edited(stored.event.body(), |parts| parts.timestamp = seconds);
            }
            Ok(found)
        },
        rejected_by: &["exactness::the_envelope_comes_back_with_the_text"],
        ..SOUND
    },
];

/// The answer with texts rewritten, where that leaves an event.
fn rewritten(inner: &Inner, question: &Question, limit: usize, rewrite: impl Fn(&str) -> String) -> Answer {
    let mut found = question.ask(&inner.memory, limit)?;
    for stored in &mut found {
        if let Ok(event) = DomainEvent::from_json(&rewrite(stored.event.body()), &inner.zone) {
            stored.event = event;
        }
    }
    Ok(found)
}

fn save_if(inner: &Inner, events: &[DomainEvent], taken: impl Fn(&DomainEvent) -> bool) -> Saved {
    if !events.iter().all(taken) {
        return Err(RepositoryError::storage("save an event", "it is not one that is known here").into());
    }
    inner.memory.save_events(events)
}
