//! A changed rule begins the count of days anew.

use super::*;

/// The nights of the 21st to the 29th, of which those from a record on have other rules.
fn changed_from(record: usize, change: fn(&mut ComparisonEvidence), until: u32) -> GateReport {
    let mut case = Case::of_days(21..=until);
    case.comparisons[record..].iter_mut().for_each(change);
    case.settings.days = 3;
    case.judged()
}

/// What is changed, and by which word it is told.
type Change = (fn(&mut ComparisonEvidence), &'static str);

const CHANGES: [Change; 6] = [
    (|found| found.profile.sha256 = "ef".repeat(32), "profile"),
    (|found| found.rules_sha256 = "ef".repeat(32), "rules"),
    (|found| found.settings.tolerance_us += 1, "tolerances"),
    (|found| found.settings.settle_us -= 1, "tolerances"),
    (|found| found.canonical_form += 1, "canonical form"),
    (|found| found.control.mapping.push('x'), "mapping"),
];

#[test]
fn days_up_to_the_last_comparison_by_other_rules_do_not_count_any_more() {
    for (change, what) in CHANGES {
        // The night after the 23rd was the last by the old rules: it was recorded on the 24th.
        let report = changed_from(3, change, 26);
        assert_eq!((report.clean_days, report.verdict), (2, GateVerdict::NotEnoughEvidence), "{what}");
        let rules = criterion(&report, CriterionName::RulesUnchanged);
        assert!(rules.value.ends_with(what), "{rules:?}");
        let before = report.days.iter().filter(|day| day.state == DayState::BeforeRules).count();
        assert_eq!(before, 4, "{what}");

        let report = changed_from(3, change, 27);
        assert_eq!(
            (report.clean_days, report.verdict),
            (3, GateVerdict::Go),
            "{what}: {:?}",
            not_held(&report)
        );
    }
}

#[test]
fn a_single_comparison_by_other_rules_begins_the_count_anew_as_well() {
    let mut case = Case::new();
    case.comparisons[3].settings.tolerance_us *= 10;
    case.settings.days = 3;
    let report = case.judged();
    assert_eq!((report.clean_days, report.verdict), (2, GateVerdict::NotEnoughEvidence));
}

#[test]
fn a_clock_that_was_set_back_does_not_bring_days_back_from_before_the_change() {
    let mut case = Case::new();
    for (record, recorded) in [(3, at(day(25), 0, 5)), (4, at(day(21), 0, 5))] {
        case.comparisons[record].rules_sha256 = "ef".repeat(32);
        case.comparisons[record].recorded_at = recorded;
    }
    case.settings.days = 3;
    let report = case.judged();
    assert_eq!((report.clean_days, report.verdict), (2, GateVerdict::NotEnoughEvidence));
    let rules = criterion(&report, CriterionName::RulesUnchanged);
    assert!(rules.value.starts_with("changed after 2025-10-25 (record 4)"), "{rules:?}");
}

#[test]
fn a_rule_that_hides_a_difference_does_not_make_its_day_clean() {
    let mut case = Case::new();
    case.comparisons[5].verdict = Verdict::Different;
    case.comparisons[5].days[5].differences = 1;
    case.comparisons[6].rules_sha256 = "ef".repeat(32);
    case.settings.days = 1;
    let report = case.judged();
    assert_eq!(report.days[5].state, DayState::Different);
}
