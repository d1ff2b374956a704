//! Requests to end: SIGTERM and SIGINT.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

/// What a shell reports of a process that SIGINT has ended.
const ENDED_BY_SIGINT: i32 = 128 + SIGINT;

/// Whether the process was asked to end. The first request lets a command finish what it has begun; the second one
/// ends the process.
pub struct Termination(Arc<AtomicBool>);

impl Termination {
    /// Notices requests from now on.
    ///
    /// # Errors
    /// The system refused a signal handler.
    pub fn watch() -> io::Result<Self> {
        let requested = Arc::new(AtomicBool::new(false));
        for signal in [SIGTERM, SIGINT] {
            // The handlers of a signal run in this order: the first request passes the conditional one.
            flag::register_conditional_shutdown(signal, ENDED_BY_SIGINT, Arc::clone(&requested))?;
            flag::register(signal, Arc::clone(&requested))?;
        }
        Ok(Self(requested))
    }

    /// Whether there was a request.
    pub fn is_requested(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}
