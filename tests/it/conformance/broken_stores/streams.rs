//! Stores that mislead a reader that goes on from a position, or do not know what they hold.

use mission_events::internals::domain::event::DomainEvent;
use mission_events::internals::domain::repository::{
    EventRepository, RepositoryError, StoreSummary, StoredEvent, Stream,
};
use mission_events::internals::domain::value_objects::{Position, StreamId};

use super::saves::noting_repeats;
use super::{Answer, Fault, Inner, SOUND, Saved};
use crate::support::{Question, everything};

pub const FAULTS: &[Fault] = &[
    // What daily files would be without a stream a day: the first clause is why there are streams.
    Fault {
        name: "has one position for events of all days",
        save: by_day::save,
        answer: by_day::answer,
        streams: |inner| {
            let head = by_day::all(inner).last().map(|stored| stored.position);
            Ok(head.map(|head| Stream { id: StreamId::single(), head }).into_iter().collect())
        },
        summary: |inner| {
            let head = by_day::all(inner).last().map(|stored| stored.position);
            Ok(StoreSummary { head, ..inner.memory.summary()? })
        },
        rejected_by: &[
            "streams::an_event_that_arrives_late_for_an_earlier_day_is_read_by_a_reader_that_goes_on",
            "streams::pages_of_any_size_give_every_event_once_in_growing_positions",
            "streams::a_stream_reaches_to_its_head",
        ],
        ..SOUND
    },
    // What daily files would be, were a file that begins anew after archiving read without what was archived.
    Fault {
        name: "begins the positions of an archived day anew",
        save: |inner, events| {
            inner.memory.save_events(events)?;
            Ok(events.iter().map(|event| anew::position_of(event.timestamp())).collect())
        },
        answer: |inner, question, limit| match question {
            Question::Stream { after, .. } => {
                let mut found: Vec<StoredEvent> =
                    everything(&inner.memory).into_iter().map(anew::moved).collect();
                found.retain(|stored| Some(stored.position) > *after);
                found.truncate(limit);
                Ok(found)
            }
            question => Ok(question.ask(&inner.memory, limit)?.into_iter().map(anew::moved).collect()),
        },
        rejected_by: &["streams::reading_goes_on_after_the_last_position_with_what_came_later"],
        ..SOUND
    },
    Fault {
        name: "lists a stream twice",
        streams: |inner| Ok([inner.memory.streams()?, inner.memory.streams()?].concat()),
        rejected_by: &["streams::the_streams_end_to_end_are_the_whole_store"],
        ..SOUND
    },
    Fault {
        name: "lists a stream before it holds an event",
        streams: |inner| {
            let mut streams = inner.memory.streams()?;
            if streams.is_empty() {
                streams.push(Stream { id: StreamId::single(), head: Position::new(0) });
            }
            Ok(streams)
        },
        rejected_by: &["streams::an_empty_store_has_no_streams"],
        ..SOUND
    },
    Fault {
        name: "takes every name for its stream",
        answer: |inner, question, limit| match question {
            Question::Stream { after, .. } => inner.memory.read_stream(&StreamId::single(), *after, limit),
            question => question.ask(&inner.memory, limit),
        },
        rejected_by: &["streams::a_stream_that_the_store_does_not_know_is_empty"],
        ..SOUND
    },
    Fault {
        name: "knows heads late by one event",
        streams: |inner| with_heads(inner, |head| head - 1),
        rejected_by: &[
            "streams::a_stream_reaches_to_its_head",
            "streams::an_event_that_arrives_late_for_an_earlier_day_is_read_by_a_reader_that_goes_on",
        ],
        ..SOUND
    },
    Fault {
        name: "moves the head for a repeated event",
        save: noting_repeats,
        streams: |inner| with_heads(inner, |head| head + repeats(inner) as i64),
        rejected_by: &["streams::a_repeat_or_a_refusal_is_nothing_new"],
        ..SOUND
    },
    Fault {
        name: "takes every position for one of its stream",
        stream_of: |_, _| Ok(Some(StreamId::single())),
        rejected_by: &["streams::the_stream_of_a_position_is_the_one_that_its_event_is_read_from"],
        ..SOUND
    },
    Fault {
        name: "knows no stream of its last event",
        stream_of: |inner, position| inner.memory.stream_of(Position::new(position.get() + 1)),
        rejected_by: &["streams::the_stream_of_a_position_is_the_one_that_its_event_is_read_from"],
        ..SOUND
    },
    Fault {
        name: "takes every later position for the next one",
        is_next: |_, position, event| position > event.position,
        rejected_by: &["streams::between_an_event_and_its_next_position_is_no_event"],
        ..SOUND
    },
    Fault {
        name: "begins a page after an event, wherever it is asked to",
        answer: |inner, question, limit| match question {
            Question::Stream { stream, after: Some(after) } => {
                let events = everything(&inner.memory);
                let next = events.iter().find(|stored| stored.position > *after);
                let is_event = events.iter().any(|stored| stored.position == *after);
                let after = next.filter(|_| !is_event).map_or(*after, |stored| stored.position);
                inner.memory.read_stream(stream, Some(after), limit)
            }
            question => question.ask(&inner.memory, limit),
        },
        rejected_by: &["streams::a_page_after_the_place_before_an_event_begins_with_that_event"],
        ..SOUND
    },
    Fault {
        name: "goes on where the last page ended, also for another reader",
        answer: |inner, question, limit| match question {
            Question::Stream { stream, after: Some(after) } => {
                let last = inner.notes.lock().unwrap().last_page.unwrap_or(*after);
                let page = inner.memory.read_stream(stream, Some(last.max(*after)), limit)?;
                inner.notes.lock().unwrap().last_page = page.last().map(|stored| stored.position);
                Ok(page)
            }
            question => question.ask(&inner.memory, limit),
        },
        rejected_by: &["streams::readers_at_different_places_of_a_stream_do_not_disturb_each_other"],
        ..SOUND
    },
    // What a database does whose positions are handed out before the transactions that take them have ended.
    Fault {
        name: "shows an event only after a later one was read",
        answer: |inner, question, limit| match question {
            Question::Stream { .. } => {
                let late = Position::new(2);
                let mut found = question.ask(&inner.memory, usize::MAX)?;
                let mut notes = inner.notes.lock().unwrap();
                if notes.last_page <= Some(late) {
                    found.retain(|stored| stored.position != late);
                }
                found.truncate(limit);
                notes.last_page = notes.last_page.max(found.last().map(|stored| stored.position));
                Ok(found)
            }
            question => question.ask(&inner.memory, limit),
        },
        rejected_by: &["concurrency::a_reader_that_follows_while_threads_save_misses_nothing"],
        ..SOUND
    },
    Fault {
        name: "counts a repeated event twice",
        save: noting_repeats,
        summary: |inner| {
            let summary = inner.memory.summary()?;
            Ok(StoreSummary { events: summary.events + repeats(inner) as u64, ..summary })
        },
        rejected_by: &["summary::a_repeat_or_a_refusal_leaves_the_summary_as_it_is"],
        ..SOUND
    },
    Fault {
        name: "takes the first event saved for the earliest",
        summary: |inner| {
            let first = everything(&inner.memory).first().map(|stored| stored.event.timestamp());
            Ok(StoreSummary { first, ..inner.memory.summary()? })
        },
        rejected_by: &["summary::a_summary_agrees_with_what_is_stored"],
        ..SOUND
    },
    Fault {
        name: "sums up an empty store as one that ends at position 0",
        summary: |inner| {
            let summary = inner.memory.summary()?;
            Ok(StoreSummary { head: summary.head.or(Some(Position::new(0))), ..summary })
        },
        rejected_by: &["summary::an_empty_store_is_summed_up_as_nothing"],
        ..SOUND
    },
];

