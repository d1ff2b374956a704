//! The legacy system as the settings say.

use std::sync::Arc;

use crate::cli::error::CliError;
use crate::cli::exit_code::ExitCode;
use crate::cli::output::visible;
use crate::domain::event_system_mode::{Routing, Side};
use crate::infrastructure::config::{self, Config};
use crate::infrastructure::system_clock::SystemClock;
use crate::legacy::dispatcher::{DispatcherError, DispatcherSettings, EventDispatcher, LegacyFiles};
use crate::legacy::events_json::LegacyWriter;
use crate::legacy::handlers::{ExamplePlaces, LegacyHandler, example_handlers};
use crate::legacy::watchers::WatcherPorts;

/// Where its files are.
pub(super) fn files(config: &Config) -> LegacyFiles {
    LegacyFiles::beside(&config.legacy_events_json.value, &config.jsonl_dir.value)
}

/// Which program writes the legacy log.
pub(super) fn writer(config: &Config) -> LegacyWriter {
    match config.legacy_writer.value {
        config::LegacyWriter::This => LegacyWriter::This,
        config::LegacyWriter::Other => LegacyWriter::Other,
    }
}

/// Refuses a command that would write the legacy log, where another program does.
pub(super) fn ensure_written_here(config: &Config, command: &str) -> Result<(), CliError> {
    if writer(config) == LegacyWriter::This {
        return Ok(());
    }
    let log = config.legacy_events_json.value.display().to_string();
    let message = format!(
        "legacy.writer is other, and {command} would write {}: what two programs write into one array is lost",
        visible(&log)
    );
    Err(CliError::usage(message).with_details([
        "set legacy.writer = \"this\" once the other program does not write that file any more;".to_owned(),
        "events go to the new system alone with use_new_event_system = true and parallel_run = false"
            .to_owned(),
    ]))
}

/// Refuses a routing by which the legacy log is written, where another program does that.
pub(super) fn ensure_may_route(config: &Config, routing: &Routing) -> Result<(), CliError> {
    if routing.uses(Side::Legacy) { ensure_written_here(config, "dispatch") } else { Ok(()) }
}

/// The handlers of this program.
pub(super) fn handlers(files: &LegacyFiles) -> [(&'static str, Arc<dyn LegacyHandler>); 4] {
    example_handlers(ExamplePlaces { folder: files.folder.clone(), events_json: files.events_json.clone() })
}

/// Its dispatcher, with the handlers of this program.
pub(super) fn open_dispatcher(config: &Config) -> Result<EventDispatcher, CliError> {
    let files = files(config);
    let settings = DispatcherSettings {
        writer: writer(config),
        max_retries: config.legacy_max_retries.value,
        retry_delay: config.legacy_retry_delay_seconds.value.0,
        stop_patience: config.handlers_shutdown.value,
        zone: config.timezone.value.clone(),
    };
    let handlers = handlers(&files);
    let dispatcher = EventDispatcher::open(files, settings, Arc::new(SystemClock::default()))?;
    for (name, handler) in handlers {
        dispatcher.register_handler(name, handler);
    }
    Ok(dispatcher)
}

/// What watchers are made with. They do not watch what the program itself writes to.
pub(super) fn watcher_ports(config: &Config) -> WatcherPorts {
    let LegacyFiles { events_json, folder, definitions: _ } = files(config);
    let own_paths = vec![
        config.jsonl_dir.value.clone(),
        folder,
        events_json,
        config.sqlite_path.value.clone(),
        config.handlers_path.value.clone(),
        config.evidence_path.value.clone(),
    ];
    WatcherPorts {
        clock: Arc::new(SystemClock::default()),
        zone: config.timezone.value.clone(),
        own_paths,
        polls: config.legacy_watcher.value == config::LegacyWatcher::Poll,
    }
}

impl From<DispatcherError> for CliError {
    fn from(error: DispatcherError) -> Self {
        let code = match error {
            DispatcherError::Invalid(_)
            | DispatcherError::UnknownDefinition { .. }
            | DispatcherError::DisabledDefinition { .. } => ExitCode::Negative,
            _ => ExitCode::Storage,
        };
        Self::new(code, error)
    }
}
