//! Planted faults: each is found, as what it is, and nothing else is.

use proptest::prelude::*;

use super::*;
use crate::property_cases::cases;

/// Something that can go wrong with one event in the candidate.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Fault {
    Missing,
    Extra,
    Changed,
    Retyped,
    Misfiled,
    TimeShifted,
    Duplicated,
}

fn fault() -> impl Strategy<Value = Fault> {
    use Fault::*;
    proptest::sample::select(vec![Missing, Extra, Changed, Retyped, Misfiled, TimeShifted, Duplicated])
}

/// Events of few contents and times: repeated contents, equal timestamps.
fn crowd() -> impl Strategy<Value = Vec<Lived>> {
    let event = (0..3_usize, 0..4_u8, 0..2_u8, 0..40_i64).prop_map(|(kind, task, title, at)| Lived {
        event_type: ["TaskCreated", "TaskUpdated", "TaskDeleted"][kind],
        task: format!("C{task}"),
        title: format!("crowd {title}"),
        at: at * 700,
    });
    proptest::collection::vec(event, 0..40)
}

/// The candidate of a life, and what must be found.
fn planted(life: &[Lived], faults: &[(usize, Fault)], skew: i64, jitter: &[i64]) -> (Vec<Lived>, [u64; 7]) {
    let mut counts = [0; 7];
    let mut candidate: Vec<Lived> = Vec::new();
    for (number, event) in life.iter().enumerate() {
        let mut event = event.clone();
        event.at += skew + jitter[number % jitter.len()];
        let fault = faults.iter().find(|(at, _)| *at == number).map(|(_, fault)| *fault);
        if let Some(fault) = fault {
            counts[fault as usize] += 1;
        }
        match fault {
            Some(Fault::Missing) => continue,
            Some(Fault::Extra) => {
                let extra =
                    Lived { task: format!("X{number}"), title: format!("extra {number}"), ..event.clone() };
                candidate.push(extra);
            }
            Some(Fault::Changed) => event.title.push_str(" changed"),
            Some(Fault::Retyped) => event.event_type = "TaskRetyped",
            Some(Fault::Misfiled) => event.task = format!("M{number}"),
            Some(Fault::TimeShifted) => event.at += 250_000,
            Some(Fault::Duplicated) => candidate.push(Lived { at: event.at + 40, ..event.clone() }),
            None => {}
        }
        candidate.push(event);
    }
    (candidate, counts)
}

fn found(comparison: &Comparison) -> [u64; 7] {
    [
        comparison.missing,
        comparison.extra,
        comparison.changed,
        comparison.retyped,
        comparison.misfiled,
        comparison.time_shifted,
        comparison.duplicated.candidate,
    ]
}

/// What must not depend on the order of the inputs.
fn without_order(mut comparison: Comparison) -> Comparison {
    comparison.reordered = 0;
    comparison.reordered_at_equal_times = 0;
    for difference in &mut comparison.differences {
        for event in [&mut difference.control, &mut difference.candidate].into_iter().flatten() {
            event.location = RecordLocation::File { line: 0, offset: 0 };
        }
    }
    comparison.differences.sort_by_key(|difference| format!("{difference:?}"));
    comparison
}

type Case = (Vec<Lived>, Vec<(usize, Fault)>, i64, Vec<i64>);

fn case() -> impl Strategy<Value = Case> {
    let faults = proptest::collection::hash_map(0..100_usize, fault(), 0..12);
    let jitter = proptest::collection::vec(-300..300_i64, 1..8);
    (crowd(), faults, -200_000..200_000_i64, jitter).prop_map(|(crowd, faults, skew, jitter)| {
        let mut life = day();
        life.extend(crowd);
        (life, faults.into_iter().collect(), skew, jitter)
    })
}

