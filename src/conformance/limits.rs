//! Limits bound the number of events given, and nothing else.

use chrono::DateTime;

use super::StoreUnderTest;
use super::events::{event, instant};
use super::questions::Question;
use crate::domain::repository::EventRepository;

const EVENTS: usize = 6;

pub fn a_limit_of_zero_gives_nothing(store: &dyn StoreUnderTest) {
    let repository = with_events(store);
    for question in bounded_questions(&*repository) {
        assert_eq!(question.ask(&*repository, 0).unwrap(), [], "{question:?}");
    }
}

pub fn a_limit_gives_the_first_events_of_the_order(store: &dyn StoreUnderTest) {
    let repository = with_events(store);
    for question in bounded_questions(&*repository) {
        let all = question.ask(&*repository, EVENTS).unwrap();
        assert!(all.len() == EVENTS || matches!(question, Question::Stream { .. }), "{question:?}");
        for limit in 1..all.len() {
            let found = question.ask(&*repository, limit).unwrap();
            assert_eq!(found, all[..limit], "{question:?}, limit {limit}");
        }
    }
}

pub fn a_limit_beyond_the_number_of_events_gives_all_of_them(store: &dyn StoreUnderTest) {
    let repository = with_events(store);
    for question in bounded_questions(&*repository) {
        let all = question.ask(&*repository, EVENTS).unwrap();
        for limit in [EVENTS + 1, 1 << 32, i64::MAX as usize, i64::MAX as usize + 1, usize::MAX] {
            assert_eq!(question.ask(&*repository, limit).unwrap(), all, "{question:?}, limit {limit}");
        }
    }
}

/// Queries that all events of [`with_events`] answer, and all streams.
fn bounded_questions(repository: &dyn EventRepository) -> Vec<Question> {
    let mut questions = vec![
        Question::of_type("A"),
        Question::between(DateTime::UNIX_EPOCH, instant("2100-01-01T00:00:00Z")),
        Question::recent(),
        Question::about("T1"),
    ];
    let streams = repository.streams().unwrap();
    questions.extend(streams.iter().map(|stream| Question::stream(stream.id.as_str(), None)));
    questions
}

/// Events of three days, saved in no order of time, two of them at the same time.
fn with_events(store: &dyn StoreUnderTest) -> Box<dyn EventRepository> {
    let repository = store.open();
    let days: [u32; EVENTS] = [26, 25, 27, 25, 27, 26];
    for (number, day) in days.into_iter().enumerate() {
        let time = format!("2025-10-{day}T1{}:00:00Z", number / 4);
        repository
            .save_event(&event(&format!("e{number}")).of_type("A").about("T1").at(&time).build())
            .unwrap();
    }
    repository
}
