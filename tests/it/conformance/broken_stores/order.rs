//! Stores that give the right events in the wrong order.

use chrono::SubsecRound;
use mission_events::internals::domain::event::DomainEvent;
use mission_events::internals::domain::query::TimeOrder;
use mission_events::internals::domain::repository::StoredEvent;
use mission_events::internals::domain::value_objects::Position;

use super::{Answer, Fault, Inner, SOUND};
use crate::support::Question;

pub const FAULTS: &[Fault] = &[
    Fault {
        name: "orders by position alone",
        answer: |inner, question, limit| ordered_by(inner, question, limit, |stored| stored.position),
        rejected_by: &[
            "order::newest_first_and_chronological_follow_the_time",
            "order::a_late_arrival_stands_by_its_time_and_has_the_greatest_position_of_its_day",
        ],
        ..SOUND
    },
    Fault {
        name: "reverses ties",
        answer: |inner, question, limit| {
            ordered_by(inner, question, limit, |stored| (stored.event.timestamp(), -stored.position.get()))
        },
        rejected_by: &[
            "order::equal_times_follow_the_position",
            "queries::every_query_answers_as_the_reference_model_does",
        ],
        ..SOUND
    },
    Fault {
        name: "orders times as text",
        answer: |inner, question, limit| {
            ordered_by(inner, question, limit, |stored| (written_time(&stored.event), stored.position))
        },
        rejected_by: &[
            "order::equal_times_are_equal_however_they_are_written",
            "zones::a_repeated_hour_with_offsets_is_in_order",
        ],
        ..SOUND
    },
    Fault {
        name: "orders times by seconds",
        answer: |inner, question, limit| {
            ordered_by(inner, question, limit, |stored| {
                (stored.event.timestamp().trunc_subsecs(0), stored.position)
            })
        },
        rejected_by: &["order::microseconds_decide"],
        ..SOUND
    },
    Fault {
        name: "orders times without their sign",
        answer: |inner, question, limit| {
            ordered_by(inner, question, limit, |stored| {
                (stored.event.timestamp().timestamp_micros() as u64, stored.position)
            })
        },
        rejected_by: &["order::times_before_1970_and_at_the_ends_of_the_calendar_are_in_order"],
        ..SOUND
    },
    Fault {
        name: "applies the limit before the order",
        answer: |inner, question, limit| {
            let first = |stored: &StoredEvent| stored.position.get() <= limit as i64;
            let found = question.ask(&inner.memory, usize::MAX)?;
            Ok(found.into_iter().filter(first).collect())
        },
        rejected_by: &["limits::a_limit_gives_the_first_events_of_the_order"],
        ..SOUND
    },
    Fault {
        name: "numbers the events of an answer",
        answer: |inner, question, limit| {
            let mut found = question.ask(&inner.memory, limit)?;
            for (number, stored) in (1..).zip(&mut found) {
                stored.position = Position::new(number);
            }
            Ok(found)
        },
        rejected_by: &["order::every_query_gives_the_position_that_the_save_answered"],
        ..SOUND
    },
];

/// The answer to a query whose order is by time, in another order.
fn ordered_by<K: Ord>(
    inner: &Inner,
    question: &Question,
    limit: usize,
    key: impl Fn(&StoredEvent) -> K,
) -> Answer {
    let Question::Matching(query) = question else { return question.ask(&inner.memory, limit) };
    let mut found = question.ask(&inner.memory, usize::MAX)?;
    found.sort_by_key(key);
    if query.order == TimeOrder::NewestFirst {
        found.reverse();
    }
    found.truncate(limit);
    Ok(found)
}

/// The time as the event's text has it.
fn written_time(event: &DomainEvent) -> String {
    let text = event.body().split_once(r#""timestamp": ""#).map_or("", |(_, text)| text);
    text.split('"').next().unwrap_or_default().to_owned()
}
