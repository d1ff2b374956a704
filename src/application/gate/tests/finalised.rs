//! The gate before the legacy system is deleted.

use super::*;
use CriterionName as Name;
use CriterionVerdict::{Fails, NotEnoughEvidence};

/// Flipped on the 13th, judged on the 28th at noon.
fn finalised(change: impl FnOnce(&mut Case)) -> GateReport {
    let mut case = Case::new();
    case.settings.gate = Gate::Finalise;
    case.settings.days = 14;
    case.settings.routing = Routing::of(true, false, BTreeSet::new());
    case.facts.mode_changes =
        Ok(vec![switched(at(day(1), 0, 0), false, true), switched(at(day(13), 9, 0), true, false)]);
    case.comparisons.clear();
    change(&mut case);
    case.judged()
}

#[test]
fn it_is_go_after_days_on_the_new_system_and_needs_no_comparison() {
    let report = finalised(|_| {});
    assert_eq!((report.verdict, report.gate), (GateVerdict::Go, Gate::Finalise), "{:#?}", report.criteria);
    assert_eq!(report.since, Some(day(14)));
    assert_eq!(report.criteria.iter().map(|criterion| criterion.name).collect::<Vec<_>>(), Name::FINALISE);
}

#[test]
fn each_criterion_alone_keeps_it_from_go() {
    type Change = fn(&mut Case);
    let cases: [(&str, Change, Name, CriterionVerdict); 7] = [
        (
            "the flag is off now",
            |case| case.settings.routing = Routing::of(false, true, BTreeSet::new()),
            Name::FlagOn,
            Fails,
        ),
        (
            "the flag is on for thirteen days",
            |case| case.facts.mode_changes.as_mut().unwrap()[1].at = at(day(14), 0, 0),
            Name::FlagOn,
            NotEnoughEvidence,
        ),
        (
            "the flag is on now, and the last switch, of before the period, was back",
            |case| {
                case.facts.mode_changes.as_mut().unwrap().push(switched(at(day(13), 10, 0), false, true));
            },
            Name::FlagOn,
            NotEnoughEvidence,
        ),
        (
            "no day of the period that has ended has an event",
            |case| {
                case.facts.candidate.as_mut().unwrap().days = BTreeMap::from([(day(28), 1)]);
            },
            Name::Latency,
            NotEnoughEvidence,
        ),
        (
            "no switch is recorded",
            |case| case.facts.mode_changes = Ok(Vec::new()),
            Name::FlagOn,
            NotEnoughEvidence,
        ),
        (
            "it was rolled back for an hour",
            |case| {
                let back =
                    [switched(at(day(20), 9, 0), false, false), switched(at(day(20), 10, 0), true, false)];
                case.facts.mode_changes.as_mut().unwrap().extend(back);
            },
            Name::NoRollback,
            Fails,
        ),
        (
            "a store is damaged",
            |case| case.facts.complaints = Ok(vec!["events.db: row 3 missing".to_owned()]),
            Name::Integrity,
            Fails,
        ),
    ];
    for (what, change, name, verdict) in cases {
        let report = finalised(change);
        assert_eq!(not_held(&report), [(name, verdict)], "{what}");
    }
}

#[test]
fn switches_that_cannot_be_read_say_nothing_of_the_flag() {
    let report = finalised(|case| case.facts.mode_changes = Err("denied".to_owned()));
    let expected = [Name::FlagOn, Name::NoRollback].map(|name| (name, NotEnoughEvidence));
    assert_eq!(not_held(&report), expected);
}
