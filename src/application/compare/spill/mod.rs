//! What does not fit into memory goes to the temporary file; and the threads that work on its parts.

pub(crate) mod memory_budget;
pub(crate) mod partitions;

use std::thread;

use super::feed::CompareError;

/// Does two things at once, and answers with both.
pub(crate) fn in_parallel<T: Send>(
    one: impl FnOnce() -> Result<T, CompareError> + Send,
    other: impl FnOnce() -> Result<T, CompareError>,
) -> Result<(T, T), CompareError> {
    thread::scope(|scope| {
        let one = scope.spawn(one);
        let other = other();
        let one = one.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        Ok((one?, other?))
    })
}
