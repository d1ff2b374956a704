//! The page of a go / no-go decision.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use crate::application::compare::memory_side::{self, MemorySide, compare_in_memory, settings};
use crate::application::evidence::{ComparisonEvidence, of_comparison};
use crate::application::gate::{
    Criterion, CriterionName, CriterionVerdict, DayState, Gate, GateDay, GateReport, GateVerdict,
};
use crate::cli::report::Page;

const EVIL: &str = "<img src=x onerror=alert(2)>\u{202e}";

fn criterion(name: CriterionName, verdict: CriterionVerdict, reason: Option<&str>) -> Criterion {
    Criterion {
        name,
        sentence: name.sentence(),
        value: format!("found {EVIL}"),
        threshold: "needed".to_owned(),
        verdict,
        reasons: reason.map(str::to_owned).into_iter().collect(),
        remedies: reason.map(|reason| format!("against {reason}")).into_iter().collect(),
        notes: Vec::new(),
        figures: BTreeMap::new(),
    }
}

fn day(day: u32, state: DayState, differences: u64, records: &[u64]) -> GateDay {
    GateDay {
        day: NaiveDate::from_ymd_opt(2025, 10, day).unwrap(),
        state,
        is_counted: state == DayState::Clean,
        control: 24,
        candidate: 23,
        differences,
        records: records.to_vec(),
        reason: None,
    }
}

fn report(criteria: Vec<Criterion>, days: Vec<GateDay>) -> GateReport {
    GateReport {
        verdict: GateVerdict::over(&criteria),
        gate: Gate::Cutover,
        judged_at: "2025-10-30T00:00:00Z".parse().unwrap(),
        zone: "UTC".to_owned(),
        days_needed: 7,
        clean_days: 5,
        since: None,
        evidence: "data/evidence.jsonl".to_owned(),
        criteria,
        days,
    }
}

/// What is recorded of a comparison of two days, in which so many events of the first are lost.
fn evidence(lost: u32) -> ComparisonEvidence {
    let control = MemorySide::file("old.json", (0..48).map(memory_side::event));
    let candidate = MemorySide::file("new.jsonl", (lost..48).map(memory_side::event));
    compare_in_memory(&settings(), &control, &candidate, |run, comparison| {
        let at = "2025-10-30T00:00:00Z".parse().unwrap();
        of_comparison(comparison, run, at, &|path| path.display().to_string()).unwrap()
    })
}

fn page(report: &GateReport, recorded: &[ComparisonEvidence]) -> String {
    let mut text = Vec::new();
    Page::of_gate(report, &(1..).zip(recorded).collect()).write(&mut text).unwrap();
    String::from_utf8(text).unwrap()
}

#[test]
fn the_decision_comes_first_with_the_first_reason_of_each_criterion_that_does_not_hold() {
    use CriterionVerdict::{Fails, Holds, NotEnoughEvidence};
    let holds = || criterion(CriterionName::Evidence, Holds, None);
    let fails = || criterion(CriterionName::CleanDays, Fails, Some("2 days are missing"));
    let lacks = || criterion(CriterionName::Latency, NotEnoughEvidence, Some("nothing was dispatched"));
    for (criteria, word, sentence) in [
        (vec![holds()], "GO", "The cutover can go ahead: all 1 criteria hold."),
        (vec![holds(), fails()], "NO-GO", "The cutover cannot go ahead: of 2 criteria 1 fails."),
        (
            vec![lacks(), fails(), fails()],
            "NO-GO",
            "The cutover cannot go ahead: of 3 criteria 2 fail, and 1 lacks evidence.",
        ),
        (
            vec![holds(), lacks()],
            "NOT ENOUGH EVIDENCE",
            "Whether the cutover can go ahead is not known: of 2 criteria 1 lacks evidence.",
        ),
    ] {
        let page = page(&report(criteria.clone(), Vec::new()), &[]);
        let first = page.split_once("<main").unwrap().1.split_once("</dl>").unwrap().0;
        assert!(first.contains(&format!(">{word}</p>")) && first.contains(sentence), "{first}");
        let reasons: usize = ["2 days are missing", "nothing was dispatched"]
            .map(|reason| first.matches(&format!("<li>{reason}</li>")).count())
            .iter()
            .sum();
        let expected = [fails().name, lacks().name].map(|name| criteria.iter().any(|one| one.name == name));
        assert_eq!(reasons, expected.into_iter().filter(|is_there| *is_there).count(), "{first}");
    }
}

#[test]
fn each_criterion_is_told_with_what_was_found_and_what_helps_and_its_text_is_text() {
    let criteria = vec![criterion(CriterionName::CleanDays, CriterionVerdict::Fails, Some(EVIL))];
    let mut day = day(20, DayState::Different, 1, &[]);
    day.reason = Some(EVIL.to_owned());
    let page = page(&report(criteria, vec![day]), &[]);
    assert!(!page.contains("<img") && !page.contains('\u{202e}'));
    let escaped = "&#60;img src=x onerror=alert(2)&#62;\\u{202e}";
    for text in [format!("found {escaped}"), format!("What helps: against {escaped}"), "needed".to_owned()] {
        assert!(page.contains(&text), "{text}");
    }
    assert!(page.contains(CriterionName::CleanDays.sentence()));
}

#[test]
fn a_day_has_the_types_of_that_comparison_that_has_found_the_most_differences_on_it() {
    let days = vec![day(20, DayState::Different, 3, &[1, 2]), day(21, DayState::Clean, 0, &[1, 2])];
    let recorded = [evidence(3), evidence(0)];
    let page = page(&report(Vec::new(), days), &recorded);
    assert!(page.contains(r#"data-fact="map-total">3<"#) && page.contains(">TaskCreated</th>"), "{page}");
    assert!(page.contains("the last comparison is record number 2"));
    assert!(page.contains("<code>new.jsonl</code>"), "the sources of the last comparison");
    assert!(page.contains(r#"id="clocks""#) && page.contains(">0s to 100µs</th>"), "{page}");
}

#[test]
fn differences_of_records_that_do_not_name_types_are_counted_all_the_same() {
    let mut old = evidence(3);
    old.days[0].differing_types.clear();
    let page = page(&report(Vec::new(), vec![day(20, DayState::Different, 3, &[1])]), &[old]);
    assert!(page.contains(">types not recorded</th>") && page.contains(r#"data-fact="map-total">3<"#));
}

#[test]
fn days_in_a_row_without_events_are_one_row() {
    let quiet = (21..29).map(|number| day(number, DayState::Quiet, 0, &[]));
    let days = [day(20, DayState::Clean, 0, &[1])].into_iter().chain(quiet).collect();
    let page = page(&report(Vec::new(), days), &[]);
    assert!(page.contains(">2025-10-21 to 2025-10-28</th>") && !page.contains("2025-10-22"));
}
