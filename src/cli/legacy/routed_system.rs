//! The event systems as `dispatch` runs them: each event goes where the mode says.

use std::io::{self, Write};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use super::router_ports::{legacy_log, new_side, router_ports, settings};
use super::settings_reload::SettingsReload;
use super::system;
use crate::application::dispatch::Timing;
use crate::cli::dispatch::answer_line::{
    AnswerLine, LegacyLine, MirrorLine, is_only_behind, print_dispatched,
};
use crate::cli::dispatch::figures::Figures;
use crate::cli::dispatch::not_stored::NotStored;
use crate::cli::error::CliError;
use crate::cli::event_system::{event_of, signals_refused, warn_of_unfinished};
use crate::cli::exit_code::ExitCode;
use crate::cli::global::Context;
use crate::cli::hang_ups::HangUps;
use crate::cli::output::visible;
use crate::domain::event::DomainEvent;
use crate::domain::event_draft::InvalidDraft;
use crate::domain::event_system_mode::{EventSystemMode, Side};
use crate::infrastructure::config::Config;
use crate::infrastructure::system_clock::SystemClock;
use crate::legacy::routing::ports::LegacyPlace;
use crate::legacy::routing::{MirrorOutcome, PendingRoute, PrimaryAnswer, RouteError, Routed, Router};
use crate::wire::zone::Zone;

/// Both event systems, as the settings say.
pub struct ActiveSystem {
    router: Arc<Router>,
    zone: Zone,
    clock: Arc<SystemClock>,
    shutdown: Duration,
    figures: Arc<Figures>,
    reload: OnceLock<SettingsReload>,
}

/// An event that is being stored.
pub struct PendingAnswer {
    pending: PendingRoute,
    began: Duration,
    /// Until it was submitted, or the legacy side had it.
    submitted: Duration,
    figures: Arc<Figures>,
}

/// An event that its primary has.
pub struct Answered {
    routed: Routed,
    /// How long the legacy side took, as primary.
    stored: Duration,
}

impl ActiveSystem {
    /// Opens them as the settings say. The side that answers is opened now, so that an error of it is told at once.
    pub fn open(config: &Config) -> Result<Self, CliError> {
        let routing = config.routing();
        system::ensure_may_route(config, &routing)?;
        let clock = Arc::new(SystemClock::default());
        let new_side = routing.answers(Side::New).then(|| new_side(config, &clock)).transpose()?;
        let legacy_log = routing.answers(Side::Legacy).then(|| legacy_log(config)).transpose()?;
        let ports = router_ports(config, &clock, new_side, legacy_log)?;
        let router = Router::open(routing, ports, settings(config))
            .map_err(|error| CliError::new(ExitCode::Storage, error))?;
        let figures = Arc::new(Figures::start(config, &clock));
        Ok(Self {
            router: Arc::new(router),
            zone: config.timezone.value.clone(),
            clock,
            shutdown: config.handlers_shutdown.value,
            figures,
            reload: OnceLock::new(),
        })
    }

    /// The event of that text, with an id and a time where it has none.
    pub fn event_of(&self, text: &str) -> Result<DomainEvent, InvalidDraft> {
        event_of(text, &self.zone, &self.clock)
    }

    /// Takes an event to its primary, and waits for its handlers and its mirror.
    pub fn dispatch(&self, event: DomainEvent) -> Result<Answered, NotStored> {
        self.begin(event)?.answer()
    }

    /// Begins to.
    pub fn begin(&self, event: DomainEvent) -> Result<PendingAnswer, NotStored> {
        let figures = Arc::clone(&self.figures);
        let began = figures.now();
        let refused = |error| failed(&figures, self.router.routing().mode, began, error);
        let pending = self.router.dispatch_async(event).map_err(refused)?;
        let submitted = figures.now().saturating_sub(began);
        Ok(PendingAnswer { pending, began, submitted, figures })
    }

    /// Reads the settings again at each SIGHUP that was or is noticed, and switches the mode.
    pub fn follow_settings(self: &Arc<Self>, context: Context, hang_ups: HangUps) -> Result<(), CliError> {
        let router = Arc::clone(&self.router);
        let reload = SettingsReload::start(router, context, hang_ups).map_err(signals_refused)?;
        // It is called once.
        let _ = self.reload.set(reload);
        Ok(())
    }

    /// Stores what was submitted, and lets handlers and mirrors finish for as long as the settings say.
    pub fn shut_down(&self) {
        if !self.router.shut_down(self.shutdown) {
            warn_of_unfinished(self.shutdown);
        }
        self.figures.shut_down();
    }
}

