//! What the gate looks at, and how that becomes facts.

use super::comparisons::Comparisons;
use super::facts::{Fact, GateFacts, GateSettings, HandlerFacts, LogFacts};
use super::log_reading::LogReading;
use super::report::Gate;
use crate::application::clock::Clock;
use crate::application::compare::parallel_run::ParallelSide;
use crate::application::doctor::handlers::MirrorFacts;
use crate::application::evidence::{
    Chain, ChainedRecord, EvidenceError, EvidenceInputs, EvidenceLog, check_inputs,
};
use crate::application::figures::FiguresLog;
use crate::application::mode_log::{ModeChange, UndecidedRecord};
use crate::domain::error_chain::error_chain;
use crate::domain::repository::EventRepository;
use crate::wire::zone::Zone;

/// The port to what the gate looks at. What cannot be had is a criterion without evidence, but for the evidence itself.
pub trait GateSources {
    /// Tells the present time.
    fn clock(&self) -> &dyn Clock;

    /// The recorded evidence.
    fn evidence(&self) -> &dyn EvidenceLog;

    /// What was compared.
    fn inputs(&self) -> &dyn EvidenceInputs;

    /// The zone of that name; `None` where it is not known.
    fn zone(&self, name: &str) -> Option<Zone>;

    /// The legacy log.
    fn legacy_log(&self) -> Fact<Box<dyn ParallelSide + '_>>;

    /// The store of the new system.
    fn events(&self) -> Fact<Box<dyn EventRepository>>;

    /// The handlers; `None` where there is no handler store.
    fn handlers(&self) -> Fact<Option<Vec<HandlerFacts>>>;

    /// The mirrors that the parallel run has or had.
    fn mirrors(&self) -> Fact<Vec<MirrorFacts>>;

    /// What the mirrors could not decide.
    fn undecided(&self) -> Fact<Vec<UndecidedRecord>>;

    /// Every switch of the mode, the earliest first.
    fn mode_changes(&self) -> Fact<Vec<ModeChange>>;

    /// The figures of dispatching.
    fn figures(&self) -> &dyn FiguresLog;

    /// Whether a backup is there that was verified, with the manifest of that SHA-256, and files as long as that says; where none could be
    /// read, whether anything is.
    fn has_backup(&self, path: &str, manifest_sha256: Option<&str>) -> bool;

    /// What the integrity checks of the stores complain of.
    fn complaints(&self) -> Fact<Vec<String>>;
}

impl GateFacts {
    /// Looks at everything. Nothing is changed.
    ///
    /// # Errors
    /// The evidence cannot be read.
    pub fn gather(settings: &GateSettings, sources: &dyn GateSources) -> Result<Self, EvidenceError> {
        let evidence = Chain::of(&sources.evidence().lines()?.unwrap_or_default());
        let comparisons = Comparisons::of(&evidence, &settings.control, &settings.candidate);
        let last = comparisons.last();
        let zone = last.and_then(|last| sources.zone(&last.comparison.zone));
        let zone = zone.unwrap_or_else(|| settings.zone.clone());
        let event_types = last.map(|last| last.comparison.profile.event_types.clone());
        let reading = LogReading { zone: zone.clone(), event_types: event_types.unwrap_or_default() };
        let is_last =
            |record: &&ChainedRecord| Some(record.record.sequence) == last.map(|last| last.sequence);
        let record = evidence.records.iter().find(is_last);
        let backups = evidence.records.iter().filter_map(|record| {
            let backup = record.record.evidence.as_verification()?.verified.backup.as_ref()?;
            let is_there = sources.has_backup(&backup.path, backup.manifest_sha256.as_deref());
            is_there.then(|| (backup.path.clone(), backup.manifest_sha256.clone()))
        });
        Ok(Self {
            backups: backups.collect(),
            now: sources.clock().now(),
            inputs: check_inputs(record.map_or(&[], std::slice::from_ref), sources.inputs()),
            control: match settings.gate {
                Gate::Cutover => sources.legacy_log().and_then(|log| reading.legacy_log(&*log)),
                Gate::Finalise => Ok(LogFacts::default()),
            },
            candidate: sources.events().and_then(|events| reading.store(&*events)),
            handlers: sources.handlers(),
            mirrors: sources.mirrors(),
            undecided: sources.undecided(),
            figures: sources.figures().read().map_err(|error| error_chain(&error)),
            mode_changes: sources.mode_changes(),
            complaints: sources.complaints(),
            zone,
            evidence,
        })
    }
}