proptest! {
    #![proptest_config(cases(64))]

    #[test]
    fn exactly_the_planted_faults_are_found((life, faults, skew, jitter) in case()) {
        let (candidate, expected) = planted(&life, &faults, skew, &jitter);
        let comparison = compared(&legacy(&life), &new(&candidate));
        prop_assert_eq!(found(&comparison), expected, "{:#?}", comparison.differences);
        let verdict = if faults.is_empty() { Verdict::Consistent } else { Verdict::Different };
        prop_assert_eq!(comparison.verdict, verdict, "{:?}", comparison.reasons);
        prop_assert_eq!(comparison.differences.len() as u64, expected.iter().sum::<u64>());
    }

    #[test]
    fn a_permutation_of_either_input_changes_nothing_but_order_and_places(
        (life, faults, skew, jitter) in case(),
        seed in any::<u64>(),
    ) {
        let (candidate, _) = planted(&life, &faults, skew, &jitter);
        let (control, candidate) = (legacy(&life), new(&candidate));
        let mut random = fastrand::Rng::with_seed(seed);
        let (mut control_shuffled, mut candidate_shuffled) = (control.clone(), candidate.clone());
        random.shuffle(&mut control_shuffled);
        random.shuffle(&mut candidate_shuffled);
        let one = without_order(compared(&control, &candidate));
        let other = without_order(compared(&control_shuffled, &candidate_shuffled));
        prop_assert_eq!(one, other);
    }

    #[test]
    fn a_permutation_changes_nothing_where_the_beginning_is_told_by_the_candidate(
        (life, faults, skew, jitter) in case(),
        first in 0..60_usize,
        recorded in proptest::option::of(0..100_i64),
        seed in any::<u64>(),
    ) {
        let (candidate, _) = planted(&life[first..], &faults, skew, &jitter);
        let (control, candidate) = (legacy(&life), new(&candidate));
        let since = recorded.map(|slot| time(slot * 600_000 + skew).parse().unwrap());
        let beginning =
            if since.is_some() { Beginning::ByCandidate } else { Beginning::FirstOfCandidate };
        let settings = Settings { since, ..settings() };
        let compared = |control: &[String], candidate: &[String]| {
            let context = Context { beginning, ..context(&settings) };
            without_order(run(&context, [input(control), input(candidate)]).unwrap().0)
        };
        let mut random = fastrand::Rng::with_seed(seed);
        let (mut control_shuffled, mut candidate_shuffled) = (control.clone(), candidate.clone());
        random.shuffle(&mut control_shuffled);
        random.shuffle(&mut candidate_shuffled);
        prop_assert_eq!(
            compared(&control, &candidate),
            compared(&control_shuffled, &candidate_shuffled)
        );
    }

    #[test]
    fn a_grouping_hash_of_one_bit_gives_the_same_result((life, faults, skew, jitter) in case()) {
        let (candidate, _) = planted(&life, &faults, skew, &jitter);
        let (control, candidate) = (legacy(&life), new(&candidate));
        let whole = grouped_by(64, &settings(), &control, &candidate);
        let one_bit = grouped_by(1, &settings(), &control, &candidate);
        prop_assert_eq!(without_order(whole), without_order(one_bit));
    }

    #[test]
    fn little_memory_gives_the_same_result((life, faults, skew, jitter) in case()) {
        let (candidate, _) = planted(&life, &faults, skew, &jitter);
        let (control, candidate) = (legacy(&life), new(&candidate));
        let little = Settings { memory: 2048, ..settings() };
        let one = compared(&control, &candidate);
        let other = compared_with(&little, &control, &candidate);
        prop_assert_eq!(without_order(one), without_order(other));
    }

    #[test]
    fn classes_add_up_on_arbitrary_garbage(
        one in proptest::collection::vec(garbage(), 0..30),
        other in proptest::collection::vec(garbage(), 0..30),
    ) {
        // Where they did not, the comparison would end with an error.
        let comparison = compared(&one, &other);
        if comparison.verdict == Verdict::Consistent {
            prop_assert_eq!(comparison.control.events, comparison.candidate.events);
        }
    }
}

/// Records of which parts are missing, doubled, or of another kind.
fn garbage() -> impl Strategy<Value = String> {
    let member = proptest::sample::select(vec![
        r#""type": "A""#,
        r#""type": "B""#,
        r#""event_type": "A""#,
        r#""event_id": "1""#,
        r#""event_id": "2""#,
        r#""event_id": 3"#,
        r#""timestamp": "2025-10-20T10:00:00""#,
        r#""timestamp": "2025-10-20T10:00:01Z""#,
        r#""timestamp": "2025-10-20T10:30:00Z""#,
        r#""timestamp": "soon""#,
        r#""task_id": "T1""#,
        r#""aggregate_id": "T1""#,
        r#""aggregate_id": null"#,
        r#""v": NaN"#,
        r#""v": "\ud800""#,
        r#""v": 1.0"#,
        r#""v": [1, {"v": []}]"#,
        r#""priority": 1"#,
        r#""metadata": {}"#,
    ]);
    proptest::collection::vec(member, 0..6).prop_map(|members| format!("{{{}}}", members.join(", ")))
}
