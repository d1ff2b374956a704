//! The thread of a mirror: it outlives every error, and tries again.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use super::mirror_error::MirrorError;
use super::mirror_state::MirrorState;
use super::routed::RouteError;
use super::sides::Sides;
use crate::application::handling::panic_message;
use crate::domain::error_chain::error_chain;

/// The pause after an error, which doubles with each further one.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// How often a mirror looks for what other processes have dispatched.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// What a mirror does, one step at a time.
pub(super) trait MirrorWorker: Send {
    /// Brings at most one page of events to the other side.
    fn round(&mut self) -> Result<Round, MirrorError>;

    /// What is in memory may be wrong: everything is read again.
    fn forget(&mut self);

    /// Keeps the reason for which it does not go on, or that it goes on, where it can.
    fn note_trouble(&mut self, reason: Option<&str>);
}

/// What a step came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Round {
    /// There may be more.
    Worked,
    /// There is nothing to do until something is dispatched.
    CaughtUp,
    /// Something else has to be done first, or another process mirrors.
    Waits,
    /// Nothing is left, and nothing will come in this mode.
    Finished,
}

/// What becomes of the right to mirror once everything is mirrored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Right {
    /// It is kept, for what this process dispatches next.
    Kept,
    /// It is given back, to whichever process dispatches.
    GivenBack,
}

/// A mirror: its thread is started when there is something for it.
pub(super) struct Mirror {
    pub state: Arc<MirrorState>,
    sides: Arc<Sides>,
    worker: fn(Arc<Sides>, Arc<MirrorState>) -> Box<dyn MirrorWorker>,
    right: Right,
}

impl Mirror {
    pub fn new(
        state: MirrorState,
        sides: Arc<Sides>,
        worker: fn(Arc<Sides>, Arc<MirrorState>) -> Box<dyn MirrorWorker>,
        right: Right,
    ) -> Self {
        Self { state: Arc::new(state), sides, worker, right }
    }

    /// Starts the thread, if it does not run.
    pub fn start(&self) -> Result<(), RouteError> {
        if !self.state.start() {
            return Ok(());
        }
        let worker = (self.worker)(Arc::clone(&self.sides), Arc::clone(&self.state));
        let mut thread = MirrorThread {
            state: Arc::clone(&self.state),
            sides: Arc::clone(&self.sides),
            worker,
            right: self.right,
            pause: FIRST_PAUSE,
        };
        let started = thread::Builder::new().name(self.state.name.to_owned()).spawn(move || thread.run());
        started.map(|_| ()).map_err(|error| {
            self.state.set_ended();
            RouteError::Thread(error)
        })
    }
}

struct MirrorThread {
    state: Arc<MirrorState>,
    sides: Arc<Sides>,
    worker: Box<dyn MirrorWorker>,
    right: Right,
    /// After the next error.
    pause: Duration,
}

/// What the thread does next.
#[derive(Debug, PartialEq, Eq)]
enum Then {
    GoOn,
    WaitForNews,
    Pause(Duration),
    End,
}

impl MirrorThread {
    fn run(&mut self) {
        while !self.state.is_stopping() {
            match self.step() {
                Then::GoOn => {}
                Then::WaitForNews => self.state.wait_for_news(LOOK_AGAIN),
                Then::Pause(time) => self.state.pause(time, &*self.sides.ports.clock),
                Then::End => return,
            }
        }
        // The right to mirror is given back before the thread counts as ended.
        self.worker.forget();
        self.state.set_ended();
    }

    fn step(&mut self) -> Then {
        match self.guarded_round() {
            Ok(round) => {
                self.pause = FIRST_PAUSE;
                if self.state.clear_trouble() {
                    self.worker.note_trouble(None);
                }
                match round {
                    Round::Worked => Then::GoOn,
                    Round::CaughtUp if self.right == Right::GivenBack => {
                        self.worker.forget();
                        Then::WaitForNews
                    }
                    Round::CaughtUp | Round::Waits => Then::WaitForNews,
                    Round::Finished => {
                        self.worker.forget();
                        if self.state.end() { Then::End } else { Then::GoOn }
                    }
                }
            }
            Err(error) => {
                self.worker.forget();
                let reason = error_chain(&error);
                if self.state.set_trouble(&reason, self.sides.ports.clock.now()) {
                    self.worker.note_trouble(Some(&reason));
                }
                let pause = self.pause;
                self.pause = (pause * 2).min(LONGEST_PAUSE);
                Then::Pause(pause)
            }
        }
    }

    /// A panic in a side is an error like others: the worker reads everything again, which `AssertUnwindSafe` builds on.
    fn guarded_round(&mut self) -> Result<Round, MirrorError> {
        catch_unwind(AssertUnwindSafe(|| self.worker.round()))
            .unwrap_or_else(|panic| Err(MirrorError::Panicked { message: panic_message(&*panic).to_owned() }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::legacy::routing::tests::doubles::World;

    /// What each step comes to.
    struct Steps(Vec<Result<Round, MirrorError>>);

    impl MirrorWorker for Steps {
        fn round(&mut self) -> Result<Round, MirrorError> {
            self.0.remove(0)
        }

        fn forget(&mut self) {}

        fn note_trouble(&mut self, _: Option<&str>) {}
    }

    fn failure() -> Result<Round, MirrorError> {
        Err(MirrorError::LayoutChanged)
    }

    fn thread(steps: Vec<Result<Round, MirrorError>>) -> MirrorThread {
        let sides = World::default().sides(&std::sync::Arc::default());
        let state = Arc::new(MirrorState::new("legacy_mirror", 1_000));
        MirrorThread { state, sides, worker: Box::new(Steps(steps)), right: Right::Kept, pause: FIRST_PAUSE }
    }

    #[test]
    fn a_mirror_tries_again_after_1_2_4_and_at_last_every_60_seconds_and_never_gives_up() {
        let mut thread = thread((0..10).map(|_| failure()).collect());
        for seconds in [1, 2, 4, 8, 16, 32, 60, 60, 60, 60] {
            assert_eq!(thread.step(), Then::Pause(Duration::from_secs(seconds)));
        }
    }

    #[test]
    fn a_mirror_that_went_on_begins_its_pauses_anew() {
        let mut thread = thread(vec![failure(), failure(), Ok(Round::Worked), failure()]);
        assert_eq!(thread.step(), Then::Pause(Duration::from_secs(1)));
        assert_eq!(thread.step(), Then::Pause(Duration::from_secs(2)));
        assert_eq!(thread.step(), Then::GoOn);
        assert_eq!(thread.step(), Then::Pause(Duration::from_secs(1)));
    }
}
