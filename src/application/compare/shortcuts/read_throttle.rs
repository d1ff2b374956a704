//! Keeps two sides that are being read at the same pace, so that the events of a pair are read at about the
//! same time.

use std::sync::{Condvar, Mutex, PoisonError};

use crate::application::compare::reading::packed_event::Side;

/// How many events one side may be ahead of the other: enough that its thread reads on while that of the other one looks for pairs.
/// What waits is bounded in bytes, by the join.
const SLACK: u64 = 1 << 17;

/// How far both sides have been read.
#[derive(Default)]
pub(crate) struct ReadThrottle {
    state: Mutex<State>,
    moved: Condvar,
}

#[derive(Default)]
struct State {
    events: [u64; 2],
    /// A side that was read to its end does not wait, and is not waited for.
    ended: [bool; 2],
    lifted: bool,
}

impl ReadThrottle {
    /// Takes note that a side was read on; waits where it is too far ahead.
    pub fn advance(&self, side: Side, events: u64) {
        let (this, other) = (side as usize, 1 - side as usize);
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.events[this] += events;
        self.moved.notify_all();
        while !state.lifted && !state.ended[other] && state.events[this] > state.events[other] + SLACK {
            state = self.moved.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// A side was read to its end, or will not be read on.
    pub fn end(&self, side: Side) {
        self.change(|state| state.ended[side as usize] = true);
    }

    /// From now on no side waits.
    pub fn lift(&self) {
        self.change(|state| state.lifted = true);
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner));
        self.moved.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::thread;

    use super::*;

    #[test]
    fn no_side_gets_farther_ahead_than_the_slack() {
        let throttle = ReadThrottle::default();
        let read = [AtomicU64::new(0), AtomicU64::new(0)];
        thread::scope(|scope| {
            for side in [Side::Control, Side::Candidate] {
                let (throttle, read) = (&throttle, &read);
                scope.spawn(move || {
                    for _ in 0..1000 {
                        throttle.advance(side, 1024);
                        let ahead = read[side as usize].fetch_add(1024, Ordering::SeqCst) + 1024;
                        let other = read[1 - side as usize].load(Ordering::SeqCst);
                        // The other thread may just be about to say how far it is.
                        assert!(ahead <= other + SLACK + 2 * 1024, "{ahead} {other}");
                    }
                    throttle.end(side);
                });
            }
        });
    }

    #[test]
    fn no_side_waits_for_one_that_has_ended_or_once_the_throttle_is_lifted() {
        let throttle = ReadThrottle::default();
        throttle.end(Side::Candidate);
        throttle.advance(Side::Control, SLACK * 3);
        let throttle = ReadThrottle::default();
        thread::scope(|scope| {
            scope.spawn(|| throttle.advance(Side::Candidate, SLACK * 3));
            throttle.lift();
        });
    }
}
