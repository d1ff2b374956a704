//! One event a line, one answer line for each, in the same order.
//!
//! A thread reads the input and submits events; this one waits for what becomes of them, in their order, and
//! prints. Between the two is a bounded channel, so that a slow reader of the answers slows the input down.

use std::io::{BufReader, Read};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};

use super::answer_line::{BlankLine, RefusedLine};
use super::input::next_line;
#[cfg(not(feature = "legacy"))]
use super::new_system::{ActiveSystem, PendingAnswer};
use super::not_stored::NotStored;
use crate::cli::answer::Lines;
use crate::cli::error::CliError;
use crate::cli::exit_code::ExitCode;
use crate::cli::global::Context;
use crate::cli::hang_ups::HangUps;
#[cfg(feature = "legacy")]
use crate::cli::legacy::routed_system::{ActiveSystem, PendingAnswer};
use crate::cli::termination::Termination;
use crate::domain::counted::counted;

/// How often a request to end is looked for while there is nothing to answer.
const LOOK: Duration = Duration::from_millis(50);

/// A line of the input, and what was begun with it.
struct Submitted {
    line: u64,
    begun: Begun,
}

enum Begun {
    Nothing,
    Pending(PendingAnswer),
    Refused(NotStored),
    /// The input cannot be read on.
    Unreadable(std::io::Error),
}

/// Dispatches each line of `input`, and answers each.
///
/// # Errors
/// The input cannot be read on; what was read is answered.
pub fn dispatch_lines(
    system: ActiveSystem,
    (context, hang_ups): (Context, HangUps),
    input: impl Read + Send + 'static,
    max_in_flight: usize,
    termination: &Termination,
    lines: &mut Lines<'_>,
) -> Result<ExitCode, CliError> {
    let system = Arc::new(system);
    system.follow_settings(context, hang_ups)?;
    let (submit, submitted) = bounded(max_in_flight);
    let gate = Arc::new(Gate::default());
    let submitting = Submitting { system: Arc::clone(&system), submit, gate: Arc::clone(&gate) };
    // Not joined: it may wait for input that never comes.
    let reading = thread::Builder::new().spawn(move || submitting.run(BufReader::new(input)));
    if let Err(error) = reading {
        system.shut_down();
        let error = anyhow::Error::new(error).context("could not start a thread");
        return Err(CliError::new(ExitCode::Storage, error));
    }

    let answering =
        Answering { submitted, gate: &gate, code: ExitCode::Done, failure: None, line: 0, stored: 0 };
    let answered = answering.run(termination, lines);
    system.shut_down();
    answered
}

/// Ends the input without losing sight of a line that was begun.
#[derive(Default)]
struct Gate {
    is_closing: AtomicBool,
    /// Held from before a line is begun until it is in the channel.
    beginning: Mutex<()>,
}

struct Submitting {
    system: Arc<ActiveSystem>,
    submit: Sender<Submitted>,
    gate: Arc<Gate>,
}

impl Submitting {
    fn run(self, mut input: impl std::io::BufRead) {
        for line in 1.. {
            let text = match next_line(&mut input) {
                Ok(Some(text)) => text,
                Ok(None) => return,
                Err(error) => {
                    let _ = self.submit.send(Submitted { line, begun: Begun::Unreadable(error) });
                    return;
                }
            };
            let _beginning = self.gate.beginning.lock().unwrap_or_else(PoisonError::into_inner);
            if self.gate.is_closing.load(Ordering::SeqCst) {
                return;
            }
            let begun = match text {
                Ok(text) if text.trim_ascii().is_empty() => Begun::Nothing,
                Ok(text) => self.begin(&text),
                Err(error) => refused(error),
            };
            if self.submit.send(Submitted { line, begun }).is_err() {
                return;
            }
        }
    }

    fn begin(&self, text: &str) -> Begun {
        match self.system.event_of(text) {
            Ok(event) => self.system.begin(event).map_or_else(Begun::Refused, Begun::Pending),
            Err(error) => refused(error),
        }
    }
}

fn refused(error: impl Into<anyhow::Error>) -> Begun {
    Begun::Refused(NotStored { error: error.into(), code: ExitCode::Negative })
}

struct Answering<'a> {
    submitted: Receiver<Submitted>,
    gate: &'a Gate,
    code: ExitCode,
    failure: Option<CliError>,
    /// The last line that was answered.
    line: u64,
    /// How many events are stored.
    stored: u64,
}

impl Answering<'_> {
    fn run(mut self, termination: &Termination, lines: &mut Lines<'_>) -> Result<ExitCode, CliError> {
        let (mut is_closing, mut is_output_closed) = (false, false);
        loop {
            match self.submitted.recv_timeout(LOOK) {
                Ok(submitted) => is_output_closed |= !self.answer(submitted, lines),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {}
            }
            is_closing |= is_output_closed || termination.is_requested();
            if is_closing {
                self.gate.is_closing.store(true, Ordering::SeqCst);
                // The submitting thread may hold it while it waits for room in the channel: then there is more to answer.
                if self.gate.beginning.try_lock().is_ok() {
                    break;
                }
            }
        }
        while let Ok(submitted) = self.submitted.try_recv() {
            self.answer(submitted, lines);
        }
        let taken = format!(
            "the input was taken up to line {}, and {} stored",
            self.line,
            counted(self.stored, "event of it is", "events of it are")
        );
        if is_output_closed {
            // What follows in the input is not dispatched, though nothing has asked for that.
            self.found(ExitCode::Negative);
            tracing::warn!("the answers are not read any more: {taken}");
        }
        lines.sum_up(taken);
        match self.failure {
            Some(failure) => Err(failure),
            None => Ok(self.code),
        }
    }

    /// Answers whether the output takes more.
    fn answer(&mut self, Submitted { line, begun }: Submitted, lines: &mut Lines<'_>) -> bool {
        self.line = line;
        let begun = match begun {
            Begun::Pending(pending) => match pending.answer() {
                Ok(answered) => {
                    self.stored += 1;
                    if !answered.is_handled() {
                        self.found(ExitCode::Negative);
                    }
                    return lines.print(&answered.line().for_line(line));
                }
                Err(not_stored) => Begun::Refused(not_stored),
            },
            begun => begun,
        };
        match begun {
            Begun::Refused(NotStored { error, code }) => {
                self.found(code);
                lines.print(&RefusedLine::new(line, error.as_ref()))
            }
            Begun::Unreadable(error) => {
                let error =
                    anyhow::Error::new(error).context(format!("could not read line {line} of the input"));
                self.failure = Some(CliError::new(ExitCode::Storage, error));
                true
            }
            Begun::Nothing | Begun::Pending(_) => lines.print(&BlankLine::new(line)),
        }
    }

    /// What could not be stored outweighs what was refused.
    fn found(&mut self, code: ExitCode) {
        if code.number() > self.code.number() {
            self.code = code;
        }
    }
}
