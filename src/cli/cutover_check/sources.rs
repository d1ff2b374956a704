//! What the settings name, as the gate looks at it.

use std::path::Path;

use crate::application::backup::Findings;
use crate::application::clock::Clock;
use crate::application::compare::parallel_run::ParallelSide;
use crate::application::doctor::handlers::MirrorFacts;
use crate::application::evidence::{EvidenceInputs, EvidenceLog};
use crate::application::figures::FiguresLog;
use crate::application::gate::{Fact, GateSources, HandlerFacts};
use crate::application::mode_log::{ModeChange, UndecidedRecord};
use crate::cli::event_system::{HandlerAccess, failed, operations};
use crate::cli::mode_records::{mirrors, recorded_modes};
use crate::cli::store::{OpenStore, configured_path, open_active};
use crate::domain::error_chain::error_chain;
use crate::domain::path_text::path_of;
use crate::domain::repository::EventRepository;
use crate::durable::presence::is_present;
use crate::infrastructure::backup_folder::BackupFolder;
use crate::infrastructure::compare_inputs::FoundSide;
use crate::infrastructure::config::{Backend, Config};
use crate::infrastructure::dispatch_figures::JsonlDispatchFigures;
use crate::infrastructure::evidence::inputs::StoredInputs;
use crate::infrastructure::evidence::log::JsonlEvidenceLog;
use crate::infrastructure::sources::Surroundings;
use crate::infrastructure::sqlite::{Database, integrity};
use crate::infrastructure::system_clock::SystemClock;
use crate::infrastructure::zones::load_zone;
use crate::wire::zone::Zone;

/// The logs, stores and files that the settings name.
pub struct ConfiguredSources<'c> {
    config: &'c Config,
    clock: SystemClock,
    evidence: JsonlEvidenceLog,
    figures: JsonlDispatchFigures,
}

impl<'c> ConfiguredSources<'c> {
    /// Those of these settings.
    pub fn new(config: &'c Config) -> Self {
        Self {
            config,
            clock: SystemClock::default(),
            evidence: JsonlEvidenceLog::new(&config.evidence_path.value),
            figures: JsonlDispatchFigures::new(&config.dispatch_figures.value),
        }
    }

    fn candidate(&self) -> &Path {
        configured_path(self.config.storage_backend.value, self.config)
    }
}

impl GateSources for ConfiguredSources<'_> {
    fn clock(&self) -> &dyn Clock {
        &self.clock
    }

    fn evidence(&self) -> &dyn EvidenceLog {
        &self.evidence
    }

    fn inputs(&self) -> &dyn EvidenceInputs {
        &StoredInputs
    }

    fn zone(&self, name: &str) -> Option<Zone> {
        load_zone(name)
    }

    fn legacy_log(&self) -> Fact<Box<dyn ParallelSide + '_>> {
        let mapping = self.config.mapping.mapping().map_err(|error| error_chain(&error))?;
        let stores = [self.config.sqlite_path.value.as_path()];
        let surroundings = Surroundings { other_side: Some(self.candidate()), stores: &stores };
        // Whatever it decodes to is kept nowhere.
        let found =
            FoundSide::find_beside(&surroundings, &self.config.legacy_events_json.value, mapping, true);
        found.map(|side| Box::new(side) as Box<dyn ParallelSide>).map_err(|error| error_chain(&error))
    }

    fn events(&self) -> Fact<Box<dyn EventRepository>> {
        match open_active(self.config).map_err(|error| error_chain(&error))? {
            OpenStore::Jsonl(store) => Ok(store),
            OpenStore::Sqlite(store) => Ok(store),
            #[cfg(feature = "postgres")]
            OpenStore::Postgres(store) => Ok(store),
        }
    }

    fn handlers(&self) -> Fact<Option<Vec<HandlerFacts>>> {
        if !is_present(&self.config.handlers_path.value).map_err(|error| error.to_string())? {
            return Ok(None);
        }
        let operations =
            operations(self.config, HandlerAccess::Reading).map_err(|error| error.to_string())?;
        HandlerFacts::of_all(&operations).map(Some).map_err(|error| failed(error).to_string())
    }

    fn mirrors(&self) -> Fact<Vec<MirrorFacts>> {
        mirrors(self.config)
    }

    fn undecided(&self) -> Fact<Vec<UndecidedRecord>> {
        Ok(recorded_modes(self.config)?.undecided)
    }

    fn mode_changes(&self) -> Fact<Vec<ModeChange>> {
        Ok(recorded_modes(self.config)?.changes)
    }

    fn figures(&self) -> &dyn FiguresLog {
        &self.figures
    }

    fn has_backup(&self, path: &str, manifest_sha256: Option<&str>) -> bool {
        let path = path_of(path);
        match manifest_sha256 {
            None => path.exists(),
            expected => {
                let mut findings = Findings::default();
                let opened = BackupFolder::open(&path, &mut findings).ok().flatten();
                opened.filter(|_| findings.is_empty()).is_some_and(|backup| {
                    Some(backup.manifest_sha256.as_str()) == expected && backup.has_its_files()
                })
            }
        }
    }

    /// A store of daily files has no check of its own: it is read as a whole, and damage keeps it from being read. So has one in
    /// PostgreSQL, whose server has tools for that.
    fn complaints(&self) -> Fact<Vec<String>> {
        let handlers = (self.config.handlers_path.value.as_path(), Database::Handlers);
        let events = (self.candidate(), Database::Events);
        let is_sqlite = self.config.storage_backend.value == Backend::Sqlite;
        let databases = [Some(handlers), is_sqlite.then_some(events)];
        let mut complaints = Vec::new();
        for (path, database) in databases.into_iter().flatten() {
            if is_present(path).map_err(|error| error.to_string())? {
                let said = integrity(path, database, false).map_err(|error| error_chain(&error))?;
                complaints.extend(said.into_iter().map(|said| format!("{}: {said}", path.display())));
            }
        }
        Ok(complaints)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::infrastructure::config::{ConfigLoader, Flags};

    #[test]
    fn the_legacy_log_is_read_whatever_it_decodes_to() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("data")).unwrap();
        let text = format!("[{{\"type\": \"A\", \"timestamp\": \"2025-10-25\"}}{}]", " ".repeat(2 << 20));
        let log = folder.path().join("data/events.json");
        std::fs::write(&log, zstd::encode_all(text.as_bytes(), 1).unwrap()).unwrap();
        let path = log.into_os_string();
        let config = ConfigLoader {
            config_file: None,
            directory: folder.path().to_owned(),
            environment: &|name| (name == "MISSION_CONTROL_LEGACY_EVENTS").then(|| path.clone()),
            flags: Flags::default(),
            legacy_built: true,
        };
        let config = config.load().unwrap();
        let sources = ConfiguredSources::new(&config);
        assert!(sources.legacy_log().unwrap().first_records(&Zone::utc()).is_some());
    }
}
