//! Which days count.

use super::*;

fn states(report: &GateReport) -> Vec<(u32, DayState)> {
    use chrono::Datelike;
    report.days.iter().map(|day| (day.day.day(), day.state)).collect()
}

fn state_of(report: &GateReport, date: NaiveDate) -> DayState {
    report.days.iter().find(|found| found.day == date).unwrap().state
}

/// Takes the events of a day away, from everything.
fn without_events(case: &mut Case, date: NaiveDate) {
    for comparison in &mut case.comparisons {
        comparison.days.retain(|entry| entry.day != date);
    }
    for log in [&mut case.facts.control, &mut case.facts.candidate] {
        log.as_mut().unwrap().days.remove(&date);
    }
}

#[test]
fn days_are_counted_backwards_from_the_last_one_that_has_ended() {
    let report = judged(|_| {});
    assert_eq!((report.clean_days, report.since), (7, Some(day(21))));
    let expected: Vec<_> =
        (21..=27).map(|day| (day, DayState::Clean)).chain([(28, DayState::Open)]).collect();
    assert_eq!(states(&report), expected);
    assert_eq!(report.days[0].records, [1, 2, 3, 4, 5, 6, 7]);
}

#[test]
fn a_quiet_day_neither_counts_nor_breaks() {
    let report = judged(|case| {
        without_events(case, day(24));
        case.settings.days = 6;
    });
    assert_eq!((report.verdict, report.clean_days), (GateVerdict::Go, 6), "{:?}", not_held(&report));
    assert_eq!(state_of(&report, day(24)), DayState::Quiet);
    assert_eq!(judged(|case| without_events(case, day(24))).verdict, GateVerdict::NotEnoughEvidence);
}

#[test]
fn a_later_green_run_does_not_erase_a_red_one_and_enough_days_after_it_do() {
    let red = |needed| {
        judged(move |case| {
            case.comparisons[1].verdict = Verdict::Different;
            case.comparisons[1].days[1].differences = 3;
            case.comparisons[1].days[1].classes.insert("missing".to_owned(), 3);
            case.settings.days = needed;
        })
    };
    let report = red(6);
    assert_eq!((report.verdict, report.clean_days), (GateVerdict::NoGo, 5));
    let reason = &criterion(&report, CriterionName::CleanDays).reasons[0];
    assert_eq!(reason, "2025-10-22: 3 differences: 3 missing (record 2); a later comparison changes nothing");
    assert_eq!(red(5).verdict, GateVerdict::Go);
}

#[test]
fn a_day_is_clean_though_the_comparison_found_differences_on_another_one() {
    let report = judged(|case| {
        for comparison in &mut case.comparisons[1..] {
            comparison.verdict = Verdict::Different;
            comparison.days[0].differences = 1;
        }
        case.settings.days = 6;
    });
    assert_eq!((report.verdict, report.clean_days), (GateVerdict::Go, 6), "{:?}", not_held(&report));
}

#[test]
fn a_day_is_judged_after_it_has_ended_and_settled_by_the_clock_whatever_is_declared_as_now() {
    let last = |recorded: DateTime<Utc>| {
        judged(move |case| {
            case.last().recorded_at = recorded;
            case.last().window.as_of = at(day(30), 0, 0);
        })
    };
    let midnight = at(day(28), 0, 0);
    assert_eq!(last(midnight + TimeDelta::seconds(59)).clean_days, 0);
    assert_eq!(last(midnight + TimeDelta::seconds(60)).clean_days, 7);
    let as_of_the_day = judged(|case| case.last().window.as_of = at(day(27), 23, 59));
    assert_eq!(state_of(&as_of_the_day, day(27)), DayState::NotCompared);
}

#[test]
fn a_day_with_events_that_was_not_compared_breaks_the_count_until_it_is() {
    let report = judged(|case| drop(case.comparisons.pop()));
    assert_eq!(state_of(&report, day(27)), DayState::NotCompared);
    assert_eq!((report.clean_days, report.verdict), (0, GateVerdict::NotEnoughEvidence));
    let criterion = criterion(&report, CriterionName::CleanDays);
    assert!(criterion.remedies[0].contains("compare-logs"), "{criterion:?}");
}

#[test]
fn a_day_is_not_clean_where_it_was_compared_in_part_inconclusively_or_with_files_unread() {
    let spoilt: [fn(&mut ComparisonEvidence); 6] = [
        |found| found.days.last_mut().unwrap().whole = false,
        |found| found.doubts = Some(vec!["/data/old.json of the control was not read".to_owned()]),
        |found| (found.verdict, found.doubts) = (Verdict::Inconclusive, None),
        |found| found.self_test.passed = false,
        |found| found.days.last_mut().unwrap().control.pending = 1,
        |found| found.days.last_mut().unwrap().candidate.quarantined = 1,
    ];
    for spoil in spoilt {
        let report = judged(|case| spoil(case.last()));
        assert_eq!(state_of(&report, day(27)), DayState::NotCompared);
        assert_eq!(criterion(&report, CriterionName::CleanDays).verdict, CriterionVerdict::NotEnoughEvidence);
        // A later run that is sound makes it clean: inconclusive is neither.
        let report = judged(|case| {
            let sound = case.last().clone();
            spoil(case.last());
            case.comparisons.push(sound);
        });
        assert_eq!(report.verdict, GateVerdict::Go, "{:?}", not_held(&report));
    }
}

#[test]
fn an_event_that_came_after_the_comparison_makes_its_day_not_compared() {
    let late = |side: fn(&mut Case) -> &mut Fact<LogFacts>| {
        judged(move |case| {
            side(case).as_mut().unwrap().days.insert(day(25), EVENTS + 1);
        })
    };
    assert_eq!(state_of(&late(|case| &mut case.facts.control), day(25)), DayState::NotCompared);
}

#[test]
fn a_day_whose_clocks_were_too_far_apart_is_different() {
    let report = judged(|case| {
        case.comparisons[4].verdict = Verdict::Different;
        case.comparisons[4].clock.days_over_max_offset.insert(day(25));
    });
    assert_eq!(state_of(&report, day(25)), DayState::Different);
}

#[test]
fn a_day_all_of_whose_differences_a_named_rule_ignores_is_clean() {
    let report = judged(|case| {
        for comparison in &mut case.comparisons {
            let entry = &mut comparison.days[0];
            (entry.matched, entry.ignored) = (0, BTreeMap::from([("owner".to_owned(), EVENTS)]));
        }
    });
    assert_eq!((report.verdict, report.clean_days), (GateVerdict::Go, 7), "{:?}", not_held(&report));
}

#[test]
fn a_rehearsal_is_never_a_clean_day() {
    let report = judged(|case| {
        case.comparisons.clear();
        case.rehearsals.push(rehearsal(Rehearsal::State, Verdict::Consistent, at(day(28), 1, 0)));
    });
    assert_eq!((report.clean_days, report.days), (0, Vec::new()));
}

#[test]
fn comparisons_of_other_logs_say_nothing_of_these() {
    let report = judged(|case| {
        let mut other = comparison(&[day(21), day(22)]);
        other.candidate.path = "/elsewhere".to_owned();
        other.verdict = Verdict::Different;
        other.days[0].differences = 5;
        other.zone = "Europe/Berlin".to_owned();
        case.comparisons.push(other);
    });
    assert_eq!(report.verdict, GateVerdict::Go, "{:?}", not_held(&report));
}
