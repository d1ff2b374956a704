//! What a comparison is asked to do.

use chrono::{DateTime, TimeDelta, Utc};

use crate::wire::zone::Zone;

use super::profile::Profile;

/// Where a comparison of a legacy log with one of the new system begins, if [`Settings::since`] does not say so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// At the partner of the first event that the new system wrote.
    Inferred,
    /// When the parallel run was started, by the new system's clock: that was recorded.
    Recorded(DateTime<Utc>),
    /// At the first event of either side.
    FirstEvents,
}

/// How two logs are compared.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The zone whose days are counted.
    pub zone: Zone,
    /// Which differences are expected or ignored.
    pub profile: Profile,
    /// How far the times of a pair may lie apart once the clocks are set against each other.
    pub tolerance: TimeDelta,
    /// How far apart the same content is still the same event, at another time.
    pub max_shift: TimeDelta,
    /// How far apart the clocks may be.
    pub max_offset: TimeDelta,
    /// An event that is younger than this may not have been written by both sides yet.
    pub settle: TimeDelta,
    /// The moment of the comparison.
    pub as_of: DateTime<Utc>,
    /// True where the moment was declared, not read off a clock: everything after it is pending then.
    pub as_of_is_declared: bool,
    /// Events before this instant are out of range.
    pub since: Option<DateTime<Utc>>,
    /// Where a [`ParallelRun`](super::parallel_run::ParallelRun) begins without `since`. Logs of one kind are
    /// compared from their first events on, and so are the sides of [`compare`](super::compare).
    pub start: Start,
    /// Events after this instant are out of range.
    pub until: Option<DateTime<Utc>>,
    /// How many bytes of memory the comparison may hold before it goes to the temporary file.
    pub memory: usize,
    /// How many differences are listed.
    pub limit: usize,
    /// More differences are kept than are listed, for a report that shows them.
    pub is_reported: bool,
    /// Pairs may be taken out before the stages where that is faster. The report is the same without.
    pub shortcuts: bool,
}

impl Settings {
    /// As `compare-logs` compares where nothing else is asked for: by the built-in profile, without a range,
    /// 2 seconds of tolerance, at most one hour of shift and 5 minutes between the clocks; events of the
    /// last 60 seconds before `as_of`, the present moment, are too young; 256 MiB of memory, 1,000
    /// differences listed. Days are those of `zone`.
    pub fn new(zone: Zone, as_of: DateTime<Utc>) -> Self {
        Self {
            zone,
            profile: Profile::default(),
            tolerance: TimeDelta::seconds(2),
            max_shift: TimeDelta::hours(1),
            max_offset: TimeDelta::minutes(5),
            settle: TimeDelta::seconds(60),
            as_of,
            as_of_is_declared: false,
            since: None,
            start: Start::Inferred,
            until: None,
            memory: 256 << 20,
            limit: 1000,
            is_reported: false,
            shortcuts: true,
        }
    }

    /// The tolerance in microseconds.
    pub(crate) fn tolerance_us(&self) -> i64 {
        micros(self.tolerance)
    }

    /// The largest shift in microseconds.
    pub(crate) fn max_shift_us(&self) -> i64 {
        micros(self.max_shift)
    }

    /// The largest offset of clocks in microseconds.
    pub(crate) fn max_offset_us(&self) -> i64 {
        micros(self.max_offset)
    }
}

/// A span that is too long for microseconds is longer than any two events can be apart.
fn micros(span: TimeDelta) -> i64 {
    span.num_microseconds().unwrap_or(i64::MAX / 4)
}
