//! A parallel week, compared day by day.

use chrono::NaiveDate;
use mission_events::compare::{Class, Comparison, Verdict};

use super::parallel;
use crate::support::simulated_run::{Fault, NewStore, SimulatedRun};
use crate::support::test_dir::TestDir;

/// How many events a day has.
const EVENTS: usize = 8;

/// The differences: of which class, and about which task; sorted.
fn differences(found: &Comparison) -> Vec<(Class, String)> {
    let differences = found.differences.iter();
    let mut all: Vec<_> =
        differences.map(|found| (found.class, found.aggregate_id.clone().unwrap())).collect();
    all.sort_by(|one, other| one.1.cmp(&other.1));
    all
}

#[test]
fn comparisons_of_a_parallel_week_find_the_faults_of_one_day_on_that_day_and_no_others() {
    let dir = TestDir::new();
    let mut run = SimulatedRun::in_folder(dir.path(), NewStore::Jsonl);
    let (monday, faulty) = (NaiveDate::from_ymd_opt(2025, 10, 20).unwrap(), 1);
    let days: Vec<NaiveDate> = monday.iter_days().take(7).collect();
    let mut planted = Vec::new();
    for (number, day) in days.iter().enumerate() {
        // The new side is primary from Thursday on, and on Sunday nothing happens.
        let (routing, events) = (parallel(number >= 3), if number == 6 { 0 } else { EVENTS });
        let faults: &[Fault] = if number == faulty { &Fault::ALL } else { &[] };
        let tasks = run.day(*day, &routing, events, faults);
        if number == faulty {
            let classes =
                [Class::Missing, Class::Extra, Class::Changed, Class::Duplicated, Class::TimeShifted];
            planted = classes.into_iter().zip(tasks).collect();
        }

        let found = run.compare(Some(*day), *day);
        let (verdict, expected) = match (number == faulty, events) {
            (true, _) => (Verdict::Different, planted.clone()),
            (false, 0) => (Verdict::Inconclusive, Vec::new()),
            (false, _) => (Verdict::Consistent, Vec::new()),
        };
        assert_eq!((found.verdict, differences(&found)), (verdict, expected), "{day}: {:?}", found.reasons);
    }
    assert_eq!(planted.len(), Fault::ALL.len());

    let all = run.compare(None, days[6]);
    assert_eq!((all.verdict, differences(&all)), (Verdict::Different, planted));
    // One of the doubled ones has its partner.
    assert_eq!(all.matched, 6 * EVENTS as u64 + 1);
    // What stands in the legacy log beside what was dispatched is told the next morning, and nothing else.
    let told = run.undecided();
    assert_eq!(told.len(), 5, "{told:?}");
    assert!(told.iter().all(|record| record.detail.contains("has no line in the outbox")), "{told:?}");
}
