//! Durability: what was acknowledged is there, through whichever handle the store is opened.

use super::StoreUnderTest;
use super::events::event;
use super::questions::{Question, everything, ids, one_of_each_question};
use crate::domain::repository::{EventRepository, RepositoryError};

pub fn a_store_opened_again_gives_the_same_answers(store: &dyn StoreUnderTest) {
    let repository = with_three_events(store);
    let before = everything(&*repository);
    assert_eq!(ids(&before), ["e1", "e2", "e3"]);
    let questions: Vec<Question> =
        before.iter().flat_map(|stored| one_of_each_question(&*repository, stored)).collect();
    let answers = |repository: &dyn EventRepository| -> Vec<_> {
        questions.iter().map(|question| question.ask(repository, 10).unwrap()).collect()
    };
    let (expected, streams) = (answers(&*repository), repository.streams().unwrap());
    drop(repository);
    for _ in 0..2 {
        assert_eq!(answers(&*store.open()), expected);
        assert_eq!(store.open().streams().unwrap(), streams);
    }
}

pub fn a_store_opened_again_knows_its_ids(store: &dyn StoreUnderTest) {
    let positions: Vec<_> =
        everything(&*with_three_events(store)).iter().map(|stored| stored.position).collect();
    let repository = store.open();
    assert_eq!(repository.save_event(&event("e1").about("T1").build()).unwrap(), positions[0]);
    let conflict = repository.save_event(&event("e2").about("other").build()).unwrap_err();
    assert!(
        matches!(conflict, RepositoryError::Conflict { position, .. } if position == positions[1]),
        "{conflict:?}"
    );
    assert_eq!(everything(&*repository).len(), 3);
}

pub fn what_was_answered_each_for_itself_is_there_when_the_store_is_opened_again(store: &dyn StoreUnderTest) {
    let saved = store.open().save_each(&[event("e1").build(), event("e2").build()]);
    let stored = everything(&*store.open());
    assert_eq!(ids(&stored), ["e1", "e2"]);
    for (stored, saved) in stored.iter().zip(saved) {
        assert_eq!(stored.position, saved.unwrap().position);
    }
    let again = store.open().save_each(&[event("e1").build()]).remove(0).unwrap();
    assert_eq!((again.position, again.is_new), (stored[0].position, false));
}

pub fn what_is_answered_as_saved_survives_a_power_cut(store: &dyn StoreUnderTest) {
    let repository = store.open();
    repository.save_event(&event("e1").build()).unwrap();
    store.cut_power();
    assert_eq!(ids(&everything(&*store.open())), ["e1"]);

    let repository = store.open();
    repository.save_events(&[event("e2").build(), event("e3").build()]).unwrap();
    store.cut_power();
    assert_eq!(ids(&everything(&*store.open())), ["e1", "e2", "e3"]);

    let repository = store.open();
    for answer in repository.save_each(&[event("e2").build(), event("e4").build(), event("e5").build()]) {
        answer.unwrap();
    }
    store.cut_power();
    assert_eq!(ids(&everything(&*store.open())), ["e1", "e2", "e3", "e4", "e5"]);
}

pub fn positions_go_on_growing_after_a_store_was_opened_again(store: &dyn StoreUnderTest) {
    let last = everything(&*with_three_events(store)).last().unwrap().position;
    let repository = store.open();
    let next = repository.save_event(&event("e4").at("2025-10-26T09:00:00Z").build()).unwrap();
    assert!(next > last, "{next} after {last}");
    assert_eq!(ids(&everything(&*repository)), ["e1", "e2", "e3", "e4"]);
}

pub fn what_is_saved_through_one_handle_is_seen_through_another(store: &dyn StoreUnderTest) {
    let (one, other) = (store.open(), store.open());
    // Both have looked, so that a handle which remembers what it saw is found out.
    assert!(everything(&*one).is_empty() && everything(&*other).is_empty());
    let first = one.save_event(&event("e1").build()).unwrap();
    assert_eq!(ids(&everything(&*other)), ["e1"]);
    assert_eq!(other.save_event(&event("e1").build()).unwrap(), first);
    let conflict = other.save_event(&event("e1").about("T1").build()).unwrap_err();
    assert!(matches!(conflict, RepositoryError::Conflict { .. }), "{conflict:?}");
    let second = other.save_event(&event("e2").build()).unwrap();
    let third = one.save_event(&event("e3").build()).unwrap();
    assert!(first < second && second < third);
    for handle in [one, other] {
        assert_eq!(ids(&everything(&*handle)), ["e1", "e2", "e3"]);
        assert_eq!(ids(&Question::by_id("e2").ask(&*handle, 1).unwrap()), ["e2"]);
    }
}

fn with_three_events(store: &dyn StoreUnderTest) -> Box<dyn EventRepository> {
    let repository = store.open();
    repository.save_event(&event("e1").about("T1").build()).unwrap();
    repository
        .save_events(&[event("e2").about("T1").build(), event("e3").at("2025-10-26T10:00:00Z").build()])
        .unwrap();
    repository
}
