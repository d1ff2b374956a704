//! Requests to end: SIGTERM and SIGINT.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

/// What a shell reports of a process that SIGINT has ended.
const ENDED_BY_SIGINT: i32 = 128 + SIGINT;

/// For how long a further request is the same one: `timeout`, for one, sends its signal to the process and then to its group.
const SAME_REQUEST: Duration = Duration::from_secs(1);
/// How often is looked whether there was one.
const LOOK: Duration = Duration::from_millis(50);

/// Whether the process was asked to end. The first request lets a command finish what it has begun; another one, after a
/// second, ends the process.
pub struct Termination(Arc<AtomicBool>);

impl Termination {
    /// Notices requests from now on.
    ///
    /// # Errors
    /// The system refused a signal handler, or a thread.
    pub fn watch() -> io::Result<Self> {
        let (requested, ends_at_once) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        for signal in [SIGTERM, SIGINT] {
            flag::register_conditional_shutdown(signal, ENDED_BY_SIGINT, Arc::clone(&ends_at_once))?;
            flag::register(signal, Arc::clone(&requested))?;
        }
        let first = Arc::clone(&requested);
        thread::Builder::new().name("signals".to_owned()).spawn(move || {
            while !first.load(Ordering::SeqCst) {
                thread::sleep(LOOK);
            }
            thread::sleep(SAME_REQUEST);
            ends_at_once.store(true, Ordering::SeqCst);
        })?;
        Ok(Self(requested))
    }

    /// Whether there was a request.
    pub fn is_requested(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}
