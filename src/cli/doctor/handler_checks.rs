//! The checks of handlers, mirrors, and what is recorded of modes.

use super::subjects::{shown, unread};
use crate::application::clock::Clock;
use crate::application::doctor::{Check, Diagnosis, Finding, handlers as decided, mode};
use crate::application::handling::HandlerStatus;
use crate::cli::mode_records::{mirrors as found_mirrors, recorded_modes};
use crate::cli::outbox;
use crate::cli::status::found_handlers;
use crate::durable::presence::{is_present, metadata_if_present};
use crate::infrastructure::config::Config;
use crate::infrastructure::running::is_running;
use crate::infrastructure::system_clock::SystemClock;

/// Adds the checks of what is recorded of modes.
pub fn add_modes(diagnosis: &mut Diagnosis, config: &Config) {
    let (processes, undecided) = match recorded_modes(config) {
        Ok(recorded) => (
            mode::processes(&recorded.processes, &config.routing(), SystemClock::default().now(), is_running),
            mode::undecided(&recorded.undecided),
        ),
        Err(reason) => {
            let unread = |check| vec![Finding::unread(check, shown(&config.handlers_path.value), &reason)];
            (unread(Check::Processes), unread(Check::UndecidedRecords))
        }
    };
    diagnosis.add(Check::Processes, processes);
    diagnosis.add(Check::UndecidedRecords, undecided);
}

pub fn handlers(config: &Config) -> Vec<Finding> {
    match statuses(config) {
        Ok(statuses) => decided::handlers(&statuses, config.handlers_behind_warn.value),
        Err(reason) => vec![Finding::unread(Check::Handlers, shown(&config.handlers_path.value), reason)],
    }
}

/// The handlers, none where none was ever run; or why they cannot be looked at.
fn statuses(config: &Config) -> Result<Vec<HandlerStatus>, String> {
    match is_present(&config.handlers_path.value) {
        Ok(false) => Ok(Vec::new()),
        Ok(true) => found_handlers(config).map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    }
}

pub fn mirrors(config: &Config) -> Vec<Finding> {
    let mut findings = match found_mirrors(config) {
        Ok(mirrors) => decided::mirrors(&mirrors, config.parallel_behind_warn.value),
        Err(reason) => vec![Finding::unread(Check::Mirrors, shown(&config.handlers_path.value), reason)],
    };
    let outbox = outbox::path(config);
    findings.extend(match metadata_if_present(&outbox) {
        Ok(Some(metadata)) => decided::outbox(&shown(&outbox), metadata.len()),
        Ok(None) => Vec::new(),
        Err(error) => vec![unread(Check::Mirrors, &shown(&outbox), &error)],
    });
    findings
}

pub fn handler_store(config: &Config) -> Vec<Finding> {
    let path = &config.handlers_path.value;
    let found = is_present(path).and_then(|exists| Ok((exists, is_present(&config.evidence_path.value)?)));
    match found {
        Ok((exists, has_evidence)) => decided::handler_store(&shown(path), exists, has_evidence),
        Err(error) => vec![unread(Check::HandlerStore, &shown(path), &error)],
    }
}
