//! What is logged of each dispatch. The words are those of the original, which operators search for.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::dispatched::Timing;
use crate::domain::value_objects::EventId;

/// A dispatch that takes longer is warned of.
const SLOW: Duration = Duration::from_millis(10);
/// How often it is: on a slow disk every dispatch is slow.
const EVERY: Duration = Duration::from_secs(1);

/// The log of a dispatcher.
#[derive(Debug, Default)]
pub(super) struct Report {
    /// Held for one line.
    slow: Mutex<SlowDispatches>,
}

#[derive(Debug, Default)]
struct SlowDispatches {
    /// When the last one was warned of, by the clock of the dispatcher.
    warned_at: Option<Duration>,
    /// How many there were since.
    untold: u64,
}

impl Report {
    pub fn executing(&self, event_id: &EventId) {
        tracing::debug!("[EventDispatcherService] Executing dispatch: event_id={event_id}");
    }

    /// The event was not stored.
    pub fn failed(&self) {
        completed(false);
    }

    pub fn completed(&self, success: bool, timing: &Timing, now: Duration) {
        completed(success);
        if timing.total() > SLOW
            && let Some(untold) = self.is_to_warn(now)
        {
            let line = performance_warning(timing);
            if untold == 0 { tracing::warn!("{line}") } else { tracing::warn!(others = untold, "{line}") }
        }
    }

    /// How many slow dispatches the warning stands for beside its own; `None` where it is too early for one.
    fn is_to_warn(&self, now: Duration) -> Option<u64> {
        let mut slow = self.slow.lock().unwrap_or_else(PoisonError::into_inner);
        if slow.warned_at.is_some_and(|warned_at| now.saturating_sub(warned_at) < EVERY) {
            slow.untold += 1;
            return None;
        }
        slow.warned_at = Some(now);
        Some(std::mem::take(&mut slow.untold))
    }
}

fn completed(success: bool) {
    tracing::debug!("[EventDispatcherService] Completed dispatch: success={success}");
}

fn performance_warning(timing: &Timing) -> String {
    let milliseconds = |duration: Duration| duration.as_secs_f64() * 1_000.0;
    format!(
        "[EventDispatcherService] PERFORMANCE WARNING: Dispatch took {:.1}ms (waited {:.1}, stored {:.1}, handled {:.1})",
        milliseconds(timing.total()),
        milliseconds(timing.waited),
        milliseconds(timing.stored),
        milliseconds(timing.handled),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_warning_says_where_the_time_went() {
        let timing = Timing {
            waited: Duration::from_micros(400),
            stored: Duration::from_micros(10_900),
            handled: Duration::from_millis(1),
            queued: 0,
        };
        assert_eq!(
            performance_warning(&timing),
            "[EventDispatcherService] PERFORMANCE WARNING: Dispatch took 12.3ms (waited 0.4, stored 10.9, handled 1.0)"
        );
    }

    #[test]
    fn slow_dispatches_are_warned_of_once_a_second_and_counted_meanwhile() {
        let report = Report::default();
        let at = |milliseconds| report.is_to_warn(Duration::from_millis(milliseconds));
        assert_eq!([at(5), at(6), at(1_004), at(1_005), at(1_006)], [Some(0), None, None, Some(2), None]);
    }
}
