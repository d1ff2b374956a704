//! How a batch comes to hold what the callers of the last one dispatch next, without a time that is waited for it.
//!
//! Most callers dispatch their next event as soon as they have their answer. A batch that begins before they run misses
//! them: half of the callers would then wait while the other half is stored. So the threads that can run are let run before.

use std::time::Duration;

/// Once a batch was held up for longer than that, it begins. Where others took so long at a time, the processors have other work, which has
/// no event to bring.
const TOO_LONG: Duration = Duration::from_millis(2);
/// For so many batches it is not tried again then.
const LEFT_OUT: u32 = 100;

/// Lets callers run before a batch, where that is worth it.
#[derive(Debug, Default)]
pub(super) struct Gathering {
    /// For so many batches it is not tried.
    left_out: u32,
}

impl Gathering {
    /// Lets other threads run, by `let_run`, until `enough` events wait, as `waiting` tells, no further one has come
    /// meanwhile, or it has taken too long. `elapsed` is a clock.
    pub fn gather(
        &mut self,
        enough: usize,
        elapsed: impl Fn() -> Duration,
        mut waiting: impl FnMut() -> usize,
        mut let_run: impl FnMut(),
    ) {
        if self.left_out > 0 {
            self.left_out -= 1;
            return;
        }
        let began = elapsed();
        let (mut at, mut before) = (began, waiting());
        while before < enough && at.saturating_sub(began) <= TOO_LONG {
            let_run();
            let last = std::mem::replace(&mut at, elapsed());
            if at.saturating_sub(last) > TOO_LONG {
                self.left_out = LEFT_OUT;
                return;
            }
            let now = waiting();
            if now <= before {
                return;
            }
            before = now;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    /// How often others are let run where so many events wait at first, so many more each time, and each time takes so long.
    fn runs(
        gathering: &mut Gathering,
        enough: usize,
        first: usize,
        more: &[usize],
        milliseconds: u64,
    ) -> usize {
        let (waiting, runs) = (Cell::new(first), Cell::new(0));
        let elapsed = || Duration::from_millis(runs.get() as u64 * milliseconds);
        gathering.gather(
            enough,
            elapsed,
            || waiting.get(),
            || {
                waiting.set(waiting.get() + more.get(runs.get()).copied().unwrap_or_default());
                runs.set(runs.get() + 1);
            },
        );
        runs.get()
    }

    #[test]
    fn others_are_let_run_until_as_many_events_wait_as_were_answered() {
        let mut gathering = Gathering::default();
        assert_eq!(runs(&mut gathering, 8, 0, &[3, 4, 1, 5], 1), 3);
        assert_eq!(runs(&mut gathering, 8, 8, &[1], 1), 0);
        assert_eq!(runs(&mut gathering, 0, 0, &[1], 1), 0);
    }

    #[test]
    fn where_no_event_comes_none_is_waited_for() {
        let mut gathering = Gathering::default();
        assert_eq!(runs(&mut gathering, 8, 0, &[], 1), 1);
        assert_eq!(runs(&mut gathering, 8, 2, &[3, 0, 3], 1), 2);
    }

    #[test]
    fn a_batch_is_not_held_up_for_longer_by_events_that_come_one_by_one() {
        let mut gathering = Gathering::default();
        for _ in 0..2 {
            assert_eq!(runs(&mut gathering, 512, 0, &[1; 512], 1), 3);
        }
    }

    #[test]
    fn where_the_processors_have_other_work_it_is_left_out_for_a_while() {
        let mut gathering = Gathering::default();
        assert_eq!(runs(&mut gathering, 8, 0, &[3, 4, 1], 3), 1);
        for _ in 0..LEFT_OUT {
            assert_eq!(runs(&mut gathering, 8, 0, &[3, 4, 1], 3), 0);
        }
        assert_eq!(runs(&mut gathering, 8, 0, &[3, 4, 1], 1), 3);
    }
}
