//! Any bytes as the input of `dispatch -`.

use std::io::BufReader;

use mission_events::internals::cli::dispatch::input::{Line, next_line};
use mission_events::internals::wire::json::canonical_form;
use mission_events::{EventDraft, EventId, EventRepository, InMemoryEventRepository, Zone};
use serde_json::Value;

/// Panics where a line is read otherwise than it should be.
pub fn check(bytes: &[u8]) {
    let lines = lines(bytes, 8192);
    for capacity in [1, 3] {
        let other = self::lines(bytes, capacity);
        let text = |line: &Line| line.as_ref().map_err(ToString::to_string).cloned();
        assert!(lines.iter().map(text).eq(other.iter().map(text)), "the pieces of the input matter");
    }
    let mut expected: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
    if expected.last().is_some_and(|last| last.is_empty()) {
        expected.pop();
    }
    assert_eq!(lines.len(), expected.len());
    let store = InMemoryEventRepository::new(Zone::utc());
    for (line, expected) in lines.iter().zip(expected) {
        match line {
            Ok(text) => {
                assert_eq!(text.as_bytes(), expected);
                store_line(text, &store);
            }
            Err(error) => assert!(std::str::from_utf8(expected).is_err(), "{error}"),
        }
    }
}

fn lines(bytes: &[u8], capacity: usize) -> Vec<Line> {
    let mut input = BufReader::with_capacity(capacity, bytes);
    let mut lines = Vec::new();
    while let Some(line) = next_line(&mut input).expect("memory can be read") {
        lines.push(line);
    }
    lines
}

/// What is stored of a line has all that the line has, and id and time.
fn store_line(text: &str, store: &InMemoryEventRepository) {
    let event = match EventDraft::from_json(text, &Zone::utc()) {
        Ok(draft) => {
            let now = "2025-10-25T10:00:00Z".parse().expect("a time");
            draft.complete(now, || EventId::new("minted").expect("an id"))
        }
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return;
        }
    };
    let body = event.body();
    assert!(!body.contains('\n'), "an event is one line");
    if let (Ok(Value::Object(given)), Ok(Value::Object(stored))) =
        (serde_json::from_str(text), serde_json::from_str(body))
    {
        for (key, value) in given.iter().filter(|(_, value)| !value.is_null()) {
            assert_eq!(stored.get(key), Some(value), "{key} is another");
        }
    }
    // The same id with another text is refused.
    let Ok(position) = store.save_event(&event) else { return };
    let found = store.find_by_id(event.event_id()).expect("memory can be read").expect("it is stored");
    assert_eq!(found.position, position);
    // Stored once, with the text that came first.
    assert_eq!(canonical_form(found.event.body().as_bytes()), canonical_form(body.as_bytes()));
}
