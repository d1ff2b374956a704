//! Local times that come twice: which of two readings such a time has, where a profile declares it.
//!
//! Written without an offset, it is the reading that is nearer to the time of its event, by the event's own clock. Two
//! such times that are written alike are the same in any case: then nothing depends on the reading.

use crate::application::compare::clock::timed_event::TimedEvent;
use crate::application::compare::reading::canonical_values::value_end;
use crate::application::compare::reading::packed_event::{EventHead, PackedEvent};
use crate::wire::instant::read_near;

/// The times of the events of a pair, each by its own clock in microseconds: control first, or in the order of the values
/// that are compared.
pub(crate) type Near = [i64; 2];

/// The times of two events. A time of an event that came twice itself is the one that is nearer to the other event.
pub(crate) fn near(one: &TimedEvent<'_>, other: &TimedEvent<'_>) -> Near {
    [one.own_time_near(other), other.own_time_near(one)]
}

/// Whether two events hold the same contents, apart from their optional fields.
pub(crate) fn have_same_content(one: &TimedEvent<'_>, other: &TimedEvent<'_>) -> bool {
    let (left, right) = (one.entry.shared_content, other.entry.shared_content);
    left == right || has_repeated_time(&one.entry, &other.entry) && are_same(left, right, near(one, other))
}

fn has_repeated_time(one: &PackedEvent<'_>, other: &PackedEvent<'_>) -> bool {
    one.head.is(EventHead::REPEATED_TIME) || other.head.is(EventHead::REPEATED_TIME)
}

/// Whether two canonical values are the same.
pub(crate) fn are_same(one: &[u8], other: &[u8], near: Near) -> bool {
    if one == other {
        return true;
    }
    let (mut one, mut other) = (one, other);
    loop {
        let (Some((left, after_left)), Some((right, after_right))) = (next(one), next(other)) else {
            return one.is_empty() && other.is_empty();
        };
        if left != right && read_near(left, near[0]) != read_near(right, near[1]) {
            return false;
        }
        (one, other) = (after_left, after_right);
    }
}

/// Appends a canonical value with each local time that comes twice in its reading near a time.
pub(crate) fn write_near(value: &[u8], near: i64, out: &mut Vec<u8>) {
    let mut rest = value;
    while let Some((piece, after)) = next(rest) {
        out.extend_from_slice(&read_near(piece, near));
        rest = after;
    }
}

/// The scalar with which a canonical text begins, or the byte that begins or ends a container, and what follows.
fn next(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let length = match text.first()? {
        b'{' | b'[' | b'}' | b']' => 1,
        _ => value_end(text, 0),
    };
    text.split_at_checked(length)
}
