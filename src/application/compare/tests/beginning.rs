//! Where a parallel run begins that was not declared.

use proptest::prelude::*;

use super::*;
use crate::property_cases::cases;

/// As a legacy log is compared with a store: from the first event of the candidate on.
fn from_first(control: &[Lived], candidate: &[Lived]) -> Comparison {
    let candidate_records = new(candidate);
    let first = candidate.iter().map(|event| event.at).min().unwrap();
    let settings = Settings { since: Some(time(first).parse().unwrap()), ..settings() };
    let context = Context { beginning: Beginning::FirstOfCandidate, ..context(&settings) };
    run(&context, [input(&legacy(control)), input(&candidate_records)]).unwrap().0
}

/// A life whose events follow each other after so many milliseconds.
fn life(gaps: &[i64]) -> Vec<Lived> {
    let mut at = 0;
    let events = day().into_iter().zip(gaps).map(|(event, gap)| {
        at += gap;
        Lived { at, ..event }
    });
    events.collect()
}

/// The life from `first` on by the new system's clock.
fn written(life: &[Lived], first: usize, offset: i64, jitter: &[i64]) -> Vec<Lived> {
    let events = life[first..].iter().enumerate();
    let at = |number: usize, event: &Lived| event.at + offset + jitter[number % jitter.len()];
    events.map(|(number, event)| Lived { at: at(number, event), ..event.clone() }).collect()
}

fn case() -> impl Strategy<Value = (Vec<Lived>, usize, i64, Vec<i64>)> {
    let gaps = proptest::collection::vec(prop_oneof![1..3_000_i64, 1..900_000_i64], 60);
    let jitter = proptest::collection::vec(-900..900_i64, 1..8);
    (gaps, 1..50_usize, -200_000..200_000_i64, jitter)
        .prop_map(|(gaps, first, offset, jitter)| (life(&gaps), first, offset, jitter))
}

#[test]
fn any_number_of_events_about_the_beginning_come_to_the_same_with_little_memory() {
    let mut control = day();
    let first = control[20].clone();
    control.extend((0..3_000).map(|number| Lived {
        task: format!("L{number}"),
        at: first.at + number % 3_001 - 1_500,
        ..first.clone()
    }));
    // Of one task, so that some have an identical one beside them.
    control.extend((0..40).map(|number| Lived {
        task: "L".to_owned(),
        at: first.at + number,
        ..first.clone()
    }));
    let since = Some(time(first.at).parse().unwrap());
    let [little, much] = [64 << 10, 64 << 20].map(|memory| {
        let settings = Settings { since, memory, ..settings() };
        let context = Context { beginning: Beginning::FirstOfCandidate, ..context(&settings) };
        run(&context, [input(&legacy(&control)), input(&new(&day()[20..]))]).unwrap().0
    });
    // Those before the first pair are of the time before.
    assert_eq!((much.missing + much.duplicated.control, much.control.out_of_range), (1_540, 1_520));
    assert_eq!((little.missing, little.duplicated), (much.missing, much.duplicated));
    assert_eq!((little.differences, little.by_day), (much.differences, much.by_day));
}

proptest! {
    #![proptest_config(cases(128))]

    #[test]
    fn a_parallel_run_begins_with_the_partner_of_its_first_event((life, first, offset, jitter) in case()) {
        let found = from_first(&life, &written(&life, first, offset, &jitter));
        prop_assert_eq!(found.verdict, Verdict::Consistent, "{:?} {:#?}", &found.reasons, &found.differences);
        prop_assert_eq!((found.matched, found.control.out_of_range), (60 - first as u64, first as u64));
        prop_assert_eq!(found.beginning.at, Some(time(life[first].at).parse().unwrap()));
    }

    #[test]
    fn what_the_new_system_lost_after_the_beginning_is_missing(
        (life, first, offset, jitter) in case(),
        lost in 2..10_usize,
    ) {
        let mut candidate = written(&life, first, offset, &jitter);
        candidate.remove(lost);
        let found = from_first(&life, &candidate);
        prop_assert_eq!((found.verdict, found.missing), (Verdict::Different, 1), "{:?}", &found.reasons);
        prop_assert_eq!(found.control.out_of_range, first as u64);
    }
}
