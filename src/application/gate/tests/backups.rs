//! What of a verified backup keeps a case that is GO from it.

use super::cases::Change;
use super::*;
use CriterionName as Name;
use CriterionVerdict::{Fails, NotEnoughEvidence};

/// As [`CASES`](super::cases::CASES).
pub(super) const CASES: &[(&str, Change, Name, CriterionVerdict)] = &[
    ("no backup was verified", |case| case.verifications.clear(), Name::Backup, NotEnoughEvidence),
    (
        "the backup was whole, and is not any more",
        |case| {
            let made_at = case.facts.now - TimeDelta::hours(1);
            case.verifications.push(verification(Verdict::Different, made_at));
        },
        Name::Backup,
        Fails,
    ),
    (
        "the backup is a minute too old",
        |case| {
            let made_at = case.facts.now - TimeDelta::hours(24) - TimeDelta::minutes(1);
            case.verifications = vec![verification(Verdict::Consistent, made_at)];
        },
        Name::Backup,
        NotEnoughEvidence,
    ),
    (
        "the backup is of a time that has not come yet",
        |case| {
            let made_at = case.facts.now + TimeDelta::days(365);
            case.verifications = vec![verification(Verdict::Consistent, made_at)];
        },
        Name::Backup,
        NotEnoughEvidence,
    ),
    ("the backup is not there any more", |case| case.facts.backups.clear(), Name::Backup, NotEnoughEvidence),
    (
        "the backup is of another store",
        |case| case.verifications[0].verified.store = "/data/other.db".to_owned(),
        Name::Backup,
        NotEnoughEvidence,
    ),
    (
        "the store itself was verified, and no backup of it",
        |case| case.verifications[0].verified.backup = None,
        Name::Backup,
        NotEnoughEvidence,
    ),
    (
        "the backup has no event",
        |case| case.verifications[0].verified.events = 0,
        Name::Backup,
        NotEnoughEvidence,
    ),
];

#[test]
fn no_backup_is_asked_for_where_the_setting_says_so() {
    let report = judged(|case| {
        case.verifications.clear();
        case.settings.backup_hours = 0;
    });
    assert_eq!((report.verdict, report.criteria.len()), (GateVerdict::Go, Name::CUTOVER.len() - 1));
}

#[test]
fn a_backup_may_be_as_old_as_the_setting_says() {
    let report = judged(|case| {
        case.settings.backup_hours = 48;
        let made_at = case.facts.now - TimeDelta::hours(47);
        case.verifications = vec![verification(Verdict::Consistent, made_at)];
    });
    assert_eq!(report.verdict, GateVerdict::Go);
}

#[test]
fn a_young_and_whole_backup_is_enough_whatever_another_one_is() {
    let report = judged(|case| {
        let mut other = verification(Verdict::Different, case.facts.now - TimeDelta::hours(1));
        other.verified.backup.as_mut().unwrap().path = "/backups/2024".to_owned();
        case.verifications.push(other);
    });
    assert_eq!(report.verdict, GateVerdict::Go);
}
