//! What threads of a comparison share.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use crate::application::compare::feed::CompareError;

/// What a mutex guards. A thread that panics while it holds the lock ends the comparison, so that no state
/// that it left half changed is used.
pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Does two things at once, and answers with both.
///
/// # Errors
/// What one of them answers with; or there is no thread for it.
pub(crate) fn in_parallel<T: Send>(
    one: impl FnOnce() -> Result<T, CompareError> + Send,
    other: impl FnOnce() -> Result<T, CompareError>,
) -> Result<(T, T), CompareError> {
    thread::scope(|scope| {
        let one = thread::Builder::new().spawn_scoped(scope, one).map_err(CompareError::Thread)?;
        let other = other();
        let one = one.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        Ok((one?, other?))
    })
}
