//! Stores that answer with other events than were asked for, or with fewer, or with more.

use chrono::{DateTime, Datelike, SubsecRound, TimeDelta, Utc};
use mission_events::internals::domain::query::EventQuery;
use mission_events::internals::domain::repository::{EventRepositoryExt, RepositoryError};
use mission_events::internals::domain::value_objects::{AggregateId, EventId};

use super::{Answer, Fault, Inner, SOUND};
use crate::support::{Question, everything};

pub const FAULTS: &[Fault] = &[
    Fault {
        name: "cuts names at a zero byte",
        answer: |inner, question, limit| {
            let cut = |name: &str| name.split('\0').next().unwrap_or_default().to_owned();
            let mut question = question.clone();
            match &mut question {
                Question::ById(id) => *id = EventId::new(cut(id.as_str())).unwrap(),
                Question::Matching(query) => {
                    query.event_type = query.event_type.as_deref().map(cut);
                    let aggregate_id = query.aggregate_id.as_ref();
                    query.aggregate_id = aggregate_id.map(|id| AggregateId::new(cut(id.as_str())));
                }
                Question::Stream { .. } => {}
            }
            question.ask(&inner.memory, limit)
        },
        rejected_by: &[
            "identity::ids_are_told_apart_by_every_character",
            "queries::types_and_aggregates_match_by_every_character",
        ],
        ..SOUND
    },
    Fault {
        name: "matches names in any case",
        answer: |inner, question, limit| {
            let Some(name) = aggregate_of(question) else { return question.ask(&inner.memory, limit) };
            let mut found = everything(&inner.memory);
            found.retain(|stored| {
                stored.event.aggregate_id().is_some_and(|id| id.as_str().eq_ignore_ascii_case(name))
            });
            Ok(found)
        },
        rejected_by: &["queries::types_and_aggregates_match_by_every_character"],
        ..SOUND
    },
    Fault {
        name: "takes no aggregate for an empty one",
        answer: |inner, question, limit| {
            if aggregate_of(question) != Some("") {
                return question.ask(&inner.memory, limit);
            }
            let mut found = everything(&inner.memory);
            found.retain(|stored| stored.event.aggregate_id().is_none_or(|id| id.as_str().is_empty()));
            found.truncate(limit);
            Ok(found)
        },
        rejected_by: &["queries::no_aggregate_and_an_empty_one_are_not_the_same"],
        ..SOUND
    },
    Fault {
        name: "fails where there is nothing to answer",
        answer: |inner, question, limit| {
            let found = question.ask(&inner.memory, limit)?;
            if found.is_empty() && limit > 0 {
                return Err(RepositoryError::storage("find events", "there are none"));
            }
            Ok(found)
        },
        rejected_by: &[
            "queries::an_empty_store_answers_every_query_with_nothing",
            "queries::an_unknown_id_type_or_aggregate_is_an_empty_answer",
        ],
        ..SOUND
    },
    Fault {
        name: "leaves out the end of a range",
        answer: |inner, question, limit| {
            between(inner, question, limit, |start, end| (start, end - TimeDelta::nanoseconds(1)))
        },
        rejected_by: &["queries::a_range_includes_both_its_ends_to_the_microsecond"],
        ..SOUND
    },
    Fault {
        name: "leaves out the start of a range",
        answer: |inner, question, limit| {
            between(inner, question, limit, |start, end| (start + TimeDelta::nanoseconds(1), end))
        },
        rejected_by: &["queries::a_range_includes_both_its_ends_to_the_microsecond"],
        ..SOUND
    },
    Fault {
        name: "cuts the start of a range to microseconds",
        answer: |inner, question, limit| {
            between(inner, question, limit, |start, end| (start.trunc_subsecs(6), end))
        },
        rejected_by: &["queries::range_ends_between_two_microseconds_are_taken_at_their_word"],
        ..SOUND
    },
    Fault {
        name: "swaps the ends of a reversed range",
        answer: |inner, question, limit| {
            between(inner, question, limit, |start, end| (start.min(end), start.max(end)))
        },
        rejected_by: &["queries::a_range_that_ends_before_it_starts_is_empty"],
        ..SOUND
    },
    Fault {
        name: "fails on ranges beyond the calendar",
        answer: |inner, question, limit| match question {
            Question::Matching(EventQuery { between: Some((start, end)), .. })
                if start.year() < 1 || end.year() > 9999 =>
            {
                Err(RepositoryError::storage("find events", "there is no such year"))
            }
            question => question.ask(&inner.memory, limit),
        },
        rejected_by: &["queries::a_range_may_reach_beyond_the_calendar"],
        ..SOUND
    },
    Fault {
        name: "sees the last three days only",
        answer: |inner, question, limit| {
            let newest = inner.memory.get_recent_events(1)?.pop().map(|stored| stored.event.timestamp());
            let mut found = question.ask(&inner.memory, limit)?;
            found.retain(|stored| {
                newest.is_none_or(|newest| newest - stored.event.timestamp() < TimeDelta::days(3))
            });
            Ok(found)
        },
        rejected_by: &["queries::every_query_answers_as_the_reference_model_does"],
        ..SOUND
    },
    Fault {
        name: "gives one event more than the limit",
        answer: |inner, question, limit| question.ask(&inner.memory, limit.saturating_add(1)),
        rejected_by: &[
            "limits::a_limit_of_zero_gives_nothing",
            "limits::a_limit_gives_the_first_events_of_the_order",
        ],
        ..SOUND
    },
    Fault {
        name: "takes zero for no limit",
        answer: |inner, question, limit| {
            question.ask(&inner.memory, if limit == 0 { usize::MAX } else { limit })
        },
        rejected_by: &["limits::a_limit_of_zero_gives_nothing"],
        ..SOUND
    },
    Fault {
        name: "cuts limits to 32 bits",
        answer: |inner, question, limit| question.ask(&inner.memory, limit as u32 as usize),
        rejected_by: &["limits::a_limit_beyond_the_number_of_events_gives_all_of_them"],
        ..SOUND
    },
    Fault {
        name: "takes limits for signed numbers",
        answer: |inner, question, limit| {
            question.ask(&inner.memory, usize::try_from(limit as i64).unwrap_or(0))
        },
        rejected_by: &["limits::a_limit_beyond_the_number_of_events_gives_all_of_them"],
        ..SOUND
    },
    Fault {
        name: "begins a page with the last event of the one before",
        answer: |inner, question, limit| {
            let mut found = question.ask(&inner.memory, limit)?;
            if let Question::Stream { after: Some(position), .. } = question {
                found = everything(&inner.memory);
                found.retain(|stored| stored.position >= *position);
                found.truncate(limit);
            }
            Ok(found)
        },
        rejected_by: &[
            "streams::pages_of_any_size_give_every_event_once_in_growing_positions",
            "streams::reading_goes_on_after_the_last_position_with_what_came_later",
        ],
        ..SOUND
    },
    Fault {
        name: "leaves out an event between two pages",
        answer: |inner, question, limit| match question {
            Question::Stream { after: Some(_), .. } => {
                Ok(question.ask(&inner.memory, limit)?.into_iter().skip(1).collect())
            }
            question => question.ask(&inner.memory, limit),
        },
        rejected_by: &[
            "streams::pages_of_any_size_give_every_event_once_in_growing_positions",
            "streams::reading_goes_on_after_the_last_position_with_what_came_later",
        ],
        ..SOUND
    },
];

/// The answer to a range, with other ends than were asked for.
fn between(
    inner: &Inner,
    question: &Question,
    limit: usize,
    change: impl Fn(DateTime<Utc>, DateTime<Utc>) -> (DateTime<Utc>, DateTime<Utc>),
) -> Answer {
    let mut question = question.clone();
    if let Question::Matching(query) = &mut question {
        query.between = query.between.map(|(start, end)| change(start, end));
    }
    question.ask(&inner.memory, limit)
}

/// The aggregate that is asked for.
fn aggregate_of(question: &Question) -> Option<&str> {
    match question {
        Question::Matching(query) => query.aggregate_id.as_ref().map(AggregateId::as_str),
        _ => None,
    }
}
