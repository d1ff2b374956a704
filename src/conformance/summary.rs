//! The summary: the numbers that reading the whole store would count.

use super::StoreUnderTest;
use super::events::event;
use super::questions::everything;
use crate::domain::repository::{EventRepository, StoreSummary};

pub fn an_empty_store_is_summed_up_as_nothing(store: &dyn StoreUnderTest) {
    assert_eq!(store.open().summary().unwrap(), StoreSummary::default());
}

pub fn a_summary_agrees_with_what_is_stored(store: &dyn StoreUnderTest) {
    let repository = store.open();
    // Neither the first nor the last that arrives is the earliest or the latest, or has the greatest
    // position for certain.
    for (id, time) in [
        ("e1", "2025-10-25T10:00:00Z"),
        ("e2", "2025-10-27T10:00:00.000001Z"),
        ("e3", "1969-12-31T23:59:59.999999Z"),
        ("e4", "2025-10-26T10:00:00Z"),
        ("e5", "2025-10-25T09:00:00Z"),
    ] {
        repository.save_event(&event(id).at(time).build()).unwrap();
        expect_true_summary(&*repository);
        expect_true_summary(&*store.open());
    }
    assert_eq!(repository.summary().unwrap().events, 5);
}

pub fn a_repeat_or_a_refusal_leaves_the_summary_as_it_is(store: &dyn StoreUnderTest) {
    let repository = store.open();
    repository.save_events(&[event("e1").build(), event("e2").build()]).unwrap();
    let before = repository.summary().unwrap();
    repository.save_event(&event("e1").build()).unwrap();
    repository.save_event(&event("e2").at("2025-10-26T10:00:00Z").build()).unwrap_err();
    repository.save_events(&[event("e3").build(), event("e2").about("T1").build()]).unwrap_err();
    assert_eq!(repository.summary().unwrap(), before);
    expect_true_summary(&*repository);
}

fn expect_true_summary(repository: &dyn EventRepository) {
    let stored = everything(repository);
    let times = || stored.iter().map(|stored| stored.event.timestamp());
    let counted = StoreSummary {
        events: stored.len() as u64,
        first: times().min(),
        last: times().max(),
        head: stored.iter().map(|stored| stored.position).max(),
    };
    assert_eq!(repository.summary().unwrap(), counted);
}
