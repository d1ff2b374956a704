//! The new event system alone, as `dispatch` runs it in a program without the legacy one.

use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use super::answer_line::{AnswerLine, is_only_behind, print_dispatched};
use super::figures::Figures;
use super::not_stored::NotStored;
use crate::application::dispatch::{DispatchError, Dispatched, EventDispatcherService, PendingDispatch};
use crate::cli::error::CliError;
use crate::cli::event_system::{event_of, new_system, warn_of_unfinished};
use crate::cli::global::Context;
use crate::cli::hang_ups::HangUps;
use crate::domain::event::DomainEvent;
use crate::domain::event_draft::InvalidDraft;
use crate::domain::event_system_mode::EventSystemMode;
use crate::infrastructure::config::Config;
use crate::infrastructure::system_clock::SystemClock;
use crate::wire::zone::Zone;

/// The only mode of such a program.
const MODE: EventSystemMode = EventSystemMode::NewEvents;

/// The event system of the settings.
pub struct ActiveSystem {
    dispatcher: Arc<EventDispatcherService>,
    zone: Zone,
    clock: Arc<SystemClock>,
    shutdown: Duration,
    figures: Arc<Figures>,
}

/// An event that is being stored.
pub struct PendingAnswer {
    pending: PendingDispatch,
    began: Duration,
    figures: Arc<Figures>,
}

/// An event that is stored.
pub struct Answered(Dispatched);

impl ActiveSystem {
    /// Opens it as the settings say.
    pub fn open(config: &Config) -> Result<Self, CliError> {
        let clock = Arc::new(SystemClock::default());
        let (_, dispatcher) = new_system(config, &clock)?;
        let zone = config.timezone.value.clone();
        let figures = Arc::new(Figures::start(config, &clock));
        Ok(Self { dispatcher, zone, clock, shutdown: config.handlers_shutdown.value, figures })
    }

    /// The event of that text, with an id and a time where it has none.
    pub fn event_of(&self, text: &str) -> Result<DomainEvent, InvalidDraft> {
        event_of(text, &self.zone, &self.clock)
    }

    /// Stores an event and has it handled.
    pub fn dispatch(&self, event: DomainEvent) -> Result<Answered, NotStored> {
        self.begin(event)?.answer()
    }

    /// Begins to.
    pub fn begin(&self, event: DomainEvent) -> Result<PendingAnswer, NotStored> {
        let (began, figures) = (self.figures.now(), Arc::clone(&self.figures));
        match self.dispatcher.dispatch_async(event) {
            Ok(pending) => Ok(PendingAnswer { pending, began, figures }),
            Err(error) => Err(failed(&figures, began, error)),
        }
    }

    /// There is one mode: no settings are read again.
    pub fn follow_settings(self: &Arc<Self>, _: Context, _: HangUps) -> Result<(), CliError> {
        Ok(())
    }

    /// Stores what was submitted, and lets handlers finish for as long as the settings say.
    pub fn shut_down(&self) {
        if !self.dispatcher.shut_down(self.shutdown) {
            warn_of_unfinished(self.shutdown);
        }
        self.figures.shut_down();
    }
}

impl PendingAnswer {
    /// Waits for what becomes of the event.
    pub fn answer(self) -> Result<Answered, NotStored> {
        let Self { pending, began, figures } = self;
        let dispatched = pending.handled().map_err(|error| failed(&figures, began, error))?;
        figures.took(MODE, dispatched.timing.total(), false);
        Ok(Answered(dispatched))
    }
}

fn failed(figures: &Figures, began: Duration, error: DispatchError) -> NotStored {
    let not_stored = error.into();
    figures.failed(MODE, began, &not_stored);
    not_stored
}

impl Answered {
    /// The answer for programs.
    pub fn line(&self) -> AnswerLine<'_> {
        AnswerLine::of_dispatched(MODE, &self.0)
    }

    /// Whether no handler failed.
    pub fn is_handled(&self) -> bool {
        is_only_behind(&self.0)
    }

    /// The answer as a sentence.
    pub fn said(&self) -> String {
        format!("event {} is stored at position {}", self.0.event_id, self.0.position)
    }

    /// The answer for people.
    pub fn print_for_people(&self, out: &mut dyn Write) -> io::Result<()> {
        print_dispatched(&self.0, out)
    }
}
