//! Events that are saved each for itself: one write a day, and what a day that cannot be written leaves.

use super::*;

const NEXT_DAY: &str = "events-2025-10-26.jsonl";

fn shown(answers: &[Result<Saved, RepositoryError>]) -> Vec<&'static str> {
    let shown = |answer: &Result<Saved, RepositoryError>| match answer {
        Ok(Saved { is_new: true, .. }) => "new",
        Ok(_) => "known",
        Err(RepositoryError::Storage { .. }) => "failed",
        Err(RepositoryError::Conflict { .. }) => "conflict",
        Err(error) => panic!("{error}"),
    };
    answers.iter().map(shown).collect()
}

#[test]
fn a_day_that_cannot_be_written_fails_its_events_and_what_refers_to_them() {
    let folder = folder();
    let store = open(&folder);
    store.save_event(&event("before", "2025-10-25T10:00:00Z")).unwrap();
    // No file can be appended to in its place.
    fs::create_dir(folder.path().join(NEXT_DAY)).unwrap();
    let events = [
        event("a", "2025-10-25T11:00:00Z"),
        event("b", "2025-10-26T11:00:00Z"),
        event("c", "2025-10-25T12:00:00Z"),
        event("b", "2025-10-26T11:00:00Z"),
        event("b", "2025-10-25T11:00:00Z"),
        event("before", "2025-10-25T10:00:00Z"),
        event("d", "2025-10-26T12:00:00Z"),
        event("a", "2025-10-26T12:00:00Z"),
    ];
    let answers = store.save_each(&events);
    assert_eq!(shown(&answers), ["new", "failed", "new", "failed", "failed", "known", "failed", "conflict"]);
    assert!(chain(answers[1].as_ref().unwrap_err()).contains(NEXT_DAY));
    assert_eq!(ids(&all(&store)), ["before", "a", "c"]);
    fs::remove_dir(folder.path().join(NEXT_DAY)).unwrap();
    assert_eq!(shown(&store.save_each(&events[1..4])), ["new", "known", "known"]);
    assert_eq!(ids(&all(&store)), ["before", "a", "c", "b"]);
}

#[test]
fn the_events_of_a_day_are_written_together_in_the_order_given() {
    let folder = folder();
    let store = open(&folder);
    write(&folder, DAY, format!("{}\n{{\"torn", line("e0", "2025-10-25T10:00:00Z")));
    let at = |id: &str, day: u32| event(id, &format!("2025-10-{day}T10:00:00Z"));
    let answers = store.save_each(&[at("e1", 25), at("e2", 26), at("e3", 25), at("e4", 26), at("e5", 25)]);
    assert_eq!(shown(&answers), ["new"; 5]);
    for (answer, id) in answers.iter().zip(["e1", "e2", "e3", "e4", "e5"]) {
        let stored = store.find_by_id(&super::id(id)).unwrap().unwrap();
        assert_eq!(stored.position, answer.as_ref().unwrap().position);
    }
    assert_eq!(ids(&all(&store)), ["e0", "e1", "e3", "e5", "e2", "e4"]);
    assert_eq!(ids(&all(&open(&folder))), ["e0", "e1", "e3", "e5", "e2", "e4"]);
}

#[test]
fn a_store_that_another_process_holds_answers_every_live_event_that_it_is_busy() {
    let folder = folder();
    let mut store = open(&folder);
    store.lock_patience = Duration::ZERO;
    let _held = super::super::lock::lock_folder(folder.path(), Duration::ZERO).unwrap();
    let answers = store.save_each(&[event("a", "2025-10-25T11:00:00Z"), event("b", "2025-10-25T11:00:00Z")]);
    assert_eq!(answers.len(), 2);
    assert!(answers.iter().all(|answer| matches!(answer, Err(RepositoryError::Busy { .. }))), "{answers:?}");
}
