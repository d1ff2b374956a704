//! What `status` tells of modes, growth, dispatching, comparisons and mirrors. Why a part cannot be told is a text of its own.

use chrono::{DateTime, Days, Utc};
use serde::Serialize;

use crate::application::clock::Clock;
use crate::application::evidence::{Chain, EvidenceLog};
use crate::application::figures::{FiguresLog, figures_by_day};
use crate::application::growth::{DayGrowth, growth_of_daily_streams};
use crate::cli::mode_records::{RecordedModes, mirrors, recorded_modes};
use crate::cli::store::OpenStore;
use crate::domain::error_chain::error_chain;
use crate::domain::event::format_timestamp;
use crate::domain::event_system_mode::{EventSystemMode, Routing, Side};
use crate::infrastructure::config::{Backend, Config};
use crate::infrastructure::dispatch_figures::JsonlDispatchFigures;
use crate::infrastructure::evidence::log::JsonlEvidenceLog;
use crate::infrastructure::running::is_running;
use crate::infrastructure::system_clock::SystemClock;
use crate::wire::zone::Zone;

/// So many days are told, today included.
const DAYS: u64 = 14;
/// So many switches of the mode, the last ones.
const CHANGES: usize = 10;

/// Which sides events go to.
#[derive(Debug, Serialize)]
pub struct Sides {
    pub primary: String,
    /// `null` where there is none.
    pub secondary: Option<String>,
    /// The types that go to the new system while the legacy one is primary.
    pub new_event_types: Vec<String>,
}

/// How much of a store is of each of the last days, by the times of its events.
#[derive(Debug, Serialize)]
pub struct Growth {
    pub backend: String,
    /// Days without events are left out.
    pub days: Vec<GrowthDay>,
}

#[derive(Debug, Serialize)]
pub struct GrowthDay {
    pub day: String,
    pub events: u64,
    pub bytes: u64,
}

/// What was dispatched on a day; times are in microseconds.
#[derive(Debug, Serialize)]
pub struct DispatchDay {
    pub day: String,
    pub dispatches: u64,
    pub over_10ms: u64,
    pub mean_us: Option<u64>,
    pub p50_us: Option<u64>,
    pub p99_us: Option<u64>,
    pub max_us: Option<u64>,
    pub primary_failures: u64,
    pub secondary_failures: u64,
}

/// The last comparison that is recorded as evidence.
#[derive(Debug, Serialize)]
pub struct LastComparison {
    pub sequence: u64,
    pub recorded_at: String,
    pub verdict: String,
    pub matched: u64,
    pub differences: u64,
}

#[derive(Debug, Serialize)]
pub struct MirrorState {
    pub mirror: String,
    pub state: &'static str,
    /// Why it is in that state, or the trouble that it is in.
    pub reason: Option<String>,
    /// How many events it is still to bring; `null` where that is not known, or it has none to bring.
    pub behind: Option<u64>,
}

/// A process that dispatches.
#[derive(Debug, Serialize)]
pub struct ProcessState {
    pub pid: u32,
    pub mode: String,
    pub primary: String,
    pub since: String,
    pub seen_at: String,
    /// `null` where the system does not tell.
    pub runs: Option<bool>,
}

/// A switch of the mode.
#[derive(Debug, Serialize)]
pub struct ModeSwitch {
    pub at: String,
    pub from: Option<String>,
    pub to: String,
    pub primary: String,
}

/// All of it, and what could not be told.
#[derive(Debug, Default)]
pub struct Parts {
    pub growth: Vec<Growth>,
    pub dispatching: Vec<DispatchDay>,
    pub last_comparison: Option<LastComparison>,
    pub mirrors: Vec<MirrorState>,
    pub processes: Vec<ProcessState>,
    pub mode_changes: Vec<ModeSwitch>,
    pub problems: Vec<String>,
}

impl Sides {
    pub fn of(routing: &Routing) -> Self {
        let other = match routing.primary {
            Side::New => Side::Legacy,
            Side::Legacy => Side::New,
        };
        let is_parallel = routing.mode == EventSystemMode::ParallelEvents;
        let named = routing.new_event_types.iter().filter(|_| routing.primary == Side::Legacy);
        Self {
            primary: routing.primary.to_string(),
            secondary: is_parallel.then(|| other.to_string()),
            new_event_types: named.cloned().collect(),
        }
    }
}

