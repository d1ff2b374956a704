//! Whether there is a backup that is young and whole.

use chrono::TimeDelta;

use super::known::{Known, counted};
use crate::application::evidence::record::Verdict;
use crate::application::evidence::{RecordedVerification, VerifiedBackup};
use crate::application::gate::criterion::Criterion;
use crate::application::gate::name::CriterionName;
use crate::domain::event::format_timestamp;

const BACK_UP: &str = "`mission-events backup --to FOLDER`, then `mission-events verify FOLDER`";

/// The backup that was verified last is whole, and young enough.
pub fn verified(known: &Known<'_>) -> Criterion {
    let hours = known.settings.backup_hours;
    let name = CriterionName::Backup;
    let threshold = format!("whole, {} old at most", counted(hours, "hour", "hours"));
    let is_of_these = |verified: &RecordedVerification| verified.store == known.settings.candidate;
    let last = known.facts.evidence.records.iter().rev().find_map(|record| {
        let verified = &record.record.evidence.as_verification()?.verified;
        let backup = verified.backup.as_ref().filter(|_| is_of_these(verified))?;
        Some((record.record.sequence, verified, backup))
    });
    let Some((sequence, verified, backup)) = last else {
        let reason = format!("no backup of {} was verified", known.settings.candidate);
        return Criterion::new(name, "never", threshold).lacks(reason, BACK_UP);
    };
    let VerifiedBackup { path, made_at, .. } = backup;
    let (true, Some(made_at)) = (verified.verdict == Verdict::Consistent, made_at) else {
        let why = verified.reasons.first().cloned().unwrap_or_else(|| "it does not say why".to_owned());
        let value = format!("not whole (record {sequence})");
        return Criterion::new(name, value, threshold).fails(format!("{path}: {why}"), BACK_UP);
    };
    let events = counted(verified.events, "event", "events");
    let value = format!("of {} with {events} (record {sequence})", format_timestamp(*made_at));
    let criterion = Criterion::new(name, value, threshold).figure("events", verified.events);
    let age = known.facts.now - *made_at;
    let most = i64::try_from(hours).ok().and_then(TimeDelta::try_hours).unwrap_or(TimeDelta::MAX);
    if age > most {
        let reason =
            format!("{path} was made {} ago", counted(age.num_hours().unsigned_abs(), "hour", "hours"));
        return criterion.lacks(reason, BACK_UP);
    }
    if verified.events == 0 {
        return criterion.lacks("the store had no event when it was backed up", BACK_UP);
    }
    criterion
}
