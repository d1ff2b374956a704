//! Requests to read the settings again: SIGHUP.

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
#[cfg(feature = "legacy")]
use std::sync::atomic::Ordering;

use signal_hook::consts::SIGHUP;
use signal_hook::flag;

/// Requests since the last look.
pub struct HangUps {
    #[cfg(feature = "legacy")]
    requested: Arc<AtomicBool>,
}

impl HangUps {
    /// Notices requests from now on; before, one ends the process.
    ///
    /// # Errors
    /// The system refused a signal handler.
    pub fn listen() -> io::Result<Self> {
        let requested = Arc::new(AtomicBool::new(false));
        flag::register(SIGHUP, Arc::clone(&requested))?;
        Ok(Self {
            #[cfg(feature = "legacy")]
            requested,
        })
    }

    /// Whether there was one since this was asked last. Without the legacy system there is one mode, and none is heeded.
    #[cfg(feature = "legacy")]
    pub fn take(&self) -> bool {
        self.requested.swap(false, Ordering::SeqCst)
    }
}