impl Parts {
    /// Looks at what the settings name.
    pub fn of(config: &Config, stores: &[(Backend, Option<OpenStore>)]) -> Self {
        let mut parts = Self::default();
        let mut stores: Vec<_> = stores.iter().collect();
        stores.sort_by_key(|(backend, _)| *backend);
        for (backend, store) in stores {
            if let Some(store) = store {
                let growth = parts.told(growth(*backend, store, config).map(Some));
                parts.growth.extend(growth);
            }
        }
        parts.dispatching = parts.told(dispatching(config));
        parts.last_comparison = parts.told(last_comparison(config));
        parts.mirrors = parts.told(mirror_states(config));
        let RecordedModes { changes, processes, .. } = parts.told(recorded_modes(config));
        let process = |process: &crate::application::mode_log::ProcessMode| ProcessState {
            pid: process.pid,
            mode: process.routing.mode.to_string(),
            primary: process.routing.primary.to_string(),
            since: format_timestamp(process.since),
            seen_at: format_timestamp(process.seen_at),
            runs: is_running(process.pid),
        };
        let switch = |change: &crate::application::mode_log::ModeChange| ModeSwitch {
            at: format_timestamp(change.at),
            from: change.from.as_ref().map(|from| from.mode.to_string()),
            to: change.to.mode.to_string(),
            primary: change.to.primary.to_string(),
        };
        parts.processes = processes.iter().map(process).collect();
        parts.mode_changes = changes.iter().skip(changes.len().saturating_sub(CHANGES)).map(switch).collect();
        parts
    }

    fn told<T: Default>(&mut self, part: Result<T, String>) -> T {
        part.unwrap_or_else(|problem| {
            if !self.problems.contains(&problem) {
                self.problems.push(problem);
            }
            T::default()
        })
    }
}

fn growth(backend: Backend, store: &OpenStore, config: &Config) -> Result<Growth, String> {
    let zone = &config.timezone.value;
    let first = first_day(SystemClock::default().now(), zone);
    let days = match store {
        OpenStore::Jsonl(store) => growth_of_daily_streams(store.as_ref(), first),
        OpenStore::Sqlite(store) => store.growth(zone.first_showing(first.and_time(chrono::NaiveTime::MIN))),
        #[cfg(feature = "postgres")]
        OpenStore::Postgres(store) => {
            store.growth(zone.first_showing(first.and_time(chrono::NaiveTime::MIN)))
        }
    };
    let days = days.map_err(|error| error_chain(&error))?;
    let days = days.into_iter().map(|DayGrowth { day, events, bytes }| GrowthDay {
        day: day.to_string(),
        events,
        bytes,
    });
    Ok(Growth { backend: backend.to_string(), days: days.collect() })
}

fn first_day(now: DateTime<Utc>, zone: &Zone) -> chrono::NaiveDate {
    let today = zone.day_of(now);
    today.checked_sub_days(Days::new(DAYS - 1)).unwrap_or(today)
}

fn dispatching(config: &Config) -> Result<Vec<DispatchDay>, String> {
    let log = JsonlDispatchFigures::new(&config.dispatch_figures.value);
    let recorded = log.read().map_err(|error| error_chain(&error))?.unwrap_or_default();
    let first = first_day(SystemClock::default().now(), &config.timezone.value);
    let days = figures_by_day(&recorded.lines);
    let recent = days.range(first..).map(|(day, figures)| DispatchDay {
        day: day.to_string(),
        dispatches: figures.dispatches,
        over_10ms: figures.over_10ms,
        mean_us: figures.latencies.mean(),
        p50_us: figures.latencies.quantile(0.5),
        p99_us: figures.latencies.quantile(0.99),
        max_us: figures.latencies.max(),
        primary_failures: figures.primary_failures,
        secondary_failures: figures.secondary_failures,
    });
    Ok(recent.collect())
}

fn last_comparison(config: &Config) -> Result<Option<LastComparison>, String> {
    let log = JsonlEvidenceLog::new(&config.evidence_path.value);
    let lines = log.lines().map_err(|error| error_chain(&error))?.unwrap_or_default();
    let records = Chain::of(&lines).records;
    let comparisons = records.iter().rev().map(|record| (record, record.record.evidence.as_comparison()));
    let last = comparisons.filter_map(|(record, comparison)| Some((record, comparison?))).next();
    Ok(last.map(|(record, comparison)| LastComparison {
        sequence: record.record.sequence,
        recorded_at: format_timestamp(comparison.recorded_at),
        verdict: comparison.verdict.to_string(),
        matched: comparison.matched,
        differences: comparison.differences,
    }))
}

fn mirror_states(config: &Config) -> Result<Vec<MirrorState>, String> {
    let state = |mirror: crate::application::doctor::handlers::MirrorFacts| MirrorState {
        mirror: mirror.name,
        state: mirror.state.as_str(),
        reason: mirror.reason,
        behind: mirror.behind,
    };
    Ok(mirrors(config)?.into_iter().map(state).collect())
}
