//! What is collected in memory, and not yet a line of the file.

use std::collections::VecDeque;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::latencies::Latencies;
use super::line::FiguresLine;
use crate::domain::event_system_mode::EventSystemMode;
use crate::wire::zone::Zone;

/// What takes longer is counted.
const SLOW: Duration = Duration::from_millis(10);

/// What became of a dispatch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DispatchOutcome {
    /// The primary side took the event, and the secondary one, where there is one, did not fail while it was waited for.
    Taken,
    /// The primary side took it, and the secondary one failed.
    SecondaryFailed,
    /// The primary side could not take it. An event that is refused for what it is, is no failure, and not recorded.
    PrimaryFailed,
}

/// The figures of one mode within one minute.
#[derive(Debug, Default)]
struct Counts {
    latencies: Latencies,
    over_10ms: u64,
    primary_failures: u64,
    secondary_failures: u64,
}

/// A part of a minute, and what was dispatched in it in one mode.
#[derive(Debug)]
pub(super) struct Period {
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    mode: EventSystemMode,
    counts: Counts,
}

/// What was recorded and not yet taken out to be written.
#[derive(Debug)]
pub(super) struct Collected {
    /// Where the current period begins.
    from: DateTime<Utc>,
    /// An entry for each mode that was recorded in it: one, where there was no switch.
    current: Vec<(EventSystemMode, Counts)>,
    ended: VecDeque<Period>,
}

impl Collected {
    pub fn new(now: DateTime<Utc>) -> Self {
        Self { from: now, current: Vec::new(), ended: VecDeque::new() }
    }

    pub fn record(
        &mut self,
        now: DateTime<Utc>,
        mode: EventSystemMode,
        latency: Duration,
        outcome: DispatchOutcome,
    ) {
        self.end_minute(now);
        let counts = self.counts_of(mode);
        match outcome {
            DispatchOutcome::PrimaryFailed => {
                counts.primary_failures += 1;
                return;
            }
            DispatchOutcome::SecondaryFailed => counts.secondary_failures += 1,
            DispatchOutcome::Taken => {}
        }
        counts.over_10ms += u64::from(latency > SLOW);
        counts.latencies.record(latency);
    }

    fn counts_of(&mut self, mode: EventSystemMode) -> &mut Counts {
        let at = self.current.iter().position(|(known, _)| *known == mode).unwrap_or_else(|| {
            self.current.push((mode, Counts::default()));
            self.current.len() - 1
        });
        &mut self.current[at].1
    }

    /// Takes what the minutes before the current one had.
    pub fn take_ended(&mut self, now: DateTime<Utc>) -> Vec<Period> {
        self.end_minute(now);
        self.ended.drain(..).collect()
    }

    /// Takes everything.
    pub fn take_all(&mut self, now: DateTime<Utc>) -> Vec<Period> {
        self.end_minute(now);
        self.end(now);
        self.ended.drain(..).collect()
    }

    /// Takes what the minutes before the current one had, and of that one the failures of the primary side alone: the rest of it
    /// stays.
    pub fn take_failures(&mut self, now: DateTime<Utc>) -> Vec<Period> {
        let mut periods = self.take_ended(now);
        let failed = |(mode, counts): &mut (EventSystemMode, Counts)| {
            let primary_failures = std::mem::take(&mut counts.primary_failures);
            let counts = Counts { primary_failures, ..Counts::default() };
            (primary_failures > 0).then_some(Period {
                from: self.from,
                to: now.max(self.from),
                mode: *mode,
                counts,
            })
        };
        periods.extend(self.current.iter_mut().filter_map(failed));
        self.current.retain(|(_, counts)| counts.is_any());
        periods
    }

    /// Ends the current period where `now` is in another minute, be it an earlier one: the clock may have been set. Midnights are
    /// ends of minutes in every zone of this time, so that no period has two days.
    fn end_minute(&mut self, now: DateTime<Utc>) {
        if minute_of(now) != minute_of(self.from) {
            self.end(end_of_minute(self.from));
            self.from = start_of_minute(now);
        }
    }

    fn end(&mut self, to: DateTime<Utc>) {
        let (from, to) = (self.from, to.max(self.from));
        let ended = self.current.drain(..).filter(|(_, counts)| counts.is_any());
        self.ended.extend(ended.map(|(mode, counts)| Period { from, to, mode, counts }));
        self.from = to;
    }
}

impl Counts {
    fn is_any(&self) -> bool {
        self.latencies.count() + self.primary_failures > 0
    }
}

impl Period {
    /// The line of it, of that process, in that zone.
    pub fn to_line(&self, pid: u32, zone: &Zone) -> FiguresLine {
        let Counts { latencies, over_10ms, primary_failures, secondary_failures } = &self.counts;
        FiguresLine {
            day: zone.day_of(self.from),
            from: self.from,
            to: self.to,
            pid,
            mode: self.mode.to_string(),
            dispatches: latencies.count(),
            over_10ms: *over_10ms,
            p50_us: latencies.quantile(0.5),
            p99_us: latencies.quantile(0.99),
            max_us: latencies.max(),
            mean_us: latencies.mean(),
            histogram: latencies.to_base64(),
            primary_failures: *primary_failures,
            secondary_failures: *secondary_failures,
        }
    }
}

fn minute_of(time: DateTime<Utc>) -> i64 {
    time.timestamp().div_euclid(60)
}

fn start_of_minute(time: DateTime<Utc>) -> DateTime<Utc> {
    DateTime::from_timestamp(minute_of(time) * 60, 0).unwrap_or(time)
}

/// When the minute of a time ends.
pub(super) fn end_of_minute(time: DateTime<Utc>) -> DateTime<Utc> {
    start_of_minute(time).checked_add_signed(TimeDelta::minutes(1)).unwrap_or(time)
}
