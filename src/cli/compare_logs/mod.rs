//! `compare-logs`: which two logs, and what is said of them.

mod args;
mod evidence;
mod inputs;
mod progress_feed;
mod render;

use std::path::{Path, PathBuf};
use std::time::Instant;

use chrono::{DateTime, TimeDelta, Utc};

pub use args::CompareLogsArgs;

use super::error::CliError;
use super::exit_code::ExitCode;
use super::global::Context;
use super::output::{self, Format};
use super::progress::Progress;
use super::store::configured_path;
use crate::application::compare::profile::Profile;
use crate::application::compare::report::{Comparison, HistoryReport, Verdict};
use crate::application::compare::settings::Settings;
use crate::application::compare::{Beginning, compare_from};
use crate::infrastructure::compare_inputs::TempScratch;
use crate::infrastructure::config::Source;
use crate::infrastructure::config::compare_profile::ProfileError;
use crate::infrastructure::sqlite::Rows;
use inputs::{NEVER, Side, beginning};

/// Runs the command.
pub fn run(args: CompareLogsArgs, context: &Context) -> Result<ExitCode, CliError> {
    let started = Instant::now();
    let settings = args.settings(context, Utc::now())?;
    let [control_mapping, candidate_mapping] = args.mappings(context)?;
    let config = &context.config;
    let configured =
        [config.legacy_events_json.value.as_path(), configured_path(config.storage_backend.value, config)];
    let paths = [&args.control, &args.candidate];
    let [control, candidate] = [0, 1].map(|side| paths[side].as_deref().unwrap_or(configured[side]));
    let is_configured = is_same(control, configured[0]) && is_same(candidate, configured[1]);
    let control = Side::find(control, control_mapping)?;
    let candidate = Side::find(candidate, candidate_mapping)?;
    let pair = Pair { control: &control, candidate: &candidate, settings, is_quiet: context.is_quiet };
    let mut comparison = pair.compare()?;
    comparison.elapsed_seconds = started.elapsed().as_secs_f64();
    pair.warn_of_naive_times(&comparison, context);
    let recorded = if is_configured { Some(evidence::record(&comparison, &pair, context)) } else { None };
    let line = match &recorded {
        Some(Ok(line)) => line.clone(),
        Some(Err(_)) => "NOT RECORDED: this run is no evidence for a cutover".to_owned(),
        None => "not recorded: only a comparison of the configured logs is evidence".to_owned(),
    };
    match context.format {
        Format::Human => render::report(&comparison, &pair.settings, &line)?,
        Format::Json => output::json_document(&comparison)?,
        Format::Jsonl => comparison.differences.iter().try_for_each(output::json_line)?,
    }
    if let Some(Err(error)) = recorded {
        return Err(error);
    }
    Ok(match comparison.verdict {
        Verdict::Consistent => ExitCode::Done,
        Verdict::Different => ExitCode::Negative,
        Verdict::Inconclusive => ExitCode::Inconclusive,
    })
}

/// Two sides and how they are compared.
struct Pair<'p> {
    control: &'p Side,
    candidate: &'p Side,
    settings: Settings,
    is_quiet: bool,
}

