//! Each criterion alone turns GO into NO-GO, or into too little evidence.

use super::cases::CASES;
use super::*;
use CriterionName as Name;
use CriterionVerdict::{Fails, NotEnoughEvidence};

#[test]
fn with_nothing_wrong_it_is_go_and_every_criterion_says_what_was_found() {
    let report = judged(|_| {});
    assert_eq!((report.verdict, not_held(&report)), (GateVerdict::Go, Vec::new()), "{report:#?}");
    assert_eq!(report.criteria.iter().map(|criterion| criterion.name).collect::<Vec<_>>(), Name::CUTOVER);
    for criterion in &report.criteria {
        assert!(!criterion.value.is_empty() && !criterion.threshold.is_empty(), "{criterion:?}");
        assert_eq!((criterion.reasons.len(), criterion.remedies.len()), (0, 0), "{criterion:?}");
    }
}

#[test]
fn each_criterion_alone_is_enough_to_keep_it_from_go() {
    for (what, change, name, verdict) in CASES.iter().chain(backups::CASES) {
        let report = judged(change);
        assert_eq!(not_held(&report), [(*name, *verdict)], "{what}: {:#?}", report.criteria);
        let expected = if *verdict == Fails { GateVerdict::NoGo } else { GateVerdict::NotEnoughEvidence };
        assert_eq!(report.verdict, expected, "{what}");
        let criterion = criterion(&report, *name);
        assert!(!criterion.reasons.is_empty() && !criterion.remedies.is_empty(), "{what}: {criterion:?}");
    }
    let alone: BTreeSet<Name> = CASES.iter().chain(backups::CASES).map(|(_, _, name, _)| *name).collect();
    assert_eq!(alone, Name::CUTOVER.into(), "each has a case");
}

#[test]
fn what_fails_outweighs_what_is_not_known() {
    let report = judged(|case| {
        case.rehearsals.clear();
        case.facts.complaints = Ok(vec!["events.db: row 3 missing".to_owned()]);
    });
    assert_eq!(not_held(&report), [(Name::RollbackRehearsed, NotEnoughEvidence), (Name::Integrity, Fails)]);
    assert_eq!(report.verdict, GateVerdict::NoGo);
}
