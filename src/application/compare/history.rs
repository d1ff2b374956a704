//! The proof of the import: what was imported from a legacy log is what that log holds.
//!
//! Every event of the log takes part. It is in the store, as a row of the history or as a twin; or it is later
//! than what was imported and not imported yet, which is counted and no difference; or it is missing.

use chrono::{DateTime, TimeDelta, Utc};

use super::feed::{CompareError, Scratch};
use super::import_coverage::ImportCoverage;
use super::input::Input;
use super::report::{Comparison, HistoryReport};
use super::settings::Settings;
use super::{compare, compare_import};

/// How long after the last imported event one of the log may have occurred and still be read: longer than two
/// readings of one local time are apart.
const READ_BEYOND: TimeDelta = TimeDelta::days(1);

/// What was imported from `log`, the last event of it at `last_imported`, against that log. The parallel run
/// begins at `begins` by the clock of the log; `None` where it begins with the first event.
pub(crate) fn against_log(
    settings: &Settings,
    log: Input,
    imported: Input,
    scratch: Box<dyn Scratch>,
    last_imported: Option<DateTime<Utc>>,
    begins: Option<DateTime<Utc>>,
) -> Result<HistoryReport, CompareError> {
    let [last_imported, begins] = [last_imported, begins].map(|at| at.unwrap_or(DateTime::<Utc>::MIN_UTC));
    // What occurred after both is later than what was imported, and needs no closer look.
    let until = last_imported.checked_add_signed(READ_BEYOND).map(|until| until.max(begins));
    let coverage =
        ImportCoverage::new(log.feeds.len(), last_imported.timestamp_micros(), begins.timestamp_micros());
    let found = compare_import(&coverage, &exact(settings, until), log, imported, scratch)?;
    Ok(report(&found, coverage.before_beginning()))
}

/// What two stores have imported.
pub(crate) fn of_two_stores(
    settings: &Settings,
    control: Input,
    candidate: Input,
    scratch: Box<dyn Scratch>,
) -> Result<HistoryReport, CompareError> {
    Ok(report(&compare(&exact(settings, None), control, candidate, scratch)?, 0))
}

/// Copies have the times and the fields of the original.
fn exact(settings: &Settings, until: Option<DateTime<Utc>>) -> Settings {
    Settings {
        profile: settings.profile.without_rules(),
        tolerance: TimeDelta::zero(),
        max_offset: TimeDelta::zero(),
        since: None,
        until,
        as_of: DateTime::<Utc>::MAX_UTC,
        as_of_is_declared: true,
        settle: TimeDelta::zero(),
        limit: 0,
        is_reported: false,
        ..settings.clone()
    }
}

/// The report on a comparison in which only later events are out of range.
fn report(found: &Comparison, not_imported_before: u64) -> HistoryReport {
    let differences = found.total().differences();
    HistoryReport {
        holds: differences == 0,
        control: found.control.events + found.control.out_of_range,
        candidate: found.candidate.events,
        matched: found.matched,
        missing: found.missing,
        extra: found.extra,
        different: differences - found.missing - found.extra,
        not_imported: found.control.out_of_range,
        not_imported_before,
    }
}
