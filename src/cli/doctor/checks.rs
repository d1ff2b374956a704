//! All checks, in their order, each over what the settings name.

use super::disk_checks::{self, Files};
use super::handler_checks;
use super::stores::SurveyedStore;
use super::subjects::unread;
use crate::application::clock::Clock;
use crate::application::doctor::{Check, Diagnosis, Finding, events, mode};
use crate::application::task_handlers::default_registrations;
use crate::infrastructure::config::{Config, Source};
use crate::infrastructure::naive_times::naive_times;
use crate::infrastructure::system_clock::SystemClock;
use crate::wire::mapping::Mapping;

/// Whether the legacy side is built in, and checked.
pub const HAS_LEGACY: bool = cfg!(feature = "legacy");

/// Runs every check; answers the active store too, which was read for it.
pub fn diagnose(config: &Config, is_thorough: bool) -> (Diagnosis, SurveyedStore) {
    let mut diagnosis = Diagnosis::default();
    // First: the last connection to a database folds its log in and takes it away.
    diagnosis.add(Check::WriteAheadLogs, disk_checks::write_ahead_logs(config));
    let store = SurveyedStore::of(config);
    let files = Files::of(config);

    diagnosis.add(Check::EventSystem, event_system(config));
    handler_checks::add_modes(&mut diagnosis, config);
    diagnosis.add(Check::EventTypes, event_types(config, &store));
    diagnosis.add(Check::Handlers, handler_checks::handlers(config));
    diagnosis.add(Check::Mirrors, handler_checks::mirrors(config));
    diagnosis.add(Check::HandlerStore, handler_checks::handler_store(config));
    diagnosis.add(Check::DailyFiles, disk_checks::daily_files(config, &files));
    diagnosis.add(Check::DispatchTime, disk_checks::dispatch_time(config));
    diagnosis.add(Check::Integrity, disk_checks::integrity(config, is_thorough));
    diagnosis.add(Check::TornTails, disk_checks::torn_tails(config, &files));
    diagnosis.add(Check::NaiveTimes, naive(config, &store));
    diagnosis.add(Check::HardLinks, disk_checks::hard_links(&files));
    diagnosis.add(Check::Clock, clock(&store));
    diagnosis.add(Check::DiskSpace, disk_checks::room(&files));
    #[cfg(feature = "legacy")]
    crate::cli::legacy::doctor::add(&mut diagnosis, config);
    (diagnosis, store)
}

fn event_system(config: &Config) -> Vec<Finding> {
    mode::event_system(&config.routing(), &config.use_new_event_system.source.to_string())
}

fn event_types(config: &Config, store: &SurveyedStore) -> Vec<Finding> {
    let registrations = default_registrations(&config.timezone.value);
    store.check(Check::EventTypes, |survey| {
        events::event_types(&survey.types, |event_type| {
            registrations.iter().any(|registration| registration.event_types.contain(event_type))
        })
    })
}

/// Times without offset matter where the zone in which they are read is a guess.
fn naive(config: &Config, store: &SurveyedStore) -> Vec<Finding> {
    if !matches!(config.timezone.source, Source::Default { .. }) {
        return Vec::new();
    }
    let mut findings =
        store.check(Check::NaiveTimes, |survey| events::naive_times(&store.path, survey.naive));
    let log = &config.legacy_events_json.value;
    let place = log.display().to_string();
    findings.extend(match crate::durable::presence::is_present(log) {
        Ok(false) => Vec::new(),
        Ok(true) => match naive_times(log, &Mapping::BuiltIn) {
            Ok(naive) => events::naive_times(&place, naive),
            Err(error) => vec![unread(Check::NaiveTimes, &place, &error)],
        },
        Err(error) => vec![unread(Check::NaiveTimes, &place, &error)],
    });
    findings
}

fn clock(store: &SurveyedStore) -> Vec<Finding> {
    store.check(Check::Clock, |survey| mode::clock(survey.last, SystemClock::default().now()))
}
