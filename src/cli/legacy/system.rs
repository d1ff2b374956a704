//! The legacy system as the settings say.

use std::sync::Arc;
use std::time::Duration;

use crate::cli::error::CliError;
use crate::cli::exit_code::ExitCode;
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

/// The handlers of this program.
pub(super) fn handlers(files: &LegacyFiles) -> [(&'static str, Arc<dyn LegacyHandler>); 4] {
    example_handlers(ExamplePlaces { folder: files.folder.clone(), events_json: files.events_json.clone() })
}

/// Its dispatcher, with the handlers of this program.
pub(super) fn open_dispatcher(config: &Config) -> Result<EventDispatcher, CliError> {
    let files = files(config);
    let settings = DispatcherSettings {
        writer: match config.legacy_writer.value {
            config::LegacyWriter::This => LegacyWriter::This,
            config::LegacyWriter::Other => LegacyWriter::Other,
        },
        max_retries: config.legacy_max_retries.value,
        retry_delay: Duration::from_secs(config.legacy_retry_delay_seconds.value),
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
