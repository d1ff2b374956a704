//! Many events of few types, aggregates, contents and times come to the same with hardly any memory as with
//! plenty: what belongs to one key is sorted on disk.

use proptest::prelude::*;

use super::streaming_join::{Conditions, Planned, conditions, report};
use super::*;
use crate::property_cases::cases;

/// Events of one or two keys: kind, task, title, slot of time, id, seconds that the candidate is late.
fn crowded() -> impl Strategy<Value = Vec<(Planned, bool, bool)>> {
    let late = prop_oneof![6 => Just(0_i64), 2 => 1_i64..4, 1 => Just(50), 1 => Just(900)];
    let id = proptest::option::weighted(0.3, 0..6_u8);
    let event = (0..2_usize, 0..2_u8, 0..2_u8, 0..8_i64, id, late);
    proptest::collection::vec((event, prop::bool::weighted(0.8), prop::bool::weighted(0.8)), 0..60)
}

/// Some legacy records state a field that the others lack, some say nothing, and some updates have one field
/// of two in common.
fn record(conditions: &Conditions, planned: Planned, number: usize, is_candidate: bool) -> String {
    let record = conditions.record(planned, is_candidate);
    let own = match number % 7 {
        0 => r#""status": "NOT_STARTED", "#.to_owned(),
        1 => r#""status": "DONE", "priority": "P1", "#.to_owned(),
        2 | 3 => format!(r#""note": "{} {}", "#, number % 2, is_candidate),
        _ => String::new(),
    };
    let record = record.replacen('{', &format!("{{{own}"), 1);
    // A name must not stand twice.
    let record = if own.contains("status") {
        record.replace(r#", "priority": "P1", "status": "NOT_STARTED""#, "")
    } else {
        record
    };
    if number.is_multiple_of(5) { record.replace(r#""title": "t0", "list": "inbox", "#, "") } else { record }
}

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn the_report_is_the_same_with_hardly_any_memory_and_with_plenty(
        (events, order) in crowded().prop_flat_map(|events| {
            let order = Just((0..events.len()).collect::<Vec<_>>()).prop_shuffle();
            (Just(events), order)
        }),
        conditions in conditions(),
        little in prop_oneof![Just(0_usize), Just(20_000), Just(200_000)],
        hash_bits in prop_oneof![Just(64_u32), Just(1)],
        shortcuts in any::<bool>(),
    ) {
        let numbered = || events.iter().enumerate();
        let control = numbered().filter(|(_, (_, is_there, _))| *is_there);
        let control = control.map(|(number, (event, ..))| record(&conditions, *event, number, false));
        let candidate = order.iter().map(|number| (*number, &events[*number]));
        let candidate = candidate.filter(|(_, (_, _, is_there))| *is_there);
        let candidate = candidate.map(|(number, (event, ..))| record(&conditions, *event, number, true));
        let sides = [control.collect(), candidate.collect()];
        let with = |memory| Settings { memory, ..conditions.settings() };
        prop_assert_eq!(
            report(shortcuts, hash_bits, &with(little), &sides),
            report(false, 64, &with(64 << 20), &sides)
        );
        let pairs = |memory| {
            let mut found = Vec::new();
            let [control, candidate] = &sides;
            let scratch = Box::new(MemoryScratch::default());
            pairs(&with(memory), input(control), input(candidate), scratch, &mut |pair| {
                found.push(format!("{pair:?}"));
                Ok(())
            })
            .unwrap();
            found.sort();
            found
        };
        prop_assert_eq!(pairs(little), pairs(64 << 20));
    }
}
