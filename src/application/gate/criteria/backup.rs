//! Whether there is a backup that is young and whole.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};

use super::known::{Known, counted};
use crate::application::evidence::record::Verdict;
use crate::application::evidence::{RecordedVerification, VerifiedBackup};
use crate::application::gate::criterion::Criterion;
use crate::application::gate::name::CriterionName;
use crate::domain::event::format_timestamp;

const BACK_UP: &str = "`mission-events backup --to FOLDER`, then `mission-events verify FOLDER`";

/// So far ahead a clock may have been when a backup was made.
const CLOCKS_APART: TimeDelta = TimeDelta::minutes(5);

/// What was found when a backup was verified last.
struct Verified<'r> {
    /// The number of the record.
    sequence: u64,
    verified: &'r RecordedVerification,
    backup: &'r VerifiedBackup,
}

impl Verified<'_> {
    /// When it was made, where it is whole.
    fn whole(&self) -> Option<DateTime<Utc>> {
        self.backup.made_at.filter(|_| self.verified.verdict == Verdict::Consistent)
    }
}

/// A backup is there, whole, as it was when it was verified last, and young enough. Of several the one is told that was verified last.
pub fn verified(known: &Known<'_>) -> Criterion {
    let hours = known.settings.backup_hours;
    let name = CriterionName::Backup;
    let threshold = format!("whole, {} old at most", counted(hours, "hour", "hours"));
    let is_of_these = |verified: &RecordedVerification| verified.store == known.settings.candidate;
    let mut looked_at = BTreeSet::new();
    let found: Vec<Verified<'_>> = (known.facts.evidence.records.iter().rev())
        .filter_map(|record| {
            let verified = &record.record.evidence.as_verification()?.verified;
            let backup = verified.backup.as_ref().filter(|_| is_of_these(verified))?;
            let is_last = looked_at.insert(backup.path.as_str());
            is_last.then_some(Verified { sequence: record.record.sequence, verified, backup })
        })
        .collect();
    let is_there = |found: &&Verified<'_>| {
        let VerifiedBackup { path, manifest_sha256, .. } = found.backup;
        known.facts.backups.contains(&(path.clone(), manifest_sha256.clone()))
    };
    let most = i64::try_from(hours).ok().and_then(TimeDelta::try_hours).unwrap_or(TimeDelta::MAX);
    let age = |made_at: DateTime<Utc>| known.facts.now - made_at;
    let is_young = |made_at: DateTime<Utc>| -CLOCKS_APART <= age(made_at) && age(made_at) <= most;
    let young = found.iter().filter(is_there).find(|found| found.whole().is_some_and(is_young));
    let told = young.or_else(|| found.iter().find(is_there)).or(found.first());
    let Some(told @ Verified { sequence, verified, backup }) = told else {
        let reason = format!("no backup of {} was verified", known.settings.candidate);
        return Criterion::new(name, "never", threshold).lacks(reason, BACK_UP);
    };
    let VerifiedBackup { path, made_at, .. } = backup;
    if !is_there(&told) {
        let reason =
            format!("{path} is not there any more, not as long as it was, or another one than was verified");
        return Criterion::new(name, "gone", threshold).lacks(reason, BACK_UP);
    }
    let (true, Some(made_at)) = (verified.verdict == Verdict::Consistent, made_at) else {
        let why = verified.reasons.first().cloned().unwrap_or_else(|| "it does not say why".to_owned());
        let value = format!("not whole (record {sequence})");
        return Criterion::new(name, value, threshold).fails(format!("{path}: {why}"), BACK_UP);
    };
    let later_than_told = |found: &&Verified<'_>| found.sequence > *sequence && found.whole().is_none();
    let not_whole = found.iter().filter(is_there).find(later_than_told);
    let events = counted(verified.events, "event", "events");
    let value = format!("of {} with {events} (record {sequence})", format_timestamp(*made_at));
    let criterion = Criterion::new(name, value, threshold).figure("events", verified.events);
    let criterion = match not_whole {
        None => criterion,
        Some(Verified { sequence, backup: VerifiedBackup { path, .. }, .. }) => {
            criterion.note(format!("{path} was verified after it, and is not whole (record {sequence})"))
        }
    };
    if age(*made_at) > most {
        let hours = age(*made_at).num_hours().unsigned_abs();
        let reason = format!("{path} was made {} ago", counted(hours, "hour", "hours"));
        return criterion.lacks(reason, BACK_UP);
    }
    if age(*made_at) < -CLOCKS_APART {
        let reason = format!("{path} is of a time that has not come yet: a clock was wrong, or is");
        return criterion.lacks(reason, BACK_UP);
    }
    if verified.events == 0 {
        return criterion.lacks("the store had no event when it was backed up", BACK_UP);
    }
    criterion
}
