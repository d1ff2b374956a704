//! Which stream a position is in: what is known is not asked again.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::doubles::{FakeEvents, stream_id};
use crate::application::handling::reading::EventReader;

#[test]
fn a_position_between_two_of_one_stream_is_in_it_and_the_store_is_not_asked() {
    let events = Arc::new(FakeEvents::default());
    let [first, between, last, after] = ["e1", "e2", "e3", "e4"].map(|id| events.append(1, id, "A", None));
    let other = events.append(2, "e5", "A", None);
    let reader = EventReader::new(Arc::clone(&events) as _);
    for position in [last, first] {
        assert_eq!(reader.stream_of(position).unwrap(), Some(stream_id(1)));
    }
    events.failing_reads.store(1, Ordering::SeqCst);
    assert_eq!(reader.stream_of(between).unwrap(), Some(stream_id(1)));
    assert!(reader.stream_of(after).is_err(), "it may be in another stream");
    assert_eq!(reader.stream_of(other).unwrap(), Some(stream_id(2)));
    assert_eq!(reader.stream_of(between).unwrap(), Some(stream_id(1)), "between two streams is nothing");
}
