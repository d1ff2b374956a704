//! The thread that processes events in the background.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded};

use super::handling::Handling;
use crate::domain::error_chain::error_chain;

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
    pub fn start(handling: Arc<Handling>) -> Self {
        let is_ending = Arc::new(AtomicBool::new(false));
        let (wake, woken) = bounded(1);
        let worker = Worker { handling, is_ending: Arc::clone(&is_ending), woken };
        Self { is_ending, wake, thread: thread::spawn(move || worker.run()) }
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
        let mut pause = FIRST_PAUSE;
        let mut end: Option<Instant> = None;
        loop {
            if self.is_ending.load(Ordering::SeqCst) {
                let end = *end.get_or_insert_with(|| Instant::now() + self.handling.settings.stop_patience);
                if Instant::now() >= end {
                    break;
                }
            }
            match self.handling.process_next() {
                Ok(Some(_)) => pause = FIRST_PAUSE,
                Ok(None) if end.is_some() => break,
                Ok(None) => self.wait(LOOK),
                Err(error) => {
                    tracing::error!("[EventDispatcher] {}", error_chain(&error));
                    if end.is_some() {
                        break;
                    }
                    self.wait(pause);
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
            }
        }
        tracing::info!("[EventDispatcher] stopped");
    }

    fn wait(&self, time: Duration) {
        // Woken, too late, or left alone: there is something to look at in each case.
        let _ = self.woken.recv_timeout(time);
    }
}
