//! How a batch comes to hold what the callers of the last one dispatch next, without a time that is waited for it.

/// Lets other threads run, by `let_run`, until `enough` events wait, as `waiting` tells, or no further one has come
/// meanwhile.
///
/// Most callers dispatch their next event as soon as they have their answer. A batch that begins before they run misses
/// them: half of the callers would then wait while the other half is stored.
pub(super) fn gather(enough: usize, mut waiting: impl FnMut() -> usize, mut let_run: impl FnMut()) {
    let mut before = waiting();
    while before < enough {
        let_run();
        let now = waiting();
        if now <= before {
            return;
        }
        before = now;
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    /// How often others are let run where so many events wait at first, and so many more each time.
    fn runs(enough: usize, first: usize, more: &[usize]) -> usize {
        let (waiting, runs) = (Cell::new(first), Cell::new(0));
        gather(
            enough,
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
        assert_eq!(runs(8, 0, &[3, 4, 1, 5]), 3);
        assert_eq!(runs(8, 8, &[1]), 0);
        assert_eq!(runs(0, 0, &[1]), 0);
    }

    #[test]
    fn where_no_event_comes_none_is_waited_for() {
        assert_eq!(runs(8, 0, &[]), 1);
        assert_eq!(runs(8, 2, &[3, 0, 3]), 2);
    }
}