fn with_heads(inner: &Inner, change: impl Fn(i64) -> i64) -> Result<Vec<Stream>, RepositoryError> {
    let mut streams = inner.memory.streams()?;
    for stream in &mut streams {
        stream.head = Position::new(change(stream.head.get()));
    }
    Ok(streams)
}

fn repeats(inner: &Inner) -> usize {
    inner.notes.lock().unwrap().repeats.values().sum()
}

/// Positions of days that are archived after each save: each event is the first one of a new file.
mod anew {
    use super::*;

    pub fn position_of(time: chrono::DateTime<chrono::Utc>) -> Position {
        Position::new(time.timestamp().div_euclid(86_400) * 100_000)
    }

    pub fn moved(stored: StoredEvent) -> StoredEvent {
        StoredEvent { position: position_of(stored.event.timestamp()), ..stored }
    }
}

/// Positions of (day, number of the save), as daily files have them.
mod by_day {
    use super::*;

    fn moved(mut stored: StoredEvent) -> StoredEvent {
        let day = stored.event.timestamp().timestamp().div_euclid(86_400);
        stored.position = Position::new(day * 100_000 + stored.position.get());
        stored
    }

    pub fn all(inner: &Inner) -> Vec<StoredEvent> {
        let mut all: Vec<StoredEvent> = everything(&inner.memory).into_iter().map(moved).collect();
        all.sort_by_key(|stored| stored.position);
        all
    }

    pub fn save(inner: &Inner, events: &[DomainEvent]) -> Saved {
        inner.memory.save_events(events)?;
        let stored = |event: &DomainEvent| inner.memory.find_by_id(event.event_id()).unwrap().unwrap();
        Ok(events.iter().map(|event| moved(stored(event)).position).collect())
    }

    pub fn answer(inner: &Inner, question: &Question, limit: usize) -> Answer {
        let Question::Stream { stream, after } = question else {
            return Ok(question.ask(&inner.memory, limit)?.into_iter().map(moved).collect());
        };
        let mut found = all(inner);
        found.retain(|stored| *stream == StreamId::single() && Some(stored.position) > *after);
        found.truncate(limit);
        Ok(found)
    }
}