impl Pair<'_> {
    /// Says what was assumed of times without an offset. Those of a store were placed when it was written.
    fn warn_of_naive_times(&self, comparison: &Comparison, context: &Context) {
        let sides = [(self.control, &comparison.control), (self.candidate, &comparison.candidate)];
        let logs = sides.into_iter().filter(|(side, _)| side.state().is_none());
        let naive: u64 = logs.map(|(_, report)| report.naive).sum();
        if naive > 0 && matches!(context.config.timezone.source, Source::Default { .. }) {
            tracing::warn!(
                "{naive} events have a timestamp without offset; they were read as UTC, because no `timezone` is set"
            );
        }
    }

    /// The two proofs: the parallel run, on what the new system wrote; and the import, on what came from
    /// the legacy log.
    fn compare(&self) -> Result<Comparison, CliError> {
        let beginning =
            if self.settings.since.is_some() { None } else { beginning(self.control, self.candidate) };
        let has_begun = beginning != Some(NEVER);
        let settings = Settings { since: self.settings.since.or(beginning), ..self.settings.clone() };
        let begins = if beginning.is_some() { Beginning::FirstOfCandidate } else { Beginning::Declared };
        let mut comparison = self.compare_rows(&settings, Rows::Native, begins)?;
        comparison.control.left_out = self.control.left_out().to_vec();
        comparison.candidate.left_out = self.candidate.left_out().to_vec();
        comparison.history = self.history(&settings, comparison.beginning)?;
        if !has_begun {
            comparison.since = None;
            comparison.reasons.insert(
                0,
                "the store holds no event that the new system wrote, only such as were imported from the legacy log: the parallel run has not begun"
                    .to_owned(),
            );
        }
        if let Some(history) = &comparison.history
            && !history.holds
        {
            comparison.verdict = Verdict::Different;
            comparison.reasons.push(format!(
                "the history of the store is not that of the legacy log: {} missing, {} extra, {} different",
                history.missing, history.extra, history.different
            ));
        }
        let before = comparison.control.out_of_range;
        if beginning.is_some() && before > 0 && comparison.history.is_none() {
            comparison.reasons.push(format!(
                "{before} events of the control lie before the first event that the new system wrote, and no history was imported to compare them with; --since says where to begin"
            ));
            if comparison.verdict == Verdict::Consistent {
                comparison.verdict = Verdict::Inconclusive;
            }
        }
        Ok(comparison)
    }

    /// Compares the sides, of a store these rows.
    fn compare_rows(
        &self,
        settings: &Settings,
        rows: Rows,
        beginning: Beginning,
    ) -> Result<Comparison, CliError> {
        let sides = [self.control, self.candidate];
        let progress = Progress::over(sides.iter().flat_map(|side| side.files()), self.is_quiet);
        let [control, candidate] = sides.map(|side| side.input(rows, &progress));
        let scratch = Box::new(TempScratch::default());
        let found = compare_from(beginning, settings, control?, candidate?, scratch);
        progress.finish();
        Ok(found?)
    }

    /// Whether what was imported from the legacy log is what that log holds, as far as it was imported, and
    /// at least up to the beginning of the parallel run by the clock of that log.
    fn history(
        &self,
        settings: &Settings,
        beginning: Option<DateTime<Utc>>,
    ) -> Result<Option<HistoryReport>, CliError> {
        let histories =
            [self.control, self.candidate].map(|side| side.state().map_or(0, |state| state.history));
        if histories == [0, 0] {
            return Ok(None);
        }
        let states = [self.control, self.candidate].map(|side| side.state());
        let last_history = states.into_iter().flatten().filter_map(|state| state.last_history).max();
        // Copies have the times and the fields of the original.
        let exact = Settings {
            profile: Profile { one_sided: Vec::new(), ignore: Vec::new(), ..settings.profile.clone() },
            tolerance: TimeDelta::zero(),
            max_offset: TimeDelta::zero(),
            since: self.settings.since,
            until: match beginning {
                // What was imported of the parallel run is history as well. Of the moment in which it ends,
                // the legacy log may hold more by now.
                Some(beginning) => Some(
                    last_history.map_or(beginning, |last| last.max(beginning)) - TimeDelta::microseconds(1),
                ),
                None => settings.until,
            },
            as_of: DateTime::<Utc>::MAX_UTC,
            as_of_is_declared: true,
            settle: TimeDelta::zero(),
            limit: 0,
            ..settings.clone()
        };
        let found = self.compare_rows(&exact, Rows::History, Beginning::Declared)?;
        let counts = found.by_day.iter().map(|day| day.counts.differences()).sum::<u64>();
        Ok(Some(HistoryReport {
            holds: counts == 0,
            control: found.control.events,
            candidate: found.candidate.events,
            matched: found.matched,
            missing: found.missing,
            extra: found.extra,
            different: counts - found.missing - found.extra,
        }))
    }
}

fn is_same(one: &Path, other: &Path) -> bool {
    let absolute = |path: &Path| -> PathBuf { path.canonicalize().unwrap_or_else(|_| path.to_owned()) };
    absolute(one) == absolute(other)
}

impl From<ProfileError> for CliError {
    fn from(error: ProfileError) -> Self {
        Self::new(ExitCode::Usage, error)
    }
}
