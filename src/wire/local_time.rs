//! Places the timestamps of one log on the UTC line, in the order of that log.

use std::collections::BTreeMap;
use std::ops::BitOr;

use chrono::{DateTime, Utc};

use crate::wire::timestamp::{LastDay, TimestampError, WrittenTimestamp};
use crate::wire::zone::{LocalTime, Zone};

/// What was decided while a timestamp was placed, as a set.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct TimeFlags(u8);

impl TimeFlags {
    /// Nothing: an offset was written.
    pub const NONE: Self = Self(0);
    /// No offset was written; the zone of the log gave it.
    pub const NAIVE: Self = Self(1);
    /// The local time came twice, because the clocks went back.
    pub const AMBIGUOUS: Self = Self(1 << 1);
    /// The local time never came, because the clocks went forward; it was moved forward as far as they were.
    pub const MISSING: Self = Self(1 << 2);
    /// Second 60 was written; it became the second after it.
    pub const LEAP_SECOND: Self = Self(1 << 3);

    const NAMES: [(Self, &'static str); 4] = [
        (Self::NAIVE, "naive"),
        (Self::AMBIGUOUS, "ambiguous_local_time"),
        (Self::MISSING, "missing_local_time"),
        (Self::LEAP_SECOND, "leap_second"),
    ];

    /// Whether all of `flags` are in this set.
    pub fn contains(self, flags: Self) -> bool {
        self.0 & flags.0 == flags.0
    }

    /// The names that reports count these flags under.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        Self::NAMES.into_iter().filter(move |(flag, _)| self.contains(*flag)).map(|(_, name)| name)
    }
}

impl BitOr for TimeFlags {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// What to do with local times that a change of the clocks repeats or skips.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum DstPolicy {
    /// Place them by rule, and flag them.
    #[default]
    Resolve,
    /// Refuse them.
    Reject,
}

/// Places the timestamps of one log, which must come in the order of that log: whether a repeated local time is
/// its first or its second occurrence shows only in whether the log's local time has stepped back before it.
#[derive(Debug)]
pub struct LocalTimeResolver<'z> {
    zone: &'z Zone,
    dst: DstPolicy,
    repeated: RepeatedTimes,
    last_day: LastDay,
}

/// The repeated intervals read so far, each under the first local time read in it: what the place of a later
/// timestamp of the log depends on.
#[derive(Debug, Clone, Default)]
pub struct RepeatedTimes(BTreeMap<i64, RepeatedInterval>);

/// Local times that come twice, as far as this log has shown. Times are civil microseconds.
#[derive(Debug, Clone)]
struct RepeatedInterval {
    last: i64,
    stepped_back: bool,
}

impl<'z> LocalTimeResolver<'z> {
    pub fn new(zone: &'z Zone, dst: DstPolicy) -> Self {
        Self::resume(zone, dst, RepeatedTimes::default())
    }

    /// One that goes on in a log of which an earlier one has read the beginning.
    pub fn resume(zone: &'z Zone, dst: DstPolicy, repeated: RepeatedTimes) -> Self {
        Self { zone, dst, repeated, last_day: LastDay::default() }
    }

    /// The next timestamp is the first one of another log.
    pub fn begin_log(&mut self) {
        self.repeated = RepeatedTimes::default();
    }

    /// What [`resume`](Self::resume) goes on with.
    pub fn into_repeated(self) -> RepeatedTimes {
        self.repeated
    }

    /// The instant of the log's next timestamp, and what had to be decided to place it.
    ///
    /// A local time that comes twice is the earlier instant, or the later one once a naive local time of this log
    /// has been less than one before it in the same repeated interval. A local time that never comes moves
    /// forward by the size of the gap. A written offset is taken at its word, whatever the zone.
    ///
    /// # Errors
    /// As [`WrittenTimestamp::at_offset`]; under [`DstPolicy::Reject`] also a local time that comes twice or never.
    pub fn resolve(
        &mut self,
        written: &WrittenTimestamp,
    ) -> Result<(DateTime<Utc>, TimeFlags), TimestampError> {
        let (offset, flags) = match written.offset_seconds() {
            Some(offset) => (offset, TimeFlags::NONE),
            None => self.zone_offset(written)?,
        };
        let leap = if written.is_leap_second() { TimeFlags::LEAP_SECOND } else { TimeFlags::NONE };
        Ok((written.at_offset_after(&mut self.last_day, offset)?, flags | leap))
    }

    fn zone_offset(&mut self, written: &WrittenTimestamp) -> Result<(i32, TimeFlags), TimestampError> {
        let naive = TimeFlags::NAIVE;
        match self.zone.local_time(written.civil_second()) {
            LocalTime::Once { offset } => Ok((offset, naive)),
            LocalTime::Twice { .. } if self.dst == DstPolicy::Reject => {
                Err(TimestampError::AmbiguousLocalTime {
                    local: written.civil_time(),
                    zone: self.zone.name().to_owned(),
                })
            }
            LocalTime::Twice { first_offset, second_offset } => {
                let length = i64::from(first_offset - second_offset) * 1_000_000;
                let second = self.has_stepped_back(written.civil_micros(), length);
                Ok((if second { second_offset } else { first_offset }, naive | TimeFlags::AMBIGUOUS))
            }
            LocalTime::Never { .. } if self.dst == DstPolicy::Reject => {
                Err(TimestampError::MissingLocalTime {
                    local: written.civil_time(),
                    zone: self.zone.name().to_owned(),
                })
            }
            LocalTime::Never { offset_before } => Ok((offset_before, naive | TimeFlags::MISSING)),
        }
    }

    /// Notes a local time of a repeated interval of this length, and says whether the log is in its second pass.
    fn has_stepped_back(&mut self, civil_micros: i64, length: i64) -> bool {
        // Two repeated local times that lie less than the length of their interval apart are of the same
        // interval, and all times of one interval do: no zone repeats two intervals that shortly after each other.
        let near = civil_micros - length + 1..civil_micros + length;
        match self.repeated.0.range_mut(near).next() {
            Some((_, interval)) => {
                interval.stepped_back |= civil_micros < interval.last;
                interval.last = civil_micros;
                interval.stepped_back
            }
            None => {
                let interval = RepeatedInterval { last: civil_micros, stepped_back: false };
                self.repeated.0.insert(civil_micros, interval);
                false
            }
        }
    }
}

#[cfg(test)]
mod tests;
