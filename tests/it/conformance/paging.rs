//! Reading by position: the whole store in pages, and on from where one stopped.

use mission_events::internals::domain::event::DomainEvent;
use mission_events::internals::domain::repository::{EventRepository, StoredEvent};

use super::Store;
use crate::support::{event, everything, ids};

pub fn pages_of_any_size_give_every_event_once_in_growing_positions(store: &dyn Store) {
    let repository = store.open();
    let mut expected: Vec<DomainEvent> = (0..23)
        .map(|number| {
            event(&format!("e{number}")).at(&format!("2025-10-2{}T10:00:00Z", number * 3 % 7)).build()
        })
        .collect();
    for event in &expected {
        repository.save_event(event).unwrap();
    }
    store.sort_by_position(&mut expected);

    for size in [1, 2, 5, 22, 23, 24] {
        let pages = pages(&*repository, size);
        assert!(pages.iter().rev().skip(1).all(|page| page.len() == size), "full pages of {size}");
        let all = pages.concat();
        assert!(all.is_sorted_by(|one, next| one.position < next.position), "pages of {size}");
        assert!(all.iter().map(|stored| &stored.event).eq(&expected), "pages of {size}: {:?}", ids(&all));
    }
}

pub fn reading_goes_on_behind_the_last_position_with_what_came_later(store: &dyn Store) {
    let repository = store.open();
    let save = |id: &str, time: &str| repository.save_event(&event(id).at(time).build()).unwrap();
    save("e1", "2025-10-25T10:00:00Z");
    save("e2", "2025-10-25T12:00:00Z");
    let last = everything(&*repository).last().unwrap().position;
    assert_eq!(repository.read_from(Some(last), 10).unwrap(), []);

    save("e2", "2025-10-25T12:00:00Z");
    assert_eq!(repository.read_from(Some(last), 10).unwrap(), [], "a repeated event is not a new one");

    let late = save("e3", "2025-10-25T11:00:00Z");
    save("e4", "2025-10-26T10:00:00Z");
    assert_eq!(ids(&repository.read_from(Some(last), 10).unwrap()), ["e3", "e4"]);
    assert_eq!(ids(&store.open().read_from(Some(last), 1).unwrap()), ["e3"]);
    assert_eq!(ids(&repository.read_from(Some(late), 10).unwrap()), ["e4"]);
}

/// The whole store in pages of that size, the last one shorter or missing.
fn pages(repository: &dyn EventRepository, size: usize) -> Vec<Vec<StoredEvent>> {
    let mut pages: Vec<Vec<StoredEvent>> = Vec::new();
    loop {
        let after = pages.last().and_then(|page| page.last()).map(|stored| stored.position);
        let page = repository.read_from(after, size).unwrap();
        if page.is_empty() {
            return pages;
        }
        assert!(pages.len() < 100, "reading by position does not end");
        pages.push(page);
    }
}
