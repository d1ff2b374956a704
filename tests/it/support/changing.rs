//! Logs that change while they are read.

use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

/// Runs something while a log changes, hundreds of times in the time that it takes to read a long one once: no two
/// looks see it in one state.
pub fn while_changing<T>(log: &Path, run: impl FnOnce() -> T) -> T {
    let done = AtomicBool::new(false);
    let outcome = std::thread::scope(|scope| {
        scope.spawn(|| {
            let log = File::options().append(true).open(log).unwrap();
            let mut modified = SystemTime::now();
            while !done.load(Ordering::Relaxed) {
                modified += Duration::from_millis(1);
                log.set_modified(modified).unwrap();
                // Changing it all the time would take the processor from what runs.
                std::thread::sleep(Duration::from_micros(100));
            }
        });
        // Not even a panic may leave the other thread to write for ever.
        let outcome = catch_unwind(AssertUnwindSafe(run));
        done.store(true, Ordering::Relaxed);
        outcome
    });
    outcome.unwrap_or_else(|panic| resume_unwind(panic))
}
