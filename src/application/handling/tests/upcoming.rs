//! Events that projections handle while they are being stored.

use super::doubles::{Ending, effect, of_type, projection};
use super::*;
use crate::application::handling::anchor::Anchor;
use crate::application::handling::upcoming::{Upcoming, UpcomingPage};
use crate::domain::repository::{Saved, StoredEvent};

/// A process that has handled the event `e1`, and the page after it: `e2` to `e<last>`, which are being stored.
struct Storing {
    setting: Setting,
    process: Process,
    page: UpcomingPage,
    upcoming: Upcoming,
}

impl Storing {
    fn new(registrations: &[Registration], last: u32) -> Self {
        let setting = Setting::new();
        let mut process = setting.process(registrations);
        append_many(&setting, 1);
        process.catch_up();
        let before = setting.stored(1).remove(0);
        let events = setting.events.next(1, &ids(2..=last), "TaskCreated");
        let (page, upcoming) = UpcomingPage::new(stream_id(1), Anchor::from(&before), events);
        Self { setting, process, page, upcoming }
    }

    /// Has the projections handle the page. Answers whether they have.
    fn handle(process: &mut Process, page: &UpcomingPage) -> bool {
        process.workers[0].handle_upcoming(page).unwrap()
    }
}

impl Setting {
    fn stored(&self, stream: u32) -> Vec<StoredEvent> {
        self.events.read_stream(&stream_id(stream), None, 100).unwrap()
    }
}

/// The events are in the store now.
fn store(setting: &Setting, page: &UpcomingPage) {
    for event in &page.events {
        setting.events.append(1, event.event.event_id().as_str(), event.event.event_type(), None);
    }
}

fn tell_saved(upcoming: Upcoming, events: &[StoredEvent]) {
    let saved = |event: &StoredEvent| Saved { position: event.position, is_new: true };
    let saved: Vec<_> = events.iter().map(|event| (&event.event, saved(event))).collect();
    upcoming.saved(&saved);
}

#[test]
fn what_is_handled_while_it_is_being_stored_is_committed_once_it_is_stored() {
    let (tasks, other) = (Recorder::of_event_alone("tasks"), Recorder::of_event_alone("other"));
    let registrations = [projection(&tasks), of_type("Other", projection(&other))];
    let Storing { setting, mut process, page, upcoming } = Storing::new(&registrations, 3);
    std::thread::scope(|scope| {
        let handling = scope.spawn(|| Storing::handle(&mut process, &page));
        while tasks.attempts().len() < 3 {
            std::thread::yield_now();
        }
        // It is not committed before this is told.
        assert_eq!(setting.handled("tasks", 1), ids(1..=1));
        store(&setting, &page);
        tell_saved(upcoming, &page.events);
        assert!(handling.join().unwrap());
    });
    assert_eq!(setting.handled("tasks", 1), ids(1..=3));
    process.catch_up();
    assert_eq!(tasks.attempts().len(), 3, "none is handled again");
    assert_eq!(other.attempts(), []);
}

#[test]
fn of_events_that_are_not_stored_after_all_nothing_is_kept() {
    let tasks = Recorder::of_event_alone("tasks");
    for is_dropped in [true, false] {
        let Storing { setting, mut process, page, upcoming } = Storing::new(&[projection(&tasks)], 3);
        if is_dropped {
            drop(upcoming);
        } else {
            tell_saved(upcoming, &page.events[..1]);
        }
        assert!(!Storing::handle(&mut process, &page));
        assert_eq!(setting.handled("tasks", 1), ids(1..=1));
        // Another event has its position.
        setting.events.append(1, "instead", "TaskCreated", None);
        process.catch_up();
        assert_eq!(setting.handled("tasks", 1), ["e1", "instead"]);
    }
}

#[test]
fn events_of_other_types_are_not_passed_before_they_are_stored() {
    let tasks = Recorder::of_event_alone("tasks");
    let registrations = [of_type("Other", projection(&tasks))];
    let Storing { setting, mut process, page, upcoming } = Storing::new(&registrations, 2);
    drop(upcoming);
    assert!(!Storing::handle(&mut process, &page));
    setting.events.append(1, "instead", "Other", None);
    process.catch_up();
    assert_eq!(setting.handled("tasks", 1), ["instead"]);
}

#[test]
fn an_event_that_fails_while_it_is_being_stored_is_a_failure_once_it_is_stored() {
    let tasks = Recorder::of_event_alone("tasks");
    tasks.fail("e2", &[Ending::Permanent, Ending::Permanent]);
    let Storing { setting, mut process, page, upcoming } = Storing::new(&[projection(&tasks)], 3);
    store(&setting, &page);
    tell_saved(upcoming, &page.events);
    assert!(Storing::handle(&mut process, &page));
    assert_eq!(setting.failures("tasks"), [("e2".to_owned(), FailureState::Parked, 1)]);
    assert_eq!(setting.handled("tasks", 1), ["e1", "e3"]);
}

#[test]
fn handlers_that_may_ask_the_store_and_effects_are_given_stored_events_alone() {
    let (tasks, asks) = (Recorder::of_event_alone("tasks"), Recorder::new("asks"));
    let mail = Recorder::of_event_alone("mail");
    let registrations = [projection(&tasks), projection(&asks), effect(&mail)];
    let Storing { setting, mut process, page, upcoming } = Storing::new(&registrations, 2);
    let before = [&tasks, &asks, &mail].map(|handler| handler.attempts().len());
    for worker in &mut process.workers {
        assert!(!worker.handle_upcoming(&page).unwrap());
    }
    assert_eq!([&tasks, &asks, &mail].map(|handler| handler.attempts().len()), before);
    store(&setting, &page);
    tell_saved(upcoming, &page.events);
    process.catch_up();
    assert_eq!((setting.handled("tasks", 1), setting.handled("asks", 1)), (ids(1..=2), ids(1..=2)));
}

#[test]
fn a_page_that_does_not_follow_what_every_projection_has_read_is_left_to_be_read_from_the_store() {
    let (tasks, late) = (Recorder::of_event_alone("tasks"), Recorder::of_event_alone("late"));
    let Storing { setting, mut process, page, upcoming } = Storing::new(&[projection(&tasks)], 2);
    let mut other = setting.process(&[projection(&tasks), projection(&late)]);
    other.look().unwrap();
    assert!(!Storing::handle(&mut other, &page), "one has read nothing yet");
    assert_eq!(late.attempts(), []);
    let (elsewhere, untold) = UpcomingPage::new(
        stream_id(1),
        Anchor::from(&page.events[0]),
        setting.events.next(1, &ids(3..=3), "TaskCreated"),
    );
    assert!(!Storing::handle(&mut process, &elsewhere), "an event is between them");
    drop((upcoming, untold));
    assert_eq!(setting.handled("tasks", 1), ids(1..=1));
}
