//! The time in which both systems may have recorded the same events, and what an import finds there.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde::Serialize;

use super::record::{Identity, ImportRecord};
use crate::application::compare::PlacedEvent;
use crate::application::compare::feed::Feed;
use crate::application::compare::report::Class;
use crate::wire::record::Shape;

/// How far before and after the records of one system a partner in the other one is looked for: no two
/// zones of the earth are farther apart, and the clocks may differ on top of that.
const NEAR: TimeDelta = TimeDelta::hours(27);

/// From when to when; in microseconds since 1970, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeWindow {
    /// The first instant.
    pub first: i64,
    /// The last one.
    pub last: i64,
}

impl TimeWindow {
    /// A time of one system with everything that is near it.
    pub fn around(first: i64, last: i64) -> Self {
        let near = NEAR.num_microseconds().unwrap_or(i64::MAX);
        Self { first: first.saturating_sub(near), last: last.saturating_add(near) }
    }

    /// What two times of different systems have in common, with everything that is near it.
    pub fn shared(one: Self, other: Self) -> Option<Self> {
        let (first, last) = (one.first.max(other.first), one.last.min(other.last));
        let shared = Self::around(first, last);
        (shared.first <= shared.last).then_some(shared)
    }

    /// The smallest window that holds both.
    pub fn hull(self, other: Self) -> Self {
        Self { first: self.first.min(other.first), last: self.last.max(other.last) }
    }

    /// The same with another instant in it.
    pub fn with(window: Option<Self>, at: i64) -> Self {
        window.map_or(Self { first: at, last: at }, |window| window.hull(Self { first: at, last: at }))
    }
}

/// When the records occurred that may be of the same events: those that the new system wrote, and those of the legacy one
/// that have no id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SystemTimes {
    /// Those of the new system.
    pub native: Option<TimeWindow>,
    /// Those of the legacy system.
    pub history: Option<TimeWindow>,
}

impl SystemTimes {
    /// Takes a record in.
    pub fn note(&mut self, record: &ImportRecord) {
        let at = record.occurred_at.timestamp_micros();
        if let Some(window) = self.window_of(record) {
            *window = Some(TimeWindow::with(*window, at));
        }
    }

    /// Whether to take the record in would change nothing.
    pub fn hold(mut self, record: &ImportRecord) -> bool {
        let before = self;
        self.note(record);
        self == before
    }

    /// Records of the legacy system that have an id are in neither.
    fn window_of(&mut self, record: &ImportRecord) -> Option<&mut Option<TimeWindow>> {
        match (record.shape, &record.identity) {
            (Shape::New, _) => Some(&mut self.native),
            (_, Identity::Derived { .. }) => Some(&mut self.history),
            (_, Identity::Carried(_)) => None,
        }
    }
}

/// The records of both systems that may be of the same events.
pub struct OverlapFeeds {
    /// Those of the legacy system.
    pub history: Vec<Box<dyn Feed>>,
    /// Those of the new system.
    pub native: Vec<Box<dyn Feed>>,
    /// So many of the first feeds of each side hold what was stored before. Records there that are twins
    /// carry an id that they have in common, and no other record carries one.
    pub stored_feeds: u32,
}

/// Two records that are one event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TwinPair {
    /// What the legacy system wrote.
    pub history: PlacedEvent,
    /// What the new system wrote.
    pub native: PlacedEvent,
    /// How they differ, if at all.
    pub class: Class,
}

/// Why nothing could be matched: the clocks of both systems are farther apart than clocks are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ClockRefusal {
    /// The first day on which it shows.
    pub day: NaiveDate,
    /// The new system's clock minus the legacy one's, in milliseconds.
    pub offset_ms: i64,
    /// How far apart they may be, in milliseconds.
    pub max_offset_ms: i64,
}

/// Legacy records without identity that lie in the time of events of the new system: the same events,
/// perhaps, recorded twice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Overlap {
    /// How many records without identity there are in that time, that the store does not have yet.
    pub records: u64,
    /// The time of the first of them.
    pub first: DateTime<Utc>,
    /// The time of the last of them.
    pub last: DateTime<Utc>,
    /// The time of the first event of the new system.
    pub native_first: DateTime<Utc>,
    /// The time of the last one.
    pub native_last: DateTime<Utc>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::application::log_source::Place;
    use crate::domain::value_objects::EventId;
    use crate::wire::record::RecordFlags;

    const HOUR: i64 = 3_600_000_000;

    fn window(first: i64, last: i64) -> TimeWindow {
        TimeWindow { first: first * HOUR, last: last * HOUR }
    }

    fn record(shape: Shape, identity: Identity, hour: i64) -> ImportRecord {
        ImportRecord {
            place: Place { line: 1, offset: 0 },
            identity,
            event_type: "TaskCreated".to_owned(),
            occurred_at: DateTime::from_timestamp_micros(hour * HOUR).unwrap(),
            aggregate_id: None,
            body: "{}".to_owned(),
            shape,
            flags: RecordFlags::default(),
        }
    }

    #[test]
    fn the_times_of_both_systems_hold_what_was_noted_and_legacy_records_with_an_id_are_in_neither() {
        let derived = || Identity::Derived { content: uuid::Uuid::nil(), written_at: 0 };
        let carried = || Identity::Carried(EventId::new("e1").unwrap());
        let mut times = SystemTimes::default();
        times.note(&record(Shape::New, derived(), 3));
        times.note(&record(Shape::New, carried(), 5));
        times.note(&record(Shape::Legacy, derived(), 1));
        times.note(&record(Shape::Mapped, derived(), 2));
        times.note(&record(Shape::Mapped, carried(), 9));
        assert_eq!(times, SystemTimes { native: Some(window(3, 5)), history: Some(window(1, 2)) });
        for (shape, identity, hour, expected) in [
            (Shape::New, carried(), 4, true),
            (Shape::New, derived(), 2, false),
            (Shape::New, carried(), 6, false),
            (Shape::Legacy, derived(), 2, true),
            (Shape::Legacy, derived(), 3, false),
            (Shape::Mapped, carried(), 99, true),
        ] {
            assert_eq!(times.hold(&record(shape, identity, hour)), expected, "{shape:?}, {hour}");
        }
    }

    #[test]
    fn two_times_share_what_is_within_27_hours_of_both() {
        for (one, other, expected) in [
            (window(0, 100), window(50, 200), Some(window(23, 127))),
            (window(0, 100), window(20, 30), Some(window(-7, 57))),
            (window(0, 10), window(64, 90), Some(window(37, 37))),
            (window(0, 10), window(65, 90), None),
        ] {
            assert_eq!(TimeWindow::shared(one, other), expected);
            assert_eq!(TimeWindow::shared(other, one), expected);
        }
    }

    #[test]
    fn a_window_grows_by_the_instants_that_are_put_into_it() {
        let grown = [5, 3, 9].into_iter().fold(None, |window, at| Some(TimeWindow::with(window, at)));
        assert_eq!(grown, Some(TimeWindow { first: 3, last: 9 }));
        assert_eq!(TimeWindow::around(i64::MIN, i64::MAX), TimeWindow { first: i64::MIN, last: i64::MAX });
    }
}