impl From<RouteError> for NotStored {
    fn from(error: RouteError) -> Self {
        match error {
            RouteError::New(error) => error.into(),
            RouteError::Shape(_) => Self { code: ExitCode::Negative, error: error.into() },
            error => Self { code: ExitCode::Storage, error: error.into() },
        }
    }
}

impl PendingAnswer {
    /// Waits for what becomes of the event.
    pub fn answer(self) -> Result<Answered, NotStored> {
        let Self { pending, began, submitted, figures } = self;
        let mode = pending.mode();
        let routed = pending.routed().map_err(|error| failed(&figures, mode, began, error))?;
        let latency = match &routed.answer {
            PrimaryAnswer::New(dispatched) => dispatched.timing.total(),
            PrimaryAnswer::Legacy(_) => submitted,
        };
        let has_failed = matches!(&routed.mirror, Some(outcome) if !matches!(outcome, MirrorOutcome::Done | MirrorOutcome::Queued { .. }));
        figures.took(mode, latency, has_failed);
        Ok(Answered { routed, stored: submitted })
    }
}

fn failed(figures: &Figures, mode: EventSystemMode, began: Duration, error: RouteError) -> NotStored {
    let not_stored = error.into();
    figures.failed(mode, began, &not_stored);
    not_stored
}

impl Answered {
    /// The answer for programs.
    pub fn line(&self) -> AnswerLine<'_> {
        let Routed { event_id, mode, answer, mirror } = &self.routed;
        let line = match answer {
            PrimaryAnswer::New(dispatched) => AnswerLine::of_dispatched(*mode, dispatched),
            PrimaryAnswer::Legacy(LegacyPlace { offset, length, .. }) => {
                let timing = Timing { stored: self.stored, ..Timing::default() };
                let record = LegacyLine { offset: *offset, length: *length };
                AnswerLine::of_record(*mode, event_id, record, &timing)
            }
        };
        line.mirrored(mirror.as_ref().map(|outcome| mirror_line(self.routed.primary(), outcome)))
    }

    /// Whether no handler failed. What the mirror does is no part of the answer of the primary.
    pub fn is_handled(&self) -> bool {
        match &self.routed.answer {
            PrimaryAnswer::New(dispatched) => is_only_behind(dispatched),
            PrimaryAnswer::Legacy(_) => true,
        }
    }

    /// The answer as a sentence.
    pub fn said(&self) -> String {
        let id = visible(self.routed.event_id.as_str());
        match &self.routed.answer {
            PrimaryAnswer::New(dispatched) => {
                format!("event {id} is stored at position {}", dispatched.position)
            }
            PrimaryAnswer::Legacy(place) => {
                format!("event {id} is in the legacy log, from byte {} on", place.offset)
            }
        }
    }

    /// The answer for people.
    pub fn print_for_people(&self, out: &mut dyn Write) -> io::Result<()> {
        match &self.routed.answer {
            PrimaryAnswer::New(dispatched) => print_dispatched(dispatched, out)?,
            PrimaryAnswer::Legacy(_) => writeln!(out, "{}", self.said())?,
        }
        let Some(outcome) = &self.routed.mirror else { return Ok(()) };
        let MirrorLine { mirror, outcome: word, behind, error } = mirror_line(self.routed.primary(), outcome);
        let behind = behind.map(|behind| format!(", {} behind", crate::cli::handlers::events(behind)));
        let error = error.map(|error| format!(": {}", visible(error)));
        writeln!(out, "  {mirror}: {word}{}{}", behind.unwrap_or_default(), error.unwrap_or_default())
    }
}

fn mirror_line(primary: Side, outcome: &MirrorOutcome) -> MirrorLine<'_> {
    let mirror = match primary {
        Side::New => "legacy_mirror",
        Side::Legacy => "new_mirror",
    };
    let line = MirrorLine { mirror, outcome: "queued", behind: None, error: None };
    match outcome {
        MirrorOutcome::Done => MirrorLine { outcome: "done", ..line },
        MirrorOutcome::Queued { behind } => MirrorLine { behind: Some(*behind), ..line },
        MirrorOutcome::Trouble(trouble) => MirrorLine { error: Some(&trouble.reason), ..line },
        MirrorOutcome::Refused { reason } => MirrorLine { outcome: "refused", error: Some(reason), ..line },
        MirrorOutcome::NotNoted { reason } => {
            MirrorLine { outcome: "undecided", error: Some(reason), ..line }
        }
    }
}
