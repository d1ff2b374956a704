//! Entries: their form, their order, what becomes of them.

use super::*;

#[test]
fn an_entry_is_one_line_in_the_form_of_the_contract() {
    let place = Place::new();
    place.open().push(new("file_changed_briefings", None)).unwrap();
    assert_eq!(
        place.text(),
        concat!(
            r#"{"event_id":"file_changed_briefings_1760615200","definition_id":"file_changed_briefings","timestamp":"2025-10-16T11:46:40Z","#,
            r#""type":"file_system","data":{"path":"data/briefings/b.md","event_type":"modified"},"status":"pending","priority":5}"#,
            "\n"
        )
    );
}

#[test]
fn the_smallest_number_is_first_and_then_the_oldest() {
    let place = Place::new();
    let queue = place.open();
    for (definition, priority) in
        [("a", None), ("b", Some(9)), ("c", Some(1)), ("d", None), ("e", Some(-3)), ("f", Some(1))]
    {
        queue.push(new(definition, priority)).unwrap();
        // The oldest is what was accepted first, whatever the time of day says.
        place.clock.set_back(1);
    }
    let order: Vec<_> =
        std::iter::from_fn(|| queue.next().unwrap()).map(|entry| entry.definition_id).collect();
    assert_eq!(order, ["e", "c", "f", "a", "d", "b"]);
}

#[test]
fn entries_of_one_second_have_ids_and_states_of_their_own() {
    let place = Place::new();
    let queue = place.open();
    for definition in ["a", "a", "b", "a"] {
        queue.push(new(definition, None)).unwrap();
    }
    let first = queue.next().unwrap().unwrap();
    queue.done(&first).unwrap();
    assert_eq!(queue.push(new("a", None)).unwrap().event_id, "a_1760615200_4", "also after one is finished");
    drop(queue);
    let ids: Vec<_> = place.open().entries().into_iter().map(|entry| entry.event_id).collect();
    assert_eq!(ids, ["a_1760615200_2", "b_1760615200", "a_1760615200_3", "a_1760615200_4"]);
}

#[test]
fn a_clock_that_is_set_back_makes_no_id_again() {
    let place = Place::new();
    let id = |queue: &EventQueue| queue.push(new("a", None)).unwrap().event_id;
    let queue = place.open();
    assert_eq!(id(&queue), "a_1760615200");
    place.clock.set_back(100);
    assert_eq!(id(&queue), "a_1760615200_2");
    drop(queue);
    let queue = place.open();
    assert_eq!(id(&queue), "a_1760615200_3");
    place.clock.pass(101.0);
    assert_eq!(id(&queue), "a_1760615201");
}

#[test]
fn what_is_finished_is_not_handled_again() {
    let place = Place::new();
    let queue = place.open();
    for definition in ["a", "b"] {
        queue.push(new(definition, None)).unwrap();
    }
    let (a, b) = (queue.next().unwrap().unwrap(), queue.next().unwrap().unwrap());
    assert_eq!((a.status, next_id(&queue)), (QueueStatus::Processing, None));
    queue.done(&a).unwrap();
    queue.failed(&b).unwrap();
    assert_eq!(queue.entries(), []);
    assert!(matches!(queue.done(&a), Err(QueueError::NotOpen { event_id, .. }) if event_id == a.event_id));
    drop(queue);
    assert_eq!(next_id(&place.open()), None);
    assert_eq!(
        place.read(),
        [("a_1760615200".to_owned(), QueueStatus::Done), ("b_1760615200".to_owned(), QueueStatus::Failed)]
    );
}

#[test]
fn an_entry_that_is_tried_again_keeps_its_place_and_waits_until_it_is_due() {
    let place = Place::new();
    let queue = place.open();
    for definition in ["a", "b"] {
        queue.push(new(definition, None)).unwrap();
    }
    let a = queue.next().unwrap().unwrap();
    queue.retry_at(&a, place.clock.now() + TimeDelta::seconds(300)).unwrap();
    assert_eq!(queue.entries()[0].next_attempt, Some(place.clock.now() + TimeDelta::seconds(300)));
    place.clock.pass(299.0);
    assert_eq!(next_id(&queue).as_deref(), Some("b_1760615200"), "it is passed over");
    assert_eq!(next_id(&queue), None);
    drop(queue);
    let queue = place.open();
    place.clock.pass(1.0);
    let again = queue.next().unwrap().unwrap();
    assert_eq!((again.definition_id.as_str(), again.attempts, again.next_attempt), ("a", 1, None));
}

#[test]
fn a_clock_that_is_set_back_does_not_hold_up_a_retry() {
    let place = Place::new();
    let queue = place.open();
    queue.push(new("a", None)).unwrap();
    let a = queue.next().unwrap().unwrap();
    queue.retry_at(&a, place.clock.now() + TimeDelta::seconds(300)).unwrap();
    place.clock.set_back(86_400);
    place.clock.pass(299.0);
    assert_eq!(next_id(&queue), None);
    place.clock.pass(1.0);
    assert_eq!(next_id(&queue), Some(a.event_id));
}
