//! What becomes of an event that was not handled, as a pure function of the attempts.

use chrono::{DateTime, TimeDelta, Utc};

use super::failure::FailureState;
use super::registration::RetryPolicy;

/// How many failures of a handler may be open (retrying or parked) before it stops: with more, something is wrong
/// with the handler, not with events.
pub const OPEN_FAILURES: u64 = 1_024;

impl RetryPolicy {
    /// The state of an event after that many attempts, and when it is tried again.
    pub fn after_failure(
        &self,
        attempts: u32,
        is_permanent: bool,
        now: DateTime<Utc>,
    ) -> (FailureState, Option<DateTime<Utc>>) {
        let delay = self.delays.get(attempts.saturating_sub(1) as usize).filter(|_| !is_permanent);
        let next = delay
            .map(|delay| TimeDelta::from_std(*delay).ok().and_then(|delay| now.checked_add_signed(delay)))
            // A time beyond the calendar is never: the event is parked.
            .unwrap_or_default();
        match next {
            Some(at) => (FailureState::Retrying, Some(at)),
            None => (FailureState::Parked, None),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn an_event_is_tried_again_after_1_10_and_60_seconds_and_then_parked() {
        let now = DateTime::UNIX_EPOCH;
        for (attempts, is_permanent, seconds) in [
            (1, false, Some(1)),
            (2, false, Some(10)),
            (3, false, Some(60)),
            (4, false, None),
            (5, false, None),
            (1, true, None),
            (3, true, None),
        ] {
            let expected = match seconds {
                Some(seconds) => (FailureState::Retrying, Some(now + TimeDelta::seconds(seconds))),
                None => (FailureState::Parked, None),
            };
            let found = RetryPolicy::default().after_failure(attempts, is_permanent, now);
            assert_eq!(found, expected, "{attempts} attempts, permanent: {is_permanent}");
        }
    }

    #[test]
    fn a_policy_without_delays_parks_at_once() {
        let policy = RetryPolicy { delays: Vec::new() };
        assert_eq!(policy.after_failure(1, false, DateTime::UNIX_EPOCH), (FailureState::Parked, None));
    }

    #[test]
    fn a_delay_beyond_the_calendar_parks() {
        let policy = RetryPolicy { delays: vec![Duration::MAX] };
        assert_eq!(policy.after_failure(1, false, DateTime::UNIX_EPOCH), (FailureState::Parked, None));
    }
}
