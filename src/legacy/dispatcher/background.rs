//! The thread that processes events in the background.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded};

use super::error::DispatcherError;
use super::handling::{HandledEvent, Handling};
use crate::legacy::outage::Outage;

/// How often the queue is looked at: what watchers notice, and retries, come into it without a word.
const LOOK: Duration = Duration::from_millis(50);
/// The pause after an error of the queue or a file, which doubles with each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// A thread that processes events until it is stopped.
pub(super) struct Background {
    is_ending: Arc<AtomicBool>,
    wake: Sender<()>,
    thread: JoinHandle<()>,
}

impl Background {
    /// Starts it.
    ///
    /// # Errors
    /// The system gave no thread.
    pub fn start(handling: Arc<Handling>) -> io::Result<Self> {
        let is_ending = Arc::new(AtomicBool::new(false));
        let (wake, woken) = bounded(1);
        let worker = Worker { handling, is_ending: Arc::clone(&is_ending), woken };
        let thread = thread::Builder::new().name("legacy events".to_owned()).spawn(move || worker.run())?;
        Ok(Self { is_ending, wake, thread })
    }

    /// There is something to do.
    pub fn wake(&self) {
        // It is full where it was woken already.
        let _ = self.wake.try_send(());
    }

    /// Ends it, and returns when it has ended; a handler that stops its own dispatcher is not waited for.
    pub fn stop(self) {
        self.is_ending.store(true, Ordering::SeqCst);
        self.wake();
        if self.thread.thread().id() != thread::current().id() {
            // Handlers cannot end it by a panic, which is caught.
            let _ = self.thread.join();
        }
    }
}

struct Worker {
    handling: Arc<Handling>,
    is_ending: Arc<AtomicBool>,
    woken: Receiver<()>,
}

impl Worker {
    fn run(self) {
        tracing::info!("[EventDispatcher] started");
        let outage = Outage::new(
            "what becomes of events cannot be written, and is tried again",
            "what becomes of events is written again",
        );
        let mut pause = FIRST_PAUSE;
        let mut ending: Option<Instant> = None;
        loop {
            if self.is_ending.load(Ordering::SeqCst) {
                let ending = ending.get_or_insert_with(Instant::now);
                if ending.elapsed() >= self.handling.settings.stop_patience {
                    break;
                }
            }
            let processed = self.process_next();
            let now = self.handling.clock.elapsed();
            match processed {
                Ok(processed) => {
                    pause = FIRST_PAUSE;
                    outage.is_over(now);
                    match processed {
                        Some(_) => {}
                        None if ending.is_some() => break,
                        None => self.wait(LOOK),
                    }
                }
                Err(error) => {
                    outage.has_failed(&error, now);
                    if ending.is_some() {
                        break;
                    }
                    self.wait(pause);
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
            }
        }
        tracing::info!("[EventDispatcher] stopped");
    }

    /// Where no event is due, what could not be written to the log of handlers is.
    fn process_next(&self) -> Result<Option<HandledEvent>, DispatcherError> {
        let handled = self.handling.process_next()?;
        if handled.is_none() {
            self.handling.log.write_rest()?;
        }
        Ok(handled)
    }

    fn wait(&self, time: Duration) {
        // Woken, too late, or left alone: there is something to look at in each case.
        let _ = self.woken.recv_timeout(time);
    }
}
